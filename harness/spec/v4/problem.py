"""The problem of a v4 tree: evaluated, keys checked, and what the later steps need to know of its shape."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from harness.errors import Location, SpecError, Unsupported, unknown_name
from harness.spec.flattened.densities import TEXTS_OF_A_DENSITY
from harness.spec.known_keys import V4_DATA_SPACE, V4_PROBLEM, V4_SHAPE
from harness.spec.located import LocatedDict, LocatedList, where
from harness.spec.v4.evaluation import Names, integer, is_expression, number, truth
from harness.spec.v4.keys import check_version, describe, known, list_of, mapping_of, placed

_UNSUPPORTED_SHAPE = ("flatten", "flattening", "skew", "layout", "ranks")


@dataclass(frozen=True)
class Shape:
    """Dimensions in order, their bounds, and the dimensions of each data space in order of appearance."""

    dimensions: tuple[str, ...]
    bounds: dict[str, int]
    data_spaces: dict[str, tuple[str, ...]]

    def require_dimension(self, name: str, context: str, place: Location | None) -> None:
        if name not in self.dimensions:
            error = unknown_name("dimension", name, self.dimensions, place)
            raise SpecError(f"{error.message} {context}", place, error.hint)


def read_problem(value: Any, names: Names, place: Location | None) -> tuple[LocatedDict, Shape]:
    """The problem as it goes into the flattened form, and its shape."""
    node = known(mapping_of(value, "the problem", place), V4_PROBLEM, "the problem")
    check_version(node, "the problem")
    for key in ("shape", "instance"):
        if key not in node:
            raise SpecError(f"the problem has no '{key}'", where(node) or place)
    shape_node = _shape(node)
    dimensions = _dimensions(shape_node)
    instance = _instance(node, names)
    for dimension in dimensions:
        if dimension not in instance:
            raise SpecError(
                f"the instance gives no size for dimension '{dimension}'", placed(instance, node, "instance")
            )
        if instance[dimension] < 1:
            raise SpecError(
                f"dimension '{dimension}' must be at least 1, not {instance[dimension]}",
                where(instance, dimension),
            )
    coefficients = _coefficients(shape_node, instance)
    spaces = _data_spaces(shape_node, dimensions, coefficients)
    result = LocatedDict(location=node.location)
    result["version"] = "0.4"
    for key in ("instance", "shape"):
        result[key] = instance if key == "instance" else shape_node
        where_key = where(node, key)
        if where_key is not None:
            result.key_locations[key] = where_key
    bounds = {d: int(instance[d]) for d in dimensions}
    return result, Shape(dimensions, bounds, spaces)


def _shape(node: LocatedDict) -> LocatedDict:
    value = node["shape"]
    if isinstance(value, str):
        raise Unsupported(
            f"the built-in problem shape '{value}' is not read", where(node, "shape"), "write the shape out"
        )
    raw = mapping_of(value, "the shape of the problem", where(node, "shape"))
    for key in raw:
        if key.replace("-", "_") in _UNSUPPORTED_SHAPE:
            raise Unsupported(f"'{key}' of a problem shape is not modelled", where(raw, key))
    return known(raw, V4_SHAPE, "the shape of the problem")


def _dimensions(shape: LocatedDict) -> tuple[str, ...]:
    place = where(shape, "dimensions")
    if "dimensions" not in shape:
        raise SpecError("the shape has no 'dimensions'", where(shape))
    dimensions = list_of(shape["dimensions"], "'dimensions'", place)
    if not dimensions:
        raise SpecError("the shape has no dimensions", place)
    for index, name in enumerate(dimensions):
        if not isinstance(name, str) or not name:
            raise SpecError(
                f"a dimension must be a name, not {describe(name)}", where(dimensions, index) or place
            )
        if name in dimensions[:index]:
            raise SpecError(f"dimension '{name}' is given twice", where(dimensions, index) or place)
    return tuple(dimensions)


def _instance(node: LocatedDict, names: Names) -> LocatedDict:
    raw = mapping_of(node["instance"], "the instance of the problem", where(node, "instance"))
    result = LocatedDict(location=raw.location)
    result.key_locations = dict(raw.key_locations)
    seen = dict(names)
    for key, value in raw.items():
        if "ignore" in key:
            continue
        if key in ("densities", "commonDensity"):
            result[key] = _densities(value, seen)
            continue
        result[key] = integer(value, seen, f"the size of '{key}'", where(raw, key))
        seen[key] = result[key]
    result.setdefault("densities", LocatedDict(location=raw.location))
    return result


def _densities(node: Any, names: Names) -> Any:
    """The densities with the expressions in them evaluated; their form is checked by the flattened reader."""
    if not isinstance(node, LocatedDict):
        return number(node, names, "a density", None) if is_expression(node) else node
    result = LocatedDict(location=node.location)
    result.key_locations = dict(node.key_locations)
    for key, value in node.items():
        if key in TEXTS_OF_A_DENSITY or (not isinstance(value, dict) and not is_expression(value)):
            result[key] = value
        elif isinstance(value, dict):
            result[key] = _densities(value, names)
        else:
            result[key] = number(value, names, f"'{key}' of the densities", where(node, key))
    return result


def _coefficients(shape: LocatedDict, instance: LocatedDict) -> set[str]:
    names: set[str] = set()
    entries = list_of(shape.get("coefficients"), "'coefficients'", where(shape, "coefficients"))
    for index, entry in enumerate(entries):
        if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
            raise SpecError("a coefficient needs a 'name'", where(entries, index))
        for key in entry:
            if key not in ("name", "default"):
                raise unknown_name("key in a coefficient", key, ("name", "default"), where(entry, key))
        names.add(entry["name"])
    shape["coefficients"] = entries
    return names


def _data_spaces(
    shape: LocatedDict, dimensions: tuple[str, ...], coefficients: set[str]
) -> dict[str, tuple[str, ...]]:
    place = where(shape, "data_spaces")
    if "data_spaces" not in shape:
        raise SpecError("the shape has no 'data_spaces'", where(shape))
    entries = list_of(shape["data_spaces"], "'data_spaces'", place)
    if not entries:
        raise SpecError("the shape has no data spaces", place)
    checked = LocatedList(location=entries.location)
    checked.item_locations = list(entries.item_locations)
    result: dict[str, tuple[str, ...]] = {}
    for index, entry in enumerate(entries):
        entry_place = where(entries, index) or place
        node = known(mapping_of(entry, "a data space", entry_place), V4_DATA_SPACE, "a data space")
        name = node.get("name")
        if not isinstance(name, str) or not name:
            raise SpecError("a data space needs a 'name'", entry_place)
        if name in result:
            raise SpecError(f"data space '{name}' is given twice", where(node, "name") or entry_place)
        if "projection" not in node:
            raise SpecError(f"data space '{name}' has no 'projection'", entry_place)
        used = _in_breadth(node["projection"])
        for word in used:
            if word not in dimensions and word not in coefficients:
                error = unknown_name(
                    "dimension", word, (*dimensions, *coefficients), where(node, "projection")
                )
                raise SpecError(f"{error.message} in the projection of '{name}'", error.location, error.hint)
        written = node.get("read_write", False)
        node["read_write"] = truth(written, {}, f"'read_write' of '{name}'", where(node, "read_write"))
        result[name] = tuple(dict.fromkeys(word for word in used if word in dimensions))
        checked.append(node)
    shape["data_spaces"] = checked
    return result


def _in_breadth(projection: Any) -> list[str]:
    """The names in a projection, those of outer lists before those of lists in them."""
    queue, found = [projection], []
    while queue:
        item = queue.pop(0)
        if isinstance(item, list):
            queue.extend(item)
        elif isinstance(item, dict):
            queue.extend(item.values())
        elif isinstance(item, str):
            found.append(item)
    return found
