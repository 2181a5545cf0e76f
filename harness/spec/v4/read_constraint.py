"""Constraints from their written forms: factors, permutations and lists of data spaces, names checked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from harness.errors import Location, SpecError, unknown_name
from harness.spec.known_keys import CONSTRAINT_KEYS, CONSTRAINT_TYPES
from harness.spec.located import LocatedDict, LocatedList, where
from harness.spec.v4.constraint import DATA_SPACE_KEYS, Constraint, Factor
from harness.spec.v4.evaluation import Names, evaluate_if_parenthesised, integer, number
from harness.spec.v4.keys import describe, known, list_of, mapping_of
from harness.spec.v4.problem import Shape

_FACTOR = re.compile(r"\s*([A-Za-z_]\w*)\s*(<=|>=|=)\s*(.+?)\s*", re.DOTALL)
_INTEGER_KEYS = ("default_max_factor", "default_min_factor", "remainders", "split", "maximize_dims_capacity")
_SYNONYMS = {
    "bypass": "dataspace",
    "bypassing": "dataspace",
    "datatype": "dataspace",
    "parallelism": "utilization",
}


@dataclass(frozen=True)
class Context:
    """What constraints may name: dimensions and data spaces, and the names that expressions see."""

    shape: Shape
    names: Names


def read_constraint(
    node: Any, kind: str | None, target: str, context: Context, place: Location | None = None
) -> Constraint:
    """A constraint of the given kind, or of the kind that its ``type`` says when ``kind`` is None."""
    place = where(node) or place
    node = mapping_of(node, "a constraint", place)
    written = node.get("type")
    if kind is None:
        if written is None:
            raise SpecError("a constraint needs a 'type'", place, f"one of {', '.join(CONSTRAINT_TYPES)}")
        kind = _SYNONYMS.get(str(written), str(written))
        if kind not in CONSTRAINT_KEYS:
            raise unknown_name("constraint type", str(written), CONSTRAINT_TYPES, where(node, "type"))
    elif written is not None and _SYNONYMS.get(str(written), str(written)) != kind:
        raise SpecError(f"the constraint under '{kind}' says type '{written}'", where(node, "type"))
    checked = known(node, CONSTRAINT_KEYS[kind], f"a {kind} constraint")
    result = Constraint(kind, target, place)
    for key, value in checked.items():
        if key in ("type", "target") or value is None:
            continue
        key_place = where(checked, key)
        if key_place is not None:
            result.places[key] = key_place
        result.values[key] = _value(key, value, context, key_place)
    both = [name for name in result.names("keep") if name in result.names("bypass")]
    if both:
        raise SpecError(f"'{both[0]}' is both kept and bypassed at '{target}'", result.place("bypass"))
    if "factors" in result.values:
        factors = result.values.pop("factors")
        result.add_factors(factors, "factors")
    return result


def _value(key: str, value: Any, context: Context, place: Location | None) -> Any:
    shape, names = context.shape, context.names
    value = evaluate_if_parenthesised(value, names, place)
    if key in ("factors", "factors_only"):
        return read_factors(value, shape, names, place)
    if key == "permutation":
        return read_permutation(value, shape, place)
    if key in DATA_SPACE_KEYS:
        return _data_spaces(key, value, shape, place)
    if key in _INTEGER_KEYS:
        return integer(value, names, f"'{key}'", place, least=0)
    if key == "maximize_dims":
        return _maximize_dims(value, shape, place)
    return number(value, names, f"'{key}'", place)


def read_factors(value: Any, shape: Shape, names: Names, place: Location | None) -> list[Factor]:
    """``"D=4 E<=2"``, ``"D=4,E<=2"`` or a list of such. Values may be expressions."""
    if isinstance(value, str):
        parts: list[Any] = [p for p in (value.split(",") if "," in value else value.split()) if p.strip()]
        places: list[Location | None] = [place] * len(parts)
    else:
        parts = list_of(value, "'factors'", place)
        places = [where(parts, i) or place for i in range(len(parts))]
    return [_factor(p, shape, names, w) for p, w in zip(parts, places, strict=True) if p not in ("", None)]


def _factor(text: Any, shape: Shape, names: Names, place: Location | None) -> Factor:
    if isinstance(text, LocatedList):
        text = "".join(str(t) for t in text)
    text = evaluate_if_parenthesised(text, names, place)
    found = _FACTOR.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise SpecError(f"'{text}' is not a factor", place, "write X=4, X<=4 or X>=4")
    dimension, relation, written = found.groups()
    if written[0] in "=<>":
        raise SpecError(f"'{text}' has no known relation", place, "write X=4, X<=4 or X>=4")
    shape.require_dimension(dimension, "in factors", place)
    value = integer(_number_or_text(written), names, f"the factor '{text}'", place)
    if value < 0 and not (value == -1 and relation == "="):
        raise SpecError(
            f"the factor '{text}' is negative", place, "-1 leaves a dimension free, 0 takes all of it"
        )
    return Factor(dimension, relation, value, place)


def _number_or_text(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text


def read_permutation(value: Any, shape: Shape, place: Location | None) -> list[str]:
    """``[E, D, L]``, ``EDL``, ``"E,D,L"`` or ``"E D L"``, from the innermost to the outermost loop."""
    if isinstance(value, str):
        if "," in value or " " in value.strip():
            dimensions = [p.strip() for p in value.replace(",", " ").split()]
        elif value in shape.dimensions:
            dimensions = [value]
        else:
            dimensions = list(value)
    else:
        dimensions = [str(v) for v in list_of(value, "'permutation'", place)]
    for dimension in dimensions:
        shape.require_dimension(dimension, "in a permutation", place)
    repeated = [d for i, d in enumerate(dimensions) if d in dimensions[:i]]
    if repeated:
        raise SpecError(f"'{repeated[0]}' stands twice in a permutation", place)
    return dimensions


def _data_spaces(key: str, value: Any, shape: Shape, place: Location | None) -> list[str]:
    if isinstance(value, str):
        value = LocatedList(value.replace(",", " ").split(), location=place)
    result: list[str] = []
    for index, name in enumerate(list_of(value, f"'{key}'", place)):
        if name == "*":
            result.extend(n for n in shape.data_spaces if n not in result)
            continue
        if not isinstance(name, str):
            raise SpecError(f"'{key}' lists data spaces, not {describe(name)}", where(value, index) or place)
        if name not in shape.data_spaces:
            raise unknown_name("data space", name, shape.data_spaces, where(value, index) or place)
        if name not in result:
            result.append(name)
    return result


def _maximize_dims(value: Any, shape: Shape, place: Location | None) -> list[list[str]]:
    groups = list_of(value, "'maximize_dims'", place)
    if groups and all(isinstance(item, str) for item in groups):
        groups = LocatedList([groups])
    if any(not isinstance(group, list) for group in groups):
        raise SpecError("'maximize_dims' must be a list of lists of dimensions", place)
    for group in groups:
        for dimension in group:
            shape.require_dimension(str(dimension), "in maximize_dims", place)
    return [[str(d) for d in group] for group in groups]


def read_group(node: Any, target: str, context: Context, place: Location | None) -> dict[str, Constraint]:
    """The ``constraints`` of a node: by type, those given first, then the missing ones empty."""
    kinds = ("spatial", "temporal", "dataspace", "max_overbooked_proportion")
    group = mapping_of(node, f"'constraints' of '{target}'", place)
    checked = known(group, (*kinds, "utilization"), f"'constraints' of '{target}'")
    result = {
        key: read_constraint(value, key, target, context, where(checked, key))
        for key, value in checked.items()
    }
    for kind in kinds:
        result.setdefault(kind, Constraint(kind, target, None))
    return result


def target_of(node: LocatedDict, place: Location | None) -> str:
    target = node.get("target")
    if not isinstance(target, str) or not target:
        raise SpecError("a constraint needs a 'target', the name of a node", where(node, "target") or place)
    return target
