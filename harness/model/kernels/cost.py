"""Cycles and energy of a chunk of mappings, summed in Timeloop's order (src/model/buffer.cpp, topology.cpp,
network-legacy.cpp, network-simple-multicast.cpp), so that the doubles come out the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness.model.kernels.counts import Extent
from harness.model.kernels.demand import Link
from harness.model.kernels.machine import (
    LevelCosts,
    Machine,
    MeshPrices,
    MulticastPrices,
    NetworkCosts,
    TreePrices,
)
from harness.model.kernels.nest import Factor, Vector, values
from harness.model.kernels.traffic import Buffer, TensorTraffic


@dataclass
class Performance:
    """``compute`` cycles of the arithmetic; ``level`` cycles of each storage level (None: as compute);
    ``machine`` the most of them, without the networks' latency."""

    compute: Vector
    level: list[Factor]
    machine: Vector


def performance(machine: Machine, traffic: Sequence[TensorTraffic], compute: Vector) -> Performance:
    """Each level stretches the compute cycles by its own worst bandwidth ratio; the slowest level counts."""
    level_cycles: list[Factor] = []
    total = compute
    with np.errstate(divide="ignore"):
        for number, level in enumerate(machine.levels):
            cycles = _level_cycles(level, [t.buffers[number] for t in traffic], compute)
            level_cycles.append(cycles)
            if cycles is not None:
                total = np.maximum(total, cycles)
    return Performance(compute, level_cycles, total)


def _level_cycles(level: LevelCosts, buffers: Sequence[Buffer | None], compute: Vector) -> Factor:
    if not level.limited:
        return None
    read: Vector | float = 0.0
    write: Vector | float = 0.0
    for scale, buffer in zip(level.bandwidth_scale, buffers, strict=True):
        if buffer is None:
            continue
        read = read + _demand(buffer.reads, compute, scale)
        written = buffer.updates if buffer.fills is None else buffer.fills
        if buffer.fills is not None and buffer.updates is not None:
            written = buffer.fills + buffer.updates
        if written is not None:
            write = write + _demand(written, compute, scale)
    slowdown: Vector | float = 1.0
    for bandwidth, demand in (
        (level.read_bandwidth, read),
        (level.write_bandwidth, write),
        (level.shared_bandwidth, write + read),
    ):
        if bandwidth is not None and not isinstance(demand, float):
            # Without demand the ratio is infinite, and the minimum discards it like every ratio above 1.
            slowdown = np.minimum(slowdown, bandwidth / demand)
    if isinstance(slowdown, float):
        return None
    return np.ceil(compute / slowdown)


def _demand(accesses: Vector, compute: Vector, scale: float) -> Vector:
    demand = accesses / compute
    return demand if scale == 1.0 else demand * scale


@dataclass
class Energy:
    """pJ of all instances, [n] each; ``level`` with leakage, ``network`` as in ``Machine.networks``."""

    total: Vector
    level: list[Vector]
    network: list[Vector]


def energy(
    machine: Machine,
    traffic: Sequence[TensorTraffic],
    extent: Extent,
    cycles: Performance,
    computes: Vector,
) -> Energy:
    """Arithmetic, then levels from the innermost, then networks by name."""
    count = computes.size
    total = computes * machine.compute_pj
    if machine.compute_leak_pj != 0.0:
        total = total + machine.compute_leak_pj * cycles.machine * values(extent.instances[0], count)
    per_level: list[Vector] = []
    for number, level in enumerate(machine.levels):
        buffers = [t.buffers[number] for t in traffic]
        if level.leak_pj == 0.0 and (level.free or all(b is None for b in buffers)):
            per_level.append(np.zeros(count))
            continue
        leakage = _leakage(machine, number, extent, cycles) / len(traffic)
        used = _level_energy(machine.levels[number], buffers, extent, number, leakage)
        per_level.append(values(used, count) if isinstance(used, np.ndarray) else np.full(count, used))
        total = total + used
    per_network = []
    for network in machine.networks:
        amount = _network_energy(network, [t.links[network.level] for t in traffic], traffic, extent)
        if isinstance(amount, float):
            per_network.append(np.full(count, amount))
            continue
        per_network.append(amount)
        total = total + amount
    return Energy(total, per_level, per_network)


def _leakage(machine: Machine, number: int, extent: Extent, cycles: Performance) -> Vector | float:
    """Of a whole level over the run. A power gate upstream keeps its whole group awake."""
    level = machine.levels[number]
    if level.leak_pj == 0.0:
        return 0.0
    if level.gate_sharing > 1.0:
        awake = extent.instances[level.gate + 1]
        leaks: Vector | float = level.gate_sharing * (1.0 if awake is None else awake)
    else:
        own = extent.instances[number + 1]
        leaks = 1.0 if own is None else own
    return level.leak_pj * cycles.machine * leaks


def _level_energy(
    level: LevelCosts,
    buffers: Sequence[Buffer | None],
    extent: Extent,
    number: int,
    leakage: Vector | float,
) -> Vector | float:
    instances = extent.instances[number + 1]
    total: Vector | float = 0.0
    for buffer in buffers:
        used = leakage if buffer is None else _tensor_energy(level, buffer, instances) + leakage
        total = total + used
    return total


def _tensor_energy(level: LevelCosts, buffer: Buffer, instances: Factor) -> Vector | float:
    amount: Vector | float = 0.0
    words_of = (buffer.reads, buffer.fills, buffer.updates)
    for words, pj in zip(words_of, (level.read_pj, level.fill_pj, level.update_pj), strict=True):
        if words is not None and pj != 0.0:
            accesses = words if level.block_size == 1 else np.ceil(words / level.block_size)
            amount = amount + accesses * pj
    clusters: Vector | float = 1.0 if instances is None else np.minimum(instances, level.clusters)
    if instances is not None:
        if level.cluster_size > 1:
            amount = amount / (instances / clusters)
        amount = amount * instances
    if level.address_pj > 0.0:
        addresses = buffer.reads if buffer.updates is None else buffer.updates
        if buffer.fills is not None:
            addresses = addresses + buffer.fills
        amount = amount + addresses * level.address_pj * clusters
    return amount


def _network_energy(
    network: NetworkCosts, links: Sequence[Link | None], traffic: Sequence[TensorTraffic], extent: Extent
) -> Vector | float:
    instances = extent.instances[network.level + 1]
    prices = network.prices
    if isinstance(prices, TreePrices) and prices.one_only:
        instances = None
    total: Vector | float = 0.0
    for t, link in enumerate(links):
        if link is None:
            continue
        if isinstance(prices, MulticastPrices):
            amount = _multicast_energy(prices.transfer_pj[t], prices.last_only, link)
        elif isinstance(prices, TreePrices):
            if not prices.written[t]:
                continue
            amount = _tree_energy(prices, link)
        else:
            amount = _mesh_energy(prices, t, link, traffic[t].buffers[network.level])
        total = total + (amount if instances is None else amount * instances)
    return total


def _mesh_energy(prices: MeshPrices, tensor: int, link: Link, buffer: Buffer | None) -> Vector:
    hops = ingresses = routers = np.zeros_like(link.records[0].accesses)
    for record in [*link.records, *link.distributed]:
        accesses = record.accesses
        if prices.read_and_update[tensor]:
            partition = 0.0 if buffer is None else buffer.kept_partition
            accesses = np.where(accesses > 0, 2.0 * accesses - partition, 0.0)
        ingresses = ingresses + accesses
        if record.hops is None:
            continue
        here = accesses > 0
        distance = np.divide(record.hops, accesses, out=np.zeros_like(accesses), where=here)
        if prices.router_pj != 0.0:
            routers = routers + np.where(here, (1.0 + np.floor(distance)) * accesses, 0.0)
            if prices.whole_counts:
                routers = np.floor(routers)
        hops = hops + distance * accesses
    amount = hops * prices.hop_pj + routers * prices.router_pj + prices.ingress_pj * ingresses
    if link.transfers is not None:
        amount = link.transfers * (prices.hop_pj + 2.0 * prices.router_pj) + amount
    return amount


def _multicast_energy(price: dict[int, float] | float, last_only: bool, link: Link) -> Vector:
    """Timeloop keeps only the last record, the one with the largest multicast factor."""
    total = np.zeros_like(link.records[0].accesses)
    for record in link.records:
        one = _price_of(price, record.multicast) * record.accesses
        total = np.where(record.accesses > 0, one, total) if last_only else total + one
    return total


def _price_of(price: dict[int, float] | float, multicast: Vector) -> Vector | float:
    if isinstance(price, float):
        return price
    factors, which = np.unique(multicast, return_inverse=True)
    prices = np.array([price.get(int(factor), 0.0) for factor in factors])
    by_mapping: Vector = prices[which.reshape(-1)]
    return by_mapping


def _tree_energy(prices: TreePrices, link: Link) -> Vector:
    hops = additions = np.zeros_like(link.records[0].accesses)
    for record in link.records:
        additions = additions + (record.multicast - 1.0) * record.accesses
        if prices.whole_counts:
            additions = np.floor(additions)
        hops = hops + np.floor(np.log2(record.multicast)) * 0.5 * record.accesses
    return hops * prices.hop_pj + additions * prices.adder_pj
