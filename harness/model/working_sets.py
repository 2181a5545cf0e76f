"""Which words of a tensor a loop level touches: projection of the iteration box.

Source: Timeloop workload/shape-models/operation-space.cpp (ProjectLowHigh), nest-analysis.cpp
(GetCurrentWorkingSet). Each rank is a sum of coefficient x dimension; its low and high corners are summed
separately, so sliding windows give the bounding box (holes of a large stride are counted).
"""

from __future__ import annotations

from functools import cached_property
from math import prod

from harness.model.basis import Tensor
from harness.model.geometry import Box, Vector, box_size
from harness.model.loop_nest import Context, LoopNest


class WorkingSets:
    """The boxes of one tensor at every loop level, relative to the position of the outer loops."""

    def __init__(self, nest: LoopNest, tensor: Tensor) -> None:
        self.nest = nest
        self.tensor = tensor
        self._boxes: dict[tuple[int, Context], Box] = {}
        self._lengths: dict[int, list[int]] = {-1: [1] * len(tensor.ranks)}

    def step(self, dimension: int, stride: int) -> Vector:
        """How far ``stride`` steps along ``dimension`` move the box."""
        return tuple([move * stride for move in self.tensor.moves[dimension]])

    @cached_property
    def steps(self) -> tuple[Vector, ...]:
        """For each loop: how far one of its iterations moves the box."""
        return tuple(self.step(loop.dimension, loop.stride) for loop in self.nest.loops)

    @cached_property
    def repeat_steps(self) -> tuple[Vector, ...]:
        """The same for the repeating loops of a perfect nest."""
        return tuple(self.step(repeat.dimension, repeat.stride) for repeat in self.nest.repeats)

    def lengths(self, level: int) -> list[int]:
        """The sides of the box that the loops up to ``level`` of a perfect nest cover."""
        known = self._lengths.get(level)
        if known is None:
            extent = self.nest.extents[level]
            known = []
            for rank in self.tensor.ranks:
                length = 1
                for dimension, coefficient in rank:
                    length += abs(coefficient) * (extent[dimension] - 1)
                known.append(length)
            self._lengths[level] = known
        return known

    def box(self, level: int, context: Context) -> Box:
        """The box that the loops up to ``level`` cover, in ``context`` just outside ``level``.

        Level -1 is a single iteration: one word.
        """
        found = self._boxes.get((level, context))
        if found is None:
            found = self._boxes[level, context] = self._project(level, context)
        return found

    def _project(self, level: int, context: Context) -> Box:
        ranks = self.tensor.ranks
        if level < 0:
            return (0,) * len(ranks), (1,) * len(ranks)
        nest = self.nest
        full, last = nest.extents[level], nest.residual_extents[level]
        highest = [
            (last[d] if nest.is_last(d, context) else full[d]) - 1
            for d in range(len(nest.problem.dimensions))
        ]
        low, high = [], []
        for rank in ranks:
            low.append(sum(c * highest[d] for d, c in rank if c < 0))
            high.append(sum(c * highest[d] for d, c in rank if c > 0) + 1)
        return tuple(low), tuple(high)

    def largest(self, level: int) -> int:
        """The largest number of words that the loops up to ``level`` ever cover at once."""
        if not self.nest.imperfect:
            return prod(self.lengths(level))
        return max(box_size(self.box(level, context)) for context in self.nest.contexts[level])
