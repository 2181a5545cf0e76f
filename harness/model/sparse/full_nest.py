"""The loop nest with its unit loops, and the boxes that its loops cover.

Ranks of a representation are dealt to loops in their written order, and a unit loop may stand for what lies
inside it; so unit loops count here, and the order in which they were written. Every storage level has its
temporal block and, where the hardware fans out, its spatial block inside that; each block has all dimensions.
Source: Timeloop mapping/parser.cpp (complete_loop_nest), sparse-analysis/state.cpp.
"""

from __future__ import annotations

from functools import cached_property
from typing import NamedTuple

from harness.model.basis import Basis, Tensor
from harness.model.geometry import Box
from harness.spec.mapping import LevelMapping, Loop, Mapping

Extents = tuple[int, ...]


class FullLoop(NamedTuple):
    """``axis`` is "" for a temporal loop. ``factor`` 1 makes a unit loop."""

    dimension: int
    factor: int
    residual: int
    axis: str

    @property
    def spatial(self) -> bool:
        return self.axis != ""

    @property
    def unit(self) -> bool:
        return self.factor <= 1


class FullNest:
    """``levels[storage]`` are the loops of a storage level, ``extents[storage]`` what each covers with all
    loops inside it: a size for each dimension."""

    def __init__(self, basis: Basis, mapping: Mapping) -> None:
        self.dimensions = len(basis.problem.dimensions)
        size = [1] * self.dimensions
        levels: list[tuple[FullLoop, ...]] = []
        extents: list[tuple[Extents, ...]] = []
        for number, level in enumerate(mapping.levels):
            x, y = basis.levels[number].fanout
            loops = _loops(basis, level, x * y > 1 or bool(level.spatial))
            covered = []
            for loop in loops:
                size[loop.dimension] *= loop.factor
                covered.append(tuple(size))
            levels.append(loops)
            extents.append(tuple(covered))
        self.levels = tuple(levels)
        self.extents = tuple(extents)

    @cached_property
    def one(self) -> Extents:
        """A single iteration."""
        return (1,) * self.dimensions

    @property
    def whole(self) -> Extents:
        return self.extents[-1][-1]

    def boundary(self, storage: int) -> Extents:
        """What all loops up to a storage level cover."""
        return self.extents[storage][-1]


def _loops(basis: Basis, level: LevelMapping, fans_out: bool) -> tuple[FullLoop, ...]:
    numbers = basis.dimension_numbers
    blocks = [(level.temporal, level.temporal_order, "")]
    if fans_out:
        blocks.insert(0, (level.spatial, level.spatial_order, "X"))
    found = []
    for block, written, axis in blocks:
        by_dimension = {loop.dimension: loop for loop in block}
        for dimension in _order(basis.problem.dimensions, block, written):
            loop = by_dimension.get(dimension)
            if loop is None:
                found.append(FullLoop(numbers[dimension], 1, 1, axis))
            else:
                found.append(FullLoop(numbers[dimension], loop.factor, loop.residual, loop.axis))
    return tuple(found)


def _order(dimensions: tuple[str, ...], block: tuple[Loop, ...], written: tuple[str, ...]) -> list[str]:
    """As written; where nobody wrote it, unit loops innermost (Timeloop's mapper puts them there)."""
    order = [loop.dimension for loop in block]
    if [d for d in written if d in order] == order and set(written) == set(dimensions):
        return list(written)
    return [d for d in dimensions if d not in order] + order


def box_of(tensor: Tensor, extents: Extents) -> Box:
    """The box of ``tensor`` for an iteration box of these sizes at the origin."""
    low, high = [], []
    for rank in tensor.ranks:
        least, most = 0, 1
        for dimension, coefficient in rank:
            reach = coefficient * (extents[dimension] - 1)
            if reach > 0:
                most += reach
            else:
                least += reach
        low.append(least)
        high.append(most)
    return tuple(low), tuple(high)


def dimensions_of(tensor: Tensor) -> frozenset[int]:
    """The dimensions that the tensor is projected from."""
    return frozenset(d for rank in tensor.ranks for d, _ in rank)
