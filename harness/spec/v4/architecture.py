"""Reading the ``architecture`` of a v4 tree: tags, keys, classes, and the expressions in scope order.

Scopes follow Timeloop's front end (v4/arch.py): a node sees the variables, the names of the components, the
attributes of the containers before it in its own list or in the lists around it, and its own attributes.
"""

from __future__ import annotations

import re
from typing import Any

from harness.errors import Location, SpecError, Unsupported, unknown_name
from harness.spec import known_keys as keys
from harness.spec.located import LocatedDict, where
from harness.spec.v4.evaluation import Names, evaluate_all, integer, number, truth
from harness.spec.v4.keys import check_version, describe, is_empty, known, list_of, mapping_of
from harness.spec.v4.nodes import Branch, BranchKind, Leaf, LeafKind, depth_first
from harness.spec.v4.problem import Shape
from harness.spec.v4.read_constraint import Context, read_group

_NAME = re.compile(r"[^\s\[\]{}().,=]+")
_BRANCHES: dict[str, BranchKind] = {
    "Hierarchical": "hierarchical",
    "Parallel": "parallel",
    "Pipelined": "pipelined",
}

STORAGE_DEFAULTS: dict[str, Any] = {
    "has_power_gating": False,
    "power_gated_at": None,
    "n_banks": 2,
    "cluster_size": 1,
    "reduction_supported": True,
    "multiple_buffering": 1,
    "min_utilization": 0,
    "allow_overbooking": False,
}
"""What the front end adds to storage; other leaves get the two entries on power gating only."""

COMMON_DEFAULTS = ("has_power_gating", "power_gated_at")


def read_architecture(value: Any, shape: Shape, names: Names, place: Location | None) -> Branch:
    """The tree of branches and leaves, everything in it evaluated. Names of leaves are unique."""
    node = known(mapping_of(value, "the architecture", place), keys.V4_ARCHITECTURE, "the architecture")
    check_version(node, "the architecture")
    nodes = list_of(node.get("nodes"), "'nodes' of the architecture", where(node, "nodes"))
    if not nodes:
        raise SpecError("the architecture has no nodes", where(node, "nodes") or place)
    root = Branch("hierarchical", where(node))
    _read_list(nodes, root, shape, dict(names))
    _check_names(root)
    return root


def _read_list(nodes: Any, branch: Branch, shape: Shape, names: dict[str, Any]) -> None:
    names = dict(names)
    for raw in _raw_leaves(nodes):
        # Components are visible by name from everywhere below; evaluated ones replace these below.
        if isinstance(raw.get("name"), str):
            names.setdefault(raw["name"], raw)
    for index, raw in enumerate(nodes):
        place = where(raw) or where(nodes, index)
        node = _tagged(raw, place)
        if node.tag in _BRANCHES:
            child = Branch(_BRANCHES[node.tag], place)
            checked = known(node, keys.V4_BRANCH, f"a !{node.tag}")
            inner = list_of(checked.get("nodes"), f"'nodes' of a !{node.tag}", where(checked, "nodes"))
            if not inner:
                raise SpecError(f"a !{node.tag} without nodes", place)
            _read_list(inner, child, shape, names)
            branch.nodes.append(child)
            continue
        leaf = _read_leaf(node, place, shape, names)
        names[leaf.name] = _visible(leaf, node)
        if leaf.kind == "container":
            names.update(leaf.attributes)
        branch.nodes.append(leaf)


def _raw_leaves(nodes: Any) -> list[LocatedDict]:
    found: list[LocatedDict] = []
    for node in nodes:
        if isinstance(node, LocatedDict):
            found.append(node)
            inner = node.get("nodes")
            if isinstance(inner, list):
                found.extend(_raw_leaves(inner))
    return found


def _tagged(raw: Any, place: Location | None) -> LocatedDict:
    if not isinstance(raw, LocatedDict):
        raise SpecError(f"a node of the architecture must be a mapping, not {describe(raw)}", place)
    if raw.tag is None:
        raise SpecError(
            "a node of the architecture needs a tag", place, "one of " + ", ".join(f"!{t}" for t in keys.TAGS)
        )
    if raw.tag not in keys.TAGS:
        raise unknown_name("tag", f"!{raw.tag}", [f"!{t}" for t in keys.TAGS], place)
    return raw


def _visible(leaf: Leaf, raw: LocatedDict) -> LocatedDict:
    result = LocatedDict(raw)
    result["attributes"] = leaf.attributes
    result["spatial"] = {"meshX": leaf.mesh_x, "meshY": leaf.mesh_y}
    return result


def _read_leaf(raw: LocatedDict, place: Location | None, shape: Shape, names: dict[str, Any]) -> Leaf:
    container = raw.tag == "Container"
    allowed = keys.V4_CONTAINER if container else keys.V4_COMPONENT
    node = known(raw, allowed, f"a !{raw.tag}")
    kind: LeafKind = "container"
    class_name = ""
    if not container:
        kind, class_name = _class_of(node, raw.tag == "Nothing", place)
    name = _name(node, kind, place)
    attributes = _attributes(node, kind, name, names)
    inside: dict[str, Any] = {**names, "attributes": attributes, "name": name}
    mesh_x, mesh_y = _spatial(node, name, inside)
    inside["spatial"] = {"meshX": mesh_x, "meshY": mesh_y}
    if not is_empty(node.get("networks")):
        raise Unsupported(f"'networks' of '{name}' is not modelled", where(node, "networks"))
    subclass = node.get("subclass")
    if subclass is not None and not isinstance(subclass, str):
        raise SpecError(f"'subclass' of '{name}' must be a name", where(node, "subclass"))
    actions = list_of(node.get("required_actions"), "'required_actions'", where(node, "required_actions"))
    return Leaf(
        kind=kind,
        name=name,
        location=where(node, "name") or place,
        class_name=class_name,
        subclass=subclass,
        enabled=truth(node.get("enabled", True), inside, f"'enabled' of '{name}'", where(node, "enabled")),
        mesh_x=mesh_x,
        mesh_y=mesh_y,
        attributes=attributes,
        constraints=read_group(
            node.get("constraints"), name, Context(shape, inside), where(node, "constraints")
        ),
        required_actions=[str(a) for a in actions],
        energy_scale=_scale(node, "energy_scale", name, inside),
        area_scale=_scale(node, "area_scale", name, inside),
        sparse=_sparse(node, name),
    )


def _sparse(node: LocatedDict, name: str) -> LocatedDict:
    what, place = f"'sparse_optimizations' of '{name}'", where(node, "sparse_optimizations")
    return known(mapping_of(node.get("sparse_optimizations"), what, place), keys.V4_SPARSE, what)


def _scale(node: LocatedDict, key: str, name: str, names: Names) -> float:
    """What multiplies all energies (the area) of the component after it is estimated; 1 when absent."""
    if node.get(key) is None:
        return 1
    what = f"'{key}' of '{name}'"
    value = number(node[key], names, what, where(node, key))
    if value < 0:
        raise SpecError(f"{what} cannot be negative", where(node, key))
    return value


def _class_of(node: LocatedDict, nothing: bool, place: Location | None) -> tuple[LeafKind, str]:
    if nothing:
        return "nothing", "nothing"
    class_name = node.get("class")
    if not isinstance(class_name, str) or not class_name:
        raise SpecError(f"component '{node.get('name', '')}' needs a 'class'", where(node, "class") or place)
    families: tuple[tuple[LeafKind, tuple[str, ...]], ...] = (
        ("storage", keys.BUFFER_CLASSES),
        ("compute", keys.COMPUTE_CLASSES),
        ("network", keys.NETWORK_CLASSES),
        ("nothing", keys.NOTHING_CLASSES),
    )
    for kind, words in families:
        if any(word in class_name for word in words):
            return kind, class_name
    words_known = [w for _, words in families for w in words]
    raise unknown_name("component class", class_name, words_known, where(node, "class"))


def _name(node: LocatedDict, kind: LeafKind, place: Location | None) -> str:
    name = node.get("name")
    if name is None and kind == "nothing":
        return "nothing"
    if name is None or name == "":
        raise SpecError("a node of the architecture needs a 'name'", place)
    name = str(name)
    if not _NAME.fullmatch(name):
        raise SpecError(f"'{name}' cannot be a name: no blanks, dots or brackets", where(node, "name"))
    return name


def _attributes(node: LocatedDict, kind: LeafKind, name: str, names: Names) -> LocatedDict:
    written = mapping_of(node.get("attributes"), f"'attributes' of '{name}'", where(node, "attributes"))
    result = evaluate_all(written, {**names, "attributes": names.get("attributes", {})})
    for key in [k for k in result if "ignore" in k]:
        del result[key]
    for key, value in STORAGE_DEFAULTS.items():
        if (kind == "storage" or key in COMMON_DEFAULTS) and result.get(key) is None:
            result[key] = value
    return result


def _spatial(node: LocatedDict, name: str, names: Names) -> tuple[int, int]:
    place = where(node, "spatial")
    what = f"'spatial' of '{name}'"
    spatial = known(mapping_of(node.get("spatial"), what, place), keys.V4_SPATIAL, what)
    x, y = (
        integer(spatial.get(axis, 1), names, f"{axis} of '{name}'", where(spatial, axis), least=1)
        for axis in ("meshX", "meshY")
    )
    return x, y


def _check_names(root: Branch) -> None:
    seen: dict[str, Leaf] = {}
    for leaf in depth_first(root):
        if leaf.kind == "nothing":
            continue
        first = seen.setdefault(leaf.name, leaf)
        if first is not leaf:
            raise SpecError(
                f"two nodes are called '{leaf.name}'", leaf.location, f"the first: {first.location}"
            )
