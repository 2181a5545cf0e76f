"""What a density model answers about tiles of its tensor (Timeloop workload/density-models).

A tile is a box of words in the coordinates of the tensor. Where it lies is not said: the answers are
probabilities over all places. What may be known besides is how full the tile around it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np
import numpy.typing as npt

from harness.errors import InvalidMapping, Unsupported
from harness.model.arithmetic import unsigned
from harness.model.geometry import Box, box_size
from harness.model.sparse.hypergeometric import (
    empty_probabilities,
    probability,
    quantile,
    support,
)

Floats = npt.NDArray[np.float64]

MOST_SPREAD_WORDS = 1 << 32
"""Larger hypergeometric tensors are refused: the occupancies of a tile would be too many to look at."""


@dataclass(frozen=True)
class Tile:
    """A box of words, or none at all where a level does not hold the tensor."""

    box: Box

    @cached_property
    def words(self) -> int:
        return box_size(self.box)


class DensityModel(Protocol):
    """``name`` as Timeloop prints it. Equal models give equal answers, which may be remembered."""

    def __hash__(self) -> int: ...

    @property
    def name(self) -> str: ...

    def most_occupancy(self, tile: Tile, confidence: float = 1.0) -> int:
        """How many words of ``tile`` are not zero at most, with this confidence."""

    def room_needed(self, tile: Tile) -> int:
        """The words for which a search may refuse a packed tile before it is evaluated."""

    def least_occupancy(self, tile: Tile, words: int) -> int:
        """How many are not zero at least, of a tile of ``words`` words."""

    def occupancies(self, tile: Tile, least: int, most: int) -> list[tuple[int, float]]:
        """The possible numbers of non-zero words from ``least`` to ``most``, with their probabilities."""

    def probability(self, tile: Tile, occupancy: int) -> float: ...

    def empty_given(self, tile: Tile, around: Tile, words: int, occupancies: Sequence[int]) -> Floats:
        """The probabilities that ``tile`` is empty, for each of these occupancies of the tile around it."""

    def expected_occupancy(self, tile: Tile) -> float: ...

    def most_elements(self, fiber: Tile, element: Tile) -> int:
        """How many of the elements that make up ``fiber`` are not empty at most."""


def whole_elements(fiber: Tile, element: Tile) -> int:
    if element.words == 0 or fiber.words % element.words:
        raise InvalidMapping(
            f"a fiber of {fiber.words} words cannot be cut into elements of {element.words} words"
        )
    return fiber.words // element.words


@dataclass(frozen=True)
class FixedStructured:
    """Every tile has the density of the tensor; fractions are met by the two nearest whole numbers."""

    density: float
    name: str = "fixed_structured"

    def most_occupancy(self, tile: Tile, confidence: float = 1.0) -> int:
        exact = tile.words * self.density
        below = 1 - (exact - math.floor(exact))
        return math.floor(exact) if confidence <= below else math.ceil(exact)

    def room_needed(self, tile: Tile) -> int:
        return self.most_occupancy(tile)

    def least_occupancy(self, tile: Tile, words: int) -> int:
        if tile.words == 0:
            return 0
        share = math.floor(tile.words * self.density) / tile.words
        return math.floor(share * words)

    def occupancies(self, tile: Tile, least: int, most: int) -> list[tuple[int, float]]:
        exact = tile.words * self.density
        pairs = [(n, self.probability(tile, n)) for n in sorted({math.floor(exact), math.ceil(exact)})]
        return [(n, p) for n, p in pairs if p != 0 and least <= n <= most]

    def probability(self, tile: Tile, occupancy: int) -> float:
        return _nearest_two(tile.words * self.density, occupancy)

    def empty_given(self, tile: Tile, around: Tile, words: int, occupancies: Sequence[int]) -> Floats:
        return np.array([_nearest_two(tile.words * (n / words), 0) for n in occupancies])

    def expected_occupancy(self, tile: Tile) -> float:
        return tile.words * self.density

    def most_elements(self, fiber: Tile, element: Tile) -> int:
        return min(self.most_occupancy(fiber), whole_elements(fiber, element))


def _nearest_two(exact: float, occupancy: int) -> float:
    """The probability of ``occupancy`` when only the whole numbers beside ``exact`` occur."""
    above = exact - math.floor(exact)
    if math.floor(exact) == occupancy:
        return 1 - above
    return above if math.ceil(exact) == occupancy else 0.0


@dataclass(frozen=True)
class Hypergeometric:
    """The non-zero words lie anywhere in the tensor with equal probability.

    ``slips``: the least occupancy is as in the reference (docs/sparse.md, sparse_slips).
    """

    density: float
    words: int
    slips: bool = True
    name: str = "hypergeometric"

    @cached_property
    def nonzeros(self) -> int:
        return math.ceil(self.density * self.words)

    def most_occupancy(self, tile: Tile, confidence: float = 1.0) -> int:
        if confidence == 1.0:
            return min(tile.words, self.nonzeros)
        return quantile(confidence, self.nonzeros, tile.words, self.words)

    def room_needed(self, tile: Tile) -> int:
        return self.most_occupancy(tile)

    def least_occupancy(self, tile: Tile, words: int) -> int:
        if tile.words <= self.words - self.nonzeros:
            return 0
        if not self.slips:
            return tile.words - self.words + self.nonzeros
        # The first difference is one of unsigned numbers: below zero it is about 2^64, and what comes of it
        # is cut to 0 or remains above any occupancy.
        share = (float(unsigned(tile.words - self.words)) + self.nonzeros) / tile.words
        least = math.floor(share * words)
        return 0 if least >= 2**64 else least

    def occupancies(self, tile: Tile, least: int, most: int) -> list[tuple[int, float]]:
        first, values = support(self.nonzeros, tile.words, self.words)
        return [(n, p) for n, p in enumerate(values.tolist(), start=first) if p != 0 and least <= n <= most]

    def probability(self, tile: Tile, occupancy: int) -> float:
        return probability(occupancy, self.nonzeros, tile.words, self.words)

    def empty_given(self, tile: Tile, around: Tile, words: int, occupancies: Sequence[int]) -> Floats:
        return empty_probabilities(occupancies, tile.words, words)

    def expected_occupancy(self, tile: Tile) -> float:
        total = 0.0
        for n, p in self.occupancies(tile, 0, min(tile.words, self.nonzeros)):
            total += p * n
        return total

    def most_elements(self, fiber: Tile, element: Tile) -> int:
        return min(self.most_occupancy(fiber), whole_elements(fiber, element))


def hypergeometric(density: float, words: int, tensor: str, slips: bool) -> Hypergeometric:
    """Raises Unsupported for more words than :data:`MOST_SPREAD_WORDS`."""
    if words > MOST_SPREAD_WORDS:
        raise Unsupported(
            f"{tensor}: a hypergeometric density of {words:,} words; the figures are computed up to "
            f"{MOST_SPREAD_WORDS:,}"
        )
    return Hypergeometric(density, words, slips)
