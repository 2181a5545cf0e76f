"""Energy of each action and area of each component: ERT and ART, attributes, built-in fall-backs.

Order, as in Timeloop: a ``vector_access_energy`` of the user's settles all accesses of a level (and its
leakage is 0); else each action comes from the ERT; an action that the ERT does not have, or a level that
it does not have, takes Timeloop's built-in estimate. Areas: ART, else ``cluster_area``, else 0. Source:
buffer.cpp (ParseSpecs, UpdateOpEnergyViaERT), arithmetic.cpp, topology.cpp (ParseAccelergyERT/ART),
include/model/topology.hpp (action names), pat-public/src/pat/pat.cpp (built-in estimates).
"""

from __future__ import annotations

import struct
from collections.abc import Set
from dataclasses import dataclass

from harness.errors import EstimationError
from harness.model.compat import Artefacts
from harness.spec.architecture import Architecture, ArithmeticLevel, StorageLevel
from harness.spec.energy import (
    COMPUTE_ACTIONS,
    FILL_ACTIONS,
    READ_ACTIONS,
    UPDATE_ACTIONS,
    ComponentEnergy,
    last_name,
)


@dataclass(frozen=True, slots=True)
class StorageEnergy:
    """pJ for one block access of a cluster (read, fill, update) and for one cycle of leakage."""

    read: float
    fill: float
    update: float
    leak: float
    vector_access: float
    source: str


@dataclass(frozen=True, slots=True)
class ComputeEnergy:
    """pJ for one operation and for one cycle of leakage of one unit."""

    operation: float
    leak: float


def tables_by_name(architecture: Architecture) -> dict[str, ComponentEnergy]:
    """The ERT by short name. Of two components with the same short name the later one counts."""
    if architecture.ert is None:
        return {}
    merged: dict[str, list[ComponentEnergy]] = {}
    for component in architecture.ert.components:
        merged.setdefault(component.name, []).append(component)
    return {
        last_name(name): ComponentEnergy(name, tuple(a for part in parts for a in part.actions))
        for name, parts in merged.items()
    }


def action_among(names: tuple[str, ...], actions: Set[str]) -> str | None:
    """The one of ``names`` that is taken from a table with these ``actions``."""
    return next((name for name in names if name in actions), None)


def storage_energy(level: StorageLevel, table: ComponentEnergy | None) -> StorageEnergy:
    own = level.vector_access_energy
    if own is not None:
        return StorageEnergy(own, own, own, 0.0, own, "user")
    built_in = _built_in_access(level)
    if table is None:
        return StorageEnergy(built_in, built_in, built_in, 0.0, built_in, "PAT")
    actions = {a.action for a in table.actions}

    def of(names: tuple[str, ...], otherwise: float) -> float:
        name = action_among(names, actions)
        return otherwise if name is None else max(table.energy_pj(name) or 0.0, 0.0)

    return StorageEnergy(
        read=of(READ_ACTIONS, built_in),
        fill=of(FILL_ACTIONS, built_in),
        update=of(UPDATE_ACTIONS, built_in),
        leak=of(("leak",), 0.0),
        vector_access=max((a.energy_pj for a in table.actions), default=0.0) / level.cluster_size,
        source="ERT",
    )


def _built_in_access(level: StorageLevel) -> float:
    """Timeloop's public PAT: DRAM 200 pJ for 16 bits; SRAM linear in size, calibrated on Eyeriss."""
    if level.technology == "DRAM":
        return 200.0 * (level.word_bits * level.block_size) / 16
    if not level.size_words:
        return 0.0
    width = level.word_bits * level.block_size * level.cluster_size
    height = -(-level.size_words // level.block_size)
    kilobytes = width * height / (8 * 1024)
    slope = (6.0 - 1.0) / (100.0 - 0.5)
    return ((slope * (kilobytes - 0.5) + 1.0) * width / 16) / level.cluster_size


def compute_energy(level: ArithmeticLevel, table: ComponentEnergy | None) -> ComputeEnergy:
    if level.energy_pj is not None:
        operation = level.energy_pj
    else:
        operation = 1.0 * (level.word_bits / 16.0) * (level.word_bits / 16.0)
    if table is None:
        return ComputeEnergy(operation, 0.0)
    actions = {a.action for a in table.actions}
    name = action_among(COMPUTE_ACTIONS, actions)
    if name is not None:
        operation = table.energy_pj(name) or 0.0
    return ComputeEnergy(operation, table.energy_pj("leak") or 0.0)


def areas(architecture: Architecture, artefacts: Artefacts) -> tuple[float, tuple[float, ...]]:
    """um^2 of one arithmetic unit, and of one instance of each storage level."""
    table: dict[str, float] = {}
    if architecture.art is not None:
        for name, area in architecture.art.areas:
            table[last_name(name)] = single(area) if artefacts.single_precision_areas else area
    unit = architecture.arithmetic
    own = unit.area_um2 if unit.area_um2 is not None else 0.0
    levels = []
    for level in architecture.storage:
        given = level.cluster_area or 0.0
        levels.append(table.get(level.name, given / level.cluster_size if given > 0 else 0.0))
    return table.get(unit.name, own), tuple(levels)


def wire_energy(architecture: Architecture, artefacts: Artefacts) -> float | None:
    """pJ per bit and mm of an ERT component named ``wire``, None when there is none (or it is 0)."""
    if architecture.ert is None:
        return None
    found: float | None = None
    for component in architecture.ert.components:
        if last_name(component.name) not in ("wire", "Wire"):
            continue
        energy = component.energy_pj("transfer_random")
        if energy is None:
            raise EstimationError(f"the ERT's '{component.name}' has no action transfer_random")
        energy = single(energy) if artefacts.single_precision_areas else energy
        if energy:
            found = energy
    return found


def single(value: float) -> float:
    """``value`` rounded to single precision."""
    return float(struct.unpack("f", struct.pack("f", value))[0])
