"""The optimal mapper: bounds of all choices first, then proof within each that may be best."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from harness.mapspace import MapSpace
from harness.search.certificate import Certificate, Pruning
from harness.search.objective import Objective
from harness.search.optimal.branch import (
    DELAY,
    EDP,
    ENERGY,
    EXHAUSTED,
    OUT_OF_NODES,
    TIE,
    Aim,
    Best,
    Frontier,
    advance,
    floor_of,
    goal_value,
    may_beat,
    new_frontier,
    path_to,
)
from harness.search.optimal.costs import job_of
from harness.search.optimal.decode import mapping_of
from harness.search.optimal.opened import Opened
from harness.search.optimal.orders import Gatherer, goal_values
from harness.search.optimal.outcome import Limits, Outcome, Status
from harness.search.optimal.prepared import NotBegun, Prepared
from harness.spec.mapping import Mapping

GOALS: Final = {"edp": EDP, "delay": DELAY, "energy": ENERGY}

FIRST_TRY: Final = 400
"""Nodes to spend before the cost-to-go of each bandwidth is worked out."""

STRIDE: Final = 100_000
"""Nodes between two looks at the clock."""

MOST_NODES: Final = 4_000_000
"""Nodes within one choice, for want of memory."""

NOTHING_YET: Final = Best(math.inf, math.inf)

BY_CHOICE: Final = "bound of the spatial choice and bypass mask"
BY_ENERGY: Final = "least energy of the spatial choice and bypass mask"
BY_CAPACITY: Final = "no tiles that fit"


def solve(space: MapSpace, objective: Objective, limits: Limits | None = None) -> Outcome:
    """The best mapping of ``space`` for ``objective``, with the proof.

    Raises Unsupported for what the method does not cover (imperfect factors, negative energies).
    """
    clock = _Clock(limits)
    try:
        solver = Solver(space, clock.stop)
    except NotBegun:
        return _barely_started(space, objective)
    return solver.solve(objective, clock.left())


@dataclass
class _Found:
    """The best so far, the account of the search, and the least bound that was left open."""

    best: Best = NOTHING_YET
    mapping: Mapping | None = None
    nodes: int = 0
    leaves: int = 0
    opened: int = 0
    floor: float = math.inf
    prunings: Counter[str] = field(default_factory=Counter)


class _Clock:
    def __init__(self, limits: Limits | None) -> None:
        self._limits = limits or Limits()
        self._end = time.monotonic() + self._limits.seconds

    def left(self) -> Limits:
        """The limits of what is still to be done."""
        return Limits(max(self._end - time.monotonic(), 0.0), self._limits.should_stop)

    def stop(self) -> bool:
        asked = self._limits.should_stop
        return time.monotonic() > self._end or (asked is not None and asked())


def pareto(space: MapSpace, limits: Limits | None = None) -> tuple[Outcome, ...]:
    """The energy-delay front by ascending cycles: no mapping has less of one and not more of the other.

    From the least energy on, each point is the least energy with fewer cycles than the one before. When
    the time is up the front ends at the cycles reached by then, and its fastest point says "bound".
    """
    clock = _Clock(limits)
    try:
        solver = Solver(space, clock.stop)
    except NotBegun:
        return ()
    front: list[Outcome] = []
    most: int | None = None
    while True:
        outcome = solver.solve(Objective(("energy", "delay"), max_cycles=most), clock.left())
        if outcome.mapping is None:
            if front and outcome.status != "no_mapping":
                front[-1] = replace(front[-1], status="bound")
            return tuple(reversed(front))
        front.append(outcome)
        most = int(outcome.cycles) - 1


class Solver:
    """One map space; several objectives share its bounds."""

    def __init__(self, space: MapSpace, stop: Callable[[], bool] | None = None) -> None:
        self._prepared = Prepared(space, stop)

    def solve(self, objective: Objective, limits: Limits | None = None) -> Outcome:
        """See :func:`solve`."""
        clock = _Clock(limits)
        aim = _aim(objective)
        found = _Found()
        prepared = self._prepared
        if prepared.choices is None:
            return _outcome(found, aim, 0)
        energy, cycles = prepared.first_bounds()
        keys = goal_values(int(aim.goals[0]), energy, cycles).reshape(-1)
        order = np.argsort(keys, kind="stable")
        gatherer = None if prepared.exact else Gatherer(prepared)
        for rank, flat in enumerate(order):
            if keys[flat] > goal_value(aim.goals[0], *found.best) * (1.0 + TIE):
                found.prunings[BY_CHOICE] += order.size - rank
                break
            number, combination = divmod(int(flat), prepared.combinations.shape[0])
            if not may_beat(energy[number, combination], cycles[number, combination], aim, found.best):
                found.prunings[BY_CHOICE] += 1
                continue
            if clock.stop():
                found.floor = min(found.floor, float(keys[flat]))
                break
            masks = tuple(int(mask) for mask in prepared.combinations[combination])
            self._open(Opened(prepared, number, masks), aim, found, clock, gatherer)
        return _outcome(found, aim, int(order.size))

    def _open(
        self, opened: Opened, aim: Aim, found: _Found, clock: _Clock, gatherer: Gatherer | None
    ) -> None:
        """Branch and bound within one spatial choice and one mask of each data space."""
        found.opened += 1
        iterations, latency = opened.placement.iterations, self._prepared.job.prices.latency
        if opened.least_energy == math.inf:
            found.prunings[BY_CAPACITY] += 1
            return
        least = opened.least_energy + opened.leak * iterations
        if not may_beat(least, iterations + latency, aim, found.best):
            found.prunings[BY_ENERGY] += 1
            return
        if gatherer is not None:
            _by_gathering(opened, aim, found, clock, gatherer)
        else:
            _exactly(opened, aim, found, clock)


def _exactly(opened: Opened, aim: Aim, found: _Found, clock: _Clock) -> None:
    """Where the cost is a sum over boundaries, a path of least bound is the best mapping."""
    limited = opened.limits.words.size > 0
    scene = opened.quick_scene()
    nodes = FIRST_TRY if limited else STRIDE
    frontier = new_frontier(scene.graph, scene.tables)
    spent = 0
    while True:
        ending, expanded, leaves, best, at, floor, frontier = advance(
            frontier, scene, aim, found.best, nodes, 0
        )
        found.nodes += expanded
        found.leaves += leaves
        spent += expanded
        if at.size:
            found.best = Best(float(best.energy), float(best.cycles))
            found.mapping = mapping_of(opened, path_to(frontier, at[0]))
        if ending != OUT_OF_NODES:
            return
        if limited:
            # The quick bounds do not suffice: start again with the cost-to-go of each load.
            limited = False
            nodes = STRIDE
            scene = opened.full_scene()
            frontier = new_frontier(scene.graph, scene.tables)
        elif spent > MOST_NODES or clock.stop():
            found.floor = min(found.floor, float(floor))
            return


def _by_gathering(opened: Opened, aim: Aim, found: _Found, clock: _Clock, gatherer: Gatherer) -> None:
    """Where bounds are below the cost, whole mappings are evaluated in the order of their bounds."""
    scene = opened.full_scene()
    frontier = new_frontier(scene.graph, scene.tables)
    gatherer.start(opened, scene)
    spent = 0
    while True:
        ending, expanded, _, _, at, floor, frontier = advance(
            frontier, scene, aim, found.best, STRIDE, gatherer.wanted
        )
        found.nodes += expanded
        spent += expanded
        if at.size:
            better = gatherer.evaluate(frontier, at, aim, found.best, clock.stop)
            found.leaves += better.evaluated
            for i in better.partly:
                found.floor = min(found.floor, _floor_of_leaf(opened, frontier, int(at[i]), aim))
            if better.mapping is not None:
                found.best, found.mapping = better.best, better.mapping
        if ending == EXHAUSTED:
            return
        if spent > MOST_NODES or clock.stop():
            found.floor = min(found.floor, float(floor))
            return


def _floor_of_leaf(opened: Opened, frontier: Frontier, node: int, aim: Aim) -> float:
    """The bound of the first goal at the end of a path."""
    energy, cycles = floor_of(
        frontier.energy[node],
        frontier.loads[node],
        opened.limits,
        opened.placement.iterations,
        opened.leak,
        opened.prepared.job.prices.latency,
    )
    return float(goal_value(aim.goals[0], energy, cycles))


def _aim(objective: Objective) -> Aim:
    return Aim(
        np.array([GOALS[goal] for goal in objective.goals], dtype=np.int64),
        math.inf if objective.max_cycles is None else float(objective.max_cycles),
        math.inf if objective.max_energy_pj is None else float(objective.max_energy_pj),
    )


def _barely_started(space: MapSpace, objective: Objective) -> Outcome:
    """All units at work in every cycle, and nothing but the operations paid for."""
    job = job_of(space)
    aim = _aim(objective)
    units = space.architecture.arithmetic.instances
    energy = space.problem.macs * job.prices.compute_pj
    cycles = -(-space.problem.macs // units) + job.prices.latency
    found = _Found(floor=float(goal_value(aim.goals[0], energy, cycles)))
    return _outcome(found, aim, 0)


def _outcome(found: _Found, aim: Aim, choices: int) -> Outcome:
    value = None
    if found.mapping is not None:
        value = float(goal_value(aim.goals[0], *found.best))
    # What was left open may not be better than what was found; a tie might be decided by a later goal.
    beyond = 1.0 - TIE if aim.goals.size == 1 else 1.0 + TIE
    proven = found.floor == math.inf or (value is not None and found.floor > value * beyond)
    status: Status = "optimal" if proven else "bound"
    if value is None and proven:
        status = "no_mapping"
    floor = found.floor if value is None else min(found.floor, value)
    certificate = Certificate(
        method="cost-to-go over the divisor lattice, best-first branch and bound",
        nodes=found.nodes,
        leaves=found.leaves,
        choices=choices,
        opened=found.opened,
        prunings=tuple(Pruning(reason, count) for reason, count in found.prunings.items()),
        lower_bound=floor,
        value=value,
    )
    return Outcome(found.mapping, status, found.best.cycles, found.best.energy, floor, certificate)
