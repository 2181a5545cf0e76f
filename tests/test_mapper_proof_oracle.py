"""The generated mapping problems and their complete enumeration, which the optimal mapper is held against."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from proof_cases.enumeration import enumerate_batches
from proof_cases.generate import perfect_case, ruby_case, sliding_case
from proof_cases.membership import canonical, why_outside
from proof_cases.oracle import RELATIVE, Oracle, oracle_of

from harness.mapspace import MapSpace, Refusal
from harness.model import evaluate
from harness.search import SearchResult, search_space
from harness.search.objective import Objective
from harness.spec.flattened import read_architecture, read_problem
from harness.spec.flattened.constraints import read_constraints
from harness.spec.mapping import Mapping
from harness.spec.settings import SearchSettings

FEW = range(20)


def complete_search(space: MapSpace, algorithm: str = "linear_pruned") -> SearchResult:
    return search_space(space, SearchSettings(algorithm=algorithm, victory_condition=0, timeout=0))


def same(ours: float, theirs: float) -> bool:
    return abs(ours - theirs) <= RELATIVE * abs(theirs)


@pytest.mark.parametrize("make", [perfect_case, sliding_case, ruby_case])
def test_a_seed_gives_the_same_case_and_its_text_gives_it_back(make) -> None:
    for seed in range(8):
        case = make(seed)
        assert case == make(seed)
        assert str(case).startswith(f"# {make.__name__}({seed})\n")
        architecture = read_architecture(case.tree)
        problem = read_problem(case.tree["problem"])
        assert (architecture, problem) == (case.architecture, case.problem)
        again = MapSpace(
            architecture, problem, read_constraints(case.tree, architecture, problem), case.template
        )
        assert again.sizes == case.space.sizes
        assert again.pruned_size() == case.space.pruned_size()


@pytest.mark.parametrize("seed", FEW)
def test_the_oracle_sees_what_the_searches_see(seed: int) -> None:
    case = perfect_case(seed, largest=3000)
    oracle = oracle_of(case.space, pruned=True)
    result = complete_search(case.space)
    assert oracle.valid == result.valid
    assert_same_optimum(oracle, result)
    laid_out = sum(not isinstance(case.space.construct(i), Refusal) for i in case.space.ids())
    assert sum(len(batch) for batch in enumerate_batches(case.space, pruned=True)) == laid_out


@pytest.mark.parametrize("make", [sliding_case, ruby_case])
def test_the_oracle_of_other_spaces_sees_what_the_searches_see(make) -> None:
    for seed in range(3):
        case = make(seed)
        assert_same_optimum(oracle_of(case.space, pruned=True), complete_search(case.space))


def assert_same_optimum(oracle: Oracle, result: SearchResult) -> None:
    best = oracle.best(Objective(("edp",)))
    if best is None:
        assert result.status == "no_mapping"
        return
    assert result.stats is not None
    assert same(best.values[0], result.stats.cycles * result.stats.energy_pj)


@pytest.mark.parametrize("seed", FEW)
def test_the_oracle_has_the_figures_of_the_reference_model(seed: int) -> None:
    case = perfect_case(seed)
    oracle = oracle_of(case.space)
    for number in Random(seed).sample(range(oracle.valid), min(oracle.valid, 8)):
        mapping = oracle.mapping(number)
        stats = evaluate(case.architecture, case.problem, mapping)
        assert stats.cycles == oracle.cycles[number]
        assert same(stats.energy_pj, oracle.energy_pj[number])
        assert why_outside(case.space, mapping) is None
        assert canonical(case.space, mapping) == mapping


def test_without_pruning_loops_may_lie_along_y_alone() -> None:
    """The one kind of level where pruning loses mappings; ``exhaustive`` finds them, and the oracle can."""
    space = perfect_case(6).space
    unpruned = oracle_of(space)
    assert_same_optimum(unpruned, complete_search(space, "exhaustive"))
    least = [o.best(Objective(("edp",))) for o in (unpruned, oracle_of(space, pruned=True))]
    assert least[0] is not None and least[1] is not None
    assert least[0].values < least[1].values


def test_mappings_outside_the_space_are_told() -> None:
    refused = 0
    for seed in FEW:
        case = perfect_case(seed)
        oracle = oracle_of(case.space)
        if not oracle.valid:
            continue
        mapping = oracle.mapping(0)
        for number, level in enumerate(mapping.levels):
            demanded = case.constraints.of(level.level)
            for name in demanded.keep:
                changed = replace(level, keep=level.keep - {name})
                assert why_outside(case.space, with_level(mapping, number, changed)) is not None
            if level.temporal:
                fewer = replace(level, temporal=level.temporal[1:])
                assert why_outside(case.space, with_level(mapping, number, fewer)) is not None
                refused += 1
            if (
                len(level.temporal) > 1
                and demanded.temporal is not None
                and len(demanded.temporal.prefix) > 2
            ):
                turned = replace(level, temporal=level.temporal[::-1])
                turned_mapping = with_level(mapping, number, turned)
                inside = {repr(m) for m in map(oracle.mapping, range(oracle.valid))}
                assert (why_outside(case.space, turned_mapping) is None) == (repr(turned_mapping) in inside)
    assert refused > 10


def with_level(mapping: Mapping, number: int, level: object) -> Mapping:
    return Mapping((*mapping.levels[:number], level, *mapping.levels[number + 1 :]))  # type: ignore[arg-type]
