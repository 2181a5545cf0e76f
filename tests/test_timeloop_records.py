"""The figures of real runs in this package's records: equal to our own evaluation of the same mapping."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from functools import cache
from itertools import islice
from typing import Literal

import pytest
from model_golden import load_cases
from timeloop_recordings import names, recording

from harness.engines.comparison import Comparison, compare
from harness.engines.loop_nest import map_text
from harness.engines.record import level_records, network_records
from harness.engines.result import Provenance, Result, SearchRecord, TimeloopRun
from harness.engines.timeloop.records import Figures, figures, total_pj
from harness.errors import SpecError
from harness.model import evaluate
from harness.model.stats import Stats
from harness.report.timeloop_stats import stats_text
from harness.spec.flattened import read_architecture, read_mapping, read_problem
from harness.spec.yaml_loader import load_yaml_text
from harness.timeloop_outputs import mapping_of, read_map_text

COMPLETE = [name for name in names() if name not in ("mapper_garbage", "mapper_no_mapping")]
COMPLETE = [name for name in COMPLETE if recording(name).files]
SEARCH = SearchRecord("given", "edp", "best_found")
PROVENANCE = Provenance("", "", None, "", "")


def of_recording(name: str, precision: Literal["full", "printed"] = "full") -> Figures:
    made = recording(name)
    xml = made.output("map+stats.xml") if precision == "full" else None
    return figures(made.output("stats.txt"), xml, made.output("map.txt"))


@cache
def ours(name: str) -> Result:
    made = recording(name)
    trees = [load_yaml_text(text, file) for file, text in made.inputs.items()]
    tree = {key: value for one in trees for key, value in one.items()}
    architecture, problem = read_architecture(tree), read_problem(tree["problem"])
    if made.program == "timeloop-model":
        mapping = read_mapping({"mapping": tree["mapping"]}, architecture, problem)
    else:
        mapping = mapping_of(read_map_text(made.output("map.txt")), architecture, problem)
    return evaluated_result(evaluate(architecture, problem, mapping))


def evaluated_result(stats: Stats) -> Result:
    return Result(
        "ok", "a", "l", SEARCH, PROVENANCE,
        cycles=stats.cycles,
        energy_pj=stats.energy_pj,
        edp_j_cycles=stats.edp_j_cycles,
        utilization=stats.utilization,
        macs=stats.macs,
        bound_by=stats.bound_by,
        levels=level_records(stats),
        networks=network_records(stats),
    )  # fmt: skip


def theirs(found: Figures) -> Result:
    run = TimeloopRun("timeloop-model", "", "", "finished", 0, 1.0, found.precision)
    return Result(
        "ok", "a", "l", SEARCH, PROVENANCE,
        engine="timeloop",
        cycles=found.cycles,
        energy_pj=found.energy_pj,
        edp_j_cycles=found.edp_j_cycles,
        utilization=found.utilization,
        macs=found.macs,
        bound_by=found.bound_by,
        levels=found.levels,
        networks=found.networks,
        timeloop=run,
    )  # fmt: skip


def compared(name: str, found: Figures) -> Comparison:
    return compare(ours(name), theirs(found))


def absent(comparison: Comparison) -> set[str]:
    return {field.name for field in comparison.fields if field.verdict == "absent"}


@pytest.mark.parametrize("name", COMPLETE)
def test_every_figure_equals_ours(name: str) -> None:
    comparison = compared(name, of_recording(name))
    assert [field.path for field in comparison.differing if field.name != "macs"] == []
    # Only leakage and areas are printed ones.
    rounded = {field.name for field in comparison.fields if field.verdict == "rounded"}
    assert rounded <= {"leakage_pj", "area_um2", "energy_pj", "edp_j_cycles"}
    assert comparison.compared > 120
    told = recording(name).all_levels
    # Timeloop keeps what it expects of sparse tensors for itself.
    untold = {name for name in absent(comparison) if not name.startswith("sparse.")}
    if name == "model_reduction_tree":
        assert untold == {"fanout", "multicast_factor", "ingresses"}
    else:
        assert untold == (set() if told else {"area_um2", "ingresses"})


@pytest.mark.parametrize("name", COMPLETE)
def test_the_stats_file_alone_gives_the_printed_digits(name: str) -> None:
    found = of_recording(name, "printed")
    assert found.precision == "printed"
    comparison = compared(name, found)
    differing = [field.path for field in comparison.differing if field.name != "macs"]
    if recording(name).all_levels:
        assert differing == []
    else:
        # Networks without energy are not in the file.
        assert all(path.endswith(" <==> " + path.split(" <==> ")[-1]) for path in differing)


@pytest.mark.parametrize("name", COMPLETE)
def test_what_sets_the_cycles(name: str) -> None:
    bound = ours(name).bound_by
    assert bound is not None
    for precision in ("full", "printed"):
        assert of_recording(name, precision).bound_by == bound.partition(".")[0]


def test_our_own_stats_texts_are_read_as_well() -> None:
    """Of golden evaluations: convolutions, imperfect factors, networks with energies, power gating."""
    compared = 0
    for name, architecture, problem, mapping, _, refusal in islice(load_cases(), 0, None, 4):
        if refusal is not None:
            continue
        stats = evaluate(architecture, problem, mapping)
        text = stats_text(architecture, problem, stats)
        found = figures(text, None, map_text(problem, mapping, stats))
        evaluated = evaluated_result(stats)
        there = {level.name for level in found.levels} | {network.name for network in found.networks}
        told = replace(
            evaluated,
            levels=tuple(level for level in evaluated.levels if level.name in there),
            networks=tuple(network for network in evaluated.networks if network.name in there),
        )
        differing = compare(told, theirs(found)).differing
        assert [field.path for field in differing if field.name != "macs"] == [], name
        compared += 1
    assert compared > 90


def test_the_text_of_the_loop_nest_is_kept() -> None:
    assert of_recording("model_gemmini").loop_nest == recording("model_gemmini").output("map.txt")


def test_computes_of_imperfect_factors_are_those_that_are_charged() -> None:
    found = of_recording("mapper_imperfect")
    assert found.macs == ours("mapper_imperfect").macs


def test_without_a_loop_nest_tiles_are_what_is_in_use() -> None:
    made = recording("model_gemmini")
    found = figures(made.output("stats.txt"), made.output("map+stats.xml"))
    assert found.loop_nest == ""
    assert compared("model_gemmini", found).differing == ()


def test_the_energy_of_a_small_layer_is_the_sum_of_its_levels() -> None:
    found = of_recording("model_sparse", "printed")
    # The summary of the file says 0.03 uJ.
    assert found.energy_pj == pytest.approx(30049.2, abs=0.5)
    assert found.energy_pj == pytest.approx(ours("model_sparse").energy_pj, abs=0.1)


def test_where_the_levels_do_not_add_up_the_summary_is_taken_and_that_is_said() -> None:
    """Half of the summary's last digit and the levels' cents are what rounding explains."""
    stats = recording("model_sparse").output("stats.txt")
    whole = figures(stats)
    assert whole.remarks == ()
    found = re.compile(r"Energy \(total\) +: ([0-9.]+)").search(stats, stats.index("=== Spad ==="))
    assert found is not None
    for more, adds_up in ((4900, True), (5000, False)):
        told = figures(stats[: found.start(1)] + f"{float(found[1]) + more:.2f}" + stats[found.end(1) :])
        assert (told.remarks == ()) == adds_up
        assert told.energy_pj == pytest.approx(whole.energy_pj + more if adds_up else 3e4)


@pytest.mark.parametrize(
    ("each", "printed", "instances", "total"),
    [
        (0.001, 0.26, [1.0, 16.0, 256.0], 0.256),  # 246 to 274 would be printed alike
        (0.001, 0.26, [1.0, 16.0], 0.26),
        (3.125, 50.0, [], 50.0),
        (1.0034, 7.02, [1.0, 256.0], 7 * 1.0034),
        (1.0034, 7.5, [], 7.5),
        (0.0, 0.0, [4.0], 0.0),
        (2.5, 7.5, [3.5, 3.0], 7.5),
    ],
)
def test_the_instances_of_a_network(
    each: float, printed: float, instances: list[float], total: float
) -> None:
    assert total_pj(each, printed, instances) == pytest.approx(total, rel=1e-12)


def test_files_of_different_runs_are_refused() -> None:
    one, other = recording("model_gemmini"), recording("model_pim")
    with pytest.raises(
        SpecError, match=r"map\+stats.xml: level 'scratchpad' is another one than in stats.txt"
    ):
        figures(other.output("stats.txt"), one.output("map+stats.xml"))
    imperfect = recording("mapper_imperfect")
    with pytest.raises(SpecError, match="is another one than in"):
        figures(imperfect.output("stats.txt"), one.output("map+stats.xml"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mapper_no_mapping", "s: the file is empty: Timeloop has written no statistics"),
        ("mapper_garbage", "s: no complete summary in this stats file, missing: cycles, energy"),
    ],
)
def test_files_without_figures(name: str, message: str) -> None:
    made = recording(name)
    texts = [made.output(kind) for kind in ("stats.txt", "map+stats.xml", "map.txt")]
    with pytest.raises(SpecError) as caught:
        figures(texts[0], texts[1], texts[2], ("s", "x", "m"))
    assert str(caught.value).startswith(message)


@pytest.mark.parametrize(("place", "file"), [(1, "x"), (2, "m")])
def test_one_file_that_is_cut_off(place: int, file: str) -> None:
    whole, cut = recording("mapper_gemmini"), recording("mapper_garbage")
    texts = [whole.output(kind) for kind in ("stats.txt", "map+stats.xml", "map.txt")]
    texts[place] = cut.output(("stats.txt", "map+stats.xml", "map.txt")[place])
    with pytest.raises(SpecError, match=f"^{file}:[0-9]+: .*cut off"):
        figures(texts[0], texts[1], texts[2], ("s", "x", "m"))


NUMBER = re.compile(r"-?[0-9][0-9.e+-]*")


@pytest.mark.parametrize("name", ["model_sparse", "mapper_imperfect"])
def test_numbers_that_cannot_be_lead_to_figures_or_a_message(name: str) -> None:
    """One number of one file is another one: a record or one line about it, nothing else."""
    made, chance = recording(name), random.Random(7)
    refused = 0
    for _ in range(30):
        texts = [made.output(kind) for kind in ("stats.txt", "map+stats.xml", "map.txt")]
        place = chance.randrange(3)
        number = chance.choice(list(NUMBER.finditer(texts[place])))
        other = chance.choice(["0", "-1", "nan", "inf", "1e999", 50 * "9", "", "x", 5000 * "9"])
        texts[place] = texts[place][: number.start()] + other + texts[place][number.end() :]
        try:
            found = figures(texts[0], texts[1] if chance.random() < 0.7 else None, texts[2])
        except SpecError as error:
            refused += 1
            assert len(str(error)) < 300
            assert "\n" not in str(error)
        else:
            theirs(found).to_json()
    assert 5 < refused < 30


@pytest.mark.parametrize("kind", ["stats.txt", "map+stats.xml"])
@pytest.mark.parametrize("number", ["-nan", "inf", "1e999"])
def test_no_figure_is_anything_but_a_finite_number(kind: str, number: str) -> None:
    """Areas, instances in use, transfers and hops are shown and compared as energies are."""
    made = recording("model_gemmini")
    texts = {name: made.output(name) for name in ("stats.txt", "map+stats.xml")}
    old = {
        "stats.txt": r"(Area \(total\) +: )[0-9.e+-]+",
        "map+stats.xml": r"(<utilized_instances>(?:(?!</utilized_instances>)[\s\S])*?<item>)[0-9.e+-]+",
    }
    texts[kind], found = re.subn(old[kind], rf"\g<1>{number}", texts[kind], count=1)
    assert found == 1
    with pytest.raises(SpecError, match="is no number but"):
        figures(texts["stats.txt"], texts["map+stats.xml"] if kind != "stats.txt" else None)
