"""The flattened architecture that the model evaluates: one arithmetic level, storage levels, networks.

This is Timeloop's view: the tree of the specification is flattened depth-first and numbered from the
inside out (storage level 0 is next to the arithmetic units). Spatial containers have already become
bypassing dummy levels (``inter_<name>_spatial``). Sizes in words, energies in pJ, areas in um^2,
bandwidths in words per cycle and instance.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from harness.spec.energy import AreaReferenceTable, EnergyReferenceTable
from harness.spec.sparse import SparseOptimizations

ENERGY_SCALE = "component_energy_scale"
AREA_SCALE = "component_area_scale"
SPARSE_ACTIONS = "component_sparse_actions"
"""Entries among ``attributes``, for estimators: the component's own ``energy_scale`` and ``area_scale``, and
the actions of sparse optimisations that it requires.
"""


@dataclass(frozen=True)
class ArithmeticLevel:
    """The compute units. ``full_name`` is the name in the ERT/ART (``System.MAC[1..256]``)."""

    name: str
    full_name: str
    class_name: str
    instances: int
    mesh_x: int
    mesh_y: int
    word_bits: int = 16
    network_operand: str | None = None
    network_result: str | None = None
    energy_pj: float | None = None
    area_um2: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class StorageLevel:
    """A buffer. ``size_words`` None means unbounded; a bandwidth of None means unlimited.

    ``effective_size_words`` is ``floor(size / multiple_buffering)``. Optional energies that are None
    come from the ERT. ``bandwidth_scale`` are (data space, factor) pairs of
    ``per_dataspace_bandwidth_consumption_scale``.
    """

    name: str
    full_name: str
    class_name: str
    technology: Literal["SRAM", "DRAM"]
    instances: int
    mesh_x: int
    mesh_y: int
    word_bits: int
    block_size: int
    cluster_size: int = 1
    size_words: int | None = None
    multiple_buffering: float = 1.0
    min_utilization: float = 0.0
    read_bandwidth: float | None = None
    write_bandwidth: float | None = None
    shared_bandwidth: float | None = None
    bandwidth_scale: tuple[tuple[str, float], ...] = ()
    network_fill_latency: int = 0
    network_drain_latency: int = 0
    network_word_bits: int | None = None
    reduction_supported: bool | None = None
    power_gated_at: str | None = None
    vector_access_energy: float | None = None
    addr_gen_energy: float | None = None
    cluster_area: float | None = None
    network_read: str | None = None
    network_fill: str | None = None
    network_update: str | None = None
    network_drain: str | None = None
    network_type: str | None = None
    energy_per_hop: float | None = None
    router_energy: float | None = None
    wire_energy: float | None = None
    energy_per_ingress: float | None = None
    tile_width: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def effective_size_words(self) -> int | None:
        return None if self.size_words is None else int(self.size_words / self.multiple_buffering)


@dataclass(frozen=True)
class Network:
    """A network that the architecture names itself (``class: Legacy | SimpleMulticast | ReductionTree``).

    Networks that are not named are inferred between neighbouring levels by the model. The last four
    fields belong to SimpleMulticast (its ERT action and argument) and to ReductionTree.
    """

    name: str
    full_name: str
    class_name: str
    word_bits: int = 16
    network_type: str | None = None
    router_energy: float | None = None
    wire_energy: float | None = None
    tile_width: float | None = None
    energy_per_hop: float | None = None
    energy_per_ingress: float | None = None
    fill_latency: int = 0
    drain_latency: int = 0
    action_name: str | None = None
    multicast_factor_argument: str | None = None
    per_datatype_ert: bool = False
    adder_energy: float | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class OtherComponent:
    """A component that the model leaves out (neither storage, compute nor network), kept for estimators."""

    name: str
    full_name: str
    class_name: str
    attributes: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Architecture:
    """Arithmetic, storage levels from the innermost to the outermost, named networks, energy and area.

    ``sparse`` is None for hardware that treats zeros like other values.
    """

    name: str
    arithmetic: ArithmeticLevel
    storage: tuple[StorageLevel, ...]
    networks: tuple[Network, ...] = ()
    ert: EnergyReferenceTable | None = None
    art: AreaReferenceTable | None = None
    others: tuple[OtherComponent, ...] = ()
    sparse: SparseOptimizations | None = None

    @cached_property
    def level_names(self) -> tuple[str, ...]:
        return tuple(s.name for s in self.storage)

    def fanout(self, level: int) -> tuple[int, int]:
        """(X, Y) hardware fan-out from storage level ``level`` to the next inner level (or arithmetic)."""
        outer = self.storage[level]
        inner = self.storage[level - 1] if level > 0 else self.arithmetic
        return inner.mesh_x // outer.mesh_x, inner.mesh_y // outer.mesh_y

    def with_energy(self, ert: EnergyReferenceTable, art: AreaReferenceTable | None) -> Architecture:
        return replace(self, ert=ert, art=art)
