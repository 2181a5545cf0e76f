"""YAML text to located trees: safe, with tags, merge keys and positions, and without Python objects.

Scalars are read by the rules of YAML 1.2's core schema, as Timeloop's front end does: ``1e-9`` is a number,
``yes`` and ``on`` are text, ``010`` is ten, ``0o10`` is eight. Text that stood in quotes becomes a
:class:`QuotedStr`, because such text is never an expression. ``<<`` merges the keys that are missing,
``<<<`` merges the mappings below them too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from harness.errors import Location, SpecError, did_you_mean
from harness.spec.located import LocatedDict, LocatedList

MAX_DEPTH = 64
MAX_NODES = 1_000_000

_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_INTEGER = re.compile(r"[-+]?[0-9][0-9_]*")
_BASED = re.compile(r"[-+]?0(?:b[01_]+|o[0-7_]+|x[0-9a-fA-F_]+)")
_FLOAT = re.compile(
    r"[-+]?(?:[0-9][0-9_]*\.[0-9_]*(?:[eE][-+]?[0-9]+)?"
    r"|[0-9][0-9_]*[eE][-+]?[0-9]+|\.[0-9][0-9_]*(?:[eE][-+]?[0-9]+)?)"
)
_SPECIAL = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".inf": float("inf"), ".Inf": float("inf"), ".INF": float("inf"), "+.inf": float("inf"),
    "-.inf": float("-inf"), "-.Inf": float("-inf"), "-.INF": float("-inf"),
    ".nan": float("nan"), ".NaN": float("nan"), ".NAN": float("nan"),
}  # fmt: skip
_MERGE_KEYS = ("<<", "<<<")


class QuotedStr(str):
    """Text that stood in quotes, or that an expression produced: it is not to be evaluated (again)."""

    __slots__ = ()


@dataclass(slots=True)
class _Node:
    kind: str
    line: int
    tag: str | None
    value: Any = None
    text: str = ""
    items: list[Any] = field(default_factory=list)


PlaceOf = Callable[[int], Location]
"""From a line of the YAML text (0-based) to the place that the user knows."""


def parse_yaml(text: str, place_of: PlaceOf) -> Any:
    """The tree of the one document in ``text``; None when there is none.

    Raises :class:`SpecError` with the place for broken YAML, duplicate keys, several documents, aliases
    that contain themselves or that expand beyond ``MAX_NODES`` nodes, and nesting beyond ``MAX_DEPTH``.
    """
    try:
        root = _compose(text, place_of)
    except yaml.MarkedYAMLError as error:
        raise _syntax_error(error, place_of) from None
    except yaml.YAMLError as error:
        raise SpecError(f"not YAML: {_first_line(str(error))}", _only_file(place_of)) from None
    if root is None:
        return None
    return _Builder(place_of).build(root, 0)


def scalar_value(text: str) -> Any:
    """The value of a plain (unquoted) scalar."""
    if text in _SPECIAL:
        return _SPECIAL[text]
    if not (text[0].isdigit() or text[0] in "+-."):
        return text
    if _INTEGER.fullmatch(text):
        return int(text.replace("_", "")) if len(text) < 400 else text
    if _FLOAT.fullmatch(text):
        return float(text.replace("_", ""))
    if _BASED.fullmatch(text):
        return int(text.replace("_", ""), 0) if len(text) < 400 else text
    return text


def _compose(text: str, place_of: PlaceOf) -> _Node | None:
    root: _Node | None = None
    anchors: dict[str, _Node] = {}
    stack: list[_Node] = []
    documents = 0
    for event in _events(text):
        line = event.start_mark.line
        if isinstance(event, yaml.DocumentStartEvent):
            documents += 1
            if documents > 1:
                raise SpecError("more than one YAML document in a file", place_of(line))
            continue
        if isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            stack.pop()
            continue
        node = _node_of(event, anchors, place_of)
        if node is None:
            continue
        if stack:
            stack[-1].items.append(node)
        else:
            root = node
        if isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            if len(stack) >= MAX_DEPTH:
                raise SpecError(f"nested more than {MAX_DEPTH} levels deep", place_of(line))
            stack.append(node)
    return root


def _events(text: str) -> Iterator[Any]:
    yield from yaml.parse(text, Loader=_Loader)


def _node_of(event: Any, anchors: dict[str, _Node], place_of: PlaceOf) -> _Node | None:
    line = event.start_mark.line
    if isinstance(event, yaml.AliasEvent):
        name = str(event.anchor)
        if name not in anchors:
            raise SpecError(f"unknown alias '*{name}'", place_of(line), did_you_mean(name, anchors))
        return anchors[name]
    if isinstance(event, yaml.ScalarEvent):
        plain = event.style in (None, "")
        quoted = event.style in ('"', "'")
        tag = _tag(event.tag, place_of(line))
        value = scalar_value(event.value) if plain and tag is None else event.value
        if quoted or tag == "str":
            value = QuotedStr(event.value)
        if tag == "expression":
            # Written by our own inclusion of trees into templates: text in quotes that is an expression.
            tag, value = None, str(event.value)
        if tag is not None and tag != "str" and event.value == "":
            # "- !Nothing" without anything behind it is an empty mapping of that kind.
            node = _Node("mapping", line, tag)
        else:
            node = _Node("scalar", line, tag, value, event.value)
    elif isinstance(event, yaml.MappingStartEvent):
        node = _Node("mapping", line, _tag(event.tag, place_of(line)))
    elif isinstance(event, yaml.SequenceStartEvent):
        node = _Node("sequence", line, _tag(event.tag, place_of(line)))
    else:
        return None
    if event.anchor:
        anchors[event.anchor] = node
    return node


def _tag(tag: str | None, place: Location) -> str | None:
    if tag is None or tag in ("!", "?"):
        return None
    if tag.startswith("tag:yaml.org,2002:"):
        name = tag.removeprefix("tag:yaml.org,2002:")
        if name in ("str", "int", "float", "bool", "null", "map", "seq"):
            return "str" if name == "str" else None
        raise SpecError(f"the YAML tag '!!{name}' is not allowed", place)
    return tag.lstrip("!")


class _Builder:
    """Expands aliases and merge keys; every use of an alias becomes a copy of its own."""

    def __init__(self, place_of: PlaceOf) -> None:
        self._place_of = place_of
        self._count = 0
        self._open: set[int] = set()

    def build(self, node: _Node, depth: int) -> Any:
        self._count += 1
        if self._count > MAX_NODES:
            raise SpecError(f"the aliases expand to more than {MAX_NODES} entries", self._place_of(node.line))
        if node.kind == "scalar":
            return node.value
        if id(node) in self._open:
            raise SpecError("an alias that contains itself", self._place_of(node.line))
        if depth > 2 * MAX_DEPTH:
            raise SpecError("aliases nested too deep", self._place_of(node.line))
        self._open.add(id(node))
        try:
            return self._sequence(node, depth) if node.kind == "sequence" else self._mapping(node, depth)
        finally:
            self._open.discard(id(node))

    def _sequence(self, node: _Node, depth: int) -> LocatedList:
        result = LocatedList(location=self._place_of(node.line), tag=node.tag)
        for item in node.items:
            result.append(self.build(item, depth + 1))
            result.item_locations.append(self._place_of(item.line))
        return result

    def _mapping(self, node: _Node, depth: int) -> LocatedDict:
        own = LocatedDict(location=self._place_of(node.line), tag=node.tag)
        merges: list[tuple[str, LocatedDict]] = []
        for key_node, value_node in zip(node.items[::2], node.items[1::2], strict=True):
            place = self._place_of(key_node.line)
            key = self._key(key_node, place)
            value = self.build(value_node, depth + 1)
            if key in _MERGE_KEYS:
                merges.extend((key, source) for source in _merge_sources(value, place))
                continue
            if key in own:
                first = own.key_locations[key]
                raise SpecError(f"duplicate key '{key}'", place, f"first given in line {first.line}")
            own[key] = value
            own.key_locations[key] = place
        return _merged(own, merges)

    def _key(self, node: _Node, place: Location) -> str:
        if node.kind != "scalar":
            raise SpecError("a key must be a plain word, not a list or a mapping", place)
        return node.text


def _merge_sources(value: Any, place: Location) -> list[LocatedDict]:
    sources = value if isinstance(value, list) else [value]
    for source in sources:
        if not isinstance(source, LocatedDict):
            raise SpecError("only mappings can be merged with '<<'", place)
    return list(sources)


def _merged(own: LocatedDict, merges: list[tuple[str, LocatedDict]]) -> LocatedDict:
    if not merges:
        return own
    result = LocatedDict(location=own.location, tag=own.tag)
    for kind, source in merges:
        for key, value in source.items():
            if key not in result:
                result[key] = value
                result.key_locations[key] = source.key_locations.get(key) or own.location  # type: ignore[assignment]
            elif kind == "<<<" and isinstance(value, LocatedDict) and isinstance(result[key], LocatedDict):
                result[key] = _merged(result[key], [("<<<", value)])
    deep = any(kind == "<<<" for kind, _ in merges)
    for key, value in own.items():
        below = result.get(key)
        if deep and isinstance(value, LocatedDict) and isinstance(below, LocatedDict):
            result[key] = _merged(value, [("<<<", below)])
        else:
            result[key] = value
        result.key_locations[key] = own.key_locations[key]
    return result


def _syntax_error(error: yaml.MarkedYAMLError, place_of: PlaceOf) -> SpecError:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "not YAML"
    hint = None
    if "\\t" in problem or "'\t'" in problem or "cannot start any token" in problem:
        hint = "indent with blanks, not with tabulators"
    return SpecError(
        f"broken YAML: {_first_line(problem)}", place_of(mark.line) if mark else _only_file(place_of), hint
    )


def _only_file(place_of: PlaceOf) -> Location:
    return Location(place_of(0).file)


def _first_line(text: str) -> str:
    return text.strip().splitlines()[0] if text.strip() else "unreadable"
