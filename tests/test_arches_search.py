"""Shipped architectures and hardware configurations have mappings: each is searched until one is found."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from arches_cases import BERT_LARGE, PROBLEMS, norm

from harness.search import search
from harness.spec.energy import ActionEnergy, AreaReferenceTable, ComponentEnergy, EnergyReferenceTable
from harness.spec.flattened.problem import write_problem
from harness.spec.loading import specification_from_v4_tree
from harness.spec.problem import Problem
from harness.spec.settings import SearchSettings
from harness.spec.templates import list_architectures, load_architecture_template

MAIN = [t.name for t in list_architectures() if t.variant_of is None]
SOFTMAX, LAYERNORM = norm(4096, 4096, 2), norm(4096, 1024, 3)
UNTIL_ONE = SearchSettings(algorithm="random_pruned", timeout=50_000, search_size=1)

CONFIGURATIONS = json.loads((Path(__file__).parents[1] / "hw_configs.json").read_text())
GEMMINI_SHAPES = [
    (16, 16), (8, 32), (32, 8), (32, 32), (16, 32), (32, 16), (16, 64), (64, 16), (16, 128), (128, 16),
    (16, 256), (256, 16),
]  # fmt: skip
PIM_SHAPES = [(128, 128), (64, 256), (256, 64)]


def _assert_mapped(name: str, problem: Problem, operator: str, parameters: dict[str, Any]) -> None:
    tree = load_architecture_template(name).render(parameters, problem, operator)
    tree["problem"] = write_problem(problem)
    spec = specification_from_v4_tree(tree)
    # Whether a mapping is valid does not depend on energies, so none are estimated here.
    parts = [spec.architecture.arithmetic, *spec.architecture.storage, *spec.architecture.networks]
    actions = ("read", "write", "update", "leak", "compute", "transfer_Inputs", "transfer_Outputs")
    table = EnergyReferenceTable(
        tuple(ComponentEnergy(p.full_name, tuple(ActionEnergy(a, 1.0) for a in actions)) for p in parts)
    )
    architecture = spec.architecture.with_energy(table, AreaReferenceTable(()))
    found = search(architecture, spec.problem, spec.constraints, UNTIL_ONE)
    assert found.mapping is not None, (name, problem.bounds, parameters, found.reason)


def _gemmini(shape: tuple[int, int], dataflow: str) -> dict[str, Any]:
    rows, columns = shape
    return {
        "accumulator_size": 262144 // rows, "pe_rows": rows, "pe_cols": columns, "dataflow": dataflow,
    }  # fmt: skip


def _pim(shape: tuple[int, int], dataflow: str) -> dict[str, Any]:
    return {"pe_rows": shape[0], "pe_cols": shape[1], "dataflow": dataflow}


@pytest.mark.parametrize("name", MAIN)
def test_every_architecture_maps_an_encoders_layers(name: str) -> None:
    _assert_mapped(name, BERT_LARGE["KTQ"], "matmul", {})
    _assert_mapped(name, LAYERNORM, "norm", {})
    _assert_mapped(name, PROBLEMS["conv"][1], "conv", {})


@pytest.mark.parametrize("dataflow", ["WS", "IS", "OS"])
@pytest.mark.parametrize("shape", [(8, 32), (256, 16)])
def test_gemmini_maps_with_every_dataflow(shape: tuple[int, int], dataflow: str) -> None:
    _assert_mapped("gemmini", BERT_LARGE["VScores"], "matmul", _gemmini(shape, dataflow))
    _assert_mapped("gemmini", SOFTMAX, "norm", _gemmini(shape, dataflow))


@pytest.mark.parametrize("dataflow", ["WS", "IS"])
def test_pim_maps_with_both_dataflows(dataflow: str) -> None:
    _assert_mapped("pim_analog", BERT_LARGE["VScores"], "matmul", _pim((64, 256), dataflow))
    _assert_mapped("pim_analog", SOFTMAX, "norm", {**_pim((64, 256), dataflow), "use_IMC_as_buffer": True})


def test_shipped_configurations_are_parameters() -> None:
    assert len(CONFIGURATIONS) >= 26
    for configuration in CONFIGURATIONS:
        given = {k: v for k, v in configuration.items() if k != "arch"}
        resolved = load_architecture_template(configuration["arch"]).resolve(given)
        assert {k: resolved[k] for k in given} == given


@pytest.mark.slow
@pytest.mark.parametrize("index", range(len(CONFIGURATIONS)))
def test_every_shipped_configuration_maps_bert_large(index: int) -> None:
    given = {k: v for k, v in CONFIGURATIONS[index].items() if k != "arch"}
    name = CONFIGURATIONS[index]["arch"]
    for problem in BERT_LARGE.values():
        _assert_mapped(name, problem, "matmul", given)
    for problem in (SOFTMAX, LAYERNORM):
        _assert_mapped(name, problem, "norm", given)


@pytest.mark.slow
@pytest.mark.parametrize("name", MAIN)
def test_every_architecture_maps_every_problem(name: str) -> None:
    for operator, problems in PROBLEMS.items():
        for problem in problems:
            _assert_mapped(name, problem, operator, {})


@pytest.mark.slow
@pytest.mark.parametrize("dataflow", ["WS", "IS", "OS"])
@pytest.mark.parametrize("shape", GEMMINI_SHAPES)
def test_every_gemmini_configuration_maps_bert_large(shape: tuple[int, int], dataflow: str) -> None:
    for problem in BERT_LARGE.values():
        _assert_mapped("gemmini", problem, "matmul", _gemmini(shape, dataflow))
    for problem in (SOFTMAX, LAYERNORM):
        _assert_mapped("gemmini", problem, "norm", _gemmini(shape, dataflow))


@pytest.mark.slow
@pytest.mark.parametrize("dataflow", ["WS", "IS"])
@pytest.mark.parametrize("shape", PIM_SHAPES)
def test_every_pim_configuration_maps_bert_large(shape: tuple[int, int], dataflow: str) -> None:
    for problem in BERT_LARGE.values():
        _assert_mapped("pim_analog", problem, "matmul", _pim(shape, dataflow))
    for problem in (SOFTMAX, LAYERNORM):
        _assert_mapped("pim_analog", problem, "norm", _pim(shape, dataflow))
