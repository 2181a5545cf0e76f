"""The attempts as a table of plain text, with the remarks below it."""

from __future__ import annotations

from collections.abc import Sequence

from tabulate import tabulate

from benchmarks.figures import shown
from benchmarks.peers.attempt import Attempt

HEADERS = ("job", "mapper", "answer", "CPU s", "s to best", "EDP, J*cycles", "of the best", "EDP it says", "")


def table(attempts: Sequence[Attempt]) -> str:
    """Rows by job. A figure that does not exist is a dash; numbers in brackets lead to the remarks."""
    remarks: list[str] = []
    rows = [_row(attempt, _least(attempts, attempt.job), remarks) for attempt in attempts]
    body = tabulate(
        rows,
        HEADERS,
        tablefmt="simple",
        disable_numparse=True,
        colalign=("left", "left", "left", *("right",) * 5, "left"),
    )
    notes = "\n".join(f"[{number}] {remark}" for number, remark in enumerate(remarks, start=1))
    return f"{body}\n\n{notes}" if notes else body


def _row(attempt: Attempt, least: float | None, remarks: list[str]) -> list[str]:
    marks = []
    for remark in attempt.remarks:
        if remark not in remarks:
            remarks.append(remark)
        marks.append(f"[{remarks.index(remark) + 1}]")
    ratio = None if attempt.edp is None or least is None else attempt.edp / least
    return [
        attempt.job,
        attempt.mapper,
        attempt.status,
        _figure(attempt.seconds),
        _figure(attempt.seconds_to_best),
        _edp(attempt.edp),
        "-" if ratio is None else f"{ratio:.4f}",
        _edp(attempt.told_edp),
        "".join(marks),
    ]


def _least(attempts: Sequence[Attempt], job: str) -> float | None:
    """The best EDP in the map space common to all."""
    found = [a.edp for a in attempts if a.job == job and a.inside and a.edp is not None]
    return min(found, default=None)


def _edp(edp: float | None) -> str:
    return "-" if edp is None else f"{edp:.6g}"


def _figure(seconds: float | None) -> str:
    return "-" if seconds is None else shown(seconds)
