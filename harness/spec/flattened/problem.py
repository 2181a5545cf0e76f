"""Timeloop's problem (``shape`` and ``instance``) to :class:`Problem`, and back.

Follows workload/shape-models/problem-shape.cpp and workload/workload.cpp.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.errors import SpecError, Unsupported, unknown_name
from harness.spec.flattened.attributes import as_integer, require_known_keys
from harness.spec.flattened.densities import DENSITY_KEYS, read_densities, write_densities
from harness.spec.located import where
from harness.spec.problem import DataSpace, Problem, Rank, Term

_SHAPE_KEYS = {"name", "dimensions", "data_spaces", "coefficients", "flatten", "version"}
_DATA_SPACE_KEYS = {"name", "projection", "read_write", "ranks"}


def read_problem(node: Mapping[str, Any]) -> Problem:
    """The problem under the key ``problem`` (or a tree that has that key). Raises SpecError."""
    if "problem" in node and "shape" not in node:
        node = node["problem"]
    if not isinstance(node, Mapping):
        raise SpecError("the problem must be a mapping", where(node))
    shape = node.get("shape")
    if isinstance(shape, str):
        raise Unsupported(
            f"the shape '{shape}' is a name; write the shape out", where(node, "shape"), "see workloads/"
        )
    if not isinstance(shape, Mapping):
        raise SpecError("the problem needs a 'shape'", where(node, "shape"))
    require_known_keys(shape, _SHAPE_KEYS, "the problem's shape")
    if shape.get("flatten"):
        raise Unsupported("flattened dimensions are not modelled", where(shape, "flatten"))
    dimensions = _read_dimensions(shape)
    defaults = _read_coefficients(shape)

    if "instance" in node:
        instance = node["instance"]
        require_known_keys(node, ("shape", "instance", "version"), "the problem")
    else:  # the old form: bounds beside the shape
        instance = {k: v for k, v in node.items() if k not in ("shape", "version")}
    if not isinstance(instance, Mapping):
        raise SpecError("the problem's 'instance' must be a mapping", where(node, "instance"))
    missing = [d for d in dimensions if instance.get(d) is None]
    known = {*dimensions, *defaults, *DENSITY_KEYS}
    for key in instance:
        # Front ends pass bounds of dimensions that the shape does not have: ignored, as in Timeloop,
        # unless a bound is missing and the key may be its misspelling.
        if key not in known and (missing or len(str(key)) > 1):
            raise unknown_name("key in the problem's instance", str(key), known, where(instance, key))
    bounds = []
    for dimension in dimensions:
        bound = as_integer(instance.get(dimension))
        if bound is None or bound < 1:
            raise SpecError(
                f"the bound of dimension {dimension} must be a whole number of 1 or more, not "
                f"'{instance.get(dimension)}'",
                where(instance, dimension),
            )
        bounds.append(bound)
    coefficients: dict[str, int] = {}
    for name, default in defaults.items():
        value = as_integer(instance.get(name, default))
        if value is None:
            raise SpecError(
                f"the coefficient {name} must be a whole number, not '{instance[name]}'",
                where(instance, name),
            )
        coefficients[name] = value
    data_spaces = _read_data_spaces(shape, dimensions, coefficients)
    name = str(shape.get("name") or "")
    problem = Problem(name, tuple(dimensions), tuple(bounds), data_spaces)
    return replace(problem, densities=read_densities(instance, problem))


def _read_dimensions(shape: Mapping[str, Any]) -> list[str]:
    dimensions = shape.get("dimensions")
    if not isinstance(dimensions, list) or not dimensions:
        raise SpecError("the shape needs a list 'dimensions'", where(shape, "dimensions"))
    names: list[str] = []
    for index, name in enumerate(dimensions):
        if not isinstance(name, str) or len(name) != 1 or not name.isalpha():
            raise SpecError(f"a dimension must be one letter, not '{name}'", where(dimensions, index))
        if name in names:
            raise SpecError(f"the dimension {name} is listed twice", where(dimensions, index))
        names.append(name)
    return names


def _read_coefficients(shape: Mapping[str, Any]) -> dict[str, int]:
    coefficients: dict[str, int] = {}
    entries = shape.get("coefficients") or []
    if not isinstance(entries, list):
        raise SpecError("'coefficients' must be a list", where(shape, "coefficients"))
    for index, entry in enumerate(entries):
        if not isinstance(entry, Mapping) or "name" not in entry:
            raise SpecError("a coefficient needs 'name' and 'default'", where(entries, index))
        require_known_keys(entry, ("name", "default"), "a coefficient")
        default = as_integer(entry.get("default"))
        if default is None:
            raise SpecError(
                f"the coefficient {entry['name']} needs a whole number as 'default'", where(entry, "default")
            )
        coefficients[str(entry["name"])] = default
    return coefficients


def _read_data_spaces(
    shape: Mapping[str, Any], dimensions: list[str], coefficients: Mapping[str, int]
) -> tuple[DataSpace, ...]:
    entries = shape.get("data_spaces")
    if not isinstance(entries, list) or not entries:
        raise SpecError("the shape needs a list 'data_spaces'", where(shape, "data_spaces"))
    found: list[DataSpace] = []
    for index, entry in enumerate(entries):
        if not isinstance(entry, Mapping) or not isinstance(entry.get("name"), str):
            raise SpecError("a data space needs a 'name'", where(entries, index))
        name = entry["name"]
        require_known_keys(entry, _DATA_SPACE_KEYS, f"data space {name}")
        if any(ds.name == name for ds in found):
            raise SpecError(f"the data space {name} is listed twice", where(entry, "name"))
        projection = entry.get("projection")
        if not isinstance(projection, list) or not projection:
            raise SpecError(f"data space {name} needs a list 'projection'", where(entry, "projection"))
        ranks = tuple(
            _read_rank(name, projection, i, dimensions, coefficients) for i in range(len(projection))
        )
        read_write = entry.get("read_write", False)
        if not isinstance(read_write, bool):
            raise SpecError(
                f"data space {name}: read_write must be true or false", where(entry, "read_write")
            )
        found.append(DataSpace(name, ranks, read_write))
    if not any(ds.read_write for ds in found):
        raise SpecError("no data space is read_write: a problem needs an output", where(shape, "data_spaces"))
    return tuple(found)


def _read_rank(
    data_space: str, projection: list[Any], index: int, dimensions: list[str], coefficients: Mapping[str, int]
) -> Rank:
    """One rank: a dimension's name, or a sum of ``[dimension]`` and ``[dimension, coefficient]``."""
    node = projection[index]
    place = where(node) or where(projection, index)
    terms: list[Term] = []
    for written in [node] if isinstance(node, str) else node if isinstance(node, list) else [None]:
        term = [written] if isinstance(written, str) else written
        if not isinstance(term, list) or len(term) not in (1, 2):
            raise SpecError(
                f"data space {data_space}: a term must be [dimension] or [dimension, coefficient], "
                f"not '{term}'",
                place,
            )
        if term[0] not in dimensions:
            raise unknown_name(f"dimension in the projection of {data_space}:", term[0], dimensions, place)
        factor = 1
        if len(term) == 2:
            if term[1] not in coefficients:
                raise unknown_name(
                    f"coefficient in the projection of {data_space}:", term[1], coefficients, place
                )
            factor = coefficients[term[1]]
        terms.append(Term(term[0], factor))
    if not terms:
        raise SpecError(f"data space {data_space}: an empty rank in the projection", place)
    return tuple(terms)


def write_problem(problem: Problem) -> dict[str, Any]:
    """``problem`` as the value of a ``problem`` key. Coefficients get names from their values."""
    used = sorted(
        {t.coefficient for ds in problem.data_spaces for rank in ds.ranks for t in rank if t.coefficient != 1}
    )
    names = {c: f"times{c}" if c >= 0 else f"times_minus{-c}" for c in used}
    return {
        "version": "0.4",
        "shape": {
            "name": problem.name,
            "dimensions": list(problem.dimensions),
            "coefficients": [{"name": names[c], "default": c} for c in used],
            "data_spaces": [
                {
                    "name": ds.name,
                    "projection": [
                        [
                            [t.dimension] if t.coefficient == 1 else [t.dimension, names[t.coefficient]]
                            for t in rank
                        ]
                        for rank in ds.ranks
                    ],
                    **({"read_write": True} if ds.read_write else {}),
                }
                for ds in problem.data_spaces
            ],
        },
        "instance": {**problem.bound, **{names[c]: c for c in used}, **write_densities(problem)},
    }
