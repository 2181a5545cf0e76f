"""Checks of an ERT and ART that were handed in: names that mean nothing, figures that contradict each other.

Timeloop drops what it does not know and estimates what it then lacks, so that a slip of the pen costs a
component its figures without a word. Entries of things that the model does not have (networks of other tools,
parts of compound components, actions of other tools) are left alone, unless they look like a slip.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from harness.errors import Location, SpecError
from harness.spec.architecture import Architecture
from harness.spec.energy import (
    COMPUTE_ACTIONS,
    FILL_ACTIONS,
    READ_ACTIONS,
    UPDATE_ACTIONS,
    last_name,
)
from harness.spec.flattened.attributes import as_number
from harness.spec.located import where

_LEAK = ("leak",)
_OF_STORAGE = (READ_ACTIONS, FILL_ACTIONS, UPDATE_ACTIONS, _LEAK)
_OF_ARITHMETIC = (COMPUTE_ACTIONS, _LEAK)
"""Of each group one action is taken."""

_ALSO = ("idle", "multiply", "add", "access", "transfer")
"""What tables of other tools have; no slips of the names above."""

_OF_COMPONENTS, _OF_ACTIONS = 0.9, 0.7
"""From which likeness on a name is taken for a slip."""


def check_given_tables(tree: Mapping[str, Any], architecture: Architecture) -> None:
    """Raises SpecError for a name that seems to mean another, and for two figures of one thing."""
    for key in ("ERT", "ART"):
        tables = _tables(tree, key)
        if isinstance(tables, Mapping):
            # Version 0.2: a mapping has each name once.
            continue
        _check_names(key, tables, architecture)
        _check_twice(key, tables)
    _check_actions(tree, architecture)


def _tables(tree: Mapping[str, Any], key: str) -> Any:
    node = tree.get(key, tree.get(f"{key}_summary"))
    return node.get("tables") if isinstance(node, Mapping) else node


def _check_names(key: str, tables: Any, architecture: Architecture) -> None:
    components = [level.full_name for level in architecture.storage] + [architecture.arithmetic.full_name]
    given = [str(t.get("name")) for t in tables or () if isinstance(t, Mapping)]
    missing = [name for name in components if name not in given]
    for index, name in enumerate(given):
        near = difflib.get_close_matches(name, missing, n=1, cutoff=_OF_COMPONENTS)
        if name not in components and near:
            raise SpecError(
                f"the {key} names '{name}', which the architecture does not have",
                where(tables[index], "name"),
                f"did you mean '{near[0]}'?",
            )


def _check_twice(key: str, tables: Any) -> None:
    """Two lines for one thing must agree: nobody can tell which is meant."""
    found: dict[object, tuple[float, Location | None]] = {}
    for name, action, node in _lines_of(key, tables):
        value = as_number(node.get("area" if key == "ART" else "energy"))
        if value is None:
            continue
        place = where(node, "area" if key == "ART" else "energy") or where(node)
        before = found.setdefault((name, action, _arguments(node)), (value, place))
        if before[0] != value:
            what = f"area of {name}" if key == "ART" else f"{action} of {name}"
            at = f" in line {before[1].line}" if before[1] is not None and before[1].line else " before"
            raise SpecError(f"the {key} has {what} twice: {value:g} here, {before[0]:g}{at}", place)


def _lines_of(key: str, tables: Any) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for table in tables or ():
        if not isinstance(table, Mapping):
            continue
        if key == "ART":
            yield str(table.get("name")), "", table
            continue
        actions = table.get("actions")
        for action in actions if isinstance(actions, list) else ():
            if isinstance(action, Mapping):
                yield str(table.get("name")), str(action.get("name")), action


def _arguments(node: Mapping[str, Any]) -> object:
    arguments = node.get("arguments")
    return tuple(sorted((str(k), str(v)) for k, v in (arguments or {}).items()))


def _check_actions(tree: Mapping[str, Any], architecture: Architecture) -> None:
    """An action that no such component has, and that is spelt like one that this component lacks."""
    groups: dict[str, tuple[tuple[str, ...], ...]] = {}
    groups |= {last_name(level.full_name): _OF_STORAGE for level in architecture.storage}
    groups[last_name(architecture.arithmetic.full_name)] = _OF_ARITHMETIC
    for name, actions in _actions_by_component(_tables(tree, "ERT")).items():
        wanted = groups.get(last_name(name))
        if wanted is None:
            continue
        known = {action for group in wanted for action in group}
        lacking = _lacking(wanted, actions)
        for action, place in actions.items():
            if action in known or action in _ALSO:
                continue
            near = difflib.get_close_matches(action.lower(), lacking, n=1, cutoff=_OF_ACTIONS)
            if near:
                raise SpecError(
                    f"the ERT has '{action}' for {name}, which is no action of it",
                    place,
                    f"did you mean '{near[0]}'?",
                )


def _lacking(groups: Sequence[Sequence[str]], actions: Mapping[str, object]) -> list[str]:
    """Names of actions that the component does not have, under any of their names; the usual ones first."""
    found = [group for group in groups if not any(name in actions for name in group)]
    return [name for group in found for name in reversed(group)]


def _actions_by_component(tables: Any) -> dict[str, dict[str, Location | None]]:
    """The place of each action, by the component's name."""
    found: dict[str, dict[str, Location | None]] = {}
    if isinstance(tables, Mapping):
        for name, actions in tables.items():
            if isinstance(actions, Mapping):
                found[str(name)] = {str(action): where(actions, action) for action in actions}
        return found
    for name, action, node in _lines_of("ERT", tables):
        found.setdefault(name, {}).setdefault(action, where(node, "name"))
    return found
