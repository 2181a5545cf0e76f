"""An ERT and ART that were handed in: slips are errors, gaps are told, Timeloop's built-in estimates show."""

from __future__ import annotations

import copy
import json
import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from test_energy_command import ARCHITECTURE

from harness.cli.harness import main as harness_main
from harness.cli.run import main as run_main
from harness.engines.built_in import TIMELOOP

MAIN, BUFFER, MAC = "Top_top_level.Main[1..1]", "Top_top_level.Buffer[1..4]", "Top_top_level.MAC[1..4]"


def _table(name: str, **energies: float) -> dict[str, Any]:
    return {"name": name, "actions": [{"name": n, "arguments": {}, "energy": e} for n, e in energies.items()]}


FULL = {
    "ERT": {
        "version": "0.4",
        "tables": [
            _table(MAIN, read=10.0, write=10.0, update=10.0, leak=0.0),
            _table(BUFFER, read=2.0, write=3.0, update=3.0, leak=0.5),
            _table(MAC, compute=1.0, leak=0.25),
        ],
    },
    "ART": {"version": "0.4", "tables": [{"name": n, "area": 100.0} for n in (MAIN, BUFFER, MAC)]},
}


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.chdir(tmp_path)
    Path("arch.yaml").write_text(ARCHITECTURE)
    problem = {
        "version": "0.4",
        "shape": {
            "name": "small",
            "dimensions": ["M", "K"],
            "data_spaces": [
                {"name": "Weights", "projection": [[["M"]], [["K"]]]},
                {"name": "Inputs", "projection": [[["K"]]]},
                {"name": "Outputs", "projection": [[["M"]]], "read_write": True},
            ],
        },
        "instance": {"M": 8, "K": 16},
    }
    Path("problem.yaml").write_text(yaml.safe_dump({"problem": problem}))


def _files(tables: dict[str, Any]) -> list[str]:
    Path("tables.yaml").write_text(yaml.safe_dump(tables, sort_keys=False))
    return ["--spec", "arch.yaml", "problem.yaml", "tables.yaml"]


def _changed(**of: Any) -> dict[str, Any]:
    """The full tables, with ``remove=(component, action)``, or actions of the buffer renamed."""
    tables = copy.deepcopy(FULL)
    if "drop" in of:
        tables["ERT"]["tables"] = [t for t in tables["ERT"]["tables"] if t["name"] != of["drop"]]
    for table in tables["ERT"]["tables"]:
        for action in list(table["actions"]):
            if (table["name"], action["name"]) == of.get("rename", (None,))[:2]:
                action["name"] = of["rename"][2]
            if action["name"] == of.get("without"):
                table["actions"].remove(action)
    return tables


def _run(capsys: pytest.CaptureFixture[str], tables: dict[str, Any]) -> tuple[str, str, dict[str, Any]]:
    assert run_main([*_files(tables), "-o", "out"]) == 0
    captured = capsys.readouterr()
    return captured.out, captured.err, json.loads(Path("out/result.json").read_text())


def _error(capsys: pytest.CaptureFixture[str], tables: dict[str, Any]) -> str:
    assert run_main([*_files(tables)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    return line


def test_full_tables_are_told_as_given_and_nothing_is_noted(capsys: pytest.CaptureFixture[str]) -> None:
    out, err, record = _run(capsys, copy.deepcopy(FULL))
    assert "note" not in err
    assert re.search(r"estimates +none, the ERT was given", out)
    assert re.search(r"accuracy +100\.0 % given", out)
    assert record["energy_by_source"] == pytest.approx({"given": record["energy_pj"]})


@pytest.mark.parametrize(
    ("tables", "says", "line"),
    [
        (_changed(rename=(BUFFER, "read", "raed")), "'raed' for Top_top_level.Buffer[1..4]", "read"),
        (_changed(rename=(MAC, "compute", "compte")), "did you mean 'compute'?", "compte"),
        (_changed(rename=(MAC, "leak", "leakage")), "did you mean 'leak'?", "leakage"),
        (_changed(rename=(MAIN, "write", "Wirte")), "did you mean 'write'?", "Wirte"),
    ],
)
def test_a_slip_in_an_action_is_an_error_with_its_place(
    capsys: pytest.CaptureFixture[str], tables: dict[str, Any], says: str, line: str
) -> None:
    told = _error(capsys, tables)
    assert says in told
    number = int(re.findall(r"tables\.yaml:(\d+):", told)[0])
    assert "- name: " in Path("tables.yaml").read_text().splitlines()[number - 1]


def test_actions_of_other_tools_are_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    tables = copy.deepcopy(FULL)
    for name in ("gated_read", "metadata_read", "idle", "multiply", "decompression_count"):
        tables["ERT"]["tables"][1]["actions"].append({"name": name, "arguments": {}, "energy": 1.0})
    _, err, _ = _run(capsys, tables)
    assert "note" not in err


@pytest.mark.parametrize("key", ["ERT", "ART"])
def test_two_figures_for_one_thing_are_an_error(capsys: pytest.CaptureFixture[str], key: str) -> None:
    tables = copy.deepcopy(FULL)
    again = copy.deepcopy(tables[key]["tables"][1])
    tables[key]["tables"].append(again)
    _run(capsys, tables)
    if key == "ERT":
        again["actions"][0]["energy"] = 1.0
    else:
        again["area"] = 1.0
    told = _error(capsys, tables)
    what = "read" if key == "ERT" else "area"
    assert f"the {key} has {what} of Top_top_level.Buffer[1..4] twice: 1 here, " in told
    first = int(re.findall(r"in line (\d+)", told)[0])
    here = int(re.findall(r"tables\.yaml:(\d+):", told)[0])
    text = Path("tables.yaml").read_text().splitlines()
    assert text[here - 1].split()[-1] == "1.0"
    assert text[first - 1].split()[-1] in ("2.0", "100.0")


def test_a_missing_component_is_told_and_shown_with_what_stands_for_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    tables = _changed(drop=BUFFER)
    out, err, record = _run(capsys, tables)
    told = re.findall(
        r"the ERT has no Buffer; Timeloop's built-in estimate stands for it: ([0-9.]+) pJ each", err
    )
    assert len(told) == 1
    assert "none, the ERT was given" not in out
    assert "by Timeloop's built-in ones" in out
    assert re.search(r"accuracy .* % model", out)
    assert record["energy_by_source"][TIMELOOP] == record["energy_by_accuracy"]["model"] > 0
    assert math.fsum(record["energy_by_source"].values()) == pytest.approx(record["energy_pj"], rel=1e-12)
    assert harness_main(["energy", *_files(tables)]) == 0
    shown = capsys.readouterr().out
    assert re.search(rf"Buffer x4 .* read, write, update +{told[0]} pJ +model \[2\]", shown)
    assert "[2] timeloop_built_in: Timeloop's public estimate of SRAM" in shown
    assert "the ERT has no Buffer" in shown


def test_missing_actions_are_told_with_their_component(capsys: pytest.CaptureFixture[str]) -> None:
    _, err, _ = _run(capsys, _changed(rename=(MAC, "compute", "something")))
    assert "the ERT has no compute of MAC; " in err
    _, err, _ = _run(capsys, _changed(rename=(BUFFER, "read", "something")))
    assert "the ERT has no read of Buffer; " in err


def test_missing_leakage_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    _, err, _ = _run(capsys, _changed(without="leak"))
    assert err.count("note") == 1
    assert "the ERT has no leak of Main, Buffer, MAC: leakage there counts as nothing" in err


def test_no_areas_are_not_given_instead_of_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    tables = copy.deepcopy(FULL)
    del tables["ART"]
    out, _, record = _run(capsys, tables)
    assert record["area_um2"] is None
    assert re.search(r"area +not given", out)
    assert harness_main(["energy", *_files(tables)]) == 0
    assert re.search(r"total area +not given", capsys.readouterr().out)
    assert harness_main(["energy", *_files(tables), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"]["area_um2"] is None
    out, _, record = _run(capsys, copy.deepcopy(FULL))
    assert record["area_um2"] == pytest.approx(900)


def test_areas_that_the_art_lacks_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    tables = copy.deepcopy(FULL)
    del tables["ART"]["tables"][2]
    _, err, _ = _run(capsys, tables)
    assert "the ART has no MAC: areas there count as nothing" in err


def test_the_row_of_a_given_figure_is_its_own_line(capsys: pytest.CaptureFixture[str]) -> None:
    files = _files(copy.deepcopy(FULL))
    text = Path("tables.yaml").read_text().splitlines()
    assert harness_main(["energy", *files, "--why", "Buffer.write"]) == 0
    shown = capsys.readouterr().out
    number = int(re.findall(r"tables\.yaml:(\d+)", shown)[0])
    assert text[number - 1].strip() == "energy: 3.0"


def test_the_leakage_that_a_run_counts(capsys: pytest.CaptureFixture[str]) -> None:
    """The reference leaves out that of the arithmetic; the total says so."""
    files = _files(copy.deepcopy(FULL))
    assert harness_main(["energy", *files]) == 0
    shown = capsys.readouterr().out
    assert re.search(r"total leakage 3 pJ/cycle", shown)
    assert re.search(r"in a run +2 pJ/cycle at most: the model leaves out that of MAC", shown)
    assert harness_main(["energy", *files, "--json"]) == 0
    total = json.loads(capsys.readouterr().out)["total"]
    assert (total["leak_pj_per_cycle"], total["charged_leak_pj_per_cycle"]) == (3.0, 2.0)
