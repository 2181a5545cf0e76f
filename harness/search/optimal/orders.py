"""Whole mappings behind a path: all loop orders of its factors, evaluated by the model.

Where bounds are below the cost (see ``Terms.floor_only``), a path stands for the mappings with its factors,
no matter in what order; none of them costs less than the least bound of the paths with these factors.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise, permutations, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.model.kernels import SLOTS_PER_LEVEL, SPATIAL_X, SPATIAL_Y, TEMPORAL, Batch, BatchEvaluator
from harness.search.optimal.branch import DELAY, EDP, TIE, Aim, Best, may_beat
from harness.search.optimal.costs import Floats
from harness.search.optimal.opened import Opened
from harness.search.optimal.prepared import Prepared
from harness.search.optimal.program import MULTIPLY
from harness.spec.mapping import Mapping

MOST_ORDERS: Final = 40_000
"""Loop orders of one set of factors to evaluate; beyond, only the path's own is."""

Order = tuple[int, ...]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Evaluated:
    """What came of some paths: the best mapping among them if it beats what was known, the number of
    mappings evaluated, and whether orders of some were left out (``partly``, numbers of the paths)."""

    best: Best
    mapping: Mapping | None
    evaluated: int
    partly: tuple[int, ...]


class Gatherer:
    """Evaluates paths of one opened choice after another."""

    wanted: Final = 64

    def __init__(self, prepared: Prepared) -> None:
        space = prepared.job.space
        self._evaluator = BatchEvaluator(space.architecture, space.problem)
        self._prepared = prepared
        self._seen: set[bytes] = set()

    def start(self, opened: Opened) -> None:
        self._opened = opened
        self._seen.clear()

    def evaluate(self, paths: list[Ints], aim: Aim, best: Best) -> Evaluated:
        """All mappings with the factors of ``paths`` that were not met before."""
        rows: list[tuple[Ints, list[list[Order]]]] = []
        partly = []
        for i, path in enumerate(paths):
            factors = self._factors(path)
            key = factors.tobytes()
            if key in self._seen:
                continue
            self._seen.add(key)
            orders = [self._orders(level, factors[level]) for level in range(factors.shape[0])]
            if math.prod(len(own) for own in orders) > MOST_ORDERS:
                partly.append(i)
                orders = [[own] for own in self._own_orders(path)]
            rows.append((factors, orders))
        if not rows:
            return Evaluated(best, None, 0, tuple(partly))
        batch = self._batch(rows)
        stats = self._evaluator.evaluate(batch)
        at = _best_row(stats.energy_pj, stats.cycles.astype(np.float64), stats.valid, aim, best)
        if at is None:
            return Evaluated(best, None, len(batch), tuple(partly))
        found = Best(float(stats.energy_pj[at]), float(stats.cycles[at]))
        return Evaluated(found, self._evaluator.decode(batch, at), len(batch), tuple(partly))

    def _factors(self, path: Ints) -> Ints:
        """[L, D]: temporal factors of each level."""
        opened, points = self._opened, self._opened.lattice
        factors = np.ones((self._prepared.job.levels, len(opened.choice.extents)), dtype=np.int64)
        for (state, point), (_, reached) in pairwise(path):
            if opened.program.kind[state] == MULTIPLY and point != reached:
                d = opened.program.dimension[state]
                before = points.values[d, point // points.strides[d] % points.sizes[d]]
                after = points.values[d, reached // points.strides[d] % points.sizes[d]]
                factors[opened.program.level[state], d] = after // before
        return factors

    def _own_orders(self, path: Ints) -> list[Order]:
        found: list[list[int]] = [[] for _ in range(self._prepared.job.levels)]
        for (state, point), (_, reached) in pairwise(path):
            if self._opened.program.kind[state] == MULTIPLY and point != reached:
                found[self._opened.program.level[state]].append(int(self._opened.program.dimension[state]))
        return [tuple(own) for own in found]

    def _orders(self, level: int, factors: Ints) -> list[Order]:
        """The orders of a block that differ in cost, of the loops that run more than once."""
        segments = [
            tuple(d for d in segment if factors[d] > 1) for segment in self._prepared.blocks[level].segments
        ]
        distinct: dict[object, Order] = {}
        for parts in product(*(permutations(own) for own in segments)):
            order = tuple(d for part in parts for d in part)
            distinct.setdefault(self._signature(order), order)
        return list(distinct.values())

    def _signature(self, order: Order) -> tuple[object, ...]:
        """What the tensors see of an order: the loops before the first that indexes them."""
        seen: list[object] = []
        for t, own in enumerate(self._prepared.job.index.relevant):
            first = next((i for i, d in enumerate(order) if d in own), len(order))
            seen.append(frozenset(order[:first]))
            if self._prepared.job.prices.slides[t]:
                # How a tile moves depends on all loops that move it.
                seen.append(order[first:] if self._links(t) else tuple(d for d in order if d in own))
        return tuple(seen)

    def _links(self, tensor: int) -> bool:
        """Whether neighbours may pass words of the tensor on."""
        opened = self._opened
        return bool((self._prepared.job.prices.linkable[:, tensor] & (opened.placement.fanout > 1.0)).any())

    def _batch(self, rows: list[tuple[Ints, list[list[Order]]]]) -> Batch:
        job, choice = self._prepared.job, self._opened.choice
        active = job.index.active
        depth = len(job.space.problem.dimensions)
        counts = [math.prod(len(own) for own in orders) for _, orders in rows]
        total = sum(counts)
        factors = np.ones((total, SLOTS_PER_LEVEL * job.levels, depth), dtype=np.int64)
        permutation = np.empty((total, job.levels, depth), dtype=np.int8)
        spatial = np.empty((1, job.levels, depth), dtype=np.int8)
        for level, layout in enumerate(choice.layouts):
            for slot, own in ((SPATIAL_X, layout.x), (SPATIAL_Y, layout.y)):
                for k in own:
                    factors[:, SLOTS_PER_LEVEL * level + slot, active[k]] = choice.factors[level][k]
            spatial[0, level] = _completed([active[k] for k in (*layout.x, *layout.y)], depth)
        start = 0
        for (own_factors, orders), count in zip(rows, counts, strict=True):
            stop = start + count
            for level in range(job.levels):
                factors[start:stop, SLOTS_PER_LEVEL * level + TEMPORAL, list(active)] = own_factors[level]
                table = np.array(
                    [_completed([active[k] for k in own], depth) for own in orders[level]], dtype=np.int8
                )
                permutation[start:stop, level] = table[_digits(orders, level, count)]
            start = stop
        return Batch(
            factors=factors,
            permutation=permutation,
            keep=np.ascontiguousarray(self._opened.keep.T)[None],
            spatial_order=spatial,
            directives=job.directives,
        )


def _digits(orders: list[list[Order]], level: int, count: int) -> Ints:
    """The number of the order of ``level`` in each combination of orders."""
    stride = math.prod(len(own) for own in orders[:level])
    digits: Ints = np.arange(count) // stride % len(orders[level])
    return digits


def _completed(order: list[int], depth: int) -> list[int]:
    return order + [d for d in range(depth) if d not in order]


def _best_row(energy: Floats, cycles: Floats, valid: NDArray[np.bool_], aim: Aim, best: Best) -> int | None:
    """The best of the valid rows that beats ``best``, by all goals in their order."""
    inside = valid & (cycles <= aim.most_cycles) & (energy <= aim.most_energy * (1.0 + TIE))
    rows = np.flatnonzero(inside)
    for goal in aim.goals:
        if not rows.size:
            return None
        values = _goal(int(goal), energy[rows], cycles[rows])
        rows = rows[values <= values.min() * (1.0 + TIE)]
    at = int(rows[0])
    return at if may_beat(energy[at], cycles[at], aim, best) else None


def _goal(goal: int, energy: Floats, cycles: Floats) -> Floats:
    if goal == EDP:
        return energy * np.maximum(cycles, 1.0) / 1e12
    return cycles if goal == DELAY else energy
