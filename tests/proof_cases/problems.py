"""Random small problems without sliding windows, of the kinds that a Transformer has, and a few others."""

from __future__ import annotations

from random import Random

from harness.spec.problem import DataSpace, Problem, Rank, Term

# Operands and result, by the letters of their dimensions; "Z" always has the bound 1, so that a tensor
# indexed by it alone is one word.
_EINSUMS = (
    ("gemm", "MKN", "MK,KN->MN"),
    ("gemm", "MKN", "MK,KN->MN"),
    ("batched_gemm", "BMKN", "BMK,KN->BMN"),
    ("batched_matmul", "HMKN", "HMK,HKN->HMN"),
    ("attention_product", "BHMED", "BHMD,BHED->BHME"),
    ("grouped_queries", "GRMNE", "GRME,GNE->GRMN"),
    ("grouped_queries_batched", "BGRMNE", "BGRME,BGNE->BGRMN"),
    ("mttkrp", "IJKL", "IKL,KJ,LJ->IJ"),
    ("chain_of_four", "IJKLM", "IK,KL,LM,MJ->IJ"),
    ("norm", "BSE", "BSE,E,Z->BSE"),
    ("norm_statistics", "BSE", "BSE->BS"),
    ("element_wise", "BSE", "BSE,BSE->BSE"),
    ("reduction", "MNK", "MNK->M"),
    ("outer_product", "MNP", "M,N->MN"),
    ("outer_product", "MNZ", "M,N->MN"),
    ("dot_product", "ABC", "ABC,ABC->Z"),
    ("matrix_vector", "MKB", "MK,KB->MB"),
    ("pointwise_convolution", "CKPQRSN", "KCRS,NCPQ->NKPQ"),
    ("seven", "ABCDEFG", "ABDF,BCEF->ACDG"),
    ("six", "ABCDEF", "ABCD,CDEF->ABEF"),
    ("repeated_dimension", "MKN", "MKK,KN->MN"),
    ("two_outputs", "MKN", "MK,KN->MN;MK"),
)
_BOUNDS = (1, 2, 2, 3, 4, 4, 5, 6, 8, 8, 9, 12, 16, 24, 32)
_NAMES = ("Weights", "Inputs", "Extra", "Fourth")


def random_problem(random: Random) -> Problem:
    if random.random() < 0.12:
        return _any_problem(random)
    name, letters, text = random.choice(_EINSUMS)
    left, right = text.split("->")
    dimensions = tuple(dict.fromkeys(letters + ("Z" if "Z" in text else "")))
    bounds = _bounds(random, dimensions)
    spaces = [DataSpace(n, _ranks(t)) for n, t in zip(_NAMES, left.split(","), strict=False)]
    for number, written in enumerate(right.split(";")):
        spaces.append(DataSpace("Outputs" + ("2" if number else ""), _ranks(written), read_write=True))
    if random.random() < 0.3:
        random.shuffle(spaces)
    return Problem(name, dimensions, bounds, tuple(spaces))


def with_bounds(problem: Problem, bounds: tuple[int, ...]) -> Problem:
    return Problem(problem.name, problem.dimensions, bounds, problem.data_spaces)


def _any_problem(random: Random) -> Problem:
    """Any tensors over any dimensions."""
    dimensions = tuple("ABCDEFG"[: random.randint(3, 7)])
    spaces = [
        DataSpace(name, _ranks("".join(d for d in dimensions if random.random() < 0.5) or dimensions[0]))
        for name in _NAMES[: random.randint(1, 4)]
    ]
    written = "".join(d for d in dimensions if random.random() < 0.5) or dimensions[-1]
    spaces.append(DataSpace("Outputs", _ranks(written), read_write=True))
    return Problem("any", dimensions, _bounds(random, dimensions), tuple(spaces))


def _bounds(random: Random, dimensions: tuple[str, ...]) -> tuple[int, ...]:
    return tuple(1 if d in "ZRS" and len(dimensions) > 3 else random.choice(_BOUNDS) for d in dimensions)


def _ranks(letters: str) -> tuple[Rank, ...]:
    return tuple((Term(d),) for d in letters)


def random_convolution(random: Random) -> Problem:
    """A small convolution in one or two dimensions, dense or depthwise, with stride and dilation."""

    def window(position: str, tap: str) -> Rank:
        return (Term(position, random.choice((1, 1, 2, 3))), Term(tap, random.choice((1, 1, 2))))

    kind = random.choice(("1d", "1d", "2d", "depthwise"))
    if kind == "1d":
        ranks = {"Weights": ((Term("K"),), (Term("R"),)), "Inputs": (window("P", "R"),)}
        dimensions, outputs = ("K", "P", "R"), ("K", "P")
        if random.random() < 0.5:
            ranks = {"Weights": (*ranks["Weights"], (Term("C"),)), "Inputs": (*ranks["Inputs"], (Term("C"),))}
            dimensions = ("C", "K", "P", "R")
    elif kind == "2d":
        rows, columns = window("P", "R"), window("Q", "S")
        ranks = {"Weights": ((Term("K"),), (Term("R"),), (Term("S"),)), "Inputs": (rows, columns)}
        dimensions, outputs = ("K", "P", "Q", "R", "S"), ("K", "P", "Q")
    else:
        ranks = {"Weights": ((Term("C"),), (Term("R"),)), "Inputs": ((Term("C"),), window("P", "R"))}
        dimensions, outputs = ("C", "P", "R"), ("C", "P")
    bounds = tuple(random.choice((2, 3)) if d in "RS" else random.choice((2, 3, 4, 6, 8)) for d in dimensions)
    spaces = [DataSpace(name, of) for name, of in ranks.items()]
    spaces.append(DataSpace("Outputs", tuple((Term(d),) for d in outputs), read_write=True))
    return Problem("convolution_" + kind, dimensions, bounds, tuple(spaces))
