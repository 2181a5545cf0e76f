"""The rules of the searches: better, order of visits, early exits, termination, threads, reproducibility."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapper_cases import (
    array,
    broken_evaluate,
    gemm,
    giving_up_evaluate,
    refusing_evaluate,
    stub_evaluate,
)

from harness.errors import EmptyMapSpace, EstimationError, SpecError
from harness.mapspace import MappingId, MapSpace
from harness.search import Cost, Progress, Request, SearchResult, is_better, search, search_space
from harness.search.crew import Crew, exchange
from harness.search.driver import ProposerSearch
from harness.search.evaluators import ReferenceEvaluator
from harness.search.processes import WorkerPool, can_travel
from harness.search.proposer import Outcome, Share
from harness.search.proposers import PROPOSERS, proposer_named
from harness.search.streams import ReferenceStream, SeededStream
from harness.search.thread_run import Found, ThreadReport
from harness.spec.architecture import Architecture
from harness.spec.flattened.constraints import read_constraints
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem
from harness.spec.settings import Metric, SearchSettings

FIXED = [
    {"target": "Registers", "type": "bypass", "keep": ["Weights"], "bypass": ["Inputs", "Outputs"]},
    {"target": "Registers", "type": "temporal", "factors": "M=1,K=1,N=1"},
]


def small_space(*targets: dict[str, Any], problem: Problem | None = None, **sizes: Any) -> MapSpace:
    machine = array(**sizes)
    operation = problem or gemm(4, 2, 2)
    constraints = read_constraints({"architecture_constraints": [*FIXED, *targets]}, machine, operation)
    return MapSpace(machine, operation, constraints)


def run(space: MapSpace, evaluate: Any = stub_evaluate, **changes: Any) -> SearchResult:
    return search_space(space, dataclasses.replace(SearchSettings(), **changes), evaluate=evaluate)


def unexplained(space: MapSpace, **changes: Any) -> SearchResult:
    """As :func:`run`, before a missing mapping is explained by what conflicts."""
    chosen = dataclasses.replace(SearchSettings(), **changes)
    return ProposerSearch().find(space, Request(chosen, evaluate=stub_evaluate))


def outcome(result: SearchResult) -> tuple[Any, ...]:
    """Everything of a result that may not depend on timing."""
    return dataclasses.astuple(dataclasses.replace(result, seconds=0.0))


# --- the metric rule ------------------------------------------------------------------------------------


def cost(cycles: int, energy: float) -> Cost:
    return Cost(cycles, energy, 0)


def test_a_clear_difference_in_the_first_metric_decides() -> None:
    assert is_better(cost(100, 90.0), cost(100, 100.0), ("edp", "delay"))
    assert not is_better(cost(90, 112.0), cost(100, 100.0), ("edp", "delay"))


def test_within_a_thousandth_the_next_metric_decides() -> None:
    # EDP 0.05 % worse, but 10 % fewer cycles.
    faster = cost(90, 100.0 / 0.9 * 1.0005)
    assert is_better(faster, cost(100, 100.0), ("edp", "delay", "energy"))
    assert not is_better(faster, cost(100, 100.0), ("edp",))


def test_within_a_thousandth_everywhere_the_first_metric_decides() -> None:
    assert is_better(cost(10000, 99.99), cost(10000, 100.0), ("edp", "delay"))
    assert not is_better(cost(10000, 100.01), cost(10000, 100.0), ("edp", "delay"))


def test_ties_and_rounding_noise_keep_the_incumbent() -> None:
    assert not is_better(cost(100, 100.0), cost(100, 100.0), ("edp",))
    assert not is_better(cost(100, 100.0 * (1 - 1e-15)), cost(100, 100.0), ("edp",))
    assert is_better(cost(1, 1.0), None, ("edp",))


@given(
    st.tuples(st.integers(1, 1000), st.floats(0, 1e6)),
    st.tuples(st.integers(1, 1000), st.floats(0, 1e6)),
)
def test_two_mappings_are_never_better_than_each_other(a: tuple[int, float], b: tuple[int, float]) -> None:
    metrics: tuple[Metric, ...] = ("edp", "delay", "energy")
    if is_better(cost(*a), cost(*b), metrics) and min(a[1], b[1]) > 0:
        # The relative difference is taken from the incumbent, so only the edge of the tolerance is unclear.
        worse = is_better(cost(*b), cost(*a), metrics)
        edges = [
            abs(x - y) / max(x, y)
            for x, y in ((a[0] * a[1], b[0] * b[1]), (a[0], b[0]), (a[1], b[1]))
            if max(x, y) > 0
        ]
        assert not worse or any(0.00099 < edge < 0.00101 for edge in edges)


# --- random numbers -------------------------------------------------------------------------------------


def test_the_reference_stream_is_the_minimal_standard_generator() -> None:
    # Park and Miller's check value: from seed 1 the 10000th number is 1043618065.
    stream = ReferenceStream(2**31 - 2)
    drawn = [stream.draw() for _ in range(10000)]
    assert drawn[0] == 16807 - 1
    assert drawn[-1] == 1043618065 - 1


@pytest.mark.parametrize("bound", [1, 7, 2**31 - 2, 2**31 + 5, 2**64 + 3, 10**30])
def test_streams_stay_below_their_bound_and_copies_continue_alike(bound: int) -> None:
    for stream in (ReferenceStream(bound), SeededStream(bound, 3, 0, "x")):
        assert all(0 <= stream.draw() < bound for _ in range(50))
        twin = stream.copy()
        assert [stream.draw() for _ in range(20)] == [twin.draw() for _ in range(20)]


def test_seeds_threads_and_purposes_give_different_streams() -> None:
    streams = [SeededStream(10**9, s, t, p) for s in (1, 2) for t in (0, 1) for p in ("a", "b")]
    drawn = {tuple(stream.draw() for _ in range(4)) for stream in streams}
    assert len(drawn) == len(streams)


# --- order of visits and early exits --------------------------------------------------------------------


def visits(
    space: MapSpace, algorithm: str, answer: Callable[[Any], Outcome], count: int = 10**6, **changes: Any
) -> list[tuple[int, int, int, int]]:
    chosen = dataclasses.replace(SearchSettings(), **changes)
    mapper = proposer_named(algorithm)(Share(space, 0, 1, None), chosen)
    seen = []
    while len(seen) < count and (proposal := mapper.propose()) is not None:
        seen.append((proposal.factorization, proposal.permutation, proposal.spatial, proposal.bypass))
        mapper.learn(answer(proposal))
    return seen


def succeed(_: Any) -> Outcome:
    return Outcome.SUCCESS


def test_linear_pruned_visits_the_pruned_space_in_order() -> None:
    space = small_space()
    expected = [(i.factorization, i.permutation, i.spatial, i.bypass) for i in space.ids()]
    assert visits(space, "linear_pruned", succeed) == expected


def test_exhaustive_visits_every_id_in_order() -> None:
    space = small_space(problem=gemm(2, 2, 1))
    expected = [(i.factorization, i.permutation, i.spatial, i.bypass) for i in space.ids(pruned=False)]
    assert len(expected) == space.size
    assert visits(space, "exhaustive", succeed) == expected


def test_a_construction_failure_skips_the_remaining_masks() -> None:
    space = small_space()
    assert space.sizes.datatype_bypass > 1
    seen = visits(space, "linear_pruned", lambda p: Outcome.CONSTRUCTION_FAILURE)
    assert {v[3] for v in seen} == {0}
    assert {v[:3] for v in seen} == {v[:3] for v in visits(space, "linear_pruned", succeed)}


def test_when_all_masks_fail_the_factorisation_is_given_up() -> None:
    space = small_space()
    seen = visits(space, "linear_pruned", lambda p: Outcome.EVALUATION_FAILURE)
    masks = space.sizes.datatype_bypass
    assert len(seen) == space.sizes.index_factorization * masks
    assert {v[1:3] for v in seen} == {(0, 0)}


def test_one_mask_that_fits_keeps_the_factorisation() -> None:
    space = small_space()

    def answer(proposal: Any) -> Outcome:
        return Outcome.SUCCESS if proposal.bypass == 0 else Outcome.EVALUATION_FAILURE

    assert len(visits(space, "linear_pruned", answer)) == len(visits(space, "linear_pruned", succeed))


def test_hybrid_starts_with_factorisation_zero_and_sees_all_of_each() -> None:
    space = small_space()
    seen = visits(space, "hybrid", succeed, count=3000)
    assert seen[0] == (0, 0, 0, 0)
    first = [v for v in seen if v[0] == seen[0][0]][: (space.pruned_size() or 0)]
    inside = space.subspace(0)
    assert len(first) >= inside.permutation_size * inside.spatial_size * space.sizes.datatype_bypass
    assert len({v[0] for v in seen}) > 3


def test_hybrid_without_revisits_ends() -> None:
    space = small_space(problem=gemm(2, 2, 1))
    seen = visits(space, "hybrid", succeed, filter_revisits=True)
    assert {v[0] for v in seen} == set(range(space.sizes.index_factorization))


def test_random_pruned_visits_few_permutations_of_each_factorisation() -> None:
    space = small_space()
    seen = visits(space, "random_pruned", succeed, count=5000, max_permutations_per_if_visit=2)
    run_lengths: list[set[int]] = []
    last = None
    for factorization, permutation, _, _ in seen:
        if factorization != last:
            run_lengths.append(set())
            last = factorization
        run_lengths[-1].add(permutation)
    assert max(len(r) for r in run_lengths) <= 4  # two visits in a row may draw the same factorisation
    assert len(run_lengths) > 10


def test_random_tries_all_masks_of_each_draw() -> None:
    space = small_space()
    masks = space.sizes.datatype_bypass
    seen = visits(space, "random", succeed, count=masks * 20)
    for start in range(0, len(seen), masks):
        block = seen[start : start + masks]
        assert len({v[:3] for v in block}) == 1
        assert [v[3] for v in block] == list(range(masks))


def test_random_without_revisits_sees_the_whole_space_and_then_knows_the_optimum() -> None:
    space = small_space(problem=gemm(2, 2, 1), mesh=(1, 1))
    result = run(space, algorithm="random", filter_revisits=True, seed=3, victory_condition=0, timeout=0)
    assert result.evaluated == space.size
    assert result.complete and result.status == "optimal"


def test_random_with_revisits_proves_nothing() -> None:
    space = small_space(problem=gemm(2, 2, 1), mesh=(1, 1))
    result = run(space, algorithm="random", victory_condition=0, timeout=0)
    assert result.evaluated == space.size
    assert not result.complete and result.status == "best_found"


def test_random_without_revisits_does_not_draw_for_ever() -> None:
    """Unseeded, permutation and split follow from the factorisation: most combinations never come."""
    space = small_space(problem=gemm(2, 1, 1), mesh=(2, 1))
    result = run(space, algorithm="random", filter_revisits=True, victory_condition=0, timeout=0)
    assert result.valid == space.size
    assert not result.complete


def test_threads_share_the_factorisations_without_overlap() -> None:
    space = small_space()
    whole = space.sizes.index_factorization
    shares = [Share(space, thread, 3, None) for thread in range(3)]
    assert sum(share.factorizations for share in shares) == whole
    found = {
        tuple(tuple(level) for level in share.subspace(i, True).factors)
        for share in shares
        for i in range(share.factorizations)
    }
    assert len(found) == whole


# --- termination ----------------------------------------------------------------------------------------


def constant_evaluate(architecture: Architecture, problem: Problem, mapping: Mapping) -> Any:
    return dataclasses.replace(stub_evaluate(architecture, problem, mapping), cycles=10, energy_pj=5.0)


def test_victory_counts_consecutive_mappings_without_improvement() -> None:
    space = small_space({"target": "Buffer", "type": "bypass", "keep": ["Weights", "Inputs", "Outputs"]})
    result = run(space, constant_evaluate, algorithm="linear_pruned", victory_condition=7, timeout=0)
    assert result.valid == 8
    assert result.stopped == ("7 valid mappings since the last improvement",)


def test_changes_of_the_mask_alone_do_not_count_towards_victory() -> None:
    space = small_space()
    lenient = run(space, constant_evaluate, algorithm="linear_pruned", victory_condition=7, timeout=0)
    strict = run(
        space,
        constant_evaluate,
        algorithm="linear_pruned",
        victory_condition=7,
        timeout=0,
        penalize_consecutive_bypass_fails=True,
    )
    assert strict.valid == 8 < lenient.valid


def test_search_size_counts_valid_mappings_of_all_threads() -> None:
    result = run(small_space(), search_size=10, victory_condition=0, threads=1)
    assert (result.valid, result.stopped) == (10, ("10 valid mappings found",))
    result = run(small_space(), search_size=10, victory_condition=0, threads=4)
    assert result.valid == 4 * 3


def test_timeout_counts_consecutive_invalid_mappings_and_says_why() -> None:
    space = small_space({"target": "Buffer", "type": "spatial", "factors": "M=2,K=1,N=1"}, register_words=0)
    result = unexplained(space, timeout=25, victory_condition=0)
    assert result.mapping is None and result.status == "no_mapping"
    assert result.stopped == ("25 invalid mappings since the last valid one",)
    assert result.reason == (
        f"none of {result.evaluated} mappings is valid (the search ended early; a larger 'timeout' looks "
        "further): Registers refuses 100% of tries, e.g. tile 1 exceeds 0"
    )
    assert result.valid == 0 and result.invalid.total == result.evaluated > 25


def test_a_complete_search_without_mapping_says_that_all_were_seen() -> None:
    space = small_space(register_words=0)
    result = unexplained(space, algorithm="linear_pruned", timeout=0, victory_condition=0)
    assert result.complete and result.reason is not None
    assert result.reason.startswith(f"none of all {result.evaluated} mappings of the space is valid")


def test_too_many_temporal_loops_are_refused() -> None:
    space = small_space()
    result = run(
        space, algorithm="linear_pruned", timeout=0, victory_condition=0, max_temporal_loops_in_a_mapping=1
    )
    assert result.mapping is not None
    assert sum(len(level.temporal) for level in result.mapping.levels) <= 1
    assert any(r.kind == "temporal loops" for r in result.refusals)


def test_a_complete_search_is_optimal_and_others_are_not_called_so() -> None:
    space = small_space(problem=gemm(2, 2, 1))
    costs = []
    for identifier in space.ids():
        mapping = space.construct(identifier)
        if isinstance(mapping, Mapping):
            stats = stub_evaluate(space.architecture, space.problem, mapping)
            costs.append(stats.energy_pj * stats.cycles)
    for algorithm in ("linear_pruned", "exhaustive"):
        result = run(space, algorithm=algorithm, timeout=0, victory_condition=0)
        assert result.status == "optimal" and result.stats is not None
        assert result.stats.energy_pj * result.stats.cycles == pytest.approx(min(costs), rel=1e-12)
    assert run(space, algorithm="hybrid").status == "best_found"


# --- the whole search -----------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", sorted(PROPOSERS))
@pytest.mark.parametrize("seed", [None, 5])
def test_a_search_repeats_exactly(algorithm: str, seed: int | None) -> None:
    space = small_space()
    results = [
        outcome(run(space, algorithm=algorithm, seed=seed, victory_condition=60, threads=2)) for _ in range(2)
    ]
    assert results[0] == results[1]


def test_different_seeds_search_differently() -> None:
    space = small_space(problem=gemm(8, 8, 8))
    found = {run(space, seed=seed, search_size=60).log for seed in range(4)}
    assert len(found) > 1


class AheadOfTime(ReferenceEvaluator):
    """The reference evaluator, offered whole batches."""

    largest_batch = 64


def reports_with(
    evaluator: ReferenceEvaluator, space: MapSpace, chosen: SearchSettings
) -> list[ThreadReport]:
    crew = Crew.recruit(space, chosen)
    while crew.step(evaluator, None):
        pass
    return [r.report() for r in crew.runs]


@pytest.mark.parametrize("algorithm", sorted(PROPOSERS))
@pytest.mark.parametrize("evaluate", [stub_evaluate, refusing_evaluate])
def test_batches_do_not_change_the_outcome(algorithm: str, evaluate: Any) -> None:
    space = small_space(problem=gemm(4, 4, 2), buffer_words=14)
    chosen = SearchSettings(algorithm=algorithm, victory_condition=50, timeout=120, threads=2)
    one_by_one = reports_with(ReferenceEvaluator(space, evaluate), space, chosen)
    batched = reports_with(AheadOfTime(space, evaluate), space, chosen)
    assert one_by_one == batched
    if evaluate is refusing_evaluate and algorithm != "exhaustive":
        assert sum(r.invalid.evaluation for r in one_by_one) > 0


def test_progress_is_reported_and_a_wish_to_stop_keeps_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.search.driver.PROGRESS_SECONDS", 0.0)
    space = small_space(problem=gemm(8, 8, 8))
    seen: list[Progress] = []
    result = search_space(
        space,
        SearchSettings(victory_condition=0, timeout=0),
        on_progress=seen.append,
        should_stop=lambda: len(seen) >= 20,
        evaluate=stub_evaluate,
    )
    assert result.interrupted and result.mapping is not None and result.stopped == ("interrupted",)
    assert [p.evaluated for p in seen] == sorted({p.evaluated for p in seen})
    assert seen[-1].best is not None and seen[-1].valid > 0


def test_ctrl_c_keeps_the_best() -> None:
    space = small_space(problem=gemm(8, 8, 8))
    calls = 0

    def interrupted_evaluate(architecture: Architecture, problem: Problem, mapping: Mapping) -> Any:
        nonlocal calls
        calls += 1
        if calls == 30:
            raise KeyboardInterrupt
        return stub_evaluate(architecture, problem, mapping)

    result = run(space, interrupted_evaluate, victory_condition=0, timeout=0)
    assert result.interrupted and result.mapping is not None
    assert result.valid == 29


def test_worker_processes_find_what_this_process_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    space = small_space(problem=gemm(8, 8, 8))
    chosen = SearchSettings(
        algorithm="hybrid", threads=3, victory_condition=400, timeout=2000, sync_interval=500
    )
    monkeypatch.setattr("harness.search.driver.LOCAL_SECONDS", 1e9)
    here = search_space(space, chosen, evaluate=stub_evaluate)
    started = []
    pool = WorkerPool

    def counted(*arguments: Any) -> Any:
        started.append(arguments)
        return pool(*arguments)

    monkeypatch.setattr("harness.search.driver.LOCAL_SECONDS", 0.0)
    monkeypatch.setattr("harness.search.driver.WorkerPool", counted)
    monkeypatch.setattr("harness.search.driver.usable_cores", lambda: 2)
    there = search_space(space, chosen, evaluate=stub_evaluate)
    assert len(started) == 1
    assert outcome(here) == outcome(there)


@pytest.fixture
def in_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Moves searches with two threads to worker processes at once."""
    monkeypatch.setattr("harness.search.driver.LOCAL_SECONDS", -1.0)
    monkeypatch.setattr("harness.search.driver.usable_cores", lambda: 2)


@pytest.mark.usefixtures("in_processes")
def test_errors_in_worker_processes_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    space = small_space()
    # The first batch is evaluated in this process; let it find nothing to do.
    monkeypatch.setattr("harness.search.driver.Crew.step", lambda self, evaluator, tries: True)
    with pytest.raises(EstimationError, match="the stub gives up"):
        run(space, giving_up_evaluate, threads=2)
    with pytest.raises(RuntimeError, match="a defect of the stub"):
        run(space, broken_evaluate, threads=2)


@pytest.mark.usefixtures("in_processes")
def test_worker_processes_stop_on_request_and_keep_the_best() -> None:
    space = small_space(problem=gemm(8, 8, 8))
    seen: list[Progress] = []
    result = search_space(
        space,
        SearchSettings(threads=2, victory_condition=0, timeout=0),
        on_progress=seen.append,
        should_stop=lambda: any(p.valid > 0 for p in seen),
        evaluate=stub_evaluate,
    )
    assert result.interrupted and result.mapping is not None
    assert set(result.stopped) == {"interrupted"}
    assert result.evaluated >= seen[-1].evaluated


def test_functions_that_cannot_travel_stay_in_this_process() -> None:
    assert can_travel(None) and can_travel(stub_evaluate)

    def local_evaluate(architecture: Architecture, problem: Problem, mapping: Mapping) -> Any:
        return stub_evaluate(architecture, problem, mapping)

    assert not can_travel(local_evaluate)


def test_exchange_hands_the_best_on_in_the_order_of_threads() -> None:
    a = Found(0, MappingId(0, 0, 0, 0), cost(10, 10.0))
    b = Found(1, MappingId(0, 0, 0, 0), cost(10, 5.0))
    bests, common = exchange([a, b, None], None, ("edp",))
    assert (bests, common) == ([a, b, b], b)
    bests, common = exchange(bests, common, ("edp",))
    assert bests == [b, b, b]


def test_errors_of_the_user() -> None:
    machine, problem = array(), gemm(4, 4, 4)
    constraints = read_constraints({}, machine, problem)
    with pytest.raises(SpecError, match=r"unknown search algorithm 'hybird' \(did you mean 'hybrid'\?\)"):
        search(machine, problem, constraints, SearchSettings(algorithm="hybird"))
    empty = read_constraints(
        {"mapspace_constraints": [{"target": "DRAM", "type": "temporal", "factors": "M>=5"}]},
        machine,
        problem,
    )
    with pytest.raises(EmptyMapSpace, match="DRAM \\(temporal\\) needs M>=5, but M is 4"):
        search(machine, problem, empty, SearchSettings())


@settings(max_examples=25, deadline=None)
@given(bounds=st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(1, 4)), threads=st.integers(1, 4))
def test_all_threads_together_see_each_mapping_once(bounds: Sequence[int], threads: int) -> None:
    space = small_space(
        {"target": "Buffer", "type": "bypass", "keep": ["Weights", "Inputs", "Outputs"]},
        {"target": "DRAM", "type": "temporal", "permutation": "MKN"},
        problem=gemm(*bounds),
    )
    chosen = SearchSettings(algorithm="linear_pruned", victory_condition=0, timeout=0)
    one = run(space, algorithm="linear_pruned", victory_condition=0, timeout=0)
    many = search_space(space, dataclasses.replace(chosen, threads=threads), evaluate=stub_evaluate)
    assert (one.evaluated, one.valid, one.invalid) == (many.evaluated, many.valid, many.invalid)
    assert one.stats is not None and many.stats is not None
    assert one.stats.edp_j_cycles == pytest.approx(many.stats.edp_j_cycles, rel=1e-12)
