"""The constraints of a level, fused ones included, in the words of the v4 dialect."""

from __future__ import annotations

from typing import Any

from harness.errors import Unsupported
from harness.spec.constraints import BlockConstraint, LevelConstraints
from harness.spec.problem import Problem

_SINGLE = ("split", "default_max_factor", "default_min_factor")
_SPACES = ("no_reuse", "no_link_transfer", "rmw_first_update")


def written_block(block: BlockConstraint | None, level: str, problem: Problem) -> dict[str, Any]:
    """What stands under ``temporal`` or ``spatial``, {} for nothing.

    Raises Unsupported for what only the flattened form can say: imperfect factors, and permutations that
    fix the outermost loops.
    """
    if block is None:
        return {}
    if block.suffix:
        raise Unsupported(f"a permutation that ends in '{block.suffix[-1]}' outside ({level}) has no v4 form")
    if any(factor.residual is not None for factor in block.factors):
        raise Unsupported(f"imperfect factors ({level}) have no v4 form")
    entry: dict[str, Any] = {}
    if block.factors:
        entry["factors"] = [f"{f.dimension}{f.relation}{f.value}" for f in block.factors]
    if block.prefix:
        entry["permutation"] = list(block.prefix)
    for key in _SINGLE:
        if getattr(block, key) is not None:
            entry[key] = getattr(block, key)
    if block.remainders:
        entry["remainders"] = block.remainders[0]
    for key in _SPACES:
        if getattr(block, key):
            entry[key] = in_order(getattr(block, key), problem)
    return entry


def written_data_spaces(level: LevelConstraints, problem: Problem) -> dict[str, Any]:
    """What stands under ``dataspace``, {} for nothing."""
    lists = {"keep": level.keep, "bypass": level.bypass, "no_coalesce": level.no_coalesce}
    return {key: in_order(names, problem) for key, names in lists.items() if names}


def in_order(names: frozenset[str], problem: Problem) -> list[str]:
    """The data spaces in the order of the problem."""
    return [space.name for space in problem.data_spaces if space.name in names]
