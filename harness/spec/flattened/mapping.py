"""Timeloop's mapping list (temporal, spatial and datatype directives) to :class:`Mapping`, and back.

Follows mapping/parser.cpp: later letters of a permutation are further out, the first ``split`` entries
of a spatial permutation lie along X, dimensions without a factor have 1, data spaces without a word are
kept. What Timeloop silently ignores (unknown keys, text that is no factor) is refused here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as AbstractMapping
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import combinations
from math import prod
from typing import Any, Literal

from harness.errors import InvalidMapping, Location, SpecError, Unsupported, unknown_name
from harness.spec.architecture import Architecture
from harness.spec.flattened.attributes import as_integer, require_known_keys
from harness.spec.located import where
from harness.spec.mapping import LevelMapping, Loop, Mapping, dimension_size
from harness.spec.problem import Problem

_KEYS: dict[str, frozenset[str]] = {
    "temporal": frozenset({"factors", "permutation", "no_reuse", "no_temporal_reuse", "rmw_first_update"}),
    "spatial": frozenset(
        {"factors", "permutation", "split", "no_reuse", "no_multicast_no_reduction", "no_link_transfer"}
    ),
    "datatype": frozenset({"keep", "bypass", "no_coalesce"}),
}
_DATATYPE_ALIASES = ("datatype", "bypass", "bypassing", "dataspace")
_FACTOR = re.compile(r"\s*([A-Za-z]+)\s*=*\s*([0-9]+)(?:\s*,\s*([0-9]+)(?![0-9]*\s*=))?\s*[,;]?\s*")
_REST_OF_FACTORS = re.compile(r"\s*([0-9]+|[A-Za-z]+\s*=\s*[0-9]+)(\s|$)")

Factor = tuple[int, int]


@dataclass
class _Block:
    """One temporal or spatial directive: (factor, residual) by dimension and the given order."""

    factors: dict[str, Factor] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)
    split: int | None = None
    split_hint: str | None = None


@dataclass
class _Level:
    temporal: _Block | None = None
    spatial: _Block | None = None
    bypass: set[str] = field(default_factory=set)
    no_temporal_reuse: frozenset[str] = frozenset()
    no_multicast: frozenset[str] = frozenset()
    no_link_transfer: frozenset[str] = frozenset()
    rmw_first_update: frozenset[str] = frozenset()
    no_coalesce: frozenset[str] = frozenset()


def read_mapping(
    entries: Sequence[AbstractMapping[str, Any]] | AbstractMapping[str, Any],
    architecture: Architecture,
    problem: Problem,
) -> Mapping:
    """Read the list under the key ``mapping`` (or a tree that has that key).

    Raises SpecError for what cannot be understood and InvalidMapping when the factors of a dimension do
    not make up its size; both with the place.
    """
    if isinstance(entries, AbstractMapping):
        entries = entries.get("mapping", entries)
    if isinstance(entries, AbstractMapping) or not isinstance(entries, Sequence) or isinstance(entries, str):
        raise SpecError("the mapping must be a list of directives", where(entries))
    levels = [_Level() for _ in architecture.storage]
    for index, entry in enumerate(entries):
        if not isinstance(entry, AbstractMapping):
            raise SpecError("a mapping directive must be a mapping", where(entries, index))
        _read_directive(entry, architecture, problem, levels)
    mapping = Mapping(
        tuple(
            _level_mapping(name, level, problem)
            for name, level in zip(architecture.level_names, levels, strict=True)
        )
    )
    _check_sizes(mapping, problem, where(entries))
    return mapping


def _read_directive(
    entry: AbstractMapping[str, Any], architecture: Architecture, problem: Problem, levels: list[_Level]
) -> None:
    kind = entry.get("type")
    if kind == "skew":
        raise Unsupported("skewed mappings are not modelled", where(entry, "type"))
    shown = str(kind)
    if kind in _DATATYPE_ALIASES:
        kind = "datatype"
    if not isinstance(kind, str) or kind not in _KEYS:
        raise unknown_name(
            "mapping directive type",
            shown,
            ("temporal", "spatial", "datatype", "bypass"),
            where(entry, "type"),
        )
    _refuse_split_factors(entry, shown)
    require_known_keys(entry, {*_KEYS[kind], "target", "type"}, f"a {shown} directive", where(entry))
    number = _target(entry, architecture)
    level = levels[number]

    def named(*keys: str) -> frozenset[str]:
        given = [k for k in keys if entry.get(k) is not None]
        if len(given) > 1:
            raise SpecError(f"give {given[0]} or {given[1]}, not both", where(entry, given[1]))
        return _data_spaces(entry, given[0], problem) if given else frozenset()

    if kind == "datatype":
        level.bypass -= named("keep")
        level.bypass |= named("bypass")
        level.no_coalesce |= named("no_coalesce")
        return
    block = _read_block(entry, problem)
    if kind == "temporal":
        if level.temporal is not None:
            raise SpecError(f"a second temporal directive for '{entry['target']}'", where(entry))
        level.temporal = block
        level.no_temporal_reuse = named("no_reuse", "no_temporal_reuse")
        level.rmw_first_update = named("rmw_first_update")
        return
    if level.spatial is not None:
        raise SpecError(f"a second spatial directive for '{entry['target']}'", where(entry))
    x, y = architecture.fanout(number)
    if x * y == 1 and any(factor > 1 for factor, _ in block.factors.values()):
        inner = architecture.level_names[number - 1] if number else architecture.arithmetic.name
        raise InvalidMapping(
            f"{architecture.level_names[number]}: no spatial loops possible, there are as many "
            f"instances of '{inner}' as of this level",
            where(entry),
        )
    split = entry.get("split")
    if split is not None:
        block.split = as_integer(split)
        if block.split is None or block.split < 0:
            raise SpecError(
                f"split must be a whole number of 0 or more, not '{split}'", where(entry, "split")
            )
    else:
        block.split_hint = _split_hint(block, problem, architecture.level_names[number], (x, y))
    level.spatial = block
    level.no_multicast = named("no_reuse", "no_multicast_no_reduction")
    level.no_link_transfer = named("no_link_transfer")


def _refuse_split_factors(entry: AbstractMapping[str, Any], kind: str) -> None:
    """In ``{factors: E=4,3}`` YAML ends the factors at the comma and takes the rest for another key."""
    rests = [str(key) for key, value in entry.items() if value is None and _REST_OF_FACTORS.match(str(key))]
    if rests and isinstance(entry.get("factors"), (str, int)):
        whole = ",".join([str(entry["factors"]), *rests])
        raise SpecError(
            f"unknown key in a {kind} directive '{rests[0]}'",
            where(entry, rests[0]) or where(entry),
            f"within braces, quote factors with a comma: factors: '{whole}'",
        )


def _split_hint(block: _Block, problem: Problem, level: str, fanout: tuple[int, int]) -> str | None:
    """Advice for a block without ``split`` that is too wide for X alone but would fit X and Y."""
    factors = [block.factors.get(dimension, (1, 1))[0] for dimension in _full_order(block, problem)]
    x, y = fanout
    if not x < prod(factors) <= x * y:
        return None
    why = f"without 'split' all spatial loops of {level} lie along X"
    for split in range(len(factors)):
        if prod(factors[:split]) <= x and prod(factors[split:]) <= y:
            return f"{why}; give split: {split}"
    wide = [d for d, (factor, _) in block.factors.items() if factor > 1]
    for count in range(1, len(wide)):
        for chosen in combinations(wide, count):
            along_x = prod(block.factors[d][0] for d in chosen)
            if along_x <= x and prod(factors) // along_x <= y:
                return f"{why}; give split: {count} and a permutation that begins with {' '.join(chosen)}"
    return None


def _full_order(block: _Block, problem: Problem) -> list[str]:
    return block.order + [d for d in problem.dimensions if d not in block.order]


def _target(entry: AbstractMapping[str, Any], architecture: Architecture) -> int:
    target = entry.get("target")
    if isinstance(target, str) and target in architecture.level_names:
        return architecture.level_names.index(target)
    number = as_integer(target)
    if number is not None and 0 <= number < len(architecture.storage):
        return number
    raise unknown_name("target", str(target), architecture.level_names, where(entry, "target"))


def _data_spaces(entry: AbstractMapping[str, Any], key: str, problem: Problem) -> frozenset[str]:
    names = entry[key]
    if isinstance(names, str) or not isinstance(names, Sequence):
        raise SpecError(f"'{key}' must be a list of data spaces", where(entry, key))
    valid = [ds.name for ds in problem.data_spaces]
    for index, name in enumerate(names):
        if name not in valid:
            raise unknown_name(
                f"data space in {key}:", str(name), valid, where(names, index) or where(entry, key)
            )
    return frozenset(names)


def _read_block(entry: AbstractMapping[str, Any], problem: Problem) -> _Block:
    return _Block(
        factors=read_factors(entry.get("factors"), problem, where(entry, "factors")),
        order=read_permutation(entry.get("permutation"), problem, where(entry, "permutation")),
    )


def read_factors(node: Any, problem: Problem, place: Location | None) -> dict[str, Factor]:
    """``"E1 D5,3"``, ``"E=1 D=16"``, ``"E=1,D=16"`` or a list of such, as (factor, residual) by dimension.

    A factor 0 stands for the whole dimension. The number after a comma is the residual.
    """
    if node is None:
        return {}
    factors: dict[str, Factor] = {}
    for piece in node if isinstance(node, list) else [node]:
        text = str(piece).split("#")[0]
        position = 0
        while position < len(text):
            match = _FACTOR.match(text, position)
            if match is None:
                if not text[position:].strip():
                    break
                raise SpecError(
                    f"cannot read the factors '{text}' from '{text[position:].strip()}' on", place
                )
            dimension = match.group(1)
            if dimension not in problem.bound:
                raise unknown_name("dimension in the factors:", dimension, problem.dimensions, place)
            if dimension in factors:
                raise SpecError(f"two factors for dimension {dimension} in '{text}'", place)
            factor = int(match.group(2)) or problem.bound[dimension]
            residual = int(match.group(3)) if match.group(3) else factor
            if not 1 <= residual <= factor:
                raise SpecError(
                    f"the residual {residual} of dimension {dimension} must lie between 1 and "
                    f"the factor {factor}",
                    place,
                )
            factors[dimension] = (factor, residual)
            position = match.end()
    return factors


def read_permutation(node: Any, problem: Problem, place: Location | None) -> list[str]:
    """``"EDL"``, ``"E D L"`` or a list of dimensions, from the innermost to the outermost."""
    if node is None:
        return []
    pieces = node if isinstance(node, list) else [node]
    order = [letter for piece in pieces for letter in re.sub(r"[\s,]+", "", str(piece))]
    for index, dimension in enumerate(order):
        if dimension not in problem.bound:
            raise unknown_name("dimension in the permutation:", dimension, problem.dimensions, place)
        if dimension in order[:index]:
            raise SpecError(f"dimension {dimension} appears twice in the permutation", place)
    return order


def _level_mapping(name: str, level: _Level, problem: Problem) -> LevelMapping:
    keep = frozenset(ds.name for ds in problem.data_spaces) - level.bypass
    return LevelMapping(
        level=name,
        temporal=_loops(level.temporal, problem, spatial=False),
        spatial=_loops(level.spatial, problem, spatial=True),
        keep=keep,
        no_temporal_reuse=level.no_temporal_reuse,
        no_multicast=level.no_multicast,
        no_link_transfer=level.no_link_transfer,
        rmw_first_update=level.rmw_first_update,
        no_coalesce=level.no_coalesce,
        temporal_order=_written_order(level.temporal, problem),
        spatial_order=_written_order(level.spatial, problem),
        split_hint=level.spatial.split_hint if level.spatial is not None else None,
    )


def _written_order(block: _Block | None, problem: Problem) -> tuple[str, ...]:
    return () if block is None else tuple(_full_order(block, problem))


def _loops(block: _Block | None, problem: Problem, spatial: bool) -> tuple[Loop, ...]:
    """The loops of a block from inner to outer; unit loops are dropped after X and Y are dealt out."""
    if block is None:
        return ()
    order = _full_order(block, problem)
    split = len(order) if block.split is None else block.split
    loops: list[Loop] = []
    for position, dimension in enumerate(order):
        factor, residual = block.factors.get(dimension, (1, 1))
        axis: Literal["", "X", "Y"] = "" if not spatial else "X" if position < split else "Y"
        if factor > 1:
            loops.append(Loop(dimension, factor, residual, axis))
    return tuple(loops)


def _check_sizes(mapping: Mapping, problem: Problem, place: Location | None) -> None:
    for dimension, bound in problem.bound.items():
        size = dimension_size(mapping, dimension)
        if size != bound:
            raise InvalidMapping(
                f"the factors of dimension {dimension} make {size}, but its size is {bound}",
                place,
                _contributions(mapping, dimension),
            )


def _contributions(mapping: Mapping, dimension: str) -> str:
    """The loops over ``dimension`` level by level, from the innermost to the outermost."""
    found = []
    for level in mapping.levels:
        for kind, block in (("spatial", level.spatial), ("temporal", level.temporal)):
            for loop in block:
                if loop.dimension == dimension:
                    number = str(loop.factor) if loop.perfect else f"{loop.factor},{loop.residual}"
                    found.append(f"{level.level} {kind} {number}")
    return f"inner to outer: {' x '.join(found)}" if found else "no level has a factor above 1 for it"


def write_mapping(mapping: Mapping, architecture: Architecture, problem: Problem) -> list[dict[str, Any]]:
    """``mapping`` as Timeloop's list of directives; reading it back gives an equal mapping.

    Raises Unsupported for a block that Timeloop's form cannot express (a dimension twice in a block, or
    Y loops inside X loops).
    """
    entries: list[dict[str, Any]] = []
    names = [ds.name for ds in problem.data_spaces]
    for level in mapping.levels:
        entry: dict[str, Any] = {
            "target": level.level,
            "type": "datatype",
            "keep": [n for n in names if n in level.keep],
            "bypass": [n for n in names if n not in level.keep],
        }
        _add(entry, "no_coalesce", level.no_coalesce, names)
        entries.append(entry)
    for number, level in enumerate(mapping.levels):
        x, y = architecture.fanout(number)
        if x * y > 1 or level.spatial:
            axes = [loop.axis for loop in level.spatial]
            if axes != sorted(axes):
                raise Unsupported(f"{level.level}: Y loops inside X loops have no written form")
            entry = {
                "target": level.level,
                "type": "spatial",
                **_written_block(level.spatial, level.spatial_order, problem, level.level),
            }
            entry["split"] = _split(level, entry["permutation"])
            _add(entry, "no_reuse", level.no_multicast, names)
            _add(entry, "no_link_transfer", level.no_link_transfer, names)
            entries.append(entry)
        entry = {
            "target": level.level,
            "type": "temporal",
            **_written_block(level.temporal, level.temporal_order, problem, level.level),
        }
        _add(entry, "no_reuse", level.no_temporal_reuse, names)
        _add(entry, "rmw_first_update", level.rmw_first_update, names)
        entries.append(entry)
    return entries


def _add(entry: dict[str, Any], key: str, data_spaces: frozenset[str], names: list[str]) -> None:
    if data_spaces:
        entry[key] = [n for n in names if n in data_spaces]


def _split(level: LevelMapping, permutation: str) -> int:
    """How many letters of the permutation lie along X: all up to the last X loop."""
    return max(
        (permutation.index(loop.dimension) + 1 for loop in level.spatial if loop.axis == "X"), default=0
    )


def _written_block(
    loops: tuple[Loop, ...], written: tuple[str, ...], problem: Problem, level: str
) -> dict[str, str]:
    order = [loop.dimension for loop in loops]
    if len(set(order)) < len(order):
        raise Unsupported(f"{level}: a dimension twice in one block has no written form")
    by_dimension = {loop.dimension: loop for loop in loops}
    factors = []
    for dimension in problem.dimensions:
        loop = by_dimension.get(dimension)
        if loop is None:
            factors.append(f"{dimension}1")
        elif loop.perfect:
            factors.append(f"{dimension}{loop.factor}")
        else:
            factors.append(f"{dimension}{loop.factor},{loop.residual}")
    if [d for d in written if d in by_dimension] == order and set(written) == set(problem.dimensions):
        order = list(written)
    else:
        order += [d for d in problem.dimensions if d not in by_dimension]
    return {"factors": " ".join(factors), "permutation": "".join(order)}
