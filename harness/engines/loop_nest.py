"""The mapping as a loop nest in text: Timeloop's ``map.txt`` and the same idea for people.

Follows ``Nest::PrettyPrint`` of NVlabs/timeloop 4cf6d4c (src/mapping/nest.cpp). It lives beside the
engines because every result carries its loop nest.
"""

from __future__ import annotations

from harness.model.stats import LevelStats, Stats
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.spec.problem import Problem

_AXIS_NAMES = {"": "", "X": " (Spatial-X)", "Y": " (Spatial-Y)"}


def map_text(problem: Problem, mapping: Mapping, stats: Stats) -> str:
    """The loop nest from the outermost level to the computation, with tile sizes and capacities.

    ``Weights:72 (64)`` reads: a tile of 72 words of which at most 64 are in use at a time.
    """
    text = ""
    indent = "| "
    rule = ""
    gap = ""
    for level, figures in zip(reversed(mapping.levels), reversed(stats.levels), strict=True):
        header = _header(problem, level, figures)
        text += f"{gap}{header}\n"
        gap = ""
        # The reference's rule is one dash shorter than its heading, which ends in a blank.
        rule = "-" * (len(header) - 1) + "\n"
        for loop in (*reversed(level.temporal), *reversed(level.spatial)):
            if loop.factor <= 1:
                continue
            text += f"{rule}{indent}{loop_text(loop)}\n"
            rule = ""
            indent += "  "
            gap = "\n"
    return f"{text}{rule}{indent}<< Compute >>\n"


def _header(problem: Problem, level: LevelMapping, figures: LevelStats) -> str:
    kept = "".join(
        f"{space.name}:{space.tile_size} ({space.utilized_capacity}) "
        for space, declared in zip(figures.data_spaces, problem.data_spaces, strict=True)
        if declared.name in level.keep
    )
    return f"{level.level} [ {kept}] "


def loop_text(loop: Loop) -> str:
    """One loop as Timeloop prints it; the last visit of an imperfect loop follows after a comma."""
    bounds = f"0:{loop.factor}" if loop.perfect else f"0:{loop.factor},{loop.residual}"
    return f"for {loop.dimension} in [{bounds}){_AXIS_NAMES[loop.axis]}"
