"""Comparing two engines' results field by field."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from check_cases import as_printed, golden_result, of_timeloop, result_of
from model_golden import load_cases

from harness.engines.comparison import MOST_TOLD, Comparison, compare
from harness.engines.result import LevelRecord, Result
from harness.errors import InvalidMapping
from harness.model import evaluate


@pytest.fixture(scope="module")
def pairs() -> list[tuple[str, Result, Result]]:
    """Ours and the real program's, for every twelfth golden case that has a mapping."""
    found = []
    for name, architecture, problem, mapping, figures, refusal in list(load_cases())[::12]:
        if refusal is None:
            try:
                ours = result_of(evaluate(architecture, problem, mapping), name)
            except InvalidMapping as error:  # pragma: no cover - the golden tests would fail too
                pytest.fail(f"{name}: {error}")
            found.append((name, ours, golden_result(ours, figures)))
    return found


@pytest.fixture
def ours(pairs: list[tuple[str, Result, Result]]) -> Result:
    return next(result for _, result, _ in pairs if result.networks and len(result.levels) > 3)


def changed_level(result: Result, index: int, **changes: Any) -> Result:
    levels = list(result.levels)
    levels[index] = replace(levels[index], **changes)
    return replace(result, levels=tuple(levels))


def changed_space(result: Result, index: int, **changes: Any) -> tuple[Result, str]:
    """With the first data space of a level changed; the path of that data space."""
    level = result.levels[index]
    name = next(iter(level.dataspaces))
    spaces = {**level.dataspaces, name: replace(level.dataspaces[name], **changes)}
    return changed_level(result, index, dataspaces=spaces), f"{level.name}.{name}"


def verdict_of(comparison: Comparison, path: str) -> str:
    return next(field.verdict for field in comparison.fields if field.path == path)


def test_the_real_programs_figures_are_ours(pairs: list[tuple[str, Result, Result]]) -> None:
    assert len(pairs) >= 30
    for name, ours, theirs in pairs:
        made = compare(ours, theirs)
        assert made.status == "equal", (name, made.differing[:5])
        assert made.compared > 20, name
        assert made.count("rounded") == 0, name


def test_printed_figures_are_ours_in_the_digits_printed(pairs: list[tuple[str, Result, Result]]) -> None:
    rounded = 0
    for name, ours, theirs in pairs:
        made = compare(ours, as_printed(theirs))
        assert made.status == "equal", (name, made.differing[:5])
        assert made.precision == "printed"
        rounded += made.count("rounded")
    assert rounded > 100


def test_a_whole_number_may_not_be_off_by_one(ours: Result) -> None:
    level = next(i for i, record in enumerate(ours.levels) if record.dataspaces)
    space = next(iter(ours.levels[level].dataspaces.values()))
    theirs, path = changed_space(ours, level, reads=space.reads + 1)
    for other in (theirs, of_timeloop(theirs, "full"), of_timeloop(theirs, "printed")):
        made = compare(ours, other)
        assert made.status == "differs"
        assert [field.path for field in made.differing] == [f"{path}.reads"]
        assert made.differing[0].difference == 1


def test_doubles_are_equal_to_a_billionth(ours: Result) -> None:
    assert ours.utilization is not None
    level = len(ours.levels) - 1
    energy = ours.levels[level].energy_pj
    path = f"{ours.levels[level].name}.energy_pj"
    near = compare(ours, changed_level(ours, level, energy_pj=energy * (1 + 9e-10)))
    far = compare(ours, changed_level(ours, level, energy_pj=energy * (1 + 2e-9)))
    assert (near.status, verdict_of(near, path)) == ("equal", "equal")
    assert (far.status, verdict_of(far, path)) == ("differs", "differs")


def test_the_last_printed_digit_is_the_limit(ours: Result) -> None:
    level = next(i for i, record in enumerate(ours.levels) if record.dataspaces)
    record = ours.levels[level]
    path = f"{record.name}.leakage_pj"
    ours = changed_level(ours, level, leakage_pj=12.344)
    for printed, verdict in ((12.34, "rounded"), (12.35, "differs"), (12.33, "differs")):
        theirs = of_timeloop(changed_level(ours, level, leakage_pj=printed), "printed")
        assert verdict_of(compare(ours, theirs), path) == verdict, printed


def test_three_digits_of_the_edp_and_two_decimals_of_microjoules(ours: Result) -> None:
    ours = replace(ours, edp_j_cycles=1.2349e7, energy_pj=59_284_900.0)
    for edp, energy, verdict in ((1.23e7, 59.28e6, "rounded"), (1.24e7, 59.29e6, "differs")):
        theirs = of_timeloop(replace(ours, edp_j_cycles=edp, energy_pj=energy), "printed")
        made = compare(ours, theirs)
        assert verdict_of(made, "edp_j_cycles") == verdict
        assert verdict_of(made, "energy_pj") == verdict


def test_beside_an_xml_file_only_leakage_and_area_are_printed(ours: Result) -> None:
    level = next(i for i, record in enumerate(ours.levels) if record.dataspaces)
    name = ours.levels[level].name
    ours = changed_level(ours, level, leakage_pj=12.344, area_um2=5.004 * ours.levels[level].instances)
    rounded = changed_level(ours, level, leakage_pj=12.34, area_um2=5.0 * ours.levels[level].instances)
    made = compare(ours, of_timeloop(rounded, "full"))
    assert made.status == "equal"
    assert verdict_of(made, f"{name}.leakage_pj") == "rounded"
    assert verdict_of(made, f"{name}.area_um2") == "rounded"
    ours, path = changed_space(ours, level, energy_pj=100.0)
    off, _ = changed_space(ours, level, energy_pj=100.004)
    assert compare(ours, of_timeloop(off, "full")).differing[0].path == f"{path}.energy_pj"
    assert compare(ours, of_timeloop(off, "printed")).status == "equal"


def test_a_level_that_only_one_side_has_is_a_difference(ours: Result) -> None:
    for one, other in ((ours, replace(ours, levels=ours.levels[:-1])),) * 2:
        made = compare(one, other)
        assert [(f.path, f.ours, f.theirs) for f in made.differing] == [
            (f"{ours.levels[-1].name}.present", "yes", "no")
        ]
    back = compare(replace(ours, levels=ours.levels[:-1]), ours)
    assert (back.differing[0].ours, back.differing[0].theirs) == ("no", "yes")


def test_a_level_that_does_nothing_may_be_left_out(ours: Result) -> None:
    idle = LevelRecord("idle", 10, 0.0, 0.0, 0.0, 1, 0.0, {})
    made = compare(replace(ours, levels=(*ours.levels, idle)), ours)
    assert made.status == "equal"


def test_what_one_side_does_not_tell_is_no_difference(ours: Result) -> None:
    made = compare(ours, replace(ours, utilization=None))
    assert made.status == "equal"
    assert verdict_of(made, "utilization") == "absent"
    assert made.compared == len(made.fields) - 1


def test_not_a_number_is_equal_to_itself_only(ours: Result) -> None:
    nothing = replace(ours, utilization=math.nan)
    assert verdict_of(compare(nothing, nothing), "utilization") == "equal"
    assert verdict_of(compare(nothing, ours), "utilization") == "differs"
    assert verdict_of(compare(ours, replace(ours, utilization=math.inf)), "utilization") == "differs"


def test_without_figures_nothing_is_checked(ours: Result) -> None:
    failed = replace(ours, status="failed", reason="killed by SIGKILL", levels=(), networks=())
    made = compare(ours, failed)
    assert made.status == "not_checked"
    assert made.record().reason == "theirs: killed by SIGKILL"
    assert made.fields == ()
    both = compare(failed, failed)
    assert both.reason == "ours: killed by SIGKILL; theirs: killed by SIGKILL"


def test_the_record_names_a_few_and_counts_all(ours: Result) -> None:
    theirs = ours
    for index in range(len(ours.levels)):
        theirs = changed_level(theirs, index, cycles=-1, instances=-1, area_um2=-1.0, leakage_pj=-1.0)
    record = compare(ours, theirs).record()
    assert record.status == "differs"
    assert record.differences == 4 * len(ours.levels) > MOST_TOLD
    assert len(record.differing) == MOST_TOLD
    assert record.reason is None


def test_the_record_of_a_check_survives_json(ours: Result) -> None:
    theirs = changed_level(ours, 0, cycles=-1)
    checked = replace(ours, check=compare(ours, theirs).record())
    assert Result.from_json(checked.to_json()).check == checked.check


def test_the_outermost_level_comes_first(ours: Result) -> None:
    made = compare(ours, ours)
    levels = list(dict.fromkeys(f.place.where for f in made.fields if f.place.part == "level"))
    assert levels == [level.name for level in reversed(ours.levels)]
    assert made.fields[0].path == "cycles"
