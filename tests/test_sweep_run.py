"""``hwdse_run.py`` from end to end, on a model of three tiny products."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from harness.cli.hwdse import main
from harness.cli.run import main as run_main
from harness.engines.result import Result
from harness.report.outputs import ALL_NAMES

ROOT = Path(__file__).resolve().parents[1]
MODEL = "layers: {A: {D: 16, E: 32, L: 8, repeat: 5}, B: {D: 8, E: 16, L: 16}, Twin: {D: 16, E: 32, L: 8}}"
CONFIGURATIONS = [
    {"pe_rows": 8, "pe_cols": 8},
    {"arch": "pim_analog"},
    {"pe_rows": 16, "pe_cols": 8, "arch": "gemmini"},
    {"pe_rows": 16, "pe_cols": 16, "scratchpad_size": 32, "accumulator_size": 16},
]
QUICK = ["-m", "tiny.yaml", "-c", "c.json", "--mapper", "quick", "-vc", "10", "--threads", "1"]


def serial(
    work: Callable[[Any], Any],
    tasks: Iterable[Any],
    processes: int,
    *,
    on_done: Callable[[Any], None],
    on_death: Callable[[Any], None],
    should_stop: Callable[[], bool],
) -> None:
    for task in tasks:
        if should_stop():
            return
        on_done(work(task))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, with a model and configurations; jobs run in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr("harness.sweep.scheduler.run_tasks", serial)
    Path("tiny.yaml").write_text(MODEL)
    Path("c.json").write_text(json.dumps(CONFIGURATIONS))
    return tmp_path / "outputs_hwdse"


def tree_of(folder: Path, index: int) -> dict[str, Any]:
    tree: dict[str, Any] = json.loads((folder / str(index) / "hw_config.json").read_text())
    return tree


def result_of(folder: Path, index: int, layer: str) -> Result:
    return Result.from_json((folder / str(index) / f"outputs_{layer}" / "result.json").read_text())


def test_a_sweep_leaves_layers_records_and_a_summary(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["all", "-t", *QUICK]) == 0
    first = capsys.readouterr()
    assert sorted(p.name for p in folder.iterdir()) == ["0", "2", "3"]
    for layer in ("A", "B", "Twin"):
        files = sorted(p.name for p in (folder / "0" / f"outputs_{layer}").iterdir())
        assert files == sorted(ALL_NAMES)
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
    # The twin was not mapped again, but is filed under its own name.
    assert (results["Twin"].layer, results["Twin"].repeat) == ("Twin", 1)
    assert results["Twin"].mapping == results["A"].mapping
    # The configuration that is too small is told with its reason, and is in no list of the best.
    tree = tree_of(folder, 3)
    assert (tree["metrics"], tree["sweep"]["status"]) == (None, "failed")
    ranked, failed = first.out.split("not ranked")
    assert "     3  A, Twin" in failed
    assert "\n     3  " not in ranked
    assert "left out  1 of pim_analog" in ranked
    # The summary of the folder alone says the same.
    assert main(["-so", "-t"]) == 0
    again = capsys.readouterr()
    assert again.out.strip() in first.out
    assert "best by EDP-sum" in again.out and "idx  pe_rows  pe_cols" in again.out and "util %" in again.out


def test_the_table_fits_its_screen_and_loses_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["A", *QUICK]) == 0
    capsys.readouterr()
    cells = []
    for width in (200, 100, 80, 45):
        monkeypatch.setenv("COLUMNS", str(width))
        assert main(["-so", "-t"]) == 0
        table = capsys.readouterr().out.split("\nidx ")[1].split("\nEDP-sum and")[0]
        assert all(len(line) <= width for line in table.splitlines())
        cells.append([cell for cell in table.split() if set(cell) != {"-"}])
    assert len(cells[0]) > 20 and all(others == cells[0] for others in cells)


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


def test_a_new_sweep_replaces_an_old_one(folder: Path) -> None:
    assert main(["all", *QUICK]) == 0
    (folder / "0" / "outputs_A" / "mine.txt").write_text("")
    assert main(["B", *QUICK]) == 0
    assert sorted(p.name for p in (folder / "0").iterdir()) == ["hw_config.json", "outputs_A", "outputs_B"]
    assert [p.name for p in (folder / "0" / "outputs_A").iterdir()] == ["mine.txt"]
    assert [o["layer"] for o in tree_of(folder, 0)["sweep"]["layers"]] == ["B"]


def test_the_first_index_moves_the_folders(folder: Path) -> None:
    assert main(["B", "-i7", *QUICK]) == 0
    assert sorted(p.name for p in folder.iterdir()) == ["10", "7", "9"]


def test_what_is_finished_before_an_interrupt_is_kept(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(work: Any, tasks: Iterable[Any], processes: int, **calls: Any) -> None:
        left = iter([*tasks][:3])
        serial(work, left, processes, **calls)

    monkeypatch.setattr("harness.sweep.scheduler.run_tasks", interrupted)
    assert main(["all", *QUICK]) == 130
    said = capsys.readouterr()
    assert "1 configurations were not begun" in said.err
    assert tree_of(folder, 0)["sweep"]["status"] == "ok"
    begun = tree_of(folder, 2)
    assert (begun["metrics"], begun["sweep"]["status"]) == (None, "incomplete")
    assert [o["status"] for o in begun["sweep"]["layers"]] == ["ok", "not_run", "ok"]
    assert not (folder / "3").exists()
    assert "     2  B: the sweep was stopped before" in said.out


def test_errors_within_a_job_are_failures_with_their_reason(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> Result:
        raise ZeroDivisionError("division\nby zero")

    monkeypatch.setattr("harness.engines.embedded.run", broken)
    assert main(["B", *QUICK]) == 2
    said = capsys.readouterr()
    assert "0  B: this is a bug: ZeroDivisionError: division by zero" in said.out
    assert "best by" not in said.out
    assert tree_of(folder, 0)["sweep"]["layers"][0]["status"] == "failed"


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
        (["all", "-mx"], "unknown option '-mx'"),
        (["all", "--objective", "edp"], "unknown option '--objective'"),
        (["all", "--mappr=quick"], "unknown option '--mappr', did you mean '--mapper'?"),
        (["all", "-j", "0"], "'0' is not a whole number above zero"),
        (["-so", "all"], "-so reads what there is"),
        (["-so", "-o", "none"], "no folder 'none' to summarise"),
        (["all", "--mapper", "quik"], "unknown mapper profile 'quik' (did you mean 'quick'?)"),
        (["all", "-c", "none.json"], "none.json: no such file"),
        (["all", "-a", "gemini"], "unknown architecture 'gemini' (did you mean 'gemmini'?)"),
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


def test_the_command_itself_maps_in_worker_processes(tmp_path: Path) -> None:
    (tmp_path / "tiny.yaml").write_text(MODEL)
    (tmp_path / "c.json").write_text(json.dumps(CONFIGURATIONS[:3]))
    command = [sys.executable, str(ROOT / "hwdse_run.py"), "all", "-j", "2", "-l", *QUICK]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert len([line for line in done.stdout.splitlines() if " cycles " in line and line.endswith("J")]) == 6
    assert "2 of 2 configurations mapped" in done.stdout


def test_help_imports_nothing_heavy() -> None:
    heavy = "{'numpy', 'pandas', 'rich', 'joblib', 'yaml', 'jinja2', 'hwcomponents'}"
    code = (
        "import sys; from harness.cli.hwdse import main; main(['-h']); "
        f"sys.exit(len({heavy} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == 0
    assert b"--summary-only" in done.stdout
