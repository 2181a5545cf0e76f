"""Tile sizes of a chunk of mappings, and how often the tiles move, in closed form.

For ranks that are single dimensions (the others: ``window_walk.py``) and for perfect factors, a tile of a
tensor is either equal to the one before or disjoint from it. So Timeloop's delta simulation
(src/loop-analysis/nest-analysis.cpp) collapses:
a child tile is fetched anew in every iteration of the loops above it, except during the run of loops
directly above that do not index the tensor. Its rule about changing strides never shows, because a tile
that moves at all has to be fetched whole. Links between neighbours can only help where a child drops data
that it would need again (``no_temporal_reuse``, or the arithmetic, which stores nothing): a tile that moves
by a loop outside a spatial block moves by more than the block is wide.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from harness.model.kernels.nest import FAR, Factor, Nest, Position, ProblemIndex, positions, times
from harness.model.kernels.window_walk import lengths, volume


@dataclass
class Extent:
    """Sizes, for one instance of a level; none of them depends on what is kept.

    [level][tensor]: ``tile`` words at the level; ``groups`` children with different data among all
    ``fanout[level]`` children; ``spread`` by what factor the children's data together exceed one child's
    (differs from ``groups`` only where a tensor has two ranks of one dimension).
    ``instances``, ``x_expansion``, ``y_expansion``: in use in the whole machine; index 0 is the arithmetic,
    index ``level + 1`` the storage level. ``reached[k]``: product of all loops over active dimension k;
    ``inside[level][k]`` and ``covered[level][k]`` of those inside the spatial and inside the temporal block
    of the level.
    """

    tile: list[list[Factor]]
    groups: list[list[Factor]]
    spread: list[list[Factor]]
    fanout: list[Factor]
    instances: list[Factor]
    x_expansion: list[Factor]
    y_expansion: list[Factor]
    reached: list[Factor]
    inside: list[list[Factor]]
    covered: list[list[Factor]]


def measure(nest: Nest, index: ProblemIndex) -> Extent:
    dims, tensors = range(len(index.active)), range(len(index.ranks))
    slides = any(window is not None for window in index.windows)
    spatial = [
        [times(x, y) for x, y in zip(nest.spatial_x[level], nest.spatial_y[level], strict=True)]
        for level in range(nest.levels)
    ]
    tile: list[list[Factor]] = []
    groups: list[list[Factor]] = []
    spread: list[list[Factor]] = []
    reached: list[Factor] = [None] * len(index.active)
    inside: list[list[Factor]] = []
    covered: list[list[Factor]] = []
    sizes: list[Factor] = [None] * len(index.ranks)
    for level in range(nest.levels):
        own = [times(nest.temporal[level][k], spatial[level][k]) for k in dims]
        inside.append(reached)
        covered.append([times(reached[k], spatial[level][k]) for k in dims] if slides else reached)
        reached = [times(reached[k], own[k]) for k in dims]
        sizes = [
            _product(own, index.ranks[t], sizes[t]) if window is None else volume(lengths(window, reached))
            for t, window in enumerate(index.windows)
        ]
        tile.append(sizes)
        groups.append([_product(spatial[level], index.relevant[t]) for t in tensors])
        plain = index.relevant == index.ranks
        spread.append(groups[-1] if plain else [_product(spatial[level], index.ranks[t]) for t in tensors])
    x_expansion: list[Factor] = [None]
    y_expansion: list[Factor] = [None]
    for level in reversed(range(nest.levels)):
        x_expansion.append(_product(nest.spatial_x[level], dims, x_expansion[-1]))
        y_expansion.append(_product(nest.spatial_y[level], dims, y_expansion[-1]))
    x_expansion.reverse()
    y_expansion.reverse()
    return Extent(
        tile=tile,
        groups=groups,
        spread=spread,
        fanout=[_product(spatial[lv], dims) for lv in range(nest.levels)],
        instances=[times(x, y) for x, y in zip(x_expansion, y_expansion, strict=True)],
        x_expansion=x_expansion,
        y_expansion=y_expansion,
        reached=reached,
        inside=inside,
        covered=covered,
    )


@dataclass
class Motion:
    """How often things happen, for one instance of a level: ``iterations[level]`` of all temporal loops at
    and above the level (one more entry, None, at the end), ``moves[level][tensor]`` those of them in which
    the tile of the next inner level is a new one (None for data spaces with windows), and ``places[level]``
    of the temporal loops, see :func:`positions`."""

    iterations: list[Factor]
    moves: list[list[Factor]]
    places: list[list[Position]]


def move(nest: Nest, index: ProblemIndex) -> Motion:
    dims, tensors = range(len(index.active)), range(len(index.ranks))
    iterations: list[Factor] = [None]
    moves: list[list[Factor]] = [[None] * len(index.ranks)]
    places: list[list[Position]] = []
    for level in reversed(range(nest.levels)):
        iterations.append(_product(nest.temporal[level], dims, iterations[-1]))
        place = positions(nest, index, level)
        places.append(place)
        loops, total, above = nest.temporal[level], iterations[-1], moves[-1]
        moves.append(
            [
                _moves(index, t, loops, place, (total, above[t])) if index.windows[t] is None else None
                for t in tensors
            ]
        )
    iterations.reverse()
    moves.reverse()
    places.reverse()
    return Motion(iterations, moves, places)


def _moves(
    index: ProblemIndex,
    tensor: int,
    loops: list[Factor],
    position: list[Position],
    outside: tuple[Factor, Factor],
) -> Factor:
    """Moves of the tensor's tile below one level's temporal ``loops``.

    ``outside``: all iterations at and above the level, and the moves below the next outer level. The run of
    irrelevant loops ends at the innermost relevant one, or goes on to the next level where there is none.
    """
    total, above = outside
    movers = [k for k in index.relevant[tensor] if loops[k] is not None]
    if not movers:
        return above
    first = position[movers[0]]
    for k in movers[1:]:
        first = np.minimum(first, position[k])
    run: Factor = None
    for k in index.irrelevant[tensor]:
        loop = loops[k]
        if loop is not None:
            run = times(run, np.where(position[k] < first, loop, 1.0))
    assert total is not None
    stopped = total if run is None else total / run
    return np.where(first < FAR, stopped, 1.0 if above is None else above)


def _product(factors: list[Factor], which: Iterable[int], start: Factor = None) -> Factor:
    result = start
    for k in which:
        result = times(result, factors[k])
    return result
