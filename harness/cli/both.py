"""``run.py --engine both``: the real Timeloop evaluates our mapping and searches one of its own, too."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from harness.cli.errors import DIFFERS
from harness.engines.by_name import engine_named
from harness.engines.cross_check import CrossCheck, check_by_timeloop, check_of_timeloop, crossed
from harness.engines.embedded import without_mapping
from harness.engines.job import Job
from harness.engines.result import Result
from harness.errors import HarnessError
from harness.report.files import remove_if_empty, write_folder
from harness.report.live import LiveSearch
from harness.report.outputs import ALL_NAMES, output_files

if TYPE_CHECKING:
    from rich.console import Console

    from harness.cli.arguments import Arguments
    from harness.cli.interrupt import StopOnInterrupt
    from harness.cli.planning import Planned

FOLDER = "timeloop"
"""Below the output folder: what the real Timeloop wrote, in its search or, without one, of our mapping."""

OF_OURS = "of_our_mapping"
"""Below that: its evaluation of our mapping, where it searched too."""


@dataclass(frozen=True)
class Both:
    """``ours`` is our result with the comparison in its record. ``theirs`` is None where nothing was searched
    there, ``of_ours`` and ``of_theirs`` where that side has no mapping to be compared.
    """

    ours: Result
    theirs: Result | None = None
    of_ours: CrossCheck | None = None
    of_theirs: CrossCheck | None = None
    notes: tuple[str, ...] = ()

    @property
    def checks(self) -> tuple[CrossCheck, ...]:
        return tuple(check for check in (self.of_ours, self.of_theirs) if check is not None)

    @property
    def exit_code(self) -> int:
        """0 where every mapping has equal figures in both, the real one's search did not fail, and it did not
        find a mapping where ours found none.
        """
        unequal = any(check.comparison.status != "equal" for check in self.checks)
        found = None if self.theirs is None else self.theirs.status
        only_theirs = found == "ok" and self.ours.status != "ok"
        return DIFFERS if unequal or found == "failed" or only_theirs else 0


def ask_timeloop(
    console: Console, planned: Planned, ours: Result, arguments: Arguments, stop: StopOnInterrupt
) -> Both:
    """What the real Timeloop says to the job of ``ours``. After a Ctrl-C it only evaluates our mapping.

    Where it cannot be asked, that is a comparison without figures, for ``ours`` is to be kept.
    """
    if planned.refusal is not None:
        return Both(ours)
    job = planned.job
    of_ours = _of_ours(job, ours, stop) if ours.status == "ok" else None
    notes: tuple[str, ...] = () if of_ours is None else of_ours.theirs.notes
    if of_ours is not None:
        ours = replace(ours, check=of_ours.comparison.record())
    if job.specification.mapping is not None:
        return Both(ours, of_ours=of_ours, notes=notes)
    if stop.requested:
        return Both(ours, of_ours=of_ours, notes=(*notes, "the real Timeloop did not search, as you stopped"))
    if of_ours is not None and of_ours.theirs.timeloop is None:
        return Both(ours, of_ours=of_ours, notes=(*notes, "the real Timeloop did not search either"))
    theirs = _search(console, job, arguments, stop)
    notes = tuple(dict.fromkeys((*notes, *theirs.notes)))
    if stop.requested:
        notes += (f"the real Timeloop was stopped by {stop.by}",)
    of_theirs = None
    if theirs.status == "ok":
        of_theirs = check_of_timeloop(job, theirs)
        theirs = replace(theirs, check=of_theirs.comparison.record())
    return Both(ours, theirs, of_ours, of_theirs, notes)


def _of_ours(job: Job, ours: Result, stop: StopOnInterrupt) -> CrossCheck:
    stopped_before = stop.requested
    try:
        check = check_by_timeloop(job, ours, stop.from_now())
    except HarnessError as error:
        return crossed(ours, _not_asked(job, error))
    if stop.requested and not stopped_before:
        note = f"the real Timeloop was stopped by {stop.by} while it evaluated our mapping"
        check = replace(check, theirs=replace(check.theirs, notes=(*check.theirs.notes, note)))
    return check


def _search(console: Console, job: Job, arguments: Arguments, stop: StopOnInterrupt) -> Result:
    try:
        with LiveSearch(console, arguments.live) as live:
            return engine_named("timeloop")(job, live.update, stop.should_stop)
    except HarnessError as error:
        return _not_asked(job, error)


def _not_asked(job: Job, error: HarnessError) -> Result:
    """In place of a result of the real Timeloop, which did not come to run."""
    note = f"the real Timeloop cannot be asked: {error}"
    return replace(without_mapping(job, "failed", str(error)), engine="timeloop", notes=(note,))


def print_both(console: Console, both: Both) -> None:
    """What came of asking the real Timeloop too; nothing where it was not asked."""
    from harness.report.check.side_by_side import print_side_by_side  # noqa: PLC0415 - rich is slow to import

    if both.theirs is not None or both.checks:
        print_side_by_side(console, both.ours, both.theirs, both.of_ours, both.of_theirs)
        console.print()


def write_theirs(folder: Path, both: Both) -> None:
    """The real Timeloop's files below the output folder, nothing of an earlier run between them."""
    place = folder / FOLDER
    evaluated = None if both.of_ours is None else both.of_ours.theirs
    searched = both.theirs
    _write(place, searched or evaluated)
    _write(place / OF_OURS, evaluated if searched is not None else None)


def _write(place: Path, result: Result | None) -> None:
    if result is not None:
        write_folder(place, output_files(result), ALL_NAMES)
    elif place.is_dir():
        write_folder(place, {}, ALL_NAMES)
        remove_if_empty(place)
