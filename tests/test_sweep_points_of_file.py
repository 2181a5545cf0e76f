"""Which architectures a file of configurations means where none is named on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.sweep.request import SweepRequest, plan_sweep

OTHERS = [{"arch": "pim_analog", "adc_bits": 8}, {"arch": "eyeriss"}, {"arch": "pim_analog", "adc_bits": 6}]


def test_configurations_of_other_architectures_mean_these() -> None:
    plan = plan_sweep(SweepRequest(("KQV",), configurations=OTHERS))
    assert plan.architectures == ("pim_analog", "eyeriss")
    assert plan.count == 3


@pytest.mark.parametrize("own", [{}, {"arch": "gemmini"}, {"pe_rows": 8}])
def test_where_the_default_is_among_them_it_alone_is_meant(own: dict[str, object]) -> None:
    plan = plan_sweep(SweepRequest(("KQV",), configurations=[*OTHERS, own]))
    assert plan.architectures == ("gemmini",)
    assert plan.count == 1


def test_whoever_names_one_gets_that(tmp_path: Path) -> None:
    plan = plan_sweep(SweepRequest(("KQV",), ("eyeriss",), configurations=OTHERS))
    assert (plan.architectures, plan.count) == (("eyeriss",), 1)
