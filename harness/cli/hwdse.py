"""The command ``hwdse_run.py``: layers on many configurations of hardware, and which is best."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

from harness.cli.errors import DIFFERS, INTERRUPTED, NO_MAPPING, USER_ERROR, guarded, say
from harness.cli.hwdse_arguments import SweepArguments, parse_sweep_arguments
from harness.errors import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from harness.sweep.api import Execution, Finished
    from harness.sweep.plan import SweepPlan
    from harness.sweep.results import SweepResults
    from harness.sweep.study import SweepEngine

PROGRAM = "hwdse_run.py"
_ESTIMATED_FROM = 100
"""Points from which on the time is estimated before the start; it costs about a second."""

_CRITERION_OF_GOAL = {"edp": "edp_sum", "delay": "cycles", "energy": "energy"}


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 with a configuration that maps every layer, 1 when the real Timeloop was asked too and
    gave other figures for a mapping, 3 when none has a mapping for every layer, 2 for an error of the
    user's, 70 for a bug of ours, 130 when stopped by Ctrl-C.
    """
    try:
        arguments = parse_sweep_arguments(sys.argv[1:] if argv is None else argv, PROGRAM)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return guarded(PROGRAM, arguments.debug, lambda: _run(arguments))


def _run(arguments: SweepArguments) -> int:
    from harness.sweep.points.configuration import ConfigurationMistakes  # noqa: PLC0415 - after the parsing

    try:
        if arguments.summary_only:
            return _summarise(arguments)
        return _sweep(arguments)
    except ConfigurationMistakes as error:
        for mistake in error.mistakes:
            say(f"{PROGRAM}: error: {one_line(mistake)}")
        return USER_ERROR


def _summarise(arguments: SweepArguments) -> int:
    from harness.sweep.folder import open_results  # noqa: PLC0415

    opened = open_results(Path(arguments.out))
    for line in opened.unreadable:
        say(f"{PROGRAM}: note: left out: {one_line(line)}")
    return _show(_console(arguments), arguments, opened.results)


def _show(console: Console, arguments: SweepArguments, results: SweepResults) -> int:
    """Prints the summary, or rows for programs; writes the page and the plots that were asked for."""
    if arguments.format == "table" and arguments.rows == "configurations":
        from harness.report.sweep.screen import print_summary  # noqa: PLC0415

        print_summary(
            console, results, table=arguments.table, top=arguments.top, criterion=_criterion(arguments)
        )
    else:
        _export(arguments, results)
    if arguments.html is not None:
        from harness.report.page import write_page  # noqa: PLC0415

        write_page(results, Path(arguments.html), arguments.command)
        say(f"page in {arguments.html}")
    if arguments.plots is not None:
        from harness.report.sweep.plots import write_plots  # noqa: PLC0415

        written = write_plots(results, Path(arguments.plots))
        say(f"{len(written)} plots in {arguments.plots}/")
    if any(results.counts(study.number)["ok"] for study in results.studies):
        checks = (check for study in results.studies for check in results.checks(study.number))
        return DIFFERS if any(check.record.status == "differs" for check in checks) else 0
    failed = {failure.status for study in results.studies for failure in results.failures(study.number)}
    return NO_MAPPING if failed <= {"no_mapping", "not_run"} else USER_ERROR


def _export(arguments: SweepArguments, results: SweepResults) -> None:
    from harness.report.sweep.exports import (  # noqa: PLC0415
        UNFOLDED,
        ExportedRows,
        TextFormat,
        export,
        write_parquet,
    )

    rows = cast("ExportedRows", arguments.rows)
    if arguments.format == "parquet":
        file = Path(arguments.out) / f"{rows}.parquet"
        write_parquet(results, file, rows)
        say(f"rows in {file}")
        return
    # What reads from a pipe gets every column, a terminal those that fit.
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else UNFOLDED
    for text in export(results, rows, cast("TextFormat", arguments.format), width=width):
        sys.stdout.write(text)


def _criterion(arguments: SweepArguments) -> str:
    if arguments.sort is not None:
        return arguments.sort
    return _CRITERION_OF_GOAL[arguments.objective[0]] if arguments.objective else "edp_sum"


def _sweep(arguments: SweepArguments) -> int:
    """Checks everything, then maps every layer on every configuration."""
    from harness.report.files import make_folder, remove_if_empty  # noqa: PLC0415
    from harness.sweep.folder import open_run  # noqa: PLC0415

    plan = _plan(arguments)
    console = _console(arguments)
    _print_heading(console, arguments, plan)
    if arguments.dry_run:
        return 0
    folder = Path(arguments.out)
    made = make_folder(folder)
    try:
        finished, stopped_by = _execute(console, arguments, plan)
    finally:
        remove_if_empty(made)
    results = open_run(folder, finished.run)
    if len(results) == 0:
        say(f"{PROGRAM}: stopped by {stopped_by} before anything was finished")
        return INTERRUPTED
    code = _show(console, arguments, results)
    console.print(f"results in {folder}/", highlight=False, markup=False, soft_wrap=True)
    if finished.stopped:
        rest = plan.count - finished.points
        again = "the same command without --fresh" if arguments.fresh else "the same command"
        left = f"{rest} of {plan.count} configurations are left" if rest else "files are left to be written"
        say(f"{PROGRAM}: stopped by {stopped_by}, kept what was finished; {left}, {again} goes on")
        return INTERRUPTED
    return code


def _plan(arguments: SweepArguments) -> SweepPlan:
    from harness.fusion import FusionOptions  # noqa: PLC0415
    from harness.sweep.request import SweepRequest, plan_sweep  # noqa: PLC0415

    request = SweepRequest(
        layers=arguments.words,
        architectures=arguments.architectures,
        configurations=None if arguments.configurations is None else Path(arguments.configurations),
        rules=arguments.rules,
        mixup=arguments.mixup,
        models=arguments.models,
        sequence=arguments.sequence,
        ignore_heads=arguments.ignore_heads,
        fusion_options=FusionOptions(
            arguments.no_e_fusion, arguments.l_fusion, arguments.pay_writeback_in_matmul
        ),
        profile=arguments.profile,
        objective=arguments.objective,
        victory_condition=arguments.victory_condition,
        imperfect_factors=arguments.imperfect_factors,
        threads=arguments.threads,
        estimation=arguments.estimation.options(),
        first_index=arguments.first_index,
        command=arguments.command,
        engine=cast("SweepEngine", arguments.engine),
        time_limit=arguments.time_limit,
    )
    return plan_sweep(request)


def _print_heading(console: Console, arguments: SweepArguments, plan: SweepPlan) -> None:
    from harness.cli.hwdse_heading import heading_of  # noqa: PLC0415
    from harness.engines.version import program_version  # noqa: PLC0415
    from harness.report.outputs import timeloop_files  # noqa: PLC0415
    from harness.report.sweep.heading import print_sweep_heading  # noqa: PLC0415
    from harness.search.processes import usable_cores  # noqa: PLC0415
    from harness.search.ready import compile_once  # noqa: PLC0415
    from harness.sweep.estimate import estimate, replaced_points  # noqa: PLC0415
    from harness.sweep.plan import needed_kernels  # noqa: PLC0415

    made = None
    texts_of = timeloop_files if arguments.keep == "all" else None
    store = None if arguments.fresh else Path(arguments.out)
    if arguments.mixup or arguments.dry_run or plan.count >= _ESTIMATED_FROM:
        for windows in needed_kernels(plan):
            compile_once(windows, program_version(), _say_compiling)
        processes = arguments.jobs or usable_cores()
        made = estimate(plan, store, processes, texts_of, arguments.retry_failed)
    replaced = 0 if store is None else replaced_points(plan, store)
    print_sweep_heading(console, heading_of(plan, made, replaced))


def _execute(console: Console, arguments: SweepArguments, plan: SweepPlan) -> tuple[Finished, str]:
    """What came of it, and who would have stopped it."""
    from harness.cli.interrupt import StopOnInterrupt  # noqa: PLC0415
    from harness.report.sweep.progress import SweepProgress  # noqa: PLC0415
    from harness.sweep.api import execute  # noqa: PLC0415

    execution = _execution(arguments, plan)
    watched = SweepProgress(console, plan.count, plan.layers, arguments.live, _criterion(arguments))
    with StopOnInterrupt() as stop, watched as progress:
        return execute(plan, execution, progress, stop.should_stop), stop.by


def _execution(arguments: SweepArguments, plan: SweepPlan) -> Execution:
    from harness.report.outputs import timeloop_files  # noqa: PLC0415
    from harness.report.sweep.folder import SweepFolder  # noqa: PLC0415
    from harness.sweep.api import Execution, Keep, runner_for  # noqa: PLC0415

    folder = Path(arguments.out)
    layers = dict.fromkeys(
        layer.layer for planned in plan.workloads.values() for layer in planned.study.layers
    )
    return Execution(
        folder=folder,
        runner=runner_for(arguments.cluster, arguments.jobs, plan.layers),
        keep=cast("Keep", arguments.keep),
        files=SweepFolder(folder, layers),
        texts_of=timeloop_files,
        fresh=arguments.fresh,
        retry_failed=arguments.retry_failed,
        limit_seconds=arguments.job_timeout,
        command=arguments.command,
        on_compiling=_say_compiling,
    )


def _say_compiling() -> None:
    say(f"{PROGRAM}: compiling the mapper, once for this machine and version (a minute or less)")


def _console(arguments: SweepArguments) -> Console:
    """Rows for programs have stdout for themselves."""
    from harness.report.terminal import command_console  # noqa: PLC0415 - rich is slow to import

    return command_console(stderr=arguments.format != "table" or arguments.rows != "configurations")
