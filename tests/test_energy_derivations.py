"""Derivations can be done again with a calculator: from the lines as they are printed to the figure."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from harness.estimation import EstimationOptions
from harness.estimation.cacti import cacti_for
from harness.estimation.chain import Chain, sources_for
from harness.estimation.query import Finding, Query
from harness.report.energy.origins import ways
from harness.report.energy.wrapping import wrapped
from harness.spec.shipped import shipped_folder

CLOCK = {"global_cycle_seconds": 1.2e-9}


@pytest.fixture(scope="module")
def ask() -> Chain:
    options = EstimationOptions()
    return Chain(sources_for(options), (), cacti_for(options.cache_folder, options.use_cache))


def calculated(steps: tuple[str, ...]) -> float:
    """The steps worked out: numbers, + - x / ^ and brackets of each line; what else it says is left out."""
    value: float | None = None
    for step in steps:
        times, text = step.startswith("x "), step.removeprefix("x ")
        found = re.match(r"[0-9.e+x*/^() -]+", text)
        assert found, step
        expression = found[0].rstrip(" (").replace(" x ", " * ").replace("^", "**")
        number = float(eval(expression))
        assert times == (value is not None), step
        value = number if value is None else value * number
    assert value is not None
    return value


def _finding(chain: Chain, class_name: str, action: str | None, **attributes: object) -> Finding:
    return chain.ask(Query("it", class_name, {**attributes, **CLOCK}, action))


@pytest.mark.parametrize("technology", ["40nm", "32nm", "28nm", "5nm", "180nm"])
@pytest.mark.parametrize("action", ["multiply", "leak", None])
def test_logic(ask: Chain, technology: str, action: str | None) -> None:
    found = _finding(ask, "aladdin_multiplier", action, technology=technology, width_a=8, width_b=4)
    assert calculated(found.steps) == pytest.approx(found.value, rel=1e-10)
    assert "estimation_tables/logic/library.csv:5" in found.steps[0]
    where = [step for step in found.steps if "technology.csv:" in step]
    assert len(where) == (technology != "40nm")


def test_the_factor_of_a_node_follows_from_the_rows_that_it_names(ask: Chain) -> None:
    """28 nm lies between 20 and 32, the 40 nm of the rows between 32 and 45."""
    found = _finding(ask, "aladdin_adder", "add", technology="28nm", width=32)
    (node,) = [step for step in found.steps if "28 nm" in step]
    factor, made_of = re.findall(r"x ([0-9.]+): 40 -> 28 nm, (.*), estimation_tables", node)[0]
    assert eval(made_of.replace(" x ", " * ")) == pytest.approx(float(factor), rel=1e-11)
    assert node.endswith("estimation_tables/logic/technology.csv:8,9,10")


def test_instances_are_a_step_of_their_own(ask: Chain) -> None:
    found = _finding(ask, "aladdin_adder", None, technology="32nm", width=16, n_instances=3)
    assert calculated(found.steps) == pytest.approx(found.value, rel=1e-10)
    assert found.steps[-1] == "x 3: instances"


@pytest.mark.parametrize("action", ["add", "leak"])
def test_voltage(ask: Chain, action: str) -> None:
    found = _finding(ask, "aladdin_adder", action, technology="32nm", width=16, voltage=0.9)
    assert calculated(found.steps) == pytest.approx(found.value, rel=1e-10)
    assert "0.9 V" in found.steps[-1]


def test_dram(ask: Chain) -> None:
    found = _finding(ask, "DRAM", "read", type="HBM2", width=100)
    assert calculated(found.steps) == pytest.approx(found.value, rel=1e-12)
    line = int(re.findall(r"pj_per_bit\.csv:(\d+)", found.steps[0])[0])
    text = (shipped_folder("estimation_tables") / "dram" / "pj_per_bit.csv").read_text().splitlines()
    assert text[line - 1].startswith("HBM2,3.9")


MANIFEST = """\
name: own
technology: 32nm
accuracy: 95
units: {energy: fJ, area: um^2}
source: a chip
keys: {Thing: [technology, width, depth]}
interpolate: {Thing: {depth: log-log, width: linear}}
scale: {Thing: {banks: {energy: linear, leak: quadratic, area: linear}, technology: cmos}}
path_to_data_dir: ./data
"""


@pytest.fixture
def own(tmp_path: Path) -> Chain:
    folder = tmp_path / "own"
    (folder / "data").mkdir(parents=True)
    (folder / "manifest.yaml").write_text(MANIFEST)
    rows = ["technology,width,depth,banks,global_cycle_seconds,action,energy,area"]
    for width in (16, 48):
        for depth in (128, 2048):
            size = width * depth
            rows += [f"32nm,{width},{depth},2,1e-9,read,{20 + size**0.5},{3.7 * size}"]
            rows += [f"32nm,{width},{depth},2,1e-9,idle,{0.01 * size},{3.7 * size}"]
    (folder / "data" / "Thing.csv").write_text("\n".join(rows) + "\n")
    options = EstimationOptions(table_folders=(folder,))
    return Chain(sources_for(options), (), cacti_for(options.cache_folder, options.use_cache))


@pytest.mark.parametrize("action", ["read", "leak", None])
@pytest.mark.parametrize(
    ("stated", "fit"),
    [
        ({"width": 16, "depth": 128, "banks": 2, "technology": "32nm"}, "row"),
        ({"width": 16, "depth": 700, "banks": 2, "technology": "32nm"}, "interpolated"),
        ({"width": 30, "depth": 128, "banks": 2, "technology": "32nm"}, "interpolated"),
        ({"width": 30, "depth": 700, "banks": 2, "technology": "32nm"}, "interpolated"),
        ({"width": 30, "depth": 700, "banks": 3, "technology": "22nm"}, "scaled"),
        ({"width": 48, "depth": 2048, "banks": 3, "technology": "22nm"}, "scaled"),
    ],
)
def test_own_tables(own: Chain, action: str | None, stated: dict[str, object], fit: str) -> None:
    found = _finding(own, "Thing", action, **stated)
    assert found.fit == fit
    assert calculated(found.steps) == pytest.approx(found.value, rel=1e-9)
    numbers = re.findall(r"own/data/Thing\.csv:([\d,]+)", found.steps[0])[0].split(",")
    asked_between = (stated["width"] == 30) + (stated["depth"] == 700)
    assert len(numbers) == 2**asked_between
    if fit == "interpolated" and action == "leak":
        told = dict(ways(found))
        assert "between lines" in told["how"]
        assert "clock" in told["scaled"]


SRAM = shipped_folder("estimation_tables") / "sram" / "cacti.csv.gz"


@pytest.mark.parametrize("cacti", [True, False])
@pytest.mark.parametrize("action", ["read", "write", "leak", None])
@pytest.mark.parametrize(
    "stated",
    [
        {"technology": "32nm", "width": 128, "depth": 32768, "n_banks": 4},
        {"technology": "32nm", "width": 8, "depth": 3},
        {"technology": "28nm", "width": 8, "depth": 1},
        {"technology": "40nm", "width": 128, "depth": 32768, "n_banks": 4},
        {"technology": "14nm", "width": 128, "depth": 32768, "n_banks": 4, "voltage": 0.7},
        {"technology": "45nm", "width": 128, "depth": 20000, "n_banks": 1},
        {"technology": "32nm", "width": 64, "depth": 40000, "n_banks": 3},
    ],
)
def test_sram(ask: Chain, cacti: bool, action: str | None, stated: dict[str, object], tmp_path: Path) -> None:
    """From rows, from CACTI where it runs here, between rows."""
    chain = ask
    if not cacti:
        options = EstimationOptions(use_hwcomponents=False)
        chain = Chain(sources_for(options), (), cacti_for(tmp_path, False))
    found = _finding(chain, "SRAM", action, **stated)
    assert calculated(found.steps) == pytest.approx(found.value, rel=1e-9)
    rows = re.findall(r"cacti\.csv\.gz:([\d,]+)\)", found.steps[0])
    if found.fit == "row":
        (line,) = rows
        row = gzip.decompress(SRAM.read_bytes()).decode().splitlines()[int(line) - 1].split(",")
        assert [float(x) for x in row[1:3]] == [stated["width"], stated["depth"]]
    assert rows or found.estimator == "accelergy_cacti" or "CACTI" in found.steps[0]


def test_a_row_is_cited_with_its_own_source(ask: Chain) -> None:
    two = _finding(ask, "ReRAMcell_compute", "compute", technology="memristor", cellwidth=2)
    one = _finding(ask, "ReRAMcell_compute", "compute", technology="memristor", cellwidth=1)
    assert "example" not in two.citation
    assert "Table I: 2.4 mW" in two.citation
    assert "example" in one.citation


@pytest.mark.parametrize("width", [8, 12, 20, 40])
def test_long_names_are_broken_at_their_joints(width: int) -> None:
    text = " A2D_converter.sample_and_hold, 32nm/data/sample_and_hold.csv:2 at 1.2e-09 s"
    lines = wrapped(text, width)
    assert max(map(len, lines)) <= width
    assert "".join("".join(lines).split()) == "".join(text.split())
    if width >= 20:
        assert lines[0] == " A2D_converter." + ("sample_and_hold," if width == 40 else "")
        assert any("1.2e-09" in line for line in lines)
