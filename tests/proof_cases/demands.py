"""Random constraints, and single further ones that make a map space smaller."""

from __future__ import annotations

from dataclasses import replace
from random import Random

from harness.spec.architecture import Architecture
from harness.spec.constraints import BlockConstraint, Constraints, FactorConstraint, LevelConstraints
from harness.spec.problem import Problem
from proof_cases.architectures import DUMMY


def random_constraints(random: Random, architecture: Architecture, problem: Problem) -> Constraints:
    loose = random.random() < 0.3
    written = frozenset(ds.name for ds in problem.data_spaces if ds.read_write)
    entries = []
    free_pairs = random.choice((0, 1, 2, 2, 3, 4, 5))
    pairs = [(k, ds.name) for k in range(len(architecture.storage) - 1) for ds in problem.data_spaces]
    free = set(random.sample(pairs, min(free_pairs, len(pairs))))
    for number, storage in enumerate(architecture.storage):
        outermost = number == len(architecture.storage) - 1
        keep, bypass = set(), set()
        for ds in problem.data_spaces:
            if storage.class_name == DUMMY:
                bypass.add(ds.name)
            elif outermost:
                # Bypassing the outermost level is allowed where an inner one may keep the tensor.
                if random.random() < 0.02:
                    bypass.add(ds.name)
            elif (number, ds.name) not in free:
                (keep if random.random() < 0.7 else bypass).add(ds.name)
        fans_out = architecture.fanout(number) != (1, 1)
        entries.append(
            LevelConstraints(
                storage.name,
                temporal=None if loose else _block(random, problem, written, False),
                spatial=_block(random, problem, written, True) if fans_out and not loose else None,
                keep=frozenset(keep),
                bypass=frozenset(bypass),
                no_coalesce=_some(random, problem) if random.random() < 0.04 else frozenset(),
            )
        )
    least = random.choice((0.1, 0.25, 0.5, 1.0)) if random.random() < 0.06 else None
    return Constraints(tuple(entries), least)


def tightened(
    random: Random, architecture: Architecture, problem: Problem, constraints: Constraints
) -> Constraints:
    """One more demand: a mask bit, a fixed factor, an order or a split."""
    number = random.randrange(len(architecture.storage))
    name = architecture.storage[number].name
    level = constraints.of(name)
    fans_out = architecture.fanout(number) != (1, 1)
    undecided = [
        ds.name
        for ds in problem.data_spaces
        if ds.name not in level.keep | level.bypass and number < len(architecture.storage) - 1
    ]
    if undecided and random.random() < 0.4:
        chosen = random.choice(undecided)
        if random.random() < 0.6:
            level = replace(level, keep=level.keep | {chosen})
        else:
            level = replace(level, bypass=level.bypass | {chosen})
    elif fans_out and random.random() < 0.5:
        block = level.spatial or BlockConstraint()
        if random.random() < 0.5:
            block = replace(block, split=random.choice((0, 1, 2, 999)))
        else:
            block = _with_factor(random, problem, block)
        level = replace(level, spatial=block)
    else:
        block = level.temporal or BlockConstraint()
        demand = _ordered if random.random() < 0.5 else _with_factor
        block = demand(random, problem, block)
        level = replace(level, temporal=block)
    others = tuple(entry for entry in constraints.levels if entry.level != name)
    return Constraints((*others, level), constraints.min_parallelism)


def _block(
    random: Random, problem: Problem, written: frozenset[str], spatial: bool
) -> BlockConstraint | None:
    if random.random() < 0.4:
        return None
    block = BlockConstraint()
    for _ in range(random.choice((0, 0, 1, 1, 2))):
        block = _with_factor(random, problem, block)
    if random.random() < 0.3:
        block = _ordered(random, problem, block)
    if random.random() < 0.08:
        block = replace(block, default_max_factor=random.choice((1, 2, 4, 8)))
    if random.random() < 0.02:
        block = replace(block, default_min_factor=2)
    if random.random() < 0.12:
        block = replace(block, no_reuse=_some(random, problem))
    if spatial:
        if random.random() < 0.3:
            block = replace(block, split=random.choice((0, 1, 2, 3, 999)))
        if random.random() < 0.3:
            block = replace(block, no_link_transfer=_some(random, problem))
    elif random.random() < 0.12:
        block = replace(block, rmw_first_update=written)
    return block


def _with_factor(random: Random, problem: Problem, block: BlockConstraint) -> BlockConstraint:
    dimension = random.choice(problem.dimensions)
    taken = {(f.dimension, f.relation) for f in block.factors}
    bound = problem.bound[dimension]
    relation = random.choice(("=", "=", "=", "<=", "<=", ">="))
    if (dimension, relation) in taken:
        return block
    divisors = [d for d in range(1, bound + 1) if bound % d == 0]
    value = random.choice(divisors)
    if relation == "=" and value == bound:
        value = random.choice((0, bound, 1))
    elif relation == "=" and random.random() < 0.5:
        value = 1
    elif relation == "<=":
        value = random.choice((value, random.randint(1, bound)))
    elif relation == ">=":
        value = random.choice((1, 2, min(value, 4)))
    return replace(block, factors=(*block.factors, FactorConstraint(dimension, relation, value)))  # type: ignore[arg-type]


def _ordered(random: Random, problem: Problem, block: BlockConstraint) -> BlockConstraint:
    dimensions = list(problem.dimensions)
    random.shuffle(dimensions)
    inner = random.choice((0, 1, 2, len(dimensions)))
    outer = random.choice((0, 0, 1, 2))
    prefix = tuple(dimensions[:inner])
    suffix = tuple(dimensions[inner : inner + outer])
    return replace(block, prefix=prefix, suffix=suffix, permutation_given=True)


def _some(random: Random, problem: Problem) -> frozenset[str]:
    return frozenset(ds.name for ds in problem.data_spaces if random.random() < 0.5)
