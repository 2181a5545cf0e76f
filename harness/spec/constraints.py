"""What the user demands of a mapping, level by level."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.errors import Location


@dataclass(frozen=True, slots=True)
class FactorConstraint:
    """``dimension relation value``. With "=", 0 means the whole remaining dimension."""

    dimension: str
    relation: Literal["=", "<=", ">="]
    value: int
    location: Location | None = None
    residual: int | None = None


@dataclass(frozen=True, slots=True)
class BlockConstraint:
    """Demands on the temporal or the spatial block of one level.

    ``prefix`` are the innermost loops, ``suffix`` the outermost, both from inner to outer.
    """

    factors: tuple[FactorConstraint, ...] = ()
    prefix: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ()
    permutation_given: bool = False
    split: int | None = None
    default_max_factor: int | None = None
    default_min_factor: int | None = None
    remainders: tuple[int, ...] = ()
    no_reuse: frozenset[str] = frozenset()
    no_link_transfer: frozenset[str] = frozenset()
    rmw_first_update: frozenset[str] = frozenset()
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class LevelConstraints:
    """Everything demanded of one storage level."""

    level: str
    temporal: BlockConstraint | None = None
    spatial: BlockConstraint | None = None
    keep: frozenset[str] = frozenset()
    bypass: frozenset[str] = frozenset()
    no_coalesce: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Constraints:
    """Constraints of all levels that have any. ``min_parallelism`` is the least fraction of MACs in use."""

    levels: tuple[LevelConstraints, ...] = ()
    min_parallelism: float | None = None

    def of(self, level: str) -> LevelConstraints:
        for entry in self.levels:
            if entry.level == level:
                return entry
        return LevelConstraints(level)
