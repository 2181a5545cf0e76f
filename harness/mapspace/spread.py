"""Whether the loops of a spatial level fit its fan-out along X and Y under some order and split."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from harness.mapspace.levels import TilingLevel


class Spread:
    """The ways to lay the dimensions of one spatial level along X and Y.

    The first loops of the order run along X, the others along Y (``harness.mapspace.subspace``). ``split``
    and ``order`` say whether the user's demands of that name are in force.
    """

    def __init__(
        self, level: TilingLevel, dimensions: Sequence[str], *, split: bool, order: bool, ordered: bool
    ) -> None:
        """``ordered``: the user gave an order, whether or not it is in force."""
        self.fanout_x, self.fanout_y = level.fanout_x, level.fanout_y
        count = len(dimensions)
        number = {name: d for d, name in enumerate(dimensions)}
        constraint = level.constraint
        prefix = [number[d] for d in constraint.prefix] if order else []
        suffix = [number[d] for d in constraint.suffix] if order else []
        free = [d for d in range(count) if d not in prefix and d not in suffix]
        if not ordered and not level.two_dimensional:
            prefix, free = list(range(count)), []
        given = constraint.split if split else None
        sizes = range(count + 1) if given is None else [min(given, count)]
        self.any_subset = given is None and len(free) == count
        self._along_x: set[int] = set()
        if not self.any_subset:
            for size in sizes:
                self._along_x |= _first(size, prefix, free, suffix)
        self._known: dict[tuple[int, ...], tuple[tuple[int, int], ...]] = {}

    def layouts(self, factors: Sequence[int]) -> tuple[tuple[int, int], ...]:
        """The (X, Y) products of ``factors`` (by dimension) that the fan-out admits."""
        moving = tuple(sorted(f for f in factors if f > 1)) if self.any_subset else tuple(factors)
        known = self._known.get(moving)
        if known is None:
            known = self._known[moving] = tuple(sorted(p for p in self._products(moving) if self.fits(p)))
        return known

    def fits(self, product: tuple[int, int]) -> bool:
        return product[0] <= self.fanout_x and product[1] <= self.fanout_y

    def _products(self, factors: Sequence[int]) -> set[tuple[int, int]]:
        if self.any_subset:
            pairs = {(1, 1)}
            for f in factors:
                pairs = {p for x, y in pairs for p in ((x * f, y), (x, y * f)) if self.fits(p)}
            return pairs
        found = set()
        for along_x in self._along_x:
            x = prod([f for d, f in enumerate(factors) if along_x >> d & 1])
            found.add((x, prod(factors) // x))
        return found

    def most(self, choices: Sequence[Sequence[int]]) -> int:
        """The largest number of children in use when each dimension takes one of its ``choices``.

        An upper bound: the user's order and split are ignored.
        """
        pairs = {(1, 1)}
        for of_dimension in choices:
            pairs = {
                p
                for x, y in pairs
                for f in set(of_dimension)
                for p in ((x * f, y), (x, y * f))
                if self.fits(p)
            }
            if not pairs:
                return 0
        return max(x * y for x, y in pairs)


def _first(size: int, prefix: Sequence[int], free: Sequence[int], suffix: Sequence[int]) -> set[int]:
    """Bit sets of the dimensions that can be the first ``size`` of an order."""
    fixed = prefix[:size]
    mask = sum(1 << d for d in fixed)
    size -= len(fixed)
    if size == 0:
        return {mask}
    if size >= len(free):
        mask |= sum(1 << d for d in free)
        return {mask | sum(1 << d for d in suffix[: size - len(free)])}
    masks = {(0, 0)}
    for d in free:
        masks |= {(chosen | 1 << d, count + 1) for chosen, count in masks if count < size}
    return {mask | chosen for chosen, count in masks if count == size}
