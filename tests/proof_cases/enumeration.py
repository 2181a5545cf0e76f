"""Every mapping of a map space as arrays, written without the code of the searches.

A row is one mapping whose layout fits the fan-outs and the demanded parallelism; those that do not fit are
left out. Mappings that differ in the place of unit loops only are one row. All rows of one factorisation come
from products of its levels' orders and split points.

Pruning loses mappings in one case. Where the hardware fans out along Y only and the user gives neither an
order nor a split, the pruned space keeps the problem's order of the loops but counts its split points as if
the unit loops stood in front, as Timeloop's does. Loops that must lie along Y then mostly cannot; without
pruning (``exhaustive``) they can.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness.mapspace import MapSpace, SubSpace
from harness.model.kernels import SLOTS_PER_LEVEL, SPATIAL_X, SPATIAL_Y, TEMPORAL, Batch, Directives

Array = NDArray[Any]
Block = tuple[Array, Array, Array, Array]
"""Factors, temporal orders, spatial orders and bypass masks of some mappings."""

ROWS = 8192
"""Mappings gathered before they are handed on."""


def enumerate_batches(space: MapSpace, pruned: bool) -> Iterator[Batch]:
    """All mappings that can be laid out, in parts; with ``pruned`` only those that the pruned space has."""
    maker = _Maker(space, pruned)
    pending: list[Block] = []
    count = 0
    for factorization in range(space.sizes.index_factorization):
        block = maker.block(factorization)
        if block is not None:
            pending.append(block)
            count += len(block[0])
        if count >= ROWS:
            yield maker.batch(pending)
            pending, count = [], 0
    if pending:
        yield maker.batch(pending)


class _Maker:
    def __init__(self, space: MapSpace, pruned: bool) -> None:
        self._space = space
        self._pruned = pruned
        self._temporal = [k for k, level in enumerate(space.levels) if not level.spatial]
        names = [ds.name for ds in space.problem.data_spaces]
        masks = range(space.sizes.datatype_bypass)
        self._keep = np.array([[[n in kept for n in names] for kept in space.keep(m)] for m in masks])
        first = space.mapping(space.subspace(0), 0, 0, 0)
        self._directives = Directives.of(first, space.problem)

    def batch(self, blocks: list[Block]) -> Batch:
        factors, orders, spatial_orders, masks = (np.concatenate(c) for c in zip(*blocks, strict=True))
        return Batch(factors, orders, self._keep[masks], spatial_orders, self._directives)

    def block(self, factorization: int) -> Block | None:
        """The mappings of one factorisation; None if none of them can be laid out."""
        space, subspace = self._space, self._space.subspace(factorization)
        sizes = [orders.size for orders in subspace.orders]
        strides = np.cumprod([1, *sizes])
        permutations, splits = np.meshgrid(
            np.arange(subspace.permutation_size), np.arange(subspace.spatial_size), indexing="ij"
        )
        permutations, splits = permutations.ravel(), splits.ravel()
        count, depth = len(permutations), len(space.problem.dimensions)
        storages = len(self._temporal)
        factors = np.ones((count, SLOTS_PER_LEVEL * storages, depth), dtype=np.int64)
        orders = np.empty((count, storages, depth), dtype=np.int8)
        spatial_orders = np.empty((count, storages, depth), dtype=np.int8)
        spatial_orders[:] = np.arange(depth)
        fits = np.ones(count, dtype=bool)
        used = np.ones(count)
        spatial_place = 0
        split_stride = 1
        for storage, k in enumerate(self._temporal):
            level_orders = _orders(subspace, k)
            digits = permutations // strides[k] % sizes[k]
            orders[:, storage] = level_orders[digits]
            factors[:, SLOTS_PER_LEVEL * storage + TEMPORAL] = [f for f, _ in subspace.factors[k]]
            if k == 0 or not space.levels[k - 1].spatial:
                continue
            level = space.levels[k - 1]
            level_orders = _orders(subspace, k - 1)
            digits = permutations // strides[k - 1] % sizes[k - 1]
            size = subspace.split_sizes[spatial_place]
            split = splits // split_stride % size
            given = level.constraint.split
            if given is not None:
                split = np.full(count, given)
            elif not self._pruned and splits_are_lost(space, k - 1):
                fits &= split == 0  # All along Y; the other split points would only repeat it.
            else:
                split = split + len(subspace.factors[k - 1]) + 1 - size
            spatial_place, split_stride = spatial_place + 1, split_stride * size
            order = level_orders[digits]
            spatial_orders[:, storage] = order
            iterations = np.array([f for f, _ in subspace.factors[k - 1]])
            along_x = np.empty((count, depth), dtype=bool)
            np.put_along_axis(along_x, order.astype(np.intp), np.arange(depth) < split[:, None], axis=1)
            x, y = np.where(along_x, iterations, 1), np.where(along_x, 1, iterations)
            factors[:, SLOTS_PER_LEVEL * storage + SPATIAL_X] = x
            factors[:, SLOTS_PER_LEVEL * storage + SPATIAL_Y] = y
            fits &= (x.prod(axis=1) <= level.fanout_x) & (y.prod(axis=1) <= level.fanout_y)
            used *= iterations.prod() / (level.fanout_x * level.fanout_y)
        least = space.constraints.min_parallelism
        if least is not None:
            fits &= used >= least
        chosen = np.flatnonzero(fits)
        if not chosen.size:
            return None
        masks = len(self._keep)
        chosen = np.repeat(chosen, masks)
        mask = np.tile(np.arange(masks), len(chosen) // masks)
        return factors[chosen], orders[chosen], spatial_orders[chosen], mask


def _orders(subspace: SubSpace, k: int) -> Array:
    """Orders [size, D] of one tiling level."""
    orders = subspace.orders[k]
    return np.array([orders.order(digit) for digit in range(orders.size)], dtype=np.int8)


def has_one_order(space: MapSpace, k: int) -> bool:
    """Whether the space permutes no loops of tiling level ``k``: the order there has no consequence."""
    level = space.levels[k]
    if not level.spatial:
        return k == 0
    constraint = level.constraint
    return not constraint.prefix and not constraint.suffix and not level.two_dimensional


def splits_are_lost(space: MapSpace, k: int) -> bool:
    """Whether pruning loses split points of tiling level ``k``, all of whose loops must lie along Y."""
    level = space.levels[k]
    free = level.constraint.split is None and has_one_order(space, k)
    return level.spatial and level.fanout_x == 1 and free
