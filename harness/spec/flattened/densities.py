"""Densities of a problem's instance: ``densities`` by data space, or one ``commonDensity`` for all.

Follows workload/workload.cpp and density-models/density-distribution-factory.cpp. A number alone is a
fixed-structured density. ``workload_tensor_size`` is read and left: Timeloop takes the tensor's own size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.errors import Location, SpecError, Unsupported, unknown_name
from harness.spec.density import Density, Distribution
from harness.spec.flattened.attributes import as_integer, as_number, require_known_keys
from harness.spec.located import where
from harness.spec.problem import Problem

DENSITY_KEYS = frozenset({"densities", "commonDensity"})

_DISTRIBUTIONS: dict[str, Distribution] = {
    "fixed": "fixed_structured",
    "fixed_structured": "fixed_structured",
    "hypergeometric": "hypergeometric",
    "banded": "banded",
    "diagonal": "banded",
}
_KEYS = ("distribution", "density", "band_width", "workload_tensor_size")


def read_densities(
    instance: Mapping[str, Any], data_spaces: Sequence[str]
) -> tuple[tuple[str, Density], ...]:
    """By data space in the order of the shape; those without an entry are dense and left out."""
    common = instance.get("commonDensity")
    if common is not None:
        density = _density(common, "commonDensity", where(instance, "commonDensity"))
        return tuple((name, density) for name in data_spaces)
    node = instance.get("densities")
    if node is None or node == []:
        return ()
    if not isinstance(node, Mapping):
        raise SpecError("'densities' must be a mapping of data spaces", where(instance, "densities"))
    for name in node:
        if name not in data_spaces and "ignore" not in str(name):
            raise unknown_name("data space in the densities", str(name), data_spaces, where(node, str(name)))
    return tuple(
        (name, _density(node[name], name, where(node, name))) for name in data_spaces if name in node
    )


def _density(node: Any, name: str, place: Location | None) -> Density:
    if not isinstance(node, Mapping):
        return Density("fixed_structured", _share(node, name, place))
    require_known_keys(node, _KEYS, f"the density of {name}", place)
    written = node.get("distribution")
    if str(written) in ("actual_data", "coordinate_dependent"):
        raise Unsupported(
            f"the density of {name}: '{written}' is not read (Timeloop's public core has no such model)",
            where(node, "distribution") or place,
        )
    if not isinstance(written, str) or written not in _DISTRIBUTIONS:
        raise unknown_name(
            f"distribution of {name}:",
            str(written),
            _DISTRIBUTIONS,
            where(node, "distribution") or place,
        )
    distribution = _DISTRIBUTIONS[written]
    if distribution == "banded":
        width = as_integer(node.get("band_width", 0) or 0)
        if width is None or width < 0:
            raise SpecError(
                f"the band_width of {name} must be a whole number of 0 or more, not '{node['band_width']}'",
                where(node, "band_width"),
            )
        return Density("banded", 1.0, width)
    return Density(distribution, _share(node.get("density"), name, where(node, "density") or place))


def _share(value: Any, name: str, place: Location | None) -> float:
    share = as_number(value)
    if share is None or not 0 <= share <= 1:
        raise SpecError(f"the density of {name} must be a number from 0 to 1, not '{value}'", place)
    return share


def write_densities(problem: Problem) -> dict[str, Any]:
    """The entry ``densities`` of an instance, none for a problem without densities."""
    if not problem.densities:
        return {}
    return {"densities": {name: _written(density) for name, density in problem.densities}}


def _written(density: Density) -> dict[str, Any]:
    if density.distribution == "banded":
        return {"distribution": "banded", "density": density.density, "band_width": density.band_width}
    return {"distribution": density.distribution, "density": density.density}
