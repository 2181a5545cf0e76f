"""Sharing patterns of the spatial blocks of a chunk: look-up per distinct block, then spread to mappings."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.model.kernels.nest import Nest, ProblemIndex, Vector
from harness.model.kernels.spatial import GroupRecord, SharingPattern, SpatialLoop, sharing_pattern

Axes = tuple[tuple[str, int, int], ...]
"""The loops of one block: (axis, active dimension, factor), innermost first."""

PatternCache = dict[tuple[tuple[int, int], tuple[SpatialLoop, ...], bool, bool], SharingPattern]
"""Patterns by (physical fan-out, loops as the tensor sees them, multicast allowed, links allowed)."""


@dataclass(frozen=True)
class RecordTable:
    """One :class:`GroupRecord` per mapping, as columns; groups 0 where a mapping has no such record."""

    multicast: Vector
    groups: Vector
    hops: Vector
    unicast_hops: Vector


@dataclass(frozen=True)
class BlockSharing:
    """The :class:`SharingPattern` of each mapping for one level and tensor, as columns [n]."""

    patterns: tuple[SharingPattern, ...]
    which: NDArray[np.intp]

    @cached_property
    def fresh(self) -> RecordTable:
        return self._table([p.fresh for p in self.patterns])

    @cached_property
    def repeated(self) -> tuple[RecordTable, ...]:
        """Columns by place in ``SharingPattern.repeated``."""
        longest = max(len(p.repeated) for p in self.patterns)
        absent = GroupRecord(1, 0, 0.0, 0.0)
        return tuple(
            self._table([p.repeated[i] if i < len(p.repeated) else absent for p in self.patterns])
            for i in range(longest)
        )

    @cached_property
    def linked(self) -> Vector:
        return self._spread([p.linked for p in self.patterns])

    @property
    def any_linked(self) -> bool:
        return any(p.linked for p in self.patterns)

    def _table(self, records: list[GroupRecord]) -> RecordTable:
        return RecordTable(
            multicast=self._spread([r.multicast for r in records]),
            groups=self._spread([r.groups for r in records]),
            hops=self._spread([r.hops for r in records]),
            unicast_hops=self._spread([r.unicast_hops for r in records]),
        )

    def _spread(self, per_pattern: list[int] | list[float]) -> Vector:
        return np.array(per_pattern, dtype=np.float64)[self.which]


class Sharing:
    """Patterns of a chunk, worked out on demand. ``cache`` outlives the chunk."""

    def __init__(
        self, nest: Nest, index: ProblemIndex, physical: tuple[tuple[int, int], ...], cache: PatternCache
    ) -> None:
        self._nest = nest
        self._index = index
        self._physical = physical
        self._cache = cache
        self._blocks: dict[int, tuple[list[Axes], NDArray[np.intp]]] = {}

    def at(self, level: int, tensor: int) -> BlockSharing:
        if level not in self._blocks:
            self._blocks[level] = self._distinct_blocks(level)
        blocks, which = self._blocks[level]
        relevant = self._index.relevant[tensor]
        multicast = not self._nest.directives.no_multicast[level, tensor]
        links = not self._nest.directives.no_link_transfer[level, tensor]
        patterns = []
        for block in blocks:
            loops = tuple((k in relevant, axis, factor) for axis, k, factor in block)
            key = (self._physical[level], loops, multicast, links)
            pattern = self._cache.get(key)
            if pattern is None:
                pattern = self._cache[key] = sharing_pattern(loops, self._physical[level], multicast, links)
            patterns.append(pattern)
        return BlockSharing(tuple(patterns), which)

    def _distinct_blocks(self, level: int) -> tuple[list[Axes], NDArray[np.intp]]:
        nest = self._nest
        loops = spatial_loops(nest, level)
        columns = [factor for _, _, factor in loops if factor.min() != factor.max()]
        first, which = distinct_rows(columns + order_columns(nest, level, loops), nest.count)
        return [block_of(nest, self._index, level, loops, int(i)) for i in first], which


def spatial_loops(nest: Nest, level: int) -> list[tuple[str, int, Vector]]:
    """(axis, active dimension, factors) of the spatial loops that some mapping has."""
    return [
        (axis, k, factor)
        for axis, row in (("X", nest.spatial_x[level]), ("Y", nest.spatial_y[level]))
        for k, factor in enumerate(row)
        if factor is not None
    ]


def order_columns(nest: Nest, level: int, loops: list[tuple[str, int, Vector]]) -> list[Vector]:
    """The order of the spatial loops, where it varies and an axis has more than one loop."""
    order, axes = nest.spatial_order, [axis for axis, _, _ in loops]
    if order is None or order.shape[0] == 1 or len(set(axes)) == len(axes):
        return []
    return [column for column in order[:, level].T.astype(np.float64) if column.min() != column.max()]


def block_of(
    nest: Nest, index: ProblemIndex, level: int, loops: list[tuple[str, int, Vector]], mapping: int
) -> Axes:
    """The loops of one mapping's block, from the innermost."""
    order = nest.spatial_order
    place = {k: k for k in range(len(index.active))}
    if order is not None:
        row = order[0 if order.shape[0] == 1 else mapping, level]
        place_of = {int(d): p for p, d in enumerate(row)}
        place = {k: place_of[d] for k, d in enumerate(index.active)}
    block = [(axis, k, int(factor[mapping])) for axis, k, factor in loops if factor[mapping] > 1]
    return tuple(sorted(block, key=lambda loop: (loop[0], place[loop[1]])))


def distinct_rows(columns: list[Vector], count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(index of a mapping for each distinct row, number of its row for each mapping)."""
    if not columns:
        return np.zeros(1, dtype=np.intp), np.zeros(count, dtype=np.intp)
    code = np.zeros(count, dtype=np.float64)
    room = 1.0
    for column in columns:
        code += column * room
        room *= float(column.max()) + 1.0
    if room < 2.0**53:
        _, first, which = np.unique(code, return_index=True, return_inverse=True)
    else:
        _, first, which = np.unique(np.stack(columns, axis=1), axis=0, return_index=True, return_inverse=True)
    return first, which.reshape(-1)
