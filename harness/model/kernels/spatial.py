"""How the instances below one spatial block share data: groups, hops, and neighbours in the same group.

The children of a level stand on a mesh. Instances that need the same words form a group; one access
serves a group (multicast). Timeloop numbers the instances ``y * X + x`` with the *logical* width ``X`` and
wraps this number on the *physical* width (src/loop-analysis/nest-analysis.cpp, multicast and link-transfer
sections), so hops and neighbourhood depend on the whole block and not only on its size. All of it is a
function of the block alone, not of tile sizes or loop counts: a :class:`SharingPattern` is computed once
per distinct block and tensor and then reused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SpatialLoop = tuple[bool, str, int]
"""(relevant to the tensor, axis "X" or "Y", factor), from the innermost loop; X loops before Y loops."""


@dataclass(frozen=True, slots=True)
class GroupRecord:
    """``groups`` groups of ``multicast`` instances each.

    ``hops`` and ``unicast_hops`` are summed over the groups (multiples of a half, hence exact).
    """

    multicast: int
    groups: int
    hops: float
    unicast_hops: float


@dataclass(frozen=True, slots=True)
class SharingPattern:
    """The groups of one block for one tensor.

    ``fresh`` is what an invocation with new data costs the parent. ``repeated`` is what an invocation with
    the *same* data as the one before costs, when the children drop their data in between and neighbours
    may pass it on: the instances that have no neighbour in their own group still need the parent, and
    ``linked`` instances are served by a link. Without any saving ``linked`` is 0, ``repeated`` is ``fresh``.
    """

    fresh: GroupRecord
    repeated: tuple[GroupRecord, ...]
    linked: int


def sharing_pattern(
    loops: tuple[SpatialLoop, ...],
    physical: tuple[int, int],
    multicast_allowed: bool = True,
    links_allowed: bool = True,
) -> SharingPattern:
    """The pattern of a spatial block. ``physical`` is the (X, Y) fan-out of the hardware."""
    width_used = math.prod(size for _, axis, size in loops if axis == "X")
    height_used = math.prod(size for _, axis, size in loops if axis == "Y")
    width = max(physical[0], width_used)
    height = max(physical[1], height_used)
    identity = np.arange(width_used * height_used, dtype=np.int64)
    if identity.size == 1:
        # Without a spatial loop there is no mesh to cross, wherever the only child may stand.
        alone = GroupRecord(1, 1, 0.0, 0.0)
        return SharingPattern(alone, (alone,), 0)
    group = _group_of_instance(loops) if multicast_allowed else identity
    centre = (height - 1) / 2.0
    everyone = np.ones(identity.size, dtype=bool)
    (fresh,) = _records(group, everyone, width, centre)
    if not links_allowed:
        return SharingPattern(fresh, (fresh,), 0)
    same_words = _group_of_instance(loops)
    linked = _has_neighbour_in_group(same_words, width, height)
    repeated = _records(group, ~linked, width, centre)
    # Timeloop adopts links only where they strictly reduce the number of accesses to the parent.
    if sum(r.groups for r in repeated) >= fresh.groups:
        return SharingPattern(fresh, (fresh,), 0)
    return SharingPattern(fresh, repeated, int(linked.sum()))


def _group_of_instance(loops: tuple[SpatialLoop, ...]) -> NDArray[np.int64]:
    """Group number of each linear instance id: the mixed-radix number of its relevant coordinates."""
    instances = math.prod(size for _, _, size in loops)
    ids = np.arange(instances, dtype=np.int64)
    group = np.zeros(instances, dtype=np.int64)
    radix, step = 1, 1
    for relevant, _, size in loops:
        if relevant:
            group += (ids // step) % size * radix
            radix *= size
        step *= size
    return group


def _records(
    group: NDArray[np.int64], selected: NDArray[np.bool_], width: int, centre: float
) -> tuple[GroupRecord, ...]:
    """One record per group size among the selected instances, sizes ascending (Timeloop's map order)."""
    ids = np.flatnonzero(selected)
    if ids.size == 0:
        return ()
    _, member_of = np.unique(group[ids], return_inverse=True)
    groups = int(member_of.max()) + 1
    column, row = ids % width, ids // width
    size = np.bincount(member_of, minlength=groups)

    reach = np.zeros(groups, dtype=np.int64)
    np.maximum.at(reach, member_of, column)
    hops = reach.astype(np.float64)
    # Each column that a group touches is driven from the centre row to its outermost member both ways.
    cell, cell_of = np.unique(member_of * width + column, return_inverse=True)
    lowest = np.full(cell.size, np.iinfo(np.int64).max)
    highest = np.full(cell.size, -1)
    np.minimum.at(lowest, cell_of, row)
    np.maximum.at(highest, cell_of, row)
    vertical = np.maximum(centre - lowest, 0.0) + np.maximum(highest - centre, 0.0)
    np.add.at(hops, cell // width, vertical)
    unicast = np.bincount(member_of, weights=column + np.abs(row - centre), minlength=groups)

    records = []
    for multicast in np.unique(size):
        chosen = size == multicast
        records.append(
            GroupRecord(
                multicast=int(multicast),
                groups=int(chosen.sum()),
                hops=float(hops[chosen].sum()),
                unicast_hops=float(unicast[chosen].sum()),
            )
        )
    return tuple(records)


def _has_neighbour_in_group(group: NDArray[np.int64], width: int, height: int) -> NDArray[np.bool_]:
    """Whether an instance has a mesh neighbour (left, right, up, down; no wrap-around) in its own group."""
    places = np.full(width * height, -1, dtype=np.int64)
    places[: group.size] = group
    mesh = places.reshape(height, width)
    found = np.zeros_like(mesh, dtype=bool)
    along_row = mesh[:, 1:] == mesh[:, :-1]
    found[:, 1:] |= along_row
    found[:, :-1] |= along_row
    along_column = mesh[1:, :] == mesh[:-1, :]
    found[1:, :] |= along_column
    found[:-1, :] |= along_column
    return found.reshape(-1)[: group.size]
