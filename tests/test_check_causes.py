"""What is said of differences: only what the figures themselves show."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from check_cases import result_of
from model_golden import load_cases

from harness.engines.comparison import compare
from harness.engines.likely_causes import causes_in
from harness.engines.origins import origins
from harness.engines.result import LevelRecord, Result
from harness.model import evaluate

Change = Callable[[LevelRecord], LevelRecord]


@pytest.fixture(scope="module")
def ours() -> Result:
    cases = (case for case in load_cases() if case[-1] is None and "gemmini__" in case[0])
    name, architecture, problem, mapping, *_ = next(cases)
    made = result_of(evaluate(architecture, problem, mapping), name)
    assert {level.name for level in made.levels} >= {"DRAM", "Scratchpad", "Accumulator"}
    return made


def changed(result: Result, level: str, change: Change) -> Result:
    """With another level, and the sums that this makes."""
    levels = tuple(change(entry) if entry.name == level else entry for entry in result.levels)
    before = sum(entry.energy_pj for entry in result.levels)
    assert result.energy_pj is not None and result.cycles is not None
    energy = result.energy_pj + sum(entry.energy_pj for entry in levels) - before
    return replace(result, levels=levels, energy_pj=energy, edp_j_cycles=energy * result.cycles * 1e-12)


def causes(ours: Result, level: str, change: Change) -> tuple[str, ...]:
    return causes_in(compare(ours, changed(ours, level, change)))


def leaking(level: LevelRecord) -> LevelRecord:
    return replace(level, leakage_pj=level.leakage_pj + 1e6, energy_pj=level.energy_pj + 1e6)


def costlier(level: LevelRecord) -> LevelRecord:
    spaces = {
        name: replace(space, energy_pj=space.energy_pj * 1.5) for name, space in level.dataspaces.items()
    }
    more = sum(space.energy_pj for space in level.dataspaces.values()) * 0.5
    return replace(level, dataspaces=spaces, energy_pj=level.energy_pj + more)


def test_equal_results_have_no_cause(ours: Result) -> None:
    assert causes_in(compare(ours, ours)) == ()
    assert origins(compare(ours, ours)) == ()


def test_leakage_alone(ours: Result) -> None:
    made = compare(ours, changed(ours, "Scratchpad", leaking))
    assert [field.path for field in origins(made)] == ["Scratchpad.leakage_pj"]
    (cause,) = causes_in(made)
    assert cause.endswith("energies of accesses are equal: only leakage differs, of Scratchpad")


def test_area_alone(ours: Result) -> None:
    (cause,) = causes(ours, "Scratchpad", lambda level: replace(level, area_um2=1.0))
    assert cause.endswith("all energies are equal: only areas differ, of Scratchpad")


def test_the_cost_of_an_access(ours: Result) -> None:
    made = compare(ours, changed(ours, "Accumulator", costlier))
    assert {field.path for field in origins(made)} == {
        f"Accumulator.{name}.energy_pj" for name in made_spaces(ours, "Accumulator")
    }
    (cause,) = causes_in(made)
    assert cause.endswith("whole numbers are equal: what one access costs differs, at Accumulator")


def made_spaces(result: Result, level: str) -> list[str]:
    spaces = next(entry for entry in result.levels if entry.name == level).dataspaces
    return [name for name, space in spaces.items() if space.energy_pj]


def test_another_architecture_by_its_instances(ours: Result) -> None:
    said = causes(ours, "Accumulator", lambda level: replace(level, instances=32))
    assert said == ("they are not of one architecture: instances of Accumulator 16 against 32",)


def test_another_architecture_by_its_levels(ours: Result) -> None:
    theirs = replace(ours, levels=tuple(level for level in ours.levels if level.name != "Accumulator"))
    assert causes_in(compare(ours, theirs)) == ("they are not of one architecture: Accumulator only ours",)


def test_a_longer_run_leaks_longer_and_costs_more(ours: Result) -> None:
    """One level that takes twice as long explains the cycles, the utilisation, all leakage and the EDP."""

    def slower(level: LevelRecord) -> LevelRecord:
        cycles = level.cycles * 2 if level.name == "DRAM" else level.cycles
        return replace(
            level,
            cycles=cycles,
            leakage_pj=level.leakage_pj * 2,
            energy_pj=level.energy_pj + level.leakage_pj,
        )

    level = next(level for level in ours.levels if level.name == "DRAM")
    before = replace(ours, cycles=level.cycles, utilization=0.5)
    after = replace(
        before,
        cycles=level.cycles * 2,
        utilization=0.25,
        levels=tuple(slower(entry) if entry.dataspaces else entry for entry in ours.levels),
    )
    made = compare(before, after)
    assert len(made.differing) > 4
    assert [field.path for field in origins(made)] == ["DRAM.cycles"]
    assert causes_in(made) == ("what differs by itself: cycles, at DRAM; the rest follows from that",)


def test_a_total_that_no_level_explains_stands_by_itself(ours: Result) -> None:
    assert ours.energy_pj is not None
    theirs = replace(ours, energy_pj=ours.energy_pj * 1.1)
    assert [field.path for field in origins(compare(ours, theirs))] == ["energy_pj"]
