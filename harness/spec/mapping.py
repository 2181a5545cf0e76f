"""A mapping: for each storage level its loops, and which data spaces it keeps.

Order everywhere: levels from the innermost to the outermost, loops of a block from the innermost to the
outermost, as in Timeloop's permutation strings.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Loop:
    """One loop. ``factor`` iterations, ``residual`` in the last visit (equal for a perfect factor).

    ``axis`` is "" for a temporal loop, "X" or "Y" for a spatial one.
    """

    dimension: str
    factor: int
    residual: int
    axis: Literal["", "X", "Y"] = ""

    @property
    def perfect(self) -> bool:
        return self.factor == self.residual


@dataclass(frozen=True, slots=True)
class LevelMapping:
    """What one storage level does.

    The spatial block is the fan-out from this level to the next inner one and lies inside (below) the
    temporal block. Unit loops are left out. ``keep`` are the data spaces stored here, the others bypass.
    The four directive sets name data spaces (Timeloop's no_reuse, no_link_transfer, rmw_first_update).
    ``temporal_order`` and ``spatial_order`` name all dimensions in the order in which they were written, unit
    loops included, innermost first; empty where nobody wrote one. They matter to sparse optimisations only.
    ``split_hint`` is advice for the user, should the X loops of a hand-written mapping be too many; it is no
    part of the mapping.
    """

    level: str
    temporal: tuple[Loop, ...] = ()
    spatial: tuple[Loop, ...] = ()
    keep: frozenset[str] = frozenset()
    no_temporal_reuse: frozenset[str] = frozenset()
    no_multicast: frozenset[str] = frozenset()
    no_link_transfer: frozenset[str] = frozenset()
    rmw_first_update: frozenset[str] = frozenset()
    no_coalesce: frozenset[str] = frozenset()
    temporal_order: tuple[str, ...] = field(default=(), compare=False, repr=False)
    spatial_order: tuple[str, ...] = field(default=(), compare=False, repr=False)
    split_hint: str | None = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Mapping:
    """One :class:`LevelMapping` per storage level of the architecture, innermost first."""

    levels: tuple[LevelMapping, ...]

    def level(self, name: str) -> LevelMapping:
        return next(m for m in self.levels if m.level == name)


def dimension_size(mapping: Mapping, dimension: str) -> int:
    """The size that the loops over ``dimension`` make up, residuals included.

    From the outside in, each loop adds its residual in the last visit and its factor in the others
    (Timeloop mapping/parser.cpp, "Validity checks").
    """
    last = 0
    for level in reversed(mapping.levels):
        for loop in (*reversed(level.temporal), *reversed(level.spatial)):
            if loop.dimension == dimension:
                last = last * loop.factor + loop.residual - 1
    return last + 1
