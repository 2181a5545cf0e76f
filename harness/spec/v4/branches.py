"""Which branch of a ``!Parallel`` keeps which data space; every other branch bypasses it."""

from __future__ import annotations

from harness.errors import SpecError
from harness.spec.v4.constraint import Constraint
from harness.spec.v4.nodes import Branch, Leaf, depth_first
from harness.spec.v4.problem import Shape


def resolve_branches(branch: Branch, data_spaces: list[str], shape: Shape) -> None:
    """Add bypasses below every ``!Parallel``. ``data_spaces`` are those that must pass through ``branch``."""
    if branch.kind != "parallel":
        for node in branch.nodes:
            if isinstance(node, Branch):
                resolve_branches(node, data_spaces, shape)
        return
    kept = [_kept(node, shape) for node in branch.nodes]
    for name in shape.data_spaces:
        holders = [_label(n) for n, names in zip(branch.nodes, kept, strict=True) if name in names]
        if len(holders) > 1:
            raise SpecError(
                f"'{name}' is kept in two branches of a !Parallel: {holders[0]} and {holders[1]}",
                branch.location,
            )
        if not holders and name in data_spaces:
            raise SpecError(
                f"no branch of the !Parallel keeps '{name}'",
                branch.location,
                f"keep it in one, or add '!Nothing {{constraints: {{dataspace: {{keep: [{name}]}}}}}}'",
            )
    for node, names in zip(branch.nodes, kept, strict=True):
        bypass = [n for n in shape.data_spaces if n not in names]
        for leaf in [node] if isinstance(node, Leaf) else depth_first(node):
            constraint = leaf.constraints["dataspace"]
            constraint.combine(Constraint("dataspace", leaf.name, branch.location, {"bypass": list(bypass)}))
        if isinstance(node, Branch):
            resolve_branches(node, names, shape)


def _kept(node: Leaf | Branch, shape: Shape) -> list[str]:
    leaves = [node] if isinstance(node, Leaf) else list(depth_first(node))
    names = {name for leaf in leaves for name in leaf.constraints["dataspace"].names("keep")}
    return [name for name in shape.data_spaces if name in names]


def _label(node: Leaf | Branch) -> str:
    if isinstance(node, Leaf):
        return f"'{node.name}'"
    first = next(depth_first(node), None)
    return f"the branch of '{first.name}'" if first else "an empty branch"
