"""Imperfect factors: what is proven is true, against complete enumeration by the reference model."""

from __future__ import annotations

import math
import random
from functools import cache

import pytest
from mapper_cases import array, gemm
from ruby_cases import Point, all_points, random_space

from harness.mapspace import MapSpace, Refusal
from harness.model import evaluate
from harness.model.basis import basis_of
from harness.search.objective import Objective
from harness.search.optimal.outcome import Limits, Outcome
from harness.search.ruby import solve_ruby
from harness.search.ruby.branching import key_of
from harness.search.ruby.counts import counts_of
from harness.search.ruby.floors import Floors, word_energies
from harness.search.ruby.perfect import perfect_twin
from harness.search.ruby.rules import Surroundings, has_floors, tensor_rules
from harness.search.ruby.vectors import DimensionVectors, vectors_of
from harness.spec.flattened.constraints import read_constraints

GOALS = (
    Objective(),
    Objective(("delay",)),
    Objective(("energy",)),
    Objective(("delay", "energy")),
    Objective(("energy", "delay")),
    Objective(("edp", "delay")),
)
CASES = range(80)


@cache
def case(seed: int, sliding: bool) -> tuple[MapSpace, tuple[Point, ...]] | None:
    space = random_space(random.Random(f"ruby {sliding} {seed}"), 400, sliding)
    return None if space is None else (space, tuple(all_points(space)))


def capped(objective: Objective, points: tuple[Point, ...], seed: int) -> Objective:
    """Now and then with a cap that about a third of the mappings meets."""
    if not points or seed % 4:
        return objective
    if seed % 8:
        return Objective(objective.goals, max_cycles=sorted(p.cycles for p in points)[len(points) // 3])
    energies = sorted(p.energy_pj for p in points)
    return Objective(objective.goals, max_energy_pj=energies[len(points) // 3])


def best_of(points: tuple[Point, ...], objective: Objective) -> tuple[float, ...] | None:
    most_cycles, most_energy = objective.max_cycles or math.inf, objective.max_energy_pj or math.inf
    if objective.max_energy_pj == 0:
        most_energy = 0.0
    allowed = [p for p in points if p.cycles <= most_cycles and p.energy_pj <= most_energy]
    return min((key_of(objective.goals, p.cycles, p.energy_pj) for p in allowed), default=None)


def check(outcome: Outcome, best: tuple[float, ...] | None, objective: Objective) -> None:
    if best is None:
        assert outcome.status == "no_mapping" and outcome.mapping is None
        return
    unit = 1e-12 if objective.goals[0] == "edp" else 1.0
    assert outcome.lower_bound <= best[0] * unit * (1 + 1e-9)
    if outcome.status == "optimal":
        found = key_of(objective.goals, outcome.cycles, outcome.energy_pj)
        assert found == pytest.approx(best, rel=2e-9)


@pytest.mark.parametrize("sliding", [False, True])
def test_the_optimum_is_that_of_complete_enumeration(sliding: bool) -> None:
    statuses = compared(CASES, sliding)
    assert len(statuses) > 30
    assert statuses.count("bound") <= 2


@pytest.mark.slow
@pytest.mark.parametrize("sliding", [False, True])
def test_more_optima_are_those_of_complete_enumeration(sliding: bool) -> None:
    statuses = compared(range(1000, 1700), sliding)
    assert len(statuses) > 300
    assert statuses.count("bound") <= 10


def compared(seeds: range, sliding: bool) -> list[str]:
    statuses: list[str] = []
    for seed in seeds:
        drawn = case(seed, sliding)
        if drawn is None:
            continue
        space, points = drawn
        objective = capped(GOALS[seed % len(GOALS)], points, seed)
        outcome = solve_ruby(space, objective, Limits(seconds=20))
        check(outcome, best_of(points, objective), objective)
        if outcome.mapping is not None:
            stats = evaluate(space.architecture, space.problem, outcome.mapping)
            assert (stats.cycles, stats.energy_pj) == (outcome.cycles, outcome.energy_pj)
        statuses.append(outcome.status)
    assert set(statuses) <= {"optimal", "no_mapping", "bound"}
    return statuses


def surroundings(space: MapSpace, vectors: list[DimensionVectors]) -> Surroundings:
    basis = basis_of(space.architecture, space.problem, "timeloop-v4")
    active = tuple(d for d, bound in enumerate(space.problem.bounds) if bound > 1)
    counts = tuple(counts_of(space, vectors[d], space.problem.bounds[d]) for d in active)
    rules = tensor_rules(space, basis)
    return Surroundings(space, basis, rules, active, counts, word_energies(basis), has_floors(space, basis))


@pytest.mark.parametrize("sliding", [False, True])
def test_no_mapping_lies_below_the_floors_of_its_boxes(sliding: bool) -> None:
    """Of single factorisations, and of random boxes around them up to the whole space."""
    rng = random.Random(8)
    seen = 0
    for seed in CASES:
        drawn = case(seed, sliding)
        if drawn is None:
            continue
        space, points = drawn
        vectors = vectors_of(space)
        around = surroundings(space, vectors)
        row_of = [numbered_rows(space, d, vectors[d]) for d in range(len(vectors))]
        boxes, costs = [], []
        for point in points:
            digits = space.digits(point.factorization)
            rows = [row_of[d][digits[d]] for d in around.active]
            widths = [rng.choice([0, 1, 5, 1000]) for _ in rows]
            for reach in ([0] * len(rows), widths):
                boxes.append(
                    tuple(
                        (max(0, row - by), min(len(vectors[d]), row + by + 1))
                        for row, by, d in zip(rows, reach, around.active, strict=True)
                    )
                )
                costs.append(point)
        if not boxes:
            continue
        floors = Floors(around).of(boxes)
        for cycles, energy, point in zip(floors.cycles, floors.energy, costs, strict=True):
            assert cycles <= point.cycles
            assert energy <= point.energy_pj * (1 + 1e-9)
        seen += len(boxes)
    assert seen > 700


def numbered_rows(space: MapSpace, d: int, vectors: DimensionVectors) -> list[int]:
    """By number in the map space's own list, repetitions included: the row among the distinct vectors."""
    rows = {
        tuple(zip(ends, residuals, strict=True)): row
        for row, (ends, residuals) in enumerate(
            zip(vectors.ends.tolist(), vectors.residuals.tolist(), strict=True)
        )
    }
    dimension = space.dimensions[d]
    return [rows[dimension.split(number).factors] for number in range(dimension.size)]


def test_a_space_without_imperfect_members_is_handed_on() -> None:
    """Its twin of the template uber has the very same mappings."""
    twins = 0
    for seed in CASES:
        drawn = case(seed, False)
        if drawn is None:
            continue
        space, _ = drawn
        twin = perfect_twin(space, vectors_of(space))
        if twin is None:
            continue
        twins += 1
        assert mappings_of(space) == mappings_of(twin)
    assert twins > 2


def mappings_of(space: MapSpace) -> set[object]:
    return {space.construct(i, pruned=False) for i in space.ids(pruned=False)}


def test_loops_along_y_are_not_lost_by_pruning() -> None:
    """At a fan-out along Y without an order of the user's, pruned splits put all loops on X."""
    machine = array(mesh=(1, 4))
    problem = gemm(6, 4, 2)
    targets = [
        {"target": "Registers", "type": "temporal", "factors": "M=1,K=1,N=1"},
        {"target": "Buffer", "type": "spatial", "factors": "M=3,K=1,N=1"},
        {"target": "DRAM", "type": "temporal", "factors": "M=1,K=1,N=1"},
    ]
    constraints = read_constraints({"architecture_constraints": targets}, machine, problem)
    space = MapSpace(machine, problem, constraints, "ruby")
    assert all(isinstance(space.construct(i), Refusal) for i in space.ids())
    assert any(not isinstance(space.construct(i, pruned=False), Refusal) for i in space.ids(pruned=False))
    assert solve_ruby(space, Objective()).status == "optimal"


def test_time_that_is_up_leaves_a_bound() -> None:
    for seed in CASES:
        drawn = case(seed, False)
        if drawn is None or not drawn[1]:
            continue
        space, points = drawn
        if perfect_twin(space, vectors_of(space)) is not None:
            continue
        outcome = solve_ruby(space, Objective(), Limits(seconds=0.0))
        best = best_of(points, Objective())
        assert outcome.status == "bound" and best is not None
        assert 0 <= outcome.lower_bound <= best[0] * 1e-12 * (1 + 1e-9)
        return
