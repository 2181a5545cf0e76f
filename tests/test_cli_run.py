"""The command from end to end: files, streams, exit codes, interrupts."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest
import yaml
from cli_cases import SMALL, record_of, run_process

from harness.cli.run import main
from harness.engines import embedded
from harness.engines.result import Result
from harness.report.outputs import OWN_NAMES
from harness.timeloop_outputs import parse_stats


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_run_leaves_all_files_and_they_agree(capsys: pytest.CaptureFixture[str]) -> None:
    record = record_of(SMALL, capsys)
    folder = Path("outputs_gemmini_gemm_32x64x16_quick_threads1")
    assert sorted(p.name for p in folder.iterdir()) == sorted(OWN_NAMES)
    assert [p.name for p in Path().iterdir()] == [folder.name]
    result = Result.from_json((folder / "result.json").read_text())
    assert result == Result.from_record(record)
    assert (result.status, result.architecture, result.engine) == ("ok", "gemmini", "embedded")
    assert result.macs == 32 * 64 * 16
    summary = parse_stats((folder / "timeloop-mapper.stats.txt").read_text())
    assert summary.cycles == result.cycles and summary.computes == result.macs
    assert result.energy_pj is not None and result.edp_j_cycles is not None and result.cycles is not None
    assert summary.energy_pj == pytest.approx(result.energy_pj, abs=0.00501e6)
    assert result.edp_j_cycles == result.energy_pj * result.cycles / 1e12
    parts = [level.energy_pj for level in result.levels] + [n.energy_pj for n in result.networks]
    assert sum(parts) == pytest.approx(result.energy_pj, rel=1e-12)
    assert (folder / "timeloop-mapper.map.txt").read_text() == result.loop_nest
    written = yaml.safe_load((folder / "timeloop-mapper.map.yaml").read_text())
    assert written["mapping"] == list(result.mapping)
    ert = yaml.safe_load((folder / "timeloop-mapper.ERT.yaml").read_text())["ERT"]
    art = yaml.safe_load((folder / "timeloop-mapper.ART.yaml").read_text())["ART"]
    assert ert["version"] == art["version"] == "0.4"
    assert {t["name"] for t in art["tables"]} >= {t["name"] for t in ert["tables"]}


def test_the_areas_of_the_art_add_up(capsys: pytest.CaptureFixture[str]) -> None:
    """As the reference's front end reads an ART: the count is the end of the range in the name."""
    record = record_of([*SMALL, "-o", "out"], capsys)
    total = 0.0
    for table in yaml.safe_load(Path("out/timeloop-mapper.ART.yaml").read_text())["ART"]["tables"]:
        local = table["name"].split(".", 1)[1]
        count = int(local.split("[", 1)[1].split(".")[-1][:-1]) if "[" in local else 1
        total += count * table["area"]
    assert record["area_um2"] == pytest.approx(total, rel=1e-6)


def test_the_written_mapping_evaluates_to_the_same_figures(capsys: pytest.CaptureFixture[str]) -> None:
    found = record_of([*SMALL, "-o", "first"], capsys)
    again = record_of([*SMALL, "-o", "second", "--mapping", "first/timeloop-mapper.map.yaml"], capsys)
    assert again["search"]["mapper"] == "given"
    for name in ("cycles", "energy_pj", "utilization", "area_um2", "levels", "networks", "mapping"):
        assert again[name] == found[name]
    stats = [Path(folder, "timeloop-mapper.stats.txt").read_text() for folder in ("first", "second")]
    assert stats[0] == stats[1]


@pytest.mark.parametrize(
    "what",
    [
        SMALL,
        ["KTQ", "Accumulator", "-m", "bert-base", "--seq", "64", "--mapper", "quick", "--threads", "1"],
    ],
)
def test_the_processed_input_repeats_the_run(what: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    found = record_of([*what, "--seed", "5", "-o", "first"], capsys)
    again = record_of(["--spec", "first/parsed-processed-input.yaml", "-o", "second"], capsys)
    assert again["provenance"]["spec_hash"] == found["provenance"]["spec_hash"]
    assert again["provenance"]["ert_hash"] == found["provenance"]["ert_hash"]
    assert (again["mapping"], again["energy_pj"]) == (found["mapping"], found["energy_pj"])
    tables = ["first/timeloop-mapper.ERT.yaml", "first/timeloop-mapper.ART.yaml"]
    given = record_of(["--spec", "first/parsed-processed-input.yaml", *tables, "-o", "third"], capsys)
    assert given["provenance"]["ert_hash"] == found["provenance"]["ert_hash"]
    assert given["energy_pj"] == found["energy_pj"]


def test_the_same_seed_gives_the_same_result(capsys: pytest.CaptureFixture[str]) -> None:
    records = [record_of([*SMALL, "--seed", "3", "-o", name], capsys) for name in ("a", "b")]
    for record in records:
        record["search"]["seconds"] = record["provenance"] = None
    assert records[0] == records[1]


def test_json_prints_only_the_record(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--json"]) == 0
    captured = capsys.readouterr()
    assert json.loads(captured.out)["schema"] == 1
    assert "gemm_32x64x16 onto gemmini" in captured.err
    assert "files in outputs_gemmini" in captured.err


def test_the_screen_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--arch-param", "pe_rows=8"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert "\x1b" not in captured.out and "searching" not in captured.out
    for text in (
        "gemm_32x64x16 onto gemmini",
        "32,768 MACs",
        "pe_rows=8",
        "hybrid (uber) for the least edp",
        "DRAM  keeps",
        "across rows (Y)",
        "compute",
        "bound by",
        "J*cycles",
        "mm^2",
        "valid of",
        "files in outputs_gemmini_gemm_32x64x16_pe_rows=8_quick_threads1/",
    ):
        assert text in captured.out, text
    assert all(len(line) <= 80 for line in captured.out.splitlines() if not line.startswith("files in"))


def test_live_reports_better_mappings_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SMALL, "--live"]) == 0
    better = [line for line in capsys.readouterr().out.splitlines() if " after " in line and "EDP" in line]
    assert better
    figures = [float(line.split("EDP ")[1].split()[0]) for line in better]
    assert figures == sorted(figures, reverse=True)


def test_a_pair_is_reported_together(capsys: pytest.CaptureFixture[str]) -> None:
    what = ["KTQ+softmax", "Accumulator", "-m", "bert-base", "--seq", "64", "--mapper", "quick"]
    record = record_of([*what, "--threads", "1", "-o", "pair"], capsys)
    sides = [json.loads(Path("pair", layer, "result.json").read_text()) for layer in ("KTQ", "softmax")]
    assert record["results"] == sides
    assert record == json.loads(Path("pair/result.json").read_text())
    assert record["pair"]["energy_pj"] == sides[0]["energy_pj"] + sides[1]["energy_pj"]
    assert record["pair"]["cycles_in_turn"] == sides[0]["cycles"] + sides[1]["cycles"]
    assert record["pair"]["cycles_overlapped"] == max(sides[0]["cycles"], sides[1]["cycles"])
    assert all(side["fusion"] == "Accumulator" for side in sides)


def test_no_mapping_leaves_the_reason_and_nothing_stale(capsys: pytest.CaptureFixture[str]) -> None:
    folder = Path("out")
    record_of([*SMALL, "-o", "out"], capsys)
    (folder / "mine.txt").write_text("kept")
    code = main(["Out", "Accumulator", "-o", "out", "--json"])
    captured = capsys.readouterr()
    assert code == 3
    assert sorted(p.name for p in folder.iterdir()) == ["mine.txt", "result.json"]
    record = json.loads((folder / "result.json").read_text())
    assert json.loads(captured.out) == record
    assert record["status"] == "no_mapping"
    assert "Scratchpad would have to hold" in record["reason"]
    assert record["cycles"] is None and record["energy_pj"] is None
    assert captured.err.splitlines()[-1].startswith("run.py: error: no mapping for Out: ")


def test_a_refused_mapping_is_a_failed_result(capsys: pytest.CaptureFixture[str]) -> None:
    mapping = record_of([*SMALL, "-o", "first"], capsys)["mapping"]
    for entry in mapping:
        if entry["type"] == "datatype" and entry["target"] == "Registers":
            entry["keep"], entry["bypass"] = ["Weights", "Inputs", "Outputs"], []
    Path("m.yaml").write_text(yaml.safe_dump({"mapping": mapping}))
    assert main([*SMALL, "--mapping", "m.yaml", "-o", "out"]) == 2
    assert "Registers: mapped tile size" in capsys.readouterr().err
    record = json.loads(Path("out/result.json").read_text())
    assert record["status"] == "failed" and "Registers" in record["reason"]
    assert [p.name for p in Path("out").iterdir()] == ["result.json"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("KQVV", "error: unknown layer 'KQVV' (did you mean 'KQV'?)"),
        ("KQV -a gemini", "error: unknown architecture 'gemini' (did you mean 'gemmini'?)"),
        ("KQV -m bert-larg", "error: unknown model 'bert-larg' (did you mean 'bert-large'?)"),
        ("KQV --mapper lng", "error: unknown mapper profile 'lng' (did you mean 'long'?)"),
        ("KTQ DRM", "error: unknown fusion level 'DRM' (did you mean 'DRAM'?)"),
        ("KTQ+softmax", "error: a pair needs the level to fuse at (levels: DRAM, Accumulator, Registers)"),
        ("KTQ+softmax DRAM --mapping m.yaml", "error: --mapping is for one layer, a pair has two mappings"),
        ("KQV -pwim", "error: -pwim needs a fusion level"),
        ("KQV --sweeps 3", "error: --sweeps is of softmax, it does not change KQV"),
        ("KQV --threads 5000", "error: 5000 search threads are more than 4096"),
        ("--spec no.yaml --jinja a-b=1", "error: --jinja: 'a-b' cannot be the name of a variable"),
        ("KQV -o file/below", "error: cannot write the output folder 'file/below': a file is in the way"),
        ("vggL0", "error: vggL0 is a convolution (allow convolutions with -c)"),
        ("MB1 --seq 5", "error: MB1 has sizes of its own, --seq does not change them"),
        ("--gemm 1,2", "error: --gemm: '1,2' has 2 sizes, a GEMM has three"),
        ("--spec no.yaml", "error: no.yaml: no such file"),
        ("--spec a.yaml --arch-param x=1", "error: --arch-param does not go with --spec, the files"),
        ("KQV --mapping no.yaml", "error: no.yaml: "),
        ("KQV -o file", "error: cannot write the output folder 'file': a file is in the way"),
        ("--list nothing_like_it", "error: unknown architecture 'nothing_like_it'"),
    ],
)
def test_errors_are_one_line(line: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("in the way")
    assert main(line.split()) == 2
    captured = capsys.readouterr()
    assert len(captured.err.splitlines()) == 1
    assert captured.err.startswith(f"run.py: {message}")
    assert [p.name for p in Path().iterdir()] == ["file"]


def test_a_bug_is_one_line_and_debug_keeps_the_traceback(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Result:
        raise ZeroDivisionError("by\nsurprise")

    monkeypatch.setattr(embedded, "run", broken)
    assert main(SMALL) == 70
    err = capsys.readouterr().err
    assert err.startswith("run.py: this is a bug: ZeroDivisionError: by surprise (run again with --debug")
    assert len(err.splitlines()) == 1
    monkeypatch.setenv("TMPDIR", str(Path.cwd()))
    monkeypatch.setattr("tempfile.tempdir", None)
    assert main([*SMALL, "--debug"]) == 70
    err = capsys.readouterr().err
    file = Path(err.split("traceback in ")[1].rstrip(")\n"))
    assert "ZeroDivisionError" in file.read_text()
    assert [p.name for p in Path().iterdir()] == [file.name]


def test_list_names_everything_shipped(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--list"]) == 0
    listing = capsys.readouterr().out
    for name in (
        "gemmini",
        "eyeriss",
        "bert-large",
        "gpt2-xl",
        "KQV",
        "softmax",
        "MB6",
        "vggL0",
        "exhaustive",
    ):
        assert name in listing, name
    assert main(["--list", "gemmini"]) == 0
    assert "pe_rows" in capsys.readouterr().out


def test_a_broken_pipe_is_quiet() -> None:
    process = run_process(["--list"])
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.stderr.read() == ""
    assert process.wait() == 141


def test_ctrl_c_stops_the_search_and_keeps_the_best() -> None:
    endless = ["KQV", "--mapper", "quick", "-vc", "100000000", "--threads", "2", "--live", "-o", "out"]
    process = run_process(endless, start_new_session=True)
    assert process.stdout is not None
    for line in process.stdout:
        if "EDP" in line:
            break
    os.killpg(process.pid, signal.SIGINT)
    try:
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 0, err
    assert err == "run.py: stopped by Ctrl-C, kept the best mapping so far\n"
    assert "files in out/" in out
    assert Result.from_json(Path("out/result.json").read_text()).status == "ok"


def test_ctrl_c_twice_ends_the_program(monkeypatch: pytest.MonkeyPatch) -> None:
    def stubborn(job: object, on_progress: object, should_stop: object) -> Result:
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.01)
        raise AssertionError("the second interrupt did not end the run")

    monkeypatch.setattr(embedded, "run", stubborn)
    assert main([*SMALL, "-o", "out"]) == 130
    assert not Path("out").exists()
