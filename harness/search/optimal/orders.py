"""Whole mappings behind a path: all loop orders of its factors that may be the best, evaluated by the model.

Where bounds are below the cost (see ``Terms.floor_only``), a path stands for the mappings with its factors,
no matter in what order; none of them costs less than the least bound of the paths with these factors. The
orders get floors of their own (``nests``), and only those below the best are evaluated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import permutations, product
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.model.kernels import SLOTS_PER_LEVEL, SPATIAL_X, SPATIAL_Y, TEMPORAL, Batch, BatchEvaluator
from harness.search.optimal.branch import DELAY, EDP, TIE, Aim, Best, Frontier, Scene, may_beat
from harness.search.optimal.costs import MULTICAST, Floats, Prices
from harness.search.optimal.nests import Costs, Places, ends_of, factors_of, new_room
from harness.search.optimal.opened import Opened
from harness.search.optimal.order_search import ALL, DESCENT, search_orders
from harness.search.optimal.prepared import Prepared
from harness.search.optimal.terms import Terms, empty_terms, tensor_terms
from harness.spec.mapping import Mapping

MOST_FOUND: Final = 40_000
"""Loop orders of one set of factors to evaluate."""

MOST_NODES: Final = 10_000
"""Partial orders to look at between two looks at the clock."""

MOST_OF_ONE: Final = 40_000
"""Partial orders of one set of factors to look at; beyond, it is left open."""

AT_A_TIME: Final = 256
"""Mappings to evaluate at first, and ..."""

MANY: Final = 4096
"""... later on, in the order of their floors."""

Order = tuple[int, ...]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Evaluated:
    """What came of some paths: the best mapping among them if it beats what was known, the number of
    mappings evaluated, and the paths that were left open, wholly or in part (``partly``, their numbers)."""

    best: Best
    mapping: Mapping | None
    evaluated: int
    partly: tuple[int, ...]


class Gatherer:
    """Evaluates paths of one opened choice after another."""

    wanted: Final = 512

    def __init__(self, prepared: Prepared) -> None:
        space = prepared.job.space
        self._evaluator = BatchEvaluator(space.architecture, space.problem)
        self._prepared = prepared
        self._seen: set[bytes] = set()
        self._room = new_room(MOST_FOUND, prepared.job.levels)

    def start(self, opened: Opened, scene: Scene) -> None:
        self._opened, self._scene = opened, scene
        self._seen.clear()
        self._costs = _costs(opened)
        self._rows: list[Order] = []
        self._known: dict[tuple[int, bytes], tuple[int, int]] = {}

    def evaluate(
        self, frontier: Frontier, nodes: Ints, aim: Aim, best: Best, stop: Callable[[], bool]
    ) -> Evaluated:
        """All mappings with the factors of the paths to ``nodes`` that were not met before."""
        ends = ends_of(frontier, nodes, self._scene.graph, self._prepared.job.levels)
        keys = [row.tobytes() for row in ends]
        fresh = []
        for i, key in enumerate(keys):
            if key not in self._seen:
                self._seen.add(key)
                fresh.append(i)
        if not fresh:
            return Evaluated(best, None, 0, ())
        places = self._places(ends[fresh])
        mapping, evaluated = None, 0
        partly: list[int] = []
        for mode in (DESCENT, ALL):
            start = 0
            while start < len(fresh):
                if stop():
                    partly += fresh[start:]
                    break
                start, found, _, given_up = search_orders(
                    mode,
                    start,
                    places,
                    self._costs,
                    self._scene,
                    aim,
                    best,
                    self._room,
                    MOST_NODES,
                    MOST_OF_ONE,
                )
                if given_up >= 0 and mode == ALL:
                    partly.append(fresh[given_up])
                best, better, count = self._try(places, found, aim, best)
                evaluated += count
                mapping = better or mapping
        return Evaluated(best, mapping, evaluated, tuple(partly))

    def _try(self, places: Places, found: int, aim: Aim, best: Best) -> tuple[Best, Mapping | None, int]:
        """Evaluates what was found in the order of its floors, as long as they may beat the best."""
        room, mapping, evaluated = self._room, None, 0
        order = np.argsort(
            goal_values(int(aim.goals[0]), room.energy[:found], room.cycles[:found]), kind="stable"
        )
        size, start = AT_A_TIME, 0
        while start < found:
            rows = [
                row
                for row in order[start : start + size]
                if may_beat(room.energy[row], room.cycles[row], aim, best)
            ]
            start, size = start + size, MANY
            if not rows:
                continue
            batch = self._batch(places, np.array(rows))
            stats = self._evaluator.evaluate(batch)
            evaluated += len(rows)
            at = _best_row(stats.energy_pj, stats.cycles.astype(np.float64), stats.valid, aim, best)
            if at is not None:
                best = Best(float(stats.energy_pj[at]), float(stats.cycles[at]))
                mapping = self._evaluator.decode(batch, at)
        return best, mapping, evaluated

    def _places(self, ends: Ints) -> Places:
        levels = self._prepared.job.levels
        factors = np.empty((levels, len(self._opened.choice.extents)), dtype=np.int64)
        table = np.empty((ends.shape[0], levels, 2), dtype=np.int64)
        for n in range(ends.shape[0]):
            factors_of(ends[n], self._scene.grid, factors)
            for level in range(levels):
                table[n, level] = self._orders(level, factors[level] > 1)
        orders = np.full((len(self._rows), max(factors.shape[1], 1)), -1, dtype=np.int8)
        for row, order in zip(orders, self._rows, strict=True):
            row[: len(order)] = order
        return Places(ends, table, orders)

    def _orders(self, level: int, looped: NDArray[np.bool_]) -> tuple[int, int]:
        """First row and number of the orders of a block that differ in cost, of the loops that run more
        than once."""
        key = (level, looped.tobytes())
        if key not in self._known:
            segments = [tuple(d for d in own if looped[d]) for own in self._prepared.blocks[level].segments]
            distinct: dict[object, Order] = {}
            for parts in product(*(permutations(own) for own in segments)):
                order = tuple(d for part in parts for d in part)
                distinct.setdefault(self._signature(order), order)
            self._known[key] = (len(self._rows), len(distinct))
            self._rows += distinct.values()
        return self._known[key]

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

    def _batch(self, places: Places, rows: Ints) -> Batch:
        """The mappings in ``rows`` of the room."""
        job, choice = self._prepared.job, self._opened.choice
        active = list(job.index.active)
        depth, total = len(job.space.problem.dimensions), len(rows)
        factors = np.ones((total, SLOTS_PER_LEVEL * job.levels, depth), dtype=np.int64)
        permutation = np.empty((total, job.levels, depth), dtype=np.int8)
        spatial = np.empty((1, job.levels, depth), dtype=np.int8)
        for level, layout in enumerate(choice.layouts):
            for slot, own in ((SPATIAL_X, layout.x), (SPATIAL_Y, layout.y)):
                for k in own:
                    factors[:, SLOTS_PER_LEVEL * level + slot, active[k]] = choice.factors[level][k]
            spatial[0, level] = _completed([active[k] for k in (*layout.x, *layout.y)], depth)
        grid = self._scene.grid
        ends = places.ends[self._room.vector[rows]]
        inside = grid.values[
            np.arange(len(active)), ends[:, :, None] // grid.strides % grid.sizes
        ]  # [rows, L + 1, D]
        factors[:, TEMPORAL::SLOTS_PER_LEVEL, active] = inside[:, 1:] // inside[:, :-1]
        for level in range(job.levels):
            numbers, which = np.unique(self._room.order[rows, level], return_inverse=True)
            table = np.array(
                [_completed([active[k] for k in self._rows[number]], depth) for number in numbers],
                dtype=np.int8,
            )
            permutation[:, level] = table[which]
        return Batch(
            factors=factors,
            permutation=permutation,
            keep=np.ascontiguousarray(self._opened.keep.T)[None],
            spatial_order=spatial,
            directives=job.directives,
        )


def _costs(opened: Opened) -> Costs:
    job, placement = opened.prepared.job, opened.placement
    prices = job.prices
    linked = opened.terms
    nobody = np.zeros_like(prices.linkable)
    alone = _terms(opened, prices._replace(linkable=nobody))
    passed = np.zeros((job.tensors, job.levels), dtype=np.bool_)
    extra = np.zeros((job.tensors, job.levels))
    for t in np.flatnonzero(prices.slides):
        for b in np.flatnonzero(prices.linkable[:, t] & (placement.fanout > 1.0)):
            one = nobody.copy()
            one[b, t] = True
            passed[t, b] = True
            extra[t, b] = _terms(opened, prices._replace(linkable=one)).fixed[t] - alone.fixed[t]
    base = opened.prepared.compute_pj + float(alone.fixed.sum())
    left_out = prices.distributes or prices.signed.any() or (prices.net_kind == MULTICAST).any()
    unsure = bool(left_out or prices.net_hop.any() or prices.net_router.any())
    return Costs(linked, alone, passed, extra, base, opened.leak, unsure)


def _terms(opened: Opened, prices: Prices) -> Terms:
    job = opened.prepared.job
    terms = empty_terms(job.tensors, job.levels)
    for t in range(job.tensors):
        tensor_terms(t, opened.keep[t], prices, opened.placement, terms)
    return terms


def _completed(order: list[int], depth: int) -> list[int]:
    return order + [d for d in range(depth) if d not in order]


def _best_row(energy: Floats, cycles: Floats, valid: NDArray[np.bool_], aim: Aim, best: Best) -> int | None:
    """The best of the valid rows that beats ``best``, by all goals in their order."""
    inside = valid & (cycles <= aim.most_cycles) & (energy <= aim.most_energy * (1.0 + TIE))
    rows = np.flatnonzero(inside)
    for goal in aim.goals:
        if not rows.size:
            return None
        values = goal_values(int(goal), energy[rows], cycles[rows])
        rows = rows[values <= values.min() * (1.0 if goal == DELAY else 1.0 + TIE)]
    at = int(rows[0])
    return at if may_beat(energy[at], cycles[at], aim, best) else None


def goal_values(goal: int, energy: Floats, cycles: Floats) -> Floats:
    """``branch.goal_value`` of arrays."""
    if goal == EDP:
        return energy * np.maximum(cycles, 1.0) / 1e12
    return cycles if goal == DELAY else energy
