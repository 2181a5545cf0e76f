"""Which evaluator a search uses."""

from __future__ import annotations

from collections.abc import Sequence

import harness.model
from harness.mapspace import MapSpace
from harness.model.stats import Stats
from harness.search.evaluators import Evaluate, Evaluator, ReferenceEvaluator
from harness.spec.architecture import Architecture
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem
from harness.spec.settings import Metric


def reference_evaluate(architecture: Architecture, problem: Problem, mapping: Mapping) -> Stats:
    """The reference model under its default compatibility."""
    return harness.model.evaluate(architecture, problem, mapping)


def evaluator_for(space: MapSpace, evaluate: Evaluate | None, metrics: Sequence[Metric]) -> Evaluator:
    """The fastest evaluator that gives the reference model's numbers for this space and these metrics.

    ``evaluate`` other than None is used as it is, one mapping at a time.
    """
    if evaluate is not None:
        return ReferenceEvaluator(space, evaluate)
    if "last_level_accesses" not in metrics:
        # The kernels are not needed where a mapping is proven.
        from harness.search.batch_evaluator import batch_evaluator  # noqa: PLC0415

        batched = batch_evaluator(space, lambda: ReferenceEvaluator(space, reference_evaluate))
        if batched is not None:
            return batched
    return ReferenceEvaluator(space, reference_evaluate)
