"""The command ``run.py``: one layer (or a fused pair) to files and a screen."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.arguments import Arguments, parse_arguments
from harness.cli.errors import USER_ERROR, guarded, say

if TYPE_CHECKING:
    from rich.console import Console

    from harness.cli.planning import Plan, Planned
    from harness.engines.result import Result

PROGRAM = "run.py"


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 with a mapping, 2 for an error of the user's or no mapping, 3 for a bug of ours."""
    try:
        arguments = parse_arguments(sys.argv[1:] if argv is None else argv, PROGRAM)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return guarded(PROGRAM, arguments.debug, lambda: _run(arguments))


def _run(arguments: Arguments) -> int:
    if arguments.list:
        from harness.report.listing import print_listing  # noqa: PLC0415

        print_listing(_console(stderr=False), arguments.layer)
        return 0
    return _map(arguments)


def _map(arguments: Arguments) -> int:
    """Plans the jobs and runs them in their output folder."""
    # Heavy rooms are imported here, after the command line is known to be good.
    from harness.cli.output_folder import output_folder  # noqa: PLC0415
    from harness.cli.planning import plan  # noqa: PLC0415
    from harness.report.files import make_folder, remove_if_empty  # noqa: PLC0415

    console = _console(stderr=arguments.json)
    made = plan(arguments)
    layers = "+".join(planned.job.layer for planned in made.jobs)
    folder = output_folder(arguments, made.jobs[0].job.architecture, layers)
    # Before the search: nobody wants to learn after it that the result cannot be written.
    made_folder = make_folder(folder)
    try:
        return _run_jobs(console, arguments, made, folder)
    except BaseException:
        remove_if_empty(made_folder)
        raise


def _run_jobs(console: Console, arguments: Arguments, made: Plan, folder: Path) -> int:
    """Runs the jobs one after the other, writes their files, shows them."""
    from harness.report.files import write_folder  # noqa: PLC0415
    from harness.report.outputs import ALL_NAMES, RESULT, output_files  # noqa: PLC0415
    from harness.report.pair import figures_of_pair, pair_record_text, print_pair  # noqa: PLC0415
    from harness.report.screen import print_heading, print_result  # noqa: PLC0415

    results: list[Result] = []
    for planned in made.jobs:
        print_heading(console, planned.heading)
        result = _result(console, planned, arguments)
        place = folder if len(made.jobs) == 1 else folder / planned.job.layer
        write_folder(place, output_files(result), ALL_NAMES)
        results.append(result)
        for note in _notes(result, planned, made):
            say(f"{PROGRAM}: note: {note}")
        print_result(console, result)
        console.print()
    record = results[0].to_json()
    if made.fusion is not None and len(results) == 2:
        figures = figures_of_pair(made.fusion, results[0], results[1])
        record = pair_record_text(results, figures)
        write_folder(folder, {RESULT: record + "\n"}, ALL_NAMES)
        print_pair(console, figures)
    console.print(f"files in {folder}/", highlight=False, markup=False, soft_wrap=True)
    if arguments.json:
        print(record)
    failed = [result for result in results if result.status != "ok"]
    for result in failed:
        say(f"{PROGRAM}: error: no mapping for {result.layer}: {result.reason}")
    return USER_ERROR if failed else 0


def _notes(result: Result, planned: Planned, made: Plan) -> list[str]:
    """Remarks on a result: demands without effect, and fused mappings whose traffic is not all counted."""
    from harness.fusion import broken_columns  # noqa: PLC0415

    evaluation = result.evaluation
    if evaluation is None:
        return []
    notes = list(evaluation.notes)
    if made.fusion is not None and planned.layer is not None:
        broken = broken_columns(evaluation.mapping, evaluation.architecture, planned.layer, made.fusion)
        if broken is not None:
            notes.append(f"the energy lacks traffic of the fused tensor: {broken}")
    return notes


def _result(console: Console, planned: Planned, arguments: Arguments) -> Result:
    """Runs one job. The first Ctrl-C stops the search and keeps the best so far, the second ends all."""
    from harness.cli.interrupt import StopOnInterrupt  # noqa: PLC0415
    from harness.engines import embedded  # noqa: PLC0415
    from harness.report.live import LiveSearch  # noqa: PLC0415

    if planned.refusal is not None:
        return embedded.without_mapping(planned.job, "no_mapping", planned.refusal)
    with StopOnInterrupt() as stop, LiveSearch(console, arguments.live) as live:
        result = embedded.run(planned.job, live.update, stop.should_stop)
    if stop.requested:
        kept = "kept the best mapping so far" if result.status == "ok" else "no mapping found until then"
        say(f"{PROGRAM}: stopped by Ctrl-C, {kept}")
    return result


def _console(stderr: bool) -> Console:
    from rich.console import Console  # noqa: PLC0415

    return Console(stderr=stderr, highlight=False)
