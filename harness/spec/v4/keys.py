"""Checked access to the mappings of a v4 tree: known keys only, the right kind of value, with places."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.errors import Location, SpecError, Unsupported, did_you_mean
from harness.spec.located import LocatedDict, LocatedList, where


def located(value: Any) -> Any:
    """``value`` with every plain mapping and list in it turned into a located one (without places)."""
    if isinstance(value, dict) and not isinstance(value, LocatedDict):
        return LocatedDict({str(k): located(v) for k, v in value.items()}, tag=getattr(value, "tag", None))
    if isinstance(value, (list, tuple)) and not isinstance(value, LocatedList):
        return LocatedList([located(v) for v in value], tag=getattr(value, "tag", None))
    if isinstance(value, LocatedDict):
        for key, item in value.items():
            value[key] = located(item)
    elif isinstance(value, LocatedList):
        value[:] = [located(v) for v in value]
    return value


def mapping_of(value: Any, what: str, place: Location | None) -> LocatedDict:
    """``value`` as a mapping; None and an empty list stand for an empty one."""
    if value is None or value == []:
        return LocatedDict(location=place)
    if not isinstance(value, LocatedDict):
        raise SpecError(f"{what} must be a mapping, not {describe(value)}", place)
    return value


def list_of(value: Any, what: str, place: Location | None) -> LocatedList:
    """``value`` as a list; None and an empty mapping stand for an empty one."""
    if value is None or value == {}:
        return LocatedList(location=place)
    if not isinstance(value, LocatedList):
        raise SpecError(f"{what} must be a list, not {describe(value)}", place)
    return value


def known(node: LocatedDict, keys: Iterable[str], what: str) -> LocatedDict:
    """``node`` with hyphens in keys as underscores and without keys that say "ignore".

    Raises for any key not among ``keys``, with the nearest one.
    """
    allowed = frozenset(keys)
    result = LocatedDict(location=node.location, tag=node.tag)
    for written, value in node.items():
        key = written if written in allowed else written.replace("-", "_")
        place = where(node, written)
        if "ignore" in key:
            continue
        if key not in allowed:
            raise SpecError(f"unknown key '{written}' in {what}", place, did_you_mean(written, allowed))
        if key in result:
            raise SpecError(f"'{key}' is given twice in {what}, with hyphens and with underscores", place)
        result[key] = value
        if place is not None:
            result.key_locations[key] = place
    return result


def check_version(node: LocatedDict, what: str) -> None:
    version = node.get("version", "0.4")
    if version is not None and str(version) != "0.4":
        raise Unsupported(f"version {version} of {what} is not read, only 0.4", where(node, "version"))


def describe(value: Any) -> str:
    """What a value is, in a user's words."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, (list, tuple)):
        return "a list"
    return f"'{value}'"


def is_empty(value: Any) -> bool:
    """Nothing in it: None, empty text, list or mapping, or a mapping of such (a version does not count)."""
    if value is None:
        return True
    if isinstance(value, dict):
        return all(is_empty(v) for k, v in value.items() if k != "version")
    if isinstance(value, list):
        return all(is_empty(v) for v in value)
    return isinstance(value, str) and value == ""


def placed(value: Any, source: LocatedDict, key: str) -> Location | None:
    return where(value) or where(source, key)
