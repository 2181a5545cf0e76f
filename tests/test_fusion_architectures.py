"""Fusing on the shipped architectures: every level of every one, and what it does to the traffic."""

from __future__ import annotations

from dataclasses import replace

import pytest

from harness.errors import EmptyMapSpace, Unsupported
from harness.fusion import FusionOptions, broken_columns, fuse, plan_fusion
from harness.fusion.residence import least_extents
from harness.model import evaluate
from harness.search import search
from harness.spec import specification_from_v4_tree
from harness.spec.flattened import write_problem
from harness.spec.settings import SearchSettings
from harness.spec.templates import list_architectures, load_architecture_template
from harness.workloads import load_model

MODEL = load_model("bert-large")
SHALLOW = SearchSettings(metrics=("energy",), timeout=20000, victory_condition=60, seed=7)
HOSTS = [template.name for template in list_architectures() if "matmul" in template.operators]


def _specification(architecture, layer):
    tree = load_architecture_template(architecture).render({}, layer.problem, layer.operator)
    tree["problem"] = write_problem(layer.problem)
    return specification_from_v4_tree(tree)


def _fused(architecture, name, level, options=None):
    """(specification, fused constraints, plan) of one side."""
    layer = MODEL.layer(name)
    levels = load_architecture_template(architecture).fusion_levels
    specification = _specification(architecture, layer)
    plan = plan_fusion(name, level, levels, MODEL, options)
    return specification, fuse(specification.constraints, specification.architecture, layer, plan), plan


@pytest.mark.parametrize("architecture", HOSTS)
def test_the_intermediate_never_lives_above_the_level_unless_refused(architecture):
    template = load_architecture_template(architecture)
    assert len(template.fusion_levels) >= 2
    accepted = 0
    for level in template.fusion_levels[1:]:
        for name, space in (("KTQ", "Outputs"), ("softmax", "Inputs")):
            try:
                specification, constraints, _ = _fused(architecture, name, level)
            except (EmptyMapSpace, Unsupported):
                continue
            names = specification.architecture.level_names
            above = names[names.index(level) + 1 :]
            assert all(space in constraints.of(other).bypass for other in above)
            assert space in constraints.of(level).keep
            accepted += 1
    assert accepted > 0


def test_gemmini_constraints_are_those_observed():
    _, constraints, _ = _fused("gemmini", "KTQ", "Accumulator")
    pins = {
        name: {f"{f.dimension}{f.relation}{f.value}" for f in constraints.of(name).temporal.factors}
        for name in ("DRAM", "Scratchpad")
    }
    assert pins == {"DRAM": {"D=1", "E=1"}, "Scratchpad": {"D=1", "E=1"}}
    assert constraints.of("DRAM").bypass == {"Outputs"}
    assert [d for d in constraints.of("Accumulator").temporal.prefix if d in "EDL"] == ["E", "D", "L"]


def _evaluated(architecture, name, level=None, options=None):
    layer = MODEL.layer(name)
    if level is None:
        specification = _specification(architecture, layer)
        constraints, plan = specification.constraints, None
    else:
        specification, constraints, plan = _fused(architecture, name, level, options)
    found = search(specification.architecture, layer.problem, constraints, SHALLOW)
    assert found.mapping is not None, found.reason
    if plan is not None:
        assert broken_columns(found.mapping, specification.architecture, layer, plan) is None
    return evaluate(specification.architecture, layer.problem, found.mapping)


def _dram_traffic(stats, space):
    level = next(level for level in stats.levels if level.name == "DRAM")
    found = [d for d in level.data_spaces if d.name == space]
    return sum(d.reads + d.fills + d.updates for d in found)


@pytest.mark.parametrize(
    ("name", "space"),
    [("KTQ", "Outputs"), ("softmax", "Inputs")],
)
def test_fusing_keeps_the_intermediate_off_the_main_memory(name, space):
    assert _dram_traffic(_evaluated("gemmini", name), space) > 0
    assert _dram_traffic(_evaluated("gemmini", name, "Accumulator"), space) == 0


def test_the_write_back_is_paid_once_by_the_side_that_the_option_names():
    paid = FusionOptions(pay_writeback_in_matmul=True)
    words = 4096 * 4096
    assert _dram_traffic(_evaluated("gemmini", "KTQ", "Accumulator", paid), "Outputs") >= words
    assert _dram_traffic(_evaluated("gemmini", "softmax", "Accumulator", paid), "Outputs") == 0
    assert _dram_traffic(_evaluated("gemmini", "softmax", "Accumulator"), "Outputs") >= words


def _extents(mapping, position):
    """Per dimension, the extent of the tile at a level: all loops at and inside it."""
    extents = {}
    for level in mapping.levels[: position + 1]:
        for loop in (*level.temporal, *level.spatial):
            extents[loop.dimension] = extents.get(loop.dimension, 1) * loop.factor
    return extents


@pytest.mark.parametrize(
    ("architecture", "name", "level"),
    [
        ("gemmini", "KTQ", "Accumulator"),
        ("gemmini", "softmax", "Accumulator"),
        ("eyeriss", "KTQ", "shared_glb"),
        ("tpu", "KTQ", "Accumulator"),
    ],
)
def test_the_check_of_room_never_asks_for_more_than_a_mapping_needs(architecture, name, level):
    specification, constraints, _ = _fused(architecture, name, level)
    built, problem = specification.architecture, MODEL.layer(name).problem
    for seed in (1, 2, 3):
        found = search(built, problem, constraints, replace(SHALLOW, seed=seed, victory_condition=5))
        assert found.mapping is not None, found.reason
        for position, storage in enumerate(built.level_names):
            taken = _extents(found.mapping, position)
            least = least_extents(constraints, built, problem, storage)
            assert all(taken.get(d, 1) >= n for d, n in least.items()), (storage, taken, least)
