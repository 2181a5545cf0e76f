"""Floors of loop nests whose factors and order are known, wholly or up to some level.

A path of the program stands for all orders of its loops, and states what a tile with sliding windows is sent
only from below. Here the order is known: then the words of each boundary are those of
:mod:`harness.model.steady_deltas`, and only what neighbours pass on, and who shares what, stays a floor.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.search.optimal.cost_to_go import window_words
from harness.search.optimal.costs import FILL, READ, UPDATE, Floats
from harness.search.optimal.kernel import kernel
from harness.search.optimal.lattice import Ints
from harness.search.optimal.program import MULTIPLY
from harness.search.optimal.terms import RUN, Terms, add_words, energy_of

CLOSE_TO_ONE: Final = 1.0 - 1e-12


class Places(NamedTuple):
    """``ends`` [n, L + 1]: lattice points below each level and above the last. ``table`` [n, L, 2]: first
    row and number of rows of the orders of each level in ``orders`` [rows, D], dimensions from the inside
    out, padded with -1."""

    ends: Ints
    table: Ints
    orders: NDArray[np.int8]


class Costs(NamedTuple):
    """``linked`` are the terms in which neighbours may pass words on, ``alone`` those in which they do not;
    ``passed`` [T, L] tells where that makes a difference and ``extra`` [T, L] pJ by how much it differs
    whatever the words are. ``base`` pJ do not depend on the order (those of ``alone``). ``unsure``: orders
    may differ in what the terms leave out, so that none counts as another."""

    linked: Terms
    alone: Terms
    passed: NDArray[np.bool_]
    extra: Floats
    base: float
    leak: float
    unsure: bool


class Room(NamedTuple):
    """Where the orders found go: ``vector`` [most], ``order`` [most, L] rows of ``Places.orders``, and
    floors of ``energy`` and ``cycles`` [most]."""

    vector: Ints
    order: Ints
    energy: Floats
    cycles: Floats


class Loops(NamedTuple):
    """Temporal loops from the inside out, ``steps`` [loops, ranks] in words along each rank of a tensor."""

    dimension: Ints
    level: Ints
    steps: Floats


def new_room(most: int, levels: int) -> Room:
    return Room(
        np.empty(most, dtype=np.int64),
        np.empty((most, levels), dtype=np.int64),
        np.empty(most),
        np.empty(most),
    )


@kernel
def least_cycles(words, prices, iterations):  # type: ignore[no-untyped-def]
    """Floor of the cycles without latency, for floors of the ``words`` [L, T, 3] per instance."""
    most = iterations
    for level in range(words.shape[0]):
        read = 0.0
        write = 0.0
        for t in range(words.shape[1]):
            scale = prices.scale[level, t]
            read += words[level, t, READ] * scale
            write += (words[level, t, FILL] + words[level, t, UPDATE]) * scale
        for kind in range(3):
            bandwidth = prices.bandwidth[level, kind]
            demand = read if kind == 0 else write if kind == 1 else write + read
            if bandwidth != np.inf and demand > iterations * bandwidth:
                most = max(most, np.ceil(demand / bandwidth * CLOSE_TO_ONE))
    return most


@kernel
def covered(p, d, grid):  # type: ignore[no-untyped-def]
    return grid.values[d, p // grid.strides[d] % grid.sizes[d]]


@kernel
def factors_of(ends, grid, factors):  # type: ignore[no-untyped-def]
    """Fills ``factors`` [L, D] from the lattice points ``ends`` [L + 1]."""
    for level in range(factors.shape[0]):
        for d in range(factors.shape[1]):
            factors[level, d] = covered(ends[level + 1], d, grid) // covered(ends[level], d, grid)


@kernel
def ends_of(frontier, nodes, graph, levels):  # type: ignore[no-untyped-def]
    """[nodes, L + 1]: ``Places.ends`` of the paths to ``nodes``."""
    ends = np.full((nodes.size, levels + 1), -1, dtype=np.int64)
    for i in range(nodes.size):
        at = nodes[i]
        while frontier.parent[at] >= 0:
            before = frontier.parent[at]
            s = frontier.state[before]
            if graph.kind[s] == MULTIPLY and ends[i, graph.level[s] + 1] < 0:
                ends[i, graph.level[s] + 1] = frontier.point[at]
            at = before
        ends[i, 0] = 0
        for level in range(levels):
            if ends[i, level + 1] < 0:
                ends[i, level + 1] = ends[i, level]
    return ends


@kernel
def sent_in_order(t, b, p, first, loops, lengths, forgets, scene, factors):  # type: ignore[no-untyped-def]
    """(words, those of them that neighbours might pass on) of a child below level ``b`` in a whole nest.

    The loops from ``first`` on lie outside it; ``lengths`` of the tile, for use here. See
    :mod:`harness.model.steady_deltas`.
    """
    prices, placement, grid = scene.prices, scene.placement, scene.grid
    dims, levels, steps = loops.dimension, loops.level, loops.steps
    count = dims.size
    ranks = prices.extent.shape[1]
    dimensions = placement.bounds.size
    reach = np.zeros(ranks)
    size = 1.0
    for r in range(ranks):
        length = 1.0
        for d in range(dimensions):
            if prices.extent[t, r, d] > 0.0:
                inside = covered(p, d, grid) * 1.0
                for level in range(b):
                    inside *= placement.spatial[level, d]
                length += prices.extent[t, r, d] * (inside - 1.0)
                reach[r] += prices.extent[t, r, d] * (placement.spatial[b, d] - 1.0) * inside
        lengths[r] = length
        size *= length
    way = np.zeros(ranks)
    if forgets:
        visits = 1.0
        linkable = 0.0
        for i in range(first, count):
            factor = factors[levels[i], dims[i]] * 1.0
            # Advances of this loop: once per step but the first, for each iteration of what lies outside.
            again = factor - 1.0
            for j in range(i + 1, count):
                again *= factors[levels[j], dims[j]]
            near = True
            for r in range(ranks):
                near = near and abs(steps[i, r] - way[r]) <= reach[r]
                way[r] += steps[i, r]
            if near:
                linkable += size * again
            visits *= factor
        return size * visits, linkable
    steady = -1
    for i in range(first, count):
        if prices.relevant[t, dims[i]]:
            steady = i
            break
    if steady < 0:
        return size, 0.0
    kept = 1.0
    for r in range(ranks):
        kept *= max(lengths[r] - steps[steady, r], 0.0)
        way[r] = steps[steady, r]
    fresh = size - kept
    outside = 1.0
    for i in range(steady + 1, count):
        outside *= factors[levels[i], dims[i]]
    whole = 1.0
    near_whole = 0.0
    as_steady = 0.0
    still = 0.0
    left = outside
    for i in range(steady + 1, count):
        factor = factors[levels[i], dims[i]] * 1.0
        left /= factor
        again = (factor - 1.0) * left
        same = True
        none = True
        near = True
        for r in range(ranks):
            moved = steps[i, r] - way[r]
            same = same and moved == steps[steady, r]
            none = none and moved == 0.0
            near = near and abs(moved) <= reach[r]
            way[r] += steps[i, r]
        if same:
            as_steady += again
        elif none:
            still += again
        else:
            whole += again
            if near:
                near_whole += again
    runs = factors[levels[steady], dims[steady]] - 1.0
    words = size * whole + fresh * (as_steady + runs * outside)
    linkable = 0.0
    if steady == first:
        near = True
        for r in range(ranks):
            near = near and steps[steady, r] <= reach[r]
        comparable = fresh == size
        if near:
            # The advances after nothing was new are never comparable.
            linkable += fresh * as_steady * (runs + 1.0)
            if comparable:
                linkable += fresh * runs * whole
        if comparable:
            linkable += size * near_whole
    return words, linkable


@kernel
def window_floor(t, b, p, run, level, place, row, places, factors, prices, placement, grid):  # type: ignore[no-untyped-def]
    """Floor of the words of a window tile whose run of ``run`` iterations is ended by the loops of ``level``:
    by the one at ``place`` of the order ``row``, or by any of them with -1."""
    least = np.inf
    for d in range(factors.shape[1]):
        if not prices.relevant[t, d] or factors[level, d] == 1:
            continue
        if place >= 0 and places.orders[row, place] != d:
            continue
        window = d if prices.window[t, d] else -1
        least = min(least, window_words(t, b, p, window, prices, placement, grid, run))
    return least


@kernel
def costs_ahead(ends, factors, costs, places, prices, placement, grid, sent, energy):  # type: ignore[no-untyped-def]
    """Fills floors ``sent`` and ``energy`` [T, L, L]: of each boundary if no loop of the levels before the
    last index moves the tile."""
    tensors, levels = costs.passed.shape
    last = ends[levels]
    for t in range(tensors):
        for k in range(levels):
            stop = k
            closing = -1
            while stop < levels:
                for d in range(factors.shape[1]):
                    if prices.relevant[t, d] and factors[stop, d] > 1:
                        closing = stop
                stop += 1
                if closing >= 0:
                    break
            upto = ends[stop] if closing >= 0 else last
            run = 1.0
            for d in range(factors.shape[1]):
                if not prices.relevant[t, d]:
                    run *= covered(upto, d, grid)
            for b in range(k + 1):
                sent[t, b, k] = 0.0
                energy[t, b, k] = 0.0
                mode = costs.alone.mode[t, b]
                if mode != RUN:
                    continue
                if not prices.slides[t]:
                    words = placement.iterations * costs.linked.spread[t, b] / run
                elif closing < 0:
                    words = window_words(t, b, ends[b], -1, prices, placement, grid, run)
                else:
                    words = window_floor(
                        t, b, ends[b], run, closing, -1, 0, places, factors, prices, placement, grid
                    )
                sent[t, b, k] = words
                energy[t, b, k] = energy_of(t, b, words, prices, placement, costs.linked)
                if costs.passed[t, b]:
                    energy[t, b, k] += costs.extra[t, b]


@kernel
def whole_cost(t, b, words, linkable, costs, prices, placement, done):  # type: ignore[no-untyped-def]
    """pJ of a boundary with windows, whose accesses are added to ``done``."""
    own = energy_of(t, b, words - linkable, prices, placement, costs.alone)
    if linkable > 0.0:
        other = energy_of(t, b, words, prices, placement, costs.linked) + costs.extra[t, b]
        add_words(t, b, words, costs.linked, done)
        return max(own, other)
    add_words(t, b, words, costs.alone, done)
    return own


@kernel
def partial_cost(t, b, words, passed, costs, prices, placement, done):  # type: ignore[no-untyped-def]
    """As ``whole_cost`` for a floor of the words, all of which neighbours may pass on."""
    if passed:
        add_words(t, b, words, costs.linked, done)
        return energy_of(t, b, words, prices, placement, costs.linked) + costs.extra[t, b]
    add_words(t, b, words, costs.alone, done)
    return energy_of(t, b, words, prices, placement, costs.alone)
