"""Hashes of content, equal for equal specifications whatever file they came from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
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
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return {"i": str(int(value))}
    if isinstance(value, float):
        return {"f": float(value).hex()}
    if isinstance(value, Location):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        kept = {f.name: _canonical(getattr(value, f.name)) for f in fields(value)}
        return {"t": type(value).__name__, "v": kept}
    if isinstance(value, Mapping):
        return {"m": {str(key): _canonical(entry) for key, entry in value.items()}}
    if isinstance(value, (set, frozenset)):
        return {"s": sorted(json.dumps(_canonical(entry), sort_keys=True) for entry in value)}
    if isinstance(value, (list, tuple)):
        return [_canonical(entry) for entry in value]
    return {"r": str(value)}
