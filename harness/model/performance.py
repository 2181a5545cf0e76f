"""Cycles of a storage level: compute cycles, stretched where its bandwidth does not suffice.

Source: Timeloop buffer.cpp (ComputePerformance). Bandwidths in words per cycle and instance. Levels do
not add up: the slowest decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.model.accesses import Accesses
from harness.model.arithmetic import running_sum, unsigned
from harness.spec.architecture import StorageLevel


@dataclass(frozen=True, slots=True)
class LevelPerformance:
    """``bandwidths`` by tensor: (read, write, shared) really used. ``limit``: what slows down, or None."""

    cycles: int
    slowdown: float
    bandwidths: tuple[tuple[float, float, float], ...]
    limit: str | None


def level_performance(
    level: StorageLevel,
    scales: tuple[float, ...],
    accesses: list[Accesses],
    spread: float,
    compute_cycles: int,
) -> LevelPerformance:
    """``accesses`` of one instance and ``scales`` of the bandwidth, by tensor.

    ``spread``: mapped instances for each one in use on average.
    """
    reads, writes = [], []
    for counts, factor in zip(accesses, scales, strict=True):
        reads.append(math.ceil(counts.reads / spread) / compute_cycles * factor)
        writes.append(math.ceil(unsigned(counts.fills + counts.updates) / spread) / compute_cycles * factor)
    slowdown, limit = _slowdown(level, running_sum(reads), running_sum(writes))
    return LevelPerformance(
        cycles=math.ceil(compute_cycles / slowdown),
        slowdown=slowdown,
        bandwidths=tuple(
            [(slowdown * r, slowdown * w, slowdown * (r + w)) for r, w in zip(reads, writes, strict=True)]
        ),
        limit=limit,
    )


def slowdown_of(
    level: StorageLevel, reads: list[float], writes: list[float], compute_cycles: int
) -> tuple[float, str | None, int]:
    """The slowdown, what limits and the cycles for these demands by tensor (words per cycle)."""
    slowdown, limit = _slowdown(level, running_sum(reads), running_sum(writes))
    return slowdown, limit, math.ceil(compute_cycles / slowdown)


def _slowdown(level: StorageLevel, reads: float, writes: float) -> tuple[float, str | None]:
    """The share of its speed that the level's bandwidths allow, and the one that decides."""
    slowdown, limit = 1.0, None
    for kind, available, wanted in (
        ("read", level.read_bandwidth, reads),
        ("write", level.write_bandwidth, writes),
        ("shared", level.shared_bandwidth, writes + reads),
    ):
        if available is not None and available < wanted and available / wanted < slowdown:
            slowdown, limit = available / wanted, kind
    return slowdown, limit
