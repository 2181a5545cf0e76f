"""Hashes of content, equal for equal specifications whatever file they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

from harness.errors import Location


def content_hash(*parts: Any) -> str:
    """``sha256:`` and 64 hex digits over dataclasses, mappings, sequences and scalars.

    Positions in files do not count; raw attributes do, for the estimators read them. The order of mappings
    and sets does not count, that of sequences does.
    """
    text = json.dumps([_canonical(part) for part in parts], sort_keys=True, separators=(",", ":"))
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def _canonical(value: Any) -> Any:
    # The commonest first: a sweep hashes thousands of values for every job.
    kind: Any = type(value)
    if value is None or kind is str or kind is bool:
        return value
    if kind is int:
        return {"i": str(value)}
    if kind is tuple or kind is list:
        return [_canonical(entry) for entry in value]
    if isinstance(value, dict):
        return {"m": {str(key): _canonical(entry) for key, entry in value.items()}}
    if kind is float:
        return {"f": value.hex()}
    names = _field_names(kind)
    if names is not None:
        return {"t": kind.__name__, "v": {name: _canonical(getattr(value, name)) for name in names}}
    return _uncommon(value)


@lru_cache(maxsize=256)
def _field_names(kind: Any) -> tuple[str, ...] | None:
    """Of a dataclass that is hashed by its fields."""
    if kind is Location or not is_dataclass(kind):
        return None
    return tuple(f.name for f in fields(kind))


def _uncommon(value: Any) -> Any:
    if isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {"i": str(int(value))}
    if isinstance(value, float):
        return {"f": float(value).hex()}
    if isinstance(value, Location):
        return None
    if isinstance(value, Mapping):
        return {"m": {str(key): _canonical(entry) for key, entry in value.items()}}
    if isinstance(value, (set, frozenset)):
        return {"s": sorted(json.dumps(_canonical(entry), sort_keys=True) for entry in value)}
    if isinstance(value, (list, tuple)):
        return [_canonical(entry) for entry in value]
    return {"r": str(value)}
