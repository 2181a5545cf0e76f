"""Every mapping id of the space without pruning, in order (Timeloop ``search/exhaustive.cpp``).

Mappings that differ only in the place of unit loops are visited again and again; ``linear_pruned`` sees the
same mappings once.
"""

from __future__ import annotations

from harness.search.linear_pruned import LinearPruned


class Exhaustive(LinearPruned):
    """Like :class:`LinearPruned`, over the space that counts unit loops too."""

    pruned = False
