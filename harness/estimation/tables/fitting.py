"""Which rows of a table are meant by a question, and which one where several are."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from harness.estimation.query import AttributeValue, Declined, NoRow, Query, finite_number, shorten
from harness.estimation.tables.nearest import nearest_row
from harness.estimation.tables.quantities import same
from harness.estimation.tables.rows import CLOCK_COLUMNS, DELTAS, Entry, Table

CLOCK_ARGUMENTS = frozenset({*CLOCK_COLUMNS, "action_latency_cycles"})
"""What Timeloop's front end writes beside every action; a table answers at any clock."""

_FALLBACKS = {"update": ("update", "write"), "leak": ("leak", "idle")}


def stated(query: Query, column: str) -> AttributeValue:
    """What the component, or else the action, says about a column; None for nothing."""
    value = query.attributes.get(column)
    return query.arguments.get(column) if value is None else value


def rows_for(query: Query, table: Table) -> list[Entry]:
    """The rows whose exact keys, action and arguments fit; those of an area without doubles.

    A key that the query states must be equal; an empty cell is equal to an unstated one only. ``update`` may
    be answered by ``write``, ``leak`` by ``idle``.
    """
    exact = table.exact
    if query.action is None:
        found = [e for e in table.with_area if _fits(query, e, exact)]
        if found:
            return found
    else:
        for name in _FALLBACKS.get(query.action, (query.action,)):
            found = [e for e in table.by_action.get(name, ()) if _fits(query, e, exact)]
            if found:
                return _with_arguments(query, found, table)
    fitting = [e for e in table.entries if _fits(query, e, exact)]
    if not fitting:
        shown = ", ".join(f"{k}={shorten(stated(query, k))}" for k in table.keys)
        raise NoRow(f"no row for {shown}{nearest_row(query, table, stated)}")
    if query.action is None:
        raise Declined(f"the rows of {table.path.name} leave the area empty")
    known = ", ".join(dict.fromkeys(e.action for e in fitting))
    raise Declined(f"no row for action '{query.action}', only {known}")


def decided(
    query: Query, table: Table, rows: Sequence[Entry], value_of: Callable[[Entry], float]
) -> tuple[Entry, tuple[str, ...]]:
    """The row that counts among ``rows``, and what was assumed to decide.

    Nothing needs to be decided where all say the same. Otherwise a full activity is assumed, and the row of
    the nearest clock counts; :class:`Declined` when anything else would decide between different figures.
    """
    assumed = []
    for narrowed in (_full_activity, _nearest_clock, _as_stated):
        if _agree(rows, value_of):
            break
        rows, remark = narrowed(query, table, rows)
        if remark:
            assumed.append(remark)
    if not _agree(rows, value_of):
        other = next(e for e in rows if value_of(e) != value_of(rows[0]))
        raise Declined(f"several rows fit; '{_difference(table, rows[0], other)}' must be stated")
    return rows[0], tuple(assumed) or _activity(query, rows[0])


def _activity(query: Query, entry: Entry) -> tuple[str, ...]:
    """What the row says of the activity where the access says nothing and a full one was to be expected."""
    cells = {c: entry.cells.get(c, "") for c in DELTAS if stated(query, c) is None}
    told = [f"{column} {cell}" for column, cell in cells.items() if cell and not same(column, 1, cell)]
    return (f"the row is for {' and '.join(told)}",) if told and query.action is not None else ()


def _fits(query: Query, entry: Entry, keys: Sequence[str]) -> bool:
    for key in keys:
        for value in (query.attributes.get(key), query.arguments.get(key)):
            if value is not None and not same(key, value, entry.cells[key]):
                return False
    return True


def _with_arguments(query: Query, rows: Sequence[Entry], table: Table) -> list[Entry]:
    """The rows that carry the arguments of the action. One that the table does not know fits no row: the
    figures were not made for it."""
    asked = {n: v for n, v in query.arguments.items() if n not in CLOCK_ARGUMENTS and v is not None}
    for name in asked:
        if name not in table.columns:
            raise NoRow(f"{table.path.name} has no column for the argument '{name}' of the action")
    found = [e for e in rows if all(same(n, v, e.cells[n]) for n, v in asked.items())]
    if not found:
        shown = ", ".join(f"{n}={shorten(v)}" for n, v in asked.items())
        given = ", ".join(
            f"{n} {' or '.join(dict.fromkeys(e.cells[n] or 'empty' for e in rows))}" for n in asked
        )
        raise NoRow(f"no row for action '{query.action}' with {shown}, only {given}")
    return found


def _agree(rows: Sequence[Entry], value_of: Callable[[Entry], float]) -> bool:
    return len(rows) == 1 or len({value_of(entry) for entry in rows}) == 1


_Narrowed = tuple[Sequence[Entry], str]


def _full_activity(query: Query, table: Table, rows: Sequence[Entry]) -> _Narrowed:
    """An access that says nothing of its activity is one with all bits new, as for the memories."""
    assumed = []
    for column in DELTAS:
        if column in table.columns and stated(query, column) is None:
            full = [e for e in rows if same(column, 1, e.cells[column])]
            if full and len(full) < len(rows):
                rows = full
                assumed.append(column)
    return rows, f"{' and '.join(assumed)} taken as 1" if assumed else ""


def _nearest_clock(query: Query, table: Table, rows: Sequence[Entry]) -> _Narrowed:
    if not any(column in table.columns for column in CLOCK_COLUMNS):
        return rows, ""
    clocks = {e.cycle_s for e in rows}
    asked = finite_number(stated(query, CLOCK_COLUMNS[0]))
    usable = [c for c in clocks if c is not None]
    if len(clocks) == 1 or len(usable) < len(clocks) or asked is None or asked <= 0:
        return rows, ""
    nearest = min(usable, key=lambda c: (abs(math.log(c / asked)), c))
    remark = "" if nearest == asked else f"the row for a clock of {nearest:g} s"
    return [e for e in rows if e.cycle_s == nearest], remark


def _as_stated(query: Query, table: Table, rows: Sequence[Entry]) -> _Narrowed:
    """Columns that are no keys decide where nothing else does (``latency`` in Accelergy's tables)."""
    for column in _telling(table, rows[0]):
        value = stated(query, column)
        chosen = [] if value is None else [e for e in rows if same(column, value, e.cells[column])]
        if chosen and len({e.cells[column] for e in rows}) > 1:
            rows = chosen
    return rows, ""


def _telling(table: Table, entry: Entry) -> list[str]:
    left_out = {"comment", "energy", "area", "action", "source", "uncertainty", "power(W)", *CLOCK_COLUMNS}
    return [c for c in entry.cells if c not in left_out and c not in table.keys]


def _difference(table: Table, one: Entry, other: Entry) -> str:
    columns = (*table.keys, *_telling(table, one), *CLOCK_COLUMNS)
    return next((c for c in columns if one.cells.get(c, "") != other.cells.get(c, "")), "?")
