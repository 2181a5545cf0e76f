"""Factors between nodes, what a supply voltage does, and the warnings outside the stated ranges."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import pytest
from estimation_cases import ask
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.estimation.accelergy_aladdin import AladdinTableSource
from harness.estimation.accelergy_logic import AccelergyLogicSource
from harness.estimation.cacti import cacti_for
from harness.estimation.chain import Chain
from harness.estimation.dram import DramSource, load_dram_kinds
from harness.estimation.query import Declined, Finding, Query
from harness.estimation.scaling import (
    area_factor,
    energy_factor,
    leak_factor,
    nominal_voltage,
    with_voltage,
)
from harness.estimation.scaling.nodes import AREA, ENERGY, relative_energy
from harness.estimation.sram.source import AccelergySramSource
from harness.estimation.tables import TableSource

TABLES = Path(__file__).resolve().parents[1] / "estimation_tables"
LOGIC = AccelergyLogicSource(TABLES / "logic")
ALADDIN = AladdinTableSource(TABLES / "logic")
SRAM = AccelergySramSource(TABLES / "sram" / "cacti.csv.gz")
DRAM = DramSource()

PUBLISHED_AREA_RATIOS = {
    # Stillmaker and Baas, 2017: the area at the nodes below 180, 130, 90 ... nm, relative to the node itself.
    180: (1, 0.34, 0.15, 0.08, 0.053, 0.025, 0.011, 0.01, 0.0093, 0.0055, 0.0032),
    130: (2.9, 1, 0.44, 0.23, 0.16, 0.072, 0.033, 0.03, 0.027, 0.016, 0.0092),
    90: (6.6, 2.3, 1, 0.53, 0.35, 0.16, 0.075, 0.067, 0.061, 0.036, 0.021),
    65: (12, 4.3, 1.9, 1, 0.66, 0.31, 0.14, 0.13, 0.12, 0.068, 0.039),
    45: (19, 6.4, 2.8, 1.5, 1, 0.46, 0.21, 0.19, 0.17, 0.1, 0.059),
    32: (40, 14, 6.1, 3.3, 2.2, 1, 0.46, 0.41, 0.38, 0.22, 0.13),
    20: (88, 30, 13, 7.1, 4.7, 2.2, 1, 0.89, 0.82, 0.48, 0.28),
    16: (99, 34, 15, 7.9, 5.3, 2.4, 1.1, 1, 0.91, 0.54, 0.31),
    14: (110, 37, 16, 8.7, 5.8, 2.7, 1.2, 1.1, 1, 0.59, 0.34),
    10: (180, 63, 28, 15, 9.8, 4.5, 2.1, 1.9, 1.7, 1, 0.58),
    7: (320, 110, 48, 25, 17, 7.8, 3.6, 3.2, 2.9, 1.7, 1),
}


# --- between nodes ---------------------------------------------------------------------------------


def test_the_example_of_the_paper_with_its_corrigendum():
    """65 nm at 1.3 V to 32 nm at 0.9 V: 0.4571 / 2.604."""
    assert relative_energy(32, 0.9, "hp")[0] == pytest.approx(0.4571, abs=5e-5)
    assert relative_energy(65, 1.3, "hp")[0] == pytest.approx(2.604, abs=5e-4)
    found = energy_factor(65, 32, 1.3, 0.9)
    assert found.factor == pytest.approx(0.1755, abs=1e-4)
    assert found.words == "65 -> 32 nm, 1.3 -> 0.9 V energy x0.176"
    assert found.warnings == ()


def test_at_one_voltage_by_hand():
    at_45 = 1.018 * 0.64 - 0.3107 * 0.8 + 0.1539
    at_7 = 0.1776 * 0.64 - 0.09097 * 0.8 + 0.02447
    assert energy_factor(45, 7).factor == pytest.approx(at_7 / at_45, rel=1e-12)
    low_power = (0.09365 * 0.64 - 0.03409 * 0.8 + 0.02043) / (1.103 * 0.64 - 0.362 * 0.8 + 0.2767)
    assert energy_factor(45, 7, flavour="lp").factor == pytest.approx(low_power, rel=1e-12)


def test_between_two_nodes_the_nearer_one_counts_more():
    at_32, at_20 = relative_energy(32, 0.8, "hp")[0], relative_energy(20, 0.8, "hp")[0]
    share = math.log(28 / 20) / math.log(32 / 20)
    assert energy_factor(32, 28).factor == pytest.approx((at_32 / at_20) ** (share - 1), rel=1e-12)
    assert energy_factor(32, 31.9).factor == pytest.approx(1, abs=0.01)
    assert energy_factor(20, 20.1).factor == pytest.approx(1, abs=0.01)
    assert area_factor(32, 31.9).factor == pytest.approx(1, abs=0.01)


def test_the_librarys_coefficients_are_those_of_its_shipped_table():
    with (TABLES / "logic" / "technology.csv").open() as file:
        rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
    assert {float(row["technology_nm"]) for row in rows} == set(ENERGY["library"])
    for row in rows:
        found = relative_energy(float(row["technology_nm"]), 0.8, "library")[0]
        assert found == pytest.approx(float(row["energy"]), rel=1e-12)


def test_areas_agree_with_every_published_ratio_within_4_percent():
    assert sorted(PUBLISHED_AREA_RATIOS) == sorted(AREA)
    for source, ratios in PUBLISHED_AREA_RATIOS.items():
        for target, published in zip(PUBLISHED_AREA_RATIOS, ratios, strict=True):
            assert area_factor(source, target).factor == pytest.approx(published, rel=0.041), (source, target)


@settings(max_examples=200, deadline=None)
@given(a=st.floats(3, 250), b=st.floats(3, 250), c=st.floats(3, 250))
def test_there_and_back_and_over_a_third_node(a, b, c):
    for factor in (energy_factor, area_factor, leak_factor):
        assert factor(a, a).factor == 1
        assert factor(a, b).factor * factor(b, a).factor == pytest.approx(1)
        assert factor(a, b).factor * factor(b, c).factor == pytest.approx(factor(a, c).factor)


@settings(max_examples=200, deadline=None)
@given(nm=st.floats(3, 240), step=st.floats(0.01, 10), flavour=st.sampled_from(["hp", "lp", "library"]))
def test_a_smaller_node_never_costs_more(nm, step, flavour):
    assert energy_factor(nm + step, nm, flavour=flavour).factor < 1
    assert area_factor(nm + step, nm).factor < 1


@settings(max_examples=200, deadline=None)
@given(nm=st.floats(7, 130), volts=st.floats(0.05, 1.3), flavour=st.sampled_from(["hp", "lp", "library"]))
def test_a_higher_voltage_never_costs_less(nm, volts, flavour):
    low, high = (relative_energy(nm, v, flavour)[0] for v in (volts, volts + 0.05))
    assert 0 < low <= high


def test_a_voltage_where_the_fit_would_rise_again_is_held_there():
    lowest = 4.398 / (2 * 3.755)
    assert energy_factor(65, 65, to_v=0.3).factor == energy_factor(65, 65, to_v=lowest).factor
    (warning,) = energy_factor(65, 65, to_v=0.3).warnings
    assert warning == "energy at 0.3 V and 65 nm held at that of 0.59 V: below, the fit rises"


def test_leakage_goes_with_energy_between_nodes_and_with_the_voltage_in_proportion():
    found = leak_factor(45, 22, 1.1, 0.8)
    assert found.factor == pytest.approx(energy_factor(45, 22).factor * 0.8 / 1.1)
    assert found.words.endswith("(assumed like energy)")


@pytest.mark.parametrize(
    ("factor", "nm", "covered"),
    [(energy_factor, 5, "7 to 130"), (energy_factor, 180, "7 to 130"), (area_factor, 5, "7 to 180"),
     (area_factor, 200, "7 to 180"), (leak_factor, 3, "7 to 130")],
)  # fmt: skip
def test_outside_its_range_a_factor_warns(factor, nm, covered):
    (warning,) = factor(45, nm).warnings
    assert warning.endswith(f"at {nm} nm extrapolated: Stillmaker and Baas cover {covered} nm")
    assert factor(nm, 45).warnings == (warning,)
    assert factor(45, 22).warnings == ()


def test_beyond_the_range_by_hand():
    assert energy_factor(7, 3.5).factor == pytest.approx(0.5**0.5)
    assert energy_factor(130, 195).factor == pytest.approx(1.5)
    assert area_factor(7, 3.5).factor == pytest.approx(0.5)
    assert area_factor(180, 225).factor == pytest.approx(1.25**2)


@pytest.mark.parametrize("nm", [0, -7, 251, math.nan, math.inf])
def test_meaningless_nodes_are_refused(nm):
    for factor in (energy_factor, area_factor, leak_factor):
        with pytest.raises(Declined, match="not between 0 and 250 nm"):
            factor(45, nm)
        with pytest.raises(Declined, match="not between 0 and 250 nm"):
            factor(nm, 45)


@pytest.mark.parametrize("volts", [0, -1, math.nan, math.inf])
def test_meaningless_voltages_are_refused(volts):
    for factor in (energy_factor, leak_factor):
        with pytest.raises(Declined, match="makes no sense"):
            factor(45, 45, to_v=volts)
        with pytest.raises(Declined, match="makes no sense"):
            factor(45, 45, from_v=volts)


# --- the attribute voltage -------------------------------------------------------------------------


def _at(source, class_name, action, volts, **attributes):
    query_attributes = {"technology": "32nm", "global_cycle_seconds": 1e-9, **attributes, "voltage": volts}
    query = Query("x", class_name, query_attributes, action)
    return with_voltage(source.estimate(query), query, source.name)


MEMORY = {"width": 32, "depth": 1024}


@pytest.mark.parametrize(
    ("nm", "volts"),
    [(7, 0.8), (22, 0.8), (28, 0.92), (32, 1.0), (45, 1.1), (55, 1.15), (65, 1.2), (90, 1.3)],
)
def test_nominal_supplies(nm, volts):
    assert nominal_voltage(nm) == pytest.approx(volts)


@pytest.mark.parametrize(
    ("source", "class_name", "actions", "attributes"),
    [
        (SRAM, "SRAM", ("read", "write", "leak", None), MEMORY),
        (LOGIC, "aladdin_adder", ("add", "leak", None), {"width": 16}),
        (DRAM, "DRAM", ("read", "leak", None), {"width": 64}),
    ],
)
def test_without_a_voltage_nothing_changes(source, class_name, actions, attributes):
    for action in actions:
        plain = ask(source, class_name, action, **attributes)
        query = Query("x", class_name, {"technology": "32nm", **attributes, "voltage": None}, action)
        assert with_voltage(plain, query, source.name) is plain


def test_an_sram_goes_with_the_square_of_its_supply_and_leaks_in_proportion():
    for action, factor in (("read", 0.64), ("write", 0.64), ("leak", 0.8), (None, 1)):
        plain = ask(SRAM, "SRAM", action, **MEMORY)
        found = _at(SRAM, "SRAM", action, 0.8, **MEMORY)
        assert found.value == pytest.approx(plain.value * factor, rel=1e-12)
        assert found.warnings == plain.warnings
    assert _at(SRAM, "SRAM", "read", 0.8, **MEMORY).scaling.endswith("1 -> 0.8 V energy x0.64")
    assert _at(SRAM, "SRAM", "read", 1.0, **MEMORY).value == ask(SRAM, "SRAM", "read", **MEMORY).value


def test_logic_goes_by_the_polynomial_from_0_8_volt():
    plain = ask(LOGIC, "aladdin_adder", "add", width=16)
    found = _at(LOGIC, "aladdin_adder", "add", 1.0, width=16)
    at_1, at_08 = 0.9559 - 0.7823 + 0.471, 0.9559 * 0.64 - 0.7823 * 0.8 + 0.471
    assert found.value == pytest.approx(plain.value * at_1 / at_08, rel=1e-12)
    assert "0.8 -> 1 V energy x1.41" in found.scaling
    assert _at(LOGIC, "aladdin_adder", "add", 0.8, width=16).value == plain.value
    leak = _at(LOGIC, "aladdin_adder", "leak", 1.0, width=16).value
    assert leak == pytest.approx(ask(LOGIC, "aladdin_adder", "leak", width=16).value * 1.25)


def test_the_aladdin_table_is_logic_too():
    plain = ask(ALADDIN, "intadder", "add", width=32, technology="45nm")
    found = _at(ALADDIN, "intadder", "add", 0.8, width=32, technology="45nm")
    assert found.value == plain.value
    assert _at(ALADDIN, "intadder", "add", 1.0, width=32, technology="45nm").value > plain.value


def test_dram_has_a_supply_of_its_own():
    found = _at(DRAM, "DRAM", "read", 0.6, width=64)
    assert found.value == 512
    assert "own supply" in found.scaling


def test_a_source_that_names_no_supply_is_scaled_with_a_warning():
    found = Finding(2.0, "my_tables", 100, fit="row", attributes=(("technology", "32nm"),))
    query = Query("x", "ADC", {"technology": "32nm", "voltage": 0.9}, "convert")
    scaled = with_voltage(found, query, "tables in my_tables")
    assert scaled.value == pytest.approx(2.0 * 0.81)
    assert scaled.fit == "scaled"
    assert scaled.warnings == ("ADC: my_tables names no supply, the 1 V of 32 nm are taken",)
    assert scaled.attributes == (("technology", "32nm"), ("voltage", "0.9"))


LOGIC_AT_1_V = (0.9559 - 0.7823 + 0.471) / (0.9559 * 0.64 - 0.7823 * 0.8 + 0.471)


@pytest.mark.parametrize(
    ("source", "estimator", "class_names", "factor", "warned"),
    [
        # Names of a class are in no matter: hwcomponents answers for the same adder under three of them.
        *(
            ("hwcomponents", f"hwcomponents: {model}", names, LOGIC_AT_1_V, False)
            for model, names in {
                "AladdinAdder": ("aladdin_adder", "intadder", "AladdinAdder"),
                "AladdinRegister": ("register", "aladdin_register"),
                "AladdinIntMAC": ("intmac", "AladdinIntMAC"),
            }.items()
        ),
        ("hwcomponents", "hwcomponents: SRAM", ("SRAM", "sram"), 1, False),
        ("hwcomponents", "hwcomponents: Cache", ("cache", "Cache"), 1, False),
        ("hwcomponents", "hwcomponents: HBM3", ("DRAM", "HBM3"), None, False),
        ("hwcomponents", "hwcomponents: SmartBufferSRAM", ("smartbuffer_SRAM",), 1, True),
        ("hwcomponents", "hwcomponents: ADC", ("ADC", "aladdin_adc"), 1, True),
        ("accelergy", "accelergy: Library", ("aladdin_adder",), LOGIC_AT_1_V, False),
        ("accelergy", "accelergy: Library", ("isaac_adc",), 1, True),
        ("accelergy", "accelergy: aladdin_table", ("intadder",), LOGIC_AT_1_V, False),
        ("accelergy", "accelergy: CactiSRAM", ("SRAM",), 1, False),
        ("accelergy", "accelergy: CactiDRAM", ("DRAM",), None, False),
        ("accelergy_cacti_table", "accelergy_cacti", ("SRAM",), 1, False),
        ("tables", "32nm_tables", ("SRAM", "ADC"), 1, True),
        ("tables in mine", "accelergy_library", ("SRAM", "aladdin_adder"), 1, True),
        ("tables in mine", "dram", ("my_memory",), 1, True),
    ],
)
def test_the_law_is_chosen_by_who_answers(source, estimator, class_names, factor, warned):
    for volts in (1.0, 0.8):
        square = None if factor is None else volts**2 if factor == 1 else {1.0: factor, 0.8: 1.0}[volts]
        for class_name in class_names:
            found = Finding(2.0, estimator, 100)
            query = Query("x", class_name, {"technology": "32nm", "voltage": volts}, "read")
            scaled = with_voltage(found, query, source)
            assert scaled.value == pytest.approx(2.0 * (1 if square is None else square)), class_name
            assert bool(scaled.warnings) == warned, class_name
            assert ("own supply" in scaled.scaling) == (factor is None), class_name


def test_an_sram_of_a_table_warns_that_it_names_no_supply(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "manifest.yaml").write_text("name: accelergy_cacti\naccuracy: 90\n")
    (tmp_path / "data" / "SRAM.csv").write_text("technology,action,energy,area\n32nm,read,2,1\n")
    query = Query("x", "SRAM", {"technology": "32nm", "voltage": 0.8}, "read")
    answers = [
        Chain([source], (), cacti_for(tmp_path)).ask(replace(query, attributes={**query.attributes, **size}))
        for source, size in ((TableSource(tmp_path), {}), (SRAM, MEMORY))
    ]
    assert answers[0].value == pytest.approx(2 * 0.64)
    assert [bool(answer.warnings) for answer in answers] == [True, False]
    assert answers[0].warnings == ("SRAM: accelergy_cacti names no supply, the 1 V of 32 nm are taken",)


def test_a_source_that_read_the_voltage_itself_is_left_alone():
    found = Finding(2.0, "my_tables", 100, attributes=(("voltage", "0.9"),))
    query = Query("x", "ADC", {"technology": "32nm", "voltage": 0.9}, "convert")
    assert with_voltage(found, query, "tables in my_tables") is found


def test_what_is_no_transistor_says_that_the_voltage_changes_nothing():
    found = Finding(2.0, "memristor", 100)
    query = Query("x", "ReRAMcell_compute", {"technology": "memristor", "voltage": 0.9}, "compute")
    unchanged = with_voltage(found, query, "tables")
    assert unchanged.value == 2.0
    assert unchanged.warnings == ("ReRAMcell_compute: voltage 0.9 V changes nothing, it has no process node",)
    assert with_voltage(replace(found, value=0.0), query, "tables").warnings == ()


@pytest.mark.parametrize(("volts", "warned"), [(0.49, True), (0.5, False), (1.2, False), (1.21, True)])
def test_the_laws_are_meant_for_half_to_one_and_a_fifth_of_nominal(volts, warned):
    found = _at(SRAM, "SRAM", "read", volts, **MEMORY)
    expected = (
        (f"{volts} V at 32 nm is outside 0.5 to 1.2 V, for which the laws are meant",) if warned else ()
    )
    assert found.warnings == expected


@pytest.mark.parametrize("volts", ["0.8", "0.8V", " 0.8 V"])
def test_a_voltage_may_have_its_unit(volts):
    found = _at(SRAM, "SRAM", "read", volts, **MEMORY)
    assert found.value == _at(SRAM, "SRAM", "read", 0.8, **MEMORY).value


@pytest.mark.parametrize("volts", [0, -1, "much", "800mV", "0V", "V", math.inf, math.nan, True])
def test_a_voltage_that_is_none(volts):
    with pytest.raises(Declined, match="'voltage' is"):
        _at(SRAM, "SRAM", "read", volts, **MEMORY)


# --- what logic and DRAM tell of themselves --------------------------------------------------------


def test_a_row_of_the_library_as_it_is_has_the_papers_uncertainty():
    found = ask(LOGIC, "aladdin_adder", "add", width=32, technology="40nm")
    assert (found.fit, found.uncertainty, found.scaling, found.warnings) == ("row", 0.049, "", ())
    assert "Shao et al., ISCA 2014" in found.citation
    assert ask(LOGIC, "aladdin_adder", None, width=32, technology="40nm").uncertainty == 0.066
    assert ask(LOGIC, "aladdin_adder", "leak", width=32, technology="40nm").uncertainty is None


def test_a_scaled_answer_of_the_library_says_by_what_and_after_whom():
    found = ask(LOGIC, "aladdin_multiplier", "multiply", width=8, technology="32nm")
    assert (found.fit, found.uncertainty, found.warnings) == ("scaled", None, ())
    assert found.scaling.startswith("40 -> 32 nm energy x0.834 (by a power law x0.761)")
    assert found.scaling.endswith("width 8 of 32 x0.25")
    assert "Stillmaker and Baas" in found.citation


def test_between_the_listed_nodes_the_inverted_weights_are_told():
    for action in ("add", "leak", None):
        (warning,) = ask(LOGIC, "aladdin_adder", action, width=32, technology="22nm").warnings
        assert warning == (
            "logic at 22 nm: Accelergy weighs 20 and 32 nm the wrong way round: "
            "from 40 nm energy x0.742 instead of x0.319, area x0.721 instead of x0.323"
        )


@pytest.mark.parametrize("nm", [5, 180])
def test_the_library_warns_outside_its_nodes(nm):
    for action in ("add", "leak", None):
        (warning,) = ask(LOGIC, "aladdin_adder", action, width=32, technology=nm).warnings
        assert warning == f"logic at {nm} nm extrapolated: the library covers 7 to 130 nm"


def test_the_aladdin_table_tells_its_scaling():
    row = ask(ALADDIN, "intadder", "add", width=32, technology="40nm")
    assert (row.fit, row.uncertainty) == ("row", 0.049)
    mac = ask(ALADDIN, "intmac", "mac", width=8, technology="45nm")
    assert (mac.fit, mac.uncertainty) == ("scaled", None)
    assert mac.scaling.startswith("width 8 of 32 x0.25")
    assert "both the same" in mac.scaling
    assert ask(ALADDIN, "reg", "read", width=1, technology="40nm").fit == "row"
    assert ask(ALADDIN, "regfile", "read", width=32, depth=4, technology="40nm").fit == "scaled"


def test_dram_is_a_constant_with_a_source():
    found = ask(DRAM, "DRAM", "read", width=64, type="DDR3", technology="7nm")
    assert (found.value, found.fit, found.warnings) == (4480, "constant", ())
    assert found.scaling == "70 pJ/bit x 64 bits, the same at every node"
    assert "Malladi et al., ISCA 2012" in found.citation


@pytest.mark.parametrize(("kind", "pj"), [("GDDR6", 7.5), ("GDDR6X", 7.25), ("HBM2E", 6.0)])
def test_further_kinds_of_dram(kind, pj):
    assert ask(DRAM, "DRAM", "read", width=64, type=kind).value == pytest.approx(64 * pj)


def test_every_kind_of_dram_names_its_source():
    kinds = load_dram_kinds(TABLES / "dram" / "pj_per_bit.csv")
    assert list(kinds)[:6] == ["LPDDR4", "LPDDR", "DDR3", "GDDR5", "HBM2", "HMC"]
    assert all(len(kind.source) > 20 for kind in kinds.values())
