"""Writing constraints in Timeloop's flattened form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.spec.architecture import Architecture
from harness.spec.constraints import BlockConstraint, Constraints
from harness.spec.problem import Problem


def write_constraints(
    constraints: Constraints, architecture: Architecture, problem: Problem
) -> dict[str, Any]:
    """The constraints as Timeloop's ``architecture_constraints`` (``{targets: [...]}``), outermost first.

    Reading the result back gives the same constraints (file positions aside).
    """
    order = [d.name for d in problem.data_spaces]
    targets: list[dict[str, Any]] = []
    for name in reversed(architecture.level_names):
        level = constraints.of(name)
        if level.spatial is not None:
            targets.append(_write_block(level.spatial, name, "spatial", order))
        if level.temporal is not None:
            targets.append(_write_block(level.temporal, name, "temporal", order))
        if level.keep or level.bypass or level.no_coalesce:
            entry: dict[str, Any] = {"target": name, "type": "dataspace"}
            entry["keep"] = _ordered(level.keep, order)
            entry["bypass"] = _ordered(level.bypass, order)
            if level.no_coalesce:
                entry["no_coalesce"] = _ordered(level.no_coalesce, order)
            targets.append(entry)
    if constraints.min_parallelism is not None:
        targets.append(
            {
                "target": architecture.level_names[0],
                "type": "parallelism",
                "min": constraints.min_parallelism,
            }
        )
    return {"targets": targets}


def _ordered(names: frozenset[str], order: Sequence[str]) -> list[str]:
    return [n for n in order if n in names]


def _write_block(block: BlockConstraint, level: str, kind: str, order: Sequence[str]) -> dict[str, Any]:
    entry: dict[str, Any] = {"target": level, "type": kind}
    if block.factors:
        entry["factors"] = ",".join(
            f"{f.dimension}{f.relation}{f.value}" + (f",{f.residual}" if f.residual is not None else "")
            for f in block.factors
        )
    if block.permutation_given:
        separator = "" if all(len(d) == 1 for d in block.prefix + block.suffix) else ","
        text = separator.join(block.prefix)
        if block.suffix:
            text += separator + "_" + separator + separator.join(block.suffix)
        entry["permutation"] = text
    for key in ("split", "default_max_factor", "default_min_factor"):
        value = getattr(block, key)
        if value is not None:
            entry[key] = value
    if block.remainders:
        entry["remainders"] = block.remainders[0]
    for key in ("no_reuse", "no_link_transfer", "rmw_first_update"):
        spaces = getattr(block, key)
        if spaces:
            entry[key] = _ordered(spaces, order)
    return entry
