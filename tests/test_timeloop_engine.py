"""The engine that runs the real Timeloop, against a double of its programs that replays recordings."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import stat
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import timeloop_recordings as recorded
from cli_cases import run_process
from console_blocks import check, commands_in
from timeloop_double.install import FOUND, NOTHING_FOUND, Scenario, install_double

from harness.cli.run import main
from harness.engines import embedded, timeloop
from harness.engines.job import Job
from harness.engines.layer_job import LayerRequest, layer_job
from harness.engines.result import Result
from harness.engines.timeloop import front_end as front_end_module
from harness.engines.timeloop import installation, process
from harness.engines.timeloop.front_end import INTERPRETER
from harness.engines.timeloop.installation import FOLDER
from harness.engines.timeloop.log import Log
from harness.engines.timeloop.outcome import outcome_of
from harness.engines.timeloop.settings import DEFAULT_SECONDS, translated
from harness.engines.timeloop_settings import NEVER
from harness.errors import HarnessError, Unsupported
from harness.report.outputs import output_files
from harness.report.proof_screen import search_line
from harness.spec.density import Density
from harness.spec.flattened import read_mapping
from harness.spec.settings import SearchSettings
from harness.spec.yaml_loader import load_yaml_text
from harness.spec.zero_pattern import ZeroPattern
from harness.workloads import gemm_layer

IN_THIS_INTERPRETER = front_end_module._this_interpreter

ROOT = Path(__file__).resolve().parents[1]

RECORDED = "64,64,64"
"""The layer of the recordings of a success, on Gemmini; as it is read from the command line."""

SETTINGS = SearchSettings(algorithm="random_pruned", threads=2, search_size=40, time_limit=600.0)


@pytest.fixture(autouse=True)
def _no_front_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is installed beside the tests, this package flattens."""
    monkeypatch.delenv(INTERPRETER, raising=False)
    monkeypatch.setattr("harness.engines.timeloop.front_end._this_interpreter", lambda: None)


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    """Installs the double and points :data:`FOLDER` at it."""

    def installed(*scenarios: Scenario) -> Path:
        folder = install_double(tmp_path / "bin", *scenarios)
        monkeypatch.setenv(FOLDER, str(folder))
        return folder

    return installed


class Command:
    """``run.py`` into a folder of its own: exit code, and what it says on stderr."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str]:
        code = main([*arguments, "-o", str(self.folder)])
        return code, self._capsys.readouterr().err


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    return Command(tmp_path / "out", capsys)


def recorded_job(settings: SearchSettings = SETTINGS, sizes: str = RECORDED) -> Job:
    return layer_job(LayerRequest("gemmini", gemm_layer(sizes), settings)).job


def with_mapping_of(job: Job, result: Result) -> Job:
    s = job.specification
    mapping = read_mapping(list(result.mapping), s.architecture, s.problem)
    return replace(job, specification=replace(s, mapping=mapping))


def given_to(folder: Path, program: str) -> Path:
    return folder / f"given to {program}"


# A success ----------------------------------------------------------------------------------------


def test_the_result_of_a_search_has_the_figures_of_the_files_and_equals_the_embedded_engines(
    install: Callable[..., Path],
) -> None:
    install()
    job = recorded_job()
    theirs = timeloop.run(job)
    assert theirs.status == "ok" and theirs.engine == "timeloop" and theirs.evaluation is None
    assert theirs.search.mapper == "random_pruned" and theirs.search.status == "best_found"
    assert (theirs.search.valid, theirs.search.evaluated) == recorded_counts()
    assert theirs.timeloop is not None and theirs.timeloop.precision == "full"
    assert (theirs.timeloop.program, theirs.timeloop.ended) == ("timeloop-mapper", "finished")

    ours = embedded.run(with_mapping_of(job, theirs))
    assert (theirs.cycles, theirs.macs, theirs.mapping) == (ours.cycles, ours.macs, ours.mapping)
    assert theirs.loop_nest == ours.loop_nest
    for name in ("energy_pj", "edp_j_cycles", "utilization"):
        assert getattr(theirs, name) == pytest.approx(getattr(ours, name), rel=1e-9), name
    assert theirs.area_um2 == pytest.approx(ours.area_um2, rel=1e-5)  # printed with two decimals
    for ours_level, theirs_level in zip(ours.levels, theirs.levels, strict=True):
        assert theirs_level.name == ours_level.name
        for space, figures in ours_level.dataspaces.items():
            assert theirs_level.dataspaces[space].reads == figures.reads


def test_what_was_tried_is_a_lower_bound_where_the_mapper_does_not_tell_all(
    install: Callable[..., Path], command: Command
) -> None:
    install(Scenario("mapper_sigint", waits=True))
    seen: list[int] = []
    search = timeloop.run(
        recorded_job(sizes="256,256,256"),
        lambda progress: seen.append(progress.valid),
        lambda: any(seen),
    ).search
    assert search.at_least is True and search.evaluated > search.valid > 0
    assert f"{search.valid:,} valid of at least {search.evaluated:,} mappings in" in search_line(search)
    assert not search_line(search).endswith("/s")
    install()
    code, _ = command("--gemm", RECORDED, "--engine", "timeloop")
    whole = json.loads((command.folder / "result.json").read_text())["search"]
    assert code == 0 and "at_least" not in whole and whole["evaluated"] == recorded_counts()[1]


def test_what_was_tried_in_vain_is_a_lower_bound_too() -> None:
    log = Log(macs=1)
    for line in ("[0] INVALID 9 1 8", "[  0] STATEMENT: search algorithm is done, terminating search."):
        log.line(line)
    log.line("MESSAGE: no valid mappings found within search criteria.")
    outcome = outcome_of("timeloop-mapper", process.Ended("finished", 0, 1.0), log, {}, 60.0)
    assert outcome.reason == "timeloop-mapper found no valid mapping among at least 9 that it tried"


def test_an_area_of_which_a_part_is_not_told_is_none(install: Callable[..., Path]) -> None:
    """As where the variable that makes Timeloop report all levels does not get into a container."""
    install()
    job, name = recorded_job(), "timeloop-mapper.stats.txt"
    whole = timeloop.run(job)
    hidden = re.compile(r"Level \d+\n-+\n=== inter_PECols_spatial ===\n.*?(?=Level \d+\n-+\n)", re.DOTALL)
    stats, count = hidden.subn("", whole.files[name])
    assert count == 1 and whole.area_um2 is not None
    install(replace(FOUND, files={name: stats}))
    result = timeloop.run(job)
    assert result.status == "ok" and result.area_um2 is None and result.energy_pj == whole.energy_pj
    assert any("for that of inter_PECols_spatial is not told" in note for note in result.notes)


def recorded_counts() -> tuple[int, int]:
    """Valid and all, of the two threads' last lines."""
    return 40, 156


def test_a_given_mapping_is_evaluated_by_timeloop_model_without_the_constraints_of_a_search(
    install: Callable[..., Path],
) -> None:
    folder = install()
    job = recorded_job()
    evaluated = timeloop.run(with_mapping_of(job, timeloop.run(job)))
    assert evaluated.status == "ok" and evaluated.search.mapper == "given"
    assert evaluated.timeloop is not None and evaluated.timeloop.program == "timeloop-model"
    given = load_yaml_text((given_to(folder, "timeloop-model") / "parsed-processed-input.yaml").read_text())
    assert "mapping" in given and not {"mapper", "architecture_constraints", "mapspace_constraints"} & set(
        given
    )


def test_energies_and_areas_are_always_handed_over(install: Callable[..., Path]) -> None:
    folder = install()
    timeloop.run(recorded_job())
    place = given_to(folder, "timeloop-mapper")
    ert = load_yaml_text((place / "timeloop-mapper.ERT.yaml").read_text())["ERT"]
    art = load_yaml_text((place / "timeloop-mapper.ART.yaml").read_text())["ART"]
    names = [table["name"] for table in ert["tables"]]
    assert any("Scratchpad" in name for name in names) and any("MAC" in name for name in names)
    assert art["tables"]
    given = load_yaml_text((place / "parsed-processed-input.yaml").read_text())
    assert "ERT" not in given and "ART" not in given


def test_it_runs_in_a_private_folder_and_a_session_of_its_own_and_leaves_nothing_behind(
    install: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TIMELOOP_USE_ISL", "1")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    folder = install()
    timeloop.run(recorded_job())
    run = json.loads((given_to(folder, "timeloop-mapper") / "run.json").read_text())
    assert run["session"] == run["process"] != os.getsid(0)
    assert Path(run["folder"]).parent == tmp_path / "scratch"
    assert list((tmp_path / "scratch").iterdir()) == []
    assert run["variables"] == {"TIMELOOP_HIDE_INCONSEQUENTIAL_STATS": "0"}


def test_the_scratch_folder_is_readable_for_its_owner_only() -> None:
    from harness.engines.timeloop.scratch import scratch_folder  # noqa: PLC0415

    with scratch_folder() as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_what_it_wrote_is_written_beside_the_record(install: Callable[..., Path], tmp_path: Path) -> None:
    install()
    assert main(["--gemm", RECORDED, "--engine", "timeloop", "-o", str(tmp_path / "out")]) == 0
    names = {file.name for file in (tmp_path / "out").iterdir()}
    kinds = ("stats.txt", "map.txt", "map.yaml", "map+stats.xml", "ERT.yaml", "ART.yaml")
    assert {f"timeloop-mapper.{kind}" for kind in kinds} <= names
    assert {"result.json", "timeloop.log", "parsed-processed-input.yaml"} <= names
    record = Result.from_json((tmp_path / "out" / "result.json").read_text())
    assert record.engine == "timeloop" and record.timeloop is not None
    assert record.timeloop.identity.startswith("sha256:")


def test_files_of_other_builds_are_kept_too(install: Callable[..., Path], command: Command) -> None:
    names = {f"timeloop-mapper.{kind}" for kind in ("map.tenssella.txt", "map.tensella.txt", "oaves.csv")}
    install(replace(FOUND, files=dict.fromkeys(names, "something\n")))
    assert command("--gemm", RECORDED, "--engine", "timeloop")[0] == 0
    assert names <= {file.name for file in command.folder.iterdir()}


def test_the_files_of_a_run_replace_those_of_the_other_engine(
    install: Callable[..., Path], tmp_path: Path
) -> None:
    install()
    out = tmp_path / "out"
    assert main(["--gemm", RECORDED, "--engine", "timeloop", "-o", str(out)]) == 0
    assert main(["--gemm", RECORDED, "--mapper", "quick", "-o", str(out)]) == 0
    assert not (out / "timeloop.log").exists() and not (out / "timeloop-mapper.map+stats.xml").exists()


def test_progress_tells_counts_and_the_best_so_far() -> None:
    log = Log(macs=1000)
    lines = (
        "[0] INVALID 12 1 11",
        "[0] UPDATE 12 1 0 1",
        "[  0] Utilization = 0.50 | pJ/Compute =    6.500 | L1[WIO] D2 | Cycles = 4000",
        "[1] INVALID 5 1 4",
        "[  1] Utilization = 0.25 | pJ/Compute =    9.000 | L1[WIO] D2 | Cycles = 8000",
        "[0] INVALID 20 4 2",
    )
    for line in lines:
        log.line(line)
    now = log.progress(search_size=10)
    assert (now.evaluated, now.valid, now.fraction) == (25, 5, 0.5)
    assert (now.best_cycles, now.best_energy_pj) == (4000, pytest.approx(6500.0))
    assert "INVALID" not in log.text() and "pJ/Compute =    9.000" in log.text()


@pytest.mark.parametrize(
    ("metric", "cycles"),
    [("edp", 4000), ("delay", 3000), ("energy", 5000), ("last_level_accesses", None)],
    ids=str,
)
def test_the_best_so_far_is_that_of_the_first_goal(metric: str, cycles: int | None) -> None:
    log = Log(1000, metric)
    for line in (
        "pJ/Compute = 10 | Cycles = 3000",
        "pJ/Compute = 6 | Cycles = 4000",
        "pJ/Compute = 5 | Cycles = 5000",
    ):
        log.line(f"[  0] Utilization = 0.50 | {line}")
    assert log.progress().best_cycles == cycles


def test_energies_in_fj_and_those_of_sparse_runs_are_understood() -> None:
    log = Log(macs=1000)
    both = "pJ/Algorithmic-Compute =    2.000 | pJ/Compute =   80.000"
    log.line(f"[  3] Utilization = 0.50 | {both} | L1[W] | Cycles = 7")
    assert log.progress().best_energy_pj == pytest.approx(2000.0)
    log = Log(macs=1000)
    log.line("[  3] Utilization = 0.50 | fJ/Compute =    2.000 | L1[W] | Cycles = 7")
    assert log.progress().best_energy_pj == pytest.approx(2.0)


def test_a_long_log_is_kept_by_its_beginning_and_its_end() -> None:
    log = Log(macs=1)
    for number in range(10_000):
        log.line(f"line {number}")
    text = log.text()
    assert "line 0\n" in text and text.endswith("line 9999\n") and "... 6000 lines left out ..." in text


def test_the_last_words_speak_of_the_error_and_leave_the_terminal_alone() -> None:
    log = Log(macs=1)
    for line in ("one line", "ERROR: \x1b[2Jkey not found: problem", "goodbye", ""):
        log.line(line)
    assert log.last_words() == "ERROR: ?[2Jkey not found: problem"


# Failures -----------------------------------------------------------------------------------------


def test_no_mapping_is_what_the_mapper_says_it_is(install: Callable[..., Path], tmp_path: Path) -> None:
    empty = {f"timeloop-mapper.{kind}": "" for kind in ("stats.txt", "map.txt", "map.yaml", "map+stats.xml")}
    install(replace(NOTHING_FOUND, files=empty))
    result = timeloop.run(recorded_job())
    assert result.status == "no_mapping" and result.cycles is None and result.energy_pj is None
    assert result.reason is not None and "among 1,200 that it tried (1,192 exceed a fan-out" in result.reason
    assert main(["--gemm", RECORDED, "--engine", "timeloop", "-o", str(tmp_path / "out")]) == 3
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert "timeloop.log" in names and "timeloop-mapper.stats.txt" not in names


def test_an_empty_map_space_is_no_mapping_though_the_mapper_aborts(install: Callable[..., Path]) -> None:
    install(Scenario("mapper_empty_space", signal=signal.SIGABRT))
    result = timeloop.run(recorded_job())
    assert result.status == "no_mapping"
    assert result.reason is not None and "map space is empty" in result.reason
    assert result.timeloop is not None
    assert (result.timeloop.ended, result.timeloop.exit_code) == ("ended by SIGABRT", -signal.SIGABRT)


OUTCOMES = {
    "mapper_bad_constraint": ("failed", "exit code 1; its last words: ERROR: target storage level not found"),
    "mapper_empty_size": ("no_mapping", "the map space is empty: no point in its part IndexFactorization"),
    "mapper_empty_space": ("no_mapping", "the map space is empty: the fixed factors leave 4 of a dimension"),
    "mapper_garbage": ("failed", "timeloop-mapper wrote what cannot be read: timeloop-mapper.stats.txt"),
    "mapper_killed": ("failed", "timeloop-mapper was ended by SIGKILL"),
    "mapper_no_mapping": ("no_mapping", "among 1,200 that it tried (1,192 exceed a fan-out, 8 a capacity)"),
    "model_refuses": ("failed", "exit code 1; its last words: ERROR: couldn't map level Registers"),
}
"""Of recordings that have no figures; the others have."""


@pytest.mark.parametrize("name", recorded.names())
def test_every_recorded_end_is_told_as_what_it_is(name: str) -> None:
    run = recorded.recording(name)
    log = Log(macs=1)
    for line in f"{run.stdout}\n{run.stderr}".splitlines():
        log.line(line)
    written = {file: text for file, text in run.files.items() if text}
    ended = process.Ended("finished", run.exit_code, 1.0)
    outcome = outcome_of(run.program, ended, log, written, 60.0)
    status, words = OUTCOMES.get(name, ("ok", ""))
    assert outcome.status == status
    assert words in (outcome.reason or "") and (outcome.figures is None) == (status != "ok")


@pytest.mark.parametrize(
    ("scenario", "ended", "reason"),
    [
        (replace(FOUND, signal=signal.SIGKILL), "ended by SIGKILL", "timeloop-mapper was ended by SIGKILL"),
        (replace(FOUND, signal=signal.SIGSEGV), "ended by SIGSEGV", "timeloop-mapper was ended by SIGSEGV"),
        (
            replace(FOUND, code=1),
            "ended with exit code 1",
            "timeloop-mapper ended with exit code 1; its last words",
        ),
        (
            replace(FOUND, files={"timeloop-mapper.stats.txt": ""}),
            "no output",
            "timeloop-mapper ended without an error and without figures",
        ),
        (
            replace(FOUND, files={"timeloop-mapper.stats.txt": "\x00\x01 garbage"}),
            "unreadable output",
            "timeloop-mapper wrote what cannot be read: timeloop-mapper.stats.txt",
        ),
        (
            replace(FOUND, files={"timeloop-mapper.map+stats.xml": "<boost_serialization><engine>"}),
            "unreadable output",
            "timeloop-mapper wrote what cannot be read: timeloop-mapper.map+stats.xml",
        ),
    ],
    ids=["killed", "crashed", "exit code", "empty file", "garbage", "half a file"],
)
def test_a_failure_is_a_result_without_figures_and_with_a_reason(
    scenario: Scenario, ended: str, reason: str, install: Callable[..., Path], command: Command
) -> None:  # fmt: skip
    install(scenario)
    out = command.folder
    code, told = command("--gemm", RECORDED, "--engine", "timeloop")
    assert code == 2
    assert f"run.py: error: no figures for gemm_64x64x64: {reason}" in told and "Traceback" not in told
    record = Result.from_json((out / "result.json").read_text())
    assert record.status == "failed" and record.cycles is None and record.levels == ()
    assert record.timeloop is not None and record.timeloop.ended == ended
    assert (out / "timeloop.log").read_text().strip()


def test_a_mapping_that_the_real_model_refuses_is_a_failure_in_its_words(
    install: Callable[..., Path],
) -> None:
    install(FOUND, Scenario("model_refuses", code=1))
    job = recorded_job()
    result = timeloop.run(with_mapping_of(job, timeloop.run(job)))
    assert result.status == "failed" and result.reason is not None
    assert "its last words: ERROR: couldn't map level Registers: mapped tile size" in result.reason


# Limits and signals -------------------------------------------------------------------------------


@pytest.mark.parametrize("ignored", [0, 1])
def test_ctrl_c_keeps_the_best_so_far(ignored: int, install: Callable[..., Path],
                                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    if ignored:
        monkeypatch.setattr(process, "GRACE_SECONDS", 0.1)
    monkeypatch.setattr(process, "SECOND_GRACE_SECONDS", 60.0)
    install(Scenario("mapper_sigint", waits=True, signals_ignored=ignored))
    seen: list[float | None] = []
    job = recorded_job(sizes="256,256,256")
    result = timeloop.run(
        job,
        lambda progress: seen.append(progress.best_edp_j_cycles),
        # Not before it has installed its handler, as its log tells.
        lambda: any(edp is not None for edp in seen),
    )
    assert result.status == "ok" and result.timeloop is not None
    assert result.timeloop.ended == "interrupted"
    ours = embedded.run(with_mapping_of(job, result))
    assert result.cycles == ours.cycles and result.energy_pj == pytest.approx(ours.energy_pj, rel=1e-9)


@pytest.fixture
def years_pass(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], None]:
    """Makes the clock jump once the mapper of that folder runs: limits are reached without waiting."""

    def pass_when_running(folder: Path) -> None:
        running = given_to(folder, "timeloop-mapper") / "run.json"

        def clock() -> float:
            return time.monotonic() + (1e9 if running.exists() else 0.0)

        monkeypatch.setattr(process, "time", SimpleNamespace(monotonic=clock, sleep=time.sleep))

    return pass_when_running


def test_the_time_limit_keeps_the_best_so_far(
    install: Callable[..., Path], years_pass: Callable[[Path], None]
) -> None:
    years_pass(install(Scenario("mapper_sigint", waits=True)))
    result = timeloop.run(recorded_job(sizes="256,256,256"))
    assert result.status == "ok" and result.timeloop is not None
    assert result.timeloop.ended == "time limit"


def test_nothing_found_within_the_limit_is_no_mapping(
    install: Callable[..., Path], years_pass: Callable[[Path], None]
) -> None:
    years_pass(install(Scenario("mapper_no_mapping", waits=True)))
    result = timeloop.run(recorded_job())
    assert result.status == "no_mapping"
    assert result.reason == "timeloop-mapper found no valid mapping within the time limit of 600 s"


def test_who_heeds_no_signal_is_killed_with_all_that_it_started(
    install: Callable[..., Path], years_pass: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GRACE_SECONDS", "SECOND_GRACE_SECONDS"):
        monkeypatch.setattr(process, name, 0.1)
    folder = install(Scenario("mapper_sigint", waits=True, signals_ignored=99, starts_child=True))
    years_pass(folder)
    result = timeloop.run(recorded_job())
    assert result.status == "failed" and result.timeloop is not None
    assert (result.timeloop.ended, result.timeloop.exit_code) == ("killed", -signal.SIGKILL)
    assert result.reason is not None and "did not end when it was asked to (time limit)" in result.reason
    run = json.loads((given_to(folder, "timeloop-mapper") / "run.json").read_text())
    assert not is_running(run["process"]) and not is_running(run["child"])


def is_running(process: int) -> bool:
    """Not one that has ended and that nobody has asked for its end yet, as in a container."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


@pytest.mark.parametrize("script", ["passes signals on", "heeds no signal", "dies of a signal"])
def test_a_script_that_starts_the_program_loses_no_mapping(
    script: Any,
    install: Callable[..., Path],
    years_pass: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "GRACE_SECONDS", 60.0 if script == "passes signals on" else 0.5)
    monkeypatch.setattr(process, "SECOND_GRACE_SECONDS", 60.0)
    folder = install(Scenario("mapper_sigint", waits=True, script=script))
    years_pass(folder)
    result = timeloop.run(recorded_job(sizes="256,256,256"))
    assert result.status == "ok" and result.timeloop is not None
    assert result.timeloop.ended == "time limit"
    run = json.loads((given_to(folder, "timeloop-mapper") / "run.json").read_text())
    assert run["process"] != run["session"] and not is_running(run["process"])


@pytest.mark.parametrize("code", [-signal.SIGINT, 128 + signal.SIGINT])
def test_a_program_that_dies_of_being_asked_has_lost_what_it_found(code: int) -> None:
    """As where a script around the mapper ends it together with itself."""
    log, ended = Log(macs=1), process.Ended("time limit", code, 5.0)
    assert outcome_of("timeloop-mapper", ended, log, {}, 5.0).status == "no_mapping"
    log.line("[0] INVALID 9 1 8")
    assert outcome_of("timeloop-mapper", ended, log, {}, 5.0).status == "failed"


def test_half_the_files_of_a_killed_program_are_no_result() -> None:
    files = {name: text for name, text in recorded.recording("mapper_gemmini").files.items() if text}
    killed = process.Ended("time limit", -signal.SIGKILL, 1.0, killed=True)
    whole = outcome_of("timeloop-mapper", killed, Log(macs=1), files, 60.0)
    assert (whole.status, whole.ended) == ("ok", "time limit, killed")
    del files["timeloop-mapper.map+stats.xml"]
    half = outcome_of("timeloop-mapper", killed, Log(macs=1), files, 60.0)
    assert (half.status, half.ended, half.figures) == ("failed", "killed", None)


def test_an_evaluation_that_is_stopped_does_not_make_its_mapping_an_invalid_one(
    install: Callable[..., Path],
) -> None:
    folder = install(FOUND, Scenario("model_refuses", waits=True))
    job = recorded_job()
    found = timeloop.run(job)
    result = timeloop.run(
        with_mapping_of(job, found), None, (given_to(folder, "timeloop-model") / "run.json").exists
    )
    assert result.status == "failed" and result.timeloop is not None
    assert result.timeloop.ended == "interrupted"
    model = process.Ended("time limit", -signal.SIGINT, 600.0)
    late = outcome_of("timeloop-model", model, Log(macs=1), {}, 600.0)
    assert late.status == "failed"
    assert late.reason == "timeloop-model did not evaluate the mapping within the time limit of 600 s"


@pytest.mark.parametrize("number", ["-nan", "inf"])
@pytest.mark.parametrize("precision", ["full", "printed"])
def test_energies_that_are_no_numbers_are_no_figures(number: str, precision: str) -> None:
    run = recorded.recording("model_gemmini")
    kinds = ["stats.txt"] if precision == "printed" else ["stats.txt", "map.txt", "map+stats.xml"]
    files = {f"timeloop-model.{kind}": run.output(kind) for kind in kinds}
    last = f"timeloop-model.{kinds[-1]}"
    files[last] = re.sub(r"(<energy_>|Energy \(total\) +: )[0-9.e+-]+", rf"\g<1>{number}", files[last])
    outcome = outcome_of("timeloop-model", process.Ended("finished", 0, 1.0), Log(macs=1), files, 600.0)
    assert (outcome.status, outcome.ended) == ("failed", "unreadable output")
    assert outcome.reason is not None and last in outcome.reason


def test_whoever_ends_us_ends_the_program_too(install: Callable[..., Path]) -> None:
    folder = install(Scenario("mapper_sigint", waits=True))

    def second_ctrl_c() -> bool:
        if (given_to(folder, "timeloop-mapper") / "run.json").exists():
            raise KeyboardInterrupt
        return False

    with pytest.raises(KeyboardInterrupt):
        timeloop.run(recorded_job(), should_stop=second_ctrl_c)
    run = json.loads((given_to(folder, "timeloop-mapper") / "run.json").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(run["process"], 0)


@pytest.mark.parametrize(
    ("number", "by"), [(signal.SIGINT, "Ctrl-C"), (signal.SIGHUP, "SIGHUP")], ids=["Ctrl-C", "SIGHUP"]
)
def test_a_signal_to_the_command_keeps_the_best_and_leaves_nothing_behind(
    number: signal.Signals,
    by: str,
    install: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    running = given_to(install(Scenario("mapper_sigint", waits=True)), "timeloop-mapper") / "run.json"
    command = ["--gemm", "256,256,256", "--engine", "timeloop", "-o", str(tmp_path / "out")]
    started = run_process(command, start_new_session=True)
    try:
        while not running.exists() and started.poll() is None:
            time.sleep(0.02)
        started.send_signal(number)
        printed, told = started.communicate(timeout=120)
    finally:
        started.kill()
    assert started.returncode == 0, told
    assert f"run.py: stopped by {by}, kept the best mapping so far" in told
    assert list(scratch.iterdir()) == []
    assert "EDP " in printed and (tmp_path / "out" / "timeloop-mapper.map.txt").is_file()


# Settings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("algorithm", ["optimal", "guided"])
def test_own_algorithms_are_replaced_by_hybrid_and_that_is_said(algorithm: str) -> None:
    settings, notes = translated(SearchSettings(algorithm=algorithm, threads=3, time_limit=20.0))
    assert settings == SearchSettings(algorithm="hybrid", threads=3, time_limit=20.0)
    assert notes == (f"the real Timeloop has no algorithm '{algorithm}', its hybrid search runs instead",)


@pytest.mark.parametrize("algorithm", ["hybrid", "random_pruned", "linear_pruned", "exhaustive", "random"])
def test_timeloops_algorithms_pass_as_they_are(algorithm: str) -> None:
    given = SearchSettings(algorithm=algorithm, time_limit=5.0)
    assert translated(given) == (given, ())


def test_what_the_real_mapper_lacks_is_said_or_refused() -> None:
    settings, notes = translated(SearchSettings(timeout=0, seed=7))
    assert (settings.timeout, settings.seed, settings.time_limit) == (NEVER, None, DEFAULT_SECONDS)
    assert len(notes) == 2 and "takes no seed, 7 is left out" in notes[0] and "stops after 60 s" in notes[1]
    with pytest.raises(Unsupported, match="max_cycles"):
        translated(SearchSettings(max_cycles=5))


def test_densities_of_actual_data_are_refused_before_anything_runs(install: Callable[..., Path]) -> None:
    folder = install()
    job = recorded_job()
    known = Density("actual_data", 0.25, pattern=ZeroPattern((2, 2), np.array([0])), axes=(0, 1))
    problem = replace(job.specification.problem, densities=(("Inputs", known),))
    with pytest.raises(Unsupported, match="Inputs is that of actual data, of which"):
        timeloop.run(replace(job, specification=replace(job.specification, problem=problem)))
    assert not given_to(folder, "timeloop-mapper").exists()


def test_the_profiles_settings_are_what_the_mapper_gets(install: Callable[..., Path]) -> None:
    folder = install()
    settings = SearchSettings(
        algorithm="linear_pruned", metrics=("delay", "energy"), threads=5, timeout=77, victory_condition=88,
        sync_interval=99, search_size=40, template="ruby", seed=3, time_limit=30.0, live_status=True,
    )  # fmt: skip
    timeloop.run(recorded_job(settings))
    given = load_yaml_text((given_to(folder, "timeloop-mapper") / "parsed-processed-input.yaml").read_text())
    mapper = dict(given["mapper"])
    wanted: dict[str, Any] = {
        "algorithm": "linear_pruned", "optimization_metrics": ["delay", "energy"], "num_threads": 5,
        "timeout": 77, "victory_condition": 88, "sync_interval": 99, "search_size": 40,
        "live_status": False, "log_stats": True,
    }  # fmt: skip
    assert {key: mapper.get(key) for key in wanted} == wanted
    assert not {"seed", "time_limit", "max_cycles", "max_energy_pj"} & set(mapper)
    assert given["mapspace"]["template"] == "ruby"


# Installation and the command ---------------------------------------------------------------------


def test_without_an_installation_there_is_one_message_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert main(["KQV", "--engine", "timeloop", "-o", str(tmp_path / "out")]) == 2
    told = capsys.readouterr()
    assert told.out == "" and len(told.err.splitlines()) == 1
    assert "the real Timeloop is not installed: no timeloop-mapper on PATH" in told.err
    assert "github.com/NVlabs/timeloop" in told.err and FOLDER in told.err
    assert not (tmp_path / "out").exists()


def test_a_named_folder_without_the_programs_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path))
    with pytest.raises(HarnessError, match=f"no timeloop-mapper in {tmp_path}, which {FOLDER} names"):
        timeloop.require_installation()


def test_the_programs_are_found_on_the_path_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(FOLDER, raising=False)
    folder = install_double(tmp_path / "bin")
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    assert installation.program_named("timeloop-mapper").path == folder / "timeloop-mapper"
    before = timeloop.installed_identity()
    with (folder / "timeloop-model").open("a") as launcher:
        launcher.write("# another build\n")
    assert timeloop.installed_identity() != before


def test_a_program_that_does_not_start_is_told_in_one_line(
    install: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = install()
    (folder / "timeloop-mapper").write_text("#!/nowhere/at/all\n")
    assert main(["--gemm", RECORDED, "--engine", "timeloop", "-o", str(tmp_path / "out")]) == 2
    assert "does not start" in capsys.readouterr().err


@pytest.mark.parametrize(
    "option",
    [
        ["--max-cycles", "5"],
        ["--max-energy", "5mJ"],
        ["--certify"],
        ["--pareto"],
        ["--seed", "1"],
        ["--compat", "none"],
    ],
    ids=lambda option: option[0],
)
def test_options_that_the_real_one_lacks_are_refused(
    option: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["KQV", "--engine", "timeloop", *option]) == 2
    assert f"{' '.join(option[:1])}" in capsys.readouterr().err


def test_the_time_limit_is_of_either_engine(
    install: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    limited = ["--gemm", RECORDED, "--mapper", "long", "--time-limit", "0.125", "-o", str(tmp_path / "out")]
    assert main(limited) in (0, 3)
    assert "cut by its time_limit of 0.125 s" in capsys.readouterr().err
    install()
    assert main([*limited, "--engine", "timeloop"]) == 0
    assert "at most 0.125 s" in " ".join(capsys.readouterr().out.split())
    for wrong in ("0", "-1", "soon", "1e3"):
        assert main(["KQV", "--time-limit", wrong]) == 2
    assert "no number of seconds above zero" in capsys.readouterr().err


def test_the_screen_says_who_searches_and_what_was_replaced(
    install: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    install()
    assert main(["--gemm", RECORDED, "--engine", "timeloop", "-o", str(tmp_path / "out")]) == 0
    told = capsys.readouterr()
    assert "timeloop-mapper, hybrid (uber)" in told.out
    assert "no algorithm 'optimal', its hybrid search runs instead" in told.err
    assert "flattened by this package" in told.err


# The front end ------------------------------------------------------------------------------------


FRONT_END = """\
class Specification:
    @staticmethod
    def from_yaml_files(*files):
        specification = Specification()
        specification.files = [open(file).read() for file in files]
        return specification
"""
CALLS = """\
def _specification_to_yaml_string(specification, for_model):
    {body}
"""


def fake_front_end(folder: Path, body: str, package: str = "timeloopfe") -> None:
    """A package of the same interface, below ``folder``."""
    root = folder / package
    (root / "common").mkdir(parents=True)
    (root / "__init__.py").write_text("__version__ = '0.5'\n")
    (root / "common" / "__init__.py").write_text("")
    (root / "v4.py").write_text(FRONT_END)
    (root / "common" / "backend_calls.py").write_text(CALLS.format(body=body))


@pytest.fixture
def front_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Path]]:
    """A front end whose conversion is ``body``, in an interpreter of its own."""

    def made(body: str, package: str = "timeloopfe") -> Path:
        fake_front_end(tmp_path / "packages", body, package)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path / "packages"))
        monkeypatch.setenv(INTERPRETER, sys.executable)
        return tmp_path / "packages"

    yield made


OWN_FLATTENING = "return open({file!r}).read()"


def test_the_front_end_flattens_where_there_is_one(
    front_end: Callable[..., Path], install: Callable[..., Path], tmp_path: Path
) -> None:
    job = recorded_job()
    flat = tmp_path / "flat.yaml"
    text = dict(timeloop_inputs(job, install()))["parsed-processed-input.yaml"]
    flat.write_text(text.replace("problem:", "made_by_the_front_end: true\nproblem:", 1))
    front_end(OWN_FLATTENING.format(file=str(flat)))
    result = timeloop.run(job)
    assert result.status == "ok" and result.timeloop is not None
    assert result.timeloop.front_end == "timeloopfe 0.5" and result.notes == ()
    assert "made_by_the_front_end" in result.files["parsed-processed-input.yaml"]


def timeloop_inputs(job: Job, folder: Path) -> dict[str, str]:
    timeloop.run(job)
    place = given_to(folder, "timeloop-mapper")
    return {file.name: file.read_text() for file in place.iterdir()}


def test_the_newer_package_works_without_its_bindings(
    front_end: Callable[..., Path], install: Callable[..., Path], tmp_path: Path
) -> None:
    job = recorded_job()
    flat = tmp_path / "flat.yaml"
    flat.write_text(timeloop_inputs(job, install())["parsed-processed-input.yaml"])
    packages = front_end(OWN_FLATTENING.format(file=str(flat)), "pytimeloop/timeloopfe")
    (packages / "pytimeloop" / "__init__.py").write_text("from bindings_that_are_not_there import *\n")
    # The part says nothing of the whole package.
    imports = packages / "pytimeloop" / "timeloopfe" / "common" / "backend_calls.py"
    imports.write_text("import pytimeloop.timeloopfe.v4\n" + imports.read_text())
    result = timeloop.run(job)
    assert result.timeloop is not None and result.timeloop.front_end.startswith("pytimeloop.timeloopfe")


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("raise KeyError('Missing required key \"depth\"')", "timeloopfe 0.5 refuses the input"),
        ("raise SystemExit(3)", "timeloopfe 0.5 refuses the input: SystemExit: 3"),
    ],
)
def test_what_the_front_end_refuses_is_flattened_by_this_package(
    body: str, words: str, front_end: Callable[..., Path], install: Callable[..., Path]
) -> None:
    install()
    front_end(body)
    result = timeloop.run(recorded_job())
    assert result.status == "ok" and result.timeloop is not None and result.timeloop.front_end == ""
    assert len(result.notes) == 1 and words in result.notes[0]


@pytest.mark.parametrize(
    ("body", "words"),
    [("import os; os.write(2, b'no memory\\n'); os._exit(5)", "5 and no answer; its last words: no memory")],
)
def test_a_front_end_that_dies_is_told(
    body: str, words: str, front_end: Callable[..., Path], install: Callable[..., Path]
) -> None:
    install()
    front_end(body)
    with pytest.raises(HarnessError, match=words):
        timeloop.run(recorded_job())


@pytest.mark.parametrize("engine", ["timeloop", "both"])
@pytest.mark.parametrize("there", [False, True], ids=["no interpreter", "no front end"])
def test_a_named_interpreter_without_a_front_end_is_an_error_before_any_search(
    there: bool,
    engine: str,
    install: Callable[..., Path],
    command: Command,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install()
    packages = command.folder.parent / "packages"
    (packages / "pytimeloop").mkdir(parents=True)
    (packages / "pytimeloop" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(packages))
    monkeypatch.setenv(INTERPRETER, sys.executable if there else str(packages / "python"))
    code, told = command("--gemm", RECORDED, "--engine", engine)
    assert code == 2 and len(told.splitlines()) == 1 and not command.folder.exists()
    words = f"{sys.executable}, which has no front end of Timeloop's" if there else "python does not start"
    assert words in told
    with pytest.raises(HarnessError, match="front end"):
        timeloop.run(recorded_job())


@pytest.mark.parametrize("part", ["", "raise ImportError('half an installation')"], ids=["none", "broken"])
def test_bindings_without_a_working_front_end_are_passed_over(
    part: str,
    front_end: Callable[..., Path],
    install: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    install()
    packages = front_end("", "pytimeloop/timeloopfe") if part else tmp_path / "packages"
    (packages / "pytimeloop").mkdir(parents=True, exist_ok=True)
    (packages / "pytimeloop" / "__init__.py").touch()
    if part:
        (packages / "pytimeloop" / "timeloopfe" / "__init__.py").write_text(part)
    monkeypatch.setenv("PYTHONPATH", str(packages))
    monkeypatch.syspath_prepend(str(packages))
    monkeypatch.delenv(INTERPRETER, raising=False)
    monkeypatch.setattr("harness.engines.timeloop.front_end._this_interpreter", IN_THIS_INTERPRETER)
    result = timeloop.run(recorded_job())
    assert result.status == "ok" and len(result.notes) == 1
    words = "does not work: ImportError: half an installation" if part else "is installed"
    assert words in result.notes[0]
    assert ("pytimeloop.timeloopfe sha256:" in timeloop.installed_identity()) == bool(part)


def test_a_front_end_that_hangs_leaves_nothing_of_what_it_started(
    front_end: Callable[..., Path],
    install: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    install()
    front_end("")
    started = tmp_path / "started"
    (tmp_path / "python").write_text(
        f'#!/bin/sh\ntrap "" INT\nsleep 60 & echo $! > "{started}"\nwait\nwait\n'
    )
    (tmp_path / "python").chmod(0o755)
    monkeypatch.setenv(INTERPRETER, str(tmp_path / "python"))
    monkeypatch.setattr("harness.engines.timeloop.front_end.MOST_SECONDS", 0.3)
    for name in ("GRACE_SECONDS", "SECOND_GRACE_SECONDS"):
        monkeypatch.setattr(process, name, 0.1)
    with pytest.raises(HarnessError, match=r"no answer within 0\.3 s"):
        timeloop.run(recorded_job())
    assert not is_running(int(started.read_text()))


def test_a_front_end_is_stopped_as_the_search_is(
    front_end: Callable[..., Path], install: Callable[..., Path]
) -> None:
    install(NOTHING_FOUND)
    front_end("import time; time.sleep(60)")
    result = timeloop.run(recorded_job(), should_stop=lambda: True)
    assert "refuses the input: it was stopped" in result.notes[0]


def test_a_named_interpreter_may_lie_relative_to_the_working_folder(
    front_end: Callable[..., Path],
    install: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    install()
    front_end("raise ValueError('asked')")
    (tmp_path / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    (tmp_path / "python").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(INTERPRETER, "./python")
    assert "refuses the input: ValueError: asked" in timeloop.run(recorded_job()).notes[0]


def test_a_flattened_input_goes_to_the_programs_as_it_is(
    front_end: Callable[..., Path], install: Callable[..., Path], tmp_path: Path
) -> None:
    job = recorded_job()
    given = timeloop_inputs(job, install())
    file = tmp_path / "parsed-processed-input.yaml"
    file.write_text(given[file.name])
    front_end("raise AssertionError('not to be asked')")
    assert main(["--spec", str(file), "--engine", "timeloop", "-o", str(tmp_path / "out")]) == 0
    record = Result.from_json((tmp_path / "out" / "result.json").read_text())
    assert record.timeloop is not None and record.timeloop.front_end == ""


def test_the_record_of_a_run_is_read_back(install: Callable[..., Path]) -> None:
    install()
    result = timeloop.run(recorded_job())
    again = Result.from_json(output_files(result)["result.json"])
    assert again.timeloop == result.timeloop and again.levels == result.levels


# The documentation --------------------------------------------------------------------------------


DOCUMENT = (ROOT / "docs" / "timeloop.md").read_text(encoding="utf-8")


def test_the_documented_commands_print_that(install: Callable[..., Path], tmp_path: Path) -> None:
    install()
    shutil.copy(ROOT / "run.py", tmp_path)
    commands = commands_in(DOCUMENT)
    assert commands
    for command, expected in commands:
        check(command, expected, tmp_path)


def test_the_documented_code_runs(install: Callable[..., Path], capsys: pytest.CaptureFixture[str]) -> None:
    install()
    for block in re.findall(r"^```python\n(.*?)^```", DOCUMENT, flags=re.DOTALL | re.MULTILINE):
        exec(compile(block, "docs/timeloop.md", "exec"), {})
    assert capsys.readouterr().out == "ok 2052 finished\n"
