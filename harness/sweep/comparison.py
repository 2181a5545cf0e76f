"""What points are ranked by, and which no other beats. Only points of one study may be compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from harness.errors import unknown_name
from harness.sweep.metrics import Metrics


@dataclass(frozen=True)
class Criterion:
    """An id, a name for people, and the metric of which the least is best (of utilisation the greatest)."""

    id: str
    name: str
    column: str

    def value(self, metrics: Metrics) -> float | None:
        """None for points that the criterion knows nothing of: their area is unknown."""
        found: float | None = getattr(metrics, self.column)
        return found


CRITERIA = (
    Criterion("edp_sum", "EDP-sum", "edp_sum"),
    Criterion("edp", "EDP of totals", "edp"),
    Criterion("energy", "energy", "energy_pj"),
    Criterion("cycles", "cycles", "cycles"),
    Criterion("utilization", "utilisation", "utilization"),
    Criterion("area", "area", "area_um2"),
    Criterion("edap", "energy-delay-area", "edap"),
)


def find_criterion(name: str) -> Criterion:
    """By id or name, whatever the case. Raises SpecError with the nearest one."""
    for criterion in CRITERIA:
        if name.lower() in (criterion.id, criterion.name.lower()):
            return criterion
    raise unknown_name("criterion", name, [criterion.id for criterion in CRITERIA])


def pareto_front(costs: Iterable[tuple[int, tuple[float, ...]]]) -> list[int]:
    """The indices of the costs that no other beats: none is as good in all and better in one.

    ``costs`` come sorted; equal ones stand beside each other on the front. With two axes nothing but the
    front is kept.
    """
    front: list[tuple[float, ...]] = []
    indices: list[int] = []
    # In lexicographic order nothing that comes later dominates what came before.
    for index, cost in costs:
        if front and cost == front[-1]:
            indices.append(index)
            continue
        beaten_by = front[-1:] if len(cost) == 2 else front
        if not any(all(f <= c for f, c in zip(kept, cost, strict=True)) for kept in beaten_by):
            front.append(cost)
            indices.append(index)
    return indices
