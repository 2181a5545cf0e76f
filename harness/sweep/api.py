"""The sweep as a function: what a notebook calls, and what the command is made of."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from harness.engines.version import program_version
from harness.errors import HarnessError, SpecError
from harness.estimation import EstimationOptions, EstimatorName
from harness.estimation.project import project_tables
from harness.fusion import FusionOptions
from harness.search.ready import compile_once, is_ready
from harness.spec.profiles import DEFAULT_PROFILE
from harness.sweep.comparison import CRITERIA
from harness.sweep.folder import (
    discard_store,
    only_writer,
    open_results,
    open_run,
    refuse_to_replace_earlier,
)
from harness.sweep.job import TextsOf, prepare_worker
from harness.sweep.outcome import LayerOutcome
from harness.sweep.plan import SweepPlan, needed_kernels
from harness.sweep.point import Point
from harness.sweep.request import DEFAULT_ARCHITECTURE, SweepRequest, plan_sweep
from harness.sweep.results import SweepResults
from harness.sweep.run_options import Events, PointFiles, RunOptions
from harness.sweep.running import SweepRun
from harness.sweep.store.writing import StoreWriter
from harness.sweep.study import SweepEngine
from harness.sweep.workers.scheduler import LocalRunner, Runner, Watch
from harness.workloads import DEFAULT_MODEL

Keep = Literal["all", "best", "none"]
DEFAULT_FOLDER = "outputs_hwdse"
_TOLD_AFTER_SECONDS = 4.0


@dataclass(frozen=True)
class Execution:
    """How to run a plan; none of it changes a figure. ``on_compiling`` is called before the mapper is
    compiled, which takes half a minute, once for a machine and version.

    ``files`` and ``texts_of`` write what ``keep`` asks for beside the store: "all" files of every layer,
    "best" those of the points that are best for something or on the Pareto front, "none" nothing.
    """

    folder: Path
    runner: Runner
    keep: Keep = "none"
    files: PointFiles | None = None
    texts_of: TextsOf | None = None
    fresh: bool = False
    retry_failed: bool = False
    limit_seconds: float | None = None
    command: str = ""
    on_compiling: Callable[[], None] = lambda: None


@dataclass(frozen=True)
class Finished:
    """``run`` is its number in the store. ``points`` of the plan are there, ``layers`` counts theirs, and
    ``reused`` those of them that were there before or are the same as others. ``stopped``: not all of the
    plan is done.
    """

    run: int
    points: int
    layers: int
    reused: int
    stopped: bool


def execute(
    plan: SweepPlan, execution: Execution, events: Events, should_stop: Callable[[], bool]
) -> Finished:
    """Runs a plan in its folder. Raises HarnessError when the folder is taken or cannot be written."""
    with ExitStack() as stack:
        stack.enter_context(only_writer(execution.folder))
        refuse_to_replace_earlier(execution.folder, plan.first_index, plan.last_index)
        if execution.fresh:
            discard_store(execution.folder)
            if execution.files is not None:
                execution.files.discard()
        store = StoreWriter(execution.folder)
        stack.callback(store.close)
        number = store.begin_run(execution.command, program_version(), plan.count)
        runner = stack.enter_context(execution.runner)
        runner.begin(should_stop)
        _compile_first(plan, runner, execution.on_compiling, should_stop)
        options = RunOptions(
            texts_of=execution.texts_of if execution.keep == "all" else None,
            files=execution.files if execution.keep != "none" else None,
            limit_seconds=execution.limit_seconds,
            retry_failed=execution.retry_failed,
        )
        run = SweepRun(plan, store, events, options)
        run.go(runner, should_stop)
        stopped = should_stop() and run.points_done < plan.count
        if execution.keep == "best" and not stopped:
            with closing(open_run(execution.folder, number)) as results:
                best = replace(plan, only=_best(results))
            options = replace(options, texts_of=execution.texts_of, retry_failed=False)
            again = SweepRun(best, store, _Silent(), options)
            again.go(runner, should_stop)
            stopped = again.points_done < best.count
        store.end_run()
    return Finished(number, run.points_done, run.done, run.reused, stopped)


def _compile_first(
    plan: SweepPlan, runner: Runner, on_compiling: Callable[[], None], should_stop: Callable[[], bool]
) -> None:
    """In one worker, that the others need not do it all at once, nor in the time of a job."""
    began = time.monotonic()
    told = False

    def waiting() -> bool:
        nonlocal told
        if not told and time.monotonic() - began > _TOLD_AFTER_SECONDS:
            told = True
            # A worker that is slow to start compiles nothing.
            from harness.search.optimal import compiled  # noqa: PLC0415 - numba is slow to start

            if not all(map(compiled, lacking)):
                on_compiling()
        return should_stop()

    lacking = [windows for windows in needed_kernels(plan) if not is_ready(windows, program_version())]
    if lacking:
        runner.run(
            _compile,
            lacking,
            Watch(on_done=_nothing, on_death=_nothing, on_timeout=_nothing, should_stop=waiting),
        )


def _compile(windows: bool) -> None:
    """A task of its own. Should it fail, the jobs will tell."""
    with suppress(Exception):
        compile_once(windows, program_version())


def _nothing(_: object) -> None:
    return None


def _best(results: SweepResults) -> frozenset[int]:
    """The indices of the points that are best for something or on the Pareto front.

    Of equal ones the first: where all wait for the same memory, nearly all points have the least cycles.
    """
    found: set[int] = set()
    for study in results.studies:
        for criterion in CRITERIA:
            found.update(point.index for point in results.best(criterion.id, study.number, 1))
        found.update(results.pareto_indices(study.number))
    return frozenset(found)


class _Silent:
    def layer_done(self, index: int, outcome: LayerOutcome, reused: bool) -> None: ...

    def point_done(self, point: Point) -> None: ...


def run(
    layers: str | Sequence[str] = "all",
    *,
    architectures: str | Sequence[str] = DEFAULT_ARCHITECTURE,
    configurations: str | Path | Sequence[Mapping[str, Any]] | Mapping[str, Any] | None = None,
    rules: str | Sequence[str] = (),
    mixup: bool = False,
    models: str | Sequence[str] = DEFAULT_MODEL,
    sequence: int | None = None,
    ignore_heads: bool = False,
    fusion: str | None = None,
    fusion_options: FusionOptions | None = None,
    profile: str = DEFAULT_PROFILE,
    objective: str | Sequence[str] | None = None,
    imperfect_factors: bool = False,
    tables: str | Path | Sequence[str | Path] = (),
    estimator: EstimatorName = "tables",
    legacy_action_share: bool = False,
    folder: str | Path = DEFAULT_FOLDER,
    first_index: int = 0,
    jobs: int | None = None,
    cluster: str | None = None,
    fresh: bool = False,
    retry_failed: bool = False,
    limit_seconds: float | None = None,
    events: Events | None = None,
    engine: SweepEngine = "embedded",
    time_limit: float | None = None,
) -> SweepResults:
    """Maps layers onto configurations of hardware, in parallel, and returns all that the folder then holds.

    The arguments are those of ``hwdse_run.py``, see ``docs/sweep.md``. What the folder's store has is not
    computed again, so a cell that is run twice costs nothing the second time. ``configurations`` is a file,
    a list of ``{parameter: value}`` or one such object; a value that is a list makes a grid. ``cluster`` is
    "local" or the address of a Dask scheduler, ``jobs`` the number of processes otherwise. Nothing is
    written beside the store. ``time_limit`` ends the search of a layer with its best so far,
    ``limit_seconds`` a job as failed. Ctrl-C (KeyboardInterrupt) ends it; what was finished is kept.

    Raises HarnessError for unknown names and values, all mistakes of the configurations at once.
    """
    if limit_seconds is not None and not 0 < limit_seconds < math.inf:
        raise SpecError(f"limit_seconds must be above 0, not {limit_seconds}")
    if jobs is not None and (not isinstance(jobs, int) or jobs < 1):
        raise SpecError(f"jobs must be a whole number above 0, not {jobs!r}")
    words = _several(layers)
    given = Path(configurations) if isinstance(configurations, str) else configurations
    request = SweepRequest(
        layers=words if fusion is None else (*words, fusion),
        architectures=_several(architectures),
        configurations=given,
        rules=_several(rules),
        mixup=mixup,
        models=_several(models),
        sequence=sequence,
        ignore_heads=ignore_heads,
        fusion_options=fusion_options or FusionOptions(),
        profile=profile,
        objective=None if objective is None else _several(objective),
        imperfect_factors=imperfect_factors,
        estimation=EstimationOptions(
            estimator=estimator,
            legacy_action_share=legacy_action_share,
            table_folders=(
                *map(Path, (tables,) if isinstance(tables, (str, Path)) else tables),
                *project_tables(Path.cwd()),
            ),
        ),
        first_index=first_index,
        command="harness.sweep.run",
        engine=engine,
        time_limit=time_limit,
    )
    plan = plan_sweep(request)
    place = Path(folder)
    try:
        place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise HarnessError(f"cannot make the folder '{place}': {error.strerror}") from error
    execution = Execution(
        folder=place,
        runner=runner_for(cluster, jobs, plan.layers),
        fresh=fresh,
        retry_failed=retry_failed,
        limit_seconds=limit_seconds,
        command=request.command,
    )
    execute(plan, execution, events or _Silent(), lambda: False)
    return open_results(place).results


def load(folder: str | Path = DEFAULT_FOLDER) -> SweepResults:
    """What an earlier sweep left in ``folder``, folders of the earlier harness included."""
    return open_results(Path(folder)).results


def runner_for(cluster: str | None, jobs: int | None, layers: int) -> Runner:
    """The cores of this machine, or a cluster."""
    from harness.search.processes import usable_cores  # noqa: PLC0415

    if cluster is not None:
        from harness.sweep.workers.cluster import DaskRunner  # noqa: PLC0415 - imports Dask

        return DaskRunner(cluster, jobs or usable_cores(), prepare_worker)
    return LocalRunner(max(1, min(layers, jobs or usable_cores())), prepare_worker)


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    """A single name is a list of one."""
    return (names,) if isinstance(names, str) else tuple(names)
