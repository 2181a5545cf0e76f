"""Proven floors of cycles and energy for boxes of factor vectors: one group of vectors for each dimension.

Every count is a product over dimensions, so the product of the least values within the groups is a floor for
all mappings of the box, whatever their orders and splits. Sums of such floors, with the masks chosen tensor
by tensor, bound the energy; the temporal factors and the bandwidths bound the cycles. The derivation is in
docs/mapper.md, "Imperfect factors".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.model.basis import Basis
from harness.search.ruby.columns import Groups, Layout, layout_of
from harness.search.ruby.counts import Reals
from harness.search.ruby.rules import Surroundings, TensorRules
from harness.search.ruby.vectors import Integers

Flags = npt.NDArray[np.bool_]
Box = tuple[tuple[int, int], ...]
"""A slice of the vectors of each dimension of more than one step."""

FUZZ = 1e-11
"""What sums and products of doubles may be off, relatively; floors are lowered by it."""


@dataclass(frozen=True)
class BoxFloors:
    """By box: cycles (with the networks' latency) and energy in pJ. Infinite where nothing fits."""

    cycles: Reals
    energy: Reals


class Floors:
    """Floors for the boxes of one map space. The slices of a box: of the dimensions ``active``."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self.basis, self.rules, self.active = around.basis, around.rules, around.active
        rules, basis = around.rules, around.basis
        pairs = {(s, c) for rule in rules for s in rule.kept for c in rule.inner_neighbours(s)}
        levels = sorted({s for s, _ in pairs})
        self.layout: Layout = layout_of(sorted(pairs), levels, len(basis.levels))
        self._groups = [Groups(self.layout, c) for c in around.counts]
        self._fanouts = [
            (level.storage, level.fanout_x * level.fanout_y) for level in around.space.levels if level.spatial
        ]

    def of(self, boxes: Sequence[Box]) -> BoxFloors:
        batch = _Batch(self, boxes, self._groups)
        if self._around.traffic_counts:
            cycles = batch.cycles()
            total = batch.least_energy(cycles, self._around.word_energies)
        else:
            cycles, total = batch.temporal_iterations(), np.zeros(len(boxes))
        impossible = batch.impossible(self._fanouts, self._around.space.constraints.min_parallelism)
        cycles = np.where(impossible, np.inf, cycles + self.basis.latency)
        return BoxFloors(cycles, np.where(impossible, np.inf, total * (1 - FUZZ)))


class _Batch:
    """The floors of some boxes, one array entry for each."""

    def __init__(self, floors: Floors, boxes: Sequence[Box], groups: Sequence[Groups]) -> None:
        self._basis, self._layout, self._rules = floors.basis, floors.layout, floors.rules
        self._active = list(floors.active)
        self._size = len(boxes)
        count = self._layout.count
        self._low: list[Reals] = []
        self._uneven: list[Flags] = []
        self._addressed: list[Reals] = []
        self._spatial: list[Reals] = []
        self._moves: list[Integers] = []
        for at, group in enumerate(groups):
            found = [group.of(*box[at]) for box in boxes]
            self._low.append(np.array([low for low, _, _ in found]))
            high = np.array([high for _, high, _ in found])
            self._uneven.append(high[:, :count] > 0)
            self._addressed.append(high[:, count : 2 * count])
            self._spatial.append(high[:, 2 * count :])
            self._moves.append(np.array([moves for _, _, moves in found]))
        self._single = np.array([all(end == first + 1 for first, end in box) for box in boxes])
        self._instances = [self._used(s) for s in range(count)]

    # Products over dimensions -----------------------------------------------------------------

    def _product(self, *name: object) -> Reals:
        at = self._layout.first[name]
        result = np.ones(self._size)
        for low in self._low:
            result = result * low[:, at]
        return result

    def _traffic(
        self, rule: TensorRules, inside: str, outside: str, key: tuple[int, ...], since: Reals
    ) -> Reals:
        """The product of columns ``inside`` for the tensor's dimensions and ``outside`` for the others.

        ``since``: the level from which on all loops of the others count, -1 for all.
        """
        first = self._layout.first
        result = np.ones(self._size)
        rows = np.arange(self._size)
        columns = since.astype(np.int64) + 1
        for d, low in zip(self._active, self._low, strict=True):
            if d in rule.dimensions:
                result = result * low[:, first[inside, *key]]
            else:
                base = first[(outside,)] if outside == "visits" else first[outside, key[0]]
                result = result * low[rows, base + columns]
        return result

    def _since(self, rule: TensorRules, tile: int) -> Reals:
        """The level from which on every run of the loops fetches the tile of level ``tile`` anew."""
        if tile < 0 and not rule.linked:
            return np.full(self._size, -1.0)
        result = np.full(self._size, float(self._layout.count))
        for d, moves in zip(self._active, self._moves, strict=True):
            if d in rule.anchors:
                result = np.minimum(result, moves[:, tile + 1])
        return result if tile >= 0 else np.where(self._passed_on_somewhere(rule), result, -1.0)

    def _passed_on_somewhere(self, rule: TensorRules) -> Flags:
        """Boxes in which units below level 0 may want the same operand, and pass it on."""
        shared = np.zeros(self._size, dtype=bool)
        for d, spatial in zip(self._active, self._spatial, strict=True):
            if not rule.plain or d not in rule.dimensions:
                shared |= spatial[:, 0] > 1
        return shared

    def _any_uneven(self, levels: Sequence[int]) -> Flags:
        result = np.zeros(self._size, dtype=bool)
        for uneven in self._uneven:
            for s in levels:
                result |= uneven[:, s]
        return result

    def _whole(self, average: Reals, uneven: Flags) -> tuple[Reals, Reals]:
        """(The average number cut to a whole one, the least share of it that is left by the cut)."""
        cut = np.where(uneven, np.maximum(np.floor(average - 1e-9), 1.0), average)
        left = np.where(self._single, cut / average, cut / (cut + 1))
        return cut, np.where(uneven, np.minimum(left, 1.0), 1.0)

    def _used(self, s: int) -> tuple[Reals, Reals]:
        return self._whole(self._product("copies", s), self._any_uneven(range(s + 1, self._layout.count)))

    def _cluster_share(self, s: int) -> Reals:
        """How many accesses of clusters serve one instance's access, at least."""
        spec = self._basis.levels[s].spec
        clusters = spec.instances // spec.cluster_size
        copies = np.ones(self._size)
        for addressed in self._addressed:
            copies = copies * addressed[:, s]
        return np.minimum(1.0, clusters / np.minimum(copies, max(spec.mesh_x * spec.mesh_y, 1)))

    # Cycles -----------------------------------------------------------------------------------

    def temporal_iterations(self) -> Reals:
        return self._product("temporal")

    def cycles(self) -> Reals:
        result = self.temporal_iterations()
        for s, level in enumerate(self._basis.levels):
            spec = level.spec
            if spec.read_bandwidth is spec.write_bandwidth is spec.shared_bandwidth is None:
                continue
            reads, writes = np.zeros(self._size), np.zeros(self._size)
            for rule in self._rules:
                if s not in rule.forced:
                    continue
                read, written = self._least_accesses(rule, s)
                scale = level.scales[rule.number] * self._instances[s][1]
                reads, writes = reads + scale * read, writes + scale * written
            for available, wanted in (
                (spec.read_bandwidth, reads),
                (spec.write_bandwidth, writes),
                (spec.shared_bandwidth, reads + writes),
            ):
                if available is not None:
                    result = np.maximum(result, np.ceil(wanted / available * (1 - FUZZ)))
        return result

    def _least_accesses(self, rule: TensorRules, s: int) -> tuple[Reals, Reals]:
        """(Reads, fills and updates) for one addressed copy of a level that surely keeps the tensor."""
        reads = np.full(self._size, np.inf)
        writes = np.full(self._size, np.inf)
        for c in rule.inner_neighbours(s):
            served = self._traffic(rule, "served per unit", "visited per unit", (s, c), self._since(rule, c))
            again = served * self._again(rule, s, c)
            reads = np.minimum(reads, again if rule.tensor.written else served)
            if rule.tensor.written:
                outermost = s == rule.outermost()[-1]
                writes = np.minimum(writes, served if outermost else again)
        if not rule.tensor.written:
            writes = np.zeros(self._size) if s == min(rule.outermost()) else self._fills(rule, s, " per unit")
        return reads, writes

    # Traffic ----------------------------------------------------------------------------------

    def _again(self, rule: TensorRules, s: int, c: int) -> Reals:
        """The least share of updates that are not the first of their word."""
        if not rule.plain:
            return np.zeros(self._size)
        ratio = self._traffic(rule, "served per word", "visits", (s, c), self._since(rule, c))
        return np.maximum(0.0, 1 - 1 / ratio * (1 + FUZZ))

    def _fills(self, rule: TensorRules, s: int, unit: str = "") -> Reals:
        """Words that arrive at level ``s``: of all copies in use, or for one addressed copy."""
        uneven = self._any_uneven([s + 1]) | (s in rule.reread)
        since = self._since(rule, s)
        if not rule.plain:
            # To one member of each group only: the others may have their words from neighbours.
            words = self._traffic(rule, "filled" + unit, "lone" + unit, (s,), since)
            once = self._traffic(rule, "filled once", "lone once", (s,), since)
            return words * (0.0 if rule.tensor.written else np.maximum(0.0, 1 - 1 / once))
        words = self._traffic(rule, "filled" + unit, "shared" + unit, (s,), since)
        once = self._traffic(rule, "filled once", "shared once", (s,), since)
        if not rule.tensor.written:
            return np.where(uneven, words * np.maximum(0.0, 1 - 1 / once), words)
        ratio = self._traffic(rule, "filled per word", "shared once", (s,), since)
        first = 1 / ratio * (1 + FUZZ) + np.where(uneven, 0.5 / once, 0.0)
        return words * np.maximum(0.0, 1 - first)

    # Energy -----------------------------------------------------------------------------------

    def least_energy(self, cycles: Reals, words: dict[int, float]) -> Reals:
        uneven = self._any_uneven(range(self._layout.count))
        _whole, left = self._whole(self._product("units"), uneven)
        computes = np.maximum(self._product("computes") * left - np.where(uneven, 1.0, 0.0), 0.0)
        total = computes * self._basis.compute.operation
        for s in range(self._layout.count):
            total = total + self._leakage(s, cycles)
        for rule in self._rules:
            total = total + self._tensor_energy(rule, words)
        return total

    def _leakage(self, s: int, cycles: Reals) -> Reals:
        level = self._basis.levels[s]
        if not level.energy.leak:
            return np.zeros(self._size)
        gate = self._basis.levels[level.gate]
        sharing = level.spec.instances / max(gate.spec.instances, 1)
        leaking = level.gate if sharing > 1 else s
        whole, left = self._instances[leaking]
        together = np.maximum(self._product("leaking", leaking) * left, cycles * np.maximum(whole, 1.0))
        return together * level.energy.leak * max(sharing, 1.0)

    def _tensor_energy(self, rule: TensorRules, words: dict[int, float]) -> Reals:
        """Of the cheapest mask: the least over all chains of levels that keep the tensor."""
        chains: dict[int, Reals] = {-1: np.zeros(self._size)}
        whole = np.full(self._size, np.inf)
        for s in rule.kept:
            to_here = np.full(self._size, np.inf)
            for c in rule.inner_neighbours(s):
                to_here = np.minimum(to_here, chains[c] + self._serving(rule, s, c, words))
            if s in rule.outermost():
                whole = np.minimum(whole, to_here)
            if s + 1 < self._layout.count:
                to_here = to_here + self._fills(rule, s) * self._fill_price(rule, s)
            chains[s] = to_here
        return whole

    def _price(self, s: int, per_block: float, per_word: float = 0.0) -> Reals:
        """pJ for each word of the average number of instances in use, at least."""
        energy = per_block / self._basis.levels[s].spec.block_size + per_word
        return energy * self._cluster_share(s) * self._instances[s][1]

    def _fill_price(self, rule: TensorRules, s: int) -> Reals:
        level = self._basis.levels[s]
        # Fills of written tensors may wrap, and address generations with them, back below the updates.
        generation = 0.0 if rule.tensor.written else max(level.spec.addr_gen_energy or 0.0, 0.0)
        return self._price(s, level.energy.fill, generation)

    def _serving(self, rule: TensorRules, s: int, c: int, words: dict[int, float]) -> Reals:
        served = self._traffic(rule, "served", "visited", (s, c), self._since(rule, c))
        level = self._basis.levels[s]
        generation = max(level.spec.addr_gen_energy or 0.0, 0.0)
        price = self._price(s, level.energy.read, generation)
        if rule.tensor.written:
            price = self._price(s, level.energy.update) + self._again(rule, s, c) * price
        price = price + words.get(s, 0.0) * self._instances[s][1]
        return served * price

    # What cannot be ---------------------------------------------------------------------------

    def impossible(self, fanouts: Sequence[tuple[int, int]], min_parallelism: float | None) -> Flags:
        result = np.zeros(self._size, dtype=bool)
        parallelism = np.ones(self._size)
        for s, available in fanouts:
            result |= self._product("spatial", s) > available
            for spatial in self._spatial:
                parallelism = parallelism * spatial[:, s]
            parallelism = parallelism / available
        if min_parallelism is not None:
            result |= parallelism * (1 + 1e-9) < min_parallelism
        for s, level in enumerate(self._basis.levels):
            if level.capacity is None:
                continue
            words = np.zeros(self._size)
            for rule in self._rules:
                if s in rule.forced and s not in rule.passing:
                    words = words + self._tile(rule, s)
            result |= words > level.capacity
        return result

    def _tile(self, rule: TensorRules, s: int) -> Reals:
        at = self._layout.first["tile", s]
        result = np.ones(self._size)
        for rank in rule.tensor.ranks:
            length = np.ones(self._size)
            for d, coefficient in rank:
                if d in self._active:
                    length = length + abs(coefficient) * (self._low[self._active.index(d)][:, at] - 1)
            result = result * length
        return result


def word_energies(basis: Basis) -> dict[int, float]:
    """By storage level: the least pJ that its meshes take for a word that it serves, whatever its way."""
    found: dict[int, float] = {}
    for network in basis.networks:
        link = network.link
        if link.connection is not None and link.network.class_name in ("Legacy", "XY_NoC"):
            energy = link.network.energy_per_ingress or 0.0
            found[link.connection] = found.get(link.connection, 0.0) + energy
    return found
