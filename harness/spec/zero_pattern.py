"""Which words of a tensor are not zero: the zero pattern of actual data."""

from __future__ import annotations

import hashlib
import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


class ZeroPattern:
    """``nonzeros`` are the places of the words that are not zero, ascending, as in an array of ``shape`` that
    is laid out row by row. ``file`` is where they were read. Patterns are equal, and hash, by their content.
    """

    __slots__ = ("digest", "file", "nonzeros", "shape")

    def __init__(self, shape: tuple[int, ...], nonzeros: npt.NDArray[np.int64], file: str = "") -> None:
        self.shape = shape
        self.nonzeros = nonzeros
        self.file = file
        text = "x".join(map(str, shape)).encode()
        content = nonzeros.astype("<i8", copy=False).tobytes()
        self.digest = f"sha256:{hashlib.sha256(text + b':' + content).hexdigest()}"

    @property
    def words(self) -> int:
        return math.prod(self.shape)

    @property
    def density(self) -> float:
        return len(self.nonzeros) / self.words

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ZeroPattern) and self.digest == other.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        """Stands for the content wherever it is hashed (harness.engines.content_hash)."""
        return f"ZeroPattern({self.digest})"

    def __reduce__(self) -> tuple[Any, ...]:
        return ZeroPattern, (self.shape, self.nonzeros, self.file)
