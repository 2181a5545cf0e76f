"""Folders that the real Timeloop wrote, checked without it: recordings of its runs, complete and cut down."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from timeloop_recordings import Recording, recording

from harness.engines.cross_check import CrossCheck, check_folder, check_of_timeloop, crossed
from harness.engines.directives import with_directives
from harness.engines.origins import origins
from harness.engines.result import Result
from harness.engines.timeloop.installation import FOLDER
from harness.engines.timeloop_folder import program_in, read_timeloop_folder
from harness.errors import SpecError
from harness.spec.constraints import BlockConstraint, Constraints, LevelConstraints
from harness.spec.mapping import LevelMapping, Mapping

SUCCESSES = (
    "model_gemmini", "model_gemmini_default", "model_eyeriss_conv", "model_simba", "model_tpu", "model_pim",
    "model_softmax", "model_pim_default", "model_sparse", "mapper_gemmini", "mapper_pim", "mapper_imperfect",
    "mapper_sigint",
)  # fmt: skip
"""With the networks and levels that cost nothing, and ("_default") as Timeloop prints by itself, without."""


@pytest.fixture(autouse=True)
def _not_installed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(FOLDER, str(tmp_path / "nothing is installed here"))


def folder_of(made: Recording, folder: Path) -> Path:
    folder.mkdir(exist_ok=True)
    made.write_inputs(folder)
    made.write_files(folder)
    return folder


def checked(folder: Path) -> CrossCheck:
    return check_folder(read_timeloop_folder(folder))


def edited(folder: Path, name: str, pattern: str, new: str) -> None:
    """``pattern`` must be found: a test that changes nothing would show nothing."""
    text = (folder / name).read_text()
    changed, count = re.subn(pattern, new, text, count=1, flags=re.MULTILINE)
    assert count == 1, (name, pattern)
    (folder / name).write_text(changed)


@pytest.mark.parametrize("name", SUCCESSES)
def test_our_evaluation_has_their_figures(name: str, tmp_path: Path) -> None:
    check = checked(folder_of(recording(name), tmp_path / "out"))
    assert check.comparison.status == "equal", check.comparison.differing[:5]
    assert check.comparison.precision == "full"
    assert check.comparison.compared > 80
    assert check.causes == () and check.remarks == ()
    assert check.theirs.timeloop is not None
    assert check.theirs.timeloop.program == recording(name).program


@pytest.mark.parametrize("name", SUCCESSES)
def test_a_loop_nest_stands_for_the_mapping(name: str, tmp_path: Path) -> None:
    made = recording(name)
    folder = folder_of(made, tmp_path / "out")
    (folder / f"{made.program}.map.yaml").unlink(missing_ok=True)
    assert checked(folder).comparison.status == "equal"


def test_a_mapping_file_that_is_cut_off_is_read_from_the_loop_nest(tmp_path: Path) -> None:
    folder = folder_of(recording("mapper_gemmini"), tmp_path / "out")
    written = folder / "timeloop-mapper.map.yaml"
    written.write_text(written.read_text()[:300] + "\n  factors: [")
    assert checked(folder).comparison.status == "equal"
    (folder / "timeloop-mapper.map.txt").unlink()
    with pytest.raises(SpecError, match=re.escape("timeloop-mapper.map.yaml")):
        checked(folder)


@pytest.mark.parametrize("name", SUCCESSES)
def test_without_the_xml_file_the_printed_digits_are_compared(name: str, tmp_path: Path) -> None:
    made = recording(name)
    folder = folder_of(made, tmp_path / "out")
    (folder / f"{made.program}.map+stats.xml").unlink()
    check = checked(folder)
    assert check.comparison.status == "equal", check.comparison.differing[:5]
    assert check.comparison.precision == "printed"
    assert check.comparison.count("rounded") > 0


def test_a_folder_of_2024_has_stats_and_a_loop_nest_only(tmp_path: Path) -> None:
    folder = folder_of(recording("mapper_gemmini"), tmp_path / "out")
    for kind in ("map+stats.xml", "map.yaml"):
        (folder / f"timeloop-mapper.{kind}").unlink()
    stats = folder / "timeloop-mapper.stats.txt"
    head, unit, tail = stats.read_text().partition("fJ/Compute\n")
    assert unit
    in_pj = re.sub(r"= ([0-9.]+)$", lambda m: f"= {float(m[1]) / 1000:.3f}", tail, flags=re.MULTILINE)
    stats.write_text(f"{head}pJ/Compute\n{in_pj}")
    check = checked(folder)
    assert check.comparison.status == "equal", check.comparison.differing[:5]
    assert check.comparison.compared > 80


def test_a_loop_nest_of_another_mapping_is_told(tmp_path: Path) -> None:
    folder = folder_of(recording("mapper_gemmini"), tmp_path / "out")
    other = recording("mapper_sigint").output("map.txt")
    assert other != recording("mapper_gemmini").output("map.txt")
    (folder / "timeloop-mapper.map.txt").write_text(other)
    told = "timeloop-mapper.map.txt shows another mapping than the one that lies beside it"
    assert checked(folder).remarks == (told,)


def test_what_the_prior_harness_appends_is_no_part_of_the_outputs(tmp_path: Path) -> None:
    folder = folder_of(recording("mapper_gemmini"), tmp_path / "out")
    (folder / "timeloop-mapper.map.yaml").unlink()
    with (folder / "timeloop-mapper.stats.txt").open("a") as file:
        file.write("Execution time:\t12.345")
    with (folder / "timeloop-mapper.map.txt").open("a") as file:
        file.write("Fusion optimized: True\nFusion constraints: {'E': 1}\nHardware Configuration: {}")
    assert checked(folder).comparison.status == "equal"


def test_the_input_may_bear_the_name_of_the_other_front_end(tmp_path: Path) -> None:
    folder = folder_of(recording("model_gemmini"), tmp_path / "out")
    (folder / "parsed-processed-input.yaml").rename(folder / "tl-parsed-processed-input.yaml")
    assert checked(folder).comparison.status == "equal"


def test_tables_that_accelergy_wrote_by_hand_are_found(tmp_path: Path) -> None:
    folder = folder_of(recording("model_gemmini"), tmp_path / "out")
    for kind in ("ERT", "ART"):
        (folder / f"timeloop-model.{kind}.yaml").rename(folder / f"{kind}.yaml")
    check = checked(folder)
    assert check.comparison.status == "equal"
    assert check.remarks == ()


def test_settings_of_a_mapper_that_nobody_knows_say_nothing_about_figures(tmp_path: Path) -> None:
    folder = folder_of(recording("model_gemmini"), tmp_path / "out")
    with (folder / "parsed-processed-input.yaml").open("a") as file:
        file.write("\nmapper:\n  algorithm: of-another-age\n  log_everything: true\n")
    assert checked(folder).comparison.status == "equal"


def test_one_count_that_is_off_is_found(tmp_path: Path) -> None:
    folder = folder_of(recording("model_gemmini"), tmp_path / "out")
    (folder / "timeloop-model.map+stats.xml").unlink()
    reads = r"^(        Scalar reads \(per-instance\) +: )([1-9]\d*)$"
    edited(folder, "timeloop-model.stats.txt", reads, r"\g<1>17")
    check = checked(folder)
    assert check.comparison.status == "differs"
    assert [field.name for field in check.comparison.differing] == ["reads"]
    assert check.comparison.differing[0].theirs == 17
    assert check.causes == ()


def test_a_sparse_count_that_is_nothing_on_one_side_is_found(tmp_path: Path) -> None:
    folder = folder_of(recording("model_sparse"), tmp_path / "out")
    gated = r"^(        Gated scalar reads \(per-instance\) +: )2678$"
    edited(folder, "timeloop-model.stats.txt", gated, r"\g<1>0")
    (found,) = checked(folder).comparison.differing
    assert (found.name, found.ours, found.theirs) == ("sparse.accesses.gated_reads", 2678, 0)


def test_energies_follow_from_sparse_counts(tmp_path: Path) -> None:
    folder = folder_of(recording("model_sparse"), tmp_path / "out")
    edited(folder, "timeloop-model.stats.txt", r"^(        Gated scalar reads .*: )2678$", r"\g<1>0")
    check = checked(folder)
    (count,) = check.comparison.differing
    space = count.place.data_space
    levels = list(check.theirs.levels)
    (at,) = [index for index, level in enumerate(levels) if level.name == count.place.where]
    before = levels[at].dataspaces
    dearer = replace(before[space], energy_pj=before[space].energy_pj + 1e6)
    levels[at] = replace(levels[at], dataspaces={**before, space: dearer})
    made = crossed(check.ours, replace(check.theirs, levels=tuple(levels))).comparison
    assert len(made.differing) == 2
    assert [field.name for field in origins(made)] == ["sparse.accesses.gated_reads"]


def test_another_format_is_found(tmp_path: Path) -> None:
    folder = folder_of(recording("model_sparse"), tmp_path / "out")
    edited(folder, "timeloop-model.stats.txt", r"uop uop rle ", "uop uop cp ")
    (found,) = checked(folder).comparison.differing
    assert (found.name, found.ours, found.theirs) == ("sparse.format", "uop uop rle", "uop uop cp")


def test_figures_that_only_one_side_takes_for_sparse_differ(tmp_path: Path) -> None:
    check = checked(folder_of(recording("model_sparse"), tmp_path / "out"))
    spaces = sum(len(level.dataspaces) for level in check.ours.levels)
    for made in (crossed(check.ours, dense(check.theirs)), crossed(dense(check.ours), check.theirs)):
        names = [field.name for field in made.comparison.differing]
        assert sorted(names) == ["computes.present"] + ["sparse.present"] * spaces


def test_a_level_that_timeloop_leaves_out_tells_nothing_sparse(tmp_path: Path) -> None:
    check = checked(folder_of(recording("model_sparse"), tmp_path / "out"))
    left_out = dense(check.theirs).levels[-1]
    levels = (*check.theirs.levels[:-1], replace(left_out, area_um2=None))
    assert crossed(check.ours, replace(check.theirs, levels=levels)).comparison.status == "equal"


def dense(result: Result) -> Result:
    """The same figures without those of sparse optimisations."""
    levels = []
    for level in result.levels:
        spaces = {name: replace(space, sparse=None) for name, space in level.dataspaces.items()}
        levels.append(replace(level, computes=None, dataspaces=spaces))
    return replace(result, levels=tuple(levels))


def test_sums_that_follow_from_a_count_are_told_from_it(tmp_path: Path) -> None:
    """The real program's energies for another number of reads of DRAM, of 512 pJ for eight words."""
    folder = folder_of(recording("model_gemmini"), tmp_path / "out")
    (folder / "timeloop-model.map+stats.xml").unlink()
    before = checked(folder)
    dram = next(level for level in before.ours.levels if level.name == "DRAM")
    space, figures = next((name, s) for name, s in dram.dataspaces.items() if s.reads)
    assert before.ours.energy_pj is not None
    theirs = with_reads(before.theirs, space, figures.reads * 2, figures.energy_pj)
    made = crossed(before.ours, theirs)
    assert [field.path for field in origins(made.comparison)] == [f"DRAM.{space}.reads"]
    assert len(made.comparison.differing) == 5  # reads, energies of the data space, the level, the whole; EDP
    assert made.causes == ("what differs by itself: reads, at DRAM; the rest follows from that",)


def with_reads(result: Result, space: str, reads: int, more_pj: float) -> Result:
    """With other reads of DRAM, and all that follows from them."""
    levels = []
    for level in result.levels:
        changed = level
        if level.name == "DRAM":
            other = replace(
                level.dataspaces[space], reads=reads, energy_pj=level.dataspaces[space].energy_pj + more_pj
            )
            spaces = {**level.dataspaces, space: other}
            changed = replace(level, dataspaces=spaces, energy_pj=level.energy_pj + more_pj)
        levels.append(changed)
    assert result.energy_pj is not None and result.cycles is not None
    energy = result.energy_pj + more_pj
    return replace(
        result, levels=tuple(levels), energy_pj=energy, edp_j_cycles=energy * result.cycles * 1e-12
    )


def test_other_energies_than_those_of_the_figures_are_told(tmp_path: Path) -> None:
    folder = folder_of(recording("model_gemmini"), tmp_path / "out")
    ert = folder / "timeloop-model.ERT.yaml"
    text = ert.read_text()
    name = text.index("DRAM")
    ert.write_text(text[:name] + re.sub(r"energy: [1-9][0-9.]*", "energy: 700.0", text[name:], count=1))
    check = checked(folder)
    assert check.comparison.status == "differs"
    assert all(not field.is_whole for field in check.comparison.differing)
    told = " / ".join(check.causes)
    assert "whole numbers are equal: what one access costs differs, at DRAM" in told
    assert "the figures were not made with the ERT that ours uses; per access: DRAM " in told


def test_figures_of_another_problem_are_told(tmp_path: Path) -> None:
    folder = folder_of(recording("model_gemmini"), tmp_path / "out")
    (folder / "timeloop-model.map+stats.xml").unlink()
    edited(folder, "timeloop-model.stats.txt", r"^(Computes = )\d+$", r"\g<1>4096")
    edited(folder, "timeloop-model.stats.txt", r"^(Cycles: )\d+$", r"\g<1>5")
    check = checked(folder)
    told = (
        f"the figures are not of the problem that lies beside them: {check.ours.macs:,} computes, 4,096 there"
    )
    assert told in check.causes


def test_without_tables_our_estimates_stand_and_that_is_said(tmp_path: Path) -> None:
    folder = folder_of(recording("model_gemmini"), tmp_path / "out")
    for kind in ("ERT", "ART"):
        (folder / f"timeloop-model.{kind}.yaml").unlink()
    check = checked(folder)
    assert check.remarks == ("no ERT lies in the folder: the energies on our side are our own estimates",)
    whole = [field for field in check.comparison.fields if field.is_whole]
    assert len(whole) > 50 and all(field.verdict == "equal" for field in whole)


def test_signs_of_an_earlier_version_are_told_where_figures_differ(tmp_path: Path) -> None:
    folder = folder_of(recording("model_gemmini"), tmp_path / "out")
    (folder / "timeloop-model.map+stats.xml").unlink()
    edited(folder, "timeloop-model.stats.txt", r"^(Cycles: )\d+$", r"\g<1>5")
    loops = "    MAPPING\n    -------\n    Loop nest:\n      for C in [0:8)\n\n"
    edited(folder, "timeloop-model.stats.txt", r"^(    STATS\n    -----\n    Cycles  )", loops + r"\g<1>")
    assert any("of an earlier Timeloop" in cause for cause in checked(folder).causes)


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ((), "the mapping that Timeloop wrote cannot be read"),
        (({"type": "temporal", "target": "nowhere", "factors": "C=8"},), "nowhere"),
    ],
)
def test_a_mapping_that_cannot_be_evaluated_here_is_not_checked(
    mapping: tuple[dict[str, str], ...], reason: str, tmp_path: Path
) -> None:
    found = read_timeloop_folder(folder_of(recording("model_gemmini"), tmp_path / "out"))
    job = replace(found.job, specification=replace(found.job.specification, mapping=None))
    check = check_of_timeloop(job, replace(found.theirs, mapping=mapping))
    assert check.comparison.status == "not_checked"
    assert str(check.comparison.reason).startswith("ours: ") and reason in str(check.comparison.reason)


def test_an_empty_stats_file_is_a_search_that_found_nothing(tmp_path: Path) -> None:
    folder = folder_of(recording("mapper_no_mapping"), tmp_path / "out")
    check = checked(folder)
    assert check.theirs.status == "no_mapping"
    assert check.comparison.status == "not_checked"
    assert "is empty: the search found no mapping" in str(check.comparison.reason)


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("timeloop-model.stats.txt", "Segmentation fault\n", "stats"),
        ("timeloop-model.map+stats.xml", "<boost_serialization>", "map+stats.xml"),
        ("timeloop-model.map.txt", "DRAM [ ]\n| for Q in", "map.txt"),
        ("timeloop-model.ERT.yaml", "tables: []\n", "there is no 'ERT' in this file"),
        ("parsed-processed-input.yaml", "architecture: [", "parsed-processed-input.yaml"),
    ],
)
def test_garbage_is_an_error_with_its_file(name: str, text: str, reason: str, tmp_path: Path) -> None:
    folder = folder_of(recording("model_gemmini"), tmp_path / "out")
    (folder / name).write_text(text)
    with pytest.raises(SpecError, match=re.escape(reason)) as caught:
        checked(folder)
    assert name in str(caught.value)


def test_a_folder_without_its_input_says_what_is_missing(tmp_path: Path) -> None:
    folder = folder_of(recording("model_gemmini"), tmp_path / "out")
    (folder / "parsed-processed-input.yaml").unlink()
    with pytest.raises(SpecError, match="so nobody knows what was evaluated"):
        checked(folder)


def test_a_folder_without_outputs_is_none_of_timeloops(tmp_path: Path) -> None:
    assert program_in(tmp_path) is None
    with pytest.raises(SpecError, match="no stats file of Timeloop"):
        read_timeloop_folder(tmp_path)


def test_directives_of_constraints_are_part_of_a_mapping_that_was_searched() -> None:
    block = BlockConstraint(no_reuse=frozenset("A"), no_link_transfer=frozenset("B"))
    demanded = LevelConstraints(
        "Buffer", temporal=replace(block, rmw_first_update=frozenset("C")), spatial=block
    )
    plain = Mapping((LevelMapping("Buffer", no_multicast=frozenset("D")), LevelMapping("DRAM")))
    made = with_directives(plain, Constraints((demanded,)))
    assert made.level("DRAM") == plain.level("DRAM")
    buffer = made.level("Buffer")
    assert buffer.no_temporal_reuse == frozenset("A")
    assert buffer.no_multicast == frozenset("AD")
    assert buffer.no_link_transfer == frozenset("B")
    assert buffer.rmw_first_update == frozenset("C")
