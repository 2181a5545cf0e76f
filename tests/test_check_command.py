"""``harness check`` and ``run.py --engine both``: what they print and write, and how they end."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
import re
import shutil
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from console_blocks import ROOT, check, commands_in
from timeloop_double.install import EVALUATED, FOUND, NOTHING_FOUND, RECORDINGS, Scenario, install_double
from timeloop_recordings import recording

from harness.cli.both import Both
from harness.cli.harness import main as harness
from harness.cli.run import main as run
from harness.engines.result import Provenance, Result, SearchRecord
from harness.engines.timeloop.front_end import INTERPRETER
from harness.engines.timeloop.installation import FOLDER
from harness.errors import HarnessError

RECORDED = "64,64,64"
"""The layer of the double's recordings, on Gemmini."""

Said = Callable[[], tuple[str, str]]


@pytest.fixture(autouse=True)
def _nothing_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(INTERPRETER, raising=False)
    monkeypatch.setattr("harness.engines.timeloop.front_end._this_interpreter", lambda: None)
    monkeypatch.setenv(FOLDER, str(tmp_path / "empty"))
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Path]:
    def installed(mapper: Scenario = FOUND, model: Scenario = EVALUATED) -> Path:
        folder = install_double(tmp_path / "bin", mapper, model)
        monkeypatch.setenv(FOLDER, str(folder))
        return folder

    return installed


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> Said:
    def both() -> tuple[str, str]:
        captured = capsys.readouterr()
        return captured.out, captured.err

    return both


def timeloops(folder: Path, name: str = "model_gemmini") -> Path:
    """A folder that the real Timeloop wrote."""
    made = recording(name)
    folder.mkdir(parents=True)
    made.write_inputs(folder)
    made.write_files(folder)
    return folder


def spoiled(folder: Path) -> Path:
    """With one count that is off by one."""
    stats = folder / "timeloop-model.stats.txt"
    stats.write_text(with_other_reads(stats.read_text()))
    (folder / "timeloop-model.map+stats.xml").unlink()
    return folder


def off_by_one() -> Scenario:
    """A model with one other count than the recorded one; it has no XML file."""
    made = json.loads(gzip.decompress((RECORDINGS / "model_random.json.gz").read_bytes()))
    stats = with_other_reads(made["files"]["timeloop-model.stats.txt"])
    changed = {"timeloop-model.stats.txt": stats, "timeloop-model.map+stats.xml": ""}
    return Scenario("model_random", files=changed)


def with_other_reads(stats: str) -> str:
    reads = re.compile(r"^(        Scalar reads \(per-instance\) +: )([1-9]\d*)$", re.MULTILINE)
    text, count = reads.subn(lambda m: f"{m[1]}{int(m[2]) + 1}", stats, count=1)
    assert count == 1
    return text


def mapping_file(folder: Path) -> Path:
    """The mapping that the double's mapper found and its model has evaluated."""
    made = json.loads(gzip.decompress((RECORDINGS / "mapper_random.json.gz").read_bytes()))
    place = folder / "the_mapping.yaml"
    place.write_text(made["files"]["timeloop-mapper.map.yaml"])
    return place


# Folders of the real Timeloop ---------------------------------------------------------------------


def test_equal_figures_are_one_line_for_a_level_and_exit_code_0(tmp_path: Path, said: Said) -> None:
    assert harness(["check", str(timeloops(tmp_path / "out"))]) == 0
    text, errors = said()
    assert errors == ""
    lines = text.splitlines()
    assert len(lines) < 40
    assert len([line for line in lines if line.startswith("DRAM ")]) == 2  # the level, and its network
    assert re.search(r"^cycles +[\d,]+ +[\d,]+ +equal", text, re.MULTILINE)
    assert re.search(r"^equal: \d+ whole numbers, \d+ others to a billionth", text, re.MULTILINE)


def test_a_difference_is_shown_by_data_space_and_is_exit_code_1(tmp_path: Path, said: Said) -> None:
    assert harness(["check", str(spoiled(timeloops(tmp_path / "out")))]) == 1
    text, _ = said()
    assert re.search(r"^\S+\.\w+\.reads +[\d,]+ +[\d,]+ +\+1 *$", text, re.MULTILINE)
    assert re.search(r"^ +\w+ +5 of 6 +\d+ +1 differ", text, re.MULTILINE)
    assert re.search(r"^differs: 1 of \d+ figures differs", text, re.MULTILINE)


def test_all_shows_every_field(tmp_path: Path, said: Said) -> None:
    assert harness(["check", "--all", str(timeloops(tmp_path / "out"))]) == 0
    text, _ = said()
    assert len(text.splitlines()) > 150
    assert re.search(r"^  Weights reads +[\d,]+ +[\d,]+ +equal", text, re.MULTILINE)


@pytest.mark.parametrize("columns", ["20", "60", "80", "200"])
def test_tables_fit_the_terminal(
    columns: str, tmp_path: Path, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    harness(["check", str(spoiled(timeloops(tmp_path / "out")))])
    text, _ = said()
    assert max(map(len, text.splitlines())) <= max(int(columns), 60)


def test_several_folders_have_a_line_each_and_the_worst_decides(tmp_path: Path, said: Said) -> None:
    timeloops(tmp_path / "runs" / "good")
    spoiled(timeloops(tmp_path / "runs" / "off"))
    broken = timeloops(tmp_path / "runs" / "broken")
    (broken / "timeloop-model.stats.txt").write_text("killed")
    timeloops(tmp_path / "runs" / "nothing", "mapper_no_mapping")
    assert harness(["check", str(tmp_path / "runs")]) == 1
    text, errors = said()
    assert errors == ""
    summary = text[text.index("checked  ") :]
    for name, verdict in (
        ("good", "equal"), ("off", "differs"), ("broken", "not checked"), ("nothing", "not checked")
    ):  # fmt: skip
        assert re.search(rf"^{name} .* {verdict} *$", summary, re.MULTILINE), name
    assert "4 checked: 1 equal, 1 different, 2 not checked" in summary
    shutil.rmtree(tmp_path / "runs" / "off")
    assert harness(["check", str(tmp_path / "runs")]) == 2
    shutil.rmtree(broken)
    assert harness(["check", str(tmp_path / "runs")]) == 3
    shutil.rmtree(tmp_path / "runs" / "nothing")
    assert harness(["check", str(tmp_path / "runs")]) == 0


def test_json_and_csv_have_every_field(tmp_path: Path, said: Said) -> None:
    folder = spoiled(timeloops(tmp_path / "out"))
    place = tmp_path / "fields.csv"
    assert harness(["check", str(folder), "--json", "--csv", str(place)]) == 1
    text, errors = said()
    assert errors == f"harness check: written: {place}\n"
    record = json.loads(text)
    (check,) = record["checks"]
    assert (record["schema"], check["status"], check["precision"]) == (1, "differs", "printed")
    assert check["differences"] == 1 and check["causes"] == []
    differing = [field for field in check["fields"] if field["verdict"] == "differs"]
    assert [(field["field"], field["difference"]) for field in differing] == [("reads", 1)]
    rows = list(csv.DictReader(io.StringIO(place.read_text())))
    assert len(rows) == len(check["fields"])
    (row,) = [row for row in rows if row["verdict"] == "differs"]
    assert int(row["theirs"]) == int(row["ours"]) + 1


def test_a_search_that_found_nothing_is_no_mapping(tmp_path: Path, said: Said) -> None:
    assert harness(["check", str(timeloops(tmp_path / "out", "mapper_no_mapping"))]) == 3
    text, _ = said()
    assert "not checked: " in text and "the search found no mapping" in " ".join(text.split())


def test_a_run_without_figures_says_why(tmp_path: Path, said: Said) -> None:
    """A folder of ``run.py --engine timeloop``: a record, a log, and nothing else."""
    folder = tmp_path / "out"
    folder.mkdir()
    for status, reason, code in (
        ("failed", "timeloop-mapper was ended by SIGKILL", 2),
        ("no_mapping", "none", 3),
    ):
        (folder / "result.json").write_text(record_without_figures(status, reason))
        assert harness(["check", str(folder)]) == code
        assert f"not checked: {reason}" in said()[0]


def record_without_figures(status: str, reason: str = "none") -> str:
    search = SearchRecord("hybrid", "edp", "no_mapping")
    provenance = Provenance("0.1.0", "sha256:0", None, "2026-11-21T00:00:00+00:00", "run.py KTQ")
    made = Result(status, "gemmini", "KTQ", search, provenance, reason, engine="timeloop")  # type: ignore[arg-type]
    return made.to_json()


def test_garbage_is_one_line_and_exit_code_2(tmp_path: Path, said: Said) -> None:
    folder = timeloops(tmp_path / "out")
    (folder / "timeloop-model.stats.txt").write_text("\x00\x1b[31mSegmentation fault")
    assert harness(["check", str(folder)]) == 2
    text, errors = said()
    assert text == "" and errors.count("\n") == 1 and "\x1b" not in errors
    assert "timeloop-model.stats.txt" in errors


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "say what to check"),
        (["--all"], "say what to check"),
        (["{folder}", "--mapping", "m.yaml"], "a folder has its own mapping"),
        (["{folder}", "arch.yaml"], "'arch.yaml' is no folder"),
        (["arch.yaml", "--mapping", "m.yaml", "--mapper", "quick"], "nothing is searched"),
        (["{folder}", "--all", "--json"], "--all is for the screen"),
        (["{folder}", "--csv", "fields.yaml"], "--csv: cannot write 'fields.yaml'"),
        (["{folder}", "--ful"], "unknown option '--ful'"),
        (["{empty}"], "no outputs of this program or of Timeloop in here"),
    ],
)
def test_slips_are_told_in_one_line(words: list[str], reason: str, tmp_path: Path, said: Said) -> None:
    names = {"{folder}": str(timeloops(tmp_path / "out")), "{empty}": str(tmp_path / "none")}
    (tmp_path / "none").mkdir()
    assert harness(["check", *(names.get(word, word) for word in words)]) == 2
    text, errors = said()
    assert text == "" and errors.count("\n") == 1
    assert errors.startswith("harness check: error: ") and reason in errors


def test_a_folder_of_ours_needs_the_real_one_before_anything_is_read(tmp_path: Path, said: Said) -> None:
    folder = tmp_path / "ours"
    folder.mkdir()
    (folder / "result.json").write_text('{"status": "ok", "engine": "embedded"}')
    assert harness(["check", str(folder)]) == 2
    _, errors = said()
    assert "the real Timeloop is not installed" in errors
    assert harness(["check", str(Path(__file__).parent / "specs" / "small.yaml")]) == 2
    _, errors = said()
    assert "the real Timeloop is not installed" in errors


def test_names_of_files_cannot_change_the_terminal(tmp_path: Path, said: Said) -> None:
    nasty = tmp_path / "runs" / "evil\x1b[2J\nname"
    timeloops(nasty)
    timeloops(tmp_path / "runs" / "garbage")
    (tmp_path / "runs" / "garbage" / "timeloop-model.map.txt").write_text("\x1b[2Jfor Q")
    assert harness(["check", str(tmp_path / "runs"), "--all"]) == 2
    text, errors = said()
    assert "\x1b" not in text + errors
    assert "evil\\x1b[2J name" in text


# With the double of its programs ------------------------------------------------------------------


def test_both_engines_on_a_given_mapping(install: Callable[..., Path], tmp_path: Path, said: Said) -> None:
    install()
    out = tmp_path / "out"
    mapping = str(mapping_file(tmp_path))
    words = ["--gemm", RECORDED, "--mapping", mapping, "--engine", "both", "-o", str(out)]
    assert run(words) == 0
    text, errors = said()
    assert re.search(r"our mapping: the real Timeloop gives the same [\d,]+ figures", text)
    assert "flattened by this package" in errors
    record = json.loads((out / "result.json").read_text())
    assert record["engine"] == "embedded"
    assert record["check"]["status"] == "equal" and record["check"]["compared"] > 100
    theirs = json.loads((out / "timeloop" / "result.json").read_text())
    assert theirs["engine"] == "timeloop" and theirs["energy_pj"] == pytest.approx(record["energy_pj"])

    assert harness(["check", str(out)]) == 0
    assert harness(["check", str(out / "timeloop")]) == 0
    text, _ = said()
    assert text.count("gemmini, ") >= 1


def test_it_is_the_figures_of_the_folder_that_are_checked(
    install: Callable[..., Path], tmp_path: Path, said: Said
) -> None:
    install()
    out = tmp_path / "out"
    assert run(["--gemm", RECORDED, "--mapping", str(mapping_file(tmp_path)), "-o", str(out)]) == 0
    assert harness(["check", str(out)]) == 0
    record = json.loads((out / "result.json").read_text())
    record["cycles"] += 1
    (out / "result.json").write_text(json.dumps(record))
    said()
    assert harness(["check", str(out)]) == 1
    text, _ = said()
    assert re.search(r"^cycles +[\d,]+ +[\d,]+ +differs", text, re.MULTILINE)
    assert "result.json has other figures than this package gives now, in 1 fields" in " ".join(text.split())
    del record["levels"]
    (out / "result.json").write_text(json.dumps(record))
    assert harness(["check", str(out)]) == 2
    assert "not a result record" in said()[1]


def test_corrected_figures_are_none_of_timeloops(
    install: Callable[..., Path], tmp_path: Path, said: Said
) -> None:
    install()
    out = tmp_path / "out"
    words = ["--gemm", RECORDED, "--mapping", str(mapping_file(tmp_path)), "--compat", "none", "-o", str(out)]
    assert run(words) == 0
    record = (out / "result.json").read_text()
    assert Result.from_json(record).to_json(1).count('"compat": null') == 1
    said()
    assert harness(["check", str(out)]) == 2
    text, errors = said()
    assert text == "" and errors.count("\n") == 1
    assert "corrected figures (--compat none), which the real Timeloop does not have" in errors


def test_the_sides_of_a_pair_are_checked_each_by_itself(
    install: Callable[..., Path], tmp_path: Path, said: Said
) -> None:
    install(model=Scenario("model_random", code=1))
    out = tmp_path / "out"
    words = ["KTQ+softmax", "Accumulator", "--mapper", "quick", "--threads", "1", "-o", str(out)]
    assert run(words) == 0
    said()
    assert harness(["check", str(out)]) == 1
    text, _ = said()
    summary = text[text.index("checked  ") :]
    assert re.search(r"^KTQ .* not checked", summary, re.MULTILINE)
    assert re.search(r"^softmax .* not checked", summary, re.MULTILINE)


def test_a_real_one_that_fails_is_no_agreement(
    install: Callable[..., Path], tmp_path: Path, said: Said
) -> None:
    install(model=Scenario("model_random", code=1))
    out = tmp_path / "out"
    mapping = str(mapping_file(tmp_path))
    words = ["--gemm", RECORDED, "--mapping", mapping, "--engine", "both", "-o", str(out)]
    assert run(words) == 1
    text, _ = said()
    assert "not checked: theirs: " in text
    record = json.loads((out / "result.json").read_text())
    assert record["check"]["status"] == "not_checked" and "theirs: " in record["check"]["reason"]
    assert harness(["check", str(out)]) == 1


def test_after_a_search_both_stand_beside_each_other(
    install: Callable[..., Path], tmp_path: Path, said: Said
) -> None:
    install(model=off_by_one())
    out = tmp_path / "out"
    words = ["--gemm", RECORDED, "--mapper", "quick", "--threads", "1", "--engine", "both", "-o", str(out)]
    assert run(words) == 1
    text, errors = said()
    table = text[text.index("theirs/ours") :]
    for row in ("EDP", "energy", "cycles", "time", "mappings tried", "valid ones", "search", "status"):
        assert re.search(rf"^{row} ", table, re.MULTILINE), row
    assert re.search(r"its mapping: this package gives the same [\d,]+ figures", table)
    assert re.search(r"^our mapping  gemmini", table, re.MULTILINE)
    assert re.search(r"^differs: [\d,]+ of [\d,]+ figures differ", table, re.MULTILINE)
    assert json.loads((out / "result.json").read_text())["check"]["status"] == "differs"
    assert json.loads((out / "timeloop" / "result.json").read_text())["check"]["status"] == "equal"
    assert (out / "timeloop" / "timeloop-mapper.map.yaml").is_file()
    assert (out / "timeloop" / "of_our_mapping" / "timeloop-model.stats.txt").is_file()
    again = ["--gemm", RECORDED, "--mapping", str(mapping_file(tmp_path)), "--engine", "both", "-o", str(out)]
    run(again)
    left = {path.name for path in (out / "timeloop").iterdir()}
    assert "of_our_mapping" not in left and "timeloop-mapper.stats.txt" not in left
    assert "Traceback" not in errors


def test_a_search_of_theirs_that_finds_nothing_is_told(
    install: Callable[..., Path], tmp_path: Path, said: Said
) -> None:
    install(mapper=NOTHING_FOUND)
    out = tmp_path / "out"
    words = ["--gemm", RECORDED, "--mapper", "quick", "--threads", "1", "--engine", "both", "-o", str(out)]
    run(words)
    text, _ = said()
    assert re.search(r"^status +best found +no mapping", text, re.MULTILINE)
    assert json.loads((out / "timeloop" / "result.json").read_text())["status"] == "no_mapping"


def test_both_says_what_is_missing_before_it_searches(tmp_path: Path, said: Said) -> None:
    out = tmp_path / "out"
    assert run(["--gemm", RECORDED, "--engine", "both", "-o", str(out)]) == 2
    text, errors = said()
    assert text == "" and errors.count("\n") == 1 and "the real Timeloop is not installed" in errors
    assert not os.path.lexists(out)


def test_why_a_search_of_theirs_failed_is_on_the_screen(
    install: Callable[..., Path], tmp_path: Path, said: Said
) -> None:
    install(mapper=Scenario("mapper_random", code=7))
    out = tmp_path / "out"
    words = ["--gemm", RECORDED, "--mapper", "quick", "--threads", "1", "--engine", "both", "-o", str(out)]
    assert run(words) == 1
    text, _ = said()
    assert re.search(r"^its search: timeloop-mapper ended with exit code 7", text, re.MULTILINE)


@pytest.mark.parametrize(
    ("ours", "theirs", "code"),
    [("ok", "ok", 0), ("ok", "no_mapping", 0), ("ok", "failed", 1), ("no_mapping", "ok", 1)],
)
def test_a_search_of_theirs_that_failed_or_alone_found_something_is_no_agreement(
    ours: str, theirs: str, code: int
) -> None:
    both = Both(
        Result.from_json(record_without_figures(ours)), Result.from_json(record_without_figures(theirs))
    )
    assert both.exit_code == code


@pytest.mark.parametrize("given", [True, False])
def test_ours_is_kept_where_theirs_cannot_be_asked(
    given: bool,
    install: Callable[..., Path],
    tmp_path: Path,
    said: Said,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hanging(*_: object) -> None:
        raise HarnessError("Timeloop's front end gave no answer")

    install()
    monkeypatch.setattr("harness.engines.timeloop.engine.flattened", hanging)
    out = tmp_path / "out"
    how = ["--mapping", str(mapping_file(tmp_path))] if given else ["--mapper", "quick", "--threads", "1"]
    assert run(["--gemm", RECORDED, *how, "--engine", "both", "-o", str(out)]) == 1
    text, errors = said()
    record = json.loads((out / "result.json").read_text())
    assert record["status"] == "ok" and record["cycles"] > 0
    assert record["check"]["status"] == "not_checked"
    assert record["check"]["reason"] == "theirs: Timeloop's front end gave no answer"
    assert "not checked: theirs: Timeloop's front end gave no answer" in text
    assert "note: the real Timeloop cannot be asked: Timeloop's front end gave no answer" in errors
    assert ("the real Timeloop did not search either" in errors) is not given


def test_a_ctrl_c_ends_the_evaluation_of_our_mapping_and_keeps_ours(
    install: Callable[..., Path], tmp_path: Path, said: Said
) -> None:
    empty = dict.fromkeys(("timeloop-model.stats.txt", "timeloop-model.map+stats.xml"), "")
    folder = install(model=Scenario("model_random", files=empty, waits=True))
    out = tmp_path / "out"

    def interrupt() -> None:
        until = time.monotonic() + 60
        while not (folder / "given to timeloop-model" / "run.json").exists() and time.monotonic() < until:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    words = ["--gemm", RECORDED, "--mapping", str(mapping_file(tmp_path)), "--engine", "both", "-o", str(out)]
    assert run(words) == 1
    thread.join()
    assert "was stopped by Ctrl-C while it evaluated our mapping" in said()[1]
    record = json.loads((out / "result.json").read_text())
    assert record["cycles"] > 0 and record["check"]["status"] == "not_checked"
    assert "did not evaluate the mapping until then" in record["check"]["reason"]


# The document -------------------------------------------------------------------------------------


def own_section() -> str:
    return (ROOT / "docs/cli.md").read_text(encoding="utf-8").split("\n# harness check\n")[1]


def test_the_document_shows_what_is_printed(tmp_path: Path) -> None:
    timeloops(tmp_path / "timeloop_outputs", "mapper_gemmini")
    other = timeloops(tmp_path / "other_outputs")
    (other / "timeloop-model.map+stats.xml").unlink()
    stats = other / "timeloop-model.stats.txt"
    fills = re.compile(r"^(        Scalar fills \(per-instance\) +: )([1-9]\d*)$", re.MULTILINE)
    stats.write_text(fills.sub(lambda m: f"{m[1]}{int(m[2]) + 696}", stats.read_text(), count=1))
    commands = commands_in(own_section())
    assert len(commands) == 2
    for command, expected in commands:
        check(command, expected, tmp_path)


def test_every_option_and_every_key_of_the_record_is_documented(tmp_path: Path, said: Said) -> None:
    section = own_section()
    assert harness(["check", "--help"]) == 0
    options = set(re.findall(r"(--[a-z-]+)", said()[0])) - {"--help", "--debug"}
    assert {option for option in options if option not in section} == set()
    harness(["check", "--json", str(timeloops(tmp_path / "out"))])
    record = json.loads(said()[0])
    (one,) = record["checks"]
    keys = {*record, *one, *one["fields"][0]}
    assert {key for key in keys if f'"{key}"' not in section} == set()
