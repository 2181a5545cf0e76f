"""Energy of what travels between neighbouring levels.

A level that names no network gets an inferred one (Legacy: a mesh with wires and routers). Named networks
are Legacy, SimpleMulticast (energies by group size from the ERT) or ReductionTree. Source: Timeloop
network-legacy.cpp, network-simple-multicast.cpp, network-reduction-tree.cpp, topology.cpp (Spec,
FloorPlan). Adders, and wires without a given energy, cost nothing in Timeloop's public estimates.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import EstimationError, Unsupported
from harness.model.arithmetic import running_sum, unsigned
from harness.model.compat import Artefacts
from harness.model.component_energy import areas, tables_by_name, wire_energy
from harness.model.served import Served, ServedByKind, in_order
from harness.model.stats import Ingress, NetworkDataSpaceStats, NetworkStats
from harness.model.tiles import Movement
from harness.spec.architecture import Architecture, Network, StorageLevel
from harness.spec.energy import ComponentEnergy


@dataclass(slots=True)
class _Link:
    """A network with where it is used first. ``connection`` is the outer storage level, None if unused."""

    network: Network
    connection: int | None = None
    reads: bool = False
    updates: bool = False
    reduces: bool = False
    """Whether the receiver of updates can add (or nothing is ever updated over this network)."""
    tile_width: float = 0.0
    fill_latency: int = 0
    drain_latency: int = 0


def network_latency(architecture: Architecture, artefacts: Artefacts) -> int:
    """Cycles to fill and drain all networks once (topology.cpp, Spec)."""
    by_name = {n.name: n for n in architecture.networks}
    return sum(
        _fill_latency(level, by_name) + _drain_latency(level, by_name, artefacts)
        for level in architecture.storage
    )


def _fill_latency(level: StorageLevel, by_name: Mapping[str, Network]) -> int:
    """Of the network over which the level's children read."""
    if level.network_read is None:
        return level.network_fill_latency
    return by_name[level.network_read].fill_latency


def _drain_latency(level: StorageLevel, by_name: Mapping[str, Network], artefacts: Artefacts) -> int:
    """Of the network over which the level is updated."""
    if level.network_update is None:
        return level.network_drain_latency
    named = by_name[level.network_update]
    return named.fill_latency if artefacts.fill_latency_twice else named.drain_latency


def supports_distribution(architecture: Architecture) -> list[bool]:
    """For each storage level, whether its read network can do distributed multicast (type M:N)."""
    by_name = {n.name: n for n in architecture.networks}
    result = []
    for level in architecture.storage:
        if level.network_read is None:
            result.append(level.network_type == "M:N")
        else:
            named = by_name[level.network_read]
            result.append(_is_legacy(named) and named.network_type == "M:N")
    return result


@dataclass(frozen=True, slots=True)
class NetworkBasis:
    """A network with its connections, and its energies (SimpleMulticast only)."""

    link: _Link
    table: ComponentEnergy | None


def network_basis(architecture: Architecture, artefacts: Artefacts) -> tuple[NetworkBasis, ...]:
    """All networks, by name. Raises EstimationError when a SimpleMulticast has no energies."""
    ert = tables_by_name(architecture)
    result = []
    for link in sorted(_links(architecture, artefacts), key=lambda link: link.network.name.encode()):
        table = ert.get(link.network.name)
        if link.network.class_name == "SimpleMulticast" and link.connection is not None and table is None:
            raise EstimationError(f"the ERT has no energies for the network '{link.network.name}'")
        result.append(NetworkBasis(link, table))
    return tuple(result)


def network_stats(
    networks: tuple[NetworkBasis, ...],
    names: list[str],
    written: list[bool],
    movements: list[list[Movement]],
    artefacts: Artefacts,
) -> tuple[NetworkStats, ...]:
    """All networks by name. ``movements[tensor][storage]``."""
    result = []
    for basis in networks:
        link = basis.link
        if link.connection is None:
            result.append(_described(link, False, 0.0, ()))
            continue
        tensors = []
        for name, is_written, levels in zip(names, written, movements, strict=True):
            movement = levels[link.connection]
            if basis.table is not None and link.network.class_name == "SimpleMulticast":
                tensors.append(_simple_multicast(link.network, name, movement, basis.table, artefacts))
            elif link.network.class_name == "ReductionTree":
                tensors.append(_reduction_tree(link, name, is_written, movement, artefacts))
            else:
                tensors.append(_legacy(link, name, is_written, movement, artefacts))
        energy = running_sum([t.energy_pj for t in tensors])
        result.append(_described(link, True, energy, tuple(tensors)))
    return tuple(result)


def _described(
    link: _Link, evaluated: bool, energy_pj: float, tensors: tuple[NetworkDataSpaceStats, ...]
) -> NetworkStats:
    """The figures with what Timeloop's report says of the network itself."""
    network = link.network
    return NetworkStats(
        name=network.name,
        type=_kind(network),
        evaluated=evaluated,
        energy_pj=energy_pj,
        data_spaces=tensors,
        legacy_subtype=(network.network_type or "").replace(":", "_"),
        connection_type=link.reads + 2 * link.updates,
        word_bits=network.word_bits,
        fill_latency=link.fill_latency,
        drain_latency=link.drain_latency,
        router_energy_pj=network.router_energy,
        wire_energy_pj_per_bit_mm=network.wire_energy,
        ingress_energy_pj=network.energy_per_ingress,
        adder_energy_pj=network.adder_energy,
        action_name=network.action_name or "",
    )


def _is_legacy(network: Network) -> bool:
    return network.class_name in ("Legacy", "XY_NoC")


def _kind(network: Network) -> str:
    return "Legacy" if _is_legacy(network) else network.class_name


def _links(architecture: Architecture, artefacts: Artefacts) -> list[_Link]:
    """Named and inferred networks with their connections."""
    named = {n.name: n for n in architecture.networks}
    links = {n.name: _Link(n) for n in architecture.networks}
    wire = wire_energy(architecture, artefacts)
    widths = _tile_widths(architecture, artefacts)
    inner_name = architecture.arithmetic.name
    for number, level in enumerate(architecture.storage):
        read_name = level.network_read
        if read_name is None:
            read_name = f"{level.name} <==> {inner_name}"
            links[read_name] = _Link(_inferred(level, read_name, wire))
        update_name = read_name if level.network_update is None else level.network_update
        for name in (read_name, update_name):
            link = links[name]
            if link.connection is None:
                link.connection = number
                own_width = link.network.tile_width if _is_legacy(link.network) else None
                link.tile_width = widths[number] if own_width is None else own_width
        links[read_name].reads = True
        links[read_name].fill_latency = _fill_latency(level, named)
        links[update_name].updates = True
        links[update_name].drain_latency = _drain_latency(level, named, artefacts)
        links[update_name].reduces = _adds(level)
        if read_name != update_name:
            links[read_name].reduces = number > 0 and _adds(architecture.storage[number - 1])
        inner_name = level.name
    for link in links.values():
        if link.network.class_name == "ReductionTree" and link.reads:
            raise Unsupported(f"the ReductionTree '{link.network.name}' can only carry updates")
    return list(links.values())


def _adds(level: StorageLevel) -> bool:
    """Whether the level can add an incoming value to a stored one (HardwareReductionSupported)."""
    return level.technology != "DRAM" if level.reduction_supported is None else level.reduction_supported


def _inferred(level: StorageLevel, name: str, wire: float | None) -> Network:
    return Network(
        name=name,
        full_name=name,
        class_name="Legacy",
        word_bits=level.word_bits if level.network_word_bits is None else level.network_word_bits,
        network_type=level.network_type,
        router_energy=level.router_energy,
        wire_energy=level.wire_energy if wire is None else wire,
        tile_width=level.tile_width,
        energy_per_hop=level.energy_per_hop,
        energy_per_ingress=level.energy_per_ingress,
    )


def _tile_widths(architecture: Architecture, artefacts: Artefacts) -> list[float]:
    """For each storage level: the side in um of the square that one of its children covers."""
    area, by_level = areas(architecture, artefacts)
    instances = architecture.arithmetic.instances
    widths = []
    for level, own in zip(architecture.storage, by_level, strict=True):
        widths.append(math.sqrt(area))
        area = own + area * (instances // level.instances)
        instances = level.instances
    return widths


def _ingresses(served: ServedByKind) -> tuple[Ingress, ...]:
    return tuple([Ingress(m, s, r.accesses, r.hops) for (m, s), r in in_order(served)])


def _legacy(
    link: _Link, name: str, written: bool, movement: Movement, artefacts: Artefacts
) -> NetworkDataSpaceStats:
    network = link.network
    ingresses, distributed = movement.served, movement.distributed
    if written and not link.reduces and link.updates:
        # A receiver that cannot add reads the old value back: twice the traffic but for first values.
        ingresses = _read_modify_write(ingresses, movement.partition)
        distributed = _read_modify_write(distributed, movement.partition)
    regular, remote = _ingresses(ingresses), _ingresses(distributed)

    hops = words = 0.0
    routers: float = 0
    for ingress in regular + remote:
        words += ingress.accesses
        if ingress.accesses > 0:
            distance = ingress.hops / ingress.accesses
            routers += (1 + math.floor(distance)) * ingress.accesses
            routers = int(routers) if artefacts.whole_counts else routers
            hops += distance * ingress.accesses
    per_hop = network.energy_per_hop
    if per_hop is None:
        per_hop = network.word_bits * (link.tile_width / 1000) * (network.wire_energy or 0.0)
    per_router = network.router_energy or 0.0
    energy = hops * per_hop + routers * per_router + (network.energy_per_ingress or 0.0) * words
    link_energy = movement.link_transfers * (per_hop + 2 * per_router)
    reductions = _reductions(regular + remote, artefacts) if written and link.updates else 0.0
    return NetworkDataSpaceStats(
        name=name,
        fanout=movement.fanout,
        multicast_factor=regular[-1].multicast if regular else 0,
        ingresses=regular,
        link_transfers=movement.link_transfers,
        spatial_reductions=reductions,
        num_hops=hops / words if words > 0 else 0.0,
        energy_per_hop_pj=per_hop,
        utilized_instances=movement.replication,
        energy_per_instance_pj=energy,
        link_transfer_energy_per_instance_pj=link_energy,
        spatial_reduction_energy_per_instance_pj=0.0,
        energy_pj=(link_energy + energy) * movement.replication,
        distributed_ingresses=remote,
    )


def _reductions(ingresses: tuple[Ingress, ...], artefacts: Artefacts) -> float:
    """Additions on the way: all but one of the words of a group are added to it."""
    total: float = 0
    for ingress in ingresses:
        total += (ingress.multicast - 1) * ingress.accesses
        total = unsigned(int(total)) if artefacts.whole_counts else total
    return total


def _read_modify_write(served: ServedByKind, partition: int) -> ServedByKind:
    return {kind: Served(2 * s.accesses - partition, s.hops) for kind, s in served.items()}


def _simple_multicast(
    network: Network, name: str, movement: Movement, table: ComponentEnergy, artefacts: Artefacts
) -> NetworkDataSpaceStats:
    action = network.action_name or ""
    if network.per_datatype_ert:
        action = f"{action}_{name}"
    energy = 0.0
    multicast = 0
    ingresses = _ingresses(movement.served)
    for ingress in ingresses:
        if ingress.accesses > 0:
            one = _multicast_energy(network, table, action, ingress.multicast) * ingress.accesses
            energy = one if artefacts.last_multicast_only else energy + one
            multicast = max(multicast, ingress.multicast)
    return NetworkDataSpaceStats(
        name=name,
        fanout=movement.fanout,
        multicast_factor=multicast,
        ingresses=ingresses,
        link_transfers=0.0,
        spatial_reductions=0.0,
        num_hops=0.0,
        energy_per_hop_pj=0.0,
        utilized_instances=movement.replication,
        energy_per_instance_pj=energy,
        link_transfer_energy_per_instance_pj=0.0,
        spatial_reduction_energy_per_instance_pj=0.0,
        energy_pj=energy * movement.replication,
    )


def _multicast_energy(network: Network, table: ComponentEnergy, action: str, multicast: int) -> float:
    """pJ to send a word to ``multicast`` receivers; 0 for an action or group size that the ERT lacks."""
    entries = [a for a in table.actions if a.action == action]
    if len(entries) <= 1:
        return entries[0].energy_pj if entries else 0.0
    argument = network.multicast_factor_argument
    if argument is None:
        raise EstimationError(
            f"the network '{network.name}' needs a multicast_factor_argument: its ERT has several '{action}'"
        )
    energy = 0.0
    for entry in entries:
        if str(dict(entry.arguments).get(argument)) == str(multicast):
            energy = entry.energy_pj
    return energy


def _reduction_tree(
    link: _Link, name: str, written: bool, movement: Movement, artefacts: Artefacts
) -> NetworkDataSpaceStats:
    network = link.network
    ingresses = _ingresses(movement.served) if written else ()
    reductions = _reductions(ingresses, artefacts)
    words = running_sum(i.accesses for i in ingresses)
    hops = running_sum(math.floor(math.log2(i.multicast)) * 0.5 * i.accesses for i in ingresses)
    per_hop = network.word_bits * (link.tile_width / 1000) * (network.wire_energy or 0.0) if written else 0.0
    energy = hops * per_hop
    adding = reductions * (network.adder_energy or 0.0)
    instances = 1.0 if artefacts.one_reduction_tree else movement.replication
    return NetworkDataSpaceStats(
        name=name,
        fanout=movement.fanout,
        multicast_factor=max((i.multicast for i in ingresses), default=0),
        ingresses=ingresses,
        link_transfers=0.0,
        spatial_reductions=reductions,
        num_hops=hops / words if words > 0 else 0.0,
        energy_per_hop_pj=per_hop,
        utilized_instances=movement.replication,
        energy_per_instance_pj=energy,
        link_transfer_energy_per_instance_pj=0.0,
        spatial_reduction_energy_per_instance_pj=adding,
        energy_pj=(energy + adding) * instances,
    )
