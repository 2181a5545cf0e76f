"""Density models: what they answer about tiles, against counting and exact arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import InvalidMapping, SpecError
from harness.model.sparse.banded import Banded, banded
from harness.model.sparse.densities import FixedStructured, Hypergeometric, Tile
from harness.model.sparse.hypergeometric import (
    empty_probabilities,
    empty_probability,
    probability,
    quantile,
    support,
)


def tile(*sides: int) -> Tile:
    return Tile(((0,) * len(sides), sides))


draws = st.tuples(st.integers(1, 200), st.integers(0, 200), st.integers(0, 200)).filter(
    lambda t: t[1] <= t[0] and t[2] <= t[0]
)


@given(draws)
def test_hypergeometric_probabilities_sum_to_one(draw: tuple[int, int, int]) -> None:
    total, marked, drawn = draw
    _, values = support(marked, drawn, total)
    assert math.isclose(math.fsum(values), 1.0, rel_tol=1e-12)


@given(draws, st.integers(0, 200))
def test_hypergeometric_is_exact(draw: tuple[int, int, int], found: int) -> None:
    total, marked, drawn = draw
    exact = Fraction(0)
    if found <= min(marked, drawn) and drawn - found <= total - marked:
        exact = Fraction(
            math.comb(marked, found) * math.comb(total - marked, drawn - found), math.comb(total, drawn)
        )
    assert probability(found, marked, drawn, total) == float(exact)


def test_hypergeometric_equals_counting_all_placements() -> None:
    total, marked, drawn = 7, 3, 4
    counts = [0] * (drawn + 1)
    for places in combinations(range(total), marked):
        counts[sum(place < drawn for place in places)] += 1
    ways = math.comb(total, marked)
    assert [probability(n, marked, drawn, total) for n in range(drawn + 1)] == [c / ways for c in counts]


@pytest.mark.parametrize(
    ("total", "marked", "drawn"), [(5000, 1200, 300), (20000, 19990, 15), (100000, 5, 70000)]
)
def test_large_totals_agree_with_exact_arithmetic(total: int, marked: int, drawn: int) -> None:
    first, values = support(marked, drawn, total)
    assert math.isclose(math.fsum(values), 1.0, rel_tol=1e-12)
    for found in range(first, first + len(values), max(1, len(values) // 7)):
        ways = math.comb(marked, found) * math.comb(total - marked, drawn - found)
        exact = float(Fraction(ways, math.comb(total, drawn)))
        assert math.isclose(values[found - first], exact, rel_tol=1e-12, abs_tol=1e-300)
    exact = float(Fraction(math.comb(total - marked, drawn), math.comb(total, drawn)))
    assert math.isclose(empty_probability(marked, drawn, total), exact, rel_tol=1e-13, abs_tol=1e-300)


def test_many_empty_probabilities_equal_single_ones() -> None:
    total, drawn = 3000, 40
    marked = list(range(0, 3000, 150))
    many = empty_probabilities(marked, drawn, total)
    for one, of_many in zip(marked, many, strict=True):
        single = empty_probability(one, drawn, total)
        assert math.isclose(single, of_many, rel_tol=1e-13, abs_tol=1e-300)


@given(draws, st.floats(0.001, 0.999))
def test_quantile_covers_the_confidence(draw: tuple[int, int, int], confidence: float) -> None:
    """Above the middle it is not below the confidence, below the middle not above it (but for the ends)."""
    total, marked, drawn = draw
    first, values = support(marked, drawn, total)
    found = quantile(confidence, marked, drawn, total)
    assert first <= found < first + len(values)
    up_to = math.fsum(values[: found - first + 1])
    if confidence >= 0.5:
        assert up_to >= confidence * (1 - 1e-9) or found == first + len(values) - 1
    elif found != first:
        assert up_to <= confidence * (1 + 1e-9)


@given(st.floats(0, 1), st.integers(1, 500))
def test_fixed_structured_meets_the_density_on_average(density: float, words: int) -> None:
    model, one = FixedStructured(density), tile(words)
    pairs = model.occupancies(one, model.least_occupancy(one, words), model.most_occupancy(one))
    assert len(pairs) <= 2
    assert math.isclose(math.fsum(p for _, p in pairs), 1.0, rel_tol=1e-9)
    assert math.isclose(math.fsum(n * p for n, p in pairs), words * density, rel_tol=1e-9, abs_tol=1e-9)


@given(st.integers(2, 12), st.integers(2, 12), st.floats(0, 1))
def test_hypergeometric_tiles_of_a_tensor(rows: int, columns: int, density: float) -> None:
    model = Hypergeometric(density, rows * columns, slips=False)
    one = tile(max(1, rows // 2), columns)
    least, most = model.least_occupancy(one, one.words), model.most_occupancy(one)
    pairs = model.occupancies(one, least, most)
    assert math.isclose(math.fsum(p for _, p in pairs), 1.0, rel_tol=1e-12)
    share = model.nonzeros / model.words
    assert math.isclose(model.expected_occupancy(one), one.words * share, rel_tol=1e-9, abs_tol=1e-12)
    empty = empty_probability(model.nonzeros, one.words, model.words)
    assert math.isclose(empty, model.probability(one, 0), rel_tol=1e-12, abs_tol=1e-300)


def test_the_reference_slips_in_the_least_occupancy_only_below_the_whole_tensor() -> None:
    slipping, right = Hypergeometric(0.75, 16), Hypergeometric(0.75, 16, slips=False)
    assert right.least_occupancy(tile(12), 12) == 8
    assert slipping.least_occupancy(tile(12), 12) != 8
    assert slipping.least_occupancy(tile(16), 16) == right.least_occupancy(tile(16), 16) == 12
    assert slipping.least_occupancy(tile(4), 4) == right.least_occupancy(tile(4), 4) == 0


@given(st.sampled_from([4, 6, 8, 12]), st.integers(0, 4), st.data())
def test_banded_tiles_equal_counting(side: int, width: int, data: st.DataObject) -> None:
    sizes = [n for n in range(1, side + 1) if side % n == 0]
    size = data.draw(st.sampled_from(sizes))
    model, one = Banded(side, min(width, side - 1)), tile(size, size)
    counts: dict[int, int] = {}
    for down in range(0, side, size):
        for right in range(0, side, size):
            filled = sum(
                abs(r - c) <= model.band_width
                for r in range(down, down + size)
                for c in range(right, right + size)
            )
            counts[filled] = counts.get(filled, 0) + 1
    tiles = (side // size) ** 2
    # Rows of tiles near the corners are counted from one corner; with few rows the reference counts on.
    if model.band_width and 2 * math.ceil(model.band_width / size) >= side // size:
        return
    for occupancy, count in counts.items():
        assert math.isclose(model.probability(one, occupancy), count / tiles)
    assert model.most_occupancy(one) == max(counts)
    assert math.isclose(
        model.density, sum(abs(r - c) <= model.band_width for r in range(side) for c in range(side)) / side**2
    )


def test_banded_needs_a_square_matrix() -> None:
    with pytest.raises(SpecError, match="square"):
        banded(((0, 0), (4, 8)), 1, "A", True)
    with pytest.raises(SpecError, match="square"):
        banded(((0,), (4,)), 1, "A", True)


def test_a_fiber_must_be_whole_elements() -> None:
    with pytest.raises(InvalidMapping, match="cannot be cut"):
        FixedStructured(0.5).most_elements(tile(7), tile(2))
