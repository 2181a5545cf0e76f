"""Reads, fills, updates and temporal reductions of one tensor at one level.

Source: Timeloop tiling.cpp (ComputeReadUpdateReductionAccesses_Legacy). Read-only tensors are read by
children and filled by the parent. Written tensors are updated by children; every update but the first of
each word needs a read (first-read elision), and a tile that comes back from the parent was filled.
Counts are per instance; halves are rounded away from zero, fills of read-only tensors are truncated.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import InvalidMapping
from harness.model.arithmetic import rounded, unsigned
from harness.model.compat import Artefacts
from harness.model.tiles import Movement


@dataclass(frozen=True, slots=True)
class Accesses:
    reads: int = 0
    fills: int = 0
    updates: int = 0
    temporal_reductions: int = 0


def split_accesses(
    levels: list[Movement], written: bool, tensor: str, artefacts: Artefacts
) -> list[Accesses]:
    """The accesses of ``tensor`` at every storage level, innermost first."""
    outermost = max((i for i, level in enumerate(levels) if level.size > 0), default=-1)
    result = []
    for number, level in enumerate(levels):
        if level.size == 0:
            result.append(Accesses())
        elif written:
            result.append(_written(level, number == outermost, tensor, artefacts))
        else:
            reads = rounded(level.content_accesses + level.peer_accesses)
            result.append(Accesses(reads=reads, fills=int(level.parent_share + level.peer_fills)))
    return result


def _written(level: Movement, outermost: bool, tensor: str, artefacts: Artefacts) -> Accesses:
    touched = level.content_accesses + level.peer_accesses
    if touched < level.partition:
        raise InvalidMapping(f"{tensor}: fewer accesses ({touched:g}) than words ({level.partition})")
    updates = rounded(level.content_accesses)
    if level.no_coalesce:
        both = rounded(touched)
        return Accesses(reads=both, fills=both, updates=updates, temporal_reductions=both)
    received = level.parent_share + level.peer_fills
    if level.rmw_first_update:
        reads = rounded(touched)
        return Accesses(reads=reads, fills=rounded(received), updates=updates, temporal_reductions=reads)
    reads = rounded(touched - level.partition)
    fills = rounded(received) if outermost else rounded(received - level.partition)
    if fills < 0:
        # Some instances of an imperfect spatial loop get less on average than the partition deducted.
        fills = unsigned(fills) if artefacts.negative_fills_wrap else 0
    return Accesses(reads=reads, fills=fills, updates=updates, temporal_reductions=reads)
