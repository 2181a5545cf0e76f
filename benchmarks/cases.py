"""The jobs that are measured: shipped architectures with layers of the shipped models, and mappings."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from random import Random

from harness.estimation import estimate
from harness.mapspace import MapSpace, Refusal
from harness.spec import specification_from_v4_tree
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.flattened import write_problem
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem
from harness.spec.specification import Specification
from harness.spec.templates import load_architecture_template
from harness.workloads import find_layer

SEED = 20_000


@dataclass(frozen=True)
class Case:
    """An architecture with energies, a problem, and the architecture's constraints.

    ``specification`` is where they come from, without energies.
    """

    name: str
    architecture: Architecture
    problem: Problem
    constraints: Constraints
    specification: Specification

    @property
    def unbounded(self) -> Architecture:
        """The architecture without capacities, so that no mapping is refused early."""
        levels = (replace(s, size_words=None, min_utilization=0.0) for s in self.architecture.storage)
        return replace(self.architecture, storage=tuple(levels))


@cache
def case(architecture: str, layer: str, model: str | None = None) -> Case:
    """``layer`` of ``model`` (the default model's, or one of the single layers) on a shipped architecture."""
    found = find_layer(layer, model)
    tree = load_architecture_template(architecture).render({}, found.problem, found.operator)
    tree["problem"] = write_problem(found.problem)
    specification = specification_from_v4_tree(tree)
    bare = specification.architecture
    made = estimate(bare, specification.compound_components)
    return Case(
        name=" / ".join(part for part in (architecture, model, layer) if part),
        architecture=bare.with_energy(made.ert, made.art),
        problem=found.problem,
        constraints=specification.constraints,
        specification=specification,
    )


@cache
def sampled_mappings(architecture: str, layer: str, count: int) -> tuple[Mapping, ...]:
    """``count`` random mappings that fit the hardware's fan-out, from the constrained map space."""
    chosen = case(architecture, layer)
    space = MapSpace(chosen.architecture, chosen.problem, chosen.constraints)
    random = Random(SEED)
    found: list[Mapping] = []
    for _ in range(1000 * count):
        if len(found) == count:
            break
        mapping = space.construct(space.sample(random))
        if not isinstance(mapping, Refusal):
            found.append(mapping)
    return tuple(found)
