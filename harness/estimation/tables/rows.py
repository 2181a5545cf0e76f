"""The rows of one table, checked: figures that are figures, one answer for one question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import EstimationError, Location, did_you_mean
from harness.estimation.table_file import TableRow, read_table
from harness.estimation.tables.files import remembered
from harness.estimation.tables.manifest import TableFamily
from harness.estimation.tables.quantities import TECHNOLOGY, number_of, quantity
from harness.estimation.tables.rules import Rules, uncertainty_of

CLOCK_COLUMNS = ("global_cycle_seconds", "cycle_seconds")
DELTAS = ("data_delta", "address_delta")
PER_CYCLE_ACTIONS = ("idle", "leak")
_REMARKS = ("energy", "area", "comment", "power(W)", "source", "uncertainty")
"""Columns that do not tell one row from another."""
NO_KEYS = frozenset(
    {*CLOCK_COLUMNS, *DELTAS, *_REMARKS, *("action", "latency", "action_latency_cycles", "n_instances")}
)


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: all cells as text, one action, pJ and um^2, the clock for which ``idle`` holds.

    ``numbers`` are those of the columns in which rows are interpolated or scaled. ``area_um2`` is None where
    a table of Accelergy's form leaves it empty.
    """

    cells: Mapping[str, str]
    numbers: Mapping[str, float]
    action: str
    energy_pj: float
    area_um2: float | None
    cycle_s: float | None
    source: str
    uncertainty: float | None
    location: Location

    @property
    def place(self) -> str:
        """Short, for messages that name the family as well."""
        return f"{Path(self.location.file).name}:{self.location.line}"


@dataclass(frozen=True)
class Table:
    """The entries of one class in file order. ``skipped`` rows had no energy.

    ``by_action`` has them by their action; ``with_area`` for every combination of keys the first that has an
    area, as Accelergy's plug-in takes it.
    """

    class_name: str
    path: Path
    keys: tuple[str, ...]
    columns: frozenset[str]
    rules: Rules
    entries: tuple[Entry, ...]
    by_action: Mapping[str, Sequence[Entry]]
    with_area: Sequence[Entry]
    skipped: int

    @property
    def exact(self) -> tuple[str, ...]:
        """The keys that must be equal."""
        return tuple(k for k in self.keys if k not in self.rules.interpolate and k not in self.rules.scale)


def load_table(family: TableFamily, class_name: str) -> Table:
    """The table of a class of the family."""
    return remembered(
        ("table", str(family.path), class_name),
        lambda: (_load_table(family, class_name), (family.path, family.files[class_name])),
    )


def _load_table(family: TableFamily, class_name: str) -> Table:
    path = family.files[class_name]
    rules = family.rules_of(class_name)
    rows = list(read_table(path))
    if not rows:
        raise EstimationError("the table has no rows", Location(str(path)))
    written = list(rows[0].cells)
    implied = {} if TECHNOLOGY in written or not family.technology else {TECHNOLOGY: family.technology}
    for column in rules.implied:
        if column in written or column in NO_KEYS:
            reason = "is a column of the table" if column in written else "is no attribute that decides"
            raise EstimationError(f"implied '{column}' {reason}", rules.places[column])
    implied |= rules.implied
    columns = [*implied, *written]
    keys = _keys(rules, columns)
    for column in rules.keys or ():
        if column in (*_REMARKS, *CLOCK_COLUMNS, "action"):
            place = rules.places[column]
            raise EstimationError(f"'{column}' is no key, it does not say what a row is about", place)
    for column in (*keys, "action", "energy", "area"):
        if column not in columns:
            hint = did_you_mean(column, columns)
            raise EstimationError(f"column '{column}' is missing from the table", rows[0].location, hint)
    stretched = (*rules.interpolate, *rules.scale)
    used = [row for row in rows if family.strict or row.text("energy")]
    entries = [_entry(row, implied, stretched, family) for row in used]
    by_action: dict[str, list[Entry]] = {}
    with_area: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        by_action.setdefault(entry.action, []).append(entry)
        if entry.area_um2 is not None:
            with_area.setdefault(tuple(quantity(k, entry.cells[k]) for k in keys), entry)
    _refuse_contradictions(entries)
    if family.strict:  # in tables of Accelergy's form the first row counts, as there
        _refuse_contradicting_areas(entries, keys, with_area)
    return Table(
        class_name=class_name,
        path=path,
        keys=keys,
        columns=frozenset(columns),
        rules=rules,
        entries=tuple(entries),
        by_action=by_action,
        with_area=tuple(with_area.values()),
        skipped=len(rows) - len(entries),
    )


def _refuse_contradicting_areas(
    entries: Sequence[Entry], keys: Sequence[str], with_area: Mapping[tuple[object, ...], Entry]
) -> None:
    for entry in entries:
        if entry.area_um2 is not None:
            first = with_area[tuple(quantity(k, entry.cells[k]) for k in keys)]
            if first.area_um2 != entry.area_um2:
                line = first.location.line
                raise EstimationError(f"the area is another in line {line} for the same keys", entry.location)


def _keys(rules: Rules, columns: Sequence[str]) -> tuple[str, ...]:
    keys = rules.keys if rules.keys is not None else tuple(c for c in columns if c not in NO_KEYS)
    return tuple(dict.fromkeys((*keys, *rules.interpolate, *rules.scale, *rules.implied)))


def _entry(row: TableRow, implied: Mapping[str, str], stretched: Sequence[str], family: TableFamily) -> Entry:
    action = row.text("action")
    if not action:
        raise EstimationError("the row names no action", row.location)
    if isinstance(quantity("action", action), tuple):
        hint = "a missing field shifts the others into the wrong columns"
        raise EstimationError(f"the action is '{action}', a number", row.location, hint)
    clock = next((c for c in CLOCK_COLUMNS if row.cells.get(c)), None)
    cells = {**implied, **row.cells}
    entry = Entry(
        cells=cells,
        numbers={column: _stretchable(column, cells[column], row.location) for column in stretched},
        action=action,
        energy_pj=row.not_negative("energy") * family.energy_unit,
        area_um2=_area(row, family),
        cycle_s=None if clock is None else row.positive(clock),
        source=row.cells.get("source", ""),
        uncertainty=uncertainty_of(row.cells.get("uncertainty"), row.location),
        location=row.location,
    )
    if action in PER_CYCLE_ACTIONS and entry.energy_pj > 0 and entry.cycle_s is None and family.strict:
        raise EstimationError(f"'{action}' costs energy but the row has no {CLOCK_COLUMNS[0]}", row.location)
    return entry


def _area(row: TableRow, family: TableFamily) -> float | None:
    if not row.text("area") and not family.strict:
        return None
    return row.not_negative("area") * family.area_unit


def _stretchable(column: str, cell: str, location: Location) -> float:
    number = number_of(column, cell)
    if number is None:
        raise EstimationError(
            f"{column} is '{cell}', not a number: in it rows are interpolated or scaled", location
        )
    return number


def _refuse_contradictions(entries: Sequence[Entry]) -> None:
    seen: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        cells = entry.cells.items()
        first = seen.setdefault(tuple(quantity(c, v) for c, v in cells if c not in _REMARKS), entry)
        if (first.energy_pj, first.area_um2) != (entry.energy_pj, entry.area_um2):
            raise EstimationError(
                f"action '{entry.action}' has other figures in line {first.location.line} for the same keys",
                entry.location,
            )
