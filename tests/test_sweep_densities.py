"""Sweeps of sparse hardware: other densities are never compared silently, results keep theirs."""

from __future__ import annotations

import json
from dataclasses import MISSING, asdict, fields, replace
from pathlib import Path

import numpy as np
import pytest
from sparse_search_cases import CASES
from sweep_cases import SETTINGS
from test_sparse_layers import GATING

from harness import sweep
from harness.cli.hwdse import main
from harness.engines import embedded
from harness.engines.job import Job
from harness.engines.result import CheckRecord, Result, TimeloopRun
from harness.report.page.payload import payload
from harness.report.sweep.roofline import roofline_point
from harness.spec.loading import read_specification
from harness.sweep.job import JobResult, LevelLimits
from harness.sweep.outcome import LayerOutcome, Occurrence
from harness.sweep.plan import needed_kernels
from harness.sweep.request import SweepRequest, plan_sweep
from harness.sweep.store.rows import PointRow, given_and_base
from harness.sweep.store.writing import StoreWriter
from harness.sweep.study import Study

NOT_OF_SWEEPS = {"pareto", "compat"}
"""Fields of results that always have their defaults there: no sweep asks for a front or corrected figures."""


@pytest.fixture
def gating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the template in one of its own: the model is no file beside it."""
    monkeypatch.chdir(tmp_path)
    Path("arch").mkdir()
    Path("arch/gating.yaml.jinja").write_text(GATING)
    Path("one.json").write_text('[{"arch": "gating"}]')
    return tmp_path


def swept(a: str, *options: str) -> None:
    Path("tiny.yaml").write_text(f"layers: {{A: {{D: 16, E: 32, L: 8{a}}}, B: {{D: 32, E: 32, L: 8}}}}")
    run = [
        "all",
        "-m",
        "tiny.yaml",
        "-c",
        "one.json",
        "-a",
        "arch/gating.yaml.jinja",
        "--mapper",
        "random-100",
    ]
    assert main([*run, "--threads", "1", "-j", "1", "-o", "out", *options]) == 0


def test_other_densities_are_another_study(gating: Path, capsys: pytest.CaptureFixture[str]) -> None:
    swept(", density: {Inputs: 0.3}", "-i", "3")
    swept(", density: {Inputs: {distribution: hypergeometric, density: 0.30000001}}", "-i", "6")
    swept("", "-i", "9", "--keep", "none")
    capsys.readouterr()
    assert main(["-so", "-o", "out"]) == 0
    printed = capsys.readouterr().out
    assert "3 groups with different layers" in printed
    assert "\ngroup: densities A (Inputs 0.3)\n" in printed
    assert "\ngroup: densities A (Inputs 0.30000001 hypergeometric)\n" in printed
    assert "\ngroup: densities none\n" in printed
    assert printed.count("1 of 1 configuration mapped") == 3
    assert "\ndensities: A (Inputs 0.3)\n" in printed
    told = [study["densities"] for study in payload(sweep.load("out"))["studies"]]
    assert told == ["A (Inputs 0.3)", "A (Inputs 0.30000001 hypergeometric)", None]
    record = json.loads(Path("out/3/hw_config.json").read_text())["sweep"]["layers"]
    assert LayerOutcome.from_record(record[0]).occurrence.densities == {
        "Inputs": {"distribution": "fixed_structured", "density": 0.3}
    }
    assert "densities" not in record[1]
    # The same from the folders alone, without their store.
    Path("out/sweep.sqlite").unlink()
    assert main(["-so", "-o", "out"]) == 0
    assert "2 groups with different layers" in capsys.readouterr().out


def test_actual_data_are_known_by_what_they_hold(gating: Path) -> None:
    np.save("a.npy", np.eye(32, 16))
    np.save("b.npy", np.eye(32, 16))
    np.save("c.npy", np.eye(32, 16)[::-1])
    for first, name in enumerate("abc"):
        density = f"{{distribution: actual_data, file: {name}.npy}}"
        swept(f", density: {{Weights: {density}}}", "-i", str(10 * first), "--keep", "none")
    same, other = sweep.load("out").studies
    assert "file" not in same.layers[0].densities["Weights"]
    assert [same.layers[0].densities["Weights"][k] == other.layers[0].densities["Weights"][k] for k in
            ("distribution", "axes", "density", "digest")] == [True, True, True, False]  # fmt: skip


def test_studies_of_dense_layers_are_as_they_were() -> None:
    """A store of the time before densities goes on with the same study."""
    layer = Occurrence("A", 2, "", False, 8, "m", 2, "matmul")
    before = {k: v for k, v in asdict(layer).items() if k != "densities"}
    assert list(before) == [
        "layer", "times", "times_reason", "fused", "macs", "model", "repeat", "operator",
    ]  # fmt: skip
    assert layer.to_record() == before and Occurrence(**before) == layer
    known = "sha256:00bd1d91e1859a3f"
    assert Study(SETTINGS, (layer,)).identity.startswith(known)
    full = replace(layer, densities={"Inputs": {"distribution": "banded", "band_width": 2}})
    assert Occurrence(**full.to_record()) == full
    assert not Study(SETTINGS, (full,)).identity.startswith(known)


def test_a_store_loses_no_field_of_a_result(gating: Path) -> None:
    swept(", density: {Inputs: 0.3}")
    found = sweep.load("out").result(0, "A")
    file = Result.from_json(Path("out/0/outputs_A/result.json").read_text())
    assert found is not None and found.densities == file.densities == {
        "Inputs": {"distribution": "fixed_structured", "density": 0.3}
    }  # fmt: skip
    whole = replace(
        found,
        reason="it was made up",
        fusion="DRAM",
        repeat=3,
        parameters={"none": 1},
        engine="timeloop",
        timeloop=TimeloopRun("timeloop-mapper", "sha256:0", "", "finished", 0, 0.5),
        check=CheckRecord("differs", 9, 1, ("Buffer.reads",)),
    )
    kept = [f for f in fields(Result) if f.compare and f.name not in NOT_OF_SWEEPS]
    for field in kept:
        assert getattr(whole, field.name) not in (field.default, (), {}, None, MISSING), field.name
    again = put_and_read(whole)
    assert again is not None
    for field in kept:
        assert getattr(again, field.name) == getattr(whole, field.name), field.name
    assert again.to_record() == whole.to_record()


def put_and_read(result: Result) -> Result | None:
    writer = StoreWriter(None)
    layer = Occurrence(result.layer, 1, "", False, 8, result.model, result.repeat)
    given, base = given_and_base({}, dict(result.parameters))
    study = writer.study_number(Study(SETTINGS, (layer,)))
    writer.begin_point(PointRow(0, study, result.architecture, given, base, ("key",)))
    writer.put_result(JobResult("key", "ok", result.reason, result))
    return writer.result(0, 0, layer)


@pytest.mark.parametrize(("case", "known"), [("packed", False), ("gating", True)])
def test_no_roofline_of_traffic_that_is_partly_unknown(case: str, known: bool) -> None:
    """The real Timeloop tells how many words of metadata move, but not how many bits these have."""
    given = read_specification(CASES[case])
    settings = replace(given.settings, algorithm="random_pruned", search_size=20)
    result = embedded.run(Job(replace(given, settings=settings), architecture="x", layer="y"))
    main_memory = given.architecture.storage[-1]
    limits = [LevelLimits(main_memory.name, 1.0, 1.0, main_memory.word_bits)]
    spaces = result.levels[-1].dataspaces
    assert roofline_point(result, limits) is not None
    told = {
        name: replace(space, sparse=replace(space.sparse, metadata_bits={}))
        for name, space in spaces.items()
        if space.sparse is not None
    }
    assert len(told) == len(spaces)
    theirs = replace(result, levels=(*result.levels[:-1], replace(result.levels[-1], dataspaces=told)))
    assert roofline_point(theirs, limits) == (roofline_point(result, limits) if known else None)


def test_nothing_is_compiled_for_hardware_whose_mappings_are_not_proven(gating: Path) -> None:
    """The proofs' bounds count every word, so none is tried where zeros are left out."""
    Path("tiny.yaml").write_text("layers: {A: {D: 16, E: 32, L: 8}}")

    def needed(*architectures: str) -> list[bool]:
        return needed_kernels(plan_sweep(SweepRequest(architectures=architectures, models=("tiny.yaml",))))

    assert needed("arch/gating.yaml.jinja") == []
    assert needed("gemmini") == needed("arch/gating.yaml.jinja", "gemmini") == [False]
    Path("arch/gating.yaml.jinja").write_text(GATING.replace("intmac}", "intmac, spatial: {meshX: no}}"))
    assert needed("arch/gating.yaml.jinja") == [False]
