"""The expression evaluator: what it computes, and what it refuses in bounded time."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import Location, SpecError
from harness.spec.expressions import CONSTANTS, FUNCTIONS, evaluate_expression

NAMES = {
    "depth": 1000,
    "width": 64,
    "text": "32nm",
    "items": [1, 2, 3],
    "spec": {"problem": {"instance": {"C": 8}}},
    "mean": evaluate_expression("lambda x: sum(i * v for i, v in enumerate(x)) / sum(x)", {}),
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("depth * width // 8", 8000),
        ("max(1, ceil(log2(depth))) if depth >= 1 else 1", 10),
        ("spec.problem.instance.C * 8", 64),
        ("spec['problem']['instance']['C']", 8),
        ("(16384*4) // (1024)", 64),
        ("2 ** 10", 1024),
        ("pow(2, 3)", 8),
        ("sqrt(16) + floor(2.7) + round(2.5)", 8),
        ("min(3, 1, 2) + abs(-4)", 5),
        ("int('12') + float('0.5')", 12.5),
        ("len('abcd')", 4),
        ("str(12) + 'nm'", "12nm"),
        ("f'{depth}nm'", "1000nm"),
        ("sum([x * x for x in items if x > 1])", 13),
        ("[a + b for a, b in zip(items, items)]", [2, 4, 6]),
        ("mean([0.5, 0.5])", 0.5),
        ("list(map(lambda x: 2 * x, items))", [2, 4, 6]),
        ("items[-1] + items[0:2][1]", 5),
        ("text == '32nm' and not depth < 10", True),
        ("0 < 1 < 2 > 3", False),
        ("2 in items and 9 not in items", True),
        ("pi", math.pi),
        ("-depth + +1", -999),
        ("6 \n * 7", 42),
        ("[0.2] * 4", [0.2] * 4),
        ("{'a': 1}['a']", 1),
        ("None is None", True),
        ("1 << 4 | 1", 17),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert evaluate_expression(text, NAMES) == value


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("dept * 2", "undefined name 'dept' (did you mean 'depth'?)"),
        ("spec.problm", "no entry 'problm' (did you mean 'problem'?)"),
        ("celi(2.5)", "unknown function 'celi' (did you mean 'ceil'?)"),
        ("32nm", 'not an expression (text must stand in quotes: "32nm")'),
        ("1 / 0", "division by zero"),
        ("9 ** 9 ** 9", "the result is too large"),
        ("2.0 ** 5000", "the result is too large"),
        ("'a' * 10 ** 9", "more than 100000 items"),
        ("[0] * 10 ** 9", "more than 100000 items"),
        ("range(10 ** 9)", "more than 100000 items"),
        ("1 << 10 ** 9", "shifted too far"),
        ("factorial(10 ** 6)", "the argument is too large"),
        ("prod([2 ** 4000] * 1000)", "the result is too large"),
        ("[x for x in [1] * 1000 for y in [1] * 1000]", "too many steps"),
        ("[[0] * 100000 for i in range(1000)]", "too many steps"),
        ("[' ' * 100000 for i in range(100000)]", "too many steps"),
        ("[99999 in range(99999) for i in range(1000)]", "too many steps"),
        ("(lambda f: f(f))(lambda f: f(f))", "nested too deep"),
        ("str([[0] * 100] * 100)", "a list cannot become text"),
        ("'%1000000000d' % 1", "formatting with '%' is not allowed"),
        ("f'{depth:1000000000}'", "a format in braces is not allowed"),
        ("().__class__", "'.__class__' is only for entries of the specification"),
        ("text.upper()", "only functions that are called by their name are allowed"),
        ("__import__('os')", "the name '__import__' is not allowed"),
        ("__builtins__", "the name '__builtins__' is not allowed"),
        ("open('x')", "unknown function 'open' (did you mean 'len'?)"),
        ("depth(3)", "1000 is not a function"),
        ("round(number=2)", "named arguments are not allowed"),
        ("(-1) ** 0.5", "the result is not a real number"),
        ("(x := 1)", "an assignment is not allowed"),
        ("max(1, 'a')", "'>' not supported between instances of 'str' and 'int'"),
        ("int('9' * 9000)", "more than 100000 items"),
        ("b'x'", "b'x' is not allowed"),
    ],
)
def test_refusals(text: str, reason: str) -> None:
    with pytest.raises(SpecError) as caught:
        evaluate_expression(text, NAMES, Location("f.yaml", 3))
    assert str(caught.value) == f"f.yaml:3: in expression '{text}': {reason}"


@pytest.mark.parametrize(
    "text", ["(" * 300 + "1" + ")" * 300, "-" * 5000 + "1", "1" * 20_000, "", "1 +", "a b"]
)
def test_what_is_no_expression_is_one_line(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        evaluate_expression(text, {})
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_gives_a_value_or_a_spec_error(text: str) -> None:
    try:
        evaluate_expression(text, NAMES)
    except SpecError as error:
        assert error.message


words = st.sampled_from(
    [*FUNCTIONS, *CONSTANTS, *NAMES, "(", ")", "[", "]", ",", "+", "*", "**", "1", "9", "'a'"]
)


@given(st.lists(words, min_size=1, max_size=12))
def test_any_sequence_of_words_ends(parts: list[str]) -> None:
    try:
        evaluate_expression(" ".join(parts), NAMES)
    except SpecError as error:
        assert error.message


def test_shared_parts_count_every_time() -> None:
    doubled = "[1]"
    for _ in range(40):
        doubled = f"(lambda a: [a, a])({doubled})"
    with pytest.raises(SpecError, match="too many steps"):
        evaluate_expression(f"{doubled} == {doubled}", NAMES)
