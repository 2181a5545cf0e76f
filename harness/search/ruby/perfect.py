"""When a ruby space holds the very mappings of an uber space, so that the solver for those applies."""

from __future__ import annotations

import numpy as np

from harness.errors import HarnessError
from harness.mapspace import MapSpace
from harness.mapspace.factorization import PerfectFactorization
from harness.search.ruby.vectors import DimensionVectors


def perfect_twin(space: MapSpace, vectors: list[DimensionVectors]) -> MapSpace | None:
    """The uber space with the same mappings as ``space``; None if there is none.

    Orders, splits and masks do not depend on the template (a permutation suffix is refused before). So the
    spaces are equal when every vector of every dimension is perfect and there are as many as in the uber
    space, whose vectors are distinct and all perfect as long as the fixed factors divide.
    """
    for of_dimension in vectors:
        if not np.array_equal(of_dimension.ends, of_dimension.residuals):
            return None
    if space.template == "uber":
        return None
    try:
        twin = MapSpace(space.architecture, space.problem, space.constraints, "uber")
    except HarnessError:
        return None
    for of_dimension, dimension in zip(vectors, twin.dimensions, strict=True):
        if not isinstance(dimension, PerfectFactorization) or dimension.size != len(of_dimension):
            return None
        if any(end != residual for end, residual in dimension.split(0).factors):
            return None
    return twin
