"""Mappings as Timeloop's mapper prints them in one line while it searches.

``L5[WIO] L8 E4 D48 - L4[WI] E16 - L3[] G1 D16Y - ... - L0[W] L16``: storage levels by number from the
outermost, in brackets the initials of the data spaces kept, then the loops from the outermost; a unit loop
may stand for none.
"""

from __future__ import annotations

import re
from typing import Literal

from harness.spec.architecture import Architecture
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.spec.problem import Problem

_LEVEL = re.compile(r"L(\d+)\[([A-Za-z]*)\]((?: [A-Za-z]+\d+(?:;\d+)?[XY]?)*)")
_LOOP = re.compile(r"([A-Za-z]+)(\d+)(?:;(\d+))?([XY]?)")


def read_compact_mapping(text: str, architecture: Architecture, problem: Problem) -> Mapping | None:
    """The mapping in ``text``, None when it has none or the initials of the data spaces are not distinct."""
    spaces = {space.name[0]: space.name for space in problem.data_spaces}
    found = list(_LEVEL.finditer(text))
    if len(spaces) < len(problem.data_spaces) or len(found) != len(architecture.storage):
        return None
    levels = {int(level.group(1)): _level(level, architecture, spaces) for level in found}
    return Mapping(tuple(levels[number] for number in sorted(levels)))


def _level(found: re.Match[str], architecture: Architecture, spaces: dict[str, str]) -> LevelMapping:
    loops = [_loop(text) for text in reversed(found.group(3).split())]
    shown = [loop for loop in loops if loop.factor > 1]
    return LevelMapping(
        level=architecture.level_names[int(found.group(1))],
        temporal=tuple(loop for loop in shown if not loop.axis),
        spatial=tuple(loop for loop in shown if loop.axis),
        keep=frozenset(spaces[initial] for initial in found.group(2)),
    )


def _loop(text: str) -> Loop:
    match = _LOOP.fullmatch(text)
    if match is None:
        raise ValueError(f"'{text}' is no loop")
    dimension, factor, residual, axis = match.groups()
    along: Literal["", "X", "Y"] = "X" if axis == "X" else "Y" if axis == "Y" else ""
    return Loop(dimension, int(factor), int(residual or factor), along)
