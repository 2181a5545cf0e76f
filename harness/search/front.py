"""The energy-delay front: the mappings that no other one beats in both."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from harness.mapspace import MapSpace
from harness.model.stats import Stats
from harness.search.agreement import require_same_cost
from harness.search.evaluation import reference_evaluate
from harness.search.metrics import Cost
from harness.search.objective import excess
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem
from harness.spec.settings import SearchSettings


@dataclass(frozen=True, slots=True)
class FrontPoint:
    """A mapping on the front with its evaluation. ``status`` is "optimal" where the point is proven."""

    mapping: Mapping
    stats: Stats
    status: Literal["optimal", "bound", "best_found"]


def find_front(
    architecture: Architecture,
    problem: Problem,
    constraints: Constraints,
    settings: SearchSettings | None = None,
    *,
    should_stop: Callable[[], bool] | None = None,
) -> tuple[FrontPoint, ...]:
    """The energy-delay front by ascending cycles, within the caps of ``settings``; empty if nothing fits.

    Of the settings only template, time limit and caps count. Raises :class:`EmptyMapSpace` as
    :func:`search`, :class:`Unsupported` for a space without a method of proof.
    """
    from harness.search.optimal import Limits, pareto  # noqa: PLC0415 - numba is slow to start

    chosen = settings or SearchSettings()
    space = MapSpace(architecture, problem, constraints, chosen.template)
    limits = Limits(chosen.time_limit or math.inf, should_stop)
    points = []
    for outcome in pareto(space, limits):
        if outcome.mapping is None or outcome.status == "no_mapping":
            continue
        stats = reference_evaluate(architecture, problem, outcome.mapping)
        require_same_cost(Cost(int(outcome.cycles), outcome.energy_pj, None), Cost.of(stats))
        if excess(stats.cycles, stats.energy_pj, chosen.max_cycles, chosen.max_energy_pj) is None:
            points.append(FrontPoint(outcome.mapping, stats, outcome.status))
    return tuple(points)
