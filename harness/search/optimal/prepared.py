"""A map space made ready for proofs: what does not depend on the objective."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.search.optimal.ceilings import closer_bounds
from harness.search.optimal.choices import FactorRules, block_orders, bypass_masks, spatial_choices
from harness.search.optimal.cost_to_go import Grid, run_tables
from harness.search.optimal.costs import Floats, Job, job_of
from harness.search.optimal.lattice import Lattice, divisors, lattice
from harness.search.optimal.opening import (
    Bounds,
    Choices,
    arrays_of,
    bounds_of,
    combinations_of,
)
from harness.search.optimal.terms import empty_terms

MOST_PRIMES = 16
"""No product of more distinct primes fits 64 bits."""


CHECKED = 500
"""Spatial choices between two looks at the clock."""

MOST_BOUNDS = 50_000_000
"""Figures that the bounds of all choices may take, for want of memory."""

MANY_MASKS = 32
"""From so many combinations of bypass masks on, bounds that regard the capacities pay."""

WORTH_A_LOOK = 20_000
"""Up to so many combinations; each takes some microseconds."""


class NotBegun(Exception):
    """There are too many choices, or too little time, to bound them all."""


class Prepared:
    """``choices`` is None where no spatial choice or no bypass mask is left. ``combinations`` [n, T] are the
    numbers of the masks of each data space, ``masks`` [T, most, L]; ``limited`` [J, 2] the (level, kind) of
    each limited bandwidth; ``exact`` tells whether the cost is a sum over boundaries (see ``terms``).

    Raises Unsupported for imperfect factors and negative energies, :class:`NotBegun` for too many choices,
    and when ``stop`` says so while they are listed."""

    def __init__(self, space: MapSpace, stop: Callable[[], bool] | None = None) -> None:
        if space.template != "uber":
            raise Unsupported("the optimal mapper takes perfect factors only (template uber)")
        self.job: Job = job_of(space)
        self.rules = FactorRules(space, self.job.index.active)
        self.blocks = block_orders(space, self.rules)
        self.bounds = np.array([float(b) for b in self.rules.bounds])
        self.limited = np.argwhere(np.isfinite(self.job.prices.bandwidth)).astype(np.int64).reshape(-1, 2)
        masks = bypass_masks(space)
        counts = tuple(len(own) for own in masks)
        self.counts = np.array(counts, dtype=np.int64)
        self.masks = np.zeros(
            (self.job.tensors, max(counts, default=0) or 1, self.job.levels), dtype=np.bool_
        )
        for t, own in enumerate(masks):
            if own:
                self.masks[t, : len(own)] = own
        self._grids: dict[tuple[int, ...], tuple[Lattice, Grid]] = {}
        self.choices: Choices | None = None
        each = math.prod(counts) * (1 + self.limited.shape[0])
        if each > MOST_BOUNDS:
            raise NotBegun
        self.combinations = combinations_of(counts)
        self.exact = True
        listed = []
        every = spatial_choices(space, self.rules, self.job.layout_matters, self.job.links_along)
        for number, choice in enumerate(every):
            if stop is not None and number % CHECKED == CHECKED - 1 and stop():
                raise NotBegun
            if self._admits_unit_loops(choice.extents):
                listed.append(choice)
        if len(listed) * each > MOST_BOUNDS:
            raise NotBegun
        if listed and all(counts):
            self.choices = arrays_of(self.job, listed)
            self._floors = bounds_of(self.job, self.choices, self.masks, self.counts, self.limited)
            self.exact = not self._floors.floor_only.any()

    def _admits_unit_loops(self, extents: tuple[int, ...]) -> bool:
        """A dimension that the spatial loops cover leaves only unit loops, which must be admitted."""
        return all(
            extent > 1 or all(self.rules.admits(place, d, 1) for place in self.rules.temporal_place)
            for d, extent in enumerate(extents)
        )

    @property
    def floors(self) -> Bounds:
        return self._floors

    @property
    def compute_pj(self) -> float:
        """Energy of all operations."""
        return self.job.space.problem.macs * self.job.prices.compute_pj

    def first_bounds(self) -> tuple[Floats, Floats]:
        """Floors of energy (pJ) and cycles (with latency) [choices, combinations]."""
        choices, prices = self.choices, self.job.prices
        assert choices is not None
        energy = np.full((len(choices.listed), self.combinations.shape[0]), self.compute_pj)
        loads = np.zeros((*energy.shape, self.limited.shape[0]))
        for t in range(self.job.tensors):
            energy += self._floors.energy[:, t, self.combinations[:, t]]
            loads += self._floors.loads[:, t, self.combinations[:, t]]
        if MANY_MASKS <= self.combinations.shape[0] <= WORTH_A_LOOK:
            for number in range(len(choices.listed)):
                energy[number] = np.maximum(energy[number], self.compute_pj + self._closer(choices, number))
        cycles = np.repeat(choices.iterations[:, None], self.combinations.shape[0], axis=1)
        for j, (level, kind) in enumerate(self.limited):
            stretched = loads[:, :, j] / prices.bandwidth[level, kind]
            cycles = np.maximum(cycles, np.ceil(stretched * (1.0 - 1e-12)))
        energy += choices.leak[:, None] * cycles
        return energy, cycles + prices.latency

    def _closer(self, choices: Choices, number: int) -> Floats:
        """[combinations]: see :func:`closer_bounds`."""
        job = self.job
        _, grid = self.grid(choices.listed[number].extents)
        energy: Floats = closer_bounds(
            self.masks,
            self.counts,
            self.combinations,
            job.prices,
            choices.placement(number, self.bounds),
            grid,
            empty_terms(job.tensors, job.levels),
        )
        return energy

    def grid(self, extents: tuple[int, ...]) -> tuple[Lattice, Grid]:
        """The lattice of what is left for the temporal loops, with the admitted factors."""
        known = self._grids.get(extents)
        if known is None:
            known = self._grids[extents] = self._make_grid(extents)
        return known

    def _make_grid(self, extents: tuple[int, ...]) -> tuple[Lattice, Grid]:
        points = lattice(extents)
        rules = self.rules
        levels, dimensions = self.job.levels, len(extents)
        allowed = np.zeros((levels, dimensions, points.values.shape[1]), dtype=np.bool_)
        free = np.zeros((levels, dimensions), dtype=np.bool_)
        primes = np.full((dimensions, MOST_PRIMES), -1, dtype=np.int64)
        for d, extent in enumerate(extents):
            own = divisors(extent)
            for level, place in enumerate(rules.temporal_place):
                free[level, d] = rules.unrestricted(place, d)
                allowed[level, d, : len(own)] = [rules.admits(place, d, f) for f in own]
            found = [i for i, f in enumerate(own) if f > 1 and all(f % g for g in own[1:i])]
            primes[d, : len(found)] = found
        irrelevant, slides = ~self.job.prices.relevant, self.job.prices.slides
        run, runs, counts = run_tables(
            irrelevant, slides, points.values, points.sizes, points.strides, points.points
        )
        grid = Grid(
            points.values,
            points.sizes,
            points.strides,
            points.product,
            allowed,
            free,
            primes,
            run,
            runs,
            counts,
        )
        return points, grid
