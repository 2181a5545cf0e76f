"""Points of a sweep: every form of input, every mistake with its line, counts, order and memory."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import HarnessError, SpecError
from harness.spec.templates import load_architecture_template
from harness.sweep.points import (
    ConfigurationMistakes,
    ConfigurationSpace,
    configuration_space,
    read_configurations,
    with_defaults,
)

REPOSITORY = Path(__file__).resolve().parents[1]
SHIPPED = REPOSITORY / "hw_configs.json"
COUPLED = "accumulator_size * pe_rows == 262144"


def read(path: Path, text: str, *rules: str, mixup: bool = False) -> ConfigurationSpace:
    path.write_text(text, encoding="utf-8")
    return read_configurations(path, "gemmini", rules, mixup)


def given_of(space: ConfigurationSpace, *architectures: str) -> list[dict[str, Any]]:
    return [dict(point.given) for point in space.points(architectures or None)]


def mistakes(path: Path, text: str, *rules: str, mixup: bool = False) -> list[str]:
    with pytest.raises(ConfigurationMistakes) as caught:
        read(path, text, *rules, mixup=mixup)
    return [line.removeprefix(f"{path}:") for line in caught.value.mistakes]


# What is read


def test_the_shipped_file_as_listed_and_crossed() -> None:
    listed = read_configurations(SHIPPED, "gemmini")
    assert listed.architectures == ("gemmini", "pim_analog")
    assert (listed.count(), listed.count(["gemmini"]), listed.span) == (26, 20, 26)
    assert [p.position for p in listed.points(["pim_analog"])] == list(range(20, 26))
    crossed = read_configurations(SHIPPED, "gemmini", mixup=True)
    assert (crossed.count(["gemmini"]), crossed.count(["pim_analog"]), crossed.span) == (432, 36, 468)
    assert [p.position for p in crossed.points(["pim_analog"])] == list(range(432, 468))
    for name in listed.architectures:
        every = given_of(crossed, name)
        assert len({tuple(sorted(point.items())) for point in every}) == len(every)
        assert all(point in every for point in given_of(listed, name))
    coupled = read_configurations(SHIPPED, "gemmini", (COUPLED,), mixup=True)
    assert (coupled.count(["gemmini"]), coupled.count(["pim_analog"])) == (72, 36)
    assert coupled.skipped_by_rules() == coupled.skipped_by_rules(["gemmini"]) == 360


def test_what_is_not_given_has_its_default(tmp_path: Path) -> None:
    (only,) = read(tmp_path / "c.json", '{"pe_rows": 8.0}').points()
    defaults = {p.name: p.default for p in load_architecture_template("gemmini").parameters}
    assert (only.given, only.parameters) == ({"pe_rows": 8}, {**defaults, "pe_rows": 8})
    assert (only.position, only.architecture, only.refusal) == (0, "gemmini", None)


def test_a_grid_of_lists_and_ranges_changes_its_last_key_fastest(tmp_path: Path) -> None:
    text = """{"pe_rows": [16, 8], "pe_cols": {"from": 8, "to": 30, "step": 8},
               "rf_size": {"from": 64, "to": 300, "times": 2}, "dataflow": ["WS", "OS"]}"""
    space = read(tmp_path / "c.json", text)
    expected = itertools.product([16, 8], [8, 16, 24], [64, 128, 256], ["WS", "OS"])
    keys = ("pe_rows", "pe_cols", "rf_size", "dataflow")
    assert given_of(space) == [dict(zip(keys, values, strict=True)) for values in expected]
    assert [p.position for p in space.points()] == list(range(space.count()))


@pytest.mark.parametrize(
    ("several", "values"),
    [
        ({"from": 0.1, "to": 0.7, "step": 0.2}, [0.1, 0.3, 0.5, 0.7]),
        ({"from": 0.001, "to": 10, "times": 10}, [0.001, 0.01, 0.1, 1, 10]),
        ({"from": 3, "to": 3, "step": 5}, [3]),
        ({"from": 2, "to": 7, "times": 1.5}, [2, 3, 4.5, 6.75]),
        ([4, 0.5, 8.0], [4, 0.5, 8]),
        ("0.25", [0.25]),
    ],
)
def test_values_of_ranges_are_exact(several: object, values: list[float]) -> None:
    found = given_of(configuration_space({"dram_bandwidth": several}, "gemmini"))
    assert [point["dram_bandwidth"] for point in found] == values
    assert [type(point["dram_bandwidth"]) for point in found] == [type(value) for value in values]


def test_entries_may_be_grids_of_several_architectures_with_rules_of_their_own(tmp_path: Path) -> None:
    text = """{"configurations": [
        {"pe_rows": 8},
        {"arch": ["gemmini", "pim_analog"], "pe_rows": [16, 32],
         "rules": ["arch != 'gemmini' or pe_rows > 16"]},
        {"pe_rows": 8}],
      "rules": ["pe_rows * accumulator_size <= 100000 or rf_size == 1"]}"""
    space = read(tmp_path / "c.json", text)
    found = [(p.position, p.architecture, dict(p.given)) for p in space.points()]
    assert found == [
        (0, "gemmini", {"pe_rows": 8}),
        (1, "pim_analog", {"pe_rows": 16}),
        (2, "pim_analog", {"pe_rows": 32}),
        (3, "gemmini", {"pe_rows": 8}),
    ]
    assert (space.count(), space.skipped_by_rules(), space.skipped_by_rules(["pim_analog"])) == (4, 2, 0)
    assert [p.position for p in space.points(["gemmini"])] == [0, 3]


def test_csv_in_the_ways_that_spreadsheets_write_it(tmp_path: Path) -> None:
    rows = ["\ufeff", "pe_rows;arch;pe_cols;dataflow", "8;;16;WS", "", ";;;", " ;gemmini;=pe_rows * 2;OS"]
    space = read(tmp_path / "c.CSV", "\r\n".join([*rows, "4;pim_analog;;\r\n"]))
    assert given_of(space, "gemmini") == [
        {"pe_rows": 8, "pe_cols": 16, "dataflow": "WS"},
        {"pe_cols": 32, "dataflow": "OS"},
    ]
    assert given_of(space, "pim_analog") == [{"pe_rows": 4}]
    commas = 'pe_rows, "dataflow"\n8, WS\n16,"OS"\n'
    assert given_of(read(tmp_path / "d.csv", commas)) == [
        {"pe_rows": 8, "dataflow": "WS"},
        {"pe_rows": 16, "dataflow": "OS"},
    ]


def test_an_expression_follows_other_keys_and_defaults() -> None:
    space = configuration_space(
        {
            "rf_size": "= accumulator_size // 4 + register_entries",
            "accumulator_size": ["=262144 // pe_rows", 512],
            "pe_rows": [16, 32],
        },
        "gemmini",
    )
    assert [(p["pe_rows"], p["accumulator_size"], p["rf_size"]) for p in given_of(space)] == [
        (16, 16384, 4097),
        (32, 8192, 2049),
        (16, 512, 129),
        (32, 512, 129),
    ]
    ruled = configuration_space(
        {"accumulator_size": ["=262144 // pe_rows", 512], "pe_rows": [16, 32, 512]}, "gemmini", [COUPLED]
    )
    assert [p["accumulator_size"] for p in given_of(ruled)] == [16384, 8192, 512, 512]


def test_a_cross_over_takes_values_in_the_order_of_their_first_appearance() -> None:
    entries = [
        {"pe_rows": 16, "dataflow": "OS"},
        {"arch": "tpu", "pe_rows": 4},
        {"dataflow": ["WS", "OS"], "pe_rows": 16.0, "strict_utilization": True},
        {"pe_rows": "8", "rules": "pe_rows > 8 or dataflow == 'WS'"},
        {"strict_utilization": 1},
    ]
    space = configuration_space(entries, "gemmini", mixup=True)
    keys = ("pe_rows", "dataflow", "strict_utilization")
    assert [tuple(p[key] for key in keys) for p in given_of(space, "gemmini")] == [
        (16, "OS", True),
        (16, "WS", True),
        (8, "WS", True),
    ]
    assert given_of(space, "tpu") == [{"pe_rows": 4}]
    assert space.architectures == ("gemmini", "tpu")


def test_python_data_may_be_one_dict_a_list_or_an_object_with_rules() -> None:
    assert given_of(configuration_space({"pe_rows": range(8, 11)}, "gemmini")) == [
        {"pe_rows": 8},
        {"pe_rows": 9},
        {"pe_rows": 10},
    ]
    assert configuration_space([{}, {"arch": "tpu"}], "gemmini").architectures == ("gemmini", "tpu")
    arrays = {"pe_rows": np.arange(1, 3), "pe_cols": np.int64(4), "dram_bandwidth": np.float64(0.5)}
    assert given_of(configuration_space(arrays, "gemmini")) == [
        {"pe_rows": 1, "pe_cols": 4, "dram_bandwidth": 0.5},
        {"pe_rows": 2, "pe_cols": 4, "dram_bandwidth": 0.5},
    ]
    ruled = {"configurations": ({"pe_rows": (8, 16)},), "rules": "pe_rows > 8"}
    assert given_of(configuration_space(ruled, "gemmini")) == [{"pe_rows": 16}]


def own_template(folder: Path, name: str) -> str:
    text = (REPOSITORY / "arches" / "gemmini.yaml.jinja").read_text()
    (folder / "own.yaml.jinja").write_text(text.replace("name: gemmini", f"name: {name}", 1))
    return f"{folder}/own.yaml.jinja"


def test_an_architecture_has_the_name_that_it_declares_however_it_is_reached(tmp_path: Path) -> None:
    own = own_template(tmp_path, "mine")
    entries = [{}, {"arch": "mine"}, {"arch": f"{tmp_path}/../{tmp_path.name}/own.yaml.jinja"}]
    space = configuration_space(entries, own)
    assert (space.architectures, space.count(["mine"])) == (("mine",), 3)
    assert with_defaults(space, [own, "tpu"]).architectures == ("mine", "tpu")
    assert configuration_space(entries, own, also=[own, "tpu"]).architectures == ("mine", "tpu")
    mine = own_template(tmp_path, "gemmini")
    assert configuration_space([{}, {"arch": "gemmini"}], mine).count(["gemmini"]) == 2
    with pytest.raises(ConfigurationMistakes, match="two architectures are called 'gemmini'"):
        configuration_space([{}, {"arch": mine}], "gemmini")


def test_architectures_without_an_entry_have_one_with_defaults() -> None:
    assert [p.architecture for p in with_defaults(None, ["tpu", "gemmini"]).points()] == ["tpu", "gemmini"]
    names = ["tpu", "gemmini", "eyeriss"]
    added = with_defaults(read_configurations(SHIPPED, "gemmini"), names)
    for space in (added, read_configurations(SHIPPED, "gemmini", also=names)):
        assert space.architectures == ("gemmini", "pim_analog", "tpu", "eyeriss")
        assert [(p.position, p.given) for p in space.points(["tpu", "eyeriss"])] == [(26, {}), (27, {})]
    with pytest.raises(HarnessError, match="did you mean 'tpu'"):
        with_defaults(None, ["tpy"])
    with pytest.raises(ConfigurationMistakes, match="did you mean 'tpu'"):
        configuration_space({}, "gemmini", also=["tpy"])


def test_defaults_obey_the_rules_of_the_command_and_not_those_of_the_file() -> None:
    entries = {"configurations": [{"pe_rows": [8, 16]}], "rules": ["pe_rows == 8"]}
    space = configuration_space(entries, "gemmini", ["pe_count < 16"], also=["tpu", "simba"])
    assert [(p.architecture, dict(p.given)) for p in space.points()] == [
        ("gemmini", {"pe_rows": 8}),
        ("tpu", {}),
    ]
    assert space.skipped_by_rules(["simba"]) == 1


# Points that cannot be built


def test_in_a_grid_what_cannot_be_built_is_a_point_with_the_reason() -> None:
    grid = {"scratchpad_size": [1024, 1000], "pe_rows": "=pe_cols // 3 * 1.5", "pe_cols": [9, 6, 1]}
    points = list(configuration_space(grid, "gemmini", ["pe_rows != 3"]).points())
    assert [(p.given["scratchpad_size"], p.given["pe_cols"]) for p in points] == [
        (1024, 9), (1024, 1), (1000, 9), (1000, 1)
    ]  # fmt: skip
    assert [p.refusal for p in points[:2]] == [
        "pe_rows '=pe_cols // 3 * 1.5': pe_rows must be a whole number, not 4.5",
        "pe_rows '=pe_cols // 3 * 1.5': pe_rows must be 1 to 65536, not 0",
    ]
    assert points[0].parameters["pe_rows"] == 4.5
    plain = list(configuration_space({"scratchpad_size": [1024, 1000]}, "gemmini").points())
    assert [p.refusal for p in plain] == [
        None,
        "scratchpad_size words of input_bits must fill whole rows of scratchpad_width bits",
    ]


def test_rules_about_values_that_do_not_exist_leave_the_point_with_its_reason() -> None:
    grid = {"pe_rows": [0.5, 1], "accumulator_size": "=64 // (register_entries - 1)"}
    with pytest.raises(ConfigurationMistakes):
        configuration_space(grid, "gemmini")
    grid["pe_rows"] = [1, 2]
    space = configuration_space({**grid, "rf_size": "=accumulator_size"}, "gemmini", ["accumulator_size > 3"])
    assert space.count() == 2
    assert {p.refusal for p in space.points()} == {
        "accumulator_size '=64 // (register_entries - 1)': in expression '64 // (register_entries - 1)': "
        "division by zero"
    }
    assert {p.parameters["rf_size"] for p in space.points()} == {None}


# Mistakes


def test_all_mistakes_are_told_at_once_with_line_and_nearest_name(tmp_path: Path) -> None:
    text = """{"configurations": [
      {"pe_rows": [8, 0, "x"],
       "pe_row": 16,

       "pe_cols": {"from": 8, "to": 4, "step": 2}, "dataflow": ["WS", "XX"]},
      {"arch": ["gemini", "pim_analog"], "accumulator_size": 4},
      {"accumulator_size": "=262144 // pe_row", "pe_rows": "=("},
      5, {"scratchpad_size": 100},
      {"pe_rows": "=pe_cols",
       "pe_cols": "=pe_rows * 2"},
      {"metrics": 1, "arch": 3},
      {"rules": ["pe_rows = 3", "pe_rws < 3", 4]}
     ],
     "rules": ["accumulator_sise * pe_rows == 262144"]}"""
    expected = [
        ("2: configuration 0: architecture 'gemmini': pe_rows must be 1 to 65536, not 0"),
        ("2: configuration 0: architecture 'gemmini': pe_rows must be a whole number, not 'x'"),
        ("3: configuration 0: architecture 'gemmini': unknown parameter 'pe_row' (did you mean 'pe_rows'?)"),
        ("5: configuration 0: architecture 'gemmini': pe_cols has a range from 8 down to 4"),
        ("5: configuration 0: architecture 'gemmini': dataflow must be one of WS, IS, OS, not 'XX'"),
        ("6: configuration 1: unknown architecture 'gemini' (did you mean 'gemmini'?)"),
        ("6: configuration 1: architecture 'pim_analog': unknown parameter 'accumulator_size'"),
        ("7: configuration 2: architecture 'gemmini': accumulator_size '=262144 // pe_row': unknown name "),
        ("7: configuration 2: architecture 'gemmini': pe_rows: '(' is not an expression"),
        ("8: configuration 3: must be an object"),
        ("8: configuration 4: architecture 'gemmini': scratchpad_size words of input_bits must fill"),
        ("9: configuration 5: architecture 'gemmini': the expressions go round in a circle: pe_rows -> "),
        ("11: configuration 6: 'arch' must be the name of an architecture"),
        ("11: configuration 6: 'metrics' is a key of results"),
        ("12: configuration 7: rule: 'pe_rows = 3' is not an expression (to compare, write '==')"),
        ("12: configuration 7: rule: 4 is not an expression"),
        ("12: configuration 7: rule 'pe_rws < 3': unknown name 'pe_rws' (did you mean 'pe_rows'?)"),
        ("14: rule 'accumulator_sise * pe_rows == 262144': unknown name 'accumulator_sise' (did you mean "),
    ]
    found = mistakes(tmp_path / "c.json", text)
    assert len(found) == len(expected)
    for line, words in zip(found, expected, strict=True):
        assert line.startswith(words)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "has an empty list of values"),
        ([8, 16, 8.0], "has the value 8 twice"),
        ([8, [16]], "has a list or a range within its list"),
        ({"from": 1, "to": 4}, "not {from, to, step} or {from, to, times}"),
        ({"from": 1, "to": 4, "step": 1, "times": 2}, "not {from, to, step} or {from, to, times}"),
        ({"from": 1, "too": 4, "step": 1}, "unknown key 'too' (did you mean 'to'?)"),
        ({"from": 1, "to": 4, "step": 0}, "never ends: its step must be more than 0, not 0"),
        ({"from": 1, "to": 4, "step": -1}, "never ends: its step must be more than 0, not -1"),
        ({"from": 1, "to": 4, "times": 1}, "never ends: 'times' must be more than 1, not 1"),
        ({"from": 0, "to": 4, "times": 2}, "never ends: 'from' must be more than 0, not 0"),
        ({"from": 4, "to": 1, "times": 2}, "a range from 4 down to 1"),
        ({"from": "1", "to": 4, "step": 1}, "a range whose 'from' is not a number"),
        ({"from": True, "to": 4, "step": 1}, "a range whose 'from' is not a number"),
        ({"from": 1, "to": float("inf"), "step": 1}, "a range whose 'to' is not a number"),
        ({"from": 1, "to": 10**9, "step": 1}, "a range of 1000000000 values, more than 100000"),
        ({"from": 1, "to": 10**9, "times": 1.0001}, "of more than 1000 values"),
        ({"from": 1, "to": 2, "step": 0.5}, "must be a whole number, not 1.5"),
        (list(range(-9, 1)), "pe_rows has 7 more values that are wrong"),
        (None, "must be a whole number, not None"),
        ({8}, "pe_rows must be 1 to 65536, not {8}"),
        ("=nothing(pe_cols)", "unknown name 'nothing'"),
        ("=pe_rows + 1", "go round in a circle: pe_rows -> pe_rows"),
        ("=imc_size", "unknown name 'imc_size'"),
        ("=1 / 0", "division by zero"),
        ("='x'", "must be a whole number, not 'x'"),
    ],
)
def test_values_that_are_refused(value: object, message: str) -> None:
    with pytest.raises(ConfigurationMistakes) as caught:
        configuration_space([{}, {"pe_rows": value}], "gemmini")
    assert message in caught.value.mistakes[-1]
    assert all(line.startswith("configuration 1: architecture 'gemmini': ") for line in caught.value.mistakes)


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        ("pe_rows", "it must be true or false, not 16"),
        ("pe_rows < dataflow", "not supported between instances of 'int' and 'str'"),
        ("1 / (pe_rows - 16) > 2", "division by zero, for pe_rows=16"),
        ("__import__('os')", "unknown name '__import__'"),
        ("pe_rows.bit_length() > 1", "only functions that are called by their name are allowed"),
        ("(lambda: 1)()", "it must be true or false"),
        ("", "'' is not an expression"),
        ("x" * 20_000, "more than 10000 characters"),
        ("(" * 5000 + ")" * 5000, "is not an expression"),
        ("glb_width > 1 and pe_rows > 1", "unknown name 'glb_width'"),
    ],
)
def test_rules_that_make_no_sense(rule: str, message: str) -> None:
    with pytest.raises(ConfigurationMistakes) as caught:
        configuration_space({}, "gemmini", [rule])
    assert message in str(caught.value)


def test_a_rule_that_fails_later_is_told_when_points_are_counted() -> None:
    space = configuration_space({"pe_rows": [8, 16]}, "gemmini", ["64 // (pe_rows - 16) < 0"])
    with pytest.raises(
        SpecError, match=r"rule '64 // \(pe_rows - 16\) < 0': .* division by zero, for pe_rows=16"
    ):
        space.count()


def test_a_rule_holds_for_the_architectures_that_have_its_parameters() -> None:
    entries = [{"pe_rows": [8, 16]}, {"arch": "pim_analog", "pe_rows": [8, 16]}]
    space = configuration_space(entries, "gemmini", ["accumulator_size > 1 and pe_rows > 8"])
    assert (space.count(["gemmini"]), space.count(["pim_analog"])) == (1, 2)
    with pytest.raises(ConfigurationMistakes, match="no architecture has all its parameters"):
        configuration_space(entries, "gemmini", ["accumulator_size > shared_glb_size"])


def test_names_that_a_rule_binds_itself_are_still_read_outside() -> None:
    rule = "max([pe_rows * 2 for pe_rows in [1, 2]]) == 4 and pe_rows > 8"
    rule += " and all(map(lambda x: x > 1, [pe_cols]))"
    grid = {"pe_cols": [1, 2], "pe_rows": [8, 16]}
    assert given_of(configuration_space(grid, "gemmini", [rule])) == [{"pe_cols": 2, "pe_rows": 16}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "1: the first row must name the parameters"),
        ("pe_rows,,dataflow\n", "1: column 2 has no name"),
        ("pe_rows, pe_rows\n", "1: the column 'pe_rows' is there twice"),
        ('pe_rows\n"8\n', "2: not CSV: unexpected end of data"),
    ],
)
def test_csv_that_cannot_be_understood(tmp_path: Path, text: str, message: str) -> None:
    assert mistakes(tmp_path / "c.csv", text) == [message]


def test_mistakes_in_csv_have_the_line_of_the_row_and_names_that_of_the_header(tmp_path: Path) -> None:
    text = "\narch,pe_rows,pe_cls\n,8,1\n\ngemmini,x,2\n,8\ntpy,,\n"
    assert mistakes(tmp_path / "c.csv", text) == [
        "2: architecture 'gemmini': unknown parameter 'pe_cls' (did you mean 'pe_cols'?)",
        "5: configuration 1: architecture 'gemmini': pe_rows must be a whole number, not 'x'",
        "6: configuration 2: the row has 2 cells, the header 3",
        "7: configuration 3: unknown architecture 'tpy' (did you mean 'tpu'?)",
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: not JSON: "),
        ("5", ":1: the configurations must be a list of objects, or one object"),
        ("[]", ": no configurations: the list is empty"),
        ('{"configurations": []}', ": no configurations: the list is empty"),
        (
            '{"configurations": [{}],\n "rule": []}',
            ":2: unknown key 'rule' beside 'configurations' (did you mean 'rules'?)",
        ),
        ('{"rules": [],\n"configurations": {}}', ":2: 'configurations' must be a list"),
        ('{"configuration": [{}]}', "unknown parameter 'configuration' (did you mean 'configurations'?)"),
        ("[{}", ":1: not JSON: "),
        ("[{}]\n[]", ":2: not JSON: Extra data"),
        ('[\n{"pe_rows": 8 "pe_cols": 8}]', ":2: not JSON: "),
        ('[{},\n {"pe_rows":\n NaN}]', ":3: NaN is no number of JSON's"),
        ('[{},\n {"pe_rows": 8,\n "pe_rows": 9}]', ":3: the key 'pe_rows' is there twice"),
        ('[{}, {"pe_cols":\n {"from": 1, "to": 2, "from": 3}}]', ":2: the key 'from' is there twice"),
        (f'[{{"pe_rows": {"9" * 5000}}}]', ":1: a number of 5000 digits"),
        ("[" * 100000, ": nested too deeply"),
        ("[" * 500 + "NaN" + "]" * 500, ":1: NaN is no number"),
    ],
)
def test_json_that_cannot_be_understood(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "c.json"
    with pytest.raises(SpecError) as caught:
        read(path, text)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    for name in ("none.json", "none.csv"):
        with pytest.raises(SpecError, match="no such file"):
            read_configurations(tmp_path / name, "gemmini")
        (tmp_path / name).write_bytes(b"[\xff\xfe]")
        with pytest.raises(SpecError, match="cannot be read"):
            read_configurations(tmp_path / name, "gemmini")


def test_many_wrong_entries_are_told_without_reading_the_file_again_for_each(tmp_path: Path) -> None:
    text = json.dumps([{"pe_row": n} for n in range(3000)], indent=1)
    found = mistakes(tmp_path / "c.json", text)
    assert len(found) == 3000
    assert found[-1].startswith("9000: configuration 2999: ")


# Order, laziness, and the property


VALUES: dict[str, list[Any]] = {
    "pe_rows": [1, 2, 4, 8, 16],
    "pe_cols": [1, 3, 4, 9],
    "dataflow": ["WS", "IS", "OS"],
    "strict_utilization": [True, False],
    "dram_bandwidth": [0.5, 1, 4],
}
RULES = {
    "pe_rows * pe_cols <= 16": lambda p: p["pe_rows"] * p["pe_cols"] <= 16,
    "dataflow != 'IS' or strict_utilization": lambda p: p["dataflow"] != "IS" or p["strict_utilization"],
    "pe_rows > dram_bandwidth": lambda p: p["pe_rows"] > p["dram_bandwidth"],
    "rf_size == 1024": lambda p: True,
    "pe_cols in [3, 9, 16]": lambda p: p["pe_cols"] in [3, 9, 16],
    "network_latency > pe_rows": lambda p: False,
}


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_points_of_a_grid_are_the_filtered_product(data: st.DataObject) -> None:
    keys = data.draw(st.permutations(sorted(VALUES)))[: data.draw(st.integers(0, len(VALUES)))]
    grid = {
        key: data.draw(st.lists(st.sampled_from(VALUES[key]), min_size=1, unique=True), label=key)
        for key in keys
    }
    rules = data.draw(st.lists(st.sampled_from(sorted(RULES)), unique=True), label="rules")
    space = configuration_space(grid, "gemmini", rules)
    defaults = {p.name: p.default for p in load_architecture_template("gemmini").parameters}
    product = [dict(zip(keys, values, strict=True)) for values in itertools.product(*grid.values())]
    expected = [point for point in product if all(RULES[rule]({**defaults, **point}) for rule in rules)]
    assert given_of(space) == expected
    assert space.count() == len(expected)
    assert space.skipped_by_rules() == len(product) - len(expected)
    for point in space.points():
        assert point.parameters == {**defaults, **point.given}


_PRINT = """
from pathlib import Path
from harness.sweep.points import read_configurations
space = read_configurations(Path('hw_configs.json'), 'gemmini', ['pe_rows * pe_cols > 64'], mixup=True)
for p in space.points():
    print(p.position, p.architecture, list(p.given.items()), list(p.parameters.items()))
"""


def test_the_order_is_the_same_in_every_run() -> None:
    printed = {
        subprocess.run(
            [sys.executable, "-c", _PRINT], cwd=REPOSITORY, check=True, capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "77")
    }  # fmt: skip
    assert len(printed) == 1
    assert printed.pop().count(b"\n") > 100


def test_a_million_points_take_no_memory() -> None:
    grid = {key: {"from": 1, "to": 100, "step": 1} for key in ("pe_rows", "pe_cols", "rf_size")}
    tracemalloc.start()
    try:
        space = configuration_space(grid, "gemmini", ["pe_rows * pe_cols <= 10000"])
        assert space.count() == 10**6
        for point in itertools.islice(space.points(), 100_000):
            last = point
        assert last.position == 99_999
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_counting_without_rules_is_arithmetic() -> None:
    keys = ("pe_rows", "pe_cols", "rf_size", "accumulator_size", "scratchpad_banks", "accumulator_banks")
    grid: dict[str, object] = {key: {"from": 1, "to": 10_000, "step": 1} for key in keys}
    assert configuration_space(grid, "gemmini").count() == 10_000 ** len(keys)
    few = {**grid, "pe_rows": [1, 2, 3]}
    assert configuration_space(few, "gemmini", ["pe_rows > 1"]).count() == 2 * 10_000 ** (len(keys) - 1)


_SINGLE = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 20), st.floats(), st.text(max_size=4),
    st.sampled_from(["=pe_rows", "=pe_cols + 1", "=1 / 0", "=[1]", "=x.y", "=10**500", "=map(1, 2)", "WS"]),
)  # fmt: skip
_RANGE = st.dictionaries(st.sampled_from(["from", "to", "step", "times"]), _SINGLE, max_size=4)
_VALUE = st.one_of(_SINGLE, st.lists(_SINGLE, max_size=3), _RANGE)
_RULE = st.sampled_from(["pe_rows > 3", "1 / (pe_rows - 4) > 0", "x", "pe_rows", "(", "technology > 3"])
_ENTRY = st.fixed_dictionaries(
    {},
    optional={
        "arch": st.sampled_from(["gemmini", "tpu", "gemini", 3, None, ["tpu", "gemmini"], []]),
        "rules": st.one_of(_RULE, st.lists(_RULE, max_size=2)),
        "pe_rows": _VALUE,
        "pe_cols": _VALUE,
        "dataflow": st.sampled_from(["WS", ["OS", "WS"], "=dataflow"]),
        "pe_row": _VALUE,
    },
)


@settings(deadline=None, max_examples=200)
@given(
    st.one_of(_ENTRY, st.lists(st.one_of(_ENTRY, _SINGLE), max_size=3)),
    st.lists(_RULE, max_size=1),
    st.booleans(),
)
def test_whatever_is_given_has_points_or_mistakes_of_one_line(
    data: object, rules: list[str], mixup: bool
) -> None:
    try:
        space = configuration_space(data, "gemmini", rules, mixup, ["tpu"])
        positions = [point.position for point in itertools.islice(space.points(), 100)]
    except HarnessError as error:
        assert "\n" not in str(error)
    else:
        assert positions == list(range(min(space.count(), 100)))
