"""A JSON list with the line of each of its entries, which the standard reader does not tell."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from harness.errors import Location, SpecError

_SPACE = re.compile(r"[ \t\r\n]*")


def json_entries(path: Path) -> tuple[tuple[int, object], ...]:
    """(line, entry) for each entry of the list in ``path``.

    Raises SpecError with the line for what is not JSON, not a list, or names a key twice.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        hint = "without -c the shipped configurations are taken"
        raise SpecError("no such file", Location(str(path)), hint) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SpecError(f"cannot be read: {error}", Location(str(path))) from error
    try:
        return tuple(_entries(text, str(path)))
    except json.JSONDecodeError as error:
        raise SpecError(f"not JSON: {error.msg}", Location(str(path), error.lineno)) from error
    except _Refused as error:
        raise SpecError(str(error), Location(str(path))) from error
    except RecursionError as error:
        raise SpecError("nested too deeply", Location(str(path))) from error


class _Refused(Exception):
    """Valid JSON that is no data of ours."""


def _entries(text: str, file: str) -> Iterator[tuple[int, object]]:
    decoder = json.JSONDecoder(
        object_pairs_hook=_without_doubles, parse_constant=_refuse_constant, parse_int=_integer
    )
    position = _after_space(text, 0)
    if text[position : position + 1] != "[":
        decoder.raw_decode(text, position)  # what is not JSON at all is told as such
        raise SpecError("the configurations must be a list", Location(file, 1))
    position = _after_space(text, position + 1)
    if text[position : position + 1] != "]":
        while True:
            line = text.count("\n", 0, position) + 1
            entry, position = decoder.raw_decode(text, position)
            yield line, entry
            position = _after_space(text, position)
            if text[position : position + 1] != ",":
                break
            position = _after_space(text, position + 1)
    if text[position : position + 1] != "]":
        raise json.JSONDecodeError("expecting ',' or ']'", text, position)
    position = _after_space(text, position + 1)
    if position != len(text):
        raise json.JSONDecodeError("something follows the list", text, position)


def _after_space(text: str, position: int) -> int:
    match = _SPACE.match(text, position)
    assert match is not None
    return match.end()


def _without_doubles(pairs: list[tuple[str, object]]) -> dict[str, object]:
    made: dict[str, object] = {}
    for key, value in pairs:
        if key in made:
            raise _Refused(f"the key '{key}' is there twice in one configuration")
        made[key] = value
    return made


def _refuse_constant(name: str) -> NoReturn:
    raise _Refused(f"{name} is no number of JSON's")


def _integer(digits: str) -> int:
    if len(digits) > 400:
        raise _Refused(f"a number of {len(digits)} digits")
    return int(digits)
