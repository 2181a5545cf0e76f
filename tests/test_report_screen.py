"""What people see: quantities, the loop nest, the energy bars, the running search."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from harness.engines.embedded import run
from harness.engines.job import Job
from harness.engines.progress import Progress
from harness.engines.result import Result
from harness.estimation import Answer
from harness.estimation.answers import Contribution
from harness.estimation.query import Finding
from harness.report import quantities
from harness.report.estimation_table import estimation_csv, estimators_of
from harness.report.live import LiveSearch
from harness.report.loop_nest_view import loop_nest_lines, words
from harness.report.screen import ELEMENT_VISITS, Heading, print_heading, print_result
from harness.spec.flattened import read_architecture, read_art, read_ert, read_mapping, read_problem
from harness.spec.specification import Specification

CASES = json.loads((Path(__file__).parent / "golden" / "stats_texts.json").read_text())


def result_of(name: str) -> Result:
    case: dict[str, Any] = next(case for case in CASES if case["name"].startswith(name))
    tree = case["input"]
    architecture = read_architecture(tree).with_energy(read_ert(tree["ERT"]), read_art(tree["ART"]))
    problem = read_problem(tree["problem"])
    mapping = read_mapping(case["mapping"], architecture, problem)
    return run(Job(Specification(architecture, problem, mapping=mapping), "arch", problem.name))


def console(width: int, **how: Any) -> Console:
    return Console(file=io.StringIO(), width=width, highlight=False, **how)


def shown(screen: Console) -> str:
    assert isinstance(screen.file, io.StringIO)
    return screen.file.getvalue()


@pytest.mark.parametrize(
    ("function", "value", "text"),
    [
        (quantities.energy, None, "-"),
        (quantities.energy, 0.0, "0 pJ"),
        (quantities.energy, 1.0, "1.000 pJ"),
        (quantities.energy, 0.25, "250.0 fJ"),
        (quantities.energy, 17_595_890_000.0, "17.60 mJ"),
        (quantities.energy, 3.2e15, "3,200 J"),
        (quantities.area, None, "-"),
        (quantities.area, 12.5, "12.50 um^2"),
        (quantities.area, 1_755_418.2, "1.755 mm^2"),
        (quantities.whole, 53477380, "53,477,380"),
        (quantities.fraction, 0.94117, "94.12 %"),
        (quantities.edp, 941000.0, "9.41e+05 J*cycles"),
        (quantities.rate, 950.0, "950/s"),
        (quantities.rate, 12_345.0, "12.3 k/s"),
        (quantities.rate, 2.5e6, "2.5 M/s"),
        (quantities.duration, 0.25, "250 ms"),
        (quantities.duration, 59.5, "59.5 s"),
        (quantities.duration, 125.0, "2 min 05 s"),
        (words, 1, "1"),
        (words, 1000, "1000"),
        (words, 4096, "4 Ki"),
        (words, 3 * 2**20, "3 Mi"),
        (words, 215296, "210.2 Ki"),
        (words, 2**40 + 1, "1024.0 Gi"),
    ],
)
def test_quantities(function: Any, value: Any, text: str) -> None:
    assert function(value) == text


def test_loop_nest_view() -> None:
    result = result_of("best_gemmini_KQV")
    assert result.evaluation is not None
    lines = loop_nest_lines(result.evaluation)
    kinds = [line.kind for line in lines]
    assert kinds[0] == "level" and kinds[-1] == "compute"
    assert kinds.count("level") == sum(bool(level.keep) for level in result.evaluation.mapping.levels)
    assert kinds.count("spatial") == 2
    loops = [line.text for line in lines if line.kind in ("loop", "spatial")]
    indents = [len(text) - len(text.lstrip()) for text in loops]
    assert indents == sorted(set(indents))
    spatial = [text.strip() for text in loops if "parallel" in text]
    assert spatial == ["parallel D in 0:16 across rows (Y)", "parallel E in 0:16 across columns (X)"]


def test_imperfect_loops_name_their_last_visit() -> None:
    result = result_of("simba__g_prime__imp")
    assert result.evaluation is not None
    text = "\n".join(line.text for line in loop_nest_lines(result.evaluation))
    assert "(last time 0:" in text


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("name", ["best_gemmini_KQV", "eyeriss__cv1", "PIM__KTQs"])
def test_the_screen_fits_its_width(name: str, width: int) -> None:
    result = result_of(name)
    assert result.evaluation is not None
    screen = console(width)
    heading = Heading("KQV", "arch", result.evaluation.problem, repeat=24, repeat_reason="24 blocks")
    print_heading(screen, heading)
    print_result(screen, result)
    text = shown(screen)
    assert max(len(line) for line in text.splitlines()) <= width
    assert "\x1b" not in text
    assert f"{result.cycles:,}" in text


def test_the_utilisation_says_how_many_units_are_in_use() -> None:
    result = result_of("eyeriss__cv1")
    unit = result.levels[0]
    assert 0 < unit.utilized_instances < unit.instances
    screen = console(100)
    print_result(screen, result)
    line = next(line for line in shown(screen).splitlines() if line.startswith("utilisation"))
    assert line.rstrip().endswith(f"%   {unit.utilized_instances} of {unit.instances} {unit.name} in use")


def test_norm_operators_visit_elements_in_a_variant() -> None:
    result = result_of("eyeriss__cv1")
    assert result.evaluation is not None
    problem = result.evaluation.problem
    screen = console(100)
    print_heading(screen, Heading("s", "a", problem, variant="a_norm", counts=ELEMENT_VISITS))
    print_result(screen, result, ELEMENT_VISITS)
    text = shown(screen)
    assert f"{problem.macs:,} element visits" in text and "pJ per element visit" in text
    assert "variant  a_norm, " in text and " MAC" not in text.replace(result.levels[0].name, "")


def test_markup_in_names_is_shown_as_it_is() -> None:
    result = result_of("eyeriss__cv1")
    assert result.evaluation is not None
    screen = console(100)
    print_heading(screen, Heading("[red]x[/]", "[b]", result.evaluation.problem, changed={"a": "[x]"}))
    text = shown(screen)
    assert "[red]x[/] onto [b]" in text and "a=[x]" in text


def test_bars_are_proportional_to_the_energy() -> None:
    screen = console(80)
    result = result_of("best_gemmini_KQV")
    print_result(screen, result)
    bars = {line.split()[0]: line.count("█") for line in shown(screen).splitlines() if "█" in line}
    energy = {level.name: level.energy_pj for level in result.levels}
    largest = max(energy, key=lambda name: energy[name])
    assert bars[largest] == 24
    for name, cells in bars.items():
        assert cells == pytest.approx(24 * energy[name] / energy[largest], abs=1)


def test_a_result_read_back_still_shows_its_loop_nest() -> None:
    result = Result.from_json(result_of("eyeriss__cv1").to_json())
    screen = console(80)
    print_result(screen, result)
    assert "<< Compute >>" in shown(screen)


def progress(energy_pj: float | None, fraction: float | None = None) -> Progress:
    cycles = None if energy_pj is None else 10
    return Progress(2000, 100, 0.5, fraction, cycles, energy_pj)


def test_live_bar_only_on_a_terminal() -> None:
    screen = console(80, force_terminal=True, color_system=None)
    with LiveSearch(screen) as live:
        live.update(progress(None))
        live.update(progress(5e6, 0.5))
    text = shown(screen)
    assert "searching" in text and "4.0 k/s" in text and "EDP 5e-05" in text
    quiet = console(80)
    with LiveSearch(quiet) as live:
        live.update(progress(5e6))
    assert shown(quiet) == ""


def test_live_lines_only_for_better_mappings() -> None:
    screen = console(80)
    with LiveSearch(screen, every_better=True) as live:
        for energy in (None, 5e6, 5e6, 4e6):
            live.update(progress(energy))
    assert [line.split("EDP ")[1].split()[0] for line in shown(screen).splitlines()] == ["5e-05", "4e-05"]


def test_estimation_table() -> None:
    used = (("width", "8"), ("depth", "64"))
    parts = tuple(
        Contribution(f"S.Buf[1..4]{name}", "SRAM", "read", factor, Finding(0.1, "table", 80, fit=fit, **of))
        for name, factor, fit, of in (
            ("", 1.0, "row", {"attributes": used, "citation": "a paper", "uncertainty": 0.1}),
            (".inside", 2.0, "scaled", {"scaling": "x2", "warnings": ("far",), "uncertainty": 0.25}),
        )
    )
    answers = (
        Answer("S.Buf[1..4]", "SRAM", "read", (("x", 1),), 0.1 + 0.2, "table", 80, 'says "a, b"', parts),
        Answer("S.Buf[1..4]", "SRAM", None, (), 5.0, "guess", 30),
        Answer("S.d", "dummy_storage", "read", (), 0.0, "dummy_storage", 100),
    )
    lines = estimation_csv(answers).splitlines()
    assert lines[0].startswith("component,class,action")
    before = 'S.Buf[1..4],SRAM,read,x=1,0.30000000000000004,pJ,table,80,"says ""a, b"""'
    assert lines[1] == before + ",scaled,20,a paper,width=8 depth=64,inside: x2,far"
    assert lines[2].split(",")[2:6] == ["area", "", "5.0", "um^2"]
    assert estimators_of(answers) == ("table", "guess")
