"""The loop nests of a chunk of mappings, unpacked into one contiguous float64 array per loop.

Counts are float64 because they are products of integers that stay far below 2**53, where float64 is exact,
and because Timeloop itself counts accesses in doubles. What is the same for the whole chunk is a Python
value or left out: a loop that is 1 in every mapping is ``None`` and costs nothing afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from harness.model.kernels.batch import (
    SLOTS_PER_LEVEL,
    SPATIAL_X,
    SPATIAL_Y,
    TEMPORAL,
    Batch,
    Directives,
    IntArray,
)
from harness.model.kernels.window import Window
from harness.spec.problem import Problem

Vector = NDArray[np.float64]
Factor = Vector | None
"""A product of loop bounds per mapping, or None where it is 1 everywhere."""

Flag = NDArray[np.bool_] | bool
"""A yes or no per mapping, or the same for all."""

Position = NDArray[np.int8] | int
BLOCK: Final = 512
"""Mappings whose factors are transposed at a time: few enough to stay in the cache meanwhile."""

FAR: Final = 127
"""The position of a loop that is not there: outside all others."""


def times(a: Factor, b: Factor) -> Factor:
    if a is None:
        return b
    return a if b is None else a * b


def values(a: Factor, count: int) -> Vector:
    """``a`` as an array, also where it is 1 everywhere."""
    return np.ones(count) if a is None else a


@dataclass(frozen=True)
class ProblemIndex:
    """Which dimensions exist and who needs them.

    Only dimensions with a bound above 1 are *active*; ``active[k]`` is the problem's number of active
    dimension ``k`` and ``bounds[k]`` its bound. Per data space: ``relevant`` (active dimensions that index
    it), ``ranks`` (the same with repetitions where several ranks use one dimension), ``irrelevant``, and
    ``windows`` (None where no rank slides).
    """

    active: tuple[int, ...]
    bounds: tuple[int, ...]
    relevant: tuple[tuple[int, ...], ...]
    ranks: tuple[tuple[int, ...], ...]
    irrelevant: tuple[tuple[int, ...], ...]
    written: tuple[bool, ...]
    windows: tuple[Window | None, ...]

    @staticmethod
    def of(problem: Problem) -> ProblemIndex:
        """Raises Unsupported for data spaces that are not covered."""
        active = tuple(d for d, bound in enumerate(problem.bounds) if bound > 1)
        number = {problem.dimensions[d]: k for k, d in enumerate(active)}
        terms = [[term for rank in ds.ranks for term in rank] for ds in problem.data_spaces]
        ranks = tuple(
            tuple(sorted(number[term.dimension] for term in own if term.dimension in number)) for own in terms
        )
        relevant = tuple(tuple(sorted(set(r))) for r in ranks)
        windows = tuple(Window.of(ds, problem, active) for ds in problem.data_spaces)
        everything = range(len(active))
        return ProblemIndex(
            active=active,
            bounds=tuple(problem.bounds[d] for d in active),
            relevant=relevant,
            ranks=ranks,
            irrelevant=tuple(tuple(k for k in everything if k not in r) for r in relevant),
            written=tuple(ds.read_write for ds in problem.data_spaces),
            windows=windows,
        )


@dataclass(frozen=True)
class Nest:
    """A chunk. Lists are indexed [level][active dimension], ``keep`` [level][data space]."""

    count: int
    temporal: list[list[Factor]]
    spatial_x: list[list[Factor]]
    spatial_y: list[list[Factor]]
    permutation: IntArray
    keep: list[list[Flag]]
    spatial_order: IntArray | None
    directives: Directives

    @cached_property
    def held(self) -> list[tuple[list[Flag], list[Flag]]]:
        """For each data space (kept, kept by some level further out), per level."""
        return [_effective_keep(self, tensor) for tensor in range(len(self.keep[0]))]

    @property
    def levels(self) -> int:
        return len(self.temporal)

    def take(self, rows: NDArray[np.intp]) -> Nest:
        """The mappings with these numbers, as copies."""

        def factors(table: list[list[Factor]]) -> list[list[Factor]]:
            return [[None if f is None else f[rows] for f in row] for row in table]

        return Nest(
            count=rows.size,
            temporal=factors(self.temporal),
            spatial_x=factors(self.spatial_x),
            spatial_y=factors(self.spatial_y),
            permutation=_rows(self.permutation, rows),
            keep=[[flag if isinstance(flag, bool) else flag[rows] for flag in row] for row in self.keep],
            spatial_order=None if self.spatial_order is None else _rows(self.spatial_order, rows),
            directives=self.directives,
        )


def unpack(batch: Batch, index: ProblemIndex, directives: Directives) -> Nest:
    count = len(batch)
    all_slots, depth = batch.factors.shape[1:]
    levels = all_slots // SLOTS_PER_LEVEL
    flat = batch.factors.reshape(count, all_slots * depth)
    # Factors are 1 or more, so some bit besides the last is set somewhere in a column that is not all ones.
    some = np.bitwise_or.reduce(flat, axis=0).reshape(all_slots, depth) > 1
    columns = [slot * depth + d for slot in range(all_slots) for d in index.active if some[slot, d]]
    loops = np.empty((len(columns), count))
    for start in range(0, count, BLOCK):
        rows = slice(start, start + BLOCK)
        loops[:, rows] = np.take(flat[rows], columns, axis=1).T
    factor_of = dict(zip(columns, loops, strict=True))

    def block(level: int, kind: int) -> list[Factor]:
        slot = SLOTS_PER_LEVEL * level + kind
        return [factor_of.get(slot * depth + d) for d in index.active]

    return Nest(
        count=count,
        temporal=[block(level, TEMPORAL) for level in range(levels)],
        spatial_x=[block(level, SPATIAL_X) for level in range(levels)],
        spatial_y=[block(level, SPATIAL_Y) for level in range(levels)],
        permutation=batch.permutation,
        keep=_keep_flags(batch),
        spatial_order=batch.spatial_order,
        directives=directives,
    )


def _rows(order: IntArray, rows: NDArray[np.intp]) -> IntArray:
    return order if order.shape[0] == 1 else order[rows]


def positions(nest: Nest, index: ProblemIndex, level: int) -> list[Position]:
    """Place of each active dimension in the level's temporal block, 0 = innermost, FAR for unit loops."""
    order, row = nest.permutation[:, level], nest.temporal[level]
    if sum(factor is not None for factor in row) < 2:
        # A lone loop needs no order, and whether it is there at all is a comparison of its own.
        return [FAR if factor is None else _far_where_unit(np.int8(0), factor) for factor in row]
    if order.shape[0] == 1:
        place_of = {int(d): np.int8(p) for p, d in enumerate(order[0])}
        places: list[Any] = [place_of[d] for d in index.active]
    else:
        columns = np.ascontiguousarray(order.T, dtype=np.int8)
        places = [None if f is None else _place(columns, d) for f, d in zip(row, index.active, strict=True)]
    return [FAR if f is None else _far_where_unit(p, f) for f, p in zip(row, places, strict=True)]


def _place(columns: NDArray[np.int8], dimension: int) -> NDArray[np.int8]:
    here = (columns == dimension).view(np.int8)
    here *= np.arange(columns.shape[0], dtype=np.int8)[:, None]
    place: NDArray[np.int8] = np.add.reduce(here, axis=0, dtype=np.int8)
    return place


def _far_where_unit(place: np.int8 | NDArray[np.int8], factor: Vector) -> NDArray[np.int8]:
    far: NDArray[np.int8] = ((factor <= 1.0).view(np.int8) * np.int8(FAR)) | place
    return far


def _keep_flags(batch: Batch) -> list[list[Flag]]:
    if batch.keep.shape[0] == 1:
        alike: list[list[Flag]] = batch.keep[0].tolist()
        return alike
    kept = np.ascontiguousarray(batch.keep.transpose(1, 2, 0))
    always, ever = kept.all(axis=2), kept.any(axis=2)
    levels, spaces, _ = kept.shape

    def flag(level: int, space: int) -> Flag:
        if always[level, space]:
            return True
        return kept[level, space] if ever[level, space] else False

    return [[flag(level, space) for space in range(spaces)] for level in range(levels)]


def _effective_keep(nest: Nest, tensor: int) -> tuple[list[Flag], list[Flag]]:
    """See ``Nest.held``.

    Timeloop wipes what lies outside the outermost level that keeps the tensor without ``no_coalesce``.
    """
    keep: list[Flag] = []
    above: list[Flag] = []
    anchored: Flag = False
    found: Flag = False
    for level in reversed(range(nest.levels)):
        own = nest.keep[level][tensor]
        if nest.directives.no_coalesce[level, tensor]:
            own = both(own, anchored)
        else:
            anchored = either(anchored, own)
        keep.append(own)
        above.append(found)
        found = either(found, own)
    return keep[::-1], above[::-1]


def either(a: Flag, b: Flag) -> Flag:
    if a is True or b is True:
        return True
    if a is False:
        return b
    return a if b is False else a | b


def both(a: Flag, b: Flag) -> Flag:
    if a is False or b is False:
        return False
    if a is True:
        return b
    return a if b is True else a & b
