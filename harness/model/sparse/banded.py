"""A square matrix whose words are non-zero within a band along the diagonal.

Source: Timeloop workload/density-models/banded-distribution.cpp. Tiles lie on the grid of their own size;
rows of tiles far enough from both corners are alike and are counted once. What Timeloop asserts is refused
here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
import numpy.typing as npt

from harness.errors import InvalidMapping, SpecError, Unsupported
from harness.model.geometry import Box
from harness.model.sparse.densities import Tile

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Banded:
    """``side`` of the matrix; words up to ``band_width`` beside the diagonal are not zero.

    ``slips``: corners of tiles within a tile are counted twice as in the reference (docs/sparse.md).
    """

    side: int
    band_width: int
    slips: bool = True

    @property
    def name(self) -> str:
        return f"banded-{self.band_width}"

    @cached_property
    def density(self) -> float:
        total = self.side + sum((self.side - beside) * 2 for beside in range(1, self.band_width + 1))
        return total / (self.side * self.side)

    def most_occupancy(self, tile: Tile, confidence: float = 1.0) -> int:
        if tile.words == 0:
            return 0
        counts = sorted(self._distribution(tile.box).items(), reverse=True)
        left, place = 1.0, 0
        while left > confidence:
            place += 1
            if place == len(counts):
                raise Unsupported(f"the occupancy of a banded tensor at a confidence of {confidence:g}")
            left -= counts[place][1]
        return counts[place][0]

    def room_needed(self, tile: Tile) -> int:
        """At least one row of the band, wherever the tile lies (Timeloop's loose filter)."""
        return min(tile.words, 2 * self.band_width + 1)

    def least_occupancy(self, tile: Tile, words: int) -> int:
        """As in Timeloop none: empty tiles are among the possible ones, if only with probability 0."""
        return 0

    def occupancies(self, tile: Tile, least: int, most: int) -> list[tuple[int, float]]:
        if tile.words == 0:
            return [(0, 1.0)]
        found = sorted(self._distribution(tile.box).items())
        return [(n, p) for n, p in found if p != 0 and least <= n <= most]

    def probability(self, tile: Tile, occupancy: int) -> float:
        if tile.words == 0:
            return 1.0 if occupancy == 0 else 0.0
        return self._distribution(tile.box).get(occupancy, 0.0)

    def empty_given(self, tile: Tile, around: Tile, words: int, occupancies: Sequence[int]) -> Floats:
        if tile.words == 0:
            return np.ones(len(occupancies))
        return np.array([self._empty_within(tile.box, self._place_of(around.box, n)) for n in occupancies])

    def expected_occupancy(self, tile: Tile) -> float:
        return tile.words * self.density

    def most_elements(self, fiber: Tile, element: Tile) -> int:
        if element.words == 0 or fiber.words % element.words:
            raise InvalidMapping(
                f"a fiber of {fiber.words} words cannot be cut into elements of {element.words} words"
            )
        most = self.most_occupancy(fiber)
        empty = float(self.empty_given(element, fiber, fiber.words, [most])[0])
        return math.ceil(fiber.words // element.words * empty)

    def _distribution(self, box: Box) -> dict[int, float]:
        return _distribution(self.side, self.band_width, box)

    def _nonzeros(self, box: Box) -> int:
        return _nonzeros(self.band_width, box)

    def _place_of(self, box: Box, occupancy: int) -> Box:
        """A place on the grid where a tile of this shape has this occupancy."""
        (low0, low1), (high0, high1) = box
        if self.side % high0 or self.side % high1:
            raise InvalidMapping(
                f"a banded tensor of side {self.side} is not cut evenly by tiles of {high0} x {high1}"
            )
        rows, columns = self.side // high0, self.side // high1
        for row in range(min(math.ceil(self.band_width / high0) + 1, rows)):
            down = row * high0
            for column in range(columns):
                right = column * high1
                placed = (low0 + down, low1 + right), (high0 + down, high1 + right)
                if right > down + high0 - 1 + self.band_width:
                    if occupancy == 0:
                        return placed
                    break
                if self._nonzeros(placed) == occupancy:
                    return placed
        raise InvalidMapping(
            f"no tile of {high0} x {high1} words of a banded tensor has {occupancy} non-zeros"
        )

    def _empty_within(self, box: Box, around: Box) -> float:
        """The share of tiles of the shape of ``box`` within ``around`` that are empty."""
        (low0, _), (high0, high1) = box
        (from0, from1), (to0, to1) = around
        if (to0 - from0) * (to1 - from1) == 0:
            return 1.0
        if self.side % high0 or self.side % high1:
            raise InvalidMapping(
                f"a banded tensor of side {self.side} is not cut evenly by tiles of {high0} x {high1}"
            )
        columns, rows = (to1 - from1) // high1, (to0 - from0) // high0
        if rows * columns == 0:
            raise InvalidMapping(
                f"tiles of {high0} x {high1} words do not fit into a banded tile around them"
            )
        empty = 0
        for row in range(rows):
            down = from0 + row * high0
            for column in range(columns):
                right = from1 + column * high1
                low = (from0 + down, from1 + right) if self.slips else (down, right)
                empty += self._nonzeros((low, (high0 - low0 + down, high1 - low0 + right))) == 0
        return empty / (rows * columns)


def banded(box: Box, band_width: int, tensor: str, slips: bool) -> Banded:
    """Raises SpecError for a tensor that is not a square matrix."""
    low, high = box
    if len(high) != 2 or high[0] != high[1] or any(low):
        raise SpecError(f"{tensor}: a banded density needs a square matrix")
    return Banded(high[0], band_width, slips)


@lru_cache(maxsize=1 << 14)
def _nonzeros(band_width: int, box: Box) -> int:
    (low0, low1), (high0, high1) = box
    rows = np.arange(low0, max(high0, low0), dtype=np.int64)
    starts = np.maximum(low1, np.maximum(rows - band_width, 0))
    ends = np.minimum(high1, rows + band_width + 1)
    return int(np.maximum(ends - starts, 0).sum())


@lru_cache(maxsize=1 << 10)
def _distribution(side: int, band_width: int, box: Box) -> dict[int, float]:
    """The probabilities of the occupancies of a tile on the grid of its size."""
    (low0, low1), (high0, high1) = box
    rows, columns = side // high0, side // high1
    if rows * columns == 0:
        raise InvalidMapping(f"a tile of {high0} x {high1} words exceeds a banded tensor of side {side}")
    near_corner = math.ceil(band_width / high0)
    alike = max(rows - 2 * near_corner, 0)
    both_corners = 2 if near_corner != rows else 1
    counts: dict[int, int] = {0: 0}
    for row in range(min(near_corner + 1, rows)):
        weight = alike if row >= near_corner else both_corners
        down = row * high0
        for column in range(columns):
            right = column * high1
            if right > down + high0 - 1 + band_width:
                counts[0] += (columns - column) * weight
                break
            found = _nonzeros(band_width, ((low0 + down, low1 + right), (high0 + down, high1 + right)))
            counts[found] = counts.get(found, 0) + weight
    return {occupancy: count / (rows * columns) for occupancy, count in counts.items()}
