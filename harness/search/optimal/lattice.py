"""The divisor lattice: how much of each dimension the temporal loops up to some place have covered.

A point is one divisor of each dimension's temporal extent; its number is mixed radix in the indices of the
divisors. Everything here is an array, for the kernels.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]


@lru_cache(maxsize=4096)
def divisors(n: int) -> tuple[int, ...]:
    """The divisors of ``n``, ascending."""
    small = [i for i in range(1, int(n**0.5) + 1) if n % i == 0]
    return tuple(small + [n // i for i in reversed(small) if i * i != n])


@dataclass(frozen=True)
class Lattice:
    """``extents[d]``: temporal extent of each dimension; ``values``: its divisors, [D, most divisors], padded
    with 0; ``sizes``/``strides`` [D] of the mixed-radix number; ``product[d, i, j]``: index of the divisor
    ``values[d, i] * values[d, j]``, -1 if that does not divide the extent."""

    extents: tuple[int, ...]
    points: int
    values: Ints
    sizes: Ints
    strides: Ints
    product: Ints


@lru_cache(maxsize=256)
def lattice(extents: tuple[int, ...]) -> Lattice:
    lists = [divisors(n) for n in extents]
    width = max((len(found) for found in lists), default=1)
    values = np.zeros((len(lists), width), dtype=np.int64)
    product = np.full((len(lists), width, width), -1, dtype=np.int64)
    strides = np.ones(len(lists), dtype=np.int64)
    points = 1
    for d, found in enumerate(lists):
        values[d, : len(found)] = found
        product[d, : len(found), : len(found)] = _products(extents[d])
        strides[d] = points
        points *= len(found)
    sizes = np.array([len(found) for found in lists], dtype=np.int64)
    return Lattice(extents, points, values, sizes, strides, product)


@lru_cache(maxsize=4096)
def _products(n: int) -> Ints:
    own = np.array(divisors(n), dtype=np.int64)
    table = own[:, None] * own[None, :]
    # Divisors are ascending, so a product that divides n sits where searchsorted finds it.
    places = np.searchsorted(own, table)
    inside = n % table == 0
    result: Ints = np.where(inside, np.minimum(places, own.size - 1), -1)
    return result
