"""A brute-force model for tiny problems, by definition and independent of harness.model.

It walks every iteration of the loop nest. Each instance of each kept level really holds the set of words
of its current tile; a word that comes in is served by the next outer level that keeps the tensor, once
for all instances below it that ask for the same words at the same moment. The definitions agree with
Timeloop's for tensors whose tiles are either equal or disjoint (single dimensions as ranks, perfect
factors) and without link transfers.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from dataclasses import dataclass

from harness.spec.mapping import Loop, Mapping
from harness.spec.problem import DataSpace, Problem

Word = tuple[int, ...]
Instance = tuple[int, ...]


@dataclass(frozen=True)
class Counts:
    """Averages per instance."""

    reads: float
    fills: float
    updates: float
    distinct_words: float


def step_through(problem: Problem, mapping: Mapping, tensor: DataSpace) -> dict[str, Counts]:
    """The counts of ``tensor`` at every level that keeps it, by level name."""
    nest = _Nest(problem, mapping)
    kept = [s for s, level in enumerate(mapping.levels) if tensor.name in level.keep]
    served: dict[int, dict[Instance, int]] = {s: defaultdict(int) for s in kept}
    received: dict[int, dict[Instance, int]] = {s: defaultdict(int) for s in kept}
    ever: dict[int, dict[Instance, set[Word]]] = {s: defaultdict(set) for s in kept}
    for child, parent in zip([-1, *kept[:-1]], kept, strict=True):
        holding: dict[Instance, frozenset[Word]] = {}
        for moment in nest.moments(child):
            asked: dict[Instance, set[frozenset[Word]]] = defaultdict(set)
            for instance in nest.instances(child):
                tile = nest.words(tensor, child, moment, instance)
                new = tile if child < 0 else tile - holding.get(instance, frozenset())
                holding[instance] = tile
                if child >= 0:
                    received[child][instance] += len(new)
                    ever[child][instance] |= tile
                if new:
                    asked[nest.ancestor(instance, child, parent)].add(frozenset(new))
            for above, sets in asked.items():
                served[parent][above] += sum(map(len, sets))
    for instance in nest.instances(kept[-1]):
        for moment in nest.moments(kept[-1]):
            ever[kept[-1]][instance] |= nest.words(tensor, kept[-1], moment, instance)
    return {
        mapping.levels[s].level: _counts(
            tensor, len(list(nest.instances(s))), served[s], received[s], ever[s]
        )
        for s in kept
    }


def _counts(
    tensor: DataSpace,
    instances: int,
    served: dict[Instance, int],
    received: dict[Instance, int],
    ever: dict[Instance, set[Word]],
) -> Counts:
    """``received`` is empty for the outermost kept level."""
    out, came = sum(served.values()) / instances, sum(received.values()) / instances
    outermost = not received
    distinct = sum(map(len, ever.values())) / instances
    if not tensor.read_write:
        return Counts(out, 0 if outermost else came, 0, distinct)
    # The first update of a word needs no read, and the first visit of a tile nothing from above.
    return Counts(out - distinct, 0 if outermost else came - distinct, out, distinct)


class _Nest:
    def __init__(self, problem: Problem, mapping: Mapping) -> None:
        self.problem = problem
        self.levels = mapping.levels

    def _loops_outside(self, level: int, spatial: bool) -> list[Loop]:
        """Temporal or spatial loops of the levels outside ``level``, from inner to outer."""
        return [
            loop
            for outer in self.levels[level + 1 :]
            for loop in (outer.spatial if spatial else outer.temporal)
        ]

    def moments(self, level: int) -> itertools.product[tuple[int, ...]]:
        """All combinations of temporal indices outside ``level`` in execution order (outer first)."""
        loops = self._loops_outside(level, spatial=False)
        return itertools.product(*(range(loop.factor) for loop in reversed(loops)))

    def instances(self, level: int) -> itertools.product[tuple[int, ...]]:
        """All instances of ``level``: spatial indices outside it (outer first)."""
        loops = self._loops_outside(level, spatial=True)
        return itertools.product(*(range(loop.factor) for loop in reversed(loops)))

    def ancestor(self, instance: Instance, level: int, outer: int) -> Instance:
        return instance[: len(self._loops_outside(outer, spatial=True))]

    def words(
        self, tensor: DataSpace, level: int, moment: tuple[int, ...], instance: Instance
    ) -> frozenset[Word]:
        """The words that the loops at and inside ``level`` touch, at the given outer indices."""
        inside = dict.fromkeys(self.problem.dimensions, 1)
        for inner in self.levels[: level + 1]:
            for loop in (*inner.spatial, *inner.temporal):
                inside[loop.dimension] *= loop.factor
        start = dict.fromkeys(self.problem.dimensions, 0)
        for loop, index in self._indices(level, moment, instance):
            start[loop.dimension] += index * self._step(loop)
        axes = [
            range(start[rank[0].dimension], start[rank[0].dimension] + inside[rank[0].dimension])
            for rank in tensor.ranks
        ]
        return frozenset(itertools.product(*axes))

    def _indices(self, level: int, moment: tuple[int, ...], instance: Instance) -> list[tuple[Loop, int]]:
        temporal = reversed(self._loops_outside(level, spatial=False))
        spatial = reversed(self._loops_outside(level, spatial=True))
        return [*zip(temporal, moment, strict=True), *zip(spatial, instance, strict=True)]

    def _step(self, wanted: Loop) -> int:
        """Product of the factors of the same dimension inside ``wanted`` (identity decides)."""
        step = 1
        for level in self.levels:
            for loop in (*level.spatial, *level.temporal):
                if loop is wanted:
                    return step
                if loop.dimension == wanted.dimension:
                    step *= loop.factor
        raise AssertionError("the loop is not in the nest")
