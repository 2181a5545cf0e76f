"""The command ``harness energy``: what an architecture's energies and areas are and where they come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.energy_arguments import EnergyArguments, parse_energy_arguments
from harness.cli.errors import guarded, say
from harness.cli.new_file import new_file
from harness.errors import one_line

if TYPE_CHECKING:
    from rich.console import Console

    from harness.engines.energy_tables import EnergyTables
    from harness.report.energy.compare import Comparison

NARROWEST = 60
"""Columns below which the tables cannot be read; a narrower terminal breaks the lines itself."""


def main(argv: Sequence[str], program: str = "harness energy") -> int:
    """Exit code: 0, 2 for an error of the user's, 70 for a bug of ours."""
    try:
        arguments = parse_energy_arguments(argv, program)
    except SystemExit as leaving:
        return int(leaving.code or 0)
    return guarded(program, arguments.debug, lambda: _run(arguments, program))


def _run(arguments: EnergyArguments, program: str) -> int:
    # Heavy rooms are imported here, after the command line is known to be good.
    from harness.cli.energy_planning import planned_tables  # noqa: PLC0415
    from harness.report.energy.compare import compare, read_tables  # noqa: PLC0415
    from harness.report.energy.find import find_lines  # noqa: PLC0415

    others = [read_tables(Path(name)) for name in arguments.compare]
    tables = planned_tables(arguments)
    if arguments.why is not None:
        # A name of nothing is told before anything is written.
        find_lines(tables, arguments.why)
    comparisons = [compare(tables, other) for other in others]
    written = _written(arguments, tables)
    for place in written:
        say(f"{program}: written: {one_line(place)}")
    if arguments.json:
        from harness.report.energy.exports import json_text  # noqa: PLC0415

        print(json_text(tables, comparisons))
        return 0
    if written and arguments.why is None and not comparisons:
        # Who asks for files gets files; what may spoil them is told all the same.
        for warning in tables.warnings:
            say(f"{program}: warning: {one_line(warning)}")
        return 0
    _show(_console(), arguments, tables, comparisons)
    return 0


def _show(
    console: Console, arguments: EnergyArguments, tables: EnergyTables, comparisons: Sequence[Comparison]
) -> None:
    if arguments.why is not None:
        from harness.report.energy.why import print_derivation  # noqa: PLC0415

        print_derivation(console, tables, arguments.why)
    elif comparisons:
        from harness.report.energy.compare_screen import print_comparison  # noqa: PLC0415

        for comparison in comparisons:
            print_comparison(console, comparison, arguments.everything)
    else:
        from harness.report.energy.screen import print_tables  # noqa: PLC0415

        print_tables(console, tables, arguments.everything)


def _written(arguments: EnergyArguments, tables: EnergyTables) -> list[str]:
    """Writes the files that were asked for; where they are."""
    from harness.report.energy.exports import ART_NAME, ERT_NAME, csv_text, timeloop_files  # noqa: PLC0415
    from harness.report.files import write_folder  # noqa: PLC0415

    # All names are looked at before the first file is written.
    csv = None if arguments.csv is None else new_file("--csv", arguments.csv, (".csv",))
    html = None if arguments.html is None else new_file("--html", arguments.html, (".html", ".htm"))
    done: list[str] = []
    if arguments.ert is not None:
        files = timeloop_files(tables)
        write_folder(Path(arguments.ert), files, (ERT_NAME, ART_NAME))
        done.append(f"{arguments.ert.rstrip('/')}/ ({', '.join(files)})")
    if csv is not None:
        write_folder(csv.parent, {csv.name: csv_text(tables)})
        done.append(str(csv))
    if html is not None:
        from harness.report.energy.page import tables_page  # noqa: PLC0415

        write_folder(html.parent, {html.name: tables_page([tables], command=arguments.command)})
        done.append(str(html))
    return done


def _console() -> Console:
    from harness.report.terminal import command_console  # noqa: PLC0415 - rich is slow to import

    return command_console(narrowest=NARROWEST)
