"""Which figures a name on the command line means: ``DRAM``, ``DRAM.read``, ``MAC.area``, full names too."""

from __future__ import annotations

import re
from dataclasses import dataclass

from harness.engines.energy_tables import ComponentFigures, EnergyTables, Line
from harness.errors import SpecError, did_you_mean

AREA = "area"
_RANGES = re.compile(r"\[[^\]]*\]")


@dataclass(frozen=True)
class Found:
    """Some or all lines of a component."""

    component: ComponentFigures
    lines: tuple[Line, ...]


def find_lines(tables: EnergyTables, name: str) -> Found:
    """Components by short or full name, with or without their range, in any case; then the action.

    Raises SpecError with the nearest name there is.
    """
    component = _component(tables, name)
    if component is not None:
        return Found(component, component.lines)
    head, _, action = name.rpartition(".")
    component = _component(tables, head) if head else None
    if component is None:
        raise SpecError(f"--why: there is no '{name}'", hint=did_you_mean(name, _names(tables, name)))
    lines = tuple(line for line in component.lines if _action(line).lower() == action.lower())
    if not lines:
        actions = dict.fromkeys(_action(line) for line in component.lines)
        hint = did_you_mean(action, actions)
        raise SpecError(f"--why: {component.name} has no action '{action}'", hint=hint)
    return Found(component, lines)


def _action(line: Line) -> str:
    return line.action or AREA


def _component(tables: EnergyTables, name: str) -> ComponentFigures | None:
    """By the full name, else by the short one, of which there may be several."""
    wanted = _folded(name)
    for names in ([c.full_name for c in tables.components], [c.name for c in tables.components]):
        pairs = list(zip(names, tables.components, strict=True))
        found = [(known, c) for known, c in pairs if _folded(known) == wanted]
        if len(found) > 1:
            exact = [(known, c) for known, c in found if known == name]
            if len(exact) != 1:
                which = ", ".join(c.full_name for _, c in found)
                raise SpecError(f"--why: '{name}' may be any of {which}", hint="give the full name")
            found = exact
        if found:
            return found[0][1]
    return None


def _folded(name: str) -> str:
    """Without ranges and upper case."""
    return _RANGES.sub("", name).lower()


def _names(tables: EnergyTables, name: str) -> list[str]:
    """The names that may have been meant: of components, and with a dot in it also of their figures."""
    if "." not in name:
        return [c.name for c in tables.components]
    return [f"{c.name}.{_action(line)}" for c in tables.components for line in c.lines]
