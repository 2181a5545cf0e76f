"""Which words of a tensor a loop level touches: projection of the iteration box.

Source: Timeloop workload/shape-models/operation-space.cpp (ProjectLowHigh), nest-analysis.cpp
(GetCurrentWorkingSet). Each rank is a sum of coefficient x dimension; its low and high corners are summed
separately, so sliding windows give the bounding box (holes of a large stride are counted).
"""

from __future__ import annotations

from functools import cached_property

from harness.model.geometry import Box, Vector, box_size
from harness.model.loop_nest import Context, LoopNest
from harness.spec.problem import DataSpace


class WorkingSets:
    """The boxes of one data space at every loop level, relative to the position of the outer loops."""

    def __init__(self, nest: LoopNest, data_space: DataSpace) -> None:
        self.nest = nest
        self.data_space = data_space
        index_of = {d: i for i, d in enumerate(nest.problem.dimensions)}
        self._ranks = tuple(
            tuple((index_of[t.dimension], t.coefficient) for t in rank) for rank in data_space.ranks
        )
        self._boxes: dict[tuple[int, Context], Box] = {}

    @cached_property
    def steps(self) -> tuple[Vector, ...]:
        """For each loop: how far one of its iterations moves the box."""
        return tuple(
            tuple(sum(c for d, c in rank if d == loop.dimension) * stride for rank in self._ranks)
            for loop, stride in zip(self.nest.loops, self.nest.strides, strict=True)
        )

    def box(self, level: int, context: Context) -> Box:
        """The box that the loops up to ``level`` cover, in ``context`` just outside ``level``.

        Level -1 is a single iteration: one word.
        """
        found = self._boxes.get((level, context))
        if found is None:
            found = self._boxes[level, context] = self._project(level, context)
        return found

    def _project(self, level: int, context: Context) -> Box:
        if level < 0:
            return (0,) * len(self._ranks), (1,) * len(self._ranks)
        nest = self.nest
        full, last = nest.extents[level], nest.residual_extents[level]
        highest = [
            (last[d] if nest.is_last(d, context) else full[d]) - 1
            for d in range(len(nest.problem.dimensions))
        ]
        low, high = [], []
        for rank in self._ranks:
            low.append(sum(c * highest[d] for d, c in rank if c < 0))
            high.append(sum(c * highest[d] for d, c in rank if c > 0) + 1)
        return tuple(low), tuple(high)

    def largest(self, level: int) -> int:
        """The largest number of words that the loops up to ``level`` ever cover at once."""
        return max(box_size(self.box(level, context)) for context in self.nest.contexts[level])
