"""What one dimension contributes to visits, tiles, traffic and instances, for each of its factor vectors.

The loops of different dimensions do not know of each other, and a loop runs its residual when the loops of
its own dimension outside it are in their last iteration. Hence, as long as no tensor has sliding windows,
every count of the model is a product over dimensions of the numbers collected here (docs/mapper.md,
"Imperfect factors"). Counts are of the first instance, as in the model: the loops of spatial blocks further
out stand at index 0. Columns are storage levels, innermost first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.mapspace import MapSpace
from harness.search.ruby.vectors import DimensionVectors, Integers

Reals = npt.NDArray[np.float64]


@dataclass(frozen=True)
class DimensionCounts:
    """Arrays of shape (vectors, storage levels) unless said otherwise.

    ``temporal``: product of all temporal factors (vectors,). ``spatial``: the spatial factor of each level.
    ``outside``/``within``: visits of a level's temporal block from outside, and of what is inside it.
    ``shared_outside``/``shared_within``: the same, where a visit with less than all members of the fan-out
    counts for their share; the fan-out is that of the *same* level for ``within`` visits at index [level]
    and has to be looked up by pair: shape (vectors, levels, levels + 1), [fan-out level, block level].
    ``served``: words along this dimension that the children of a level ask for in all its visits.
    ``copies``: average copies of a level; ``addressed``: those of the full factors. ``tile``: the longest
    tile of a level. ``partition``: an upper bound on what passes through one instance.
    ``moves``: shape (vectors, levels + 1), for the tile of level ``c`` at index c + 1 the innermost level
    outside it whose temporal loop always moves (levels: none). ``uneven``: whether the spatial loop is
    imperfect. ``computes``: operations charged to this dimension before they are cut to whole units;
    ``units``: units in use.
    """

    temporal: Reals
    spatial: Reals
    uneven: Reals
    outside: Reals
    within: Reals
    last_outside: Reals
    last_within: Reals
    full_share: Reals
    served: Reals
    copies: Reals
    addressed: Reals
    tile: Reals
    partition: Reals
    moves: Integers
    computes: Reals
    units: Reals


def counts_of(space: MapSpace, vectors: DimensionVectors, bound: int) -> DimensionCounts:
    levels = len(space.architecture.storage)
    rows = len(vectors)
    ends_t, residuals_t = np.ones((rows, levels)), np.ones((rows, levels))
    ends_s, residuals_s = np.ones((rows, levels)), np.ones((rows, levels))
    for k, level in enumerate(space.levels):
        ends, residuals = (ends_s, residuals_s) if level.spatial else (ends_t, residuals_t)
        ends[:, level.storage] = vectors.ends[:, k]
        residuals[:, level.storage] = vectors.residuals[:, k]

    shape = (rows, levels)
    outside, within = np.ones(shape), np.ones(shape)
    last_outside, last_within = np.ones(shape), np.ones(shape)
    copies, addressed = np.ones(shape), np.ones(shape)
    # Visits that are not, and that are, in the last iteration of everything outside.
    going, last = np.zeros(rows), np.ones(rows)
    all_outside = np.ones(rows)
    average, product = np.ones(rows), np.ones(rows)
    for s in reversed(range(levels)):
        copies[:, s], addressed[:, s] = average, product
        outside[:, s], last_outside[:, s] = going + last, last
        e, r = ends_t[:, s], residuals_t[:, s]
        going = going * e + last * (r - 1)
        all_outside = r + e * (all_outside - 1)
        within[:, s], last_within[:, s] = going + last, last
        e, r = ends_s[:, s], residuals_s[:, s]
        average = average * np.where(e == r, e, (r + e * (all_outside - 1)) / all_outside)
        product = product * e
        all_outside = r + e * (all_outside - 1)
        going, last = going + last * (r > 1), last * (r == 1)

    full, rest = np.ones((rows, levels + 1)), np.ones((rows, levels + 1))
    span, span_rest = np.ones(shape), np.ones(shape)
    stride, extent = np.ones(rows), np.ones(rows)
    for s in range(levels):
        for e_of, r_of, spatial in ((ends_s, residuals_s, True), (ends_t, residuals_t, False)):
            extent = extent + stride * (r_of[:, s] - 1)
            stride = stride * e_of[:, s]
            if spatial:
                span[:, s], span_rest[:, s] = stride, extent
        full[:, s + 1], rest[:, s + 1] = stride, extent
    going_within = within - last_within
    # The tiles of level s - 1 that the children of level s hold at one visit, with their number.
    last_child = np.where(residuals_s > 1, full[:, :-1], rest[:, :-1])
    served = going_within * ends_s * full[:, :-1] + last_within * residuals_s * last_child
    tile = np.where(outside - last_outside > 0, full[:, 1:], rest[:, 1:])
    partition = np.full(shape, float(bound))
    for s in reversed(range(levels - 1)):
        parent = np.where(going_within[:, s + 1] > 0, span[:, s + 1], span_rest[:, s + 1])
        ratio = np.where(ends_s[:, s + 1] > 1, tile[:, s] / parent, 1.0)
        partition[:, s] = partition[:, s + 1] * ratio
    blocks = np.where(going_within[:, 0] > 0, ends_s[:, 0], residuals_s[:, 0])
    operations = going_within[:, 0] * ends_s[:, 0] + last_within[:, 0] * residuals_s[:, 0]
    moves = np.full((rows, levels + 1), levels, dtype=np.int64)
    for s in reversed(range(levels)):
        moves[:, s] = np.where(residuals_t[:, s] > 1, s, moves[:, s + 1])
    units = copies[:, 0] * ends_s[:, 0]
    return DimensionCounts(
        temporal=ends_t.prod(axis=1),
        spatial=ends_s,
        uneven=(ends_s != residuals_s).astype(np.float64),
        outside=outside,
        within=within,
        last_outside=last_outside,
        last_within=last_within,
        full_share=residuals_s / ends_s,
        served=served,
        copies=copies,
        addressed=addressed,
        tile=tile,
        partition=partition,
        moves=moves,
        computes=operations / blocks * units,
        units=units,
    )
