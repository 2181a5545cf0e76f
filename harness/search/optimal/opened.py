"""One spatial choice with one bypass mask of each data space: its graph and its cost tables."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.search.optimal.branch import Limits as LoadLimits
from harness.search.optimal.branch import Scene, Tables, add_words
from harness.search.optimal.cost_to_go import Graph, cost_to_go, energy_tables, fitting, load_tables
from harness.search.optimal.costs import Floats
from harness.search.optimal.prepared import Prepared
from harness.search.optimal.program import BlockOrder, Program, Shape, build_program
from harness.search.optimal.terms import (
    AT_ONCE,
    FIXED,
    RUN,
    effective_keep,
    empty_terms,
    energy_of,
    load_of,
    tensor_terms,
)

CERTAIN: Final = 1.0 - 1e-9
"""A load below this share of the bandwidth cannot bind, whatever the rounding."""


@lru_cache(maxsize=512)
def program_of(shape: Shape) -> Program:
    """The graph of a shape, which many spatial choices and layers share."""
    return build_program(shape)


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
        for t in range(job.tensors):
            tensor_terms(t, self.keep[t], job.prices, self.placement, self.terms)
        self.lattice, self.grid = prepared.grid(self.choice.extents)
        self.program = program_of(self._shape())
        p = self.program
        self.graph = Graph(
            p.kind, p.level, p.dimension, p.finishes, p.first, p.target, p.closing, p.closed,
            p.row_tensor, p.row_level, p.row_window,
        )  # fmt: skip
        kept = np.stack(
            [effective_keep(self.keep[t], job.prices.passes[:, t])[0] for t in range(job.tensors)]
        )
        self._fits = fitting(kept, job.prices, self.placement, self.grid, self.lattice.points)
        energy = energy_tables(job.prices, self.placement, self.terms, self.grid, self.graph)
        self.energy = energy
        self.energy_to_go = cost_to_go(self.graph, self.grid, self._fits, energy)
        self.base_energy, self._base_words = self._base()

    @property
    def least_energy(self) -> float:
        """Floor of the energy, pJ without leakage; infinity where no tiles fit."""
        return self.base_energy + float(self.energy_to_go[self.program.start, 0])

    @cached_property
    def limits(self) -> LoadLimits:
        """The bandwidths that some loop order may exceed."""
        chosen = self._binding
        return LoadLimits(
            np.array([level for level, _, _, _ in chosen], dtype=np.int64),
            np.array([kind for _, kind, _, _ in chosen], dtype=np.int64),
            np.array(
                [self.prepared.job.prices.bandwidth[level, kind] for level, kind, _, _ in chosen],
                dtype=np.float64,
            ),
        )

    def quick_scene(self) -> Scene:
        """Each load bounded by its least over all loop orders; costs nothing to make."""
        tables, bases = self._load_tables
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
        tables, bases = self._load_tables
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
    def _binding(self) -> list[tuple[int, int, Floats, float]]:
        job, found = self.prepared.job, []
        for level, kind in self.prepared.limited:
            table = load_tables(level, kind, job.prices, self.placement, self.terms, self.grid, self.graph)
            base = 0.0
            for t in range(job.tensors):
                for b in range(job.levels):
                    if self.terms.mode[t, b] == FIXED:
                        base += load_of(t, b, self.placement.iterations, level, kind, job.prices, self.terms)
            room = job.prices.bandwidth[level, kind] * self.placement.iterations
            if base + table.max(axis=1, initial=0.0).sum() > room * CERTAIN:
                found.append((int(level), int(kind), table, base))
        return found

    @cached_property
    def _load_tables(self) -> tuple[Floats, Floats]:
        chosen = self._binding
        shape = (0, self.program.row_tensor.size, self.grid.runs.shape[1])
        tables = np.stack([table for _, _, table, _ in chosen]) if chosen else np.zeros(shape)
        return tables, np.array([base for _, _, _, base in chosen], dtype=np.float64)

    def _base(self) -> tuple[float, Floats]:
        """pJ and words [L, T, 3] that no loop order changes."""
        job = self.prepared.job
        energy = self.prepared.compute_pj + float(self.terms.fixed.sum())
        words = np.zeros((job.levels, job.tensors, 3))
        for t in range(job.tensors):
            for b in range(job.levels):
                if self.terms.mode[t, b] == FIXED:
                    sent = self.placement.iterations
                    energy += energy_of(t, b, sent, job.prices, self.placement, self.terms)
                    add_words(t, b, sent, self.terms, words)
        return energy, words

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
