"""The shipped hardware configurations: the 26 of the earlier harness, each valid for its architecture."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from harness.spec.templates import load_architecture_template

CONFIGURATIONS = json.loads((Path(__file__).resolve().parents[1] / "hw_configs.json").read_text())
GEMMINI_SHAPES = {
    "WS": [(16, 16), (8, 32), (32, 8), (32, 32), (16, 32), (32, 16), (16, 64), (64, 16), (16, 128), (128, 16),
           (16, 256), (256, 16)],
    "OS": [(16, 16), (8, 32), (32, 8), (32, 32), (16, 32), (32, 16), (16, 64), (64, 16)],
}  # fmt: skip
PIM_SHAPES = [(128, 128), (64, 256), (256, 64)]


def test_there_are_twenty_gemmini_and_six_pim_configurations():
    assert Counter(c["arch"] for c in CONFIGURATIONS) == {"gemmini": 20, "pim_analog": 6}


def test_gemmini_shapes_share_one_memory():
    gemmini = [c for c in CONFIGURATIONS if c["arch"] == "gemmini"]
    for dataflow, shapes in GEMMINI_SHAPES.items():
        found = [(c["pe_rows"], c["pe_cols"]) for c in gemmini if c["dataflow"] == dataflow]
        assert sorted(found) == sorted(shapes)
    # One accumulator memory per row, 262144 words in all rows together.
    assert {c["accumulator_size"] * c["pe_rows"] for c in gemmini} == {262144}
    assert {c["scratchpad_size"] for c in gemmini} == {524288}


def test_pim_buffers_come_in_two_sizes():
    pim = [c for c in CONFIGURATIONS if c["arch"] == "pim_analog"]
    small, large = (262144, 16), (524288, 32)
    for buffer in (small, large):
        shapes = [
            (c["pe_rows"], c["pe_cols"])
            for c in pim
            if (c["shared_glb_size"], c["shared_glb_bandwidth"]) == buffer
        ]
        assert shapes == PIM_SHAPES


@pytest.mark.parametrize("index", range(26))
def test_every_configuration_is_valid_for_its_architecture(index):
    configuration = dict(CONFIGURATIONS[index])
    template = load_architecture_template(configuration.pop("arch"))
    values = template.resolve(configuration)
    assert {name: values[name] for name in configuration} == configuration
