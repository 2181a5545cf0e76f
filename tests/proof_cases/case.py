"""One generated mapping problem: reproducible from its seed, printable as Timeloop's flattened input."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

from harness.mapspace import MapSpace
from harness.mapspace.mapspace import Template
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.flattened import write_art, write_ert, write_problem
from harness.spec.flattened.constraints import write_constraints
from harness.spec.problem import Problem
from harness.spec.writing import dump_processed_input


@dataclass(frozen=True)
class MappingCase:
    """``kind`` is the name of the generator that made it from ``seed``."""

    kind: str
    seed: int
    architecture: Architecture
    problem: Problem
    constraints: Constraints
    template: Template = "uber"

    @cached_property
    def space(self) -> MapSpace:
        return MapSpace(self.architecture, self.problem, self.constraints, self.template)

    @property
    def tree(self) -> dict[str, Any]:
        """What the readers of ``harness.spec.flattened`` turn into this case again."""
        constraints = write_constraints(self.constraints, self.architecture, self.problem)
        assert self.architecture.ert is not None and self.architecture.art is not None
        return {
            "architecture": _architecture_tree(self.architecture),
            "ERT": write_ert(self.architecture.ert),
            "ART": write_art(self.architecture.art),
            "problem": write_problem(self.problem),
            "architecture_constraints": constraints,
            "mapspace": {"template": self.template},
        }

    def __str__(self) -> str:
        return f"# {self.kind}({self.seed})\n{dump_processed_input(self.tree)}"


_KEYS = {
    "size_words": "entries",
    "mesh_x": "meshX",
    "mesh_y": "meshY",
    "energy_per_ingress": "energy-per-ingress",
    "bandwidth_scale": "per_dataspace_bandwidth_consumption_scale",
    "per_datatype_ert": "per_datatype_ERT",
}


def _architecture_tree(architecture: Architecture) -> dict[str, Any]:
    parts = [*reversed(architecture.networks), *reversed(architecture.storage), architecture.arithmetic]
    local = [_component(part) for part in parts]
    return {"version": "0.4", "subtree": [{"name": architecture.name, "local": local}]}


def _component(part: Any) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for f in fields(part):
        value = getattr(part, f.name)
        if f.name in ("name", "full_name", "class_name", "attributes", "instances", "technology"):
            continue
        if value is None or (value in ((), False) and f.name in ("bandwidth_scale", "per_datatype_ert")):
            continue
        attributes[_KEYS.get(f.name, f.name)] = dict(value) if f.name == "bandwidth_scale" else value
    name = part.full_name.rsplit("sys.", maxsplit=1)[-1]
    return {"name": name, "class": part.class_name, "attributes": attributes}
