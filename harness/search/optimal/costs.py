"""Prices, limits and directives of one architecture and problem as flat arrays, for the kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.model.compat import artefacts
from harness.model.kernels import Directives
from harness.model.kernels.machine import Machine, MeshPrices, MulticastPrices, TreePrices, machine_of
from harness.model.kernels.nest import ProblemIndex
from harness.model.kernels.spatial import SharingPattern, SpatialLoop, sharing_pattern
from harness.search.optimal.choices import SpatialChoice
from harness.spec.problem import Problem

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

READ: Final = 0
FILL: Final = 1
UPDATE: Final = 2

MESH: Final = 0
MULTICAST: Final = 1
TREE: Final = 2

HOPS: Final = 0
ROUTERS: Final = 1
AGAIN: Final = 2
"""From here on the columns say what an invocation with repeated data costs, per word."""
AGAIN_HOPS: Final = 3
AGAIN_ROUTERS: Final = 4
AGAIN_ADDITIONS: Final = 5
AGAIN_TREE_HOPS: Final = 6
LINKED: Final = 7
PATTERN_COLUMNS: Final = 8


class Prices(NamedTuple):
    """Per storage level [L], data space [T], network [N]; see :class:`LevelCosts` and the network prices.

    ``price`` [L, 3] pJ per block access (READ, FILL, UPDATE); ``bandwidth`` [L, 3] words per cycle and
    instance (read, write, shared; infinity: unlimited), ``scale`` [L, T]. ``relevant`` [T, D]; ``ranks``
    [T, D] counts the ranks that a dimension indexes. ``forgets`` [L, T]: the level's children keep nothing.
    ``extent`` [T, ranks, D]: words along a rank per step of a dimension, 0 where it does not index it.
    ``slides`` [T]: some tiles overlap or have gaps; ``window`` [T, D]: by which dimensions; ``signed`` [T]:
    some dimensions move the tile backwards.
    ``linkable`` and ``spared`` [L, T]: neighbours below the level may pass words on, words of its own
    boundary and words that a bypassed level hands on.
    """

    price: Floats
    block: Floats
    cluster_size: Floats
    clusters: Floats
    leak: Floats
    address: Floats
    capacity: Floats
    least: Floats
    bandwidth: Floats
    scale: Floats
    gate: NDArray[np.int64]
    gate_sharing: Floats
    net_level: NDArray[np.int64]
    net_kind: NDArray[np.int64]
    net_hop: Floats
    net_router: Floats
    net_ingress: Floats
    net_adder: Floats
    net_alone: Bools
    net_double: Bools
    relevant: Bools
    ranks: Floats
    extent: Floats
    window: Bools
    slides: Bools
    signed: Bools
    linkable: Bools
    spared: Bools
    written: Bools
    passes: Bools
    no_elision: Bools
    no_multicast: Bools
    forgets: Bools
    compute_pj: float
    compute_leak_pj: float
    latency: float
    distributes: bool


@dataclass(frozen=True)
class Job:
    """A map space with what the kernels need to know of it. ``layout_matters``: storage levels whose cost
    depends on how their spatial loops lie on the mesh. ``links_along`` [L]: dimensions that a level must
    spread for neighbours to hold what a sliding tile wants next; then it does too."""

    space: MapSpace
    index: ProblemIndex
    machine: Machine
    directives: Directives
    prices: Prices
    layout_matters: frozenset[int]
    links_along: tuple[frozenset[int], ...]

    @property
    def levels(self) -> int:
        return len(self.machine.levels)

    @property
    def tensors(self) -> int:
        return len(self.index.ranks)


def job_of(space: MapSpace) -> Job:
    """Raises Unsupported where an energy is negative: a longer run must never cost more."""
    index = ProblemIndex.of(space.problem)
    machine = machine_of(space.architecture, space.problem, artefacts("timeloop-v4"))
    directives = _directives(space)
    prices = _prices(machine, space.problem, index, directives)
    _require_prices(machine, prices)
    links = tuple(
        frozenset(
            int(d)
            for t in range(len(index.ranks))
            if prices.linkable[level, t]
            for d in np.flatnonzero(prices.window[t])
        )
        for level in range(len(machine.levels))
    )
    return Job(space, index, machine, directives, prices, _layout_matters(machine, index, directives), links)


def _require_prices(machine: Machine, prices: Prices) -> None:
    networks = (prices.net_hop, prices.net_router, prices.net_ingress, prices.net_adder)
    amounts = [prices.price, prices.leak, prices.address, *networks]
    transfers = [
        price
        for network in machine.networks
        if isinstance(network.prices, MulticastPrices)
        for each in network.prices.transfer_pj
        for price in (each.values() if isinstance(each, dict) else (each,))
    ]
    least = min([prices.compute_pj, prices.compute_leak_pj, *transfers])
    if least < 0 or any((amount < 0).any() for amount in amounts):
        raise Unsupported("an energy is negative")


def patterns_of(job: Job, choice: SpatialChoice) -> Floats:
    """[L, T, PATTERN_COLUMNS]: how the children of each level share data, where it matters."""
    table = np.zeros((job.levels, job.tensors, PATTERN_COLUMNS))
    for level in job.layout_matters:
        layout, factors = choice.layouts[level], choice.factors[level]
        loops = [("X", k) for k in layout.x] + [("Y", k) for k in layout.y]
        if not loops:
            continue
        physical = job.machine.levels[level].fanout
        for t in range(job.tensors):
            seen = tuple((k in job.index.relevant[t], axis, factors[k]) for axis, k in loops)
            multicast = not job.directives.no_multicast[level, t]
            links = not job.directives.no_link_transfer[level, t]
            table[level, t] = _pattern_row(seen, physical, multicast, links)
    return table


_ROWS: dict[tuple[tuple[SpatialLoop, ...], tuple[int, int], bool, bool], Floats] = {}


def _pattern_row(
    loops: tuple[SpatialLoop, ...], physical: tuple[int, int], multicast: bool, links: bool
) -> Floats:
    key = (loops, physical, multicast, links)
    known = _ROWS.get(key)
    if known is None:
        if len(_ROWS) > 20_000:
            _ROWS.clear()
        known = _ROWS[key] = _row(sharing_pattern(loops, physical, multicast, links))
    return known


def _row(pattern: SharingPattern) -> Floats:
    fresh = pattern.fresh
    row = np.zeros(PATTERN_COLUMNS)
    row[HOPS] = fresh.hops
    row[ROUTERS] = (1.0 + np.floor(fresh.hops / fresh.groups)) * fresh.groups
    row[LINKED] = pattern.linked
    for record in pattern.repeated:
        row[AGAIN] += record.groups
        row[AGAIN_HOPS] += record.hops
        row[AGAIN_ROUTERS] += (1.0 + np.floor(record.hops / record.groups)) * record.groups
        row[AGAIN_ADDITIONS] += (record.multicast - 1.0) * record.groups
        row[AGAIN_TREE_HOPS] += np.floor(np.log2(record.multicast)) * 0.5 * record.groups
    return row


def _directives(space: MapSpace) -> Directives:
    names = [ds.name for ds in space.problem.data_spaces]

    def table(field: str) -> Bools:
        return np.array([[name in getattr(m, field) for name in names] for m in space.directives], dtype=bool)

    return Directives(
        no_temporal_reuse=table("no_temporal_reuse"),
        no_multicast=table("no_multicast"),
        no_link_transfer=table("no_link_transfer"),
        rmw_first_update=table("rmw_first_update"),
        no_coalesce=table("no_coalesce"),
    )


def _layout_matters(machine: Machine, index: ProblemIndex, directives: Directives) -> frozenset[int]:
    """Levels with networks that charge for distance, or whose children may pass data on to neighbours."""
    found = {network.level for network in machine.networks if network.needs_hops}
    for level, costs in enumerate(machine.levels):
        if costs.fanout == (1, 1):
            continue
        for t in range(len(index.ranks)):
            forgets = level == 0 or directives.no_temporal_reuse[level - 1, t]
            if forgets and not directives.no_link_transfer[level, t]:
                found.add(level)
        if costs.distributes or (level and machine.levels[level - 1].distributes):
            found.add(level)
    return frozenset(level for level in found if machine.levels[level].fanout != (1, 1))


def _prices(machine: Machine, problem: Problem, index: ProblemIndex, directives: Directives) -> Prices:
    levels, networks = machine.levels, machine.networks
    tensors = len(index.ranks)

    def column(*values: float) -> Floats:
        return np.array(values, dtype=np.float64)

    def bandwidth(value: float | None) -> float:
        return np.inf if value is None else value

    mesh = [n.prices if isinstance(n.prices, MeshPrices) else None for n in networks]
    trees = [n.prices if isinstance(n.prices, TreePrices) else None for n in networks]
    kinds = [MESH if m else TREE if t else MULTICAST for m, t in zip(mesh, trees, strict=True)]
    double = np.zeros((len(networks), tensors), dtype=bool)
    for n, prices in enumerate(mesh):
        if prices is not None:
            double[n] = prices.read_and_update
    forgets = np.ones((len(levels), tensors), dtype=bool)
    forgets[1:] = directives.no_temporal_reuse[:-1]
    relevant = np.zeros((tensors, len(index.active)), dtype=bool)
    for t, dimensions in enumerate(index.relevant):
        relevant[t, list(dimensions)] = True
    ranks = np.zeros((tensors, len(index.active)))
    for t, dimensions in enumerate(index.ranks):
        for dimension in dimensions:
            ranks[t, dimension] += 1.0
    extent, window = _windows(problem, index)
    return Prices(
        price=np.array([[lv.read_pj, lv.fill_pj, lv.update_pj] for lv in levels]),
        block=column(*(lv.block_size for lv in levels)),
        cluster_size=column(*(lv.cluster_size for lv in levels)),
        clusters=column(*(lv.clusters for lv in levels)),
        leak=column(*(lv.leak_pj for lv in levels)),
        address=column(*(max(lv.address_pj, 0.0) for lv in levels)),
        capacity=column(*(np.inf if lv.capacity is None else lv.capacity for lv in levels)),
        least=column(*(lv.least_words for lv in levels)),
        bandwidth=np.array(
            [
                [bandwidth(lv.read_bandwidth), bandwidth(lv.write_bandwidth), bandwidth(lv.shared_bandwidth)]
                for lv in levels
            ]
        ),
        scale=np.array([lv.bandwidth_scale for lv in levels], dtype=np.float64),
        gate=np.array([lv.gate for lv in levels], dtype=np.int64),
        gate_sharing=column(*(lv.gate_sharing for lv in levels)),
        net_level=np.array([n.level for n in networks], dtype=np.int64),
        net_kind=np.array(kinds, dtype=np.int64),
        net_hop=column(
            *(m.hop_pj if m else t.hop_pj if t else 0.0 for m, t in zip(mesh, trees, strict=True))
        ),
        net_router=column(*(m.router_pj if m else 0.0 for m in mesh)),
        net_ingress=column(*(m.ingress_pj if m else 0.0 for m in mesh)),
        net_adder=column(*(t.adder_pj if t else 0.0 for t in trees)),
        net_alone=np.array([t.one_only if t else False for t in trees], dtype=bool),
        net_double=double,
        relevant=relevant,
        ranks=ranks,
        extent=extent,
        window=window,
        slides=window.any(axis=1),
        signed=np.array(
            [any(term.coefficient < 0 for rank in ds.ranks for term in rank) for ds in problem.data_spaces],
            dtype=bool,
        ),
        linkable=~directives.no_link_transfer,
        spared=~directives.no_link_transfer,
        written=np.array(index.written, dtype=bool),
        passes=directives.no_coalesce,
        no_elision=directives.rmw_first_update,
        no_multicast=directives.no_multicast,
        forgets=forgets,
        compute_pj=machine.compute_pj,
        compute_leak_pj=machine.compute_leak_pj,
        latency=float(machine.network_latency),
        distributes=any(level.distributes for level in levels),
    )


def _windows(problem: Problem, index: ProblemIndex) -> tuple[Floats, Bools]:
    """``Prices.extent`` and ``Prices.window``."""
    number = {problem.dimensions[d]: k for k, d in enumerate(index.active)}
    most = max((len(ds.ranks) for ds in problem.data_spaces), default=0)
    extent = np.zeros((len(problem.data_spaces), max(most, 1), len(index.active)))
    window = np.zeros((len(problem.data_spaces), len(index.active)), dtype=bool)
    for t, ds in enumerate(problem.data_spaces):
        for r, rank in enumerate(ds.ranks):
            moving = [term for term in rank if term.dimension in number]
            for term in moving:
                extent[t, r, number[term.dimension]] += abs(term.coefficient)
                if len(moving) > 1 or term.coefficient != 1:
                    window[t, number[term.dimension]] = True
    return extent, window


def transfer_prices(job: Job, choice: SpatialChoice) -> Floats:
    """[N, T]: pJ per transfer of the SimpleMulticast networks at the group sizes of ``choice``."""
    table = np.zeros((len(job.machine.networks), job.tensors))
    for n, network in enumerate(job.machine.networks):
        if not isinstance(network.prices, MulticastPrices):
            continue
        for t, price in enumerate(network.prices.transfer_pj):
            if isinstance(price, float):
                table[n, t] = price
                continue
            if job.prices.slides[t]:
                # How many children want the same words depends on the tiles: nothing is certain.
                continue
            factors = choice.factors[network.level]
            shared = [f for k, f in enumerate(factors) if k not in job.index.relevant[t]]
            alone = job.directives.no_multicast[network.level, t]
            table[n, t] = price.get(1 if alone else int(np.prod(shared, dtype=np.int64)), 0.0)
    return table
