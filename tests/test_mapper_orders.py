"""Unit loops where Timeloop's mapper had them, which its map.yaml does not tell."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from sparse_search_cases import at, saving, tree
from timeloop_recordings import recording

from harness.engines.cross_check import check_folder
from harness.engines.timeloop.found_mapping import found_mapping
from harness.engines.timeloop_folder import read_timeloop_folder
from harness.mapspace import MappingId, MapSpace
from harness.mapspace.mapper_orders import with_mapper_orders
from harness.model import evaluate
from harness.spec.constraints import BlockConstraint, Constraints, LevelConstraints
from harness.spec.flattened import read_mapping
from harness.spec.loading import read_specification
from harness.spec.mapping import LevelMapping, Mapping
from harness.spec.specification import Specification

RECORDED = recording("mapper_unit_loops")
CYCLES_OF_THE_MAPPER, CYCLES_OF_THE_MODEL = 13, 26
"""What timeloop-mapper says of the mapping that it found, and timeloop-model of the mapping as printed."""

DIMENSIONS = ("M", "N", "K")


def specified() -> Specification:
    return read_specification(yaml.safe_load(RECORDED.inputs["parsed-processed-input.yaml"]))


def cycles(specification: Specification, mapping: Mapping | None) -> int:
    assert mapping is not None
    return evaluate(specification.architecture, specification.problem, mapping).cycles


def test_a_found_mapping_has_the_figures_of_the_mapper() -> None:
    specification = specified()
    architecture, problem = specification.architecture, specification.problem
    found = found_mapping(specification, architecture, RECORDED.files, RECORDED.program)
    assert cycles(specification, found) == CYCLES_OF_THE_MAPPER
    as_printed = read_mapping(yaml.safe_load(RECORDED.output("map.yaml")), architecture, problem)
    assert cycles(specification, as_printed) == CYCLES_OF_THE_MODEL


@pytest.mark.parametrize("mapping_file", ["map.yaml", "map.txt"])
def test_so_has_the_folder_of_a_search(tmp_path: Path, mapping_file: str) -> None:
    RECORDED.write_inputs(tmp_path)
    RECORDED.write_files(tmp_path)
    if mapping_file == "map.txt":
        (tmp_path / f"{RECORDED.program}.map.yaml").unlink()
    check = check_folder(read_timeloop_folder(tmp_path))
    assert check.theirs.cycles == CYCLES_OF_THE_MAPPER
    assert check.comparison.status == "equal", check.comparison.differing


@pytest.mark.parametrize("algorithm", ["random", "linear_pruned"])
def test_where_the_orders_are_in_no_file_a_difference_has_that_cause(tmp_path: Path, algorithm: str) -> None:
    RECORDED.write_inputs(tmp_path)
    RECORDED.write_files(tmp_path)
    (tmp_path / "timeloop-mapper.map+stats.xml").unlink()
    for name, old, new in (
        ("timeloop-mapper.stats.txt", f"Cycles: {CYCLES_OF_THE_MAPPER}", "Cycles: 14"),
        ("parsed-processed-input.yaml", "algorithm: linear_pruned", f"algorithm: {algorithm}"),
    ):
        text = (tmp_path / name).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new))
    check = check_folder(read_timeloop_folder(tmp_path))
    assert check.comparison.status == "differs"
    told = any("need not be the one it found" in cause for cause in check.causes)
    assert told == (algorithm == "random")


def test_a_mapping_that_the_model_was_given_stays_as_it_is_written(tmp_path: Path) -> None:
    RECORDED.write_inputs(tmp_path)
    for kind in ("map.yaml", "map.txt", "stats.txt", "map+stats.xml"):
        (tmp_path / f"timeloop-model.{kind}").write_text(RECORDED.output(kind))
    specification = read_timeloop_folder(tmp_path).job.specification
    assert cycles(specification, specification.mapping) == CYCLES_OF_THE_MODEL


def spaces() -> list[MapSpace]:
    """Nothing is demanded; orders are, in part; a fan-out of two axes, its split open and given."""
    gating = [at("Buffer", saving("gating", "A", "B"))]
    plain = read_specification(tree({"M": 2, "N": 4, "K": 6}, {}, gating, depth=64))
    wide = read_specification(tree({"M": 2, "N": 4, "K": 6}, {}, gating, depth=64, units=4))
    arithmetic = replace(wide.architecture.arithmetic, mesh_x=2)
    wide = replace(wide, architecture=replace(wide.architecture, arithmetic=arithmetic))
    inner = BlockConstraint(prefix=("K",))
    outer = BlockConstraint(suffix=("M",))
    ordered = Constraints(
        (LevelConstraints("Buffer", temporal=inner), LevelConstraints("DRAM", temporal=outer))
    )
    given = BlockConstraint(prefix=("N", "M", "K"), split=1)
    split = Constraints((LevelConstraints("Buffer", spatial=given),))
    return [
        MapSpace(plain.architecture, plain.problem, plain.constraints),
        MapSpace(plain.architecture, plain.problem, ordered),
        MapSpace(wide.architecture, wide.problem, wide.constraints),
        MapSpace(wide.architecture, wide.problem, split),
    ]


def printed(level: LevelMapping) -> LevelMapping:
    """As the mapper prints it: turning loops, then the others in the order of the dimensions."""

    def order(turning: list[str]) -> tuple[str, ...]:
        return (*turning, *(d for d in DIMENSIONS if d not in turning))

    return replace(
        level,
        temporal_order=order([loop.dimension for loop in level.temporal]),
        spatial_order=order([loop.dimension for loop in level.spatial]) if level.spatial else (),
    )


def orders(mapping: Mapping) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    return [(level.temporal_order, level.spatial_order) for level in mapping.levels]


@pytest.mark.parametrize("number", range(4))
def test_every_pruned_mapping_gets_its_orders_back(number: int) -> None:
    space = spaces()[number]
    rng = random.Random(number)
    changed = 0
    for _ in range(200):
        point: MappingId = space.sample(rng)
        mapping = space.mapping(
            space.subspace(point.factorization), point.permutation, point.spatial, point.bypass
        )
        shown = Mapping(tuple(map(printed, mapping.levels)))
        changed += orders(shown) != orders(mapping)
        again = with_mapper_orders(shown, space.architecture, space.problem, space.constraints)
        assert again == mapping
        assert orders(again) == orders(mapping)
    assert changed > 100


def test_free_unit_loops_of_other_searches_stay_where_they_are_printed() -> None:
    space = spaces()[1]
    point = MappingId(0, 0, 0, 0)
    mapping = space.construct(point)
    assert isinstance(mapping, Mapping)
    shown = Mapping(tuple(map(printed, mapping.levels)))
    again = with_mapper_orders(shown, space.architecture, space.problem, space.constraints, "random")
    assert again == mapping
    assert again.level("DRAM").temporal_order[-1] == "M"
