"""Temporal reuse of perfect nests in closed form: the same answer as the walk of ``deltas.py``.

In a perfect nest all visits of a tile have the same shape, so a visit is known by the loop that advanced
(all repeating loops inside it started again). When loop ``j`` advances, the tile moves by

    move[j] = step[j] - (sum of the steps of the repeating loops inside j)

because the reference simulates one iteration for all further ones of a loop and jumps back from there. The
innermost loop that moves the tile (the *steady* one) advances before and after every other, so its
movement is the remembered one whenever another loop advances. Hence, for each advance:

- it does not move: nothing is new (and a neighbour has nothing to pass on next time);
- it moves as the steady loop does: only the words beyond the overlap are new;
- it moves otherwise: the whole tile is fetched.
"""

from __future__ import annotations

from math import prod
from typing import NamedTuple

from harness.model.geometry import Vector, difference, shifted
from harness.model.working_sets import WorkingSets


class Request(NamedTuple):
    """Words that a tile asks of its parent, summed over all visits of a kind; ``moved`` as in Change."""

    words: int
    moved: Vector | None = None


def steady_requests(sets: WorkingSets, storage: int, reuse: bool, linked: bool) -> list[Request]:
    """What the tile inside storage level ``storage`` asks of it.

    ``reuse`` and ``linked`` as for TileWalk. The tile below storage level 0 is the operand of one operation.
    """
    nest = sets.nest
    lengths = sets.lengths(nest.boundary[storage - 1] if storage else -1)
    size = prod(lengths)
    start = nest.first_repeat[storage]
    if not reuse:
        return _all_fetched(sets, size, start, linked)
    first_moving = _first_moving(sets, start)
    if first_moving is None:
        return [Request(size)]
    neighbours = linked and first_moving == start
    if not neighbours and not sets.tensor.sliding:
        # Tiles do not overlap and no loop moves back to where the tile was: each advance fetches everything.
        return [Request(size * nest.visits_outside(first_moving))]
    return _overlapping(sets, lengths, first_moving, neighbours)


def _first_moving(sets: WorkingSets, start: int) -> int | None:
    moving = sets.tensor.moving
    repeats = sets.nest.repeats
    for number in range(start, len(repeats)):
        if moving[repeats[number].dimension]:
            return number
    return None


def _all_fetched(sets: WorkingSets, size: int, start: int, linked: bool) -> list[Request]:
    if not linked:
        return [Request(size * sets.nest.visits_outside(start))]
    requests = [Request(size)]
    reach: Vector = (0,) * len(sets.tensor.ranks)
    for number in range(start, len(sets.nest.repeats)):
        step = sets.repeat_steps[number]
        requests.append(Request(size * sets.nest.repeats[number].again, difference(step, reach)))
        reach = shifted(reach, step)
    return requests


def _overlapping(sets: WorkingSets, lengths: list[int], first_moving: int, neighbours: bool) -> list[Request]:
    """``neighbours``: whether the words of an advance can be those that a neighbour got just before."""
    repeats, steps = sets.nest.repeats, sets.repeat_steps
    size = prod(lengths)
    steady = steps[first_moving]
    fresh = size - prod([max(length - abs(by), 0) for length, by in zip(lengths, steady, strict=True)])
    comparable = neighbours and fresh == size
    requests: list[Request] = []
    after_whole, after_fresh, after_nothing = 1, 0, 0
    whole = size
    reach = steady
    for number in range(first_moving + 1, len(repeats)):
        step, again = steps[number], repeats[number].again
        moved = difference(step, reach)
        reach = shifted(reach, step)
        if moved == steady:
            after_fresh += again
            requests.append(Request(fresh * again, steady if neighbours else None))
        elif not any(moved):
            after_nothing += again
        else:
            after_whole += again
            if comparable:
                requests.append(Request(size * again, moved))
            else:
                whole += size * again
    # The steady loop starts again after each other advance; what was new then decides what is comparable.
    advances = repeats[first_moving].factor - 1
    requests.append(Request(fresh * advances * after_whole, steady if comparable else None))
    requests.append(Request(fresh * advances * after_fresh, steady if neighbours else None))
    requests.append(Request(whole + fresh * advances * after_nothing))
    return requests
