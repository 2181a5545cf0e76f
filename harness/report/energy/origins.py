"""Where the figures of an architecture come from: its sources, numbered, and what was used of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from harness.engines.energy_tables import ComponentFigures, EnergyTables, Line
from harness.estimation.query import Finding
from harness.report.energy.figures import part_name, percent

_ROW = re.compile(r";\s*([^\s;]+:[0-9]+(?:,[0-9]+)*)$")
"""At the end of a citation: the file of a table, and the line of the row, or the lines."""

_ASIDE = re.compile(r" \(by a power law[^)]*\)")
"""What a factor would be else, which a derivation tells and a table does not."""


def cited(finding: Finding) -> tuple[str, str]:
    """What is cited, and the row of it ("" if none is named)."""
    row = _ROW.search(finding.citation)
    return (finding.citation, "") if row is None else (finding.citation[: row.start()].rstrip(". "), row[1])


@dataclass(frozen=True)
class Origin:
    """A source with its citation; ``number`` is how the tables refer to it."""

    number: int
    estimator: str
    citation: str

    @property
    def text(self) -> str:
        return f"{self.estimator}: {self.citation}" if self.citation else self.estimator


@dataclass
class Use:
    """How a part of a component was answered by one source, with the same attributes, for all ``actions``.

    ``ways``: how they were scaled or how else they came about, with the actions that it is true of.
    """

    part: str
    class_name: str
    finding: Finding
    origin: Origin
    actions: dict[str, None] = field(default_factory=dict)
    rows: dict[str, None] = field(default_factory=dict)
    ways: dict[tuple[str, str], list[str]] = field(default_factory=dict)

    @property
    def attributes(self) -> str:
        return " ".join(f"{name}={value}" for name, value in self.finding.attributes)

    @property
    def details(self) -> list[tuple[str, str]]:
        """What there is to tell, label and text."""
        finding = self.finding
        told = [("used", self.attributes)]
        for (label, text), actions in self.ways.items():
            told.append((label, text if len(self.ways) == 1 else f"{', '.join(actions)}: {text}"))
        told += [
            ("row", " ".join(_by_file(self.rows))),
            ("stated ±", percent(finding.uncertainty)),
        ]
        return [(label, text) for label, text in told if text]


def _by_file(rows: Iterable[str]) -> list[str]:
    """``a.csv:1,2 b.csv:1`` for ``a.csv:1``, ``a.csv:2`` and ``b.csv:1``."""
    found: dict[str, list[str]] = {}
    for row in rows:
        file, _, line = row.rpartition(":")
        known = found.setdefault(file, [])
        known += [number for number in line.split(",") if number not in known]
    return [f"{file}:{','.join(lines)}" for file, lines in found.items()]


class Origins:
    """The sources of some tables in the order in which they first appear, or as they are asked for."""

    def __init__(self, tables: EnergyTables | None = None) -> None:
        self._numbers: dict[tuple[str, str], Origin] = {}
        for component in tables.components if tables is not None else ():
            for line in component.lines:
                self.of(line)

    def of(self, line: Line) -> tuple[Origin, ...]:
        """The sources of a line, each once."""
        return tuple(dict.fromkeys(self.origin(part.finding) for part in line.answer.parts))

    def origin(self, finding: Finding) -> Origin:
        key = finding.estimator, cited(finding)[0]
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = Origin(len(self._numbers) + 1, *key)
        return known

    def all(self) -> Iterable[Origin]:
        return self._numbers.values()

    def uses(self, component: ComponentFigures) -> list[Use]:
        """What each part of the component used, alike answers of several actions in one entry."""
        found: dict[tuple[object, ...], Use] = {}
        for line in component.lines:
            for part in line.answer.parts:
                f = part.finding
                name = part_name(part, component.full_name)
                citation, row = cited(f)
                answered = (f.estimator, citation, f.fit, _without_clock(f), f.uncertainty)
                key = (name, part.class_name, *answered)
                use = found.setdefault(key, Use(name, part.class_name, f, self.origin(f)))
                use.actions[part.action or "area"] = None
                for label, text in ways(f):
                    # What a factor would be else is told by derivations only.
                    actions = use.ways.setdefault((label, _ASIDE.sub("", text)), [])
                    if (part.action or "area") not in actions:
                        actions.append(part.action or "area")
                if row:
                    use.rows[row] = None
                if len(f.attributes) > len(use.finding.attributes):
                    use.finding = f
        return list(found.values())


def ways(finding: Finding) -> list[tuple[str, str]]:
    """How a figure came about: scaling, factor by factor; the note where there is none, or where it says
    between which rows the figure lies. Else it says the same in other words.
    """
    told = [("scaled", text) for text in finding.scaling.split("; ") if text]
    if finding.note and (not told or finding.fit == "interpolated"):
        return [("how", finding.note), *told]
    return told


def _without_clock(finding: Finding) -> tuple[tuple[str, str], ...]:
    """Leakage also uses the clock; that alone makes no entry of its own."""
    return tuple(sorted(pair for pair in finding.attributes if pair[0] != "global_cycle_seconds"))
