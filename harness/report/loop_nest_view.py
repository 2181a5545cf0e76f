"""The mapping as people read it: one heading per level with the words it keeps, its loops below.

``map.txt`` is for programs; this view shortens tile sizes, names what a spatial loop runs across, and fits
a narrow terminal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.engines.evaluation import Evaluation
from harness.model.stats import LevelStats
from harness.spec.mapping import LevelMapping, Loop

_SPATIAL = {"X": "across columns (X)", "Y": "across rows (Y)"}


@dataclass(frozen=True, slots=True)
class NestLine:
    kind: Literal["level", "loop", "spatial", "compute"]
    text: str


def loop_nest_lines(evaluation: Evaluation, width: int = 80) -> list[NestLine]:
    """Outermost level first. Levels that keep nothing and have no loop are left out."""
    mapping = evaluation.mapping
    depth = sum(loop.factor > 1 for level in mapping.levels for loop in (*level.temporal, *level.spatial))
    step = 2 if 2 * depth + 40 <= width else 1
    lines: list[NestLine] = []
    indent = 2
    for level, figures in zip(reversed(mapping.levels), reversed(evaluation.stats.levels), strict=True):
        loops = [loop for loop in (*reversed(level.temporal), *reversed(level.spatial)) if loop.factor > 1]
        if level.keep:
            lines += [NestLine("level", text) for text in _level_heading(level, figures, width)]
        for loop in loops:
            kind: Literal["loop", "spatial"] = "spatial" if loop.axis else "loop"
            lines.append(NestLine(kind, " " * indent + _loop(loop, brief=width < 60)))
            indent += step
    lines.append(NestLine("compute", " " * indent + "compute"))
    return lines


def _level_heading(level: LevelMapping, figures: LevelStats, width: int) -> list[str]:
    """In one line, or on a narrow terminal with what is kept on lines of its own."""
    spaces = [space for space in figures.data_spaces if space.name in level.keep]
    kept = [f"{words(space.tile_size)} of {space.name}" for space in spaces]
    text = f"{level.level}  keeps {', '.join(kept)}"
    if len(text) <= width:
        return [text]
    return [level.level, *(f"    keeps {words_kept}" for words_kept in kept)]


def _loop(loop: Loop, brief: bool) -> str:
    times = f"0:{loop.factor}" if loop.perfect else f"0:{loop.factor} (last time 0:{loop.residual})"
    if loop.axis:
        return f"parallel {loop.dimension} in {times} {loop.axis if brief else _SPATIAL[loop.axis]}"
    return f"for {loop.dimension} in {times}"


def words(number: int) -> str:
    """A number of words, in units of 1024 when it is large."""
    for size, unit in ((1 << 30, "Gi"), (1 << 20, "Mi"), (1 << 10, "Ki")):
        if number % size == 0 and number >= size:
            return f"{number // size} {unit}"
        if number >= 10 * size:
            return f"{number / size:.1f} {unit}"
    return str(number)
