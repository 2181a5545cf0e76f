"""A proof repeated without pruning: every mapping of a small space, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from harness.mapspace import MapSpace
from harness.search.evaluation import evaluator_for
from harness.search.metrics import Cost
from harness.search.objective import ROUNDING, Objective, excess
from harness.search.proposer import Proposal

LARGEST = 200_000
"""Mappings, counted after unit loops are put in one place, beyond which a space is not replayed."""

_BATCH = 2048


@dataclass(frozen=True, slots=True)
class Replay:
    """``mappings`` in the space and how many of them are ``valid`` and within the caps.

    ``value`` is the least of the first goal, in its unit, None if nothing is valid; ``equal`` says whether
    that is what the proof found. The same holds for later goals among mappings equal in the earlier ones.
    """

    mappings: int
    valid: int
    value: float | None
    equal: bool
    seconds: float


def replay(
    space: MapSpace,
    objective: Objective,
    found: tuple[int, float] | None,
    should_stop: Callable[[], bool] | None = None,
) -> Replay | None:
    """All mappings of ``space`` against what was ``found`` (cycles and energy in pJ; None: no mapping).

    None if the space has more than :data:`LARGEST` mappings, or when told to stop.
    """
    pruned = not _splits_are_lost(space)
    size = space.pruned_size(LARGEST) if pruned else space.size
    if size is None or size > LARGEST:
        return None
    start = time.monotonic()
    evaluator = evaluator_for(space, None, objective.goals)
    batch = min(_BATCH, evaluator.largest_batch)
    proposals = _laid_out(space, pruned)
    best: tuple[int, float] | None = None
    valid = 0
    while chunk := list(islice(proposals, batch)):
        if should_stop is not None and should_stop():
            return None
        for cost in evaluator.costs(chunk):
            if not isinstance(cost, Cost):
                continue
            figures = cost.cycles, cost.energy_pj
            if excess(*figures, objective.max_cycles, objective.max_energy_pj) is not None:
                continue
            valid += 1
            if best is None or objective.prefers(figures, best):
                best = figures
    return Replay(
        mappings=size,
        valid=valid,
        value=None if best is None else objective.value(*best),
        equal=_equal(objective, best, found),
        seconds=time.monotonic() - start,
    )


def _splits_are_lost(space: MapSpace) -> bool:
    """Whether the pruned ids leave out mappings: where a fan-out is along Y only and its order canonical."""
    return any(
        level.spatial
        and level.fanout_x == 1
        and level.constraint.split is None
        and not level.constraint.prefix
        for level in space.levels
    )


def _laid_out(space: MapSpace, pruned: bool) -> Iterator[Proposal]:
    """Every mapping but those whose factors exceed a fan-out."""
    for i in space.ids(pruned):
        subspace = space.subspace(i.factorization, pruned)
        if subspace.refusal(i.permutation, i.spatial) is None:
            yield Proposal(i.factorization, i.permutation, i.spatial, i.bypass, subspace)


def _equal(objective: Objective, best: tuple[int, float] | None, found: tuple[int, float] | None) -> bool:
    if best is None or found is None:
        return best is found
    values = objective.value(*best), objective.value(*found)
    if abs(values[0] - values[1]) > ROUNDING * abs(values[1]):
        return False
    return not objective.prefers(best, found) and not objective.prefers(found, best)
