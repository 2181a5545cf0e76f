"""Reading and writing the flattened form: architecture, problem, mapping, ERT and ART."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from harness.errors import HarnessError, InvalidMapping, SpecError, Unsupported
from harness.spec.architecture import Architecture
from harness.spec.flattened import (
    read_architecture,
    read_art,
    read_ert,
    read_mapping,
    read_problem,
    write_art,
    write_ert,
    write_mapping,
    write_problem,
)
from harness.spec.mapping import Loop
from harness.spec.problem import Problem, Term
from harness.spec.yaml_loader import load_yaml_text

ARCHITECTURE = """
architecture:
  version: '0.4'
  subtree:
  - name: System
    attributes: {technology: 32nm, global_cycle_seconds: 1e-9}
    local:
    - {name: 'DRAM[1..1]', class: DRAM, attributes: {width: 64, datawidth: 8, shared_bandwidth: 8}}
    subtree:
    - name: Chip
      attributes: {latency: 1ns}
      local:
      - {name: 'Glb[1..1]', class: smartbuffer_SRAM, attributes: {depth: 1024, width: 64, word-bits: 16}}
      - {name: adder, class: intadder, attributes: {width: 8}}
      subtree:
      - name: 'PE[0..7]'
        local:
        - name: Reg
          class: regfile
          subclass: aladdin_register
          attributes: {entries: 4, word-bits: 8, block-size: 1, meshX: 4, network-word-bits: 12,
                       energy-per-ingress: 0.5, network_type: '1:N', multiple-buffering: 2}
        - {name: MAC, class: intmac, attributes: {datawidth: 8, meshX: 4}}
"""

PROBLEM = """
problem:
  shape:
    name: conv
    dimensions: [R, P, K]
    coefficients: [{name: Stride, default: 1}, {name: Dilation, default: 1}]
    data_spaces:
    - {name: Weights, projection: [R, K]}
    - {name: Inputs, projection: [[[R, Dilation], [P, Stride]]]}
    - {name: Outputs, projection: [[[P]], [[K]]], read_write: true}
  instance: {R: 3, P: 8, K: 16, Stride: 2}
"""


def tree(text: str, name: str = "test.yaml") -> Any:
    return load_yaml_text(text, name)


def architecture(text: str = ARCHITECTURE) -> Architecture:
    return read_architecture(tree(text))


def problem(text: str = PROBLEM) -> Problem:
    return read_problem(tree(text))


class TestArchitecture:
    def test_levels_from_inner_to_outer(self) -> None:
        a = architecture()
        assert a.level_names == ("Reg", "Glb", "DRAM")
        assert [s.full_name for s in a.storage] == [
            "System.Chip.PE[0..7].Reg",
            "System.Chip.Glb[1..1]",
            "System.DRAM[1..1]",
        ]
        assert (a.arithmetic.name, a.arithmetic.instances, a.arithmetic.mesh_y) == ("MAC", 8, 2)
        assert [a.fanout(i) for i in range(3)] == [(1, 1), (4, 2), (1, 1)]
        assert [c.name for c in a.others] == ["adder"]

    def test_old_spellings(self) -> None:
        reg = architecture().storage[0]
        assert (reg.word_bits, reg.block_size, reg.network_word_bits) == (8, 1, 12)
        assert (reg.energy_per_ingress, reg.network_type) == (0.5, "1:N")
        assert (reg.multiple_buffering, reg.effective_size_words) == (2, 2)

    def test_block_size_and_size_follow_from_width_and_depth(self) -> None:
        glb = architecture().storage[1]
        assert (glb.block_size, glb.size_words, glb.cluster_size) == (4, 4096, 1)

    def test_inherited_attributes_are_for_estimators(self) -> None:
        reg = architecture().storage[0]
        assert reg.attributes["technology"] == "32nm"
        assert reg.attributes["latency"] == "1ns"
        assert reg.attributes["subclass"] == "aladdin_register"
        assert architecture().storage[2].attributes["datawidth"] == 8

    def test_disabled_components_are_dropped(self) -> None:
        text = ARCHITECTURE.replace("class: smartbuffer_SRAM,", "class: smartbuffer_SRAM, enabled: false,")
        assert architecture(text).level_names == ("Reg", "DRAM")

    def test_a_node_alone(self) -> None:
        whole = tree(ARCHITECTURE)
        assert read_architecture(whole["architecture"]) == read_architecture(whole)

    def test_size_in_kilobytes(self) -> None:
        text = ARCHITECTURE.replace("{depth: 1024, width: 64, word-bits: 16}", "{sizeKB: 2, word_bits: 16}")
        assert architecture(text).storage[1].size_words == 1024

    def test_deprecated_bandwidth_is_halved(self) -> None:
        text = ARCHITECTURE.replace("shared_bandwidth: 8", "bandwidth: 6")
        dram = architecture(text).storage[2]
        assert (dram.read_bandwidth, dram.write_bandwidth) == (3, 3)

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("shared_bandwidth", "shared_bandwith", r"test\.yaml:8: DRAM: unknown attribute "
             r"'shared_bandwith' \(did you mean 'shared_bandwidth'"),
            ("depth: 1024", "dept: 1024", "unknown attribute 'dept' .did you mean 'depth'"),
            ("meshX: 4, network", "meshx: 4, network", "unknown attribute 'meshx'.*did you mean 'meshX'"),
            ("depth: 1024", "depth: 1K", "attribute 'depth' must be a whole number, not '1K'"),
            ("depth: 1024", "depth: -1", "attribute 'depth' must be at least 0, not '-1'"),
            ("width: 64, word-bits: 16", "width: 60, word-bits: 16", "width 60 is not a multiple"),
            ("width: 64, word-bits: 16", "width: 64, word-bits: 16, block_size: 2, cluster_size: 1",
             "block_size x word_bits x cluster_size = 2 x 16 x 1 is not the width 64"),
            ("depth: 1024, width: 64", "depth: 1024, sizeKB: 1, width: 64", "sizeKB or entries/depth"),
            ("depth: 1024, width: 64", "width: 64", "only a DRAM may be without size"),
            ("shared_bandwidth: 8", "shared_bandwidth: 0", "must be greater than 0"),
            ("shared_bandwidth: 8", "cluster_size: 2", "a DRAM must have cluster_size 1"),
            ("shared_bandwidth: 8", "power_gated_at: Gbl", "unknown level 'Gbl' .did you mean 'Glb'"),
            ("shared_bandwidth: 8", "network_read: NoC", "network_read names an unknown network 'NoC'"),
            ("shared_bandwidth: 8", "num_ports: 3", "num_ports must be 1 or 2"),
            ("shared_bandwidth: 8", "min_utilization: 0.5", "min_utilization needs a size"),
            ("meshX: 4, network", "meshX: 3, network", "meshX x meshY = 3 x 2 does not make 8"),
            ("datawidth: 8, meshX: 4", "datawidth: 8, meshX: 8", "meshY 1 of 'MAC' is not a multiple"),
            ("network_type: '1:N'", "network_type: '1:M'", "unknown network_type '1:M'"),
            ("class: intmac", "class: intmul", "no compute component"),
            ("name: Reg\n", "name: Glb\n", "the name 'Glb' is used twice"),
            ("class: regfile", "clas: regfile", "needs a 'class'"),
            ("class: regfile", "class: regfile\n          size: 3", "unknown key in component 'Reg' 'size'"),
            ("    local:\n    - {name: 'DRAM", "    locals:\n    - {name: 'DRAM",
             "unknown key in subtree 'locals' .did you mean 'local'"),
            ("subtree:\n  - name: System", "subtrees:\n  - name: System", "needs a 'subtree'"),
        ],
    )  # fmt: skip
    def test_mistakes_are_named(self, old: str, new: str, message: str) -> None:
        assert old in ARCHITECTURE
        with pytest.raises(SpecError, match=message) as caught:
            architecture(ARCHITECTURE.replace(old, new))
        assert caught.value.location is not None
        assert caught.value.location.file == "test.yaml"

    def test_both_ends_of_a_link_name_the_same_network(self) -> None:
        text = ARCHITECTURE.replace(
            "- {name: adder, class: intadder, attributes: {width: 8}}",
            "- {name: NoC, class: SimpleMulticast, attributes: {action_name: send, per_datatype_ERT: true}}",
        ).replace("depth: 1024", "depth: 1024, network_read: NoC")
        with pytest.raises(SpecError, match="both ends of a link must name the same network"):
            architecture(text)
        a = architecture(text.replace("entries: 4", "entries: 4, network_fill: NoC"))
        assert a.networks[0].action_name == "send"
        assert a.networks[0].per_datatype_ert

    def test_empty_sparse_optimisations_are_none(self) -> None:
        for nothing in ("[]", "[{name: Glb, action_optimization: []}]"):
            sparse = f"{ARCHITECTURE}\nsparse_optimizations: {{targets: {nothing}}}\n"
            assert architecture(sparse) == architecture()

    def test_overbooking_without_sparse_optimisations_means_nothing(self) -> None:
        overbooked = ARCHITECTURE.replace("depth: 1024", "depth: 1024, allow_overbooking: true")
        found = architecture(overbooked)
        assert found.sparse is None
        assert [level.size_words for level in found.storage] == [
            level.size_words for level in architecture().storage
        ]


class TestProblem:
    def test_projection_forms(self) -> None:
        p = problem()
        assert (p.dimensions, p.bounds, p.name) == (("R", "P", "K"), (3, 8, 16), "conv")
        assert p.data_space("Weights").ranks == ((Term("R"),), (Term("K"),))
        assert p.data_space("Inputs").ranks == ((Term("R", 1), Term("P", 2)),)
        assert p.data_space("Outputs").read_write
        assert p.has_sliding_windows

    def test_round_trip(self) -> None:
        assert read_problem(write_problem(problem())) == problem()

    def test_bounds_beside_the_shape(self) -> None:
        text = PROBLEM.replace(
            "instance: {R: 3, P: 8, K: 16, Stride: 2}", "R: 3\n  P: 8\n  K: 16\n  Stride: 2"
        )
        assert problem(text) == problem()

    def test_bounds_of_other_shapes_are_passed_over(self) -> None:
        assert problem(PROBLEM.replace("K: 16,", "K: 16, H: 5,")) == problem()

    def test_densities_change_nothing_else(self) -> None:
        dense, sparse = (
            problem(),
            problem(PROBLEM.replace("Stride: 2", "Stride: 2, densities: {Weights: 0.5}")),
        )
        assert sparse.density_of("Weights").density == 0.5
        assert replace(sparse, densities=()) == dense

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("P: 8,", "", "bound of dimension P must be a whole number of 1 or more, not 'None'"),
            ("P: 8,", "P: 0,", "bound of dimension P .* not '0'"),
            ("P: 8,", "p: 8,", "unknown key in the problem's instance 'p' .did you mean 'P'"),
            ("Stride: 2", "Stide: 2", "unknown key in the problem's instance 'Stide' .did you mean 'Stride'"),
            ("[R, K]", "[R, M]", "unknown dimension in the projection of Weights: 'M'"),
            ("[P, Stride]", "[P, Strid]", "unknown coefficient in the projection of Inputs: 'Strid'"),
            ("[P, Stride]", "[P, Stride, 2]", "a term must be"),
            ("[R, P, K]", "[R, P, Kin]", "a dimension must be one letter, not 'Kin'"),
            ("[R, P, K]", "[R, P, R]", "dimension R is listed twice"),
            (", read_write: true", "", "needs an output"),
            ("name: Inputs", "name: Weights", "data space Weights is listed twice"),
            ("projection: [R, K]", "projections: [R, K]", "unknown key in data space Weights 'projections'"),
            ("dimensions: [R", "dimension: [R", "unknown key in the problem's shape 'dimension'"),
            ("default: 1}, {name: D", "default: x}, {name: D", "needs a whole number as 'default'"),
        ],
    )
    def test_mistakes_are_named(self, old: str, new: str, message: str) -> None:
        assert old in PROBLEM
        with pytest.raises(SpecError, match=message) as caught:
            problem(PROBLEM.replace(old, new))
        assert caught.value.location is not None

    def test_flattened_dimensions_are_unsupported(self) -> None:
        with pytest.raises(Unsupported, match="flattened"):
            problem(
                PROBLEM.replace(
                    "    data_spaces:", "    flatten: [{name: F, dimensions: [R, P]}]\n    data_spaces:"
                )
            )


MAPPING = """
mapping:
- {target: Reg, type: datatype, keep: [Outputs], bypass: [Weights, Inputs]}
- {target: Reg, type: temporal, factors: R3 P1 K1, permutation: RPK}
- {target: Glb, type: spatial, factors: 'P=2 K=4', permutation: [K, P, R], split: 1}
- {target: 1, type: temporal, factors: 'P=2,K=2', permutation: 'K P'}
- {target: DRAM, type: temporal, factors: [P2, K2], no_reuse: [Weights], rmw_first_update: [Outputs]}
- {target: DRAM, type: bypass, no_coalesce: [Outputs]}
"""


class TestMapping:
    def read(self, text: str = MAPPING) -> Any:
        return read_mapping(tree(text)["mapping"], architecture(), problem())

    def test_all_factor_and_permutation_forms(self) -> None:
        reg, glb, dram = self.read().levels
        assert reg.temporal == (Loop("R", 3, 3),)
        assert glb.spatial == (Loop("K", 4, 4, "X"), Loop("P", 2, 2, "Y"))
        assert glb.temporal == (Loop("K", 2, 2), Loop("P", 2, 2))
        assert dram.temporal == (Loop("P", 2, 2), Loop("K", 2, 2))

    def test_what_is_kept_and_directed(self) -> None:
        reg, glb, dram = self.read().levels
        assert reg.keep == {"Outputs"}
        assert glb.keep == dram.keep == {"Weights", "Inputs", "Outputs"}
        assert dram.no_temporal_reuse == {"Weights"}
        assert dram.rmw_first_update == dram.no_coalesce == {"Outputs"}

    def test_round_trip(self) -> None:
        mapping = self.read()
        written = write_mapping(mapping, architecture(), problem())
        assert read_mapping(written, architecture(), problem()) == mapping

    def test_residuals(self) -> None:
        text = MAPPING.replace("factors: 'P=2,K=2'", "factors: 'P2,1 K2'").replace("[P2, K2]", "'P3 K2'")
        wider = PROBLEM.replace("P: 8,", "P: 10,")
        mapping = read_mapping(tree(text)["mapping"], architecture(), problem(wider))
        assert mapping.level("Glb").temporal[1] == Loop("P", 2, 1)
        written = write_mapping(mapping, architecture(), problem(wider))
        assert any(e.get("factors", "").count("P2,1") for e in written)
        assert read_mapping(written, architecture(), problem(wider)) == mapping

    def test_factor_zero_is_the_whole_dimension(self) -> None:
        mapping = self.read(MAPPING.replace("factors: R3 P1 K1", "factors: R0 P1 K1"))
        assert mapping.level("Reg").temporal == (Loop("R", 3, 3),)

    def test_without_split_all_loops_lie_along_x(self) -> None:
        mapping = self.read(MAPPING.replace(", split: 1", ""))
        assert {loop.axis for loop in mapping.level("Glb").spatial} == {"X"}

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("factors: R3 P1", "factors: R2 P1", "factors of dimension R make 2, but its size is 3"),
            ("target: Glb", "target: Gbl", "unknown target 'Gbl' .did you mean 'Glb'"),
            ("target: 1,", "target: 7,", "unknown target '7'"),
            (
                "type: spatial",
                "type: spacial",
                "unknown mapping directive type 'spacial' .did you mean 'spatial'",
            ),
            (
                "keep: [Outputs]",
                "keep: [Output]",
                "unknown data space in keep: 'Output' .did you mean 'Outputs'",
            ),
            ("keep: [Outputs]", "keep: Outputs", "'keep' must be a list"),
            ("R3 P1 K1", "R3 P1 M1", "unknown dimension in the factors: 'M'"),
            ("R3 P1 K1", "R3 P1 P1", "two factors for dimension P"),
            ("R3 P1 K1", "R3 * P1", "cannot read the factors"),
            ("R3 P1 K1", "'R3,4 P1 K1'", "residual 4 of dimension R must lie between 1 and the factor 3"),
            ("permutation: RPK", "permutation: RPQ", "unknown dimension in the permutation: 'Q'"),
            ("permutation: RPK", "permutation: RPR", "dimension R appears twice"),
            ("split: 1", "split: one", "split must be a whole number"),
            ("no_reuse: [Weights]", "no_reuze: [Weights]", "unknown key in a temporal directive 'no_reuze'"),
            ("no_reuse: [Weights]", "no_reuse: [Weights], no_temporal_reuse: [Inputs]", "not both"),
            (
                "target: DRAM, type: temporal",
                "target: Reg, type: temporal",
                "second temporal directive for 'Reg'",
            ),
            ("target: Glb, type: spatial", "target: DRAM, type: spatial", "no spatial loops possible"),
        ],
    )
    def test_mistakes_are_named(self, old: str, new: str, message: str) -> None:
        assert old in MAPPING
        with pytest.raises((SpecError, InvalidMapping), match=message) as caught:
            self.read(MAPPING.replace(old, new, 1))
        assert caught.value.location is not None

    def test_wrong_sizes_list_the_contributions(self) -> None:
        with pytest.raises(InvalidMapping) as caught:
            self.read(MAPPING.replace("factors: [P2, K2]", "factors: [P3, K2]"))
        assert caught.value.message == "the factors of dimension P make 12, but its size is 8"
        assert caught.value.hint == "inner to outer: Glb spatial 2 x Glb temporal 2 x DRAM temporal 3"
        with pytest.raises(InvalidMapping, match=r"size is 8 .*Glb temporal 2,1 x"):
            self.read(MAPPING.replace("factors: 'P=2,K=2'", "factors: 'P2,1 K2'"))
        with pytest.raises(InvalidMapping, match=r"R make 1, .* 3 \(no level has a factor above 1 for it\)"):
            self.read(MAPPING.replace("factors: R3", "factors: R1"))

    @pytest.mark.parametrize(
        ("permutation", "split"),
        [
            ("[K, P, R]", "give split: 1"),
            ("[R, K, P]", "give split: 2"),
            ("[P, K, R]", "give split: 1 and a permutation that begins with K"),
        ],
    )
    def test_a_missing_split_is_noted(self, permutation: str, split: str) -> None:
        text = MAPPING.replace("permutation: [K, P, R], split: 1", f"permutation: {permutation}")
        hint = self.read(text).level("Glb").split_hint
        assert hint == f"without 'split' all spatial loops of Glb lie along X; {split}"

    def test_no_split_is_advised_where_none_helps_or_one_is_given(self) -> None:
        assert self.read().level("Glb").split_hint is None
        all_k = MAPPING.replace(
            "factors: 'P=2 K=4', permutation: [K, P, R], split: 1", "factors: 'K=8'"
        ).replace("factors: 'P=2,K=2'", "factors: 'P=4,K=1'")
        assert self.read(all_k).level("Glb").split_hint is None

    @pytest.mark.parametrize(
        ("written", "whole"),
        [("P=2,1 K=4", "P=2,1 K=4"), ("P=2,K=4", "P=2,K=4"), ("P=2, 1", "P=2,1"), ("K4,3,P=2", "K4,3,P=2")],
    )
    def test_factors_cut_at_a_comma_need_quotes(self, written: str, whole: str) -> None:
        with pytest.raises(SpecError) as caught:
            self.read(MAPPING.replace("factors: 'P=2 K=4'", f"factors: {written}"))
        assert caught.value.message.startswith("unknown key in a spatial directive '")
        assert caught.value.hint == f"within braces, quote factors with a comma: factors: '{whole}'"
        assert caught.value.location is not None

    def test_skew_is_unsupported(self) -> None:
        with pytest.raises(Unsupported, match="skew"):
            self.read(MAPPING + "- {target: Glb, type: skew, modulo: 2, terms: []}\n")

    def test_not_a_list(self) -> None:
        with pytest.raises(SpecError, match="must be a list"):
            self.read("mapping: {target: Glb}")


ERT = """
ERT:
  version: '0.4'
  tables:
  - name: S.Buf[1..4]
    actions:
    - {name: read, arguments: {delta: 0}, energy: 1.5}
    - {name: read, arguments: {delta: 1}, energy: 2.5}
    - {name: write, energy: 1}
ART:
  version: '0.4'
  tables: [{name: 'S.Buf[1..4]', area: 12.5}]
"""


class TestEnergyTables:
    def test_read_and_round_trip(self) -> None:
        ert, art = read_ert(tree(ERT)), read_art(tree(ERT)["ART"])
        assert ert.by_name["S.Buf[1..4]"].energy_pj("read") == 2.5
        assert ert.by_name["S.Buf[1..4]"].energy_pj("leak") is None
        assert art.by_name == {"S.Buf[1..4]": 12.5}
        assert read_ert(write_ert(ert)) == ert
        assert read_art(write_art(art)) == art

    def test_version_2(self) -> None:
        actions = "{read: [{arguments: {d: 0}, energy: 1}, {energy: 3}], leak: 0.5}"
        old = f"ERT: {{version: 0.2, tables: {{S.Buf: {actions}}}}}"
        buf = read_ert(tree(old)).by_name["S.Buf"]
        assert (buf.energy_pj("read"), buf.energy_pj("leak")) == (3, 0.5)

    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("energy: 1.5", "energy: much", "energy of 'read' must be a number of 0 or more, not 'much'"),
            ("energy: 1.5", "enery: 1.5", "unknown key in an action of .* 'enery' .did you mean 'energy'"),
            ("energy: 1.5", "energy: -1", "0 or more, not '-1'"),
            ("area: 12.5", "area: null", "'area' must be a number"),
            ("version: '0.4'\n  tables:\n", "version: '0.7'\n  tables:\n", "unknown ERT version '0.7'"),
            ("  tables:\n", "  table:\n", "the ERT needs 'tables'"),
            ("- name: S.Buf", "- nam: S.Buf", "needs 'name'"),
        ],
    )
    def test_mistakes_are_named(self, old: str, new: str, message: str) -> None:
        node = tree(ERT.replace(old, new, 1))
        with pytest.raises(SpecError, match=message) as caught:
            (read_ert(node), read_art(node["ART"]))
        assert re.match(r"test\.yaml:\d+: ", str(caught.value))


def test_readers_called_by_themselves_raise_no_traceback() -> None:
    broken = tree(PROBLEM)["problem"]
    broken["shape"]["coefficients"] = {"Stride": 1}
    with pytest.raises(SpecError, match="'coefficients' must be a list"):
        read_problem(broken)
    for kind in ({"a": 1}, ["temporal"]):
        with pytest.raises(SpecError, match="unknown mapping directive type"):
            read_mapping([{"type": kind, "target": "Reg"}], architecture(), problem())


def test_attributes_of_estimators_may_lie_near_names_of_the_model() -> None:
    a = architecture(ARCHITECTURE.replace("depth: 1024, width: 64", "depth: 1024, n_entries: 9, width: 64"))
    assert a.storage[1].attributes["n_entries"] == 9


def test_plain_data_needs_no_positions() -> None:
    with pytest.raises(HarnessError) as caught:
        read_architecture({"architecture": {"subtree": []}})
    assert caught.value.location is None
