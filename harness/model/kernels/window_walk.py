"""Data spaces with sliding windows: sizes of their tiles, and what the tiles ask of their parents.

Windows make neighbouring tiles overlap and let loops over different dimensions move a tile by the same way.
The rules are those of :mod:`harness.model.steady_deltas`; here they are worked out for all mappings of a
chunk at once. Movements are numbers as :class:`Window` makes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.model.kernels.nest import Factor, Nest, Position, Vector, times, values
from harness.model.kernels.window import Window


def lengths(window: Window, extents: Sequence[Factor]) -> list[Factor]:
    """Sides of the box that loops cover whose product is ``extents[k]`` for each dimension."""
    return [_length(rank, extents) for rank in window.ranks]


def volume(lengths: Sequence[Factor]) -> Factor:
    """Words of a box."""
    size: Factor = None
    for length in lengths:
        size = times(size, length)
    return size


def _length(rank: tuple[tuple[int, int], ...], extents: Sequence[Factor]) -> Factor:
    if len(rank) == 1 and rank[0][1] == 1:
        return extents[rank[0][0]]
    reach: Factor = None
    for k, coefficient in rank:
        extent = extents[k]
        if extent is not None:
            part = extent - 1.0 if coefficient == 1 else coefficient * (extent - 1.0)
            reach = part if reach is None else reach + part
    return None if reach is None else reach + 1.0


class LoopOrder(Protocol):
    """``iterations`` and ``places`` as in :class:`harness.model.kernels.counts.Motion`."""

    @property
    def iterations(self) -> list[Factor]: ...
    @property
    def places(self) -> list[list[Position]]: ...


@dataclass
class _Advance:
    """Advances of one temporal loop: ``again`` times altogether (0 where the loop is not there), by ``code``
    each time (None: the tensor does not move). ``left`` is the way of one step of this loop and of each
    loop outside it, ``outside`` how often the loop is run through."""

    dimension: int
    runs: Vector
    outside: Factor
    again: Vector
    code: Factor
    left: Vector
    stride: Factor


@dataclass
class _Steady:
    """The innermost loop outside a tile that moves it: its number of ``runs``, how often it is run through,
    its ``code`` (0 where nothing moves), ``left`` as for :class:`_Advance`, its step along each rank (None:
    none anywhere), and its own advances where they may leave part of the tile."""

    runs: Vector
    outside: Vector
    code: Vector
    left: Vector
    steps: list[Factor]
    overlapping: Vector


@dataclass
class Asked:
    """Words that one tile asks of its parent over the whole run, and those of them that neighbours might
    have got at the visit before: arrays of equal length of mappings, words and movements."""

    words: Vector
    rows: NDArray[np.intp]
    linkable: Vector
    moved: Vector


class WindowWalk:
    """The loops of a chunk as one data space with windows sees them, from the outermost inwards."""

    def __init__(
        self,
        nest: Nest,
        window: Window,
        covered: Sequence[Sequence[Factor]],
        motion: LoopOrder,
    ) -> None:
        """``covered[level]``: extents inside the temporal loops of ``level``."""
        self._window = window
        self._count = nest.count
        self._iterations = motion.iterations
        levels = nest.levels
        self._advances: list[list[_Advance]] = [[] for _ in range(levels)]
        self._steady: list[_Steady | None] = [None] * (levels + 1)
        self._way: list[Vector] = [np.zeros(nest.count)] * (levels + 1)
        for level in reversed(range(levels)):
            present = [k for k, factor in enumerate(nest.temporal[level]) if factor is not None]
            self._enter(level, nest.temporal[level], motion.places[level], present, covered[level])

    def _enter(
        self,
        level: int,
        loops: list[Factor],
        place: Sequence[Position],
        present: list[int],
        covered: Sequence[Factor],
    ) -> None:
        window, way = self._window, self._way[level + 1]
        codes: dict[int, Vector] = {}
        for k in present:
            loop = loops[k]
            if loop is not None and k in window.moving:
                stride = covered[k]
                step = float(window.codes[k]) if stride is None else window.codes[k] * stride
                codes[k] = np.where(loop > 1.0, step, 0.0)
        for k in present:
            loop = loops[k]
            assert loop is not None
            outside, left = self._iterations[level + 1], way
            for other in present:
                if other != k:
                    further = place[other] > place[k]
                    outside = times(outside, np.where(further, values(loops[other], self._count), 1.0))
                    if other in codes:
                        left = left + further * codes[other]
            again = loop - 1.0 if outside is None else (loop - 1.0) * outside
            code = codes.get(k)
            if code is not None:
                left = left + code
            self._advances[level].append(_Advance(k, loop, outside, again, code, left, covered[k]))
        for code in codes.values():
            way = way + code
        self._way[level] = way
        self._steady[level] = self._steady_at(level, place)

    def _steady_at(self, level: int, place: Sequence[Position]) -> _Steady | None:
        outer = self._steady[level + 1]
        movers = [advance for advance in self._advances[level] if advance.code is not None]
        if not movers:
            return outer
        first = place[movers[0].dimension]
        for advance in movers[1:]:
            first = np.minimum(first, place[advance.dimension])
        one, none = np.ones(self._count), np.zeros(self._count)
        ranks = range(len(self._window.ranks))
        found = outer or _Steady(one, one, none, none, [None for _ in ranks], none)
        runs, outside, code, left = found.runs, found.outside, found.code, found.left
        steps, overlapping = list(found.steps), found.overlapping
        for advance in movers:
            k = advance.dimension
            assert advance.code is not None
            chosen = (advance.runs > 1.0) & (place[k] == first)
            runs = np.where(chosen, advance.runs, runs)
            outside = np.where(chosen, 1.0 if advance.outside is None else advance.outside, outside)
            code = np.where(chosen, advance.code, code)
            left = np.where(chosen, advance.left, left)
            own = advance.again if k in self._window.overlapping else 0.0
            overlapping = np.where(chosen, own, overlapping)
            for rank in ranks:
                by = self._window.steps[k][rank]
                before = steps[rank]
                if by:
                    step = by if advance.stride is None else by * advance.stride
                    steps[rank] = np.where(chosen, step, 0.0 if before is None else before)
                elif before is not None:
                    steps[rank] = np.where(chosen, 0.0, before)
        return _Steady(runs, outside, code, left, steps, overlapping)

    def asked(self, level: int, lengths: Sequence[Factor], forgets: bool, span: Vector | None) -> Asked:
        """What the tile with sides ``lengths`` asks of storage ``level``.

        ``forgets``: the child drops its words after every visit. ``span``: how far apart the wants of two
        children can be at most, negative where there is one child (None: no links).
        """
        size = values(volume(lengths), self._count)
        if forgets:
            words = values(times(size, self._iterations[level]), self._count)
            if span is None:
                return _without_links(words)
            rows = np.flatnonzero(span >= 0.0)
            start = self._way[level][rows]
            pairs = [(size[rows] * a.again[rows], self._moved(a, rows) - start) for a in self._outside(level)]
            return _linkable(words, rows, pairs, span[rows])
        steady = self._steady[level]
        if steady is None:
            return _without_links(size)
        kept: Factor = None
        for length, step in zip(lengths, steady.steps, strict=True):
            side = values(length, self._count)
            kept = times(kept, side if step is None else np.maximum(side - step, 0.0))
        fresh = size - values(kept, self._count)
        # An advance of another loop may move the tile as the steady loop does, or not at all.
        as_steady, still = -steady.overlapping, np.zeros(self._count)
        target = steady.code + steady.left
        for advance in self._outside(level):
            if advance.dimension in self._window.overlapping:
                assert advance.code is not None
                moved = advance.code + advance.left
                as_steady = as_steady + (moved == target) * advance.again
                still = still + (moved == steady.left) * advance.again
        whole = steady.outside - as_steady - still
        words = size * whole + fresh * (as_steady + (steady.runs - 1.0) * steady.outside)
        if span is None:
            return _without_links(words)
        innermost = values(self._iterations[level], self._count) == steady.runs * steady.outside
        rows = np.flatnonzero(innermost & (span >= 0.0) & (steady.code > 0.0))
        if not rows.size:
            return _without_links(words)
        size, fresh, as_steady, whole = size[rows], fresh[rows], as_steady[rows], whole[rows]
        runs, code, left = steady.runs[rows], steady.code[rows], steady.left[rows]
        comparable = fresh == size
        steadily = fresh * (as_steady * runs + comparable * (runs - 1.0) * whole)
        pairs = [(steadily, code)]
        if comparable.any():
            for advance in self._outside(level):
                moved = self._moved(advance, rows) - left
                other = comparable & (moved != 0.0) & (moved != code)
                pairs.append((other * size * advance.again[rows], moved))
        return _linkable(words, rows, pairs, span[rows])

    def _outside(self, level: int) -> list[_Advance]:
        return [advance for advances in self._advances[level:] for advance in advances]

    def _moved(self, advance: _Advance, rows: NDArray[np.intp]) -> Vector:
        """Movement at an advance, but for the way of the loops that start again (to be subtracted)."""
        left = advance.left[rows]
        return left if advance.code is None else left + advance.code[rows]


def _without_links(words: Vector) -> Asked:
    nothing = np.zeros(0)
    return Asked(words, np.zeros(0, dtype=np.intp), nothing, nothing)


def _linkable(
    words: Vector, rows: NDArray[np.intp], pairs: list[tuple[Vector, Vector]], span: Vector
) -> Asked:
    """Of (words, movement) pairs those that two children within ``span`` could hand on."""
    places, amounts, movements = [], [], []
    for amount, moved in pairs:
        chosen = np.flatnonzero((amount > 0.0) & (np.abs(moved) <= span))
        if chosen.size:
            places.append(rows[chosen])
            amounts.append(amount[chosen])
            movements.append(moved[chosen])
    if not places:
        return _without_links(words)
    return Asked(words, np.concatenate(places), np.concatenate(amounts), np.concatenate(movements))
