"""The raw result of the loop-nest analysis for one tensor at one storage level, before bypassing."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Served:
    """Words served to groups of one kind. Hops are summed over the words ("weighted" in Timeloop)."""

    accesses: float = 0.0
    hops: float = 0.0
    unicast_hops: float = 0.0


ServedByKind = dict[tuple[int, int], Served]
"""By (multicast, scatter): members of a group, number of such groups."""


def in_order(served: ServedByKind) -> list[tuple[tuple[int, int], Served]]:
    """By multicast, then scatter: the order in which the reference adds up."""
    return list(served.items()) if len(served) < 2 else sorted(served.items(), key=lambda item: item[0])


@dataclass(slots=True)
class Tile:
    """One tensor at one storage level. Counts are averages per instance.

    ``replication`` are the instances in use on average,
    ``master_size`` is the tile of the whole fan-out (None without a spatial block).
    """

    size: int
    served: ServedByKind
    link_transfers: float
    replication: float
    fanout: int
    master_size: int | None
    rmw_first_update: bool = False
    no_coalesce: bool = False
    distributed: ServedByKind = field(default_factory=dict)
