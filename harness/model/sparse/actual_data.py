"""A tensor whose words that are not zero are known one by one: all answers by counting.

Tiles lie on the grid of their own size, from the first word of the tensor on; at the far edges they may be
cut off. Tiles within a tile lie on the grid of their size from its first word on. This project's own: the
public Timeloop has no such model.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from harness.errors import InvalidMapping
from harness.model.geometry import Box
from harness.model.sparse.densities import Tile
from harness.spec.zero_pattern import ZeroPattern

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]
Places = npt.NDArray[np.int64] | npt.NDArray[np.int32]
Sizes = tuple[int, ...]

_REMEMBERED = 4096


@dataclass(frozen=True, slots=True)
class Distribution:
    """How often which occupancy occurs: ``occupancies`` ascending, ``tiles`` with each of them."""

    occupancies: Integers
    tiles: Integers

    @property
    def all_tiles(self) -> int:
        return int(self.tiles.sum())


@dataclass(eq=False)
class ActualData:
    """``shape`` of the tensor in all its ranks, ``nonzeros`` the number of its words that are not zero,
    ``places`` where each of them lies in each rank. Remembers what it has counted, by sizes of tiles."""

    shape: Sizes
    nonzeros: int
    places: tuple[Places, ...] = field(repr=False)
    name: str = "actual_data"
    _distributions: dict[Sizes, Distribution] = field(default_factory=dict, repr=False)
    _empty: dict[tuple[Sizes, Sizes], dict[int, float]] = field(default_factory=dict, repr=False)

    def most_occupancy(self, tile: Tile, confidence: float = 1.0) -> int:
        """The least number that so large a share of the tiles does not exceed."""
        if tile.words == 0:
            return 0
        counted = self.distribution(_sizes(tile))
        reached = np.cumsum(counted.tiles) / counted.all_tiles
        place = int(np.searchsorted(reached, confidence * (1 - 1e-12)))
        return int(counted.occupancies[min(place, len(reached) - 1)])

    def room_needed(self, tile: Tile) -> int:
        return self.most_occupancy(tile)

    def least_occupancy(self, tile: Tile, words: int) -> int:
        return 0 if tile.words == 0 else int(self.distribution(_sizes(tile)).occupancies[0])

    def occupancies(self, tile: Tile, least: int, most: int) -> list[tuple[int, float]]:
        if tile.words == 0:
            return [(0, 1.0)]
        counted = self.distribution(_sizes(tile))
        total = counted.all_tiles
        pairs = zip(counted.occupancies.tolist(), counted.tiles.tolist(), strict=True)
        return [(n, tiles / total) for n, tiles in pairs if least <= n <= most]

    def probability(self, tile: Tile, occupancy: int) -> float:
        return dict(self.occupancies(tile, occupancy, occupancy)).get(occupancy, 0.0)

    def empty_given(self, tile: Tile, around: Tile, words: int, occupancies: Sequence[int]) -> Floats:
        if tile.words == 0:
            return np.ones(len(occupancies))
        shares = self._empty_within(_sizes(tile), _sizes(around))
        try:
            return np.array([shares[n] for n in occupancies])
        except KeyError as missing:
            raise InvalidMapping(
                f"no tile of {' x '.join(map(str, _sizes(around)))} words of the actual data has "
                f"{missing.args[0]} non-zeros"
            ) from None

    def expected_occupancy(self, tile: Tile) -> float:
        return 0.0 if tile.words == 0 else self.nonzeros / self._tiles(_sizes(tile))

    def most_elements(self, fiber: Tile, element: Tile) -> int:
        if element.words == 0 or fiber.words % element.words:
            raise InvalidMapping(
                f"a fiber of {fiber.words} words cannot be cut into elements of {element.words} words"
            )
        fibers, _, filled = self._filled_within(_sizes(element), _sizes(fiber))
        return int(filled.max()) if len(fibers) else 0

    def distribution(self, sizes: Sizes) -> Distribution:
        """Over all tiles of these sizes."""
        known = self._distributions.get(sizes)
        if known is None:
            _, counts = np.unique(self._numbers(sizes), return_counts=True)
            occupancies, tiles = np.unique(counts, return_counts=True)
            empty = self._tiles(sizes) - len(counts)
            if empty:
                occupancies, tiles = np.insert(occupancies, 0, 0), np.insert(tiles, 0, empty)
            known = Distribution(occupancies.astype(np.int64), tiles.astype(np.int64))
            if len(self._distributions) >= _REMEMBERED:
                self._distributions.clear()
            self._distributions[sizes] = known
        return known

    def _tiles(self, sizes: Sizes) -> int:
        return math.prod(-(-extent // size) for extent, size in zip(self.shape, sizes, strict=True))

    def _numbers(self, sizes: Sizes) -> Integers:
        """For each word that is not zero the number of its tile."""
        numbers = np.zeros(self.nonzeros, dtype=np.int64)
        for extent, size, places in zip(self.shape, sizes, self.places, strict=True):
            numbers = numbers * -(-extent // size) + places // size
        return numbers

    def _filled_within(self, inner: Sizes, outer: Sizes) -> tuple[Integers, Integers, Integers]:
        """Of the outer tiles that are not empty: their numbers, their words that are not zero, and how many
        inner tiles within them are not empty."""
        around, words = np.unique(self._numbers(outer), return_counts=True)
        within = self._numbers(outer)
        for size, inside, places in zip(outer, inner, self.places, strict=True):
            within = within * -(-size // inside) + places % size // inside
        each = math.prod(-(-size // inside) for size, inside in zip(outer, inner, strict=True))
        _, filled = np.unique(np.unique(within) // each, return_counts=True)
        return around, words.astype(np.int64), filled.astype(np.int64)

    def _empty_within(self, inner: Sizes, outer: Sizes) -> dict[int, float]:
        """By occupancy of the outer tile: the share of the inner tiles in such outer ones that are empty."""
        known = self._empty.get((inner, outer))
        if known is None:
            around, words, filled = self._filled_within(inner, outer)
            parts = self._parts(around, inner, outer)
            known = {0: 1.0}
            for occupancy in np.unique(words).tolist():
                alike = words == occupancy
                known[occupancy] = float(1 - filled[alike].sum() / parts[alike].sum())
            if len(self._empty) >= _REMEMBERED:
                self._empty.clear()
            self._empty[inner, outer] = known
        return known

    def _parts(self, around: Integers, inner: Sizes, outer: Sizes) -> Integers:
        """How many inner tiles each of these outer ones has; those at the far edges may be cut off."""
        parts = np.ones(len(around), dtype=np.int64)
        left = around
        for extent, size, inside in zip(self.shape[::-1], outer[::-1], inner[::-1], strict=True):
            left, place = np.divmod(left, -(-extent // size))
            parts *= -(-np.minimum(size, extent - place * size) // inside)
        return parts


def _sizes(tile: Tile) -> Sizes:
    low, high = tile.box
    return tuple(to - start for start, to in zip(low, high, strict=True))


def actual_data(pattern: ZeroPattern, axes: tuple[int, ...], whole: Box) -> ActualData:
    """``axes`` are the ranks that the axes of the pattern are; the others have a single word."""
    shape = tuple(high - low for low, high in zip(*whole, strict=True))
    nonzeros = len(pattern.nonzeros)
    # Kept as long as a search remembers the model, so no wider than needed; the zeros take no room at all.
    places: list[Places] = [np.broadcast_to(np.int64(0), (nonzeros,))] * len(shape)
    for axis, of_axis in zip(axes, np.unravel_index(pattern.nonzeros, pattern.shape), strict=True):
        narrow = shape[axis] < np.iinfo(np.int32).max
        places[axis] = of_axis.astype(np.int32) if narrow else of_axis.astype(np.int64)
    return ActualData(shape, nonzeros, tuple(places))
