"""Rows of a sweep as CSV, JSON, Markdown, Parquet and a plain table."""

from __future__ import annotations

import csv
import io
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sweep_cases import STUDY, UNLIMITED, SweepInStore, done, failed

from harness.errors import HarnessError, SpecError
from harness.report.sweep.exports import export, write_parquet
from harness.sweep.results import SweepResults

ENERGY = 1e12 / 3  # needs all 17 digits
KINDS = ("configurations", "layers", "levels", "dataspaces")


@pytest.fixture
def results(tmp_path: Path) -> SweepResults:
    """Two points of one study and one of another, with a failure and a parameter that only one has."""
    sweep = SweepInStore(tmp_path)
    jobs = [done("a", 1000, ENERGY), done("b", 10, 0.1, area_um2=None, main_memory=UNLIMITED)]
    sweep.add(0, jobs, parameters={"pe_rows": 8, "dataflow": "WS", "flag": True})
    reason = 'a "tile" of 5,\n|bars| \\ and \u00fc'
    sweep.add(1, [done("a", 7, 1.0), failed("b", reason)], parameters={"pe_rows": 16, "scale": 0.5})
    sweep.add(2, [done("a"), done("b")], study=replace(STUDY, blocks=2), parameters={"other": None})
    return sweep.results()


def text_of(results: SweepResults, *arguments: object, **options: object) -> str:
    return "".join(export(results, *arguments, **options))  # type: ignore[arg-type]


def csv_rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


@pytest.mark.parametrize("kind", KINDS)
def test_csv_and_json_say_the_same_in_the_order_of_the_frame(results: SweepResults, kind: str) -> None:
    frame = results.to_pandas(kind, 0)  # type: ignore[arg-type]
    rows = csv_rows(text_of(results, kind, "csv", study=0))
    assert list(rows[0]) == list(frame.columns)
    objects = json.loads(text_of(results, kind, "json", study=0), parse_constant=pytest.fail)
    assert [list(entry) for entry in objects] == [list(frame.columns)] * len(frame)
    assert len(rows) == len(frame)
    for row, entry in zip(rows, objects, strict=True):
        for name, text in row.items():
            value = entry[name]
            if value is None:
                assert text == ""
            elif isinstance(value, float):
                assert float(text) == value
            else:
                assert text in (str(value), str(value).lower())


def test_figures_are_exact_and_unknown_ones_empty(results: SweepResults) -> None:
    first, second, other = csv_rows(text_of(results, "configurations", "csv"))
    assert float(first["energy_pj"]) == results.point(0).metrics.energy_pj  # type: ignore[union-attr]
    assert first["cycles"] == str(24 * 1000 + 384 * 10)
    assert (first["parameter:pe_rows"], first["parameter:flag"], first["parameter:scale"]) == (
        "8",
        "true",
        "",
    )
    assert first["area_um2"] == "" and first["edap"] == ""
    assert (second["status"], second["energy_pj"], second["parameter:scale"]) == ("failed", "", "0.5")
    assert (other["study"], other["parameter:other"]) == ("1", "")
    layers = json.loads(text_of(results, "layers", "json"))
    assert layers[0]["energy_pj"] == ENERGY and layers[0]["cycles"] == 1000 and layers[0]["fused"] is False
    levels = csv_rows(text_of(results, "levels", "csv"))
    memories = {row["layer"]: row["read_bandwidth"] for row in levels if row["name"] == "DRAM"}
    assert memories["KTQ"] in ("", "4.0")
    assert [row["read_bandwidth"] for row in levels if row["name"] == "DRAM"][:2] == ["4.0", ""]


def test_reasons_survive_every_format(results: SweepResults) -> None:
    reason = results.failures(0)[0].reason
    rows = csv_rows(text_of(results, "layers", "csv", study=0))
    assert rows[3]["reason"] == reason
    assert json.loads(text_of(results, "layers", "json", study=0))[3]["reason"] == reason
    lines = text_of(results, "layers", "markdown", study=0).splitlines()
    assert len(lines) == 2 + 4 + 2 and lines[-1].startswith("In all rows: study=0 architecture=gemmini")
    assert '| a "tile" of 5, \\|bars\\| \\\\ and \u00fc |' in lines[5]
    assert "\u00fc" in text_of(results, "layers", "table", study=0)


def test_markdown_is_a_table(results: SweepResults) -> None:
    lines = text_of(results, "configurations", "markdown").splitlines()
    assert lines[0].startswith("| index | study | status | reason | energy_pj |")
    assert set(lines[1]) == {"|", "-", " "}
    assert len({line.replace("\\|", "").count("|") for line in lines[:-2]}) == 1
    assert lines[-1] == "In all rows: architecture=gemmini model=bert-large"


def test_the_plain_table_tells_what_is_the_same_once(results: SweepResults) -> None:
    lines = text_of(results, "layers", "table", study=0).splitlines()
    assert lines[0].split()[:5] == ["index", "layer", "times", "status", "cycles"]
    assert lines[2].split()[:5] == ["0", "KQV", "24", "ok", "1000"]
    assert lines[-1].startswith("in all rows: study=0 architecture=gemmini model=bert-large fused=false")
    assert "3.33333e+11" in lines[2]


@pytest.mark.parametrize("kind", ["configurations", "layers", "levels"])
@pytest.mark.parametrize("width", [80, 40])
def test_a_narrow_plain_table_has_what_tells_most_and_names_the_rest(
    results: SweepResults, kind: str, width: int
) -> None:
    wide = text_of(results, kind, "table", study=0).splitlines()
    narrow = text_of(results, kind, "table", study=0, width=width)
    assert all(len(line) <= width for line in narrow.splitlines())
    table, rest = narrow.split("no room for: ")
    left_out = " ".join(rest.split()).split(" (--format csv has them)")[0].split(", ")
    shown = table.splitlines()[0].split()
    assert [*shown, *left_out] == wide[0].split() and len(shown) > 1
    rows = table.splitlines()[2:]
    assert len(rows) >= 2
    for whole, row in zip(wide[2:], rows, strict=False):
        assert " ".join(whole.split()).startswith(" ".join(row.split()))


def test_nothing_to_tell(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    sweep.add(0, [failed("a", "x"), failed("b", "y")])
    results = sweep.results()
    assert text_of(results, "levels", "json") == "[]\n"
    assert text_of(results, "levels", "table") == "no rows\n"
    assert len(text_of(results, "levels", "csv").splitlines()) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_parquet_is_the_frame(results: SweepResults, tmp_path: Path, kind: str) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    path = tmp_path / "new" / f"{kind}.parquet"
    write_parquet(results, path, kind, 0)  # type: ignore[arg-type]
    table = parquet.read_table(path)
    objects = json.loads(text_of(results, kind, "json", study=0))
    assert table.to_pylist() == objects
    assert "null" not in {str(field.type) for field in table.schema}


def test_parquet_takes_numbers_of_any_size_and_mixed_parameters(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    sweep = SweepInStore(tmp_path)
    sweep.add(0, [done("a", 10**20), done("b")], parameters={"k": 1})
    sweep.add(1, [done("a"), done("b")], parameters={"k": "two"})
    write_parquet(sweep.results(), tmp_path / "t.parquet")
    rows = parquet.read_table(tmp_path / "t.parquet").to_pylist()
    assert [row["parameter:k"] for row in rows] == ["1", "two"]
    assert rows[0]["cycles"] == str(24 * 10**20 + 384 * 1000)


def test_parquet_without_its_package(
    results: SweepResults, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(HarnessError, match=r"needs the package pyarrow .*transformer-harness\[parquet\]"):
        write_parquet(results, tmp_path / "t.parquet")
    assert not (tmp_path / "t.parquet").exists()


def test_wrong_words_are_told(results: SweepResults) -> None:
    with pytest.raises(SpecError, match=r"unknown format 'cvs' .did you mean 'csv'"):
        export(results, "layers", "cvs")  # type: ignore[arg-type]
    with pytest.raises(SpecError, match=r"unknown kind of rows 'layer' .did you mean 'layers'"):
        export(results, "layer", "csv")  # type: ignore[arg-type]


def test_architectures_against_layers(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    sweep.add(0, [done("a", 9, ENERGY), done("b", 8)])
    sweep.add(1, [done("a", 7), failed("b", "x", "timed_out")], architecture="eyeriss")
    results = sweep.results()
    rows = csv_rows(text_of(results, "architectures", "csv"))
    assert list(rows[0]) == [
        "study", "layer", "architecture", "index", "status", "edp", "cycles", "energy", "seconds"
    ]  # fmt: skip
    assert [(row["layer"], row["architecture"], row["status"], row["cycles"]) for row in rows] == [
        ("KQV", "gemmini", "ok", "9"),
        ("KQV", "eyeriss", "ok", "7"),
        ("KTQ", "gemmini", "ok", "8"),
        ("KTQ", "eyeriss", "timed_out", ""),
    ]
    assert json.loads(text_of(results, "architectures", "json"))[0]["energy"] == ENERGY
    assert "| KTQ | 8 | timed out |" in text_of(results, "architectures", "markdown")
    assert "timed out" in text_of(results, "architectures", "table")
