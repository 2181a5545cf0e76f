"""All loop orders of given factors that may be the best, by depth-first search from the inside out.

One level after another is laid. A branch ends when what is laid, with the longest runs that the rest admits,
costs too much; orders of a level that make no difference to anything, what follows included, count as one.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.search.optimal.branch import Best, goal_value, may_beat
from harness.search.optimal.cost_to_go import window_words
from harness.search.optimal.costs import Floats
from harness.search.optimal.kernel import kernel
from harness.search.optimal.lattice import Ints
from harness.search.optimal.nests import (
    Loops,
    costs_ahead,
    covered,
    factors_of,
    least_cycles,
    partial_cost,
    sent_in_order,
    whole_cost,
    window_floor,
)
from harness.search.optimal.terms import AT_ONCE, FIXED, NOTHING, RUN, add_words, energy_of

ALL: Final = 0
"""Every order that may beat the best."""
DESCENT: Final = 1
"""Only orders that beat all before them, by their floors."""


class Laid(NamedTuple):
    """The nest of one vector of factors, [L + 1, ...] up to each level.

    ``factors`` [L, D]; ``steps`` [T, L, D, ranks] in words of each loop along each rank, ``way``
    [T, L, L + 1, ranks] of all loops from one level up to another. ``begin``: loops so far, in ``dimension``
    and ``level``; ``closed`` [., T, L] boundaries, the loop that closed a window in ``steady``. ``plain`` and
    ``slide`` pJ and ``words``, ``slide_words`` [., L, T, 3] of what is closed, without and with windows: the
    latter floors that are counted anew when all is laid. ``sent`` and ``ahead``: see ``costs_ahead``.
    """

    factors: Ints
    steps: Floats
    way: Floats
    begin: Ints
    dimension: Ints
    level: Ints
    closed: NDArray[np.bool_]
    steady: Ints
    plain: Floats
    slide: Floats
    words: Floats
    slide_words: Floats
    sent: Floats
    ahead: Floats


@kernel
def _nothing_laid(tensors, levels, dimensions, ranks):  # type: ignore[no-untyped-def]
    return Laid(
        np.empty((levels, dimensions), dtype=np.int64),
        np.zeros((tensors, levels, dimensions, ranks)),
        np.zeros((tensors, levels, levels + 1, ranks)),
        np.zeros(levels + 1, dtype=np.int64),
        np.empty(levels * dimensions, dtype=np.int64),
        np.empty(levels * dimensions, dtype=np.int64),
        np.zeros((levels + 1, tensors, levels), dtype=np.bool_),
        np.full((levels + 1, tensors, levels), -1, dtype=np.int64),
        np.zeros(levels + 1),
        np.zeros(levels + 1),
        np.zeros((levels + 1, levels, tensors, 3)),
        np.zeros((levels + 1, levels, tensors, 3)),
        np.zeros((tensors, levels, levels)),
        np.zeros((tensors, levels, levels)),
    )


@kernel
def _start(ends, laid, places, costs, scene):  # type: ignore[no-untyped-def]
    """Makes ``laid`` ready for the factors between ``ends``, with nothing laid yet."""
    prices, placement, grid = scene.prices, scene.placement, scene.grid
    tensors, levels = costs.passed.shape
    dimensions, ranks = placement.bounds.size, prices.extent.shape[1]
    factors_of(ends, grid, laid.factors)
    costs_ahead(ends, laid.factors, costs, places, prices, placement, grid, laid.sent, laid.ahead)
    laid.closed[0] = False
    laid.steady[0] = -1
    laid.plain[0] = costs.base
    laid.slide[0] = 0.0
    laid.words[0] = 0.0
    laid.slide_words[0] = 0.0
    for t in range(tensors):
        for level in range(levels):
            if not prices.slides[t]:
                continue
            for d in range(dimensions):
                step = 0.0
                if laid.factors[level, d] > 1:
                    step = covered(ends[level], d, grid) * 1.0
                    for inner in range(level + 1):
                        step *= placement.spatial[inner, d]
                for r in range(ranks):
                    laid.steps[t, level, d, r] = prices.extent[t, r, d] * step
            for b in range(level + 1):
                for r in range(ranks):
                    total = laid.way[t, b, level, r] if level > b else 0.0
                    laid.way[t, b, level, r] = total
                    for d in range(dimensions):
                        total += laid.steps[t, level, d, r]
                    laid.way[t, b, level + 1, r] = total
        for b in range(levels):
            mode = costs.alone.mode[t, b]
            laid.closed[0, t, b] = mode != RUN
            if mode in (RUN, NOTHING):
                continue
            inside = grid.runs[t, grid.run[t, ends[b]]]
            own = placement.iterations
            if prices.slides[t]:
                if mode == AT_ONCE:
                    own = window_words(t, b, ends[b], -1, prices, placement, grid, inside)
                laid.slide[0] += partial_cost(
                    t, b, own, costs.passed[t, b], costs, prices, placement, laid.slide_words[0]
                )
                continue
            if mode == AT_ONCE:
                own *= costs.linked.spread[t, b] / inside
            laid.plain[0] += energy_of(t, b, own, prices, placement, costs.linked)
            add_words(t, b, own, costs.linked, laid.words[0])


@kernel
def _sight(level, row, laid, places, costs, prices, near, sight):  # type: ignore[no-untyped-def]
    """Fills ``sight`` with all that an order of ``level`` changes: orders with the same sight cost the same,
    whatever follows. ``near`` [T, L, ranks]: how far apart neighbours are."""
    tensors = costs.passed.shape[0]
    dimensions, ranks = laid.factors.shape[1], prices.extent.shape[1]
    sight[:] = 0.0
    at = 0
    for t in range(tensors):
        waiting = False
        for b in range(level + 1):
            waiting = waiting or not laid.closed[level, t, b]
        place = -1
        run = 1.0
        count = 0
        for i in range(dimensions):
            d = places.orders[row, i]
            if d < 0:
                break
            count += 1
            if place < 0:
                if prices.relevant[t, d]:
                    place = i
                else:
                    run *= laid.factors[level, d]
        if waiting:
            sight[at] = run
            if place >= 0 and prices.slides[t]:
                sight[at + 1] = places.orders[row, place] + 1.0
        at += 2
        if not prices.slides[t]:
            continue
        for b in range(level + 1):
            mode = costs.alone.mode[t, b]
            passed = costs.passed[t, b]
            if mode == NOTHING or (mode != RUN and not passed):
                at += 4
                continue
            first = 0
            steady_dim, steady_level = -1, level
            if mode == RUN:
                if laid.closed[level, t, b]:
                    i = laid.steady[level, t, b]
                    steady_dim, steady_level = laid.dimension[i], laid.level[i]
                elif place < 0:
                    at += 4
                    continue
                else:
                    steady_dim = places.orders[row, place]
                    first = place + 1
                    if place == 0 and laid.begin[b] == laid.begin[level]:
                        sight[at + 3] = 1.0
            for i in range(first, count):
                d = places.orders[row, i]
                again = laid.factors[level, d] - 1.0
                for j in range(i + 1, count):
                    again *= laid.factors[level, places.orders[row, j]]
                same = mode == RUN
                none = mode == RUN
                close = passed
                for r in range(ranks):
                    way = laid.way[t, b, level, r]
                    for j in range(i):
                        way += laid.steps[t, level, places.orders[row, j], r]
                    moved = laid.steps[t, level, d, r] - way
                    if mode == RUN:
                        same = same and moved == laid.steps[t, steady_level, steady_dim, r]
                    none = none and moved == 0.0
                    close = close and abs(moved) <= near[t, b, r]
                if same:
                    sight[at] += again
                elif none:
                    sight[at + 1] += again
                elif close:
                    sight[at + 2] += again
            at += 4


@kernel
def _lay(level, row, ends, laid, places, costs, scene, total):  # type: ignore[no-untyped-def]
    """Lays the order ``row`` at ``level``; returns floors of energy and of cycles without latency."""
    prices, placement, grid = scene.prices, scene.placement, scene.grid
    tensors, levels = costs.passed.shape
    iterations = placement.iterations
    stop = laid.begin[level]
    for i in range(laid.factors.shape[1]):
        d = places.orders[row, i]
        if d < 0:
            break
        laid.dimension[stop] = d
        laid.level[stop] = level
        stop += 1
    after = level + 1
    laid.begin[after] = stop
    laid.closed[after] = laid.closed[level]
    laid.steady[after] = laid.steady[level]
    laid.plain[after] = laid.plain[level]
    laid.slide[after] = laid.slide[level]
    laid.words[after] = laid.words[level]
    laid.slide_words[after] = laid.slide_words[level]
    open_energy = 0.0
    for t in range(tensors):
        run = 1.0
        for d in range(laid.factors.shape[1]):
            if not prices.relevant[t, d]:
                run *= covered(ends[level], d, grid)
        place = -1
        for i in range(laid.begin[level], stop):
            if prices.relevant[t, laid.dimension[i]]:
                place = i - laid.begin[level]
                break
            run *= laid.factors[level, laid.dimension[i]]
        for b in range(levels):
            if laid.closed[level, t, b]:
                continue
            if b > level:
                open_energy += laid.ahead[t, b, b]
                continue
            if place < 0 and after < levels:
                open_energy += laid.ahead[t, b, after]
                continue
            if not prices.slides[t]:
                laid.closed[after, t, b] = True
                own = iterations * costs.linked.spread[t, b] / run
                laid.plain[after] += energy_of(t, b, own, prices, placement, costs.linked)
                add_words(t, b, own, costs.linked, laid.words[after])
            elif place >= 0:
                laid.closed[after, t, b] = True
                laid.steady[after, t, b] = laid.begin[level] + place
                own = window_floor(
                    t, b, ends[b], run, level, place, row, places, laid.factors, prices, placement, grid
                )
                # What neighbours got just before can only be asked for by the innermost loop.
                passed = costs.passed[t, b] and laid.begin[b] == laid.begin[level] + place
                laid.slide[after] += partial_cost(
                    t, b, own, passed, costs, prices, placement, laid.slide_words[after]
                )
    if after == levels:
        return _whole(ends, laid, costs, scene, total)
    total[:] = laid.words[after] + laid.slide_words[after]
    for t in range(tensors):
        for b in range(levels):
            if not laid.closed[after, t, b]:
                add_words(t, b, laid.sent[t, b, max(b, after)], costs.linked, total)
    cycles = least_cycles(total, prices, iterations)
    return laid.plain[after] + laid.slide[after] + open_energy + costs.leak * cycles, cycles


@kernel
def _whole(ends, laid, costs, scene, total):  # type: ignore[no-untyped-def]
    """As ``_lay`` when all is laid."""
    prices, placement, grid = scene.prices, scene.placement, scene.grid
    tensors, levels = costs.passed.shape
    ranks = prices.extent.shape[1]
    count = laid.begin[levels]
    total[:] = laid.words[levels]
    energy = laid.plain[levels]
    steps = np.empty((count, ranks))
    lengths = np.empty(ranks)
    for t in range(tensors):
        if not prices.slides[t]:
            continue
        for i in range(count):
            steps[i] = laid.steps[t, laid.level[i], laid.dimension[i]]
        loops = Loops(laid.dimension[:count], laid.level[:count], steps)
        for b in range(levels):
            mode = costs.alone.mode[t, b]
            if mode == NOTHING:
                continue
            if prices.signed[t]:
                own = window_words(t, b, ends[b], -1, prices, placement, grid, 1.0)
                linkable = own
            else:
                forgets = mode in (AT_ONCE, FIXED)
                own, linkable = sent_in_order(
                    t, b, ends[b], laid.begin[b], loops, lengths, forgets, scene, laid.factors
                )
            if not costs.passed[t, b]:
                linkable = 0.0
            energy += whole_cost(t, b, own, linkable, costs, prices, placement, total)
    cycles = least_cycles(total, prices, placement.iterations)
    return energy + costs.leak * cycles, cycles


@kernel
def _near(ends, scene, near):  # type: ignore[no-untyped-def]
    """Fills ``near`` [T, L, ranks]: the farthest that two children below a level are apart."""
    prices, placement = scene.prices, scene.placement
    near[:] = 0.0
    for t in range(near.shape[0]):
        for d in range(placement.bounds.size):
            inside = 1.0
            for b in range(near.shape[1]):
                stride = inside * covered(ends[b], d, scene.grid)
                for r in range(near.shape[2]):
                    near[t, b, r] += prices.extent[t, r, d] * (placement.spatial[b, d] - 1.0) * stride
                inside *= placement.spatial[b, d]


@kernel
def search_orders(mode, start, places, costs, scene, aim, best, room, most_nodes, most_of_one):  # type: ignore[no-untyped-def]
    """Puts the orders of the vectors from ``start`` on that may beat ``best`` into ``room``.

    Returns (next vector, orders found, nodes, given up): it stops between two vectors when ``most_nodes`` are
    spent or the room is full; a vector that needs more than ``most_of_one`` nodes, or more than all the room,
    is given up: -1, or its number, which is then the one before the next.
    """
    prices = scene.prices
    tensors, levels = costs.passed.shape
    dimensions, ranks = scene.placement.bounds.size, prices.extent.shape[1]
    latency = prices.latency
    laid = _nothing_laid(tensors, levels, dimensions, ranks)
    total = np.zeros((levels, tensors, 3))
    near = np.zeros((tensors, levels, ranks))
    most_rows = places.table[:, :, 1].max()
    sights = np.empty((most_rows, tensors * (2 + 4 * levels)))
    rows = np.empty((levels, most_rows), dtype=np.int64)
    keys = np.empty((levels, most_rows))
    kids = np.zeros(levels, dtype=np.int64)
    at = np.zeros(levels, dtype=np.int64)
    nodes = 0
    count = 0
    n = start
    while n < places.ends.shape[0] and nodes < most_nodes:
        ends = places.ends[n]
        _start(ends, laid, places, costs, scene)
        _near(ends, scene, near)
        first_found = count
        own_nodes = 0
        level = 0
        entered = True
        failed = False
        while level >= 0:
            if entered:
                # The orders of this level that differ, those that promise most first.
                entered = False
                at[level] = 0
                kids[level] = 0
                kept = 0
                for i in range(places.table[n, level, 1]):
                    row = places.table[n, level, 0] + i
                    _sight(level, row, laid, places, costs, prices, near, sights[kept])
                    known = False
                    for j in range(kept):
                        known = True
                        for k in range(sights.shape[1]):
                            if sights[j, k] != sights[kept, k]:
                                known = False
                                break
                        if known:
                            break
                    if known:
                        continue
                    kept += 1
                    own_nodes += 1
                    energy, cycles = _lay(level, row, ends, laid, places, costs, scene, total)
                    if not may_beat(energy, cycles + latency, aim, best):
                        continue
                    key = goal_value(aim.goals[0], energy, cycles + latency)
                    place = kids[level]
                    while place > 0 and keys[level, place - 1] > key:
                        keys[level, place] = keys[level, place - 1]
                        rows[level, place] = rows[level, place - 1]
                        place -= 1
                    keys[level, place] = key
                    rows[level, place] = row
                    kids[level] += 1
                if own_nodes > most_of_one:
                    failed = True
                    break
            if at[level] >= kids[level]:
                level -= 1
                continue
            row = rows[level, at[level]]
            at[level] += 1
            energy, cycles = _lay(level, row, ends, laid, places, costs, scene, total)
            if not may_beat(energy, cycles + latency, aim, best):
                continue
            if level + 1 < levels:
                level += 1
                entered = True
                continue
            if count == room.vector.size:
                failed = True
                break
            room.vector[count] = n
            for k in range(levels):
                room.order[count, k] = rows[k, at[k] - 1]
            room.energy[count] = energy
            room.cycles[count] = cycles + latency
            count += 1
            if mode == DESCENT:
                best = Best(energy, cycles + latency)
        nodes += own_nodes
        if failed:
            if first_found > 0 and own_nodes <= most_of_one:
                # There is room when the others are gone.
                return n, first_found, nodes, -1
            return n + 1, count, nodes, n
        n += 1
    return n, count, nodes, -1
