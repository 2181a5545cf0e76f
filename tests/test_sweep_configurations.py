"""Files of configurations: what is read, and every mistake told at once, with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import SpecError
from harness.spec.templates import load_architecture_template
from harness.sweep.configuration import ConfigurationMistakes, Configurations, read_configurations

SHIPPED = Path(__file__).resolve().parents[1] / "hw_configs.json"


def read(path: Path, text: str, architecture: str = "gemmini") -> Configurations:
    path.write_text(text, encoding="utf-8")
    return read_configurations(path, load_architecture_template(architecture))


@pytest.mark.parametrize(
    ("architecture", "chosen", "others"),
    [("gemmini", range(20), {"pim_analog": 6}), ("pim_analog", range(20, 26), {"gemmini": 20})],
)
def test_only_the_chosen_architecture_is_taken(
    architecture: str, chosen: range, others: dict[str, int]
) -> None:
    found = read_configurations(SHIPPED, load_architecture_template(architecture))
    assert [c.position for c in found.chosen] == list(chosen)
    assert found.others == others
    assert {c.architecture for c in found.chosen} == {architecture}


def test_what_is_not_given_has_its_default(tmp_path: Path) -> None:
    template = load_architecture_template("gemmini")
    (only,) = read(tmp_path / "c.json", '[{"pe_rows": 8.0}]').chosen
    assert only.given == {"pe_rows": 8}
    defaults = {p.name: p.default for p in template.parameters}
    assert only.parameters == {**defaults, "pe_rows": 8}


def test_all_mistakes_are_told_with_line_and_nearest_name(tmp_path: Path) -> None:
    text = """[
      {"pe_rows": 8},
      {"pe_row": 16, "dataflow": "XX"},
      {"arch": "gemini"}, 5,

      {"arch": "pim_analog", "pe_rows": [8, 16]},
      {"metrics": {}}, {"arch": 3}
    ]"""
    path = tmp_path / "c.json"
    with pytest.raises(ConfigurationMistakes) as caught:
        read(path, text)
    expected = [
        (3, 1, "2 mistakes: unknown parameter 'pe_row' (did you mean 'pe_rows'?); dataflow must be one of"),
        (4, 2, "unknown architecture 'gemini' (did you mean 'gemmini'?)"),
        (4, 3, "must be an object"),
        (6, 4, "architecture 'pim_analog': pe_rows must be a whole number, not [8, 16]"),
        (7, 5, "'metrics' is a key of results"),
        (7, 6, "'arch' must be the name of an architecture"),
    ]
    assert len(caught.value.mistakes) == len(expected)
    for mistake, (line, position, words) in zip(caught.value.mistakes, expected, strict=True):
        assert mistake.startswith(f"{path}:{line}: configuration {position}: ")
        assert words in mistake


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: not JSON: "),
        ("{}", ":1: the configurations must be a list"),
        ("[]", "no configuration for the architecture 'gemmini' (the list is empty)"),
        ("[{}", ":1: not JSON: expecting ',' or ']'"),
        ("[{},]", ":1: not JSON: "),
        ("[{}]\n[]", ":2: not JSON: something follows the list"),
        ('[\n{"pe_rows": 8 "pe_cols": 8}]', ":2: not JSON: "),
        ('[{"pe_rows": NaN}]', "NaN is no number of JSON's"),
        ('[{"pe_rows": 8, "pe_rows": 9}]', "the key 'pe_rows' is there twice"),
        (f'[{{"pe_rows": {"9" * 5000}}}]', "a number of 5000 digits"),
        ("[" * 100000, "nested too deeply"),
        ('[{"arch": "pim_analog"}]', "it has 1 for pim_analog; choose with --arch"),
    ],
)
def test_unusable_files_are_one_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        read(tmp_path / "c.json", text)
    assert message in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "c.json"))


def test_a_file_that_is_not_there_or_not_text(tmp_path: Path) -> None:
    template = load_architecture_template("gemmini")
    with pytest.raises(SpecError, match="no such file"):
        read_configurations(tmp_path / "none.json", template)
    (tmp_path / "binary.json").write_bytes(b"[\xff\xfe]")
    with pytest.raises(SpecError, match="cannot be read"):
        read_configurations(tmp_path / "binary.json", template)
