"""Loops that have one iteration only go to the inside of permutations: their order does not matter."""

from __future__ import annotations

from harness.spec.v4.constraint import Constraint
from harness.spec.v4.nodes import Branch, depth_first
from harness.spec.v4.problem import Shape


def complete_permutations(root: Branch, shape: Shape) -> None:
    for leaf in depth_first(root):
        if leaf.kind == "storage":
            _complete(leaf.constraints["temporal"], shape)
        if leaf.fanout > 1:
            _complete(leaf.constraints["spatial"], shape)


def _complete(constraint: Constraint, shape: Shape) -> None:
    permutation = constraint.permutation
    ones = [f.dimension for f in constraint.factors if f.value == 1]
    ones += [d for d in shape.dimensions if shape.bounds[d] == 1]
    for dimension in ones:
        if dimension not in permutation:
            permutation.insert(0, dimension)
    if permutation:
        constraint.values["permutation"] = permutation
