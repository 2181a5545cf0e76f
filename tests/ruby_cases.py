"""Random small map spaces with imperfect factors, and their true optima by complete enumeration."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from harness.errors import HarnessError, InvalidMapping
from harness.mapspace import MapSpace, Refusal
from harness.model import evaluate
from harness.spec.architecture import Architecture, ArithmeticLevel, StorageLevel
from harness.spec.energy import ActionEnergy, ComponentEnergy, EnergyReferenceTable
from harness.spec.flattened.constraints import read_constraints
from harness.spec.problem import DataSpace, Problem, Term

MESHES = [(1, 1), (1, 1), (2, 1), (3, 1), (1, 4), (2, 2), (4, 1), (5, 1), (3, 2)]
PRICES = [0.0, 0.5, 1.0, 3.0, 20.0]


def random_space(rng: random.Random, largest: int = 1500, sliding: bool = False) -> MapSpace | None:
    """A ruby map space of at most ``largest`` mappings, or None where this draw gives nothing."""
    problem = _convolution(rng) if sliding else _product(rng)
    architecture = _architecture(rng)
    targets = _targets(rng, architecture, problem)
    try:
        constraints = read_constraints({"architecture_constraints": targets}, architecture, problem)
        space = MapSpace(architecture, problem, constraints, "ruby")
    except HarnessError:
        return None
    size = space.pruned_size(limit=largest)
    return space if size is not None and size <= largest else None


def _ranks(text: str) -> tuple[tuple[Term, ...], ...]:
    return tuple(tuple(Term(d) for d in rank) for rank in text.split())


def _product(rng: random.Random) -> Problem:
    spaces = rng.choice(
        [
            {"Weights": "M K", "Inputs": "K N", "Outputs": "M N"},
            {"Inputs": "M K", "Outputs": "M"},
            {"A": "M N", "B": "K", "Outputs": "M"},
            {"Weights": "M K", "Inputs": "K N", "Outputs": "M N"},
        ]
    )
    used = sorted({d for ranks in spaces.values() for d in ranks if d != " "})
    bounds = tuple(rng.choice([1, 2, 3, 4, 5, 6, 7, 9, 11]) for _ in used)
    tensors = tuple(DataSpace(name, _ranks(ranks), name == "Outputs") for name, ranks in spaces.items())
    return Problem("product", tuple(used), bounds, tensors)


def _convolution(rng: random.Random) -> Problem:
    stride, dilation = rng.choice([(1, 1), (2, 1), (1, 2), (3, 1)])
    window = (Term("P", stride), Term("R", dilation))
    bounds = (rng.choice([3, 4, 5, 6, 7]), rng.choice([2, 3, 4]), rng.choice([1, 2, 3]))
    if rng.random() < 0.5:
        inputs = (window,)
        weights, last = "M R", "M"
    else:
        inputs = ((Term("C"),), window)
        weights, last = "C R", "C"
    spaces = (
        DataSpace("Weights", _ranks(weights)),
        DataSpace("Inputs", inputs),
        DataSpace("Outputs", _ranks("M P" if last == "M" else "P"), True),
    )
    return Problem("convolution", ("P", "R", last), bounds, spaces)


def _architecture(rng: random.Random) -> Architecture:
    depth = rng.choice([2, 2, 3, 3, 4])
    x = y = 1
    wired = rng.random() < 0.3
    levels: list[StorageLevel] = []
    tables = []
    for number in reversed(range(depth)):
        outermost = number == depth - 1
        name = "DRAM" if outermost else f"L{number}"
        count = x * y
        cluster = rng.choice([c for c in (1, 1, 2) if count % c == 0])
        bandwidth = [rng.choice([None, None, None, 0.5, 1.0, 2.0, 3.0]) for _ in range(3)]
        levels.append(
            StorageLevel(
                name=name,
                full_name=f"S.{name}",
                class_name="DRAM" if outermost else "SRAM",
                technology="DRAM" if outermost else "SRAM",
                instances=count,
                mesh_x=x,
                mesh_y=y,
                word_bits=8,
                block_size=rng.choice([1, 1, 2, 4]),
                cluster_size=cluster,
                size_words=None if outermost or rng.random() < 0.4 else rng.choice([4, 8, 16, 40]),
                read_bandwidth=bandwidth[0],
                write_bandwidth=bandwidth[1],
                shared_bandwidth=bandwidth[2],
                network_fill_latency=rng.choice([0, 0, 2]),
                reduction_supported=rng.random() < 0.97,
                network_type=rng.choice([None] * 19 + ["M:N"]),
                power_gated_at=rng.choice([None, None, "DRAM"]),
                addr_gen_energy=rng.choice([None, None, 0.5]),
                energy_per_ingress=rng.choice([None, 0.25]) if wired else None,
                energy_per_hop=rng.choice([None, 0.1]) if wired else None,
                router_energy=rng.choice([None, 0.2]) if wired else None,
            )
        )
        actions = ("read", "fill", "update", "leak")
        prices = [rng.choice(PRICES) for _ in actions[:3]] + [rng.choice([0.0, 0.0, 0.05, 1.0])]
        tables.append(ComponentEnergy(f"S.{name}", tuple(map(ActionEnergy, actions, prices))))
        mesh = rng.choice(MESHES)
        x, y = x * mesh[0], y * mesh[1]
    unit = ArithmeticLevel("MAC", "S.MAC", "intmac", x * y, x, y)
    tables.append(ComponentEnergy("S.MAC", (ActionEnergy("compute", rng.choice([0.0, 1.0, 4.0])),)))
    return Architecture("random", unit, tuple(reversed(levels)), ert=EnergyReferenceTable(tuple(tables)))


def _targets(rng: random.Random, architecture: Architecture, problem: Problem) -> list[dict[str, Any]]:
    names = [t.name for t in problem.data_spaces]
    targets: list[dict[str, Any]] = []
    for number, level in enumerate(architecture.storage):
        x, y = architecture.fanout(number)
        for kind in ("spatial", "temporal") if x * y > 1 else ("temporal",):
            entry: dict[str, Any] = {"target": level.name, "type": kind}
            if rng.random() < (0.75 if kind == "spatial" else 0.15):
                entry["remainders"] = rng.choice([2, 3, 4, 5])
            fixed = [f"{d}={rng.choice([1, 1, 2, 3])}" for d in problem.dimensions if rng.random() < 0.3]
            if fixed:
                entry["factors"] = ",".join(fixed)
            if kind == "spatial" and rng.random() < 0.3:
                entry["no_link_transfer"] = names
            if rng.random() < 0.1:
                entry["no_reuse"] = rng.sample(names, 1)
            if kind == "temporal" and rng.random() < 0.1:
                entry["rmw_first_update"] = ["Outputs"]
            # Without an order, pruning would lose mappings at fan-outs along Y only (see Leaf).
            if rng.random() < 0.7 if kind == "temporal" else x == 1:
                entry["permutation"] = "".join(
                    rng.sample(problem.dimensions, min(rng.choice([1, 2, 3]), len(problem.dimensions)))
                )
            if len(entry) > 2:
                targets.append(entry)
        keep = [t for t in names if rng.random() < 0.7 or number == len(architecture.storage) - 1]
        rest = [t for t in names if t not in keep and rng.random() < 0.6]
        target = {"target": level.name, "type": "bypass", "keep": keep, "bypass": rest}
        if rng.random() < 0.03:
            target["no_coalesce"] = rng.sample(names, 1)
        targets.append(target)
    return targets


@dataclass(frozen=True)
class Point:
    """What one valid mapping costs."""

    factorization: int
    cycles: int
    energy_pj: float


def all_points(space: MapSpace) -> list[Point]:
    """Of all valid mappings of the space, by the reference model."""
    found = []
    for mapping_id in space.ids():
        mapping = space.construct(mapping_id)
        if isinstance(mapping, Refusal):
            continue
        try:
            stats = evaluate(space.architecture, space.problem, mapping)
        except InvalidMapping:
            continue
        found.append(Point(mapping_id.factorization, stats.cycles, stats.energy_pj))
    return found
