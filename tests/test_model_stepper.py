"""The model against a brute-force stepper on tiny random mappings."""

from __future__ import annotations

from math import prod

from hypothesis import given, settings
from hypothesis import strategies as st
from model_stepper import step_through
from model_tiny import LEVELS, gemm, random_mappings, tiny_architecture

from harness.errors import InvalidMapping
from harness.model import evaluate
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem


@settings(max_examples=150, deadline=None)
@given(random_mappings())
def test_counts_are_those_of_the_stepper(case: tuple[Problem, Mapping]) -> None:
    problem, mapping = case
    stats = evaluate(tiny_architecture(mapping), problem, mapping)
    for tensor in problem.data_spaces:
        for name, counts in step_through(problem, mapping, tensor).items():
            found = next(t for t in stats.level(name).data_spaces if t.name == tensor.name)
            have = (found.reads, found.fills, found.updates, found.partition_size)
            want = (counts.reads, counts.fills, counts.updates, counts.distinct_words)
            assert have == want, (name, tensor.name)


@settings(max_examples=100, deadline=None)
@given(random_mappings())
def test_operations_are_conserved(case: tuple[Problem, Mapping]) -> None:
    problem, mapping = case
    stats = evaluate(tiny_architecture(mapping), problem, mapping)
    assert stats.actual_computes == stats.macs == prod(problem.bounds)
    assert stats.arithmetic.cycles * stats.arithmetic.utilized_instances == stats.macs
    assert stats.cycles >= stats.arithmetic.cycles
    assert 0 < stats.utilization <= 1


@settings(max_examples=60, deadline=None)
@given(random_mappings(), st.integers(0, len(LEVELS) - 2), st.integers(1, 40))
def test_more_capacity_never_refuses(case: tuple[Problem, Mapping], level: int, words: int) -> None:
    problem, mapping = case
    fits = [
        _fits(problem, mapping, level, capacity) for capacity in (words, words + 1, 2 * words, 100 * words)
    ]
    assert fits == sorted(fits)


def _fits(problem: Problem, mapping: Mapping, level: int, capacity: int) -> bool:
    try:
        evaluate(tiny_architecture(mapping, {level: capacity}), problem, mapping)
    except InvalidMapping as error:
        assert "exceeds buffer capacity" in str(error)
        return False
    return True


def test_gemm_is_what_it_says() -> None:
    assert [ds.name for ds in gemm({"E": 2, "D": 2, "L": 2}).data_spaces] == ["Weights", "Inputs", "Outputs"]
