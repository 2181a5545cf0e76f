"""From the paths of ``harness check`` to comparisons: whose folder it is, and who has to evaluate."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness.cli.arguments import Arguments
from harness.cli.check_arguments import CheckArguments
from harness.engines import embedded
from harness.engines.comparison import Comparison, compare
from harness.engines.cross_check import CrossCheck, check_by_timeloop, check_folder, crossed, job_of_mapping
from harness.engines.job import Job
from harness.engines.result import Result
from harness.engines.timeloop import require_installation
from harness.engines.timeloop_folder import INPUTS, job_in_folder, program_in, read_timeloop_folder
from harness.errors import HarnessError, Location, SpecError
from harness.report.check.checked import Checked
from harness.report.outputs import RESULT

if TYPE_CHECKING:
    from harness.cli.interrupt import StopOnInterrupt
    from harness.report.live import LiveSearch

MOST_FOLDERS = 10_000


def folders_to_check(arguments: CheckArguments) -> tuple[Path, ...]:
    """The folders that were named, or those with outputs below them. SpecError where there are none.

    HarnessError, before anything runs, where one of them needs an installed Timeloop and there is none.
    """
    found: list[Path] = []
    for name in arguments.folders:
        inside = list(_with_outputs(Path(name)))
        if not inside:
            hint = f"such a folder has {INPUTS[0]} and {RESULT}, or timeloop-mapper.stats.txt"
            raise SpecError("no outputs of this program or of Timeloop in here", Location(name), hint)
        found += [folder for folder in inside if folder not in found]
    if any(_is_ours(folder) for folder in found):
        require_installation()
    return tuple(found)


def _with_outputs(folder: Path) -> Iterator[Path]:
    """The folder itself, or what lies below it and has outputs; not what lies below such a one."""
    for count, (place, below, _) in enumerate(os.walk(folder), start=1):
        here = Path(place)
        if count > MOST_FOLDERS:
            raise SpecError(f"more than {MOST_FOLDERS:,} folders", Location(str(folder)))
        if program_in(here) is not None or _record(here) is not None:
            below.clear()
            yield here
        below.sort()


def _is_ours(folder: Path) -> bool:
    """Whether this package's engine made the figures in the folder, or found that there are none."""
    record = _record(folder)
    return record is not None and record.get("engine", "embedded") == "embedded"


def _record(folder: Path) -> dict[str, Any] | None:
    """The record of one job; a pair's is none, its sides have folders of their own."""
    try:
        record = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and "status" in record and "pair" not in record else None


def checked_folder(folder: Path, alone: bool) -> Checked:
    """The comparison of one folder. Among several a folder that cannot be read is told and passed over."""
    name = str(folder)
    try:
        if _is_ours(folder):
            return Checked(name, _of_ours(folder))
        if program_in(folder) is None and (recorded := _recorded(folder)) is not None:
            return Checked(name, _without_figures(recorded))
        return Checked(name, check_folder(read_timeloop_folder(folder)))
    except HarnessError as error:
        if alone:
            raise
        return Checked(name, None, str(error))


def _of_ours(folder: Path) -> CrossCheck:
    """The figures in a folder of ours against those of the real Timeloop for the mapping there.

    HarnessError for figures of ``--compat none``, which Timeloop does not have, and for a record that
    cannot be read.
    """
    record = _record(folder)
    assert record is not None
    recorded = Result.from_record(record, str(folder / RESULT))
    if recorded.status != "ok":
        return _without_figures(recorded)
    if recorded.compat is None:
        raise HarnessError(
            f"{folder} has corrected figures (--compat none), which the real Timeloop does not have",
            hint="run it again without --compat none",
        )
    job = replace(job_in_folder(folder), architecture=recorded.architecture, layer=recorded.layer)
    ours = embedded.run(job)
    check = crossed(recorded, check_by_timeloop(job, ours).theirs)
    again = compare(recorded, ours)
    if again.status == "equal":
        return check
    remark = (
        f"{RESULT} has other figures than this package gives now, in {len(again.differing)} fields: "
        f"it is of version {recorded.provenance.version}, made by: {recorded.provenance.command}"
    )
    return replace(check, remarks=(*check.remarks, remark))


def _without_figures(result: Result) -> CrossCheck:
    """Nothing to be compared, and why: a search that found no mapping, a run that failed."""
    return CrossCheck(result, result, Comparison((), reason=result.reason or result.status))


def _recorded(folder: Path) -> Result | None:
    """The record of the folder; None where it is of another shape."""
    record = _record(folder)
    try:
        return None if record is None else Result.from_record(record, str(folder / RESULT))
    except HarnessError:
        return None


def job_of_files(arguments: CheckArguments) -> Job:
    """The job of the files, with a mapping only where one is given."""
    from harness.cli.planning import plan  # noqa: PLC0415 - imports much that folders do not need
    from harness.spec.loading import expand_files  # noqa: PLC0415

    expand_files(arguments.spec)  # a mistyped name is no reason to install anything
    require_installation()
    asked = Arguments(
        spec=arguments.spec,
        mapping=arguments.mapping,
        profile=arguments.profile,
        jinja=arguments.jinja,
        command=arguments.command,
    )
    return plan(asked).jobs[0].job


def checked_files(arguments: CheckArguments, job: Job, live: LiveSearch, stop: StopOnInterrupt) -> Checked:
    """Both engines evaluate the mapping of the files, or the one that our search finds."""
    more = f" and {len(arguments.spec) - 1} more" if len(arguments.spec) > 1 else ""
    name = f"{arguments.spec[0]}{more}"
    ours = embedded.run(job, live.update, stop.should_stop)
    if ours.status == "no_mapping":
        return Checked(name, _without_figures(ours))
    if ours.status != "ok":
        # A mapping that we refuse: the real one should refuse it too.
        return Checked(name, _both_refuse(job, ours, stop))
    check = check_by_timeloop(job, ours, stop.from_now())
    if job.specification.mapping is None:
        remark = f"the mapping is one that our search found ({ours.search.mapper})"
        check = replace(check, remarks=(*check.remarks, remark))
    return Checked(name, check)


def _both_refuse(job: Job, ours: Result, stop: StopOnInterrupt) -> CrossCheck:
    return check_by_timeloop(job_of_mapping(job, ours), ours, stop.from_now())
