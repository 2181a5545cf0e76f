"""The command ``hwdse_run.py``: layers on many configurations of hardware, and which is best."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.errors import INTERRUPTED, NO_MAPPING, USER_ERROR, guarded, one_line, say
from harness.cli.hwdse_arguments import SweepArguments, parse_sweep_arguments
from harness.errors import HarnessError, Location, SpecError

if TYPE_CHECKING:
    from rich.console import Console

    from harness.cli.sweep_folder import SweepFolder
    from harness.cli.sweep_jobs import FinishedLayer, SweepJob
    from harness.spec.settings import SearchSettings
    from harness.spec.templates import ArchitectureTemplate
    from harness.sweep.configuration import Configurations
    from harness.sweep.record import ConfigurationRecord, Settings
    from harness.sweep.workload import Workload
    from harness.workloads import Model

PROGRAM = "hwdse_run.py"


def main(argv: Sequence[str] | None = None) -> int:
    """Exit code: 0 with a configuration that maps every layer, 3 when none has a mapping for every layer,
    2 for an error of the user's, 70 for a bug of ours, 130 when stopped by Ctrl-C.
    """
    try:
        arguments = parse_sweep_arguments(sys.argv[1:] if argv is None else argv, PROGRAM)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return guarded(PROGRAM, arguments.debug, lambda: _run(arguments))


def _run(arguments: SweepArguments) -> int:
    if arguments.summary_only:
        return _summarise(arguments)
    from harness.sweep.configuration import ConfigurationMistakes  # noqa: PLC0415 - after the parsing

    try:
        return _sweep(arguments)
    except ConfigurationMistakes as error:
        for mistake in error.mistakes:
            say(f"{PROGRAM}: error: {one_line(mistake)}")
        return USER_ERROR


def _summarise(arguments: SweepArguments) -> int:
    from harness.sweep.record import FILE_NAME, read_folder  # noqa: PLC0415

    folder = Path(arguments.out)
    if not folder.is_dir():
        raise HarnessError(f"no folder '{folder}' to summarise", hint="choose another with -o")
    records, unreadable = read_folder(folder)
    for line in unreadable:
        say(f"{PROGRAM}: note: left out: {one_line(line)}")
    if not records:
        raise HarnessError(f"no results in '{folder}': no {FILE_NAME} of this program is there")
    return _show(_console(), records, arguments.table)


def _show(console: Console, records: Sequence[ConfigurationRecord], table: bool) -> int:
    from harness.report.sweep_screen import print_summary  # noqa: PLC0415

    print_summary(console, records, table)
    if any(record.metrics is not None for record in records):
        return 0
    failed = any(outcome.status == "failed" for record in records for outcome in record.layers)
    return USER_ERROR if failed else NO_MAPPING


def _sweep(arguments: SweepArguments) -> int:
    """Checks everything, then maps every layer on every configuration."""
    from harness.cli.sweep_folder import SweepFolder  # noqa: PLC0415
    from harness.cli.sweep_jobs import occurrence  # noqa: PLC0415
    from harness.report.files import make_folder, remove_if_empty  # noqa: PLC0415
    from harness.report.sweep_screen import print_sweep_heading  # noqa: PLC0415
    from harness.spec.templates import load_architecture_template  # noqa: PLC0415

    template = load_architecture_template(arguments.architecture)
    model = _model(arguments)
    workload = _workload(arguments, template, model)
    settings = _settings(arguments, workload)
    configurations = _configurations(arguments, template)
    console = _console()
    print_sweep_heading(
        console,
        architecture=template.name,
        configurations=len(configurations.chosen),
        others=configurations.others,
        workload=workload,
        settings=settings,
    )
    folder = Path(arguments.out)
    made = make_folder(folder)
    occurrences = [occurrence(share) for share in workload.shares]
    results = SweepFolder(folder, arguments.first_index, configurations.chosen, occurrences, settings)
    try:
        stopped = _run_jobs(console, arguments, configurations, workload, results)
    finally:
        results.close()
        remove_if_empty(made)
    if not results.records:
        say(f"{PROGRAM}: stopped by Ctrl-C before anything was finished")
        return INTERRUPTED
    code = _show(console, results.records, arguments.table)
    console.print(f"files in {folder}/", highlight=False, markup=False, soft_wrap=True)
    if stopped:
        rest = len(configurations.chosen) - len(results.records)
        begun = f"; {rest} configurations were not begun" if rest else ""
        say(f"{PROGRAM}: stopped by Ctrl-C, kept what was finished{begun}")
        return INTERRUPTED
    return code


def _run_jobs(
    console: Console,
    arguments: SweepArguments,
    configurations: Configurations,
    workload: Workload,
    results: SweepFolder,
) -> bool:
    """True when Ctrl-C ended it before the last job."""
    from harness.cli.interrupt import StopOnInterrupt  # noqa: PLC0415
    from harness.cli.sweep_jobs import failed_layers, run_sweep_job, sweep_jobs  # noqa: PLC0415
    from harness.report.sweep_progress import SweepProgress  # noqa: PLC0415
    from harness.search.processes import usable_cores  # noqa: PLC0415
    from harness.sweep.scheduler import run_tasks  # noqa: PLC0415

    count = len(configurations.chosen) * len(workload.problems)
    done = 0

    def take(finished: tuple[FinishedLayer, ...]) -> None:
        nonlocal done
        done += 1
        for layer in finished:
            results.add(layer)
            progress.layer_done(layer.index, layer.outcome)
        progress.job_done()

    def bury(job: SweepJob) -> None:
        take(failed_layers(job, "the process that mapped it died (killed, crashed or out of memory)"))

    with StopOnInterrupt() as stop, SweepProgress(console, count, arguments.live) as progress:
        run_tasks(
            run_sweep_job,
            sweep_jobs(arguments, configurations.chosen, workload),
            min(count, arguments.jobs or usable_cores()),
            on_done=take,
            on_death=bury,
            should_stop=stop.should_stop,
        )
    return done < count


def _model(arguments: SweepArguments) -> Model:
    from harness.workloads import load_model  # noqa: PLC0415

    overrides: dict[str, int | str] = {}
    if arguments.sequence is not None:
        overrides["sequence_length"] = arguments.sequence
    return load_model(arguments.model, overrides)


def _workload(arguments: SweepArguments, template: ArchitectureTemplate, model: Model) -> Workload:
    from harness.fusion import FusionOptions  # noqa: PLC0415
    from harness.sweep.workload import choose_layers  # noqa: PLC0415

    options = FusionOptions(arguments.no_e_fusion, arguments.l_fusion, arguments.pay_writeback_in_matmul)
    workload = choose_layers(arguments.words, model, template.fusion_levels, options, arguments.ignore_heads)
    for share in workload.shares:
        if arguments.sequence is not None and share.layer.model != model.name:
            message = f"{share.layer.name} has sizes of its own, --seq does not change them"
            raise SpecError(message, Location("command line"))
    return workload


def _settings(arguments: SweepArguments, workload: Workload) -> Settings:
    """What the results of this sweep share, in words. Reads the profile, so that a wrong one is told now."""
    from harness.cli.planning import chosen_settings  # noqa: PLC0415
    from harness.cli.sweep_jobs import mapper_arguments  # noqa: PLC0415
    from harness.engines.version import package_version  # noqa: PLC0415
    from harness.spec.profiles import load_profile  # noqa: PLC0415
    from harness.sweep.record import Settings  # noqa: PLC0415

    s = chosen_settings(mapper_arguments(arguments), load_profile(arguments.profile))
    parts = [workload.fusion_level or ""]
    parts += [
        word
        for given, word in (
            (arguments.no_e_fusion, "-nef"),
            (arguments.l_fusion, "-lf"),
            (arguments.pay_writeback_in_matmul, "-pwim"),
        )
        if given
    ]
    return Settings(
        model=workload.model,
        fusion=" ".join(parts) if workload.fusion_level is not None else None,
        mapper=_mapper_in_words(s),
        version=package_version(),
    )


def _mapper_in_words(s: SearchSettings) -> str:
    from harness.cli.planning import settings_summary  # noqa: PLC0415
    from harness.search.mappers import PROPOSING  # noqa: PLC0415

    words = settings_summary(s)
    if s.algorithm in PROPOSING:
        return f"{words}, victory condition {s.victory_condition}, timeout {s.timeout}"
    return f"{words}, time limit {s.time_limit:g} s" if s.time_limit else words


def _configurations(arguments: SweepArguments, template: ArchitectureTemplate) -> Configurations:
    from harness.spec.shipped import shipped_file  # noqa: PLC0415
    from harness.sweep.configuration import read_configurations  # noqa: PLC0415

    given = arguments.configurations
    return read_configurations(Path(given) if given else shipped_file("hw_configs.json"), template)


def _console() -> Console:
    from rich.console import Console  # noqa: PLC0415

    return Console(highlight=False)
