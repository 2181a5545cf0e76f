"""The fast writer of YAML equals PyYAML's, byte for byte."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.report.yaml_text import plain, yaml_text
from harness.spec.block_yaml import block_text, pyyaml_text
from harness.spec.located import LocatedDict, LocatedList
from harness.spec.writing import _Dumper, dump_processed_input
from harness.spec.yaml_loader import load_yaml_text
from harness.spec.yaml_nodes import QuotedStr

WORDS = ("", "a", "true", "null", "1e-9", "1e5", "010", "0x1f", "- a", "a: b", "#c", "a #b", "~", "yes", "=",
         "[x]", "{", "ü", "it's", 'say "x"', "two\nlines", "tab\there", " lead", "trail ", "\x85", "\u2028",
         "\U0001f600", "word " * 40, "it's " * 40, "é\x07 " * 60, "x" * 300, "?", "-", "!t", "&a", "*a", "%",
         "@", "`", "2001-01-01", "1_000", "0o7", ".inf", "<<", "---", "...", "a\\b", ",", "a]")  # fmt: skip
texts = st.one_of(
    st.sampled_from(WORDS), st.text(max_size=12), st.lists(st.sampled_from(WORDS)).map(" ".join)
)
scalars = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), texts)
keys = st.one_of(
    st.from_regex("[a-z_]{1,12}", fullmatch=True), texts, st.text("k", min_size=95, max_size=130)
)


def trees(leaves: st.SearchStrategy[Any], mapping: Any, listing: Any) -> st.SearchStrategy[Any]:
    inner = st.recursive(
        leaves,
        lambda children: st.one_of(
            st.lists(children, max_size=5).map(listing),
            st.lists(leaves, max_size=30).map(listing),
            st.dictionaries(keys, children, max_size=5).map(mapping),
        ),
        max_leaves=40,
    )
    return st.dictionaries(keys, inner, max_size=6).map(mapping)


@settings(max_examples=300, deadline=None)
@given(trees(scalars, dict, list))
def test_reports_are_written_as_pyyaml_writes_them(tree: dict[str, Any]) -> None:
    assert yaml_text(tree) == pyyaml_text(plain(tree), yaml.SafeDumper)


@settings(max_examples=300, deadline=None)
@given(trees(st.one_of(scalars, texts.map(QuotedStr)), LocatedDict, LocatedList))
def test_specifications_are_written_as_pyyaml_writes_them(tree: LocatedDict) -> None:
    assert dump_processed_input(tree) == pyyaml_text(tree, _Dumper)


@pytest.mark.parametrize("value", ["word " * 60, QuotedStr("word " * 60), "it's: " * 40, list(range(200)),
                                   ["some words", "1e5", "x" * 50, "it's: " * 30] * 5, ["word " * 60] * 3,
                                   -0.0, 1e16, 1e-9, float("inf"), float("nan"), 10**400])  # fmt: skip
def test_the_ordinary_is_written_fast(value: Any) -> None:
    """Whatever stands in one of our files is not left to PyYAML."""
    for tree in ({"key": value}, {"a": {"b": [value, {"c": value}, [[value]]]}}):
        text = block_text(tree, _Dumper, leaves_in_flow=True)
        assert text == pyyaml_text(tree, _Dumper)


@pytest.mark.parametrize(
    "tree",
    [{}, {"a": LocatedDict({"b": 1}, tag="T")}, {"k" * 130: 1}, {"": 1}, {"two\nlines": 1}, {"a": {1}}],
)
def test_the_unusual_is_left_to_pyyaml(tree: dict[str, Any]) -> None:
    assert block_text(tree, _Dumper, leaves_in_flow=True) is None


def test_zeros_of_both_signs_stay_apart() -> None:
    assert yaml_text({"a": 0.0, "b": -0.0, "c": 0, "d": False}) == "a: 0.0\nb: -0.0\nc: 0\nd: false\n"


def test_what_is_written_is_read_back() -> None:
    tree = {"a": "x" * 200, "b": ["word " * 60, "1e5"], "c": {"d": QuotedStr("1")}}
    assert load_yaml_text(dump_processed_input(tree)) == tree
