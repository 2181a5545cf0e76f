"""Reading constraints in Timeloop's flattened form.

The flattened form is a list of targets: ``{target: <level>, type: <kind>, ...}``. It stands under
``architecture_constraints`` and under ``mapspace`` or ``mapspace_constraints`` (as a bare list, or under
``targets`` or ``constraints``); both lists are merged and may not contradict each other.
Semantics: Timeloop ``mapping/constraints.cpp``. Three things are stricter here than there: unknown keys are
errors, a data space both kept and bypassed is an error even at the outermost level, and a dimension that is
constrained twice in one string is an error unless both say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from harness.errors import Location, SpecError, Unsupported, unknown_name
from harness.spec.architecture import Architecture
from harness.spec.constraints import BlockConstraint, Constraints, FactorConstraint, LevelConstraints
from harness.spec.flattened.constraint_text import parse_factors, parse_permutation
from harness.spec.flattened.constraints_writer import write_constraints
from harness.spec.located import where
from harness.spec.problem import Problem

__all__ = ["read_constraints", "write_constraints"]

BYPASS_TYPES = ("bypass", "bypassing", "datatype", "dataspace")
PARALLELISM_TYPES = ("utilization", "parallelism")
UNSUPPORTED_TYPES = ("max_overbooked_proportion", "skew")
TYPES = ("temporal", "spatial", *BYPASS_TYPES, *PARALLELISM_TYPES, *UNSUPPORTED_TYPES)

_BLOCK_KEYS = {"factors", "permutation", "default_max_factor", "default_min_factor", "remainders"}
_TEMPORAL_KEYS = _BLOCK_KEYS | {"no_reuse", "no_temporal_reuse", "rmw_first_update"}
_SPATIAL_KEYS = _BLOCK_KEYS | {"split", "no_link_transfer", "no_reuse", "no_multicast_no_reduction"}
_BYPASS_KEYS = {"keep", "bypass", "no_coalesce"}
_PARALLELISM_KEYS = {"min"}
_HEADER_KEYS = {"target", "name", "type", "attributes", "version"}
_UNSUPPORTED_KEYS = {"skew", "skews"}


def read_constraints(tree: Mapping[str, Any], architecture: Architecture, problem: Problem) -> Constraints:
    """All constraints of a flattened specification tree, merged by storage level.

    Raises :class:`SpecError` (with the place in the file) for unknown levels, dimensions, data spaces and
    keys, malformed values and contradictions; :class:`Unsupported` for skewing and overbooking.
    """
    if "mapspace" in tree and "mapspace_constraints" in tree:
        raise SpecError(
            "both 'mapspace' and 'mapspace_constraints' are given",
            where(tree, "mapspace_constraints"),
            "keep one of the two",
        )
    reader = _Reader(architecture, problem)
    sources = [
        (_section(tree, "mapspace", "mapspace_constraints")),
        (_section(tree, "architecture_constraints", "arch_constraints")),
    ]
    for node in sources:
        for target in _targets(node):
            reader.read_target(target)
    return reader.finish()


def _section(tree: Mapping[str, Any], *names: str) -> Any:
    for name in names:
        if tree.get(name) is not None:
            return tree[name]
    return None


def _targets(node: Any) -> Sequence[Any]:
    if node is None:
        return ()
    if isinstance(node, Mapping):
        found = node.get("constraints")
        if not isinstance(found, list):
            found = node.get("targets")
        if found is None:
            return ()
        node = found
    if not isinstance(node, list):
        raise SpecError("constraints must be a list of targets", where(node))
    return node


@dataclass
class _Block:
    """What has been read so far about one temporal or spatial block."""

    factors: dict[tuple[str, str], FactorConstraint] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    suffix: tuple[str, ...] = ()
    permutation_given: bool = False
    single: dict[str, Any] = field(default_factory=dict)
    location: Location | None = None

    def freeze(self) -> BlockConstraint:
        remainders = self.single.get("remainders")
        return BlockConstraint(
            factors=tuple(self.factors.values()),
            prefix=self.prefix,
            suffix=self.suffix,
            permutation_given=self.permutation_given,
            split=self.single.get("split"),
            default_max_factor=self.single.get("default_max_factor"),
            default_min_factor=self.single.get("default_min_factor"),
            remainders=() if remainders is None else (remainders,),
            no_reuse=self.single.get("no_reuse", frozenset()),
            no_link_transfer=self.single.get("no_link_transfer", frozenset()),
            rmw_first_update=self.single.get("rmw_first_update", frozenset()),
            location=self.location,
        )


@dataclass
class _Level:
    temporal: _Block | None = None
    spatial: _Block | None = None
    keep: set[str] = field(default_factory=set)
    bypass: set[str] = field(default_factory=set)
    no_coalesce: frozenset[str] | None = None


class _Reader:
    """Collects targets; :meth:`finish` freezes them in the order of the storage levels."""

    def __init__(self, architecture: Architecture, problem: Problem) -> None:
        self._architecture = architecture
        self._problem = problem
        self._levels: dict[str, _Level] = {}
        self._min_parallelism: float | None = None

    def finish(self) -> Constraints:
        levels = []
        for name in self._architecture.level_names:
            seen = self._levels.get(name)
            if seen is None:
                continue
            levels.append(
                LevelConstraints(
                    level=name,
                    temporal=seen.temporal.freeze() if seen.temporal else None,
                    spatial=seen.spatial.freeze() if seen.spatial else None,
                    keep=frozenset(seen.keep),
                    bypass=frozenset(seen.bypass),
                    no_coalesce=seen.no_coalesce or frozenset(),
                )
            )
        return Constraints(tuple(levels), self._min_parallelism)

    def read_target(self, target: Any) -> None:
        """One entry of the list; it may hold its constraints in a nested ``constraints`` list."""
        if not isinstance(target, Mapping):
            raise SpecError("a constraint must be a mapping with 'target' and 'type'", where(target))
        nested = target.get("constraints")
        if nested is None:
            self._read_single(target, target)
            return
        if not isinstance(nested, list):
            raise SpecError("'constraints' of a target must be a list", where(target, "constraints"))
        for constraint in nested:
            if not isinstance(constraint, Mapping):
                raise SpecError("a constraint must be a mapping", where(constraint))
            self._read_single(target, constraint)

    def _read_single(self, target: Mapping[str, Any], constraint: Mapping[str, Any]) -> None:
        place = where(constraint)
        kind = constraint.get("type")
        if kind is None:
            raise SpecError("a constraint without 'type'", place, f"one of {', '.join(TYPES)}")
        if kind not in TYPES:
            raise unknown_name("constraint type", str(kind), TYPES, where(constraint, "type"))
        if kind in UNSUPPORTED_TYPES:
            raise Unsupported(f"constraint type '{kind}' is not modelled", where(constraint, "type"))
        level = self._level_of(target)
        body = self._body(constraint, kind)
        if kind == "temporal":
            self._read_block(self._temporal(level, place), body, level, "temporal")
        elif kind == "spatial":
            self._read_block(self._spatial(level, place), body, level, "spatial")
        elif kind in BYPASS_TYPES:
            self._read_bypass(body, level)
        else:
            self._read_parallelism(body, level)

    def _body(self, constraint: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
        """The keys that matter; ``attributes`` (an older form) are looked through. Checks every key."""
        if kind == "temporal":
            valid = _TEMPORAL_KEYS
        elif kind == "spatial":
            valid = _SPATIAL_KEYS
        elif kind in BYPASS_TYPES:
            valid = _BYPASS_KEYS
        else:
            valid = _PARALLELISM_KEYS
        attributes = constraint.get("attributes")
        for node in (constraint, attributes):
            if not isinstance(node, Mapping):
                continue
            for key in node:
                if key in _UNSUPPORTED_KEYS:
                    raise Unsupported(f"'{key}' is not modelled", where(node, key))
                if key not in valid and key not in _HEADER_KEYS:
                    raise unknown_name(f"key of a {kind} constraint", str(key), valid, where(node, key))
        if isinstance(attributes, Mapping):
            return {**constraint, **attributes}
        return constraint

    def _level_of(self, target: Mapping[str, Any]) -> str:
        key = "target" if "target" in target else "name"
        value = target.get(key)
        names = self._architecture.level_names
        if isinstance(value, int) and not isinstance(value, bool):
            if not 0 <= value < len(names):
                raise SpecError(
                    f"storage level {value} does not exist: there are {len(names)}", where(target, key)
                )
            return names[value]
        if value is None:
            raise SpecError("a constraint without 'target'", where(target))
        if value not in names:
            raise unknown_name("storage level", str(value), names, where(target, key))
        return str(value)

    def _entry(self, level: str) -> _Level:
        return self._levels.setdefault(level, _Level())

    def _temporal(self, level: str, place: Location | None) -> _Block:
        entry = self._entry(level)
        if entry.temporal is None:
            entry.temporal = _Block(location=place)
        return entry.temporal

    def _spatial(self, level: str, place: Location | None) -> _Block:
        index = self._architecture.level_names.index(level)
        fanout_x, fanout_y = self._architecture.fanout(index)
        if fanout_x * fanout_y <= 1:
            inner = self._architecture.level_names[index - 1] if index else self._architecture.arithmetic.name
            raise SpecError(
                f"spatial constraint at '{level}', but there is no fan-out from it to '{inner}'", place
            )
        entry = self._entry(level)
        if entry.spatial is None:
            entry.spatial = _Block(location=place)
        return entry.spatial

    def _read_block(self, block: _Block, body: Mapping[str, Any], level: str, kind: str) -> None:
        self._read_factors(block, body, level, kind)
        self._read_permutation(block, body, level, kind)
        for key in ("default_max_factor", "default_min_factor", "remainders"):
            if body.get(key) is not None:
                what = f"'{key}' of {level} ({kind})"
                self._set_once(block, key, _whole(body, key, least=1), what, where(body, key))
        if kind == "spatial" and body.get("split") is not None:
            what = f"'split' of {level}"
            self._set_once(block, "split", _whole(body, "split", least=0), what, where(body, "split"))
        for field_name, spellings in (
            ("no_reuse", ("no_reuse", "no_temporal_reuse", "no_multicast_no_reduction")),
            ("no_link_transfer", ("no_link_transfer",)),
            ("rmw_first_update", ("rmw_first_update",)),
        ):
            for key in spellings:
                if body.get(key) is not None:
                    spaces = frozenset(self._data_spaces(body, key))
                    what = f"'{key}' of {level} ({kind})"
                    self._set_once(block, field_name, spaces, what, where(body, key))
                    break

    @staticmethod
    def _set_once(block: _Block, name: str, value: Any, what: str, place: Location | None) -> None:
        if name in block.single and block.single[name] != value:
            raise SpecError(f"{what} is given twice", place, _CONFLICT)
        block.single[name] = value

    def _read_factors(self, block: _Block, body: Mapping[str, Any], level: str, kind: str) -> None:
        text = body.get("factors")
        if text is None:
            return
        place = where(body, "factors")
        read: dict[tuple[str, str], FactorConstraint] = {}
        for factor in parse_factors(text, self._problem, place):
            key = (factor.dimension, str(factor.relation))
            if key in read and read[key].value != factor.value:
                raise SpecError(
                    f"'{factor.dimension}' is constrained twice: {factor.relation}{read[key].value} and "
                    f"{factor.relation}{factor.value}",
                    place,
                )
            read[key] = factor
        for identity, factor in read.items():
            if identity in block.factors and block.factors[identity].value != factor.value:
                raise SpecError(
                    f"factor of '{factor.dimension}' is given twice for {level} ({kind}): "
                    f"{factor.relation}{block.factors[identity].value} and {factor.relation}{factor.value}",
                    place,
                    _CONFLICT,
                )
            block.factors[identity] = factor

    def _read_permutation(self, block: _Block, body: Mapping[str, Any], level: str, kind: str) -> None:
        text = body.get("permutation")
        if text is None:
            return
        place = where(body, "permutation")
        prefix, suffix = parse_permutation(text, self._problem, place)
        if not prefix and not suffix:
            return
        if block.permutation_given and (block.prefix, block.suffix) != (prefix, suffix):
            raise SpecError(f"the permutation of {level} ({kind}) is given twice", place, _CONFLICT)
        block.prefix, block.suffix, block.permutation_given = prefix, suffix, True

    def _read_bypass(self, body: Mapping[str, Any], level: str) -> None:
        entry = self._entry(level)
        keep = set(self._data_spaces(body, "keep"))
        bypass = set(self._data_spaces(body, "bypass"))
        for spaces, others, key in ((keep, entry.bypass | bypass, "keep"), (bypass, entry.keep, "bypass")):
            both = sorted(spaces & others)
            if both:
                raise SpecError(
                    f"'{both[0]}' is both kept and bypassed at {level}", where(body, key), _CONFLICT
                )
        entry.keep |= keep
        entry.bypass |= bypass
        if body.get("no_coalesce") is not None:
            unmerged = frozenset(self._data_spaces(body, "no_coalesce"))
            if entry.no_coalesce not in (None, unmerged):
                raise SpecError(f"'no_coalesce' is given twice for {level}", where(body, "no_coalesce"))
            entry.no_coalesce = unmerged

    def _data_spaces(self, body: Mapping[str, Any], key: str) -> Iterable[str]:
        value = body.get(key)
        if value is None:
            return ()
        names = [d.name for d in self._problem.data_spaces]
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list):
            raise SpecError(f"'{key}' must be a list of data spaces", where(body, key))
        for index, item in enumerate(items):
            if item not in names:
                place = where(items, index) or where(body, key)
                raise unknown_name("data space", str(item), names, place)
        return [str(item) for item in items]

    def _read_parallelism(self, body: Mapping[str, Any], level: str) -> None:
        innermost = self._architecture.level_names[0]
        if level != innermost:
            raise SpecError(
                f"parallelism cannot be constrained at '{level}'",
                where(body, "target"),
                f"it must target the innermost storage level, '{innermost}'",
            )
        value = body.get("min")
        if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= 1:
            raise SpecError("'min' must be a number from 0 to 1", where(body, "min"))
        if self._min_parallelism not in (None, float(value)):
            raise SpecError("the least parallelism is given twice", where(body, "min"), _CONFLICT)
        self._min_parallelism = float(value)


_CONFLICT = "architecture and map space constraints may not contradict each other"


def _whole(body: Mapping[str, Any], key: str, least: int) -> int:
    value = body[key]
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or value < least:
        raise SpecError(
            f"'{key}' must be a whole number of at least {least}, not {value!r}", where(body, key)
        )
    return value
