"""The guided search, time limits, and what a search survives."""

from __future__ import annotations

import dataclasses
import os
import signal
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kernels_cases import random_case
from mapper_cases import array, gemm, stub_evaluate

from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.mapspace.mapspace import Template
from harness.model import evaluate
from harness.model.kernels.evaluator import BatchEvaluator
from harness.search import Progress, SearchResult, search_space
from harness.search.guided import Guided
from harness.search.processes import WorkerPool
from harness.search.proposer import Share
from harness.spec.architecture import Architecture
from harness.spec.flattened.constraints import read_constraints
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem
from harness.spec.settings import SearchSettings

GUIDED = SearchSettings(algorithm="guided", victory_condition=150, timeout=50)


def space_of(
    *targets: dict[str, Any], problem: Problem | None = None, template: Template = "uber", **sizes: Any
) -> MapSpace:
    machine = array(**sizes)
    operation = problem or gemm(64, 32, 16)
    constraints = read_constraints({"architecture_constraints": list(targets)}, machine, operation)
    return MapSpace(machine, operation, constraints, template)


def run(space: MapSpace, evaluate: Any = stub_evaluate, **changes: Any) -> SearchResult:
    return search_space(space, dataclasses.replace(GUIDED, **changes), evaluate=evaluate)


@pytest.mark.parametrize("template", ["uber", "ruby"])
def test_nearly_every_proposal_fits(template: Template) -> None:
    space = space_of(buffer_words=300, register_words=6, mesh=(4, 2), template=template)
    guided = run(space)
    blind = run(space, algorithm="random_pruned", search_size=guided.valid, victory_condition=0, timeout=0)
    assert guided.valid >= 0.9 * guided.evaluated
    assert guided.cost is not None and blind.cost is not None
    assert guided.cost.edp_j_cycles <= blind.cost.edp_j_cycles


def test_it_finds_the_optimum_of_a_small_space() -> None:
    space = space_of(problem=gemm(4, 4, 2), buffer_words=14)
    every = run(space, algorithm="linear_pruned", victory_condition=0, timeout=0)
    assert every.status == "optimal" and every.cost is not None
    found = run(space, victory_condition=800, threads=2)
    assert found.cost is not None
    assert found.cost.edp_j_cycles == pytest.approx(every.cost.edp_j_cycles, rel=1e-12)
    assert found.status == "best_found"


def test_it_repeats_and_seeds_differ() -> None:
    space = space_of(buffer_words=300, mesh=(4, 2))
    first, again, other = run(space, threads=2), run(space, threads=2), run(space, threads=2, seed=5)
    assert dataclasses.replace(first, seconds=0.0) == dataclasses.replace(again, seconds=0.0)
    assert first.log != other.log


def test_it_keeps_the_constraints() -> None:
    space = space_of(
        {"target": "Buffer", "type": "temporal", "factors": "M=2,K<=4,N>=2", "permutation": "KM_N"},
        {"target": "Buffer", "type": "spatial", "permutation": "MKN", "split": 1},
        {"target": "Registers", "type": "bypass", "keep": ["Weights"], "bypass": ["Inputs"]},
        buffer_words=300,
        mesh=(4, 2),
    )
    mapper = Guided(Share(space, 0, 1, None), GUIDED)
    for _ in range(100):
        p = mapper.propose()
        assert p is not None
        assert p.subspace.refusal(p.permutation, p.spatial) is None
        mapping = space.mapping(p.subspace, p.permutation, p.spatial, p.bypass)
        buffer = mapping.levels[1]
        factors = {loop.dimension: loop.factor for loop in buffer.temporal}
        assert factors["M"] == 2 and factors.get("K", 1) <= 4 and factors["N"] >= 2
        assert buffer.temporal[-1].dimension == "N"
        assert all(loop.dimension == "M" for loop in buffer.spatial if loop.axis == "X")
        assert "Inputs" not in mapping.levels[0].keep and "Weights" in mapping.levels[0].keep


def test_without_any_mapping_it_ends_and_says_why() -> None:
    kept = {"target": "Registers", "type": "bypass", "keep": ["Weights", "Inputs", "Outputs"]}
    filled = {"target": "Registers", "type": "temporal", "factors": "M=8,K=8,N=8"}
    result = run(space_of(kept, filled, register_words=4))
    assert result.status == "no_mapping" and result.evaluated == GUIDED.timeout
    assert result.reason is not None and result.reason.startswith("Registers holds 4 words")
    assert result.refusals[0].level == "Registers" and result.refusals[0].count == result.evaluated


@settings(max_examples=60, deadline=None)
@given(data=st.data(), bound=st.integers(1, 400), template=st.sampled_from(["uber", "ruby"]))
def test_moving_a_factor_gives_the_vector_that_it_says(
    data: st.DataObject, bound: int, template: Template
) -> None:
    space = space_of(
        {"target": "Buffer", "type": "temporal", "factors": "M<=40"},
        problem=gemm(bound, 2, 2),
        template=template,
    )
    dimension = space.dimensions[0]
    index = data.draw(st.integers(0, dimension.size - 1))
    levels = range(len(space.levels))
    source, target = data.draw(st.sampled_from(levels)), data.draw(st.sampled_from(levels))
    factor = data.draw(st.integers(1, 6))
    before = [end for end, _ in dimension.split(index).factors]
    moved = dimension.moved(index, source, target, factor)
    expected = list(before)
    if before[source] % factor == 0:
        expected[source] //= factor
        expected[target] *= factor
    buffer = next(k for k, level in enumerate(space.levels) if level.name == "Buffer (temporal)")
    if before[source] % factor or expected[buffer] > 40:
        assert moved is None
    else:
        assert moved is not None
        assert [end for end, _ in dimension.split(moved).factors] == expected


def test_coordinates_are_found_again() -> None:
    space = space_of(problem=gemm(12, 6, 4), mesh=(4, 2))
    for factorization in range(0, space.sizes.index_factorization, 7):
        assert space.factorization_of(space.digits(factorization)) == factorization
        subspace = space.subspace(factorization)
        for permutation in range(0, subspace.permutation_size, 5):
            orders = [subspace.order(k, permutation) for k in range(len(space.levels))]
            assert subspace.permutation_like(orders) == permutation
            for spatial, digits in enumerate([d] for d in range(subspace.spatial_size)):
                assert subspace.spatial_of(digits) == spatial
                fits = digits[0] in subspace.fitting_splits(permutation)[0]
                assert fits == (subspace.refusal(permutation, spatial) is None)


# --- time limits, lost workers, mappings beyond the kernels or the model ---------------------------------


def test_a_time_limit_cuts_the_search_and_the_result_says_so() -> None:
    space = space_of(problem=gemm(64, 64, 64))
    result = run(space, algorithm="hybrid", victory_condition=0, timeout=0, time_limit=0.3)
    assert result.interrupted and result.mapping is not None
    assert any("cut by its time_limit of 0.3 s" in note for note in result.notes)
    assert run(space, algorithm="hybrid", victory_condition=20, time_limit=1e6).notes == ()


def test_a_killed_worker_loses_its_threads_but_not_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.search.driver.LOCAL_SECONDS", -1.0)
    monkeypatch.setattr("harness.search.driver.usable_cores", lambda: 2)
    pools: list[WorkerPool] = []
    make = WorkerPool

    def remembered(*arguments: Any) -> WorkerPool:
        pools.append(make(*arguments))
        return pools[0]

    monkeypatch.setattr("harness.search.driver.WorkerPool", remembered)
    killed: list[int] = []

    def kill_one(progress: Progress) -> None:
        if not killed and pools and progress.valid > 0:
            killed.append(pools[0].process_ids[0])
            os.kill(killed[0], signal.SIGKILL)

    space = space_of(problem=gemm(64, 64, 64))
    chosen = SearchSettings(algorithm="guided", threads=2, victory_condition=600, timeout=0)
    result = search_space(space, chosen, on_progress=kill_one, evaluate=stub_evaluate)
    assert killed and result.mapping is not None and not result.interrupted
    assert result.stopped[0] == "its process was ended from outside"
    assert "valid mappings since" in result.stopped[1]
    assert any("1 of the search's processes" in note for note in result.notes)


def partly_unsupported(architecture: Architecture, problem: Problem, mapping: Mapping) -> Any:
    stats = stub_evaluate(architecture, problem, mapping)
    if int(stats.energy_pj * 4) % 3 == 0:
        raise Unsupported("the stub gives up")
    return stats


def test_mappings_beyond_the_model_count_as_refused() -> None:
    result = run(space_of(problem=gemm(8, 8, 8)), partly_unsupported)
    assert result.mapping is not None and result.invalid.evaluation > 0
    assert any(r.kind == "the stub gives up" for r in result.refusals)


def test_batches_beyond_the_kernels_are_evaluated_by_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the kernels give a batch up, the reference evaluates it, with the same outcome."""
    case = random_case(Random(280))
    machine, problem = case.architecture, case.problem
    space = MapSpace(machine, problem, read_constraints({}, machine, problem))
    given_up = []

    def gives_up(self: BatchEvaluator, *arguments: Any) -> Any:
        given_up.append(arguments)
        raise Unsupported("the kernels give up")

    monkeypatch.setattr(BatchEvaluator, "evaluate", gives_up)
    chosen = SearchSettings(algorithm="random_pruned", search_size=150, victory_condition=0)
    batched = search_space(space, chosen)
    one_by_one = search_space(space, chosen, evaluate=evaluate)
    assert given_up
    assert (batched.evaluated, batched.valid, batched.mapping) == (
        one_by_one.evaluated, one_by_one.valid, one_by_one.mapping,
    )  # fmt: skip
    assert batched.stats == one_by_one.stats
