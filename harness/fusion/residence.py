"""Whether the intermediate and what comes with it have room, before any search.

The fused constraints alone bound every tile from below: a dimension that cannot iterate above a level is
whole at that level, and factors demanded at or below it are within its tile. If the least tiles of what a
level must keep exceed its size, no mapping exists, and the level, the need and the size can be named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.errors import Unsupported
from harness.fusion.constraints import levels_above
from harness.fusion.plan import COMMAND, Fusion
from harness.spec.architecture import Architecture
from harness.spec.constraints import BlockConstraint, Constraints
from harness.spec.problem import DataSpace, Problem


@dataclass(frozen=True, slots=True)
class Overflow:
    """A level that cannot hold what it must: (data space, words) per instance against ``have_words``."""

    level: str
    needs: tuple[tuple[str, int], ...]
    have_words: int

    @property
    def need_words(self) -> int:
        return sum(words for _, words in self.needs)

    def __str__(self) -> str:
        parts = " + ".join(f"{words} of {space}" for space, words in self.needs)
        return f"{self.level} would have to hold {self.need_words} words ({parts}) but has {self.have_words}"


def refuse_without_home(
    constraints: Constraints, architecture: Architecture, data_space: str, fusion: Fusion
) -> None:
    """Unsupported when the fusion level is missing or does not keep the intermediate (``data_space``)."""
    layer = fusion.pair.producer if data_space == "Outputs" else fusion.pair.consumer
    start = f"{layer.name} cannot be fused at {fusion.level}: "
    if fusion.level not in architecture.level_names:
        raise Unsupported(f"{start}the architecture that runs {layer.name} has no such level", COMMAND)
    if data_space in constraints.of(fusion.level).bypass:
        raise Unsupported(
            f"{start}the architecture lets {data_space} of {layer.name} pass by {fusion.level}, "
            "so the intermediate would have no home",
            COMMAND,
            "fuse at a level that keeps it",
        )


def overflow(
    constraints: Constraints, architecture: Architecture, problem: Problem, data_space: str, fusion: Fusion
) -> Overflow | None:
    """The innermost level, from the fusion level outwards, that is certainly too small; None if none is."""
    whole = frozenset({"E"}) if data_space == "Inputs" else frozenset()
    for name in (fusion.level, *levels_above(architecture, fusion)):
        level = architecture.storage[architecture.level_names.index(name)]
        size = level.effective_size_words
        kept = constraints.of(name).keep | ({data_space} if name == fusion.level else set())
        if size is None or not kept:
            continue
        extents = least_extents(constraints, architecture, problem, name)
        if name == fusion.level:
            extents = {d: problem.bound[d] if d in whole else n for d, n in extents.items()}
        needs = tuple((s.name, footprint(s, extents)) for s in problem.data_spaces if s.name in kept)
        if sum(words for _, words in needs) > size:
            return Overflow(name, needs, size)
    return None


def least_extents(
    constraints: Constraints, architecture: Architecture, problem: Problem, level: str
) -> dict[str, int]:
    """The least extent of each dimension in the tile of one instance of ``level``."""
    position = architecture.level_names.index(level)
    extents = {}
    for dimension, bound in problem.bound.items():
        inside, outside = 1, 1.0
        for index, storage in enumerate(architecture.storage):
            entry = constraints.of(storage.name)
            x, y = architecture.fanout(index)
            for block, most in ((entry.temporal, math.inf), (entry.spatial, float(x * y))):
                if index <= position:
                    inside *= _least_factor(block, dimension, bound)
                else:
                    outside *= _most_factor(block, dimension, bound, most)
        from_outside = 1 if outside >= bound else math.ceil(bound / outside)
        extents[dimension] = min(bound, max(inside, from_outside))
    return extents


def footprint(space: DataSpace, extents: dict[str, int]) -> int:
    """Words of a data space within a tile of the given extents (the bounding box of sliding windows)."""
    return math.prod(
        1 + sum(term.coefficient * (extents[term.dimension] - 1) for term in rank) for rank in space.ranks
    )


def _least_factor(block: BlockConstraint | None, dimension: str, bound: int) -> int:
    if block is None:
        return 1
    least = block.default_min_factor or 1
    for factor in block.factors:
        if factor.dimension == dimension and factor.relation != "<=":
            least = bound if factor.value == 0 else factor.value
    return least if least <= bound else 1


def _most_factor(block: BlockConstraint | None, dimension: str, bound: int, most: float) -> float:
    """``most`` is what the hardware allows: unlimited in time, the fan-out in space."""
    if block is None:
        return most
    if block.default_max_factor is not None:
        most = min(most, block.default_max_factor)
    for factor in block.factors:
        if factor.dimension == dimension and factor.relation != ">=" and 0 < factor.value <= bound:
            most = min(most, factor.value)
    return most
