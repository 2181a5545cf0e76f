"""pJ of each kind of access and operation when some are gated, skipped or go to metadata.

The ERT may have an action under several names, the first one that it has counts. What it lacks costs nothing,
but for plain accesses and operations, which have Timeloop's built-in estimates. Source: Timeloop
include/model/topology.hpp (operation mappings), buffer.cpp and arithmetic.cpp (ParseSpecs,
UpdateOpEnergyViaERT).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.model.component_energy import ComputeEnergy, StorageEnergy, action_among
from harness.spec.energy import FILL_ACTIONS, READ_ACTIONS, UPDATE_ACTIONS, ComponentEnergy

GATED_COMPUTE = ("mac_gated", "mult_gated", "compute_gated", "mac", "mult", "compute")
SKIPPED_COMPUTE = (
    "mac_skipped", "mult_skipped", "compute_skipped", "mac_gated", "mult_gated", "compute_gated", "mac",
    "mult", "compute",
)  # fmt: skip

_GATED_FILL, _GATED_UPDATE = ("gated_fill", "gated_write"), ("gated_update", "gated_write")
_GATED_METADATA_FILL = ("gated_metadata_fill", "gated_metadata_write")
_GATED_METADATA_UPDATE = ("gated_metadata_update", "gated_metadata_write")

STORAGE_ACTIONS: dict[str, tuple[str, ...]] = {
    "random_read": READ_ACTIONS,
    "random_fill": FILL_ACTIONS,
    "random_update": UPDATE_ACTIONS,
    "gated_read": ("gated_read",),
    "gated_fill": _GATED_FILL,
    "gated_update": _GATED_UPDATE,
    "skipped_read": ("skipped_read", "gated_read"),
    "skipped_fill": ("skipped_fill", "skipped_write", *_GATED_FILL),
    "skipped_update": ("skipped_update", "skipped_write", *_GATED_UPDATE),
    "random_metadata_read": ("random_metadata_read", "metadata_read"),
    "gated_metadata_read": ("gated_metadata_read",),
    "skipped_metadata_read": ("skipped_metadata_read", "gated_metadata_read"),
    "random_metadata_fill": (
        "random_metadata_fill", "random_metadata_write", "metadata_fill", "metadata_write",
    ),
    "gated_metadata_fill": _GATED_METADATA_FILL,
    "skipped_metadata_fill": ("skipped_metadata_fill", "skipped_metadata_write", *_GATED_METADATA_FILL),
    "random_metadata_update": (
        "random_metadata_update", "random_metadata_write", "metadata_update", "metadata_write",
    ),
    "gated_metadata_update": _GATED_METADATA_UPDATE,
    "skipped_metadata_update": (
        "skipped_metadata_update", "skipped_metadata_write", *_GATED_METADATA_UPDATE,
    ),
    "decompression_count": ("decompression_count",),
    "compression_count": ("compression_count",),
}  # fmt: skip
"""The operations of a storage level in the order in which the reference adds them up."""


@dataclass(frozen=True, slots=True)
class SparseComputeEnergy:
    random: float
    skipped: float
    gated: float


def operation_energies(energy: StorageEnergy, table: ComponentEnergy | None) -> dict[str, float]:
    """pJ of each operation of a level. ``energy`` are its plain accesses, ``table`` its ERT entry."""
    plain = {"random_read": energy.read, "random_fill": energy.fill, "random_update": energy.update}
    actions = set() if table is None or energy.source != "ERT" else {a.action for a in table.actions}
    found = {}
    for operation, names in STORAGE_ACTIONS.items():
        if operation in plain:
            found[operation] = plain[operation]
            continue
        name = action_among(names, actions)
        found[operation] = 0.0 if name is None or table is None else max(table.energy_pj(name) or 0.0, 0.0)
    return found


def compute_energies(energy: ComputeEnergy, table: ComponentEnergy | None) -> SparseComputeEnergy:
    """pJ of an operation. Where the ERT has only plain operations, saved ones cost as much as these."""
    actions = set() if table is None else {a.action for a in table.actions}

    def of(names: tuple[str, ...]) -> float:
        name = action_among(names, actions)
        return 0.0 if name is None or table is None else table.energy_pj(name) or 0.0

    return SparseComputeEnergy(energy.operation, of(SKIPPED_COMPUTE), of(GATED_COMPUTE))
