"""Sums over layers, the record of a configuration, and what is compared with what."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from harness.sweep.comparison import CRITERIA, best_by, comparable, ranked, varying_keys
from harness.sweep.metrics import metrics_of
from harness.sweep.outcome import LayerOutcome
from harness.sweep.record import ConfigurationRecord, Settings, read_folder, read_record

SETTINGS = Settings("m", None, "hybrid", "1")


def outcome(layer: str = "A", times: int = 1, cycles: int = 10, energy: float = 3e12) -> LayerOutcome:
    return LayerOutcome(
        layer=layer,
        times=times,
        times_reason="",
        fused=False,
        macs=64,
        status="ok",
        cycles=cycles,
        energy_pj=energy,
        edp_j_cycles=energy * cycles / 1e12,
        utilization=0.5,
        area_um2=7.0,
    )


def with_layer(**changes: object) -> str:
    """A record in which one figure of the only layer is wrong."""
    tree = json.loads(record(0, outcome()).to_json())
    tree["sweep"]["layers"][0].update(changes)
    return json.dumps(tree)


FAILED = replace(
    outcome(), status="no_mapping", reason="too small", cycles=None, energy_pj=None, edp_j_cycles=None,
    utilization=None, area_um2=None,
)  # fmt: skip


def record(index: int, *layers: LayerOutcome, **parameters: int) -> ConfigurationRecord:
    return ConfigurationRecord(index, "gemmini", parameters, {"z": 1, **parameters}, SETTINGS, layers)


def test_each_layer_counts_as_often_as_it_occurs() -> None:
    metrics = metrics_of([outcome("A", 3, 10, 2e12), replace(outcome("B", 1, 100, 5e12), utilization=1.0)])
    assert metrics is not None
    assert metrics.energy_pj == 3 * 2e12 + 5e12
    assert metrics.cycles == 3 * 10 + 100
    assert metrics.edp_sum == 3 * 2 * 10 + 5 * 100
    assert metrics.edp == 11 * 130
    assert metrics.utilization == (3 * 0.5 + 1.0) / 4
    assert metrics.area_um2 == 7.0


def test_the_sums_are_not_rounded() -> None:
    metrics = metrics_of([outcome(f"L{i}", 1, 1, 0.1) for i in range(10)])
    assert metrics is not None and metrics.energy_pj == 1.0  # 0.1 added ten times is 0.9999999999999999


@pytest.mark.parametrize("layers", [[], [outcome(), FAILED]])
def test_without_all_figures_there_is_no_sum(layers: list[LayerOutcome]) -> None:
    assert metrics_of(layers) is None


def test_failed_configurations_are_never_ranked() -> None:
    records = [record(0, FAILED), record(1, outcome()), record(2, outcome("A", 1, 5, 1e12))]
    assert [r.status for r in records] == ["failed", "ok", "ok"]
    assert [r.index for r, _ in ranked(records)] == [2, 1]
    for criterion in CRITERIA:
        assert 0 not in [r.index for r in best_by(criterion, records)]
    assert all(best_by(criterion, records[:1]) == () for criterion in CRITERIA)
    stopped = record(3, outcome(), replace(FAILED, status="not_run"))
    assert (stopped.status, stopped.metrics) == ("incomplete", None)


def test_ties_are_all_listed() -> None:
    records = [record(0, outcome(cycles=11)), record(1, outcome()), record(2, outcome())]
    by = {criterion.name: [r.index for r in best_by(criterion, records)] for criterion in CRITERIA}
    assert by == {
        "EDP-sum": [1, 2],
        "EDP of totals": [1, 2],
        "energy": [0, 1, 2],
        "cycles": [1, 2],
        "utilisation": [0, 1, 2],
    }


def test_only_equal_work_is_compared() -> None:
    records = [
        record(0, outcome()),
        record(1, outcome(times=2)),
        replace(record(2, outcome()), settings=replace(SETTINGS, mapper="other")),
        record(3, FAILED),
    ]
    assert [[r.index for r in group] for group in comparable(records)] == [[0, 3], [1], [2]]


def test_columns_are_the_keys_that_vary() -> None:
    assert varying_keys([record(0, a=1, b=2), record(1, a=1, b=3)]) == ("b",)
    assert varying_keys([record(0, a=1), record(1)]) == ("a",)


@pytest.mark.parametrize("layers", [(outcome(), outcome("B", 4)), (outcome(), FAILED)])
def test_a_record_is_read_back_as_it_was(tmp_path: Path, layers: tuple[LayerOutcome, ...]) -> None:
    written = record(12, *layers, pe_rows=8)
    (tmp_path / "12").mkdir()
    path = tmp_path / "12" / "hw_config.json"
    path.write_text(written.to_json())
    assert read_record(path) == written
    tree = json.loads(path.read_text())
    assert (tree["arch"], tree["pe_rows"]) == ("gemmini", 8)
    metrics = written.metrics
    if metrics is None:
        assert tree["metrics"] is None
    else:
        assert tree["metrics"]["utilization"] == 100 * metrics.utilization
        assert tree["metrics"]["edp"] == metrics.edp_sum


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "not a record"),
        ('{"pe_rows": 8, "metrics": {"energy": 1}}', "not a record"),
        ('{"sweep": {"schema": 99}}', "schema 99"),
        ('{"sweep": {"schema": 1}}', "not a complete record"),
        (with_layer(cycles=None), "the layer A has no figures"),
        (with_layer(energy_pj=float("inf")), "the layer A has no figures"),
        (with_layer(status="fine"), "the layer A has no figures"),
        (with_layer(times=0), "the layer A counts 0 times"),
        (with_layer(notes=3), "notes must be texts"),
    ],
)
def test_unreadable_records_are_told_and_left_out(tmp_path: Path, text: str, reason: str) -> None:
    for index, content in ((0, text), (1, record(1, outcome()).to_json())):
        (tmp_path / str(index)).mkdir()
        (tmp_path / str(index) / "hw_config.json").write_text(content)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "hw_config.json").write_text("{}")
    records, unreadable = read_folder(tmp_path)
    assert [r.index for r in records] == [1]
    assert len(unreadable) == 1 and reason in unreadable[0]
    assert unreadable[0].startswith(str(tmp_path / "0" / "hw_config.json"))
