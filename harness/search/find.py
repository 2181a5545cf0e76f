"""From a question to its answer: the one way into every mapper."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from harness.errors import EmptyMapSpace, SpecError
from harness.mapspace import MapSpace, SpaceSizes
from harness.mapspace.conflict import explain_no_mapping
from harness.search.evaluation import reference_evaluate
from harness.search.evaluators import Evaluate
from harness.search.mapper import Request
from harness.search.mappers import MAPPERS, mapper_named
from harness.search.objective import Objective, parse_goals
from harness.search.result import Progress, SearchResult
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.problem import Problem
from harness.spec.settings import SearchSettings

DEFAULT_SETTINGS = SearchSettings(threads=4, timeout=200, victory_condition=400, time_limit=20.0)
"""Of :func:`find_mapping`; all but the time limit matter only to mappers that do not prove."""


def find_mapping(
    architecture: Architecture,
    problem: Problem,
    constraints: Constraints,
    objective: Objective | str = "edp",
    *,
    mapper: str = "optimal",
    settings: SearchSettings | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> SearchResult:
    """The best mapping of ``problem`` onto ``architecture`` (which has its ERT) under ``constraints``.

    ``objective`` is an :class:`Objective` or its goals as text, such as ``"delay,energy"``. ``mapper`` names
    an algorithm: ``optimal``, one of :data:`MAPPERS`, or an added one. ``settings`` say the rest (template of
    the space, time limit, threads, ...); their algorithm and metrics do not count. No mapping is not an
    error: the result says why. Raises :class:`SpecError` for unknown names.
    """
    goal = Objective(parse_goals(objective)) if isinstance(objective, str) else objective
    chosen = replace(
        settings or DEFAULT_SETTINGS,
        algorithm=mapper,
        metrics=goal.goals,
        max_cycles=goal.max_cycles,
        max_energy_pj=goal.max_energy_pj,
    )
    try:
        return search(
            architecture, problem, constraints, chosen, on_progress=on_progress, should_stop=should_stop
        )
    except EmptyMapSpace as empty:
        return SearchResult(
            mapping=None,
            stats=None,
            status="no_mapping",
            algorithm=mapper,
            sizes=SpaceSizes(0, 0, 0, 0),
            reason=str(empty),
        )


def search(
    architecture: Architecture,
    problem: Problem,
    constraints: Constraints,
    settings: SearchSettings,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    evaluate: Evaluate | None = None,
) -> SearchResult:
    """As :func:`find_mapping`, with everything in ``settings``.

    ``on_progress`` is called at most about ten times a second, ``should_stop`` is asked as often.
    ``evaluate`` replaces the model (for tests and engines).

    Raises :class:`EmptyMapSpace` if the constraints leave no factorisation, :class:`SpecError` for an unknown
    algorithm. No valid mapping is not an error: the result says why.
    """
    space = MapSpace(architecture, problem, constraints, settings.template)
    return search_space(space, settings, on_progress=on_progress, should_stop=should_stop, evaluate=evaluate)


def search_space(
    space: MapSpace,
    settings: SearchSettings,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
    evaluate: Evaluate | None = None,
) -> SearchResult:
    """:func:`search` for a map space that already exists."""
    request = Request(settings, on_progress, should_stop, evaluate)
    found = _checked(mapper_named(settings.algorithm).find(space, request), space, request)
    return _explained(found, space) if found.mapping is None else found


def _checked(found: SearchResult, space: MapSpace, request: Request) -> SearchResult:
    """What a mapper returned, complete. This package's own mappers evaluate their winners themselves."""
    name = request.settings.algorithm
    if name in MAPPERS:
        return found
    if not isinstance(found, SearchResult):
        raise SpecError(f"the mapper '{name}' returned {type(found).__name__}, not a SearchResult")
    if found.mapping is None or found.stats is not None:
        return found
    evaluate = request.evaluate or reference_evaluate
    return replace(found, stats=evaluate(space.architecture, space.problem, found.mapping))


def _explained(found: SearchResult, space: MapSpace) -> SearchResult:
    """With the smallest set of demands that no mapping meets, where that is why there is none."""
    conflict = explain_no_mapping(space.architecture, space.problem, space.constraints, space.template)
    if conflict is None or not conflict.decided:
        return found
    return replace(found, reason=str(conflict))
