"""Pairs that cannot be fused, levels without room or home: each refused in one line, before any search."""

from __future__ import annotations

from dataclasses import replace

import pytest
from fusion_examples import (
    GEMMINI,
    GEMMINI_CONSTRAINTS,
    GEMMINI_LEVELS,
    GEMMINI_NORM,
    LAYERNORM_CONSTRAINTS,
    PIM,
    PIM_CONSTRAINTS,
    PIM_LEVELS,
    PIM_NORM,
    PIM_NORM_CONSTRAINTS,
    SOFTMAX_CONSTRAINTS,
)

from harness.errors import EmptyMapSpace, HarnessError
from harness.fusion import FusionOptions, fusable_pairs, fuse, names_a_pair, parse_pair, plan_fusion
from harness.fusion.residence import least_extents
from harness.workloads import load_model

MODEL = load_model("bert-large")


def _fuse(layer, where, options=None, model=MODEL):
    plan = plan_fusion(layer, where, GEMMINI_LEVELS, model, options)
    side = model.layer(layer)
    if side.operator == "matmul":
        return fuse(GEMMINI_CONSTRAINTS, GEMMINI, side, plan)
    given = SOFTMAX_CONSTRAINTS if layer == "softmax" else LAYERNORM_CONSTRAINTS
    return fuse(given, GEMMINI_NORM, side, plan)


def _message(call):
    with pytest.raises(HarnessError) as caught:
        call()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_fusable_pairs_are_the_edges_from_a_matmul_to_a_normalisation():
    assert [p.name for p in fusable_pairs(MODEL)] == ["KTQ+softmax", "Out+layernorm", "FF2+layernorm"]
    # GPT-2 normalises before the attention, so what follows FF2 is the next block.
    assert [p.name for p in fusable_pairs(load_model("gpt2"))] == ["KTQ+softmax", "Out+layernorm"]
    assert fusable_pairs(load_model("vgg")) == ()


@pytest.mark.parametrize("text", ["KTQ+softmax", "ktq + Softmax", "KTQ", "softmax"])
def test_a_pair_is_named_in_full_or_by_one_of_its_sides(text):
    assert parse_pair(text, MODEL).name == "KTQ+softmax"


def test_a_plus_at_the_end_belongs_to_the_layer():
    assert not names_a_pair("vggL3+")
    assert names_a_pair("KTQ+softmax")


def test_a_pair_occurs_as_often_as_its_producer():
    assert parse_pair("KTQ", MODEL).repeat == 16 * 24
    assert parse_pair("Out", MODEL).repeat == 24
    assert parse_pair("Out", MODEL).consumers_per_producer == 1
    assert parse_pair("Out", load_model("bert-large", {"batch": 4})).consumers_per_producer == 4
    assert parse_pair("KTQ", load_model("bert-large", {"batch": 4})).consumers_per_producer == 1


def _resized(whole, name, words):
    levels = (replace(s, size_words=words) if s.name == name else s for s in whole.storage)
    return replace(whole, storage=tuple(levels))


def _room(options=None, size=524288):
    small = _resized(GEMMINI, "Scratchpad", size)
    plan = plan_fusion("Out", "Accumulator", GEMMINI_LEVELS, MODEL, options)
    return fuse(GEMMINI_CONSTRAINTS, small, MODEL.layer("Out"), plan)


REFUSALS = {
    "KQV": (
        lambda: parse_pair("KQV", MODEL),
        "KQV cannot be fused: no normalisation consumes its result, so keeping the result on chip would only "
        "drop its output traffic (fusable in bert-large: KTQ+softmax, Out+layernorm, FF2+layernorm)",
    ),
    "FF1": (lambda: plan_fusion("FF1", "Accumulator", GEMMINI_LEVELS, MODEL), "FF1 cannot be fused"),
    "VScores": (lambda: parse_pair("VScores", MODEL), "VScores cannot be fused"),
    "convolution": (lambda: parse_pair("vggL3+", MODEL), "vggL3+ cannot be fused"),
    "FF2 of GPT-2": (lambda: parse_pair("FF2", load_model("gpt2")), "FF2 cannot be fused"),
    "softmax+VScores": (
        lambda: parse_pair("softmax+VScores", MODEL),
        "softmax+VScores cannot be fused: VScores reads each column of softmax's result again",
    ),
    "backwards": (
        lambda: parse_pair("softmax+KTQ", MODEL),
        "softmax+KTQ cannot be fused: softmax consumes the result of KTQ; write KTQ+softmax",
    ),
    "strangers": (
        lambda: parse_pair("KTQ+layernorm", MODEL),
        "KTQ+layernorm cannot be fused: no result of KTQ goes to layernorm in bert-large",
    ),
    "two matmuls": (
        lambda: parse_pair("FF1+FF2", MODEL),
        "FF1+FF2 cannot be fused: FF2 is no normalisation, so dropping FF1's output traffic would be wrong",
    ),
    "three layers": (
        lambda: parse_pair("KTQ+softmax+VScores", MODEL),
        "'KTQ+softmax+VScores' is no pair of layers (write the producer, a plus and the consumer",
    ),
    "misspelt side": (
        lambda: parse_pair("KTQ+softmx", MODEL),
        "unknown layer 'softmx' (did you mean 'softmax'?)",
    ),
    "misspelt level": (
        lambda: plan_fusion("KTQ", "Acumulator", GEMMINI_LEVELS, MODEL),
        "unknown fusion level 'Acumulator' (did you mean 'Accumulator'?)",
    ),
    "level of another architecture": (
        lambda: plan_fusion("KTQ", "shared_glb", GEMMINI_LEVELS, MODEL),
        "unknown fusion level 'shared_glb' (valid names: Accumulator, DRAM, Registers)",
    ),
    "level not offered": (
        lambda: plan_fusion("KTQ", "Scratchpad", GEMMINI_LEVELS, MODEL),
        "unknown fusion level 'Scratchpad'",
    ),
    "architecture without levels": (
        lambda: plan_fusion("KTQ", "DRAM", (), MODEL),
        "this architecture declares no level to fuse at",
    ),
    "matmul at a level that bypasses its result": (
        lambda: _fuse("KTQ", "Registers"),
        "KTQ cannot be fused at Registers: the architecture lets Outputs of KTQ pass by Registers",
    ),
    "norm at a level that bypasses its input": (
        lambda: _fuse("softmax", "Registers"),
        "softmax cannot be fused at Registers: the architecture lets Inputs of softmax pass by Registers",
    ),
    "pim array": (
        lambda: fuse(
            PIM_CONSTRAINTS, PIM, MODEL.layer("Out"), plan_fusion("Out", "scratchpad", PIM_LEVELS, MODEL)
        ),
        "Out cannot be fused at scratchpad: the architecture lets Outputs of Out pass by scratchpad",
    ),
    "level missing in the norm variant": (
        lambda: fuse(
            PIM_NORM_CONSTRAINTS,
            PIM_NORM,
            MODEL.layer("softmax"),
            plan_fusion("softmax", "scratchpad", PIM_LEVELS, MODEL),
        ),
        "softmax cannot be fused at scratchpad: the architecture that runs softmax has no such level",
    ),
    "weights beyond the scratchpad": (
        lambda: _fuse("Out", "Accumulator"),
        "Out cannot be fused at Accumulator: Scratchpad would have to hold 1064960 words (1048576 of Weights "
        "+ 16384 of Inputs) but has 524288 (-nef lets E be split above the level, and then it fits)",
    ),
    "one word too few": (
        lambda: _room(size=1064959),
        "Scratchpad would have to hold 1064960 words (1048576 of Weights + 16384 of Inputs) but has 1064959",
    ),
    "whole result on chip": (
        lambda: _fuse("KTQ", "Accumulator", FusionOptions(l_fusion=True)),
        "KTQ cannot be fused at Accumulator: Accumulator would have to hold 1048576 words "
        "(1048576 of Outputs) but has 4096 (without -lf it fits)",
    ),
    "column beyond the accumulators": (
        lambda: _fuse("KTQ", "Accumulator", model=load_model("bert-large", {"seq": 8192})),
        "KTQ cannot be fused at Accumulator: Accumulator would have to hold 8192 words (8192 of Outputs) "
        "but has 4096",
    ),
    "column beyond the norm side": (
        lambda: fuse(
            PIM_NORM_CONSTRAINTS,
            _resized(PIM_NORM, "shared_glb", 100000),
            MODEL.layer("softmax"),
            plan_fusion("softmax", "shared_glb", PIM_LEVELS, MODEL),
        ),
        "softmax cannot be fused at shared_glb: shared_glb would have to hold 262144 words (131072 of Inputs "
        "+ 131072 of Outputs) but has 100000",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_what_cannot_be_fused_is_refused_with_the_reason(case):
    call, expected = REFUSALS[case]
    assert expected in _message(call)


def test_columns_that_fill_the_accumulators_exactly_are_accepted():
    """4096 rows over 16 accumulators at 16 columns each: 4096 words, the size of one."""
    _fuse("KTQ", "Accumulator")
    extents = least_extents(_fuse("KTQ", "Accumulator"), GEMMINI, MODEL.layer("KTQ").problem, "Accumulator")
    assert (extents["D"], extents["L"]) == (256, 16)
    _fuse("softmax", "Accumulator")
    _fuse("layernorm", "Accumulator")


def test_a_scratchpad_with_room_to_the_word_is_accepted():
    assert _room(size=1064960).of("Scratchpad").keep == {"Weights", "Inputs"}


def test_splitting_the_reduction_makes_room_for_out():
    fused = _fuse("Out", "Accumulator", FusionOptions(no_e_fusion=True))
    assert fused.of("DRAM").bypass == {"Outputs"}


def test_no_advice_is_given_that_does_not_help():
    with pytest.raises(EmptyMapSpace) as caught:
        _room(FusionOptions(no_e_fusion=True), size=100)
    assert caught.value.hint is None
    with pytest.raises(EmptyMapSpace) as caught:
        _room(size=100)
    assert caught.value.hint is None


def test_a_layer_outside_the_pair_is_a_slip_of_the_caller():
    plan = plan_fusion("KTQ", "Accumulator", GEMMINI_LEVELS, MODEL)
    with pytest.raises(ValueError, match="KQV is not a side of KTQ"):
        fuse(GEMMINI_CONSTRAINTS, GEMMINI, MODEL.layer("KQV"), plan)
