"""Whether any mapping fits, against looking at all of them; and the smallest conflict when none does."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import pytest
from arches_cases import BERT_LARGE, PROBLEMS, matmul
from mapper_cases import SHARED, array, gemm
from mapspace_oracle import holds_a_mapping, random_space, under

from harness.errors import EmptyMapSpace, Location
from harness.mapspace import MapSpace
from harness.mapspace.conflict import Conflict, explain_no_mapping
from harness.mapspace.feasibility import FeasibilityTest, feasible
from harness.mapspace.requirements import Requirements
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.flattened.constraints import read_constraints
from harness.spec.flattened.problem import write_problem
from harness.spec.loading import load_specification, specification_from_v4_tree
from harness.spec.problem import Problem
from harness.spec.templates import load_architecture_template

BLOCKS = range(10)
PER_BLOCK = 40


@pytest.mark.parametrize("block", BLOCKS)
def test_feasible_is_what_looking_at_every_mapping_finds(block: int) -> None:
    seen = set()
    for seed in range(block * PER_BLOCK, (block + 1) * PER_BLOCK):
        requirements = Requirements(*random_space(seed))
        test = FeasibilityTest(requirements)
        expected = holds_a_mapping(*random_space(seed))
        found = test.fits(requirements.demands)
        if expected is not None and not (found is None and test.model_may_refuse):
            assert found is expected, seed
            seen.add(expected)
    assert seen == {True, False}


@pytest.mark.parametrize("block", BLOCKS)
def test_a_conflict_conflicts_and_needs_each_of_its_demands(block: int) -> None:
    rng = random.Random(block)
    conflicts = 0
    for seed in range(block * PER_BLOCK, (block + 1) * PER_BLOCK):
        architecture, problem, constraints = random_space(seed)
        requirements = Requirements(architecture, problem, constraints)
        test = FeasibilityTest(requirements)
        conflict = explain_no_mapping(architecture, problem, constraints)
        verdict = test.fits(requirements.demands)
        if conflict is None or not conflict.decided:
            assert verdict is (True if conflict is None else None), seed
            continue
        conflicts += 1
        assert verdict is False and conflict.minimal
        demands = conflict.demands
        assert test.fits(demands) is False, seed
        for gone in demands:
            assert test.fits([d for d in demands if d is not gone]) is not False, (seed, gone)
        # The same by looking at every mapping; the fan-outs cannot be lifted there.
        fanouts = [d for d in requirements.demands if d.kind in ("fan-out", "instances")]
        gone = rng.choice(demands)
        if any(d.kind == "least utilization" for d in demands) or any(
            level.constraint.permutation_given for level in requirements.levels
        ):
            continue
        for part in (demands, [d for d in demands if d is not gone]):
            extended = list(dict.fromkeys((*part, *fanouts)))
            expected = holds_a_mapping(*_arranged(requirements, extended))
            found = test.fits(extended)
            assert expected is None or found is None or found is expected, (seed, extended)
    assert conflicts > PER_BLOCK // 4


def _arranged(requirements: Requirements, part: list[Any]) -> tuple[Architecture, Problem, Constraints]:
    architecture, constraints = under(requirements, part)
    return architecture, requirements.problem, constraints


def conflict_of(
    problem: Problem,
    *targets: dict[str, Any],
    architecture: Architecture | None = None,
    template: str = "uber",
) -> Conflict:
    machine = architecture or array()
    constraints = read_constraints({"architecture_constraints": list(targets)}, machine, problem)
    found = explain_no_mapping(machine, problem, constraints, template)
    assert found is not None and found.decided and found.minimal
    return found


ALL = ["Weights", "Inputs", "Outputs"]


@pytest.mark.parametrize(
    ("machine", "targets", "message", "size"),
    [
        (
            array(),
            [{"target": "Buffer", "type": "spatial", "factors": "M=8"}],
            "Buffer (spatial) fans out to 2 x 2 (X x Y), which Buffer (spatial) M=8 exceeds",
            2,
        ),
        (
            array(buffer_words=30),
            [
                {"target": "Buffer", "type": "bypass", "keep": ALL},
                {"target": "Buffer", "type": "temporal", "factors": "M=4"},
                {"target": "Registers", "type": "temporal", "factors": "N=8 K=1"},
            ],
            "Buffer holds 30 words and keeps Outputs, but Registers (temporal) N=8 and Buffer (temporal) M=4 "
            "force a tile of at least 32 words of Outputs",
            4,
        ),
        (
            array(register_words=2),
            [{"target": "Registers", "type": "bypass", "keep": ALL}],
            "Registers holds 2 words and keeps Weights, Inputs and Outputs, but the smallest tile has "
            "3 words (Weights 1, Inputs 1, Outputs 1)",
            4,
        ),
        (
            array(),
            [
                {"target": name, "type": "bypass", "bypass": ["Inputs"]}
                for name in ("Registers", "Buffer", "DRAM")
            ],
            "Inputs is bypassed in all storage levels",
            3,
        ),
        (
            array(),
            [
                {"target": "Registers", "type": "utilization", "min": 1},
                {"target": "Buffer", "type": "spatial", "factors": "M=1 N=1 K<=2"},
            ],
            "no mapping meets all of these: Buffer (spatial) M=1; Buffer (spatial) N=1; "
            "Buffer (spatial) fans out to 2 x 2 (X x Y); parallelism of at least 1",
            4,
        ),
    ],
)
def test_the_conflict_in_words(
    machine: Architecture, targets: list[dict[str, Any]], message: str, size: int
) -> None:
    found = conflict_of(gemm(8, 8, 8), *targets, architecture=machine)
    assert str(found) == message
    assert len(found.demands) == size


def test_multiple_buffering_and_least_utilization_are_named() -> None:
    machine = array(buffer_words=64)
    keep = {"target": "Buffer", "type": "bypass", "keep": ["Weights"], "bypass": ["Inputs", "Outputs"]}
    whole = {"target": "Registers", "type": "temporal", "factors": "M=8 K=8"}
    registers, buffer, dram = machine.storage
    doubled = replace(machine, storage=(registers, replace(buffer, multiple_buffering=2.0), dram))
    assert str(conflict_of(gemm(8, 8, 8), keep, whole, architecture=doubled)).startswith(
        "Buffer holds 32 words (64 / 2) and keeps Weights, but Registers (temporal) M=8 and"
    )
    filled = replace(machine, storage=(registers, replace(buffer, min_utilization=0.5), dram))
    outside = {"target": "DRAM", "type": "temporal", "factors": "M=8"}
    assert str(conflict_of(gemm(8, 8, 8), keep, outside, architecture=filled)) == (
        "Buffer must hold at least 32 words (min_utilization 0.5), but its tiles have at most 16 words "
        "(Weights 8, Outputs 8) under DRAM (temporal) M=8 (Buffer bypasses Inputs)"
    )


def test_ruby_factors_that_cannot_be() -> None:
    targets = [
        {"target": "Buffer", "type": "spatial", "factors": "M>=9"},
        {"target": "DRAM", "type": "temporal", "remainders": 2},
    ]
    found = conflict_of(gemm(8, 2, 2), *targets, template="ruby")
    assert "Buffer (spatial) needs M>=9, but M is 8" in str(found)


def test_no_claim_is_made_without_the_effort_for_it() -> None:
    machine = array(register_words=2)
    constraints = read_constraints(
        {"architecture_constraints": [{"target": "Registers", "type": "bypass", "keep": ALL}]},
        machine,
        gemm(8, 8, 8),
    )
    found = explain_no_mapping(machine, gemm(8, 8, 8), constraints, effort=2)
    assert found is not None and not found.decided and not found.minimal
    assert str(found).startswith("could not decide within 2 steps")
    assert feasible(MapSpace(machine, gemm(8, 8, 8), constraints), effort=1) is None
    assert feasible(MapSpace(machine, gemm(8, 8, 8), constraints)) is False


def shipped(name: str, problem: Problem, operator: str, **parameters: Any) -> Any:
    tree = load_architecture_template(name).render(parameters, problem, operator)
    tree["problem"] = write_problem(problem)
    return specification_from_v4_tree(tree)


def test_a_head_too_narrow_for_the_array() -> None:
    spec = shipped("tpu", matmul(512, 64, 512), "matmul", strict_utilization=True)
    with pytest.raises(EmptyMapSpace, match=r"needs E>=128, but E is 64 \[.*tpu.yaml.jinja:\d+\]"):
        MapSpace(spec.architecture, spec.problem, spec.constraints)
    found = explain_no_mapping(spec.architecture, spec.problem, spec.constraints)
    assert found is not None
    (demand,) = found.demands
    assert demand.kind == "least factor" and isinstance(demand.location, Location)


@pytest.mark.parametrize("name", ["gemmini", "eyeriss", "simba", "tpu", "pim_analog"])
@pytest.mark.parametrize(
    ("problem", "operator"), [(BERT_LARGE["KTQ"], "matmul"), (PROBLEMS["conv"][1], "conv")]
)
def test_shipped_architectures_with_a_level_too_small(name: str, problem: Problem, operator: str) -> None:
    spec = shipped(name, problem, operator)
    assert explain_no_mapping(spec.architecture, spec.problem, spec.constraints) is None
    for number, level in enumerate(spec.architecture.storage):
        storage = list(spec.architecture.storage)
        storage[number] = replace(level, size_words=0)
        machine = replace(spec.architecture, storage=tuple(storage))
        requirements = Requirements(machine, spec.problem, spec.constraints)
        test = FeasibilityTest(requirements)
        found = explain_no_mapping(machine, spec.problem, spec.constraints)
        kept = spec.constraints.of(level.name).keep
        assert (found is None) is test.fits(requirements.demands)
        if kept or number == len(storage) - 1:
            assert found is not None and f"{level.name} holds 0 words" in str(found)
        # Work, not seconds, so that a slow machine does not fail.
        assert test.steps < 5_000


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared golden data")
def test_inputs_that_were_mapped_have_no_conflict() -> None:
    for folder in sorted((SHARED / "mapper_inputs").iterdir()):
        spec = load_specification([str(folder / "input.yaml")])
        assert explain_no_mapping(spec.architecture, spec.problem, spec.constraints) is None, folder.name
