"""Reading the zero pattern of a tensor: MatrixMarket (``.mtx``) and NumPy's ``.npy``, never with pickles.

Only which words are zero is kept. A word that a file stores as 0 is zero all the same.
"""

from __future__ import annotations

import tokenize
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

from harness.errors import Location, SpecError
from harness.spec.zero_pattern import ZeroPattern

if TYPE_CHECKING:
    import numpy.typing as npt

MOST_WORDS = 2**40
"""Places are 64-bit numbers; a larger tensor is a slip."""

_UNREADABLE = (
    ValueError, EOFError, MemoryError, OverflowError, SyntaxError, TypeError, RecursionError,
    tokenize.TokenError,
)  # fmt: skip
"""What reading the header of a damaged file raises: it is a literal of Python."""

_SYMMETRIES = ("general", "symmetric", "skew-symmetric", "hermitian")
_MOST_DIGITS = 18
"""Of a size or a place; 2**40 has 13."""
_FIELDS = {"real": 1, "integer": 1, "complex": 2, "pattern": 0}


def read_tensor_file(file: Path, place: Location | None = None) -> ZeroPattern:
    """``place`` is where the file is named. SpecError for a file that is missing or no such tensor."""
    readers = {".mtx": _read_matrix_market, ".npy": _read_npy}
    reader = readers.get(file.suffix.lower())
    if reader is None:
        raise SpecError(f"actual data are read from .mtx and .npy files, not from '{file.name}'", place)
    if not file.is_file():
        message = f"'{file}' is no file" if file.exists() else f"no such file of actual data: '{file}'"
        raise SpecError(message, place)
    try:
        shape, nonzeros = reader(file)
    except OSError as error:
        raise SpecError(f"cannot read '{file}': {error.strerror or error}", place) from error
    return ZeroPattern(shape, nonzeros, str(file.resolve()))


def _checked(shape: tuple[int, ...], file: Path, line: int | None = None) -> tuple[int, ...]:
    words = 1
    for size in shape:
        words *= size
    if words < 1 or words > MOST_WORDS:
        raise SpecError(f"a tensor of {' x '.join(map(str, shape))} words", Location(str(file), line))
    return shape


def _read_npy(file: Path) -> tuple[tuple[int, ...], npt.NDArray[np.int64]]:
    try:
        # Not np.load, which takes archives and pickles for arrays too.
        data = np.lib.format.open_memmap(file, mode="r")
    except _UNREADABLE as error:
        raise SpecError(f"not an array of numbers in NumPy's format: {error}", Location(str(file))) from error
    if data.dtype.kind not in "biufc":
        raise SpecError(f"an array of {data.dtype} is none of numbers", Location(str(file)))
    shape = _checked(tuple(int(size) for size in data.shape), file)
    return shape, np.flatnonzero(data).astype(np.int64)


def _read_matrix_market(file: Path) -> tuple[tuple[int, ...], npt.NDArray[np.int64]]:
    with file.open(encoding="latin-1") as stream:
        if stream.read(3).encode("latin-1")[:2] in (b"\xef\xbb", b"\xff\xfe", b"\xfe\xff"):
            message = (
                "a MatrixMarket file is plain text, without the mark of UTF-8 or UTF-16 at its beginning"
            )
            raise SpecError(message, Location(str(file), 1))
        stream.seek(0)
        return _Matrix(file, stream).read()


class _Matrix:
    """One MatrixMarket file: a heading, comments, the sizes, then one entry a line."""

    def __init__(self, file: Path, stream: TextIO) -> None:
        self._file = file
        self._stream = stream
        self._line = 0

    def read(self) -> tuple[tuple[int, ...], npt.NDArray[np.int64]]:
        self._line = 1
        heading = self._stream.readline(1024).lower().split()
        if len(heading) != 5 or heading[:2] != ["%%matrixmarket", "matrix"]:
            raise self._error("a MatrixMarket file begins with '%%MatrixMarket matrix FORMAT FIELD SYMMETRY'")
        form, field, symmetry = heading[2:]
        if form not in ("coordinate", "array") or field not in _FIELDS or symmetry not in _SYMMETRIES:
            raise self._error(f"'{form} {field} {symmetry}' is no MatrixMarket format")
        lines = self._contents()
        sizes = self._whole_numbers(next(lines, []), 3 if form == "coordinate" else 2)
        rows, columns = _checked((sizes[0], sizes[1]), self._file, self._line)
        if symmetry != "general" and rows != columns:
            raise self._error(f"a {symmetry} matrix of {rows} x {columns}")
        values = _FIELDS[field]
        if form == "coordinate":
            places = self._coordinates(lines, (rows, columns, sizes[2]), values)
        else:
            places = self._array(lines, (rows, columns), values, symmetry)
        flat = np.array(places, dtype=np.int64)
        if symmetry != "general":
            i, j = np.divmod(flat, columns)
            flat = np.concatenate([flat, j * columns + i])
        return (rows, columns), np.unique(flat)

    def _contents(self) -> Iterator[list[str]]:
        """The words of each line that is neither empty nor a comment."""
        for line in self._stream:
            self._line += 1
            words = line.split()
            if words and not words[0].startswith("%"):
                yield words

    def _coordinates(
        self, lines: Iterator[list[str]], sizes: tuple[int, int, int], values: int
    ) -> array[int]:
        """The places of the entries that are not zero, in an array that is laid out row by row."""
        rows, columns, entries = sizes
        found, seen = array("q"), 0
        for words in lines:
            seen += 1
            i, j = self._whole_numbers(words[:2], 2)
            if not (1 <= i <= rows and 1 <= j <= columns):
                raise self._error(f"entry {i}, {j} is outside of {rows} x {columns}")
            if self._is_not_zero(words[2:], values):
                found.append((i - 1) * columns + j - 1)
        if seen != entries:
            raise self._error(f"{seen} entries, but {entries} are announced")
        return found

    def _array(
        self, lines: Iterator[list[str]], sizes: tuple[int, int], values: int, symmetry: str
    ) -> array[int]:
        """The same of values alone, column by column; of a symmetric matrix the lower triangle only."""
        rows, columns = sizes
        if values == 0:
            raise self._error("an array has values, no pattern")
        found = array("q")
        for j in range(columns):
            first = {"general": 0, "skew-symmetric": j + 1}.get(symmetry, j)
            for i in range(first, rows):
                words = next(lines, None)
                if words is None:
                    raise self._error(f"the array of {rows} x {columns} ends early")
                if self._is_not_zero(words, values):
                    found.append(i * columns + j)
        if next(lines, None) is not None:
            raise self._error(f"more entries than {rows} x {columns}")
        return found

    def _is_not_zero(self, words: list[str], values: int) -> bool:
        if len(words) != values:
            raise self._error(f"an entry has {len(words)} values, not {values}")
        try:
            numbers = [float(word) for word in words]
        except ValueError:
            raise self._error(f"'{' '.join(words)[:40]}' is no number") from None
        return values == 0 or any(numbers)

    def _whole_numbers(self, words: list[str], count: int) -> list[int]:
        if len(words) != count or not all(word.isascii() and word.isdecimal() for word in words):
            raise self._error(f"{count} whole numbers are expected, not '{' '.join(words)[:40]}'")
        long = next((word for word in words if len(word) > _MOST_DIGITS), None)
        if long is not None:
            raise self._error(f"a number of {len(long)} digits is no size")
        return [int(word) for word in words]

    def _error(self, message: str) -> SpecError:
        return SpecError(message, Location(str(self._file), self._line))
