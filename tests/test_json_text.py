"""The fast writer of indented JSON equals Python's, byte for byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.spec.json_text import json_text

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
)
trees = st.recursive(
    scalars,
    lambda children: st.one_of(
        st.lists(children, max_size=4),
        st.lists(children, max_size=4).map(tuple),
        st.dictionaries(st.text(), children, max_size=4),
    ),
    max_leaves=30,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.text(), trees, max_size=5))
def test_it_is_written_as_python_writes_it(record: dict[str, Any]) -> None:
    assert json_text(record) == json.dumps(record, indent=1, allow_nan=False, ensure_ascii=False)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_what_is_no_number_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_text({"a": [value]})


@pytest.mark.parametrize("record", [{"a": {1}}, {"a": object()}, {1: "a"}])
def test_what_is_no_plain_data_is_refused(record: dict[Any, Any]) -> None:
    with pytest.raises(TypeError):
        json_text(record)
