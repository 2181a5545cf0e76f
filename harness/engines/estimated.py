"""The architecture with its energies and areas: those of the input, or estimated ones."""

from __future__ import annotations

from collections.abc import Iterable

from harness.estimation import Answer, EstimationOptions, estimate
from harness.spec.architecture import Architecture
from harness.spec.specification import Specification


def with_energy(
    specification: Specification, options: EstimationOptions
) -> tuple[Architecture, tuple[Answer, ...]]:
    """The architecture with its tables, and who answered where they were estimated."""
    architecture = specification.architecture
    if architecture.ert is not None:
        return architecture, ()
    made = estimate(architecture, specification.compound_components, options)
    return architecture.with_energy(made.ert, made.art), made.answers


def reservations_of(answers: Iterable[Answer]) -> tuple[str, ...]:
    """Where an estimator was used beyond what it was made for."""
    return tuple(dict.fromkeys(warning for answer in answers for warning in answer.warnings))
