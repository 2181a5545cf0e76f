"""docs/technology.md: its tables are what ``python -m benchmarks technology`` prints."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from benchmarks.technology import (
    Point,
    by_node,
    by_voltage,
    dram_table,
    factor_table,
    main,
    node_table,
    rightly_interpolated,
    voltage_table,
    warning_lines,
)
from harness.estimation.cache import AnswerCache
from harness.estimation.dram import load_dram_kinds
from harness.estimation.hwc.source import HwcomponentsSource
from harness.estimation.query import Declined, Query
from harness.spec.shipped import shipped_folder

TEXT = (Path(__file__).parents[1] / "docs" / "technology.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def points() -> dict[int, Point]:
    return by_node()


def test_the_nodes_and_their_warnings(points: dict[int, Point]) -> None:
    assert node_table(points) in TEXT
    assert warning_lines(points) in TEXT


def test_the_voltages() -> None:
    assert voltage_table(by_voltage()) in TEXT


def test_the_factors_and_the_kinds_of_dram() -> None:
    assert factor_table() in TEXT
    assert dram_table() in TEXT


def test_what_the_text_says_of_the_nodes(points: dict[int, Point]) -> None:
    """Only logic between listed nodes goes up as the node shrinks, and not if rightly interpolated."""
    nodes = list(points)
    rising = [b for a, b in pairwise(nodes) if points[a].mac > points[b].mac]
    assert rising == [b for a, b in pairwise(nodes) if points[a].mapping > points[b].mapping] == [28]
    for figures in (
        [p.scratchpad_read for p in points.values()],
        [p.scratchpad_area for p in points.values()],
        [energy for energy, _ in rightly_interpolated(points).values()],
        [area for _, area in rightly_interpolated(points).values()],
    ):
        assert figures == sorted(figures)
    assert min(points, key=lambda nm: points[nm].leak_per_cycle) == 45


def test_the_command_prints_all_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0
    printed = capsys.readouterr().out
    for table in printed.split("\n\n"):
        assert table.removeprefix("Warnings:\n").strip() in TEXT


def test_what_hwcomponents_says_of_main_memories() -> None:
    pytest.importorskip("hwcomponents_cacti")
    assert "LPDDR4, LPDDR and DDR3 cost the same, HBM2 6.25 pJ per bit instead of 3.9, and the" in TEXT
    source = HwcomponentsSource(AnswerCache(None))
    per_bit: dict[str, float] = {}
    for kind in load_dram_kinds(shipped_folder("estimation_tables") / "dram" / "pj_per_bit.csv"):
        width = 1024 if kind.startswith("HBM") else 64
        try:
            found = source.estimate(Query("x", "DRAM", {"type": kind, "width": width}, "read"))
        except Declined:
            continue
        per_bit[kind] = found.value / width
    assert per_bit == pytest.approx({"LPDDR4": 8, "LPDDR": 40, "DDR3": 70, "HBM2": 6.25})
