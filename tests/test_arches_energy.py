"""Energies and areas of the shipped architectures: the reference's own, and the mended ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from arches_cases import BERT_LARGE, norm

from harness.errors import EstimationError, SpecError
from harness.estimation import Estimate, EstimationOptions, estimate
from harness.spec.flattened.problem import write_problem
from harness.spec.loading import specification_from_v4_tree
from harness.spec.template_parameters import Parameter
from harness.spec.templates import list_architectures, load_architecture_template

GOLDEN = json.loads((Path(__file__).parent / "golden" / "arches_energy.json").read_text())
CONFIGURATIONS = json.loads((Path(__file__).parents[1] / "hw_configs.json").read_text())
MAIN = [t.name for t in list_architectures() if t.variant_of is None]
FROM_TABLES = EstimationOptions(use_hwcomponents=False)
"""The shipped architectures must be answered where no CACTI executable runs."""


def _estimate(name: str, operator: str, parameters: dict[str, Any]) -> Estimate:
    problem = norm(4096, 4096, 2) if operator == "norm" else BERT_LARGE["KQV"]
    tree = load_architecture_template(name).render(parameters, problem, operator)
    tree["problem"] = write_problem(problem)
    spec = specification_from_v4_tree(tree)
    return estimate(spec.architecture, spec.compound_components, FROM_TABLES)


def _energies(found: Estimate) -> dict[str, dict[str, float]]:
    return {c.name.split(".", 1)[1]: {a.action: a.energy_pj for a in c.actions} for c in found.ert.components}


@pytest.mark.parametrize("case", sorted(GOLDEN))
def test_legacy_switches_give_the_references_tables_to_the_last_digit(case: str) -> None:
    golden = GOLDEN[case]
    found = _estimate(golden["architecture"], golden["operator"], golden["parameters"])
    energies = _energies(found)
    assert {n: energies[n] for n in golden["ert_pj"]} == golden["ert_pj"]
    areas = {name.split(".", 1)[1]: area for name, area in found.art.areas}
    assert {n: areas[n] for n in golden["art_um2"]} == golden["art_um2"]


def test_the_true_multiplier_costs_more_than_the_adder_in_its_place() -> None:
    true = _energies(_estimate("gemmini", "matmul", {}))["MAC[1..256]"]["compute"]
    legacy = _energies(_estimate("gemmini", "matmul", {"mac_multiplier": "legacy_adder"}))["MAC[1..256]"]
    assert legacy["compute"] == 0.350374
    # An adder of 32 bits and a multiplier of 8, both from 40 to 32 nm.
    assert true == pytest.approx((0.21 + 12.68 * 8 / 32) * 0.834224, rel=1e-5)


def test_the_bilinear_multiplier_is_scaled_by_both_its_widths() -> None:
    found = _estimate("gemmini", "matmul", {"mac_multiplier": "bilinear_multiplier", "input_bits": 8})
    (mac,) = [a for a in found.answers if a.action == "compute"]
    # The library's rule: an adder of 32 bits and a multiplier of 8/32 x 8/32, both from 40 to 32 nm.
    assert mac.value == pytest.approx((0.21 + 12.68 * 8 / 32 * 8 / 32) * 0.834224, rel=1e-6)
    assert mac.note == (
        "1 x adder.add (width 32, 40 -> 32 nm x0.834) + "
        "1 x multiplier.multiply (width_a 8 x width_b 8 of 32, bilinear, 40 -> 32 nm x0.834)"
    )


def test_every_architecture_with_an_integer_mac_has_all_three_multipliers() -> None:
    offered = {
        t.name: next(p.choices for p in t.parameters if p.name == "mac_multiplier")
        for t in list_architectures()
        if t.variant_of is None and any(p.name == "mac_multiplier" for p in t.parameters)
    }
    assert len(offered) > 10
    for name, choices in offered.items():
        macs = []
        for choice in choices:
            found = _estimate(name, "matmul", {"mac_multiplier": choice})
            macs.append(next(a.value for a in found.answers if a.action == "compute"))
        assert sorted(macs, reverse=True) == macs and len(set(macs)) == len(choices) == 3, name


def test_pim_counts_every_conversion_and_cell() -> None:
    energies = _energies(_estimate("pim_analog", "matmul", {}))
    assert energies["D2A_NoC"]["transfer_Inputs"] == 6.7584
    assert energies["A2D_NoC"]["transfer_Outputs"] == 223.207
    assert energies["mac[1..16384]"]["compute"] == 0.23424
    assert energies["scratchpad[1..16384]"]["read"] == pytest.approx(8 * 0.0066)
    wider = _energies(_estimate("pim_analog", "matmul", {"pe_cols": 256}))
    assert wider["D2A_NoC"]["transfer_Inputs"] == pytest.approx(2 * 6.7584)
    charged = _energies(_estimate("pim_analog", "matmul", {"dac_columns": 128}))
    assert charged["D2A_NoC"]["transfer_Inputs"] == pytest.approx(8 * 6.7584)


def test_pim_streams_weights_when_inputs_rest() -> None:
    energies = _energies(_estimate("pim_analog", "matmul", {"dataflow": "IS"}))
    assert energies["D2A_NoC"] == {"transfer_Weights": 6.7584}


@pytest.mark.parametrize("name", MAIN)
@pytest.mark.parametrize("operator", ["matmul", "norm"])
def test_every_component_is_answered_from_the_tables(name: str, operator: str) -> None:
    found = _estimate(name, operator, {})
    energies = _energies(found)
    assert energies["DRAM[1..1]"]["read"] > 0
    mac = next(actions for level, actions in energies.items() if level.lower().startswith("mac["))
    assert (mac["compute"] == 0) == (operator == "norm")


@pytest.mark.parametrize("index", range(len(CONFIGURATIONS)))
def test_every_shipped_configuration_is_answered_from_the_tables(index: int) -> None:
    given = {k: v for k, v in CONFIGURATIONS[index].items() if k != "arch"}
    for operator in ("matmul", "norm"):
        energies = _energies(_estimate(CONFIGURATIONS[index]["arch"], operator, given))
        assert energies["DRAM[1..1]"]["read"] == 512.0


def _other_values(parameter: Parameter) -> list[Any]:
    """Some allowed or refused values beside the default."""
    default = parameter.default
    if parameter.type == "bool":
        return [not default]
    if parameter.type == "choice":
        return [c for c in parameter.choices if c != default]
    if parameter.type == "text":
        return ["22nm", "65nm"]
    size = default if isinstance(default, int | float) else 0
    return [size * 2, size // 2, size + 1, 1, 0, 16, 256, 65536]


@pytest.mark.parametrize("name", MAIN)
def test_each_parameter_changes_a_figure_unless_it_says_that_it_does_not(name: str) -> None:
    template = load_architecture_template(name)

    def figures(operator: str, parameters: dict[str, Any]) -> object:
        problem = norm(4096, 4096, 2) if operator == "norm" else BERT_LARGE["KQV"]
        tree = template.render(parameters, problem, operator)
        tree["problem"] = write_problem(problem)
        spec = specification_from_v4_tree(tree)
        found = estimate(spec.architecture, spec.compound_components, FROM_TABLES)
        return spec.architecture, spec.constraints, found.ert, found.art

    operators = ("matmul", "norm")
    base = {operator: figures(operator, {}) for operator in operators}
    for parameter in template.parameters:
        if parameter.name == "strict_utilization":  # the sizes of this problem divide
            continue
        silent = "in no figure" in parameter.meaning
        changed = False
        for value in _other_values(parameter):
            for operator in operators:
                try:
                    changed = changed or figures(operator, {parameter.name: value}) != base[operator]
                except EstimationError:  # outside the tables: it reaches the estimators
                    changed = True
                except SpecError:  # not with the other defaults
                    continue
        assert changed != silent, parameter.name


WITH_VOLTAGE = [n for n in MAIN if n != "pim_analog"]


@pytest.mark.parametrize("name", WITH_VOLTAGE)
def test_a_voltage_reaches_every_part_of_the_chip_but_no_dram(name: str) -> None:
    for operator in ("matmul", "norm"):
        plain, scaled = (_estimate(name, operator, given) for given in ({}, {"voltage": 0.9}))
        assert dict(scaled.art.areas) == dict(plain.art.areas)
        before = {(a.component, a.action): a for a in plain.answers if a.action is not None}
        for answer in scaled.answers:
            if answer.action is None:
                continue
            of_dram = "DRAM" in answer.component
            unchanged = answer.value == before[answer.component, answer.action].value
            assert unchanged == (of_dram or answer.value == 0), (answer.component, answer.action)
            used = {name for part in answer.parts if part.value for name, _ in part.finding.attributes}
            assert ("voltage" in used) == (answer.value > 0 and not of_dram), (
                answer.component,
                answer.action,
            )


@pytest.mark.parametrize("node", [7, 14, 22, 28, 32, 45, 65])
@pytest.mark.parametrize("name", ["gemmini", "eyeriss", "simba", "first_matmul"])
def test_nodes_are_answered_and_warned_about_outside_a_range(name: str, node: int) -> None:
    found = _estimate(name, "matmul", {"technology": f"{node}nm"})
    warnings = {warning for answer in found.answers for warning in answer.warnings}
    told = {what for what in ("SRAM", "logic") if any(w.startswith(what) for w in warnings)}
    has_sram = any("accelergy_cacti" in answer.estimator for answer in found.answers)
    assert told == {*(["SRAM"] if node < 22 and has_sram else []), *(["logic"] if node in (22, 28) else [])}


def test_energy_and_area_fall_with_the_nodes_that_the_library_lists() -> None:
    for level, action in (("Scratchpad", "read"), ("Accumulator", "write"), ("MAC", "compute")):
        energies, areas = [], []
        for node in (65, 45, 32, 14, 7):
            found = _estimate("gemmini", "matmul", {"technology": f"{node}nm"})
            of_level = {a.action: a.value for a in found.answers if f".{level}[" in a.component}
            energies.append(of_level[action])
            areas.append(of_level[None])
        assert energies == sorted(energies, reverse=True)
        assert areas == sorted(areas, reverse=True)
