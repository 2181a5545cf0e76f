"""Constraint macros: short forms that become plain factors, keeps and bypasses.

Semantics of Timeloop's front end (v4/processors/constraint_macro.py), in its order: first the macros of
every node, then ``maximize_dims`` from the innermost node outwards, spatial before temporal.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

from harness.errors import SpecError
from harness.spec.v4.constraint import Constraint, Factor
from harness.spec.v4.nodes import Branch, Leaf, depth_first, direct_first
from harness.spec.v4.problem import Shape

MAX_STATES = 200_000


def expand_macros(root: Branch, shape: Shape) -> None:
    for leaf in depth_first(root):
        for constraint in leaf.constraints.values():
            if constraint.kind in ("spatial", "temporal"):
                _iteration_macros(constraint, shape)
            elif constraint.kind == "dataspace":
                _data_space_macros(constraint, shape)
    _maximize(root, shape)


def _iteration_macros(constraint: Constraint, shape: Shape) -> None:
    only = constraint.values.pop("factors_only", None)
    if only is not None:
        constraint.add_factors(only, "factors_only and factors")
        taken = {f.dimension for f in constraint.factors}
        constraint.add_factors(
            _ones([d for d in shape.dimensions if d not in taken], constraint), "factors_only"
        )
    frozen = constraint.values.pop("no_iteration_over_dataspaces", None)
    if frozen:
        dimensions = [d for name in frozen for d in shape.data_spaces[name]]
        constraint.add_factors(_ones(dimensions, constraint), "no_iteration_over_dataspaces and factors")
    moving = constraint.values.pop("must_iterate_over_dataspaces", None)
    if moving is not None:
        used = {d for name in moving for d in shape.data_spaces[name]}
        dimensions = [d for d in shape.dimensions if d not in used]
        constraint.add_factors(_ones(dimensions, constraint), "must_iterate_over_dataspaces and factors")


def _ones(dimensions: list[str], constraint: Constraint) -> list[Factor]:
    return [Factor(d, "=", 1, constraint.location) for d in dict.fromkeys(dimensions)]


def _data_space_macros(constraint: Constraint, shape: Shape) -> None:
    for macro, listed, others in (("keep_only", "keep", "bypass"), ("bypass_only", "bypass", "keep")):
        names = constraint.values.pop(macro, None)
        if names is None:
            continue
        rest = [n for n in shape.data_spaces if n not in names]
        place = constraint.place(macro)
        meant = Constraint(constraint.kind, constraint.target, place, {listed: list(names), others: rest})
        constraint.combine(meant)


def _maximize(root: Branch, shape: Shape) -> None:
    sizes = _Sizes(shape.bounds, dict(shape.bounds))
    for leaf in depth_first(root):
        for constraint in leaf.constraints.values():
            for factor in constraint.factors:
                if factor.relation == "=":
                    sizes.take(factor.dimension, sizes.meant(factor))
    leaves = direct_first(root)[::-1]
    for kind in ("spatial", "temporal"):
        for leaf in leaves:
            constraint = leaf.constraints[kind]
            groups = constraint.values.pop("maximize_dims", None)
            given = constraint.values.pop("maximize_dims_capacity", None)
            if groups:
                capacity = _capacity(leaf, constraint, given)
                for group in groups:
                    _maximize_group(constraint, group, capacity, sizes)


@dataclass
class _Sizes:
    """The sizes of the problem, and what is left of them beside the factors fixed so far."""

    bounds: dict[str, int]
    free: dict[str, int]

    def meant(self, factor: Factor) -> int:
        return factor.value or self.bounds[factor.dimension]

    def take(self, dimension: str, value: int) -> None:
        if value > 0:
            self.free[dimension] = math.ceil(self.free[dimension] / value)


def _capacity(leaf: Leaf, constraint: Constraint, given: int | None) -> int:
    if given is not None:
        return given
    if constraint.kind == "spatial":
        return leaf.fanout
    raise SpecError(
        f"'maximize_dims' in the temporal constraint of '{leaf.name}' needs 'maximize_dims_capacity'",
        constraint.place("maximize_dims"),
    )


def _maximize_group(constraint: Constraint, group: list[str], capacity: int, sizes: _Sizes) -> None:
    place = constraint.place("maximize_dims")
    for factor in constraint.factors:
        if factor.relation in ("=", ">=") and sizes.meant(factor) > 0:
            capacity //= sizes.meant(factor)
        if factor.dimension in group:
            raise SpecError(
                f"cannot maximize '{factor.dimension}' of '{constraint.target}': "
                f"it is constrained by {factor}",
                place,
            )
    chosen: dict[str, int] = {}
    for dimension, value in allocate([(d, sizes.free[d]) for d in dict.fromkeys(group)], capacity):
        chosen[dimension] = chosen.get(dimension, 1) * value
    for dimension in group:
        chosen.setdefault(dimension, 1)
    constraint.add_factors([Factor(d, "=", v, place) for d, v in chosen.items()], "maximize_dims")
    for dimension, value in chosen.items():
        sizes.take(dimension, value)


def allocate(sizes: list[tuple[str, int]], capacity: int) -> list[tuple[str, int]]:
    """Prime factors (or a ceiling split) of the sizes whose product fills ``capacity`` best.

    Returns (dimension, factor) pairs; a dimension can appear several times. Ties go to the candidate that
    the front end tries first.
    """
    names = [name for name, _ in sizes]
    states = 0

    @cache
    def best(left: tuple[int, ...], room: int) -> tuple[tuple[tuple[int, int], ...], float]:
        nonlocal states
        states += 1
        if states > MAX_STATES:
            raise SpecError(
                "'maximize_dims' has too many choices to try", None, "maximize fewer dimensions at once"
            )
        chosen: tuple[tuple[int, int], ...] = ()
        filled: float = 1
        if room <= 1:
            return chosen, filled
        for index, size in enumerate(left):
            if size > room:
                rounds = math.ceil(size / room)
                part = math.ceil(size / rounds)
                used = (part * (rounds - 1) + size % part) / rounds
                if used > filled:
                    chosen, filled = ((index, part),), used
            # The order in which a set of small numbers is walked is the front end's order of trial.
            for prime in set(_prime_factors(size)):
                if prime > room:
                    continue
                smaller = (*left[:index], size // prime, *left[index + 1 :])
                further, used = best(smaller, room // prime)
                used *= prime
                if used > filled:
                    chosen, filled = ((index, prime), *further), used
        return chosen, filled

    pairs, _ = best(tuple(size for _, size in sizes), capacity)
    return [(names[index], factor) for index, factor in pairs]


def _prime_factors(number: int) -> list[int]:
    found: list[int] = []
    prime = 2
    while prime * prime <= number:
        while number % prime == 0:
            found.append(prime)
            number //= prime
        prime += 1
    return [*found, number] if number > 1 else found
