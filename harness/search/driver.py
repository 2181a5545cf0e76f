"""Running a search whose algorithm proposes mappings and is told their costs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from harness.mapspace import MapSpace, Refusal
from harness.search.agreement import require_same_cost
from harness.search.clock import PROGRESS_SECONDS, Clock
from harness.search.crew import Crew, exchange, merge
from harness.search.evaluation import evaluator_for, reference_evaluate
from harness.search.evaluators import Evaluate
from harness.search.mapper import Request
from harness.search.messages import Assignment
from harness.search.metrics import Cost
from harness.search.processes import WorkerPool, can_travel, usable_cores
from harness.search.result import InvalidCounts, Refusals, SearchResult
from harness.search.thread_run import Found, ThreadReport
from harness.search.words import no_mapping_reason
from harness.spec.settings import SearchSettings

_LOST = "its process was ended from outside"

LOCAL_SECONDS = 0.5
"""A search with several threads starts in this process and moves to worker processes after this time."""


class ProposerSearch:
    """The mapper behind all search algorithms that propose mappings (:mod:`harness.search.proposers`).

    Its outcome depends on space and settings only, not on timing or on the number of cores, unless it is
    stopped early (``should_stop``, Ctrl-C, ``settings.time_limit``), which keeps the best mapping so far.
    Metrics are compared by Timeloop's rule (:mod:`harness.search.metrics`); mappings beyond the caps of the
    objective are never the best.
    """

    def find(self, space: MapSpace, request: Request) -> SearchResult:
        clock = Clock(request.settings, request.on_progress, request.should_stop)
        crew = Crew.recruit(space, request.settings)
        ending = _run(space, crew, request.settings, request.evaluate, clock)
        return _conclude(space, request.settings, request.evaluate, ending=ending, clock=clock)


@dataclass
class _Ending:
    """Where the threads stand at the end; ``interrupted`` if they were stopped before their own end."""

    reports: list[ThreadReport]
    interrupted: bool = False
    lost_workers: int = 0


@dataclass
class _Goal:
    """Up to how many tries the threads run before they exchange, and the best exchanged so far."""

    tries: int | None
    common: Found | None = None


def _run(
    space: MapSpace, crew: Crew, settings: SearchSettings, evaluate: Evaluate | None, clock: Clock
) -> _Ending:
    evaluator = evaluator_for(space, evaluate, settings.metrics)
    workers = min(settings.threads, usable_cores())
    may_move = workers > 1 and can_travel(evaluate)
    goal = _Goal(settings.sync_interval or None)
    try:
        while not crew.finished:
            while crew.step(evaluator, goal.tries):
                if clock.tick(crew.snapshots()):
                    return _Ending(crew.reports(), interrupted=True)
                if may_move and clock.seconds > LOCAL_SECONDS:
                    assignment = Assignment(space, crew.runs, evaluate, settings.metrics)
                    with WorkerPool(assignment, workers) as pool:
                        return _run_in_processes(pool, crew.reports(), settings, clock, goal)
            crew.settle()
            if goal.tries is not None:
                running = [r for r in crew.runs if r.stopped is None]
                bests, goal.common = exchange([r.best for r in running], goal.common, settings.metrics)
                for run, best in zip(running, bests, strict=True):
                    run.best = best
                goal.tries += settings.sync_interval
    except KeyboardInterrupt:
        return _Ending(crew.reports(), interrupted=True)
    return _Ending(crew.reports())


def _run_in_processes(
    pool: WorkerPool, started: list[ThreadReport], settings: SearchSettings, clock: Clock, goal: _Goal
) -> _Ending:
    ending = _Ending(started)
    reports = {r.thread: r for r in started}
    bests: dict[int, Found | None] | None = None
    try:
        while True:
            unfinished: set[int] = set()
            pool.advance(goal.tries, bests)
            while pool.at_work:
                try:
                    news = pool.listen(PROGRESS_SECONDS / 2)
                    reports.update((r.thread, r) for r in news.reports)
                    unfinished.update(news.unfinished)
                    for snapshot in news.snapshots:
                        reports[snapshot.thread] = snapshot.onto(reports[snapshot.thread])
                    for thread in news.lost:
                        reports[thread] = replace(reports[thread], stopped=_LOST)
                    ending.lost_workers += bool(news.lost)
                    stop = clock.tick(news.snapshots)
                except KeyboardInterrupt:
                    if ending.interrupted:
                        raise
                    stop = True
                if stop and not ending.interrupted:
                    ending.interrupted = True
                    pool.stop()
            if ending.interrupted or not unfinished:
                break
            assert goal.tries is not None
            running = sorted(unfinished)
            updated, goal.common = exchange([reports[t].best for t in running], goal.common, settings.metrics)
            bests = dict(zip(running, updated, strict=True))
            goal.tries += settings.sync_interval
    except KeyboardInterrupt:
        # Pressed twice, or between two rounds: do not wait for the workers.
        ending.interrupted = True
    ending.reports = [reports[t] for t in sorted(reports)]
    return ending


def _conclude(
    space: MapSpace,
    settings: SearchSettings,
    evaluate: Evaluate | None,
    *,
    ending: _Ending,
    clock: Clock,
) -> SearchResult:
    reports = ending.reports
    best = merge([r.best for r in reports], settings.metrics)
    complete = all(r.complete for r in reports)
    refusals = _add_refusals(reports)
    evaluated = sum(r.total for r in reports)
    log = tuple(i for r in reports for i in r.log)
    result = SearchResult(
        mapping=None,
        stats=None,
        status="no_mapping",
        evaluated=evaluated,
        valid=sum(r.valid for r in reports),
        invalid=InvalidCounts(
            sum(r.invalid.construct for r in reports),
            sum(r.invalid.precheck for r in reports),
            sum(r.invalid.evaluation for r in reports),
        ),
        refusals=refusals,
        seconds=clock.seconds,
        seed=settings.seed,
        algorithm=settings.algorithm,
        threads=settings.threads,
        complete=complete,
        interrupted=ending.interrupted,
        stopped=tuple(r.stopped for r in reports),
        log=log,
        sizes=space.sizes,
        notes=space.notes + _notes(settings, ending, clock),
    )
    if best is None:
        reason = no_mapping_reason(refusals, evaluated, complete, ending.interrupted)
        return replace(result, reason=reason)
    pruned = settings.algorithm not in ("random", "exhaustive")
    mapping = space.construct(best.mapping_id, pruned)
    assert not isinstance(mapping, Refusal)
    stats = (evaluate or reference_evaluate)(space.architecture, space.problem, mapping)
    require_same_cost(best.cost, Cost.of(stats))
    least = [r.least_first_metric for r in reports if r.least_first_metric is not None]
    proven = complete and best.cost.metric(settings.metrics[0]) <= min(least) * (1 + 1e-12)
    if not proven:
        return replace(result, mapping=mapping, stats=stats, status="best_found")
    bound = best.cost.value(settings.metrics[0])
    return replace(result, mapping=mapping, stats=stats, status="optimal", lower_bound=bound, gap=0.0)


def _notes(settings: SearchSettings, ending: _Ending, clock: Clock) -> tuple[str, ...]:
    notes = []
    if clock.time_is_up:
        notes.append(
            f"the search was cut by its time_limit of {settings.time_limit:g} s: "
            "a repetition may see fewer or more mappings"
        )
    if ending.lost_workers:
        notes.append(
            f"{ending.lost_workers} of the search's processes were ended from outside (for want of memory?); "
            "their threads stopped early"
        )
    return tuple(notes)


def _add_refusals(reports: list[ThreadReport]) -> tuple[Refusals, ...]:
    added: dict[tuple[str, str, str], Refusals] = {}
    for report in reports:
        for r in report.refusals:
            key = (r.stage, r.level, r.kind)
            known = added.get(key)
            added[key] = r if known is None else replace(known, count=known.count + r.count)
    return tuple(sorted(added.values(), key=lambda r: -r.count))
