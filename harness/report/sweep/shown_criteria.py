"""The criteria of :mod:`harness.sweep.comparison` as people read them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.report import quantities

if TYPE_CHECKING:
    from harness.sweep.metrics import Metrics

_SHOWN: dict[str, Callable[[Metrics], str]] = {
    "edp_sum": lambda m: quantities.edp(m.edp_sum),
    "edp": lambda m: quantities.edp(m.edp),
    "energy": lambda m: quantities.energy(m.energy_pj),
    "cycles": lambda m: quantities.whole(m.cycles),
    "utilization": lambda m: quantities.fraction(m.utilization),
    "area": lambda m: quantities.area(m.area_um2),
    "edap": lambda m: "-" if m.edap is None else f"{m.edap:.4g} J*cycles*mm^2",
}


def shown(criterion: str, metrics: Metrics) -> str:
    """The value of one criterion with its unit, in few digits."""
    return _SHOWN[criterion](metrics)
