"""The shipped architecture with sparse optimisations: what its gating saves, and the command of the pages."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from harness.cli.run import main
from harness.engines.estimated import with_energy
from harness.engines.layer_job import LayerRequest, layer_job
from harness.errors import Location
from harness.model import evaluate
from harness.model.stats import Stats
from harness.search import search
from harness.spec.settings import SearchSettings
from harness.workloads import find_layer
from harness.workloads.densities import layer_with_densities

LAYER = find_layer("KTQ", "bert-base")
FEW = SearchSettings(algorithm="random_pruned", timeout=50_000, search_size=3, threads=1)


def stats_of_one_mapping(*densities: str) -> tuple[Stats, Stats]:
    """Of ``eyeriss`` and of ``eyeriss_gated``, whose words are read one by one, for one mapping."""
    layer = layer_with_densities(LAYER, densities, Location("test"))
    found = []
    mapping = None
    for name in ("eyeriss", "eyeriss_gated"):
        job = layer_job(LayerRequest(name, layer, FEW, {"input_bits": 16})).job
        specification = job.specification
        architecture, _ = with_energy(specification, job.estimation)
        if mapping is None:
            found_one = search(architecture, specification.problem, specification.constraints, FEW)
            mapping = found_one.mapping
            assert mapping is not None
        found.append(evaluate(architecture, specification.problem, mapping))
    return found[0], found[1]


def test_a_weight_is_read_and_multiplied_only_for_an_input_that_is_not_zero() -> None:
    dense, gated = stats_of_one_mapping("Inputs=0.25")
    macs = LAYER.problem.macs
    assert (dense.actual_computes, gated.actual_computes) == (macs, macs // 4)
    (weights,) = [s for s in gated.level("weights_spad").data_spaces if s.name == "Weights"]
    assert weights.sparse is not None
    reads = weights.sparse.scalar_accesses
    assert reads["gated_read"] == 3 * reads["random_read"]
    assert gated.energy_pj < dense.energy_pj
    assert gated.cycles == dense.cycles


def test_dense_inputs_cost_what_they_cost_without_gating() -> None:
    dense, gated = stats_of_one_mapping()
    assert gated.energy_pj == pytest.approx(dense.energy_pj, rel=1e-12)
    assert (gated.cycles, gated.actual_computes) == (dense.cycles, dense.actual_computes)


def test_it_is_eyeriss_with_a_parameter() -> None:
    request = LayerRequest("eyeriss", LAYER, FEW, {"zero_gating": True})
    shipped = replace(request, architecture="eyeriss_gated", parameters={})
    tree, of_shipped = (layer_job(r).job.specification.tree for r in (request, shipped))
    assert tree == of_shipped
    assert "sparse_optimizations" in tree


def test_the_command_of_the_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for page in ("sparse.md", "workloads.md"):
        text = (Path(__file__).parents[1] / "docs" / page).read_text()
        assert "run.py KTQ --arch eyeriss_gated --density Inputs=0.4" in text
    command = "KTQ --arch eyeriss_gated --density Inputs=0.4 --mapper random-100 --seed 1"
    assert main(command.split()) == 0
    assert re.search(r"^sparse +[\d.]+ % of the computes happen", capsys.readouterr().out, re.MULTILINE)
