"""The command handled roughly: strange names, folders, streams, signals. No traceback, no half result."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from cli_cases import ROOT, RUN, SMALL, record_of, run_process

from harness.cli.run import main
from harness.engines import embedded
from harness.engines.result import Result
from harness.report.outputs import OWN_NAMES


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_json_of_a_failure_is_a_record_too(capsys: pytest.CaptureFixture[str]) -> None:
    for line, reason in (
        ("KQVV --json", "unknown layer 'KQVV' (did you mean 'KQV'?)"),
        ("--spec no.yaml --json", "no.yaml: no such file"),
        ("KQV DRAM --json --mapping no.yaml", "KQV cannot be fused"),
    ):
        assert main(line.split()) == 2
        captured = capsys.readouterr()
        result = Result.from_json(captured.out)
        assert result.status == "failed" and result.reason is not None
        assert result.reason.startswith(reason)
        assert result.cycles is None and result.energy_pj is None
        assert captured.err == f"run.py: error: {result.reason}\n"
    assert list(Path().iterdir()) == []


def test_json_of_a_bug_is_a_record_too(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "run", lambda *_: 1 / 0)
    assert main([*SMALL, "--json"]) == 70
    result = Result.from_json(capsys.readouterr().out)
    assert result.reason == "this is a bug: ZeroDivisionError: division by zero"


def test_inputs_in_the_output_folder_stay(capsys: pytest.CaptureFixture[str]) -> None:
    record_of([*SMALL, "-o", "out"], capsys)
    before = {p.name: p.read_bytes() for p in Path("out").iterdir()}
    Path("link").symlink_to("out")
    for line in (
        "--spec out/parsed-processed-input.yaml -o out",
        "--spec out/*.yaml -o link",
        "--spec link/parsed-processed-input.yaml -o ./out/../out",
        f"{' '.join(SMALL)} --mapping out/timeloop-mapper.map.yaml -o out",
    ):
        assert main(line.split()) == 2
        assert "is in the output folder and would be replaced (choose another" in capsys.readouterr().err
    assert {p.name: p.read_bytes() for p in Path("out").iterdir()} == before


def test_a_file_that_cannot_be_replaced_leaves_the_folder_as_it_was(
    capsys: pytest.CaptureFixture[str],
) -> None:
    Path("out/result.json").mkdir(parents=True)
    Path("out/timeloop-mapper.stats.txt").write_text("old")
    assert main([*SMALL, "-o", "out"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.endswith(
        "cannot write the output folder 'out': the folder 'result.json' is in the way of a file"
    )
    assert sorted(p.name for p in Path("out").iterdir()) == ["result.json", "timeloop-mapper.stats.txt"]
    assert Path("out/timeloop-mapper.stats.txt").read_text() == "old"


def test_links_in_the_output_folder_are_replaced_not_followed(capsys: pytest.CaptureFixture[str]) -> None:
    Path("victim").write_text("kept")
    Path("out").mkdir()
    Path("out/result.json").symlink_to(Path("victim").resolve())
    record_of([*SMALL, "-o", "out"], capsys)
    assert Path("victim").read_text() == "kept"
    assert not Path("out/result.json").is_symlink()


def test_the_output_folder_may_vanish_during_the_search(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = embedded.run

    def run(*arguments: Any) -> Result:
        Path("out").rmdir()
        return real(*arguments)

    monkeypatch.setattr(embedded, "run", run)
    record_of([*SMALL, "-o", "out"], capsys)
    assert sorted(p.name for p in Path("out").iterdir()) == sorted(OWN_NAMES)


def test_strange_names_of_folders(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a b/ü/日本", "new\nline", "esc\x1b[31m"):
        record = record_of([*SMALL, "-o", name], capsys)
        assert json.loads(Path(name, "result.json").read_text()) == record


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_streams_that_are_not_utf8(encoding: str) -> None:
    def run(*more: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": encoding}
        done = subprocess.run(
            [sys.executable, RUN, *SMALL, *more], capture_output=True, check=False, env=environment
        )
        assert (done.returncode, done.stderr if "--json" not in more else b"") == (0, b"")
        return done.stdout.decode(encoding)

    screen = run("-o", "日本")
    assert "####" in screen and "█" not in screen
    record = json.loads(run("--json", "-o", "日本"))
    assert "日本" in record["provenance"]["command"]


def test_an_argument_that_is_no_text() -> None:
    command = [sys.executable, RUN, *SMALL, "-o", b"bad\xff"]
    done = subprocess.run(command, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    record = json.loads(Path(os.fsdecode(b"bad\xff"), "result.json").read_text())
    assert record["provenance"]["command"].endswith(r"-o 'bad\udcff'")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_behind_stdout_is_no_bug() -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, RUN, *SMALL], stdout=full, stderr=subprocess.PIPE, check=False)
    assert (done.returncode, done.stderr) == (2, b"run.py: error: No space left on device\n")


@pytest.mark.parametrize("columns", ["0", "1", "7", "40", "100000", "-3", "x"])
def test_every_width(
    columns: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    assert main(SMALL) == 0
    out = capsys.readouterr().out
    assert "cycles" in out and "361.1 nJ" in out


@pytest.mark.parametrize("moment", [0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2])
def test_ctrl_c_at_any_moment_is_never_a_traceback(moment: float) -> None:
    process = run_process(["KQV", "--mapper", "quick", "--threads", "1", "-o", "out"], start_new_session=True)
    time.sleep(moment)
    os.killpg(process.pid, signal.SIGINT)
    _, err = process.communicate(timeout=60)
    # The interpreter's own start, before the first line of the command, is not ours to guard.
    assert f'File "{RUN}"' not in err
    assert process.returncode in (-signal.SIGINT, 1, 130, 0)
    if Path("out").exists():
        assert Result.from_json(Path("out/result.json").read_text()).status in ("ok", "no_mapping")


def test_a_pair_with_a_side_that_cannot_be_mapped_has_no_sum(capsys: pytest.CaptureFixture[str]) -> None:
    what = ["Out+layernorm", "Accumulator", "--seq", "512", "--mapper", "quick", "--threads", "1"]
    assert main([*what, "-o", "out", "--json"]) == 3
    record = json.loads(capsys.readouterr().out)
    assert (record["status"], record["pair"]) == ("no_mapping", None)
    assert record["reason"].startswith(
        "Out: Out cannot be fused at Accumulator: Scratchpad would have to hold"
    )
    assert [side["status"] for side in record["results"]] == ["no_mapping", "no_mapping"]
    assert record == json.loads(Path("out/result.json").read_text())
    assert [p.name for p in Path("out/Out").iterdir()] == ["result.json"]


def test_a_narrow_terminal_loses_nothing(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    assert main(SMALL) == 0
    out = capsys.readouterr().out
    assert "DRAM\n    keeps 2 Ki of Weights\n    keeps 1 Ki of Inputs\n    keeps 512 of Outputs\n" in out
    assert all(len(line) <= 40 for line in out.splitlines() if not line.startswith("files in"))


def test_sigterm_keeps_the_best_too() -> None:
    process = run_process(["KQV", "--mapper", "quick", "-vc", "100000000", "--live", "--threads", "1"])
    assert process.stdout is not None
    for line in process.stdout:
        if "EDP" in line:
            break
    process.terminate()
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "run.py: stopped by SIGTERM, kept the best mapping so far\n")


def test_runs_that_write_the_same_folder_leave_the_files_of_one() -> None:
    processes = [run_process([*SMALL, "--seed", str(seed), "-o", "same"]) for seed in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
    assert sorted(p.name for p in Path("same").iterdir()) == sorted(OWN_NAMES)
    result = Result.from_json(Path("same/result.json").read_text())
    mapping = yaml.safe_load(Path("same/timeloop-mapper.map.yaml").read_text())["mapping"]
    assert mapping == list(result.mapping)
    settings = yaml.safe_load(Path("same/parsed-processed-input.yaml").read_text())["mapper"]
    assert settings["seed"] == result.search.seed


def test_the_command_works_from_anywhere_without_a_home() -> None:
    environment = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": "/proc/nothing"}
    command = [sys.executable, RUN, *SMALL]
    done = subprocess.run(
        command, capture_output=True, check=False, env=environment, stdin=subprocess.DEVNULL
    )
    assert (done.returncode, done.stderr) == (0, b"")
