"""JSON with the lines of its keys and items, which the standard reader does not tell."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import NoReturn

from harness.errors import Location, SpecError
from harness.sweep.points.entry import file_text

_SPACE = re.compile(r"[ \t\r\n]*")
_Place = tuple[int, int]
"""Where the key or item begins, and where its value does."""


class JsonText:
    """``data`` is what the file holds. Lines are looked for when they are asked for: for a message."""

    def __init__(self, path: Path) -> None:
        """Raises SpecError with the line for what is not JSON, or has a key twice in one object."""
        self._file = str(path)
        self._text = file_text(path)
        self._members: dict[int, dict[str | int, _Place]] = {}
        try:
            self.data: object = _DECODER.decode(self._text)
        except json.JSONDecodeError as error:
            raise SpecError(f"not JSON: {error.msg}", Location(self._file, error.lineno)) from error
        except _Refused as error:
            raise SpecError(str(error), Location(self._file, self._line(self._refused()))) from error
        except RecursionError as error:
            raise SpecError("nested too deeply", Location(self._file)) from error

    def prefix(self, path: tuple[str | int, ...]) -> str:
        """The file and the line of the key or item that ``path`` leads to, as text before a message."""
        name = value = _after_space(self._text, 0)
        for step in path:
            if value not in self._members:
                self._members[value] = dict(self._steps(value))
            name, value = self._members[value].get(step, (name, value))
        return f"{Location(self._file, self._line(name))}: "

    def _line(self, position: int) -> int:
        return bisect_left(self._ends_of_lines, position) + 1

    @cached_property
    def _ends_of_lines(self) -> list[int]:
        return [match.start() for match in re.finditer("\n", self._text)]

    def _steps(self, position: int) -> Iterator[tuple[str | int, _Place]]:
        """The members of the list or object at ``position``; nothing for other values."""
        kind = self._text[position : position + 1]
        if kind not in ("[", "{"):
            return
        position = _after_space(self._text, position + 1)
        number = 0
        while self._text[position] not in "]}":
            name = position
            key: str | int = number
            if kind == "{":
                key, position = _DECODER.raw_decode(self._text, position)
                position = _after_space(self._text, position)
                position = _after_space(self._text, position + 1)
            yield key, (name, position)
            _, position = _DECODER.raw_decode(self._text, position)
            position = _after_space(self._text, position)
            if self._text[position] == ",":
                position = _after_space(self._text, position + 1)
            number += 1

    def _refused(self) -> int:
        """The place of the first value that is refused though it is JSON."""
        value = _after_space(self._text, 0)
        while True:
            place = value
            keys: set[str | int] = set()
            try:
                for key, (name, inner) in self._steps(place):
                    value = inner
                    if key in keys:
                        return name
                    keys.add(key)
            except _Refused:
                continue
            return place


class _Refused(Exception):
    """Valid JSON that is no data of ours."""


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    assert match is not None
    return match.end()


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made = dict(pairs)
    if len(made) < len(pairs):
        keys = [key for key, _ in pairs]
        double = next(key for number, key in enumerate(keys) if key in keys[:number])
        raise _Refused(f"the key '{double}' is there twice in one object")
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is no number of JSON's")


def _integer(digits: str) -> int:
    if len(digits) > 400:
        raise _Refused(f"a number of {len(digits)} digits")
    return int(digits)


_DECODER = json.JSONDecoder(
    object_pairs_hook=_without_doubles, parse_constant=_refuse_constant, parse_int=_integer
)
