"""What can be asked about a result beyond the search itself: its replay, and the front around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.engines.job import Job
from harness.engines.result import FrontRecord, Result
from harness.mapspace import MapSpace
from harness.search import find_front
from harness.search.objective import objective_of
from harness.search.replay import replay
from harness.spec.flattened import write_mapping

ShouldStop = Callable[[], bool]


def with_replay(result: Result, job: Job, should_stop: ShouldStop | None = None) -> Result:
    """``result`` with its search repeated without pruning; as it is where the space is too large for that."""
    evaluation = result.evaluation
    if evaluation is None:
        return result
    s = job.specification
    space = MapSpace(evaluation.architecture, s.problem, s.constraints, s.settings.template)
    found = evaluation.stats.cycles, evaluation.stats.energy_pj
    made = replay(space, objective_of(s.settings), found, should_stop)
    return replace(result, search=replace(result.search, replay=made))


def with_front(result: Result, job: Job, should_stop: ShouldStop | None = None) -> Result:
    """``result`` with the energy-delay front of its job. Raises Unsupported where there is no proof."""
    evaluation = result.evaluation
    if evaluation is None:
        return result
    s = job.specification
    architecture = evaluation.architecture
    points = find_front(architecture, s.problem, s.constraints, s.settings, should_stop=should_stop)
    records = tuple(
        FrontRecord(
            cycles=point.stats.cycles,
            energy_pj=point.stats.energy_pj,
            edp_j_cycles=point.stats.edp_j_cycles,
            status=point.status,
            mapping=tuple(write_mapping(point.mapping, architecture, s.problem)),
        )
        for point in points
    )
    return replace(result, pareto=records)
