"""What users get wrong in specifications, and the one line that they read then.

Every case is a change to ``specs/small.yaml`` (or to its flattened form, or a file of its own), with the
whole text of the error: file, line, what is wrong, and the nearest valid name.
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from harness.errors import HarnessError, Unsupported
from harness.spec import dump_processed_input, load_specification

SMALL = Path(__file__).resolve().parent / "specs" / "small.yaml"


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def error_of(*files: str) -> str:
    with pytest.raises(HarnessError) as caught:
        load_specification(files)
    text = str(caught.value)
    assert "\n" not in text
    assert "Traceback" not in text
    return text


def changed(old: str, new: str) -> str:
    text = SMALL.read_text()
    assert old in text
    return text.replace(old, new, 1)


def test_the_unchanged_file_is_fine() -> None:
    specification = load_specification([SMALL])
    assert specification.architecture.level_names == ("Register", "inter_PE_spatial", "Buffer", "DRAM")


# (name, text in small.yaml, what stands there instead, the error)
V4 = [
    (
        "unknown-top-level-key",
        "mapper:",
        "maper:",
        "spec.yaml:48: unknown top-level key 'maper' (did you mean 'mapper'?)",
    ),
    (
        "unknown-key-architecture",
        "architecture:\n  version: 0.4",
        "architecture:\n  versoin: 0.4",
        "spec.yaml:6: unknown key 'versoin' in the architecture (did you mean 'version'?)",
    ),
    (
        "unknown-key-of-a-component",
        "    class: SRAM",
        "    clas: SRAM",
        "spec.yaml:17: unknown key 'clas' in a !Component (did you mean 'class'?)",
    ),
    (
        "unknown-key-of-a-component2",
        "    class: SRAM\n",
        "    class: SRAM\n    atributes: {}\n",
        "spec.yaml:18: unknown key 'atributes' in a !Component (did you mean 'attributes'?)",
    ),
    (
        "unknown-key-of-container",
        "    spatial: {meshX: SIZE}",
        "    spacial: {meshX: SIZE}",
        "spec.yaml:24: unknown key 'spacial' in a !Container (did you mean 'spatial'?)",
    ),
    (
        "unknown-key-of-spatial",
        "{meshX: SIZE}",
        "{meshZ: SIZE}",
        "spec.yaml:24: unknown key 'meshZ' in 'spatial' of 'PE' (did you mean 'meshY'?)",
    ),
    (
        "unknown-key-of-constraints",
        "      temporal: {f",
        "      temproal: {f",
        "spec.yaml:21: unknown key 'temproal' in 'constraints' of 'Buffer' (did you mean 'temporal'?)",
    ),
    (
        "unknown-key-of-temporal",
        "temporal: {factors",
        "temporal: {factor",
        "spec.yaml:21: unknown key 'factor' in a temporal constraint (did you mean 'factors'?)",
    ),
    (
        "unknown-key-of-spatial-constraint",
        "split: 1",
        "splits: 1",
        "spec.yaml:26: unknown key 'splits' in a spatial constraint (did you mean 'split'?)",
    ),
    (
        "unknown-key-of-dataspace-constraint",
        "bypass: [Weights]",
        "bypas: [Weights]",
        "spec.yaml:20: unknown key 'bypas' in a dataspace constraint (did you mean 'bypass'?)",
    ),
    (
        "spatial-only-key-in-temporal",
        "permutation: [K, N]}",
        "split: 1}",
        (
            "spec.yaml:21: unknown key 'split' in a temporal constraint (valid names: "
            "default_max_factor, default_min_factor, factors, factors_only, maximize_dims, "
            "maximize_dims_capacity, must_iterate_over_dataspaces, no_iteration_over_dataspaces, "
            "no_reuse, permutation, remainders, rmw_first_update, ...)"
        ),
    ),
    (
        "unknown-key-in-target",
        "keep: [Weights, In",
        "kepe: [Weights, In",
        "spec.yaml:47: unknown key 'kepe' in a dataspace constraint (did you mean 'keep'?)",
    ),
    (
        "unknown-key-of-constraints-top",
        "  targets:",
        "  target:",
        "spec.yaml:46: unknown key 'target' in 'constraints' (did you mean 'targets'?)",
    ),
    (
        "unknown-key-of-problem",
        "  instance:",
        "  instances:",
        "spec.yaml:44: unknown key 'instances' in the problem (did you mean 'instance'?)",
    ),
    (
        "unknown-key-of-shape",
        "    dimensions:",
        "    dimension:",
        "spec.yaml:39: unknown key 'dimension' in the shape of the problem (did you mean 'dimensions'?)",
    ),
    (
        "unknown-key-of-data-space",
        "read_write",
        "readwrite",
        "spec.yaml:43: unknown key 'readwrite' in a data space (did you mean 'read_write'?)",
    ),
    (
        "unknown-key-of-mapper",
        "timeout: 100",
        "time_out: 100",
        "spec.yaml:50: unknown key of the mapper 'time_out' (did you mean 'timeout'?)",
    ),
    (
        "misspelt-attribute",
        "read_bandwidth",
        "read_bandwith",
        "spec.yaml:18: Buffer: unknown attribute 'read_bandwith' (did you mean 'read_bandwidth'?)",
    ),
    (
        "misspelt-dimension-in-projection",
        "[[[M]], [[K]]]",
        "[[[M]], [[k]]]",
        "spec.yaml:41: unknown dimension 'k' in the projection of 'Weights' (did you mean 'K'?)",
    ),
    (
        "misspelt-dimension-in-factors",
        "[M=1]",
        "[m=1]",
        "spec.yaml:21: unknown dimension 'm' in factors (did you mean 'M'?)",
    ),
    (
        "unknown-dimension-in-permutation",
        "permutation: [K, N]",
        "permutation: [K, C]",
        "spec.yaml:21: unknown dimension 'C' in a permutation (valid names: K, M, N)",
    ),
    (
        "repeated-dimension-in-permutation",
        "permutation: [K, N]",
        "permutation: [K, K]",
        "spec.yaml:21: 'K' stands twice in a permutation",
    ),
    (
        "misspelt-data-space",
        "keep: [Inputs]",
        "keep: [Input]",
        "spec.yaml:20: unknown data space 'Input' (did you mean 'Inputs'?)",
    ),
    (
        "misspelt-data-space-in-target",
        "keep: [Weights, Inputs, Outputs]",
        "keep: [Weights, Inputs, Otputs]",
        "spec.yaml:47: unknown data space 'Otputs' (did you mean 'Outputs'?)",
    ),
    (
        "unknown-target",
        "target: DRAM",
        "target: DRM",
        "spec.yaml:47: unknown constraint target 'DRM' (did you mean 'DRAM'?)",
    ),
    (
        "target-missing",
        "target: DRAM, ",
        "",
        "spec.yaml:47: a constraint needs a 'target', the name of a node",
    ),
    (
        "unknown-type",
        "type: dataspace",
        "type: datespace",
        "spec.yaml:47: unknown constraint type 'datespace' (did you mean 'dataspace'?)",
    ),
    (
        "type-missing",
        " type: dataspace,",
        "",
        (
            "spec.yaml:47: a constraint needs a 'type' (one of spatial, temporal, dataspace, "
            "max_overbooked_proportion, utilization)"
        ),
    ),
    ("factor-syntax", "[M=1]", "[M1]", "spec.yaml:21: 'M1' is not a factor (write X=4, X<=4 or X>=4)"),
    ("factor-relation", "[M=1]", "[M<1]", "spec.yaml:21: 'M<1' is not a factor (write X=4, X<=4 or X>=4)"),
    (
        "factor-value",
        "[M=1]",
        "[M=one]",
        "spec.yaml:21: in expression 'one': undefined name 'one' (did you mean 'name'?)",
    ),
    (
        "factor-negative",
        "[M=1]",
        "[M=-3]",
        "spec.yaml:21: the factor 'M=-3' is negative (-1 leaves a dimension free, 0 takes all of it)",
    ),
    (
        "factor-float",
        "[M=1]",
        "[M=1.5]",
        "spec.yaml:21: the factor 'M=1.5' must be a whole number, not '1.5'",
    ),
    ("factor-mapping", "[M=1]", "{M: 1}", "spec.yaml:21: 'factors' must be a list, not a mapping"),
    (
        "contradicting-factors",
        "[M=1]",
        "[M=1, M=2]",
        "spec.yaml:21: factors on 'Buffer' contradict each other: M=1 and M=2",
    ),
    (
        "keep-and-bypass",
        "bypass: [Weights]",
        "bypass: [Inputs]",
        "spec.yaml:20: 'Inputs' is both kept and bypassed at 'Buffer'",
    ),
    (
        "attributes-list",
        "attributes: {width: 64, datawidth: 8}",
        "attributes: [64, 8]",
        "spec.yaml:14: 'attributes' of 'DRAM' must be a mapping, not a list",
    ),
    (
        "nodes-mapping",
        "  nodes:\n  - !Container\n    name: system\n    attributes: {technology: technology}",
        "  nodes: {}\n  ignore:\n  - !Container\n    name: system",
        "spec.yaml:7: the architecture has no nodes",
    ),
    (
        "depth-text",
        "depth: 1024",
        "depth: \"big\"",
        "spec.yaml:18: Buffer: attribute 'depth' must be a whole number, not 'big'",
    ),
    (
        "depth-negative",
        "depth: 1024",
        "depth: -4",
        "spec.yaml:18: Buffer: attribute 'depth' must be at least 0, not '-4'",
    ),
    (
        "width-not-multiple",
        "depth: 1024, width: 64",
        "depth: 1024, width: 60",
        "spec.yaml:18: Buffer: width 60 is not a multiple of word_bits x block_size = 8 x 1",
    ),
    ("dimension-zero", "M: 16", "M: 0", "spec.yaml:44: dimension 'M' must be at least 1, not 0"),
    ("dimension-negative", "M: 16", "M: -16", "spec.yaml:44: dimension 'M' must be at least 1, not -16"),
    (
        "dimension-fraction",
        "M: 16",
        "M: 16.5",
        "spec.yaml:44: the size of 'M' must be a whole number, not '16.5'",
    ),
    ("dimension-missing", "M: 16, ", "", "spec.yaml:44: the instance gives no size for dimension 'M'"),
    ("dimension-twice", "[M, N, K]", "[M, N, K, M]", "spec.yaml:39: dimension 'M' is given twice"),
    ("mesh-zero", "meshX: SIZE", "meshX: 0", "spec.yaml:24: meshX of 'PE' must be at least 1, not 0"),
    (
        "mesh-fraction",
        "meshX: SIZE",
        "meshX: SIZE / 3",
        "spec.yaml:24: meshX of 'PE' must be a whole number, not '1.3333333333333333'",
    ),
    (
        "mesh-text",
        "meshX: SIZE",
        "meshX: \"4x\"",
        "spec.yaml:24: meshX of 'PE' must be a whole number, not '4x'",
    ),
    (
        "duplicate-key",
        "  timeout: 100",
        "  timeout: 100\n  timeout: 200",
        "spec.yaml:51: duplicate key 'timeout' (first given in line 50)",
    ),
    (
        "broken-yaml",
        "  instance: {M: 16, N: 32, K: 8}",
        "  instance: {M: 16, N: 32, K: 8",
        "spec.yaml:45: broken YAML: did not find expected ',' or '}'",
    ),
    (
        "tab",
        "  algorithm",
        "\talgorithm",
        (
            "spec.yaml:49: broken YAML: found character that cannot start any token (indent with blanks, "
            "not with tabulators)"
        ),
    ),
    (
        "undefined-expression-variable",
        "SIZE: 4",
        "SIZES: 4",
        "spec.yaml:24: in expression 'SIZE': undefined name 'SIZE' (did you mean 'SIZES'?)",
    ),
    (
        "unknown-name",
        "depth: 1024",
        "depth: 1024 * SIE",
        "spec.yaml:18: in expression '1024 * SIE': undefined name 'SIE' (did you mean 'SIZE'?)",
    ),
    (
        "call-not-allowed",
        "depth: 1024",
        "depth: open('x')",
        "spec.yaml:18: in expression 'open('x')': unknown function 'open' (did you mean 'len'?)",
    ),
    (
        "import",
        "depth: 1024",
        "depth: __import__('os')",
        "spec.yaml:18: in expression '__import__('os')': the name '__import__' is not allowed",
    ),
    (
        "method-call",
        "depth: 1024",
        "depth: technology.upper()",
        (
            "spec.yaml:18: in expression 'technology.upper()': only functions that are called by their "
            "name are allowed"
        ),
    ),
    (
        "huge-power",
        "depth: 1024",
        "depth: 9**9**9",
        "spec.yaml:18: in expression '9**9**9': the result is too large",
    ),
    (
        "division-by-zero",
        "depth: 1024",
        "depth: 1024 / 0",
        "spec.yaml:18: in expression '1024 / 0': division by zero",
    ),
    (
        "unquoted-text",
        "technology: \"45nm\"",
        "technology: 45nm",
        "spec.yaml:4: in expression '45nm': not an expression (text must stand in quotes: \"45nm\")",
    ),
    (
        "cyclic",
        "  SIZE: 4",
        "  SIZE: HALF * 2\n  HALF: SIZE // 2",
        (
            "spec.yaml:3: in expression 'HALF * 2': undefined name 'HALF' ('HALF' is defined further "
            "down in line 4; entries see those above)"
        ),
    ),
    (
        "self",
        "  SIZE: 4",
        "  SIZE: SIZE + 1",
        "spec.yaml:3: in expression 'SIZE + 1': undefined name 'SIZE' ('SIZE' is defined by itself)",
    ),
    (
        "lambda-loop",
        "  SIZE: 4",
        "  SIZE: (lambda f:f(f))(lambda f:f(f))",
        "spec.yaml:3: in expression '(lambda f:f(f))(lambda f:f(f))': nested too deep",
    ),
    (
        "two-compute",
        "    attributes: {multiplier_width: 8}",
        "    attributes: {multiplier_width: 8}\n  - !Component {name: MAC2, class: intmac}",
        "spec.yaml:35: the architecture has more than one compute level: 'MAC', 'MAC2'",
    ),
    (
        "no-compute",
        "    class: intmac\n    attributes: {multiplier_width: 8}",
        "    class: storage\n    attributes: {width: 8, depth: 1, datawidth: 8}",
        "spec.yaml:6: the architecture has no compute component (class: compute or intmac)",
    ),
    (
        "node-not-mapping",
        "  - !Component\n    name: MAC",
        "  - 5\n  - !Component\n    name: MAC",
        "spec.yaml:31: a node of the architecture must be a mapping, not '5'",
    ),
    (
        "area-scale",
        "    class: regfile",
        "    class: regfile\n    area_scale: -2",
        "spec.yaml:30: 'area_scale' of 'Register' cannot be negative",
    ),
    (
        "networks",
        "    spatial: {meshX: SIZE}",
        "    networks: [{name: N, class: Legacy}]",
        "spec.yaml:24: 'networks' of 'PE' is not modelled",
    ),
    (
        "permutation-clash",
        "  - {target: DRAM, t",
        "  - {target: Buffer, type: temporal, permutation: [N, K]}\n  - {target: DRAM, t",
        (
            "spec.yaml:47: 'permutation' of 'Buffer' is given twice, differently: [K, N] and [N, K] "
            "(first given in spec.yaml:21)"
        ),
    ),
    (
        "factor-clash",
        "  - {target: DRAM, t",
        "  - {target: Buffer, type: temporal, factors: M=4}\n  - {target: DRAM, t",
        "spec.yaml:47: constraints on 'Buffer' contradict each other: M=1 and M=4",
    ),
    (
        "factors_only-clash",
        "{factors: [M=1], permutation: [K, N]}",
        "{factors: [M=2], factors_only: [M=4]}",
        "spec.yaml:21: factors_only and factors on 'Buffer' contradict each other: M=2 and M=4",
    ),
    (
        "no_iteration-clash",
        "{factors: [M=1], permutation: [K, N]}",
        "{factors: [M=2], no_iteration_over_dataspaces: [Weights]}",
        (
            "spec.yaml:21: no_iteration_over_dataspaces and factors on 'Buffer' contradict each other: "
            "M=2 and M=1"
        ),
    ),
    (
        "keep_only-clash",
        "bypass: [Weights]}",
        "bypass: [Weights], keep_only: [Weights]}",
        "spec.yaml:20: 'Inputs' stands under 'keep' and under 'bypass' of 'Buffer'",
    ),
    (
        "type-under-other-key",
        "temporal: {factors",
        "temporal: {type: spatial, factors",
        "spec.yaml:21: the constraint under 'temporal' says type 'spatial'",
    ),
    (
        "unevaluated-quoted-size",
        "M: 16",
        "M: \"many\"",
        "spec.yaml:44: the size of 'M' must be a whole number, not 'many'",
    ),
    (
        "coefficient",
        "    name: product",
        "    name: product\n    coefficients: [{nme: a, default: 1}]",
        "spec.yaml:39: a coefficient needs a 'name'",
    ),
    (
        "fan-out-in-parallel",
        "  - !Component\n    name: MAC",
        (
            "  - !Parallel\n    nodes:\n    - !Component {name: X, class: SRAM, spatial: {meshX: 2}, "
            "attributes: {width: 8, depth: 1, datawidth: 8}, constraints: {dataspace: {keep: "
            "[\"*\"]}}}\n  - !Component\n    name: MAC"
        ),
        (
            "spec.yaml:33: 'X', which has a fan-out, cannot stand directly under a !Parallel (put it "
            "under a !Hierarchical)"
        ),
    ),
    (
        "component-list",
        "mapper:",
        "compound_components: {classes: [5]}\nmapper:",
        "spec.yaml:48: a component class must be a mapping with a 'name'",
    ),
    (
        "spatial-constraint-without-fan-out",
        "      temporal: {f",
        "      spatial: {split: 1}\n      temporal: {f",
        (
            "spec.yaml:21: spatial constraint at 'Buffer', but there is no fan-out from it to "
            "'inter_PE_spatial'"
        ),
    ),
    (
        "two-spellings",
        "      spatial: {factors: [N=1],",
        "      spatial: {factors: [N=1], no-reuse: [Inputs], no_reuse: [Inputs],",
        (
            "spec.yaml:26: 'no_reuse' is given twice in a spatial constraint, with hyphens and with "
            "underscores"
        ),
    ),
    (
        "compute-not-last",
        "    attributes: {multiplier_width: 8}",
        (
            "    attributes: {multiplier_width: 8}\n  - !Component {name: Last, class: SRAM, attributes: "
            "{width: 8, depth: 1, datawidth: 8}}"
        ),
        "spec.yaml:32: the compute component 'MAC' must be the last node",
    ),
    (
        "unknown-class",
        "    class: regfile",
        "    class: register",
        "spec.yaml:29: unknown component class 'register' (did you mean 'regfile'?)",
    ),
    (
        "same-name",
        "name: Register",
        "name: Buffer",
        "spec.yaml:28: two nodes are called 'Buffer' (the first: spec.yaml:16)",
    ),
    ("no-name", "    name: Register\n", "", "spec.yaml:27: a node of the architecture needs a 'name'"),
    (
        "bad-name",
        "name: Register",
        "name: Reg[1..4]",
        "spec.yaml:28: 'Reg[1..4]' cannot be a name: no blanks, dots or brackets",
    ),
    (
        "no-datawidth",
        "{width: 64, datawidth: 8}",
        "{width: 64}",
        "spec.yaml:12: storage 'DRAM' needs the attribute 'datawidth'",
    ),
    (
        "unknown-tag",
        "- !Container\n    name: PE",
        "- !ArrayContainer\n    name: PE",
        "spec.yaml:22: unknown tag '!ArrayContainer' (did you mean '!Container'?)",
    ),
    (
        "no-tag",
        "- !Container\n    name: PE",
        "- name: PE",
        (
            "spec.yaml:22: a node of the architecture needs a tag (one of !Component, !Container, "
            "!Hierarchical, !Parallel, !Pipelined, !Nothing)"
        ),
    ),
    (
        "empty-branch",
        "  - !Component\n    name: MAC",
        "  - !Parallel {nodes: []}\n  - !Component\n    name: MAC",
        "spec.yaml:31: a !Parallel without nodes",
    ),
    (
        "container-in-parallel",
        "  - !Component\n    name: MAC",
        (
            "  - !Parallel\n    nodes:\n    - !Container {name: X, constraints: {dataspace: {keep: "
            "[\"*\"]}}}\n  - !Component\n    name: MAC"
        ),
        (
            "spec.yaml:33: a container cannot stand directly under a !Parallel (put it under a "
            "!Hierarchical)"
        ),
    ),
    (
        "nobody-keeps",
        "  - !Component\n    name: MAC",
        (
            "  - !Parallel\n    nodes:\n    - !Nothing {constraints: {dataspace: {keep: [Inputs, "
            "Outputs]}}}\n  - !Component\n    name: MAC"
        ),
        (
            "spec.yaml:31: no branch of the !Parallel keeps 'Weights' (keep it in one, or add '!Nothing "
            "{constraints: {dataspace: {keep: [Weights]}}}')"
        ),
    ),
    (
        "kept-twice",
        "  - !Component\n    name: MAC",
        (
            "  - !Parallel\n    nodes:\n    - !Nothing {constraints: {dataspace: {keep: [\"*\"]}}}\n    "
            "- !Nothing {constraints: {dataspace: {keep: [Inputs]}}}\n  - !Component\n    name: MAC"
        ),
        "spec.yaml:31: 'Inputs' is kept in two branches of a !Parallel: 'nothing' and 'nothing'",
    ),
    (
        "temporal-on-container",
        "      spatial: {factors: [N=1],",
        "      temporal: {factors: [N=2]}\n      spatial: {factors: [N=1],",
        (
            "spec.yaml:26: 'PE' is a container: it has no temporal loops to constrain (constrain a "
            "storage component)"
        ),
    ),
    (
        "maximize-no-capacity",
        "{factors: [M=1], permutation: [K, N]}",
        "{maximize_dims: [[M]]}",
        (
            "spec.yaml:21: 'maximize_dims' in the temporal constraint of 'Buffer' needs "
            "'maximize_dims_capacity'"
        ),
    ),
    (
        "maximize-fixed",
        "{factors: [M=1], permutation: [K, N]}",
        "{factors: [M=1], maximize_dims: [[M]], maximize_dims_capacity: 4}",
        "spec.yaml:21: cannot maximize 'M' of 'Buffer': it is constrained by M=1",
    ),
    (
        "sparse",
        "mapper:",
        "sparse_optimizations: {targets: [{target: DRAM, action_optimization: [1]}]}\nmapper:",
        "spec.yaml:48: an entry of 'action_optimization' must be a mapping",
    ),
    (
        "sparse-in-component",
        "    class: regfile",
        "    class: regfile\n    sparse_optimizations: {action_optimization: [{type: gating}]}",
        "spec.yaml:30: an action optimisation of 'Register' needs a 'target'",
    ),
    (
        "sparse-key",
        "    class: regfile",
        "    class: regfile\n    sparse_optimizations: {action_optimisation: [{type: gating}]}",
        (
            "spec.yaml:30: unknown key 'action_optimisation' in 'sparse_optimizations' of 'Register' "
            "(did you mean 'action_optimization'?)"
        ),
    ),
    ("layout", "mapper:", "layout: [1]\nmapper:", "spec.yaml:48: 'layout' is not modelled"),
    (
        "flatten",
        "    name: product",
        "    name: product\n    flatten: [M, N]",
        "spec.yaml:39: 'flatten' of a problem shape is not modelled",
    ),
    (
        "version",
        "problem:\n  version: 0.4",
        "problem:\n  version: 0.3",
        "spec.yaml:36: version 0.3 of the problem is not read, only 0.4",
    ),
    (
        "ert-no-energy",
        "mapper:",
        "ERT: {tables: [{name: \"system_top_level.DRAM[1..1]\", actions: [{name: read}]}]}\nmapper:",
        (
            "spec.yaml:48: ERT of system_top_level.DRAM[1..1]: energy of 'read' must be a number of 0 or "
            "more, not 'None'"
        ),
    ),
    (
        "ert-unknown-component",
        "mapper:",
        (
            "ERT: {tables: [{name: \"system_top_level.DRM[1..1]\", actions: [{name: read, energy: "
            "1}]}]}\nmapper:"
        ),
        (
            "spec.yaml:48: the ERT names 'system_top_level.DRM[1..1]', which the architecture does not "
            "have (did you mean 'system_top_level.DRAM[1..1]'?)"
        ),
    ),
    (
        "ert-not-list",
        "mapper:",
        "ERT: {tables: 5}\nmapper:",
        "spec.yaml:48: 'tables' of the ERT must be a list, not '5'",
    ),
    (
        "undefined-jinja",
        "SIZE: 4",
        "SIZE: {{ size }}",
        (
            "spec.yaml:3: undefined name in a template: 'size' is undefined (valid names: add_to_path, "
            "cwd, find_path, find_paths, include, include_all, include_text, path_exists, setenv)"
        ),
    ),
    (
        "jinja-syntax",
        "SIZE: 4",
        "SIZE: {{ size ",
        "spec.yaml:4: broken template: expected token 'end of print statement', got 'technology'",
    ),
    (
        "sandbox-escape",
        "SIZE: 4",
        "SIZE: {{ ''.__class__.__mro__[1].__subclasses__() }}",
        (
            "spec.yaml:3: the template may not do this: access to attribute '__class__' of 'str' object "
            "is unsafe."
        ),
    ),
    (
        "sandbox-escape2",
        "SIZE: 4",
        "SIZE: {{ include.__globals__ }}",
        (
            "spec.yaml:3: the template may not do this: access to attribute '__globals__' of 'method' "
            "object is unsafe."
        ),
    ),
    (
        "endless",
        "SIZE: 4",
        "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}\n  SIZE: 4",
        "spec.yaml:3: a template that loops: it does too much work or writes too much",
    ),
    (
        "include-outside",
        "SIZE: 4",
        "SIZE: {{ include_text('../../../../etc/passwd') }}",
        "spec.yaml:3: '../../../../etc/passwd' is outside the folders of the given files",
    ),
    (
        "include-missing",
        "SIZE: 4",
        "SIZE: {{ include('smal.yaml', 'variables.SIZE') }}",
        "spec.yaml:3: included file 'smal.yaml' not found (did you mean 'spec.yaml'?)",
    ),
    (
        "include-key",
        "SIZE: 4",
        "SIZE: {{ include('other.yaml', 'variables.SIEZ') }}",
        "spec.yaml:3: no 'SIEZ' in 'other.yaml' (did you mean 'SIZE'?)",
    ),
    ("unknown-alias", "SIZE: 4", "SIZE: *size", "spec.yaml:3: unknown alias '*size'"),
    (
        "python-tag",
        "SIZE: 4",
        "SIZE: !!python/object/apply:os.system [ls]",
        "spec.yaml:3: the YAML tag '!!python/object/apply:os.system' is not allowed",
    ),
    ("two-documents", "problem:\n", "---\nproblem:\n", "spec.yaml:35: more than one YAML document in a file"),
    (
        "algorithm",
        "algorithm: hybrid",
        "algorithm: hybird",
        "spec.yaml:49: unknown search algorithm 'hybird' (did you mean 'hybrid'?)",
    ),
    (
        "timeout-text",
        "timeout: 100",
        "timeout: \"soon\"",
        "spec.yaml:50: 'timeout' must be a whole number of at least 0, not 'soon'",
    ),
    (
        "enabled",
        "    class: regfile",
        "    class: regfile\n    enabled: \"yes\"",
        "spec.yaml:30: 'enabled' of 'Register' must be true or false, not 'yes'",
    ),
    (
        "globals",
        "mapper:",
        "globals: {expression_custom_functions: [evil.py]}\nmapper:",
        (
            "spec.yaml:48: 'expression_custom_functions' would run code of the specification; it is not "
            "read"
        ),
    ),
    (
        "read_write-text",
        "read_write: true",
        "read_write: \"maybe\"",
        "spec.yaml:43: 'read_write' of 'Outputs' must be true or false, not 'maybe'",
    ),
    (
        "no-output",
        ", read_write: true",
        "",
        "spec.yaml:40: no data space is read_write: a problem needs an output",
    ),
    (
        "instance-key",
        "K: 8}",
        "K: 8, Mx: 3}",
        "spec.yaml:44: unknown key in the problem's instance 'Mx' (did you mean 'M'?)",
    ),
    (
        "space-twice",
        "{name: Inputs, p",
        "{name: Weights, p",
        "spec.yaml:42: data space 'Weights' is given twice",
    ),
    (
        "mapping-target",
        "mapper:",
        "mapping:\n- {target: Bufer, type: temporal, factors: M=1}\nmapper:",
        "spec.yaml:49: unknown constraint target 'Bufer' (did you mean 'Buffer'?)",
    ),
    (
        "mapping-dim",
        "mapper:",
        "mapping:\n- {target: Buffer, type: temporal, factors: X=1}\nmapper:",
        "spec.yaml:49: unknown dimension 'X' in factors (valid names: K, M, N)",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "error"), [c[1:] for c in V4], ids=[c[0] for c in V4])
def test_v4(old: str, new: str, error: str) -> None:
    Path("spec.yaml").write_text(changed(old, new))
    Path("other.yaml").write_text("variables: {SIZE: 4}\n")
    assert error_of("spec.yaml") == error


NOT_MODELLED = ("layout", "flatten", "version", "globals")


@pytest.mark.parametrize("name", NOT_MODELLED)
def test_known_but_not_modelled_is_said_to_be_unsupported(name: str) -> None:
    old, new = next(c[1:3] for c in V4 if c[0] == name)
    Path("spec.yaml").write_text(changed(old, new))
    with pytest.raises(Unsupported):
        load_specification(["spec.yaml"])


def section(start: str, end: str) -> str:
    text = SMALL.read_text()
    return text[text.index(start) : text.index(end)]


PARTS = [
    (
        "no-problem",
        "problem:",
        "constraints:\n  targets",
        "",
        "spec.yaml: the specification has no 'problem'",
    ),
    (
        "no-architecture",
        "architecture:",
        "problem:",
        "",
        "spec.yaml: the specification has no 'architecture'",
    ),
    (
        "architecture-without-nodes",
        "architecture:",
        "problem:",
        "architecture: {version: 0.4}\n",
        "spec.yaml:5: the architecture has neither 'nodes' (version 0.4) nor 'subtree' (flattened form)",
    ),
    (
        "architecture-as-a-list",
        "architecture:",
        "problem:",
        "architecture: []\n",
        "spec.yaml:5: the architecture has no nodes",
    ),
    (
        "variables-as-a-list",
        "variables:",
        "architecture:",
        "variables: [1, 2]\n",
        "spec.yaml:1: 'variables' must be a mapping, not a list",
    ),
    (
        "no-storage",
        "  - !Component\n    name: DRAM",
        "  - !Component\n    name: MAC",
        "",
        "spec.yaml:6: the architecture has no storage component",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("start", "end", "new", "error"), [c[1:] for c in PARTS], ids=[c[0] for c in PARTS])
def test_v4_whole_parts(start: str, end: str, new: str, error: str) -> None:
    text = changed(section(start, end), new)
    if "no storage" in error:
        text = text.replace(section("constraints:\n  targets", "mapper:"), "")
    Path("spec.yaml").write_text(text)
    assert error_of("spec.yaml") == error


FLATTENED = [
    ("top-key", "mapper:", "maper:", "flat.yaml:155: unknown top-level key 'maper' (did you mean 'mapper'?)"),
    ("component-key", "class: DRAM", "clas: DRAM", "flat.yaml:13: DRAM[1..1]: a component needs a 'class'"),
    (
        "foreign-component-key",
        "    - name: Register[1..4]",
        "    - name: Register[1..4]\n      spatial: {meshX: 2}",
        "flat.yaml:70: unknown key in component 'Register[1..4]' 'spatial' "
        "(valid names: area_scale, attributes, class, enabled, energy_scale, name, required_actions, "
        "subclass)",
    ),
    (
        "subtree-key",
        "    local:",
        "    locals:",
        "flat.yaml:12: unknown key in subtree 'locals' (did you mean 'local'?)",
    ),
    (
        "attribute",
        "read_bandwidth",
        "read_bandwith",
        "flat.yaml:39: Buffer: unknown attribute 'read_bandwith' (did you mean 'read_bandwidth'?)",
    ),
    (
        "target",
        "target: Buffer",
        "target: Bufer",
        "flat.yaml:105: unknown storage level 'Bufer' (did you mean 'Buffer'?)",
    ),
    (
        "dimension",
        "factors: M=1",
        "factors: X=1",
        "flat.yaml:111: unknown dimension 'X' (valid names: K, M, N)",
    ),
    (
        "constraint-key",
        "split: 1",
        "splits: 1",
        "flat.yaml:115: unknown key of a spatial constraint 'splits' (did you mean 'split'?)",
    ),
    (
        "data-space",
        "keep: [Inputs]",
        "keep: [Input]",
        "flat.yaml:106: unknown data space 'Input' (did you mean 'Inputs'?)",
    ),
    (
        "problem-key",
        "  instance:",
        "  instances:",
        "flat.yaml:126: unknown key in the problem 'instances' (did you mean 'instance'?)",
    ),
    (
        "bound",
        "    M: 16",
        "    M: 0",
        "flat.yaml:127: the bound of dimension M must be a whole number of 1 or more, not '0'",
    ),
    (
        "mapper-key",
        "timeout: 100",
        "timeot: 100",
        "flat.yaml:157: unknown key of the mapper 'timeot' (did you mean 'timeout'?)",
    ),
    (
        "mapping-dimension",
        "mapping: []",
        "mapping:\n- {target: Buffer, type: temporal, factors: X=2, permutation: XMN}",
        "flat.yaml:155: unknown dimension in the factors: 'X' (valid names: K, M, N)",
    ),
    (
        "mapping-target",
        "mapping: []",
        "mapping:\n- {target: Bufer, type: temporal, factors: M=2, permutation: MNK}",
        "flat.yaml:155: unknown target 'Bufer' (did you mean 'Buffer'?)",
    ),
    (
        "sparse",
        "mapping: []",
        "sparse_optimizations: {targets: [{name: DRAM, action_optimization: [1]}]}",
        "flat.yaml:154: an entry of 'action_optimization' must be a mapping",
    ),
    (
        "mesh",
        "        meshX: 4\n",
        "        meshX: 3\n",
        "flat.yaml:84: Register: meshX x meshY = 3 x 1 does not make 4 instances",
    ),
]


@pytest.mark.parametrize(("old", "new", "error"), [c[1:] for c in FLATTENED], ids=[c[0] for c in FLATTENED])
def test_flattened(old: str, new: str, error: str) -> None:
    text = dump_processed_input(load_specification([SMALL]).tree)
    assert old in text
    Path("flat.yaml").write_text(text.replace(old, new, 1))
    assert error_of("flat.yaml") == error


ALIASES = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{below}'] * 10)}]\n"
    for below, name in zip("abcdefg", "bcdefgh", strict=True)
)
FILES = [
    ("empty", b"", "bad.yaml: the file is empty"),
    ("only-a-comment", b"# nothing\n", "bad.yaml: the file is empty"),
    ("a-list", b"- 1\n", "bad.yaml:1: a specification must be a mapping of keys at the top"),
    ("binary", bytes(range(256)), "bad.yaml: this is not a text file (not UTF-8)"),
    ("control-characters", b"a: \x00\x01", "bad.yaml: this is not a text file (it has control characters)"),
    ("nesting", b"a: " + b"[" * 100 + b"]" * 100, "bad.yaml:1: nested more than 64 levels deep"),
    ("alias-bomb", ALIASES.encode(), "bad.yaml:1: the aliases expand to more than 1000000 entries"),
    ("alias-in-itself", b"a: &a [*a]", "bad.yaml:1: an alias that contains itself"),
    ("list-as-key", b"[a, b]: 1", "bad.yaml:1: a key must be a plain word, not a list or a mapping"),
    ("merge-of-text", b"a: {<<: text}", "bad.yaml:1: only mappings can be merged with '<<'"),
]


@pytest.mark.parametrize(("content", "error"), [c[1:] for c in FILES], ids=[c[0] for c in FILES])
def test_files(content: bytes, error: str) -> None:
    Path("bad.yaml").write_bytes(content)
    assert error_of("bad.yaml") == error


def test_missing_file() -> None:
    assert error_of("nowhere.yaml") == "nowhere.yaml: no such file"
    assert error_of("arch/*.yaml") == "arch/*.yaml: no such file"


def test_folder() -> None:
    Path("folder.yaml").mkdir()
    assert error_of("folder.yaml") == "folder.yaml: this is a folder, not a file"


def test_file_that_includes_itself() -> None:
    Path("spec.yaml").write_text("!include spec.yaml\n" + SMALL.read_text())
    assert error_of("spec.yaml") == "spec.yaml: files that include each other without end"


def test_conflicting_values_across_files() -> None:
    Path("one.yaml").write_text(SMALL.read_text())
    Path("two.yaml").write_text("# more\nmapper: {timeout: 200}\n")
    assert error_of("one.yaml", "two.yaml") == (
        "two.yaml:2: 'timeout' is given twice, differently (first in one.yaml:50)"
    )


def test_conflicting_lists_across_files() -> None:
    Path("one.yaml").write_text(SMALL.read_text())
    Path("two.yaml").write_text("problem: {shape: {dimensions: [A, B]}}\n")
    assert error_of("one.yaml", "two.yaml") == (
        "two.yaml:1: 'dimensions' is given twice, differently (first in one.yaml:39)"
    )


def test_error_in_a_second_file_names_that_file() -> None:
    Path("one.yaml").write_text(SMALL.read_text())
    Path("two.yaml").write_text(
        "\nconstraints:\n  targets:\n  - {target: Bufer, type: temporal, factors: M=1}\n"
    )
    assert error_of("one.yaml", "two.yaml") == (
        "two.yaml:4: unknown constraint target 'Bufer' (did you mean 'Buffer'?)"
    )


def test_template_lines_are_those_of_the_template() -> None:
    lines = ["{% for i in range(7) %}", "{% endfor %}", "{% if false %}", "x: 1", "{% endif %}"]
    text = "\n".join(lines) + "\n" + changed("mapper:", "maper:")
    Path("spec.yaml.jinja").write_text(text)
    assert error_of("spec.yaml.jinja") == (
        "spec.yaml.jinja:53: unknown top-level key 'maper' (did you mean 'mapper'?)"
    )


VALUES = [
    "null",
    "[]",
    "{}",
    "5",
    "-1",
    "1.5",
    '"x"',
    "x",
    "true",
    "[1]",
    "{a: 1}",
    '"*"',
    "!Nothing",
    ".nan",
    "*x",
]


def damaged(text: str, chance: random.Random) -> str:
    """One value replaced, one line removed or doubled, or one character or word exchanged."""
    kind = chance.randrange(5)
    lines = text.split("\n")
    line = chance.randrange(len(lines))
    if kind == 0:
        place = chance.choice(
            list(re.finditer(r"(?<=: )[^\s,{}\[\]][^,}\]\n]*|\{[^{}\n]*\}|\[[^\[\]\n]*\]", text))
        )
        return text[: place.start()] + chance.choice(VALUES) + text[place.end() :]
    if kind == 1:
        return "\n".join(lines[:line] + lines[line + 1 :])
    if kind == 2:
        return "\n".join([*lines[:line], lines[line], *lines[line:]])
    if kind == 3:
        spot = chance.randrange(len(text))
        return text[:spot] + chance.choice("{}[]:,#&*!|>'\"%@\t\n0a=-") + text[spot + 1 :]
    words = list(re.finditer(r"\w+", text))
    one, other = chance.choice(words), chance.choice(words)
    return text[: one.start()] + other.group() + text[one.end() :]


@pytest.mark.parametrize("seed", range(150))
def test_damaged_files_are_read_or_refused_in_one_line_with_a_place(seed: int) -> None:
    chance = random.Random(seed)
    text = SMALL.read_text()
    if seed % 2:
        text = dump_processed_input(load_specification([SMALL]).tree)
    for _ in range(chance.choice([1, 1, 2])):
        text = damaged(text, chance)
    Path("damaged.yaml").write_text(text)
    try:
        specification = load_specification(["damaged.yaml"])
    except HarnessError as error:
        assert "\n" not in str(error)
        assert str(error).startswith("damaged.yaml")
    else:
        assert specification.problem.macs > 0
