"""Bounds of all spatial choices and bypass masks at once: which deserve a closer look, in what order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.search.optimal.choices import SpatialChoice
from harness.search.optimal.costs import Floats, Job, patterns_of, transfer_prices
from harness.search.optimal.kernel import kernel, shared
from harness.search.optimal.terms import (
    FIXED,
    NOTHING,
    Placement,
    empty_terms,
    energy_of,
    least_window_words,
    load_of,
    tensor_terms,
)


@dataclass(frozen=True)
class Choices:
    """Spatial choices as arrays: ``spatial`` [S, L, D], ``iterations`` [S], ``leak`` [S] pJ per cycle of the
    whole machine; ``patterns`` and ``transfer`` with a leading axis of S, or 1 where they are all alike."""

    listed: list[SpatialChoice]
    spatial: Floats
    iterations: Floats
    leak: Floats
    patterns: Floats
    transfer: Floats

    def placement(self, number: int, bounds: Floats) -> Placement:
        spatial = self.spatial[number]
        fanout, instances, units = mesh_use(spatial)
        return Placement(
            spatial=spatial,
            fanout=fanout,
            instances=instances,
            units=units,
            iterations=self.iterations[number],
            patterns=self.patterns[number if self.patterns.shape[0] > 1 else 0],
            transfer=self.transfer[number if self.transfer.shape[0] > 1 else 0],
            bounds=bounds,
        )


def arrays_of(job: Job, listed: list[SpatialChoice]) -> Choices:
    dimensions = len(job.index.active)
    spatial = np.array([c.factors for c in listed], dtype=np.float64).reshape(
        len(listed), job.levels, dimensions
    )
    extents = np.array([c.extents for c in listed], dtype=np.float64).reshape(len(listed), dimensions)
    several = any(job.machine.networks) and any(price.size for price in [transfer_prices(job, listed[0])])
    return Choices(
        listed=listed,
        spatial=spatial,
        iterations=extents.prod(axis=1),
        leak=_leak(job, spatial),
        patterns=(
            np.stack([patterns_of(job, c) for c in listed])
            if job.layout_matters
            else patterns_of(job, listed[0])[None]
        ),
        transfer=(
            np.stack([transfer_prices(job, c) for c in listed])
            if several
            else transfer_prices(job, listed[0])[None]
        ),
    )


def _leak(job: Job, spatial: Floats) -> Floats:
    """[S]: pJ per cycle. A power gate upstream keeps its whole group awake."""
    fanout = spatial.prod(axis=2)
    instances = np.ones((fanout.shape[0], fanout.shape[1] + 1))
    instances[:, :-1] = np.cumprod(fanout[:, ::-1], axis=1)[:, ::-1]
    total: Floats = job.machine.compute_leak_pj * instances[:, 0]
    for number, level in enumerate(job.machine.levels):
        if level.leak_pj == 0.0:
            continue
        awake = instances[:, number + 1]
        if level.gate_sharing > 1.0:
            awake = level.gate_sharing * instances[:, level.gate + 1]
        total = total + level.leak_pj * awake
    return total


@shared
def mesh_use(spatial):  # type: ignore[no-untyped-def]
    """(fan-out in use of each level, instances in use of each level, units in use)."""
    levels = spatial.shape[0]
    fanout = np.ones(levels)
    instances = np.ones(levels)
    units = 1.0
    for level in range(levels - 1, -1, -1):
        instances[level] = units
        for d in range(spatial.shape[1]):
            fanout[level] *= spatial[level, d]
        units *= fanout[level]
    return fanout, instances, units


@dataclass(frozen=True)
class Bounds:
    """Of every spatial choice and mask of a tensor: ``energy`` [S, T, masks] pJ, ``loads`` [S, T, masks, J]
    words, each at the longest run there is and without regard to capacities; ``floor_only`` [S, T, masks].
    """

    energy: Floats
    loads: Floats
    floor_only: NDArray[np.bool_]


def bounds_of(
    job: Job,
    choices: Choices,
    masks: NDArray[np.bool_],
    counts: NDArray[np.int64],
    limited: NDArray[np.int64],
) -> Bounds:
    """``masks`` [T, most, L] with ``counts`` [T] valid ones; ``limited`` [J, 2]: level and kind."""
    bounds = np.array([float(job.space.problem.bounds[d]) for d in job.index.active])
    energy, loads, floor_only = _bounds(
        choices.spatial,
        choices.iterations,
        choices.patterns,
        choices.transfer,
        bounds,
        masks,
        counts,
        limited,
        job.prices,
        empty_terms(job.tensors, job.levels),
    )
    return Bounds(energy, loads, floor_only)


@kernel
def _bounds(spatial, iterations, patterns, transfer, bounds, masks, counts, limited, prices, terms):  # type: ignore[no-untyped-def]
    choices, levels = spatial.shape[0], spatial.shape[1]
    tensors, most = masks.shape[0], masks.shape[1]
    energy = np.zeros((choices, tensors, most))
    loads = np.zeros((choices, tensors, most, limited.shape[0]))
    floor_only = np.zeros((choices, tensors, most), dtype=np.bool_)
    for s in range(choices):
        fanout, instances, units = mesh_use(spatial[s])
        placement = Placement(
            spatial[s],
            fanout,
            instances,
            units,
            iterations[s],
            patterns[s if patterns.shape[0] > 1 else 0],
            transfer[s if transfer.shape[0] > 1 else 0],
            bounds,
        )
        for t in range(tensors):
            longest = 1.0
            for d in range(bounds.size):
                if not prices.relevant[t, d]:
                    longest *= bounds[d]
                    for level in range(levels):
                        longest /= spatial[s, level, d]
            for m in range(counts[t]):
                tensor_terms(t, masks[t, m], prices, placement, terms)
                floor_only[s, t, m] = terms.floor_only[t]
                total = terms.fixed[t]
                for b in range(levels):
                    if terms.mode[t, b] == NOTHING:
                        continue
                    whole = iterations[s] * terms.spread[t, b]
                    words = whole if terms.mode[t, b] == FIXED else whole / longest
                    if prices.slides[t] and terms.mode[t, b] != FIXED:
                        words = least_window_words(t, b, prices, placement)
                    total += energy_of(t, b, words, prices, placement, terms)
                    for j in range(limited.shape[0]):
                        loads[s, t, m, j] += load_of(t, b, words, limited[j, 0], limited[j, 1], prices, terms)
                energy[s, t, m] = total
    return energy, loads, floor_only


def combinations_of(counts: tuple[int, ...]) -> NDArray[np.int64]:
    """All ways to take one mask of each tensor: [combinations, T]."""
    grids = np.indices(counts).reshape(len(counts), -1).T
    return np.ascontiguousarray(grids, dtype=np.int64)
