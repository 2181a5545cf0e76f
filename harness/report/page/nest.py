"""The mapping of a result as levels and loops, outermost first, for diagrams.

The record carries Timeloop's list of directives, of which ``write_mapping`` leaves nothing out; it is read
with the reader of the specification, which needs no more of the problem than its dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from harness.engines.result import Result
from harness.spec.flattened.mapping import read_factors, read_permutation
from harness.spec.mapping import Loop
from harness.spec.problem import Problem


@dataclass(frozen=True)
class Kept:
    """A tensor that a level keeps, and the words of it in one tile."""

    name: str
    words: int


@dataclass(frozen=True)
class NestLevel:
    """``loops`` from the outermost to the innermost; the spatial ones lie inside the temporal ones."""

    name: str
    keeps: tuple[Kept, ...]
    loops: tuple[Loop, ...]


def nest_levels(result: Result) -> tuple[NestLevel, ...]:
    """Outermost level first. Levels that keep nothing and have no loop are left out."""
    problem = _dimensions(result.mapping)
    loops: dict[str, list[Loop]] = {}
    for kind in ("temporal", "spatial"):
        for directive in result.mapping:
            if directive["type"] == kind:
                inner_to_outer = _loops(directive, problem, spatial=kind == "spatial")
                loops.setdefault(directive["target"], []).extend(reversed(inner_to_outer))
    levels = (
        NestLevel(
            name=level.name,
            keeps=tuple(Kept(name, space.tile_size) for name, space in level.dataspaces.items()),
            loops=tuple(loops.get(level.name, ())),
        )
        for level in reversed(result.levels[1:])
    )
    return tuple(level for level in levels if level.keeps or level.loops)


def _dimensions(mapping: Sequence[Mapping[str, Any]]) -> Problem:
    """The dimensions that the directives name. Their bounds would only be asked for by a factor 0, which
    stands for a whole dimension and is never written.
    """
    names = dict.fromkeys(
        letter for directive in mapping for letter in directive.get("permutation", "") if letter.isalnum()
    )
    return Problem("", tuple(names), (1,) * len(names), ())


def _loops(directive: Mapping[str, Any], problem: Problem, spatial: bool) -> list[Loop]:
    factors = read_factors(directive["factors"], problem, None)
    order = read_permutation(directive["permutation"], problem, None)
    split = directive.get("split", len(order))
    return [
        Loop(dimension, *factors[dimension], _axis(position, split, spatial))
        for position, dimension in enumerate(order)
        if factors.get(dimension, (1, 1))[0] > 1
    ]


def _axis(position: int, split: int, spatial: bool) -> Literal["", "X", "Y"]:
    if not spatial:
        return ""
    return "X" if position < split else "Y"
