"""The flattened form: one list of components with mesh sizes, and one list of constraints.

Semantics of Timeloop's front end (common/version_transpilers/v4_to_v3.py), artefacts included: attributes
of a container reach every later component that lacks them, also after the branch that holds it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from harness.errors import SpecError
from harness.spec.expressions import is_function
from harness.spec.located import LocatedDict, LocatedList
from harness.spec.v4.architecture import STORAGE_DEFAULTS
from harness.spec.v4.constraint import Constraint
from harness.spec.v4.nodes import Branch, Leaf
from harness.spec.v4.problem import Shape
from harness.spec.yaml_nodes import QuotedStr

_DUMMY = {"width": 1, "depth": 1, "datawidth": 1, "technology": -1}


def flatten(root: Branch, variables: LocatedDict, shape: Shape) -> tuple[LocatedDict, LocatedList]:
    """The value of ``architecture`` and the list of constraint targets."""
    flattening = _Flattening(shape, LocatedDict(_without_functions(variables)))
    flattening.walk(root, False)
    flattening.check(root)
    level = LocatedDict(
        {"name": flattening.level_name, "attributes": flattening.level_attributes, "local": flattening.local}
    )
    architecture = LocatedDict({"version": QuotedStr("0.4"), "subtree": LocatedList([level])})
    return architecture, flattening.targets


@dataclass
class _Flattening:
    shape: Shape
    level_attributes: LocatedDict
    level_name: str = "top_level"
    local: LocatedList = field(default_factory=LocatedList)
    targets: LocatedList = field(default_factory=LocatedList)
    mesh_x: int = 1
    mesh_y: int = 1
    inherited: LocatedDict = field(default_factory=LocatedDict)
    gated_at: str | None = None
    gate_next: bool = False
    seen_any: bool = False
    compute: list[Leaf] = field(default_factory=list)
    has_storage: bool = False
    last: Leaf | None = None

    def walk(self, branch: Branch, parallel: bool) -> None:
        for node in branch.nodes:
            if isinstance(node, Branch):
                self.walk(node, node.kind == "parallel")
            elif node.enabled and node.kind != "nothing":
                self._leaf(node, parallel)
                self.last = node

    def _leaf(self, leaf: Leaf, parallel: bool) -> None:
        container = leaf.kind == "container"
        if parallel and (container or leaf.fanout != 1):
            what = "a container" if container else f"'{leaf.name}', which has a fan-out,"
            raise SpecError(
                f"{what} cannot stand directly under a !Parallel",
                leaf.location,
                "put it under a !Hierarchical",
            )
        if container:
            _update(self.inherited, leaf.attributes)
            if not self.seen_any:
                self.level_name = f"{leaf.name}_top_level"
                _update(self.level_attributes, leaf.attributes)
        self.seen_any = True
        if leaf.fanout != 1:
            self._place_dummy(leaf)
            self.mesh_x *= leaf.mesh_x
            self.mesh_y *= leaf.mesh_y
        if not container:
            self._place(leaf, spatial=leaf.fanout == 1)

    def _place_dummy(self, leaf: Leaf) -> None:
        """The level that stands for a spatial node: it stores nothing and has the fan-out below it."""
        name = f"inter_{leaf.name}_spatial"
        attributes = LocatedDict({**_DUMMY, **STORAGE_DEFAULTS}, location=leaf.location)
        node = LocatedDict({"class": "dummy_storage", "enabled": True}, location=leaf.location)
        self._add(node, name, attributes, bool(leaf.attributes.get("has_power_gating")))
        spatial = leaf.constraints["spatial"]
        spatial.target = name
        self._add_constraint(spatial)
        ones = LocatedDict(
            {
                "type": "temporal",
                "target": name,
                "factors": ",".join(f"{d}=1" for d in self.shape.dimensions),
                "permutation": "".join(self.shape.dimensions),
            },
            location=leaf.location,
        )
        nothing = LocatedDict(
            {"type": "bypass", "target": name, "bypass": LocatedList(self.shape.data_spaces)},
            location=leaf.location,
        )
        self.targets.extend((ones, nothing))

    def _place(self, leaf: Leaf, spatial: bool) -> None:
        attributes = LocatedDict(
            _without_functions(leaf.attributes), location=leaf.attributes.location or leaf.location
        )
        attributes.key_locations = dict(leaf.attributes.key_locations)
        node = LocatedDict({"class": leaf.class_name}, location=leaf.location)
        if leaf.subclass is not None:
            node["subclass"] = leaf.subclass
        actions = list(dict.fromkeys(leaf.required_actions + _ACTIONS.get(leaf.kind, [])))
        if actions:
            node["required_actions"] = LocatedList(actions)
        node["enabled"] = True
        for key, scale in (("energy_scale", leaf.energy_scale), ("area_scale", leaf.area_scale)):
            if scale != 1:
                node[key] = scale
        gating = bool(leaf.attributes.get("has_power_gating"))
        self._add(node, leaf.name, attributes, gating, suffix=leaf.kind != "network")
        if leaf.kind == "compute":
            self.compute.append(leaf)
        if leaf.kind != "storage":
            return
        self.has_storage = True
        if attributes.get("datawidth") is None:
            raise SpecError(f"storage '{leaf.name}' needs the attribute 'datawidth'", leaf.location)
        for kind, constraint in leaf.constraints.items():
            if kind != "spatial" or spatial:
                self._add_constraint(constraint)

    def _add(
        self, node: LocatedDict, name: str, attributes: LocatedDict, gating: bool, suffix: bool = True
    ) -> None:
        for key in [k for k, v in attributes.items() if v is None or v in ("", [], {})]:
            del attributes[key]
        attributes["meshX"], attributes["meshY"] = self.mesh_x, self.mesh_y
        for key, value in self.inherited.items():
            if key not in attributes:
                attributes[key] = value
                if key in self.inherited.key_locations:
                    attributes.key_locations[key] = self.inherited.key_locations[key]
        if suffix:
            if self.gate_next:
                self.gated_at = name
            self.gate_next = gating
        attributes.setdefault("power_gated_at", QuotedStr(self.gated_at or name))
        written = f"{name}[1..{self.mesh_x * self.mesh_y}]" if suffix else name
        entry = LocatedDict({"name": written, **node}, location=node.location)
        entry["attributes"] = attributes
        self.local.append(entry)

    def _add_constraint(self, constraint: Constraint) -> None:
        if constraint.is_empty():
            return
        kind = "bypass" if constraint.kind == "dataspace" else constraint.kind
        entry = LocatedDict({"type": kind, "target": constraint.target}, location=constraint.location)
        entry.key_locations = dict(constraint.places)
        for key, value in constraint.values.items():
            if value is None or value == []:
                continue
            written = _written(key, value)
            if written != "":
                entry[key] = written
        if len(entry) > 2:
            self.targets.append(entry)

    def check(self, root: Branch) -> None:
        """Exactly one compute level, at the end; at least one storage level above it."""
        if not self.compute:
            raise SpecError(
                "the architecture has no compute component", root.location, "class: compute or intmac"
            )
        if len(self.compute) > 1:
            names = ", ".join(f"'{leaf.name}'" for leaf in self.compute)
            raise SpecError(
                f"the architecture has more than one compute level: {names}", self.compute[1].location
            )
        if self.last is not self.compute[0]:
            raise SpecError(
                f"the compute component '{self.compute[0].name}' must be the last node",
                self.compute[0].location,
            )
        if not self.has_storage:
            raise SpecError("the architecture has no storage component", root.location)


_ACTIONS = {"storage": ["read", "write", "update", "leak"], "compute": ["compute"]}


def _without_functions(attributes: LocatedDict) -> dict[str, Any]:
    """Functions written in expressions serve other expressions; nobody can read them in a file."""
    return {key: value for key, value in attributes.items() if not is_function(value)}


def _update(target: LocatedDict, source: LocatedDict) -> None:
    target.update(_without_functions(source))
    target.key_locations.update(source.key_locations)


def _written(key: str, value: Any) -> Any:
    if key == "factors":
        # -1 leaves the dimension free, which in the flattened form is said by leaving the factor out.
        return ",".join(str(f) for f in value if f.value >= 0)
    if key == "permutation":
        return "".join(value)
    return LocatedList(value) if isinstance(value, list) else value
