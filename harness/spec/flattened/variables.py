"""``variables`` beside an architecture of version 0.2 or 0.3, which no front end has resolved.

Timeloop's core takes a text where it expects a number for the name of a variable, as it stands
(compound-config.cpp, lookupValue): ``EMBEDDING*3`` is a name, no product. Accelergy hands all variables to
every component as attributes; of these only node and clock mean something to an estimator.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.spec.located import LocatedDict, LocatedList, copy_of, where

_OF_EVERY_COMPONENT = ("technology", "global_cycle_seconds")


def with_variables(tree: LocatedDict) -> LocatedDict:
    """The tree with the values of variables where their names stand; itself where there are none."""
    variables = tree.get("variables")
    if not isinstance(variables, Mapping) or tree.get("dumped_by_timeloop_front_end"):
        return tree
    values = {str(k): v for k, v in variables.items() if not isinstance(v, (str, dict, list))}
    result: LocatedDict = copy_of(tree)
    for key in ("problem", "architecture"):
        _replace(result.get(key), values)
    _hand_down(result, variables)
    return result


def _replace(node: Any, values: Mapping[str, Any]) -> None:
    if isinstance(node, LocatedDict):
        for key, value in node.items():
            if isinstance(value, str) and key != "name" and value in values:
                node[key] = values[value]
            else:
                _replace(value, values)
    elif isinstance(node, LocatedList):
        for item in node:
            _replace(item, values)


def _hand_down(tree: LocatedDict, variables: Mapping[str, Any]) -> None:
    """Node and clock as attributes of the outermost container."""
    architecture = tree.get("architecture")
    subtrees = architecture.get("subtree") if isinstance(architecture, Mapping) else None
    if not isinstance(subtrees, list) or not subtrees or not isinstance(subtrees[0], LocatedDict):
        return
    attributes = subtrees[0].setdefault("attributes", LocatedDict(location=where(subtrees[0])))
    if not isinstance(attributes, LocatedDict):
        return
    for name in _OF_EVERY_COMPONENT:
        if name in variables:
            attributes.setdefault(name, variables[name])
