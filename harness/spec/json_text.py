"""Indented JSON several times faster than Python's: its fast encoder knows no indentation."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_string = json.encoder.encode_basestring


def json_text(record: Mapping[str, Any]) -> str:
    """As ``json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False)``, for plain data.

    Keys are strings, values None, numbers, strings, lists, tuples and mappings. Raises ValueError for NaN and
    infinities, TypeError for anything else.
    """
    pieces: list[str] = []
    _write(record, "\n", pieces)
    return "".join(pieces)


def _write(value: Any, line: str, pieces: list[str]) -> None:
    """``line`` is the line break with the indentation of what holds ``value``."""
    if isinstance(value, dict):
        below = f"{line} "
        start = f"{{{below}"
        for key, entry in value.items():
            if not isinstance(key, str):
                raise TypeError(f"a key of the record is {key!r}")
            if isinstance(entry, (dict, list, tuple)):
                pieces.append(f"{start}{_string(key)}: ")
                _write(entry, below, pieces)
            else:
                pieces.append(f"{start}{_string(key)}: {_scalar(entry)}")
            start = f",{below}"
        pieces.append(f"{line}}}" if value else "{}")
    elif isinstance(value, (list, tuple)):
        below = f"{line} "
        start = f"[{below}"
        for entry in value:
            pieces.append(start)
            _write(entry, below, pieces)
            start = f",{below}"
        pieces.append(f"{line}]" if value else "[]")
    else:
        pieces.append(_scalar(value))


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__repr__(value)
    if isinstance(value, float):
        if value - value != 0:
            raise ValueError(f"Out of range float values are not JSON compliant: {value!r}")
        return float.__repr__(value)
    raise TypeError(f"Object of type {type(value).__name__} is not JSON serializable")
