"""Densities of layers: options, workload files, records, identity, hardware with and without use for them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.cli.run import main
from harness.engines import embedded
from harness.engines.density_records import density_records
from harness.engines.exported import v4_files
from harness.engines.identity import RequestIdentity
from harness.engines.layer_job import LayerRequest, layer_job
from harness.engines.result import Result
from harness.errors import HarnessError, Location, SpecError
from harness.spec.density import Density
from harness.spec.profiles import load_profile
from harness.spec.templates import load_architecture_template
from harness.workloads import Layer, find_layer, gemm_layer, layer_with_densities, load_model

PLACE = Location("--density")
SMALL = gemm_layer("16,16,16")

GATING = """\
{#
name: gating
description: a buffer that is not read where inputs are zero
source: of this test
operators: [matmul]
#}
architecture:
  version: 0.4
  nodes:
  - !Container
    name: chip
    attributes: {datawidth: 8, width: 8, technology: "45nm", global_cycle_seconds: 1e-9}
  - !Component {name: DRAM, class: DRAM, attributes: {depth: 65536}}
  - !Component
    name: Buffer
    class: SRAM
    attributes: {depth: 1024}
    sparse_optimizations:
      action_optimization:
      - {type: gating, options: [{target: Weights, condition_on: [Inputs]}]}
  - !Component {name: MAC, class: intmac}
"""


def filled(*given: str, layer: Layer = SMALL) -> Layer:
    return layer_with_densities(layer, given, PLACE)


def request_of(layer: Layer, architecture: str = "gemmini") -> LayerRequest:
    return LayerRequest(architecture, layer, load_profile("random-100"))


def test_options_are_densities_of_data_spaces(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.eye(16))
    problem = filled("Weights=hypergeometric:0.25", " Inputs = 0.4 ").problem
    assert problem.densities == (
        ("Weights", Density("hypergeometric", 0.25)),
        ("Inputs", Density("fixed_structured", 0.4)),
    )
    assert filled("Outputs=banded:2").problem.density_of("Outputs") == Density("banded", 1.0, 2)
    known = filled(f"Weights=actual_data:{tmp_path / 'w.npy'}").problem.density_of("Weights")
    assert (known.density, known.axes) == (1 / 16, (0, 1))  # E, D


def test_an_option_lies_over_the_layer_s_own_density() -> None:
    once = filled("Weights=0.5", "Inputs=0.5")
    assert filled("Inputs=0.1", layer=once).problem.densities == (
        ("Weights", Density("fixed_structured", 0.5)),
        ("Inputs", Density("fixed_structured", 0.1)),
    )


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("Inptus=0.4", "has no data space 'Inptus' .did you mean 'Inputs'"),
        ("Inputs", "'Inputs' is no density .write NAME=SHARE"),
        ("Inputs=", "is no density"),
        ("Inputs=1.5", "from 0 to 1, not '1.5'"),
        ("Inputs=some", "from 0 to 1, not 'some'"),
        ("Inputs=hypergeo:0.4", "unknown distribution of Inputs: 'hypergeo' .did you mean 'hypergeometric'"),
        ("Inputs=banded:-1", "band_width of Inputs must be a whole number"),
        ("Inputs=actual_data:no.mtx", "no such file of actual data"),
    ],
)
def test_odd_options_are_refused(option: str, message: str) -> None:
    with pytest.raises(SpecError, match=rf"^--density: .*{message}"):
        filled(option)
    with pytest.raises(SpecError, match="the density of Inputs is given twice"):
        filled("Inputs=0.4", "Inputs=0.5")


def test_layer_files_have_densities(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.ones((16, 8)))
    file = tmp_path / "layers.yaml"
    file.write_text(
        "layers:\n"
        "  a: {D: 8, E: 16, L: 4, density: {Inputs: 0.4, Weights: "
        "{distribution: actual_data, file: w.npy}}}\n"
        "  b: {D: 8, E: 16, L: 4}\n"
    )
    model = load_model(file)
    assert [name for name, _ in model.layer("a").problem.densities] == ["Weights", "Inputs"]
    assert model.layer("b").problem.densities == ()
    file.write_text("layers:\n  a: {D: 8, E: 16, L: 4, density: {Inptus: 0.4}}\n")
    with pytest.raises(SpecError, match=r"layers.yaml:2: .*'Inptus' .did you mean 'Inputs'"):
        load_model(file)


def test_model_files_have_densities_by_layer(tmp_path: Path) -> None:
    sizes = "hidden: 64\nheads: 4\nfeed_forward: 128\nsequence_length: 32\nblocks: 2\n"
    file = tmp_path / "pruned.yaml"
    file.write_text(sizes + "density: {FF1: {Weights: 0.1}, layernorm: {Inputs: 0.9}}\n")
    model = load_model(file)
    assert model.layer("FF1").problem.densities == (("Weights", Density("fixed_structured", 0.1)),)
    norms = [operator for operator in model if operator.layer.name == "layernorm"]
    assert [op.problem.density_of("Inputs").density for op in norms] == [0.9, 0.9]
    assert model.layer("KQV").problem.densities == ()
    file.write_text(sizes + "density: {FF3: {Weights: 0.1}}\n")
    with pytest.raises(SpecError, match=r"pruned.yaml:6: unknown layer in the densities .*'FF3'"):
        load_model(file)


def test_two_densities_are_two_jobs(tmp_path: Path) -> None:
    template = load_architecture_template("gemmini")
    np.save(tmp_path / "a.npy", np.eye(16))
    np.save(tmp_path / "same.npy", np.eye(16) * 2)
    np.save(tmp_path / "other.npy", np.eye(16)[::-1])
    layers = [
        SMALL,
        filled("Inputs=0.4"),
        filled("Inputs=0.5"),
        filled("Inputs=hypergeometric:0.5"),
        *[filled(f"Weights=actual_data:{tmp_path / n}.npy") for n in ("a", "other", "same")],
    ]
    keys = [RequestIdentity(request_of(layer)).key(template.resolve({})) for layer in layers]
    assert len(set(keys)) == len(layers) - 1
    assert keys[4] == keys[6]


def test_hardware_without_sparse_optimisations_says_that_nothing_changes() -> None:
    dense = embedded.run(layer_job(request_of(SMALL)).job)
    result = embedded.run(layer_job(request_of(filled("Inputs=0.4"))).job)
    assert (result.cycles, result.energy_pj) == (dense.cycles, dense.energy_pj)
    assert result.evaluation is not None
    assert dense.evaluation is not None
    assert any("the densities (Inputs) change no figure" in note for note in result.evaluation.notes)
    assert not any("change no figure" in note for note in dense.evaluation.notes)
    assert "densities" not in dense.to_record()
    assert result.to_record()["densities"] == {"Inputs": {"distribution": "fixed_structured", "density": 0.4}}
    assert Result.from_json(result.to_json()).densities == result.densities


def test_gated_hardware_saves_what_the_density_leaves_out(tmp_path: Path) -> None:
    (tmp_path / "gating.yaml.jinja").write_text(GATING)
    gating = str(tmp_path / "gating.yaml.jinja")
    energies = []
    for layer in (SMALL, filled("Inputs=0.4"), filled("Inputs=0.1")):
        result = embedded.run(layer_job(request_of(layer, gating)).job)
        assert result.energy_pj is not None
        assert result.evaluation is not None
        assert not any("change no figure" in note for note in result.evaluation.notes)
        energies.append(result.energy_pj)
    assert energies[0] > energies[1] > energies[2]


def test_the_default_profile_searches_sparse_hardware(tmp_path: Path) -> None:
    (tmp_path / "gating.yaml.jinja").write_text(GATING)
    settings = replace(load_profile("default"), victory_condition=40)
    request = LayerRequest(str(tmp_path / "gating.yaml.jinja"), filled("Inputs=0.4"), settings)
    result = embedded.run(layer_job(request).job)
    assert result.status == "ok"
    assert result.search.status == "best_found"
    assert result.search.mapper == "guided"
    assert result.evaluation is not None
    assert any("not proven, searched by 'guided'" in note for note in result.evaluation.notes)


def test_fronts_are_refused_before_anything_is_searched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "gating.yaml.jinja"
    file.write_text(GATING)
    given = ["--gemm", "16,16,16", "-a", str(file), "--density", "Inputs=0.4"]
    assert main([*given, "--pareto", "-o", str(tmp_path / "out")]) == 2
    assert "fronts are proven for hardware without sparse optimisations" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert main([*given, "--certify", "-vc", "20", "--threads", "1", "-o", str(tmp_path / "out")]) == 0
    shown = capsys.readouterr()
    assert "search    guided (uber)" in shown.out
    assert "none, this search proved nothing" in shown.out
    assert "note: not proven, searched by 'guided' instead" in shown.err


def test_timeloop_has_no_model_of_actual_data(tmp_path: Path) -> None:
    np.save(tmp_path / "w.npy", np.eye(16))
    job = layer_job(request_of(filled(f"Weights=actual_data:{tmp_path / 'w.npy'}"))).job
    with pytest.raises(HarnessError, match=r"the public Timeloop has no model .its share is 0.0625"):
        v4_files(job)
    written = density_records(job.specification.problem)["Weights"]
    assert (written["density"], written["axes"]) == (1 / 16, ["E", "D"])


def test_run_py_takes_densities(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "out")
    given = ["--gemm", "16,16,16", "--density", "Inputs=0.4", "--density", "Weights=hypergeometric:0.3"]
    assert main([*given, "--mapper", "random-100", "-o", out]) == 0
    shown = capsys.readouterr()
    assert "Weights 0.3 hypergeometric, Inputs 0.4" in shown.out
    assert "note: the densities (Weights, Inputs) change no figure" in shown.err
    record = json.loads((tmp_path / "out" / "result.json").read_text())
    assert list(record["densities"]) == ["Weights", "Inputs"]
    assert main(["KTQ+softmax", "Accumulator", "--density", "Inputs=0.4"]) == 2
    assert "the tensors of fused layers share their names" in capsys.readouterr().err
    assert main(["--spec", "a.yaml", "--density", "Inputs=0.4"]) == 2
    assert "--density does not go with --spec" in capsys.readouterr().err


def test_named_layers_keep_their_own_densities() -> None:
    assert find_layer("KTQ").problem.densities == ()
    assert filled("Inputs=0.4", layer=find_layer("KTQ")).repeat == find_layer("KTQ").repeat
