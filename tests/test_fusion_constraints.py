"""The constraints that fusing yields, against those observed from the earlier harness.

The observed sets leave three things to mend, which differ here on purpose: the loop order E, D, L also
stands on the levels between the outermost and the fusion level (a loop that broke off left them out);
the fusion level is made to keep the intermediate (nothing did on the PIM array); and fusing at a level
that bypasses the intermediate is refused (tested in test_fusion_refusals.py), so its constraints
are looked at here before that check.
"""

from __future__ import annotations

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
    level,
)

from harness.errors import SpecError
from harness.fusion import FusionOptions, fuse, plan_fusion
from harness.fusion.constraints import fused_matmul_constraints, fused_norm_constraints
from harness.spec.constraints import BlockConstraint, Constraints
from harness.workloads import load_model

MODEL = load_model("bert-large")
NEF = FusionOptions(no_e_fusion=True)
LF = FusionOptions(l_fusion=True)
PWIM = FusionOptions(pay_writeback_in_matmul=True)


def _matmul(layer, where, options=None, pim=False, constraints=None):
    plan = plan_fusion(layer, where, PIM_LEVELS if pim else GEMMINI_LEVELS, MODEL, options)
    given = constraints or (PIM_CONSTRAINTS if pim else GEMMINI_CONSTRAINTS)
    return fused_matmul_constraints(given, PIM if pim else GEMMINI, plan.pair.producer.problem, plan)


def _norm(layer, where, options=None, pim=False):
    plan = plan_fusion(layer, where, PIM_LEVELS if pim else GEMMINI_LEVELS, MODEL, options)
    given = SOFTMAX_CONSTRAINTS if layer == "softmax" else LAYERNORM_CONSTRAINTS
    if pim:
        return fused_norm_constraints(PIM_NORM_CONSTRAINTS, PIM_NORM, plan)
    return fused_norm_constraints(given, GEMMINI_NORM, plan)


def _said(constraints, name):
    """What is said of a level: temporal factors, their order among E, D and L, keep and bypass."""
    entry = constraints.of(name)
    block = entry.temporal or BlockConstraint()
    pins = {f"{f.dimension}{f.relation}{f.value}" for f in block.factors}
    order = "".join(d for d in block.prefix if d in "EDL")
    initials = ("".join(sorted(space[0] for space in spaces)) for spaces in (entry.keep, entry.bypass))
    return (pins, order, *initials)


# (layer, level, options, pim): {level: (factors, order, keep, bypass)}
MATMUL_SIDES = {
    ("KTQ", "Accumulator", None, False): {
        "DRAM": ({"D=1", "E=1"}, "EDL", "IW", "O"),
        "Scratchpad": ({"D=1", "E=1"}, "EDL", "IW", "O"),
        "Accumulator": (set(), "EDL", "O", "IW"),
    },
    ("KTQ", "Accumulator", NEF, False): {
        "DRAM": ({"D=1"}, "EDL", "IW", "O"),
        "Scratchpad": ({"D=1"}, "EDL", "IW", "O"),
        "Accumulator": (set(), "EDL", "O", "IW"),
    },
    ("KTQ", "Accumulator", LF, False): {
        "DRAM": ({"D=1", "E=1", "L=1"}, "EDL", "IW", "O"),
        "Scratchpad": ({"D=1", "E=1", "L=1"}, "EDL", "IW", "O"),
        "Accumulator": (set(), "EDL", "O", "IW"),
    },
    ("KTQ", "Accumulator", PWIM, False): {
        "DRAM": ({"D=1", "E=1"}, "EDL", "IOW", ""),
        "Scratchpad": ({"D=1", "E=1"}, "EDL", "IW", "O"),
        "Accumulator": (set(), "EDL", "O", "IW"),
    },
    ("KTQ", "Registers", None, False): {
        "DRAM": ({"D=1", "E=1"}, "EDL", "IW", "O"),
        "Scratchpad": ({"D=1", "E=1"}, "EDL", "IW", "O"),
        "Accumulator": ({"D=1", "E=1"}, "EDL", "", "IOW"),
        "Registers": ({"E=1", "D=1", "L=16"}, "EDL", "W", "IO"),
    },
    ("KTQ", "DRAM", None, False): {
        "DRAM": (set(), "EDL", "IOW", ""),
        "Scratchpad": ({"D=1"}, "", "IW", "O"),
        "Accumulator": (set(), "", "O", "IW"),
    },
    ("Out", "shared_glb", None, True): {
        "DRAM": ({"D=1", "E=1"}, "EDL", "IW", "O"),
        "shared_glb": (set(), "EDL", "O", ""),
    },
    ("Out", "scratchpad", None, True): {
        "DRAM": ({"D=1", "E=1"}, "EDL", "IW", "O"),
        "shared_glb": ({"D=1", "E=1"}, "EDL", "IW", "O"),
        "scratchpad": ({"D=1", "E=1", "L=1"}, "EDL", "W", "IO"),
    },
}

NORM_SIDES = {
    ("softmax", "Accumulator", None, False): {
        "DRAM": (set(), "", "O", "IW"),
        "Scratchpad": (set(), "", "O", "IW"),
        "Accumulator": ({"E=4", "L=16"}, "EDL", "I", "OW"),
    },
    ("layernorm", "Accumulator", None, False): {
        "DRAM": (set(), "", "O", "IW"),
        "Scratchpad": (set(), "", "O", "IW"),
        "Accumulator": ({"E=1", "L=64"}, "EDL", "I", "OW"),
    },
    ("softmax", "Accumulator", PWIM, False): {
        "DRAM": (set(), "", "", "IOW"),
        "Scratchpad": (set(), "", "O", "IW"),
    },
    ("softmax", "Registers", None, False): {
        "DRAM": (set(), "", "O", "IW"),
        "Scratchpad": (set(), "", "O", "IW"),
        "Accumulator": ({"E=4", "L=16"}, "EDL", "", "IOW"),
    },
    ("softmax", "shared_glb", None, True): {
        "DRAM": (set(), "", "O", "IW"),
        "shared_glb": ({"E=4", "L=32"}, "EDL", "IO", "W"),
    },
    ("softmax", "scratchpad", PWIM, True): {
        "DRAM": (set(), "", "", "IOW"),
        "shared_glb": ({"E=4", "L=32"}, "EDL", "", "IOW"),
    },
}


@pytest.mark.parametrize("case", MATMUL_SIDES, ids=str)
def test_the_matmul_side_is_constrained_as_observed(case):
    fused = _matmul(*case)
    expected = MATMUL_SIDES[case]
    assert {name: _said(fused, name) for name in expected} == expected


@pytest.mark.parametrize("case", NORM_SIDES, ids=str)
def test_the_norm_side_is_constrained_as_observed(case):
    fused = _norm(*case)
    expected = NORM_SIDES[case]
    assert {name: _said(fused, name) for name in expected} == expected


def test_spatial_containers_and_levels_inside_stay_as_they_were():
    fused = _matmul("KTQ", "Accumulator")
    for name in ("inter_PECols_spatial", "inter_PERows_spatial", "Registers"):
        before, after = GEMMINI_CONSTRAINTS.of(name), fused.of(name)
        assert (after.keep, after.bypass, after.spatial) == (before.keep, before.bypass, before.spatial)
        assert set(after.temporal.factors) == set(before.temporal.factors)
        assert after.temporal.prefix == before.temporal.prefix


def test_dimensions_of_bound_one_keep_their_place_in_front():
    given = Constraints((level("DRAM", keep="WIO", order="GQNSR"),))
    fused = _matmul("KTQ", "Accumulator", constraints=given)
    assert "".join(fused.of("DRAM").temporal.prefix) == "GQNSREDL"


def test_nothing_is_demanded_of_the_consumer_at_the_outermost_level():
    plan = plan_fusion("softmax", "DRAM", GEMMINI_LEVELS, MODEL)
    consumer = plan.pair.consumer
    assert fuse(SOFTMAX_CONSTRAINTS, GEMMINI_NORM, consumer, plan) == SOFTMAX_CONSTRAINTS


def test_bounds_on_a_pinned_dimension_give_way_to_the_pin():
    given = Constraints((level("DRAM", temporal="D<=4 L<=8"),))
    fused = _matmul("KTQ", "Accumulator", constraints=given)
    assert _said(fused, "DRAM")[0] == {"D=1", "E=1", "L<=8"}


@pytest.mark.parametrize("demand", ["D=6", "E=2", "D>=2", "E=0"])
def test_a_factor_that_splits_columns_contradicts_fusing(demand):
    given = Constraints((level("DRAM", temporal=demand),))
    expected = f"KTQ fused at Accumulator needs {demand[0]}=1 at DRAM, where {demand}"
    with pytest.raises(SpecError, match=expected):
        _matmul("KTQ", "Accumulator", constraints=given)


def test_a_factor_beyond_the_bound_has_no_effect_and_contradicts_nothing():
    given = Constraints((level("DRAM", temporal="E=128"),))
    assert _said(_matmul("KTQ", "Accumulator", constraints=given), "DRAM")[0] == {"D=1", "E=1"}


@pytest.mark.parametrize(
    ("order", "options", "refused"),
    [("LED", None, True), ("DE", None, True), ("ED", None, False), ("E", None, False), ("EL", None, True)],
)
def test_another_loop_order_at_the_fusion_level_contradicts_fusing(order, options, refused):
    given = Constraints((level("Accumulator", keep="O", bypass="WI", order=order),))
    if refused:
        with pytest.raises(SpecError, match="needs the loop order E, D, L"):
            _matmul("KTQ", "Accumulator", options, constraints=given)
    else:
        assert _said(_matmul("KTQ", "Accumulator", options, constraints=given), "Accumulator")[1] == "EDL"


def test_loop_order_above_matters_only_where_two_loops_can_iterate():
    given = Constraints((level("DRAM", keep="WIO", order="LED"),))
    assert _said(_matmul("KTQ", "Accumulator", constraints=given), "DRAM")[1] == "EDL"
    with pytest.raises(SpecError, match="at DRAM, where L, E, D is demanded"):
        _matmul("KTQ", "Accumulator", NEF, constraints=given)

