"""One index factorisation: floors for each of its masks and classes of loop orders, and its mappings in turn.

With all factors known, what is left open are the masks, the orders and the splits. A tile's traffic depends
on the order of one level only, the innermost outside it with a loop that always moves the tensor, and there
only on which loops of other dimensions stand outside the first such loop. Orders that agree on this for all
tensors form a class and share a floor. Classes are visited by increasing floors.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from harness.mapspace import MapSpace, SubSpace
from harness.model.tiles import held
from harness.search.ruby.rules import Surroundings, TensorRules
from harness.spec.mapping import Mapping

MOST_MASKS = 4096
MOST_ORDERS = 5040
MOST_CLASSES = 50_000


class TooManyToList(Exception):
    """The masks or orders of one factorisation are beyond listing; its floor stays what it was."""


@dataclass(frozen=True)
class OrderClass:
    """A mask and, for each temporal level, orders that cannot be told apart by their floor."""

    cycles: float
    energy_pj: float
    mask: int
    orders: tuple[tuple[int, ...], ...]


def _whole_subspace(space: MapSpace, factorization: int) -> SubSpace:
    """Orders without copies that differ in unit loops only, and all splits.

    Pruning (Timeloop's) leaves out the splits in front of as many loops as there are unit loops. Where the
    order is fixed and does not begin with the unit loops, that would lose mappings of the space.
    """
    pruned = space.subspace(factorization)
    counts = []
    for level, factors, orders in zip(space.levels, pruned.factors, pruned.orders, strict=True):
        units = {d for d, (end, _) in enumerate(factors) if end == 1}
        first = set(orders.order(0)[: len(units)])
        counts.append(len(units) if level.constraint.split is None and first == units else 0)
    return SubSpace(space.levels, pruned.factors, pruned.orders, counts, space.constraints.min_parallelism)


class Leaf:
    """``rows``: the vector of each active dimension; ``factorization`` its number in the map space."""

    def __init__(self, around: Surroundings, rows: Sequence[int], factorization: int) -> None:
        self._around = around
        self._rows = tuple(rows)
        self.factorization = factorization
        self.subspace = _whole_subspace(around.space, factorization)
        self._levels = len(around.basis.levels)
        self._temporal = [k for k, level in enumerate(around.space.levels) if not level.spatial]

    def _row(self, name: str, d: int, s: int) -> float:
        """One count of active dimension number ``d`` at level ``s``."""
        return float(getattr(self._around.counts[d], name)[self._rows[d], s])

    def _product(self, name: str, s: int) -> float:
        return math.prod(self._row(name, d, s) for d in range(len(self._rows)))

    @cached_property
    def _uneven(self) -> list[bool]:
        return [
            any(self._row("uneven", d, s) > 0 for d in range(len(self._rows))) for s in range(self._levels)
        ]

    @cached_property
    def _used(self) -> list[float]:
        """Instances of each level, cut as the model does."""
        return [self._cut(self._product("copies", s), self._uneven[s + 1 :]) for s in range(self._levels)]

    def _cut(self, average: float, uneven: Sequence[bool]) -> float:
        return max(1.0, math.floor(average - 1e-9)) if any(uneven) else average

    @cached_property
    def _copies(self) -> list[float]:
        return [self._product("addressed", s) for s in range(self._levels)]

    @cached_property
    def _clusters(self) -> list[float]:
        levels = self._around.basis.levels
        return [
            min(copies, level.spec.instances // level.spec.cluster_size)
            for copies, level in zip(self._copies, levels, strict=True)
        ]

    @cached_property
    def temporal(self) -> float:
        pairs = zip(self._around.counts, self._rows, strict=True)
        return math.prod(float(counts.temporal[row]) for counts, row in pairs)

    # Orders -----------------------------------------------------------------------------------

    @cached_property
    def _classes(self) -> list[dict[tuple[frozenset[int], ...], list[int]]]:
        """For each storage level: by what the floor sees of an order, the digits of such orders."""
        found = []
        for s, k in enumerate(self._temporal):
            orders = self.subspace.orders[k]
            if orders.size > MOST_ORDERS:
                raise TooManyToList
            classes: dict[tuple[frozenset[int], ...], list[int]] = {}
            for digit in range(orders.size):
                order = [d for d in orders.order(digit) if self.subspace.factors[k][d][0] > 1]
                classes.setdefault(
                    tuple(self._outside(rule, s, order) for rule in self._around.rules), []
                ).append(digit)
            found.append(classes)
        return found

    def _outside(self, rule: TensorRules, s: int, order: Sequence[int]) -> frozenset[int]:
        """The loops of other dimensions outside the first that always moves the tensor."""
        residuals = [residual for _, residual in self.subspace.factors[self._temporal[s]]]
        for place, d in enumerate(order):
            if d in rule.anchors and residuals[d] > 1:
                return frozenset(e for e in order[place + 1 :] if e not in rule.dimensions)
        return frozenset()

    # Traffic ----------------------------------------------------------------------------------

    def _since(self, rule: TensorRules, tile: int) -> int:
        dimensions = list(enumerate(self._around.active))
        if tile < 0:
            passed = rule.linked and any(
                self._row("spatial", at, 0) > 1
                for at, d in dimensions
                if not rule.plain or d not in rule.dimensions
            )
            if not passed:
                return -1
        moves = [
            int(self._around.counts[at].moves[self._rows[at], tile + 1])
            for at, d in dimensions
            if d in rule.anchors
        ]
        return min(moves, default=self._levels)

    def _served(self, rule: TensorRules, s: int, c: int) -> float:
        """Words of the tensor's own dimensions that one instance of ``s`` serves to tiles of level ``c``."""
        words = 1.0
        for at, d in enumerate(self._around.active):
            if d in rule.dimensions:
                words *= self._row("served", at, c + 1)
                for k in range(c + 2, s + 1):
                    words *= self._row("spatial", at, k)
        return words

    def _visits(self, rule: TensorRules, since: int, outside: frozenset[int]) -> float:
        """Visits by the loops of other dimensions from level ``since`` on; there those ``outside``."""
        return math.prod(
            self._visits_along(at, d, since, outside)
            for at, d in enumerate(self._around.active)
            if d not in rule.dimensions
        )

    def _visits_along(self, at: int, d: int, since: int, outside: frozenset[int]) -> float:
        if since == self._levels:
            return 1.0
        return self._row("within" if since < 0 or d in outside else "outside", at, max(since, 0))

    def _received(self, rule: TensorRules, s: int, since: int, outside: frozenset[int]) -> float:
        """Words that arrive at one instance of ``s`` on average."""
        words = 1.0
        for at, d in enumerate(self._around.active):
            fan_out = self._row("spatial", at, s + 1)
            if d in rule.dimensions:
                words *= self._row("served", at, s + 1) / fan_out
            elif not rule.plain:
                words *= self._visits_along(at, d, since, outside) / fan_out
            elif since == self._levels:
                words *= self._row_share(at, s)
            else:
                name = "within" if d in outside else "outside"
                last = self._row("last_" + name, at, since)
                words *= self._row(name, at, since) - last * (1 - self._row_share(at, s))
        return words

    def _row_share(self, at: int, s: int) -> float:
        return self._row("full_share", at, s + 1)

    # Energy -----------------------------------------------------------------------------------

    def _constant_energy(self, cycles: float) -> float:
        basis = self._around.basis
        rows = list(zip(self._around.counts, self._rows, strict=True))
        units = math.prod(float(counts.units[row]) for counts, row in rows)
        computes = math.prod(float(counts.computes[row]) for counts, row in rows)
        if any(self._uneven):
            computes = max(0.0, math.floor(computes / units * self._cut(units, [True]) - 1e-6))
        energy = computes * basis.compute.operation
        for s, level in enumerate(basis.levels):
            sharing = level.spec.instances / max(basis.levels[level.gate].spec.instances, 1)
            leaking = sharing * self._used[level.gate] if sharing > 1 else self._used[s]
            energy += level.energy.leak * cycles * max(leaking, 1.0)
        return energy

    def _serve_energy(self, rule: TensorRules, s: int, words: float) -> float:
        level = self._around.basis.levels[s]
        block, per_access = level.spec.block_size, self._used[s] * self._clusters[s] / self._copies[s]
        generation = max(level.spec.addr_gen_energy or 0.0, 0.0) * self._clusters[s]
        again = words
        energy = words * self._around.word_energies.get(s, 0.0) * self._used[s]
        if rule.tensor.written:
            again = max(0.0, words - self._partition(rule, s)) if rule.plain else 0.0
            energy += math.ceil(words / block) * level.energy.update * per_access
        return energy + math.ceil(again / block) * level.energy.read * per_access + again * generation

    def _partition(self, rule: TensorRules, s: int) -> float:
        words = 1.0
        for at, d in enumerate(self._around.active):
            if d in rule.dimensions:
                words *= self._row("partition", at, s)
        return math.floor(words * (1 + 1e-12))

    def _fills(self, rule: TensorRules, s: int, received: float) -> float:
        broken = self._uneven[s + 1] or not rule.plain or s in rule.reread
        if not rule.tensor.written:
            return math.floor(received - 1e-9) if broken else received
        if not rule.plain:
            return 0.0
        rest = received - self._partition(rule, s)
        return max(0.0, math.ceil(rest - 0.5 - 1e-9) if broken else rest)

    def _fill_energy(self, rule: TensorRules, s: int, received: float) -> float:
        level = self._around.basis.levels[s]
        fills = max(0.0, self._fills(rule, s, received))
        energy = math.ceil(fills / level.spec.block_size) * level.energy.fill
        energy *= self._used[s] * self._clusters[s] / self._copies[s]
        if not rule.tensor.written:
            energy += fills * max(level.spec.addr_gen_energy or 0.0, 0.0) * self._clusters[s]
        return energy

    def _tile_energy(
        self, rule: TensorRules, c: int, s: int | None, since: int, outside: frozenset[int]
    ) -> float:
        """Of filling the tile of level ``c`` (-1: operands) and of the accesses that serve it at ``s``.

        ``s`` None: nothing outside keeps the tensor, ``c`` is its backing store.
        """
        if s is None:
            return 0.0
        words = self._served(rule, s, c) * self._visits(rule, since, outside)
        energy = self._serve_energy(rule, s, words)
        if c >= 0:
            energy += self._fill_energy(rule, c, self._received(rule, c, since, outside))
        return energy

    # Masks ------------------------------------------------------------------------------------

    def _fits(self, keep: Sequence[frozenset[str]]) -> bool:
        holding = [
            held(
                [rule.tensor.name in kept for kept in keep], [s in rule.passing for s in range(self._levels)]
            )
            for rule in self._around.rules
        ]
        for s, level in enumerate(self._around.basis.levels):
            if level.capacity is None:
                continue
            words = sum(
                self._tile(rule, s)
                for rule, holds in zip(self._around.rules, holding, strict=True)
                if holds[s]
            )
            if words > level.capacity or words < level.capacity * level.spec.min_utilization:
                return False
        return True

    def _tile(self, rule: TensorRules, s: int) -> float:
        words = 1.0
        places = {d: at for at, d in enumerate(self._around.active)}
        for rank in rule.tensor.ranks:
            words *= 1 + sum(
                abs(coefficient) * (self._row("tile", places[d], s) - 1)
                for d, coefficient in rank
                if d in places
            )
        return words

    def classes(self) -> Iterator[OrderClass]:
        """All combinations of a mask that fits and a class of orders, the cheapest energies of a mask
        first."""
        space = self._around.space
        masks = space.sizes.datatype_bypass
        if masks > MOST_MASKS:
            raise TooManyToList
        combinations = math.prod(len(classes) for classes in self._classes)
        if combinations > MOST_CLASSES:
            raise TooManyToList
        for mask in range(masks):
            keep = space.keep(mask)
            if self._fits(keep):
                yield from self._classes_of(mask, keep)

    def _classes_of(self, mask: int, keep: Sequence[frozenset[str]]) -> Iterator[OrderClass]:
        signatures = [list(classes) for classes in self._classes]
        if not self._around.traffic_counts:
            for choice in itertools.product(*self._classes):
                yield OrderClass(self.temporal, 0.0, mask, self._digits(choice))
            return
        chains = [self._chain(rule, keep) for rule in self._around.rules]
        cycles = self._cycles(keep, chains)
        constant = self._constant_energy(cycles)
        by_level = [np.zeros(len(of_level)) for of_level in signatures]
        for number, (rule, chain) in enumerate(zip(self._around.rules, chains, strict=True)):
            for c, s in chain:
                since = self._since(rule, c)
                if not 0 <= since < self._levels:
                    constant += self._tile_energy(rule, c, s, since, frozenset())
                    continue
                known: dict[frozenset[int], float] = {}
                for place, signature in enumerate(signatures[since]):
                    outside = signature[number]
                    if outside not in known:
                        known[outside] = self._tile_energy(rule, c, s, since, outside)
                    by_level[since][place] += known[outside]
        for places in itertools.product(*(range(len(of_level)) for of_level in signatures)):
            energy = constant + sum(float(by_level[s][place]) for s, place in enumerate(places))
            chosen = [signatures[s][place] for s, place in enumerate(places)]
            yield OrderClass(cycles, energy * (1 - 1e-11), mask, self._digits(chosen))

    def _digits(self, chosen: Sequence[tuple[frozenset[int], ...]]) -> tuple[tuple[int, ...], ...]:
        return tuple(tuple(self._classes[s][signature]) for s, signature in enumerate(chosen))

    def _chain(self, rule: TensorRules, keep: Sequence[frozenset[str]]) -> list[tuple[int, int | None]]:
        """(Tile, level that serves it) from the inside out; the outermost is served by none."""
        kept = [s for s in range(self._levels) if rule.tensor.name in keep[s]]
        return list(zip([-1, *kept], [*kept, None], strict=True)) if kept else []

    def _cycles(
        self, keep: Sequence[frozenset[str]], chains: Sequence[Sequence[tuple[int, int | None]]]
    ) -> float:
        """Under this mask, with the best order for each tensor."""
        result = self.temporal
        wanted = [[0.0, 0.0] for _ in range(self._levels)]
        for rule, chain in zip(self._around.rules, chains, strict=True):
            for c, s in chain:
                since = self._since(rule, c)
                if s is not None:
                    words = self._served(rule, s, c) * self._visits(rule, since, frozenset())
                    again = max(0.0, words - self._partition(rule, s)) if rule.plain else 0.0
                    self._add(wanted, rule, s, 0, again if rule.tensor.written else words)
                    if rule.tensor.written:
                        outermost = chain[-1][0] == s
                        self._add(wanted, rule, s, 1, words if outermost else again)
                if s is not None and c >= 0 and not rule.tensor.written:
                    received = self._received(rule, c, since, frozenset())
                    self._add(wanted, rule, c, 1, max(0.0, self._fills(rule, c, received)))
        for level, (reads, writes) in zip(self._around.basis.levels, wanted, strict=True):
            for available, needed in (
                (level.spec.read_bandwidth, reads),
                (level.spec.write_bandwidth, writes),
                (level.spec.shared_bandwidth, reads + writes),
            ):
                if available is not None:
                    result = max(result, math.ceil(needed / available * (1 - 1e-11)))
        return result

    def _add(self, wanted: list[list[float]], rule: TensorRules, s: int, kind: int, words: float) -> None:
        scale = self._around.basis.levels[s].scales[rule.number]
        wanted[s][kind] += scale * math.ceil(words * self._used[s] / self._copies[s] * (1 - 1e-11))

    # Mappings ---------------------------------------------------------------------------------

    def mappings(self, orders: OrderClass) -> Iterator[Mapping]:
        """The mappings of a class, in all orders of spatial loops and with all splits that fit."""
        space, subspace = self._around.space, self.subspace
        digits: list[Sequence[int]] = [range(o.size) for o in subspace.orders]
        for s, k in enumerate(self._temporal):
            digits[k] = orders.orders[s]
        for choice in itertools.product(*digits):
            permutation, stride = 0, 1
            for digit, level in zip(choice, subspace.orders, strict=True):
                permutation += digit * stride
                stride *= level.size
            for split in itertools.product(*subspace.fitting_splits(permutation)):
                spatial = subspace.spatial_of(split)
                if subspace.refusal(permutation, spatial) is None:
                    yield space.mapping(subspace, permutation, spatial, orders.mask)
