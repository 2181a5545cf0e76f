"""The best mapping of a map space with imperfect factors: proven, or with a proven bound."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Literal

from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.model.basis import basis_of
from harness.search.certificate import Certificate, Pruning
from harness.search.objective import Objective
from harness.search.optimal.outcome import Limits, Outcome
from harness.search.ruby.branching import Branching, Incumbent
from harness.search.ruby.counts import counts_of
from harness.search.ruby.floors import Floors, word_energies
from harness.search.ruby.perfect import perfect_twin
from harness.search.ruby.rules import Surroundings, has_floors, tensor_rules
from harness.search.ruby.seeds import offer_seeds
from harness.search.ruby.vectors import DimensionVectors, vectors_of

METHOD = "branch and bound over factor vectors"

ALONE_SECONDS = 1.0
"""Most spaces are decided in this time, without the help of other searches."""

SMALL = 1000
"""So many combinations of factors and masks need no solver for perfect factors."""

PICO = 1e-12


def solve_ruby(space: MapSpace, objective: Objective, limits: Limits | None = None) -> Outcome:
    """``space`` may be of either template. Status "optimal" and "no_mapping" are proven; "bound" comes with
    a proven ``lower_bound`` of the first goal. Raises :class:`Unsupported` for factor lists too long to hold.
    """
    limits = limits or Limits()
    started = time.monotonic()
    deadline = started + limits.seconds
    vectors = vectors_of(space)
    twin = None if _is_small(space, vectors) else perfect_twin(space, vectors)
    if twin is not None:
        from harness.search.optimal import solve  # noqa: PLC0415 - numba is slow to start

        try:
            return solve(twin, objective, replace(limits, seconds=deadline - time.monotonic()))
        except Unsupported:
            pass
    branching = _branching(space, vectors, objective)
    branching.run(min(deadline, started + ALONE_SECONDS), limits.should_stop)
    if not branching.finished:
        branching.dive()
        offer_seeds(space, vectors, branching.incumbent, deadline, limits.should_stop)
        branching.run(deadline, limits.should_stop)
    return _outcome(branching)


def _is_small(space: MapSpace, vectors: list[DimensionVectors]) -> bool:
    combinations = math.prod(len(of_dimension) for of_dimension in vectors)
    return combinations * space.sizes.datatype_bypass <= SMALL


def _branching(space: MapSpace, vectors: list[DimensionVectors], objective: Objective) -> Branching:
    basis = basis_of(space.architecture, space.problem, "timeloop-v4")
    rules = tensor_rules(space, basis)
    bounds = space.problem.bounds
    active = tuple(d for d, bound in enumerate(bounds) if bound > 1)
    counts = tuple(counts_of(space, vectors[d], bounds[d]) for d in active)
    traffic_counts = has_floors(space, basis)
    around = Surroundings(space, basis, rules, active, counts, word_energies(basis), traffic_counts)
    return Branching(space, vectors, Floors(around), around, Incumbent(objective))


def _outcome(branching: Branching) -> Outcome:
    best, account = branching.incumbent, branching.account
    floor = branching.lower_bound
    unit = PICO if best.objective.goals[0] == "edp" else 1.0
    value = best.key[0] * unit if best.mapping is not None else None
    status: Literal["optimal", "bound", "no_mapping"] = "bound"
    lower_bound = math.inf
    if floor is not None:
        lower_bound = floor[0] * unit if value is None else min(floor[0] * unit, value)
    elif value is None:
        status = "no_mapping"
    else:
        status, lower_bound = "optimal", value
    certificate = Certificate(
        method=METHOD,
        nodes=account.nodes,
        leaves=account.evaluated,
        choices=account.factorizations,
        opened=account.opened,
        prunings=tuple(Pruning(reason, count) for reason, count in account.prunings.most_common()),
        lower_bound=lower_bound,
        value=value,
    )
    return Outcome(best.mapping, status, best.cycles, best.energy_pj, lower_bound, certificate)
