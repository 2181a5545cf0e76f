"""The counts of one dimension as one matrix, whose least values over a group of vectors bound the group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.search.ruby.counts import DimensionCounts, Reals
from harness.search.ruby.vectors import Integers

Columns = npt.NDArray[np.float64]

Pair = tuple[int, int]
"""A level that serves, and the next inner one that keeps the tensor (-1: the arithmetic units)."""


@dataclass(frozen=True)
class Layout:
    """Which column holds what. ``pairs`` and ``levels`` in question; ``count`` storage levels in all.

    Names: see :func:`matrix_of`. Where a column depends on the level from which on all loops count, there
    is one for each of those levels, from -1 (all loops) to ``count`` (none), side by side.
    """

    pairs: tuple[Pair, ...]
    levels: tuple[int, ...]
    count: int
    first: dict[tuple[object, ...], int]


def layout_of(pairs: Sequence[Pair], levels: Sequence[int], count: int) -> Layout:
    first: dict[tuple[object, ...], int] = {}
    width = 0
    for name in ("temporal", "computes", "units"):
        first[(name,)] = width
        width += 1
    first[("visits",)] = width
    width += count + 2
    for s in range(count):
        for name in ("copies", "leaking", "spatial", "tile"):
            first[name, s] = width
            width += 1
    for pair in pairs:
        for name in ("served", "served per unit", "served per word"):
            first[name, *pair] = width
            width += 1
    for s in levels:
        for name in ("filled", "filled per unit", "filled per word", "filled once"):
            first[name, s] = width
            width += 1
        for name in (
            *("visited", "visited per unit", "shared", "shared per unit", "shared once"),
            *("lone", "lone per unit", "lone once"),
        ):
            first[name, s] = width
            width += count + 2
    first["end",] = width
    return Layout(tuple(pairs), tuple(levels), count, first)


def matrix_of(layout: Layout, counts: DimensionCounts) -> Reals:
    """One row for each vector.

    "served": words asked of level s by the tile of level c, over all copies of s; "per unit": for one
    addressed copy of s; "per word": in proportion to the partition. "filled": words that level s receives,
    likewise; "lone": what is left of it where nothing is known. "visited", "shared": the factor of a
    dimension that the tensor does not have, "shared" with the visits of a part of the fan-out counted in
    part.
    """
    rows = len(counts.temporal)
    matrix = np.ones((rows, layout.first["end",]))

    def put(values: Reals, *name: object) -> None:
        at = layout.first[name]
        matrix[:, at : at + (values.shape[1] if values.ndim == 2 else 1)] = values.reshape(rows, -1)

    ones = np.ones((rows, 1))
    visits = np.concatenate([counts.within[:, :1], counts.outside, ones], axis=1)
    last = np.concatenate([counts.last_within[:, :1], counts.last_outside, 0 * ones], axis=1)
    put(counts.temporal, "temporal")
    put(counts.computes, "computes")
    put(counts.units, "units")
    put(visits, "visits")
    for s in range(layout.count):
        put(counts.copies[:, s], "copies", s)
        put(counts.copies[:, s] * counts.temporal, "leaking", s)
        put(counts.spatial[:, s], "spatial", s)
        put(counts.tile[:, s], "tile", s)
    share = counts.copies / counts.addressed
    for s, c in layout.pairs:
        words = counts.served[:, c + 1] * counts.spatial[:, c + 2 : s + 1].prod(axis=1)
        put(words * counts.copies[:, s], "served", s, c)
        put(words * share[:, s], "served per unit", s, c)
        put(words / counts.partition[:, s], "served per word", s, c)
    for s in layout.levels:
        put(visits * counts.copies[:, [s]], "visited", s)
        put(visits * share[:, [s]], "visited per unit", s)
        if s + 1 == layout.count:
            continue
        fan_out = counts.spatial[:, s + 1]
        words = counts.served[:, s + 1] / fan_out
        put(words * counts.copies[:, s], "filled", s)
        put(words * share[:, s], "filled per unit", s)
        put(words / counts.partition[:, s], "filled per word", s)
        put(words, "filled once", s)
        alone = visits / fan_out[:, None]
        put(alone * counts.copies[:, [s]], "lone", s)
        put(alone * share[:, [s]], "lone per unit", s)
        put(alone, "lone once", s)
        shared = visits - last * (1 - counts.full_share[:, [s + 1]])
        shared[:, -1] = counts.full_share[:, s + 1]
        put(shared * counts.copies[:, [s]], "shared", s)
        put(shared * share[:, [s]], "shared per unit", s)
        put(shared, "shared once", s)
    return matrix


class Groups:
    """The least and greatest values of slices of the vectors of one dimension."""

    def __init__(self, layout: Layout, counts: DimensionCounts) -> None:
        self._matrix = matrix_of(layout, counts)
        self._uneven = np.concatenate([counts.uneven, counts.addressed, counts.spatial], axis=1)
        self._moves = counts.moves
        self._known: dict[tuple[int, int], tuple[Reals, Reals, Integers]] = {}

    def of(self, first: int, end: int) -> tuple[Reals, Reals, Integers]:
        """Least values by column; greatest of (uneven, addressed, spatial) by level; greatest of
        ``moves``."""
        known = self._known.get((first, end))
        if known is None:
            known = self._known[first, end] = (
                self._matrix[first:end].min(axis=0),
                self._uneven[first:end].max(axis=0),
                self._moves[first:end].max(axis=0),
            )
        return known
