"""The density model of a tensor: which one its density asks for.

A search asks the same model about the same tiles for each mapping, so the last models are kept with what they
remember.
"""

from __future__ import annotations

from functools import lru_cache

from harness.model.geometry import Box
from harness.model.sparse.actual_data import ActualData, actual_data
from harness.model.sparse.banded import banded
from harness.model.sparse.densities import DensityModel, FixedStructured, Tile, hypergeometric
from harness.spec.density import Density
from harness.spec.zero_pattern import ZeroPattern


def density_model(density: Density, whole: Box, tensor: str, slips: bool) -> DensityModel:
    """``whole`` is the box of all words of ``tensor``; ``slips`` as in :class:`Hypergeometric`.

    Raises SpecError for a tensor that the model does not describe, Unsupported for one too large for it.
    """
    if density.pattern is not None:
        return _of_data(density.pattern, density.axes, whole)
    return _of_shares(density, whole, tensor, slips)


@lru_cache(maxsize=256)
def _of_shares(density: Density, whole: Box, tensor: str, slips: bool) -> DensityModel:
    if density.distribution == "banded":
        return banded(whole, density.band_width, tensor, slips)
    if density.distribution == "hypergeometric":
        return hypergeometric(density.density, Tile(whole).words, tensor, slips)
    return FixedStructured(density.density)


@lru_cache(maxsize=8)
def _of_data(pattern: ZeroPattern, axes: tuple[int, ...], whole: Box) -> ActualData:
    """Few: each is as large as its data."""
    return actual_data(pattern, axes, whole)
