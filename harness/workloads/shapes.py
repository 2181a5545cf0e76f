"""The three shapes of problem that the workloads use, with Weights, Inputs and Outputs as data spaces.

Dimensions: D output rows (channels), E reduction (input channels), L columns (sequence position, or output
height), Q output width, R and S kernel height and width, N batch, G groups. The order of the dimensions is
part of the definition, because it numbers the map space.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.spec.problem import DataSpace, Problem, Rank, Term

MATMUL_DIMENSIONS = ("E", "D", "R", "S", "N", "L", "Q", "G")
CONV_DIMENSIONS = ("R", "S", "L", "Q", "E", "D", "N")
NORM_DIMENSIONS = ("L", "E", "D")


@dataclass(frozen=True, slots=True)
class Window:
    """Strides and dilations. The W pair belongs to L and R, the H pair to Q and S."""

    stride_h: int = 1
    stride_w: int = 1
    dilation_h: int = 1
    dilation_w: int = 1

    @property
    def rows(self) -> Rank:
        return (Term("R", self.dilation_w), Term("L", self.stride_w))

    @property
    def columns(self) -> Rank:
        return (Term("S", self.dilation_h), Term("Q", self.stride_h))


def matmul_problem(name: str, d: int, e: int, length: int, batch: int = 1) -> Problem:
    """Outputs[N,D,L] += Weights[E,D] * Inputs[N,E,L], written in eight dimensions.

    The kernel dimensions R and S, the width Q and the groups G are 1. They are there so that constraints
    made for convolutions (Eyeriss, Simba) apply to matrix multiplications too.
    """
    sizes = {"D": d, "E": e, "L": length, "N": batch}
    return _eight_dimensional(name, sizes, Window())


def conv_problem(name: str, sizes: dict[str, int], window: Window, transposed: bool = False) -> Problem:
    """A convolution in seven dimensions, or in the eight of the matmul when ``sizes`` has groups (G).

    A transposed convolution swaps the roles: the outputs slide over the window, the inputs do not.
    """
    if "G" in sizes:
        return _eight_dimensional(name, sizes, window)
    plain = (_one("Q"), _one("L"))
    sliding = (window.rows, window.columns)
    of_inputs, of_outputs = (plain, sliding) if transposed else (sliding, plain)
    return Problem(
        name=name,
        dimensions=CONV_DIMENSIONS,
        bounds=tuple(sizes.get(dimension, 1) for dimension in CONV_DIMENSIONS),
        data_spaces=(
            DataSpace("Weights", (_one("E"), _one("D"), _one("R"), _one("S"))),
            DataSpace("Inputs", (_one("N"), _one("E"), *of_inputs)),
            DataSpace("Outputs", (_one("N"), _one("D"), *of_outputs), read_write=True),
        ),
    )


def norm_problem(name: str, columns: int, column_length: int, sweeps: int) -> Problem:
    """A normalisation as a point-wise nest: L columns of E elements, each swept D times.

    Weights[D] is fictitious. D acts as a reduction over Outputs, which makes every sweep read its column
    again; the arithmetic itself is not modelled.
    """
    return Problem(
        name=name,
        dimensions=NORM_DIMENSIONS,
        bounds=(columns, column_length, sweeps),
        data_spaces=(
            DataSpace("Weights", (_one("D"),)),
            DataSpace("Inputs", (_one("E"), _one("L"))),
            DataSpace("Outputs", (_one("E"), _one("L")), read_write=True),
        ),
    )


def _eight_dimensional(name: str, sizes: dict[str, int], window: Window) -> Problem:
    return Problem(
        name=name,
        dimensions=MATMUL_DIMENSIONS,
        bounds=tuple(sizes.get(dimension, 1) for dimension in MATMUL_DIMENSIONS),
        data_spaces=(
            DataSpace("Weights", (_one("E"), _one("D"), _one("R"), _one("S"), _one("G"))),
            DataSpace("Inputs", (_one("N"), _one("E"), window.rows, window.columns, _one("G"))),
            DataSpace("Outputs", (_one("N"), _one("D"), _one("Q"), _one("L"), _one("G")), read_write=True),
        ),
    )


def _one(dimension: str) -> Rank:
    return (Term(dimension),)
