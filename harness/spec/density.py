"""How full a tensor is: the density models of a problem's data spaces, as plain data.

``fixed_structured``: every tile has the tensor's density, as nearly as whole numbers allow.
``hypergeometric``: the non-zero words lie anywhere with equal probability.
``banded``: a square matrix whose words are non-zero within ``band_width`` of the diagonal.
What they answer is in :mod:`harness.model.sparse.densities`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Distribution = Literal["fixed_structured", "hypergeometric", "banded"]


@dataclass(frozen=True, slots=True)
class Density:
    """``density`` is the share of non-zero words; a banded tensor has it from its ``band_width`` instead."""

    distribution: Distribution = "fixed_structured"
    density: float = 1.0
    band_width: int = 0


DENSE = Density()
