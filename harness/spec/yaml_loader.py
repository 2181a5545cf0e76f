"""Loading of specification files: Jinja first where it is used, then YAML, all with file and line.

A line ``!include other.yaml`` at the left margin is replaced by the text of that file (its anchors are
then known below), as Timeloop's front end does.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from harness.errors import Location, SpecError
from harness.spec.includes import (
    MAX_INCLUDE_DEPTH,
    MAX_INCLUDED_BYTES,
    MAX_INCLUDED_FILES,
    Inclusions,
    as_flow_yaml,
)
from harness.spec.located import LocatedDict, copy_of
from harness.spec.yaml_nodes import QuotedStr, parse_yaml

MAX_BYTES = 32_000_000
_MOST_LINES = 2_000
"""Longer texts are not remembered."""
TEMPLATE_SUFFIXES = (".jinja", ".jinja2", ".j2")

__all__ = ["QuotedStr", "load_yaml_file", "load_yaml_text"]

_CONTROL = re.compile("[\0-\x08\x0b\x0e-\x1f]")
_INCLUDE_LINE = re.compile(r"!include\s+(\S.*?)\s*(?:#.*)?")


def load_yaml_file(
    path: str | Path,
    jinja_data: Mapping[str, Any] | None = None,
    roots: Sequence[str | Path] = (),
    *,
    above: bool = False,
) -> LocatedDict:
    """The mapping in a YAML file or Jinja template.

    ``jinja_data`` are the values that templates see. Included files must lie below the file's own folder or
    below ``roots``; with ``above`` YAML files and templates also below the folders above these. Raises
    :class:`SpecError` (file, line, reason) for files that are missing, folders, too large, not text, empty or
    not a mapping, for broken YAML and for templates that fail.
    """
    file = Path(path)
    lines = _source(file, _Reading(jinja_data or {}, _folders(file.parent, roots), above=above))
    return _as_mapping(_parse(lines), str(path))


def load_yaml_text(
    text: str,
    name: str = "<text>",
    jinja_data: Mapping[str, Any] | None = None,
    roots: Sequence[str | Path] = (),
) -> LocatedDict:
    """The mapping in ``text``; ``name`` stands for the file in errors.

    Files are included only from ``roots``.
    """
    folders = tuple(Path(r) for r in roots)
    folder = folders[0] if folders else Path()
    reading = _Reading(jinja_data or {}, folders)
    return _as_mapping(_parse(_rendered(text, name, folder, reading)), name)


def _as_mapping(tree: Any, name: str) -> LocatedDict:
    if tree is None:
        raise SpecError("the file is empty", Location(name))
    if not isinstance(tree, LocatedDict):
        raise SpecError("a specification must be a mapping of keys at the top", Location(name, 1))
    return tree


def _folders(folder: Path, roots: Sequence[str | Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys([folder, *(Path(r) for r in roots)]))


Lines = list[tuple[str, str, int | None]]
"""A text by lines, each with the file that it came from and its line there, where that is known."""


@dataclass
class _Tally:
    """How much has been read for one file; files that include others twice would double it at every step."""

    files: int = 0
    size: int = 0

    def count(self, text: str, name: str) -> None:
        self.files += 1
        self.size += len(text)
        if self.files > MAX_INCLUDED_FILES:
            raise SpecError(f"more than {MAX_INCLUDED_FILES} files are included", Location(name))
        if self.size > MAX_INCLUDED_BYTES:
            raise SpecError(
                f"more than {MAX_INCLUDED_BYTES // 1_000_000} MB of files are included", Location(name)
            )


@dataclass(frozen=True)
class _Reading:
    """What stays the same while one file and those that it includes are read."""

    values: Mapping[str, Any]
    roots: tuple[Path, ...]
    above: bool = False
    depth: int = 0
    tally: _Tally = field(default_factory=_Tally)
    added: list[Path] = field(default_factory=list)
    """Folders that ``add_to_path`` was called with, in whichever of the files."""

    def deeper(self) -> _Reading:
        return replace(self, depth=self.depth + 1)


def _source(file: Path, reading: _Reading) -> Lines:
    return _rendered(_read(file), str(file), file.parent, reading)


def _rendered(text: str, name: str, folder: Path, reading: _Reading) -> Lines:
    if reading.depth > MAX_INCLUDE_DEPTH:
        raise SpecError("files that include each other without end", Location(name))
    reading.tally.count(text, name)
    origin: list[int] | None = None
    exact = True
    inclusions = Inclusions(
        reading.roots,
        folder,
        load=lambda path: _parse(_source(path, reading.deeper())),
        render=lambda path: _text_of(_source(path, reading.deeper())),
        added=reading.added,
        above=reading.above,
    )
    if name.endswith(TEMPLATE_SUFFIXES) or "{{" in text or "{%" in text:
        # Jinja takes longer to import than a specification to read; many have no template.
        from harness.spec.jinja_render import render  # noqa: PLC0415

        text, origin = render(text, name, reading.values, inclusions.functions(), as_flow_yaml)
        exact = origin is not None
    lines: Lines = []
    for number, line in enumerate(text.split("\n")):
        source_line = (origin[number] if origin else number + 1) if exact else None
        found = _INCLUDE_LINE.fullmatch(line) if line.startswith("!include") else None
        if found is None:
            lines.append((line, name, source_line))
            continue
        try:
            target = inclusions.find(found[1].strip("\"'"))
        except SpecError as error:
            raise SpecError(error.message, Location(name, source_line), error.hint) from None
        lines.extend(_source(target, reading.deeper()))
    return lines


def _text_of(lines: Sequence[tuple[str, str, int | None]]) -> str:
    return "\n".join([line for line, _, _ in lines])


def _parse(lines: Lines) -> Any:
    """A tree of the caller's own. Sweeps read the same texts again and again, those of templates included."""
    return copy_of(_tree(tuple(lines))) if len(lines) <= _MOST_LINES else _parsed(lines)


@lru_cache(maxsize=128)
def _tree(lines: tuple[tuple[str, str, int | None], ...]) -> Any:
    return _parsed(lines)


def _parsed(lines: Sequence[tuple[str, str, int | None]]) -> Any:
    places: dict[int, Location] = {}

    def place_of(line: int) -> Location:
        place = places.get(line)
        if place is None:
            _, file, number = lines[min(line, len(lines) - 1)]
            place = places[line] = Location(file, number)
        return place

    return parse_yaml(_text_of(lines), place_of)


def _read(file: Path) -> str:
    place = Location(str(file))
    try:
        if file.is_dir():
            raise SpecError("this is a folder, not a file", place)
        with file.open("rb") as stream:
            raw = stream.read(MAX_BYTES + 1)  # not by its size: a pipe or a device has none
        if len(raw) > MAX_BYTES:
            raise SpecError(f"the file is larger than {MAX_BYTES // 1_000_000} MB", place)
    except FileNotFoundError:
        raise SpecError("no such file", place) from None
    except OSError as error:
        raise SpecError(f"cannot be read: {error.strerror}", place) from None
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise SpecError("this is not a text file (not UTF-8)", place) from None
    if _CONTROL.search(text):
        raise SpecError("this is not a text file (it has control characters)", place)
    return text.replace("\r\n", "\n").replace("\r", "\n")
