"""The loop nest that is being laid, level by level from the inside out, with floors of what it costs."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

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
def nothing_laid(tensors, levels, dimensions, ranks):  # type: ignore[no-untyped-def]
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
def start_nest(ends, laid, places, costs, scene):  # type: ignore[no-untyped-def]
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
def lay_level(level, row, ends, laid, places, costs, scene, total):  # type: ignore[no-untyped-def]
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
    """As ``lay_level`` when all is laid."""
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
