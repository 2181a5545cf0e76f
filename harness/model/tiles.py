"""From raw tiles to what each level really holds and serves: partitions, distribution, bypassing.

The steps and their order are those of Timeloop tiling.cpp (CollapseDataMovementNest): partition sizes,
parent share, distributed multicast, bypass, outermost bypassed levels, peers.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

from harness.errors import InvalidMapping
from harness.model.arithmetic import running_sum
from harness.model.served import Served, ServedByKind, Tile, in_order

_U64 = 2**64


@dataclass(slots=True)
class Movement:
    """One tensor at one storage level after all steps. Zero ``size`` means: not held here.

    ``shape`` is the tile's size before distribution (what counts against the capacity);
    ``content_accesses`` the accesses by children; ``parent_share`` the words from the parent;
    ``peer_accesses``/``peer_fills`` those to and from neighbours. All per instance.
    """

    size: int
    shape: int
    served: ServedByKind
    distributed: ServedByKind
    content_accesses: float
    link_transfers: float
    replication: float
    fanout: int
    no_coalesce: bool
    rmw_first_update: bool
    partition: int = 0
    parent_share: float = 0.0
    peer_accesses: float = 0.0
    peer_fills: float = 0.0
    partition_denominator: int = field(default=0)


def held(keep: list[bool], no_coalesce: list[bool]) -> list[bool]:
    """For each storage level whether it holds words of the tensor; as the steps below leave it."""
    backed = False
    result = []
    for kept, passes in zip(reversed(keep), reversed(no_coalesce), strict=True):
        backed = backed or (kept and not passes)
        result.append(kept and backed)
    result.reverse()
    return result


def total(served: ServedByKind) -> float:
    words = 0.0
    for _, record in in_order(served):
        words += record.accesses
    return words


def collapse(
    tiles: list[Tile], keep: list[bool], distribution_supported: list[bool], tensor: str
) -> list[Movement]:
    """All steps for one tensor. ``keep`` and ``distribution_supported`` by storage level.

    Raises InvalidMapping where Timeloop gives up.
    """
    levels = [_movement(tile) for tile in tiles]
    for inner, tile in zip(levels[:-1], tiles[1:], strict=True):
        inner.partition_denominator = inner.size if tile.master_size is None else tile.master_size
    _set_partitions(levels)
    _set_parent_shares(levels)
    _distribute(levels, distribution_supported, tensor)
    _mask(levels, keep)
    _mask_outermost(levels, keep)
    _add_peers(levels)
    return levels


def _movement(tile: Tile) -> Movement:
    return Movement(
        size=tile.size,
        shape=tile.size,
        served=tile.served,
        distributed={},
        content_accesses=total(tile.served),
        link_transfers=tile.link_transfers,
        replication=tile.replication,
        fanout=tile.fanout,
        no_coalesce=tile.no_coalesce,
        rmw_first_update=tile.rmw_first_update,
    )


def _set_partitions(levels: list[Movement]) -> None:
    """Distinct words that ever pass through one instance, in integer arithmetic from the outside in."""
    partition = levels[-1].size
    levels[-1].partition = partition
    for level in reversed(levels[:-1]):
        if level.partition_denominator:
            partition = partition * level.size // level.partition_denominator
        level.partition = partition


def _set_parent_shares(levels: list[Movement]) -> None:
    """Words that each child receives on average: served words x group members / fan-out."""
    for child, parent in pairwise(levels):
        for (multicast, _), s in in_order(parent.served):
            child.parent_share += (s.accesses * multicast) / parent.fanout


def _distribute(levels: list[Movement], supported: list[bool], tensor: str) -> None:
    """Distributed multicast: a parent scatters the parts of a tile over a group, whose members share them.

    Done for the first pair of levels with a group of more than one.
    """
    for number in range(len(levels) - 1):
        if not supported[number]:
            continue
        inner, outer = levels[number], levels[number + 1]
        if len(outer.served) != 1 or len(inner.served) != 1:
            raise InvalidMapping(
                f"distributed multicast of {tensor} is not defined for instances that are served unequally"
            )
        ((multicast, scatter), of_outer), of_inner = next(iter(outer.served.items())), _only(inner.served)
        if multicast <= 1:
            continue
        outer.served = {(1, multicast * scatter): Served(of_outer.accesses, of_outer.unicast_hops)}
        outer.distributed = {
            (multicast, scatter): Served(
                of_inner.accesses, of_outer.hops * of_inner.accesses / of_outer.accesses
            )
        }
        inner.size = 1 + (inner.size - 1) % _U64 // multicast
        inner.partition = 1 + (inner.partition - 1) % _U64 // multicast
        inner.content_accesses = 1 + (inner.content_accesses - 1) / multicast
        inner.parent_share = 1 + (inner.parent_share - 1) / multicast
        return


def _only(served: ServedByKind) -> Served:
    (record,) = served.values()
    return record


def _mask(levels: list[Movement], keep: list[bool]) -> None:
    """Bypass: the next outer level serves the children of a bypassed one instead."""
    for number, level in enumerate(levels):
        if level.size == 0 or (keep[number] and not level.no_coalesce):
            continue
        if number == len(levels) - 1:
            _forget_buffer(level)
            break
        outer = levels[number + 1]
        everyone = level.content_accesses * outer.fanout
        weighted = running_sum(s.accesses * multicast for (multicast, _), s in in_order(outer.served))
        for s in outer.served.values():
            if s.accesses == 0:
                continue
            s.accesses *= everyone / weighted
            outer.link_transfers = 0.0
        outer.content_accesses = total(outer.served)
        if not keep[number]:
            _forget_buffer(level)


def _forget_buffer(level: Movement) -> None:
    """Wipe what concerns the buffer; what concerns its network stays."""
    level.size = level.shape = level.partition = 0
    level.content_accesses = level.parent_share = 0.0


def _mask_outermost(levels: list[Movement], keep: list[bool]) -> None:
    """Bypassed levels outside the outermost kept one vanish; that one becomes the backing store."""
    for number in reversed(range(len(levels))):
        level = levels[number]
        if keep[number] and not level.no_coalesce:
            level.parent_share = 0.0
            return
        _forget_buffer(level)
        level.served = {}
        level.link_transfers = 0.0
        level.fanout = 0
        level.rmw_first_update = level.no_coalesce = False


def _add_peers(levels: list[Movement]) -> None:
    """Words that neighbours pass on are read at one and written at another of the child's instances."""
    for child, parent in pairwise(levels):
        if parent.link_transfers:
            share = parent.link_transfers / child.replication
            child.peer_accesses += share
            child.peer_fills += share
