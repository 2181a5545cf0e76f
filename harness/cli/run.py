"""The command ``run.py``: one layer (or a fused pair) to files and a screen."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.arguments import DEFAULT_PROFILE, Arguments, parse_arguments
from harness.cli.errors import INTERRUPTED, NO_MAPPING, USER_ERROR, guarded, say

if TYPE_CHECKING:
    from rich.console import Console

    from harness.cli.both import Both
    from harness.cli.interrupt import StopOnInterrupt
    from harness.cli.planning import Plan, Planned
    from harness.engines.result import Result

PROGRAM = "run.py"

BETWEEN_COLLECTIONS = 100_000
"""New containers between two looks for unreachable ones: starting up makes many, nearly all to stay."""

NARROWEST = 40
"""Columns below which no table can be read; a narrower terminal breaks the lines itself."""


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 with a mapping, 1 where both engines were asked and do not agree, 2 for an error of the
    user's, 3 without a mapping, 70 for our bugs.
    """
    try:
        arguments = parse_arguments(sys.argv[1:] if argv is None else argv, PROGRAM)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    except KeyboardInterrupt:
        return INTERRUPTED
    with _few_collections():
        return guarded(
            PROGRAM,
            arguments.debug,
            lambda: _run(arguments),
            on_failure=(lambda reason: _print_failure(arguments, reason)) if arguments.json else None,
        )


@contextmanager
def _few_collections() -> Iterator[None]:
    """Python's own setting costs about a tenth of a short run."""
    before = gc.get_threshold()
    gc.set_threshold(BETWEEN_COLLECTIONS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _run(arguments: Arguments) -> int:
    if arguments.list:
        from harness.report.listing import print_listing  # noqa: PLC0415

        print_listing(_console(stderr=False), arguments.layer)
        return 0
    if arguments.export_timeloop is not None:
        from harness.cli.export import export  # noqa: PLC0415

        return export(arguments, PROGRAM)
    return _map(arguments)


def _map(arguments: Arguments) -> int:
    """Plans the jobs and runs them in their output folder."""
    # Heavy rooms are imported here, after the command line is known to be good.
    from harness.cli.output_folder import output_folder  # noqa: PLC0415
    from harness.cli.planning import plan  # noqa: PLC0415
    from harness.report.files import make_folder, remove_if_empty  # noqa: PLC0415

    console = _console(stderr=arguments.json)
    if arguments.engine != "embedded":
        from harness.engines.timeloop import require_installation  # noqa: PLC0415

        require_installation()
    made = plan(arguments)
    layers = "+".join(planned.job.layer for planned in made.jobs)
    folder = output_folder(arguments, made.jobs[0].job.architecture, layers)
    _check_inputs_stay(arguments, folder, [planned.job.layer for planned in made.jobs])
    # Before the search: nobody wants to learn after it that the result cannot be written.
    made_folder = make_folder(folder)
    try:
        return _run_jobs(console, arguments, made, folder)
    except BaseException:
        remove_if_empty(made_folder)
        raise


def _run_jobs(console: Console, arguments: Arguments, made: Plan, folder: Path) -> int:
    """Runs the jobs one after the other, writes their files, shows them."""
    from harness.cli.interrupt import StopOnInterrupt  # noqa: PLC0415
    from harness.report.files import write_folder  # noqa: PLC0415
    from harness.report.outputs import ALL_NAMES, RESULT, output_files  # noqa: PLC0415
    from harness.report.pair import figures_of_pair, pair_record_text, print_pair  # noqa: PLC0415
    from harness.report.plain_name import plain_name  # noqa: PLC0415
    from harness.report.screen import print_heading, print_result  # noqa: PLC0415

    if arguments.engine == "both":
        from harness.cli.both import ask_timeloop, print_both, write_theirs  # noqa: PLC0415
    results: list[Result] = []
    both: list[Both] = []
    said: set[str] = set()
    for planned in _stopped_at_refusal(made):
        print_heading(console, planned.heading)
        place = folder if len(made.jobs) == 1 else folder / plain_name(planned.job.layer)
        # A Ctrl-C while the files are written does not take them away.
        with StopOnInterrupt() as stop:
            result = _result(console, planned, arguments, stop)
            if arguments.engine == "both":
                asked = ask_timeloop(console, planned, result, arguments, stop)
                result = asked.ours
                write_theirs(place, asked)
                both.append(asked)
            write_folder(place, output_files(result), ALL_NAMES)
        results.append(result)
        for note in [*_notes(result, planned, made), *(both[-1].notes if both else ())]:
            if note not in said:  # of a pair, both sides may have it
                say(f"{PROGRAM}: note: {note}")
                said.add(note)
        print_result(console, result, planned.heading.counts)
        _print_proof(console, result, arguments)
        console.print()
        if both:
            print_both(console, both[-1])
    record = results[0].to_json()
    if made.fusion is not None and len(results) == 2:
        figures = figures_of_pair(made.fusion, results[0], results[1])
        record = pair_record_text(results, figures)
        write_folder(folder, {RESULT: record + "\n"}, ALL_NAMES)
        print_pair(console, figures)
    console.print(f"files in {str(folder).rstrip('/')}/", highlight=False, markup=False, soft_wrap=True)
    if arguments.json:
        _print_record(record)
    failed = [result for result in results if result.status != "ok"]
    for result in failed:
        what = "no figures" if result.status == "failed" and result.timeloop is not None else "no mapping"
        say(f"{PROGRAM}: error: {what} for {result.layer}: {result.reason}")
    # A mapping of the user's own that the architecture refuses is the user's error.
    code = max((USER_ERROR if r.status == "failed" else NO_MAPPING for r in failed), default=0)
    return max((asked.exit_code for asked in both), default=0) or code


def _print_proof(console: Console, result: Result, arguments: Arguments) -> None:
    from harness.report.proof_screen import print_certificate, print_front  # noqa: PLC0415

    if arguments.certify:
        console.print()
        print_certificate(console, result)
    if arguments.pareto and result.status == "ok":
        console.print()
        print_front(console, result.pareto)


def _stopped_at_refusal(made: Plan) -> tuple[Planned, ...]:
    """The jobs; when a side of a pair cannot be fused, no search of the other is worth its time."""
    refused = next((planned for planned in made.jobs if planned.refusal is not None), None)
    if refused is None:
        return made.jobs
    why = f"not searched, for {refused.job.layer} has no mapping"
    return tuple(
        planned if planned.refusal is not None else replace(planned, refusal=why) for planned in made.jobs
    )


def _notes(result: Result, planned: Planned, made: Plan) -> list[str]:
    """Remarks on a result: demands without effect, and fused mappings whose traffic is not all counted."""
    from harness.fusion import broken_columns  # noqa: PLC0415
    from harness.spec.passed_over import passed_over  # noqa: PLC0415

    evaluation = result.evaluation
    remarks = passed_over(planned.job.specification.tree)
    if evaluation is None:
        return [*remarks, *result.notes]
    notes = [*remarks, *evaluation.notes]
    if made.fusion is not None and planned.layer is not None:
        broken = broken_columns(evaluation.mapping, evaluation.architecture, planned.layer, made.fusion)
        if broken is not None:
            notes.append(f"the energy lacks traffic of the fused tensor: {broken}")
    return notes


def _result(console: Console, planned: Planned, arguments: Arguments, stop: StopOnInterrupt) -> Result:
    """Runs one job. The first Ctrl-C stops the search and keeps the best so far, the second ends all."""
    from harness.engines import embedded  # noqa: PLC0415
    from harness.engines.by_name import engine_named  # noqa: PLC0415
    from harness.report.live import LiveSearch  # noqa: PLC0415

    if planned.refusal is not None:
        refused = embedded.without_mapping(planned.job, "no_mapping", planned.refusal)
        return replace(refused, engine=arguments.first_engine)
    if arguments.first_engine == "embedded":
        _say_if_compiling(planned)
    with LiveSearch(console, arguments.live) as live:
        result = engine_named(arguments.first_engine)(planned.job, live.update, stop.should_stop)
        result = _with_proof(result, planned, arguments, stop)
    if stop.requested:
        kept = "kept the best mapping so far" if result.status == "ok" else "no mapping found until then"
        say(f"{PROGRAM}: stopped by {stop.by}, {kept}")
    return result


def _with_proof(result: Result, planned: Planned, arguments: Arguments, stop: StopOnInterrupt) -> Result:
    """The result with what was asked for beyond the search."""
    if not (arguments.certify or arguments.pareto):
        return result
    from harness.engines.proof import with_front, with_replay  # noqa: PLC0415

    if arguments.certify:
        result = with_replay(result, planned.job, stop.should_stop)
    return with_front(result, planned.job, stop.should_stop) if arguments.pareto else result


def _say_if_compiling(planned: Planned) -> None:
    """The first proof on a machine compiles the mapper, which takes longer than everything else."""
    specification = planned.job.specification
    if specification.mapping is not None or specification.settings.algorithm != "optimal":
        return
    if specification.architecture.sparse is not None:
        return  # what cannot be proven is searched instead
    from harness.search.optimal import compiled  # noqa: PLC0415

    if not compiled(specification.problem.has_sliding_windows):
        say(f"{PROGRAM}: compiling the mapper, once for this machine and version (a minute or less)")


def _console(stderr: bool) -> Console:
    from harness.report.terminal import command_console  # noqa: PLC0415 - rich is slow to import

    return command_console(stderr, NARROWEST)


def _check_inputs_stay(arguments: Arguments, folder: Path, layers: Sequence[str]) -> None:
    """HarnessError when a file that is read would be replaced or removed as one of an earlier run."""
    from harness.cli.inputs_stay import require_inputs_elsewhere  # noqa: PLC0415
    from harness.report.outputs import ALL_NAMES  # noqa: PLC0415
    from harness.report.plain_name import plain_name  # noqa: PLC0415

    places = [folder] + ([folder / plain_name(layer) for layer in layers] if len(layers) > 1 else [])
    require_inputs_elsewhere(arguments, places, ALL_NAMES, "choose another folder with -o")


def _print_record(record: str) -> None:
    """JSON that stays JSON where stdout cannot show every character."""
    try:
        record.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        record = json.dumps(json.loads(record), indent=1)
    print(record)


def _print_failure(arguments: Arguments, reason: str) -> None:
    """A record without figures for an error that ended the run before there was a result."""
    from harness.engines.result import Provenance, Result, SearchRecord  # noqa: PLC0415
    from harness.engines.version import package_version  # noqa: PLC0415

    mapper = "given" if arguments.mapping is not None else arguments.profile or DEFAULT_PROFILE
    result = Result(
        status="failed",
        reason=reason,
        architecture="" if arguments.spec else arguments.architecture,
        layer=arguments.layer or "",
        fusion=arguments.fusion_level,
        engine=arguments.first_engine,
        search=SearchRecord(mapper, "", "no_mapping", seed=arguments.seed),
        provenance=Provenance(
            version=package_version(),
            spec_hash="",
            ert_hash=None,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            command=arguments.command,
        ),
    )
    _print_record(result.to_json())
