"""Each source by itself: the rules and examples of Accelergy's plug-ins, and the tables' matching."""

from __future__ import annotations

import csv
import re

import pytest
from estimation_cases import SHARED, ask
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.estimation.accelergy_aladdin import AladdinTableSource
from harness.estimation.accelergy_logic import AccelergyLogicSource
from harness.estimation.dram import DramSource
from harness.estimation.query import Declined, Query
from harness.estimation.rounding import round_significant
from harness.estimation.sram.rules import Memory, at_node
from harness.estimation.sram.source import AccelergySramSource, tell_from_rows
from harness.estimation.sram.table import load_sram_table
from harness.estimation.tables import TableSource
from harness.spec.shipped import shipped_folder

TABLES = shipped_folder("estimation_tables")
SRAM = AccelergySramSource(TABLES / "sram" / "cacti.csv.gz")
LOGIC = AccelergyLogicSource(TABLES / "logic")
ALADDIN = AladdinTableSource(TABLES / "logic")
DRAM = DramSource()
FAMILIES = TableSource(TABLES)


def value(source, class_name, action=None, **attributes):
    return ask(source, class_name, action, **attributes).value


# --- SRAM ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "read"), [(1, 0.69879), (8, 1.03123)])
def test_narrow_memories_are_shares_of_32_bits(width, read):
    assert round_significant(value(SRAM, "SRAM", "read", width=width, depth=1024), 6) == pytest.approx(
        read, abs=5e-6
    )


def test_a_depth_of_the_table_is_exact_and_says_so():
    found = ask(SRAM, "SRAM", "read", width=64, depth=1024)
    assert round(found.value, 4) == 3.4434
    assert (found.accuracy, found.note) == (80, "")


def test_few_rows_cost_depth_to_the_power_of_0_78():
    full = {a: value(SRAM, "SRAM", a, width=32, depth=64) for a in ("read", "write", "leak", None)}
    half = {a: value(SRAM, "SRAM", a, width=32, depth=32) for a in ("read", "write", "leak", None)}
    assert half["read"] == pytest.approx(full["read"] * 0.5**0.78, rel=1e-12)
    assert half["write"] == pytest.approx(full["write"] * 0.5**0.78, rel=1e-12)
    assert half["leak"] == pytest.approx(full["leak"] / 2, rel=1e-12)
    assert half[None] == pytest.approx(full[None] / 2, rel=1e-12)


def test_update_costs_a_write():
    assert value(SRAM, "SRAM", "update", width=32, depth=64) == value(
        SRAM, "SRAM", "write", width=32, depth=64
    )


def test_leakage_is_proportional_to_the_cycle():
    at = [value(SRAM, "SRAM", "leak", width=32, depth=64, global_cycle_seconds=c) for c in (1e-9, 3e-9)]
    assert at[1] == pytest.approx(3 * at[0], rel=1e-12)


def test_activity_weighs_data_70_and_address_30_percent():
    attributes = {"width": 32, "depth": 64, "technology": "32nm"}
    full = SRAM.estimate(Query("x", "SRAM", attributes, "read")).value
    arguments = {"data_delta": 0, "address_delta": 0.5}
    assert SRAM.estimate(Query("x", "SRAM", attributes, "read", arguments)).value == pytest.approx(
        0.15 * full
    )
    with pytest.raises(Declined, match="between 0 and 1"):
        SRAM.estimate(Query("x", "SRAM", attributes, "read", {"data_delta": 2}))


@pytest.mark.parametrize("spelling", ["n_rdwr_ports", "nports", "num_ports"])
def test_only_n_rw_ports_means_ports(spelling):
    one = value(SRAM, "SRAM", width=128, depth=32768, n_banks=4)
    assert value(SRAM, "SRAM", width=128, depth=32768, n_banks=4, **{spelling: 2}) == one
    assert 1.5 * one < value(SRAM, "SRAM", width=128, depth=32768, n_banks=4, n_rw_ports=2) < 3.5 * one


def test_banks_round_up_for_energy_but_leak_by_their_true_number():
    four = {a: value(SRAM, "SRAM", a, width=32, depth=4096, n_banks=4) for a in ("read", "leak", None)}
    three = {a: value(SRAM, "SRAM", a, width=32, depth=4096, n_banks=3) for a in ("read", "leak", None)}
    assert three["read"] == four["read"]
    assert three[None] == four[None]
    assert three["leak"] == pytest.approx(0.75 * four["leak"], rel=1e-12)


@pytest.mark.parametrize("action", ["read", "write", "leak", None])
def test_nodes_between_cacti_nodes_are_linear(action):
    at = {
        t: value(SRAM, "SRAM", action, width=64, depth=512, technology=f"{t}nm") for t in (22, 28, 32, 40, 45)
    }
    assert at[28] == pytest.approx(0.4 * at[22] + 0.6 * at[32], rel=1e-12)
    assert at[40] == pytest.approx(5 / 13 * at[32] + 8 / 13 * at[45], rel=1e-12)


def test_below_22_nm():
    at = {
        t: {a: value(SRAM, "SRAM", a, width=64, depth=512, technology=t) for a in ("read", "leak", None)}
        for t in (11, 22)
    }
    assert at[11]["read"] == pytest.approx(at[22]["read"] * 0.5**0.5)
    assert at[11]["leak"] == pytest.approx(at[22]["leak"] * 0.79 * 0.5**0.5)
    assert at[11][None] == pytest.approx(at[22][None] * 0.5)


def test_between_depths_the_answer_lies_between_and_is_marked():
    shallow, deep = (value(SRAM, "SRAM", "read", width=64, depth=d) for d in (1024, 1536))
    found = ask(SRAM, "SRAM", "read", width=64, depth=1200)
    assert min(shallow, deep) <= found.value <= max(shallow, deep)
    assert found.accuracy == 70
    assert found.note == "interpolated between depths 1024 and 1536"


def test_a_large_buffer_between_the_grid_and_a_published_one():
    """28 nm has rows of its own only for the published memories; the 24 MiB buffer is one of them."""
    attributes = {"width": 128, "technology": "28nm", "n_banks": 4}
    small, large = (ask(SRAM, "SRAM", "read", depth=d, **attributes) for d in (524288, 1572864))
    assert (small.note, large.note) == ("", "")
    found = ask(SRAM, "SRAM", "read", depth=1048576, **attributes)
    assert small.value < found.value < large.value
    assert found.note == "interpolated between depths 524288 and 1572864"
    with pytest.raises(Declined, match="covers depths"):
        ask(SRAM, "SRAM", "read", depth=1572865, **attributes)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [
        ({"width": 64}, "'depth' is missing"),
        ({"width": 64, "depth": 0}, "an integer above 0"),
        ({"width": 0, "depth": 64}, "an integer above 0"),
        ({"width": 64, "depth": 1024.5}, "an integer above 0"),
        ({"width": 64, "depth": 1024, "n_banks": 0}, "an integer above 0"),
        ({"width": 64, "depth": "many"}, "not a number"),
        ({"width": 64, "depth": 1 << 30}, "covers depths"),
        ({"width": 1024, "depth": 64}, "covers widths"),
        ({"width": 64, "depth": 64, "n_rw_ports": 3}, "no memories with 3 ports"),
        ({"width": 64, "depth": 64, "technology": "32"}, "not a node like 32nm"),
        ({"width": 64, "depth": 64, "technology": "80nm"}, "no memories"),
        ({"width": 64, "depth": 64, "technology": None}, "'technology' is missing"),
    ],
)
def test_what_the_sram_table_declines(attributes, reason):
    with pytest.raises(Declined, match=reason):
        ask(SRAM, "SRAM", "read", **attributes)


@settings(max_examples=60, deadline=None)
@given(
    width=st.integers(1, 256),
    depth=st.integers(1, 1 << 16),
    node=st.floats(10, 65),
    banks=st.sampled_from([1, 2, 3, 4]),
)
def test_any_memory_in_range_has_positive_figures(width, depth, node, banks):
    for action in ("read", "write", "leak", None):
        found = value(SRAM, "SRAM", action, width=width, depth=depth, technology=node, n_banks=banks)
        assert 0 < found < 1e9


# --- logic -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "energy", "area"),
    [(28, 0.464539, 0.506667), (32, 0.834224, 0.792308), (45, 1.265241, 1.738462), (65, 1.569730, 2.607692)],
)
def test_technology_factors_from_40_nm(node, energy, area):
    attributes = {"width": 32, "technology": f"{node}nm"}
    assert value(LOGIC, "aladdin_adder", "add", **attributes) / 0.21 == pytest.approx(energy, abs=6e-7)
    assert value(LOGIC, "aladdin_adder", **attributes) / 278 == pytest.approx(area, abs=6e-7)


def test_only_the_text_40nm_is_the_librarys_own_node():
    assert value(LOGIC, "aladdin_adder", width=32, technology="40nm") == 278
    assert value(LOGIC, "aladdin_adder", width=32, technology=40) == pytest.approx(278 * 1.15621, rel=1e-5)
    assert value(LOGIC, "aladdin_adder", "add", width=32, technology=40) == pytest.approx(0.21)


def test_22_nm_costs_more_than_28_nm_because_the_interpolation_is_inverted():
    at = {t: value(LOGIC, "aladdin_adder", "add", width=32, technology=t) for t in (22, 28)}
    assert at[22] > at[28]


def test_beyond_the_listed_nodes():
    at = {t: value(LOGIC, "aladdin_adder", "add", width=32, technology=t) for t in (3.5, 7, 130, 520)}
    assert at[3.5] == pytest.approx(at[7] * 0.5**0.5)
    assert at[520] == pytest.approx(at[130] * 2)
    areas = {t: value(LOGIC, "aladdin_adder", width=32, technology=t) for t in (3.5, 7, 130, 520)}
    assert areas[3.5] == pytest.approx(areas[7] / 2)
    assert areas[520] == pytest.approx(areas[130] * 4)


def test_multiplier_widths():
    attributes = {"technology": "40nm"}
    both = {"width_a": 8, "width_b": 16}
    assert value(LOGIC, "aladdin_multiplier", "multiply", width=8, **attributes) == 12.68 / 4
    assert value(LOGIC, "aladdin_multiplier", "multiply", **both, **attributes) == 12.68 / 8
    assert value(LOGIC, "aladdin_multiplier", "multiply", width=8, **both, **attributes) == 12.68 / 32


def test_widths_that_an_adder_ignores():
    found = ask(LOGIC, "aladdin_adder", "add", width_a=8, width_b=8, n_bits=4, technology="40nm")
    assert found.value == 0.21
    assert found.note == "no width given: 32 bit"


def test_the_first_of_width_and_datawidth_counts():
    assert value(LOGIC, "aladdin_adder", "add", width=16, datawidth=8, technology="40nm") == 0.105
    assert value(LOGIC, "aladdin_adder", "add", datawidth=8, width=16, technology="40nm") == 0.0525


@pytest.mark.parametrize("component", ["adder", "multiplier", "register", "comparator", "counter"])
def test_writing_costs_nothing_in_the_library(component):
    assert value(LOGIC, f"aladdin_{component}", "write", width=8) == 0
    assert value(LOGIC, f"aladdin_{component}", "update", width=8) == 0
    assert value(LOGIC, f"aladdin_{component}", "read", width=8) > 0


def test_an_action_that_the_library_does_not_have():
    with pytest.raises(Declined, match="no action 'multiply', only add, read, write, update, leak"):
        ask(LOGIC, "aladdin_adder", "multiply", width=8)


def test_instances_multiply_leakage_and_area_only():
    one = {a: value(LOGIC, "aladdin_adder", a, width=8) for a in ("add", "leak", None)}
    four = {a: value(LOGIC, "aladdin_adder", a, width=8, n_instances=4) for a in ("add", "leak", None)}
    assert four["add"] == one["add"]
    assert four["leak"] == pytest.approx(4 * one["leak"])
    assert four[None] == pytest.approx(4 * one[None])


@pytest.mark.parametrize(
    ("cycle", "latency", "energy"),
    [
        (0.5e-9, 1, 0.142),
        (1e-9, 1, 0.21),
        (1.2e-9, 1, 0.0858),
        (1e-9, 3, 0.0859),
        (1e-9, 8, 0.0857),
        (11e-9, 1, 0.0853),
    ],
)
def test_the_aladdin_table_depends_on_the_latency(cycle, latency, energy):
    attributes = {"width": 32, "technology": "45nm", "action_latency_cycles": latency}
    assert value(ALADDIN, "intadder", "add", global_cycle_seconds=cycle, **attributes) == energy


def test_the_aladdin_multiplier_is_quadratic_and_the_mac_their_sum():
    at = {"technology": 45, "width": 8}
    assert value(ALADDIN, "intmultiplier", "multiply", **at) == 12.68 / 16
    adder, multiplier = (value(ALADDIN, c, **at) for c in ("intadder", "intmultiplier"))
    assert value(ALADDIN, "intmac", **at) == adder + multiplier
    assert value(ALADDIN, "reg", "read", **at) == 8 * 0.009
    # idle energy of the 2 ns row, for a cycle of 1.2 ns
    leak = value(ALADDIN, "intadder", "leak", **at, global_cycle_seconds=1.2e-9)
    assert leak == pytest.approx(0.0048 * 8 / 32 * 1.2 / 2)


@pytest.mark.parametrize(
    ("attributes", "reason"),
    [({"technology": 32, "width": 8}, "40 and 45 nm"), ({"technology": 45}, "'width' is missing")],
)
def test_what_the_aladdin_table_declines(attributes, reason):
    with pytest.raises(Declined, match=reason):
        ask(ALADDIN, "intadder", "add", **attributes)


# --- DRAM ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "pj"), [("LPDDR4", 8), ("LPDDR", 40), ("DDR3", 70), ("GDDR5", 14), ("HBM2", 3.9), ("HMC", 4.2)]
)
def test_dram_by_the_bit(kind, pj):
    for action in ("read", "write", "update"):
        assert value(DRAM, "DRAM", action, type=kind, width=64) == 64 * pj
    assert value(DRAM, "DRAM", "leak", type=kind, width=64) == 0
    assert value(DRAM, "DRAM", type=kind, width=64) == 0


def test_dram_without_a_type_is_lpddr4_and_says_so():
    found = ask(DRAM, "DRAM", "read", width=64)
    assert (found.value, found.note) == (512, "no type given: LPDDR4")


def test_an_unknown_dram_type_is_declined():
    with pytest.raises(Declined, match="'DDR9' is not among LPDDR4"):
        ask(DRAM, "DRAM", "read", width=64, type="DDR9")


# --- tables ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cycle", [1.2e-9, 1e-9, 7e-9])
@pytest.mark.parametrize(
    ("class_name", "action", "attributes", "energy"),
    [
        ("ADC", "convert", {"type": "SAR", "datawidth": 8}, 1.66),
        ("DAC", "convert", {"datawidth": 1}, 0.0033),
        ("sample_and_hold", "sample_and_hold", {}, 8.13e-6),
        ("shift_and_add", "shift_and_add", {"datawidth": 16}, 0.0418),
        ("SRAM", "read", {"datawidth": 16, "width": 16, "depth": 128}, 0.192),
        ("SRAM", "update", {"datawidth": 16, "width": 16, "depth": 1152}, 1.23),
        ("SRAM", "read", {"datawidth": 0, "width": 0, "depth": 0}, 0),
        ("ReRAMcell_compute", "compute", {"technology": "memristor", "cellwidth": 2}, 1.83e-3),
        ("ReRAMcell_compute", "compute", {"technology": "memristor", "cellwidth": 1}, 3.45e-3),
        ("ReRAMcell_storage", "read", {"technology": "memristor", "cellwidth": 1}, 0.0033),
        ("ReRAMcell_storage", "write", {"technology": "memristor", "cellwidth": 2}, 0.0033),
        ("free_compute", "compute", {"technology": "free"}, 0),
        ("free_storage", "read", {"technology": "free"}, 0),
        ("free_storage", "leak", {"technology": "free"}, 0),
    ],
)
def test_table_rows_answer_at_any_clock(class_name, action, attributes, energy, cycle):
    found = ask(FAMILIES, class_name, action, global_cycle_seconds=cycle, latency="9ns", **attributes)
    assert found.value == energy
    assert found.accuracy == 100


def test_a_table_says_how_well_it_fitted():
    found = ask(FAMILIES, "SRAM", "read", width=16, depth=128)
    assert (found.estimator, found.value) == ("32nm_tables", 0.192)
    assert found.note == "matched technology, width, depth; not given: datawidth"
    assert found.accuracy == 75
    assert found.warnings == ("SRAM: row of 32nm_tables chosen without datawidth",)
    assert ask(FAMILIES, "SRAM", "read", width=16, depth=128, datawidth=16).warnings == ()


def test_a_table_does_not_guess_between_rows():
    with pytest.raises(Declined, match="several rows fit; 'cellwidth' must be stated"):
        ask(FAMILIES, "ReRAMcell_compute", "compute", technology="memristor")


@pytest.mark.parametrize("class_name", ["DRAM", "intadder", "intmac"])
def test_rows_that_never_answered_in_the_reference_are_not_shipped(class_name):
    """They lacked the clock that the reference compares; Accelergy answers from its models."""
    with pytest.raises(Declined, match="no table of that name"):
        ask(FAMILIES, class_name, "read", width=256, datawidth=16)


@pytest.mark.parametrize(
    ("class_name", "action", "attributes", "stated"),
    [
        ("SRAM", "read", {"datawidth": 16, "width": 16, "depth": 128}, {"n_rw_ports": 1, "n_banks": 1}),
        ("ADC", "convert", {"type": "SAR", "datawidth": 8}, {"throughput": 1.2e9}),
        ("shift_and_add", "shift_and_add", {"datawidth": 16}, {"width": 16}),
        (
            "colonnade_cim_logic",
            "read",
            {"technology": "65nm", "switching_activity": 1, "voltage_energy_scale": 1},
            {"width": 1},
        ),
        ("colonnade_register", "read", {"technology": "65nm", "voltage_energy_scale": 1}, {"width": 1}),
    ],
)
def test_a_shipped_row_answers_for_no_other_ports_rate_or_width(class_name, action, attributes, stated):
    plain = ask(FAMILIES, class_name, action, **attributes)
    assert ask(FAMILIES, class_name, action, **attributes, **stated).value == plain.value
    assert plain.warnings == () and "not given" not in plain.note
    for name, number in stated.items():
        with pytest.raises(Declined, match=f"{name} {number:g}|{name} {number}"):
            ask(FAMILIES, class_name, action, **attributes, **{**stated, name: 2 * number})


def test_a_number_matches_a_node_in_the_table():
    assert value(FAMILIES, "SRAM", "read", datawidth=16, width=16, depth=128, technology=32) == 0.192
    with pytest.raises(Declined, match="no row for technology='45nm'"):
        ask(FAMILIES, "SRAM", "read", datawidth=16, width=16, depth=128, technology="45nm")
    # The converters are declared to scale.
    assert value(FAMILIES, "DAC", "convert", datawidth=1, technology=32) == 0.0033
    assert value(FAMILIES, "DAC", "convert", datawidth=1, technology="45nm") > 0.0033


def test_idle_energy_scales_with_the_cycle(tmp_path):
    (tmp_path / "mine" / "data").mkdir(parents=True)
    (tmp_path / "mine" / "manifest.yaml").write_text(
        "name: mine\naccuracy: 95\nunits: {energy: fJ, area: mm^2}\n"
    )
    (tmp_path / "mine" / "data" / "gadget.csv").write_text(
        "technology,size,action,global_cycle_seconds,energy,area\n28nm,4,go,1e-9,500,0.002\n28nm,4,idle,1e-9,20,0.002\n"
    )
    source = TableSource(tmp_path)
    attributes = {"technology": "28nm", "size": 4}
    assert value(source, "gadget", "go", **attributes) == 0.5
    assert value(source, "gadget", "leak", **attributes, global_cycle_seconds=3e-9) == pytest.approx(0.06)
    assert value(source, "gadget", **attributes) == 2000
    with pytest.raises(Declined, match="no row for action 'stop', only go, idle"):
        ask(source, "gadget", "stop", **attributes)


# --- the complete tables of the reference ----------------------------------------------------------


@pytest.mark.skipif(not (SHARED / "facts" / "accelergy_cacti_sram.csv").is_file(), reason="no shared facts")
def test_every_memory_of_the_reference_table():
    with (SHARED / "facts" / "accelergy_cacti_sram.csv").open() as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        attributes = {
            "technology": f"{row['technology_nm']}nm",
            "width": int(row["width_bits"]),
            "depth": int(row["depth"]),
            "n_rw_ports": int(row["n_rdwr_ports"]),
            "n_banks": int(row["n_banks"]),
            "global_cycle_seconds": float(row["cycle_s"]),
        }
        columns = {"read": "read_pj", "write": "write_pj", "leak": "leak_pj_per_cycle", None: "area_um2"}
        for action, column in columns.items():
            found = ask(SRAM, "SRAM", action, **attributes)
            assert found.value == pytest.approx(float(row[column]), rel=1e-13), (attributes, action)
            assert found.accuracy == 80
    assert len(rows) == 4960


def test_scaling_down_repeats_the_rows_below_cactis_smallest_memory():
    """Rows of the table below 32 bits or 64 rows follow from the larger ones by the size rule."""
    table = load_sram_table(TABLES / "sram" / "cacti.csv.gz")
    compared = 0
    for (organisation, width, depth), cost in table.costs.items():
        if organisation.technology in (28, 40) or (width >= 32 and depth >= 64 * organisation.banks):
            continue
        memory = Memory(width, depth, organisation.ports, organisation.banks)
        told = at_node(memory, organisation.technology, lambda asked, of: tell_from_rows(table, asked, of))
        derived = told.cost
        assert derived.read * 1e12 == pytest.approx(cost.read, rel=1e-12)
        assert derived.write * 1e12 == pytest.approx(cost.write, rel=1e-12)
        assert derived.leak * 1e12 == pytest.approx(cost.leak, rel=1e-12)
        assert derived.area * 1e12 == pytest.approx(cost.area, rel=1e-12)
        compared += 1
    assert compared > 1000


@pytest.mark.skipif(not (SHARED / "facts" / "accelergy_logic.csv").is_file(), reason="no shared facts")
def test_every_logic_row_of_the_reference_table():
    with (SHARED / "facts" / "accelergy_logic.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if not r["component"].startswith("compound_")]
    for row in rows:
        source = LOGIC if row["component"].startswith("aladdin_") else ALADDIN
        attributes = {
            "technology": f"{row['technology_nm']}nm",
            "global_cycle_seconds": float(row["cycle_s"]),
        }
        if row["width_b_bits"]:
            attributes |= {"width_a": int(row["width_bits"]), "width_b": int(row["width_b_bits"])}
        else:
            attributes["width"] = int(row["width_bits"])
        columns = {row["action"]: "energy_pj", "leak": "leak_pj_per_cycle", None: "area_um2"}
        for action, column in columns.items():
            found = value(source, row["component"], action, **attributes)
            assert found == pytest.approx(float(row[column]), rel=1e-13), (row, action)
    assert len(rows) == 1312


@pytest.mark.parametrize(
    ("action", "value"), [("read", 0.42564), ("write", 0.42564), ("leak", 0.0008612), (None, 899.84)]
)
def test_a_register_file_is_a_row_of_registers_and_a_comparator_for_each_row(action, value):
    """Energies of Timeloop's published exercise 00 (64 words of 8 bits at 40 nm and 1 ns).

    Its area, 887.84, was made when areas were always those of logic for 5 ns.
    """
    found = ask(ALADDIN, "regfile", action, technology="40nm", width=8, depth=64)
    assert found.value == pytest.approx(value, rel=1e-12)


def test_the_derivation_of_a_register_file_adds_up_to_its_figure():
    for action, unit in (("read", "pJ"), ("leak", "pJ per cycle"), (None, "um^2")):
        found = ask(ALADDIN, "regfile", action, technology="45nm", width=8, depth=64)
        parts = [float(number) for number in re.findall(rf"= ([-+.e0-9]+) {re.escape(unit)}", found.scaling)]
        assert len(parts) == 2 and min(parts) > 0
        assert sum(parts) == pytest.approx(found.value, rel=1e-5)
        assert "8 x " in found.scaling and "64 comparators of the address, 6 of 32 bits" in found.scaling
        assert found.scaling.endswith("40 -> 45 nm x1 (the plug-in gives both the same figures)")


@pytest.mark.parametrize(
    "class_name", ["intadder", "intmultiplier", "intmac", "reg", "regfile", "comparator", "counter"]
)
def test_the_aladdin_table_knows_its_actions(class_name):
    at = {"technology": "45nm", "width": 8, "depth": 64}
    with pytest.raises(Declined, match=f"{class_name} has no action 'nonsense_action', only .*read.* idle"):
        ask(ALADDIN, class_name, "nonsense_action", **at)
    idle, leak = (ask(ALADDIN, class_name, action, **at) for action in ("idle", "leak"))
    assert idle == leak
    assert leak.value < value(ALADDIN, class_name, "read", **at)
    assert value(ALADDIN, class_name, "access", **at) == value(ALADDIN, class_name, "read", **at)


def test_a_register_file_needs_a_depth():
    with pytest.raises(Declined, match="attribute 'depth' is missing"):
        ask(ALADDIN, "regfile", "read", technology="40nm", width=8)


def test_gated_and_reused_products_of_the_aladdin_table():
    actions = ("compute", "mac_reused", "mac_gated")
    asked = {a: ask(ALADDIN, "intmac", a, technology="45nm", width=32).value for a in actions}
    adder, multiplier = (
        {a: ask(ALADDIN, c, a, technology="45nm", width=32).value for a in ("compute", "leak")}
        for c in ("intadder", "intmultiplier")
    )
    assert asked == {
        "compute": adder["compute"] + multiplier["compute"],
        "mac_reused": adder["compute"] + 0.85 * multiplier["compute"],
        "mac_gated": adder["compute"] + multiplier["leak"],
    }
