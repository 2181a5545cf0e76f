"""Shipped architectures: what they render to, against the reference's own flattened inputs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from arches_cases import BERT_LARGE, PROBLEMS, constraint_of, flattened, levels_of, matmul, norm

from harness.errors import SpecError
from harness.spec.templates import list_architectures, load_architecture_template

GOLDEN = json.loads((Path(__file__).parent / "golden" / "arches_flattened.json").read_text())
ALL = {t.name: t for t in list_architectures()}
MAIN = {name: t for name, t in ALL.items() if t.variant_of is None}
FRONT_END_DEFAULTS = {
    "has_power_gating": False, "cluster_size": 1, "reduction_supported": True, "multiple_buffering": 1,
    "min_utilization": 0, "allow_overbooking": False, "power_gated_at": None, "version": "0.4",
}  # fmt: skip


def test_the_whole_list_is_there() -> None:
    assert set(MAIN) == {
        "gemmini", "gemmini_realistic", "eyeriss", "simba", "simba_right", "tpu", "tpu_2024", "pim_analog",
        "aimc", "aimc_v2", "dimc", "dimc_sequential", "os_array", "first_matmul", "eyeriss_gated",
    }  # fmt: skip


def _problem(bounds: dict[str, int]) -> Any:
    if len(bounds) == 3:
        return norm(bounds["L"], bounds["E"], bounds["D"])
    return matmul(bounds["D"], bounds["E"], bounds["L"])


def _own(attributes: dict[str, Any]) -> dict[str, Any]:
    missing = object()
    return {k: v for k, v in attributes.items() if FRONT_END_DEFAULTS.get(k, missing) != v}


def _by_target(constraints: list[dict[str, Any]]) -> dict[tuple[str, str], dict[str, Any]]:
    assert len({(c["target"], c["type"]) for c in constraints}) == len(constraints)
    return {(c["target"], c["type"]): _comparable(c) for c in constraints}


def _comparable(constraint: dict[str, Any]) -> dict[str, Any]:
    """Order matters in a permutation, not among factors or tensors."""
    result = dict(constraint)
    if "factors" in result:
        result["factors"] = sorted(result["factors"].split(","))
    for key in ("keep", "bypass"):
        if key in result:
            result[key] = sorted(result[key])
    return result


@pytest.mark.parametrize("case", sorted(GOLDEN))
def test_defaults_flatten_to_the_references_inputs(case: str) -> None:
    golden = GOLDEN[case]
    tree = flattened(
        golden["architecture"], _problem(golden["bounds"]), golden["operator"], golden["parameters"]
    )
    top = tree["architecture"]["subtree"][0]
    assert [top["name"], _own(top["attributes"])] == golden["top"]
    ours = [[n["name"], n["class"], n.get("subclass"), _own(n["attributes"])] for n in top["local"]]
    if case == "085_PIM_NOs__sm4096":  # the reference leaves the default type of DRAM unsaid
        assert ours[0][3].pop("type") == "LPDDR4"
    assert ours == golden["levels"]
    if golden["constraints"] is not None:
        targets = tree["architecture_constraints"]["targets"]
        assert _by_target(targets) == _by_target(golden["constraints"])


@pytest.mark.parametrize("name", sorted(MAIN))
def test_every_architecture_renders_for_every_operator_that_it_accepts(name: str) -> None:
    template = MAIN[name]
    assert template.all_operators == ("matmul", "conv", "norm")
    for operator in template.all_operators:
        for problem in PROBLEMS[operator]:
            tree = flattened(template, problem, operator, {})
            assert tree["architecture_constraints"]["targets"]
            top = tree["architecture"]["subtree"][0]["attributes"]
            assert top["global_cycle_seconds"] == template.parameter["global_cycle_seconds"].default


@pytest.mark.parametrize("name", sorted(MAIN))
def test_fusion_levels_are_levels(name: str) -> None:
    tree = flattened(name, BERT_LARGE["KQV"], "matmul", {})
    order = [level for level in levels_of(tree) if level in MAIN[name].fusion_levels]
    assert tuple(order) == MAIN[name].fusion_levels


@pytest.mark.parametrize("name", sorted(n for n, t in ALL.items() if t.variant_of is not None))
def test_norm_variants_take_the_same_parameters_and_refuse_the_rest(name: str) -> None:
    variant = ALL[name]
    base = ALL[variant.variant_of or ""]
    assert base.norm_variant == name
    assert [p.name for p in variant.parameters] == [p.name for p in base.parameters]
    with pytest.raises(SpecError, match=f"does not run matmul operators: .*use {base.name}"):
        variant.render({}, BERT_LARGE["KQV"], "matmul")


ALTERNATIVES = {
    "technology": "22nm", "system_technology": "22nm", "dram_type": "HBM2", "spad_width": 64,
    "cell_bits": 1, "adc_sharing": 64, "summed_at_once": 16, "columns_at_once": 16, "voltage": 0.9,
    "adc_bits": 6,
}  # fmt: skip
# What has to change along with a parameter, so that the checks of the template hold.
WITH = {
    ("simba", "input_bits"): {"weight_register_width": 1024},
    ("eyeriss", "accumulator_bits"): {"spad_width": 32},
    ("eyeriss_gated", "accumulator_bits"): {"spad_width": 32},
    ("pim_analog", "IMC_buffer_bandwidth"): {"use_IMC_as_buffer": True},
}


def _another_value(name: str, template: Any) -> Any:
    parameter = template.parameter[name]
    if name in ALTERNATIVES:
        return ALTERNATIVES[name]
    if parameter.type == "bool":
        return not parameter.default
    if parameter.type == "choice":
        return next(c for c in parameter.choices if c != parameter.default)
    if name == "min_array_fill":
        return 0.75
    if parameter.default is None:
        return 2048
    if name == "weight_register_cluster":
        return parameter.default // 2
    if isinstance(parameter.default, float):
        return parameter.default * 2
    return parameter.default * 2 if parameter.default else 1


@pytest.mark.parametrize("name", sorted(ALL))
def test_each_parameter_changes_what_is_rendered(name: str) -> None:
    template = ALL[name]
    unused = dict(template.unused)
    operator = template.operators[0]
    # Bounds that the sizes of arrays and registers do not divide, so that strictness shows.
    problem = matmul(3000, 20, 4096) if operator == "matmul" else norm(4096, 1600, 3)
    plain = template.render({}, problem, operator)
    for parameter in template.parameters:
        family = (template.variant_of or name).removesuffix("_right")
        extra: dict[str, Any] = dict(WITH.get((family, parameter.name), {}))
        if parameter.name == "strict_utilization" and template.parameter.get("min_array_fill") is not None:
            extra["min_array_fill"] = 1
        base = template.render(extra, problem, operator) if extra else plain
        changed = template.render(
            {**extra, parameter.name: _another_value(parameter.name, template)}, problem, operator
        )
        assert (changed != base) == (parameter.name not in unused), parameter.name


@pytest.mark.parametrize(
    ("dataflow", "kept", "dimensions"),
    [("WS", "Weights", "DEL"), ("IS", "Inputs", "ELD"), ("OS", "Outputs", "DLE")],
)
@pytest.mark.parametrize("shape", [(16, 16), (8, 32), (32, 8), (256, 16)])
def test_a_dataflow_decides_placement_and_factors(
    dataflow: str, kept: str, dimensions: str, shape: tuple[int, int]
) -> None:
    rows, columns, streamed = dimensions
    parameters = {"pe_rows": shape[0], "pe_cols": shape[1], "dataflow": dataflow}
    tree = flattened("gemmini", BERT_LARGE["KQV"], "matmul", parameters)
    others = {"D", "E", "L"} - {rows}
    assert constraint_of(tree, "inter_PERows_spatial", "spatial")["factors"] == {
        f"{rows}=": shape[0], **{f"{d}=": 1 for d in others},
    }  # fmt: skip
    others = {"D", "E", "L"} - {columns}
    assert constraint_of(tree, "inter_PECols_spatial", "spatial")["factors"] == {
        f"{columns}=": shape[1], **{f"{d}=": 1 for d in others},
    }  # fmt: skip
    registers = constraint_of(tree, "Registers", "temporal")
    assert registers["factors"] == {
        f"{streamed}=": 16, **{f"{d}=": 1 for d in {"D", "E", "L"} - {streamed}},
    }  # fmt: skip
    assert registers["permutation"][-1] == streamed
    assert constraint_of(tree, "Registers", "bypass")["keep"] == [kept]
    assert levels_of(tree)["MAC"]["name"] == f"MAC[1..{shape[0] * shape[1]}]"


def test_pim_dataflows_and_converters_follow_the_crossbar() -> None:
    shape = {"pe_rows": 64, "pe_cols": 256}
    stationary = flattened("pim_analog", BERT_LARGE["KQV"], "matmul", shape)
    assert constraint_of(stationary, "inter_PERows_spatial", "spatial")["factors"] == {
        "L=": 1, "E=": 1, "D>=": 16,
    }  # fmt: skip
    levels = levels_of(stationary)
    sizes = {n: levels[n]["attributes"] for n in ("D2A_NoC", "A2D_NoC")}
    assert {n: (a["n_PE_rows"], a["n_PE_cols"]) for n, a in sizes.items()} == {
        "D2A_NoC": (64, 32),
        "A2D_NoC": (64, 256),
    }
    moving = flattened("pim_analog", BERT_LARGE["KQV"], "matmul", {**shape, "dataflow": "IS"})
    assert constraint_of(moving, "scratchpad", "bypass")["keep"] == ["Inputs"]
    assert constraint_of(moving, "inter_PERows_spatial", "spatial")["factors"] == {
        "L=": 1, "D=": 1, "E>=": 16,
    }  # fmt: skip
    assert levels_of(moving)["D2A_NoC"]["subclass"] == "DAC_SimpleMulticast_Weights"


def test_ranges_are_lowered_to_what_the_problem_has_unless_strict() -> None:
    lowered = flattened("tpu", BERT_LARGE["VScores"], "matmul", {})
    assert constraint_of(lowered, "inter_PERows_spatial", "spatial")["factors"]["D>="] == 64
    strict = flattened("tpu", BERT_LARGE["VScores"], "matmul", {"strict_utilization": True})
    assert constraint_of(strict, "inter_PERows_spatial", "spatial")["factors"]["D>="] == 128
    odd = matmul(24, 24, 56)
    relaxed = flattened("gemmini", odd, "matmul", {})
    assert constraint_of(relaxed, "inter_PERows_spatial", "spatial")["factors"]["D="] == 12
    assert constraint_of(relaxed, "Registers", "temporal")["factors"]["L="] == 14
    pinned = flattened("gemmini", odd, "matmul", {"strict_utilization": "yes"})
    assert constraint_of(pinned, "inter_PERows_spatial", "spatial")["factors"]["D="] == 16


def test_2024_tpu_is_pinned_to_its_array() -> None:
    tree = flattened("tpu_2024", BERT_LARGE["KQV"], "matmul", {})
    assert constraint_of(tree, "inter_PERows_spatial", "spatial")["factors"]["D="] == 256
    levels = levels_of(tree)
    assert levels["UnifiedBuffer"]["attributes"]["entries"] == 524288
    assert levels["Accumulator"]["attributes"]["entries"] == 4096


def test_published_simba_and_simba_right_differ_in_two_depths() -> None:
    def depths(name: str) -> dict[str, int]:
        tree = flattened(name, BERT_LARGE["KQV"], "matmul", {})
        return {n: level["attributes"].get("depth") for n, level in levels_of(tree).items()}

    larger, smaller = depths("simba"), depths("simba_right")
    assert {n: (larger[n], smaller[n]) for n in larger if larger[n] != smaller[n]} == {
        "PEInputBuffer": (8192, 1024),
        "PEAccuBuffer": (128, 1024),
    }
    merged = levels_of(flattened("simba_right", norm(4096, 4096, 2), "norm", {}))["PEAccuBuffer"]
    assert merged["attributes"]["depth"] == 64 * 1024


def test_the_norm_lane_takes_chunks_that_divide_the_column() -> None:
    tree = flattened("gemmini", norm(1024, 1600, 3), "norm", {})
    assert constraint_of(tree, "Registers_Inputs", "temporal")["factors"] == {"E=": 800, "L=": 1}
    accumulator = constraint_of(tree, "Accumulator", "temporal")["factors"]
    assert accumulator == {"E=": 2, "L=": 32}
    small = flattened("gemmini", norm(512, 512, 2), "norm", {"accumulator_size": 128})
    assert constraint_of(small, "Accumulator", "temporal")["factors"] == {"E=": 1, "L=": 4}


def test_merged_accumulators_scale_with_the_rows() -> None:
    tree = flattened("gemmini", norm(4096, 4096, 2), "norm", {"pe_rows": 8, "accumulator_size": 32768})
    attributes = levels_of(tree)["Accumulator"]["attributes"]
    assert (attributes["entries"], attributes["read_bandwidth"]) == (8 * 32768, 32)


def test_the_crossbar_can_serve_the_norm_lane_as_a_buffer() -> None:
    tree = flattened("pim_analog", norm(4096, 4096, 2), "norm", {"use_IMC_as_buffer": True})
    assert constraint_of(tree, "IMC_as_buffer", "bypass")["keep"] == ["Inputs"]
    assert constraint_of(tree, "IMC_as_buffer", "temporal")["factors"] == {"E=": 4, "L=": 8, "D=": 1}
    assert constraint_of(tree, "shared_glb", "temporal")["factors"] == {"E=": 1, "L=": 4}
    idle = flattened("pim_analog", norm(4096, 4096, 2), "norm", {})
    assert constraint_of(idle, "IMC_as_buffer", "bypass")["bypass"] != []


def test_the_first_design_can_drop_its_register() -> None:
    with_register = levels_of(flattened("first_matmul", matmul(64, 64, 64), "matmul", {}))
    without = levels_of(flattened("first_matmul", matmul(64, 64, 64), "matmul", {"reg_enabled": "false"}))
    assert set(with_register) - set(without) == {"reg"}


def test_the_multiplier_is_true_unless_the_legacy_adder_is_asked_for() -> None:
    def parts(parameters: dict[str, str]) -> list[str]:
        tree = load_architecture_template("gemmini").render(parameters, BERT_LARGE["KQV"], "matmul")
        (mac,) = [c for c in tree["components"]["classes"] if c["name"] == "intmac"]
        return [s["class"] for s in mac["subcomponents"]]

    assert parts({}) == ["aladdin_adder", "aladdin_multiplier"]
    assert parts({"mac_multiplier": "bilinear_multiplier"}) == ["aladdin_adder", "aladdin_multiplier"]
    assert parts({"mac_multiplier": "legacy_adder"}) == ["aladdin_adder", "aladdin_adder"]


def test_rendering_again_gives_a_tree_of_its_own() -> None:
    template = load_architecture_template("eyeriss")
    first = template.render({}, BERT_LARGE["KQV"], "matmul")
    first["components"]["classes"].clear()
    first["architecture"]["nodes"][0]["name"] = "changed"
    second = template.render({}, BERT_LARGE["KQV"], "matmul")
    assert second["components"]["classes"]
    assert second["architecture"]["nodes"][0]["name"] == "system"
