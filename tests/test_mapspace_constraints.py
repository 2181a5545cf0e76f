"""Constraints in the flattened form: what is read, what is written, what is refused and in which words."""

from __future__ import annotations

from typing import Any

import pytest
from mapper_cases import array, gemm

from harness.errors import Location, SpecError, Unsupported
from harness.spec.constraints import Constraints
from harness.spec.flattened.constraints import read_constraints, write_constraints
from harness.spec.flattened.settings import read_settings
from harness.spec.yaml_loader import load_yaml_text


def read(*targets: dict[str, Any], **tree: Any) -> Constraints:
    return read_constraints(
        {"architecture_constraints": {"targets": list(targets)}, **tree}, array(), gemm(8, 8, 8)
    )


def factors_of(text: str) -> list[tuple[str, str, int]]:
    constraints = read({"target": "Buffer", "type": "temporal", "factors": text})
    block = constraints.of("Buffer").temporal
    assert block is not None
    return [(f.dimension, f.relation, f.value) for f in block.factors]


def test_factors_in_all_spellings() -> None:
    assert factors_of("M=4,K<=2 N>=8") == [("M", "=", 4), ("K", "<=", 2), ("N", ">=", 8)]
    assert factors_of("M4 K 2, N = 0") == [("M", "=", 4), ("K", "=", 2), ("N", "=", 0)]
    assert factors_of("M=4 # K=9") == [("M", "=", 4)]
    assert factors_of("") == []


def test_a_residual_is_kept_apart_from_the_next_factor() -> None:
    block = read({"target": "Buffer", "type": "temporal", "factors": "M=3,2,K=1"}).of("Buffer").temporal
    assert block is not None
    assert [(f.value, f.residual) for f in block.factors] == [(3, 2), (1, None)]


def test_permutation_prefix_and_suffix() -> None:
    block = read({"target": "DRAM", "type": "temporal", "permutation": "KN_M"}).of("DRAM").temporal
    assert block is not None
    assert (block.prefix, block.suffix, block.permutation_given) == (("K", "N"), ("M",), True)


def test_all_sources_are_merged_and_agreeing_repetition_is_no_conflict() -> None:
    constraints = read_constraints(
        {
            "architecture_constraints": {
                "targets": [
                    {"target": "Buffer", "type": "temporal", "factors": "M=2"},
                    {"target": "Buffer", "type": "bypass", "keep": ["Weights"]},
                ]
            },
            "mapspace": {
                "template": "uber",
                "constraints": [
                    {"target": "Buffer", "type": "temporal", "factors": "K=4,M=2"},
                    {"target": 1, "type": "dataspace", "bypass": ["Inputs"]},
                    {"name": "Registers", "type": "utilization", "attributes": {"min": 0.5}},
                ],
            },
        },
        array(),
        gemm(8, 8, 8),
    )
    buffer = constraints.of("Buffer")
    assert buffer.temporal is not None
    assert {(f.dimension, f.value) for f in buffer.temporal.factors} == {("M", 2), ("K", 4)}
    assert buffer.keep == {"Weights"} and buffer.bypass == {"Inputs"}
    assert constraints.min_parallelism == 0.5


def test_nested_constraints_of_a_target() -> None:
    constraints = read(
        {
            "target": "Buffer",
            "constraints": [
                {
                    "type": "temporal",
                    "factors": "M=2",
                    "no_reuse": ["Weights"],
                    "rmw_first_update": ["Outputs"],
                },
                {"type": "spatial", "split": 1, "no_link_transfer": ["Inputs"], "no_reuse": ["Weights"]},
            ],
        }
    )
    level = constraints.of("Buffer")
    assert level.temporal is not None and level.spatial is not None
    assert level.temporal.no_reuse == {"Weights"} and level.temporal.rmw_first_update == {"Outputs"}
    assert level.spatial.split == 1 and level.spatial.no_link_transfer == {"Inputs"}
    assert level.spatial.no_reuse == {"Weights"}


def test_written_constraints_read_back_the_same() -> None:
    constraints = read(
        {
            "target": "Buffer",
            "type": "spatial",
            "factors": "M<=2,K=2",
            "permutation": "M_K",
            "split": 1,
            "no_link_transfer": ["Inputs"],
            "default_max_factor": 4,
            "remainders": 3,
        },
        {
            "target": "DRAM",
            "type": "temporal",
            "factors": "N>=2",
            "permutation": "KNM",
            "default_min_factor": 1,
            "no_temporal_reuse": ["Weights"],
        },
        {
            "target": "Buffer",
            "type": "bypass",
            "keep": ["Inputs"],
            "bypass": ["Weights"],
            "no_coalesce": ["Inputs"],
        },
        {"target": "Registers", "type": "parallelism", "min": 0.25},
    )
    written = write_constraints(constraints, array(), gemm(8, 8, 8))
    again = read_constraints({"architecture_constraints": written}, array(), gemm(8, 8, 8))
    assert again == constraints
    assert written["targets"][0]["target"] == "DRAM"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ({"target": "Bufer", "type": "temporal"}, "unknown storage level 'Bufer' (did you mean 'Buffer'?)"),
        ({"target": 7, "type": "temporal"}, "storage level 7 does not exist: there are 3"),
        ({"type": "temporal"}, "a constraint without 'target'"),
        ({"target": "Buffer"}, "a constraint without 'type'"),
        (
            {"target": "Buffer", "type": "temporl"},
            "unknown constraint type 'temporl' (did you mean 'temporal'?)",
        ),
        (
            {"target": "Buffer", "type": "temporal", "factors": "X=2"},
            "unknown dimension 'X'",
        ),
        (
            {"target": "Buffer", "type": "temporal", "factors": "M=2;K=1"},
            "cannot read the factors 'M=2;K=1' at ';K=1'",
        ),
        ({"target": "Buffer", "type": "temporal", "factors": "M<=0"}, "the bound of 'M<=' must be positive"),
        (
            {"target": "Buffer", "type": "temporal", "factors": "M=2,M=4"},
            "'M' is constrained twice: =2 and =4",
        ),
        ({"target": "Buffer", "type": "temporal", "factors": 4}, "factors must be text such as"),
        ({"target": "Buffer", "type": "temporal", "permutation": "MKX"}, "unknown dimension 'X'"),
        ({"target": "Buffer", "type": "temporal", "permutation": "MKM"}, "'M' occurs twice"),
        (
            {"target": "Buffer", "type": "temporal", "permuation": "MKN"},
            "unknown key of a temporal constraint 'permuation' (did you mean 'permutation'?)",
        ),
        (
            {"target": "Buffer", "type": "temporal", "split": 1},
            "unknown key of a temporal constraint 'split'",
        ),
        (
            {"target": "Buffer", "type": "spatial", "split": -1},
            "'split' must be a whole number of at least 0",
        ),
        (
            {"target": "Registers", "type": "spatial", "split": 1},
            "spatial constraint at 'Registers', but there is no fan-out from it to 'MAC'",
        ),
        (
            {"target": "Buffer", "type": "bypass", "keep": ["Weigths"]},
            "unknown data space 'Weigths' (did you mean 'Weights'?)",
        ),
        (
            {"target": "Buffer", "type": "bypass", "keep": ["Weights"], "bypass": ["Weights"]},
            "'Weights' is both kept and bypassed at Buffer",
        ),
        ({"target": "Buffer", "type": "bypass", "keep": 3}, "'keep' must be a list of data spaces"),
        (
            {"target": "DRAM", "type": "parallelism", "min": 0.5},
            "it must target the innermost storage level, 'Registers'",
        ),
        ({"target": "Registers", "type": "parallelism", "min": 2}, "'min' must be a number from 0 to 1"),
    ],
)
def test_malformed_constraints_say_what_is_wrong(target: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(target)
    assert message in str(caught.value)


def test_contradictions_between_two_entries() -> None:
    with pytest.raises(SpecError, match="factor of 'M' is given twice for Buffer"):
        read(
            {"target": "Buffer", "type": "temporal", "factors": "M=2"},
            {"target": "Buffer", "type": "temporal", "factors": "M=4"},
        )
    with pytest.raises(SpecError, match=r"permutation of Buffer .* is given twice"):
        read(
            {"target": "Buffer", "type": "temporal", "permutation": "MKN"},
            {"target": "Buffer", "type": "temporal", "permutation": "NKM"},
        )
    with pytest.raises(SpecError, match="'Inputs' is both kept and bypassed"):
        read(
            {"target": "Buffer", "type": "bypass", "keep": ["Inputs"]},
            {"target": "Buffer", "type": "bypass", "bypass": ["Inputs"]},
        )
    with pytest.raises(SpecError, match="both 'mapspace' and 'mapspace_constraints'"):
        read(mapspace={"template": "uber"}, mapspace_constraints=[])


@pytest.mark.parametrize("kind", ["max_overbooked_proportion", "skew"])
def test_what_is_not_modelled_is_refused(kind: str) -> None:
    with pytest.raises(Unsupported, match=f"'{kind}' is not modelled"):
        read({"target": "Buffer", "type": kind, "proportion": 0.5})


def test_errors_name_the_line() -> None:
    tree = load_yaml_text(
        "architecture_constraints:\n  targets:\n  - target: Buffer\n"
        "    type: temporal\n    factors: M=4,Z=1\n",
        "constraints.yaml",
    )
    with pytest.raises(SpecError) as caught:
        read_constraints(tree, array(), gemm(8, 8, 8))
    assert caught.value.location == Location("constraints.yaml", 5)


def test_settings_in_both_spellings_with_defaults() -> None:
    settings = read_settings(
        {
            "mapper": {
                "optimization-metric": ["edp", "delay", "energy"],
                "num-threads": 12,
                "victory-condition": 800,
                "algorithm": "random-pruned",
                "search_size": None,
                "optimization_metrics": None,
                "log_stats": True,
            },
            "mapspace": {"template": "ruby"},
        }
    )
    assert settings.metrics == ("edp", "delay", "energy")
    assert (settings.threads, settings.victory_condition, settings.timeout) == (12, 800, 1000)
    assert (settings.algorithm, settings.search_size, settings.template) == ("random_pruned", 0, "ruby")
    assert read_settings({}).algorithm == "hybrid"


@pytest.mark.parametrize(
    ("mapper", "message"),
    [
        (
            {"victory_conditon": 3},
            "unknown key of the mapper 'victory_conditon' (did you mean 'victory_condition'?)",
        ),
        ({"algorithm": "hybird"}, "unknown search algorithm 'hybird' (did you mean 'hybrid'?)"),
        ({"optimization_metrics": ["edp", "latency"]}, "unknown optimization metric 'latency'"),
        ({"num_threads": 0}, "'num_threads' must be a whole number of at least 1"),
        ({"timeout": "soon"}, "'timeout' must be a whole number of at least 0, not 'soon'"),
        ({"diagnostics": "yes"}, "'diagnostics' must be true or false"),
        ({"timeout": 1, "num-threads": 1, "num_threads": 2}, "'num_threads' is given in two spellings"),
        ({"optimization_metrics": {"edp": 1}}, "'optimization_metrics' must be a metric or a list"),
    ],
)
def test_malformed_settings_say_what_is_wrong(mapper: dict[str, Any], message: str) -> None:
    with pytest.raises(SpecError) as caught:
        read_settings({"mapper": mapper})
    assert message in str(caught.value)


def test_unknown_template_and_map_space_key() -> None:
    with pytest.raises(SpecError, match=r"unknown map space template 'rubi' \(did you mean 'ruby'\?\)"):
        read_settings({"mapspace": {"template": "rubi"}})
    with pytest.raises(SpecError, match=r"unknown key of the map space 'templte'"):
        read_settings({"mapspace": {"templte": "uber"}})
