"""A ``stats.txt`` cut into its levels, networks and the rows of each: text still, with line numbers."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn

from harness.errors import Location, SpecError
from harness.timeloop_outputs.numbers import whole_number

UNITS_IN_PJ: Mapping[str, float] = {
    "aJ": 1e-6,
    "fJ": 1e-3,
    "pJ": 1.0,
    "nJ": 1e3,
    "uJ": 1e6,
    "mJ": 1e9,
    "J": 1e12,
}

_TITLES = {
    "Buffer and Arithmetic Levels": "levels",
    "Networks": "networks",
    "Operational Intensity Stats": "intensity",
    "Summary Stats": "summary",
}
_NUMBERED = re.compile(r"^(Level|Network) (\d{1,9})$")
_NAMED = re.compile(r"^=== (.+) ===$")
_RULE = re.compile(r"^\s*-+$")
_LOOP = re.compile(r"^\s+for \S+ in \[")
_NOT_SPECIFIED = "-"
_TOTAL = "(total)"


@dataclass(frozen=True, slots=True)
class Row:
    """``label : value`` in line ``line``, with the rows that are indented below it."""

    label: str
    value: str
    line: int
    below: list[tuple[str, str, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a level, a network or of one data space in it, by label."""

    what: str
    line: int
    file: str
    by_label: dict[str, Row] = field(default_factory=dict)

    def has(self, label: str) -> bool:
        return label in self.by_label

    def row(self, *labels: str) -> Row:
        """The first of these labels that is there: what different texts call the same figure."""
        for label in labels:
            if label in self.by_label:
                return self.by_label[label]
        self.fail(f"{self.what} has no '{labels[0]}'", self.line)

    def text(self, label: str) -> str:
        return self.row(label).value

    def whole(self, *labels: str) -> int:
        row = self.row(*labels)
        return self.as_whole(row.value, row.line)

    def real(self, *labels: str) -> float:
        """A number in the unit of the text, which is pJ, um^2, words/cycle or none."""
        row = self.row(*labels)
        return self.as_real(row.value, row.line)

    def share(self, label: str) -> float:
        """A percentage as a fraction."""
        row = self.row(label)
        return self.as_real(row.value.rstrip("%"), row.line) / 100

    def energy(self, label: str) -> float:
        """pJ, whatever the unit in the text. A total is finite; what is per access is none without any."""
        row = self.row(label)
        number, _, unit = row.value.partition(" ")
        if unit not in UNITS_IN_PJ:
            self.fail(f"unknown energy unit '{unit[:40]}'", row.line)
        energy = self.as_real(number, row.line) * UNITS_IN_PJ[unit]
        if label.endswith(_TOTAL) and not math.isfinite(energy):
            self.fail(f"'{label}' of {self.what} is no number but {number[:40]}", row.line)
        return energy

    def optional_whole(self, label: str) -> int | None:
        """None where the row is missing, or "-" as for what was not specified."""
        return self.whole(label) if self._told(label) else None

    def optional_real(self, label: str) -> float | None:
        return self.real(label) if self._told(label) else None

    def optional_energy(self, label: str) -> float | None:
        return self.energy(label) if self._told(label) else None

    def as_whole(self, text: str, line: int) -> int:
        value = whole_number(text.partition(" ")[0])
        if value is None:
            self.fail(f"'{text.partition(' ')[0][:40]}' is not a whole number", line)
        return value

    def as_real(self, text: str, line: int) -> float:
        word = text.partition(" ")[0]
        try:
            return float(word)
        except ValueError:
            self.fail(f"'{word[:40]}' is not a number", line)

    def fail(self, message: str, line: int) -> NoReturn:
        raise SpecError(message, Location(self.file, line))

    def _told(self, label: str) -> bool:
        return label in self.by_label and self.by_label[label].value.partition(" ")[0] != _NOT_SPECIFIED


@dataclass(frozen=True, slots=True)
class Section:
    """A level or a network: its own rows, and those of each data space. ``loops`` are of 2024's text."""

    name: str
    number: int
    line: int
    rows: Rows
    data_spaces: dict[str, Rows] = field(default_factory=dict)
    loops: list[tuple[str, int]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Sections:
    """The whole file. ``intensity`` and, by level, ``intensities`` are of the operations per byte."""

    levels: list[Section]
    networks: list[Section]
    intensity: Rows
    intensities: list[Rows]


def sections(text: str, file: str) -> Sections:
    """Cut ``text``. SpecError for an empty file or one that has no levels."""
    if not text.strip():
        raise SpecError("the file is empty: Timeloop has written no statistics", Location(file))
    reader = _Reader(file)
    for number, line in enumerate(text.splitlines(), start=1):
        reader.read(line, number)
    found = reader.found
    if not found.levels:
        raise SpecError("no level in this file: not the statistics of Timeloop", Location(file))
    return found


class _Reader:
    def __init__(self, file: str) -> None:
        self.found = Sections([], [], Rows("the operational intensity", 0, file), [])
        self._file = file
        self._part = ""
        self._announced: int | None = None
        self._section: Section | None = None
        self._rows: Rows | None = None
        self._row: Row | None = None

    def read(self, line: str, number: int) -> None:
        bare = line.strip()
        if not bare or _RULE.match(line) or bare in ("SPECS", "STATS", "MAPPING", "Loop nest:"):
            return
        indent = len(line) - len(line.lstrip())
        if indent == 0:
            self._at_margin(bare, number)
        elif _LOOP.match(line):
            if self._section is not None:
                self._section.loops.append((bare, number))
        elif self._rows is not None:
            self._inside(indent, bare, number)

    def _at_margin(self, bare: str, number: int) -> None:
        if bare in _TITLES:
            self._part, self._section, self._row = _TITLES[bare], None, None
            self._rows = self.found.intensity if self._part == "intensity" else None
            return
        numbered, named = _NUMBERED.match(bare), _NAMED.match(bare)
        if numbered:
            self._announced, self._rows = int(numbered[2]), None
        elif self._part == "levels" and named and self._announced is not None:
            self._begin(self.found.levels, "level", named[1], number)
        elif self._part == "networks" and self._announced is not None:
            self._begin(self.found.networks, "network", bare, number)
        elif self._part == "intensity" and named:
            self._rows = Rows(named[1], number, self._file)
            self.found.intensities.append(self._rows)

    def _begin(self, sections: list[Section], kind: str, name: str, number: int) -> None:
        self._rows = Rows(f"the {kind} '{name}'", number, self._file)
        self._section = Section(name, self._announced or 0, number, self._rows)
        self._announced, self._row = None, None
        sections.append(self._section)

    def _inside(self, indent: int, bare: str, number: int) -> None:
        label, colon, value = (part.strip() for part in bare.partition(":"))
        section = self._section
        if section is not None and indent == 4 and colon and not value:
            what = f"{label} in {section.rows.what}"
            self._rows = section.data_spaces.setdefault(label, Rows(what, number, self._file))
            self._row = None
        elif indent > 8 and self._row is not None:
            self._row.below.append((label, value, number))
        elif self._rows is not None:
            self._row = Row(label, value, number)
            self._rows.by_label[label] = self._row
