"""What the constraints demand of the factors of one dimension, tiling level by tiling level."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.mapspace.levels import TilingLevel
from harness.spec.problem import Problem


@dataclass(frozen=True)
class FactorDemands:
    """Demands on one dimension, by tiling level.

    ``given`` are fixed factors, ``least`` and ``most`` bounds on any factor. ``remainders`` are the bounds
    on residuals that the ruby template explores. ``ignored`` says which demands have no effect and why.
    """

    dimension: str
    bound: int
    given: dict[int, int] = field(default_factory=dict)
    least: dict[int, int] = field(default_factory=dict)
    most: dict[int, int] = field(default_factory=dict)
    ignored: tuple[str, ...] = ()

    def admits(self, level: int, factor: int) -> bool:
        return self.least.get(level, 1) <= factor <= self.most.get(level, factor)


def factor_demands(problem: Problem, levels: Sequence[TilingLevel]) -> tuple[FactorDemands, ...]:
    """Demands for each dimension of the problem, in the problem's order.

    Rules of Timeloop ``mapping/constraints.cpp``: ``D=0`` is the whole bound; a fixed factor beyond the
    bound has no effect (noted in ``ignored``); the defaults apply to dimensions without their own bound.
    """
    all_demands = []
    for dimension, bound in zip(problem.dimensions, problem.bounds, strict=True):
        given: dict[int, int] = {}
        least: dict[int, int] = {}
        most: dict[int, int] = {}
        ignored: list[str] = []
        for index, level in enumerate(levels):
            constraint = level.constraint
            if constraint.default_max_factor is not None:
                most[index] = constraint.default_max_factor
            if constraint.default_min_factor is not None:
                least[index] = constraint.default_min_factor
            for factor in constraint.factors:
                if factor.dimension != dimension:
                    continue
                if factor.relation == "<=":
                    most[index] = factor.value
                elif factor.relation == ">=":
                    least[index] = factor.value
                elif factor.value > bound:
                    ignored.append(
                        f"{level.name}: {dimension}={factor.value} exceeds the bound {bound} of {dimension} "
                        "and has no effect"
                    )
                else:
                    given[index] = factor.value or bound
        all_demands.append(FactorDemands(dimension, bound, given, least, most, tuple(ignored)))
    return tuple(all_demands)
