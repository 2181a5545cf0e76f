"""Folders of the earlier harness: what it ranked wrongly is failed here, and its counts are found again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from stats_cases import PUBLISHED, summary_text

from harness.sweep.earlier.folders import EarlierConfiguration, read_result_folders
from harness.sweep.folder import open_results

GOLDEN = Path(__file__).parent / "golden"
TABLE_2024: list[dict[str, Any]] = json.loads((GOLDEN / "earlier_sweep_2024.json").read_text())
STATS = {case["name"]: case for case in PUBLISHED}
KQV, VSCORES = STATS["stats_KQV_gemmini_TLD"], STATS["stats_VScores_gemmini_TLD"]
CONFIGURATION = {"scratchpad_size": 524288, "pe_rows": 16, "dataflow": "WS"}


def stored(*counted: tuple[dict[str, Any], int]) -> dict[str, float]:
    """The metrics as the earlier harness summed them: printed figures times heads."""
    weights = sum(times for _, times in counted)
    return {
        "energy": sum(times * case["summary"]["energy_uJ"] * 1e6 for case, times in counted),
        "cycles": sum(times * case["summary"]["cycles"] for case, times in counted),
        "utilization": sum(t * case["summary"]["utilization_pct"] for case, t in counted) / weights,
        "edp": sum(times * case["summary"]["edp_J_cycle"] for case, times in counted),
    }


def make(
    root: Path, index: int, metrics: object, layers: dict[str, str | None], **keys: object
) -> EarlierConfiguration:
    """Writes one configuration (None: a folder without a stats file) and reads the whole folder."""
    folder = root / str(index)
    folder.mkdir(parents=True)
    (folder / "hw_config.json").write_text(json.dumps({**CONFIGURATION, **keys, "metrics": metrics}))
    for name, text in layers.items():
        (folder / f"outputs_{name}").mkdir()
        if text is not None:
            (folder / f"outputs_{name}" / "timeloop-mapper.stats.txt").write_text(text)
    read = read_result_folders(root)
    assert (read.records, read.unreadable) == ((), ())
    return next(c for c in read.earlier if c.index == index)


def test_sums_are_made_anew_with_the_heads_that_the_stored_sums_tell(tmp_path: Path) -> None:
    metrics = stored((KQV, 1), (VSCORES, 16))
    texts = {"VScores": summary_text(VSCORES, "pJ"), "KQV": summary_text(KQV, "pJ")}
    read = make(tmp_path, 3, metrics, texts)
    assert (read.index, read.architecture, read.status) == (3, "gemmini", "ok")
    assert dict(read.given) == CONFIGURATION
    assert [(o.layer, o.times, o.times_reason) for o in read.layers] == [
        ("KQV", 1, ""),
        ("VScores", 16, "16 heads"),
    ]
    assert read.metrics is not None
    assert read.metrics.cycles == 53_477_380 + 16 * 4_456_452
    assert read.metrics.energy_pj == pytest.approx(metrics["energy"], rel=1e-12)
    assert read.metrics.edp == read.metrics.energy_pj * read.metrics.cycles / 1e12
    # Each layer's product is made of its factors; the printed one has three digits.
    assert read.metrics.edp_sum == pytest.approx(metrics["edp"], rel=5e-3)
    assert read.metrics.edp_sum != metrics["edp"]
    assert read.metrics.area_um2 is None
    assert "two decimals" in read.layers[0].notes[0]
    assert (read.settings.version, read.notes) == ("earlier harness", ())


def test_a_sweep_that_counted_one_head_is_seen(tmp_path: Path) -> None:
    texts = {"KQV": summary_text(KQV, "pJ"), "VScores": summary_text(VSCORES, "pJ")}
    read = make(tmp_path, 0, stored((KQV, 1), (VSCORES, 1)), texts)
    assert [o.times for o in read.layers] == [1, 1] and read.notes == ()


def test_sums_to_which_attention_added_nothing_do_not_tell_its_heads(tmp_path: Path) -> None:
    """It failed: else the configuration would count its heads once, and be another study."""
    good = {"KQV": summary_text(KQV, "pJ"), "VScores": summary_text(VSCORES, "pJ")}
    make(tmp_path, 0, stored((KQV, 1), (VSCORES, 16)), good)
    read = make(tmp_path, 1, stored((KQV, 1)), {**good, "VScores": ""})
    assert [o.times for o in read.layers] == [1, 16]
    assert read.notes == ("the stored sums do not tell the heads; 16 heads as in the other configurations",)


def test_an_empty_stats_file_makes_the_configuration_fail(tmp_path: Path) -> None:
    """The earlier harness added nothing for it and ranked the configuration best."""
    good = {"KQV": summary_text(KQV, "pJ"), "VScores": summary_text(VSCORES, "pJ")}
    make(tmp_path, 0, stored((KQV, 1), (VSCORES, 16)), good)
    read = make(tmp_path, 1, stored((VSCORES, 16)), {**good, "KQV": ""})
    assert (read.status, read.metrics) == ("failed", None)
    assert [(o.layer, o.status, o.times) for o in read.layers] == [
        ("KQV", "no_mapping", 1),
        ("VScores", "ok", 16),
    ]
    assert read.layers[0].reason == "timeloop-mapper.stats.txt is empty: Timeloop found no mapping"
    # It is the same layer as in the other configuration, so that the two are compared.
    assert read.layers[0].macs == KQV["summary"]["computes"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (None, "no timeloop-mapper.stats.txt is there"),
        ("Cycles: 5\n", "timeloop-mapper.stats.txt: no complete summary in this stats file, missing: energy"),
    ],
)
def test_missing_and_broken_stats_are_failures(tmp_path: Path, text: str | None, reason: str) -> None:
    infinite = dict.fromkeys(("energy", "cycles", "edp"), float("inf")) | {"utilization": 0.0}
    read = make(tmp_path, 0, infinite, {"KQV": summary_text(KQV, "pJ"), "Out": text})
    assert read.status == "failed"
    assert (read.layers[1].status, (read.layers[1].reason or "")[: len(reason)]) == ("failed", reason)


def test_heads_that_the_sums_do_not_tell_are_those_of_the_others(tmp_path: Path) -> None:
    texts = {"KQV": summary_text(KQV, "pJ"), "VScores": summary_text(VSCORES, "pJ")}
    metrics = stored((KQV, 1), (VSCORES, 12))
    assumed = make(tmp_path, 0, {**metrics, "cycles": 7}, texts)
    assert assumed.layers[1].times == 16
    assert assumed.notes == ("the stored sums do not tell the heads; 16 heads are assumed",)
    make(tmp_path, 1, metrics, texts)
    again = read_result_folders(tmp_path).earlier[0]
    assert again.layers[1].times == 12
    assert again.notes == ("the stored sums do not tell the heads; 12 heads as in the other configurations",)
    # Cycles that fit by chance do not suffice.
    chance = make(tmp_path, 2, {**metrics, "energy": 1.0}, texts)
    assert "do not tell" in chance.notes[0]


def test_fused_layers_are_told_by_their_folders(tmp_path: Path) -> None:
    texts = {"VScores_Accumulator": summary_text(VSCORES, "pJ"), "KQV": summary_text(KQV, "fJ")}
    read = make(tmp_path, 0, stored((KQV, 1), (VSCORES, 16)), texts)
    assert read.settings.fusion == "Accumulator"
    assert [(o.layer, o.fused, o.times) for o in read.layers] == [("KQV", False, 1), ("VScores", True, 16)]
    both = make(tmp_path, 1, {}, {**texts, "VScores": summary_text(VSCORES, "pJ")})
    assert [o.layer for o in both.layers] == ["KQV", "VScores", "VScores_Accumulator"]


def test_the_published_table_is_shown_as_it_was_stored(tmp_path: Path) -> None:
    keys = ("energy_pJ", "cycles", "utilization", "edp_sum_J_cycle")
    for index, row in enumerate(TABLE_2024):
        figures = dict(zip(("energy", "cycles", "utilization", "edp"), (row[k] for k in keys), strict=True))
        make(tmp_path, index, figures, {}, **{k: v for k, v in row.items() if k not in keys})
    read = read_result_folders(tmp_path).earlier
    assert [c.index for c in read] == list(range(15))
    assert {c.settings for c in read} == {read[0].settings}
    for configuration, row in zip(read, TABLE_2024, strict=True):
        assert configuration.status == "ok" and configuration.layers == ()
        metrics = configuration.metrics
        assert metrics is not None
        assert (metrics.energy_pj, metrics.cycles, metrics.edp_sum) == (
            row["energy_pJ"],
            row["cycles"],
            row["edp_sum_J_cycle"],
        )
        assert metrics.utilization == row["utilization"] / 100
        assert "only the sums" in configuration.notes[0]


@pytest.mark.parametrize(
    ("metrics", "reason"),
    [
        (None, "stored no metrics"),
        ({"energy": 1.0}, "no complete metrics"),
        ({"energy": float("inf"), "cycles": float("inf"), "utilization": 0, "edp": float("inf")}, "infinite"),
        ({"energy": float("nan"), "cycles": 1, "utilization": 0, "edp": 1}, "infinite"),
        ({"energy": 0, "cycles": 0, "utilization": 0, "edp": 0}, "metrics of nothing"),
    ],
)
def test_stored_metrics_that_are_no_figures_are_failures(
    tmp_path: Path, metrics: object, reason: str
) -> None:
    read = make(tmp_path, 0, metrics, {})
    assert (read.status, read.metrics) == ("failed", None)
    assert reason in (read.reason or "")


def test_architectures_are_told_by_their_keys(tmp_path: Path) -> None:
    assert make(tmp_path, 0, {}, {}).architecture == "gemmini"
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "hw_config.json").write_text('{"shared_glb_size": 4, "metrics": {}}')
    (tmp_path / "2").mkdir()
    (tmp_path / "2" / "hw_config.json").write_text('{"width": 4, "metrics": {}}')
    assert [c.architecture for c in read_result_folders(tmp_path).earlier] == [
        "gemmini",
        "pim_analog",
        "unknown",
    ]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Expecting value"),
        ("[]", "not a configuration and its metrics"),
        ('{"pe_rows": 8}', "not a configuration and its metrics"),
        ('{"pe_rows": [8], "metrics": {}}', "the value of 'pe_rows' is not a number"),
        ('{"sweep": {"schema": 99}}', "schema 99"),
    ],
)
def test_what_cannot_be_read_is_told(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "0").mkdir()
    (tmp_path / "0" / "hw_config.json").write_text(text)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "hw_config.json").write_text("{}")
    read = read_result_folders(tmp_path)
    assert (read.records, read.earlier, len(read.unreadable)) == ((), (), 1)
    assert reason in read.unreadable[0] and read.unreadable[0].startswith(str(tmp_path / "0"))


def test_our_own_records_of_schema_1_go_on_being_read(tmp_path: Path) -> None:
    (tmp_path / "4").mkdir()
    (tmp_path / "4" / "hw_config.json").write_text((GOLDEN / "hw_config_schema_1.json").read_text())
    read = read_result_folders(tmp_path)
    assert (read.earlier, read.unreadable) == ((), ())
    (record,) = read.records
    assert (record.index, record.architecture, dict(record.given)) == (4, "gemmini", {"pe_rows": 8})
    assert record.settings.model == "bert-large"
    (layer,) = record.layers
    assert (layer.times, layer.cycles, layer.energy_pj, layer.notes) == (2, 10, 3.5e12, ("a reservation",))
    assert record.metrics is not None
    assert (record.metrics.cycles, record.metrics.edp_sum, record.metrics.edp) == (20, 70.0, 140.0)


def test_doubts_about_heads_are_told_of_the_layers_that_they_multiply(tmp_path: Path) -> None:
    good = {"KQV": summary_text(KQV, "pJ"), "VScores": summary_text(VSCORES, "pJ")}
    make(tmp_path, 0, {**stored((KQV, 1), (VSCORES, 12)), "cycles": 7}, good)
    results = open_results(tmp_path).results
    doubts = [note.layer for note in results.notes() if "do not tell the heads" in note.text]
    assert doubts == ["VScores"]
