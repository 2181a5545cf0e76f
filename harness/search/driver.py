"""Running a search from settings to result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from harness.mapspace import MappingId, MapSpace, Refusal
from harness.search.crew import Crew, exchange, merge
from harness.search.evaluation import evaluator_for, reference_evaluate
from harness.search.evaluators import Evaluate
from harness.search.messages import Assignment, Snapshot
from harness.search.metrics import Cost
from harness.search.processes import WorkerPool, can_travel, usable_cores
from harness.search.result import InvalidCounts, Progress, Refusals, SearchResult
from harness.search.thread_run import Found, ThreadReport
from harness.search.words import no_mapping_reason
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.problem import Problem
from harness.spec.settings import Metric, SearchSettings

LOCAL_SECONDS = 0.5
"""A search with several threads starts in this process and moves to worker processes after this time."""

PROGRESS_SECONDS = 0.1


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
    """Searches the map space and returns the best mapping, evaluated by the reference model.

    The outcome depends on the arguments only, not on timing or on the number of cores, unless the search is
    stopped early. ``on_progress`` is called at most about ten times a second, ``should_stop`` is asked as
    often; stopping and Ctrl-C keep the best mapping so far. ``evaluate`` replaces the model (for tests
    and engines); None takes the batch kernels where they apply and the reference model elsewhere.

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
    clock = _Clock(on_progress, should_stop, settings.metrics)
    crew = Crew.recruit(space, settings)
    reports, interrupted = _run(space, crew, settings, evaluate, clock)
    return _conclude(
        space, settings, evaluate, reports=reports, interrupted=interrupted, seconds=clock.seconds
    )


class _Clock:
    """Calls back at most ten times a second and remembers a wish to stop."""

    def __init__(
        self,
        on_progress: Callable[[Progress], None] | None,
        should_stop: Callable[[], bool] | None,
        metrics: Sequence[Metric],
    ) -> None:
        self._metrics = metrics
        self._on_progress = on_progress
        self._should_stop = should_stop
        self._start = time.monotonic()
        self._last = self._start
        self._seen: dict[int, Snapshot] = {}

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def tick(self, snapshots: list[Snapshot]) -> bool:
        """Takes note of the snapshots; True if the search should stop."""
        for snapshot in snapshots:
            self._seen[snapshot.thread] = snapshot
        now = time.monotonic()
        if now - self._last < PROGRESS_SECONDS:
            return False
        self._last = now
        if self._on_progress is not None and self._seen:
            self._on_progress(self._progress())
        return self._should_stop is not None and self._should_stop()

    def _progress(self) -> Progress:
        best = merge([self._seen[thread].best for thread in sorted(self._seen)], self._metrics)
        return Progress(
            evaluated=sum(s.total for s in self._seen.values()),
            valid=sum(s.valid for s in self._seen.values()),
            seconds=self.seconds,
            thread=0 if best is None else best.thread,
            best=None if best is None else best.cost,
        )


def _run(
    space: MapSpace, crew: Crew, settings: SearchSettings, evaluate: Evaluate | None, clock: _Clock
) -> tuple[list[ThreadReport], bool]:
    evaluator = evaluator_for(space, evaluate, settings.metrics)
    workers = min(settings.threads, usable_cores())
    may_move = workers > 1 and can_travel(evaluate)
    sync = settings.sync_interval
    goal = _Goal(sync or None, None)
    try:
        while not crew.finished:
            while crew.step(evaluator, goal.tries):
                snapshots = [Snapshot(r.thread, r.total, r.valid, r.best) for r in crew.runs]
                if clock.tick(snapshots):
                    return [r.report() for r in crew.runs], True
                if may_move and clock.seconds > LOCAL_SECONDS:
                    assignment = Assignment(space, crew.runs, evaluate, settings.metrics)
                    with WorkerPool(assignment, workers) as pool:
                        return _run_in_processes(pool, crew, settings, clock, goal)
            crew.settle()
            if goal.tries is not None:
                running = [r for r in crew.runs if r.stopped is None]
                bests, goal.common = exchange([r.best for r in running], goal.common, settings.metrics)
                for run, best in zip(running, bests, strict=True):
                    run.best = best
                goal.tries += sync
    except KeyboardInterrupt:
        return [r.report() for r in crew.runs], True
    return [r.report() for r in crew.runs], False


@dataclass
class _Goal:
    """Up to how many tries the threads run before they exchange, and the best exchanged so far."""

    tries: int | None
    common: Found | None


def _run_in_processes(
    pool: WorkerPool, crew: Crew, settings: SearchSettings, clock: _Clock, goal: _Goal
) -> tuple[list[ThreadReport], bool]:
    interrupted = False
    reports: dict[int, ThreadReport] = {r.thread: r.report() for r in crew.runs}
    bests: dict[int, Found | None] | None = None
    while True:
        unfinished: set[int] = set()
        pool.advance(goal.tries, bests)
        while pool.at_work:
            try:
                snapshots, arrived, still = pool.listen(PROGRESS_SECONDS / 2)
                for report in arrived:
                    reports[report.thread] = report
                unfinished.update(still)
                stop = clock.tick(snapshots)
            except KeyboardInterrupt:
                stop = True
            if stop and not interrupted:
                interrupted = True
                pool.stop()
        if interrupted or not unfinished:
            return [reports[t] for t in sorted(reports)], interrupted
        assert goal.tries is not None
        running = sorted(unfinished)
        updated, goal.common = exchange([reports[t].best for t in running], goal.common, settings.metrics)
        bests = dict(zip(running, updated, strict=True))
        goal.tries += settings.sync_interval


def _conclude(
    space: MapSpace,
    settings: SearchSettings,
    evaluate: Evaluate | None,
    *,
    reports: list[ThreadReport],
    interrupted: bool,
    seconds: float,
) -> SearchResult:
    best = merge([r.best for r in reports], settings.metrics)
    complete = all(r.complete for r in reports)
    refusals = _add_refusals(reports)
    evaluated = sum(r.total for r in reports)
    log = tuple(i for r in reports for i in r.log)
    result = SearchResult(
        mapping=None,
        stats=None,
        status="no_mapping",
        reason=None,
        evaluated=evaluated,
        valid=sum(r.valid for r in reports),
        invalid=InvalidCounts(
            sum(r.invalid.construct for r in reports),
            sum(r.invalid.precheck for r in reports),
            sum(r.invalid.evaluation for r in reports),
        ),
        refusals=refusals,
        seconds=seconds,
        seed=settings.seed,
        algorithm=settings.algorithm,
        threads=settings.threads,
        complete=complete,
        interrupted=interrupted,
        stopped=tuple(r.stopped for r in reports),
        log=log,
        sizes=space.sizes,
        notes=space.notes,
    )
    if best is None:
        reason = no_mapping_reason(refusals, evaluated, complete, interrupted)
        return replace(result, reason=reason)
    factorization, permutation, spatial, bypass = best.coordinates
    mapping_id = MappingId(factorization * settings.threads + best.thread, permutation, spatial, bypass)
    pruned = settings.algorithm not in ("random", "exhaustive")
    mapping = space.construct(mapping_id, pruned)
    assert not isinstance(mapping, Refusal)
    stats = (evaluate or reference_evaluate)(space.architecture, space.problem, mapping)
    _require_agreement(best.cost, Cost.of(stats))
    least = [r.least_first_metric for r in reports if r.least_first_metric is not None]
    proven = complete and best.cost.metric(settings.metrics[0]) <= min(least) * (1 + 1e-12)
    return replace(result, mapping=mapping, stats=stats, status="optimal" if proven else "best_found")


def _require_agreement(searched: Cost, evaluated: Cost) -> None:
    """The kernels and the reference model must agree on the winner; anything else is a defect of ours."""
    same = (
        searched.cycles == evaluated.cycles
        and searched.last_level_accesses in (None, evaluated.last_level_accesses)
        and abs(searched.energy_pj - evaluated.energy_pj) <= 1e-9 * abs(evaluated.energy_pj)
    )
    if not same:
        raise RuntimeError(f"the batch evaluator and the reference model disagree: {searched} != {evaluated}")


def _add_refusals(reports: list[ThreadReport]) -> tuple[Refusals, ...]:
    added: dict[tuple[str, str, str], Refusals] = {}
    for report in reports:
        for r in report.refusals:
            key = (r.stage, r.level, r.kind)
            known = added.get(key)
            added[key] = r if known is None else replace(known, count=known.count + r.count)
    return tuple(sorted(added.values(), key=lambda r: -r.count))
