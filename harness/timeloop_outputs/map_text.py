"""Timeloop's ``map.txt``: the mapping as a loop nest, with the tiles that each level keeps.

``Weights:72 (64)`` reads: a tile of 72 words, of which at most 64 are kept at a time. The text has neither
loops of one step nor directives such as ``no_reuse``; those are in ``map.yaml`` or nowhere.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, NoReturn

from harness.errors import Location, SpecError, unknown_name
from harness.spec.architecture import Architecture
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.spec.problem import Problem

_HEADER = re.compile(r"^(\S.*?) \[ (.*?) ?\] *$")
_TILE = re.compile(r"(\S+?)(?::(\d{1,19}))?(?: \((\d{1,19})\))?(?: |$)")
_LOOP = re.compile(r"^[| ]+for (\S+) in \[(\d{1,19}):(\d{1,19})(?:,(\d{1,19}))?\)(?: \(Spatial-([XY])\))?$")
_COMPUTE = "<< Compute >>"
_AXES: dict[str | None, Literal["", "X", "Y"]] = {None: "", "X": "X", "Y": "Y"}


@dataclass(frozen=True, slots=True)
class NestTile:
    """What a level keeps of one data space, in words; None where the text has names only."""

    data_space: str
    tile_size: int | None
    utilized_capacity: int | None


@dataclass(frozen=True, slots=True)
class NestLoop:
    """``for C in [0:8,3)``: 8 steps, 3 in the last visit; equal for a perfect factor. In line ``line``."""

    dimension: str
    factor: int
    residual: int
    axis: Literal["", "X", "Y"]
    line: int


@dataclass(frozen=True, slots=True)
class NestLevel:
    """A storage level: what it keeps and, outermost first, its loops in time and then in space."""

    name: str
    tiles: tuple[NestTile, ...]
    loops: tuple[NestLoop, ...]
    line: int

    def tile(self, data_space: str) -> NestTile | None:
        return next((tile for tile in self.tiles if tile.data_space == data_space), None)


@dataclass(frozen=True, slots=True)
class LoopNest:
    """``levels`` from the outermost to the innermost, as in the text."""

    levels: tuple[NestLevel, ...]
    file: str

    def level(self, name: str) -> NestLevel | None:
        return next((level for level in self.levels if level.name == name), None)


def read_map_text(text: str, file: str = "map.txt") -> LoopNest:
    """The loop nest in ``text``. SpecError with the line for what is empty, cut off or no loop nest."""
    if not text.strip():
        raise SpecError("the file is empty: Timeloop has written no mapping", Location(file))
    levels: list[NestLevel] = []
    loops: list[NestLoop] = []
    complete = False
    number = 0
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if not bare or not bare.strip("-"):
            continue
        if complete:
            _fail("more text after the end of the loop nest", file, number)
        header = _HEADER.match(line)
        if header is not None:
            _close(levels, loops)
            levels.append(NestLevel(header[1], _tiles(header[2]), (), number))
            loops = []
        elif bare.endswith(_COMPUTE):
            complete = True
        else:
            loops.append(_loop(line, file, number))
            if not levels:
                _fail("a loop before the first level", file, number)
    if not complete or not levels:
        _fail(f"the loop nest is cut off: no '{_COMPUTE}' at its end", file, number)
    _close(levels, loops)
    return LoopNest(tuple(levels), file)


def mapping_of(nest: LoopNest, architecture: Architecture, problem: Problem) -> Mapping:
    """The mapping that ``nest`` shows, for that architecture and problem.

    Its list in Timeloop's form is :func:`harness.spec.flattened.write_mapping` of it. SpecError for a
    level, dimension or data space that they do not have, and for a level that is missing in the text.
    """
    known = [level.name for level in architecture.storage]
    for level in nest.levels:
        if level.name not in known:
            raise unknown_name("level", level.name, known, Location(nest.file, level.line))
    levels = []
    for name in known:
        found = nest.level(name)
        if found is None:
            raise SpecError(f"the loop nest has no level '{name}'", Location(nest.file))
        levels.append(_level_mapping(nest, found, problem))
    return Mapping(tuple(levels))


def _level_mapping(nest: LoopNest, level: NestLevel, problem: Problem) -> LevelMapping:
    spaces = [space.name for space in problem.data_spaces]
    for tile in level.tiles:
        if tile.data_space not in spaces:
            where = Location(nest.file, level.line)
            raise unknown_name("data space", tile.data_space, spaces, where)
    for loop in level.loops:
        if loop.dimension not in problem.dimensions:
            where = Location(nest.file, loop.line)
            raise unknown_name("dimension", loop.dimension, problem.dimensions, where)
    inside_out = [
        Loop(loop.dimension, loop.factor, loop.residual, loop.axis) for loop in reversed(level.loops)
    ]
    return LevelMapping(
        level=level.name,
        temporal=tuple(loop for loop in inside_out if not loop.axis),
        spatial=tuple(loop for loop in inside_out if loop.axis),
        keep=frozenset(tile.data_space for tile in level.tiles),
    )


def _close(levels: list[NestLevel], loops: list[NestLoop]) -> None:
    """Give the level before a new one its loops."""
    if levels:
        last = levels[-1]
        levels[-1] = NestLevel(last.name, last.tiles, tuple(loops), last.line)


def _tiles(text: str) -> tuple[NestTile, ...]:
    return tuple(
        NestTile(found[1], int(found[2]) if found[2] else None, int(found[3]) if found[3] else None)
        for found in _TILE.finditer(text.strip())
    )


def _loop(line: str, file: str, number: int) -> NestLoop:
    found = _LOOP.match(line)
    if found is None:
        _fail(f"'{line.strip()[:60]}' is neither a level nor a loop", file, number)
    if found[2] != "0":
        _fail(f"a loop that begins at {found[2]}, not at 0", file, number)
    factor = int(found[3])
    residual = int(found[4]) if found[4] else factor
    if not 1 <= residual <= factor:
        _fail(f"a loop of {factor} steps with {residual} in the last visit", file, number)
    return NestLoop(found[1], factor, residual, _AXES[found[5]], number)


def _fail(message: str, file: str, line: int) -> NoReturn:
    raise SpecError(message, Location(file, line))
