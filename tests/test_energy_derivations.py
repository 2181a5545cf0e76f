"""Derivations can be done again with a calculator: from the lines as they are printed to the figure."""

from __future__ import annotations

import re

import pytest

from harness.estimation import EstimationOptions
from harness.estimation.cacti import cacti_for
from harness.estimation.chain import Chain, sources_for
from harness.estimation.query import Finding, Query

CLOCK = {"global_cycle_seconds": 1.2e-9}


@pytest.fixture(scope="module")
def ask() -> Chain:
    options = EstimationOptions()
    return Chain(sources_for(options), (), cacti_for(options.cache_folder, options.use_cache))


def calculated(steps: tuple[str, ...]) -> float:
    """The steps worked out: numbers, + - x / ^ and brackets of each line; what else it says is left out."""
    value: float | None = None
    for step in steps:
        times, text = step.startswith("x "), step.removeprefix("x ")
        found = re.match(r"[0-9.e+x*/^() -]+", text)
        assert found, step
        expression = found[0].rstrip(" (").replace(" x ", " * ").replace("^", "**")
        number = float(eval(expression))
        assert times == (value is not None), step
        value = number if value is None else value * number
    assert value is not None
    return value


def _finding(chain: Chain, class_name: str, action: str | None, **attributes: object) -> Finding:
    return chain.ask(Query("it", class_name, {**attributes, **CLOCK}, action))


@pytest.mark.parametrize("technology", ["40nm", "32nm", "28nm", "5nm", "180nm"])
@pytest.mark.parametrize("action", ["multiply", "leak", None])
def test_logic(ask: Chain, technology: str, action: str | None) -> None:
    found = _finding(ask, "aladdin_multiplier", action, technology=technology, width_a=8, width_b=4)
    assert calculated(found.steps) == pytest.approx(found.value, rel=1e-10)
    assert "estimation_tables/logic/library.csv:5" in found.steps[0]
    where = [step for step in found.steps if "technology.csv:" in step]
    assert len(where) == (technology != "40nm")


def test_the_factor_of_a_node_follows_from_the_rows_that_it_names(ask: Chain) -> None:
    """28 nm lies between 20 and 32, the 40 nm of the rows between 32 and 45."""
    found = _finding(ask, "aladdin_adder", "add", technology="28nm", width=32)
    (node,) = [step for step in found.steps if "28 nm" in step]
    factor, made_of = re.findall(r"x ([0-9.]+): 40 -> 28 nm, (.*), estimation_tables", node)[0]
    assert eval(made_of.replace(" x ", " * ")) == pytest.approx(float(factor), rel=1e-11)
    assert node.endswith("estimation_tables/logic/technology.csv:8,9,10")


def test_instances_are_a_step_of_their_own(ask: Chain) -> None:
    found = _finding(ask, "aladdin_adder", None, technology="32nm", width=16, n_instances=3)
    assert calculated(found.steps) == pytest.approx(found.value, rel=1e-10)
    assert found.steps[-1] == "x 3: instances"
