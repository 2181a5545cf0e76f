"""Sums over layers, the record of a configuration, and what is compared with what."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from sweep_cases import STUDY, SweepInStore, done, failed

from harness.errors import SpecError
from harness.sweep.comparison import CRITERIA, find_criterion, pareto_front
from harness.sweep.earlier.folders import read_result_folders
from harness.sweep.metrics import metrics_of
from harness.sweep.outcome import LayerOutcome
from harness.sweep.record import ConfigurationRecord, read_record
from harness.sweep.study import Settings

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
    assert metrics.edap == 11 * 130 * 7.0 / 1e6


def test_the_area_is_the_largest_and_unknown_where_one_is() -> None:
    small, large, unknown = (replace(outcome(), area_um2=area) for area in (1e6, 3e6, None))
    metrics = metrics_of([small, large])
    assert metrics is not None
    assert (metrics.area_um2, metrics.edap) == (3e6, metrics.edp * 3)
    metrics = metrics_of([small, unknown])
    assert metrics is not None
    assert (metrics.area_um2, metrics.edap) == (None, None)


def test_the_sums_are_not_rounded() -> None:
    metrics = metrics_of([outcome(f"L{i}", 1, 1, 0.1) for i in range(10)])
    assert metrics is not None and metrics.energy_pj == 1.0  # 0.1 added ten times is 0.9999999999999999


@pytest.mark.parametrize("layers", [[], [outcome(), FAILED]])
def test_without_all_figures_there_is_no_sum(layers: list[LayerOutcome]) -> None:
    assert metrics_of(layers) is None


def test_failed_points_are_never_ranked(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    sweep.add(0, [done("A"), failed("B", "too small")])
    sweep.add(1, [done("A"), done("B")])
    sweep.add(2, [done("A", cycles=5), done("B", cycles=5)])
    results = sweep.results()
    assert [point.status for point in results.points] == ["failed", "ok", "ok"]
    assert results.point(0).metrics is None
    assert [point.index for point in results.ranked()] == [2, 1]
    assert [point.index for point in results.ranked(top=1)] == [2]
    assert [point.index for point in results.pareto()] == [2]
    for criterion in CRITERIA:
        assert 0 not in [point.index for point in results.best(criterion.id)]
    assert [(f.index, f.layer, f.status, f.reason) for f in results.failures()] == [
        (0, "KTQ", "no_mapping", "too small")
    ]


def test_where_nothing_is_mapped_nothing_is_best(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    sweep.add(0, [failed("A", "no"), failed("B", "no")])
    results = sweep.results()
    assert all(results.best(criterion.id) == () for criterion in CRITERIA)
    assert (list(results.ranked()), results.pareto()) == ([], ())
    assert results.counts() == {"ok": 0, "failed": 1, "incomplete": 0}


def test_a_stopped_point_is_incomplete() -> None:
    stopped = record(3, outcome(), replace(FAILED, status="not_run"))
    assert (stopped.status, stopped.metrics) == ("incomplete", None)


def test_ties_are_all_listed(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    for index, cycles, area in ((0, 11, 1e6), (1, 10, 1e6), (2, 10, 1e6), (3, 10, None)):
        sweep.add(index, [done(name, cycles, area_um2=area) for name in ("A", "B")])
    results = sweep.results()
    by = {c.name: [point.index for point in results.best(c.id)] for c in CRITERIA}
    assert by == {
        "EDP-sum": [1, 2, 3],
        "EDP of totals": [1, 2, 3],
        "energy": [0, 1, 2, 3],
        "cycles": [1, 2, 3],
        "utilisation": [0, 1, 2, 3],
        "area": [0, 1, 2],
        "energy-delay-area": [1, 2],
    }
    assert [point.index for point in results.ranked("edap")] == [1, 2, 0, 3], "what is unknown comes last"


def test_the_greatest_utilisation_is_best(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    for index, utilization in enumerate((0.25, 0.75, 0.5)):
        sweep.add(index, [done(name, utilization=utilization) for name in ("A", "B")])
    results = sweep.results()
    assert [point.index for point in results.best("utilization")] == [1]
    assert [point.index for point in results.ranked("utilization")] == [1, 2, 0]
    assert [point.index for point in results.pareto(axes=("utilization", "energy_pj"))] == [1]


def test_a_criterion_has_an_id_and_a_name() -> None:
    assert find_criterion("edap") is find_criterion("Energy-Delay-Area")
    with pytest.raises(SpecError, match="unknown criterion 'cycle'"):
        find_criterion("cycle")


def test_the_front_has_what_no_other_beats(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    figures = [(10, 5.0), (20, 4.0), (20, 5.0), (30, 4.0), (40, 1.0), (10, 5.0), (10, 6.0)]
    for index, (cycles, energy) in enumerate(figures):
        sweep.add(index, [done(name, cycles, energy) for name in ("A", "B")])
    results = sweep.results()
    assert [point.index for point in results.pareto()] == [0, 5, 1, 4], "equal points stand side by side"
    assert [point.index for point in results.pareto(axes=("energy_pj", "cycles"))] == [4, 1, 0, 5]
    with pytest.raises(SpecError, match="unknown metric 'energy'"):
        results.pareto(axes=("energy", "cycles"))


def test_the_front_of_three_axes() -> None:
    costs = sorted([(1, 9, 9), (2, 8, 9), (2, 9, 8), (3, 8, 9), (3, 1, 9), (9, 9, 1), (9, 9, 2)])
    front = pareto_front((index, tuple(map(float, cost))) for index, cost in enumerate(costs))
    beaten = [
        index
        for index, cost in enumerate(costs)
        if any(o != cost and all(a <= b for a, b in zip(o, cost, strict=True)) for o in costs)
    ]
    assert sorted([*front, *beaten]) == list(range(len(costs)))
    assert not set(front) & set(beaten)


def test_only_equal_work_is_compared(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    pair = [done("A"), done("B")]
    others = (
        replace(STUDY, layers=tuple(replace(layer, times=1) for layer in STUDY.layers)),
        replace(STUDY, settings=replace(STUDY.settings, mapper="other")),
        replace(STUDY, settings=replace(STUDY.settings, version="2.0")),
    )
    for index, study in enumerate((STUDY, *others, STUDY)):
        sweep.add(index, pair, study=study)
    results = sweep.results()
    assert [[point.index for point in results.of(study.number)] for study in results.studies] == [
        [0, 4], [1], [2], [3],
    ]  # fmt: skip
    assert [point.study for point in results.points] == [0, 1, 2, 3, 0]
    with pytest.raises(SpecError, match="there is no study 4"):
        results.best(study=4)


def test_columns_are_the_keys_that_vary(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    pair = [done("A"), done("B")]
    for index, parameters in enumerate(({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"a": 1, "b": 3, "c": None})):
        sweep.add(index, pair, parameters=parameters)
    assert sweep.results().varying() == ("b", "c"), "one that some lack varies too"


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
        ("[]", "not a configuration"),
        ('{"pe_rows": 8}', "not a configuration"),
        ('{"sweep": 3}', "not a record"),
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
    found = read_result_folders(tmp_path)
    assert [r.index for r in found.records] == [1] and not found.earlier
    (unreadable,) = found.unreadable
    assert reason in unreadable
    assert unreadable.startswith(str(tmp_path / "0" / "hw_config.json"))
