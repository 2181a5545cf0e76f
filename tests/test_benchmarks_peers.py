"""The comparison with other mappers: their mappings read, jobs told, honest rows where they are absent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.cases import Case, case
from benchmarks.peers.accelforge_job import translate
from benchmarks.peers.accelforge_mapping import read_chain
from benchmarks.peers.accelforge_run import accelforge_attempt
from benchmarks.peers.attempt import Attempt, Point, judged
from benchmarks.peers.compact_mapping import read_compact_mapping
from benchmarks.peers.conformity import broken_demands
from benchmarks.peers.jobs import relaxed
from benchmarks.peers.table import table
from benchmarks.peers.timeloop import timeloop_attempt
from benchmarks.peers.timeloop_input import timeloop_input
from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.model import evaluate
from harness.spec.loading import load_specification
from harness.spec.mapping import Loop

PRINTED = "L5[WIO] L8 E4 D48 - L4[WI] E16 - L3[] G1 D16Y - L2[O] D4 L32 - L1[] G1 E16X - L0[W] L16"
"""A mapping of BERT-large's KQV on Gemmini as Timeloop's mapper printed it, with 51904516 cycles."""

CHAIN = [
    {"kind": "storage", "component": "DRAM", "tensors": ["Weights", "Outputs", "Inputs"]},
    {"kind": "temporal", "rank": "d", "tile": 512},
    {"kind": "temporal", "rank": "e", "tile": 512},
    {"kind": "storage", "component": "Scratchpad", "tensors": ["Weights"]},
    {"kind": "temporal", "rank": "l", "tile": 512},
    {"kind": "storage", "component": "Scratchpad", "tensors": ["Inputs"]},
    {"kind": "temporal", "rank": "d", "tile": 16},
    {"kind": "spatial", "rank": "d", "tile": 1, "component": "below_inter_PERows_spatial", "axis": "Y"},
    {"kind": "storage", "component": "Accumulator", "tensors": ["Outputs"]},
    {"kind": "temporal", "rank": "e", "tile": 16},
    {"kind": "spatial", "rank": "e", "tile": 1, "component": "below_inter_PECols_spatial", "axis": "X"},
    {"kind": "storage", "component": "Registers", "tensors": ["Weights"]},
    {"kind": "temporal", "rank": "l", "tile": 1},
]
"""What AccelForge 1.0.467 found for the same layer, told of the spatial factors only."""


@pytest.fixture(scope="module")
def kqv() -> Case:
    return case("gemmini", "KQV")


def space_of(job: Case) -> MapSpace:
    return MapSpace(job.architecture, job.problem, job.constraints)


def test_reads_what_timeloop_prints(kqv: Case) -> None:
    mapping = read_compact_mapping(
        f"[  0] Utilization = 0.97 | {PRINTED}  | Cycles = 51904516", kqv.architecture, kqv.problem
    )
    assert mapping is not None
    assert mapping.level("DRAM").temporal == (Loop("D", 48, 48), Loop("E", 4, 4), Loop("L", 8, 8))
    assert mapping.level("inter_PECols_spatial").spatial == (Loop("E", 16, 16, "X"),)
    assert evaluate(kqv.architecture, kqv.problem, mapping).cycles == 51904516
    assert broken_demands(mapping, space_of(kqv)) == ()


def test_text_without_a_mapping_is_none(kqv: Case) -> None:
    assert read_compact_mapping("[  0] STATEMENT: terminating search.", kqv.architecture, kqv.problem) is None


def test_timeloop_input_is_the_same_job(kqv: Case, tmp_path: Path) -> None:
    file = tmp_path / "input.yaml"
    file.write_text(timeloop_input(kqv, "random_pruned"))
    read = load_specification([file])
    assert read.architecture.ert == kqv.architecture.ert
    assert read.problem == kqv.problem
    assert MapSpace(read.architecture, read.problem, read.constraints).sizes == space_of(kqv).sizes


def test_a_chain_with_a_loop_between_two_tensors_of_a_memory(kqv: Case) -> None:
    job = relaxed(kqv)
    read = read_chain(CHAIN, space_of(job))
    assert read.faithful
    # The loop over L between the two tensors moves the inputs only, so it lies outside the scratchpad.
    assert read.mapping.level("DRAM").temporal == (Loop("L", 8, 8), Loop("E", 2, 2), Loop("D", 6, 6))
    assert broken_demands(read.mapping, space_of(job)) == ()
    assert any("Registers" in words for words in broken_demands(read.mapping, space_of(kqv)))
    stats = evaluate(job.architecture, job.problem, read.mapping)
    assert stats.cycles == 51904516
    # AccelForge counts 2.62479e6 J*cycles: it reads partial sums that leave a level, and has no latency.
    assert stats.edp_j_cycles == pytest.approx(2.62479e6, rel=0.01)


def test_a_loop_without_a_place_is_told_and_goes_either_way(kqv: Case) -> None:
    chain = [dict(node) for node in CHAIN]
    chain[4]["rank"] = "e"
    chain[4]["tile"] = 256
    chain.insert(6, {"kind": "temporal", "rank": "l", "tile": 512})
    inward, outward = (read_chain(chain, space_of(kqv), way) for way in (False, True))
    assert not inward.faithful
    assert Loop("E", 2, 2) in inward.mapping.level("Scratchpad").temporal
    assert outward.mapping.level("DRAM").temporal[0] == Loop("E", 4, 4)


@pytest.mark.parametrize("architecture", ["gemmini", "eyeriss", "simba", "tpu", "pim_analog", "dimc"])
@pytest.mark.parametrize("layer", ["KQV", "softmax"])
def test_every_shipped_job_can_be_told(architecture: str, layer: str) -> None:
    job = translate(case(architecture, layer)).job
    names = [node["fields"]["name"] for node in job["nodes"]]
    assert len(set(names)) == len(names)
    assert job["nodes"][0]["fields"]["size"] == float("inf")
    assert job["nodes"][-1]["kind"] == "Compute"


def test_what_cannot_be_told_is_said(kqv: Case) -> None:
    said = translate(kqv).remarks[0]
    assert "factors of temporal loops (Registers, Scratchpad)" in said
    assert "network latency" in said
    assert "temporal loops" not in translate(relaxed(kqv)).remarks[0]
    with pytest.raises(Unsupported):
        translate(case("eyeriss", "vggL3"))


def test_absent_mappers_have_no_figures(kqv: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    attempts = [timeloop_attempt(kqv, 1.0, "hybrid"), accelforge_attempt(kqv, tmp_path / "python")]
    assert [a.status for a in attempts] == ["not installed", "not installed"]
    assert all(a.seconds is None and a.edp is None for a in attempts)
    rows = table(attempts).splitlines()[2:4]
    assert all(
        row.split("not installed")[1].split() == ["-", "-", "-", "-", "-", f"[{n}]"]
        for n, row in enumerate(rows, 1)
    )


def test_finds_outside_the_space_do_not_set_the_mark() -> None:
    found = Attempt("ours", "job", "optimal", 1.0, 200.0, trace=(Point(1.0, 200.0),))
    outside = replace(found, mapper="theirs", edp=100.0, inside=False)
    assert "1.0000" in table([found, outside])
    assert "0.5000" in table([found, outside])


def test_a_mapping_that_does_not_fit_is_a_failure(kqv: Case) -> None:
    read = read_chain(CHAIN, space_of(kqv))
    levels = tuple(replace(s, size_words=2) if s.size_words else s for s in kqv.architecture.storage)
    small = replace(kqv, architecture=replace(kqv.architecture, storage=levels))
    attempt = judged(Attempt("theirs", kqv.name, "best found", 1.0), small, read.mapping)
    assert attempt.status == "failed"
    assert "refuses" in attempt.remarks[0]
