"""The least cost from any state and lattice point to the end, for one additive objective."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.search.optimal.costs import Floats
from harness.search.optimal.kernel import kernel
from harness.search.optimal.lattice import Ints
from harness.search.optimal.program import MULTIPLY
from harness.search.optimal.terms import (
    FIXED,
    add_words,
    effective_keep,
    energy_of,
    load_of,
    tensor_terms,
)


class Grid(NamedTuple):
    """The lattice (see :class:`Lattice`) with the factors that each block admits.

    ``allowed`` [L, D, divisors], ``free`` [L, D] where all are; ``primes`` [D, primes] indices of the prime
    divisors, padded with -1; ``run`` [T, points]: number of the point among those of the dimensions that do
    not index the tensor; ``runs`` [T, numbers]: what they multiply to, ``counts`` [T] of them.
    """

    values: Ints
    sizes: Ints
    strides: Ints
    product: Ints
    allowed: NDArray[np.bool_]
    free: NDArray[np.bool_]
    primes: Ints
    run: NDArray[np.int32]
    runs: Floats
    counts: Ints


class Graph(NamedTuple):
    """The arrays of a :class:`Program`. Of each row of the cost tables, ``tensor``,
    ``boundary`` and the ``window`` dimension that closes it."""

    kind: Ints
    level: Ints
    dimension: Ints
    finishes: Ints
    first: Ints
    target: Ints
    closing: Ints
    closed: Ints
    tensor: Ints
    boundary: Ints
    window: Ints


@kernel
def run_tables(irrelevant, slides, values, sizes, strides, points):  # type: ignore[no-untyped-def]
    """``Grid.run``, ``Grid.runs`` and ``Grid.counts``. ``irrelevant`` [T, D]; a tensor that ``slides`` [T]
    depends on all of a point, and its numbers are those of the points."""
    tensors, dimensions = irrelevant.shape
    counts = np.ones(tensors, dtype=np.int64)
    for t in range(tensors):
        for d in range(dimensions):
            if irrelevant[t, d] or slides[t]:
                counts[t] *= sizes[d]
    most = 1
    for t in range(tensors):
        most = max(most, counts[t])
    run = np.zeros((tensors, points), dtype=np.int32)
    runs = np.ones((tensors, most))
    for t in range(tensors):
        for p in range(points):
            number, step, value = 0, 1, 1.0
            for d in range(dimensions):
                if irrelevant[t, d]:
                    i = p // strides[d] % sizes[d]
                    number += i * step
                    step *= sizes[d]
                    value *= values[d, i]
            if slides[t]:
                number = p
            run[t, p] = number
            runs[t, number] = value
    return run, runs, counts


@kernel
def window_tile(t, p, spread, prices, grid):  # type: ignore[no-untyped-def]
    """Words of the box that a tile with sliding windows spans; ``spread`` [D]: spatial factors inside."""
    words = 1.0
    for r in range(prices.extent.shape[1]):
        length = 1.0
        for d in range(spread.size):
            if prices.extent[t, r, d] > 0.0:
                covered = grid.values[d, p // grid.strides[d] % grid.sizes[d]] * spread[d]
                length += prices.extent[t, r, d] * (covered - 1.0)
        words *= length
    return words


@kernel
def window_words(t, b, p, window, prices, placement, grid, run):  # type: ignore[no-untyped-def]
    """Floor of the words that a child below level ``b`` is sent, if the run ends at point ``p``.

    It ends with a loop over dimension ``window``, or with -1 over one whose steps share no words: then each
    tile is sent whole. Else (``model.steady_deltas``) each sweep of that loop sends the words beyond the
    overlap; an advance of a loop that moves along other ranks, or does not move the tile, sends a whole
    tile; one that moves along the same ranks may move as the sweep does, or, where several dimensions
    do, not at all, as the model sees it.
    """
    dimensions = grid.sizes.size
    spread = np.ones(dimensions)
    for level in range(b):
        for d in range(dimensions):
            spread[d] *= placement.spatial[level, d]
    tile = window_tile(t, p, spread, prices, grid)
    if prices.signed[t]:
        # Loops that move to and fro may leave the tile where it was; the first one is sent for certain.
        return tile
    visits = 1.0
    steps = 1.0
    alone = True
    own = 1.0
    for d in range(dimensions):
        left = grid.values[d, grid.sizes[d] - 1] / grid.values[d, p // grid.strides[d] % grid.sizes[d]]
        if not prices.relevant[t, d]:
            continue
        visits *= left
        if d == window:
            steps *= left
            own = left
        elif window >= 0:
            for r in range(prices.extent.shape[1]):
                if prices.extent[t, r, d] > 0.0 and prices.extent[t, r, window] > 0.0:
                    steps *= left
                    alone = alone and left == 1.0
                    break
    irrelevant = grid.runs[t, grid.run[t, grid.run.shape[1] - 1]] / run
    if window < 0:
        return irrelevant * visits * tile
    shared = 1.0
    for r in range(prices.extent.shape[1]):
        length = 1.0
        for d in range(dimensions):
            if prices.extent[t, r, d] > 0.0:
                covered = grid.values[d, p // grid.strides[d] % grid.sizes[d]] * spread[d]
                length += prices.extent[t, r, d] * (covered - 1.0)
        if prices.extent[t, r, window] > 0.0:
            covered = grid.values[window, p // grid.strides[window] % grid.sizes[window]]
            step = covered * spread[window] * placement.spatial[b, window]
            length -= prices.extent[t, r, window] * step
        shared *= max(length, 0.0)
    fresh = tile - shared
    if alone:
        return irrelevant * (visits / steps) * (tile + (steps - 1.0) * fresh)
    # A sweep has at least as many steps as the smallest prime factor of what is left.
    least = 1.0
    for k in range(grid.primes.shape[1]):
        prime = grid.primes[window, k]
        if prime >= 0 and own % grid.values[window, prime] == 0.0:
            least = grid.values[window, prime]
            break
    return irrelevant * (visits / steps) * (tile + steps * (1.0 - 1.0 / least) * fresh)


@kernel
def tile_words(t, level, prices, placement, grid):  # type: ignore[no-untyped-def]
    """[points]: words of the tile of tensor ``t`` at ``level``."""
    dimensions, points = grid.sizes.size, grid.run.shape[1]
    spread = np.ones(dimensions)
    for inside in range(level + 1):
        for d in range(dimensions):
            spread[d] *= placement.spatial[inside, d]
    tile = np.empty(points)
    if prices.slides[t]:
        for p in range(points):
            tile[p] = window_tile(t, p, spread, prices, grid)
        return tile
    tile[0] = 1.0
    filled = 1
    for d in range(dimensions):
        count = grid.sizes[d]
        for i in range(count - 1, -1, -1):
            factor = (grid.values[d, i] * spread[d]) ** prices.ranks[t, d]
            for j in range(filled):
                tile[i * filled + j] = tile[j] * factor
        filled *= count
    return tile


@kernel
def fitting(keep, prices, placement, grid):  # type: ignore[no-untyped-def]
    """[L, points]: whether the tiles that a level keeps (``keep`` [T, L], effective) fit it."""
    tensors, levels = keep.shape
    points = grid.run.shape[1]
    fits = np.ones((levels, points), dtype=np.bool_)
    for level in range(levels):
        capacity, least = prices.capacity[level], prices.least[level]
        if capacity == np.inf and least <= 0.0:
            continue
        words = np.zeros(points)
        for t in range(tensors):
            if keep[t, level]:
                words += tile_words(t, level, prices, placement, grid)
        for p in range(points):
            fits[level, p] = words[p] <= capacity and words[p] >= least
    return fits


@kernel
def covers(p, d, grid):  # type: ignore[no-untyped-def]
    """How much of dimension ``d`` is covered at point ``p``."""
    return grid.values[d, p // grid.strides[d] % grid.sizes[d]]


@kernel
def _cannot_close(t, p, window, prices, grid):  # type: ignore[no-untyped-def]
    """Whether no loop over dimension ``window`` is left at point ``p`` to end a run, but another one is."""
    if window < 0 or covers(p, window, grid) != grid.values[window, grid.sizes[window] - 1]:
        return False
    for d in range(grid.sizes.size):
        if prices.relevant[t, d] and covers(p, d, grid) != grid.values[d, grid.sizes[d] - 1]:
            return True
    return False


@kernel
def energy_tables(prices, placement, terms, grid, graph):  # type: ignore[no-untyped-def]
    """[rows, numbers]: pJ of each boundary by the number of its run; infinity where what closes it has no
    loop left, for a path with another one is there too."""
    table = np.zeros((graph.tensor.size, grid.runs.shape[1]))
    for row in range(graph.tensor.size):
        t, b = graph.tensor[row], graph.boundary[row]
        whole = placement.iterations * terms.spread[t, b]
        for i in range(grid.counts[t]):
            if prices.slides[t]:
                if _cannot_close(t, i, graph.window[row], prices, grid):
                    table[row, i] = np.inf
                    continue
                words = window_words(t, b, i, graph.window[row], prices, placement, grid, grid.runs[t, i])
            else:
                words = whole / grid.runs[t, i]
            table[row, i] = energy_of(t, b, words, prices, placement, terms)
    return table


@kernel
def load_tables(limited, prices, placement, terms, grid, graph):  # type: ignore[no-untyped-def]
    """Of each bandwidth of ``limited`` [J, 2]: words that weigh on it by boundary and number of its run
    [J, rows, numbers], what is always there [J], and the most that all boundaries together may add [J]."""
    count, rows = limited.shape[0], graph.tensor.size
    tables = np.zeros((count, rows, grid.runs.shape[1]))
    always = np.zeros(count)
    most = np.zeros(count)
    tensors, levels = terms.mode.shape
    for j in range(count):
        level, kind = limited[j, 0], limited[j, 1]
        for t in range(tensors):
            for b in range(levels):
                if terms.mode[t, b] == FIXED:
                    always[j] += load_of(t, b, placement.iterations, level, kind, prices, terms)
        for row in range(rows):
            t, b = graph.tensor[row], graph.boundary[row]
            whole = placement.iterations * terms.spread[t, b]
            highest = 0.0
            for i in range(grid.counts[t]):
                if prices.slides[t]:
                    words = window_words(t, b, i, graph.window[row], prices, placement, grid, grid.runs[t, i])
                else:
                    words = whole / grid.runs[t, i]
                tables[j, row, i] = load_of(t, b, words, level, kind, prices, terms)
                highest = max(highest, tables[j, row, i])
            most[j] += highest
    return tables, always, most


@kernel
def measured(keep, prices, placement, terms):  # type: ignore[no-untyped-def]
    """Fills ``terms`` for the masks ``keep`` [T, L]. Returns what each level keeps in effect [T, L], and
    what no loop order changes: pJ without the operations, words [L, T, 3]."""
    tensors, levels = keep.shape
    kept = np.zeros((tensors, levels), dtype=np.bool_)
    words = np.zeros((levels, tensors, 3))
    energy = 0.0
    for t in range(tensors):
        tensor_terms(t, keep[t], prices, placement, terms)
        kept[t], _ = effective_keep(keep[t], prices.passes[:, t])
        energy += terms.fixed[t]
        for b in range(levels):
            if terms.mode[t, b] == FIXED:
                energy += energy_of(t, b, placement.iterations, prices, placement, terms)
                add_words(t, b, placement.iterations, terms, words)
    return kept, energy, words


@kernel
def cost_to_go(graph, grid, fits, table):  # type: ignore[no-untyped-def]
    """[states, points]: the least sum of ``table`` over the boundaries still to be closed; infinity where no
    path leads to the end. States come after those that they lead to."""
    states, points = graph.kind.size, fits.shape[1]
    cost = np.empty((states, points))
    for s in range(states):
        if graph.kind[s] == MULTIPLY:
            _multiply(cost[graph.target[graph.first[s]]], graph.level[s], graph.dimension[s], grid, cost[s])
            continue
        here = cost[s]
        here[:] = np.inf
        for o in range(graph.first[s], graph.first[s + 1]):
            target = graph.target[o]
            start, stop = graph.closing[o], graph.closing[o + 1]
            if target < 0:
                total = 0.0
                for q in range(start, stop):
                    t = graph.tensor[graph.closed[q]]
                    total += table[graph.closed[q], grid.run[t, points - 1]]
                here[points - 1] = total
                continue
            after = cost[target]
            if start == stop:
                for p in range(points):
                    here[p] = min(here[p], after[p])
            elif stop == start + 1:
                own = table[graph.closed[start]]
                run = grid.run[graph.tensor[graph.closed[start]]]
                for p in range(points):
                    here[p] = min(here[p], after[p] + own[run[p]])
            else:
                for p in range(points):
                    total = after[p]
                    for q in range(start, stop):
                        t = graph.tensor[graph.closed[q]]
                        total += table[graph.closed[q], grid.run[t, p]]
                    here[p] = min(here[p], total)
        level = graph.finishes[s]
        if level >= 0:
            for p in range(points):
                if not fits[level, p]:
                    here[p] = np.inf
    return cost


@kernel
def _multiply(after, level, d, grid, here):  # type: ignore[no-untyped-def]
    """The least of ``after`` over the multiples that a loop over dimension ``d`` reaches."""
    size, stride = grid.sizes[d], grid.strides[d]
    span = size * stride
    for outer in range(0, here.size, span):
        if grid.free[level, d]:
            for i in range(size - 1, -1, -1):
                at = outer + i * stride
                for j in range(at, at + stride):
                    here[j] = after[j]
                for k in range(grid.primes.shape[1]):
                    prime = grid.primes[d, k]
                    if prime < 0:
                        break
                    x = grid.product[d, i, prime]
                    if x >= 0:
                        other = outer + x * stride
                        for j in range(stride):
                            here[at + j] = min(here[at + j], here[other + j])
            continue
        for i in range(size):
            at = outer + i * stride
            for j in range(at, at + stride):
                here[j] = np.inf
            for f in range(size):
                if not grid.allowed[level, d, f]:
                    continue
                x = grid.product[d, i, f]
                if x >= 0:
                    other = outer + x * stride
                    for j in range(stride):
                        here[at + j] = min(here[at + j], after[other + j])


@kernel
def priced(kept, prices, placement, terms, grid, graph):  # type: ignore[no-untyped-def]
    """(:func:`fitting`, :func:`energy_tables`, their :func:`cost_to_go`)."""
    fits = fitting(kept, prices, placement, grid)
    table = energy_tables(prices, placement, terms, grid, graph)
    return fits, table, cost_to_go(graph, grid, fits, table)
