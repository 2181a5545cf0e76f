"""A layer: one problem to map, and how often it occurs in its model."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from harness.spec.problem import Problem

OperatorClass = Literal["matmul", "norm", "conv"]
OPERATOR_CLASSES: tuple[OperatorClass, ...] = ("matmul", "norm", "conv")


@dataclass(frozen=True, slots=True)
class Repeat:
    """``count`` equal instances of a layer, one per ``per`` ("head", "block", "sample", ...)."""

    count: int
    per: str


@dataclass(frozen=True)
class Layer:
    """One layer of a workload.

    ``problem`` is a single instance: one head, one block, one sample where samples do not share a weight.
    ``repeats`` say how often that instance occurs; nothing is multiplied into the problem. ``model`` is
    the model or the collection that the layer belongs to, "" for a layer of the user's own making.
    ``parameters`` names the data spaces that hold trained weights (the others are activations).
    """

    name: str
    problem: Problem
    operator: OperatorClass
    repeats: tuple[Repeat, ...] = ()
    model: str = ""
    parameters: frozenset[str] = frozenset()
    description: str = ""

    @property
    def repeat(self) -> int:
        """How many instances of the problem one pass through the model computes."""
        return math.prod(r.count for r in self.repeats)

    @property
    def repeat_reason(self) -> str:
        """The factors of ``repeat`` in words: "16 heads x 24 blocks"; "once" when there are none."""
        factors = [f"{r.count} {r.per}s" for r in self.repeats if r.count > 1]
        return " x ".join(factors) or "once"

    def repeat_per(self, *kinds: str) -> int:
        """The part of ``repeat`` due to ``kinds`` only, such as ``repeat_per("head")`` for one block."""
        return math.prod(r.count for r in self.repeats if r.per in kinds)

    @property
    def macs(self) -> int:
        """Computes of all repetitions together."""
        return self.problem.macs * self.repeat
