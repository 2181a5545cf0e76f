"""Which engine made the figures of a sweep, and what the comparison of both gave; no word where there is one.

The words of the summary and of the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from harness.report.sweep.words import indices_in_words, several

if TYPE_CHECKING:
    from harness.engines.result import CheckRecord
    from harness.sweep.results import Check, SweepResults
    from harness.sweep.study import Study, SweepEngine

ENGINES: dict[SweepEngine, str] = {
    "embedded": "this program",
    "timeloop": "the real Timeloop",
    "both": "this program, each mapping evaluated by the real Timeloop too",
}

CHECKS = {"equal": "equal", "differs": "differs", "not_checked": "not checked"}
"""The status of a :class:`harness.engines.result.CheckRecord` for people."""

_SHOWN_FIELDS = 4
_SHOWN_LINES = 20


def engine_words(results: SweepResults, study: Study) -> str | None:
    """One line about the engine, None for this program alone."""
    engine = study.settings.engine
    if engine == "embedded":
        return None
    if engine == "timeloop":
        return "mapped and evaluated by the real Timeloop"
    return checks_in_words(results.checks(study.number))


def checks_in_words(checks: Sequence[Check]) -> str:
    """How many mappings got equal figures from both engines."""
    counts = Counter(check.record.status for check in checks)
    if not checks:
        return "checked by the real Timeloop: no mapping yet"
    told = f"checked by the real Timeloop: {counts['equal']:,} of {several(len(checks), 'mapping')} equal"
    if counts["differs"]:
        told += f", {counts['differs']:,} differ" + ("s" if counts["differs"] == 1 else "")
    if counts["not_checked"]:
        told += f", {counts['not_checked']:,} not checked"
    return told


def unequal_lines(checks: Sequence[Check]) -> Iterator[str]:
    """Every comparison that did not come out equal, those of one layer with the same outcome in one line."""
    places: dict[tuple[str, str], list[int]] = {}
    for check in checks:
        if check.record.status != "equal":
            places.setdefault((check.layer, unequal_in_words(check.record)), []).append(check.index)
    for (layer, told), indices in list(places.items())[:_SHOWN_LINES]:
        yield f"{layer} on {indices_in_words(indices)}: {told}"
    if len(places) > _SHOWN_LINES:
        yield f"and {several(len(places) - _SHOWN_LINES, 'other difference')}"


def unequal_in_words(record: CheckRecord) -> str:
    if record.status == "not_checked":
        return f"not checked: {record.reason or 'the real Timeloop gave no figures'}"
    shown = ", ".join(record.differing[:_SHOWN_FIELDS])
    more = record.differences - min(len(record.differing), _SHOWN_FIELDS)
    rest = f" and {more:,} more" if more > 0 else ""
    differing = f"{record.differences:,} of {record.compared:,} figures"
    return f"differs from the real Timeloop in {differing}: {shown}{rest}"
