"""What the energy of a sweep rests on: kept per layer, summed, shown, exported, missing in older stores."""

from __future__ import annotations

import csv
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from earlier_schemas import EARLIER

from harness import sweep
from harness.cli.hwdse import main
from harness.estimation import EstimationOptions
from harness.estimation.query import FITS
from harness.report.accuracy_words import accuracy_words
from harness.sweep.accuracy import Accuracy
from harness.sweep.metrics import accuracy_of_all
from harness.sweep.outcome import LayerOutcome
from harness.sweep.store import connection as connections
from harness.sweep.store.connection import FILE_NAME, create
from harness.sweep.store.schema import ADDED_SINCE, SCHEMA_VERSION

TINY = "layers: {A: {D: 16, E: 32, L: 8}, B: {D: 32, E: 32, L: 8}}"
RUN = ["all", "-m", "tiny.yaml", "-c", "one.json", "--mapper", "quick", "--threads", "1", "-j", "1"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("tiny.yaml").write_text(TINY)
    Path("one.json").write_text('[{"pe_rows": 16}]')
    assert main([*RUN, "-o", "out"]) == 0
    return tmp_path / "out"


def test_the_classes_make_the_whole_energy_of_every_layer(folder: Path) -> None:
    results = sweep.load(folder)
    layers = results.layers(0)
    assert len(layers) == 2
    for layer in layers:
        assert layer.accuracy is not None and layer.energy_pj is not None
        assert sum(layer.accuracy.by_class.values()) == pytest.approx(layer.energy_pj, rel=1e-12)
        assert set(layer.accuracy.by_class) == {"row", "scaled", "constant"}
    metrics = results.point(0).metrics
    total = accuracy_of_all(layers)
    assert metrics is not None and total is not None
    assert sum(total.by_class.values()) == pytest.approx(metrics.energy_pj, rel=1e-12)


def test_they_are_shown_exported_and_in_the_record_of_a_configuration(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert main(["-so", "-o", str(folder)]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    accuracy = accuracy_of_all(sweep.load(folder).layers(0))
    assert accuracy is not None
    told = accuracy_words(accuracy.by_class, accuracy.stated_pj, accuracy.plus_minus_pj)
    assert shown.count("energy by accuracy: ") == shown.count(f"energy by accuracy: {told} layer times") == 1
    assert main(["-so", "-o", str(folder), "--format", "csv", "--rows", "layers"]) == 0
    for row in csv.DictReader(capsys.readouterr().out.splitlines()):
        shares = sum(float(row[f"energy_{fit}_pj"]) for fit in FITS)
        assert shares == pytest.approx(float(row["energy_pj"]), rel=1e-12)
    record = json.loads((folder / "0" / "hw_config.json").read_text())
    kept = LayerOutcome.from_record(record["sweep"]["layers"][0])
    assert kept.accuracy == sweep.load(folder).layers(0)[0].accuracy


def as_it_was_in(version: int, folder: Path) -> None:
    """The store with the tables that the program of that version made, and what fits into them."""
    new, old = folder / FILE_NAME, folder / "old.sqlite"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript(EARLIER[version])
        connection.execute("ATTACH ? AS new", (str(new),))
        (application,) = connection.execute("PRAGMA new.application_id").fetchone()
        tables = [
            name for (name,) in connection.execute("SELECT name FROM main.sqlite_master WHERE type='table'")
        ]
        for table in tables:
            names = ", ".join(columns_of(connection, table))
            connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM new.{table}")
        connection.execute(f"PRAGMA application_id = {application}")
        connection.execute(f"PRAGMA user_version = {version}")
        connection.commit()
    old.replace(new)


def columns_of(connection: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in connection.execute(f"PRAGMA main.table_info({table})")]


def tables_of(folder: Path) -> dict[str, list[str]]:
    """The columns of all tables, in their order: rows are written by place."""
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {name: columns_of(connection, name) for (name,) in names}


def version_of(folder: Path) -> int:
    with closing(sqlite3.connect(folder / FILE_NAME)) as connection:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])


def test_every_earlier_schema_is_known() -> None:
    assert list(ADDED_SINCE) == list(EARLIER) == [4, SCHEMA_VERSION - 1]


@pytest.mark.parametrize("version", EARLIER)
def test_a_store_from_before_is_read_as_it_is_and_taken_further(
    version: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    known, tables = sweep.load(folder), tables_of(folder)
    before, whole = known.layers(0), known.result(0, "A")
    without = version == 4
    as_it_was_in(version, folder)
    expected = [replace(layer, accuracy=None) for layer in before] if without else list(before)
    found = sweep.load(folder)
    assert list(found.layers(0)) == expected
    assert whole is not None and found.result(0, "A") == (
        replace(whole, energy_by_accuracy={}, energy_uncertainty={}, energy_by_source={})
        if without
        else whole
    )
    assert main(["-so", "-o", str(folder)]) == 0
    assert ("energy by accuracy: " not in capsys.readouterr().out) == without
    assert version_of(folder) == version
    assert main([*RUN, "-o", str(folder)]) == 0
    assert version_of(folder) == SCHEMA_VERSION
    assert tables_of(folder) == tables
    assert [layer.energy_pj for layer in sweep.load(folder).layers(0)] == [o.energy_pj for o in before]


@pytest.mark.parametrize("version", [0, *EARLIER])
def test_two_programs_may_bring_one_store_up_to_date(
    version: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second finds everything done when its turn comes. Version 0: they make the store."""
    file, tables = folder / FILE_NAME, tables_of(folder)
    if version:
        as_it_was_in(version, folder)
    else:
        file.unlink()
    checked, others = connections._checked_version, [create]

    def overtaken(*given: Any, **named: Any) -> int:
        found = checked(*given, **named)
        if others:
            others.pop()(file).close()
        return found

    monkeypatch.setattr(connections, "_checked_version", overtaken)
    create(file).close()
    assert not others and tables_of(folder) == tables
    assert version_of(folder) == SCHEMA_VERSION


def test_one_layer_that_does_not_say_leaves_the_sum_unsaid() -> None:
    known = LayerOutcome("A", 2, "", False, 1, "ok", accuracy=Accuracy({"row": 2.0, "model": 1.0}, 1.0, 0.1))
    total = accuracy_of_all([known, replace(known, times=3)])
    assert total == Accuracy({"row": 10.0, "model": 5.0}, 5.0, pytest.approx(0.5))
    assert accuracy_of_all([known, replace(known, accuracy=None)]) is None
    assert accuracy_of_all([]) is None


@pytest.mark.parametrize(
    ("by_class", "stated", "off", "words"),
    [
        ({"row": 1.0, "model": 3.0}, 0.0, 0.0, "75.0 % model, 25.0 % row; +- stated for none of it"),
        (
            {"row": 1.0, "model": 3.0},
            2.0,
            0.2,
            "75.0 % model, 25.0 % row; +- stated for 50.0 % of it: up to +-5.0 % of the total",
        ),
        ({"row": 1e6, "constant": 1.0}, 0.0, 0.0, "100.0 % row; +- stated for none of it"),
        ({}, 0.0, 0.0, "no energy"),
    ],
)
def test_in_words(by_class: dict[str, float], stated: float, off: float, words: str) -> None:
    assert accuracy_words(by_class, stated, off) == words


@pytest.mark.parametrize("figure", [None, "1", True, float("nan")])
def test_senseless_energies_are_no_accuracy(figure: object) -> None:
    with pytest.raises((ValueError, TypeError)):
        Accuracy.from_record({"by_class": {"row": figure}, "stated_pj": 0, "plus_minus_pj": 0})


def test_how_energies_were_estimated_is_kept_with_the_study(folder: Path) -> None:
    Path("mine/data").mkdir(parents=True)
    Path("mine/manifest.yaml").write_text(
        "{name: mine, accuracy: 90, path_to_data_dir: data, keys: {DRAM: [width]}, uncertainty: 20%}"
    )
    rows = "width,action,energy,area\n64,read,100,0\n64,write,100,0\n64,leak,0,0\n"
    Path("mine/data/DRAM.csv").write_text(rows)
    chosen = ["--tables", "mine", "--action-share", "ignored"]
    assert main([*RUN, *chosen, "-o", "own"]) == 0
    results = sweep.load("own")
    assert results.studies[0].estimation == EstimationOptions(
        table_folders=(Path("mine").absolute(),), legacy_action_share=True
    )
    assert sweep.load(folder).studies[0].estimation == EstimationOptions()
    accuracy = accuracy_of_all(results.layers(0))
    assert accuracy is not None
    dram = sum(
        level.energy_pj * layer.times
        for layer in results.layers(0)
        for level in results.result(0, layer.layer).levels  # type: ignore[union-attr]
        if level.name == "DRAM"
    )
    assert accuracy.stated_pj == pytest.approx(dram, rel=1e-12) and dram > 0
    assert accuracy.plus_minus_pj == pytest.approx(0.2 * dram, rel=1e-12)
    stored = results.result(0, "A")
    assert stored is not None
    stated = stored.energy_uncertainty["stated_pj"]
    assert stated == pytest.approx(next(v.energy_pj for v in stored.levels if v.name == "DRAM"), rel=1e-12)
