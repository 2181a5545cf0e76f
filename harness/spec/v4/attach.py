"""Moving the constraints that stand apart (``constraints``, ``mapping``) onto the nodes that they name."""

from __future__ import annotations

from typing import Any

from harness.errors import Location, SpecError, unknown_name
from harness.spec.known_keys import V4_CONSTRAINTS
from harness.spec.located import where
from harness.spec.v4.constraint import Constraint
from harness.spec.v4.keys import check_version, known, list_of, mapping_of
from harness.spec.v4.nodes import Branch, Leaf, depth_first
from harness.spec.v4.read_constraint import Context, read_constraint, target_of


def attach_constraints(root: Branch, value: Any, context: Context, place: Location | None) -> None:
    """The entries of ``constraints.targets``."""
    if isinstance(value, list):
        attach_list(root, value, context, place)
        return
    node = known(mapping_of(value, "'constraints'", place), V4_CONSTRAINTS, "'constraints'")
    check_version(node, "'constraints'")
    attach_list(root, node.get("targets"), context, where(node, "targets") or place)


def attach_list(root: Branch, value: Any, context: Context, place: Location | None) -> int:
    """The entries of a list of constraints; their number."""
    entries = list_of(value, "a list of constraints", place)
    leaves: dict[str, Leaf] = {}
    for leaf in depth_first(root):
        leaves.setdefault(leaf.name, leaf)
    for index, entry in enumerate(entries):
        entry_place = where(entry) or where(entries, index)
        node = mapping_of(entry, "a constraint", entry_place)
        target = target_of(node, entry_place)
        if target not in leaves:
            raise unknown_name("constraint target", target, leaves, where(node, "target"))
        constraint = read_constraint(node, None, target, context, entry_place)
        leaf = leaves[target]
        mine = leaf.constraints.get(constraint.kind)
        if mine is None or mine.is_empty():
            leaf.constraints[constraint.kind] = constraint
        else:
            mine.combine(constraint)
    return len(entries)


def check_places(root: Branch) -> None:
    """Refuse constraints where nothing could obey them; the front end would drop them silently.

    That every loop of a container has one iteration is true of all of them, so it may be said.
    """
    for leaf in depth_first(root):
        for kind, constraint in leaf.constraints.items():
            if constraint.is_empty() or _holds_without_loops(constraint):
                continue
            has_loops = leaf.kind in ("storage", "nothing")
            if kind == "temporal" and not has_loops:
                raise SpecError(
                    f"'{leaf.name}' is a {leaf.kind}: it has no temporal loops to constrain",
                    constraint.location,
                    "constrain a storage component",
                )


def _holds_without_loops(constraint: Constraint) -> bool:
    """Factors that 1 satisfies, and nothing else that would ask for loops."""
    if any(value not in (None, []) for key, value in constraint.values.items() if key not in _NO_DEMAND):
        return False
    return all(f.value == 1 or (f.relation == "<=" and f.value > 0) for f in constraint.factors)


_NO_DEMAND = ("factors", "permutation", "default_max_factor", "no_reuse")
"""What can be said of loops of one iteration without asking for more."""
