"""Sizes of map spaces as Timeloop prints them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from mapper_cases import GOLDEN, SHARED, golden_case

from harness.mapspace import MapSpace
from harness.spec.flattened import read_architecture, read_problem
from harness.spec.flattened.constraints import read_constraints
from harness.spec.flattened.settings import read_settings
from harness.spec.yaml_loader import load_yaml_file

COMMITTED = sorted(p.stem for p in GOLDEN.glob("*.json"))
INPUTS = sorted((SHARED / "mapper_inputs").glob("*/input.yaml"))
CASES = sorted((SHARED / "mapper").glob("*/input.yaml"))


def sizes_of(path: Path) -> list[int]:
    tree = load_yaml_file(path)
    architecture = read_architecture(tree)
    problem = read_problem(tree["problem"])
    constraints = read_constraints(tree, architecture, problem)
    sizes = MapSpace(architecture, problem, constraints, read_settings(tree).template).sizes
    return [sizes.index_factorization, sizes.loop_permutation, sizes.spatial, sizes.datatype_bypass]


def listed(mapspace: dict[str, int]) -> list[int]:
    return [mapspace[k] for k in ("IndexFactorization", "LoopPermutation", "Spatial", "DatatypeBypass")]


@pytest.mark.parametrize("name", COMMITTED)
def test_sizes_of_the_committed_cases(name: str) -> None:
    architecture, problem, constraints, expected = golden_case(name)
    sizes = MapSpace(architecture, problem, constraints).sizes
    found = [sizes.index_factorization, sizes.loop_permutation, sizes.spatial, sizes.datatype_bypass]
    assert found == expected["sizes"]


@pytest.mark.parametrize("path", CASES, ids=[p.parent.name for p in CASES])
def test_sizes_of_the_enumerated_spaces(path: Path) -> None:
    expected = json.loads((path.parent / "result.json").read_text())
    assert sizes_of(path) == listed(expected["mapspace"])


@pytest.mark.parametrize("path", INPUTS, ids=[p.parent.name for p in INPUTS])
def test_sizes_of_the_bert_large_spaces(path: Path) -> None:
    architecture, layer = path.parent.name.split("_")
    runs = json.loads((SHARED / "timeloop_mapper_runs.json").read_text())
    expected = [
        listed(run["mapspace"]) for run in runs if (run["arch"], run["layer"]) == (architecture, layer)
    ]
    assert expected
    assert all(sizes == sizes_of(path) for sizes in expected)
