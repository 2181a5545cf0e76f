"""What is malformed or unknown ends in one line that names the component, the class and the reason."""

from __future__ import annotations

import pytest
import yaml
from estimation_cases import MEMORY, UNIT, architecture_of, component_classes
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import EstimationError
from harness.estimation import EstimationOptions, estimate
from harness.estimation.cacti import cacti_for
from harness.estimation.chain import Chain, sources_for
from harness.estimation.component_classes import read_component_classes
from harness.estimation.estimator import Estimator
from harness.estimation.parts import Component
from harness.estimation.query import Declined, Query
from harness.estimation.unanswered import unanswered
from harness.spec.yaml_loader import load_yaml_text

OPTIONS = EstimationOptions(use_hwcomponents=False)


def _message(memory=MEMORY, unit=UNIT, classes=None, options=OPTIONS):
    classes = component_classes("two_adders") if classes is None else classes
    with pytest.raises(EstimationError) as caught:
        estimate(architecture_of(memory, unit), classes, options)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def _memory(class_name="SRAM", subclass=None, **attributes):
    memory = {"name": "Buffer[1..1]", "class": class_name, "attributes": {"datawidth": 8, **attributes}}
    if "depth" not in attributes:
        memory["attributes"]["entries"] = 16
    return memory if subclass is None else {**memory, "subclass": subclass}


# --- queries ---------------------------------------------------------------------------------------


def test_unknown_class_names_the_nearest_one():
    message = _message(_memory("storage", "aladdin_registr", width=8, depth=1))
    assert message.startswith(
        "System.Buffer[1..1]: nobody can estimate the energy of action 'read' of class 'aladdin_registr' "
        "with global_cycle_seconds=1e-09, technology=32nm, datawidth=8, width=8, depth=1; "
        "the class is unknown (did you mean 'aladdin_register'"
    )


def test_a_hint_can_stand_where_the_refused_class_stood():
    classes = [*component_classes("two_adders"), {"name": "stored_cell"}]
    # As a component's class the reader refuses a name without one of its words, as a subclass it does not.
    assert "stored_cell" not in _message(_memory("storage_cell", width=8, depth=8), classes=classes)
    message = _message(_memory("storage", "stored_cel", width=8, depth=8), classes=classes)
    assert "(did you mean 'stored_cell'" in message


def test_nothing_is_silently_one_picojoule():
    for class_name in ("storage", "storage_of_tomorrow"):
        assert "nobody can estimate" in _message(_memory(class_name, width=8, depth=8))
    assert "class 'compute'" in _message(unit={**UNIT, "class": "compute"}, classes=[])


@pytest.mark.parametrize(
    ("memory", "reason"),
    [
        (_memory(width=32), "attribute 'depth' is missing"),
        (_memory(width=32, depth=16, n_banks=0), "'n_banks' is 0, it must be an integer above 0"),
        (_memory(width=32, depth=16, technology="32"), "technology '32' is not a node like 32nm"),
        (_memory(width=32, depth=1 << 30), "the SRAM table covers depths"),
        (_memory(width=32, depth=64, n_rw_ports=5), "no memories with 5 ports"),
        (_memory(width=32, depth=64, global_cycle_seconds=0), "'global_cycle_seconds' is 0"),
        (_memory(width=32, depth=64, global_cycle_seconds="fast"), "'fast', not a number"),
        (_memory("DRAM", width=64, type="HBM9"), "DRAM type 'HBM9' is not among"),
        (_memory("DRAM", type="LPDDR4"), "attribute 'width' is missing"),
    ],
)
def test_queries_that_no_source_answers(memory, reason):
    message = _message(memory)
    assert message.startswith("System.Buffer[1..1]: ")
    assert reason in message


def test_the_missing_clock_is_named():
    tree = architecture_of(MEMORY, UNIT, global_cycle_seconds=None)
    with pytest.raises(EstimationError, match=r": attribute 'global_cycle_seconds' is missing.* 'leak'"):
        estimate(tree, component_classes("two_adders"), OPTIONS)


class _NoProgram:
    """Stands for hwcomponents where its programs do not start."""

    name = "hwcomponents"

    def classes(self):
        return ("SRAM",)

    def estimate(self, query):
        raise Declined("the CACTI program of hwcomponents does not start here")


def _message_with_two_sources(**attributes):
    estimator = Estimator({}, OPTIONS, Chain((*sources_for(OPTIONS), _NoProgram()), (), cacti_for()).ask)
    usual = {"technology": "32nm", "global_cycle_seconds": 1e-9, "width": 32, "depth": 64}
    with pytest.raises(EstimationError) as caught:
        estimator.component(Component("Buffer", "SRAM", {**usual, **attributes}, ("read", "leak")))
    return str(caught.value)


def test_the_attribute_to_mend_comes_first_and_alone():
    message = _message_with_two_sources(global_cycle_seconds=None)
    assert message == (
        "Buffer: attribute 'global_cycle_seconds' is missing, so nobody can estimate the energy of action "
        "'leak' of class 'SRAM' with technology=32nm, width=32, depth=64"
    )
    assert _message_with_two_sources(width=None).startswith("Buffer: attribute 'width' is missing, so nobody")


def test_a_table_without_a_fitting_row_is_left_out_where_others_have_a_reason():
    message = _message_with_two_sources(depth=1 << 30)
    assert "no row" not in message
    assert message.endswith(
        "; accelergy_cacti_table: the SRAM table covers depths 16 to 1048576 here, not 1073741824"
        "; hwcomponents: the CACTI program of hwcomponents does not start here"
    )
    only_a_table = _message(_memory("storage", "ReRAMcell_storage", technology="7nm", width=8, depth=8))
    assert "tables: memristor_tables: no row for technology='7nm'" in only_a_table


def test_a_row_that_nobody_has_is_told_with_the_nearest_one(tmp_path):
    data = tmp_path / "mine" / "data"
    data.mkdir(parents=True)
    (tmp_path / "mine" / "manifest.yaml").write_text(MANIFEST)
    rows = "".join(f"32nm,{size},{a},1,1\n" for size in (1, 8, 64) for a in ("read", "write"))
    (data / "gadget.csv").write_text(HEADER + rows)
    options = EstimationOptions(use_hwcomponents=False, table_folders=(tmp_path,))
    message = _message(_memory("storage", "gadget", size=20), options=options)
    assert message.endswith(
        f"; tables in {tmp_path}: mine: no row for technology='32nm', size=20; "
        "nearest is gadget.csv:4 with size 8 (asked 20) and technology 32nm"
    )


def test_tables_of_the_users_own_are_told_even_where_others_have_a_reason(tmp_path):
    data = tmp_path / "mine" / "data"
    data.mkdir(parents=True)
    (tmp_path / "mine" / "manifest.yaml").write_text(MANIFEST)
    (data / "SRAM.csv").write_text(HEADER.replace("size", "depth") + "32nm,64,read,1,1\n")
    options = EstimationOptions(use_hwcomponents=False, table_folders=(tmp_path,))
    message = _message(_memory(width=32, depth=1 << 30), options=options)
    assert "nearest is SRAM.csv:2 with depth 64 (asked 1073741824) and technology 32nm; " in message
    assert "accelergy_cacti_table: the SRAM table covers depths" in message


KNOWN = {
    **dict.fromkeys(("ADC", "DAC", "DRAM", "SRAM", "intadder"), "tables"),
    **dict.fromkeys(("aladdin_adder", "aladdin_register"), "accelergy_library"),
}


@pytest.mark.parametrize(
    ("class_name", "hint"),
    [
        (
            "aladdin_registr",
            "did you mean 'aladdin_register' (accelergy_library) or 'aladdin_adder' (accelergy_library)?",
        ),
        ("intader", "did you mean 'intadder' (tables)?"),
        (
            "flux_capacitor",
            "there are tables: ADC, DAC, DRAM, intadder and 1 more; accelergy_library: aladdin_adder, "
            "aladdin_register",
        ),
    ],
)
def test_an_unknown_class_is_told_with_what_each_source_has(class_name, hint):
    told = str(unanswered(Query("x", class_name, {}, "read"), [], KNOWN))
    assert told.endswith(f"; the class is unknown ({hint})")


def test_an_address_generator_without_a_width_is_refused_by_the_aladdin_table():
    smart = component_classes("smartbuffers", address_generator="intadder")
    for entry in smart:
        for part in entry["subcomponents"]:
            if part["class"] == "intadder":
                part["attributes"] = {"n_bits": "address_bits"}
    memory = _memory("smartbuffer_SRAM", width=32, depth=64, technology="45nm")
    message = _message(memory, classes=[*smart, *component_classes("two_adders")])
    assert message.startswith("System.Buffer[1..1].generators: attribute 'width' is missing, so nobody can")


# fmt: off
STRANGE = [
    None, True, -1, 0, 2.5, 10**400, 1e308, 1e-320, float("nan"), float("inf"),
    "", "32nm", "0nm", "1e-9", "x", [], {},
]
# fmt: on
NAMES = [
    "technology",
    "width",
    "depth",
    "n_banks",
    "n_rw_ports",
    "type",
    "n_instances",
    "global_cycle_seconds",
]
SMART_BUFFERS = read_component_classes(component_classes("smartbuffers"))


@settings(max_examples=100, deadline=None)
@given(
    class_name=st.sampled_from(
        ["SRAM", "DRAM", "smartbuffer_RF", "aladdin_register", "intmac", "ADC", "nothing"]
    ),
    attributes=st.dictionaries(st.sampled_from(NAMES), st.sampled_from(STRANGE)),
)
def test_strange_attributes_end_in_figures_or_in_one_line(class_name, attributes):
    usual = {"technology": "32nm", "global_cycle_seconds": 1e-9, "width": 8, "depth": 64}
    component = Component("x", class_name, {**usual, **attributes}, ("read", "leak"))
    estimator = Estimator(SMART_BUFFERS, OPTIONS, Chain(sources_for(OPTIONS), (), cacti_for()).ask)
    try:
        row = estimator.component(component)
    except EstimationError as error:
        assert "\n" not in str(error)
    else:
        assert all(0 <= a.energy_pj < float("inf") for a in row.actions)


# --- component classes -----------------------------------------------------------------------------


def test_must_specify():
    message = _message(unit={**UNIT, "attributes": {"adder_width": 32}})
    assert message == "System.Unit[1..4]: attribute 'multiplier_width' of class 'intmac' must be specified"


def test_a_class_file_error_carries_file_and_line():
    text = "classes:\n- name: intmac\n  subcomponents:\n  - name: a\n    clas: aladdin_adder\n"
    with pytest.raises(EstimationError) as caught:
        read_component_classes([load_yaml_text(text, "mine.yaml")])
    assert str(caught.value) == (
        "mine.yaml:5: component class 'intmac': subcomponent 'a': unknown key 'clas' (did you mean 'class'?)"
    )


MALFORMED_CLASSES = {
    "- 5": "component class must be a mapping with a name",
    "- {attributes: {}}": "component class has no name",
    "- {name: a, actons: []}": "unknown key 'actons' (did you mean 'actions'?)",
    "- {name: a, subcomponents: {b: 1}}": "component class 'a': subcomponents must be a list",
    "- {name: a, subcomponents: [{name: b}]}": "subcomponent 'b' names no class",
    "- {name: a, attributes: [1]}": "attributes must be a mapping",
    "- {name: a, primitive_type: SRAM}": "'primitive_type' is not supported",
    "- {name: a, subcomponents: [{name: b, class: c}, {name: b, class: c}]}": "two subcomponents are named",
    "- {name: a, subcomponents: [{name: 'b[1..', class: c}]}": "'b[1..' is not a name",
    "- {name: a, actions: [{name: go}, {name: go}]}": "action 'go' is defined twice",
    "- {name: a, actions: [{name: go, arguments: {k: 4}}]}": "argument 'k' is '4', not a range a..b",
    "- {name: a, subcomponents: [{name: bit, class: c}], actions: [{name: x, subcomponents: [{name: b}]}]}": (
        "there is no subcomponent 'b' (did you mean 'bit'?)"
    ),
}


@pytest.mark.parametrize("text", list(MALFORMED_CLASSES))
def test_malformed_classes(text):
    with pytest.raises(EstimationError) as caught:
        read_component_classes(yaml.safe_load(text))
    assert MALFORMED_CLASSES[text] in str(caught.value)
    assert "\n" not in str(caught.value)


def _unit_of(parts, actions="[{name: compute, subcomponents: []}]", attributes="{}"):
    return yaml.safe_load(
        f"[{{name: intmac, attributes: {attributes}, subcomponents: {parts}, actions: {actions}}}]"
    )


BROKEN_IN_USE = {
    "a class inside itself": (
        _unit_of("[{name: again, class: intmac}]"),
        "component classes contain each other: intmac -> intmac",
    ),
    "an empty range": (_unit_of("[{name: 'a[3..1]', class: aladdin_adder}]"), "the range 3..1 is empty"),
    "a bound without value": (
        _unit_of("[{name: 'a[1..many]', class: aladdin_adder}]"),
        "the bound 'many' is 'many'",
    ),
    "a misspelt name in an expression": (
        _unit_of("[{name: a, class: aladdin_adder, attributes: {width: adder_widht + 1}}]"),
        "undefined name 'adder_widht'",
    ),
    "division by zero": (
        _unit_of("[{name: a, class: aladdin_adder}]", attributes="{x: 1 / 0}"),
        "division by zero",
    ),
    "a scale that is text": (
        _unit_of("[{name: a, class: aladdin_adder, area_scale: big}]"),
        "area_scale is 'big', not a number",
    ),
    "a negative scale": (_unit_of("[{name: a, class: aladdin_adder, area_scale: -1}]"), "cannot be negative"),
    "a missing required action": (
        _unit_of("[]", "[{name: computes, subcomponents: []}]"),
        "class 'intmac' has no action 'compute' (did you mean 'computes'?)",
    ),
    "an action that the part does not have": (
        _unit_of(
            "[{name: a, class: aladdin_adder}]",
            "[{name: compute, subcomponents: [{name: a, actions: [{name: multiply}]}]}]",
        ),
        "System.Unit[1..4].a: nobody can estimate the energy of action 'multiply' of class 'aladdin_adder'",
    ),
    "an action that the nested class does not have": (
        [
            *_unit_of(
                "[{name: a, class: nested}]",
                "[{name: compute, subcomponents: [{name: a, actions: [{name: go}]}]}]",
            ),
            {"name": "nested", "actions": [{"name": "gone"}]},
        ],
        "class 'nested' has no action 'go' (did you mean 'gone'?)",
    ),
    "too many argument values": (
        _unit_of("[]", "[{name: compute, arguments: {k: 1..9999999}, subcomponents: []}]"),
        "more than 65536 argument values",
    ),
}


@pytest.mark.parametrize("case", list(BROKEN_IN_USE))
def test_classes_that_break_when_used(case):
    classes, reason = BROKEN_IN_USE[case]
    message = _message(classes=classes)
    assert message.startswith("System.Unit[1..4]")
    assert reason in message


MALFORMED_IN_PARTS = {
    "a part that is switched off": (
        _unit_of("[{name: a, class: aladdin_adder, enabled: false}]"),
        "subcomponent 'a': 'enabled' is not read, leave the part out",
    ),
    "two scales of one action": (
        _unit_of(
            "[{name: a, class: aladdin_adder}]",
            "[{name: compute, repeat: 2, energy_scale: 2, subcomponents: []}]",
        ),
        "action 'compute': give energy_scale or repeat, not both",
    ),
    "the share of a whole action": (
        _unit_of(
            "[{name: a, class: aladdin_adder}]",
            "[{name: compute, action_share: 2, subcomponents: []}]",
        ),
        "unknown key 'action_share'",
    ),
}


@pytest.mark.parametrize("case", list(MALFORMED_IN_PARTS))
def test_keys_that_would_change_nothing_are_refused(case):
    classes, reason = MALFORMED_IN_PARTS[case]
    assert reason in _message(classes=classes)


# --- tables ----------------------------------------------------------------------------------------

MANIFEST = "name: mine\naccuracy: 95\n"
HEADER = "technology,size,action,energy,area\n"
MALFORMED_TABLES = {
    "missing column": (
        MANIFEST,
        "technology,size,action,area\n32nm,1,read,2\n",
        "column 'energy' is missing",
    ),
    "missing field": (
        MANIFEST,
        HEADER + "32nm,1,read,2\n",
        "gadget.csv:2: the row has 4 fields, the header 5",
    ),
    "negative energy": (
        MANIFEST,
        HEADER + "32nm,1,read,-2,1\n",
        "gadget.csv:2: energy is -2, it cannot be negative",
    ),
    "infinite area": (MANIFEST, HEADER + "32nm,1,read,2,inf\n", "area is inf"),
    "no number": (MANIFEST, HEADER + "32nm,1,read,two,1\n", "energy is 'two', not a number"),
    "no action": (MANIFEST, HEADER + "32nm,1,,2,1\n", "the row names no action"),
    "empty file": (MANIFEST, "# nothing\n", "the table is empty"),
    "no rows": (MANIFEST, HEADER, "the table has no rows"),
    "contradiction": (
        MANIFEST,
        HEADER + "32nm,1,read,2,1\n32nm,1,read,3,1\n",
        "gadget.csv:3: action 'read' has other figures in line 2 for the same keys",
    ),
    "doubled column": (
        MANIFEST,
        "action,action,energy,area\nread,read,1,1\n",
        "column 'action' occurs twice",
    ),
    "idle without a clock": (MANIFEST, HEADER + "32nm,1,idle,2,1\n", "the row has no global_cycle_seconds"),
    "unknown unit": (MANIFEST + "units: {energy: cal}\n", HEADER, "unknown energy unit 'cal'"),
    "unknown manifest key": (
        MANIFEST + "acuracy: 5\n",
        HEADER,
        "unknown manifest key 'acuracy' (did you mean 'accuracy'?)",
    ),
    "no accuracy": ("name: mine\n", HEADER, "the manifest lacks 'accuracy'"),
    "accuracy out of range": ("name: mine\naccuracy: 140\n", HEADER, "accuracy is 140"),
    "broken manifest": ("name: [\n", HEADER, "the manifest is no valid YAML"),
    "manifest is a list": ("- name\n", HEADER, "the manifest must be a mapping"),
    "unknown key column": (
        MANIFEST + "keys: {gadget: [technolgy]}\n",
        HEADER + "32nm,1,read,2,1\n",
        "column 'technolgy' is missing from the table (did you mean 'technology'?)",
    ),
    "keys of no table": (
        MANIFEST + "keys: {gadgets: [size]}\n",
        HEADER,
        "no such table (did you mean 'gadget'?)",
    ),
    "field over two lines": (
        MANIFEST,
        HEADER + '32nm,"1\n",read,2,1\n',
        "a quoted field goes over several lines",
    ),
    "endless field": (MANIFEST, HEADER + "32nm," + "1" * 200_000 + ",read,2,1\n", "the row is no CSV"),
    "no data folder": (MANIFEST + "path_to_data_dir: elsewhere\n", HEADER, "does not exist"),
}


@pytest.mark.parametrize("case", list(MALFORMED_TABLES))
def test_malformed_tables(case, tmp_path):
    manifest, table, reason = MALFORMED_TABLES[case]
    (tmp_path / "mine" / "data").mkdir(parents=True)
    (tmp_path / "mine" / "manifest.yaml").write_text(manifest)
    (tmp_path / "mine" / "data" / "gadget.csv").write_text(table)
    options = EstimationOptions(use_hwcomponents=False, table_folders=(tmp_path,))
    message = _message(_memory("storage", "gadget", size=1), options=options)
    assert reason in message
    assert str(tmp_path) in message


def _own_family(folder):
    data = folder / "mine" / "data"
    data.mkdir(parents=True)
    (folder / "mine" / "manifest.yaml").write_text(MANIFEST)
    actions = [("read", 2), ("write", 3), ("idle", 0.5), ("leak", 0.25)]
    rows = "".join(f"32nm,1,{action},{energy},7,1e-9\n" for action, energy in actions)
    (data / "gadget.csv").write_text(HEADER.replace("\n", ",global_cycle_seconds\n") + rows)


@pytest.mark.parametrize("given", [".", "mine"])
def test_a_table_folder_is_a_family_or_a_folder_of_families(given, tmp_path):
    _own_family(tmp_path)
    options = EstimationOptions(use_hwcomponents=False, table_folders=(tmp_path / given,))
    memory = _memory("storage", "gadget", size=1)
    slow = architecture_of(memory, UNIT, global_cycle_seconds=2e-9)
    found = estimate(slow, component_classes("two_adders"), options)
    energies = {a.action: a.value for a in found.answers if a.class_name == "gadget"}
    # The leak row, not the idle row, at twice the clock period.
    assert energies == {"read": 2, "write": 3, "update": 3, "leak": 0.5, None: 7}


def test_a_table_folder_without_a_family(tmp_path):
    (tmp_path / "data").mkdir()
    options = EstimationOptions(use_hwcomponents=False, table_folders=(tmp_path,))
    assert _message(options=options).startswith(f"{tmp_path}: there is no table family in the table folder")


def test_a_table_folder_that_is_not_there(tmp_path):
    options = EstimationOptions(use_hwcomponents=False, table_folders=(tmp_path / "nowhere",))
    assert "the table folder cannot be read" in _message(options=options)
