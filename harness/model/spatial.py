"""One fan-out: which instances want the same words, how far they travel, what neighbours pass on.

The instances of a spatial block are numbered with the outer loops more significant; instance ``i`` wants
the words of instance 0 moved by its offset. Instances with equal offsets form a multicast group.
Instances sit on the physical array in the order of their numbers, ``width`` to a row. Words enter in the
middle of the left edge, run along the row and then along columns. Source: Timeloop nest-analysis.cpp
(FillSpatialDeltas, ComputeAccurateMulticastedAccesses, ComputeNetworkLinkTransfers).
"""

from __future__ import annotations

from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.model.geometry import Vector

Integers = NDArray[np.int64]

_LARGEST_KEY = 2**62


class FanOut(NamedTuple):
    """A spatial block as one tensor sees it. ``steps``: offsets of its loops, inner to outer."""

    steps: tuple[Vector, ...]
    width: int
    height: int
    multicast: bool


class Groups(NamedTuple):
    """All groups with the same number of members: ``scatter`` groups of ``multicast`` instances.

    ``hops`` and ``unicast_hops`` are summed over the groups: one word to each group, by multicast or to
    each member on its own.
    """

    multicast: int
    scatter: int
    hops: float
    unicast_hops: float


class Links(NamedTuple):
    """What neighbours pass on: to how many instances, and the groups that remain for the parent."""

    served: int
    groups: tuple[Groups, ...]


@lru_cache(maxsize=8192)
def multicast_groups(fan_out: FanOut, ends: tuple[int, ...]) -> tuple[Groups, ...]:
    """The groups of all instances, by increasing multicast."""
    return _all_groups(fan_out._replace(steps=_simplest(fan_out.steps, ends)), ends)


@lru_cache(maxsize=8192)
def _all_groups(fan_out: FanOut, ends: tuple[int, ...]) -> tuple[Groups, ...]:
    return _grouped(fan_out, ends, np.arange(prod(ends), dtype=np.int64))


def _simplest(steps: tuple[Vector, ...], ends: tuple[int, ...]) -> tuple[Vector, ...]:
    """Steps that give the same groups; where loops cannot cancel each other, only which ones move counts.

    Loops do not cancel when each moves along one rank and, in each rank, further than all shorter ones
    together.
    """
    by_rank: dict[int, list[tuple[int, int]]] = {}
    for step, end in zip(steps, ends, strict=True):
        moving = [rank for rank, by in enumerate(step) if by]
        if len(moving) > 1:
            return steps
        if moving and end > 1:
            by_rank.setdefault(moving[0], []).append((abs(step[moving[0]]), end))
    for loops in by_rank.values():
        reach = 0
        for by, end in sorted(loops):
            if by <= reach:
                return steps
            reach += by * (end - 1)
    simple: list[Vector] = []
    stride = 1
    for step, end in zip(steps, ends, strict=True):
        simple.append((stride if any(step) else 0,))
        stride *= end
    return tuple(simple)


def link_transfers(
    fan_out: FanOut, ends: tuple[int, ...], previous_ends: tuple[int, ...], moved: Vector
) -> Links | None:
    """What neighbours can pass on when the wanted words moved by ``moved`` since the previous visit.

    Instance ``i`` now wants what its neighbour ``n`` was given before when offset(n) - offset(i) = moved.
    None when that does not reduce the number of groups that the parent serves.
    """
    if ends == previous_ends and moved not in neighbour_offsets(fan_out.steps, fan_out.width, ends):
        return None
    return _link_transfers(fan_out, ends, previous_ends, moved)


@lru_cache(maxsize=8192)
def neighbour_offsets(steps: tuple[Vector, ...], width: int, ends: tuple[int, ...]) -> frozenset[Vector]:
    """All offset(n) - offset(i) that neighbours in a row or in a column can have (and perhaps more)."""
    forward = _offsets_at_distance(steps, ends, 1)
    if width < prod(ends):
        forward |= _offsets_at_distance(steps, ends, width)
    return frozenset(forward | {tuple([-x for x in offset]) for offset in forward})


def _offsets_at_distance(steps: tuple[Vector, ...], ends: tuple[int, ...], distance: int) -> set[Vector]:
    """The differences of the offsets of instances whose numbers differ by ``distance``.

    The numbers are added loop by loop like digits; where the sum can but need not exceed a digit, both
    cases are followed.
    """
    found: list[tuple[Vector, int]] = [((0,) * len(steps[0]), 0)]
    for step, end in zip(steps, ends, strict=True):
        distance, digit = divmod(distance, end)
        further = []
        for offset, carry in found:
            added = digit + carry
            if added < end:
                further.append((tuple([x + added * s for x, s in zip(offset, step, strict=True)]), 0))
            if added:
                back = added - end
                further.append((tuple([x + back * s for x, s in zip(offset, step, strict=True)]), 1))
        found = further
    return {offset for offset, carry in found if not carry}


@lru_cache(maxsize=8192)
def _link_transfers(
    fan_out: FanOut, ends: tuple[int, ...], previous_ends: tuple[int, ...], moved: Vector
) -> Links | None:
    offsets = _offsets(fan_out.steps, ends)
    before = offsets if ends == previous_ends else _offsets(fan_out.steps, previous_ends)
    numbers = np.arange(len(offsets), dtype=np.int64)
    column = numbers % fan_out.width
    wanted = offsets + np.asarray(moved, dtype=np.int64)
    served = np.zeros(len(offsets), dtype=bool)
    for neighbour, exists in (
        (numbers - 1, column > 0),
        (numbers + 1, column < fan_out.width - 1),
        (numbers - fan_out.width, numbers >= fan_out.width),
        (numbers + fan_out.width, np.ones(len(offsets), dtype=bool)),
    ):
        within = exists & (neighbour >= 0) & (neighbour < len(before))
        candidates = numbers[within]
        equal = (before[neighbour[within]] == wanted[candidates]).all(axis=1)
        served[candidates[equal]] = True
    if not served.any():
        return None
    rest = _grouped(fan_out, ends, numbers[~served])
    if sum(g.scatter for g in rest) >= sum(g.scatter for g in multicast_groups(fan_out, ends)):
        return None
    return Links(int(served.sum()), rest)


def _offsets(steps: tuple[Vector, ...], ends: tuple[int, ...]) -> Integers:
    """Offset of each instance, shape (instances, ranks)."""
    offsets = np.zeros((1, len(steps[0])), dtype=np.int64)
    for step, end in zip(steps, ends, strict=True):
        outer = np.arange(end, dtype=np.int64)[:, None] * np.asarray(step, dtype=np.int64)
        offsets = (outer[:, None, :] + offsets[None, :, :]).reshape(-1, len(step))
    return offsets


def _grouped(fan_out: FanOut, ends: tuple[int, ...], numbers: Integers) -> tuple[Groups, ...]:
    if not len(numbers):
        return ()
    group = _group_of(fan_out, ends, numbers)
    members = np.bincount(group)
    column, row = numbers % fan_out.width, numbers // fan_out.width
    middle = (fan_out.height - 1) / 2

    along_row = np.zeros(len(members), dtype=np.int64)
    np.maximum.at(along_row, group, column)
    # Numbers rise along the rows, so a group's first member in a column is its lowest, the last its highest.
    place = group * fan_out.width + column
    keys, first = np.unique(place, return_index=True)
    last = len(place) - 1 - np.unique(place[::-1], return_index=True)[1]
    along_columns = np.maximum(middle - row[first], 0) + np.maximum(row[last] - middle, 0)
    hops = along_row + np.bincount(keys // fan_out.width, weights=along_columns, minlength=len(members))
    unicast = np.bincount(group, weights=column + np.abs(row - middle))

    result = []
    for multicast in np.unique(members):
        of_this = members == multicast
        result.append(
            Groups(
                int(multicast),
                int(of_this.sum()),
                float(hops[of_this].sum()),
                float(unicast[of_this].sum()),
            )
        )
    return tuple(result)


def _group_of(fan_out: FanOut, ends: tuple[int, ...], numbers: Integers) -> Integers:
    """The group of each instance in ``numbers``, numbered from 0."""
    if not fan_out.multicast:
        return np.arange(len(numbers), dtype=np.int64)
    offsets = _offsets(fan_out.steps, ends)[numbers]
    key = np.zeros(len(numbers), dtype=np.int64)
    for rank in range(offsets.shape[1]):
        values = offsets[:, rank] - offsets[:, rank].min()
        span = int(values.max()) + 1
        if int(key.max()) > _LARGEST_KEY // span:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            values = np.unique(values, return_inverse=True)[1].astype(np.int64)
            span = int(values.max()) + 1
        key = key * span + values
    return np.unique(key, return_inverse=True)[1].astype(np.int64)
