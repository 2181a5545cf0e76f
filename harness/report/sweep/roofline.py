"""The roofline of a layer: MACs per byte that passes the outermost level, and what that level allows."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.engines.result import LevelDataSpace, LevelRecord, Result
from harness.sweep.job import LevelLimits

Direction = Literal["read", "write", "read and write"]


@dataclass(frozen=True)
class Traffic:
    """What passes one level in one direction, or in both where they share a bandwidth, in bytes of all
    instances.

    ``bytes_per_cycle`` is what its bandwidth allows, None where none is stated.
    """

    direction: Direction
    bytes: float
    bytes_per_cycle: float | None


@dataclass(frozen=True)
class RooflinePoint:
    """One layer in a roofline. ``units`` are the arithmetic instances: the most MACs that a cycle can do.

    With sparse optimisations ``macs`` are those that take a cycle.
    """

    level: str
    macs: int
    cycles: int
    units: int
    traffic: tuple[Traffic, ...]

    @property
    def busier(self) -> Traffic | None:
        """The direction that takes longer; where a bandwidth is unstated, None."""
        timed = [(t.bytes / t.bytes_per_cycle, t) for t in self.traffic if t.bytes_per_cycle]
        return max(timed, key=lambda pair: pair[0])[1] if timed else None

    @property
    def traffic_bytes(self) -> float:
        """Those of the busier direction, or of both where no bandwidth is stated."""
        busier = self.busier
        return busier.bytes if busier is not None else math.fsum(t.bytes for t in self.traffic)

    @property
    def intensity(self) -> float:
        """MACs per byte."""
        return self.macs / self.traffic_bytes if self.traffic_bytes else math.inf


def roofline_point(result: Result, limits: Sequence[LevelLimits]) -> RooflinePoint | None:
    """Of the outermost level. None without a mapping, and where the bits of a word or of metadata that move
    are not known: the real Timeloop tells the counts of metadata only.
    """
    if not result.levels or result.cycles is None or result.macs is None:
        return None
    outermost, unit = result.levels[-1], result.levels[0]
    computes = unit.computes
    own = next((limit for limit in limits if limit.name == outermost.name), None)
    if own is None:
        return None
    spaces = outermost.dataspaces.values()
    if any(_moves_unknown_bits(space) for space in spaces):
        return None
    reads = sum(_words(space, ("reads",), own.word_bits) for space in spaces)
    writes = sum(_words(space, ("fills", "updates"), own.word_bits) for space in spaces)
    directions: list[tuple[Direction, int, float | None]] = [
        ("read", reads, own.read_bandwidth),
        ("write", writes, own.write_bandwidth),
    ]
    if own.shared_bandwidth is not None:
        directions = [("read and write", reads + writes, own.shared_bandwidth)]
    return RooflinePoint(
        level=outermost.name,
        macs=result.macs if computes is None else computes.actual + computes.gated,
        cycles=result.cycles,
        units=unit.instances,
        traffic=tuple(
            _traffic(direction, words, bandwidth, outermost, own.word_bits)
            for direction, words, bandwidth in directions
        ),
    )


def _moves_unknown_bits(space: LevelDataSpace) -> bool:
    of = space.sparse
    if of is None:
        return False
    moved = [name for name, count in of.metadata.items() if count and not name.startswith("skipped_")]
    return any(name not in of.metadata_bits for name in moved)


def _words(space: LevelDataSpace, actions: tuple[str, ...], word_bits: int) -> int:
    """Those that take bandwidth: all, or with sparse optimisations those that happen or are gated, and the
    metadata of both.
    """
    of = space.sparse
    if of is None:
        return sum(getattr(space, action) for action in actions)
    names = [f"{kind}_{action}" for kind in ("actual", "gated") for action in actions]
    metadata = sum(of.metadata_bits.get(name, 0) for name in names)
    # A count that a slip of the reference sends below zero comes right again in the sum: they are unsigned.
    return (sum(of.accesses.get(name, 0) for name in names) + metadata // word_bits) % 2**64


def _traffic(
    direction: Direction,
    words: int,
    bandwidth: float | None,
    level: LevelRecord,
    word_bits: int,
) -> Traffic:
    """``words`` and ``bandwidth`` are those of one instance."""
    bytes_a_word = word_bits / 8
    return Traffic(
        direction,
        words * level.utilized_instances * bytes_a_word,
        None if bandwidth is None else bandwidth * level.instances * bytes_a_word,
    )
