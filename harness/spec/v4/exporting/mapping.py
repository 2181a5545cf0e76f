"""A mapping as the v4 dialect gives it: constraints that leave no choice, on nodes instead of levels."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from typing import Any

from harness.errors import Unsupported
from harness.spec.architecture import Architecture
from harness.spec.flattened import write_mapping
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem
from harness.spec.v4.exporting.names import node_of_dummy


def written_mapping(mapping: Mapping, architecture: Architecture, problem: Problem) -> list[dict[str, Any]]:
    """The value of ``mapping``: per level what it keeps, its spatial and its temporal loops.

    Raises Unsupported for imperfect factors, and for levels of spatial nodes that do more than fan out.
    """
    for level in mapping.levels:
        if any(not loop.perfect for loop in (*level.temporal, *level.spatial)):
            raise Unsupported(f"the mapping has an imperfect factor at {level.level}, which has no v4 form")
        if node_of_dummy(level.level, architecture) is not None and (level.keep or level.temporal):
            what = "keeps data" if level.keep else "has temporal loops"
            raise Unsupported(f"the mapping {what} at {level.level}, a spatial node in the v4 form")
    entries = (
        _entry(entry, architecture, problem) for entry in write_mapping(mapping, architecture, problem)
    )
    return [entry for entry in entries if entry is not None]


def _entry(
    directive: AbstractMapping[str, Any], architecture: Architecture, problem: Problem
) -> dict[str, Any] | None:
    """One directive of the flattened form as a constraint; None where the front end adds its own."""
    entry = dict(directive)
    node = node_of_dummy(entry["target"], architecture)
    if node is not None:
        if entry["type"] != "spatial":
            return None
        entry["target"] = node
    if entry["type"] == "datatype":
        entry["type"] = "dataspace"
        return {key: value for key, value in entry.items() if value != []}
    factors = dict(_factor(text) for text in str(entry["factors"]).split())
    entry["factors"] = [f"{d}={factors[d]}" for d in problem.dimensions]
    entry["permutation"] = list(entry["permutation"])
    return entry


def _factor(text: str) -> tuple[str, int]:
    """``E16``: dimensions have one letter."""
    return text[0], int(text[1:])
