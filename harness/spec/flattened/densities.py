"""Densities of a problem's instance: ``densities`` by data space, or one ``commonDensity`` for all.

Follows workload/workload.cpp and density-models/density-distribution-factory.cpp. A number alone is a
fixed-structured density. ``workload_tensor_size`` is read and left: Timeloop takes the tensor's own size.
``actual_data`` with a ``file`` is this project's own (docs/sparse.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.errors import Location, SpecError, Unsupported, unknown_name
from harness.spec.density import Density, Distribution
from harness.spec.flattened.attributes import as_integer, as_number, require_known_keys
from harness.spec.located import where
from harness.spec.problem import DataSpace, Problem

DENSITY_KEYS = frozenset({"densities", "commonDensity"})

DISTRIBUTIONS: dict[str, Distribution] = {
    "fixed": "fixed_structured",
    "fixed_structured": "fixed_structured",
    "hypergeometric": "hypergeometric",
    "banded": "banded",
    "diagonal": "banded",
    "actual_data": "actual_data",
}
_KEYS = ("distribution", "density", "band_width", "workload_tensor_size")
TEXTS_OF_A_DENSITY = frozenset({"distribution", "file", "axes", "digest"})
"""Entries that are no expressions."""
_KEYS_OF_DATA = ("distribution", "file", "axes", "digest")


def read_densities(instance: Mapping[str, Any], problem: Problem) -> tuple[tuple[str, Density], ...]:
    """By data space in the order of the shape; those without an entry are dense and left out."""
    common = instance.get("commonDensity")
    if common is not None:
        place = where(instance, "commonDensity")
        return tuple((ds.name, read_density(common, problem, ds, place)) for ds in problem.data_spaces)
    node = instance.get("densities")
    if node is None or node == []:
        return ()
    if not isinstance(node, Mapping):
        raise SpecError("'densities' must be a mapping of data spaces", where(instance, "densities"))
    return densities_by_name({k: v for k, v in node.items() if "ignore" not in str(k)}, problem, node)


def densities_by_name(
    given: Mapping[str, Any], problem: Problem, node: object = None
) -> tuple[tuple[str, Density], ...]:
    """The densities ``given`` by data space, in the order of the problem. ``node`` knows where they stand."""
    names = [ds.name for ds in problem.data_spaces]
    for name in given:
        if name not in names:
            raise unknown_name("data space in the densities", str(name), names, where(node, str(name)))
    return tuple(
        (ds.name, read_density(given[ds.name], problem, ds, where(node, ds.name)))
        for ds in problem.data_spaces
        if ds.name in given
    )


def read_density(node: Any, problem: Problem, data_space: DataSpace, place: Location | None) -> Density:
    """``node`` is a number or a mapping. Files of actual data are read, relative to the file of ``place``."""
    name = data_space.name
    if not isinstance(node, Mapping):
        return Density("fixed_structured", _share(node, name, place))
    written = node.get("distribution")
    if str(written) == "coordinate_dependent":
        raise Unsupported(
            f"the density of {name}: '{written}' is not read (Timeloop's public core has no such model)",
            where(node, "distribution") or place,
        )
    if not isinstance(written, str) or written not in DISTRIBUTIONS:
        raise unknown_name(
            f"distribution of {name}:",
            str(written),
            DISTRIBUTIONS,
            where(node, "distribution") or place,
        )
    distribution = DISTRIBUTIONS[written]
    keys = _KEYS_OF_DATA if distribution == "actual_data" else _KEYS
    require_known_keys(node, keys, f"the density of {name}", place)
    if distribution == "actual_data":
        return _actual(node, problem, data_space, place)
    if distribution == "banded":
        width = as_integer(node.get("band_width", 0) or 0)
        if width is None or width < 0:
            raise SpecError(
                f"the band_width of {name} must be a whole number of 0 or more, not '{node['band_width']}'",
                where(node, "band_width") or place,
            )
        return Density("banded", 1.0, width)
    return Density(distribution, _share(node.get("density"), name, where(node, "density") or place))


def _share(value: Any, name: str, place: Location | None) -> float:
    share = as_number(value)
    if share is None or not 0 <= share <= 1:
        raise SpecError(f"the density of {name} must be a number from 0 to 1, not '{value}'", place)
    return share


def _actual(
    node: Mapping[str, Any], problem: Problem, data_space: DataSpace, place: Location | None
) -> Density:
    from harness.spec.tensor_file import read_tensor_file  # noqa: PLC0415 - imports NumPy

    name, file = data_space.name, node.get("file")
    at = where(node, "file") or place
    if not isinstance(file, str) or not file.strip():
        raise SpecError(f"the actual data of {name} need a 'file' (.mtx or .npy)", at)
    folder = Path(at.file).parent if at is not None and at.line is not None else Path()
    try:
        named = Path(file).expanduser()
    except RuntimeError as error:
        raise SpecError(f"'{file}' is in the home of nobody known here", at) from error
    pattern = read_tensor_file(folder / named, at)
    if node.get("digest") not in (None, pattern.digest):
        raise SpecError(f"'{file}' holds other data than when its digest was written", at)
    sizes = [
        1 + sum(abs(t.coefficient) * (problem.bound[t.dimension] - 1) for t in rank)
        for rank in data_space.ranks
    ]
    axes = _axes(node.get("axes"), data_space, sizes, pattern.shape, where(node, "axes") or at)
    wanted = tuple(sizes[rank] for rank in axes)
    left = [r for r, size in enumerate(sizes) if size > 1 and r not in axes]
    if wanted != pattern.shape or left:
        have = " x ".join(
            f"{size} ({_shown(data_space, r)})" for size, r in zip(pattern.shape, axes, strict=True)
        )
        need = " x ".join(f"{size} ({_shown(data_space, r)})" for r, size in enumerate(sizes) if size > 1)
        raise SpecError(f"the data of {name} in '{file}' are {have} words, the tensor is {need or '1'}", at)
    return Density("actual_data", pattern.density, pattern=pattern, axes=axes)


def _axes(
    given: Any, data_space: DataSpace, sizes: Sequence[int], shape: tuple[int, ...], place: Location | None
) -> tuple[int, ...]:
    """The rank that each axis of the data is: as given, else all ranks, else those of more than a word."""
    name = data_space.name
    if given is None:
        several = [r for r, size in enumerate(sizes) if size > 1]
        for ranks in (list(range(len(sizes))), several):
            if len(ranks) == len(shape):
                return tuple(ranks)
        shown = ", ".join(_shown(data_space, r) for r in several)
        raise SpecError(
            f"the data of {name} have {len(shape)} axes, the tensor has {len(several)} of more than one word"
            f" ({shown})",
            place,
        )
    if not isinstance(given, list | tuple) or len(given) != len(shape):
        raise SpecError(
            f"the 'axes' of {name} must be a list of {len(shape)} dimensions, one for each axis of the data",
            place,
        )
    found = []
    for dimension in given:
        if isinstance(dimension, int):
            ranks = [dimension] if 0 <= dimension < len(sizes) else []
        else:
            ranks = [r for r, rank in enumerate(data_space.ranks) if dimension in (t.dimension for t in rank)]
        if not ranks:
            known = sorted(data_space.dimensions)
            raise unknown_name(f"dimension in the 'axes' of {name}:", str(dimension), known, place)
        if len(ranks) > 1 or ranks[0] in found:
            raise SpecError(f"the 'axes' of {name}: {dimension} does not name one rank alone", place)
        found.append(ranks[0])
    return tuple(found)


def _shown(data_space: DataSpace, rank: int) -> str:
    return "+".join(term.dimension for term in data_space.ranks[rank])


def write_densities(problem: Problem) -> dict[str, Any]:
    """The entry ``densities`` of an instance, none for a problem without densities."""
    if not problem.densities:
        return {}
    return {
        "densities": {
            name: _written(density, problem.data_space(name)) for name, density in problem.densities
        }
    }


def _written(density: Density, data_space: DataSpace) -> dict[str, Any]:
    if density.distribution == "banded":
        return {"distribution": "banded", "density": density.density, "band_width": density.band_width}
    if density.pattern is not None:
        axes = [_naming(data_space, rank) for rank in density.axes]
        written = {"file": density.pattern.file, "axes": axes, "digest": density.pattern.digest}
        return {"distribution": "actual_data", **written}
    return {"distribution": density.distribution, "density": density.density}


def _naming(data_space: DataSpace, rank: int) -> str | int:
    """A dimension that names the rank alone, where it has one, else its number."""
    dimensions = [term.dimension for term in data_space.ranks[rank]]
    others = {t.dimension for r, terms in enumerate(data_space.ranks) if r != rank for t in terms}
    return next((name for name in dimensions if name not in others), rank)
