"""From files to a Specification, in both dialects, and back to text."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.spec import (
    Specification,
    dump_processed_input,
    load_specification,
    read_specification,
    specification_from_v4_tree,
)
from harness.spec.loading import dialect_of, load_tree
from harness.spec.yaml_loader import QuotedStr, load_yaml_file, load_yaml_text

SPECS = Path(__file__).resolve().parent / "specs"
GOLDEN = Path(__file__).resolve().parents[1].parent / "shared" / "golden"
GEMMINI = [
    SPECS / "gemmini" / "*.yaml",
    SPECS / "matmul.yaml",
    SPECS / "variables.yaml",
    SPECS / "mapper.yaml",
]


def gemmini() -> Specification:
    files = [SPECS / "gemmini" / "arch.yaml", SPECS / "gemmini" / "constraints.yaml", *GEMMINI[1:]]
    return load_specification(files)


def same(a: Specification, b: Specification) -> bool:
    """Equal but for the places, which constraints remember."""
    return (a.architecture, a.problem, a.settings, a.mapping, a.tree) == (
        b.architecture,
        b.problem,
        b.settings,
        b.mapping,
        b.tree,
    )


def test_a_v4_specification_in_several_files() -> None:
    specification = gemmini()
    assert specification.architecture.level_names == (
        "Registers",
        "inter_PECols_spatial",
        "Accumulator",
        "inter_PERows_spatial",
        "Scratchpad",
        "DRAM",
    )
    assert specification.architecture.name == "System_top_level"
    assert specification.architecture.arithmetic.instances == 256
    assert specification.problem.bound["D"] == 3072
    assert specification.settings.timeout == 15_000
    assert specification.constraints.of("Scratchpad").keep == {"Inputs", "Weights"}
    assert specification.mapping is None
    assert len(specification.files) == 5


def test_attributes_are_inherited() -> None:
    scratchpad = gemmini().architecture.storage[4]
    assert scratchpad.attributes["technology"] == "32nm"
    assert scratchpad.attributes["latency"] == "1ns"


def test_the_flattened_form_reads_the_same(tmp_path: Path) -> None:
    specification = gemmini()
    file = tmp_path / "parsed-processed-input.yaml"
    file.write_text(dump_processed_input(specification.tree))
    again = load_specification([file])
    assert same(specification, again)
    assert dialect_of(load_yaml_file(file)) == "flattened"


def test_text_from_expressions_stays_text() -> None:
    tree = gemmini().tree
    again = load_yaml_text(dump_processed_input(tree))
    attributes = again["architecture"]["subtree"][0]["local"][0]["attributes"]
    assert isinstance(attributes["type"], QuotedStr)
    assert again == tree


def test_a_tree_can_be_given_instead_of_files() -> None:
    tree = load_tree([SPECS / "small.yaml"])
    from_tree = specification_from_v4_tree(tree)
    assert same(from_tree, load_specification([SPECS / "small.yaml"]))
    assert same(from_tree, read_specification(from_tree.tree))


def test_plain_dicts_are_read_too() -> None:
    def plain(value: Any) -> Any:
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        return [plain(v) for v in value] if isinstance(value, list) else value

    specification = gemmini()
    assert same(specification, read_specification(plain(specification.tree)))


def test_patterns_are_expanded_and_files_read_once(tmp_path: Path) -> None:
    text = (SPECS / "small.yaml").read_text()
    split = text.index("problem:")
    (tmp_path / "a.yaml").write_text(text[:split])
    (tmp_path / "b.yaml").write_text(text[split:])
    specification = load_specification([tmp_path / "*.yaml", tmp_path / "a.yaml"])
    assert specification.files == (str(tmp_path / "a.yaml"), str(tmp_path / "b.yaml"))
    assert specification.architecture == load_specification([SPECS / "small.yaml"]).architecture


def test_given_energy_and_mapping_are_honoured(tmp_path: Path) -> None:
    extra = tmp_path / "extra.yaml"
    extra.write_text(
        """
ERT:
  tables:
  - {name: "system_top_level.DRAM[1..1]", actions: [{name: read, energy: 64.0}, {name: leak, energy: 0}]}
mapping:
- {target: DRAM, type: temporal, factors: N=8 M=4 K=2, permutation: KMN}
- {target: Buffer, type: temporal, factors: N=4 M=1 K=4}
- {target: PE, type: spatial, factors: M=4 N=1 K=1}
- {target: Register, type: temporal, factors: M=1 N=1 K=1, permutation: MNK}
"""
    )
    specification = load_specification([SPECS / "small.yaml", extra])
    ert = specification.architecture.ert
    assert ert is not None
    assert ert.by_name["system_top_level.DRAM[1..1]"].energy_pj("read") == 64
    assert specification.architecture.art is None
    assert specification.mapping is not None
    assert [loop.dimension for loop in specification.mapping.level("DRAM").temporal] == ["K", "M", "N"]
    spatial = specification.mapping.level("inter_PE_spatial").spatial
    assert [(loop.dimension, loop.factor, loop.axis) for loop in spatial] == [("M", 4, "Y")]


def test_templates_see_the_values_given() -> None:
    folder = SPECS / "gemmini_norm"
    files = [
        folder / "arch.yaml",
        folder / "constraints.yaml",
        SPECS / "norm.yaml.jinja",
        SPECS / "variables.yaml",
    ]
    values = {"name": "norm", "row": 128, "sweeps": 3}
    assert load_specification(files, values).problem.bound == {"L": 4096, "E": 128, "D": 3}


scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=8),
    st.sampled_from(
        ["1e-9", "yes", "on", "010", "0x1F", "~", "null", "true", "-", "a: b", "# c", "*x", "{", " "]
    ),
)
keys = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=1, max_size=6)
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(keys, trees, max_size=4))
def test_what_is_written_is_read_back(tree: dict[str, Any]) -> None:
    text = dump_processed_input(tree)
    assert (load_yaml_text(text) if tree else {}) == tree


@pytest.mark.slow
def test_every_golden_input_is_read_and_written_back() -> None:
    files = sorted(GOLDEN.glob("mapper_inputs/*/input.yaml")) + sorted(GOLDEN.glob("mapper/*/input.yaml"))
    if not files:
        pytest.skip("golden data are not beside this checkout")
    for file in files:
        specification = load_specification([file])
        assert load_yaml_text(dump_processed_input(specification.tree)) == specification.tree
        assert specification.problem.macs > 0
