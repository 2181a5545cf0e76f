"""Accesses of a parent by kind of group, where mappings of a chunk have several kinds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from harness.model.kernels.nest import Vector


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


class GroupsOfOneSize(Protocol):
    """``hops`` and ``unicast_hops`` summed over the groups."""

    @property
    def multicast(self) -> int: ...
    @property
    def scatter(self) -> int: ...
    @property
    def hops(self) -> float: ...
    @property
    def unicast_hops(self) -> float: ...


@dataclass(frozen=True)
class Entries:
    """Records of single mappings, one below the other; ``rows`` are the mappings."""

    rows: NDArray[np.intp]
    multicast: Vector
    groups: Vector
    accesses: Vector
    hops: Vector
    unicast_hops: Vector

    @staticmethod
    def of(rows: NDArray[np.intp], groups: GroupsOfOneSize, words: Vector) -> Entries:
        """``words`` to every one of ``groups``."""
        return Entries(
            rows,
            np.full(rows.size, float(groups.multicast)),
            np.full(rows.size, float(groups.scatter)),
            groups.scatter * words,
            groups.hops * words,
            groups.unicast_hops * words,
        )


def records_of(main: Record, further: Sequence[Entries]) -> list[Record]:
    """One record for each kind of groups that a mapping has, ascending by (multicast, groups) as in Timeloop,
    which adds up in this order; a mapping with fewer kinds has zeros in the later ones.

    ``main`` are all mappings' own records, ``further`` those that only some have.
    """
    further = [entries for entries in further if entries.rows.size]
    if not further:
        return [main]
    count = main.accesses.size
    chosen = np.zeros(count, dtype=bool)
    for entries in further:
        chosen[entries.rows] = True
    own = np.flatnonzero(chosen)
    without = np.zeros(own.size)
    parts = [
        Entries(
            own,
            main.multicast[own],
            main.groups[own],
            main.accesses[own],
            without if main.hops is None else main.hops[own],
            without if main.unicast_hops is None else main.unicast_hops[own],
        ),
        *further,
    ]
    kinds = _merged(parts)
    # The place of a record among those of its mapping.
    place = np.arange(kinds.rows.size) - np.searchsorted(kinds.rows, kinds.rows)
    records = []
    for slot in range(int(place.max()) + 1):
        mine = place == slot
        at = kinds.rows[mine]
        record = _copied(main) if slot == 0 else _absent(main)
        record.multicast[at], record.groups[at] = kinds.multicast[mine], kinds.groups[mine]
        record.accesses[at] = kinds.accesses[mine]
        if record.hops is not None and record.unicast_hops is not None:
            record.hops[at], record.unicast_hops[at] = kinds.hops[mine], kinds.unicast_hops[mine]
        records.append(record)
    return records


def _merged(parts: Sequence[Entries]) -> Entries:
    """One entry for each mapping and kind of groups, ascending."""
    columns = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Entries)}
    order = np.lexsort((columns["groups"], columns["multicast"], columns["rows"]))
    columns = {name: column[order] for name, column in columns.items()}
    fresh = np.ones(order.size, dtype=bool)
    fresh[1:] = False
    for name in ("rows", "multicast", "groups"):
        fresh[1:] |= columns[name][1:] != columns[name][:-1]
    starts = np.flatnonzero(fresh)
    return Entries(
        *(columns[name][starts] for name in ("rows", "multicast", "groups")),
        *(np.add.reduceat(columns[name], starts) for name in ("accesses", "hops", "unicast_hops")),
    )


def _copied(record: Record) -> Record:
    return Record(
        record.multicast.copy(),
        record.groups.copy(),
        record.accesses.copy(),
        None if record.hops is None else record.hops.copy(),
        None if record.unicast_hops is None else record.unicast_hops.copy(),
    )


def _absent(like: Record) -> Record:
    count = like.accesses.size
    return Record(
        np.ones(count),
        np.zeros(count),
        np.zeros(count),
        None if like.hops is None else np.zeros(count),
        None if like.unicast_hops is None else np.zeros(count),
    )


def total(records: list[Record]) -> Vector:
    """Accesses of all records, in their order."""
    words = records[0].accesses
    for record in records[1:]:
        words = words + record.accesses
    return words


def delivered(records: list[Record]) -> Vector:
    """Words that all children together receive, in the order of the records."""
    words = records[0].accesses * records[0].multicast
    for record in records[1:]:
        words = words + record.accesses * record.multicast
    return words
