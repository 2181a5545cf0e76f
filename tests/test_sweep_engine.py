"""Sweeps with the real Timeloop: its results are kept, keyed and shown apart, and its failures stay its own.

The programs are stood in for by files of their names, and the engine that would run them by one that takes
this package's figures for Timeloop's: here it counts what a sweep makes of results, not how they come about.
"""

from __future__ import annotations

import csv
import io
import json
import sqlite3
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from sweep_cases import LAYERS, SETTINGS, SweepInStore, done, failed

from harness import sweep
from harness.cli.hwdse import main
from harness.engines import embedded, timeloop
from harness.engines.identity import RequestIdentity
from harness.engines.job import Job
from harness.engines.layer_job import LayerRequest
from harness.engines.result import CheckRecord, Result, TimeloopRun
from harness.engines.timeloop.installation import program_named
from harness.errors import HarnessError, SpecError
from harness.report.page.payload import payload
from harness.report.sweep.engine_words import engine_words, unequal_lines
from harness.spec.profiles import load_profile
from harness.sweep import api
from harness.sweep.record import read_record
from harness.sweep.store.connection import FILE_NAME
from harness.sweep.study import Study
from harness.sweep.workers.scheduler import Watch
from harness.workloads import load_model

TINY = "layers: {A: {D: 16, E: 32, L: 8}, B: {D: 32, E: 32, L: 8}}"
RUN = ["all", "-m", "tiny.yaml", "-c", "two.json", "--mapper", "quick", "--threads", "1", "-o", "out"]
PROGRAMS = ("timeloop-mapper", "timeloop-model")

Engine = Callable[..., Result]


class HereAndNow:
    """A runner whose tasks run in this process, where tests can put an engine of their own."""

    def __enter__(self) -> HereAndNow:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def begin(self, should_stop: Callable[[], bool] | None = None) -> None: ...

    def run[Task, Value](
        self, work: Callable[[Task], Value], tasks: Iterable[Task], watch: Watch[Task, Value]
    ) -> None:
        for task in tasks:
            watch.on_done(work(task))
        if watch.on_batch is not None:
            watch.on_batch()


def as_by_timeloop(result: Result, job: Job) -> Result:
    """A result of this package as the real Timeloop would give it."""
    given = job.specification.mapping is not None
    program = "timeloop-model" if given else "timeloop-mapper"
    return replace(
        result,
        engine="timeloop",
        timeloop=TimeloopRun(program, "sha256:0", "", "finished", 0, 0.5),
        evaluation=None,
        energy_by_accuracy={},
        energy_uncertainty={},
        energy_by_source={},
        files={f"{program}.stats.txt": "stats", "timeloop.log": "log"},
        notes=("its own flattening",),
    )


def stand_in(job: Job, on_progress: object = None, should_stop: object = None) -> Result:
    return as_by_timeloop(embedded.run(job), job)


def install(folder: Path, text: str = "one build") -> None:
    """Programs of these names that nobody will run."""
    folder.mkdir(exist_ok=True)
    for name in PROGRAMS:
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with two configurations and a small model, and an installation."""
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(TINY)
    Path("two.json").write_text('[{"pe_rows": 16}, {"pe_rows": 8}]')
    install(tmp_path / "bin")
    monkeypatch.setenv("HARNESS_TIMELOOP_BIN", str(tmp_path / "bin"))
    monkeypatch.delenv("HARNESS_TIMELOOP_PYTHON", raising=False)
    monkeypatch.setattr("harness.engines.timeloop.front_end._this_interpreter", lambda: None)
    monkeypatch.setattr(api, "runner_for", lambda *_: HereAndNow())
    monkeypatch.setattr(timeloop, "run", stand_in)
    return tmp_path


def rows_of(capsys: pytest.CaptureFixture[str], rows: str) -> list[dict[str, str]]:
    capsys.readouterr()
    assert main(["-so", "-o", "out", "--format", "csv", "--rows", rows]) in (0, 1)
    return list(csv.DictReader(io.StringIO(capsys.readouterr().out)))


# The real Timeloop maps


def test_its_results_are_kept_whole_with_how_it_was_run(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*RUN, "--engine", "timeloop", "--time-limit", "7"]) == 0
    printed = capsys.readouterr().out
    assert "engine    the real Timeloop\n" in printed
    assert "search    timeloop-mapper, hybrid (uber) for the least edp" in printed
    assert "time limit 7 s" in printed
    assert "\nmapped and evaluated by the real Timeloop\n" in printed
    assert "note: its own flattening" in printed
    assert "energy by accuracy" not in printed and "check" not in printed
    result = sweep.load("out").result(0, "A")
    assert result is not None and (result.engine, result.check) == ("timeloop", None)
    assert result.timeloop == TimeloopRun("timeloop-mapper", "sha256:0", "", "finished", 0, 0.5)
    assert (place / "out/0/outputs_A/timeloop-mapper.stats.txt").read_text() == "stats"
    assert json.loads((place / "out/0/outputs_A/result.json").read_text())["timeloop"]["exit_code"] == 0
    assert {row["engine"] for rows in ("layers", "configurations") for row in rows_of(capsys, rows)} == {
        "timeloop"
    }
    limits = sweep.load("out").limits(0, "A")
    assert [limit.name for limit in limits][-1] == "DRAM"


def test_the_algorithm_that_it_lacks_is_not_said_to_have_run(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*(word for word in RUN if word not in ("--mapper", "quick")), "--engine", "timeloop"]) == 0
    assert "search    timeloop-mapper, hybrid (uber)" in capsys.readouterr().out


def test_a_failed_run_fails_its_layer_alone(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(job: Job, *_: object) -> Result:
        if job.layer == "B" and job.parameters["pe_rows"] == 8:
            return replace(
                embedded.without_mapping(job, "failed", "timeloop-mapper was killed (SIGKILL)"),
                engine="timeloop",
                timeloop=TimeloopRun("timeloop-mapper", "sha256:0", "", "killed", -9, 0.5),
            )
        return stand_in(job)

    monkeypatch.setattr(timeloop, "run", failing)
    assert main([*RUN, "--engine", "timeloop"]) == 0
    assert "     1  B: timeloop-mapper was killed (SIGKILL)\n" in capsys.readouterr().out
    results = sweep.load("out")
    assert [point.status for point in results.points] == ["ok", "failed"]
    assert [point.index for point in results.best("edp_sum")] == [0]
    assert results.point(1).metrics is None and results.layers(1)[0].ok
    stored = results.result(1, "B")
    assert stored is not None and stored.timeloop is not None and stored.timeloop.exit_code == -9
    # Not tried again unless that is asked for; then it takes its place.
    assert main([*RUN, "--engine", "timeloop"]) == 0
    assert sweep.load("out").point(1).status == "failed"
    monkeypatch.setattr(timeloop, "run", stand_in)
    assert main([*RUN, "--engine", "timeloop", "--retry-failed"]) == 0
    assert sweep.load("out").point(1).status == "ok"


def test_input_that_it_cannot_be_given_is_a_refused_layer(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refusing(job: Job, *_: object) -> Result:
        if job.layer == "A":
            raise HarnessError("the real Timeloop cannot do that")
        return stand_in(job)

    monkeypatch.setattr(timeloop, "run", refusing)
    assert main([*RUN, "--engine", "timeloop"]) == 2
    assert {(f.layer, f.status, f.reason) for f in sweep.load("out").failures()} == {
        ("A", "refused", "the real Timeloop cannot do that")
    }


def test_files_of_a_known_mapping_are_made_again_under_the_mappers_names(place: Path) -> None:
    assert main([*RUN, "--engine", "timeloop", "--keep", "none"]) == 0
    assert not (place / "out/0").exists()
    assert main([*RUN, "--engine", "timeloop", "--keep", "all"]) == 0
    assert (place / "out/1/outputs_B/timeloop-mapper.stats.txt").read_text() == "stats"
    assert not list(place.glob("out/*/*/timeloop-model.*"))


# Keys


def test_keys_know_the_engine_and_its_build(place: Path) -> None:
    layer = load_model("tiny.yaml").layers[0]
    plain = LayerRequest("gemmini", layer, load_profile("quick"))

    def key(request: LayerRequest) -> str:
        return RequestIdentity(request).key({"pe_rows": 16})

    requests = [plain, replace(plain, engine="timeloop"), replace(plain, check=True)]
    before = [key(request) for request in requests]
    assert len(set(before)) == 3
    install(place / "bin", "another build")
    after = [key(request) for request in requests]
    assert after[0] == before[0]
    assert not set(after[1:]) & set(before)


def test_keys_know_the_front_end(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = LayerRequest("gemmini", load_model("tiny.yaml").layers[0], load_profile("quick"), check=True)
    keys = [RequestIdentity(request).key({})]
    monkeypatch.setenv("HARNESS_TIMELOOP_PYTHON", sys.executable)
    for name in ("one", "other"):
        package = place / name / "timeloopfe"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text(f"what = {name!r}")
        monkeypatch.setenv("PYTHONPATH", str(package.parent))
        keys.append(RequestIdentity(request).key({}))
    assert len(set(keys)) == 3
    monkeypatch.setenv("HARNESS_TIMELOOP_PYTHON", str(place / "nowhere"))
    with pytest.raises(HarnessError, match=r"for Timeloop's front end: .*nowhere does not start"):
        RequestIdentity(request)


def test_results_of_another_build_are_not_taken(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def counting(job: Job, *_: object) -> Result:
        asked.append(job.layer)
        return stand_in(job)

    monkeypatch.setattr(timeloop, "run", counting)
    assert main([*RUN, "--engine", "timeloop"]) == 0
    assert main([*RUN, "--engine", "timeloop"]) == 0
    assert len(asked) == 4
    install(place / "bin", "another build")
    assert main([*RUN, "--engine", "timeloop"]) == 0
    assert len(asked) == 8


@pytest.mark.parametrize("engine", ["timeloop", "both"])
def test_a_program_that_goes_away_meanwhile_stops_the_sweep_and_is_no_result(
    engine: str, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An upgrade, a network folder: nothing of the layers that are left, which the next run maps."""
    asked: list[str] = []

    def going_away(job: Job, *_: object) -> Result:
        asked.append(job.layer)
        if len(asked) == 4:
            (place / "bin").rename(place / "moved")
        program_named("timeloop-model")
        return stand_in(job)

    monkeypatch.setattr(timeloop, "run", going_away)
    assert main([*RUN, "--engine", engine]) == 2
    told = capsys.readouterr().err
    assert "stopped, kept what was finished: the real Timeloop is not installed: no timeloop-model" in told
    assert told.count("\n") == 1
    with sqlite3.connect(place / "out" / FILE_NAME) as store:
        assert store.execute("SELECT status FROM result").fetchall() == 3 * [("ok",)]
    (place / "moved").rename(place / "bin")
    assert main([*RUN, "--engine", engine]) == 0
    assert len(asked) == 5
    assert all(point.metrics is not None for point in sweep.load("out").points)


def test_an_upgrade_meanwhile_stops_the_sweep_and_the_next_run_is_all_of_the_new_build(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[str] = []

    def upgraded(job: Job, *_: object) -> Result:
        asked.append(job.layer)
        if len(asked) == 1:
            install(place / "bin", "another build")
        return stand_in(job)

    monkeypatch.setattr(timeloop, "run", upgraded)
    assert main([*RUN, "--engine", "timeloop"]) == 2
    assert "the real Timeloop differ from those that the sweep began with" in capsys.readouterr().err
    assert main([*RUN, "--engine", "timeloop"]) == 0
    assert len(asked) == 5
    assert all(point.metrics is not None for point in sweep.load("out").points)


def test_engines_are_never_compared_silently(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(RUN) == 0
    assert main([*RUN, "-i", "10", "--engine", "timeloop"]) == 0
    capsys.readouterr()
    assert main(["-so", "-o", "out"]) == 0
    printed = capsys.readouterr().out
    assert "2 groups with different engines, layers, fusion, mapper settings or versions" in printed
    assert "group: engine this program; " in printed
    assert "group: engine the real Timeloop; " in printed
    assert [row["engine"] for row in rows_of(capsys, "configurations")] == ["embedded"] * 2 + ["timeloop"] * 2


# Both


def test_each_mapping_is_evaluated_by_both(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*RUN, "--engine", "both"]) == 0
    printed = capsys.readouterr().out
    assert "engine    this program, each mapping evaluated by the real Timeloop too\n" in printed
    assert "\nchecked by the real Timeloop: 4 of 4 mappings equal\n" in printed
    assert [line.split()[-1] for line in printed.splitlines() if line.startswith(("A  ", "B  "))] == [
        "equal",
        "equal",
    ]
    results = sweep.load("out")
    for check in results.checks():
        assert check.record.status == "equal" and check.record.compared > 50
    # The figures are those of a sweep without the check.
    assert main([word if word != "out" else "alone" for word in RUN]) == 0
    alone = sweep.load("alone")
    for index in (0, 1):
        for ours, other in zip(results.layers(index), alone.layers(index), strict=True):
            assert replace(ours, check=None, key=None, seconds=0.0) == replace(other, key=None, seconds=0.0)
    record = read_record(place / "out/0/hw_config.json")
    assert record.settings.engine == "both"
    assert record.layers[0].check == results.layers(0)[0].check


def test_what_differs_is_named_and_is_an_exit_code(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def off(job: Job, *_: object) -> Result:
        result = stand_in(job)
        if job.layer == "B" and result.cycles is not None:
            return replace(result, cycles=result.cycles + 1)
        return result

    monkeypatch.setattr(timeloop, "run", off)
    assert main([*RUN, "--engine", "both"]) == 1
    printed = capsys.readouterr().out
    assert "checked by the real Timeloop: 2 of 4 mappings equal, 2 differ\n" in printed
    assert "\nB on 0, 1: differs from the real Timeloop in 1 of " in printed
    assert "figures: cycles\n" in printed
    layers = {(row["index"], row["layer"]): row for row in rows_of(capsys, "layers")}
    assert (layers["0", "A"]["check"], layers["0", "A"]["check_told"]) == ("equal", "")
    assert (layers["1", "B"]["check"], layers["1", "B"]["check_differences"]) == ("differs", "1")
    assert layers["1", "B"]["check_told"] == "cycles"
    # The page and the ranking have it too: a check makes no failure.
    assert main(["-so", "-o", "out", "--html", "p.html"]) == 1
    page = Path("p.html").read_text()
    assert "2 of 4 mappings equal, 2 differ" in page and "differs from the real Timeloop in 1 of" in page
    assert [point.status for point in sweep.load("out").points] == ["ok", "ok"]


def test_a_check_that_fails_leaves_the_figures(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing(job: Job, *_: object) -> Result:
        if job.layer == "A":
            raise HarnessError("no front end for that")
        return replace(embedded.without_mapping(job, "failed", "killed"), engine="timeloop")

    monkeypatch.setattr(timeloop, "run", failing)
    assert main([*RUN, "--engine", "both"]) == 0
    printed = capsys.readouterr().out
    assert "checked by the real Timeloop: 0 of 4 mappings equal, 4 not checked\n" in printed
    assert "\nA on 0, 1: not checked: no front end for that\n" in printed
    assert "\nB on 0, 1: not checked: theirs: killed\n" in printed
    assert all(point.metrics is not None for point in sweep.load("out").points)


def test_what_has_no_mapping_has_no_check(place: Path) -> None:
    Path("two.json").write_text('[{"pe_rows": 16, "scratchpad_size": 16}]')
    with suppress(SystemExit):
        main([*RUN, "--engine", "both"])
    assert [(o.ok, o.check) for o in sweep.load("out").layers(0)] == [(False, None)] * 2


def test_the_words_of_a_few_and_of_many(tmp_path: Path) -> None:
    both = Study(replace(SETTINGS, engine="both"), LAYERS, 24)
    store = SweepInStore(tmp_path)
    differs = CheckRecord("differs", 100, 9, tuple(f"L{n}.reads" for n in range(9)))

    def with_check(name: str, check: CheckRecord) -> Any:
        job = done(name)
        return replace(job, result=replace(job.result, check=check))

    for index in range(25):
        other = CheckRecord("differs", 100, 1, (f"L{index}.fills",)) if index > 3 else differs
        store.add(index, [with_check("a", other), failed("b", "nothing fits")], study=both)
    results = store.results()
    (study,) = results.studies
    assert engine_words(results, study) == "checked by the real Timeloop: 0 of 25 mappings equal, 25 differ"
    lines = list(unequal_lines(results.checks()))
    names = "L0.reads, L1.reads, L2.reads, L3.reads"
    told = f"differs from the real Timeloop in 9 of 100 figures: {names} and 5 more"
    assert lines[0] == f"KQV on 0, 1, 2, 3: {told}"
    assert len(lines) == 21 and lines[-1] == "and 2 other differences"
    (told_study,) = payload(results)["studies"]
    assert told_study["checked"] == engine_words(results, study) and told_study["unequal"] == lines


# This program alone


def test_without_another_engine_nothing_is_said_of_engines(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(RUN) == 0
    printed = capsys.readouterr().out
    assert "engine" not in printed and "Timeloop" not in printed and "check" not in printed
    for rows in ("layers", "configurations"):
        assert not [name for name in rows_of(capsys, rows)[0] if "engine" in name or "check" in name]
    config = json.loads((place / "out/0/hw_config.json").read_text())["sweep"]
    assert "engine" not in config["settings"] and "check" not in config["layers"][0]
    (study,) = payload(sweep.load("out"))["studies"]
    assert (study["engine"], study["checked"], study["unequal"]) == (None, None, [])


# Before anything starts


@pytest.mark.parametrize("engine", ["timeloop", "both"])
@pytest.mark.parametrize("missing", PROGRAMS)
def test_a_missing_program_is_one_message_before_any_job(
    engine: str, missing: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "bin" / missing).unlink()
    assert main([*RUN, "--engine", engine]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1 and f"no {missing} in" in captured.err
    assert not (place / "out").exists()


def test_what_makes_no_sense_is_refused(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-so", "-o", "out", "--engine", "both"]) == 2
    assert "-so runs nothing, --engine would have no effect" in capsys.readouterr().err
    assert main([*RUN, "--engine", "timelop"]) == 2
    with pytest.raises(SpecError, match="unknown engine 'timelop' \\(did you mean 'timeloop'"):
        sweep.run("A", models="tiny.yaml", folder="out", engine="timelop")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match="time limit must be above 0, not 0"):
        sweep.run("A", models="tiny.yaml", folder="out", time_limit=0)


def test_a_function_of_python_has_it_too(place: Path) -> None:
    results = sweep.run(
        "A", models="tiny.yaml", configurations=[{"pe_rows": 16}], profile="quick", folder="out",
        engine="both", time_limit=5,
    )  # fmt: skip
    (check,) = results.checks()
    assert (check.index, check.layer, check.record.status) == (0, "A", "equal")
    assert "time limit 5 s" in results.study().settings.mapper
    assert [o.check for o in results.layers(0)] == [check.record]
    assert results.to_pandas("layers")["check"].tolist() == ["equal"]


def test_the_time_of_a_minute_a_job_is_not_tried_out(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def never(job: Job, *_: object) -> Result:
        raise AssertionError("ran")

    monkeypatch.setattr(timeloop, "run", never)
    assert main([*RUN, "--engine", "timeloop", "--dry-run"]) == 0
    assert "takes" not in capsys.readouterr().out
