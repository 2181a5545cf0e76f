"""Random small map spaces, and whether they hold a valid mapping, found by looking at every one."""

from __future__ import annotations

import random
from collections.abc import Collection
from dataclasses import replace
from typing import Any

from mapper_cases import gemm, problem_of

from harness.errors import EmptyMapSpace, InvalidMapping, SpecError
from harness.mapspace import MapSpace, SubSpace
from harness.mapspace.requirements import Demand, Requirements
from harness.model import evaluate
from harness.search.capacity import CapacityCheck
from harness.spec.architecture import Architecture, ArithmeticLevel, StorageLevel
from harness.spec.constraints import BlockConstraint, Constraints, FactorConstraint, LevelConstraints
from harness.spec.flattened.constraints import read_constraints
from harness.spec.problem import Problem, Term

NAMES = ("Reg", "Buf", "Glb", "Top")
LARGEST = 20_000


def holds_a_mapping(
    architecture: Architecture, problem: Problem, constraints: Constraints, template: Any = "uber"
) -> bool | None:
    """Whether some mapping of the space passes all checks; None if there are too many to look at."""
    try:
        space = MapSpace(architecture, problem, constraints, template)
    except EmptyMapSpace:
        return False
    capacity = CapacityCheck(space)
    masks = range(space.sizes.datatype_bypass)
    looked_at = 0
    for factorization in range(space.sizes.index_factorization):
        # Without pruning, which loses the mappings along Y of fan-outs in Y alone.
        subspace = space.subspace(factorization, pruned=False)
        fitting = [m for m in masks if capacity.refusal(subspace, m) is None]
        looked_at += len(masks)
        if not fitting:
            continue
        for permutation in _spatial_orders(subspace):
            for spatial in range(subspace.spatial_size):
                looked_at += 1
                if looked_at > LARGEST:
                    return None
                if subspace.refusal(permutation, spatial) is None and any(
                    _accepted(space, subspace, permutation, spatial, mask) for mask in fitting
                ):
                    return True
    return False


def _spatial_orders(subspace: SubSpace) -> list[int]:
    """Permutations in which the orders of temporal loops, which decide nothing here, are the first ones."""
    found, stride = [0], 1
    for level, orders in zip(subspace.levels, subspace.orders, strict=True):
        if level.spatial:
            found = [p + stride * digit for digit in range(orders.size) for p in found]
        stride *= orders.size
    return found


def _accepted(space: MapSpace, subspace: SubSpace, permutation: int, spatial: int, bypass: int) -> bool:
    mapping = space.mapping(subspace, permutation, spatial, bypass)
    try:
        evaluate(space.architecture, space.problem, mapping)
    except InvalidMapping:
        return False
    return True


def random_space(seed: int) -> tuple[Architecture, Problem, Constraints]:
    """A tight machine with demands of all kinds on a product or a convolution in one dimension."""
    rng = random.Random(seed)
    while True:
        problem = _problem(rng)
        architecture = _architecture(rng)
        targets = _targets(rng, architecture, problem)
        try:
            read = read_constraints({"architecture_constraints": targets}, architecture, problem)
        except SpecError:
            continue
        return architecture, problem, read


def _problem(rng: random.Random) -> Problem:
    def bound(most: int) -> int:
        return rng.choice([n for n in (1, 2, 3, 4, 5, 6, 8) if n <= most])

    if rng.random() < 0.6:
        return gemm(bound(8), bound(6), bound(4))
    stride = rng.choice((1, 1, 2))
    return problem_of(
        {"P": bound(6), "R": bound(3), "K": bound(4)},
        {
            "Weights": ([[Term("R")], [Term("K")]], False),
            "Inputs": ([[Term("P", stride), Term("R")]], False),
            "Outputs": ([[Term("P")], [Term("K")]], True),
        },
        "conv1d",
    )


def _architecture(rng: random.Random) -> Architecture:
    count = rng.choice((2, 2, 3, 3, 4))
    meshes = [(1, 1)]
    for _ in range(count):
        x, y = meshes[-1]
        meshes.append(rng.choice(((x, y), (x, y), (x * 2, y), (x, y * 3), (x * 2, y * 2), (x * 4, y))))
    meshes.reverse()
    (unit_x, unit_y), meshes = meshes[0], meshes[1:]
    names = (*NAMES[: count - 1], NAMES[-1])
    levels = []
    for number, (name, (x, y)) in enumerate(zip(names, meshes, strict=True)):
        outermost = number == count - 1
        bounded = rng.random() < (0.2 if outermost else 0.8)
        most = 80 if outermost else 8 * 3**number
        levels.append(
            StorageLevel(
                name=name,
                full_name=f"S.{name}",
                class_name="SRAM",
                technology="SRAM",
                instances=x * y,
                mesh_x=x,
                mesh_y=y,
                word_bits=8,
                block_size=1,
                size_words=rng.randint(1, most) if bounded else None,
                multiple_buffering=rng.choice((1.0, 1.0, 2.0)),
                min_utilization=rng.choice((0.0, 0.0, 0.0, 0.0, 0.5, 0.9)),
                network_type=rng.choice((None, None, None, "M:N")),
            )
        )
    unit = ArithmeticLevel("MAC", "S.MAC", "intmac", unit_x * unit_y, unit_x, unit_y)
    return Architecture("random", unit, tuple(levels))


def _targets(rng: random.Random, architecture: Architecture, problem: Problem) -> list[dict[str, Any]]:
    targets: list[dict[str, Any]] = []
    spaces = [s.name for s in problem.data_spaces]
    for number, storage in enumerate(architecture.storage):
        x, y = architecture.fanout(number)
        for kind in ("spatial", "temporal") if x * y > 1 else ("temporal",):
            entry: dict[str, Any] = {"target": storage.name, "type": kind}
            factors = [
                f"{d}{rng.choice(('=', '<=', '<=', '>='))}{rng.choice((1, 1, 2, 2, 3, 4))}"
                for d in problem.dimensions
                if rng.random() < 0.2
            ]
            if factors:
                entry["factors"] = " ".join(factors)
            if rng.random() < 0.15:
                entry["default_max_factor"] = rng.choice((1, 2, 4))
            if rng.random() < 0.05:
                entry["default_min_factor"] = 2
            if rng.random() < 0.2:
                entry["permutation"] = rng.choice(problem.dimensions) + rng.choice(("", "_"))
            if kind == "spatial" and rng.random() < 0.3:
                entry["split"] = rng.choice((0, 1, 2, 999))
            if len(entry) > 2:
                targets.append(entry)
        keep = [s for s in spaces if rng.random() < 0.3]
        bypass = [s for s in spaces if s not in keep and rng.random() < 0.3]
        passing = [s for s in spaces if rng.random() < 0.05]
        targets.append({"target": storage.name, "type": "bypass", "keep": keep, "bypass": bypass})
        if passing:
            targets[-1]["no_coalesce"] = passing
    if rng.random() < 0.3:
        least = rng.choice((0.25, 0.5, 0.75, 1.0))
        targets.append({"target": architecture.storage[0].name, "type": "utilization", "min": least})
    return targets


def under(requirements: Requirements, demands: Collection[Demand]) -> tuple[Architecture, Constraints]:
    """Architecture and constraints with only ``demands`` (which must hold all fan-outs) in force."""
    old = requirements.constraints
    terms = requirements.terms(demands)
    rooms = {room.storage: room for room in terms.rooms}
    storage, levels = [], []
    for number, level in enumerate(requirements.architecture.storage):
        room = rooms.get(number)
        bounded = room is not None and room.capacity < float("inf")
        used = level.min_utilization if room is not None and room.least > 0 else 0.0
        storage.append(replace(level, size_words=level.size_words if bounded else None, min_utilization=used))
        blocks: dict[bool, BlockConstraint] = {}
        for place, tiling in enumerate(requirements.levels):
            if tiling.storage == number:
                blocks[tiling.spatial] = replace(
                    tiling.constraint,
                    factors=tuple(
                        FactorConstraint(d.dimension, relation, by_level[place])
                        for d in terms.factors
                        for relation, by_level in (("=", d.given), ("<=", d.most), (">=", d.least))
                        if place in by_level
                    ),
                    default_max_factor=None,
                    default_min_factor=None,
                    split=tiling.constraint.split if place in terms.splits else None,
                )
        names = {s.name for s in requirements.problem.data_spaces}
        levels.append(
            LevelConstraints(
                level.name,
                temporal=blocks[False],
                spatial=blocks.get(True),
                keep=frozenset(terms.must_keep[number] & terms.may_keep[number]),
                bypass=frozenset(names - terms.may_keep[number]),
                no_coalesce=old.of(level.name).no_coalesce,
            )
        )
    architecture = replace(requirements.architecture, storage=tuple(storage))
    return architecture, Constraints(tuple(levels), terms.min_parallelism)
