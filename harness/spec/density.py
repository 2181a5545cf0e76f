"""How full a tensor is: the density models of a problem's data spaces, as plain data.

``fixed_structured``: every tile has the tensor's density, as nearly as whole numbers allow.
``hypergeometric``: the non-zero words lie anywhere with equal probability.
``banded``: a square matrix whose words are non-zero within ``band_width`` of the diagonal.
``actual_data``: the words that are non-zero are known one by one, in ``pattern``.
What they answer is in :mod:`harness.model.sparse.densities`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.spec.zero_pattern import ZeroPattern

Distribution = Literal["fixed_structured", "hypergeometric", "banded", "actual_data"]


@dataclass(frozen=True, slots=True)
class Density:
    """``density`` is the share of non-zero words; a banded tensor has it from its ``band_width`` instead.

    ``axes`` are, for each axis of the ``pattern``, the number of the rank of the data space that it is; the
    other ranks have a single word.
    """

    distribution: Distribution = "fixed_structured"
    density: float = 1.0
    band_width: int = 0
    pattern: ZeroPattern | None = None
    axes: tuple[int, ...] = ()

    def __str__(self) -> str:
        """In a few words, for people."""
        if self.distribution == "banded":
            return f"banded, {self.band_width} beside the diagonal"
        share = f"{self.density:.4g}"
        if self.distribution == "fixed_structured":
            return share
        return f"{share} {self.distribution.replace('_', ' ')}"


DENSE = Density()
