"""What was asked to be checked, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.engines.cross_check import CrossCheck
from harness.engines.result import Result
from harness.errors import one_line
from harness.report import quantities

CheckedStatus = Literal["equal", "differs", "not_checked"]


@dataclass(frozen=True)
class Checked:
    """``name`` is the folder or file that was named. ``error`` stands where nothing could be compared at all
    and there is no ``check``.
    """

    name: str
    check: CrossCheck | None
    error: str | None = None

    @property
    def status(self) -> CheckedStatus:
        return "not_checked" if self.check is None else self.check.comparison.status

    @property
    def reason(self) -> str | None:
        """In one line: it may have words of files and of other programs."""
        reason = self.error if self.check is None else self.check.comparison.record().reason
        return None if reason is None else one_line(reason)


def theirs_in_words(theirs: Result) -> str:
    """Which program it was and how exact its figures are."""
    run = theirs.timeloop
    if run is None:
        return theirs.engine
    build = f" {run.identity}" if run.identity else ""
    front_end = f" behind {run.front_end}" if run.front_end else ""
    took = f", {quantities.duration(run.seconds)}" if run.seconds else ""
    return f"{run.program}{build}{front_end}{took}; {precision_in_words(theirs)}"


def precision_in_words(theirs: Result) -> str:
    run = theirs.timeloop
    if run is None or theirs.status != "ok":
        return "no figures"
    if run.precision == "printed":
        return "figures as its stats file prints them"
    return "figures of its XML file, leakage and areas of storage as printed"
