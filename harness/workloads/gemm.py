"""A matrix multiplication given on the command line."""

from __future__ import annotations

from harness.errors import Location, SpecError
from harness.workloads.layer import Layer
from harness.workloads.shapes import matmul_problem

ORDER = "write D,E,L: output rows, reduction, columns; for example 1024,1024,4096"
LARGEST = 2**31 - 1


def gemm_layer(d: int | str, e: int | None = None, length: int | None = None) -> Layer:
    """The layer Outputs[D,L] += Weights[E,D] * Inputs[E,L] from "D,E,L", "DxExL" or three numbers.

    Raises SpecError when the text is not three positive whole numbers below 2^31.
    """
    given = d if isinstance(d, str) else ",".join(str(n) for n in (d, e, length) if n is not None)
    sizes = [_size(part, given) for part in given.lower().replace("x", ",").split(",")]
    if len(sizes) != 3:
        raise SpecError(f"'{given}' has {len(sizes)} sizes, a GEMM has three", Location("--gemm"), ORDER)
    name = "gemm_" + "x".join(str(size) for size in sizes)
    problem = matmul_problem(name, *sizes)
    return Layer(name, problem, "matmul", parameters=frozenset({"Weights"}), description="D x E x L")


def _size(part: str, given: str) -> int:
    word = part.strip()
    if not word.isascii() or not word.isdecimal() or not 0 < int(word) <= LARGEST:
        what = f"'{word}'" if word else "an empty place"
        message = f"'{given}' is no GEMM: {what} is not a whole number from 1 to {LARGEST}"
        raise SpecError(message, Location("--gemm"), ORDER)
    return int(word)
