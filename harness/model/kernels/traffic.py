"""From tiles and moves to what every buffer and network does, tensor by tensor.

Follows src/loop-analysis/tiling.cpp in its order: partition sizes, share of the parent's accesses,
distributed multicast, masking of bypassed levels, the outermost kept level, accesses between peers, and the
legacy split into reads, fills and updates. Everything is per instance of a level and per mapping.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from harness.errors import Unsupported
from harness.model.kernels.counts import Extent, Motion
from harness.model.kernels.nest import (
    Factor,
    Flag,
    Nest,
    ProblemIndex,
    Vector,
    effective_keep,
    either,
    times,
    values,
)
from harness.model.kernels.sharing import BlockSharing, RecordTable, Sharing


@dataclass
class Record:
    """Accesses that reach ``multicast`` children at once, in ``groups`` such groups.

    ``hops`` and ``unicast_hops`` are weighted with the accesses before any masking, as in Timeloop; they
    are worked out only where a network charges for them.
    """

    multicast: Vector
    groups: Vector
    accesses: Vector
    hops: Vector | None = None
    unicast_hops: Vector | None = None


@dataclass
class Link:
    """What one tensor does on the network between a level and its children.

    ``transfers`` are the words that neighbours pass on. ``records`` ascend by (multicast, groups), as in
    Timeloop; a record that a mapping does not have carries zeros.
    """

    records: list[Record]
    transfers: Vector | None = None
    distributed: list[Record] = field(default_factory=list)


@dataclass
class Buffer:
    """What one tensor does at one level that keeps it: words, zero in mappings that bypass the level.

    ``fills`` and ``updates`` are None where they are zero in all mappings. ``share`` is what arrives from
    above before the first-read elision.
    """

    reads: Vector
    fills: Vector | None
    updates: Vector | None
    partition: Vector
    keep: Flag

    @property
    def kept_partition(self) -> Vector:
        return _kept(self.partition, self.keep)


@dataclass
class TensorTraffic:
    """Per level: ``buffers`` (None where no mapping keeps the tensor) and ``links`` (None if not wanted)."""

    buffers: list[Buffer | None]
    links: list[Link | None]
    size: list[Factor]


@dataclass(frozen=True)
class Wanted:
    """Per level: whether its network is to be worked out, whether with hops, and whether the network of the
    level distributes multicasts (M:N)."""

    links: tuple[bool, ...]
    hops: tuple[bool, ...]
    distributes: tuple[bool, ...]


@dataclass(frozen=True)
class Chunk:
    """All that is known of a chunk of mappings before tensors are looked at one by one."""

    nest: Nest
    index: ProblemIndex
    extent: Extent
    motion: Motion
    sharing: Sharing
    wanted: Wanted


def tensor_traffic(chunk: Chunk, tensor: int) -> TensorTraffic:
    """What data space number ``tensor`` does at every level. Raises Unsupported where Timeloop gives up."""
    state = _Raw(chunk, tensor)
    if state.distributed:
        _distribute(state)
    _mask(state)
    levels = range(chunk.nest.levels)
    links = [_finished_link(state, level) for level in levels]
    return TensorTraffic([_buffer(state, level, links) for level in levels], links, state.size)


class _Raw:
    """Working state of one tensor; the passes below change it in Timeloop's order."""

    def __init__(self, chunk: Chunk, tensor: int) -> None:
        self.nest, self.extent, self.wanted, self.tensor = chunk.nest, chunk.extent, chunk.wanted, tensor
        self.motion, self.sharing = chunk.motion, chunk.sharing
        directives = self.nest.directives
        levels = range(self.nest.levels)
        self.written = chunk.index.written[tensor]
        self.passes_on = [bool(flag) for flag in directives.no_coalesce[:, tensor]]
        self.keep, self.kept_above = effective_keep(self.nest, tensor)
        self.elides_first_read = [not flag for flag in directives.rmw_first_update[:, tensor]]
        self.distributed = any(self.wanted.distributes)
        self.size = [self.extent.tile[level][tensor] for level in levels]
        self.partition = _partitions(self.extent, tensor)
        self.integral = not self.distributed
        self.demand_groups: list[Factor] = []
        self.content: list[Vector] = []
        self.share: list[Factor] = []
        self.links: list[Link | None] = []
        for level in levels:
            self._demand(level)
        self.share.append(None)

    def _demand(self, level: int) -> None:
        """Accesses to this level before masking, and the share of each child (``share[level - 1]``)."""
        directives, t, count = self.nest.directives, self.tensor, self.nest.count
        forgets = level == 0 or bool(directives.no_temporal_reuse[level - 1, t])
        fanout, groups = self.extent.fanout[level], self.extent.groups[level][t]
        if directives.no_multicast[level, t]:
            groups = fanout
        self.demand_groups.append(groups)
        block = None
        if fanout is not None and (self.wanted.hops[level] or (forgets and self._may_link(level))):
            block = self.sharing.at(level, t)
        if block is not None and forgets and block.any_linked:
            self._linked_demand(level, block)
            return
        often = self.motion.iterations[level] if forgets else self.motion.moves[level][t]
        fetched = values(times(self.size[level - 1] if level else None, often), count)
        content = values(times(groups, fetched), count)
        if level:
            self.share.append(fetched)
        self.content.append(content)
        self.links.append(self._plain_link(level, block, fetched) if self.wanted.links[level] else None)

    def _may_link(self, level: int) -> bool:
        """Whether some neighbours may want the same words: the block multicasts and links are allowed."""
        shared = self.extent.groups[level][self.tensor] is not self.extent.fanout[level]
        return shared and not self.nest.directives.no_link_transfer[level, self.tensor]

    def _plain_link(self, level: int, block: BlockSharing | None, fetched: Vector) -> Link:
        count = self.nest.count
        fanout, content = self.extent.fanout[level], self.content[level]
        if fanout is None:
            one, none = np.ones(count), np.zeros(count)
            return Link([Record(one, one, content, none, none)])
        groups = values(self.demand_groups[level], count)
        record = Record(values(fanout, count) / groups, groups, content)
        if block is not None:
            record.hops = block.fresh.hops * fetched
            record.unicast_hops = block.fresh.unicast_hops * fetched
        return Link([record])

    def _linked_demand(self, level: int, block: BlockSharing) -> None:
        """Some invocations repeat their data, and some children then get them from a neighbour."""
        count, t = self.nest.count, self.tensor
        child_size = self.size[level - 1] if level else None
        fresh = values(times(child_size, self.motion.moves[level][t]), count)
        again = values(times(child_size, self.motion.iterations[level]), count) - fresh
        adopted = block.linked > 0
        records = [_record(table, np.where(adopted, again, 0.0)) for table in block.repeated]
        records.append(_record(block.fresh, fresh + np.where(adopted, 0.0, again)))
        self.content.append(_total(records))
        self.links.append(Link(records, block.linked * again))
        if level:
            self.integral = False
            fanout = values(self.extent.fanout[level], count)
            share = records[0].accesses * records[0].multicast / fanout
            for record in records[1:]:
                share = share + record.accesses * record.multicast / fanout
            self.share.append(share)


def _record(table: RecordTable, fetched: Vector) -> Record:
    return Record(
        table.multicast,
        table.groups,
        table.groups * fetched,
        table.hops * fetched,
        table.unicast_hops * fetched,
    )


def _total(records: list[Record]) -> Vector:
    total = records[0].accesses
    for record in records[1:]:
        total = total + record.accesses
    return total


def _weighted(records: list[Record]) -> Vector:
    total = records[0].accesses * records[0].multicast
    for record in records[1:]:
        total = total + record.accesses * record.multicast
    return total


def _partitions(extent: Extent, tensor: int) -> list[Factor]:
    """Distinct words that ever pass through one instance, from the outermost level inwards."""
    partition = [extent.tile[-1][tensor]]
    for level in reversed(range(1, len(extent.tile))):
        spread, outer = extent.spread[level][tensor], partition[-1]
        partition.append(outer if spread is None or outer is None else outer / spread)
    return partition[::-1]


def _distribute(state: _Raw) -> None:
    """Distributed multicast: a level whose network is M:N gets a part of the tile and its peers the rest.

    Only the innermost such level with a multicasting parent, as in DistributeTiles.
    """
    count = state.nest.count
    waiting = np.ones(count, dtype=bool)
    for inner, distributes in enumerate(state.wanted.distributes[:-1]):
        if not distributes:
            continue
        outer_link, inner_link = state.links[inner + 1], state.links[inner]
        assert outer_link is not None and inner_link is not None
        if len(outer_link.records) > 1 or len(inner_link.records) > 1:
            raise Unsupported("distributed multicast together with transfers between neighbours")
        (outer,) = outer_link.records
        chosen = waiting & (outer.multicast > 1)
        if not chosen.any():
            continue
        waiting &= ~chosen
        m = outer.multicast
        here = inner_link.records[0].accesses
        assert outer.hops is not None and outer.unicast_hops is not None
        outer_link.distributed.append(
            Record(
                multicast=np.where(chosen, m, 1.0),
                groups=np.where(chosen, outer.groups, 0.0),
                accesses=np.where(chosen, here, 0.0),
                hops=np.where(chosen, outer.hops * here / outer.accesses, 0.0),
            )
        )
        outer.hops = np.where(chosen, outer.unicast_hops, outer.hops)
        outer.groups = np.where(chosen, m * outer.groups, outer.groups)
        outer.multicast = np.where(chosen, 1.0, m)
        size, partition = values(state.size[inner], count), values(state.partition[inner], count)
        state.size[inner] = np.where(chosen, 1.0 + np.floor((size - 1.0) / m), size)
        state.partition[inner] = np.where(chosen, 1.0 + np.floor((partition - 1.0) / m), partition)
        state.content[inner] = np.where(chosen, 1.0 + (state.content[inner] - 1.0) / m, state.content[inner])
        share = values(state.share[inner], count)
        state.share[inner] = np.where(chosen, 1.0 + (share - 1.0) / m, share)


def _mask(state: _Raw) -> None:
    """A bypassed level hands the demand of its children on to the next outer one (MaskTiles).

    A level with ``no_coalesce`` does so although it keeps the tensor.
    """
    for level in range(1, state.nest.levels):
        kept = state.keep[level - 1]
        always = kept is False or state.passes_on[level - 1]
        if kept is True and not always:
            continue
        below, link = state.content[level - 1], state.links[level]
        # Where nothing is shared by neighbours and nothing distributed, one record holds all accesses.
        if link is None or (link.transfers is None and not state.distributed):
            handed_on = values(times(state.demand_groups[level], below), state.nest.count)
            content = handed_on if always else np.where(kept, state.content[level], handed_on)
            if link is not None:
                link.records[0].accesses = content
            state.content[level] = content
            continue
        fanout = values(state.extent.fanout[level], state.nest.count)
        factor = below * fanout / _weighted(link.records)
        if not always:
            factor = np.where(kept, 1.0, factor)
        for record in link.records:
            record.accesses = record.accesses * factor
        # A level that distributes has already less content than its network carries; keep that.
        content = _total(link.records)
        state.content[level] = content if always else np.where(kept, state.content[level], content)
        if link.transfers is not None:
            link.transfers = np.zeros_like(below) if always else np.where(kept, link.transfers, 0.0)


def _finished_link(state: _Raw, level: int) -> Link | None:
    """The network of a level outside the outermost kept one carries nothing, but for distributed multicast,
    which it does on behalf of the next inner level."""
    link = state.links[level]
    used = either(state.keep[level], state.kept_above[level])
    if link is None or used is True:
        return link
    if used is False and not link.distributed:
        return None
    for record in link.records:
        record.accesses = record.accesses * used
        record.hops = None if record.hops is None else record.hops * used
    if link.transfers is not None:
        link.transfers = link.transfers * used
    return link


def _buffer(state: _Raw, level: int, links: list[Link | None]) -> Buffer | None:
    keep, above = state.keep[level], state.kept_above[level]
    if keep is False:
        return None
    count = state.nest.count
    content, partition = state.content[level], values(state.partition[level], count)
    peer = _from_peers(state, level, links)
    served = content if peer is None else content + peer
    share = state.share[level]
    received: Factor = None
    if above is not False:
        assert share is not None
        received = share if above is True else share * above
    if peer is not None:
        received = peer if received is None else received + peer
    if not state.written:
        fills = received if received is None or state.integral else np.floor(received)
        return Buffer(_kept(_round(served, state), keep), _kept_or_none(fills, keep), None, partition, keep)
    updates = _round(content, state)
    if state.passes_on[level]:
        reads = _round(served, state)
        return Buffer(_kept(reads, keep), _kept(reads, keep), _kept(updates, keep), partition, keep)
    if state.elides_first_read[level]:
        reads = _round(served - partition, state)
        if received is not None:
            # The outermost kept level receives nothing, so nothing of it can be elided.
            elided = partition if above is True else partition * above
            received = received - elided
    else:
        reads = _round(served, state)
    fills = None if received is None else _round(received, state)
    return Buffer(_kept(reads, keep), _kept_or_none(fills, keep), _kept(updates, keep), partition, keep)


def _from_peers(state: _Raw, level: int, links: list[Link | None]) -> Vector | None:
    """Accesses and fills that come over links, spread over all instances of the level."""
    outer = links[level + 1] if level + 1 < len(links) else None
    if outer is None or outer.transfers is None:
        return None
    return outer.transfers / values(state.extent.instances[level + 1], state.nest.count)


def _round(x: Vector, state: _Raw) -> Vector:
    return x if state.integral else np.floor(x + 0.5)


def _kept(x: Vector, keep: Flag) -> Vector:
    return x if keep is True else x * keep


def _kept_or_none(x: Factor, keep: Flag) -> Factor:
    return None if x is None else _kept(x, keep)
