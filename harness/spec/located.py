"""Plain dicts and lists that remember where in which file each entry stood.

The loader builds them; everything else may treat them as ``dict`` and ``list``. Code that transforms
trees keeps positions with :func:`LocatedDict.copy_place` or simply by reusing the child nodes.
"""

from __future__ import annotations

from typing import Any

from harness.errors import Location


class LocatedDict(dict[str, Any]):
    """A mapping node: ``location`` of the node itself and ``key_locations`` of each of its keys.

    ``tag`` is the YAML tag without the exclamation mark (``Component``, ``Container``, ...) or None.
    """

    def __init__(self, *args: Any, location: Location | None = None, tag: str | None = None) -> None:
        super().__init__(*args)
        self.location = location
        self.tag = tag
        self.key_locations: dict[str, Location] = {}


class LocatedList(list[Any]):
    """A sequence node: ``location`` of the node and ``item_locations`` of each item, by index."""

    def __init__(self, *args: Any, location: Location | None = None, tag: str | None = None) -> None:
        super().__init__(*args)
        self.location = location
        self.tag = tag
        self.item_locations: list[Location] = []


def copy_of(value: Any) -> Any:
    """A deep copy of a located tree that shares its places; plain mappings and lists become located ones."""
    kind = type(value)
    if kind is LocatedDict:
        copied = LocatedDict(location=value.location, tag=value.tag)
        for key, entry in value.items():
            copied[key] = copy_of(entry) if isinstance(entry, (dict, list, tuple)) else entry
        copied.key_locations = value.key_locations.copy()
        return copied
    if kind is LocatedList:
        listed = LocatedList(location=value.location, tag=value.tag)
        listed += [copy_of(v) if isinstance(v, (dict, list, tuple)) else v for v in value]
        listed.item_locations = value.item_locations.copy()
        return listed
    if isinstance(value, dict):
        return LocatedDict({str(k): copy_of(v) for k, v in value.items()})
    if isinstance(value, (list, tuple)):
        return LocatedList([copy_of(v) for v in value])
    return value


def where(node: Any, key: str | int | None = None) -> Location | None:
    """The place of ``node[key]`` (or of ``node``), None for nodes that did not come from a file."""
    if isinstance(node, LocatedDict):
        if isinstance(key, str) and key in node.key_locations:
            return node.key_locations[key]
        return node.location
    if isinstance(node, LocatedList):
        if isinstance(key, int) and 0 <= key < len(node.item_locations):
            return node.item_locations[key]
        return node.location
    return None
