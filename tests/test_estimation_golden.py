"""Energy and area tables equal those of the reference programs, digit by digit.

The figures are those of 12 architectures; tests/golden/ert.json lists, for three of them, the layers that
the reference evaluated with the same tables. Levels that stand for spatial fan-out are left out: the
reference gives them 1 um^2 of placeholder area.
"""

from __future__ import annotations

import pytest
import yaml
from estimation_cases import SHARED, component_classes, golden_architecture, golden_cases

from harness.estimation import EstimationOptions, estimate
from harness.spec.flattened import read_architecture, read_art, read_ert, write_art, write_ert
from harness.spec.yaml_loader import load_yaml_file

OPTIONS = EstimationOptions(use_hwcomponents=False)
LEGACY = EstimationOptions(use_hwcomponents=False, legacy_action_share=True)


def _short(name):
    return name.split("[")[0].split(".")[-1]


def _differences(case):
    golden = golden_cases()[case]
    classes = component_classes(*golden["classes"], address_generator=golden["address_generator"])
    result = estimate(golden_architecture(case), classes, LEGACY)
    count, wrong = 0, []
    for name, actions in golden["ert"].items():
        if "inter_" in name:
            continue
        found = {(a.action, a.arguments): a.energy_pj for a in result.ert.by_name[name].actions}
        assert len(found) == len(actions), name
        for action, arguments, energy in actions:
            count += 1
            if found.get((action, tuple(arguments.items()))) != energy:
                wrong.append((name, action, arguments, energy, found))
    for name, area in golden["art"].items():
        if "inter_" in name:
            continue
        count += 1
        if result.art.by_name[name] != area:
            wrong.append((name, "area", area, result.art.by_name[name]))
    assert set(result.ert.by_name) == {n for n in golden["ert"] if "inter_" not in n}
    assert set(result.art.by_name) == set(golden["art"])
    return count, wrong


@pytest.mark.parametrize("case", list(golden_cases()))
def test_every_value_equals_the_reference(case):
    count, wrong = _differences(case)
    assert wrong == []
    assert count >= 20


def test_the_ten_pairs_have_268_values():
    total = sum(
        len(golden["layers"]) * _differences(case)[0]
        for case, golden in golden_cases().items()
        if golden["layers"]
    )
    assert total == 268


CHECKED = {
    "gemmini": {
        "DRAM": {"read": 512.0, "write": 512.0, "leak": 0.0},
        "Scratchpad": {"read": 57.039, "write": 54.0501, "leak": 0.0274069, "area": 901693.0},
        "Accumulator": {"read": 4.54186, "write": 3.49104, "leak": 0.00100326},
        "Registers": {"read": 0.00649104, "write": 0.0109044, "leak": 1.0574e-07, "area": 2.09537},
        "MAC": {"compute": 0.350374, "leak": 0.00480513},
    },
    "gemmini_norm": {
        "Accumulator": {"read": 14.7046, "write": 13.6538, "leak": 0.0176953, "area": 472741.0},
        "Registers_Inputs": {"read": 1.03123, "write": 0.924934},
        "MAC": {"compute": 0.0},
    },
    "tpu": {
        "DRAM": {"read": 4480.0},
        "UnifiedBuffer": {"read": 315.867, "write": 298.633, "leak": 2.31509, "area": 29897500.0},
        "WeightsFIFO": {"read": 33.9776, "write": 31.6385, "leak": 0.0272424, "area": 350627.0},
        "Accumulator": {"read": 2.03707, "write": 1.83002, "leak": 0.00116468, "area": 12366.8},
        "Registers": {"read": 0.00851179, "write": 0.014282},
        "MAC": {"compute": 0.195106, "area": 281.707},
    },
    "pim": {
        "DRAM": {"read": 512.0},
        "shared_glb": {"read": 43.8762, "write": 40.8873, "leak": 0.0138269, "area": 424389.0},
        "D2A_NoC": {"transfer_Inputs": 6.7584, "area": 169.984},
        "A2D_NoC": {"transfer_Outputs": 223.207, "area": 2032.5},
        "scratchpad": {"read": 0.0066, "write": 0.0033, "area": 0.0},
        "mac": {"compute": 0.23424, "area": 0.012207},
    },
}


@pytest.mark.parametrize("case", list(CHECKED))
def test_figures_of_the_published_architectures(case):
    golden = golden_cases()[case]
    result = estimate(golden_architecture(case), component_classes(*golden["classes"]), OPTIONS)
    energies = {_short(c.name): c for c in result.ert.components}
    areas = {_short(name): area for name, area in result.art.areas}
    for component, figures in CHECKED[case].items():
        for action, value in figures.items():
            found = areas[component] if action == "area" else energies[component].energy_pj(action)
            assert found == value, (component, action)


def test_action_share_counts_unless_told_otherwise():
    classes = component_classes("pim")
    architecture = golden_architecture("pim")

    def figures(options):
        by_name = estimate(architecture, classes, options).ert.by_name
        prefix = "system_arch_top_level."
        return (
            by_name[prefix + "mac[1..16384]"].energy_pj("compute"),
            by_name[prefix + "D2A_NoC"].energy_pj("transfer_Inputs"),
            by_name[prefix + "A2D_NoC"].energy_pj("transfer_Outputs"),
        )

    assert figures(OPTIONS) == (0.23424, 6.7584, 223.207)
    assert figures(LEGACY) == (0.01464, 0.0264, 2.08587)


def test_multicast_networks_get_one_entry_per_number_of_destinations():
    result = estimate(golden_architecture("pim"), component_classes("pim"), OPTIONS)
    actions = result.ert.by_name["system_arch_top_level.D2A_NoC"].actions
    assert [a.arguments for a in actions] == [(("num_destinations", n),) for n in range(1, 17)]


def test_fanout_levels_cost_nothing_by_default_and_what_the_reference_charges_on_request():
    architecture, classes = golden_architecture("pim"), component_classes("pim")
    name = "system_arch_top_level.inter_PECols_spatial[1..128]"
    free = estimate(architecture, classes, OPTIONS)
    assert name not in free.ert.by_name
    assert free.art.by_name[name] == 0
    charged = estimate(
        architecture,
        classes,
        EstimationOptions(use_hwcomponents=False, dummy_energy_pj=1.0, dummy_area_um2=1.0),
    )
    golden = golden_cases()["pim"]
    found = [[a.action, dict(a.arguments), a.energy_pj] for a in charged.ert.by_name[name].actions]
    assert found == golden["ert"][name]
    assert charged.art.by_name[name] == golden["art"][name]


def test_every_line_of_the_tables_names_its_estimator():
    result = estimate(
        golden_architecture("eyeriss"), component_classes("two_adders", "smartbuffers"), OPTIONS
    )
    lines = sum(len(c.actions) for c in result.ert.components) + len(result.art.areas)
    assert len(result.answers) == lines
    by_line = {(_short(a.component), a.action): a for a in result.answers}
    glb = by_line["shared_glb", "read"]
    assert glb.estimator == "accelergy_cacti_table + accelergy_library"
    assert glb.accuracy == 80
    assert round(glb.value, 4) == 18.2320
    assert by_line["DRAM", "read"].estimator == "dram"
    assert all(a.estimator and 0 < a.accuracy <= 100 for a in result.answers)


def test_the_tables_as_files_can_be_read_again():
    result = estimate(golden_architecture("pim"), component_classes("pim"), OPTIONS)
    energies = read_ert(yaml.safe_load(yaml.safe_dump({"ERT": write_ert(result.ert)}, sort_keys=False)))
    areas = read_art(yaml.safe_load(yaml.safe_dump({"ART": write_art(result.art)})))
    assert energies == result.ert
    assert areas == result.art


def test_unrounded_values_on_request():
    options = EstimationOptions(use_hwcomponents=False, significant_digits=None)
    result = estimate(golden_architecture("gemmini"), component_classes("two_adders"), options)
    assert result.art.by_name["System_top_level.Registers[1..256]"] == pytest.approx(2.095375, rel=1e-12)
    energy = result.ert.by_name["System_top_level.MAC[1..256]"].energy_pj("compute")
    assert energy == pytest.approx(0.3503742331391733, rel=1e-12)


@pytest.mark.skipif(not (SHARED / "golden" / "mapper_inputs").is_dir(), reason="no shared golden data")
def test_the_complete_inputs_of_the_reference():
    folders = sorted((SHARED / "golden" / "mapper_inputs").iterdir())
    compared = 0
    for folder in folders:
        tree = load_yaml_file(folder / "input.yaml")
        result = estimate(read_architecture(tree), [tree["compound_components"]], OPTIONS)
        energies = read_ert(yaml.safe_load((folder / "ERT.yaml").read_text()))
        areas = read_art(yaml.safe_load((folder / "ART.yaml").read_text()))
        for component in energies.components:
            found = {(a.action, a.arguments): a.energy_pj for a in result.ert.by_name[component.name].actions}
            assert found == {(a.action, a.arguments): a.energy_pj for a in component.actions}
            compared += len(found)
        for name, area in areas.areas:
            if "inter_" not in name:
                assert result.art.by_name[name] == area
                compared += 1
    assert compared == 268
