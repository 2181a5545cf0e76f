"""All classes of loop nests as one small graph, whatever the sizes of the loops.

Temporal loops are laid from the innermost outwards. A tensor's traffic across a boundary (between a storage
level and the one inside it) depends on how much of the dimensions that do not index it is covered when the
run of such loops above the boundary ends: at the first loop that does index it. A boundary is *open* until
then. Only which boundaries are open matters for what is still to come; so a state is a place in the nest
and the set of open boundaries, and a path through the graph is a class of loop orders of equal cost.

Within a block whose order is free, a loop costs least as far in as possible: the loops that index no open
tensor come first, then some tensors are closed by a loop that indexes them, then the loops that have become
harmless by that, and so on. Blocks with an order given by the user are chains of single loops. A path may
close a tensor without a loop that does so; it then states a cost that is not below the true one (traffic
does not grow with a longer run, and prices are not negative), so the least cost over all paths is the least
over all loop nests.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from harness.search.optimal.lattice import Ints

ALTERNATIVE = 0
MULTIPLY = 1

Open = tuple[tuple[int, ...], ...]
"""The open boundaries of each tensor, innermost first."""


@dataclass(frozen=True)
class BlockOrder:
    """The temporal block of a level: ``segments`` from the inside out, each a set of dimensions whose order
    among themselves is free; ``unit`` are the dimensions whose loop may have one iteration."""

    segments: tuple[tuple[int, ...], ...]
    unit: frozenset[int]


@dataclass(frozen=True)
class Shape:
    """What the graph depends on. ``relevant[t]``: dimensions that index tensor t; ``windows[t]``: those of
    them that share a rank with others, so that tiles overlap when they advance. Per level: ``opens``, the
    tensors whose boundary below the level has a cost that depends on the run, and ``immediate``, those
    whose tile is fetched anew each time, so that the run does not matter."""

    blocks: tuple[BlockOrder, ...]
    relevant: tuple[frozenset[int], ...]
    windows: tuple[frozenset[int], ...]
    opens: tuple[tuple[int, ...], ...]
    immediate: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Program:
    """The graph as arrays; every state leads to states with smaller numbers, ``start`` is the last one.

    ``kind`` ALTERNATIVE: options ``first[s] .. first[s + 1]`` with their ``target`` (-1: the end) and the
    boundaries that they close, ``closed[closing[o] .. closing[o + 1]]``. These are numbers of rows: row r is
    boundary ``row_level[r]`` of tensor ``row_tensor[r]``, closed by a loop over the window dimension
    ``row_window[r]`` or, with -1, in any other way.
    ``kind`` MULTIPLY: a loop over ``dimension[s]`` in the block of ``level[s]``, one option.
    ``finishes[s]``: the level whose tile is complete on entering the state, -1 elsewhere.
    """

    kind: Ints
    level: Ints
    dimension: Ints
    finishes: Ints
    first: Ints
    target: Ints
    closing: Ints
    closed: Ints
    row_tensor: Ints
    row_level: Ints
    row_window: Ints

    @property
    def states(self) -> int:
        return int(self.kind.size)

    @property
    def start(self) -> int:
        return self.states - 1


def build_program(shape: Shape) -> Program:
    return _Builder(shape).program()


@dataclass
class _State:
    kind: int
    level: int = -1
    dimension: int = -1
    finishes: int = -1
    options: tuple[tuple[int, tuple[int, ...]], ...] = ()


class _Builder:
    def __init__(self, shape: Shape) -> None:
        self._shape = shape
        self._levels = len(shape.blocks)
        self._states: list[_State] = []
        self._known: dict[object, int] = {}
        self._rows: dict[tuple[int, int, int], int] = {}

    def program(self) -> Program:
        self._level(0, tuple(() for _ in self._shape.relevant))
        states = self._states
        options = [option for state in states for option in state.options]
        counts = [len(state.options) for state in states]
        return Program(
            kind=np.array([s.kind for s in states], dtype=np.int64),
            level=np.array([s.level for s in states], dtype=np.int64),
            dimension=np.array([s.dimension for s in states], dtype=np.int64),
            finishes=np.array([s.finishes for s in states], dtype=np.int64),
            first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            target=np.array([target for target, _ in options], dtype=np.int64),
            closing=np.concatenate([[0], np.cumsum([len(c) for _, c in options])]).astype(np.int64),
            closed=np.array([q for _, closes in options for q in closes], dtype=np.int64),
            row_tensor=np.array([t for t, _, _ in self._rows], dtype=np.int64),
            row_level=np.array([level for _, level, _ in self._rows], dtype=np.int64),
            row_window=np.array([window for _, _, window in self._rows], dtype=np.int64),
        )

    def _add(self, key: object, state: _State) -> int:
        self._states.append(state)
        self._known[key] = len(self._states) - 1
        return len(self._states) - 1

    def _level(self, level: int, open_: Open) -> int:
        """Everything up to the block of ``level`` is laid."""
        key = ("level", level, open_)
        if key in self._known:
            return self._known[key]
        shape = self._shape
        if level == self._levels:
            option = (-1, self._closing(open_, tuple(range(len(open_))), -1))
            return self._add(key, _State(ALTERNATIVE, finishes=level - 1, options=(option,)))
        opened = tuple((*own, level) if t in shape.opens[level] else own for t, own in enumerate(open_))
        now = tuple(self._row(t, level, -1) for t in shape.immediate[level])
        target = self._segment(level, 0, opened)
        return self._add(key, _State(ALTERNATIVE, finishes=level - 1, options=((target, now),)))

    def _segment(self, level: int, segment: int, open_: Open) -> int:
        """All segments of the block before ``segment`` are laid."""
        segments = self._shape.blocks[level].segments
        if segment == len(segments):
            return self._level(level + 1, open_)
        harmless = self._harmless(segments[segment], open_)
        return self._loops(level, segment, harmless, open_)

    def _loops(self, level: int, segment: int, dimensions: tuple[int, ...], open_: Open) -> int:
        """Loops over ``dimensions``, then the rest of the segment."""
        if not dimensions:
            return self._rest(level, segment, open_)
        key = ("loops", level, segment, dimensions, open_)
        if key in self._known:
            return self._known[key]
        target = self._loops(level, segment, dimensions[1:], open_)
        state = _State(MULTIPLY, level=level, dimension=dimensions[0], options=((target, ()),))
        return self._add(key, state)

    def _rest(self, level: int, segment: int, open_: Open) -> int:
        """The loops of the segment that index no open tensor are laid."""
        dimensions = self._shape.blocks[level].segments[segment]
        harmless = self._harmless(dimensions, open_)
        harmful = [d for d in dimensions if d not in harmless]
        if not harmful:
            return self._segment(level, segment + 1, open_)
        key = ("rest", level, segment, open_)
        if key in self._known:
            return self._known[key]
        options: list[tuple[int, tuple[int, ...]]] = []
        if all(d in self._shape.blocks[level].unit for d in harmful):
            options.append((self._segment(level, segment + 1, open_), ()))
        ways = {self._way(d, open_): d for d in reversed(harmful)}
        for d in ways.values():
            tensors = self._closed_by(d, open_)
            left = tuple(() if t in tensors else own for t, own in enumerate(open_))
            freed = tuple(e for e in self._harmless(dimensions, left) if e not in harmless)
            options.append((self._loops(level, segment, freed, left), self._closing(open_, tensors, d)))
        return self._add(key, _State(ALTERNATIVE, options=tuple(options)))

    def _harmless(self, dimensions: tuple[int, ...], open_: Open) -> tuple[int, ...]:
        return tuple(d for d in dimensions if not self._closed_by(d, open_))

    def _closed_by(self, dimension: int, open_: Open) -> tuple[int, ...]:
        relevant = self._shape.relevant
        return tuple(t for t, own in enumerate(open_) if own and dimension in relevant[t])

    def _way(self, dimension: int, open_: Open) -> tuple[tuple[int, int], ...]:
        """Equal for dimensions that close the same tensors at the same cost."""
        return tuple((t, self._window(t, dimension)) for t in self._closed_by(dimension, open_))

    def _window(self, tensor: int, dimension: int) -> int:
        return dimension if dimension in self._shape.windows[tensor] else -1

    def _closing(self, open_: Open, tensors: tuple[int, ...], dimension: int) -> tuple[int, ...]:
        """The rows of the open boundaries of ``tensors``, closed by a loop over ``dimension``."""
        return tuple(self._row(t, level, self._window(t, dimension)) for t in tensors for level in open_[t])

    def _row(self, tensor: int, level: int, window: int) -> int:
        return self._rows.setdefault((tensor, level, window), len(self._rows))
