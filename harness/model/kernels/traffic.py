"""From tiles and moves to what every buffer and network does, tensor by tensor.

Follows src/loop-analysis/tiling.cpp in its order: partition sizes, share of the parent's accesses,
distributed multicast, masking of bypassed levels, the outermost kept level, accesses between peers, and the
legacy split into reads, fills and updates. Everything is per instance of a level and per mapping.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.model.kernels.demand import Chunk, Demand, Link, Refusal
from harness.model.kernels.nest import (
    Factor,
    Flag,
    Vector,
    either,
    times,
    values,
)
from harness.model.kernels.records import Record, delivered, total
from harness.model.kernels.validity import Reason


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
    """Per level: ``buffers`` (None where no mapping keeps the tensor) and ``links`` (None if not wanted).

    ``refused``: mappings in which Timeloop gives up on this tensor, with the reason and the level;
    ``negative``: those with a negative number of fills, which Timeloop counts modulo 2^64."""

    buffers: list[Buffer | None]
    links: list[Link | None]
    size: list[Factor]
    refused: list[Refusal]
    negative: list[NDArray[np.bool_]]


def tensor_traffic(chunk: Chunk, tensor: int) -> TensorTraffic:
    """What data space number ``tensor`` does at every level."""
    state = Demand(chunk, tensor)
    if state.distributed:
        _distribute(state)
    _mask(state)
    levels = range(chunk.nest.levels)
    links = [_finished_link(state, level) for level in levels]
    buffers = [_buffer(state, level, links) for level in levels]
    return TensorTraffic(buffers, links, state.size, state.refused, state.negative)


def _distribute(state: Demand) -> None:
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
        unequal = waiting & (_kinds(outer_link.records) | _kinds(inner_link.records))
        if unequal.any():
            state.refused.append((unequal, Reason.SERVED_UNEQUALLY, inner))
            waiting &= ~unequal
        outer = outer_link.records[0]
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


def _kinds(records: list[Record]) -> NDArray[np.bool_]:
    """Mappings with more than one record."""
    if len(records) == 1:
        return np.zeros(records[0].groups.size, dtype=bool)
    several: NDArray[np.bool_] = records[1].groups > 0.0
    return several


def _mask(state: Demand) -> None:
    """A bypassed level hands the demand of its children on to the next outer one (MaskTiles).

    A level with ``no_coalesce`` does so although it keeps the tensor.
    """
    for level in range(1, state.nest.levels):
        kept = state.keep[level - 1]
        always = kept is False or state.passes_on[level - 1]
        if kept is True and not always:
            continue
        below, link = state.content[level - 1], state.links[level]
        groups, fanout = state.demand_groups[level], values(state.extent.fanout[level], state.nest.count)
        if link is None:
            own = state.content[level]
            if state.exact:
                handed_on = values(times(groups, below), state.nest.count)
            else:
                state.integral = False
                handed_on = own * (below * fanout / (own * (fanout if groups is None else fanout / groups)))
            state.content[level] = handed_on if always else np.where(kept, own, handed_on)
            continue
        if not state.exact or link.transfers is not None or len(link.records) > 1:
            state.integral = False
        factor = below * fanout / delivered(link.records)
        if not always:
            factor = np.where(kept, 1.0, factor)
        for record in link.records:
            record.accesses = record.accesses * factor
        # A level that distributes has already less content than its network carries; keep that.
        content = total(link.records)
        state.content[level] = content if always else np.where(kept, state.content[level], content)
        if link.transfers is not None:
            link.transfers = np.zeros_like(below) if always else np.where(kept, link.transfers, 0.0)


def _finished_link(state: Demand, level: int) -> Link | None:
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


def _buffer(state: Demand, level: int, links: list[Link | None]) -> Buffer | None:
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
    if state.holes:
        few = (served < partition) & keep
        if few.any():
            state.refused.append((few, Reason.FEWER_ACCESSES_THAN_WORDS, level))
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
    if state.holes and fills is not None:
        negative = (fills < 0.0) & keep
        if state.wraps and negative.any():
            state.negative.append(negative)
        fills = np.maximum(fills, 0.0)
    return Buffer(_kept(reads, keep), _kept_or_none(fills, keep), _kept(updates, keep), partition, keep)


def _from_peers(state: Demand, level: int, links: list[Link | None]) -> Vector | None:
    """Accesses and fills that come over links, spread over all instances of the level."""
    outer = links[level + 1] if level + 1 < len(links) else None
    if outer is None or outer.transfers is None:
        return None
    return outer.transfers / values(state.extent.instances[level + 1], state.nest.count)


def _round(x: Vector, state: Demand) -> Vector:
    return x if state.integral else np.floor(x + 0.5)


def _kept(x: Vector, keep: Flag) -> Vector:
    return x if keep is True else x * keep


def _kept_or_none(x: Factor, keep: Flag) -> Factor:
    return None if x is None else _kept(x, keep)
