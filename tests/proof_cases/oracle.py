"""The best mappings of a space by looking at every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harness.errors import InvalidMapping, Unsupported
from harness.mapspace import MapSpace
from harness.model import evaluate
from harness.model.kernels import Batch, BatchEvaluator
from harness.model.kernels.batch import decode_mapping
from harness.search.objective import Goal, Objective
from harness.spec.mapping import Mapping
from proof_cases.enumeration import enumerate_batches, splits_are_lost
from proof_cases.membership import why_outside

RELATIVE = 1e-9
"""Energies closer than this are equal: they are the same numbers added in another order."""


@dataclass(frozen=True)
class Oracle:
    """Cycles and energy in pJ of the valid mappings of ``space``, by number, and how to make each."""

    space: MapSpace
    cycles: NDArray[np.int64]
    energy_pj: NDArray[np.float64]
    mapping: Callable[[int], Mapping]

    @property
    def valid(self) -> int:
        return len(self.cycles)

    def best(self, objective: Objective) -> Best | None:
        """The best value of each goal in turn, and a mapping that has them; None if the caps exclude all."""
        left = np.ones(self.valid, dtype=bool)
        if objective.max_cycles is not None:
            left &= self.cycles <= objective.max_cycles
        if objective.max_energy_pj is not None:
            left &= self.energy_pj <= objective.max_energy_pj
        rows = np.flatnonzero(left)
        if not rows.size:
            return None
        values = []
        for goal in objective.goals:
            of_goal = self.values(goal)[rows]
            least = float(of_goal.min())
            values.append(least)
            rows = rows[of_goal <= least * (1 + RELATIVE)]
        return Best(tuple(values), int(rows[0]))

    def values(self, goal: Goal) -> NDArray[np.float64]:
        """pJ x cycles, cycles or pJ of every valid mapping."""
        if goal == "edp":
            return self.cycles * self.energy_pj
        return self.cycles.astype(np.float64) if goal == "delay" else self.energy_pj

    @cached_property
    def front(self) -> tuple[tuple[int, float], ...]:
        """(cycles, pJ) of the mappings that no other one beats, by ascending cycles."""
        found: list[tuple[int, float]] = []
        for row in np.lexsort((self.energy_pj, self.cycles)):
            cycles, energy = int(self.cycles[row]), float(self.energy_pj[row])
            if not found or energy < found[-1][1] * (1 - RELATIVE):
                found.append((cycles, energy))
        return tuple(found)


@dataclass(frozen=True)
class Best:
    """The least value of each goal (edp in pJ x cycles) and the number of a valid mapping that has them."""

    values: tuple[float, ...]
    row: int


def oracle_of(space: MapSpace, pruned: bool = False) -> Oracle:
    """Evaluates the whole space."""
    if space.template == "ruby":
        return _one_by_one(space, pruned)
    evaluator = None
    with suppress(Unsupported):
        evaluator = BatchEvaluator(space.architecture, space.problem)
    cycles, energies, batches = [np.zeros(0, dtype=np.int64)], [np.zeros(0)], []
    for batch in enumerate_batches(space, pruned):
        good, its_cycles, its_energies = _evaluated(space, evaluator, batch)
        cycles.append(its_cycles[good])
        energies.append(its_energies[good])
        batches.append(batch.take(np.flatnonzero(good)))
    starts = np.cumsum([0, *(len(batch) for batch in batches)])

    def mapping(number: int) -> Mapping:
        which = int(np.searchsorted(starts, number, side="right")) - 1
        return decode_mapping(batches[which], int(number - starts[which]), space.architecture, space.problem)

    return Oracle(space, np.concatenate(cycles), np.concatenate(energies), mapping)


def _evaluated(
    space: MapSpace, evaluator: BatchEvaluator | None, batch: Batch
) -> tuple[NDArray[np.bool_], NDArray[np.int64], NDArray[np.float64]]:
    """Which mappings are valid, and the cycles and pJ of all."""
    if evaluator is not None:
        # What the kernels refuse as a whole (some distributed multicasts) goes to the reference model.
        with suppress(Unsupported):
            stats = evaluator.evaluate(batch)
            return stats.valid, stats.cycles, stats.energy_pj
    results = [
        _reference(space, decode_mapping(batch, i, space.architecture, space.problem))
        for i in range(len(batch))
    ]
    return (
        np.array([result is not None for result in results], dtype=bool),
        np.array([0 if result is None else result[0] for result in results], dtype=np.int64),
        np.array([np.inf if result is None else result[1] for result in results]),
    )


def _one_by_one(space: MapSpace, pruned: bool) -> Oracle:
    """Each mapping by the reference model; imperfect factors have no batch form."""
    cycles, energies, mappings = [], [], []
    for mapping in dict.fromkeys(_laid_out(space, pruned)):
        result = _reference(space, mapping)
        if result is not None:
            cycles.append(result[0])
            energies.append(result[1])
            mappings.append(mapping)
    return Oracle(space, np.array(cycles, dtype=np.int64), np.array(energies), mappings.__getitem__)


def _laid_out(space: MapSpace, pruned: bool) -> Iterator[Mapping]:
    lossy = [level.storage for k, level in enumerate(space.levels) if splits_are_lost(space, k)]
    for i in space.ids():
        if pruned or not lossy:
            constructed = space.construct(i)
            if isinstance(constructed, Mapping):
                yield constructed
            continue
        subspace = space.subspace(i.factorization)
        levels = list(space.mapping(subspace, i.permutation, i.spatial, i.bypass).levels)
        for storage in lossy:
            along_y = tuple(replace(loop, axis="Y") for loop in levels[storage].spatial)
            levels[storage] = replace(levels[storage], spatial=along_y)
        mapping = Mapping(tuple(levels))
        if why_outside(space, mapping) is None:
            yield mapping


def _reference(space: MapSpace, mapping: Mapping) -> tuple[int, float] | None:
    """(cycles, pJ) by the reference model; None for what it refuses."""
    try:
        stats = evaluate(space.architecture, space.problem, mapping)
    except (InvalidMapping, Unsupported):
        return None
    return stats.cycles, stats.energy_pj
