"""The manifest of a table family: who made the figures, in which units, and what makes a row fit.

Two forms are read. Our own is ``manifest.yaml``, strict about every key. Accelergy's table plug-in has
``<anything>table.yaml`` with ``name``, ``technology``, ``accuracy`` and ``path_to_data_dir``; there foreign
keys are left alone, as that plug-in does, and accuracy 0 means that the rows are never used.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.errors import EstimationError, Location, SpecError, did_you_mean
from harness.estimation.query import finite_number, shorten
from harness.estimation.tables.files import remembered
from harness.estimation.tables.rules import Rules, class_rules, uncertainty_of
from harness.spec.located import where
from harness.spec.yaml_nodes import parse_yaml

OWN_NAME = "manifest.yaml"
ACCELERGY_SUFFIX = "table.yaml"
MAX_MANIFEST_BYTES = 1_000_000
ENERGY_UNITS_IN_PJ = {"aJ": 1e-6, "fJ": 1e-3, "pJ": 1.0, "nJ": 1e3, "uJ": 1e6, "mJ": 1e9}
AREA_UNITS_IN_UM2 = {"nm^2": 1e-6, "um^2": 1.0, "mm^2": 1e6}
BY_CLASS = ("keys", "interpolate", "scale", "implied")
_DECLARED = {
    "keys": "keys are",
    "interpolate": "interpolation is",
    "scale": "scaling is",
    "implied": "something implied is",
    "source": "a source is",
    "uncertainty": "an uncertainty is",
}
MANIFEST_KEYS = (
    *("name", "technology", "accuracy", "path_to_data_dir", "source", "uncertainty", "units"),
    *BY_CLASS,
)


@dataclass(frozen=True)
class TableFamily:
    """A manifest with its files. ``files`` maps a class name to the CSV that answers it.

    ``technology`` stands in every table without a column of that name ("" for none). ``place`` says where
    ``accuracy`` was stated.
    """

    path: Path
    name: str
    technology: str
    accuracy: float
    energy_unit: float
    area_unit: float
    sources: Mapping[str, str]
    rules: Mapping[str, Rules]
    files: Mapping[str, Path]
    strict: bool
    place: Location

    def source(self, class_name: str) -> str:
        return self.sources.get(class_name, self.sources.get("", ""))

    def rules_of(self, class_name: str) -> Rules:
        return self.rules.get(class_name, self.rules[""])


def load_family(path: Path) -> TableFamily:
    """The family of a manifest. Its tables are read when they are asked for."""
    return remembered(("family", str(path)), lambda: _load_family(path))


def load_mapping(path: Path, what: str) -> dict[str, Any]:
    """The mapping in a small YAML file: bounded, safe, with places; ``what`` names it in errors."""
    place = Location(str(path))
    try:
        if not path.is_file():
            raise EstimationError(f"{what} cannot be read: there is no such file", place)
        with path.open("rb") as file:
            data = file.read(MAX_MANIFEST_BYTES + 1)
    except OSError as error:
        raise EstimationError(f"{what} cannot be read: {error.strerror or error}", place) from None
    if len(data) > MAX_MANIFEST_BYTES:
        raise EstimationError(f"{what} is larger than {MAX_MANIFEST_BYTES // 1_000_000} MB", place)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise EstimationError(f"{what} cannot be read: not UTF-8", Location(str(path), line)) from None
    try:
        tree = parse_yaml(text, lambda line: Location(str(path), line + 1))
    except SpecError as error:
        reason = f"{what} is no valid YAML: {error.message}"
        raise EstimationError(reason, error.location or place, error.hint) from None
    except (ValueError, RecursionError) as error:
        raise EstimationError(f"{what} is no valid YAML: {shorten(error)}", place) from None
    if not isinstance(tree, dict):
        raise EstimationError(f"{what} must be a mapping", place)
    return tree


def _load_family(path: Path) -> tuple[TableFamily, list[Path]]:
    tree = load_mapping(path, "the manifest")
    place = Location(str(path))
    strict = path.name == OWN_NAME
    for key in tree:
        _check_key(key, strict, where(tree, key) or place)
    for key in ("name", "accuracy", *(() if strict else ("technology", "path_to_data_dir"))):
        if tree.get(key) is None:
            raise EstimationError(f"the manifest lacks '{key}'", place)
    data, files = _data_files(tree, path)
    units = _mapping(tree, "units", place)
    _check_names(units, ("energy", "area"), "unit of", place)
    family = TableFamily(
        path=path,
        name=_text(tree, "name", place),
        technology=_text(tree, "technology", place),
        accuracy=_accuracy(tree, strict, place),
        energy_unit=_unit(units, "energy", "pJ", ENERGY_UNITS_IN_PJ, place),
        area_unit=_unit(units, "area", "um^2", AREA_UNITS_IN_UM2, place),
        sources=_sources(tree, files, place),
        rules=_rules(tree, files, place),
        files=files,
        strict=strict,
        place=where(tree, "accuracy") or place,
    )
    return family, [path, data]


def _check_key(key: str, strict: bool, place: Location) -> None:
    """A foreign key of Accelergy's form is refused only where it looks like a slip of the pen."""
    if key in MANIFEST_KEYS:
        return
    if strict or difflib.get_close_matches(key, MANIFEST_KEYS, n=1, cutoff=0.8):
        raise EstimationError(f"unknown manifest key '{key}'", place, did_you_mean(key, MANIFEST_KEYS))


def _accuracy(tree: dict[str, Any], strict: bool, place: Location) -> float:
    value = finite_number(tree["accuracy"])
    if value is None or not 0 <= value <= 100 or (strict and value == 0):
        raise EstimationError(
            f"accuracy is {shorten(tree['accuracy'])}, it must be a percentage above 0",
            where(tree, "accuracy") or place,
        )
    return float(value)


def _data_files(tree: dict[str, Any], path: Path) -> tuple[Path, dict[str, Path]]:
    place = where(tree, "path_to_data_dir") or Location(str(path))
    stated = tree.get("path_to_data_dir", "./data")
    if not isinstance(stated, str) or "\0" in stated:
        raise EstimationError(f"path_to_data_dir is {shorten(stated)}, not a folder", place)
    data = path.parent / stated
    try:
        if not data.is_dir():
            raise EstimationError(f"the data folder '{data}' does not exist", place)
        return data, {file.stem: file for file in sorted(data.glob("*.csv"))}
    except OSError as error:
        reason = error.strerror or str(error)
        raise EstimationError(f"the data folder '{data}' cannot be read: {reason}", place) from None


def _mapping(tree: dict[str, Any], key: str, place: Location) -> dict[str, Any]:
    value = tree.get(key)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise EstimationError(f"'{key}' of the manifest must be a mapping", where(tree, key) or place)
    return value


def _check_names(given: dict[str, Any], known: Collection[str], what: str, place: Location) -> None:
    for name in given:
        if name not in known:
            hint = did_you_mean(name, known)
            raise EstimationError(f"unknown {what} '{name}'", where(given, name) or place, hint)


def _text(tree: dict[str, Any], key: str, place: Location) -> str:
    """The text of a key on one line; numbers as they are written mostly (``technology: 45``)."""
    value = tree.get(key)
    if value is None:
        return ""
    if isinstance(value, (dict, list)):
        raise EstimationError(f"'{key}' of the manifest must be a text", where(tree, key) or place)
    try:
        return " ".join(str(value).split())
    except ValueError:
        raise EstimationError(f"'{key}' of the manifest is a huge number", where(tree, key)) from None


def _unit(units: dict[str, Any], what: str, usual: str, known: Mapping[str, float], place: Location) -> float:
    name = units.get(what, usual)
    if not isinstance(name, str) or name not in known:
        hint = did_you_mean(shorten(name) if not isinstance(name, str) else name, known)
        shown = name if isinstance(name, str) else shorten(name)
        raise EstimationError(f"unknown {what} unit '{shown}'", where(units, what) or place, hint)
    return known[name]


def _sources(tree: dict[str, Any], files: Mapping[str, Path], place: Location) -> dict[str, str]:
    """Where the figures come from, by class; "" stands for all others."""
    stated = tree.get("source")
    if not isinstance(stated, dict):
        return {"": _text(tree, "source", place)}
    _check_classes("source", stated, files, place)
    return {name: _text(stated, name, place) for name in stated}


def _rules(tree: dict[str, Any], files: Mapping[str, Path], place: Location) -> dict[str, Rules]:
    """The rules of every class that the manifest names; "" has those of all others."""
    stated = tree.get("uncertainty")
    by_class: dict[str, Any] = stated if isinstance(stated, dict) else {}
    overall = None if by_class else uncertainty_of(stated, where(tree, "uncertainty") or place)
    _check_classes("uncertainty", by_class, files, place)
    sections = {section: _mapping(tree, section, place) for section in BY_CLASS}
    for section, classes in sections.items():
        _check_classes(section, classes, files, place)
    found = {"": Rules(uncertainty=overall)}
    for name in dict.fromkeys(n for part in (*sections.values(), by_class) for n in part):
        own = uncertainty_of(by_class.get(name), where(by_class, name) or place)
        found[name] = class_rules(name, sections, overall if own is None else own, place)
    return found


def _check_classes(section: str, classes: dict[str, Any], files: Mapping[str, Path], place: Location) -> None:
    for name in classes:
        if name not in files:
            raise EstimationError(
                f"{_DECLARED[section]} declared for '{name}', but there is no such table",
                where(classes, name) or place,
                did_you_mean(name, files),
            )
