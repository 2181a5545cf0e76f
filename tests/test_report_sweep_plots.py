"""Plots: what is drawn, and that the same sweep gives the same files."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from sweep_cases import LAYERS, STUDY, UNLIMITED, SweepInStore, done, failed

from harness.errors import HarnessError, SpecError
from harness.report.sweep.figure_marks import colour, energy_unit, scale_for
from harness.report.sweep.figure_rows import Roof, energy_by_level, roofline
from harness.report.sweep.figures import SweepPlots
from harness.report.sweep.plots import write_plots
from harness.sweep.results import SweepResults


@pytest.fixture
def results(tmp_path: Path) -> SweepResults:
    """Two configurations of gemmini and one of eyeriss without bandwidth, one that failed."""
    sweep = SweepInStore(tmp_path)
    sweep.add(0, [done("a", 4000, 2e9), done("b", 100, 1e9, bound_by="compute")], parameters={"k": 1})
    sweep.add(1, [done("a", 3000, 3e9), done("b", 100, 1e9, bound_by="Buffer.write")], parameters={"k": 2})
    jobs = [done(key, 50, 9e9, main_memory=UNLIMITED) for key in "ab"]
    sweep.add(2, jobs, architecture="eyeriss")
    sweep.add(3, [failed("a", "x"), done("b")], architecture="tpu")
    return sweep.results()


def svg_texts(path: Path) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", path.read_text())


def test_every_plot_is_there_twice_and_the_same_again(results: SweepResults, tmp_path: Path) -> None:
    once = write_plots(results, tmp_path / "once")
    names = ["pareto", "energy", "bounds", "roofline", "architectures"]
    assert [path.name for path in once] == [f"{name}.{kind}" for name in names for kind in ("svg", "png")]
    assert sorted(once) == sorted((tmp_path / "once").iterdir())
    for one, other in zip(once, write_plots(results, tmp_path / "again"), strict=True):
        content = one.read_bytes()
        assert content == other.read_bytes()
        assert content.startswith(b"\x89PNG" if one.suffix == ".png" else b"<?xml")
        assert b"<dc:date>" not in content


def test_what_the_plots_say(results: SweepResults, tmp_path: Path) -> None:
    write_plots(results, tmp_path)
    pareto = svg_texts(tmp_path / "pareto.svg")
    assert "bert-large: 3 configurations, 1 without all mappings left out" in pareto
    assert {"gemmini", "eyeriss", "cycles", "best by EDP-sum (2)"} <= set(pareto)
    assert "eyeriss has no bandwidth of main memory" in " ".join(pareto)
    energy = svg_texts(tmp_path / "energy.svg")
    assert {"Energy by level", "DRAM", "Buffer", "MAC", "networks", "KQV x24", "KTQ x384"} <= set(energy)
    assert {"5.9 %", "94.1 %", "energy of all occurrences, J"} <= set(energy)
    bounds = svg_texts(tmp_path / "bounds.svg")
    assert {"DRAM read", "arithmetic alone", "cycles of all occurrences"} <= set(bounds)
    heat = svg_texts(tmp_path / "architectures.svg")
    assert heat.count("no mapping") == 4 and "4,000" in heat and "3,000" not in heat


def test_another_point_than_the_best(results: SweepResults) -> None:
    plots = SweepPlots(results)
    texts = re.findall(r">([^<]+)</text>", plots.bounds(0).image("svg").decode())
    assert {"DRAM read", "compute", "configuration 0: gemmini k=1"} <= set(texts)
    with pytest.raises(SpecError, match="no point 77"):
        plots.energy(77)


def test_energies_of_levels_and_networks_make_the_total(results: SweepResults) -> None:
    energies = energy_by_level(results, 0)
    assert list(energies) == ["KQV", "KTQ"]
    assert list(energies["KQV"]) == ["DRAM", "Buffer", "MAC", "networks"]
    total = sum(energy for parts in energies.values() for energy in parts.values())
    assert total == pytest.approx(results.point(0).metrics.energy_pj, rel=1e-12)  # type: ignore[union-attr]


def test_the_roofline_is_of_the_busier_direction(results: SweepResults) -> None:
    # In DRAM, which has bytes as words and 4 of them a cycle, each of three tensors has 32 reads, 16 fills.
    first, _ = roofline(results, 0)
    assert (first.intensity, first.rate) == (4096 / (3 * 32), 4096 / 4000)
    assert first.roof == Roof(16, 4.0)
    unlimited, _ = roofline(results, 2)
    assert unlimited.intensity == 4096 / (3 * 48) and unlimited.roof == Roof(16, None)


def test_studies_have_their_own_plots(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    sweep.add(0, [done("a"), done("b")])
    sweep.add(1, [done("a"), done("b")], study=replace(STUDY, blocks=2))
    names = {path.name for path in write_plots(sweep.results(), tmp_path / "plots")}
    assert {"study-0-pareto.svg", "study-1-roofline.png"} <= names and len(names) == 16


def test_nothing_to_plot(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    sweep.add(0, [failed("a", "x"), failed("b", "y")])
    results = sweep.results()
    for draw in (SweepPlots(results).energy, lambda: write_plots(results, tmp_path / "plots")):
        with pytest.raises(HarnessError, match="nothing to plot"):
            draw()
    assert not (tmp_path / "plots").exists()


def test_a_single_layer_and_names_that_need_escapes(tmp_path: Path) -> None:
    sweep = SweepInStore(tmp_path)
    layer = replace(LAYERS[0], layer="a<b> & $x_1$", times=1)
    sweep.add(0, [done("a", 0, 0.0)], study=replace(STUDY, layers=(layer,)), parameters={"long" * 40: 1})
    write_plots(sweep.results(), tmp_path / "plots")
    text = (tmp_path / "plots" / "energy.svg").read_text()
    assert "a&lt;b&gt; &amp; $x_1$" in text


def test_a_figure_is_shown_and_saved(results: SweepResults, tmp_path: Path) -> None:
    figure = results.plot.pareto()
    assert figure._repr_png_().startswith(b"\x89PNG")
    figure.save(tmp_path / "new" / "p.svg")
    assert (tmp_path / "new" / "p.svg").read_bytes() == figure.image("svg")
    with pytest.raises(SpecError, match=r"'p\.gif' must end in \.svg or \.png"):
        figure.save(tmp_path / "p.gif")


def test_marks() -> None:
    assert energy_unit([3e12, 5.0]) == (1e12, "J") and energy_unit([]) == (1.0, "pJ")
    assert (scale_for([1, 19]), scale_for([1, 21]), scale_for([])) == ("linear", "log", "linear")
    assert colour(0) != colour(1)


def test_no_display_is_touched(results: SweepResults, tmp_path: Path) -> None:
    """Nor matplotlib's global state: whoever uses it beside finds it as it was."""
    code = "import harness.report.sweep.figures, sys; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    write_plots(results, tmp_path)
    assert "matplotlib.pyplot" not in sys.modules or "matplotlib.backends.backend_tkagg" not in sys.modules
