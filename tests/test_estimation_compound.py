"""Compound components: attributes, counts, scales, nesting."""

from __future__ import annotations

import csv

import pytest
import yaml
from estimation_cases import MEMORY, SHARED, UNIT, architecture_of, component_classes

from harness.errors import EstimationError
from harness.estimation import EstimationOptions, estimate
from harness.estimation.component_classes import read_component_classes
from harness.estimation.compound import CompoundComponent
from harness.estimation.estimator import Estimator
from harness.estimation.parts import Component, components_of
from harness.estimation.query import Finding

OPTIONS = EstimationOptions(use_hwcomponents=False)


def _prices(query):
    """A source for these tests: 1 pJ (2 to write, 0.5 to leak) and 10 um^2 for each unit of ``size``."""
    size = query.number("size", 1)
    price = {"write": 2.0, "leak": 0.5, None: 10.0}.get(query.action, 1.0)
    return Finding(price * size, "prices", 100)


def _component(text, attributes=None, legacy=False, class_name="thing"):
    classes = read_component_classes(yaml.safe_load(text))
    return CompoundComponent("Top.x", class_name, attributes or {}, classes, legacy)


def _total(uses):
    return sum(use.answered(_prices).value for use in uses)


def _energies(component):
    return {(e.action, e.arguments): _total(e.uses) for e in component.entries()}


def _area(component):
    return _total(component.area())


def test_counts_of_ranges_and_single_indices():
    component = _component(
        """
        - name: thing
          attributes: {n: must_specify}
          subcomponents:
            - {name: "cell[0..n-1]", class: cell}
            - {name: "pair[0..1]", class: cell, attributes: {size: 3}}
          actions:
            - name: all
              subcomponents: [{name: "cell[0..n-1]", actions: [{name: read}]}]
            - name: some
              subcomponents:
                - {name: "cell[1..2]", actions: [{name: read}, {name: write}]}
                - {name: "pair[1]", actions: [{name: read}]}
        """,
        {"n": 5},
    )
    assert _energies(component) == {("all", ()): 5.0, ("some", ()): 2 * (1 + 2) + 3}
    assert _area(component) == 5 * 10 + 2 * 30


def test_attributes_are_evaluated_in_order_and_see_the_enclosing_component():
    component = _component(
        """
        - name: thing
          attributes: {a: 2, b: a * 3, c: "max(a, ceil(log2(b)))"}
          subcomponents: [{name: inner, class: nested, attributes: {b: b + 1}}]
          actions: [{name: go, subcomponents: [{name: inner, actions: [{name: go}]}]}]
        - name: nested
          attributes: {b: must_specify, d: b * c}
          subcomponents: [{name: cell, class: cell, attributes: {size: d}}]
          actions: [{name: go, subcomponents: [{name: cell, actions: [{name: read}]}]}]
        """,
        {"a": 4},
    )
    # a = 4, b = 12, c = max(4, 4) = 4; inside b = 13, d = 13 * 4
    assert _energies(component) == {("go", ()): 52.0}


def test_scales_multiply_through_the_nesting():
    component = _component(
        """
        - name: thing
          attributes: {half: 0.5}
          subcomponents: [{name: inner, class: nested, area_scale: half, energy_scale: 10}]
          actions: [{name: go, subcomponents: [{name: inner, actions: [{name: go, energy_scale: half * 3}]}]}]
        - name: nested
          attributes: {}
          subcomponents: [{name: "cell[1..4]", class: cell, area_scale: 3}]
          actions: [{name: go, subcomponents: [{name: "cell[1..2]", actions: [{name: read, repeat: 7}]}]}]
        """
    )
    assert _energies(component) == {("go", ()): 1.5 * 10 * 2 * 7}
    assert _area(component) == 0.5 * 4 * 3 * 10


def test_scales_of_the_action_itself_and_among_attributes():
    component = _component(
        """
        - name: thing
          attributes: {}
          subcomponents: [{name: cell, class: cell, attributes: {energy_scale: 5, area_scale: 3}}]
          actions: [{name: go, repeat: 2, subcomponents: [{name: cell, actions: [{name: read}]}]}]
        """
    )
    assert _energies(component) == {("go", ()): 10.0}
    assert _area(component) == 30.0


@pytest.mark.parametrize(("legacy", "energy"), [(False, 6.0), (True, 2.0)])
def test_action_share_multiplies_unless_legacy(legacy, energy):
    text = """
        - name: thing
          attributes: {n: 3}
          subcomponents: [{name: "cell[1..2]", class: cell}]
          actions:
            - name: go
              subcomponents: [{name: "cell[1..2]", actions: [{name: read, action_share: n}]}]
        """
    assert _energies(_component(text, legacy=legacy)) == {("go", ()): energy}


def test_argument_ranges_make_one_entry_each_and_can_be_used_in_scales():
    component = _component(
        """
        - name: thing
          attributes: {n: must_specify}
          subcomponents: [{name: cell, class: cell}]
          actions:
            - name: go
              arguments: {k: 1..n, m: 0..1}
              subcomponents: [{name: cell, actions: [{name: read, energy_scale: k + 10 * m}]}]
        """,
        {"n": 2},
    )
    assert [(e.arguments, _total(e.uses)) for e in component.entries()] == [
        ((("k", 1), ("m", 0)), 1.0),
        ((("k", 2), ("m", 0)), 2.0),
        ((("k", 1), ("m", 1)), 11.0),
        ((("k", 2), ("m", 1)), 12.0),
    ]


def test_arguments_of_a_subaction_reach_the_nested_action():
    component = _component(
        """
        - name: thing
          attributes: {n: 4}
          subcomponents: [{name: inner, class: nested}]
          actions:
            - name: go
              subcomponents: [{name: inner, actions: [{name: go, arguments: {times: n * 2}}]}]
        - name: nested
          attributes: {}
          subcomponents: [{name: cell, class: cell}]
          actions: [{name: go, subcomponents: [{name: cell, actions: [{name: read, energy_scale: times}]}]}]
        """
    )
    assert _energies(component) == {("go", ()): 8.0}


def test_technology_and_clock_are_handed_down_other_attributes_are_not():
    component = _component(
        """
        - name: thing
          attributes: {technology: must_specify, width: 4}
          subcomponents: [{name: cell, class: cell, attributes: {kind: SAR, node: 32nm, text: "a b"}}]
          actions: []
        """.replace('"a b"', "width"),
        {"technology": "22nm", "global_cycle_seconds": 2e-9, "secret": 1},
    )
    assert [dict(use.query.attributes) for use in component.area()] == [
        {
            "kind": "SAR",
            "node": "32nm",
            "text": 4,
            "technology": "22nm",
            "global_cycle_seconds": 2e-9,
            "action_latency_cycles": 1,
            "n_instances": 1,
        }
    ]


def test_a_class_without_parts_costs_nothing_by_its_own_word():
    register = yaml.safe_load(
        """
        name: register
        attributes: {}
        subcomponents: []
        actions: [{name: read}, {name: write}, {name: update}, {name: leak}]
        """
    )
    level = {**MEMORY, "subclass": "register"}
    result = estimate(
        architecture_of(MEMORY | {"name": "Main"}, level, UNIT),
        [register, *component_classes("two_adders")],
        OPTIONS,
    )
    by_name = result.ert.by_name["System.Buffer[1..1]"]
    assert {a.action: a.energy_pj for a in by_name.actions} == {"read": 0, "write": 0, "update": 0, "leak": 0}
    assert {a.estimator for a in result.answers if a.component == "System.Buffer[1..1]"} == {
        "class definition"
    }


def test_the_same_class_given_twice_is_fine():
    classes = component_classes("two_adders")
    assert set(read_component_classes([*classes, *component_classes("two_adders")])) == {"intmac"}


def test_a_document_with_classes_is_accepted_in_either_spelling():
    classes = component_classes("two_adders")
    for document in (
        {"classes": classes},
        {"components": {"classes": classes}},
        {"compound_components": {"classes": classes}},
    ):
        assert set(read_component_classes([document])) == {"intmac"}


@pytest.mark.parametrize(
    ("group", "energy", "area"),
    [
        ("two_adders", 0.350374, 440.523),
        ("linear_multiplier", 2.81968, 1478.05),
        ("bilinear", 0.83631, 534.709),
    ],
)
def test_true_multiplier_against_the_adders_of_the_legacy_mac(group, energy, area):
    result = estimate(architecture_of(MEMORY, UNIT), component_classes(group), OPTIONS)
    unit = result.ert.by_name["System.Unit[1..4]"]
    assert unit.energy_pj("compute") == energy
    assert result.art.by_name["System.Unit[1..4]"] == area


@pytest.mark.skipif(not (SHARED / "facts" / "accelergy_logic.csv").is_file(), reason="no shared facts")
def test_every_compound_mac_of_the_reference_table():
    groups = {
        "compound_intmac_two_adders": "two_adders",
        "compound_intmac_adder_multiplier": "linear_multiplier",
    }
    with (SHARED / "facts" / "accelergy_logic.csv").open() as file:
        rows = [r for r in csv.DictReader(file) if r["component"] in groups][::7]
    options = EstimationOptions(use_hwcomponents=False, significant_digits=None)
    classes = {group: component_classes(group) for group in groups.values()}
    for row in rows:
        attributes = {
            "technology": f"{row['technology_nm']}nm",
            "global_cycle_seconds": float(row["cycle_s"]),
            "multiplier_width": int(row["width_bits"]),
            "adder_width": int(row["width_b_bits"]),
        }
        architecture = architecture_of(MEMORY, {**UNIT, "attributes": attributes})
        result = estimate(architecture, classes[groups[row["component"]]], options)
        unit = result.ert.by_name["System.Unit[1..4]"]
        assert unit.energy_pj("compute") == pytest.approx(float(row["energy_pj"]), rel=1e-13)
        assert unit.energy_pj("leak") == pytest.approx(float(row["leak_pj_per_cycle"]), rel=1e-13)
        assert result.art.by_name[unit.name] == pytest.approx(float(row["area_um2"]), rel=1e-13)
    assert len(rows) > 180


def test_scales_of_a_component_of_the_architecture():
    scales = {"energy_scale": 0.5, "area_scale": 3}
    architecture = architecture_of({**MEMORY, **scales}, {**UNIT, **scales})
    plain = estimate(architecture_of(MEMORY, UNIT), component_classes("two_adders"), OPTIONS)
    scaled = estimate(architecture, component_classes("two_adders"), OPTIONS)
    for a, b in zip(plain.answers, scaled.answers, strict=True):
        assert b.value == a.value * (3 if a.action is None else 0.5)
        assert b.note.startswith("3 x" if a.action is None else "0.5 x")
    assert all("component_energy_scale" not in c.attributes for c in components_of(architecture))


def test_what_is_to_be_asked_is_known_before_anybody_is_asked():
    text = """
        - name: thing
          attributes: {technology: 32nm}
          subcomponents: [{name: "cell[0..3]", class: cell, attributes: {size: 2}}]
          actions:
          - name: read
            arguments: {lanes: 1..2}
            subcomponents: [{name: "cell[0..1]", actions: [{name: read, energy_scale: lanes}]}]
          - {name: leak, subcomponents: [{name: "cell[0..3]", actions: [{name: leak}]}]}
        """
    asked = []

    def ask(query):
        asked.append(query)
        return _prices(query)

    estimator = Estimator(read_component_classes(yaml.safe_load(text)), OPTIONS, ask)
    given = {"technology": "32nm", "width": 8}
    components = [
        Component("Top.x", "thing", given, ("read", "leak")),
        Component("Top.y", "cell", given, ("read", "write")),
        Component("Top.z", "dummy_storage", given, ("read",)),
    ]
    plans = [estimator.planned(component) for component in components]
    assert asked == []
    rows = [estimator.answered(plan) for plan in plans]
    assert asked == [query for plan in plans for query in plan.questions()]
    assert [query.action for query in asked] == ["read", "read", "leak", None, "read", "write", None]
    assert [[a.energy_pj for a in row.actions] for row in rows][:2] == [[4, 8, 4], [1, 2]]
    assert [row.area_um2 for row in rows] == [80, 10, 0]


@pytest.mark.parametrize(
    ("there", "used", "reason"),
    [
        ("[0..3]", "[0..9]", "action 'read' uses 10 of 's', of which there are 4 [0..3]"),
        ("[0..3]", "[0..1.5]", "the bound '1.5' is 1.5, not a whole number"),
        ("[0..3]", "[-3..-1]", "the bound '-3' is -3, not a whole number"),
        ("[0..1e17]", "[0..2e17]", "of which there are 100000000000000001"),
    ],
)
def test_an_action_uses_only_what_is_there(there, used, reason):
    text = f"""
        - name: thing
          subcomponents: [{{name: "s{there}", class: cell}}]
          actions: [{{name: read, subcomponents: [{{name: "s{used}", actions: [{{name: read}}]}}]}}]
        """
    with pytest.raises(EstimationError) as caught:
        _component(text).entries()
    assert reason in str(caught.value)


def _classes_in_classes(deep, wide):
    parts = ", ".join(f"{{name: s{i}, class: DEEPER}}" for i in range(wide))
    lines = [
        f"- {{name: c{d}, subcomponents: [{parts.replace('DEEPER', f'c{d + 1}')}], actions: []}}"
        for d in range(deep)
    ]
    return "\n".join(lines)


def test_classes_that_multiply_without_end_are_told():
    with pytest.raises(EstimationError) as caught:
        _component(_classes_in_classes(8, 10), class_name="c0")
    assert str(caught.value).startswith("Top.x: the component has more than 20,000 parts")


def test_deep_nesting_is_not_called_recursion():
    _component(_classes_in_classes(20, 1), class_name="c0")
    with pytest.raises(EstimationError) as caught:
        _component(_classes_in_classes(21, 1), class_name="c0")
    assert "component classes are nested more than 20 deep: c0 -> c1" in str(caught.value)
