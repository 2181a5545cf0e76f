"""Energy and area reference tables (ERT, ART) in Accelergy's forms, read and written.

Version 0.3 and 0.4: ``tables: [{name, actions: [{name, arguments, energy}]}]`` and ``tables: [{name,
area}]``. Version 0.2 of the ERT: ``tables: {component: {action: energy or [{arguments, energy}]}}``.
Energies in pJ, areas in um^2.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.errors import SpecError, unknown_name
from harness.spec.energy import ActionEnergy, AreaReferenceTable, ComponentEnergy, EnergyReferenceTable
from harness.spec.flattened.attributes import as_number, require_known_keys
from harness.spec.located import where

_VERSIONS = {"0.2", "0.3", "0.4"}


def read_ert(node: Mapping[str, Any]) -> EnergyReferenceTable:
    """The ERT under the key ``ERT`` (or a tree that has that key)."""
    node = _table_node(node, "ERT")
    tables = node["tables"]
    if isinstance(tables, Mapping):
        return EnergyReferenceTable(
            tuple(
                ComponentEnergy(str(name), _actions_of_version_2(str(name), table))
                for name, table in tables.items()
            )
        )
    components: list[ComponentEnergy] = []
    if not isinstance(tables, list):
        raise SpecError("'tables' of the ERT must be a list", where(node, "tables"))
    for index, table in enumerate(tables):
        if (
            not isinstance(table, Mapping)
            or "name" not in table
            or not isinstance(table.get("actions"), list)
        ):
            raise SpecError("a table of the ERT needs 'name' and a list 'actions'", where(tables, index))
        require_known_keys(table, ("name", "actions"), "a table of the ERT")
        name = str(table["name"])
        actions = []
        for position, action in enumerate(table["actions"]):
            if not isinstance(action, Mapping) or "name" not in action:
                raise SpecError(f"ERT of {name}: an action needs a 'name'", where(table["actions"], position))
            require_known_keys(action, ("name", "arguments", "energy"), f"an action of {name} in the ERT")
            actions.append(_action(name, str(action["name"]), action))
        components.append(ComponentEnergy(name, tuple(actions)))
    return EnergyReferenceTable(tuple(components))


def read_art(node: Mapping[str, Any]) -> AreaReferenceTable:
    """The ART under the key ``ART`` (or a tree that has that key)."""
    node = _table_node(node, "ART")
    areas: list[tuple[str, float]] = []
    tables = node["tables"]
    if not isinstance(tables, list):
        raise SpecError("'tables' of the ART must be a list", where(node, "tables"))
    for index, table in enumerate(tables):
        if not isinstance(table, Mapping) or "name" not in table:
            raise SpecError("a table of the ART needs a 'name'", where(tables, index))
        require_known_keys(table, ("name", "area"), "a table of the ART")
        area = as_number(table.get("area"))
        if area is None or area < 0:
            raise SpecError(
                f"ART of {table['name']}: 'area' must be a number of 0 or more, not '{table.get('area')}'",
                where(table, "area"),
            )
        areas.append((str(table["name"]), area))
    return AreaReferenceTable(tuple(areas))


def write_ert(ert: EnergyReferenceTable) -> dict[str, Any]:
    """``ert`` as the value of an ``ERT`` key, in version 0.4."""
    return {
        "version": "0.4",
        "tables": [
            {
                "name": component.name,
                "actions": [
                    {"name": a.action, "arguments": dict(a.arguments), "energy": a.energy_pj}
                    for a in component.actions
                ],
            }
            for component in ert.components
        ],
    }


def write_art(art: AreaReferenceTable) -> dict[str, Any]:
    """``art`` as the value of an ``ART`` key, in version 0.4."""
    return {"version": "0.4", "tables": [{"name": name, "area": area} for name, area in art.areas]}


def _table_node(node: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The mapping with ``tables``, which may be the value of ``key``."""
    inner = node[key] if isinstance(node, Mapping) and key in node else node
    if not isinstance(inner, Mapping) or "tables" not in inner:
        place = where(node, key) if inner is not node else None
        raise SpecError(f"the {key} needs 'tables'", where(inner) if isinstance(inner, Mapping) else place)
    node = inner
    require_known_keys(node, ("version", "tables"), f"the {key}")
    version = str(node.get("version", "0.4"))
    if version not in _VERSIONS:
        raise unknown_name(f"{key} version", version, _VERSIONS, where(node, "version"))
    return node


def _action(component: str, action: str, node: Mapping[str, Any]) -> ActionEnergy:
    energy = as_number(node.get("energy"))
    if energy is None or energy < 0:
        raise SpecError(
            f"ERT of {component}: energy of '{action}' must be a number of 0 or more, not "
            f"'{node.get('energy')}'",
            where(node, "energy"),
        )
    arguments = node.get("arguments") or {}
    if not isinstance(arguments, Mapping):
        raise SpecError(
            f"ERT of {component}: 'arguments' of '{action}' must be a mapping", where(node, "arguments")
        )
    return ActionEnergy(action, energy, tuple((str(k), v) for k, v in arguments.items()))


def _actions_of_version_2(component: str, table: Any) -> tuple[ActionEnergy, ...]:
    if not isinstance(table, Mapping):
        raise SpecError(f"ERT of {component}: must be a mapping of actions", where(table))
    actions: list[ActionEnergy] = []
    for name, value in table.items():
        for entry in value if isinstance(value, list) else [value]:
            node = entry if isinstance(entry, Mapping) else {"energy": entry}
            actions.append(_action(component, str(name), node))
    return tuple(actions)
