"""The figures that the page offers as axes, columns and criteria, and how people read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from harness.sweep.metrics import Metrics


@dataclass(frozen=True)
class Merit:
    """``id`` names the attribute of Metrics and the column of the configurations frame.

    What is shown is the value times ``scale``, in ``unit``.
    """

    id: str
    name: str
    unit: str
    scale: float
    better: Literal["less", "more"]
    of: Callable[[Metrics], float | None]


MERITS = (
    Merit("edp_sum", "EDP-sum", "J·cycles", 1.0, "less", lambda m: m.edp_sum),
    Merit("edp", "EDP of totals", "J·cycles", 1.0, "less", lambda m: m.edp),
    Merit("energy_pj", "energy", "J", 1e-12, "less", lambda m: m.energy_pj),
    Merit("cycles", "cycles", "", 1.0, "less", lambda m: m.cycles),
    Merit("utilization", "utilisation", "%", 100.0, "more", lambda m: m.utilization),
    Merit("area_um2", "area", "mm²", 1e-6, "less", lambda m: m.area_um2),
    Merit("edap", "energy-delay-area", "J·cycles·mm²", 1.0, "less", lambda m: m.edap),
)
