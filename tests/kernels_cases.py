"""Random small architectures, problems and mappings, to hold the batch evaluator against the reference."""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random

from harness.spec.architecture import Architecture, ArithmeticLevel, Network, StorageLevel
from harness.spec.energy import ActionEnergy, AreaReferenceTable, ComponentEnergy, EnergyReferenceTable
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.spec.problem import DataSpace, Problem, Term


@dataclass(frozen=True)
class Directive:
    """Directives of all mappings of one case, by level."""

    no_temporal_reuse: frozenset[str]
    no_multicast: frozenset[str]
    no_link_transfer: frozenset[str]
    rmw_first_update: frozenset[str]
    no_coalesce: frozenset[str]


@dataclass(frozen=True)
class Case:
    architecture: Architecture
    problem: Problem
    mappings: list[Mapping]


def random_case(random: Random, windows: bool = False) -> Case:
    """A case: everything the batch evaluator claims to cover may occur in it; ``windows``: sliding ones."""
    problem = random_convolution(random) if windows else random_problem(random)
    architecture = random_architecture(random, problem)
    directives = [random_directive(random, problem) for _ in architecture.storage]
    mappings = [
        random_mapping(random, architecture, problem, directives) for _ in range(random.randint(1, 12))
    ]
    return Case(architecture, problem, mappings)


def random_problem(random: Random) -> Problem:
    dimensions = tuple("ABCDE"[: random.randint(1, 4)])
    bounds = tuple(random.choice((1, 2, 3, 4, 6, 8, 12)) for _ in dimensions)
    spaces = []
    for name in ("Weights", "Inputs", "Extra")[: random.randint(1, 3)]:
        ranks = [(Term(d),) for d in dimensions if random.random() < 0.6] or [(Term(dimensions[0]),)]
        if random.random() < 0.1:
            ranks.append(ranks[0])
        spaces.append(DataSpace(name, tuple(ranks)))
    ranks = [(Term(d),) for d in dimensions if random.random() < 0.6] or [(Term(dimensions[-1]),)]
    spaces.append(DataSpace("Outputs", tuple(ranks), read_write=True))
    return Problem("random", dimensions, bounds, tuple(spaces))


def random_convolution(random: Random) -> Problem:
    """A convolution with strides and dilations, or something as regular with windows in odd places."""
    dimensions = tuple("PRQSCM"[: random.randint(2, 6)])
    bounds = tuple(random.choice((1, 2, 3, 4, 6, 8, 12)) for _ in dimensions)

    def window(a: str, b: str) -> tuple[Term, ...]:
        return Term(a, random.choice((1, 1, 1, 2, 3))), Term(b, random.choice((1, 1, 2, 4)))

    def ranks(chance: float) -> list[tuple[Term, ...]]:
        return [(Term(d),) for d in dimensions if random.random() < chance]

    windows = [window("P", "R")]
    if len(dimensions) >= 4:
        windows.append(window("Q", "S"))
    channels = [(Term(d),) for d in dimensions[4:]]
    inputs = [*windows, *random.sample(channels, random.randint(0, len(channels)))]
    if random.random() < 0.15:
        inputs.append((Term(random.choice(dimensions), random.choice((1, 2))),))
    if random.random() < 0.1:
        inputs = [(*windows[0], Term(dimensions[-1]))]
    random.shuffle(inputs)
    spaces = [
        DataSpace("Weights", tuple(ranks(0.5)) or ((Term("R"),),)),
        DataSpace("Inputs", tuple(inputs)),
        DataSpace("Outputs", tuple(ranks(0.6)) or ((Term("P"),),), read_write=True),
    ]
    if random.random() < 0.1:
        # Neighbouring outputs that are added into one another.
        spaces[2] = DataSpace("Outputs", (window("P", "R"), *channels), read_write=True)
    return Problem("random", dimensions, bounds, tuple(spaces))


def random_architecture(random: Random, problem: Problem) -> Architecture:
    levels = []
    x = y = 1
    network_names = [f"net{i}" for i in range(4)]
    networks: list[Network] = []
    tables = []
    for number in reversed(range(random.randint(1, 4))):
        outermost = not levels
        if not outermost and random.random() < 0.6:
            x *= random.choice((1, 2, 3, 4))
            y *= random.choice((1, 1, 2, 3))
        name = f"L{number}"
        clusters = [c for c in (1, 2, 3, 4) if (x * y) % c == 0] if not outermost else [1]
        named = _named_network(random, network_names, name) if random.random() < 0.2 else None
        if named is not None:
            networks.append(named)
        size = None if outermost or random.random() < 0.4 else random.randint(1, 400)
        levels.append(
            StorageLevel(
                name=name,
                full_name=f"System.{name}[1..{x * y}]",
                class_name=random.choice(("SRAM", "dummy_storage")),
                technology="DRAM" if outermost else "SRAM",
                instances=x * y,
                mesh_x=x,
                mesh_y=y,
                word_bits=random.choice((8, 16)),
                block_size=random.choice((1, 1, 2, 4, 7)),
                cluster_size=random.choice(clusters),
                size_words=size,
                multiple_buffering=random.choice((1.0, 1.0, 2.0)),
                min_utilization=random.choice((0.0, 0.0, 0.0, 0.1)) if size else 0.0,
                read_bandwidth=_sometimes(random, 0.2, 0.1, 4.0),
                write_bandwidth=_sometimes(random, 0.2, 0.1, 4.0),
                shared_bandwidth=_sometimes(random, 0.2, 0.1, 6.0),
                bandwidth_scale=(("Outputs", random.choice((0.5, 2.0))),) if random.random() < 0.2 else (),
                network_fill_latency=random.choice((0, 0, 3)),
                network_drain_latency=random.choice((0, 0, 2)),
                reduction_supported=random.choice((None, True, True, False)),
                power_gated_at=random.choice(levels).name if levels and random.random() < 0.3 else None,
                vector_access_energy=_sometimes(random, 0.1, 0.0, 5.0),
                addr_gen_energy=_sometimes(random, 0.2, 0.0, 1.0),
                network_type="M:N" if random.random() < 0.1 else None,
                energy_per_hop=_sometimes(random, 0.3, 0.0, 2.0),
                router_energy=_sometimes(random, 0.3, 0.0, 2.0),
                wire_energy=_sometimes(random, 0.3, 0.0, 0.5),
                energy_per_ingress=_sometimes(random, 0.2, 0.0, 2.0),
                network_read=None if named is None else named.name,
                network_update=None if named is None else named.name,
                network_fill=None,
                network_drain=None,
            )
        )
        if random.random() < 0.8:
            tables.append(_table(random, name, ("read", "write", "update", "leak")))
    if random.random() < 0.6:
        x *= random.choice((1, 2, 4))
        y *= random.choice((1, 1, 2))
    tables.append(_table(random, "MAC", ("compute", "leak")))
    for network in networks:
        if network.action_name is not None:
            entries = tuple(
                ActionEnergy(network.action_name, random.uniform(0, 3), (("fan", factor),))
                for factor in range(1, 9)
            )
            tables.append(ComponentEnergy(f"System.{network.name}", entries))
    storage = tuple(reversed(levels))
    areas = [(s.name, random.uniform(10, 5000)) for s in storage] + [("MAC", random.uniform(10, 500))]
    return Architecture(
        name="System",
        arithmetic=ArithmeticLevel("MAC", f"System.MAC[1..{x * y}]", "mac", x * y, x, y),
        storage=storage,
        networks=tuple(networks),
        ert=EnergyReferenceTable(tuple(tables)),
        art=AreaReferenceTable(tuple(areas)),
    )


def _named_network(random: Random, names: list[str], level: str) -> Network:
    name = names.pop()
    if random.random() < 0.5:
        return Network(
            name,
            f"System.{name}",
            "SimpleMulticast",
            action_name="send",
            multicast_factor_argument="fan",
        )
    return Network(
        name,
        f"System.{name}",
        "Legacy",
        energy_per_hop=random.uniform(0, 1),
        router_energy=random.uniform(0, 1),
        fill_latency=random.choice((0, 5)),
    )


def _sometimes(random: Random, chance: float, low: float, high: float) -> float | None:
    return random.uniform(low, high) if random.random() < chance else None


def _table(random: Random, name: str, actions: tuple[str, ...]) -> ComponentEnergy:
    kept = [a for a in actions if random.random() < 0.8]
    return ComponentEnergy(f"System.{name}", tuple(ActionEnergy(a, random.uniform(0, 9)) for a in kept))


def random_directive(random: Random, problem: Problem) -> Directive:
    def some(chance: float) -> frozenset[str]:
        if random.random() > chance:
            return frozenset()
        return frozenset(ds.name for ds in problem.data_spaces if random.random() < 0.5)

    written = frozenset(ds.name for ds in problem.data_spaces if ds.read_write)
    return Directive(some(0.25), some(0.15), some(0.2), some(0.15) & written, some(0.08))


def random_mapping(
    random: Random, architecture: Architecture, problem: Problem, directives: list[Directive]
) -> Mapping:
    """Perfect factors; the spatial ones mostly, not always, fit the mesh."""
    count = len(architecture.storage)
    slots = [(level, "") for level in range(count)]
    room = {}
    for level in range(count):
        for axis, size in zip("XY", architecture.fanout(level), strict=True):
            if size > 1:
                slots.append((level, axis))
                room[level, axis] = size * random.choice((1, 1, 1, 1, 2))
    factors: dict[tuple[int, str, str], int] = {}
    for dimension, bound in zip(problem.dimensions, problem.bounds, strict=True):
        rest = bound
        for prime in (2, 3):
            while rest % prime == 0:
                rest //= prime
                level, axis = random.choice(slots)
                if axis:
                    room[level, axis] //= prime
                    other = (level, "Y" if axis == "X" else "X", dimension)
                    if room[level, axis] < 1 or other in factors:
                        level, axis = count - 1, ""
                factors[level, axis, dimension] = factors.get((level, axis, dimension), 1) * prime
        assert math.prod(f for (_, _, d), f in factors.items() if d == dimension) == bound
    levels = []
    for level, (storage, directive) in enumerate(zip(architecture.storage, directives, strict=True)):
        kept = frozenset(ds.name for ds in problem.data_spaces if random.random() < 0.7)
        if level == count - 1 and random.random() < 0.9:
            kept = frozenset(ds.name for ds in problem.data_spaces)

        def loops(axis: str, level: int = level) -> tuple[Loop, ...]:
            own = [(d, f) for (lv, a, d), f in factors.items() if (lv, a) == (level, axis)]
            random.shuffle(own)
            return tuple(Loop(d, f, f, axis) for d, f in own)  # type: ignore[arg-type]

        levels.append(
            LevelMapping(
                level=storage.name,
                temporal=loops(""),
                spatial=loops("X") + loops("Y"),
                keep=kept,
                no_temporal_reuse=directive.no_temporal_reuse,
                no_multicast=directive.no_multicast,
                no_link_transfer=directive.no_link_transfer,
                rmw_first_update=directive.rmw_first_update,
                no_coalesce=directive.no_coalesce,
            )
        )
    return Mapping(tuple(levels))
