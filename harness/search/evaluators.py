"""Costs of proposed mappings, one by one with the reference model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from harness.errors import InvalidMapping, Unsupported
from harness.mapspace import MapSpace
from harness.model.stats import Stats
from harness.search.metrics import Cost
from harness.search.proposer import Proposal
from harness.spec.architecture import Architecture
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem

Evaluate = Callable[[Architecture, Problem, Mapping], Stats]
"""The reference model's signature. Raises :class:`InvalidMapping`."""


class Evaluator(Protocol):
    """Costs of several proposals at once; a refused one yields its reason instead."""

    largest_batch: int

    def costs(self, proposals: Sequence[Proposal]) -> list[Cost | str]: ...


class ReferenceEvaluator:
    """The reference model, one mapping at a time. A mapping beyond the model counts as refused."""

    largest_batch = 1

    def __init__(self, space: MapSpace, evaluate: Evaluate) -> None:
        self._space = space
        self._evaluate = evaluate

    def costs(self, proposals: Sequence[Proposal]) -> list[Cost | str]:
        found: list[Cost | str] = []
        for p in proposals:
            mapping = self._space.mapping(p.subspace, p.permutation, p.spatial, p.bypass)
            try:
                found.append(Cost.of(self._evaluate(self._space.architecture, self._space.problem, mapping)))
            except (InvalidMapping, Unsupported) as refused:
                found.append(refused.message)
        return found
