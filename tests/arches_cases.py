"""Small problems and flattening for the tests of the shipped architectures."""

from __future__ import annotations

from typing import Any

from harness.spec.flattened.problem import write_problem
from harness.spec.located import LocatedDict
from harness.spec.problem import DataSpace, Problem, Term
from harness.spec.templates import ArchitectureTemplate, load_architecture_template
from harness.spec.v4 import process_v4


def _ranks(dimensions: str) -> tuple[tuple[Term, ...], ...]:
    return tuple((Term(d),) for d in dimensions)


def matmul(d: int, e: int, length: int) -> Problem:
    """The eight-dimensional matmul problem of the workloads."""
    inputs = (
        (Term("N"),), (Term("E"),), (Term("R"), Term("L")), (Term("S"), Term("Q")), (Term("G"),)
    )  # fmt: skip
    spaces = (
        DataSpace("Weights", _ranks("EDRSG")),
        DataSpace("Inputs", inputs),
        DataSpace("Outputs", _ranks("NDQLG"), read_write=True),
    )
    return Problem("matmul", tuple("EDRSNLQG"), (e, d, 1, 1, 1, length, 1, 1), spaces)


def norm(length: int, e: int, sweeps: int) -> Problem:
    """Softmax or layernorm over columns of ``e`` elements."""
    spaces = (
        DataSpace("Weights", _ranks("D")),
        DataSpace("Inputs", _ranks("EL")),
        DataSpace("Outputs", _ranks("EL"), read_write=True),
    )
    return Problem("norm", ("L", "E", "D"), (length, e, sweeps), spaces)


def conv(n: int, e: int, d: int, kernel: int, size: int, *, stride: int = 1, dilation: int = 1) -> Problem:
    """A square convolution."""
    inputs = (
        (Term("N"),),
        (Term("E"),),
        (Term("R", dilation), Term("L", stride)),
        (Term("S", dilation), Term("Q", stride)),
    )
    spaces = (
        DataSpace("Weights", _ranks("EDRS")),
        DataSpace("Inputs", inputs),
        DataSpace("Outputs", _ranks("NDQL"), read_write=True),
    )
    return Problem("conv", tuple("RSLQEDN"), (kernel, kernel, size, size, e, d, n), spaces)


BERT_LARGE = {
    "KQV": matmul(3072, 1024, 4096),
    "KTQ": matmul(4096, 64, 4096),
    "VScores": matmul(64, 4096, 4096),
    "Out": matmul(1024, 1024, 4096),
    "FF1": matmul(4096, 1024, 4096),
    "FF2": matmul(1024, 4096, 4096),
}

PROBLEMS: dict[str, tuple[Problem, ...]] = {
    "matmul": (
        *BERT_LARGE.values(), matmul(8, 8192, 8), matmul(7000, 1440, 4224), matmul(64, 197, 197)
    ),
    "conv": (
        conv(1, 3, 64, 7, 112, stride=2), conv(1, 24, 88, 1, 28), conv(1, 250088, 4096, 1, 1),
        conv(64, 256, 256, 3, 14), conv(1, 16, 16, 3, 224, stride=3, dilation=4),
    ),
    "norm": (
        norm(4096, 4096, 2), norm(4096, 4096, 3), norm(4096, 1024, 3), norm(512, 512, 2), norm(512, 768, 3),
        norm(1024, 1600, 3), norm(197, 197, 2),
    ),
}  # fmt: skip


def flattened(
    template: ArchitectureTemplate | str, problem: Problem, operator: str, parameters: dict[str, Any]
) -> LocatedDict:
    """The flattened tree of a template for one problem."""
    if isinstance(template, str):
        template = load_architecture_template(template)
    tree = template.render(parameters, problem, operator)
    tree["problem"] = write_problem(problem)
    return process_v4(tree)


def levels_of(tree: LocatedDict) -> dict[str, dict[str, Any]]:
    """The levels of a flattened tree by their name without the instance range."""
    return {level["name"].split("[")[0]: level for level in tree["architecture"]["subtree"][0]["local"]}


def constraint_of(tree: LocatedDict, target: str, kind: str) -> dict[str, Any]:
    """One constraint, with its factors as a mapping from ``D=`` or ``D>=`` to the number."""
    for constraint in tree["architecture_constraints"]["targets"]:
        if constraint["target"] == target and constraint["type"] == kind:
            return {**constraint, "factors": _factors(constraint.get("factors", ""))}
    raise AssertionError(f"no {kind} constraint on {target}")


def _factors(text: str) -> dict[str, int]:
    result = {}
    for factor in filter(None, text.split(",")):
        relation = next(r for r in (">=", "<=", "=") if r in factor)
        dimension, value = factor.split(relation)
        result[dimension.strip() + relation] = int(value)
    return result
