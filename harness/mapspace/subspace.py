"""One index factorisation with the orders and spatial splits that remain open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from harness.mapspace.factorization import Factor
from harness.mapspace.levels import TilingLevel
from harness.mapspace.permutation import LevelOrders, Order


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a mapping cannot be constructed: where, a short kind for counting, and the sentence."""

    level: str
    kind: str
    reason: str

    def __str__(self) -> str:
        return f"{self.level}: {self.reason}"


class SubSpace:
    """The permutations and spatial splits of one index factorisation.

    ``factors[k][d]`` is the (iterations, residual) of dimension ``d`` at tiling level ``k``.
    ``pruned`` tells whether unit loops were moved to the front of each order (Timeloop's InitPruned):
    then they multiply neither the permutations nor the splits, except at levels with a split of the user.
    Without ``bounded_by_fanouts`` a mapping may ask for more instances than there are: skipping may need
    fewer, which is known only once it is evaluated.
    """

    def __init__(
        self,
        levels: Sequence[TilingLevel],
        factors: Sequence[Sequence[Factor]],
        orders: Sequence[LevelOrders],
        pruned_counts: Sequence[int],
        min_parallelism: float | None,
        *,
        bounded_by_fanouts: bool = True,
    ) -> None:
        self.levels = levels
        self.factors = factors
        self.orders = orders
        self._pruned_counts = pruned_counts
        self._min_parallelism = min_parallelism
        self._bounded_by_fanouts = bounded_by_fanouts
        self._spatial = [k for k, level in enumerate(levels) if level.spatial]
        self._splits: dict[int, dict[int, int]] = {}
        self._order_cache: list[dict[int, Order]] = [{} for _ in levels]
        self._split_checks: dict[tuple[int, int, int], tuple[Refusal | None, float]] = {}

    @cached_property
    def permutation_size(self) -> int:
        product = 1
        for order in self.orders:
            product *= order.size
        return product

    @cached_property
    def split_sizes(self) -> tuple[int, ...]:
        """Number of split points of each spatial tiling level, innermost first."""
        sizes = []
        for k in self._spatial:
            if self.levels[k].constraint.split is not None:
                sizes.append(1)
            else:
                sizes.append(len(self.factors[k]) + 1 - self._pruned_counts[k])
        return tuple(sizes)

    @cached_property
    def spatial_size(self) -> int:
        product = 1
        for size in self.split_sizes:
            product *= size
        return product

    @cached_property
    def _permutation_strides(self) -> tuple[int, ...]:
        strides = []
        product = 1
        for order in self.orders:
            strides.append(product)
            product *= order.size
        return tuple(strides)

    @cached_property
    def perfect(self) -> bool:
        """True if every loop runs the same number of iterations in each visit."""
        return all(end == residual for factors in self.factors for end, residual in factors)

    @cached_property
    def temporal_loops(self) -> int:
        """Number of temporal loops with more than one iteration; the same for every order."""
        return sum(
            1
            for level, factors in zip(self.levels, self.factors, strict=True)
            if not level.spatial
            for end, _ in factors
            if end > 1
        )

    def order(self, level: int, permutation: int) -> Order:
        """Dimension ids of tiling level ``level``, innermost first, in permutation ``permutation``."""
        digit = permutation // self._permutation_strides[level] % self.orders[level].size
        known = self._order_cache[level].get(digit)
        if known is None:
            known = self.orders[level].order(digit)
            self._order_cache[level][digit] = known
        return known

    def permutation_like(self, wanted: Sequence[Order]) -> int:
        """The permutation that orders every level as ``wanted`` does, as far as the constraints allow."""
        digits = (orders.index_like(order) for orders, order in zip(self.orders, wanted, strict=True))
        return sum(d * stride for d, stride in zip(digits, self._permutation_strides, strict=True))

    def splits(self, spatial: int) -> dict[int, int]:
        """For each spatial tiling level, how many loops of its order lie along X."""
        known = self._splits.get(spatial)
        if known is None:
            known = self._splits[spatial] = self._make_splits(spatial)
        return known

    def _make_splits(self, spatial: int) -> dict[int, int]:
        found = {}
        for k, size in zip(self._spatial, self.split_sizes, strict=True):
            given = self.levels[k].constraint.split
            if given is not None:
                found[k] = given
            else:
                spatial, digit = divmod(spatial, size)
                found[k] = self._pruned_counts[k] + digit
        return found

    def fitting_splits(self, permutation: int) -> list[list[int]]:
        """For each spatial tiling level, the digits of the split under which this order fits the fan-out.

        An index of splits is made of one digit a level by :meth:`spatial_of`.
        """
        found = []
        for k, size in zip(self._spatial, self.split_sizes, strict=True):
            given = self.levels[k].constraint.split
            first = self._pruned_counts[k] if given is None else given
            found.append([s for s in range(size) if self._split_check(k, permutation, first + s)[0] is None])
        return found

    def spatial_of(self, digits: Sequence[int]) -> int:
        """The index of splits with these digits, one for each spatial tiling level."""
        spatial = 0
        for digit, size in zip(reversed(digits), reversed(self.split_sizes), strict=True):
            spatial = spatial * size + digit
        return spatial

    def refusal(self, permutation: int, spatial: int) -> Refusal | None:
        """Why this order and split cannot be laid out on the hardware; None if they can.

        Independent of the bypass mask. Rules of Timeloop ``mapspaces/uber.cpp``: the X (Y) factors of a level
        multiply to at most its fan-out in X (Y); the fraction of the fan-out in use is at least what
        the user demanded.
        """
        utilization = 1.0
        for k, split in self.splits(spatial).items():
            refused, used = self._split_check(k, permutation, split)
            if refused is not None:
                return refused
            utilization *= used
        if self._min_parallelism is not None and utilization < self._min_parallelism:
            return Refusal(
                "arithmetic",
                "parallelism",
                f"parallelism {utilization:.4g} is less than the demanded {self._min_parallelism:.4g}",
            )
        return None

    def _split_check(self, k: int, permutation: int, split: int) -> tuple[Refusal | None, float]:
        """Whether one level can be laid out, and the fraction of its fan-out in use."""
        key = (k, permutation // self._permutation_strides[k] % self.orders[k].size, split)
        known = self._split_checks.get(key)
        if known is None:
            known = self._split_checks[key] = self._check_split(k, permutation, split)
        return known

    def _check_split(self, k: int, permutation: int, split: int) -> tuple[Refusal | None, float]:
        level = self.levels[k]
        expansion_x, expansion_y = self._expansion(k, permutation, split)
        used = expansion_x * expansion_y / (level.fanout_x * level.fanout_y)
        axes = (("X", expansion_x, level.fanout_x), ("Y", expansion_y, level.fanout_y))
        for axis, expansion, fanout in axes:
            if expansion > fanout and self._bounded_by_fanouts:
                reason = f"mapped fan-out {axis} {expansion} exceeds the hardware's {fanout}"
                return Refusal(level.storage_name, "fanout", reason), used
        return None, used

    def expansions(self, permutation: int, spatial: int) -> dict[int, tuple[int, int]]:
        """(X, Y) factors by spatial tiling level; for diagnostics and tests."""
        return {k: self._expansion(k, permutation, split) for k, split in self.splits(spatial).items()}

    def _expansion(self, k: int, permutation: int, split: int) -> tuple[int, int]:
        x = y = 1
        for position, dimension in enumerate(self.order(k, permutation)):
            if position < split:
                x *= self.factors[k][dimension][0]
            else:
                y *= self.factors[k][dimension][0]
        return x, y
