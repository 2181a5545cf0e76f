"""stats.txt and map.txt equal the reference's to the last byte, but for the total area that it prints as 0.

The committed cases hold the inputs and a hash of the reference's text; where the folder with the reference's
own output exists, every text there is compared line by line.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping as AbstractMapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from model_tiny import TENSORS, gemm, tiny_architecture
from sparse_golden import load_cases

from harness.engines.loop_nest import map_text
from harness.model import evaluate
from harness.report.timeloop_stats import stats_text
from harness.report.yaml_text import mapping_yaml_text
from harness.spec.architecture import Architecture
from harness.spec.flattened import (
    read_architecture,
    read_art,
    read_ert,
    read_mapping,
    read_problem,
    write_mapping,
)
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.spec.problem import Problem
from harness.timeloop_outputs import parse_stats

CASES = json.loads((Path(__file__).parent / "golden" / "stats_texts.json").read_text())
SHARED = Path(__file__).resolve().parents[1].parent / "shared" / "golden"
AREA = "Area: "


def read(tree: AbstractMapping[str, Any]) -> tuple[Architecture, Problem]:
    architecture = read_architecture(tree).with_energy(read_ert(tree["ERT"]), read_art(tree["ART"]))
    return architecture, read_problem(tree["problem"])


def texts(tree: AbstractMapping[str, Any], entries: list[dict[str, Any]]) -> tuple[str, str, str]:
    """stats.txt, map.txt and map.yaml of a mapping."""
    architecture, problem = read(tree)
    mapping = read_mapping(entries, architecture, problem)
    stats = evaluate(architecture, problem, mapping)
    return (
        stats_text(architecture, problem, stats),
        map_text(problem, mapping, stats),
        mapping_yaml_text(write_mapping(mapping, architecture, problem)),
    )


def without_area(text: str) -> list[str]:
    return [line for line in text.splitlines() if not line.startswith(AREA)]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_committed_cases(case: dict[str, Any]) -> None:
    stats, nest, _ = texts(case["input"], case["mapping"])
    assert hashlib.sha256("\n".join(without_area(stats)).encode()).hexdigest() == case["stats_sha256"]
    assert hashlib.sha256(nest.encode()).hexdigest() == case["map_sha256"]


def test_committed_cases_with_sparse_optimisations() -> None:
    """Every sparse golden case that the reference evaluates: its text, to the last byte."""
    expected = json.loads((Path(__file__).parent / "golden" / "sparse_texts.json").read_text())
    seen = set()
    for case in load_cases():
        if case.refusal is not None:
            continue
        stats = evaluate(case.architecture, case.problem, case.mapping)
        text = stats_text(case.architecture, case.problem, stats)
        ours = ("\n".join(without_area(text)), map_text(case.problem, case.mapping, stats))
        hashes = [hashlib.sha256(one.encode()).hexdigest() for one in ours]
        assert hashes == expected[case.name], case.name
        seen.add(case.name)
    assert seen == set(expected)


def test_total_area_is_the_sum_of_the_levels() -> None:
    case = next(case for case in CASES if case["name"] == "eyeriss__cv1")
    stats, _, _ = texts(case["input"], case["mapping"])
    architecture, _ = read(case["input"])
    assert architecture.art is not None
    levels = (architecture.arithmetic, *architecture.storage)
    total = sum(architecture.art.by_name[level.full_name] * level.instances for level in levels)
    assert parse_stats(stats).area_mm2 == pytest.approx(total / 1e6, abs=0.005)


def test_operation_totals_are_unsigned() -> None:
    # The second of two units works in four of five rounds: the reference counts one unit on average, so
    # 5 operations, but 9 outputs.
    tensors = frozenset(TENSORS)
    outer = LevelMapping("DRAM", (Loop("L", 5, 5),), (Loop("L", 2, 1, "X"),), tensors)
    mapping = Mapping((LevelMapping("Reg", keep=tensors), outer))
    architecture, problem = tiny_architecture(mapping), gemm({"E": 1, "D": 1, "L": 9})
    text = stats_text(architecture, problem, evaluate(architecture, problem, mapping))
    assert f"{'Total elementwise ops':<40}: 5\n" in text
    assert f"{'Total reduction ops':<40}: {2**64 - 4}\n" in text
    assert f"{'Total ops':<40}: 1\n" in text


def shared(pattern: str) -> list[Path]:
    return sorted(path.parent for path in SHARED.glob(pattern))


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference's own output is not here")
@pytest.mark.parametrize("folder", shared("model/*/stats.txt"), ids=lambda folder: folder.name)
def test_every_text_of_the_reference(folder: Path) -> None:
    tree = yaml.load((folder / "input.yaml").read_text(), Loader=yaml.CSafeLoader)
    entries = yaml.load((folder / "mapping.yaml").read_text(), Loader=yaml.CSafeLoader)["mapping"]
    stats, nest, _ = texts(tree, entries)
    assert without_area(stats) == without_area((folder / "stats.txt").read_text())
    assert nest == (folder / "map.txt").read_text()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the reference's own output is not here")
@pytest.mark.parametrize(
    "folder", shared("mapper/*/timeloop-mapper.map.yaml"), ids=lambda folder: folder.name
)
def test_every_mapper_output_of_the_reference(folder: Path) -> None:
    tree = yaml.load((folder / "input.yaml").read_text(), Loader=yaml.CSafeLoader)
    written = (folder / "timeloop-mapper.map.yaml").read_text()
    stats, nest, entries = texts(tree, yaml.safe_load(written)["mapping"])
    assert entries == written
    assert nest == (folder / "timeloop-mapper.map.txt").read_text()
    assert without_area(stats) == without_area((folder / "timeloop-mapper.stats.txt").read_text())


@pytest.fixture(scope="module")
def sample() -> str:
    case = next(case for case in CASES if case["name"].startswith("best_gemmini"))
    return texts(case["input"], case["mapping"])[0]


def test_patterns_of_the_prior_harness_match(sample: str) -> None:
    """Energy: decimal and unit; Cycles: integer; Utilization: percent; EDP: exponent form."""
    energy = re.search(r"Energy: (\d+\.\d+) (mJ|uJ|nJ|pJ|fJ)", sample)
    cycles = re.search(r"Cycles: (\d+)", sample)
    utilization = re.search(r"Utilization: (\d+\.\d+)%", sample)
    edp = re.search(r"EDP\(J\*cycle\): (\d+\.\d+e\+\d\d)", sample)
    assert energy is not None and cycles is not None and utilization is not None and edp is not None
    summary = parse_stats(sample)
    assert float(energy[1]) * {"uJ": 1e6}[energy[2]] == summary.energy_pj
    assert int(cycles[1]) == summary.cycles
    assert float(utilization[1]) / 100 == summary.utilization
    assert float(edp[1]) == summary.edp_j_cycles


def test_line_rules_of_the_reference_front_end(sample: str) -> None:
    """First cycles, utilisation and computes by their last word, then ``name = fJ`` lines until the end."""
    lines = sample.splitlines()
    end = next(i for i, line in enumerate(lines) if "Computes =" in line)
    computes = int(lines[end].split()[-1])
    cycles = [int(line.split()[-1]) for line in lines[:end] if "Cycles: " in line]
    utilization = [float(line.split()[-1][:-1]) for line in lines[:end] if "Utilization" in line]
    joule = {}
    for line in lines[end + 1 :]:
        if "=" in line:
            name, value = line.rsplit("=", 1)
            joule[name.strip()] = float(value) * computes / 1e15
    summary = parse_stats(sample)
    assert (cycles[-1], utilization[-1] / 100) == (summary.cycles, summary.utilization)
    total = joule.pop("Total")
    assert sum(joule.values()) == pytest.approx(total, rel=1e-3)
    assert total * 1e12 == pytest.approx(summary.energy_pj, rel=1e-4)
