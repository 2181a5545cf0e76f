"""Generators of small mapping problems; a seed gives the same case always."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

from harness.errors import HarnessError
from harness.mapspace import MapSpace
from harness.mapspace.mapspace import Template
from harness.spec.architecture import Architecture
from harness.spec.constraints import BlockConstraint, Constraints
from harness.spec.problem import Problem
from proof_cases.architectures import random_architecture
from proof_cases.case import MappingCase
from proof_cases.demands import random_constraints, tightened
from proof_cases.problems import random_convolution, random_problem, with_bounds

LARGEST = 30_000
"""Mappings of the pruned space of a case that the batch kernels enumerate."""

LARGEST_SLOW = 600
"""The same where the reference model evaluates them (imperfect factors)."""


def perfect_case(seed: int, largest: int = LARGEST) -> MappingCase:
    """A problem without sliding windows in the space of perfect factors.

    Most spaces have hundreds to thousands of mappings; some have no valid one.
    """
    random = Random(f"perfect {seed}")
    while True:
        problem = random_problem(random)
        architecture = random_architecture(random, problem)
        constraints = random_constraints(random, architecture, problem)
        target = int(math.exp(random.uniform(math.log(100), math.log(largest))))
        found = _shrunk(random, architecture, problem, constraints, target=target, template="uber")
        if found is not None and _all_perfect(found):
            return MappingCase("perfect_case", seed, architecture, found.problem, found.constraints)


def sliding_case(seed: int, largest: int = 5000) -> MappingCase:
    """A convolution in the space of perfect factors."""
    random = Random(f"sliding {seed}")
    while True:
        problem = random_convolution(random)
        architecture = random_architecture(random, problem, most_levels=4)
        constraints = random_constraints(random, architecture, problem)
        target = int(math.exp(random.uniform(math.log(100), math.log(largest))))
        found = _shrunk(random, architecture, problem, constraints, target=target, template="uber")
        if found is not None and _all_perfect(found):
            return MappingCase("sliding_case", seed, architecture, found.problem, found.constraints)


def ruby_case(seed: int) -> MappingCase:
    """A problem without sliding windows in a space with imperfect factors."""
    random = Random(f"ruby {seed}")
    while True:
        problem = random_problem(random)
        bounds = tuple(b if b == 1 else random.choice((2, 3, 5, 6, 7, 8, 9, 10, 11)) for b in problem.bounds)
        problem = with_bounds(problem, bounds)
        architecture = random_architecture(random, problem, most_levels=3)
        constraints = random_constraints(random, architecture, problem)
        constraints = _with_remainders(random, architecture, constraints)
        found = _shrunk(random, architecture, problem, constraints, target=LARGEST_SLOW, template="ruby")
        if found is not None and not _all_perfect(found):
            return MappingCase("ruby_case", seed, architecture, found.problem, found.constraints, "ruby")


def _shrunk(
    random: Random,
    architecture: Architecture,
    problem: Problem,
    constraints: Constraints,
    *,
    target: int,
    template: Template,
) -> MapSpace | None:
    """The space after bounds were divided and demands added until ``target`` mappings are left at most."""
    smallest = max(target // 40, 2)
    for _ in range(60):
        try:
            space = MapSpace(architecture, problem, constraints, template)
        except HarnessError:
            return None
        if space.sizes.index_factorization <= min(target, 2000):
            size = _pruned_size(space, target)
            if size <= target:
                return space if size >= smallest or random.random() < 0.05 else None
        if random.random() < 0.6 and max(problem.bounds) > 1:
            problem = _smaller(random, problem)
        else:
            constraints = tightened(random, architecture, problem, constraints)
    return None


def _pruned_size(space: MapSpace, target: int) -> int:
    """Mappings of the pruned space; any number beyond ``target`` if there are more."""
    total = 0
    for factorization in range(space.sizes.index_factorization):
        subspace = space.subspace(factorization)
        total += subspace.permutation_size * subspace.spatial_size * space.sizes.datatype_bypass
        if total > target:
            break
    return total


def _smaller(random: Random, problem: Problem) -> Problem:
    which = random.choices(range(len(problem.bounds)), [b - 1 for b in problem.bounds])[0]
    bound = problem.bounds[which]
    primes = [p for p in range(2, bound + 1) if bound % p == 0 and all(p % q for q in range(2, p))]
    smaller = bound // random.choice(primes)
    return with_bounds(problem, (*problem.bounds[:which], smaller, *problem.bounds[which + 1 :]))


def _all_perfect(space: MapSpace) -> bool:
    """Whether no loop of the space has a residual, and no fixed factor is clamped to another divisor."""
    for dimension in space.dimensions:
        left = dimension.demands.bound
        for level in sorted(dimension.demands.given):
            factor = min(dimension.demands.given[level], left)
            if left % factor:
                return False
            left //= factor
        for index in range(dimension.size):
            if any(end != residual for end, residual in dimension.split(index).factors):
                return False
    return True


def _with_remainders(random: Random, architecture: Architecture, constraints: Constraints) -> Constraints:
    """``remainders`` at a level or two, and no permutation suffix, which ruby refuses."""
    entries = []
    chosen = set(random.sample(range(len(architecture.storage)), random.choice((1, 1, 2))))
    for number, name in enumerate(architecture.level_names):
        level = constraints.of(name)
        temporal, spatial = (_without_suffix(b) for b in (level.temporal, level.spatial))
        if number in chosen:
            most = (random.choice((2, 3, 4, 8)),)
            if architecture.fanout(number) != (1, 1) and random.random() < 0.6:
                spatial = replace(spatial or BlockConstraint(), remainders=most)
            else:
                temporal = replace(temporal or BlockConstraint(), remainders=most)
        entries.append(replace(level, temporal=temporal, spatial=spatial))
    return Constraints(tuple(entries), constraints.min_parallelism)


def _without_suffix(block: BlockConstraint | None) -> BlockConstraint | None:
    return None if block is None else replace(block, suffix=())


__all__ = ["LARGEST", "LARGEST_SLOW", "perfect_case", "ruby_case", "sliding_case"]
