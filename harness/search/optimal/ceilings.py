"""Bounds of bypass masks that regard what fits: cheaper than the cost-to-go where masks are many.

Above a boundary, the innermost loop that runs at all ends the run of every tensor that it indexes. Such a
tensor gains no more from the run than what the tile inside already covers of the dimensions that do not index
it; and the tiles of all tensors must fit together. So of each level the best tiles are listed once for
each set of tensors that it may keep, and every boundary takes the best of them and the best dimension
for the loop above. Boundaries are looked at one by one, which makes it a bound and not the cost.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from harness.search.optimal.cost_to_go import tile_words
from harness.search.optimal.kernel import kernel
from harness.search.optimal.terms import (
    AT_ONCE,
    FIXED,
    NOTHING,
    effective_keep,
    energy_of,
    least_window_words,
    tensor_terms,
)

MOST_TILES: Final = 256
"""Tiles that are listed; where more are best in some way, everything counts as covered."""


@kernel
def closer_bounds(masks, counts, combinations, prices, placement, grid, terms):  # type: ignore[no-untyped-def]
    """[combinations]: floors of the energy without operations and leakage, pJ. ``masks`` [T, most, L] with
    ``counts`` [T] valid ones, ``combinations`` [n, T]."""
    tensors, most, levels = masks.shape
    numbers = grid.runs.shape[1]
    energy = np.zeros((tensors, most, levels, numbers))
    mode = np.zeros((tensors, most, levels), dtype=np.int64)
    fixed = np.zeros((tensors, most))
    kept = np.zeros((tensors, most, levels), dtype=np.bool_)
    for t in range(tensors):
        for m in range(counts[t]):
            tensor_terms(t, masks[t, m], prices, placement, terms)
            kept[t, m], _ = effective_keep(masks[t, m], prices.passes[:, t])
            fixed[t, m] = terms.fixed[t]
            for b in range(levels):
                mode[t, m, b] = terms.mode[t, b]
                if mode[t, m, b] == NOTHING:
                    continue
                whole = placement.iterations * terms.spread[t, b]
                for i in range(numbers if not prices.slides[t] else 1):
                    words = whole if mode[t, m, b] == FIXED else whole / grid.runs[t, i]
                    if prices.slides[t] and mode[t, m, b] != FIXED:
                        words = least_window_words(t, b, prices, placement)
                    if i < grid.counts[t]:
                        energy[t, m, b, i] = energy_of(t, b, words, prices, placement, terms)
    sets = 1 << tensors
    tiles = np.zeros((levels, sets, MOST_TILES, tensors), dtype=np.int32)
    listed = np.full((levels, sets), -1, dtype=np.int64)
    total = np.zeros(combinations.shape[0])
    for c in range(combinations.shape[0]):
        for t in range(tensors):
            total[c] += fixed[t, combinations[c, t]]
        for b in range(levels):
            chosen = 0
            for t in range(tensors):
                if b and kept[t, combinations[c, t], b - 1]:
                    chosen |= 1 << t
            if b and listed[b - 1, chosen] < 0:
                listed[b - 1, chosen] = _best_tiles(
                    b - 1, chosen, prices, placement, grid, tiles[b - 1, chosen]
                )
            count = listed[b - 1, chosen] if b else 1
            total[c] += _best_ending(
                b, tiles[b - 1, chosen], count, combinations[c], energy, mode, prices, grid
            )
    return total


@kernel
def _best_tiles(level, chosen, prices, placement, grid, tiles):  # type: ignore[no-untyped-def]
    """Lists the tiles [count, T] that fit ``level`` when it keeps the tensors ``chosen`` (bits), as numbers
    of runs; none covers less than another one for every tensor."""
    tensors, points = grid.run.shape
    words = np.zeros(points)
    for t in range(tensors):
        if chosen >> t & 1:
            words += tile_words(t, level, prices, placement, grid)
    count = 0
    for p in range(points - 1, -1, -1):
        if words[p] > prices.capacity[level] or words[p] < prices.least[level]:
            continue
        beaten = False
        for i in range(count):
            less = True
            for t in range(tensors):
                if grid.runs[t, grid.run[t, p]] > grid.runs[t, tiles[i, t]]:
                    less = False
                    break
            if less:
                beaten = True
                break
        if beaten:
            continue
        if count == tiles.shape[0]:
            tiles[0, :] = grid.run[:, points - 1]
            return 1
        tiles[count, :] = grid.run[:, p]
        count += 1
    return count


@kernel
def _best_ending(b, tiles, count, masks, energy, mode, prices, grid):  # type: ignore[no-untyped-def]
    """The least pJ of boundary ``b`` of all tensors over the tiles inside and the loops directly above."""
    tensors, points = grid.run.shape
    dimensions = grid.sizes.size
    best = np.inf
    for i in range(count):
        for d in range(-1, dimensions):
            if d >= 0 and grid.sizes[d] == 1:
                continue
            total = 0.0
            possible = True
            for t in range(tensors):
                own = mode[t, masks[t], b]
                inside = tiles[i, t] if b else grid.run[t, 0]
                full = grid.run[t, points - 1]
                if d < 0 and inside != full:
                    # Without any loop above, the tile inside covers everything.
                    possible = False
                    break
                if own == NOTHING:
                    continue
                number = full
                if own == AT_ONCE or d < 0 or (d >= 0 and prices.relevant[t, d]):
                    number = inside
                if own == FIXED or prices.slides[t]:
                    number = 0
                total += energy[t, masks[t], b, number]
            if possible:
                best = min(best, total)
    return best
