"""A square matrix whose words are non-zero within a band along the diagonal.

Source: Timeloop workload/density-models/banded-distribution.cpp. Tiles lie on the grid of their own size;
rows of tiles far enough from both corners are alike and are counted once. What Timeloop asserts is refused
here. It looks at tile after tile; here tiles on the same diagonal of the grid are looked at once.
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
Wholes = npt.NDArray[np.int64]

MOST_ROWS = 1 << 20
"""Larger matrices are refused: a grid has up to twice as many diagonals as the matrix has rows."""


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
        beside = 2 * self.side * self.band_width - self.band_width * (self.band_width + 1)
        return (self.side + beside) / (self.side * self.side)

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

    def _place_of(self, box: Box, occupancy: int) -> Box:
        """The first place on the grid, row by row, where a tile of this shape has this occupancy."""
        (low0, low1), (high0, high1) = box
        self._check_cut(high0, high1)
        place = _first_places(self.side, self.band_width, box).get(occupancy)
        if place is None:
            raise InvalidMapping(
                f"no tile of {high0} x {high1} words of a banded tensor has {occupancy} non-zeros"
            )
        down, right = place
        return (low0 + down, low1 + right), (high0 + down, high1 + right)

    def _check_cut(self, height: int, width: int) -> None:
        if self.side % height or self.side % width:
            raise InvalidMapping(
                f"a banded tensor of side {self.side} is not cut evenly by tiles of {height} x {width}"
            )

    def _empty_within(self, box: Box, around: Box) -> float:
        """The share of tiles of the shape of ``box`` within ``around`` that are empty."""
        (low0, _), (high0, high1) = box
        (from0, from1), (to0, to1) = around
        if (to0 - from0) * (to1 - from1) == 0:
            return 1.0
        self._check_cut(high0, high1)
        grid = _Grid((to0 - from0) // high0, (to1 - from1) // high1, high0, high1)
        if grid.tiles == 0:
            raise InvalidMapping(
                f"tiles of {high0} x {high1} words do not fit into a banded tile around them"
            )
        # The reference takes the first row for the first column; tiles begin at 0 anyway.
        height, width, below = high0 - low0, high1 - low0, from0 - from1
        if self.slips:
            height, width, below = height - from0, width - from1, 2 * below
        if height <= 0 or width <= 0:
            return 1.0
        # The words of a tile are from below - width + 1 to below + height - 1 below the diagonal.
        beneath = grid.at_least(self.band_width + width - below)
        above = grid.turned.at_least(self.band_width + height + below)
        return (beneath + above) / grid.tiles


def banded(box: Box, band_width: int, tensor: str, slips: bool) -> Banded:
    """Raises SpecError for a tensor that is not a square matrix, Unsupported beyond :data:`MOST_ROWS`."""
    low, high = box
    if len(high) != 2 or high[0] != high[1] or any(low):
        raise SpecError(f"{tensor}: a banded density needs a square matrix")
    if high[0] > MOST_ROWS:
        raise Unsupported(
            f"{tensor}: a banded density of {high[0]:,} rows; the figures are computed up to {MOST_ROWS:,}"
        )
    return Banded(high[0], band_width, slips)


@dataclass(frozen=True)
class _Grid:
    """``rows`` x ``columns`` tiles of ``height`` x ``width`` words. Tile (r, c) begins ``r height - c width``
    below the diagonal of its corner; tiles of which this is the same lie on one diagonal of the grid.
    """

    rows: int
    columns: int
    height: int
    width: int

    @property
    def tiles(self) -> int:
        return self.rows * self.columns

    @property
    def turned(self) -> _Grid:
        return _Grid(self.columns, self.rows, self.width, self.height)

    @property
    def step(self) -> tuple[int, int]:
        """Rows and columns from a tile to the next one of its diagonal."""
        common = math.gcd(self.height, self.width)
        return self.width // common, self.height // common

    def first_tiles(self) -> tuple[Wholes, Wholes]:
        """Rows and columns of the first tiles of all diagonals, row by row."""
        down, right = self.step
        upper, left = min(down, self.rows), min(right, self.columns)
        rows = (np.repeat(np.arange(upper), self.columns), np.repeat(np.arange(upper, self.rows), left))
        columns = (np.tile(np.arange(self.columns), upper), np.tile(np.arange(left), self.rows - upper))
        return np.concatenate(rows), np.concatenate(columns)

    def lengths(self, rows: Wholes, columns: Wholes, above: int) -> Wholes:
        """How many tiles of the diagonals that begin at these tiles lie above the row ``above``."""
        down, right = self.step
        steps = np.minimum((min(above, self.rows) - 1 - rows) // down, (self.columns - 1 - columns) // right)
        lengths: Wholes = np.maximum(steps + 1, 0)
        return lengths

    def at_least(self, below: int) -> int:
        """How many tiles begin at least ``below`` below the diagonal."""
        return self._left_of(below) - self._left_of(below + self.columns * self.width)

    def _left_of(self, below: int) -> int:
        """As many as :meth:`at_least` finds, if the rows went on to the right for ever."""
        first = max(0, -((self.width - below) // self.height))
        if first >= self.rows:
            return 0
        left = first * self.height - below + self.width
        return _sum_of_quotients(self.rows - first, self.height, left, self.width)


def _sum_of_quotients(terms: int, slope: int, start: int, divisor: int) -> int:
    """The sum of ``(slope i + start) // divisor`` for ``i`` from 0 on; by Euclid's algorithm."""
    total = 0
    while True:
        total += terms * (terms - 1) // 2 * (slope // divisor) + terms * (start // divisor)
        slope, start = slope % divisor, start % divisor
        reached = slope * terms + start
        if reached < divisor:
            return total
        terms, start = divmod(reached, divisor)
        slope, divisor = divisor, slope


def _nonzeros(band_width: int, height: int, width: int, below: Wholes) -> Wholes:
    """Of tiles of ``height`` x ``width`` words whose corners are ``below`` below the diagonal."""

    def triangle(side: Wholes) -> Wholes:
        side = np.maximum(side, 0)
        words: Wholes = side * (side + 1) // 2
        return words

    def up_to(right: Wholes) -> Wholes:
        """Words at most so far right of the diagonal of the corner."""
        return (
            triangle(right + height) - triangle(right)
            - triangle(right + height - width) + triangle(right - width)
        )  # fmt: skip

    if height <= 0 or width <= 0:
        return np.zeros_like(below)
    return up_to(below + band_width) - up_to(below - band_width - 1)


@dataclass(frozen=True)
class _Diagonals:
    """Of the grid of tiles that cut a matrix, as far as its rows are not alike: the first tiles of all
    diagonals and how many words of each are not zero.
    """

    grid: _Grid
    rows: Wholes
    columns: Wholes
    nonzeros: Wholes


def _diagonals(side: int, band_width: int, box: Box) -> _Diagonals:
    (low0, low1), (high0, high1) = box
    rows = min(_rows_near_corner(band_width, high0) + 1, side // high0)
    grid = _Grid(rows, side // high1, high0, high1)
    first_rows, first_columns = grid.first_tiles()
    below = low0 - low1 + first_rows * high0 - first_columns * high1
    nonzeros = _nonzeros(min(band_width, side), high0 - low0, high1 - low1, below)
    return _Diagonals(grid, first_rows, first_columns, nonzeros)


def _rows_near_corner(band_width: int, height: int) -> int:
    return -(-band_width // height)


@lru_cache(maxsize=256)
def _first_places(side: int, band_width: int, box: Box) -> dict[int, tuple[int, int]]:
    """By occupancy the words down and right to the first tile that has it, row by row."""
    found = _diagonals(side, band_width, box)
    occupancies, first = np.unique(found.nonzeros, return_index=True)
    down = found.rows[first] * found.grid.height
    right = found.columns[first] * found.grid.width
    return dict(zip(occupancies.tolist(), zip(down.tolist(), right.tolist(), strict=True), strict=True))


@lru_cache(maxsize=1 << 10)
def _distribution(side: int, band_width: int, box: Box) -> dict[int, float]:
    """The probabilities of the occupancies of a tile on the grid of its size."""
    _, (high0, high1) = box
    rows, columns = side // high0, side // high1
    if rows * columns == 0:
        raise InvalidMapping(f"a tile of {high0} x {high1} words exceeds a banded tensor of side {side}")
    near_corner = _rows_near_corner(band_width, high0)
    alike = max(rows - 2 * near_corner, 0)
    both_corners = 2 if near_corner != rows else 1
    found = _diagonals(side, band_width, box)
    near = found.grid.lengths(found.rows, found.columns, near_corner)
    others = found.grid.lengths(found.rows, found.columns, found.grid.rows) - near
    tiles = near * both_corners + others * alike
    occupancies, of = np.unique(found.nonzeros, return_inverse=True)
    counts = np.zeros(len(occupancies), dtype=np.int64)
    np.add.at(counts, of, tiles)
    # Empty tiles are among the possible ones, if only with probability 0.
    shares = {0: 0.0}
    for occupancy, count in zip(occupancies.tolist(), counts.tolist(), strict=True):
        shares[occupancy] = count / (rows * columns)
    return shares
