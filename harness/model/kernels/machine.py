"""What an architecture contributes to the evaluation of any mapping of one problem: prices and limits."""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import EstimationError, Unsupported
from harness.model.compat import Artefacts
from harness.model.component_energy import compute_energy, storage_energy, tables_by_name
from harness.model.networks import _Link as NetworkLink
from harness.model.networks import _links as network_links
from harness.model.networks import network_latency, supports_distribution
from harness.spec.architecture import Architecture, Network
from harness.spec.energy import ComponentEnergy
from harness.spec.problem import Problem


@dataclass(frozen=True)
class LevelCosts:
    """One storage level. ``read_pj`` etc. per access of ``block_size`` words by one cluster, ``leak_pj``
    per cycle and instance, ``address_pj`` per address generated. Bandwidths in words per cycle and
    instance, ``bandwidth_scale`` per data space. ``capacity`` (None: unbounded) and ``least_words`` in
    words. ``gate`` is the storage level whose power gate serves this one and ``gate_sharing`` the number
    of instances behind one gate."""

    read_pj: float
    fill_pj: float
    update_pj: float
    leak_pj: float
    address_pj: float
    block_size: int
    cluster_size: int
    clusters: int
    capacity: int | None
    least_words: float
    instances: int
    mesh_x: int
    mesh_y: int
    fanout: tuple[int, int]
    read_bandwidth: float | None
    write_bandwidth: float | None
    shared_bandwidth: float | None
    bandwidth_scale: tuple[float, ...]
    gate: int
    gate_sharing: float
    distributes: bool

    @property
    def limited(self) -> bool:
        """Whether some bandwidth is limited."""
        return not (self.read_bandwidth is self.write_bandwidth is self.shared_bandwidth is None)

    @property
    def free(self) -> bool:
        """Whether accesses cost nothing."""
        return self.read_pj == self.fill_pj == self.update_pj == 0.0 and self.address_pj <= 0.0


@dataclass(frozen=True)
class MeshPrices:
    """Legacy network: pJ per hop, router and ingress. ``whole_counts``: the number of routers touched is cut
    to a whole number after every record. ``read_and_update``: per data space, whether an accumulation needs
    a read and an update over the network because the receiver cannot add."""

    hop_pj: float
    router_pj: float
    ingress_pj: float
    whole_counts: bool
    read_and_update: tuple[bool, ...]

    @property
    def needs_hops(self) -> bool:
        return self.hop_pj != 0.0 or self.router_pj != 0.0


@dataclass(frozen=True)
class MulticastPrices:
    """SimpleMulticast: pJ per transfer and data space, one price or one per multicast factor (0 for factors
    that are not listed). ``last_only``: only the largest multicast of a tensor is charged."""

    transfer_pj: tuple[float | dict[int, float], ...]
    last_only: bool


@dataclass(frozen=True)
class TreePrices:
    """ReductionTree: pJ per hop and per addition, for ``written`` data spaces. ``one_only``: only one
    instance is charged. ``whole_counts``: the additions are cut to a whole number after every record."""

    hop_pj: float
    adder_pj: float
    one_only: bool
    whole_counts: bool
    written: tuple[bool, ...]


@dataclass(frozen=True)
class NetworkCosts:
    """A network between storage ``level`` and its children that charges something."""

    name: str
    level: int
    prices: MeshPrices | MulticastPrices | TreePrices

    @property
    def needs_hops(self) -> bool:
        return isinstance(self.prices, MeshPrices) and self.prices.needs_hops


@dataclass(frozen=True)
class Machine:
    """Prices and limits. ``networks`` in Timeloop's order (by name), free ones left out.

    ``compute_leak_pj`` per cycle and unit, 0 where leakage of the arithmetic is not counted.
    """

    levels: tuple[LevelCosts, ...]
    networks: tuple[NetworkCosts, ...]
    compute_pj: float
    compute_leak_pj: float
    arithmetic_instances: int
    arithmetic_mesh_x: int
    arithmetic_mesh_y: int
    network_latency: int

    @property
    def fanouts(self) -> tuple[tuple[int, int], ...]:
        return tuple(level.fanout for level in self.levels)


def machine_of(architecture: Architecture, problem: Problem, marks: Artefacts) -> Machine:
    """Prices from the same places as the reference model, with its artefacts where ``marks`` says so.

    Raises Unsupported for sparse optimisations: these kernels count every word.
    """
    if architecture.sparse is not None:
        raise Unsupported(
            "sparse optimisations are evaluated mapping by mapping (harness.model.evaluate), not in batches"
        )
    unit = architecture.arithmetic
    compute = compute_energy(unit, tables_by_name(architecture).get(unit.name))
    return Machine(
        levels=tuple(_level(architecture, problem, n, marks) for n in range(len(architecture.storage))),
        networks=_charged_networks(architecture, problem, marks),
        compute_pj=compute.operation,
        compute_leak_pj=0.0 if marks.compute_does_not_leak else compute.leak,
        arithmetic_instances=unit.instances,
        arithmetic_mesh_x=unit.mesh_x,
        arithmetic_mesh_y=unit.mesh_y,
        network_latency=network_latency(architecture, marks),
    )


def _level(architecture: Architecture, problem: Problem, number: int, marks: Artefacts) -> LevelCosts:
    level = architecture.storage[number]
    energy = storage_energy(level, tables_by_name(architecture).get(level.name))
    gate = number if level.power_gated_at is None else architecture.level_names.index(level.power_gated_at)
    scale = dict(level.bandwidth_scale)
    capacity = level.effective_size_words
    leaks = marks.dummy_levels_leak or level.class_name != "dummy_storage"
    return LevelCosts(
        read_pj=energy.read,
        fill_pj=energy.fill,
        update_pj=energy.update,
        leak_pj=energy.leak if leaks else 0.0,
        address_pj=level.addr_gen_energy or 0.0,
        block_size=level.block_size,
        cluster_size=level.cluster_size,
        clusters=level.instances // level.cluster_size,
        capacity=capacity,
        least_words=0.0 if capacity is None else capacity * level.min_utilization,
        instances=level.instances,
        mesh_x=level.mesh_x,
        mesh_y=level.mesh_y,
        fanout=architecture.fanout(number),
        read_bandwidth=level.read_bandwidth,
        write_bandwidth=level.write_bandwidth,
        shared_bandwidth=level.shared_bandwidth,
        bandwidth_scale=tuple(scale.get(ds.name, 1.0) for ds in problem.data_spaces),
        gate=gate,
        gate_sharing=level.instances / architecture.storage[gate].instances,
        distributes=supports_distribution(architecture)[number],
    )


def _charged_networks(
    architecture: Architecture, problem: Problem, marks: Artefacts
) -> tuple[NetworkCosts, ...]:
    tables = tables_by_name(architecture)
    charged = []
    for link in network_links(architecture, marks):
        network = link.network
        if link.connection is None:
            continue
        prices: MeshPrices | MulticastPrices | TreePrices
        if network.class_name == "SimpleMulticast":
            prices = _multicast_prices(network, tables.get(network.name), problem, marks)
            free = all(price in (0.0, {}) for price in prices.transfer_pj)
        elif network.class_name == "ReductionTree":
            prices = TreePrices(
                hop_pj=_wire_pj(link),
                adder_pj=network.adder_energy or 0.0,
                one_only=marks.one_reduction_tree,
                whole_counts=marks.whole_counts,
                written=tuple(ds.read_write for ds in problem.data_spaces),
            )
            free = prices.hop_pj == prices.adder_pj == 0.0
        else:
            doubled = link.updates and not link.reduces
            prices = MeshPrices(
                hop_pj=_wire_pj(link) if network.energy_per_hop is None else network.energy_per_hop,
                router_pj=network.router_energy or 0.0,
                ingress_pj=network.energy_per_ingress or 0.0,
                whole_counts=marks.whole_counts,
                read_and_update=tuple(doubled and ds.read_write for ds in problem.data_spaces),
            )
            free = prices.hop_pj == prices.router_pj == prices.ingress_pj == 0.0
        if not free:
            charged.append(NetworkCosts(network.name, link.connection, prices))
    return tuple(sorted(charged, key=lambda costs: costs.name.encode()))


def _wire_pj(link: NetworkLink) -> float:
    """pJ for a word to cross one child, from the wire energy per bit and mm."""
    return link.network.word_bits * (link.tile_width / 1000) * (link.network.wire_energy or 0.0)


def _multicast_prices(
    network: Network, table: ComponentEnergy | None, problem: Problem, marks: Artefacts
) -> MulticastPrices:
    prices: list[float | dict[int, float]] = []
    for data_space in problem.data_spaces:
        action = network.action_name
        if network.per_datatype_ert:
            action = f"{action}_{data_space.name}"
        entries = [] if table is None else [a for a in table.actions if a.action == action]
        if len(entries) <= 1:
            prices.append(entries[0].energy_pj if entries else 0.0)
            continue
        argument = network.multicast_factor_argument
        if argument is None:
            raise EstimationError(
                f"the network '{network.name}' needs a multicast_factor_argument: "
                f"its ERT has several '{action}'"
            )
        by_factor = {str(dict(entry.arguments).get(argument)): entry.energy_pj for entry in entries}
        prices.append({int(factor): pj for factor, pj in by_factor.items() if factor.isdigit()})
    return MulticastPrices(tuple(prices), marks.last_multicast_only)
