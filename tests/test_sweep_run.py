"""``hwdse_run.py`` from end to end, on a model of three tiny products."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

import pytest

from harness.cli.hwdse import main
from harness.cli.run import main as run_main
from harness.engines import embedded
from harness.engines.result import Result
from harness.errors import HarnessError
from harness.report.outputs import ART, ERT, ESTIMATION, MAP_TEXT, MAP_YAML, PROCESSED_INPUT, RESULT, STATS
from harness.sweep import api
from harness.sweep.folder import open_results
from harness.sweep.job import SweepJob
from harness.sweep.results import SweepResults
from harness.sweep.running import DIED
from harness.sweep.workers.scheduler import Watch

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((STATS, MAP_TEXT, MAP_YAML, ERT, ART, PROCESSED_INPUT, ESTIMATION, RESULT))
MODEL = "layers: {A: {D: 16, E: 32, L: 8, repeat: 5}, B: {D: 8, E: 16, L: 16}, Twin: {D: 16, E: 32, L: 8}}"
CONFIGURATIONS = [
    {"pe_rows": 8, "pe_cols": 8},
    {"arch": "pim_analog"},
    {"pe_rows": 16, "pe_cols": 8, "arch": "gemmini"},
    {"pe_rows": 16, "pe_cols": 16, "scratchpad_size": 32, "accumulator_size": 16},
]
QUICK = ["-m", "tiny.yaml", "-c", "c.json", "--mapper", "quick", "-vc", "10", "--threads", "1"]


class Here:
    """Runs the tasks in this process. ``names`` are the layers of the jobs that ran, in order."""

    names: list[str]
    stop_after: int | None
    dead: frozenset[int]
    late: frozenset[int]

    def __init__(self) -> None:
        self.names = []
        self.stop_after = None
        self.dead = self.late = frozenset()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def begin(self, should_stop: Callable[[], bool] | None = None) -> None:
        pass

    def stopped(self) -> bool:
        return self.stop_after is not None and len(self.names) >= self.stop_after

    def run(
        self,
        work: Callable[[Any], Any],
        tasks: Iterable[Any],
        watch: Watch[Any, Any],
    ) -> None:
        for task in tasks:
            if watch.should_stop() or self.stopped():
                return
            if not isinstance(task, SweepJob):  # the mapper is compiled before the first job
                watch.on_done(work(task))
                continue
            number = len(self.names)
            self.names.append(task.request.layer.name)
            if number in self.dead:
                watch.on_death(task)
            elif number in self.late:
                watch.on_timeout(task)
            else:
                watch.on_done(work(task))
            if watch.on_batch is not None:
                watch.on_batch()


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> Here:
    """What runs the jobs of all sweeps of the test."""
    runner = Here()
    monkeypatch.setattr(api, "runner_for", lambda *_: runner)
    monkeypatch.setattr("harness.cli.interrupt.StopOnInterrupt.should_stop", lambda _: runner.stopped())
    return runner


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, here: Here) -> Path:
    """The output folder; the working directory has a model and configurations."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    Path("tiny.yaml").write_text(MODEL)
    Path("c.json").write_text(json.dumps(CONFIGURATIONS))
    return tmp_path / "outputs_hwdse"


def tree_of(folder: Path, index: int) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads((folder / str(index) / "hw_config.json").read_text())
    return tree


def result_of(folder: Path, index: int, layer: str) -> Result:
    return Result.from_json((folder / str(index) / f"outputs_{layer}" / "result.json").read_text())


def opened(folder: Path) -> SweepResults:
    return open_results(folder).results


def entries(folder: Path) -> list[str]:
    """What a sweep leaves, but for the lock."""
    return sorted(path.name for path in folder.iterdir() if path.name != ".sweep.lock")


# What a sweep leaves


def test_a_sweep_leaves_layers_records_a_store_and_a_summary(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["all", "-t", *QUICK]) == 0
    first = capsys.readouterr()
    assert first.err == ""
    assert entries(folder) == ["0", "2", "3", "sweep.sqlite"]
    assert entries(folder / "0") == ["hw_config.json", "outputs_A", "outputs_B", "outputs_Twin"]
    for layer in ("A", "B", "Twin"):
        assert entries(folder / "0" / f"outputs_{layer}") == FILES
    # The sums, from the records of the layers.
    results = {layer: result_of(folder, 2, layer) for layer in ("A", "B", "Twin")}
    energies = {layer: result.energy_pj or 0.0 for layer, result in results.items()}
    cycles = {layer: result.cycles or 0 for layer, result in results.items()}
    metrics = tree_of(folder, 2)["metrics"]
    assert metrics["energy"] == pytest.approx(5 * energies["A"] + energies["B"] + energies["Twin"], rel=1e-15)
    assert metrics["cycles"] == 5 * cycles["A"] + cycles["B"] + cycles["Twin"]
    products = [times * energies[n] * cycles[n] / 1e12 for n, times in (("A", 5), ("B", 1), ("Twin", 1))]
    assert metrics["edp"] == pytest.approx(sum(products), rel=1e-14)
    assert metrics["edp_of_totals"] == pytest.approx(metrics["energy"] * metrics["cycles"] / 1e12, rel=1e-15)
    # The store has the same, and the whole records.
    kept = opened(folder)
    assert [point.index for point in kept.points] == [0, 2, 3]
    found = kept.point(2).metrics
    assert found is not None and (found.energy_pj, found.cycles, found.edp_sum, found.edap) == (
        metrics["energy"], metrics["cycles"], metrics["edp"], metrics["edap"],
    )  # fmt: skip
    for layer, result in results.items():
        assert kept.result(2, layer) == result
    # The twin was not mapped again, but is filed under its own name.
    assert (results["Twin"].layer, results["Twin"].repeat) == ("Twin", 1)
    assert results["Twin"].mapping == results["A"].mapping
    # The configuration that is too small is told with its reason, and is in no list of the best.
    tree = tree_of(folder, 3)
    assert (tree["metrics"], tree["sweep"]["status"]) == (None, "failed")
    ranked, failed = first.out.split("not ranked")
    assert "A, Twin" in failed
    assert "\n     3  " not in ranked
    assert "left out  1 of pim_analog" in ranked
    # The summary of the folder alone says the same.
    assert main(["-so", "-t"]) == 0
    again = capsys.readouterr()
    assert again.out.strip() in first.out
    assert "best by EDP-sum" in again.out


def test_a_job_gives_what_run_py_gives(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["A", *QUICK]) == 0
    capsys.readouterr()
    options = ["-m", "tiny.yaml", "--mapper", "quick", "-vc", "10", "--threads", "1"]
    assert run_main(["A", *options, "--arch-param", "pe_rows=16", "--arch-param", "pe_cols=8", "--json"]) == 0
    alone = Result.from_json(capsys.readouterr().out)
    swept = result_of(folder, 2, "A")
    assert alone.provenance.spec_hash == swept.provenance.spec_hash
    for name in ("cycles", "energy_pj", "edp_j_cycles", "utilization", "area_um2", "mapping", "levels"):
        assert getattr(alone, name) == getattr(swept, name)


@pytest.mark.parametrize(
    ("keep", "with_layers", "with_record"), [("all", {0, 2}, {0, 2, 3}), ("none", set(), set())]
)
def test_files_beside_the_store_are_kept_as_asked(
    folder: Path, keep: str, with_layers: set[int], with_record: set[int]
) -> None:
    assert main(["A", *QUICK, "--keep", keep]) == 0
    assert {int(path.parent.parent.name) for path in folder.glob("*/*/result.json")} == with_layers
    assert {int(path.parent.name) for path in folder.glob("*/hw_config.json")} == with_record
    assert len(opened(folder).points) == 3


def test_keep_best_writes_the_files_of_the_best_only(folder: Path, here: Here) -> None:
    Path("c.json").write_text('{"pe_rows": [4, 8, 16], "scratchpad_size": [32768, 65536, 262144]}')
    assert main(["all", *QUICK, "--keep", "best"]) == 0
    results = opened(folder)
    best = {p.index for c in api.CRITERIA for p in results.best(c.id)[:1]}
    best |= {p.index for p in results.pareto()}
    assert 1 < len(best) < 9
    assert {int(path.parent.parent.name) for path in folder.glob("*/outputs_A/result.json")} == best
    assert len(list(folder.glob("*/hw_config.json"))) == 9
    for index in best:
        for layer in ("A", "B", "Twin"):
            assert entries(folder / str(index) / f"outputs_{layer}") == FILES
            assert results.result(index, layer) == result_of(folder, index, layer)
    assert Counter(here.names) == {"A": 9 + len(best), "B": 9 + len(best)}, "those again for their files"
    assert [path.name for path in folder.glob("sweep*")] == ["sweep.sqlite"]
    here.names.clear()
    assert main(["all", *QUICK, "--keep", "best"]) == 0
    assert here.names == []
    # What is kept of the others now comes without another search.
    assert main(["all", *QUICK, "--keep", "all"]) == 0
    assert Counter(here.names) == {"A": 9 - len(best), "B": 9 - len(best)}
    assert [opened(folder).result(p.index, "A") for p in results.points] == [
        result_of(folder, p.index, "A") for p in results.points
    ]


def test_several_models_and_architectures_have_a_study_each(
    folder: Path, capsys: pytest.CaptureFixture[str], here: Here
) -> None:
    Path("other.yaml").write_text("layers: {A: {D: 16, E: 32, L: 8}, C: {D: 4, E: 4, L: 4}}")
    arguments = ["all", "-m", "tiny.yaml", "other.yaml", "-a", "gemmini", "pim_analog"]
    options = [*QUICK[2:], "--keep", "none"]
    assert main([*arguments, *options]) == 0
    results = opened(folder)
    assert [study.settings.model for study in results.studies] == ["tiny", "other"]
    found = [(p.index, p.study, p.architecture) for p in results.points]
    assert found == [
        (0, 0, "gemmini"), (1, 0, "pim_analog"), (2, 0, "gemmini"), (3, 0, "gemmini"),
        (4, 1, "gemmini"), (5, 1, "pim_analog"), (6, 1, "gemmini"), (7, 1, "gemmini"),
    ]  # fmt: skip
    # The layer A of both models is one and the same job.
    assert len(here.names) == len(set(here.names)) * 4
    assert set(here.names) == {"A", "B", "C"}
    out = capsys.readouterr().out
    assert "pim_analog" in out and "other" in out
    assert results.architectures(1) == {"gemmini": 3, "pim_analog": 1}


def test_without_a_file_several_architectures_are_compared_at_their_defaults(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["-m", "tiny.yaml", *QUICK[4:], "--keep", "none"]
    assert main(["B", "-a", "gemmini", "eyeriss", "--format", "csv", *options]) == 0
    rows = capsys.readouterr().out.splitlines()
    assert rows[0].startswith("index,study,architecture,model,status,")
    assert [row.split(",")[2] for row in rows[1:]] == ["gemmini", "eyeriss"]


def test_a_layer_that_an_architecture_does_not_run_is_a_refusal_and_the_others_go_on(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("c.json").write_text('[{"arch": "gemmini"}, {"arch": "gemmini_norm"}]')
    assert main(["all", "-a", "gemmini", "gemmini_norm", *QUICK]) == 0
    failures = opened(folder).failures()
    assert [(f.index, f.layer, f.status) for f in failures] == [
        (1, layer, "refused") for layer in ("A", "B", "Twin")
    ]
    assert "this is the norm-op variant" in failures[0].reason
    assert "this is the norm-op variant" in " ".join(capsys.readouterr().out.split())
    assert not list(folder.glob("1/outputs_*"))
    assert main(["all", "-a", "gemmini_norm", *QUICK, "-o", "refused"]) == 2


def test_a_configuration_that_cannot_be_built_is_a_refusal_in_a_grid(folder: Path, here: Here) -> None:
    Path("c.json").write_text('{"pe_rows": [8, 16], "pe_cols": [4, "=pe_rows-8", "=pe_rows-9"]}')
    assert main(["A", *QUICK, "--keep", "none"]) == 0
    refused = {f.index: f for f in opened(folder).failures()}
    assert refused and all(f.status == "refused" and "pe_cols" in f.reason for f in refused.values())
    assert len(here.names) == 4
    # Two of them have different reasons or places: none takes the other's.
    assert len({(f.index, f.reason) for f in refused.values()}) == len(refused)


def test_fusion_and_objective_make_studies_of_their_own(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = ["-m", "bert-base", "--seq", "32", "--mapper", "quick", "-vc", "5", "--threads", "1"]
    options = [*base, "-c", "c.json", "--keep", "none"]
    Path("c.json").write_text('[{"pe_rows": 16}]')
    assert main(["KTQ", "VScores", *options]) in (0, 3)
    assert main(["KTQ", "VScores", *options, "--objective", "energy", "-i", "1"]) in (0, 3)
    assert main(["KTQ", "softmax", "Accumulator", *options, "-i", "2"]) in (0, 3)
    results = opened(folder)
    assert len(results.studies) == 3
    mappers = [study.settings.mapper for study in results.studies]
    assert "for the least energy" in mappers[1] and mappers[0] != mappers[1]
    assert [study.settings.fusion for study in results.studies] == [None, None, "Accumulator"]
    assert [layer.fused for layer in results.studies[2].layers] == [True, True]
    assert "fused at Accumulator: KTQ, softmax" in capsys.readouterr().out


# Once and no more


def test_what_is_the_same_is_computed_once(folder: Path, here: Here) -> None:
    Path("c.json").write_text(json.dumps([{"pe_rows": 8}, {"pe_rows": 8}, {"pe_rows": 16}]))
    assert main(["all", *QUICK]) == 0
    # The second point is the first: its files are written, which takes an evaluation but no search.
    assert Counter(here.names) in ({"A": 2, "B": 2}, {"A": 3, "B": 3})
    assert len(list(folder.glob("*/outputs_Twin/result.json"))) == 3
    here.names.clear()
    assert main(["all", *QUICK, "--fresh", "--keep", "none"]) == 0
    assert Counter(here.names) == {"A": 2, "B": 2}


def test_a_second_run_computes_nothing_and_says_the_same(
    folder: Path, here: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["all", *QUICK]) == 0
    first = capsys.readouterr().out
    files = {path: path.stat().st_mtime_ns for path in folder.glob("*/**/*") if path.is_file()}
    here.names.clear()
    assert main(["all", *QUICK]) == 0
    assert here.names == []
    assert capsys.readouterr().out == first
    assert {path: path.stat().st_mtime_ns for path in folder.glob("*/**/*") if path.is_file()} == files


def test_files_that_are_gone_come_back_without_another_search(folder: Path, here: Here) -> None:
    assert main(["all", *QUICK]) == 0
    before = {path: path.read_bytes() for path in folder.glob("*/**/*") if path.is_file()}
    for path in (folder / "0" / "outputs_A").iterdir():
        path.unlink()
    (folder / "2" / "hw_config.json").unlink()
    here.names.clear()
    assert main(["all", *QUICK]) == 0
    assert here.names == ["A"]
    after = {path: path.read_bytes() for path in folder.glob("*/**/*") if path.is_file()}
    assert after == before


def test_fresh_begins_anew(folder: Path, here: Here) -> None:
    assert main(["all", *QUICK]) == 0
    (folder / "3" / "mine.txt").write_text("")
    Path("c.json").write_text(json.dumps(CONFIGURATIONS[:1]))
    here.names.clear()
    assert main(["all", *QUICK, "--fresh"]) == 0
    assert here.names == ["A", "B"]
    assert entries(folder) == ["0", "3", "sweep.sqlite"]
    assert entries(folder / "3") == ["mine.txt"]
    assert [point.index for point in opened(folder).points] == [0]


def test_retry_failed_maps_failures_again_and_only_those(
    folder: Path, here: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    here.dead, here.late = frozenset({0}), frozenset({1})
    assert main(["all", *QUICK, "--job-timeout", "7"]) == 0
    failures = {(f.index, f.layer): (f.status, f.reason) for f in opened(folder).failures()}
    assert failures[0, "A"] == failures[0, "Twin"] == ("crashed", DIED)
    assert failures[0, "B"] == ("timed_out", "it took longer than 7 s")
    assert failures[3, "A"][0] == "no_mapping"
    assert DIED in capsys.readouterr().out
    assert not (folder / "0" / "outputs_A").exists()
    here.dead = here.late = frozenset()
    here.names.clear()
    assert main(["all", *QUICK]) == 0
    assert here.names == [], "failures are results as long as nobody asks for another try"
    assert main(["all", *QUICK, "--retry-failed"]) == 0
    assert Counter(here.names) == {"A": 2, "B": 2 if (3, "B") in failures else 1}
    assert opened(folder).point(0).status == "ok"
    assert tree_of(folder, 0)["sweep"]["status"] == "ok"
    assert result_of(folder, 0, "Twin").layer == "Twin"


def test_an_interrupt_keeps_what_is_finished_and_the_next_run_goes_on(
    folder: Path, here: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    here.stop_after = 3
    assert main(["all", *QUICK]) == 130
    said = capsys.readouterr()
    assert "stopped by Ctrl-C, kept what was finished; 2 of 3 configurations are left" in said.err
    assert tree_of(folder, 0)["sweep"]["status"] == "ok"
    begun = tree_of(folder, 2)
    assert (begun["metrics"], begun["sweep"]["status"]) == (None, "incomplete")
    assert [o["status"] for o in begun["sweep"]["layers"]] == ["ok", "not_run", "ok"]
    assert not (folder / "3").exists()
    assert "the sweep was stopped before" in said.out
    here.stop_after = None
    here.names.clear()
    assert main(["all", *QUICK]) == 0
    assert here.names == ["B", "A", "B"]
    assert opened(folder).counts()["incomplete"] == 0
    assert tree_of(folder, 2)["sweep"]["status"] == "ok"


def test_an_interrupt_before_anything_is_finished(
    folder: Path, here: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    here.stop_after = 0
    assert main(["all", *QUICK]) == 130
    assert "stopped by Ctrl-C" in capsys.readouterr().err


def test_an_interrupt_while_the_files_of_the_best_are_written(folder: Path, here: Here) -> None:
    Path("c.json").write_text('[{"pe_rows": 8}, {"pe_rows": 16}]')
    here.stop_after = 5
    assert main(["all", *QUICK, "--keep", "best"]) == 130
    here.stop_after = None
    assert main(["all", *QUICK, "--keep", "best"]) == 0
    for path in folder.glob("*/outputs_*"):
        assert entries(path) == FILES


# What was there before


def test_a_sweep_of_other_layers_replaces_the_old_point(folder: Path, here: Here) -> None:
    assert main(["all", *QUICK]) == 0
    (folder / "0" / "outputs_A" / "mine.txt").write_text("")
    here.names.clear()
    assert main(["B", *QUICK]) == 0
    assert entries(folder / "0") == ["hw_config.json", "outputs_A", "outputs_B"]
    assert entries(folder / "0" / "outputs_A") == ["mine.txt"]
    assert [o["layer"] for o in tree_of(folder, 0)["sweep"]["layers"]] == ["B"]
    assert [len(study.layers) for study in opened(folder).studies] == [1]
    assert set(here.names) == {"B"}, "for their files, which stood there for another study"


@pytest.mark.parametrize("between", [[], ["--keep", "none"]])
def test_files_of_another_configuration_are_never_taken_for_ones_own(
    folder: Path, between: list[str]
) -> None:
    """The second file of configurations has the same ones in another order, so that no job is new."""
    orders = [[{"pe_rows": 8}, {"pe_rows": 16}], [{"pe_rows": 16}, {"pe_rows": 8}]]
    for order, options in ((orders[0], []), (orders[1], between), (orders[1], [])):
        Path("c.json").write_text(json.dumps(order))
        assert main(["A", *QUICK, *options]) == 0
    for index, configuration in enumerate(orders[1]):
        result = result_of(folder, index, "A")
        assert result.parameters["pe_rows"] == configuration["pe_rows"]
        assert result == opened(folder).result(index, "A")
        stats = (folder / str(index) / "outputs_A" / "timeloop-mapper.stats.txt").read_text()
        assert f"Cycles: {result.cycles}\n" in stats
        assert tree_of(folder, index)["pe_rows"] == configuration["pe_rows"]


def test_what_a_killed_sweep_did_not_complete_is_removed_and_other_files_are_not(folder: Path) -> None:
    assert main(["A", *QUICK]) == 0
    left = [
        folder / "0" / ".hw_config.json.a1b2c3d4",
        folder / "0" / "outputs_A" / ".result.json._xy_0123",
        folder / "0" / "outputs_A" / ".timeloop-mapper.ERT.yaml.abcdefgh",
    ]
    mine = [folder / "0" / ".notes.txt.abcdefgh", folder / "0" / "outputs_A" / ".result.json.swp"]
    for path in (*left, *mine):
        path.write_text("{")
    (folder / "0" / "hw_config.json").unlink()
    assert main(["A", *QUICK]) == 0
    assert [path.exists() for path in left] == [False] * 3
    assert [path.exists() for path in mine] == [True] * 2


def test_the_first_index_moves_the_folders(folder: Path) -> None:
    assert main(["B", "-i7", *QUICK]) == 0
    assert entries(folder) == ["10", "7", "9", "sweep.sqlite"]
    assert main(["B", *QUICK]) == 0
    assert [point.index for point in opened(folder).points] == [0, 2, 3, 7, 9, 10]


def test_records_of_folders_that_are_in_no_store_are_shown_beside_it(folder: Path) -> None:
    """Of a sweep before there were stores, or of folders that were copied here."""
    assert main(["B", *QUICK, "-i", "20"]) == 0
    expected = {point.index: point.metrics for point in opened(folder).points}
    (folder / "sweep.sqlite").unlink()
    results = opened(folder)
    assert {point.index: point.metrics for point in results.points} == expected
    assert main(["A", *QUICK]) == 0
    results = opened(folder)
    assert [point.index for point in results.points] == [0, 2, 3, 20, 22, 23]
    assert len(results.studies) == 2


def test_folders_of_the_earlier_harness_are_shown(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "4").mkdir(parents=True)
    metrics = {"energy": 5e6, "cycles": 100, "utilization": 50.0, "edp": 0.5}
    (folder / "4" / "hw_config.json").write_text(json.dumps({"pe_rows": 8, "metrics": metrics}))
    assert main(["-so"]) == 0
    assert "earlier harness" in capsys.readouterr().out
    assert main(["A", *QUICK]) == 0
    assert [(p.index, p.study) for p in opened(folder).points] == [(0, 0), (2, 0), (3, 0), (4, 1)]


# Mistakes and failures


def test_errors_within_a_job_are_failures_with_their_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> Result:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr(embedded, "run", broken)
    assert main(["B", *QUICK]) == 2
    said = capsys.readouterr()
    assert "this is a bug: ZeroDivisionError: division by zero" in said.out
    assert "best by" not in said.out
    assert tree_of(folder, 0)["sweep"]["layers"][0]["status"] == "crashed"


def test_where_nothing_fits_the_exit_code_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.json").write_text(json.dumps(CONFIGURATIONS[3:]))
    assert main(["A", *QUICK]) == 3
    assert main(["-so"]) == 3
    assert main(["-so", "--format", "csv", "--rows", "layers"]) == 3
    assert "no_mapping" in capsys.readouterr().out


def test_a_disk_that_is_full_is_one_line(
    folder: Path, here: Here, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = Path.replace

    def full(self: Path, target: Path) -> Path:
        if "2/outputs_A" in str(target):
            raise OSError(28, "No space left on device")
        return write(self, target)

    monkeypatch.setattr(Path, "replace", full)
    assert main(["all", *QUICK]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("hwdse_run.py: error: cannot write the output folder ")
    assert line.endswith("2/outputs_A': No space left on device")
    assert opened(folder).point(0).status == "ok", "what was committed stays"
    monkeypatch.undo()
    monkeypatch.chdir(folder.parent)
    monkeypatch.setattr(api, "runner_for", lambda *_: here)
    here.names.clear()
    assert main(["all", *QUICK]) == 0
    assert here.names == ["A", "B", "A", "B"]


def test_mistakes_are_told_before_anything_runs(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("c.json").write_text('[{"pe_row": 8},\n{"dataflow": 3}]')
    assert main(["all", *QUICK]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[:4] for line in lines] == [
        ["hwdse_run.py", "error", "c.json:1", "configuration 0"],
        ["hwdse_run.py", "error", "c.json:2", "configuration 1"],
    ]
    assert not folder.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "say what to map"),
        (["all", "--objective", "size"], "size"),
        (["all", "--mappr=quick"], "unknown option '--mappr', did you mean '--mapper'?"),
        (["all", "-j", "0"], "'0' is not a whole number above zero"),
        (["all", "--keep", "some"], "some"),
        (["all", "--fresh", "--resume"], "--resume"),
        (["-so", "all"], "-so reads what there is"),
        (["-so", "--fresh"], "-so runs nothing, --fresh would have no effect"),
        (["-so", "-o", "none"], "no folder 'none' to summarise"),
        (["all", "--mapper", "quik"], "unknown mapper profile 'quik' (did you mean 'quick'?)"),
        (["all", "-c", "none.json"], "none.json: no such file"),
        (["all", "-a", "gemini"], "unknown architecture 'gemini' (did you mean 'gemmini'?)"),
        (["all", "-a", "gemmini", "gemmini"], "the architecture gemmini is named twice"),
        (["all", "-m", "tiny.yaml", "tiny.yaml"], "a model is named twice"),
        (["all", "--dry-run", "--html", "x.html"], "--dry-run maps nothing"),
        (["all", "--tables", "none"], "there is no folder 'none'"),
        (["all", "--rule", "pe_rows == 7"], "there is no configuration to map"),
        (["Square", "--seq", "8"], "Square has sizes of its own"),
    ],
)
def test_errors_are_one_line(
    folder: Path, arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr().err
    (error,) = [line for line in said.splitlines() if "error: " in line]
    assert message in error
    assert not folder.exists()


# Before a sweep


def test_a_dry_run_says_how_much_there_is_to_do_and_does_nothing(
    folder: Path, here: Here, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("c.json").write_text('[{"pe_rows": 8, "pe_cols": 8}, {"pe_rows": 16, "pe_cols": 16}]')
    assert main(["all", "-mx", "--dry-run", *QUICK]) == 0
    out = capsys.readouterr().out
    assert "3 layers of tiny on 4 configurations of gemmini: 12 jobs" in out
    assert "8 are different" in out and "takes     about" in out
    assert here.names == [] and not folder.exists()
    assert main(["all", "-mx", *QUICK, "--keep", "none"]) == 0
    assert Counter(here.names) == {"A": 4, "B": 4}
    assert [dict(p.given) for p in opened(folder).points] == [
        {"pe_rows": rows, "pe_cols": cols} for rows in (8, 16) for cols in (8, 16)
    ]
    capsys.readouterr()
    assert main(["all", "-mx", "--dry-run", *QUICK]) == 0
    assert "8 are finished already" in capsys.readouterr().out


# The function, and the real thing


def test_the_function_gives_results_and_takes_up_where_it_stopped(folder: Path, here: Here) -> None:
    def sweep(**options: Any) -> SweepResults:
        grid = {"pe_rows": [8, 16]}
        return api.run(models="tiny.yaml", profile="quick", configurations=grid, folder="swept", **options)

    results = sweep()
    assert [point.given for point in results.points] == [{"pe_rows": 8}, {"pe_rows": 16}]
    assert here.names == ["A", "B", "A", "B"]
    assert sweep().points == results.points
    assert len(here.names) == 4
    assert entries(Path("swept")) == ["sweep.sqlite"]
    assert api.load("swept").points == results.points
    with pytest.raises(HarnessError, match="unknown layer 'KTQX'"):
        sweep(layers="KTQX")


def test_a_taken_folder_is_refused_by_the_function_too(folder: Path, here: Here) -> None:
    from harness.sweep.folder import only_writer  # noqa: PLC0415

    Path("swept").mkdir()
    with only_writer(Path("swept")), pytest.raises(HarnessError, match="another sweep is running in 'swept'"):
        api.run("A", models="tiny.yaml", profile="quick", folder="swept")
    assert here.names == []


def test_the_command_itself_maps_in_worker_processes(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(MODEL)
    (tmp_path / "c.json").write_text(json.dumps(CONFIGURATIONS[:3]))
    command = [sys.executable, str(ROOT / "hwdse_run.py"), "all", "-j", "2", "-l", *QUICK]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if " cycles " in line and "EDP " in line]
    assert len([line for line in lines if line.endswith(("J", "(reused)"))]) == 6
    assert "2 of 2 configurations mapped" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    heavy = (
        "{'numpy', 'numba', 'pandas', 'rich', 'joblib', 'yaml', 'jinja2', 'hwcomponents', 'plotly', "
        "'matplotlib', 'distributed', 'filelock', 'sqlite3'}"
    )
    code = (
        "import sys; from harness.cli.hwdse import main; main(['-h']); "
        f"sys.exit(len({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0
    assert b"--summary-only" in done.stdout


def test_jobs_can_travel() -> None:
    """To a worker, by way of pickle; what is imported for that is light."""
    import pickle  # noqa: PLC0415

    from harness.engines.layer_job import LayerRequest  # noqa: PLC0415
    from harness.spec.profiles import load_profile  # noqa: PLC0415
    from harness.workloads import load_model  # noqa: PLC0415

    job = SweepJob("key", LayerRequest("gemmini", load_model("bert-base").layers[0], load_profile("quick")))
    assert pickle.loads(pickle.dumps(job)) == job


@pytest.mark.parametrize("there", [True, False])
def test_only_compiling_is_told_as_compiling(
    there: bool, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait for the first worker may be long on a busy machine, too."""
    monkeypatch.setattr(api, "_TOLD_AFTER_SECONDS", -1.0)
    monkeypatch.setattr(api, "is_ready", lambda *_: False)
    monkeypatch.setattr(api, "compile_once", lambda *_: None)
    monkeypatch.setattr("harness.search.optimal.compiled", lambda _: there)
    assert main(["A", "-m", "tiny.yaml", "-c", "c.json", "--arch", "gemmini"]) == 0
    told = "compiling the mapper, once for this machine" in capsys.readouterr().err
    assert told is not there
