"""Entries of a file of configurations as written, and where they stand."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from harness.errors import Location, SpecError, did_you_mean

CONFIGURATIONS_KEY = "configurations"
RULES_KEY = "rules"
_FILE_KEYS = (CONFIGURATIONS_KEY, RULES_KEY)

PrefixOf = Callable[[tuple[str | int, ...]], str]
"""From the way into nested data to the text before a message, ``"file.json:3: "``."""


class Place(Protocol):
    """Where an entry stands, as text that goes before a message."""

    def value(self, key: str | None = None) -> str:
        """That of the value of ``key``, or of the whole entry."""

    def name(self, key: str) -> str:
        """That of the name ``key`` itself."""


@dataclass(frozen=True, slots=True)
class NestedPlace:
    """An entry of nested data, which ``path`` leads to."""

    prefix_of: PrefixOf
    path: tuple[str | int, ...]
    label: str = ""

    def value(self, key: str | None = None) -> str:
        return self.prefix_of(self.path if key is None else (*self.path, key)) + self.label

    def name(self, key: str) -> str:
        return self.value(key)


@dataclass(frozen=True, slots=True)
class Flaw:
    """In the place of an entry, why there is none."""

    reason: str


@dataclass(frozen=True, slots=True)
class Entry:
    """``content`` should be a mapping; that is still to be checked. A :class:`Flaw` is none for sure."""

    content: object
    place: Place


@dataclass(frozen=True, slots=True)
class Source:
    """Everything that was given. ``rules`` are for all entries, and still to be read."""

    entries: tuple[Entry, ...]
    rules: object
    place: Place


def source_of(data: object, prefix_of: PrefixOf) -> Source:
    """From a list of entries, one entry, or an object with the list ``configurations`` and ``rules``.

    Raises ValueError, as text that names the place, for anything else.
    """
    whole = NestedPlace(prefix_of, ())
    if isinstance(data, Mapping):
        if CONFIGURATIONS_KEY not in data:
            return Source((Entry(data, whole),), (), whole)
        for key in data:
            if key not in _FILE_KEYS:
                said = f"unknown key '{key}' beside '{CONFIGURATIONS_KEY}'"
                raise ValueError(f"{whole.name(str(key))}{said} ({did_you_mean(str(key), _FILE_KEYS)})")
        listed = data[CONFIGURATIONS_KEY]
        if not isinstance(listed, list | tuple):
            raise ValueError(f"{whole.value(CONFIGURATIONS_KEY)}'{CONFIGURATIONS_KEY}' must be a list")
        return Source(_listed(listed, prefix_of, (CONFIGURATIONS_KEY,)), data.get(RULES_KEY, ()), whole)
    if isinstance(data, list | tuple):
        return Source(_listed(data, prefix_of, ()), (), whole)
    raise ValueError(f"{whole.value()}the configurations must be a list of objects, or one object")


def _listed(
    data: list[object] | tuple[object, ...], prefix_of: PrefixOf, path: tuple[str | int, ...]
) -> tuple[Entry, ...]:
    return tuple(
        Entry(content, NestedPlace(prefix_of, (*path, number), f"configuration {number}: "))
        for number, content in enumerate(data)
    )


_MOST_CHARACTERS = 100_000_000


def file_text(path: Path) -> str:
    """Raises SpecError for a file that is not there or is no text."""
    try:
        with path.open(encoding="utf-8-sig") as stream:
            text = stream.read(_MOST_CHARACTERS + 1)
    except FileNotFoundError as error:
        hint = "without -c the shipped configurations are taken"
        raise SpecError("no such file", Location(str(path)), hint) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot be read: {error}", Location(str(path))) from error
    if len(text) > _MOST_CHARACTERS:
        hint = "a grid or a cross-over says much in few words"
        raise SpecError(f"more than {_MOST_CHARACTERS:,} characters", Location(str(path)), hint)
    return text
