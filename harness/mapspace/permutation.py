"""Orders of the loops of each tiling level.

A level's order is ``<unit loops><user prefix><free loops><user suffix>`` from the inside out; only the free
ones are permuted, in the order of the factorial number system (Timeloop ``mapspaces/subspaces.cpp``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import Unsupported
from harness.mapspace.levels import TilingLevel

Order = tuple[int, ...]
"""Dimension ids from the innermost to the outermost loop."""


@dataclass(frozen=True, slots=True)
class LevelOrders:
    """The orders of one level: fixed inner loops, free loops, fixed outer loops."""

    prefix: Order
    free: Order
    suffix: Order
    size: int

    def order(self, index: int) -> Order:
        if self.size == 1:
            return self.prefix + self.free + self.suffix
        return self.prefix + nth_permutation(self.free, index) + self.suffix

    def index_like(self, wanted: Order) -> int:
        """The order whose free loops stand to each other as they do in ``wanted``."""
        if self.size == 1:
            return 0
        left = list(self.free)
        index = 0
        for d in wanted:
            if d in self.free:
                index = index * len(left) + left.index(d)
                left.remove(d)
        return index


def nth_permutation(items: Order, index: int) -> Order:
    """Permutation ``index`` of ``items`` in lexicographic order of positions."""
    left = list(items)
    chosen = []
    scale = math.factorial(len(left))
    for remaining in range(len(left), 0, -1):
        scale //= remaining
        at, index = divmod(index, scale)
        chosen.append(left.pop(at))
    return tuple(chosen)


class PermutationRules:
    """Which orders each tiling level admits, before or after unit loops are known."""

    def __init__(
        self, levels: Sequence[TilingLevel], dimensions: Sequence[str], template: str = "uber"
    ) -> None:
        self._identity = tuple(range(len(dimensions)))
        ids = {name: k for k, name in enumerate(dimensions)}
        self._fixed: list[tuple[Order, Order] | None] = []
        for index, level in enumerate(levels):
            prefix = tuple(ids[d] for d in level.constraint.prefix)
            suffix = tuple(ids[d] for d in level.constraint.suffix)
            if template == "ruby" and suffix:
                raise Unsupported(
                    f"the ruby map space takes no permutation suffix ('_...') at {level.name}",
                    level.constraint.location,
                    "name the innermost loops only, or use the template 'uber'",
                )
            if level.spatial:
                canonical = not prefix and not suffix and not level.two_dimensional
            else:
                # Below the innermost temporal block there is no storage whose traffic an order could change.
                canonical = index == 0
            self._fixed.append(None if canonical else (prefix, suffix))
        self._cache: dict[tuple[int, Order], LevelOrders] = {}

    def orders(self, level: int, unit_loops: Order = ()) -> LevelOrders:
        """The orders of tiling level ``level`` when ``unit_loops`` (ids, ascending) are pruned."""
        known = self._cache.get((level, unit_loops))
        if known is None:
            known = self._build(level, unit_loops)
            self._cache[level, unit_loops] = known
        return known

    def _build(self, level: int, unit_loops: Order) -> LevelOrders:
        fixed = self._fixed[level]
        if fixed is None:
            return LevelOrders(self._identity, (), (), 1)
        prefix = unit_loops + tuple(d for d in fixed[0] if d not in unit_loops)
        suffix = tuple(d for d in fixed[1] if d not in unit_loops)
        free = tuple(d for d in self._identity if d not in prefix and d not in suffix)
        return LevelOrders(prefix, free, suffix, math.factorial(len(free)))
