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

    def __init__(
        self, shape: tuple[int, ...], nonzeros: npt.NDArray[np.int64], file: str = "", digest: str = ""
    ) -> None:
        """``digest`` where it is known already."""
        self.shape = shape
        self.nonzeros = nonzeros
        self.file = file
        if digest:
            self.digest = digest
            return
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
        """Packed: a pattern travels with each job of a sweep to its worker."""
        return _unpacked, (self.shape, *_packed(self), self.file, self.digest)


_BITS, _STEPS, _PLACES = "bits", "steps", "places"


def _packed(pattern: ZeroPattern) -> tuple[str, bytes]:
    """A bit for each word; where fewer than one in 32 is not zero, the steps between those that are not."""
    import numpy as np  # noqa: PLC0415

    if pattern.words <= 32 * len(pattern.nonzeros):
        full = np.zeros(pattern.words, dtype=np.bool_)
        full[pattern.nonzeros] = True
        return _BITS, np.packbits(full).tobytes()
    steps = np.diff(pattern.nonzeros, prepend=0)
    if len(steps) and int(steps.max()) > np.iinfo(np.uint32).max:
        return _PLACES, pattern.nonzeros.tobytes()
    return _STEPS, steps.astype(np.uint32).tobytes()


def _unpacked(shape: tuple[int, ...], form: str, content: bytes, file: str, digest: str) -> ZeroPattern:
    import numpy as np  # noqa: PLC0415

    if form == _BITS:
        nonzeros = np.flatnonzero(
            np.unpackbits(np.frombuffer(content, dtype=np.uint8), count=math.prod(shape))
        )
    elif form == _STEPS:
        nonzeros = np.cumsum(np.frombuffer(content, dtype=np.uint32), dtype=np.int64)
    else:
        nonzeros = np.frombuffer(content, dtype=np.int64)
    return ZeroPattern(shape, nonzeros, file, digest)
