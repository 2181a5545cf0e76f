"""The command ``harness check``: whether the real Timeloop gives the same figures for the same mapping."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.check_arguments import CheckArguments, parse_check_arguments
from harness.cli.errors import DIFFERS, NO_MAPPING, USER_ERROR, guarded, say
from harness.cli.new_file import new_file
from harness.errors import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from harness.report.check.checked import Checked

NARROWEST = 60
"""Columns below which the tables cannot be read; a narrower terminal breaks the lines itself."""


def main(argv: Sequence[str], program: str = "harness check") -> int:
    """Exit code: 0 equal, 1 different, 2 for an error of the user's, 3 without a mapping, 70 for our bugs."""
    try:
        arguments = parse_check_arguments(argv, program)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return guarded(program, arguments.debug, lambda: _run(arguments, program))


def _run(arguments: CheckArguments, program: str) -> int:
    # Heavy rooms are imported here, after the command line is known to be good.
    csv = None if arguments.csv is None else new_file("--csv", arguments.csv, (".csv",))
    console = _console(stderr=arguments.json)
    every = _every_folder(arguments, console) if arguments.folders else [_files(arguments, console)]
    if csv is not None:
        _write_csv(csv, every)
        say(f"{program}: written: {one_line(str(csv))}")
    if arguments.json:
        from harness.report.check.exports import json_text  # noqa: PLC0415

        print(json_text(every))
    else:
        _show(console, every, arguments.everything)
    return exit_code(every)


def _every_folder(arguments: CheckArguments, console: Console) -> list[Checked]:
    from harness.cli.check_planning import checked_folder, folders_to_check  # noqa: PLC0415

    folders = folders_to_check(arguments)
    done = []
    for number, folder in enumerate(folders, start=1):
        if len(folders) > 1 and console.is_terminal:
            with console.status(f"{number} of {len(folders)}: {one_line(str(folder))}"):
                done.append(checked_folder(folder, alone=False))
        else:
            done.append(checked_folder(folder, alone=len(folders) == 1))
    return done


def _files(arguments: CheckArguments, console: Console) -> Checked:
    from harness.cli.check_planning import checked_files, job_of_files  # noqa: PLC0415
    from harness.cli.interrupt import StopOnInterrupt  # noqa: PLC0415
    from harness.report.live import LiveSearch  # noqa: PLC0415

    job = job_of_files(arguments)
    with StopOnInterrupt() as stop, LiveSearch(console) as live:
        return checked_files(arguments, job, live, stop)


def _show(console: Console, every: Sequence[Checked], everything: bool) -> None:
    from harness.report.check.screen import print_checked, print_list  # noqa: PLC0415

    if len(every) == 1:
        print_checked(console, every[0], everything)
        return
    for checked in every:
        if everything or checked.status != "equal":
            print_checked(console, checked, everything, brief=not everything)
            console.print()
    print_list(console, every)


def exit_code(every: Sequence[Checked]) -> int:
    """A difference weighs most, then what could not be read, then what has no mapping."""
    codes = {_code(checked) for checked in every}
    return next((code for code in (DIFFERS, USER_ERROR, NO_MAPPING) if code in codes), 0)


def _code(checked: Checked) -> int:
    check = checked.check
    if check is None:
        return USER_ERROR
    if checked.status != "not_checked":
        return DIFFERS if checked.status == "differs" else 0
    statuses = {check.ours.status, check.theirs.status}
    if "ok" in statuses:
        return DIFFERS
    return NO_MAPPING if "no_mapping" in statuses else USER_ERROR


def _write_csv(place: Path, every: Sequence[Checked]) -> None:
    from harness.report.check.exports import csv_text  # noqa: PLC0415
    from harness.report.files import write_folder  # noqa: PLC0415

    write_folder(place.parent, {place.name: csv_text(every)})


def _console(stderr: bool) -> Console:
    from harness.report.terminal import command_console  # noqa: PLC0415 - rich is slow to import

    return command_console(stderr, NARROWEST)
