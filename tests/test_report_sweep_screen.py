"""The summary of a sweep as text."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from sweep_cases import LAYERS, SETTINGS, STUDY, SweepInStore, done, failed

from harness.engines.result import CheckRecord
from harness.report.sweep.best_point import layer_table
from harness.report.sweep.heading import SweepHeading, print_sweep_heading
from harness.report.sweep.reservations import failure_lines, note_lines
from harness.report.sweep.screen import print_summary
from harness.report.sweep.shown_criteria import shown
from harness.sweep.comparison import CRITERIA
from harness.sweep.folder import open_results
from harness.sweep.metrics import Metrics
from harness.sweep.outcome import LayerOutcome, Occurrence
from harness.sweep.results import Failure, Note, SweepResults
from harness.sweep.study import Study


def text_of(results: SweepResults, width: int = 100, **options: object) -> str:
    stream = io.StringIO()
    print_summary(Console(file=stream, width=width), results, **options)  # type: ignore[arg-type]
    return stream.getvalue()


def section(text: str, heading: str) -> list[str]:
    """The lines under a heading, up to the next blank one."""
    after = text.split(heading, 1)[1].split("\n\n", 1)[0]
    return after.splitlines()[1:]


@pytest.fixture
def sweep(tmp_path: Path) -> SweepInStore:
    return SweepInStore(tmp_path)


def test_the_best_with_ties_for_each_criterion(sweep: SweepInStore) -> None:
    sweep.add(0, [done("a", 100, 6e12), done("b", 100, 6e12)], parameters={"pe_rows": 8, "z": 1})
    sweep.add(
        1, [done("a", 300, 3e12, area_um2=1e6), done("b", 100, 3e12)], parameters={"pe_rows": 16, "z": 1}
    )
    sweep.add(3, [done("a", 100, 6e12), done("b", 100, 6e12)], parameters={"pe_rows": 32, "z": 1})
    text = text_of(sweep.results())
    assert "3 of 3 configurations mapped, KQV x24 KTQ x384 of bert-large" in text
    assert section(text, "best by cycles") == ["     0  pe_rows=8", "     3  pe_rows=32"]
    assert section(text, "best by energy") == ["     1  pe_rows=16"]
    assert section(text, "best by utilisation") == [
        "     0  pe_rows=8",
        "     1  pe_rows=16",
        "     3  pe_rows=32",
    ]
    for criterion in CRITERIA:
        assert text.count(f"best by {criterion.name}  ") >= 1
    assert "Pareto front of energy and cycles  3 of 3" in text


def test_every_criterion_can_be_shown() -> None:
    metrics = Metrics(3e12, 1000, 0.5, 7.0, 8.0, 2e6, 16.0)
    texts = {criterion.id: shown(criterion.id, metrics) for criterion in CRITERIA}
    assert texts == {
        "edp_sum": "7 J*cycles",
        "edp": "8 J*cycles",
        "energy": "3.000 J",
        "cycles": "1,000",
        "utilization": "50.00 %",
        "area": "2.000 mm^2",
        "edap": "16 J*cycles*mm^2",
    }
    unknown = replace(metrics, area_um2=None, edap=None)
    assert (shown("area", unknown), shown("edap", unknown)) == ("-", "-")


def test_where_no_area_is_known_nothing_is_best_by_it(sweep: SweepInStore) -> None:
    sweep.add(0, [done("a", area_um2=None), done("b", area_um2=None)])
    text = text_of(sweep.results(), table=True)
    assert "best by area" not in text and "best by energy-delay-area" not in text
    assert "best by energy " in text


def test_the_best_configuration_in_full(sweep: SweepInStore) -> None:
    sweep.add(7, [done("a", 1000, 2e12, bound_by="Buffer.write"), done("b", 500, 1e11, bound_by="compute")])
    text = text_of(sweep.results())
    rows = [re.split(r"\s{2,}", line.strip()) for line in section(text, "configuration 7")]
    # 24 KQV and 384 KTQ: 48 J + 38.4 J, 24,000 + 192,000 cycles; these are not all layers of the model.
    assert rows[2][:3] == ["these layers, one block", "3.600 J", "9,000"]
    assert rows[3][:3] == ["these layers, 24 blocks", "86.40 J", "216,000"]
    assert float(rows[3][3]) == pytest.approx(24 * 2 * 1000 + 384 * 0.1 * 500, rel=1e-4)
    assert float(rows[3][4]) == pytest.approx(86.4 * 216000, rel=1e-4)
    assert float(rows[2][3]) == pytest.approx(float(rows[3][3]) / 24, rel=1e-4)
    layers = text.split("bound by")[1].splitlines()[2:4]
    assert layers[0].split() == [
        "KQV", "24", "1,000", "2.000", "J", "50.00", "Buffer", "write", "55.6", "11.1"
    ]  # fmt: skip
    assert layers[1].split() == ["KTQ", "384", "500", "100.0", "mJ", "50.00", "compute", "44.4", "88.9"]


def test_all_layers_of_a_model_are_the_whole_model(sweep: SweepInStore) -> None:
    from harness.workloads import load_model  # noqa: PLC0415

    layers = tuple(Occurrence(o.name, o.repeat, "", False, 1) for o in load_model("bert-large").layers)
    study = Study(SETTINGS, layers, 24)
    sweep.add(0, [done("a")] * len(layers), study=study)
    text = text_of(sweep.results())
    assert "\none block " in text and "\nwhole model, 24 blocks " in text


def test_the_matrix_products_have_a_sum_of_their_own(sweep: SweepInStore) -> None:
    product = replace(LAYERS[0], times=2, operator="matmul")
    norm = replace(LAYERS[1], times=3, operator="norm")
    sweep.add(0, [done("a", 1000, 2e12), done("b", 10, 1e12)], study=Study(SETTINGS, (product, norm), None))
    text = text_of(sweep.results())
    rows = [re.split(r"\s{2,}", line.strip()) for line in section(text, "configuration 0")]
    # 2 x 2 J + 3 x 1 J, of which the first are the product's.
    assert rows[2][1:3] == ["7.000 J", "2,030"]
    assert rows[3][:4] == ["of it matrix products", "4.000 J", "2,000", f"{2 * 2 * 1000:.4e}"]


def test_without_other_operators_the_matrix_products_are_everything(sweep: SweepInStore) -> None:
    layers = tuple(replace(layer, operator="matmul") for layer in LAYERS)
    sweep.add(0, [done("a"), done("b")], study=Study(SETTINGS, layers, 24))
    assert "matrix products" not in text_of(sweep.results())


def test_failures_are_told_and_never_ranked(sweep: SweepInStore) -> None:
    sweep.add(0, [done("a"), done("b")], parameters={"pe_rows": 8})
    sweep.add(1, [failed("a", "too small"), failed("b", "too small")], parameters={"pe_rows": 9})
    sweep.add(2, [done("a", 1, 1.0), failed("b", "30 s", "timed_out")], parameters={"pe_rows": 10})
    text = text_of(sweep.results(), table=True)
    assert "1 of 3 configurations mapped whole" in text
    assert section(text, "not ranked, 2 configurations") == [
        "     1  KQV, KTQ: too small",
        "     2  KTQ: timed out: 30 s",
    ]
    ranked = text.split("not ranked")[0] + text.split("idx  pe_rows")[1]
    assert "pe_rows=9" not in ranked and "pe_rows=10" not in ranked


def test_nothing_but_failures(sweep: SweepInStore) -> None:
    sweep.add(0, [failed("a", "x"), failed("b", "y", "crashed")])
    text = text_of(sweep.results(), table=True)
    assert "0 of 1 configuration mapped whole" in text and "best by" not in text
    assert section(text, "not ranked") == ["     0  KQV: x", "     0  KTQ: crashed: y"]


def test_many_failures_are_grouped_by_what_they_have_in_common() -> None:
    failures = [Failure(i, "KQV", "no_mapping", f"a tile of {i} words, Buffer has 8") for i in range(300)]
    failures += [Failure(i, "KTQ", "crashed", "killed") for i in range(290, 310)]
    failures += [Failure(1000 + i, "KTQ", "failed", chr(97 + i) * 3) for i in range(12)]
    lines = list(failure_lines(failures, "look there"))
    assert lines[:4] == [
        "300 configurations, KQV: for example a tile of 0 words, Buffer has 8",
        "    0, 1, 2, 3, 4, 5, 6, 7 and 292 more",
        "20 configurations, KTQ: crashed: killed",
        "    290, 291, 292, 293, 294, 295, 296, 297 and 12 more",
    ]
    assert lines[-2:] == ["and 4 other reasons", "all of them: look there"]
    assert len(lines) == 2 * 10 + 2


def test_notes_are_told_once() -> None:
    notes = [
        Note("n", "KQV", (1, 2)),
        Note("n", "KTQ", (1, 2)),
        Note("n", "Out", (3,)),
        Note("m", "", tuple(range(20))),
    ]
    assert list(note_lines(notes)) == [
        "note: n (KQV, KTQ on 1, 2; Out on 3)",
        "note: m (on 0, 1, 2, 3, 4, 5, 6, 7 and 12 more)",
    ]


def test_the_table_is_sorted_by_the_criterion_and_cut(sweep: SweepInStore) -> None:
    for index, (cycles, energy) in enumerate(((30, 1e12), (10, 9e12), (20, 5e12))):
        sweep.add(index, [done("a", cycles, energy), done("b", cycles, energy)], parameters={"k": index})
    results = sweep.results()

    def order(criterion: str) -> list[str]:
        table = text_of(results, table=True, criterion=criterion).split("\nidx  k")[1]
        return [line.split()[0] for line in table.splitlines()[2:5]]

    assert order("edp_sum") == ["0", "1", "2"]
    assert order("cycles") == ["1", "2", "0"]
    assert order("edap") == ["0", "1", "2"]
    cut = text_of(results, table=True, criterion="cycles", top=1)
    assert "\n  1  1 " in cut and "\n  2  2 " not in cut and "and 2 more\n" in cut
    assert "EDAP in J*cycles*mm^2" in text_of(results, table=True, criterion="edap")


@pytest.mark.parametrize("width", [200, 80, 45])
def test_tables_fit_the_screen_and_lose_nothing(sweep: SweepInStore, width: int) -> None:
    for index in range(3):
        parameters = {f"parameter_{name}": index for name in "abcdef"}
        sweep.add(index, [done("a"), done("b")], parameters=parameters)
    results = sweep.results()

    def cells(columns: int) -> list[str]:
        table = text_of(results, columns, table=True).rsplit("\nidx ", 1)[1].split("\nEDP-sum and")[0]
        assert all(len(line) <= columns for line in table.splitlines())
        return [cell for cell in table.split() if set(cell) != {"-"}]

    assert cells(width) == cells(300) and len(cells(width)) > 20


def test_the_layers_of_a_checked_sweep_stay_on_one_line_each(sweep: SweepInStore) -> None:
    """The column of the check, which the summary tells too, gives way; not where something differs."""
    equal, differs = CheckRecord("equal", 234), CheckRecord("differs", 234, 1, ("cycles",))
    sweep.add(0, [done(name, 13_631_492_123, bound_by="Scratchpad.read") for name in "ab"])
    layers = [replace(layer, check=equal) for layer in sweep.results().layers(0)]

    def table(some: list[LayerOutcome], width: int) -> list[str]:
        lines = layer_table(some, width).splitlines()
        assert all(len(line) <= width for line in lines)
        return lines

    wide = table(layers, 100)
    assert wide[0].endswith("  check") and wide[2].endswith("  equal")
    one_line = table(layers, 76)
    assert [line.split() for line in one_line] == [line.split()[:-1] for line in wide]
    narrow = table([layers[0], replace(layers[1], check=differs)], 76)
    assert len(narrow) == 2 * 4 and narrow[-1].split()[-1] == "differs"
    assert narrow[0].split()[:6] == ["layer", "times", "cycles", "energy", "util", "%"]


def test_studies_are_ranked_apart(sweep: SweepInStore) -> None:
    sweep.add(0, [done("a"), done("b")])
    other = Study(replace(SETTINGS, fusion="Accumulator"), (replace(LAYERS[0], fused=True), LAYERS[1]), 24)
    sweep.add(1, [done("a", 1, 1.0), done("b", 1, 1.0)], study=other)
    text = text_of(sweep.results())
    assert "2 groups with different layers" in text
    assert text.count("best by EDP-sum") == 4  # in the list and over the configuration in full
    assert "fused at Accumulator: KQV" in text


def test_models_without_blocks(sweep: SweepInStore) -> None:
    sweep.add(0, [done("a"), done("b")], study=replace(STUDY, blocks=None))
    assert "these layers  " in text_of(sweep.results())


def test_the_heading() -> None:
    stream = io.StringIO()
    heading = SweepHeading(
        points={"gemmini": 1200, "eyeriss": 1},
        layers={"bert-large": 8, "gpt2": 1},
        jobs=9609,
        search="optimal",
        different=4000,
        stored=17,
        estimate_seconds=61,
        left_out={"pim_analog": 6},
        fusion="Accumulator",
        fused=("KTQ", "softmax"),
    )
    print_sweep_heading(Console(file=stream, width=80), heading)
    assert stream.getvalue().splitlines() == [
        "sweep     8 layers of bert-large, 1 layer of gpt2 on 1,201 configurations (1,200",
        "          of gemmini, 1 of eyeriss): 9,609 jobs",
        "          4,000 are different, the others are mapped with them; 17 are finished",
        "          already",
        "takes     about 1 min 01 s",
        "left out  6 of pim_analog (take them with --arch)",
        "fusion    Accumulator: KTQ, softmax",
        "search    optimal",
        "",
    ]
    stream = io.StringIO()
    plain = SweepHeading({"gemmini": 20}, {"bert-large": 8}, 160, "optimal")
    print_sweep_heading(Console(file=stream, width=80), plain)
    assert stream.getvalue().splitlines() == [
        "sweep     8 layers of bert-large on 20 configurations of gemmini: 160 jobs",
        "search    optimal",
        "",
    ]


def test_only_sums_of_the_earlier_harness(tmp_path: Path) -> None:
    """What the table of 2024 looked like, in which no layers are recorded."""
    for index, (energy, cycles) in enumerate(((155.06176e9, 623902848), (144.836e9, 676331648))):
        (tmp_path / str(index)).mkdir()
        metrics = {"energy": energy, "cycles": cycles, "utilization": 86.723, "edp": 2060800.0}
        record = {"scratchpad_size": 524288, "pe_rows": 32 - index, "metrics": metrics}
        (tmp_path / str(index) / "hw_config.json").write_text(json.dumps(record))
    text = text_of(open_results(tmp_path).results, table=True)
    assert "2 of 2 configurations mapped, all layers of a model of the earlier harness" in text
    assert section(text, "best by cycles") == ["     0  pe_rows=32"]
    assert "note: only the sums that the earlier harness stored" in text
    assert "best by area" not in text and "\nconfiguration 0" not in text
    assert "  0       32  2.0608e+06  9.6743e+07  1.5506e-01  623902848  86.723     -" in text


def test_descriptions_may_be_longer_than_the_screen(sweep: SweepInStore) -> None:
    for index in range(2):
        parameters = {f"parameter_{name}": index for name in "abcdefgh"}
        sweep.add(index, [done("a", 100 + index, 2e9 - index), done("b")], parameters=parameters)
    lines = section(text_of(sweep.results(), 60), "Pareto front of energy and cycles")
    assert len(lines) == 4
    assert lines[2].split()[3:] == [f"parameter_{name}=0" for name in "abcdefgh"]


def test_parameters_that_only_one_architecture_has_do_not_tell_points_apart(sweep: SweepInStore) -> None:
    sweep.add(0, [done("a", 1), done("b")], parameters={"same": 1, "k": 1, "only": 5})
    sweep.add(1, [done("a", 2), done("b")], parameters={"same": 1, "k": 2, "only": 5})
    sweep.add(2, [done("a", 3), done("b")], parameters={"same": 2, "k": 1}, architecture="eyeriss")
    text = text_of(sweep.results(), table=True)
    assert section(text, "best by EDP-sum") == ["     0  gemmini k=1"]
    assert "idx     arch  k " in text and "only" not in text and "same" not in text
