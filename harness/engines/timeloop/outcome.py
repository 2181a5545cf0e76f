"""What came of a run of a real program: figures, no mapping, or a failure told in words.

Exit codes do not tell: the mapper leaves with 0 and empty files where it found nothing, and a program that
was killed may have written all it had. So the files decide, and the exit code only explains their absence.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from harness.engines.timeloop.installation import MODEL
from harness.engines.timeloop.log import Log
from harness.engines.timeloop.process import Ended
from harness.engines.timeloop.records import Figures, figures
from harness.errors import HarnessError
from harness.timeloop_outputs import RunLog


@dataclass(frozen=True)
class Outcome:
    """``ended`` is for the record of the run, ``reason`` for people; None where there are figures."""

    status: Literal["ok", "no_mapping", "failed"]
    ended: str
    reason: str | None = None
    figures: Figures | None = None


def outcome_of(
    program: str, ended: Ended, log: Log, outputs: Mapping[str, str], limit_seconds: float
) -> Outcome:
    """``outputs`` are the files that have any content, by name."""
    names = (f"{program}.stats.txt", f"{program}.map+stats.xml", f"{program}.map.txt")
    stats = outputs.get(names[0])
    if stats is None or (ended.code != 0 and ended.how == "finished"):
        return _without_figures(program, ended, log, limit_seconds)
    if ended.killed and names[1] not in outputs:  # both programs write all of their files, this one late
        return _without_figures(program, ended, log, limit_seconds)
    try:
        read = figures(stats, outputs.get(names[1]), outputs.get(names[2]), names)
    except HarnessError as error:
        if ended.code != 0:
            return _without_figures(program, ended, log, limit_seconds)
        return Outcome("failed", "unreadable output", f"{program} wrote what cannot be read: {error}")
    return Outcome("ok", f"{ended.how}, killed" if ended.killed else ended.how, figures=read)


def _without_figures(program: str, ended: Ended, log: Log, limit_seconds: float) -> Outcome:
    told, words = log.read(), log.last_words()
    said = f"; its last words: {words}" if words else ""
    obeyed = ended.code in (-signal.SIGINT, 128 + signal.SIGINT)  # the latter of a script around it
    in_vain = told.found_nothing or (obeyed and not told.valid)
    if ended.how != "finished" and not ended.killed and (program == MODEL or in_vain):
        within = (
            f"within the time limit of {limit_seconds:g} s" if ended.how == "time limit" else "until then"
        )
        if program == MODEL:
            return Outcome("failed", ended.how, f"{program} did not evaluate the mapping {within}")
        return Outcome("no_mapping", ended.how, f"{program} found no valid mapping {within}")
    if told.emptiness and ended.code != 0:
        reason = f"{program} finds that the map space is empty: {told.emptiness}"
        return Outcome("no_mapping", _by_itself(ended.code), reason)
    if ended.killed:
        reason = f"{program} did not end when it was asked to ({ended.how}) and was killed"
        return Outcome("failed", "killed", reason + said)
    if ended.code != 0:
        how = _by_itself(ended.code)
        return Outcome("failed", how, f"{program} {'was ' if ended.code < 0 else ''}{how}{said}")
    if told.found_nothing:
        return Outcome("no_mapping", ended.how, f"{program} found no valid mapping{_in_vain(told)}")
    return Outcome("failed", "no output", f"{program} ended without an error and without figures{said}")


def _in_vain(log: RunLog) -> str:
    """How many it tried; it gives up after ``timeout`` invalid ones in a row."""
    if not log.tried:
        return ""
    tried = f" among {'' if log.tried_is_all else 'at least '}{log.tried:,} that it tried"
    fanout = sum(thread.fanout_failures or 0 for thread in log.threads)
    capacity = sum(thread.capacity_failures or 0 for thread in log.threads)
    return f"{tried} ({fanout:,} exceed a fan-out, {capacity:,} a capacity)" if fanout + capacity else tried


def _by_itself(code: int) -> str:
    if code >= 0:
        return f"ended with exit code {code}"
    with contextlib.suppress(ValueError):
        return f"ended by {signal.Signals(-code).name}"
    return f"ended by signal {-code}"
