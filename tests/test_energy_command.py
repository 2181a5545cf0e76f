"""The command ``harness energy``: tables, derivations, comparisons, files, and errors in one line."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from console_blocks import check, commands_in

from harness.cli.harness import main
from harness.estimation.rounding import round_significant

ROOT = Path(__file__).resolve().parents[1]
TABLES = """\
ERT:
  version: '0.4'
  tables:
  - name: Top.Buffer[1..4]
    actions:
    - {name: read, arguments: {global_cycle_seconds: 1e-9}, energy: 2.0}
    - {name: write, arguments: {}, energy: 3.0}
    - {name: leak, arguments: {}, energy: 0.5}
  - name: Top.MAC[1..4]
    actions:
    - {name: compute, arguments: {}, energy: 1.0}
ART:
  version: '0.4'
  tables:
  - {name: 'Top.Buffer[1..4]', area: 100}
"""
ARCHITECTURE = """\
architecture:
  version: 0.4
  nodes:
  - !Container
    name: Top
    attributes: {technology: "32nm", global_cycle_seconds: 1e-9}
  - !Component
    name: Main
    class: DRAM
    attributes: {type: "LPDDR4", width: 64, datawidth: 8}
  - !Container
    name: PE
    spatial: {meshX: 4}
  - !Component
    name: Buffer
    class: SRAM
    attributes: {width: 32, depth: 64, datawidth: 8}
  - !Component
    name: MAC
    class: intmac
    attributes: {multiplier_width: 8, adder_width: 16}
components:
  version: 0.4
  classes:
  - name: intmac
    attributes: {technology: must_specify, multiplier_width: 8, adder_width: 16}
    subcomponents:
    - {name: 'adder[0..2]', class: aladdin_adder, attributes: {width: adder_width}}
    - {name: multiplier, class: aladdin_multiplier, area_scale: 2, attributes: {width: multiplier_width}}
    actions:
    - name: compute
      energy_scale: 2
      subcomponents:
      - {name: 'adder[0..2]', actions: [{name: add, action_share: 4}]}
      - {name: multiplier, actions: [{name: multiply}]}
    - name: leak
      subcomponents:
      - {name: 'adder[0..2]', actions: [{name: leak}]}
      - {name: multiplier, actions: [{name: leak}]}
"""


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def run(wide: None, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str, code: int = 0) -> str:
        assert main(["energy", *words]) == code
        captured = capsys.readouterr()
        if code:
            assert captured.out == ""
            lines = captured.err.splitlines()
            assert len(lines) == 1, captured.err
            return lines[0]
        return captured.out

    return run


def _files(folder: Path, **texts: str) -> list[str]:
    for name, text in texts.items():
        (folder / f"{name}.yaml").write_text(text)
    return [str(folder / f"{name}.yaml") for name in texts]


def _record(run: Any, *words: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(run(*words, "--json"))
    return record


def test_the_table_has_every_component_action_source_and_attribute(run: Any) -> None:
    told = run("gemmini")
    lines = " ".join(told.split())
    for words in (
        "gemmini at 32 nm, 1.2 ns",
        "DRAM DRAM read, write, update 512 pJ constant [1]",
        "Scratchpad SRAM read 57.039 pJ row [2]",
        "leak per cycle 0.0274069 pJ 22.84 uW row [2]",
        "area 901,693 um^2 0.9017 mm^2 row [2]",
        "MAC x256 intmac compute 2.81968 pJ",
        "technology=32nm width=128 depth=32768",
        "width 8 of 32",
        "[2] accelergy_cacti_table: ",
        "total area 1.755 mm^2",
        "2 levels stand for fan-out",
    ):
        assert words in lines, words
    assert "inter_PERows_spatial" in run("gemmini", "--all")


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("words", [["pim_analog"], ["simba", "--why", "PEInputBuffer"], ["tpu", "--norm"]])
def test_nothing_is_wider_than_the_terminal(
    run: Any, monkeypatch: pytest.MonkeyPatch, width: int, words: list[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    assert max(map(len, run(*words).splitlines())) <= width


def test_totals_count_all_instances(run: Any) -> None:
    record = _record(run, "gemmini")
    areas = [
        line["value"] * component["instances"]
        for component in record["components"]
        for line in component["lines"]
        if line["action"] == "area"
    ]
    assert record["total"]["area_um2"] == pytest.approx(math.fsum(areas), rel=1e-12)
    leaks = [
        line["value"] * component["instances"]
        for component in record["components"]
        for line in component["lines"]
        if line["action"] == "leak"
    ]
    assert record["total"]["leak_watts"] == pytest.approx(math.fsum(leaks) * 1e-12 / 1.2e-9, rel=1e-12)


@pytest.mark.parametrize("architecture", ["gemmini", "pim_analog", "simba", "eyeriss", "dimc"])
def test_every_figure_follows_from_its_parts_to_the_last_digit(run: Any, architecture: str) -> None:
    record = _record(run, architecture)
    assert record["schema"] == 1
    for component in record["components"]:
        for line in component["lines"]:
            parts = line["parts"]
            total = math.fsum(part["factor"] * part["value"] for part in parts)
            assert total == pytest.approx(line["unrounded"], rel=1e-12, abs=1e-300)
            assert round_significant(line["unrounded"], 6) == line["value"]
            for part in parts:
                assert math.prod(f["value"] for f in part["factors"]) == pytest.approx(part["factor"])
                assert part["estimator"]


def test_why_shows_the_tree_and_arithmetic_that_gives_the_figure(run: Any, tmp_path: Path) -> None:
    """Counts, scales and shares of a class of one's own; the printed sum is calculated again here."""
    files = _files(tmp_path, arch=ARCHITECTURE)
    told = run("--spec", *files, "--why", "MAC.compute")
    assert "Top_top_level.MAC[1..4] of arch at 32 nm, 1 ns" in told
    assert "24 x adder.add  (aladdin_adder)" in told
    factor = "2 (energy_scale of action compute) x 4 (action_share of adder.add) x 3 (count of adder)"
    assert factor in told
    assert re.search(r"factor +2 \(energy_scale of action compute\) *\n", told)
    (arithmetic,) = re.findall(r"── (.* x .* \+ .*) = ([0-9.]+) pJ", told)
    terms = [term.split(" x ") for term in arithmetic[0].split(" + ")]
    total = math.fsum(float(factor) * float(value) for factor, value in terms)
    assert total == pytest.approx(float(arithmetic[1]), rel=1e-10)
    (rounded,) = re.findall(r"rounded to 6 digits: ([0-9.]+) -> ([0-9.]+) pJ", told)
    assert round_significant(float(rounded[0]), 6) == float(rounded[1])
    assert f"MAC.compute = {float(rounded[1]):g} pJ" in told
    ignored = run("--spec", *files, "--why", "MAC.compute", "--action-share", "ignored")
    assert "6 x adder.add" in ignored
    area = run("--spec", *files, "--why", "MAC.area")
    assert "3 (count of adder)" in area
    assert "2 (area_scale of multiplier)" in area
    assert "x 4 instances" in area


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("DRAM.read", "DRAM.read, write, update = 512 pJ"),
        ("dram.READ", "DRAM.read, write, update = 512 pJ"),
        ("System_top_level.Scratchpad[1..1].read", "Scratchpad.read = 57.039 pJ"),
        ("Accumulator.area", "Accumulator.area = 29,675.5 um^2"),
        ("System_top_level.MAC", "MAC.leak per cycle = "),
        ("Accumulator[1..16]", "Accumulator.read = 4.54186 pJ"),
    ],
)
def test_why_takes_short_and_full_names(run: Any, name: str, title: str) -> None:
    assert title in run("gemmini", "--why", name)


def test_why_tells_who_was_passed_over(run: Any) -> None:
    told = run("gemmini", "--why", "Scratchpad.read")
    assert "passed over" in told
    assert "no row for" in told


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Scratchpda", "did you mean 'Scratchpad'?"),
        ("Scratchpad.raed", "did you mean 'read'?"),
        ("Scrathpad.read", "did you mean 'Scratchpad.read'?"),
        ("MAC.add", "did you mean"),
    ],
)
def test_a_wrong_name_gets_the_nearest(run: Any, name: str, hint: str) -> None:
    line = run("gemmini", "--why", name, code=2)
    assert line.startswith("harness energy: error: --why: ")
    if hint != "did you mean":
        assert hint in line


def test_tables_that_were_given_are_shown_with_their_file(run: Any, tmp_path: Path) -> None:
    files = _files(tmp_path, arch=ARCHITECTURE, tables=TABLES)
    told = run("--spec", *files)
    assert "estimator: none, the ERT was given" in told
    assert re.search(r"read +2 pJ +given \[1\]", told)
    assert f"[1] given: {files[1]}" in told
    assert re.search(rf"row {re.escape(files[1])}:6,7,8,15", told)
    line = run("--spec", *files, "--estimator", "hwcomponents", code=2)
    assert "the files have an ERT" in line


def test_comparison_with_ones_own_files_is_all_equal(run: Any) -> None:
    run("simba", "--ert", "tables")
    assert sorted(p.name for p in Path("tables").iterdir()) == ["ART.yaml", "ERT.yaml"]
    told = run("simba", "--compare", "tables/ERT.yaml", "tables/ART.yaml")
    lines = [line for line in told.splitlines() if " lines: " in line]
    assert len(lines) == 2
    for line in lines:
        assert re.fullmatch(r"(\d+) lines: \1 equal in six digits", line)


def test_the_written_tables_take_the_place_of_estimation(run: Any, tmp_path: Path) -> None:
    (file,) = _files(tmp_path, arch=ARCHITECTURE)
    run("--spec", file, "--ert", "tables")
    estimated = _record(run, "--spec", file)
    given = _record(run, "--spec", file, "tables/ERT.yaml", "tables/ART.yaml")

    def figures(record: dict[str, Any]) -> dict[tuple[str, str], float]:
        return {(c["name"], x["action"]): x["value"] for c in record["components"] for x in c["lines"]}

    assert figures(given) == figures(estimated)
    assert given["total"] == estimated["total"]
    assert {x["accuracy_class"] for c in given["components"] for x in c["lines"]} == {"given"}


def test_comparison_tells_what_differs_and_what_is_on_one_side(run: Any, tmp_path: Path) -> None:
    architecture, tables = _files(tmp_path, arch=ARCHITECTURE, tables=TABLES)
    other = TABLES.replace("Top.Buffer[1..4]", "Elsewhere.Buffer[1..9]").replace("energy: 3.0", "energy: 4.5")
    other = other.replace("energy: 2.0", "energy: 2.000001").replace("name: leak", "name: idle")
    (theirs,) = _files(tmp_path, other=other)
    told = run("--spec", architecture, tables, "--compare", theirs)
    cells = [line.split() for line in told.splitlines()]
    assert ["Buffer", "write", "3", "4.5", "1.5", "+1.5"] in cells
    assert ["leak", "0.5", "-", "-", "-"] in cells
    assert ["idle", "-", "0.5", "-", "-"] in cells
    assert told.splitlines()[-1] == "6 lines: 3 equal in six digits, 1 different, 1 only ours, 1 only theirs"
    assert "compute" not in told
    assert "compute" in run("--spec", architecture, tables, "--compare", theirs, "--all")
    (compared,) = _record(run, "--spec", architecture, tables, "--compare", theirs)["compared"]
    by_status = {line["status"] for line in compared["lines"]}
    assert by_status == {"equal", "differs", "only ours", "only theirs"}
    without_areas = other.split("ART:")[0]
    (theirs,) = _files(tmp_path, other=without_areas)
    assert "area" not in run("--spec", architecture, tables, "--compare", theirs, "--all")


def test_the_folder_of_a_run_can_be_compared_with(run: Any) -> None:
    run("simba", "--ert", "tables")
    told = run("simba", "--compare", "tables")
    assert re.fullmatch(r"(\d+) lines: \1 equal in six digits", told.splitlines()[-1])
    Path("tables/other.ERT.yaml").write_text("")
    assert "which of ERT.yaml, other.ERT.yaml is meant?" in run("simba", "--compare", "tables", code=2)


def test_who_asks_for_files_gets_files_only(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["energy", "pim_analog", "--csv", "table.csv", "--arch-param", "adc_bits=4"]) == 0
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.splitlines()[0] == "harness energy: written: table.csv"
    assert "harness energy: warning: adc_bits" in captured.err
    assert "MAC.compute" in run("gemmini", "--csv", "table.csv", "--why", "MAC.compute")


def test_remarks_on_parameters_are_told_as_a_run_tells_them(run: Any) -> None:
    assert "warning: adc_bits" in run("pim_analog", "--arch-param", "adc_bits=4")
    assert "adc_bits" not in run("pim_analog").split("warning")[-1].splitlines()[0]


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize(
    "words", [["gemmini", "--tables", "own"], ["pim_analog", "--arch-param", "cell_type=SRAM"]]
)
def test_sources_and_figures_are_never_cut_off(
    run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, width: int, words: list[str]
) -> None:
    folder = tmp_path / "own" / "data"
    folder.mkdir(parents=True)
    manifest = "name: own\ntechnology: 32nm\naccuracy: 95\nunits: {energy: pJ, area: um^2}\nuncertainty: 8%\n"
    manifest += "source: a chip\nkeys: {SRAM: [technology, width, depth]}\n"
    manifest += "interpolate: {SRAM: {depth: log-log}}\npath_to_data_dir: ./data\n"
    (tmp_path / "own" / "manifest.yaml").write_text(manifest)
    head = "technology,width,depth,global_cycle_seconds,action,energy,area\n"
    rows = [
        f"32nm,128,{depth},1e-9,{action},{pj},{100 * depth}\n"
        for depth in (1024, 65536)
        for action, pj in (("read", 20 + depth / 1e3), ("write", 21 + depth / 1e3), ("idle", 0.01))
    ]
    (folder / "SRAM.csv").write_text(head + "".join(rows))
    monkeypatch.setenv("COLUMNS", str(width))
    lines = run(*words).splitlines()
    table = lines[: lines.index(next(line for line in lines if line.startswith("part")))]
    found = [line for line in table if re.search(r"(pJ|um\^2) ", line)]
    assert len(found) > 10
    for line in found:
        assert re.search(r"\[\d+(,\d+)*\]\s*$|\b[a-z]+\s*$", line), line
    assert not re.search(r"\[[\d,]*\s*$", "\n".join(table), re.MULTILINE)
    if "own" in words:
        assert re.search(r" 8 % +interpolated \[\d\]", "\n".join(found))


def test_names_that_are_not_unique_are_not_guessed(run: Any, tmp_path: Path) -> None:
    architecture, tables = _files(tmp_path, arch=ARCHITECTURE, tables=TABLES)
    entries = yaml.safe_load(TABLES)
    twice = entries["ERT"]["tables"][0]
    entries["ERT"]["tables"] = [{**twice, "name": f"{x}.Buffer"} for x in "AB"]
    (theirs,) = _files(tmp_path, other=yaml.safe_dump({"ERT": entries["ERT"]}))
    told = run("--spec", architecture, tables, "--compare", theirs)
    assert "equal" not in told.splitlines()[-1]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("just text", "other.yaml"),
        ("{a: 1}", "neither an ERT nor an ART"),
        ("ERT: {version: 0.4, tables: [{name: x}]}", "needs 'name' and a list 'actions'"),
        ("ERT: {version: 0.4, tables: [{name: x, actions: [{name: read, energy: -1}]}]}", "0 or more"),
        ("ART: {version: 0.4, tables: [{name: x, area: much}]}", "0 or more"),
        ("a: [", "other.yaml"),
        ("ERT: 3", "the ERT needs 'tables'"),
        ("ART: 3", "the ART needs 'tables'"),
        ("tables: 3", "'tables' of the ERT must be a list"),
        ("ERT: {tables: 3}", "'tables' of the ERT must be a list"),
        ("ERT: {tables: [3]}", "needs 'name' and a list 'actions'"),
    ],
)
def test_unreadable_tables_are_one_line(run: Any, tmp_path: Path, text: str, says: str) -> None:
    (file,) = _files(tmp_path, other=text)
    line = run("gemmini", "--compare", file, code=2)
    assert says in line
    assert "other.yaml" in line


def test_all_names_of_files_are_looked_at_before_one_is_written(run: Any) -> None:
    for other in (["--html", "nowhere/page.html"], ["--html", "page.txt"]):
        run("gemmini", "--csv", "table.csv", "--ert", "tables", *other, code=2)
        assert not Path("table.csv").exists() and not Path("tables").exists()
    run("gemmini", "--csv", "table.csv", "--html", "page.html")
    assert Path("table.csv").read_text().startswith("component,")
    assert "Scratchpad" in Path("page.html").read_text()


@pytest.mark.parametrize(
    "options",
    [
        ["--compare", "x.yaml", "--csv", "x.csv"],
        ["--compare", "x.yaml", "--html", "x.html"],
        ["--all", "--json"],
        ["--all", "--why", "MAC"],
    ],
)
def test_options_without_effect_are_refused(run: Any, options: list[str]) -> None:
    assert "--" in run("gemmini", *options, code=2)


def test_the_heading_says_whose_tables_are_asked(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    (folder / "data").mkdir(parents=True)
    manifest = "{name: mine, accuracy: 90, path_to_data_dir: data, keys: {DRAM: [width]}}"
    (folder / "manifest.yaml").write_text(manifest)
    (folder / "data" / "DRAM.csv").write_text("width,action,energy,area\n64,read,100,0\n")
    given = ["--tables", str(folder), "--action-share", "ignored", "--estimator", "hwcomponents"]
    record = _record(run, "gemmini", *given)
    assert record["estimator"] == "hwcomponents, tables of mine, action_share ignored"


def test_csv_has_the_columns_of_a_run(run: Any) -> None:
    run("simba", "--csv", "table.csv")
    rows = list(csv.DictReader(io.StringIO(Path("table.csv").read_text())))
    assert {row["action"] for row in rows} >= {"read", "write", "leak", "area", "compute"}
    buffer = next(r for r in rows if r["component"].endswith("GlobalBuffer[1..1]") and r["action"] == "read")
    assert buffer["fit"]
    assert "CACTI" in buffer["citation"]
    assert "width=" in buffer["attributes"]
    assert "40 -> 45 nm" in buffer["scaling"]


def test_a_specification_needs_no_problem(run: Any, tmp_path: Path) -> None:
    (file,) = _files(tmp_path, arch=ARCHITECTURE)
    assert "Main" in run("--spec", file)


def test_norm_operators_have_the_tables_of_their_variant(run: Any) -> None:
    names = {c["name"] for c in _record(run, "gemmini", "--norm")["components"]}
    assert names != {c["name"] for c in _record(run, "gemmini")["components"]}
    assert names == {c["name"] for c in _record(run, "gemmini", "--layer", "softmax")["components"]}


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "say of what"),
        (["gemini"], "did you mean 'gemmini'?"),
        (["gemmini", "--spec", "x.yaml"], "give only one of"),
        (["gemmini", "--jinja", "a=b"], "--jinja sets variables of --spec files"),
        (["--spec", "nowhere.yaml"], "no such file"),
        (["--spec", "nowhere.yaml", "--norm"], "--norm does not go with --spec"),
        (["gemmini", "--arch-param", "pe_row=8"], "did you mean 'pe_rows'?"),
        (["gemmini", "--wy", "DRAM"], "did you mean '--why'?"),
        (["gemmini", "--compare", "nowhere.yaml"], "no such file"),
        (["gemmini", "--compare", "."], "there is no *ERT.yaml and no *ART.yaml in the folder"),
        (["gemmini", "--why", "DRAM", "--json"], "--json has every derivation"),
        (["gemmini", "--csv", "table.txt"], "ends in .csv"),
        (["gemmini", "--html", "no/such.html"], "there is no folder"),
        (["gemmini", "--tables", "nowhere"], "there is no folder 'nowhere'"),
        (["gemmini", "--layer", "KQX"], "unknown layer 'KQX'"),
        (["gemmini", "--norm", "--layer", "KQV"], "--norm chooses a layer"),
        (["gemmini_norm", "--layer", "KQV"], "does not run matmul"),
    ],
)
def test_mistakes_are_one_line(run: Any, words: Sequence[str], says: str) -> None:
    line = run(*words, code=2)
    assert line.startswith("harness energy: error: ")
    assert says in line


def test_nothing_is_written_for_a_name_of_nothing(run: Any) -> None:
    run("gemmini", "--why", "nothing", "--csv", "table.csv", "--ert", "tables", code=2)
    assert list(Path().iterdir()) == []


def test_files_of_other_kinds_are_not_overwritten(run: Any) -> None:
    Path("precious").write_text("kept")
    assert "a file is in the way" in run("gemmini", "--ert", "precious", code=2)
    assert Path("precious").read_text() == "kept"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "say which command"),
        (["enrgy"], 2, "did you mean 'energy'?"),
        (["-h"], 0, "energies and areas"),
    ],
)
def test_the_command_over_the_commands(
    capsys: pytest.CaptureFixture[str], words: list[str], code: int, says: str
) -> None:
    assert main(words) == code
    captured = capsys.readouterr()
    assert says in captured.out + captured.err


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from harness.cli.harness import main; main(['energy', '-h']); "
        "heavy = {'numpy', 'yaml', 'rich', 'jinja2', 'pandas', 'numba', 'hwcomponents'} & set(sys.modules); "
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    assert "--why NAME" in done.stdout


def test_it_runs_as_a_module() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "harness", "energy", "gemmini", "--why", "DRAM.read"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        check=True,
    )
    assert "DRAM.read, write, update = 512 pJ" in done.stdout
    assert done.stderr == ""


def own_section() -> str:
    document = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
    return document.split("\n# harness energy\n")[1].split("\n# harness check\n")[0]


def test_the_document_shows_what_is_printed(tmp_path: Path) -> None:
    section = own_section()
    commands = commands_in(section)
    assert len(commands) == 5
    for command, expected in commands:
        check(command, expected, tmp_path)


def test_every_option_and_every_key_of_the_record_is_documented(run: Any, tmp_path: Path) -> None:
    section = own_section()
    told = run("-h")
    options = set(re.findall(r"(--[a-z-]+)", told)) - {"--help", "--debug", "--list"}
    assert [option for option in options if option not in section] == []
    files = _files(tmp_path, tables=TABLES)
    record = _record(run, "pim_analog", "--compare", *files)

    def keys(value: Any) -> set[str]:
        if isinstance(value, list):
            return set().union(*map(keys, value)) if value else set()
        if isinstance(value, dict):
            inner = {k: v for k, v in value.items() if k not in ("parameters", "arguments", "attributes")}
            return set(value) | set().union(*map(keys, inner.values()))
        return set()

    assert [key for key in keys(record) if f'"{key}"' not in section] == []
