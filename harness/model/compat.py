"""The known artefacts of the reference, by name, and which of them a compatibility mode reproduces.

``compat="timeloop-v4"`` reproduces all of them; ``compat=None`` corrects all of them. docs/model.md has a
paragraph for each.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from harness.errors import SpecError

Compat = Literal["timeloop-v4"] | None


@dataclass(frozen=True, slots=True)
class Artefacts:
    """True: reproduce the artefact; False: give the corrected value."""

    dummy_levels_leak: bool
    """Levels of class dummy_storage leak when the ERT has a leak entry for them."""
    compute_does_not_leak: bool
    """The leak action of the arithmetic units is left out."""
    last_multicast_only: bool
    """SimpleMulticast charges only the largest multicast of a tensor instead of all."""
    fill_latency_twice: bool
    """The drain latency of a named network is its fill latency."""
    single_precision_areas: bool
    """Areas of the ART and the wire energy of the ERT are rounded to single precision."""
    whole_counts: bool
    """Running numbers of routers touched and of spatial reductions are unsigned whole numbers."""
    one_reduction_tree: bool
    """The energy of a ReductionTree counts one instance only."""
    negative_fills_wrap: bool
    """A negative number of fills (averages over imperfect spatial loops) is counted modulo 2^64."""
    whole_instances: bool
    """The average number of instances in use (under imperfect spatial loops) is cut to a whole number;
    computes are those of the first unit for each. Storage totals follow the number too."""
    sparse_slips: bool
    """Slips in the arithmetic of sparse optimisations (docs/sparse.md has them one by one)."""


def artefacts(compat: Compat) -> Artefacts:
    """Raises SpecError for a mode that does not exist."""
    if compat not in ("timeloop-v4", None):
        raise SpecError(f"unknown compatibility mode '{compat}'", hint="valid: timeloop-v4, none")
    on = compat is not None
    return Artefacts(*[on] * len(fields(Artefacts)))
