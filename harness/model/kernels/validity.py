"""Which mappings the architecture refuses, and why, in the order in which Timeloop looks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from harness.model.kernels.counts import Extent
from harness.model.kernels.machine import Machine
from harness.model.kernels.nest import Factor, Flag, Nest, ProblemIndex, Vector


class Reason(IntEnum):
    """Why a mapping is refused. Each but the first three is told with the number of the storage level."""

    VALID = 0
    WRONG_FACTORS = 1
    """The factors of some dimension do not multiply to its size."""
    NOT_KEPT_ANYWHERE = 2
    """Some data space is bypassed at every level."""
    NO_FANOUT = 3
    """Spatial loops at a level that has as many instances as the next inner one."""
    OVER_CAPACITY = 4
    """The kept tiles exceed the effective size."""
    UNDER_UTILIZED = 5
    """The kept tiles fall short of ``min_utilization``."""
    TOO_MANY_INSTANCES = 6
    """More instances in use than there are; level -1 is the arithmetic."""
    TOO_WIDE = 7
    """X expansion beyond the mesh; level -1 is the arithmetic."""
    TOO_HIGH = 8
    """Y expansion beyond the mesh; level -1 is the arithmetic."""
    DIMENSION_ON_BOTH_AXES = 9
    """One spatial block splits a dimension along X and along Y, which Timeloop's mappings cannot say."""
    SERVED_UNEQUALLY = 10
    """Distributed multicast to instances that are served unequally, where Timeloop gives up."""
    FEWER_ACCESSES_THAN_WORDS = 11
    """A written tile, which is a box, has words that no operation uses, and Timeloop gives up."""


@dataclass(frozen=True)
class Verdict:
    """``reason`` and ``level`` [n] of each mapping; the first reason that Timeloop would meet."""

    reason: NDArray[np.int8]
    level: NDArray[np.int8]

    def refuse(self, where: NDArray[np.bool_] | bool, reason: Reason, level: int = -1) -> None:
        if where is False or (where is not True and not where.any()):
            return
        first = where & (self.reason == Reason.VALID)
        self.reason[first] = reason
        self.level[first] = level


def judge(machine: Machine, nest: Nest, index: ProblemIndex, extent: Extent) -> Verdict:
    verdict = Verdict(np.zeros(nest.count, dtype=np.int8), np.full(nest.count, -1, dtype=np.int8))
    for reached, bound in zip(extent.reached, index.bounds, strict=True):
        verdict.refuse(True if reached is None else reached != bound, Reason.WRONG_FACTORS)
    for level, costs in enumerate(machine.levels):
        if costs.fanout == (1, 1):
            verdict.refuse(_above(extent.fanout[level], 1), Reason.NO_FANOUT, level)
        for x, y in zip(nest.spatial_x[level], nest.spatial_y[level], strict=True):
            if x is not None and y is not None:
                verdict.refuse((x > 1) & (y > 1), Reason.DIMENSION_ON_BOTH_AXES, level)
    for tensor in range(len(index.ranks)):
        verdict.refuse(_nowhere(nest, tensor), Reason.NOT_KEPT_ANYWHERE)
    keep = [kept for kept, _ in nest.held]
    for level, costs in enumerate(machine.levels):
        if costs.capacity is not None:
            words = _words([flags[level] for flags in keep], extent.tile[level])
            verdict.refuse(_above(words, costs.capacity), Reason.OVER_CAPACITY, level)
            if costs.least_words > 0:
                verdict.refuse(words < costs.least_words, Reason.UNDER_UTILIZED, level)
    limits = [(machine.arithmetic_instances, machine.arithmetic_mesh_x, machine.arithmetic_mesh_y)]
    limits += [(costs.instances, costs.mesh_x, costs.mesh_y) for costs in machine.levels]
    for number, (instances, mesh_x, mesh_y) in enumerate(limits):
        verdict.refuse(_above(extent.instances[number], instances), Reason.TOO_MANY_INSTANCES, number - 1)
        verdict.refuse(_above(extent.x_expansion[number], mesh_x), Reason.TOO_WIDE, number - 1)
        verdict.refuse(_above(extent.y_expansion[number], mesh_y), Reason.TOO_HIGH, number - 1)
    return verdict


def _above(amount: Factor | float, limit: int) -> NDArray[np.bool_] | bool:
    if amount is None:
        return limit < 1
    return amount > limit


def _nowhere(nest: Nest, tensor: int) -> NDArray[np.bool_] | bool:
    nowhere: NDArray[np.bool_] | bool = True
    for row in nest.keep:
        flag = row[tensor]
        if flag is True:
            return False
        if not isinstance(flag, bool):
            nowhere = nowhere & ~flag
    return nowhere


def _words(keep: list[Flag], tiles: list[Factor]) -> Vector | float:
    words: Vector | float = 0.0
    for flag, tile in zip(keep, tiles, strict=True):
        if flag is not False:
            kept: Vector | float = 1.0 if tile is None else tile
            if flag is not True:
                kept = np.multiply(kept, flag)
            words = words + kept
    return words
