"""Compound component classes: reading Accelergy v0.4's ``compound_components`` / ``components`` form.

Only the shape is checked here; expressions are evaluated for a concrete component (``compound.py``).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.errors import EstimationError, Location, did_you_mean
from harness.spec.located import where

MUST_SPECIFY = "must_specify"
_INDEXED = re.compile(r"^\s*([A-Za-z_][\w-]*)\s*(?:\[(.+)\])?\s*$", re.DOTALL)

_CLASS_KEYS = ("name", "attributes", "subcomponents", "actions", "primitive_type")
_PART_KEYS = ("name", "class", "attributes", "area_scale", "area_share", "energy_scale", "enabled")
_ACTION_KEYS = ("name", "arguments", "subcomponents", "energy_scale", "repeat")
_SUB_ACTION_KEYS = ("name", "arguments", "energy_scale", "action_share", "repeat")
_USE_KEYS = ("name", "actions")


@dataclass(frozen=True)
class IndexRange:
    """``[first..last]`` as expressions; a single index has ``last`` None and counts once."""

    first: str
    last: str | None


@dataclass(frozen=True)
class Part:
    """A subcomponent: how many of which class, with which attributes."""

    name: str
    index: IndexRange | None
    class_name: str
    attributes: tuple[tuple[str, object], ...]
    area_scale: object
    energy_scale: object
    location: Location | None


@dataclass(frozen=True)
class SubAction:
    """One action of a subcomponent.

    ``energy_scale`` is also spelt ``repeat``. ``action_share`` is the name it had until April 2024; only
    evaluators that honour it multiply by it.
    """

    name: str
    energy_scale: object
    action_share: object
    arguments: tuple[tuple[str, object], ...]
    location: Location | None


@dataclass(frozen=True)
class Use:
    """The actions that one subcomponent (or a range of its instances) performs."""

    part: str
    index: IndexRange | None
    actions: tuple[SubAction, ...]
    location: Location | None


@dataclass(frozen=True)
class ClassAction:
    """An action of the class. ``arguments`` are (name, range): one table entry for each combination.

    ``energy_scale`` (also spelt ``repeat``) multiplies all that the action does.
    """

    name: str
    energy_scale: object
    arguments: tuple[tuple[str, IndexRange], ...]
    uses: tuple[Use, ...]
    location: Location | None


@dataclass(frozen=True)
class CompoundClass:
    name: str
    attributes: tuple[tuple[str, object], ...]
    parts: tuple[Part, ...]
    actions: tuple[ClassAction, ...]
    location: Location | None

    def action(self, name: str) -> ClassAction | None:
        return next((a for a in self.actions if a.name == name), None)


def read_component_classes(entries: Iterable[object]) -> dict[str, CompoundClass]:
    """Class name -> class. ``entries`` are class mappings, or documents with ``classes`` inside.

    A later definition of a name that is already there replaces it within a file, as in Accelergy. In another
    file it must be equal; otherwise which one counts would depend on the order of files.
    """
    classes: dict[str, CompoundClass] = {}
    for entry in entries:
        for node in _class_nodes(entry):
            new = _read_class(node)
            old = classes.get(new.name, new)
            if not _same_file(old, new) and _without_places(old) != _without_places(new):
                raise EstimationError(
                    f"the component class '{new.name}' is defined twice, differently (first {old.location})",
                    new.location,
                )
            classes[new.name] = new
    return classes


def _same_file(one: CompoundClass, other: CompoundClass) -> bool:
    if one.location is None or other.location is None:
        return False
    return one.location.file == other.location.file


def _class_nodes(entry: object) -> list[object]:
    if isinstance(entry, Mapping):
        for wrapper in ("compound_components", "components"):
            if isinstance(entry.get(wrapper), Mapping):
                return _class_nodes(entry[wrapper])
        if "classes" in entry and "name" not in entry:
            return list(_list(entry["classes"], "classes", where(entry, "classes")))
    return [entry]


def _without_places(node: object) -> object:
    """``node`` as nested tuples without locations, for comparing definitions from different files."""
    if isinstance(node, CompoundClass | Part | SubAction | Use | ClassAction | IndexRange):
        return tuple(_without_places(getattr(node, f)) for f in node.__dataclass_fields__ if f != "location")
    if isinstance(node, tuple):
        return tuple(_without_places(n) for n in node)
    return node


def _read_class(node: object) -> CompoundClass:
    place = where(node)
    name = _name(node, "component class", place)
    what = f"component class '{name}'"
    node = _mapping(node, what, place, _CLASS_KEYS)
    if node.get("primitive_type") is not None:
        raise EstimationError(f"{what}: 'primitive_type' is not supported", where(node, "primitive_type"))
    part_nodes = _list(node.get("subcomponents"), f"{what}: subcomponents", place)
    parts = tuple(_read_part(p, what) for p in part_nodes)
    names = [p.name for p in parts]
    for part in parts:
        if names.count(part.name) > 1:
            raise EstimationError(f"{what}: two subcomponents are named '{part.name}'", part.location)
    actions = tuple(
        _read_action(a, what, names) for a in _list(node.get("actions"), f"{what}: actions", place)
    )
    action_names = [a.name for a in actions]
    for action in actions:
        if action_names.count(action.name) > 1:
            raise EstimationError(f"{what}: action '{action.name}' is defined twice", action.location)
    attributes = tuple(_mapping(node.get("attributes") or {}, f"{what}: attributes", place).items())
    return CompoundClass(name, attributes, parts, actions, place)


def _read_part(node: object, what: str) -> Part:
    place = where(node)
    name, index = _indexed(_name(node, f"{what}: a subcomponent", place), what, place)
    part = f"{what}: subcomponent '{name}'"
    node = _mapping(node, part, place, _PART_KEYS)
    class_name = node.get("class")
    if not isinstance(class_name, str):
        raise EstimationError(f"{part} names no class", place)
    if node.get("enabled", True) is not True:
        raise EstimationError(f"{part}: 'enabled' is not read, leave the part out", where(node, "enabled"))
    attributes = _mapping(node.get("attributes") or {}, f"{part}: attributes", place)
    # Accelergy looks for the scales among the attributes too.
    return Part(
        name,
        index,
        str(class_name),
        tuple(attributes.items()),
        # Until April 2024 it was called area_share, as energy_scale was action_share.
        node.get("area_scale", node.get("area_share", attributes.get("area_scale", 1))),
        node.get("energy_scale", attributes.get("energy_scale", 1)),
        place,
    )


def _read_action(node: object, what: str, parts: list[str]) -> ClassAction:
    place = where(node)
    name = _name(node, f"{what}: an action", place)
    action = f"{what}: action '{name}'"
    node = _mapping(node, action, place, _ACTION_KEYS)
    arguments = []
    for argument, text in _mapping(node.get("arguments") or {}, f"{action}: arguments", place).items():
        index = _range(str(text))
        if index.last is None:
            raise EstimationError(f"{action}: argument '{argument}' is '{text}', not a range a..b", place)
        arguments.append((argument, index))
    use_nodes = _list(node.get("subcomponents"), f"{action}: subcomponents", place)
    uses = tuple(_read_use(u, action, parts) for u in use_nodes)
    return ClassAction(name, _energy_scale(node, action), tuple(arguments), uses, place)


def _read_use(node: object, what: str, parts: list[str]) -> Use:
    place = where(node)
    name, index = _indexed(_name(node, f"{what}: a subcomponent", place), what, place)
    if name not in parts:
        raise EstimationError(f"{what}: there is no subcomponent '{name}'", place, did_you_mean(name, parts))
    node = _mapping(node, f"{what}: subcomponent '{name}'", place, _USE_KEYS)
    actions = []
    for sub in _list(node.get("actions"), f"{what}: actions of '{name}'", place):
        actions.append(_read_sub_action(sub, f"{what} of '{name}'", place))
    return Use(name, index, tuple(actions), place)


def _read_sub_action(node: object, what: str, place: Location | None) -> SubAction:
    place = where(node) or place
    name = _name(node, f"{what}: an action", place)
    node = _mapping(node, f"{what}: action '{name}'", place, _SUB_ACTION_KEYS)
    arguments = _mapping(node.get("arguments") or {}, f"{what}: arguments", place)
    return SubAction(
        name,
        _energy_scale(node, f"{what}: action '{name}'"),
        node.get("action_share", 1),
        tuple(arguments.items()),
        place,
    )


def _energy_scale(node: Mapping[str, object], what: str) -> object:
    if "repeat" in node and "energy_scale" in node:
        raise EstimationError(f"{what}: give energy_scale or repeat, not both", where(node, "repeat"))
    return node.get("repeat", node.get("energy_scale", 1))


def _indexed(text: str, what: str, place: Location | None) -> tuple[str, IndexRange | None]:
    match = _INDEXED.match(text)
    if match is None:
        raise EstimationError(f"{what}: '{text}' is not a name or name[first..last]", place)
    return match.group(1), None if match.group(2) is None else _range(match.group(2))


def _range(text: str) -> IndexRange:
    first, dots, last = text.partition("..")
    return IndexRange(first.strip(), last.strip() if dots else None)


def _name(node: object, what: str, place: Location | None) -> str:
    if not isinstance(node, Mapping):
        raise EstimationError(f"{what} must be a mapping with a name", place)
    name = node.get("name")
    if not isinstance(name, str) or not name:
        raise EstimationError(f"{what} has no name", place)
    return str(name)


def _mapping(
    node: object, what: str, place: Location | None, known: tuple[str, ...] | None = None
) -> Mapping[str, object]:
    if not isinstance(node, Mapping):
        raise EstimationError(f"{what} must be a mapping", where(node) or place)
    if known is not None:
        for key in node:
            if key not in known:
                hint = did_you_mean(str(key), known)
                raise EstimationError(f"{what}: unknown key '{key}'", where(node, str(key)) or place, hint)
    return node


def _list(node: object, what: str, place: Location | None) -> list[object]:
    if node is None:
        return []
    if not isinstance(node, list):
        raise EstimationError(f"{what} must be a list", where(node) or place)
    return node
