"""The row that comes nearest to a question which none answers, for the error message."""

from __future__ import annotations

import math
from collections.abc import Callable

from harness.estimation.query import AttributeValue, Query, shorten
from harness.estimation.tables.quantities import number_of, same
from harness.estimation.tables.rows import Entry, Table


def nearest_row(query: Query, table: Table, stated: Callable[[Query, str], AttributeValue]) -> str:
    """``; nearest is my.csv:4 with depth 128 (asked 100)``: the fewest differing keys, then the least ratio.

    Columns in which rows may be stretched count only where nothing else differs. "" for a table without keys.
    """
    asked = {key: value for key in table.keys if (value := stated(query, key)) is not None}
    if not asked or not table.entries:
        return ""

    def differing_in(entry: Entry) -> list[str]:
        every = [key for key, value in asked.items() if not same(key, value, entry.cells[key])]
        return [key for key in every if key in table.exact] or every

    def far(entry: Entry) -> tuple[int, float]:
        differing = differing_in(entry)
        return len(differing), sum(_ratio(key, asked[key], entry) for key in differing)

    entry = min(table.entries, key=far)
    differing = differing_in(entry)
    shown = (f"{key} {entry.cells[key] or 'empty'} (asked {_plain(asked[key])})" for key in differing)
    others = [f"{key} {_plain(v)}" for key, v in asked.items() if same(key, v, entry.cells[key])]
    equal = f" and {', '.join(others)}" if others else ""
    return f"; nearest is {entry.place} with {', '.join(shown)}{equal}"


def _ratio(key: str, asked: AttributeValue, entry: Entry) -> float:
    x, at = number_of(key, asked), number_of(key, entry.cells[key])
    if x is None or at is None or x <= 0 or at <= 0:
        return 1e3
    return abs(math.log(x / at))


def _plain(value: AttributeValue) -> str:
    return value if isinstance(value, str) and len(value) <= 60 else shorten(value)
