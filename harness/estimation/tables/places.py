"""Where table families lie: folders that are named for a run, and those that a project lists.

Nothing is searched for that was not named, and nothing is written anywhere: a project lists its folders in
``estimation_tables/tables.yaml``::

    tables: [../my_tables, /opt/accelergy/tables]
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import EstimationError, Location, did_you_mean
from harness.estimation.project import LISTING
from harness.estimation.query import shorten
from harness.estimation.tables.files import remembered
from harness.estimation.tables.manifest import (
    ACCELERGY_SUFFIX,
    OWN_NAME,
    TableFamily,
    load_family,
    load_mapping,
)
from harness.spec.located import where

MAX_ENTRIES = 50_000
"""Files and folders that are looked through below one folder: more means that it is the wrong one."""


def registered_folders(project: Path) -> tuple[Path, ...]:
    """The table folders that ``project`` lists, in its order; none without a listing.

    Raises :class:`~harness.errors.EstimationError` with file and line for a listing that cannot be read and
    for a folder that is not there.
    """
    path = project / LISTING
    if not os.path.lexists(path):
        return ()
    tree = load_mapping(path, "the listing of table folders")
    for key in tree:
        if key != "tables":
            hint = did_you_mean(key, ["tables"])
            raise EstimationError(f"unknown key '{key}' of the listing", where(tree, key), hint)
    return tuple(_listed(tree.get("tables"), path, where(tree, "tables"), "tables"))


def families_in(place: Path) -> tuple[TableFamily, ...]:
    """The families below a folder, the most accurate first; or of the roots of an Accelergy configuration.

    A folder with a ``manifest.yaml`` is a family itself. Otherwise its subfolders with one are, and so are
    the sets of tables of Accelergy's form (``*table.yaml``) however deep below it.
    """
    found = [load_family(path) for path in _manifests(place)]
    return tuple(sorted(found, key=lambda family: -family.accuracy))


def digest_of_tables(place: Path) -> str:
    """Of everything that decides over the answers of the families in ``place``, wherever their data lie."""
    digest = hashlib.sha256()
    for family in families_in(place):
        for name, file in (("", family.path), *sorted(family.files.items())):
            try:
                data = file.read_bytes()
            except OSError as error:
                reason = error.strerror or str(error)
                raise EstimationError(f"the table cannot be read: {reason}", Location(str(file))) from None
            digest.update(f"{family.path.name} {name} {len(data)}\n".encode())
            digest.update(data)
    return digest.hexdigest()


def _manifests(place: Path) -> list[Path]:
    at = Location(str(place))
    if place.is_file():
        return [m for root in _roots(place) for m in _manifests(root)]
    if (place / OWN_NAME).is_file():
        return [place / OWN_NAME]
    try:
        own = sorted(f / OWN_NAME for f in place.iterdir() if (f / OWN_NAME).is_file())
    except OSError as error:
        raise EstimationError(f"the table folder cannot be read: {error}", at) from None
    found = [*own, *_accelergy_sets(place)]
    if not found:
        raise EstimationError(
            "there is no table family in the table folder: neither it nor a subfolder has a manifest.yaml, "
            "and no file below it ends in table.yaml",
            at,
            _csv_hint(place),
        )
    return found


def _csv_hint(place: Path) -> str | None:
    found = next((file for pattern in ("*.csv", "*/*.csv") for file in sorted(place.glob(pattern))), None)
    return f"{found.relative_to(place)} needs a manifest.yaml that says what it is" if found else None


def _accelergy_sets(place: Path) -> list[Path]:
    """The identifiers of sets of tables, in the order of their paths. Hidden folders are left alone."""
    found, seen = [], 0
    for folder, folders, files in os.walk(place):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        seen += len(folders) + len(files)
        if seen > MAX_ENTRIES:
            raise EstimationError(
                f"more than {MAX_ENTRIES} files lie below the table folder",
                Location(str(place)),
                "name the folder of the tables themselves",
            )
        found += [Path(folder) / name for name in sorted(files) if name.endswith(ACCELERGY_SUFFIX)]
    return found


def _roots(path: Path) -> list[Path]:
    """The roots that an ``accelergy_config.yaml`` names for its table plug-in."""

    def read() -> tuple[list[Path], list[Path]]:
        tree = load_mapping(path, "the configuration")
        section = tree.get("table_plug_ins")
        if not isinstance(section, dict) or "roots" not in section:
            raise EstimationError("the file has no 'table_plug_ins: {roots: [...]}'", Location(str(path)))
        listed = list(_listed(section["roots"], path, where(section, "roots"), "roots", folders_only=True))
        return listed, [path, *listed]

    return remembered(("roots", str(path)), read)


def _listed(
    stated: Any, path: Path, place: Location | None, what: str, folders_only: bool = False
) -> Iterator[Path]:
    """The places in a list, those that are not absolute taken from the folder of ``path``, none twice."""
    if not isinstance(stated, list):
        raise EstimationError(f"'{what}' must be a list of folders", place or Location(str(path)))
    seen: set[Path] = set()
    for index, entry in enumerate(stated):
        at = where(stated, index) or place
        if not isinstance(entry, str) or not entry or "\0" in entry:
            raise EstimationError(f"{shorten(entry)} is not the name of a folder", at)
        found = Path(os.path.normpath(path.parent / _at_home(entry, at)))
        try:
            there = found.is_dir() or (found.is_file() and not folders_only)
        except OSError as error:
            raise EstimationError(f"'{found}' cannot be read: {error.strerror}", at) from None
        if not there:
            raise EstimationError(f"there is no folder '{found}'", at)
        if found not in seen:
            seen.add(found)
            yield found


def _at_home(entry: str, place: Location | None) -> Path:
    try:
        return Path(entry).expanduser()
    except RuntimeError:
        raise EstimationError(f"'{entry}' names a home that does not exist", place) from None
