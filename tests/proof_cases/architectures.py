"""Random small architectures: everything that the model charges for, at levels that may fan out."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

from harness.spec.architecture import Architecture, ArithmeticLevel, Network, StorageLevel
from harness.spec.energy import ActionEnergy, AreaReferenceTable, ComponentEnergy, EnergyReferenceTable
from harness.spec.problem import Problem

SYSTEM = "sys"
DUMMY = "dummy_storage"


def random_architecture(random: Random, problem: Problem, most_levels: int = 6) -> Architecture:
    """2 to ``most_levels`` storage levels, the dummy ones that only fan out included."""
    count = random.choice([n for n in (2, 2, 3, 3, 3, 3, 4, 4, 5, 6) if n <= most_levels])
    plain = random.random() < 0.25
    outside_in: list[StorageLevel] = []
    networks: list[Network] = []
    tables: list[ComponentEnergy] = []
    x = y = 1
    for number in range(count):
        wide = number == 0 or x * y >= 16
        if not wide and random.random() < 0.55:
            x *= random.choice((1, 2, 2, 3, 4))
            y *= random.choice((1, 1, 2, 2, 3))
        if number == 0:
            level = _outermost(random)
        elif number + 1 < count and random.random() < 0.2:
            level = _dummy(random, number)
        else:
            level = _buffer(random, number, x * y, outside_in, plain)
        level = replace(
            level, full_name=f"{SYSTEM}.{level.name}[1..{x * y}]", instances=x * y, mesh_x=x, mesh_y=y
        )
        if not plain:
            level = _mesh_prices(random, level)
        outside_in.append(level)
        if random.random() < 0.9:
            tables.append(_access_table(random, level))
    if x * y < 16 and random.random() < 0.6:
        x *= random.choice((1, 2, 2, 4))
        y *= random.choice((1, 1, 2, 3))
    arithmetic = ArithmeticLevel("MAC", f"{SYSTEM}.MAC[1..{x * y}]", "intmac", x * y, x, y)
    compute = [ActionEnergy("compute", random.choice((0.0, 0.5, 1.0, 2.0)))]
    if random.random() < 0.4:
        compute.append(ActionEnergy("leak", random.choice((0.01, 0.5))))
    tables.append(ComponentEnergy(arithmetic.full_name, tuple(compute)))
    storage = tuple(reversed(outside_in))
    if not plain and random.random() < 0.3:
        arithmetic, storage, networks, extra = _named_networks(random, problem, arithmetic, storage)
        tables += extra
    if not plain and random.random() < 0.2:
        tables.append(ComponentEnergy(f"{SYSTEM}.wire", (ActionEnergy("transfer_random", 0.25),)))
    areas = [(s.full_name, random.choice((1.0, 50.0, 400.0, 5000.0))) for s in storage]
    return Architecture(
        SYSTEM,
        arithmetic,
        storage,
        tuple(networks),
        EnergyReferenceTable(tuple(tables)),
        AreaReferenceTable((*areas, (arithmetic.full_name, random.choice((10.0, 200.0))))),
    )


def _outermost(random: Random) -> StorageLevel:
    bounded = random.random() < 0.08
    level = _level("DRAM", "DRAM" if not bounded else "SRAM", random)
    return replace(
        level,
        size_words=random.choice((64, 256, 1024)) if bounded else None,
        technology="SRAM" if bounded else "DRAM",
        read_bandwidth=random.choice((None, None, 0.5, 1.0, 2.0)),
        write_bandwidth=random.choice((None, None, 0.5, 1.5)),
        shared_bandwidth=random.choice((None, None, None, 1.0, 3.0)),
        reduction_supported=random.choice((None, None, None, True)),
    )


def _dummy(random: Random, number: int) -> StorageLevel:
    level = _level(f"inter_L{number}_spatial", DUMMY, random)
    return replace(level, size_words=1, word_bits=1, block_size=1, reduction_supported=True)


def _buffer(
    random: Random, number: int, instances: int, outside: list[StorageLevel], plain: bool
) -> StorageLevel:
    level = _level(f"L{number}", random.choice(("SRAM", "regfile", "smartbuffer_SRAM")), random)
    size = int(2 ** random.uniform(2, 10))
    level = replace(level, size_words=size)
    if plain:
        return level
    clusters = [c for c in (1, 1, 1, 2, 4) if instances % c == 0]
    return replace(
        level,
        cluster_size=random.choice(clusters),
        multiple_buffering=random.choice((1.0, 1.0, 1.0, 2.0, 1.5)),
        min_utilization=random.choice((0.05, 0.2, 0.5)) if random.random() < 0.06 else 0.0,
        read_bandwidth=random.choice((0.25, 0.5, 1.0, 2.0, 3.0)) if random.random() < 0.3 else None,
        write_bandwidth=random.choice((0.25, 0.5, 1.0, 2.0)) if random.random() < 0.3 else None,
        shared_bandwidth=random.choice((0.5, 1.0, 2.0, 4.0)) if random.random() < 0.25 else None,
        bandwidth_scale=(("Outputs", random.choice((0.0, 0.5, 2.0))),) if random.random() < 0.1 else (),
        reduction_supported=random.choice((None, None, None, True, False)),
        power_gated_at=random.choice((*outside, level)).name if random.random() < 0.2 else None,
        addr_gen_energy=random.choice((0.1, 1.0)) if random.random() < 0.15 else None,
        vector_access_energy=random.choice((0.0, 1.5)) if random.random() < 0.05 else None,
    )


def _level(name: str, class_name: str, random: Random) -> StorageLevel:
    return StorageLevel(
        name=name,
        full_name=name,
        class_name=class_name,
        technology="SRAM",
        instances=1,
        mesh_x=1,
        mesh_y=1,
        word_bits=random.choice((8, 8, 16)),
        block_size=random.choice((1, 1, 2, 4, 8)),
    )


def _mesh_prices(random: Random, level: StorageLevel) -> StorageLevel:
    """The network that a level has without naming one."""
    return replace(
        level,
        network_fill_latency=random.choice((0, 0, 0, 0, 3)),
        network_drain_latency=random.choice((0, 0, 0, 0, 5)),
        network_type="M:N" if random.random() < 0.03 else random.choice((None, None, "1:1", "1:N")),
        energy_per_hop=random.choice((0.25, 1.0)) if random.random() < 0.25 else None,
        router_energy=random.choice((0.1, 0.75)) if random.random() < 0.25 else None,
        wire_energy=random.choice((0.1, 0.5)) if random.random() < 0.25 else None,
        energy_per_ingress=random.choice((0.2, 1.0)) if random.random() < 0.2 else None,
        tile_width=random.choice((10.0, 100.0)) if random.random() < 0.15 else None,
    )


def _access_table(random: Random, level: StorageLevel) -> ComponentEnergy:
    scale = 20.0 if level.name == "DRAM" else 2 ** random.uniform(-2, 3)
    dummy = level.class_name == DUMMY
    actions = []
    for action in ("read", "write", "update"):
        energy = 0.0 if dummy or random.random() < 0.1 else round(scale * random.uniform(0.5, 2.0), 3)
        actions.append(ActionEnergy(action, energy))
    leak = random.choice((0.02, 0.5)) if random.random() < 0.35 else 0.0
    return ComponentEnergy(level.full_name, (*actions, ActionEnergy("leak", leak)))


def _named_networks(
    random: Random, problem: Problem, arithmetic: ArithmeticLevel, storage: tuple[StorageLevel, ...]
) -> tuple[ArithmeticLevel, tuple[StorageLevel, ...], list[Network], list[ComponentEnergy]]:
    """One link with named networks: a multicast or a mesh for what is read, perhaps a tree for what returns.

    Both ends of a link name its networks.
    """
    outer = random.randrange(len(storage))
    reading, extra = _reading_network(random, problem)
    networks, updating = [reading], reading
    if random.random() < 0.5:
        updating = Network(
            "returning",
            f"{SYSTEM}.returning",
            "ReductionTree",
            word_bits=random.choice((8, 16)),
            wire_energy=random.choice((0.1, 0.5, None)),
            fill_latency=random.choice((0, 2)),
            drain_latency=random.choice((0, 4)),
            adder_energy=random.choice((0.3, 1.0, None)),
        )
        networks.append(updating)
    levels = list(storage)
    levels[outer] = replace(levels[outer], network_read=reading.name, network_update=updating.name)
    if outer == 0:
        arithmetic = replace(arithmetic, network_operand=reading.name, network_result=updating.name)
    else:
        levels[outer - 1] = replace(levels[outer - 1], network_fill=reading.name, network_drain=updating.name)
    return arithmetic, tuple(levels), networks, extra


def _reading_network(random: Random, problem: Problem) -> tuple[Network, list[ComponentEnergy]]:
    name, latency = "sending", {"fill_latency": random.choice((0, 3)), "drain_latency": random.choice((0, 2))}
    if random.random() < 0.4:
        legacy = Network(
            name,
            f"{SYSTEM}.{name}",
            "Legacy",
            network_type=random.choice((None, "1:1", "1:N")),
            energy_per_hop=random.choice((0.5, 1.0, None)),
            router_energy=random.choice((0.2, None)),
            wire_energy=random.choice((0.3, None)),
            **latency,
        )
        return legacy, []
    by_tensor = random.random() < 0.5
    sending = Network(
        name,
        f"{SYSTEM}.{name}",
        "SimpleMulticast",
        action_name="send",
        multicast_factor_argument="fan",
        per_datatype_ert=by_tensor,
        **latency,
    )
    entries = []
    for action in [f"send_{ds.name}" for ds in problem.data_spaces] if by_tensor else ["send"]:
        price = random.uniform(0.1, 2.0)
        fans = range(1, 49) if random.random() < 0.6 else (1,)
        entries += [ActionEnergy(action, round(price * math.sqrt(f), 4), (("fan", f),)) for f in fans]
    return sending, [ComponentEnergy(f"{SYSTEM}.{name}", tuple(entries))]
