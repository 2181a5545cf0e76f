"""After the search: whether the mapping hands over whole columns, and the figures of the pair."""

from __future__ import annotations

import pytest
from fusion_examples import GEMMINI, GEMMINI_LEVELS, GEMMINI_NORM

from harness.fusion import FusionOptions, SideFigures, broken_columns, pair_figures, plan_fusion
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.workloads import load_model

MODEL = load_model("bert-large")


def _mapping(architecture, **temporal):
    """Loops by level, inner to outer, as in Scratchpad="L4 E2"."""
    levels = []
    for name in architecture.level_names:
        words = temporal.get(name, "").split()
        loops = tuple(Loop(word[0], int(word[1:]), int(word[1:])) for word in words)
        levels.append(LevelMapping(name, loops))
    return Mapping(tuple(levels))


def _verdict(layer, where="Accumulator", **temporal):
    side = MODEL.layer(layer)
    variant = GEMMINI if side.operator == "matmul" else GEMMINI_NORM
    plan = plan_fusion(layer, where, GEMMINI_LEVELS, MODEL)
    return broken_columns(_mapping(variant, **temporal), variant, side, plan)


@pytest.mark.parametrize(
    "loops",
    [
        {},
        {"DRAM": "L256"},
        {"DRAM": "E4 L16"},
        {"Scratchpad": "E4", "DRAM": "L16"},
        {"Scratchpad": "E4 L2", "DRAM": "L16"},
        {"Accumulator": "L4 E4 D2", "DRAM": "E2 L4"},
        {"Scratchpad": "L1 D1", "DRAM": "E2"},
    ],
)
def test_sums_finish_before_the_next_columns(loops):
    assert _verdict("Out", **loops) is None


@pytest.mark.parametrize(
    ("loops", "expected"),
    [
        ({"DRAM": "L4 E2"}, "the loop over E at DRAM comes back to columns of attention output"),
        ({"Scratchpad": "L4", "DRAM": "E2"}, "the loop over E at DRAM comes back"),
        ({"Scratchpad": "D2"}, "the loop over D at Scratchpad splits the columns of attention output"),
    ],
)
def test_sums_that_come_back_after_other_columns_are_found(loops, expected):
    assert expected in _verdict("Out", **loops)


@pytest.mark.parametrize(
    ("loops", "expected"),
    [
        ({"DRAM": "L64"}, None),
        ({"Accumulator": "E4 D2 L16", "DRAM": "L256"}, None),
        ({"DRAM": "D2 L256"}, None),
        ({"DRAM": "E4 L16"}, "the loop over E at DRAM splits the columns of scores"),
        ({"DRAM": "L256 D2"}, "the loop over D at DRAM comes back to columns of scores"),
    ],
)
def test_the_normalisation_too_must_take_whole_columns(loops, expected):
    verdict = _verdict("softmax", **loops)
    assert verdict is None if expected is None else expected in verdict


def test_at_the_outermost_level_every_mapping_is_sound():
    assert _verdict("Out", where="DRAM", Scratchpad="L4 D2", DRAM="L2 E2") is None


def test_energies_add_and_latencies_are_only_bounded():
    plan = plan_fusion("KTQ+softmax", "Accumulator", GEMMINI_LEVELS, MODEL)
    figures = pair_figures(plan, SideFigures("KTQ", 1.5e9, 700), SideFigures("softmax", 0.25e9, 900))
    assert figures.energy_pj == 1.75e9
    assert (figures.cycles_overlapped, figures.cycles_in_turn) == (900, 1600)
    assert (figures.pair, figures.level, figures.repeat) == ("KTQ+softmax", "Accumulator", 384)
    assert figures.write_back_paid_by == "softmax"
    assert "latency coupling" in figures.note


def test_the_switch_moves_the_write_back_to_the_matmul():
    options = FusionOptions(pay_writeback_in_matmul=True)
    plan = plan_fusion("Out", "Accumulator", GEMMINI_LEVELS, MODEL, options)
    figures = pair_figures(plan, SideFigures("Out", 1.0, 1), SideFigures("layernorm", 1.0, 1))
    assert figures.write_back_paid_by == "Out"


def test_a_batch_runs_the_normalisation_once_per_sample():
    batched = load_model("bert-large", {"batch": 4})
    plan = plan_fusion("Out", "Accumulator", GEMMINI_LEVELS, batched)
    figures = pair_figures(plan, SideFigures("Out", 10.0, 1000), SideFigures("layernorm", 1.0, 100))
    assert figures.consumer_runs == 4
    assert figures.energy_pj == 14.0
    assert figures.cycles_in_turn == 1400
