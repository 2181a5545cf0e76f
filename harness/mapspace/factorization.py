"""All ways to split one dimension over the tiling levels, counted and indexed without listing them.

The order is Timeloop's (``util/numeric.cpp``, Factors): the factor of the outermost free level varies
slowest and runs through the divisors in the order 1, n, 2, n/2, 3, ...; the innermost takes what is left.
Fixed factors divide the bound first, rounding up where they do not divide it.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from dataclasses import dataclass

from harness.mapspace.demands import FactorDemands

Factor = tuple[int, int]
"""(iterations, iterations in the last visit); equal for a perfect factor."""


UNIT: Factor = (1, 1)


@dataclass(frozen=True, slots=True)
class Split:
    """One way to split a dimension, by tiling level from the innermost.

    ``units`` says where the loop counts as a unit loop.
    """

    factors: tuple[Factor, ...]
    units: tuple[bool, ...]


def divisors_in_order(n: int) -> list[int]:
    """Divisors of ``n`` as Timeloop lists them: 1, n, 2, n/2, ..."""
    found = []
    for i in range(1, math.isqrt(n) + 1):
        if n % i == 0:
            found.append(i)
            if i * i != n:
                found.append(n // i)
    return found


@dataclass(frozen=True, slots=True)
class _Choices:
    """Admissible factors at one level and how many completions come up to and with each."""

    factors: tuple[int, ...]
    cumulative: tuple[int, ...]


class PerfectFactorization:
    """The factor vectors of one dimension in the ``uber`` template.

    ``size`` is exact and may exceed 64 bits; :meth:`factors` finds a vector by its index.
    """

    def __init__(self, demands: FactorDemands, level_count: int) -> None:
        self.demands = demands
        self._level_count = level_count
        self._free = [k for k in range(level_count) if k not in demands.given]
        remaining = demands.bound
        for level in sorted(demands.given):
            remaining = -(-remaining // demands.given[level])
        self.remaining = remaining
        self._divisors = divisors_in_order(remaining)
        self._choices: dict[tuple[int, int], _Choices] = {}
        self._found: dict[int, Split] = {}
        given_admitted = all(demands.admits(k, v) for k, v in demands.given.items())
        self.size = self._count(len(self._free), remaining) if given_admitted else 0

    def _count(self, places: int, product: int) -> int:
        if places == 0:
            return 1 if product == 1 else 0
        choices = self._choices_of(places, product)
        return choices.cumulative[-1] if choices.cumulative else 0

    def _choices_of(self, places: int, product: int) -> _Choices:
        known = self._choices.get((places, product))
        if known is not None:
            return known
        level = self._free[places - 1]
        factors = []
        cumulative = []
        total = 0
        for factor in self._divisors if places > 1 else [product]:
            if product % factor or not self.demands.admits(level, factor):
                continue
            count = self._count(places - 1, product // factor)
            if count:
                total += count
                factors.append(factor)
                cumulative.append(total)
        choices = _Choices(tuple(factors), tuple(cumulative))
        self._choices[places, product] = choices
        return choices

    def split(self, index: int) -> Split:
        """Vector number ``index``."""
        known = self._found.get(index)
        if known is not None:
            return known
        raw = self.raw_factors(index)
        remaining = self.demands.bound
        loops = []
        for factor in raw:
            if factor == 1:
                loops.append(UNIT)
                continue
            end = min(factor, remaining)
            loops.append((end, remaining % end or end))
            remaining = -(-remaining // end)
        # A fixed factor is clamped to what remains when the mapping is made, but whether its loop counts as
        # a unit loop is decided before.
        found = Split(tuple(loops), tuple(factor == 1 for factor in raw))
        if len(self._found) < _REMEMBERED:
            self._found[index] = found
        return found

    def raw_factors(self, index: int) -> list[int]:
        """The factors of vector ``index`` before clamping to what remains."""
        if not 0 <= index < self.size:
            raise IndexError(f"factorization {index} of {self.size}")
        vector = [self.demands.given.get(k, 1) for k in range(self._level_count)]
        product = self.remaining
        for places in range(len(self._free), 0, -1):
            choices = self._choices_of(places, product)
            at = bisect_right(choices.cumulative, index)
            factor = choices.factors[at]
            if at:
                index -= choices.cumulative[at - 1]
            vector[self._free[places - 1]] = factor
            product //= factor
        return vector

    def moved(self, index: int, source: int, target: int, factor: int) -> int | None:
        """The vector that differs from ``index`` by ``factor`` taken from level ``source`` to ``target``.

        None if there is no such vector: a fixed level, no divisor, or a demand broken.
        """
        vector = self.raw_factors(index)
        given = self.demands.given
        if source in given or target in given or vector[source] % factor:
            return None
        vector[source] //= factor
        vector[target] *= factor
        if not (self.demands.admits(source, vector[source]) and self.demands.admits(target, vector[target])):
            return None
        return self._index_of(vector)

    def _index_of(self, vector: list[int]) -> int:
        """The inverse of :meth:`raw_factors` for an admitted vector."""
        index = 0
        product = self.remaining
        for places in range(len(self._free), 0, -1):
            choices = self._choices_of(places, product)
            factor = vector[self._free[places - 1]]
            at = choices.factors.index(factor)
            if at:
                index += choices.cumulative[at - 1]
            product //= factor
        return index


_REMEMBERED = 20_000
