"""All loop orders of given factors that may be the best, by depth-first search from the inside out.

One level after another is laid. A branch ends when what is laid, with the longest runs that the rest admits,
costs too much; orders of a level that make no difference to anything, what follows included, count as one.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from harness.search.optimal.branch import Best, goal_value, may_beat
from harness.search.optimal.kernel import kernel
from harness.search.optimal.laid import lay_level, nothing_laid, start_nest
from harness.search.optimal.nests import covered
from harness.search.optimal.terms import NOTHING, RUN

ALL: Final = 0
"""Every order that may beat the best."""
DESCENT: Final = 1
"""Only orders that beat all before them, by their floors."""


@kernel
def _sight(level, row, laid, places, costs, prices, near, sight):  # type: ignore[no-untyped-def]
    """Fills ``sight`` with all that an order of ``level`` changes: orders with the same sight cost the same,
    whatever follows. ``near`` [T, L, ranks]: how far apart neighbours are."""
    tensors = costs.passed.shape[0]
    dimensions, ranks = laid.factors.shape[1], prices.extent.shape[1]
    sight[:] = 0.0
    if costs.unsure:
        for i in range(laid.factors.shape[1]):
            sight[i] = places.orders[row, i] + 2.0
        return
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
    laid = nothing_laid(tensors, levels, dimensions, ranks)
    total = np.zeros((levels, tensors, 3))
    near = np.zeros((tensors, levels, ranks))
    most_rows = places.table[:, :, 1].max()
    sights = np.empty((most_rows, max(dimensions, tensors * (2 + 4 * levels))))
    rows = np.empty((levels, most_rows), dtype=np.int64)
    keys = np.empty((levels, most_rows))
    kids = np.zeros(levels, dtype=np.int64)
    at = np.zeros(levels, dtype=np.int64)
    nodes = 0
    count = 0
    n = start
    while n < places.ends.shape[0] and nodes < most_nodes:
        ends = places.ends[n]
        start_nest(ends, laid, places, costs, scene)
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
                    energy, cycles = lay_level(level, row, ends, laid, places, costs, scene, total)
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
            energy, cycles = lay_level(level, row, ends, laid, places, costs, scene, total)
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
