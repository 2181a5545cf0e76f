"""Large tensors: counts in closed form equal those of looking at each tile; beyond a size a line says so."""

from __future__ import annotations

import math
from collections import Counter
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import InvalidMapping, Unsupported
from harness.model.geometry import Box
from harness.model.sparse.banded import MOST_ROWS, Banded, banded
from harness.model.sparse.densities import Tile

SIZES = st.integers(1, 24)


def nonzeros(band: int, box: Box) -> int:
    """Word by word."""
    (low0, low1), (high0, high1) = box
    return sum(abs(i - j) <= band for i in range(low0, high0) for j in range(low1, high1))


def shifted(box: Box, down: int, right: int) -> Box:
    (low0, low1), (high0, high1) = box
    return (low0 + down, low1 + right), (high0 + down, high1 + right)


def by_tiles(side: int, band: int, box: Box) -> dict[int, float]:
    """As Timeloop counts: the rows of tiles near the upper corner twice, one for all that are alike."""
    _, (high0, high1) = box
    rows, columns, near = side // high0, side // high1, math.ceil(band / high0)
    counts = Counter({0: 0})
    for row in range(min(near + 1, rows)):
        weight = max(rows - 2 * near, 0) if row >= near else 2 if near != rows else 1
        for column in range(columns):
            counts[nonzeros(band, shifted(box, row * high0, column * high1))] += weight
    return {n: count / (rows * columns) for n, count in counts.items()}


def first_place(side: int, band: int, box: Box, occupancy: int) -> Box | None:
    _, (high0, high1) = box
    for row in range(min(math.ceil(band / high0) + 1, side // high0)):
        for column in range(side // high1):
            placed = shifted(box, row * high0, column * high1)
            if nonzeros(band, placed) == occupancy:
                return placed
    return None


def empty_share(band: int, box: Box, around: Box, slips: bool) -> float:
    """``box`` begins at the origin."""
    _, (height, width) = box
    (from0, from1), (to0, to1) = around
    rows, columns = (to0 - from0) // height, (to1 - from1) // width
    empty = 0
    for row in range(rows):
        for column in range(columns):
            down, right = from0 + row * height, from1 + column * width
            low = (from0 + down, from1 + right) if slips else (down, right)
            empty += nonzeros(band, (low, (height + down, width + right))) == 0
    return empty / (rows * columns)


@settings(max_examples=150, deadline=None)
@given(st.data(), SIZES, st.integers(0, 30), st.booleans())
def test_banded_counts_are_those_of_looking_at_each_tile(
    data: st.DataObject, side: int, band: int, slips: bool
) -> None:
    model = Banded(side, band, slips)
    high = data.draw(st.tuples(*[st.integers(1, side)] * 2))
    low = data.draw(st.tuples(*[st.integers(0, most) for most in high]) | st.just((0, 0)))
    box: Box = (low, high)
    tile = Tile(box)
    expected = by_tiles(side, band, box)
    if tile.words:
        assert model.occupancies(tile, 0, side * side) == sorted((n, p) for n, p in expected.items() if p)
        assert model.most_occupancy(tile) == max(expected)
    assert model.density == sum(abs(i - j) <= band for i in range(side) for j in range(side)) / side**2 or (
        band >= side  # Timeloop's sum has no rows beyond the matrix, and goes below zero.
    )


@settings(max_examples=150, deadline=None)
@given(st.data(), SIZES, st.integers(0, 30), st.booleans())
def test_shares_of_empty_tiles_within_tiles_are_those_of_looking_at_each(
    data: st.DataObject, side: int, band: int, slips: bool
) -> None:
    model = Banded(side, band, slips)
    cuts = st.sampled_from([n for n in range(1, side + 1) if side % n == 0])
    outer = data.draw(st.tuples(cuts, cuts))
    inner = (data.draw(cuts.filter(lambda n: n <= outer[0])), data.draw(cuts.filter(lambda n: n <= outer[1])))
    around, box = Tile(((0, 0), outer)), Tile(((0, 0), inner))
    for occupancy in by_tiles(side, band, around.box):
        place = first_place(side, band, around.box, occupancy)
        if place is None:
            with pytest.raises(InvalidMapping, match=f"has {occupancy} non-zeros"):
                model.empty_given(box, around, around.words, [occupancy])
        else:
            found = model.empty_given(box, around, around.words, [occupancy])
            assert found.tolist() == [empty_share(band, box.box, place, slips)]


def test_a_long_band_is_counted_without_its_words() -> None:
    """Of a matrix of 2^40 words; single words are non-zero with the density of the matrix."""
    side, band = MOST_ROWS, 64
    model = banded(((0, 0), (side, side)), band, "A", False)
    words = side + 2 * sum(side - n for n in range(1, band + 1))
    whole = Tile(((0, 0), (side, side)))
    assert model.most_occupancy(whole) == words
    assert model.empty_given(Tile(((0, 0), (1, 1))), whole, whole.words, [words]).tolist() == [
        float(1 - Fraction(words, side**2))
    ]


def test_a_banded_matrix_beyond_the_size_is_refused_in_a_line() -> None:
    with pytest.raises(Unsupported, match=r"A: a banded density of 1,048,577 rows; .* up to 1,048,576$"):
        banded(((0, 0), (MOST_ROWS + 1, MOST_ROWS + 1)), 64, "A", True)
