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
