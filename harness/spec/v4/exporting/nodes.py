"""The nodes of an architecture with everything evaluated and the constraints as they are at last."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from harness.spec.constraints import Constraints
from harness.spec.expressions import is_function
from harness.spec.located import LocatedDict, LocatedList
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem
from harness.spec.v4.architecture import COMMON_DEFAULTS, STORAGE_DEFAULTS
from harness.spec.v4.exporting.constraints import written_block, written_data_spaces
from harness.spec.v4.exporting.names import dummy_of
from harness.spec.v4.keys import is_empty
from harness.spec.v4.nodes import Branch, Leaf, depth_first
from harness.spec.yaml_nodes import QuotedStr

DEMANDED = ("width", "depth")
"""What today's front end (``pytimeloop``) wants to see of every storage, a DRAM included. An empty text is
taken for nothing by both front ends and by our reader; a null is refused.
"""

_TAGS = {"hierarchical": "Hierarchical", "parallel": "Parallel", "pipelined": "Pipelined"}


def written_nodes(
    root: Branch, constraints: Constraints, problem: Problem, mapping: Mapping | None
) -> LocatedList:
    """The value of ``nodes``. With a mapping there are no constraints: a front end would take both for the
    mapping. Nodes that are switched off are left out.
    """
    passing = {space.name for space in problem.data_spaces}
    return _Writer(constraints, problem, mapping).nodes(root, passing)


class _Writer:
    def __init__(self, constraints: Constraints, problem: Problem, mapping: Mapping | None) -> None:
        self._constraints, self._problem, self._mapped = constraints, problem, mapping is not None
        said = constraints.levels if mapping is None else mapping.levels
        self._keeps = {level.level: level.keep for level in said}

    def nodes(self, branch: Branch, passing: set[str]) -> LocatedList:
        """``passing`` are the data spaces that have to find their way through ``branch``."""
        written = LocatedList()
        for node in branch.nodes:
            if isinstance(node, Leaf):
                if node.enabled:
                    written.append(self._leaf(node))
                continue
            inside = self._kept(node) if branch.kind == "parallel" else passing
            inner = self.nodes(node, inside)
            if inner:
                written.append(LocatedDict({"nodes": inner}, tag=self._tag(node, inside)))
        return written

    def _tag(self, branch: Branch, passing: set[str]) -> str:
        """A !Parallel demands that each data space is kept in one of its branches. Where that is not so any
        more (a fused tensor passes by), its nodes follow each other, which means the same.
        """
        if branch.kind == "parallel":
            kept = [name for node in branch.nodes for name in self._kept(node)]
            if len(set(kept)) < len(kept) or not passing <= set(kept):
                return _TAGS["hierarchical"]
        return _TAGS[branch.kind]

    def _kept(self, node: Leaf | Branch) -> set[str]:
        leaves = [node] if isinstance(node, Leaf) else list(depth_first(node))
        return {name for leaf in leaves if leaf.enabled for name in self._keep(leaf)}

    def _keep(self, leaf: Leaf) -> Iterable[str]:
        if leaf.kind == "nothing":
            return leaf.constraints["dataspace"].names("keep")
        return self._keeps.get(leaf.name, ())

    def _leaf(self, leaf: Leaf) -> LocatedDict:
        node = LocatedDict({"name": leaf.name})
        if leaf.kind == "nothing":
            node.tag = "Nothing"
            # The front ends name it themselves, and take no other name.
            del node["name"]
        elif leaf.kind == "container":
            node.tag = "Container"
        else:
            node.tag = "Component"
            node["class"] = leaf.class_name
            if leaf.subclass is not None:
                node["subclass"] = leaf.subclass
        sections = {
            "spatial": {
                axis: size for axis, size in (("meshX", leaf.mesh_x), ("meshY", leaf.mesh_y)) if size > 1
            },
            "attributes": _attributes(leaf),
            "required_actions": LocatedList(dict.fromkeys(leaf.required_actions)),
            "constraints": self._group(leaf),
            "sparse_optimizations": {
                k: v for k, v in leaf.sparse.items() if k != "target" and not is_empty(v)
            },
        }
        node.update({key: value for key, value in sections.items() if value})
        for key, scale in (("energy_scale", leaf.energy_scale), ("area_scale", leaf.area_scale)):
            if scale != 1:
                node[key] = scale
        return node

    def _group(self, leaf: Leaf) -> dict[str, Any]:
        """The constraints of a node: its own as a level, and for its fan-out those of the dummy level."""
        if leaf.kind == "nothing":
            keep = leaf.constraints["dataspace"].names("keep")
            return {"dataspace": {"keep": keep}} if keep else {}
        if self._mapped:
            return {}
        level, problem = self._constraints.of(leaf.name), self._problem
        fan_out = level if leaf.fanout == 1 else self._constraints.of(dummy_of(leaf.name))
        group = {
            "spatial": written_block(fan_out.spatial, leaf.name, problem),
            "temporal": written_block(level.temporal, leaf.name, problem),
            "dataspace": written_data_spaces(level, problem),
        }
        return {kind: entry for kind, entry in group.items() if entry}


def _attributes(leaf: Leaf) -> dict[str, Any]:
    """Without what a front end adds itself, and without functions, which served other expressions.

    A null of a container stays: it hides what a container further out says. Others say nothing.
    """
    storage = leaf.kind == "storage"
    added = {key: STORAGE_DEFAULTS[key] for key in (STORAGE_DEFAULTS if storage else COMMON_DEFAULTS)}
    given = {
        key: value
        for key, value in leaf.attributes.items()
        if not is_function(value)
        and (value is not None or leaf.kind == "container")
        and (key not in added or value != added[key])
    }
    demanded = DEMANDED if storage else ()
    return {key: QuotedStr("") for key in demanded if key not in given} | given
