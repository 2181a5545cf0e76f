"""Sparse optimisations of a v4 tree: those of the components, and those that stand apart and name a target.

As in Timeloop's front end (processors/sparse_opt_attacher.py, v4_to_v3.py) both end in one list of targets,
each with the name of its component. What is in them is checked by the flattened reader.
"""

from __future__ import annotations

from typing import Any

from harness.errors import Location, SpecError, unknown_name
from harness.spec import known_keys as keys
from harness.spec.located import LocatedDict, LocatedList, where
from harness.spec.v4.keys import check_version, is_empty, known, list_of, mapping_of
from harness.spec.v4.nodes import Branch, Leaf, depth_first

_KINDS = ("action_optimization", "representation_format", "compute_optimization")


def sparse_targets(root: Branch, value: Any, place: Location | None) -> LocatedList:
    """The list of targets of the flattened form, in the order of the components."""
    leaves = {leaf.name: leaf for leaf in reversed(list(depth_first(root)))}
    for entry, at in _apart(value, place):
        target = entry.get("target")
        if not isinstance(target, str) or target not in leaves:
            raise unknown_name(
                "target of a sparse optimisation", str(target), leaves, where(entry, "target") or at
            )
        _combine(leaves[target], entry)
    result = LocatedList(location=place)
    for leaf in depth_first(root):
        if not leaf.enabled or all(is_empty(leaf.sparse.get(kind)) for kind in _KINDS):
            continue
        node = LocatedDict({k: v for k, v in leaf.sparse.items() if k in _KINDS}, location=where(leaf.sparse))
        node.key_locations = dict(leaf.sparse.key_locations)
        node["name"] = leaf.name
        result.append(node)
    return result


def _apart(value: Any, place: Location | None) -> list[tuple[LocatedDict, Location | None]]:
    if not isinstance(value, list):
        node = known(
            mapping_of(value, "'sparse_optimizations'", place), keys.V4_SPARSE_TOP, "'sparse_optimizations'"
        )
        check_version(node, "'sparse_optimizations'")
        value, place = node.get("targets"), where(node, "targets") or place
    entries = list_of(value, "the targets of 'sparse_optimizations'", place)
    result = []
    for index, entry in enumerate(entries):
        at = where(entry) or where(entries, index) or place
        node = mapping_of(entry, "a sparse optimisation", at)
        result.append((known(node, keys.V4_SPARSE | {"name"}, "a sparse optimisation"), at))
    return result


def _combine(leaf: Leaf, entry: LocatedDict) -> None:
    """What stands apart joins what the component has: lists are appended."""
    for kind in _KINDS:
        if is_empty(entry.get(kind)):
            continue
        mine, other = leaf.sparse.get(kind), entry[kind]
        if is_empty(mine):
            leaf.sparse[kind] = other
            at = where(entry, kind)
            if at is not None:
                leaf.sparse.key_locations[kind] = at
        elif isinstance(mine, list) and isinstance(other, list):
            leaf.sparse[kind] = LocatedList([*mine, *other], location=where(leaf.sparse, kind))
        else:
            raise SpecError(f"a second '{kind}' for '{leaf.name}'", where(entry, kind))
