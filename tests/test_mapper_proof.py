"""The optimal mapper finds what complete enumeration finds, on generated problems and on the golden data."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from mapper_cases import GOLDEN, SHARED, golden_case
from model_golden import load_cases, shared_bulk_lines
from proof_cases.floors import Evaluated, spaces_with_floors
from proof_cases.generate import perfect_case, ruby_case, sliding_case
from proof_cases.membership import why_outside
from proof_cases.oracle import RELATIVE, oracle_of
from proof_cases.verdict import check_objective, mismatches, objectives_of
from test_search_golden import SHARED_CASES, SHARED_RUNS, enumerations, shared_case

from harness.mapspace import MapSpace
from harness.model import evaluate
from harness.search.objective import Objective
from harness.search.optimal import Limits, pareto, solve
from harness.search.proof import prove
from harness.spec.flattened import read_architecture, read_art, read_ert, read_problem
from harness.spec.flattened.constraints import read_constraints
from harness.spec.flattened.settings import read_settings

BLOCK = 25
DEFAULT_BLOCKS = range(8)
SLOW_BLOCKS = range(8, 94)
"""Blocks of seeds: 200 cases by default, 2,150 more in the slow test."""

EDP = Objective(("edp",))


def check_block(block: int) -> None:
    for seed in range(block * BLOCK, (block + 1) * BLOCK):
        case = perfect_case(seed)
        wrong = mismatches(case, oracle_of(case.space), solve, pareto)
        assert not wrong, "\n".join(map(str, wrong)) + f"\n{case}"


@pytest.mark.parametrize("block", DEFAULT_BLOCKS)
def test_generated_problems(block: int) -> None:
    check_block(block)


@pytest.mark.slow
@pytest.mark.parametrize("block", SLOW_BLOCKS)
def test_many_generated_problems(block: int) -> None:
    check_block(block)


def check_sliding(seeds: range) -> None:
    for seed in seeds:
        case = sliding_case(seed)
        wrong = mismatches(case, oracle_of(case.space), solve, pareto)
        assert not wrong, "\n".join(map(str, wrong)) + f"\n{case}"


def test_generated_convolutions() -> None:
    check_sliding(range(30))


@pytest.mark.slow
@pytest.mark.parametrize("first", range(30, 630, 50))
def test_many_generated_convolutions(first: int) -> None:
    check_sliding(range(first, first + 50))


def check_ruby(seeds: range) -> int:
    """Whatever is claimed of imperfect factors is true. Returns how many answers were proven optimal."""
    optimal = 0
    for seed in seeds:
        case = ruby_case(seed)
        oracle = oracle_of(case.space)
        for objective in objectives_of(oracle, seed):
            found = prove(case.space, objective, Limits(seconds=5))
            wrong = check_objective(case, oracle, objective, found, proven=False)
            assert wrong is None, f"{wrong}\n{case}"
            optimal += found.status == "optimal"
    return optimal


def test_generated_spaces_of_imperfect_factors() -> None:
    assert check_ruby(range(20)) > 80


@pytest.mark.slow
@pytest.mark.parametrize("first", range(20, 320, 50))
def test_many_generated_spaces_of_imperfect_factors(first: int) -> None:
    assert check_ruby(range(first, first + 50)) > 200


def least_edp(space: MapSpace) -> float:
    """The proven optimum in pJ x cycles, evaluated again by the reference model."""
    found = solve(space, EDP)
    assert found.status == "optimal" and found.mapping is not None
    assert why_outside(space, found.mapping) is None
    stats = evaluate(space.architecture, space.problem, found.mapping)
    edp = stats.cycles * stats.energy_pj
    assert abs(found.lower_bound * 1e12 - edp) <= 2 * RELATIVE * edp
    return edp


def assert_same(ours: float, theirs: float) -> None:
    assert abs(ours - theirs) <= RELATIVE * theirs


def assert_not_above(ours: float, theirs: float) -> None:
    assert ours <= theirs * (1 + RELATIVE)


@pytest.mark.parametrize("name", enumerations(complete=True))
def test_complete_enumerations_of_timeloop(name: str) -> None:
    architecture, problem, constraints, expected = golden_case(name)
    assert_same(least_edp(MapSpace(architecture, problem, constraints)), expected["best"]["edp"] * 1e12)


@pytest.mark.parametrize("name", [*enumerations(complete=False), *(p.stem for p in GOLDEN.glob("hybrid_*"))])
def test_timeloop_found_nothing_better(name: str) -> None:
    architecture, problem, constraints, expected = golden_case(name)
    assert_not_above(least_edp(MapSpace(architecture, problem, constraints)), expected["best"]["edp"] * 1e12)


@pytest.mark.parametrize("path", sorted((GOLDEN / "random").glob("*.json")), ids=lambda path: path.stem)
def test_timeloop_found_nothing_better_on_random_specifications(path: Path) -> None:
    data = json.loads(path.read_text())
    tree, expected = data["specification"], data["expected"]
    architecture, problem = read_architecture(tree), read_problem(tree["problem"])
    if architecture.ert is None:
        architecture = architecture.with_energy(read_ert(tree), read_art(tree))
    constraints = read_constraints(tree, architecture, problem)
    space = MapSpace(architecture, problem, constraints, read_settings(tree).template)
    found = prove(space, EDP, Limits(seconds=0.5))
    assert_not_above(found.lower_bound * 1e12, expected["cycles"] * expected["energy_pj"])


@pytest.mark.parametrize("path", SHARED_CASES, ids=[p.parent.name for p in SHARED_CASES])
def test_shared_enumerations_of_timeloop(path: Path) -> None:
    architecture, problem, constraints, _ = shared_case(path)
    figures = json.loads((path.parent / "result.json").read_text())
    least, seen = least_edp(MapSpace(architecture, problem, constraints)), figures["best"]["edp"] * 1e12
    if figures["complete"]:
        assert_same(least, seen)
    assert_not_above(least, seen)


@pytest.mark.parametrize("path", SHARED_RUNS, ids=[p.parent.name for p in SHARED_RUNS])
def test_timeloop_found_nothing_better_for_bert_large(path: Path) -> None:
    """Whatever its victory condition was and however long it ran."""
    architecture, problem, constraints, _ = shared_case(path)
    arch, layer = path.parent.name.split("_")
    runs = json.loads((SHARED / "timeloop_mapper_runs.json").read_text())
    found = [r["edp_J_cycles"] for r in runs if (r["arch"], r["layer"]) == (arch, layer)]
    found = [edp for edp in found if edp is not None]
    assert found
    assert_not_above(least_edp(MapSpace(architecture, problem, constraints)), min(found) * 1e12)


@pytest.mark.slow
@pytest.mark.parametrize(
    "path",
    [p for p in SHARED_RUNS if p.parent.name.startswith("gemmini")],
    ids=lambda path: path.parent.name,
)
def test_whole_spaces_of_bert_large(path: Path) -> None:
    """Up to 1.8 million mappings of a real layer."""
    architecture, problem, constraints, _ = shared_case(path)
    space = MapSpace(architecture, problem, constraints)
    best = oracle_of(space).best(EDP)
    assert best is not None
    assert_same(least_edp(space), best.values[0])


def committed_mappings() -> Iterator[Evaluated]:
    for name, architecture, problem, mapping, figures, refusal in load_cases():
        if refusal is None:
            yield Evaluated(
                name, architecture, problem, mapping, int(figures["cycles"]), float(figures["energy_pj"])
            )


def bulk_mappings() -> Iterator[Evaluated]:
    for name, architecture, problem, mapping, result in shared_bulk_lines(1):
        if "error" not in result:
            yield Evaluated(name, architecture, problem, mapping, result["cycles"], result["energy_pJ"])


SMALL = 1_000_000
"""Factorisations of a space whose optimum is proven quickly."""


def check_floors(spaces: Iterable[tuple[MapSpace, list[Evaluated]]], limits: Limits) -> tuple[int, int]:
    """How many mappings were looked at, and how many in spaces whose optimum was proven in the time allowed.

    Of the other spaces the proven bound must not lie above any mapping.
    """
    above, seen, proven = [], 0, 0
    for space, evaluated in spaces:
        found = solve(space, EDP, limits)
        seen += len(evaluated)
        proven += len(evaluated) * (found.status == "optimal")
        least = found.lower_bound * 1e12
        if found.status == "optimal":
            assert found.mapping is not None
            stats = evaluate(space.architecture, space.problem, found.mapping)
            assert_same(least, stats.cycles * stats.energy_pj)
        if least > evaluated[0].edp * (1 + RELATIVE):
            above.append(f"{evaluated[0].name}: {found.status} {least} > {evaluated[0].edp}")
    assert not above, "\n".join(above[:10])
    return seen, proven


def committed_floors(small: bool) -> Iterator[tuple[MapSpace, list[Evaluated]]]:
    for space, evaluated in spaces_with_floors(committed_mappings()):
        if (space.sizes.index_factorization <= SMALL) == small:
            yield space, evaluated


def test_no_committed_mapping_beats_the_optimum() -> None:
    seen, proven = check_floors(committed_floors(small=True), Limits(seconds=0.5))
    assert seen > 100
    assert proven > 80


@pytest.mark.slow
def test_no_committed_mapping_of_a_large_space_beats_the_optimum() -> None:
    seen, _ = check_floors(committed_floors(small=False), Limits(seconds=2))
    assert seen > 50


@pytest.mark.slow
@pytest.mark.parametrize("base", sorted(p.stem for p in (SHARED / "bulk_bases").glob("*.yaml")))
def test_no_bulk_mapping_beats_the_optimum(base: str) -> None:
    """With half a second for each space most optima are proven; of the others the bound is looked at."""
    mappings = (case for case in bulk_mappings() if case.name.split("#")[0] == base)
    check_floors(spaces_with_floors(mappings), Limits(seconds=0.5))
