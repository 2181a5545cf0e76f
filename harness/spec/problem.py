"""The tensor operation to map: Timeloop's problem (einsum), its data spaces and their projections."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

from harness.spec.density import DENSE, Density


@dataclass(frozen=True, slots=True)
class Term:
    """``coefficient * dimension``, one summand of a rank. The coefficient is the instance's value."""

    dimension: str
    coefficient: int = 1


Rank = tuple[Term, ...]
"""One rank (axis) of a tensor: a sum of terms. More than one term makes a sliding window."""


@dataclass(frozen=True)
class DataSpace:
    """A tensor: its name, its ranks, and whether it is written (an output, reduced into)."""

    name: str
    ranks: tuple[Rank, ...]
    read_write: bool = False

    @cached_property
    def dimensions(self) -> frozenset[str]:
        """The problem dimensions that this tensor is indexed by."""
        return frozenset(t.dimension for rank in self.ranks for t in rank)


@dataclass(frozen=True)
class Problem:
    """An operation space: dimensions with their bounds, and the data spaces that it touches.

    ``dimensions`` keep the order of the specification: Timeloop's dimension ids, which decide the order
    of unit loops and of enumeration. ``bounds[i]`` is the size of ``dimensions[i]``. ``densities`` are by
    data space; those that are not named are dense. Without sparse optimisations they change no figure.
    """

    name: str
    dimensions: tuple[str, ...]
    bounds: tuple[int, ...]
    data_spaces: tuple[DataSpace, ...]
    densities: tuple[tuple[str, Density], ...] = ()

    @cached_property
    def bound(self) -> dict[str, int]:
        return dict(zip(self.dimensions, self.bounds, strict=True))

    @property
    def macs(self) -> int:
        """Number of points of the operation space: the elementwise operations (computes)."""
        return math.prod(self.bounds)

    @cached_property
    def has_sliding_windows(self) -> bool:
        """True when some rank is a sum of dimensions or has a coefficient other than 1.

        Dimensions of bound 1 do not count: they never move, so the matrix multiplication in eight
        dimensions (R = S = 1) has no sliding windows.
        """
        return any(_slides(rank, self.bound) for ds in self.data_spaces for rank in ds.ranks)

    def data_space(self, name: str) -> DataSpace:
        return next(ds for ds in self.data_spaces if ds.name == name)

    def density_of(self, name: str) -> Density:
        return next((density for tensor, density in self.densities if tensor == name), DENSE)


def _slides(rank: Rank, bound: dict[str, int]) -> bool:
    moving = [term for term in rank if bound[term.dimension] > 1]
    return len(moving) > 1 or any(term.coefficient != 1 for term in moving)
