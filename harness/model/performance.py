"""Cycles of a storage level: compute cycles, stretched where its bandwidth does not suffice.

Source: Timeloop buffer.cpp (ComputePerformance). Bandwidths in words per cycle and instance. Levels do
not add up: the slowest decides.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.model.accesses import Accesses
from harness.model.arithmetic import running_sum
from harness.spec.architecture import StorageLevel


@dataclass(frozen=True, slots=True)
class LevelPerformance:
    """``bandwidths`` by tensor: (read, write, shared) really used. ``limit``: what slows down, or None."""

    cycles: int
    slowdown: float
    bandwidths: tuple[tuple[float, float, float], ...]
    limit: str | None


@dataclass(frozen=True, slots=True)
class Demand:
    """What one tensor asks of one instance; ``instances`` in use on average of ``copies`` mapped ones."""

    tensor: str
    accesses: Accesses
    instances: float
    copies: int


def level_performance(level: StorageLevel, demands: list[Demand], compute_cycles: int) -> LevelPerformance:
    scale = dict(level.bandwidth_scale)
    reads, writes = [], []
    for demand in demands:
        counts, spread = demand.accesses, demand.copies / demand.instances
        factor = scale.get(demand.tensor, 1.0)
        reads.append(math.ceil(counts.reads / spread) / compute_cycles * factor)
        writes.append(math.ceil((counts.fills + counts.updates) / spread) / compute_cycles * factor)
    all_reads, all_writes = running_sum(reads), running_sum(writes)
    slowdown, limit = 1.0, None
    for kind, available, wanted in (
        ("read", level.read_bandwidth, all_reads),
        ("write", level.write_bandwidth, all_writes),
        ("shared", level.shared_bandwidth, all_writes + all_reads),
    ):
        if available is not None and available < wanted and available / wanted < slowdown:
            slowdown, limit = available / wanted, kind
    return LevelPerformance(
        cycles=math.ceil(compute_cycles / slowdown),
        slowdown=slowdown,
        bandwidths=tuple(
            (slowdown * r, slowdown * w, slowdown * (r + w)) for r, w in zip(reads, writes, strict=True)
        ),
        limit=limit,
    )
