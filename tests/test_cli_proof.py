"""What the command shows of a proof: the search line, the certificate, the replay, the front."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_cases import record_of

from harness.cli.run import main
from harness.engines.result import Result, SearchRecord
from harness.mapspace import MapSpace
from harness.report.proof_screen import percent, search_line
from harness.search import Certificate, Objective, Pruning
from harness.search.optimal import Limits, Outcome, solve

PROVEN = ["--gemm", "16,16,4", "-o", "out"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_default_proves_its_mapping(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(PROVEN) == 0
    said = capsys.readouterr()
    assert "optimal (uber) for the least edp, then delay, then energy" in said.out
    assert "threads" not in said.out
    assert "optimal, proven best by edp,delay,energy:" in said.out and said.err == ""
    search = json.loads(Path("out/result.json").read_text())["search"]
    assert (search["mapper"], search["status"], search["gap"]) == ("optimal", "optimal", 0.0)
    assert search["certificate"]["nodes"] >= 0 and "replay" not in search


def test_a_certificate_is_printed_and_a_small_space_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*PROVEN, "--certify"]) == 0
    said = capsys.readouterr().out
    for text in ("certificate", "nodes", "value", "lower bound", "J*cycles", "gap", "replay  all", ": equal"):
        assert text in said, text
    result = Result.from_json(Path("out/result.json").read_text())
    assert result.search.replay is not None and result.search.replay.equal
    assert result.search.certificate is not None
    assert result.to_record() == json.loads(Path("out/result.json").read_text())


def test_a_large_space_is_not_replayed(capsys: pytest.CaptureFixture[str]) -> None:
    what = ["--gemm", "4096,4096,4096", "-a", "eyeriss", "-o", "out", "--certify", "--objective", "delay"]
    assert main(what) == 0
    assert "replay  none: the space is too large" in capsys.readouterr().out


@pytest.mark.parametrize("option", ["--certify", "--pareto"])
def test_what_proves_nothing_is_not_certified(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*PROVEN, "--mapper", "quick", option]) == 2
    message = f"{option}: the algorithm hybrid proves nothing (use --mapper optimal)"
    assert capsys.readouterr().err == f"run.py: error: {message}\n"


def test_caps_that_nothing_meets_end_with_three(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*PROVEN, "--max-cycles", "10", "--json"]) == 3
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert record["status"] == "no_mapping" and record["search"]["status"] == "no_mapping"
    assert record["search"]["objective"] == "edp,delay,energy with at most 10 cycles"
    assert said.err.splitlines()[-1] == (
        "run.py: error: no mapping for gemm_16x16x4: no mapping of the space is valid with at most 10 cycles "
        "(proven)"
    )


def test_the_objective_is_obeyed_and_recorded(capsys: pytest.CaptureFixture[str]) -> None:
    what = ["--gemm", "64,64,64", "-a", "eyeriss", "-o", "out"]
    fast = record_of([*what, "--objective", "delay,energy"], capsys)
    thrifty = record_of([*what, "--objective", "energy,delay"], capsys)
    assert fast["cycles"] <= thrifty["cycles"] and thrifty["energy_pj"] <= fast["energy_pj"]
    capped = record_of([*what, "--objective", "energy", "--max-cycles", str(fast["cycles"])], capsys)
    assert capped["cycles"] == fast["cycles"]
    assert capped["energy_pj"] == pytest.approx(fast["energy_pj"], rel=1e-9)
    again = record_of(["--spec", "out/parsed-processed-input.yaml", "-o", "again"], capsys)
    assert again["provenance"]["spec_hash"] == capped["provenance"]["spec_hash"]
    assert again["search"]["objective"] == capped["search"]["objective"]


def test_files_without_a_mapper_get_the_default_one(capsys: pytest.CaptureFixture[str]) -> None:
    record_of(PROVEN, capsys)
    text = Path("out/parsed-processed-input.yaml").read_text()
    start = text.index("\nmapper:") + 1
    Path("bare.yaml").write_text(text[:start] + text[text.index("\nmapspace:", start) + 1 :])
    bare = record_of(["--spec", "bare.yaml", "-o", "bare"], capsys)
    assert bare["search"]["mapper"] == "optimal"


def test_the_front_is_a_table_and_part_of_the_record(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def both_ends(space: MapSpace, limits: Limits) -> tuple[Outcome, ...]:
        objectives = Objective(("delay", "energy")), Objective(("energy", "delay"))
        return tuple(solve(space, objective, limits) for objective in objectives)

    monkeypatch.setattr("harness.search.optimal.pareto", both_ends, raising=False)
    record = record_of([*PROVEN, "--pareto"], capsys)
    assert [list(point) for point in record["pareto"]] == [
        ["cycles", "energy_pj", "edp_j_cycles", "status", "mapping"]
    ] * len(record["pareto"])
    result = Result.from_record(record)
    assert result.pareto[0].cycles <= result.cycles and result.to_record() == record
    assert main([*PROVEN, "--pareto"]) == 0
    said = capsys.readouterr().out
    assert "energy-delay front" in said and "all proven" in said and "least EDP" in said
    assert "pareto" not in record_of(PROVEN, capsys)


def searched(**how: Any) -> SearchRecord:
    account = Certificate("m", 1, 1, 300, 20, (Pruning("bound", 280),), 1.0, 1.008)
    record = SearchRecord("optimal", "edp,delay", "optimal", 1.0, 0.0, seconds=0.0032, certificate=account)
    return replace(record, **how)


def test_the_search_line_says_what_is_proven() -> None:
    assert search_line(searched()) == (
        "optimal, proven best by edp,delay: 1 node, 20 of 300 choices opened in 3.2 ms"
    )
    assert search_line(searched(status="bound", gap=0.008)).startswith(
        "optimal, within 0.8 % of the proven lower bound of edp,delay: 1 node"
    )
    found = searched(status="best_found", certificate=None, mapper="guided", evaluated=20, valid=10)
    assert search_line(found) == "guided, best found by edp,delay: 10 valid of 20 mappings in 3.2 ms, 6.2 k/s"


def test_gaps_are_never_rounded_to_nothing() -> None:
    assert [percent(g) for g in (1e-9, 0.008, 0.25, 3.0)] == ["0.01 %", "0.8 %", "25 %", "300 %"]
