"""One spatial choice with one bypass mask of each data space: its graph and its cost tables."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.search.optimal.branch import Limits as LoadLimits
from harness.search.optimal.branch import Scene, Tables
from harness.search.optimal.cost_to_go import Graph, cost_to_go, load_tables, measured, priced
from harness.search.optimal.costs import Floats
from harness.search.optimal.prepared import Prepared
from harness.search.optimal.program import BlockOrder, Program, Shape, build_program
from harness.search.optimal.terms import AT_ONCE, RUN, empty_terms

CERTAIN: Final = 1.0 - 1e-9
"""A load below this share of the bandwidth cannot bind, whatever the rounding."""


@lru_cache(maxsize=512)
def program_of(shape: Shape) -> Program:
    """The graph of a shape, which many spatial choices and layers share."""
    return build_program(shape)


class _Loads(NamedTuple):
    """``limited`` [J, 2]: bandwidths that may bind; their ``tables`` and what is ``always`` there."""

    limited: NDArray[np.int64]
    tables: Floats
    always: Floats


class Opened:
    """``number`` of the spatial choice, ``masks``: number of the mask of each data space."""

    def __init__(self, prepared: Prepared, number: int, masks: tuple[int, ...]) -> None:
        job, choices = prepared.job, prepared.choices
        assert choices is not None
        self.prepared = prepared
        self.number = number
        self.keep: NDArray[np.bool_] = np.stack([prepared.masks[t, mask] for t, mask in enumerate(masks)])
        self.choice = choices.listed[number]
        self.placement = choices.placement(number, prepared.bounds)
        self.leak = float(choices.leak[number])
        self.terms = empty_terms(job.tensors, job.levels)
        kept, energy, self._base_words = measured(self.keep, job.prices, self.placement, self.terms)
        self.base_energy = prepared.compute_pj + energy
        self.lattice, self.grid = prepared.grid(self.choice.extents)
        self.program = program_of(self._shape())
        p = self.program
        self.graph = Graph(
            p.kind, p.level, p.dimension, p.finishes, p.first, p.target, p.closing, p.closed,
            p.row_tensor, p.row_level, p.row_window,
        )  # fmt: skip
        self._fits, self.energy, self.energy_to_go = priced(
            kept, job.prices, self.placement, self.terms, self.grid, self.graph
        )

    @property
    def least_energy(self) -> float:
        """Floor of the energy, pJ without leakage; infinity where no tiles fit."""
        return float(self.base_energy + self.energy_to_go[self.program.start, 0])

    @cached_property
    def limits(self) -> LoadLimits:
        """The bandwidths that some loop order may exceed."""
        chosen = self._loads.limited
        words = self.prepared.job.prices.bandwidth[chosen[:, 0], chosen[:, 1]]
        return LoadLimits(np.ascontiguousarray(chosen[:, 0]), np.ascontiguousarray(chosen[:, 1]), words)

    def quick_scene(self) -> Scene:
        """Each load bounded by its least over all loop orders; costs nothing to make."""
        tables, bases = self._loads.tables, self._loads.always
        real = self.grid.counts[self.program.row_tensor]
        columns = np.arange(self.grid.runs.shape[1])[None, :] < real[:, None]
        least = np.where(columns[None], tables, np.inf).min(axis=2, initial=np.inf)
        # Of a boundary, one row is closed in the end, whichever: the least of its rows is what is certain.
        least = np.where(np.isfinite(least), least, 0.0)
        certain = self._least_of_boundaries(least)
        return self._scene(
            tables - certain[:, :, None], np.empty((len(bases), 0, 0)), bases + self._sum(certain)
        )

    def full_scene(self) -> Scene:
        """Each load bounded by its own cost-to-go."""
        tables, bases = self._loads.tables, self._loads.always
        to_go = [cost_to_go(self.graph, self.grid, self._fits, table) for table in tables]
        shape = (0, self.program.states, self.lattice.points)
        return self._scene(tables, np.stack(to_go) if to_go else np.empty(shape), bases)

    def _scene(self, load: Floats, load_to_go: Floats, base_loads: Floats) -> Scene:
        view = Tables(
            self.energy, self.energy_to_go, load, load_to_go, self.base_energy, self._base_words, base_loads,
            self.leak,
        )  # fmt: skip
        return Scene(
            self.graph, self.grid, self.terms, self.prepared.job.prices, self.placement, view, self.limits
        )

    def _boundaries(self) -> NDArray[np.int64]:
        """[rows]: the number of the boundary that each row belongs to."""
        return self.program.row_tensor * self.prepared.job.levels + self.program.row_level

    def _least_of_boundaries(self, least: Floats) -> Floats:
        result = least.copy()
        boundaries = self._boundaries()
        for boundary in np.unique(boundaries):
            own = boundaries == boundary
            result[:, own] = least[:, own].min(axis=1, keepdims=True)
        return result

    def _sum(self, certain: Floats) -> Floats:
        """Over the boundaries, one row of each."""
        _, first = np.unique(self._boundaries(), return_index=True)
        total: Floats = certain[:, first].sum(axis=1)
        return total

    @cached_property
    def _loads(self) -> _Loads:
        job, limited = self.prepared.job, self.prepared.limited
        tables, always, most = load_tables(
            limited, job.prices, self.placement, self.terms, self.grid, self.graph
        )
        room = job.prices.bandwidth[limited[:, 0], limited[:, 1]] * self.placement.iterations
        binding = always + most > room * CERTAIN
        return _Loads(limited[binding], tables[binding], always[binding])

    def _shape(self) -> Shape:
        looped = {d for d, extent in enumerate(self.choice.extents) if extent > 1}
        blocks = []
        for block in self.prepared.blocks:
            segments = (tuple(d for d in segment if d in looped) for segment in block.segments)
            blocks.append(BlockOrder(tuple(own for own in segments if own), frozenset(block.unit & looped)))
        job, mode = self.prepared.job, self.terms.mode
        levels, tensors = range(job.levels), range(job.tensors)
        return Shape(
            blocks=tuple(blocks),
            relevant=tuple(frozenset(own) for own in job.index.relevant),
            windows=tuple(
                frozenset(int(d) for d in np.flatnonzero(job.prices.window[t])) & looped for t in tensors
            ),
            opens=tuple(tuple(t for t in tensors if mode[t, b] == RUN) for b in levels),
            immediate=tuple(tuple(t for t in tensors if mode[t, b] == AT_ONCE) for b in levels),
        )
