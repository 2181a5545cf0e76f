"""How a data space with sliding windows depends on the dimensions: a rank that is a sum of dimensions, or a
multiple of one.

Movements of a tile are vectors with one component per rank. They are compared all the time and hence kept as
single numbers: the components are the digits of a positional system, so sums and differences of movements
are sums and differences of numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Final

from harness.errors import Unsupported
from harness.spec.problem import DataSpace, Problem

EXACT: Final = 2**53
"""float64 holds whole numbers exactly up to here."""


@dataclass(frozen=True)
class Window:
    """How a data space with sliding windows depends on the active dimensions.

    ``ranks``: (dimension, coefficient) pairs of each rank with a dimension that moves. ``digits`` and
    ``radix``: value of a digit and number of its values, per rank. ``codes``: movement of one step along
    each dimension as a number. ``overlapping``: dimensions along which a step may leave part of a tile.
    ``large``: the square of the number of words is beyond what float64 holds exactly.
    """

    ranks: tuple[tuple[tuple[int, int], ...], ...]
    digits: tuple[int, ...]
    radix: tuple[int, ...]
    codes: tuple[int, ...]
    moving: tuple[int, ...]
    overlapping: tuple[int, ...]
    large: bool

    @staticmethod
    def of(data_space: DataSpace, problem: Problem, active: Sequence[int]) -> Window | None:
        """None where each rank is a dimension alone. Raises Unsupported for coefficients below 1."""
        number = {problem.dimensions[d]: k for k, d in enumerate(active)}
        ranks = []
        for rank in data_space.ranks:
            terms = tuple((number[t.dimension], t.coefficient) for t in rank if t.dimension in number)
            if any(coefficient < 1 for _, coefficient in terms):
                raise Unsupported(f"data space '{data_space.name}' has a coefficient below 1")
            if terms:
                ranks.append(terms)
        if all(len(rank) == 1 and rank[0][1] == 1 for rank in ranks):
            return None
        bounds = [problem.bounds[d] for d in active]
        # Ranks of a single dimension go to the upper digits: movements along them are told apart first.
        ranks.sort(key=lambda rank: -len(rank))
        # No movement, nor the difference of two, has a component beyond three times the loops' whole way.
        radix = [6 * sum(c * bounds[k] for k, c in rank) + 1 for rank in ranks]
        digits = [prod(radix[:r]) for r in range(len(radix))]
        # A tile has at most the words of its loops' iterations, times the coefficients.
        moving = tuple(sorted({k for rank in ranks for k, _ in rank}))
        words = prod(max(c for _, c in rank) * prod(bounds[k] for k, _ in rank) for rank in ranks)
        counts = words * prod(bounds[k] for k in range(len(bounds)) if k not in moving)
        whole = prod(1 + sum(c * (bounds[k] - 1) for k, c in rank) for rank in ranks)
        if prod(radix) > EXACT or counts > EXACT or whole**2 >= 2**63:
            raise Unsupported(f"data space '{data_space.name}' is too large for exact counts")
        codes = [
            sum(c * digit for rank, digit in zip(ranks, digits, strict=True) for d, c in rank if d == k)
            for k in range(len(bounds))
        ]
        alone = {rank[0][0] for rank in ranks if len(rank) == 1}
        return Window(
            ranks=tuple(ranks),
            digits=tuple(digits),
            radix=tuple(radix),
            codes=tuple(codes),
            moving=moving,
            overlapping=tuple(k for k in moving if k not in alone),
            large=whole**2 > EXACT,
        )

    @cached_property
    def steps(self) -> tuple[tuple[int, ...], ...]:
        """For each dimension how far one step along it moves the box in each rank."""
        return tuple(
            tuple(sum(c for d, c in rank if d == k) for rank in self.ranks) for k in range(len(self.codes))
        )

    def encoded(self, movement: Sequence[int]) -> int:
        """The number that stands for a movement."""
        return sum(by * digit for by, digit in zip(movement, self.digits, strict=True))

    def decoded(self, code: int) -> tuple[int, ...]:
        """The components of a movement."""
        components = []
        for radix in self.radix:
            half = radix // 2
            component = (code + half) % radix - half
            components.append(component)
            code = (code - component) // radix
        return tuple(components)
