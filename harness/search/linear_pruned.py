"""Every mapping of the pruned space, in order (Timeloop ``search/linear-pruned.cpp``)."""

from __future__ import annotations

from harness.search.odometer import Odometer
from harness.search.proposer import Share
from harness.spec.settings import SearchSettings


class LinearPruned(Odometer):
    """Ends when the thread's share of the space has been seen."""

    def __init__(self, share: Share, settings: SearchSettings) -> None:
        super().__init__(share)

    def _next_factorization(self) -> int | None:
        following = self._factorization + 1
        return following if following < self._share.factorizations else None
