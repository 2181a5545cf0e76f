"""Tiling levels: where a dimension may be split.

Each storage level has one temporal tiling level; if the hardware fans out from it to the next inner level
it has a spatial one below that. Order: innermost first (Timeloop ``mapping/arch-properties.cpp``).
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.spec.architecture import Architecture
from harness.spec.constraints import BlockConstraint, Constraints


@dataclass(frozen=True, slots=True)
class TilingLevel:
    """One place for a factor of every dimension. ``storage`` counts storage levels from the inside."""

    storage: int
    storage_name: str
    spatial: bool
    fanout_x: int
    fanout_y: int
    constraint: BlockConstraint

    @property
    def two_dimensional(self) -> bool:
        return self.fanout_x > 1 and self.fanout_y > 1

    @property
    def name(self) -> str:
        return f"{self.storage_name} ({'spatial' if self.spatial else 'temporal'})"


def tiling_levels(architecture: Architecture, constraints: Constraints) -> tuple[TilingLevel, ...]:
    """All tiling levels of the architecture, innermost first, with what is demanded of each."""
    levels = []
    for index, storage in enumerate(architecture.storage):
        demanded = constraints.of(storage.name)
        fanout_x, fanout_y = architecture.fanout(index)
        if fanout_x * fanout_y > 1:
            spatial = demanded.spatial or BlockConstraint()
            levels.append(TilingLevel(index, storage.name, True, fanout_x, fanout_y, spatial))
        temporal = demanded.temporal or BlockConstraint()
        levels.append(TilingLevel(index, storage.name, False, 1, 1, temporal))
    return tuple(levels)
