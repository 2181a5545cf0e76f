"""How full the tensors of a layer are: densities laid over its problem, from files and from options."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from harness.errors import Location, SpecError, did_you_mean
from harness.spec.flattened.densities import DISTRIBUTIONS, densities_by_name, read_density
from harness.spec.problem import Problem
from harness.workloads.fields import Node, require_mapping
from harness.workloads.layer import Layer

ORDER = (
    "write NAME=SHARE, NAME=hypergeometric:SHARE, NAME=banded:WIDTH or NAME=actual_data:FILE; "
    "for example Inputs=0.4"
)


def with_densities(problem: Problem, node: Node, key: str, what: str) -> Problem:
    """``problem`` with the densities of ``node[key]``, by data space; as it is where there are none."""
    if key not in node:
        return problem
    given = require_mapping(node[key], f"'{key}' of {what}", node, key)
    return replace(problem, densities=densities_by_name(given, problem, given))


def layer_with_densities(layer: Layer, given: Sequence[str], place: Location) -> Layer:
    """``layer`` with the densities of options such as "Inputs=0.4" over its own.

    Raises SpecError naming the nearest data space for one that the layer does not have.
    """
    problem = layer.problem
    spaces = {ds.name: ds for ds in problem.data_spaces}
    found = dict(problem.densities)
    named: set[str] = set()
    for option in given:
        name, equals, value = (part.strip() for part in option.partition("="))
        if not equals or not name or not value:
            raise SpecError(f"'{option}' is no density", place, ORDER)
        if name not in spaces:
            message = f"{layer.name} has no data space '{name}'"
            raise SpecError(message, place, did_you_mean(name, spaces))
        if name in named:
            raise SpecError(f"the density of {name} is given twice", place)
        named.add(name)
        found[name] = read_density(_node(value), problem, spaces[name], place)
    densities = tuple((name, found[name]) for name in spaces if name in found)
    return replace(layer, problem=replace(problem, densities=densities))


def _node(value: str) -> str | Mapping[str, Any]:
    """The tree that "0.4" or "hypergeometric:0.4" stands for."""
    kind, colon, rest = value.partition(":")
    if not colon:
        return value
    kind, rest = kind.strip(), rest.strip()
    distribution = DISTRIBUTIONS.get(kind)
    if distribution == "actual_data":
        return {"distribution": kind, "file": rest}
    if distribution == "banded":
        return {"distribution": kind, "band_width": rest}
    return {"distribution": kind, "density": rest}
