"""Many mappings of one problem on one architecture, as flat integer arrays.

Axes: ``n`` mappings, ``L`` storage levels from the innermost, ``D`` problem dimensions in the order of
``problem.dimensions``, ``T`` data spaces in the order of ``problem.data_spaces``. Slots are
``3 * level + TEMPORAL | SPATIAL_X | SPATIAL_Y``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from harness.errors import Unsupported
from harness.spec.architecture import Architecture
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.spec.problem import Problem

TEMPORAL: Final = 0
SPATIAL_X: Final = 1
SPATIAL_Y: Final = 2
SLOTS_PER_LEVEL: Final = 3

IntArray = NDArray[np.integer[Any]]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Directives:
    """Directives of all mappings of a batch: bool arrays [L, T], as :class:`LevelMapping` names them."""

    no_temporal_reuse: BoolArray
    no_multicast: BoolArray
    no_link_transfer: BoolArray
    rmw_first_update: BoolArray
    no_coalesce: BoolArray

    @staticmethod
    def none(levels: int, data_spaces: int) -> Directives:
        shape = (levels, data_spaces)
        return Directives(*(np.zeros(shape, dtype=bool) for _ in range(5)))

    @staticmethod
    def of(mapping: Mapping, problem: Problem) -> Directives:
        def table(sets: Iterable[frozenset[str]]) -> BoolArray:
            rows = [[ds.name in chosen for ds in problem.data_spaces] for chosen in sets]
            return np.array(rows, dtype=bool)

        levels = mapping.levels
        return Directives(
            no_temporal_reuse=table(m.no_temporal_reuse for m in levels),
            no_multicast=table(m.no_multicast for m in levels),
            no_link_transfer=table(m.no_link_transfer for m in levels),
            rmw_first_update=table(m.rmw_first_update for m in levels),
            no_coalesce=table(m.no_coalesce for m in levels),
        )

    @property
    def key(self) -> bytes:
        """Equal for equal directives."""
        return b"".join(
            a.tobytes()
            for a in (
                self.no_temporal_reuse,
                self.no_multicast,
                self.no_link_transfer,
                self.rmw_first_update,
                self.no_coalesce,
            )
        )


@dataclass(frozen=True)
class Batch:
    """``n`` mappings.

    ``factors``: integers [n, 3 L, D], perfect factors, 1 where a slot has no loop over the dimension; the
    smaller their type, the faster (:func:`factor_type`).
    ``permutation``: integers [n or 1, L, D], the temporal loop order of each level as dimension numbers
    from the innermost; the place of unit loops does not matter. ``keep``: bool [n or 1, L, T].
    ``spatial_order``: like ``permutation`` for the spatial block, where X loops always lie inside Y loops;
    None means the order of ``problem.dimensions``. It matters only for hops and for which neighbours share
    data. A leading axis of 1 means the same for all mappings and makes the evaluation faster.
    ``directives`` hold for all mappings; None means none.
    """

    factors: IntArray
    permutation: IntArray
    keep: BoolArray
    spatial_order: IntArray | None = None
    directives: Directives | None = field(default=None)

    def __len__(self) -> int:
        return int(self.factors.shape[0])

    def part(self, start: int, stop: int) -> Batch:
        """Mappings ``start`` to ``stop`` as views."""
        return self._selected(slice(start, stop))

    def take(self, chosen: NDArray[np.intp]) -> Batch:
        """The mappings with these numbers, as copies."""
        return self._selected(chosen)

    def _selected(self, chosen: slice | NDArray[np.intp]) -> Batch:
        """What is the same for all mappings (a leading axis of 1) stays as it is."""
        order = self.spatial_order
        return Batch(
            factors=self.factors[chosen],
            permutation=self.permutation if self.permutation.shape[0] == 1 else self.permutation[chosen],
            keep=self.keep if self.keep.shape[0] == 1 else self.keep[chosen],
            spatial_order=order if order is None or order.shape[0] == 1 else order[chosen],
            directives=self.directives,
        )


def factor_type(problem: Problem) -> np.dtype[np.signedinteger[Any]]:
    """The smallest integer type that holds all factors; reading them is a good part of an evaluation."""
    largest = max(problem.bounds, default=1)
    return np.dtype(next((t for t in (np.int16, np.int32) if largest <= np.iinfo(t).max), np.int64))


def encode_mappings(mappings: Sequence[Mapping], architecture: Architecture, problem: Problem) -> Batch:
    """The batch of ``mappings``; they must share their directives.

    Raises Unsupported for imperfect factors, for two loops over one dimension in one block, for an X
    loop outside a Y loop and for mappings with different directives.
    """
    count, levels = len(mappings), len(architecture.storage)
    dimension_id = {name: i for i, name in enumerate(problem.dimensions)}
    dimensions, spaces = len(problem.dimensions), len(problem.data_spaces)
    factors = np.ones((count, SLOTS_PER_LEVEL * levels, dimensions), dtype=factor_type(problem))
    permutation = np.empty((count, levels, dimensions), dtype=np.int8)
    spatial_order = np.empty((count, levels, dimensions), dtype=np.int8)
    keep = np.zeros((count, levels, spaces), dtype=bool)
    directives = Directives.none(levels, spaces)
    for i, mapping in enumerate(mappings):
        if len(mapping.levels) != levels:
            raise Unsupported(f"a mapping has {len(mapping.levels)} levels, the architecture {levels}")
        own = Directives.of(mapping, problem)
        if i == 0:
            directives = own
        elif own.key != directives.key:
            raise Unsupported("mappings with different directives cannot share a batch")
        for level, block in enumerate(mapping.levels):
            for loop in (*block.temporal, *block.spatial):
                slot = SLOTS_PER_LEVEL * level + _SLOT_OF_AXIS[loop.axis]
                _check_perfect(loop, block)
                factors[i, slot, dimension_id[loop.dimension]] = loop.factor
            _check_blocks(block)
            permutation[i, level] = _complete_order(block.temporal, dimension_id)
            spatial_order[i, level] = _complete_order(block.spatial, dimension_id)
            keep[i, level] = [ds.name in block.keep for ds in problem.data_spaces]
    return Batch(factors, permutation, keep, spatial_order, directives)


def decode_mapping(batch: Batch, index: int, architecture: Architecture, problem: Problem) -> Mapping:
    """Mapping number ``index`` of the batch; unit loops are left out."""
    one = batch.part(index, index + 1)
    names = problem.dimensions
    directives = batch.directives
    if directives is None:
        directives = Directives.none(len(architecture.storage), len(problem.data_spaces))

    def spaces(flags: BoolArray) -> frozenset[str]:
        return frozenset(ds.name for ds, flag in zip(problem.data_spaces, flags, strict=True) if flag)

    levels = []
    for level, storage in enumerate(architecture.storage):
        slots = one.factors[0, SLOTS_PER_LEVEL * level : SLOTS_PER_LEVEL * (level + 1)]
        temporal_order = one.permutation[0, level]
        order = range(len(names)) if one.spatial_order is None else one.spatial_order[0, level]
        levels.append(
            LevelMapping(
                level=storage.name,
                temporal=_loops(slots[TEMPORAL], temporal_order, names, ""),
                spatial=(
                    *_loops(slots[SPATIAL_X], order, names, "X"),
                    *_loops(slots[SPATIAL_Y], order, names, "Y"),
                ),
                keep=spaces(one.keep[0, level]),
                no_temporal_reuse=spaces(directives.no_temporal_reuse[level]),
                no_multicast=spaces(directives.no_multicast[level]),
                no_link_transfer=spaces(directives.no_link_transfer[level]),
                rmw_first_update=spaces(directives.rmw_first_update[level]),
                no_coalesce=spaces(directives.no_coalesce[level]),
            )
        )
    return Mapping(tuple(levels))


_SLOT_OF_AXIS: Final = {"": TEMPORAL, "X": SPATIAL_X, "Y": SPATIAL_Y}


def _loops(
    factors: IntArray, order: Iterable[int], names: tuple[str, ...], axis: Literal["", "X", "Y"]
) -> tuple[Loop, ...]:
    chosen = ((names[d], int(factors[d])) for d in order)
    return tuple(Loop(name, factor, factor, axis) for name, factor in chosen if factor > 1)


def _complete_order(loops: tuple[Loop, ...], dimension_id: dict[str, int]) -> list[int]:
    """The loops' dimensions in their order, then the missing ones (unit loops) outside."""
    order = list(dict.fromkeys(dimension_id[loop.dimension] for loop in loops if loop.factor > 1))
    return order + [d for d in range(len(dimension_id)) if d not in order]


def _check_perfect(loop: Loop, block: LevelMapping) -> None:
    if not loop.perfect:
        raise Unsupported(
            f"level '{block.level}' has the imperfect factor {loop.dimension}{loop.factor},{loop.residual}; "
            "the batch evaluator takes perfect factors only"
        )


def _check_blocks(block: LevelMapping) -> None:
    for loops in (block.temporal, block.spatial):
        dimensions = [loop.dimension for loop in loops if loop.factor > 1]
        if len(set(dimensions)) < len(dimensions):
            raise Unsupported(f"level '{block.level}' has two loops over one dimension in one block")
    axes = [loop.axis for loop in block.spatial if loop.factor > 1]
    if axes != sorted(axes):
        raise Unsupported(f"level '{block.level}' has an X loop outside a Y loop")
