"""Estimation tables: CSV rows that name their component exactly, in Accelergy's table format.

A family is a folder with ``manifest.yaml`` and one CSV file per component class::

    name: 32nm_tables                  # how answers are attributed
    accuracy: 100                      # percent, on Accelergy's scale
    path_to_data_dir: ./data
    units: {energy: pJ, area: um^2}
    keys: {ADC: [technology, type, datawidth]}

The key columns decide whether a row is meant; without ``keys`` every column is one that is neither a
figure nor listed in ``NO_KEYS``. The clock columns are not keys, so a table answers at any clock; the
energy of ``idle`` rows, which is what leaks in one cycle of the row's clock, is scaled to the cycle asked
for. (The plug-in for which these tables were made compared every column as text and fell silent at any
other clock.)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import cast

import yaml

from harness.errors import EstimationError, Location, did_you_mean
from harness.estimation.query import (
    AttributeFault,
    AttributeValue,
    Declined,
    Finding,
    NoRow,
    Query,
    parse_technology,
)
from harness.estimation.table_file import TableRow, read_table

CLOCK_COLUMNS = ("global_cycle_seconds", "cycle_seconds")
NO_KEYS = frozenset(
    {
        *CLOCK_COLUMNS,
        *("action", "energy", "area", "comment", "latency", "action_latency_cycles", "n_instances"),
        *("address_delta", "data_delta", "power(W)"),
    }
)
ENERGY_UNITS_IN_PJ = {"fJ": 1e-3, "pJ": 1.0, "nJ": 1e3, "uJ": 1e6}
AREA_UNITS_IN_UM2 = {"nm^2": 1e-6, "um^2": 1.0, "mm^2": 1e6}
MANIFEST_KEYS = ("name", "technology", "accuracy", "path_to_data_dir", "source", "units", "keys")


@dataclass(frozen=True, slots=True)
class Entry:
    """A row: its key values as text, one action, pJ and um^2, the clock for which ``idle`` holds."""

    keys: tuple[tuple[str, str], ...]
    action: str
    energy_pj: float
    area_um2: float
    cycle_s: float | None
    location: Location


@dataclass(frozen=True)
class TableFamily:
    """A manifest with its files. ``files`` maps a class name to the CSV that answers it."""

    name: str
    accuracy: float
    energy_unit: float
    area_unit: float
    keys: Mapping[str, tuple[str, ...]]
    files: Mapping[str, Path]


@lru_cache(maxsize=64)
def load_family(folder: Path) -> TableFamily:
    """The manifest of a family. Its tables are read when they are asked for."""
    path = folder / "manifest.yaml"
    place = Location(str(path))
    try:
        manifest = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise EstimationError(f"the manifest cannot be read: {error}", place) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = None if mark is None else mark.line + 1
        raise EstimationError("the manifest is no valid YAML", Location(str(path), line)) from None
    if not isinstance(manifest, dict):
        raise EstimationError("the manifest must be a mapping", place)
    for key in manifest:
        if key not in MANIFEST_KEYS:
            raise EstimationError(f"unknown manifest key '{key}'", place, did_you_mean(key, MANIFEST_KEYS))
    for key in ("name", "accuracy"):
        if key not in manifest:
            raise EstimationError(f"the manifest lacks '{key}'", place)
    accuracy = manifest["accuracy"]
    if isinstance(accuracy, bool) or not isinstance(accuracy, int | float) or not 0 < accuracy <= 100:
        raise EstimationError(f"accuracy is {accuracy!r}, it must be a percentage above 0", place)
    units = _mapping(manifest.get("units"), "units", place)
    data = folder / str(manifest.get("path_to_data_dir", "./data"))
    if not data.is_dir():
        raise EstimationError(f"the data folder '{data}' does not exist", place)
    keys = {
        name: tuple(str(column) for column in columns)
        for name, columns in _mapping(manifest.get("keys"), "keys", place).items()
        if isinstance(columns, list)
    }
    files = {file.stem: file for file in sorted(data.glob("*.csv"))}
    for name in keys:
        if name not in files:
            hint = did_you_mean(name, files)
            raise EstimationError(f"keys are declared for '{name}', but there is no such table", place, hint)
    return TableFamily(
        name=str(manifest["name"]),
        accuracy=float(accuracy),
        energy_unit=_unit(units.get("energy", "pJ"), ENERGY_UNITS_IN_PJ, "energy", place),
        area_unit=_unit(units.get("area", "um^2"), AREA_UNITS_IN_UM2, "area", place),
        keys=keys,
        files=files,
    )


def _mapping(value: object, what: str, place: Location) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise EstimationError(f"'{what}' of the manifest must be a mapping", place)
    return cast(dict[str, object], value)


def _unit(name: object, known: Mapping[str, float], what: str, place: Location) -> float:
    if name not in known:
        raise EstimationError(f"unknown {what} unit '{name}'", place, did_you_mean(str(name), known))
    return known[str(name)]


@lru_cache(maxsize=256)
def load_entries(folder: Path, class_name: str) -> tuple[Entry, ...]:
    """The rows of one table, in file order, checked."""
    family = load_family(folder)
    path = family.files[class_name]
    rows = list(read_table(path))
    if not rows:
        raise EstimationError("the table has no rows", Location(str(path)))
    columns = list(rows[0].cells)
    keys = family.keys.get(class_name, tuple(c for c in columns if c not in NO_KEYS))
    for column in (*keys, "action", "energy", "area"):
        if column not in columns:
            hint = did_you_mean(column, columns)
            raise EstimationError(f"column '{column}' is missing from the table", rows[0].location, hint)
    entries = [_entry(row, keys, family) for row in rows]
    _refuse_contradictions(entries)
    return tuple(entries)


def _entry(row: TableRow, keys: Sequence[str], family: TableFamily) -> Entry:
    action = row.text("action")
    if not action:
        raise EstimationError("the row names no action", row.location)
    clock = next((c for c in CLOCK_COLUMNS if row.cells.get(c)), None)
    entry = Entry(
        keys=tuple((k, row.text(k)) for k in keys),
        action=action,
        energy_pj=row.not_negative("energy") * family.energy_unit,
        area_um2=row.not_negative("area") * family.area_unit,
        cycle_s=None if clock is None else row.positive(clock),
        location=row.location,
    )
    if action in ("idle", "leak") and entry.energy_pj > 0 and entry.cycle_s is None:
        raise EstimationError(f"'{action}' costs energy but the row has no {CLOCK_COLUMNS[0]}", row.location)
    return entry


def _refuse_contradictions(entries: Iterable[Entry]) -> None:
    seen: dict[tuple[object, ...], Entry] = {}
    for entry in entries:
        first = seen.setdefault((entry.keys, entry.action, entry.cycle_s), entry)
        if (first.energy_pj, first.area_um2) != (entry.energy_pj, entry.area_um2):
            raise EstimationError(
                f"action '{entry.action}' has other figures in line {first.location.line} for the same keys",
                entry.location,
            )


class TableSource:
    """All families of one folder, each a subfolder with a manifest; or the one family that it is itself."""

    name = "tables"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _families(self) -> list[Path]:
        return _family_folders(self._folder)

    def classes(self) -> Iterable[str]:
        return sorted({c for folder in self._families() for c in load_family(folder).files})

    def estimate(self, query: Query) -> Finding:
        refusals = []
        for folder in self._families():
            family = load_family(folder)
            if query.class_name not in family.files:
                continue
            try:
                return _lookup(query, family, load_entries(folder, query.class_name))
            except AttributeFault:
                raise
            except Declined as declined:
                refusals.append((family.name, declined))
        if refusals:
            kind = NoRow if all(isinstance(declined, NoRow) for _, declined in refusals) else Declined
            raise kind("; ".join(f"{name}: {declined.reason}" for name, declined in refusals))
        raise Declined("no table of that name", knows_class=False)


@lru_cache(maxsize=16)
def _family_folders(folder: Path) -> list[Path]:
    """The folder itself if it has a manifest, otherwise its subfolders that have one."""
    if (folder / "manifest.yaml").is_file():
        return [folder]
    try:
        found = sorted(f for f in folder.iterdir() if (f / "manifest.yaml").is_file())
    except OSError as error:
        raise EstimationError(f"the table folder cannot be read: {error}", Location(str(folder))) from None
    if not found:
        raise EstimationError(
            "there is no table family in the table folder: neither it nor a subfolder has a manifest.yaml",
            Location(str(folder)),
        )
    return found


def _lookup(query: Query, family: TableFamily, entries: Sequence[Entry]) -> Finding:
    fitting = [e for e in entries if _fits(query, e)]
    if not fitting:
        keys = ", ".join(f"{k}={query.attributes.get(k)!r}" for k, _ in entries[0].keys)
        raise NoRow(f"no row for {keys}")
    matched = [k for k, _ in fitting[0].keys if query.attributes.get(k) is not None]
    left_open = [k for k, v in fitting[0].keys if query.attributes.get(k) is None and v != ""]
    if query.action is None:
        chosen, value = _only(fitting[:1] if not left_open else fitting), None
    else:
        chosen, value = _action_energy(query, fitting)
    fit = "matched " + ", ".join(matched) if matched else "matched by its name"
    if left_open:
        fit += "; not given: " + ", ".join(left_open)
    share = len(matched) / max(1, len(matched) + len(left_open))
    result = chosen.area_um2 if value is None else value
    return Finding(result, family.name, round(family.accuracy * share, 1), fit)


def _fits(query: Query, entry: Entry) -> bool:
    """A key that the query states must be equal; an empty cell is equal to an unstated one only."""
    for key, cell in entry.keys:
        value = query.attributes.get(key)
        if value is not None and not _same(value, cell):
            return False
    return True


def _same(value: AttributeValue, cell: str) -> bool:
    if str(value) == cell:
        return True
    if isinstance(value, int | float) and not isinstance(value, bool):
        nanometres = parse_technology(cell)
        try:
            return value == (float(cell) if nanometres is None else nanometres)
        except ValueError:
            return False
    return False


def _action_energy(query: Query, fitting: Sequence[Entry]) -> tuple[Entry, float]:
    """Energy in pJ. ``update`` may be answered by ``write``, ``leak`` by ``idle`` (per cycle)."""
    names = {"update": ("update", "write"), "leak": ("leak", "idle")}.get(query.action or "", (query.action,))
    for name in names:
        candidates = [e for e in fitting if e.action == name]
        if not candidates:
            continue
        chosen = _only(candidates)
        if query.action == "leak" and chosen.energy_pj > 0 and chosen.cycle_s is not None:
            return chosen, chosen.energy_pj * query.cycle_seconds / chosen.cycle_s
        return chosen, chosen.energy_pj
    known = ", ".join(dict.fromkeys(e.action for e in fitting))
    raise Declined(f"no row for action '{query.action}', only {known}")


def _only(candidates: Sequence[Entry]) -> Entry:
    """The first row; :class:`Declined` when an unstated key would decide between different figures."""
    first = candidates[0]
    for other in candidates[1:]:
        if (other.energy_pj, other.area_um2) != (first.energy_pj, first.area_um2) and (
            other.keys != first.keys
        ):
            differing = [a for (a, x), (_, y) in zip(first.keys, other.keys, strict=True) if x != y]
            raise Declined(f"several rows fit; '{differing[0]}' must be stated")
    return first
