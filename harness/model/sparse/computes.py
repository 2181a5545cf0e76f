"""Operations that happen, idle (gated) or are skipped, from what the two operands of each are.

An operand is there and not zero, there and zero (no metadata: nobody knows before it comes), or not there
(metadata leave it out). Operations of two operands that are not there cost nothing. Source: Timeloop
sparse-analysis/compute-gs-analyzer.cpp (CalculateFineGrainedComputeAccesses2Operand).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.errors import InvalidMapping, Unsupported
from harness.model.arithmetic import rounded
from harness.model.sparse.cells import Cell, Frame
from harness.model.sparse.densities import Tile
from harness.model.sparse.full_nest import box_of
from harness.model.sparse.traffic import Operations


@dataclass(frozen=True, slots=True)
class Computes:
    random: int
    skipped: int
    gated: int


@dataclass(frozen=True, slots=True)
class _Operand:
    """Shares of the operations in which the operand is not zero, zero, or not there."""

    filled: float
    zero: float
    absent: float


def split_computes(frame: Frame, operations: Operations) -> Computes:
    """Raises Unsupported for other than two operands, as the reference cannot do these."""
    numbers = [n for n, tensor in enumerate(frame.tensors) if not tensor.written]
    if len(numbers) != 2:
        raise Unsupported(
            f"sparse optimisations need two operands that are read, '{frame.basis.problem.name}' has "
            f"{len(numbers)}"
        )
    a, b = (_operand(frame, number, operations, numbers) for number in numbers)
    total = float(int(operations.left))
    if total <= 0:
        raise InvalidMapping("sparse optimisations leave no operation")
    one_zero = total * (a.filled * b.zero + a.zero * b.filled)
    one_absent = total * (a.filled * b.absent + a.absent * b.filled)
    both_zero = total * (a.zero * b.zero)
    zero_and_absent = total * (a.zero * b.absent + a.absent * b.zero)
    random, skipped, gated = total * (a.filled * b.filled), 0.0, 0.0
    sparse = frame.sparse
    for part, unmatched in (
        (one_zero, False),
        (one_absent, True),
        (both_zero, False),
        (zero_and_absent, True),
    ):
        if unmatched and sparse.skip_compute:
            skipped += part
        elif sparse.gate_compute:
            gated += part
        else:
            random += part
    absent = total * (a.absent * b.absent)
    if not abs(skipped + random + gated + absent - total) < total * 0.00001:
        raise InvalidMapping("the shares of the operations do not make the whole")
    left = total - math.floor(skipped) - math.floor(gated) - math.floor(absent)
    return Computes(int(left), math.floor(skipped), math.floor(gated))


def _operand(frame: Frame, number: int, operations: Operations, numbers: list[int]) -> _Operand:
    """Given that the storage levels let the operation through, which says something of the other operand."""
    tensor = frame.tensors[number]
    innermost: Cell | None = next((cell for cell in frame.cells[number] if cell.shape), None)
    if innermost is None:
        raise InvalidMapping(f"no storage level holds {tensor.name}")
    one = Tile(box_of(tensor, frame.nest.one))
    density = _rounded(frame.models[number].expected_occupancy(one) / one.words)
    (other,) = (n for n in numbers if n != number)
    if other in operations.saved_by:
        through = 1 - operations.saved_by[other]
        if through == 0:
            raise InvalidMapping(f"every operation on {tensor.name} is saved")
        filled = density / through
        missing = 1 - filled
    else:
        filled = _rounded(density)
        missing = 1.0 - filled
    return _Operand(
        _a_share(filled),
        0.0 if innermost.has_metadata else _a_share(missing),
        _a_share(missing) if innermost.has_metadata else 0.0,
    )


def _a_share(value: float) -> float:
    """Between 0 and 1; what misses that by more than rounding is refused, as in the reference."""
    if value < -0.00001 or value > 1.00001:
        raise InvalidMapping(
            f"the share {value:g} of an operand's values is none: the optimisations contradict"
        )
    return min(max(value, 0.0), 1.0)


def _rounded(share: float) -> float:
    """To six digits, halves away from zero."""
    return rounded(share * 1000000) / 1000000
