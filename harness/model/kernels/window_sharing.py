"""What a spatial block shares of a data space with sliding windows: groups, and transfers of neighbours.

Loops over different dimensions of one rank can make different instances want the same words, in groups of
several sizes; and the words that a tile asks for can be those that a neighbour got at the visit before.
Both are asked of :mod:`harness.model.spatial` once for every distinct block.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np
from numpy.typing import NDArray

from harness.model.kernels.nest import Factor, Nest, ProblemIndex, Vector, times, values
from harness.model.kernels.records import Entries, Record, records_of
from harness.model.kernels.sharing import Axes, block_of, distinct_rows, order_columns, spatial_loops
from harness.model.kernels.window import Window
from harness.model.kernels.window_walk import Asked
from harness.model.spatial import FanOut, Groups, link_transfers, multicast_groups, neighbour_offsets

ALONE = (Groups(1, 1, 0.0, 0.0),)
"""What an empty block shares."""


@dataclass
class Shared:
    """Who serves what: ``records`` of the parent, words on the links (None: none), and whether all mappings
    have one kind of groups (then there is one record)."""

    records: list[Record]
    transfers: Vector | None
    even: bool


class WindowSharing:
    """The spatial blocks of one level of a chunk as one data space sees them.

    ``strides[k]``: how far one spatial iteration over dimension k moves in it.
    """

    def __init__(
        self,
        nest: Nest,
        index: ProblemIndex,
        level: int,
        window: Window,
        *,
        strides: Sequence[Factor],
        physical: tuple[int, int],
        multicast: bool,
    ) -> None:
        self._nest, self._index, self._level, self._window = nest, index, level, window
        self._strides, self._physical, self._multicast = strides, physical, multicast
        self._loops = spatial_loops(nest, level)
        present = {k for _, k, _ in self._loops}
        self._moving = [(k, f) for _, k, f in self._loops if k in window.moving]
        self._related = [{k for k, _ in rank if k in present} for rank in window.ranks if len(rank) > 1]

    def span(self) -> Vector:
        """How far apart the wants of two children can be at most; -1 where there is only one child."""
        reach: Factor = None
        alone: NDArray[np.bool_] = np.ones(self._nest.count, dtype=bool)
        for _, k, factor in self._loops:
            alone &= factor <= 1.0
            if k in self._window.moving:
                stride = self._strides[k]
                way = (factor - 1.0) * self._window.codes[k]
                way = way if stride is None else way * stride
                reach = way if reach is None else reach + way
        return np.where(alone, -1.0, 0.0 if reach is None else reach)

    def shared(self, asked: Asked, fanout: Vector, hops: bool) -> Shared:
        """How ``asked`` reaches all children. ``hops``: whether the records must tell them."""
        count = self._nest.count
        plain: Factor = None
        for _, factor in self._moving:
            plain = times(plain, factor)
        # A copy, for some of it may be replaced.
        groups = (values(plain, count) if self._multicast else fanout).copy()
        fetched = asked.words
        entries, transfers, adopted = self._handed_on(asked)
        if transfers is not None:
            fetched = fetched - adopted
        record = Record(fanout / groups, groups, groups * fetched)
        uneven = transfers is not None
        looked_up = np.arange(count) if hops else self._crossing()
        if looked_up.size:
            blocks, which = self._blocks(looked_up)
            found = [self._groups(block) for block in blocks]
            several = np.array([len(of_block) > 1 for of_block in found])
            columns = np.array([[*of_block[0]] for of_block in found])[which]
            record.multicast[looked_up], record.groups[looked_up] = columns[:, 0], columns[:, 1]
            record.accesses[looked_up] = columns[:, 1] * fetched[looked_up]
            if hops:
                record.hops, record.unicast_hops = columns[:, 2] * fetched, columns[:, 3] * fetched
            if several.any():
                uneven = True
                for block in np.flatnonzero(several):
                    rows = looked_up[which == block]
                    for of_group in found[block][1:]:
                        entries.append(Entries.of(rows, of_group, fetched[rows]))
        if not uneven:
            return Shared([record], None, True)
        return Shared(records_of(record, entries), transfers, False)

    def _crossing(self) -> NDArray[np.intp]:
        """Mappings with two loops over dimensions of one rank: their groups have no closed form."""
        if not self._multicast:
            return np.zeros(0, dtype=np.intp)
        factor_of: dict[int, Vector] = {}
        for k, factor in self._moving:
            factor_of[k] = factor if k not in factor_of else np.maximum(factor_of[k], factor)
        crossing: NDArray[np.bool_] = np.zeros(self._nest.count, dtype=bool)
        for related in self._related:
            for a, b in combinations(sorted(related), 2):
                crossing |= (factor_of[a] > 1.0) & (factor_of[b] > 1.0)
        return np.flatnonzero(crossing)

    def _handed_on(self, asked: Asked) -> tuple[list[Entries], Vector | None, Vector]:
        """What remains for the parent of words that neighbours hand on, the words on links, and how many
        words of each mapping are affected."""
        count = self._nest.count
        if not asked.rows.size:
            return [], None, asked.words
        blocks, which = self._blocks(asked.rows)
        fan_outs = [self._fan_out(block) for block in blocks]
        near = self._neighbours(fan_outs)[which]
        some = np.flatnonzero((near == asked.moved[:, None]).any(axis=1))
        entries: list[Entries] = []
        transfers, adopted = np.zeros(count), np.zeros(count)
        if not some.size:
            return entries, None, adopted
        rows, words, moved, which = asked.rows[some], asked.linkable[some], asked.moved[some], which[some]
        first, case = distinct_rows([which.astype(np.float64), moved - moved.min()], which.size)
        for number, i in enumerate(first):
            fan_out, ends = fan_outs[which[i]]
            links = link_transfers(fan_out, ends, ends, self._window.decoded(int(moved[i])))
            if links is None:
                continue
            chosen = np.flatnonzero(case == number)
            np.add.at(transfers, rows[chosen], links.served * words[chosen])
            np.add.at(adopted, rows[chosen], words[chosen])
            entries += [Entries.of(rows[chosen], of_group, words[chosen]) for of_group in links.groups]
        return entries, transfers if adopted.any() else None, adopted

    def _neighbours(self, fan_outs: list[tuple[FanOut, tuple[int, ...]]]) -> Vector:
        """How far apart the wants of neighbours are, as numbers: one row for each block."""
        found = [
            [self._window.encoded(offset) for offset in neighbour_offsets(f.steps, f.width, ends)]
            for f, ends in fan_outs
        ]
        table = np.full((len(found), max(map(len, found))), np.nan)
        for row, numbers in zip(table, found, strict=True):
            row[: len(numbers)] = numbers
        return table

    def _blocks(self, rows: NDArray[np.intp]) -> tuple[list[tuple[Axes, tuple[int, ...]]], NDArray[np.intp]]:
        """Distinct blocks of ``rows`` with the strides of their loops, and which of them each row has.

        Where a dimension has a rank of its own, its stride does not matter and is taken as 1.
        """
        columns = [factor[rows] for _, _, factor in self._loops]
        strided = []
        for _, k, factor in self._loops:
            stride = self._strides[k]
            if stride is None or k not in self._window.overlapping:
                strided.append(np.ones(rows.size))
            else:
                strided.append(np.where(factor > 1.0, stride, 1.0)[rows])
        orders = [column[rows] for column in order_columns(self._nest, self._level, self._loops)]
        varying = [c for c in (*columns, *strided, *orders) if c.min() != c.max()]
        first, which = distinct_rows(varying, rows.size)
        blocks = []
        for i in first:
            block = block_of(self._nest, self._index, self._level, self._loops, int(rows[i]))
            stride_of = {(axis, k): s for (axis, k, _), s in zip(self._loops, strided, strict=True)}
            blocks.append((block, tuple(int(stride_of[axis, k][i]) for axis, k, _ in block)))
        return blocks, which

    def _fan_out(self, block: tuple[Axes, tuple[int, ...]]) -> tuple[FanOut, tuple[int, ...]]:
        loops, strides = block
        steps = [
            tuple([by * stride for by in self._window.steps[k]])
            for (_, k, _), stride in zip(loops, strides, strict=True)
        ]
        width, height = self._physical
        fan_out = FanOut(
            steps=tuple(steps),
            width=max(width, prod([f for axis, _, f in loops if axis == "X"])),
            height=max(height, prod([f for axis, _, f in loops if axis == "Y"])),
            multicast=self._multicast,
        )
        return fan_out, tuple([f for _, _, f in loops])

    def _groups(self, block: tuple[Axes, tuple[int, ...]]) -> tuple[Groups, ...]:
        return multicast_groups(*self._fan_out(block)) if block[0] else ALONE
