"""One mapping in both engines: ours and the real Timeloop evaluate it, and the figures are compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.engines import embedded
from harness.engines.by_name import engine_named
from harness.engines.comparison import Comparison, compare
from harness.engines.directives import with_directives
from harness.engines.job import Job
from harness.engines.likely_causes import causes_in, causes_in_stats
from harness.engines.result import Result
from harness.engines.timeloop_folder import SEARCHES, TimeloopFolder
from harness.errors import HarnessError, SpecError
from harness.mapspace.mapper_orders import PRUNING
from harness.spec.flattened import read_mapping

ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class CrossCheck:
    """``causes`` are sentences about differences that could be shown, ``remarks`` what was not the same on
    both sides or is missing.
    """

    ours: Result
    theirs: Result
    comparison: Comparison
    causes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def job_of_mapping(job: Job, found: Result) -> Job:
    """The job that evaluates the mapping of ``found``, with the tables that ``found`` was evaluated with."""
    specification = job.specification
    architecture, mapping = specification.architecture, specification.mapping
    if found.evaluation is not None:
        architecture, mapping = found.evaluation.architecture, found.evaluation.mapping
    elif found.mapping:
        read = read_mapping(list(found.mapping), architecture, specification.problem)
        mapping = with_directives(read, specification.constraints)
    return replace(job, specification=replace(specification, architecture=architecture, mapping=mapping))


def check_by_timeloop(job: Job, ours: Result, should_stop: ShouldStop | None = None) -> CrossCheck:
    """The real Timeloop evaluates the mapping of ``ours``, a result of this package's engine.

    HarnessError where it is not installed; whatever else goes wrong there is a comparison without figures.
    """
    theirs = engine_named("timeloop")(job_of_mapping(job, ours), None, should_stop)
    return crossed(ours, theirs)


def check_of_timeloop(job: Job, theirs: Result) -> CrossCheck:
    """This package's engine evaluates the mapping that the real Timeloop found; whatever goes wrong is a
    comparison without figures.
    """
    asked = job
    try:
        asked = job_of_mapping(job, theirs)
        if asked.specification.mapping is None:
            raise SpecError("the mapping that Timeloop wrote cannot be read")
        ours = embedded.run(asked)
    except HarnessError as error:
        ours = embedded.without_mapping(asked, "failed", str(error))
    check = crossed(ours, theirs)
    if check.comparison.differing and theirs.search is not None:
        return replace(check, causes=check.causes + _untold_orders(asked, theirs.search.mapper))
    return check


def crossed(ours: Result, theirs: Result) -> CrossCheck:
    """Both results as they are, compared."""
    comparison = compare(ours, theirs)
    return CrossCheck(ours, theirs, comparison, causes_in(comparison))


def check_folder(found: TimeloopFolder) -> CrossCheck:
    """Our evaluation of the mapping in a folder of the real Timeloop against the files that lie there.

    Where figures differ and a Timeloop is installed, that one is asked too: it shows whether the files are
    of another version.
    """
    if found.theirs.status != "ok":
        return crossed(embedded.without_mapping(found.job, "no_mapping", "there is no mapping"), found.theirs)
    ours = embedded.run(found.job)
    comparison = compare(ours, found.theirs)
    causes: tuple[str, ...] = ()
    if comparison.differing:
        causes = causes_in(comparison)
        if found.printed is not None:
            causes += causes_in_stats(found.printed, ours)
        untold: tuple[str, ...] = ()
        if found.theirs.timeloop is not None and found.theirs.timeloop.program == SEARCHES:
            untold = _untold_orders(found.job, found.job.specification.settings.algorithm)
        causes += untold or _asked_now(found.job, ours)
    return CrossCheck(ours, found.theirs, comparison, causes, found.remarks)


def _untold_orders(job: Job, algorithm: str) -> tuple[str, ...]:
    """That the mapping on our side may not be the one that was searched, where that is so."""
    if job.specification.architecture.sparse is None or algorithm in PRUNING:
        return ()
    return (
        f"timeloop-mapper's {algorithm} search moves loops of a single iteration too; sparse figures depend "
        "on where they lie, which its files do not tell: the mapping it printed need not be the one it found",
    )


def _asked_now(job: Job, ours: Result) -> tuple[str, ...]:
    """What the installed Timeloop says of the same mapping; nothing where none is installed or it fails."""
    if ours.status != "ok":
        return ()
    try:
        now = check_by_timeloop(job, ours).comparison
    except HarnessError:
        return ()
    if now.status == "equal":
        return ("the Timeloop that is installed here gives our figures: the files are of another version",)
    if now.status == "differs":
        return (f"the Timeloop that is installed here differs from ours too, in {len(now.differing)} fields",)
    return ()
