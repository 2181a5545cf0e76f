"""The store: everything comes back as it was, and a file that is none is told in words."""

from __future__ import annotations

import json
import math
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sweep_cases import (
    BUFFER,
    LAYERS,
    MAIN_MEMORY,
    SETTINGS,
    STUDY,
    UNLIMITED,
    SweepInStore,
    done,
    failed,
    mapped,
)

from harness.cli.hwdse import main
from harness.engines import embedded
from harness.engines.layer_job import LayerRequest, layer_job
from harness.engines.result import LevelDataSpace, LevelRecord, Result
from harness.errors import HarnessError, SpecError
from harness.report.outputs import timeloop_files
from harness.spec.profiles import load_profile
from harness.sweep.folder import open_results
from harness.sweep.job import JobResult, SweepJob, run_job
from harness.sweep.metrics import metrics_of
from harness.sweep.outcome import LayerOutcome, Occurrence
from harness.sweep.results import SweepResults
from harness.sweep.store.connection import FILE_NAME, open_to_read
from harness.sweep.store.reading import StoreReader
from harness.sweep.store.rows import PointRow, given_and_base
from harness.sweep.store.schema import SCHEMA_VERSION
from harness.sweep.store.writing import StoreWriter
from harness.sweep.study import Study
from harness.workloads import load_model

HUGE = 2**70 + 1
"""Beyond what SQLite calls an integer, and not exact as a double."""


def occurrence_of(result: Result, times: int = 1) -> Occurrence:
    return Occurrence(result.layer, times, "", False, result.macs or 0, result.model, result.repeat)


def stored(folder: Path, *jobs: JobResult) -> SweepResults:
    """One point for each job, by way of the file."""
    writer = StoreWriter(folder)
    writer.begin_run("a command", "1.0", len(jobs))
    for index, job in enumerate(jobs):
        assert job.result is not None
        parameters = dict(job.result.parameters)
        given, base = given_and_base({k: parameters[k] for k in list(parameters)[1:2]}, parameters)
        study = writer.study_number(Study(SETTINGS, (occurrence_of(job.result),)))
        writer.begin_point(PointRow(index, study, job.result.architecture, given, base, (job.key,)))
        writer.put_result(job)
        metrics = metrics_of([mapped(occurrence_of(job.result), job.result, job.notes, job.key)])
        writer.end_point(index, "failed" if metrics is None else "ok", metrics, 0.5)
    writer.end_run()
    writer.close()
    return open_results(folder).results


def typed(value: Any) -> Any:
    """Values with their types: 1, 1.0 and True are three."""
    if isinstance(value, dict):
        return [(key, typed(entry)) for key, entry in value.items()]
    if isinstance(value, list):
        return [typed(entry) for entry in value]
    return (type(value).__name__, value)


def test_a_real_result_comes_back_with_all_that_it_has(tmp_path: Path) -> None:
    """Equal to the last bit, with the types of its numbers and the order of its keys."""
    (tmp_path / "tiny.yaml").write_text(
        "layers: {A: {D: 16, E: 32, L: 8, repeat: 5}, B: {D: 8, E: 16, L: 16}}"
    )
    model = load_model(str(tmp_path / "tiny.yaml"))
    settings = replace(load_profile("quick"), threads=1, victory_condition=10)
    requests = [
        LayerRequest(architecture, layer, settings, command="test")
        for architecture, layer in (("gemmini", model.layers[0]), ("pim_analog", model.layers[1]))
    ]
    jobs = []
    for number, request in enumerate(requests):
        result = replace(embedded.run(layer_job(request).job), evaluation=None)
        assert result.status == "ok" and result.networks and len(result.levels) > 3
        limits = run_job(SweepJob("", request)).limits
        jobs.append(
            JobResult(f"key {number}", "ok", None, result, limits, ("a note", "ein Vorbehalt ü"), 0.5)
        )
    results = stored(tmp_path, *jobs)
    for index, job in enumerate(jobs):
        found = results.result(index, job.result.layer)  # type: ignore[union-attr]
        assert found == job.result
        assert typed(found.to_record()) == typed(job.result.to_record())  # type: ignore[union-attr]
        assert results.limits(index, job.result.layer) == job.limits  # type: ignore[union-attr]
        assert results.point(index).parameters == job.result.parameters  # type: ignore[union-attr]
        assert list(results.point(index).parameters) == list(job.result.parameters)  # type: ignore[union-attr]
        (outcome,) = results.layers(index)
        expected = mapped(occurrence_of(job.result), job.result, job.notes, job.key)  # type: ignore[arg-type]
        assert outcome == expected
        assert typed(outcome.to_record()) == typed(expected.to_record())


def test_a_job_gives_what_the_engine_gives_with_the_files_of_it(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text("layers: {A: {D: 8, E: 8, L: 8}}")
    settings = replace(load_profile("quick"), threads=1, victory_condition=10)
    request = LayerRequest("gemmini", load_model(str(tmp_path / "tiny.yaml")).layers[0], settings)
    made = run_job(SweepJob("a key", request, timeloop_files))
    assert (made.key, made.status, made.reason) == ("a key", "ok", None)
    assert made.result is not None and made.result.evaluation is None
    assert "timeloop-mapper.stats.txt" in made.texts


def with_levels(job: JobResult, *levels: LevelRecord, **figures: Any) -> JobResult:
    assert job.result is not None
    return replace(job, result=replace(job.result, layer="KQV", levels=levels, **figures))


def test_whole_numbers_beyond_64_bits_are_not_rounded(tmp_path: Path) -> None:
    space = LevelDataSpace(HUGE, HUGE + 1, 0, 2**63, 2**63 - 1, 3, 1.5, 0.5)
    level = LevelRecord("DRAM", HUGE, 1.0, 0.0, 0.0, HUGE, 2.0, {"Weights": space})
    job = with_levels(done("A", cycles=HUGE), level, macs=HUGE + 2)
    results = stored(tmp_path, job)
    assert results.result(0, "KQV") == job.result
    (outcome,) = results.layers(0)
    assert outcome.cycles == HUGE
    (point,) = results.points
    assert point.metrics is not None and point.metrics.cycles == HUGE
    assert results.best("cycles") == (point,)
    for rows, column in (("layers", "cycles"), ("configurations", "cycles"), ("levels", "instances")):
        frame = results.to_pandas(rows)  # type: ignore[arg-type]
        assert frame[column].tolist() == [HUGE] if rows != "levels" else frame[column][0] == HUGE
    assert results.to_pandas("dataspaces")["fills"].tolist() == [HUGE + 1]


@pytest.mark.parametrize("figure", ["energy_pj", "utilization", "edp_j_cycles"])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_figure_that_is_no_number_makes_a_failure_and_no_sum(
    tmp_path: Path, figure: str, value: float
) -> None:
    job = with_levels(done("A"), **{figure: value})
    assert job.result is not None
    outcome = mapped(occurrence_of(job.result), job.result, ())
    assert (outcome.status, outcome.energy_pj) == ("failed", None)
    results = stored(tmp_path, replace(job, status="failed", reason=outcome.reason))
    (point,) = results.points
    assert (point.status, point.metrics) == ("failed", None)
    assert results.best() == ()
    json.dumps(results.result(0, "KQV").to_record(), allow_nan=False)  # type: ignore[union-attr]


def test_numbers_that_json_does_not_know_are_none(tmp_path: Path) -> None:
    level = LevelRecord("DRAM", 1, math.nan, math.inf, -math.inf, 1, 1.0, {})
    job = with_levels(done("A"), level)
    found = stored(tmp_path, job).result(0, "KQV")
    assert found is not None and found.to_record() == job.result.to_record()  # type: ignore[union-attr]
    assert found.levels[0].energy_pj is None


def test_limits_that_there_are_not_are_none(tmp_path: Path) -> None:
    job = replace(done("A"), limits=(UNLIMITED,))
    results = stored(tmp_path, with_levels(job, LevelRecord("DRAM", 1, 1.0, 0.0, 0.0, 1, 1.0, {})))
    assert results.limits(0, "kqv") == (UNLIMITED,)


def test_a_result_that_is_tried_again_replaces_the_failed_one() -> None:
    store = StoreWriter(None)
    store.put_result(failed("k", "too small"))
    store.put_result(replace(done("k"), seconds=1.0))
    store.put_result(replace(done("k", cycles=7), seconds=2.0))
    found = store.outcome("k", LAYERS[0])
    assert found is not None and (found.status, found.cycles, found.times) == ("ok", 7, 24)
    for table, count in (("result", 1), ("result_detail", 1), ("level", 4), ("network_dataspace", 1)):
        assert store.connection.execute(f"SELECT count(*) FROM {table}").fetchone() == (count,)
    store.put_result(failed("k", "gone"))
    assert store.outcome("k", LAYERS[0]) == LAYERS[0].without_figures("no_mapping", "gone", "k")
    assert store.connection.execute("SELECT count(*) FROM dataspace").fetchone() == (0,)
    assert store.mapping("k") is None and store.outcome("other", LAYERS[0]) is None


def test_points_take_the_place_of_what_had_their_index() -> None:
    store = StoreWriter(None)
    store.begin_run("first", "1.0", 1)
    study = store.study_number(STUDY)
    given, base = given_and_base({"a": 1}, {"a": 1, "b": 2.0})
    row = PointRow(5, study, "gemmini", given, base, ("k1", "k2"))
    assert store.stored(row) is None
    store.begin_point(row, files=True)
    found = store.stored(row)
    assert found is not None and (found.same, found.whole, found.files) == (True, False, True)
    store.end_point(5, "failed", None, 0.0)
    found = store.stored(row)
    assert found is not None and found.whole
    others = (
        replace(row, keys=("k1", "k3")),
        replace(row, keys=("k1",)),
        replace(row, given='{"a":2}'),
        replace(row, architecture="eyeriss"),
        replace(row, base=given_and_base({"a": 1}, {"a": 1, "b": 2})[1]),
        replace(row, study=store.study_number(replace(STUDY, blocks=12))),
    )
    for other in others:
        found = store.stored(other)
        assert found is not None and not found.same
    store.begin_point(others[1])
    assert store.connection.execute("SELECT position, result_key FROM layer").fetchall() == [(0, "k1")]
    found = store.stored(others[1])
    assert found is not None and not found.files


def test_what_is_not_committed_is_not_there(tmp_path: Path) -> None:
    store = StoreWriter(tmp_path)
    store.begin_run("a command", "1.0", 1)
    store.put_result(done("there"))
    store.commit()
    store.put_result(done("lost"))
    with closing(open_to_read(tmp_path / FILE_NAME)) as reading:
        reader = StoreReader(reading)
        assert (reader.has("there"), reader.has("lost")) == (True, False)
        running = reader.running()
        assert running is not None and (running[0], running[2]) == (os.getpid(), "a command")
    store.close()
    again = StoreWriter(tmp_path)
    assert again.outcome("there", LAYERS[0]) is not None and again.outcome("lost", LAYERS[0]) is None
    again.close()


def test_the_store_is_one_plain_file_when_a_sweep_has_ended(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    sweep.add(0, [done("A"), done("B")])
    sweep.results()
    assert [path.name for path in tmp_path.iterdir()] == [FILE_NAME]


def test_points_of_two_studies_lie_side_by_side(tmp_path: Path) -> None:
    other = replace(STUDY, settings=replace(SETTINGS, model="gpt-2"))
    sweep = SweepInStore(tmp_path)
    sweep.add(0, [done("A", cycles=4), done("B")])
    sweep.add(1, [done("A", cycles=2), failed("B", "no room", "refused")], study=other)
    results = sweep.results()
    assert [study.settings.model for study in results.studies] == ["bert-large", "gpt-2"]
    assert [(point.index, point.study) for point in results.points] == [(0, 0), (1, 1)]
    assert results.latest == 0, "the study of the run's first point"
    assert [point.index for point in results.best("cycles", 0)] == [0]
    assert results.best("cycles", 1) == ()
    assert [(f.index, f.status, f.reason) for f in results.failures(1)] == [(1, "refused", "no room")]
    assert results.failures(0) == ()
    assert len(results) == 2 and repr(results) == "<SweepResults: 2 points, 1 ranked, 2 studies>"


def test_names_of_layers_are_found_and_indices_too(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    sweep.add(3, [done("A", notes=("rounded",)), failed("B", "no")])
    results = sweep.results()
    found = results.result(3, "kqv")
    assert found is not None and (found.layer, found.model, found.repeat) == ("KQV", "bert-large", 24)
    assert results.result(3, "KTQ") is None and results.limits(3, "KTQ") == ()
    assert results.limits(3, "KQV") == (BUFFER, MAIN_MEMORY)
    assert [(n.text, n.layer, n.indices) for n in results.notes()] == [("rounded", "KQV", (3,))]
    with pytest.raises(HarnessError, match="unknown layer 'KTX'"):
        results.result(3, "KTX")
    with pytest.raises(SpecError, match="there is no point 4"):
        results.layers(4)


def test_tables_have_the_documented_columns_and_full_precision(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    third = 1e6 / 3
    sweep.add(0, [done("A", energy_pj=third), done("B")], parameters={"pe_rows": 8, "dataflow": "WS"})
    sweep.add(1, [done("A"), failed("B", "no room")], parameters={"pe_rows": 16})
    results = sweep.results()
    points = results.to_pandas()
    assert points["parameter:pe_rows"].tolist() == [8, 16]
    assert points["reason"].isna().tolist() == [True, False] and points["reason"][1] == "KTQ: no room"
    assert math.isnan(points["energy_pj"][1])
    layers = results.to_pandas("layers")
    assert layers["energy_pj"][0] == third
    assert layers["status"].tolist() == ["ok", "ok", "ok", "no_mapping"]
    assert layers[["times", "proof"]].iloc[0].tolist() == [24, "optimal"]
    levels = results.to_pandas("levels")
    kinds = ["level"] * 3 + ["network"]
    assert levels["kind"].tolist() == kinds * 3
    assert levels["name"].tolist()[:4] == ["MAC", "Buffer", "DRAM", "DRAM <==> Buffer"]
    assert levels["read_bandwidth"].tolist()[1:3] == [16.0, 4.0]
    spaces = results.to_pandas("dataspaces")
    assert len(spaces) == 3 * 2 * 3
    assert spaces["reads"].tolist()[:6] == [64] * 3 + [32] * 3
    with pytest.raises(HarnessError, match="unknown kind of rows 'level'"):
        results.to_pandas("level")  # type: ignore[arg-type]


def test_any_program_can_ask_the_store(tmp_path: Path) -> None:
    """What ``docs/sweep.md`` says of its tables."""
    sweep = SweepInStore(tmp_path)
    sweep.add(0, [done("A", cycles=5), done("B", cycles=7)], parameters={"pe_rows": 8})
    sweep.results()
    with closing(sqlite3.connect(tmp_path / FILE_NAME)) as connection:
        query = (
            "SELECT point.idx, json_extract(point.given, '$.pe_rows'), layer.position, result.cycles "
            "FROM point JOIN layer USING (idx) JOIN result USING (result_key) ORDER BY layer.position"
        )
        assert connection.execute(query).fetchall() == [(0, 8, 0, 5), (0, 8, 1, 7)]
        query = (
            "SELECT level.name, dataspace.name, reads FROM result JOIN level ON level.result = result.number "
            "JOIN dataspace ON dataspace.result = result.number AND dataspace.level = level.position "
            "WHERE reads = 32 AND cycles = 5"
        )
        assert connection.execute(query.replace("cycles", "result.cycles")).fetchall() == [
            ("DRAM", name, 32) for name in ("Weights", "Inputs", "Outputs")
        ]


# Files that are no store


def filled(folder: Path, points: int = 30) -> Path:
    sweep = SweepInStore(folder)
    for index in range(points):
        sweep.add(index, [done("A"), done("B")], parameters={"pe_rows": index})
    sweep.results()
    return folder / FILE_NAME


def cut(file: Path) -> None:
    os.truncate(file, file.stat().st_size // 2)


def overwritten(file: Path) -> None:
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    file.write_bytes(content)


def no_database(file: Path) -> None:
    file.write_text("not a database, only words\n" * 200)


def of_another_program(file: Path) -> None:
    file.unlink()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("CREATE TABLE point (idx)")
        connection.commit()


def of_another_version(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        (cut, "the file is damaged or no store (database disk image is malformed)"),
        (overwritten, "the file is damaged or no store (database disk image is malformed)"),
        (no_database, "the file is damaged or no store (file is not a database)"),
        (of_another_program, "is not a store of this program's sweeps"),
        (of_another_version, f"has schema {SCHEMA_VERSION + 1}, this program reads {SCHEMA_VERSION}"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line_and_left_as_it_is(
    tmp_path: Path,
    harm: Callable[[Path], None],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("out").mkdir()
    file = filled(Path("out"))
    harm(file)
    before = file.read_bytes()
    assert main(["-so", "-t", "-o", "out"]) == 2
    Path("tiny.yaml").write_text("layers: {A: {D: 16, E: 32, L: 8}}")
    arguments = ["A", "-m", "tiny.yaml", "--mapper", "quick", "--threads", "1", "-j", "1", "-o", "out"]
    assert main(arguments) == 2
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    for line in lines:
        assert line.startswith("hwdse_run.py: error: ") and "out/sweep.sqlite" in line and words in line
    assert file.read_bytes()[100:] == before[100:], "but for the header, which says how it is written"
    assert {path.name for path in Path("out").iterdir()} - {".sweep.lock"} == {FILE_NAME}


def test_nothing_to_summarise_is_told(tmp_path: Path) -> None:
    with pytest.raises(HarnessError, match="no folder"):
        open_results(tmp_path / "none")
    with pytest.raises(HarnessError, match=r"neither sweep\.sqlite nor \*/hw_config\.json is there"):
        open_results(tmp_path)
    StoreWriter(tmp_path).close()
    with pytest.raises(HarnessError, match="no results in"):
        open_results(tmp_path)


@pytest.mark.skipif(os.getuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_only_be_read_is_read_and_not_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    filled(tmp_path)
    tmp_path.chmod(0o500)
    try:
        assert len(open_results(tmp_path).results) == 30
        assert main(["Square", "-o", str(tmp_path)]) == 2
    finally:
        tmp_path.chmod(0o700)
    assert "cannot write the output folder" in capsys.readouterr().err


def outcome_of(job: JobResult) -> LayerOutcome:
    assert job.result is not None
    return mapped(LAYERS[0], job.result, job.notes, job.key)


def test_outcomes_without_more_are_kept_as_they_are() -> None:
    """As records of folders come into a store in memory."""
    store = StoreWriter(None)
    outcome = outcome_of(done("k", notes=("one", "two"), area_um2=None))
    store.put_outcome("k", outcome)
    assert store.outcome("k", LAYERS[0]) == outcome
