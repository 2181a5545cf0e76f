"""Temporal reuse: how many words of a tile are new at each of its visits.

A tile (the working set of a storage level) is visited once for every iteration of the loops outside it.
At each visit the words that it already held at its previous visit need not be fetched again, but only as
long as it moves steadily: a movement that differs from the remembered one makes the whole tile be fetched
and is forgotten. Source: Timeloop nest-analysis.cpp (ComputeDeltas), workload/shape-models/
operation-space.cpp (SaveAndSubtractIfSameStride). Perfect nests have a closed form (``steady_deltas.py``);
this walk serves the imperfect ones.

The visits form a tree over the outer loops with two to four simulated iterations per loop. Subtrees that
start in the same situation (same loop, same context, same relative position of the previous visit, same
remembered movement) are walked once and their result is reused, so the cost grows with the number of
loops and not with two to its power.
"""

from __future__ import annotations

from typing import NamedTuple

from harness.model.geometry import (
    Vector,
    box_difference,
    box_size,
    canonical,
    difference,
    shifted,
    shifted_box,
    translation,
)
from harness.model.loop_nest import Context
from harness.model.working_sets import WorkingSets

Ends = tuple[int, ...]


class Change(NamedTuple):
    """What a visit of a tile asks of its parent.

    ``words`` are new. For a parent with a spatial block: ``ends`` are the iterations of its spatial loops
    (inner to outer) at this visit and ``previous_ends`` at the previous one; ``moved`` is the movement of
    the new words since the previous visit, None when they are not a mere translation of the words that
    were new then (nothing that a neighbour could pass on).
    """

    words: int
    ends: Ends = ()
    previous_ends: Ends = ()
    moved: Vector | None = None


Changes = dict[Change, int]
"""How often each kind of change happens."""

_Piece = tuple[int, Vector]
"""New words: an identity of their shape (-1: none) and where they start, relative to the tile."""

_State = tuple[Vector, Context, Vector | None, _Piece, Ends] | None
"""Of the previous visit: position, context, remembered movement, new words, ends. None before the first."""

_NOTHING: _Piece = (-1, ())


class TileWalk:
    """Walks all visits of one tile: level ``level`` of the nest (-1: the operand of one operation).

    ``reuse`` False fetches the whole tile at every visit. ``linked`` False leaves out what only link
    transfers need.
    """

    def __init__(self, sets: WorkingSets, level: int, reuse: bool, linked: bool) -> None:
        nest = sets.nest
        self._sets = sets
        self._nest = nest
        self._level = level
        self._reuse = reuse
        self._linked = linked
        self._steps = sets.steps
        self._moves = [any(step) for step in self._steps]
        parent = nest.loops[level + 1].storage
        self._spatial_parent = nest.spatial_count[parent] > 0
        self._master = nest.first[parent] + nest.spatial_count[parent] - 1
        self._origin: Vector = (0,) * len(sets.tensor.ranks)
        self._memo: dict[tuple[int, Context, _State], tuple[Changes, _State]] = {}
        self._pieces: dict[tuple[Context, Context, Vector] | Context, tuple[int, _Piece]] = {}
        self._shapes: dict[object, int] = {}

    def changes(self) -> Changes:
        """All changes that the parent serves, with the number of times each happens."""
        outermost = len(self._nest.loops) - 1
        return self._walk(outermost, self._nest.outermost_context, None)[0]

    def _walk(self, loop: int, context: Context, state: _State) -> tuple[Changes, _State]:
        """Walk one run of the loops from ``loop`` inwards. Positions are relative to its start."""
        key = (loop, context, state)
        known = self._memo.get(key)
        if known is not None:
            return known
        result = self._walk_anew(loop, context, state)
        self._memo[key] = result
        return result

    def _walk_anew(self, loop: int, context: Context, state: _State) -> tuple[Changes, _State]:
        nest = self._nest
        if loop == self._level:
            return self._visit(context, (), state)
        if self._spatial_parent and loop == self._master:
            ends = []
            for level in range(self._master, self._level, -1):
                ends.append(nest.iterations(level, context))
                context = nest.inside(level, 0, context)
            return self._visit(context, tuple(reversed(ends)), state)
        if nest.loops[loop].spatial:
            return self._walk(loop - 1, nest.inside(loop, 0, context), state)
        direct_parent = loop == self._level + 1
        total: Changes = {}
        position = 0
        for visit in nest.visits(loop, context):
            if self._moves[loop] and state is not None and visit.index != position:
                by = tuple([(position - visit.index) * s for s in self._steps[loop]])
                state = (shifted(state[0], by), *state[1:])
            position = visit.index
            part, state = self._walk(loop - 1, nest.inside(loop, visit.index, context), state)
            weight = visit.counted if direct_parent else visit.epochs
            if weight:
                for change, times in part.items():
                    total[change] = total.get(change, 0) + weight * times
        if self._moves[loop] and state is not None and position:
            by = tuple([position * s for s in self._steps[loop]])
            state = (shifted(state[0], by), *state[1:])
        return total, state

    def _visit(self, context: Context, ends: Ends, state: _State) -> tuple[Changes, _State]:
        if state is None:
            words, piece = self._whole(context)
            return {self._change(words, ends, (), None): 1}, self._after(context, None, piece, ends)
        previous, previous_context, remembered, previous_piece, previous_ends = state
        if not self._reuse:
            words, piece = self._whole(context)
        else:
            moved = translation(
                shifted_box(self._sets.box(self._level, previous_context), previous),
                self._sets.box(self._level, context),
            )
            if not any(moved):
                words, piece = self._new_part(context, previous_context, previous)
            elif remembered is None or remembered == moved:
                words, piece = self._new_part(context, previous_context, previous)
                remembered = moved
            else:
                words, piece = self._whole(context)
                remembered = None
        moved_words = None
        if self._linked and piece[0] >= 0 and piece[0] == previous_piece[0]:
            moved_words = difference(piece[1], shifted(previous, previous_piece[1]))
        change = self._change(words, ends, previous_ends, moved_words)
        return {change: 1}, self._after(context, remembered, piece, ends)

    def _change(self, words: int, ends: Ends, previous_ends: Ends, moved: Vector | None) -> Change:
        if moved is None:
            return Change(words, ends)
        return Change(words, ends, previous_ends, moved)

    def _after(self, context: Context, remembered: Vector | None, piece: _Piece, ends: Ends) -> _State:
        if not self._linked:
            return self._origin, context, remembered, _NOTHING, ()
        return self._origin, context, remembered, piece, ends

    def _whole(self, context: Context) -> tuple[int, _Piece]:
        """All words of the tile."""
        found = self._pieces.get(context)
        if found is None:
            box = self._sets.box(self._level, context)
            found = box_size(box), self._piece((box,))
            self._pieces[context] = found
        return found

    def _new_part(self, context: Context, previous_context: Context, previous: Vector) -> tuple[int, _Piece]:
        """The words of the tile that it did not hold at the previous visit."""
        key = (context, previous_context, previous)
        found = self._pieces.get(key)
        if found is None:
            before = shifted_box(self._sets.box(self._level, previous_context), previous)
            boxes = box_difference(self._sets.box(self._level, context), before)
            found = sum(map(box_size, boxes)), self._piece(boxes)
            self._pieces[key] = found
        return found

    def _piece(self, boxes: tuple[tuple[Vector, Vector], ...]) -> _Piece:
        if not self._linked or not boxes:
            return _NOTHING
        shape, anchor = canonical(boxes)
        return self._shapes.setdefault(shape, len(self._shapes)), anchor
