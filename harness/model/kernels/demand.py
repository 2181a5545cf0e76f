"""What each level is asked for before bypassing, tensor by tensor: words, groups of children, transfers
between neighbours, and partition sizes. Everything is per instance of a level and per mapping.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from harness.model.kernels.counts import Extent, Motion
from harness.model.kernels.nest import (
    Factor,
    Nest,
    ProblemIndex,
    Vector,
    times,
    values,
)
from harness.model.kernels.records import Entries, Record, records_of, total
from harness.model.kernels.sharing import BlockSharing, Sharing
from harness.model.kernels.validity import Reason
from harness.model.kernels.window import Window
from harness.model.kernels.window_sharing import WindowSharing
from harness.model.kernels.window_walk import WindowWalk, lengths, volume


@dataclass
class Link:
    """What one tensor does on the network between a level and its children.

    ``transfers`` are the words that neighbours pass on. ``records`` ascend by (multicast, groups), as in
    Timeloop; a record that a mapping does not have carries zeros.
    """

    records: list[Record]
    transfers: Vector | None = None
    distributed: list[Record] = field(default_factory=list)


Refusal = tuple[NDArray[np.bool_], Reason, int]
"""Which mappings are refused, why, and at which storage level."""


@dataclass(frozen=True)
class Wanted:
    """Per level: whether its network is to be worked out, whether with hops, and whether the network of the
    level distributes multicasts (M:N)."""

    links: tuple[bool, ...]
    hops: tuple[bool, ...]
    distributes: tuple[bool, ...]


@dataclass(frozen=True)
class Chunk:
    """All that is known of a chunk of mappings before tensors are looked at one by one.

    ``physical``: (X, Y) fan-out of the hardware below each level. ``wraps``: negative fills become huge."""

    nest: Nest
    index: ProblemIndex
    extent: Extent
    motion: Motion
    sharing: Sharing
    wanted: Wanted
    physical: tuple[tuple[int, int], ...]
    wraps: bool


class Demand:
    """Working state of one tensor; the passes of ``traffic.py`` change it in Timeloop's order."""

    def __init__(self, chunk: Chunk, tensor: int) -> None:
        self.nest, self.extent, self.wanted, self.tensor = chunk.nest, chunk.extent, chunk.wanted, tensor
        self.motion, self.sharing = chunk.motion, chunk.sharing
        directives = self.nest.directives
        levels = range(self.nest.levels)
        self.written = chunk.index.written[tensor]
        self.passes_on = [bool(flag) for flag in directives.no_coalesce[:, tensor]]
        self.keep, self.kept_above = self.nest.held[tensor]
        self.elides_first_read = [not flag for flag in directives.rmw_first_update[:, tensor]]
        self.distributed = any(self.wanted.distributes)
        self.size = [self.extent.tile[level][tensor] for level in levels]
        self.index, self.window = chunk.index, chunk.index.windows[tensor]
        self.physical = chunk.physical
        self.refused: list[Refusal] = []
        self.negative: list[NDArray[np.bool_]] = []
        self.wraps = chunk.wraps
        # Written boxes may have words that no operation uses.
        plain = self.window is None and chunk.index.relevant[tensor] == chunk.index.ranks[tensor]
        self.holes = self.written and not plain
        # Timeloop's shares of bypassed levels are not quite whole numbers where windows slide, which shows
        # in networks and in comparisons with the number of words.
        self.exact = not (self.holes or (self.window is not None and any(self.wanted.links)))
        self.partition = _partitions(self.extent, tensor, self.window)
        self.integral = not self.distributed
        self.demand_groups: list[Factor] = []
        self.content: list[Vector] = []
        self.share: list[Factor] = []
        self.links: list[Link | None] = []
        if self.window is None:
            for level in levels:
                self._demand(level)
        else:
            walk = WindowWalk(self.nest, self.window, self.extent.covered, self.motion)
            for level in levels:
                self._windowed_demand(level, self.window, walk)
        self.share.append(None)

    def _windowed_demand(self, level: int, window: Window, walk: WindowWalk) -> None:
        """As ``_demand``, for a data space with sliding windows."""
        directives, t = self.nest.directives, self.tensor
        forgets = level == 0 or bool(directives.no_temporal_reuse[level - 1, t])
        sides = lengths(window, self.extent.inside[level])
        fanout = self.extent.fanout[level]
        if fanout is None:
            if self._unheard(level):
                self._pass_over(level, None)
            else:
                self._served_alike(level, walk.asked(level, sides, forgets, None).words)
            return
        multicast = not directives.no_multicast[level, t]
        sharing = WindowSharing(
            self.nest,
            self.index,
            level,
            window,
            strides=self.extent.inside[level],
            physical=self.physical[level],
            multicast=multicast,
        )
        span = None if directives.no_link_transfer[level, t] else sharing.span()
        shared = sharing.shared(walk.asked(level, sides, forgets, span), fanout, self.wanted.hops[level])
        records = shared.records
        self.demand_groups.append(records[0].groups)
        self.content.append(total(records))
        self.links.append(
            Link(records, shared.transfers) if self.wanted.links[level] or not shared.even else None
        )
        if level:
            self.integral = self.integral and shared.even
            self.share.append(_share(records, fanout))

    def _unheard(self, level: int) -> bool:
        """Whether no mapping keeps the tensor at the next inner level and nobody looks at the network: then
        the level's own demand is replaced by that of the inner one, and its share is for nobody."""
        bypassed = level > 0 and self.keep[level - 1] is False
        return bypassed and self.exact and not any(self.wanted.links)

    def _pass_over(self, level: int, groups: Factor) -> None:
        """The demand is left open until bypassed levels hand on theirs."""
        self.demand_groups.append(groups)
        self.share.append(None)
        self.content.append(self.content[level - 1])
        self.links.append(None)

    def _served_alike(self, level: int, fetched: Vector) -> None:
        """The level has one child and serves it ``fetched`` words."""
        self.demand_groups.append(None)
        if level:
            self.share.append(fetched)
        self.content.append(fetched)
        self.links.append(self._plain_link(level, None, fetched) if self.wanted.links[level] else None)

    def _demand(self, level: int) -> None:
        """Accesses to this level before masking, and the share of each child (``share[level - 1]``)."""
        directives, t, count = self.nest.directives, self.tensor, self.nest.count
        forgets = level == 0 or bool(directives.no_temporal_reuse[level - 1, t])
        fanout, groups = self.extent.fanout[level], self.extent.groups[level][t]
        if directives.no_multicast[level, t]:
            groups = fanout
        if self._unheard(level) and (fanout is None or not forgets):
            self._pass_over(level, groups)
            return
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
        fanout = values(self.extent.fanout[level], count)
        first = np.where(adopted, fresh, fresh + again)
        table = block.fresh
        main = Record(
            table.multicast,
            table.groups,
            table.groups * first,
            table.hops * first,
            table.unicast_hops * first,
        )
        rows = np.flatnonzero(adopted & (again > 0.0))
        entries = []
        for table in block.repeated:
            some = rows[table.groups[rows] > 0.0]
            columns = (table.groups, table.hops, table.unicast_hops)
            weighted = [column[some] * again[some] for column in columns]
            entries.append(Entries(some, table.multicast[some], table.groups[some], *weighted))
        records = records_of(main, entries)
        self.content.append(total(records))
        self.links.append(Link(records, block.linked * again))
        if level:
            self.integral = False
            self.share.append(_share(records, fanout))


def _share(records: list[Record], fanout: Vector) -> Vector:
    """Words that each child receives on average."""
    share = records[0].accesses * records[0].multicast / fanout
    for record in records[1:]:
        share = share + record.accesses * record.multicast / fanout
    return share


def _partitions(extent: Extent, tensor: int, window: Window | None) -> list[Factor]:
    """Distinct words that ever pass through one instance, from the outermost level inwards."""
    partition = [extent.tile[-1][tensor]]
    for level in reversed(range(1, len(extent.tile))):
        outer = partition[-1]
        if window is None:
            spread = extent.spread[level][tensor]
            partition.append(outer if spread is None or outer is None else outer / spread)
        elif extent.fanout[level] is None:
            partition.append(outer)
        else:
            size, together = extent.tile[level - 1][tensor], volume(lengths(window, extent.covered[level]))
            partition.append(_partition_of(outer, size, together, window.large))
    return partition[::-1]


def _partition_of(outer: Factor, size: Factor, together: Factor, large: bool) -> Factor:
    """``outer * size // together``."""
    if together is None:
        return times(outer, size)
    if not large or outer is None or size is None:
        words = times(outer, size)
        return None if words is None else np.floor(words / together)
    return (outer.astype(np.int64) * size.astype(np.int64) // together.astype(np.int64)).astype(np.float64)
