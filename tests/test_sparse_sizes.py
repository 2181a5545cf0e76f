"""Large tensors: counts in closed form equal those of looking at each tile; beyond a size a line says so."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.engines.reservations import uncounted_computes
from harness.errors import InvalidMapping, Unsupported
from harness.model.geometry import Box
from harness.model.sparse.banded import MOST_ROWS, Banded, banded
from harness.model.sparse.densities import MOST_SPREAD_WORDS, FixedStructured, Tile, hypergeometric
from harness.model.stats import Stats
from harness.search.agreement import require_same_cost
from harness.search.metrics import Cost

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


def test_a_large_hypergeometric_tensor_is_computed_around_its_middle() -> None:
    """2^30 words, a quarter non-zero: half of the tensor holds half of them, give or take a few thousand."""
    words = 1 << 30
    model = hypergeometric(0.25, words, "A", False)
    half, quarter = Tile(((0,), (words // 2,))), words // 8
    found = model.occupancies(half, 0, words)
    assert len(found) < 1 << 21
    assert math.isclose(sum(p for _, p in found), 1, rel_tol=1e-12)
    assert math.isclose(sum(n * p for n, p in found), quarter, rel_tol=1e-12)
    deviation = math.sqrt(words / 4 * 0.5 * 0.75 * 0.5)
    assert abs(model.most_occupancy(half, 0.84134) - quarter - deviation) < 3
    assert model.probability(half, 0) == 0.0
    assert model.probability(half, 1) == 0.0
    one, many = Tile(((0,), (1,))), [quarter + n for n in range(20)]
    empty = model.empty_given(one, half, half.words, many)
    assert np.allclose(empty, [1 - n / half.words for n in many], rtol=1e-13, atol=0)
    assert model.empty_given(Tile(((0,), (4096,))), half, half.words, many).tolist() == [
        pytest.approx(model.empty_given(Tile(((0,), (4096,))), half, half.words, [n])[0]) for n in many
    ]


def test_a_hypergeometric_tensor_beyond_the_size_is_refused_in_a_line() -> None:
    with pytest.raises(Unsupported, match=r"A: a hypergeometric density of 4,294,967,297 words; .* up to"):
        hypergeometric(0.5, MOST_SPREAD_WORDS + 1, "A", True)


def test_a_fixed_density_asks_two_occupancies_of_a_tile_of_any_size() -> None:
    tile = Tile(((0, 0), (10**12, 10**12)))
    assert FixedStructured(0.3).occupancies(tile, 0, tile.words) == [(int(1e24 * 0.3), 1.0)]
    assert FixedStructured(0.3).occupancies(Tile(((0,), (5,))), 0, 5) == [(1, 0.5), (2, 0.5)]
    assert FixedStructured(0.3).occupancies(Tile(((0,), (5,))), 2, 5) == [(2, 0.5)]


@pytest.mark.parametrize(
    ("counted", "macs", "told"),
    [
        (int(1e36 * (1 + 2**-52)), 10**36, False),  # a rounding of doubles
        (10**36 - 10**22, 10**36, True),
        (2**50 - 1, 2**50, True),
        (2**50, 2**50, False),
    ],
)
@pytest.mark.parametrize("average_instances", [None, 1.0])
def test_only_computes_that_are_left_out_are_told(
    counted: int, macs: int, told: bool, average_instances: float | None
) -> None:
    unit = SimpleNamespace(average_instances=average_instances, algorithmic_computes=counted)
    stats = SimpleNamespace(arithmetic=unit, actual_computes=counted, macs=macs)
    assert bool(uncounted_computes(cast(Stats, stats))) == told


def test_a_search_that_found_an_infinite_energy_agrees_with_the_model() -> None:
    """Then the engine says that the energy is no number; a RuntimeError would call it a bug of ours."""
    endless = Cost(cycles=1, energy_pj=math.inf, last_level_accesses=1)
    require_same_cost(endless, endless)
    with pytest.raises(RuntimeError, match="disagree"):
        require_same_cost(endless, replace(endless, energy_pj=1.0))
