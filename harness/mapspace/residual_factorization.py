"""Imperfect splits of one dimension: the ``ruby`` template.

Timeloop (``util/numeric.cpp``, ResidualFactors) lists candidate vectors of (iterations, residual) and keeps
those that cover the bound exactly: with loops from the outermost inwards, ``x = factor * x + residual - 1``
starting from 0 must end at ``bound - 1``. Besides the divisors it tries factors that leave a remainder of
at most the ``remainders`` bound that the user set at some tiling level. The list, its order and its
repetitions are the reference's, so that indices mean the same. Unlike perfect factors this space
has to be listed; a list that would not fit is refused.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import product

import numpy as np
import numpy.typing as npt

from harness.errors import Unsupported
from harness.mapspace.demands import FactorDemands
from harness.mapspace.factorization import Split, divisors_in_order

Vectors = npt.NDArray[np.int64]

LARGEST_LIST = 20_000_000


class ResidualFactorization:
    """The (iterations, residual) vectors of one dimension in the ``ruby`` template."""

    def __init__(
        self, demands: FactorDemands, level_count: int, remainders: Sequence[tuple[int, int]]
    ) -> None:
        """``remainders`` are (tiling level, largest residual), outermost level first."""
        self.demands = demands
        free_remainders = [(k, most) for k, most in remainders if k not in demands.given]
        given, given_residuals, remaining = _divide_given(demands)
        self.remaining = remaining
        bounds = [most for _, most in free_remainders]
        places = max(level_count - len(given), 1)
        candidates = _candidates(remaining, demands.bound, _factor_choices(remaining, bounds), places)
        for level in sorted(given):
            candidates = np.insert(candidates, level, given[level], axis=1)
        ends, residuals = _covering(
            candidates,
            demands.bound,
            given_residuals=given_residuals,
            levels_with_residual={k for k, _ in free_remainders},
            remainder_bounds=bounds,
            largest_sum=remaining + places,
        )
        keep = np.ones(len(ends), dtype=bool)
        for level in range(level_count):
            for values in (ends[:, level], residuals[:, level]):
                if level in demands.most:
                    keep &= values <= demands.most[level]
                if level in demands.least:
                    keep &= values >= demands.least[level]
        self._ends = ends[keep][:, :level_count]
        self._residuals = residuals[keep][:, :level_count]
        self.size = len(self._ends)

    @property
    def vectors(self) -> tuple[Vectors, Vectors]:
        """All iterations and all residuals, each of shape (size, levels)."""
        return self._ends, self._residuals

    def split(self, index: int) -> Split:
        """Vector number ``index``. Nothing is clamped in this template."""
        ends = self._ends[index].tolist()
        residuals = self._residuals[index].tolist()
        return Split(tuple(zip(ends, residuals, strict=True)), tuple(end == 1 for end in ends))

    def moved(self, index: int, source: int, target: int, factor: int) -> int | None:
        """The vector with ``factor`` of a perfect loop moved to ``target``; None if there is none."""
        ends, residuals = self._ends[index].copy(), self._residuals[index].copy()
        if ends[source] % factor or any(ends[k] != residuals[k] for k in (source, target)):
            return None
        for vector in (ends, residuals):
            vector[source] //= factor
            vector[target] *= factor
        same = (self._ends == ends).all(axis=1) & (self._residuals == residuals).all(axis=1)
        found = np.flatnonzero(same)
        return int(found[0]) if len(found) else None


def _divide_given(demands: FactorDemands) -> tuple[dict[int, int], dict[int, int], int]:
    given = dict(demands.given)
    residuals: dict[int, int] = {}
    remaining = demands.bound
    for level in sorted(given):
        factor = given[level]
        if remaining % factor == 0:
            remaining //= factor
        elif factor > remaining:
            given[level] = remaining
            remaining = 1
        else:
            residuals[level] = remaining % factor
            remaining = math.ceil(remaining / factor)
    return given, residuals, remaining


def _factor_choices(remaining: int, remainder_bounds: Sequence[int]) -> list[int]:
    """Divisors, and the divisors of ``n * remaining * ceil(remaining / n)`` below it, ascending."""
    choices = set(divisors_in_order(remaining))
    for n in {n for most in remainder_bounds for n in range(1, most + 1)}:
        multiple = n * remaining * math.ceil(remaining / n)
        for i in range(1, remaining + 1):
            if multiple % i:
                continue
            if i < remaining:
                choices.add(i)
            if i * i != multiple and multiple // i < remaining:
                choices.add(multiple // i)
    return sorted(choices)


def _candidates(remaining: int, bound: int, choices: Sequence[int], places: int) -> Vectors:
    """Vectors in which at most one factor, at any place, exceeds the square root of the bound."""
    threshold = int(math.sqrt(bound) + 1.5)
    small = [c for c in choices if c <= threshold]
    large = [c for c in choices if c >= threshold]
    blocks: list[Vectors] = []
    listed = 0
    for place in range(places):
        columns = [list(small) for _ in range(places)]
        columns[place] = list(choices) if place == 0 else large
        count = math.prod(len(c) for c in columns)
        listed += count
        if listed > LARGEST_LIST:
            raise Unsupported(
                f"the ruby map space lists more than {LARGEST_LIST} candidate factors of one dimension",
                hint="fix more factors, lower 'remainders', or use the template 'uber'",
            )
        if count == 0:
            continue
        vectors = np.array(list(product(*columns)), dtype=np.int64).reshape(count, places)
        weights = np.maximum(vectors - 1, 1).prod(axis=1)
        blocks.append(vectors[weights <= remaining])
    return np.concatenate(blocks) if blocks else np.zeros((0, places), dtype=np.int64)


def _covering(
    candidates: Vectors,
    bound: int,
    *,
    given_residuals: dict[int, int],
    levels_with_residual: set[int],
    remainder_bounds: Sequence[int],
    largest_sum: int,
) -> tuple[Vectors, Vectors]:
    """Candidates with every combination of residuals that covers the bound, candidate by candidate."""
    combinations = [
        c
        for c in product(*(range(1, max(most, 1) + 1) for most in remainder_bounds))
        if sum(c) <= largest_sum
    ]
    width = candidates.shape[1]
    rows: list[npt.NDArray[np.intp]] = []
    found: list[Vectors] = []
    for combination in combinations:
        residuals = candidates.copy()
        valid = np.ones(len(candidates), dtype=bool)
        # The reference pairs the k-th lowest such level with the k-th bound although its bounds are listed
        # from the outermost level; both orders are kept as they are.
        at = 0
        for level in range(width):
            if level in given_residuals:
                residuals[:, level] = given_residuals[level]
            elif level in levels_with_residual:
                residuals[:, level] = combination[at]
                valid &= candidates[:, level] <= remainder_bounds[at]
                at += 1
        covered = np.zeros(len(candidates), dtype=np.int64)
        for level in range(width - 1, -1, -1):
            covered = candidates[:, level] * covered + residuals[:, level] - 1
            valid &= candidates[:, level] >= residuals[:, level]
            valid &= (covered != 0) | (residuals[:, level] == candidates[:, level])
        valid &= covered + 1 == bound
        rows.append(np.flatnonzero(valid))
        found.append(residuals[valid])
    if not rows:
        empty = np.zeros((0, width), dtype=np.int64)
        return empty, empty
    all_rows = np.concatenate(rows)
    order = np.argsort(all_rows, kind="stable")
    return candidates[all_rows[order]], np.concatenate(found)[order]
