"""All factor vectors of one dimension as arrays, in an order whose slices are meaningful groups.

A group of vectors is a slice: the vectors are sorted by their spatial factors first, then by their temporal
ones from the outside in, so that cutting a slice where a value changes fixes or narrows one factor.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.mapspace.factorization import PerfectFactorization
from harness.mapspace.residual_factorization import ResidualFactorization

Integers = npt.NDArray[np.int64]

MOST_VECTORS = 200_000


class DimensionVectors:
    """The distinct (iterations, residual) vectors of a dimension, shape (vectors, tiling levels).

    ``numbers`` are their numbers in the map space's own list (``MapSpace.digits``).
    """

    def __init__(self, ends: Integers, residuals: Integers, numbers: Integers, spatial: list[bool]) -> None:
        columns = [k for k, is_spatial in enumerate(spatial) if is_spatial]
        keys = [ends[:, k] for k in reversed(columns)] + [residuals[:, k] for k in reversed(columns)]
        for k in reversed([k for k, is_spatial in enumerate(spatial) if not is_spatial]):
            keys += [ends[:, k], residuals[:, k]]
        order = np.lexsort(keys[::-1])
        self.ends, self.residuals, self.numbers = ends[order], residuals[order], numbers[order]
        self._keys = [key[order] for key in keys]
        self._cuts: dict[tuple[int, int], int] = {}

    def __len__(self) -> int:
        return len(self.ends)

    def cut(self, first: int, end: int) -> int:
        """Where to divide the slice ``first:end`` of two or more vectors: near its middle, between values."""
        known = self._cuts.get((first, end))
        if known is None:
            known = self._cuts[first, end] = self._find_cut(first, end)
        return known

    def _find_cut(self, first: int, end: int) -> int:
        for key in self._keys:
            if key[first] != key[end - 1]:
                part = key[first:end]
                changes = np.flatnonzero(part[1:] != part[:-1]) + 1
                return first + int(changes[np.argmin(np.abs(changes - (end - first) / 2))])
        raise AssertionError("the vectors of a dimension are distinct")


def vectors_of(space: MapSpace) -> list[DimensionVectors]:
    """By dimension. Raises :class:`Unsupported` for a list too long to hold."""
    spatial = [level.spatial for level in space.levels]
    found = []
    for dimension in space.dimensions:
        if dimension.size > MOST_VECTORS:
            raise Unsupported(f"a dimension has {dimension.size} factor vectors, more than {MOST_VECTORS}")
        ends, residuals = _listed(dimension)
        _, first = np.unique(np.concatenate([ends, residuals], axis=1), axis=0, return_index=True)
        numbers = first.astype(np.int64)
        found.append(DimensionVectors(ends[first], residuals[first], numbers, spatial))
    return found


def _listed(dimension: PerfectFactorization | ResidualFactorization) -> tuple[Integers, Integers]:
    if isinstance(dimension, ResidualFactorization):
        return dimension.vectors
    listed = np.array([dimension.split(i).factors for i in range(dimension.size)], dtype=np.int64)
    return listed[:, :, 0], listed[:, :, 1]
