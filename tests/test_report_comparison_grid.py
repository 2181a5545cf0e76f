"""Architectures against layers."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console
from sweep_cases import UNLIMITED, SweepInStore, done, failed

from harness.report.sweep.comparison_grid import comparison_grid, grid_frame, grid_markdown, grid_text
from harness.report.sweep.screen import print_summary
from harness.sweep.results import SweepResults


@pytest.fixture
def results(tmp_path: Path) -> SweepResults:
    """Two of gemmini, of which 1 is better; eyeriss without bandwidth; tpu without any mapping whole."""
    sweep = SweepInStore(tmp_path)
    sweep.add(0, [done("a", 2000, 2e9), done("b", 100, 1e9)])
    sweep.add(1, [done("a", 1500, 2e9), done("b", 100, 1e9)])
    sweep.add(
        2,
        [done("a", 7, 5e9, main_memory=UNLIMITED), done("b", 8, 6e9, main_memory=UNLIMITED)],
        architecture="eyeriss",
    )
    sweep.add(3, [failed("a", "x"), failed("b", "y")], architecture="tpu")
    sweep.add(4, [done("a", 40, 1e9), failed("b", "y", "timed_out")], architecture="tpu")
    return sweep.results()


def test_each_architecture_is_there_with_its_best(results: SweepResults) -> None:
    grid = comparison_grid(results, 0)
    assert {name: point.index for name, point in grid.points.items()} == {
        "gemmini": 1,
        "eyeriss": 2,
        "tpu": 4,
    }
    assert grid.layers == ("KQV", "KTQ")
    assert grid.cells["KQV", "gemmini"].cycles == 1500


def test_the_text(results: SweepResults) -> None:
    tables = grid_text(comparison_grid(results, 0), 300).split("\n\n")
    assert [line.split() for line in tables[0].splitlines()] == [
        ["EDP,", "J*cycles", "gemmini", "eyeriss", "tpu"],
        ["-" * 13, "-" * 9, "-" * 9, "-" * 9],
        ["KQV", "3.000e+00", "3.500e-02", "4.000e-02"],
        ["KTQ", "1.000e-01", "4.800e-02", "timed", "out"],
        ["all", "1.104e+02", "1.927e+01", "-"],
    ]
    assert [line.split() for line in tables[1].splitlines()][2:] == [
        ["KQV", "1,500", "7", "40"],
        ["KTQ", "100", "8", "timed", "out"],
        ["all", "74,400", "3,240", "-"],
    ]
    assert tables[2].splitlines()[2].split() == ["KQV", "2.000", "mJ", "5.000", "mJ", "1.000", "mJ"]
    assert tables[3].splitlines()[2].split() == ["KQV", "250", "ms", "250", "ms", "250", "ms"]
    assert "Configurations 1 of gemmini, 2 of eyeriss, 4 of tpu." in tables[4]


def test_markdown(results: SweepResults) -> None:
    lines = grid_markdown(comparison_grid(results, 0)).splitlines()
    assert lines[:5] == [
        "| EDP, J*cycles | gemmini | eyeriss | tpu |",
        "| --- | --: | --: | --: |",
        "| KQV | 3.000e+00 | 3.500e-02 | 4.000e-02 |",
        "| KTQ | 1.000e-01 | 4.800e-02 | timed out |",
        "| all | 1.104e+02 | 1.927e+01 | - |",
    ]


def test_the_frame_has_unrounded_figures(results: SweepResults) -> None:
    frame = grid_frame(comparison_grid(results, 0))
    assert list(frame.columns) == [
        "layer", "architecture", "index", "status", "edp", "cycles", "energy", "seconds"
    ]  # fmt: skip
    assert len(frame) == 6
    row = frame[(frame.layer == "KQV") & (frame.architecture == "eyeriss")].iloc[0]
    assert (row.edp, row.cycles, row.energy) == (7 * 5e9 / 1e12, 7, 5e9)
    gap = frame[(frame.layer == "KTQ") & (frame.architecture == "tpu")].iloc[0]
    assert gap.status == "timed_out" and gap[["edp", "cycles", "energy"]].isna().all()


def test_cycles_without_a_bandwidth_of_main_memory_are_said_not_to_compare(
    results: SweepResults, tmp_path: Path
) -> None:
    grid = comparison_grid(results, 0)
    assert grid.unlimited == ("eyeriss",)
    assert "eyeriss has no bandwidth of main memory" in grid_text(grid, 300)
    assert "eyeriss has no bandwidth of main memory" in grid_markdown(grid)
    (tmp_path / "alike").mkdir()
    alike = SweepInStore(tmp_path / "alike")
    for index, name in enumerate(("eyeriss", "simba")):
        jobs = [done(key, main_memory=UNLIMITED) for key in "ab"]
        alike.add(index, jobs, architecture=name)
    assert comparison_grid(alike.results(), 0).caution is None


def test_the_summary_shows_the_grid_of_several_architectures(results: SweepResults) -> None:
    stream = io.StringIO()
    print_summary(Console(file=stream, width=100), results)
    assert "EDP, J*cycles" in stream.getvalue() and "timed out" in stream.getvalue()
