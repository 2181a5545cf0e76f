"""From a question and a table to a finding: exact, between rows as declared, or a row scaled as declared."""

from __future__ import annotations

import os.path
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from harness.estimation.query import Declined, Finding, Fit, NoRow, Query, digits, shorten
from harness.estimation.tables.between import Blend, NoCurve, OutOfRange, Point, between
from harness.estimation.tables.factors import Factor, distance, factor
from harness.estimation.tables.fitting import decided, rows_for, stated
from harness.estimation.tables.manifest import TableFamily
from harness.estimation.tables.nearest import nearest_row
from harness.estimation.tables.quantities import number_of
from harness.estimation.tables.rows import CLOCK_COLUMNS, PER_CYCLE_ACTIONS, Entry, Table
from harness.estimation.tables.rules import Figure

INTERPOLATED_SHARE, SCALED_SHARE = 0.9, 0.8
"""Of the accuracy that the family claims for its rows."""

_FREE: Literal["free"] = "free"


def look_up(query: Query, family: TableFamily, table: Table) -> Finding:
    """The answer of one table; :class:`Declined` with the reason where it has none."""
    if family.accuracy == 0:
        raise Declined(f"accuracy 0 says that its rows are never used ({family.place})")
    if not table.entries:
        raise NoRow(f"none of the {table.skipped} rows of {table.path.name} has an energy")
    return _Lookup(query, family, table).finding()


@dataclass
class _Used:
    """A row that went into an answer, and how it was stretched."""

    entry: Entry
    factor: Factor
    assumed: tuple[str, ...]


@dataclass
class _Lookup:
    query: Query
    family: TableFamily
    table: Table
    used: dict[Point, _Used] = field(default_factory=dict)

    def finding(self) -> Finding:
        rows = rows_for(self.query, self.table)
        curves = self._numbers(self.table.rules.interpolate)
        scaled = self._numbers(self.table.rules.scale)
        refused: Declined | None = None
        for group in self._groups(rows, scaled):
            self.used.clear()
            try:
                return self._told(self._blend(group, curves, scaled), curves, scaled)
            except (OutOfRange, NoCurve) as error:
                refused = refused or self._refusal(error, curves)
        raise refused or NoRow(f"a row cannot be scaled from or to zero{self._nearest()}")

    def _numbers(self, columns: Iterable[str]) -> dict[str, float]:
        """The numbers that the query states for the columns in which rows may be stretched."""
        found = {}
        for column in columns:
            value = stated(self.query, column)
            if value is None:
                continue
            number = number_of(column, value)
            if number is None:
                raise NoRow(f"{column} {shorten(value)} is no number{self._nearest()}")
            found[column] = number
        return found

    def _groups(self, rows: Sequence[Entry], scaled: Mapping[str, float]) -> list[list[Entry]]:
        """The rows by their numbers in the scaled columns, the nearest first."""
        groups: dict[Point, list[Entry]] = {}
        for entry in rows:
            groups.setdefault(tuple(entry.numbers[c] for c in scaled), []).append(entry)
        order = []
        for at, group in groups.items():
            far = distance(scaled, dict(zip(scaled, at, strict=True)))
            if far is not None:
                order.append((far, tuple(-x for x in at), group))
        return [group for *_, group in sorted(order, key=lambda one: one[:2])]

    def _blend(
        self, rows: Sequence[Entry], curves: Mapping[str, float], scaled: Mapping[str, float]
    ) -> Blend:
        at: dict[Point, list[Entry]] = {}
        for entry in rows:
            at.setdefault(tuple(entry.numbers[c] for c in curves), []).append(entry)

        def value_of(point: Point) -> float:
            entry, assumed = decided(self.query, self.table, at[point], self._value)
            stretch = factor(self.query, entry, self.table.rules, self._figure(entry), scaled)
            self.used[point] = _Used(entry, stretch, assumed)
            return self._value(entry) * stretch.value

        laws = tuple(self.table.rules.interpolate[c] for c in curves)
        return between(list(at), tuple(curves.values()), laws, value_of, self._in_numbers)

    def _in_numbers(self, point: Point) -> str:
        """The row of a point, and what it is multiplied by."""
        used = self.used[point]
        factors = [number for number, _ in self._factors(used)]
        return " x ".join(map(digits, (self._stated_value(used.entry), *factors)))

    def _stated_value(self, entry: Entry) -> float:
        """As the row has it, in pJ or um^2."""
        return entry.energy_pj if self.query.action is not None else entry.area_um2 or 0.0

    def _factors(self, used: _Used) -> list[tuple[float, str]]:
        """The factors from the row to what is asked, each with its reason."""
        found = [(used.factor.value, "; ".join(used.factor.words))] if used.factor.words else []
        if self._per_cycle([used.entry]) and used.entry.cycle_s not in (None, self.query.cycle_seconds):
            (words,) = self._clock_in_words([used.entry])
            found.append((self.query.cycle_seconds / (used.entry.cycle_s or 1.0), words))
        return found

    def _steps(self, blend: Blend, used: Sequence[_Used], note: str) -> tuple[str, ...]:
        unit = "um^2" if self.query.action is None else "pJ"
        rows = self._rows([one.entry for one in used])
        if not blend.spans:
            (one,) = used
            factors = (f"x {digits(number)}: {words}" for number, words in self._factors(one))
            return (f"{digits(self._stated_value(one.entry))} {unit} ({rows})", *factors)
        return (f"{blend.made_of} {unit} ({rows}): {note}",)

    def _figure(self, entry: Entry) -> Figure:
        if self.query.action is None:
            return "area"
        return "leak" if entry.action in PER_CYCLE_ACTIONS else "energy"

    def _value(self, entry: Entry) -> float:
        """pJ at the clock asked for, or um^2."""
        if self.query.action is None:
            return entry.area_um2 or 0.0
        if entry.action not in PER_CYCLE_ACTIONS or entry.energy_pj == 0:
            return entry.energy_pj
        if entry.cycle_s is None:
            raise Declined(f"'{entry.action}' in {entry.place} is for a clock that the row does not state")
        return entry.energy_pj * self.query.cycle_seconds / entry.cycle_s

    def _refusal(self, error: OutOfRange | NoCurve, curves: Mapping[str, float]) -> Declined:
        column = list(curves)[error.column]
        law = self.table.rules.interpolate[column]
        if isinstance(error, NoCurve):
            return Declined(f"{self.table.path.name}: no {law} in {column} over {error.what}")
        covered = f"{error.low:g} to {error.high:g}" if error.low < error.high else f"{error.low:g} only"
        return Declined(
            f"{column} {curves[column]:g} is outside the rows of {self.table.path.name}, {covered}: "
            f"{law} between them, nothing beyond"
        )

    def _nearest(self) -> str:
        return nearest_row(self.query, self.table, stated)

    def _told(self, blend: Blend, curves: Mapping[str, float], scaled: Mapping[str, float]) -> Finding:
        used = [self.used[point] for point in blend.points]
        entries = [one.entry for one in used]
        stretched = tuple(dict.fromkeys(words for one in used for words in one.factor.words))
        spans = {list(curves)[index]: (low, high) for index, low, high in blend.spans}
        unequal = {*spans, *(c for c in scaled if any(e.numbers[c] != scaled[c] for e in entries))}
        given = [k for k in self.table.keys if stated(self.query, k) is not None]
        left_open = self._left_open(entries)
        equal = [k for k in given if k not in unequal]
        notes = ["matched " + ", ".join(equal)] if equal else [] if unequal else ["matched by its name"]
        if left_open:
            notes.append("not given: " + ", ".join(left_open))
        if spans:
            notes.append(self._between_in_words(entries, spans, curves))
        elif unequal:
            notes.append(f"from {entries[0].place}")
        notes += dict.fromkeys(remark for one in used for remark in one.assumed)
        fit, share = self._fit(blend.value, bool(spans), bool(unequal - set(spans)))
        share *= len(given) / max(1, len(given) + len(left_open))
        return Finding(
            value=blend.value,
            estimator=self.family.name,
            accuracy=round(self.family.accuracy * share, 1),
            note="; ".join(notes),
            fit=fit,
            citation=self._citation(entries),
            attributes=self._attributes(given, entries),
            scaling="; ".join((*stretched, *self._clock_in_words(entries))),
            uncertainty=self._uncertainty(entries),
            steps=self._steps(blend, used, "; ".join(notes)),
            warnings=(
                *self._skipped(),
                *self._chosen_without(left_open if fit != _FREE else []),
                *dict.fromkeys(w for one in used for w in one.factor.warnings),
            ),
        )

    def _left_open(self, entries: Sequence[Entry]) -> list[str]:
        """The keys that the rows state and the query does not; what is implied needs not be said."""
        return [
            key
            for key in self.table.keys
            if key not in self.table.rules.implied
            and stated(self.query, key) is None
            and any(entry.cells[key] for entry in entries)
        ]

    def _chosen_without(self, left_open: Sequence[str]) -> tuple[str, ...]:
        if not left_open:
            return ()
        return (f"{self.query.class_name}: row of {self.family.name} chosen without {', '.join(left_open)}",)

    def _fit(self, value: float, interpolated: bool, scaled: bool) -> tuple[Fit, float]:
        if scaled:
            return "scaled", SCALED_SHARE
        if interpolated:
            return "interpolated", INTERPOLATED_SHARE
        return (_FREE if value == 0 and self.family.technology == _FREE else "row"), 1.0

    def _between_in_words(
        self, entries: Sequence[Entry], spans: Mapping[str, tuple[float, float]], asked: Mapping[str, float]
    ) -> str:
        lines = sorted({e.location.line or 0 for e in entries})
        shown = ", ".join(map(str, lines[:-1])) + f" and {lines[-1]}" if len(lines) > 1 else str(lines[0])
        laws = self.table.rules.interpolate
        columns = (f"{c} {asked[c]:g} of {low:g} to {high:g}, {laws[c]}" for c, (low, high) in spans.items())
        return f"between lines {shown} of {self.table.path.name} ({'; '.join(columns)})"

    def _citation(self, entries: Sequence[Entry]) -> str:
        """The source that is stated, and the lines."""
        sources = dict.fromkeys(e.source or self.family.source(self.table.class_name) for e in entries)
        return "; ".join([*(s for s in sources if s), self._rows(entries)])

    def _rows(self, entries: Sequence[Entry]) -> str:
        """The file, from the folder of the family's folder on, and the lines."""
        lines = ",".join(str(n) for n in sorted({e.location.line or 0 for e in entries}))
        file = os.path.normpath(self.table.path)
        above = os.path.normpath(self.family.path.parent.parent)
        shown = file.removeprefix(above + os.sep) if above != "." else file
        return f"{shown}:{lines}"

    def _attributes(self, given: Sequence[str], entries: Sequence[Entry]) -> tuple[tuple[str, str], ...]:
        clock = CLOCK_COLUMNS[0]
        arguments = [a for a in self.query.arguments if a in self.table.columns and a != clock]
        names = dict.fromkeys([*given, *arguments, *([clock] if self._per_cycle(entries) else [])])
        return tuple((name, _as_text(stated(self.query, name))) for name in names)

    def _per_cycle(self, entries: Sequence[Entry]) -> bool:
        return self.query.action is not None and any(
            e.action in PER_CYCLE_ACTIONS and e.energy_pj > 0 for e in entries
        )

    def _clock_in_words(self, entries: Sequence[Entry]) -> list[str]:
        if not self._per_cycle(entries):
            return []
        asked = self.query.cycle_seconds
        rows = dict.fromkeys(e.cycle_s for e in entries if e.cycle_s not in (None, asked))
        return [f"clock {c * 1e9:g} -> {asked * 1e9:g} ns x{asked / c:.4g}" for c in rows if c]

    def _uncertainty(self, entries: Sequence[Entry]) -> float | None:
        usual = self.table.rules.uncertainty
        stated = [usual if e.uncertainty is None else e.uncertainty for e in entries]
        return max((one for one in stated if one is not None), default=None)

    def _skipped(self) -> tuple[str, ...]:
        count = self.table.skipped
        if not count:
            return ()
        rows = "1 row has" if count == 1 else f"{count} rows have"
        return (f"{self.table.path.name} of {self.family.name}: {rows} no energy and count for nothing",)


def _as_text(value: object) -> str:
    try:
        return str(value)
    except ValueError:
        return "a huge number"
