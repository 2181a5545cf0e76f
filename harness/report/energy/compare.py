"""What differs between the tables of an architecture and others, line by line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from harness.engines.energy_tables import EnergyTables
from harness.errors import Location, SpecError
from harness.estimation.query import CLOCK_ARGUMENTS
from harness.estimation.rounding import round_significant
from harness.spec.energy import AreaReferenceTable, EnergyReferenceTable, last_name

DIGITS = 6
"""Both sides are rounded to this many; tables hold no more."""

Arguments = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class OtherTables:
    """An ERT, an ART or both, from a file."""

    file: str
    ert: EnergyReferenceTable | None
    art: AreaReferenceTable | None


@dataclass(frozen=True)
class Compared:
    """One line. A side that lacks it is None; pJ, or um^2 where the action is "area"."""

    component: str
    action: str
    ours: float | None
    theirs: float | None

    @property
    def equal(self) -> bool:
        """Alike in six digits, or within one part in a million where these fall on two sides of a tie."""
        if self.ours is None or self.theirs is None:
            return False
        rounded = round_significant(self.ours, DIGITS) == round_significant(self.theirs, DIGITS)
        return rounded or abs(self.ours - self.theirs) <= 1e-6 * max(self.ours, self.theirs)

    @property
    def ratio(self) -> float | None:
        """Theirs over ours."""
        if self.ours is None or self.theirs is None or not self.ours:
            return None
        return self.theirs / self.ours

    @property
    def difference(self) -> float | None:
        return None if self.ours is None or self.theirs is None else self.theirs - self.ours

    @property
    def status(self) -> Literal["equal", "differs", "only ours", "only theirs"]:
        if self.theirs is None:
            return "only ours"
        if self.ours is None:
            return "only theirs"
        return "equal" if self.equal else "differs"


@dataclass(frozen=True)
class Comparison:
    """``lines`` in the order of our tables, then what only the others have."""

    architecture: str
    file: str
    lines: tuple[Compared, ...]

    def count(self, status: str) -> int:
        return sum(line.status == status for line in self.lines)


def read_tables(file: Path) -> OtherTables:
    """The tables of a file with an ERT, an ART or both. Raises SpecError."""
    from harness.spec.flattened.energy_tables import read_art, read_ert  # noqa: PLC0415 - imports PyYAML
    from harness.spec.yaml_loader import load_yaml_file  # noqa: PLC0415

    if file.is_dir():
        return _of_folder(file)
    if not file.is_file():
        raise SpecError("no such file", Location(str(file)))
    tree = load_yaml_file(file)
    ert, art = tree.get("ERT"), tree.get("ART")
    if ert is None and art is None:
        # As the content of the key alone, which tells itself apart.
        lines = tree.get("tables")
        if isinstance(lines, list) and lines and all(isinstance(x, Mapping) and "area" in x for x in lines):
            art = tree
        elif lines is not None:
            ert = tree
        else:
            raise SpecError("neither an ERT nor an ART is in it", Location(str(file), 1))
    try:
        return OtherTables(
            str(file), None if ert is None else read_ert(ert), None if art is None else read_art(art)
        )
    except SpecError as error:
        place = error.location or Location(str(file))
        raise SpecError(error.message, place, error.hint) from None


def _of_folder(folder: Path) -> OtherTables:
    """The tables that a run or ``--ert`` left there."""
    found = [_only(folder, kind) for kind in ("ERT", "ART")]
    if found[0] is None and found[1] is None:
        hint = "name a folder of run.py or of --ert, or the file itself"
        raise SpecError("there is no *ERT.yaml and no *ART.yaml in the folder", Location(str(folder)), hint)
    parts = [read_tables(file) for file in found if file is not None]
    ert = next((part.ert for part in parts if part.ert is not None), None)
    art = next((part.art for part in parts if part.art is not None), None)
    return OtherTables(str(folder), ert, art)


def _only(folder: Path, kind: str) -> Path | None:
    files = sorted(file for file in folder.glob(f"*{kind}.yaml") if file.is_file())
    if len(files) > 1:
        names = ", ".join(file.name for file in files)
        raise SpecError(f"which of {names} is meant?", Location(str(folder)), "name the file itself")
    return files[0] if files else None


def compare(tables: EnergyTables, other: OtherTables) -> Comparison:
    """Components match by their full name, or by the short one where it is the only such on both sides.

    A file without an ART says nothing of areas, one without an ERT nothing of energies.
    """
    theirs = _lines_of(other.ert, other.art)
    ours = _lines_of(
        tables.ert if other.ert is not None else None, tables.art if other.art is not None else None
    )
    matched = _matched(list(ours), list(theirs))
    found: list[Compared] = []
    for component, lines in ours.items():
        partner = theirs.get(matched.get(component, ""), {})
        found += _compared(component, lines, partner)
    taken = set(matched.values())
    for component, lines in theirs.items():
        if component not in taken:
            found += _compared(component, {}, lines)
    return Comparison(tables.architecture, other.file, tuple(found))


_Lines = dict[str, list[tuple[Arguments, float]]]


def _lines_of(ert: EnergyReferenceTable | None, art: AreaReferenceTable | None) -> dict[str, _Lines]:
    """The lines of each component by action, with the arguments that tell them apart."""
    found: dict[str, _Lines] = {}
    for component in ert.components if ert is not None else ():
        lines = found.setdefault(component.name, {})
        for action in component.actions:
            arguments = tuple(
                sorted((name, str(value)) for name, value in action.arguments if name not in CLOCK_ARGUMENTS)
            )
            lines.setdefault(action.action, []).append((arguments, action.energy_pj))
    for name, area in art.areas if art is not None else ():
        found.setdefault(name, {})["area"] = [((), area)]
    return found


def _matched(ours: list[str], theirs: list[str]) -> dict[str, str]:
    """Our component to theirs."""
    matched = {name: name for name in ours if name in theirs}
    left, right = _by_short_name(ours, matched), _by_short_name(theirs, matched.values())
    for short, names in left.items():
        others = right.get(short, [])
        if len(names) == 1 and len(others) == 1:
            matched[names[0]] = others[0]
    return matched


def _by_short_name(names: Iterable[str], taken: Iterable[str]) -> dict[str, list[str]]:
    known = set(taken)
    found: dict[str, list[str]] = {}
    for name in names:
        if name not in known:
            found.setdefault(last_name(name), []).append(name)
    return found


def _compared(component: str, ours: _Lines, theirs: _Lines) -> list[Compared]:
    name = last_name(component)
    found: list[Compared] = []
    for action in dict.fromkeys([*ours, *theirs]):
        mine, other = ours.get(action, []), theirs.get(action, [])
        if len(mine) == 1 and len(other) == 1:
            # One line each: arguments that only one side writes down do not tell them apart.
            found.append(Compared(name, action, mine[0][1], other[0][1]))
            continue
        by_arguments = dict(other)
        for arguments, value in mine:
            label = " ".join([action, *(f"{key}={text}" for key, text in arguments)])
            found.append(Compared(name, label, value, by_arguments.pop(arguments, None)))
        for arguments, value in by_arguments.items():
            label = " ".join([action, *(f"{key}={text}" for key, text in arguments)])
            found.append(Compared(name, label, None, value))
    return found
