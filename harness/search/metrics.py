"""When is a mapping better? Timeloop's rule with several metrics (``mapper-thread.cpp``, IsBetter).

The metrics are compared in order. A relative difference above 0.1 % decides; below that the next metric is
asked, and if none decides, the smaller value of the first metric does. Equal mappings keep the incumbent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model.stats import Stats
from harness.spec.settings import Metric

TOLERANCE = 0.001
ROUNDING = 1e-12
"""Differences below this are rounding noise between two ways to add the same numbers, and count as none."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What a mapping costs: cycles, energy in pJ, and accesses of the outermost level if they are known."""

    cycles: int
    energy_pj: float
    last_level_accesses: int | None

    @staticmethod
    def of(stats: Stats) -> Cost:
        return Cost(stats.cycles, stats.energy_pj, stats.last_level_accesses)

    @property
    def edp_j_cycles(self) -> float:
        return self.energy_pj * self.cycles / 1e12

    def metric(self, metric: Metric) -> float:
        if metric == "edp":
            return self.energy_pj * self.cycles
        if metric == "delay":
            return float(self.cycles)
        if metric == "energy":
            return self.energy_pj
        assert self.last_level_accesses is not None
        return float(self.last_level_accesses)

    def value(self, metric: Metric) -> float:
        """As :meth:`metric`, but the EDP in J*cycles."""
        return self.edp_j_cycles if metric == "edp" else self.metric(metric)


def is_better(candidate: Cost, incumbent: Cost | None, metrics: Sequence[Metric]) -> bool:
    """True if ``candidate`` replaces ``incumbent`` under ``metrics``, the most important first."""
    if incumbent is None:
        return True
    slight = 0.0
    for metric in metrics:
        improvement = _relative_improvement(candidate.metric(metric), incumbent.metric(metric))
        if abs(improvement) > TOLERANCE:
            return improvement > 0
        if metric == metrics[0]:
            slight = improvement
    return slight > ROUNDING


def _relative_improvement(candidate: float, incumbent: float) -> float:
    difference = incumbent - candidate
    if incumbent != 0:
        return difference / incumbent
    return 0.0 if candidate == 0 else difference / candidate
