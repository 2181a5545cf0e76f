"""From a v4 tree and the specification that was made of it to the plain sections of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from harness.errors import Unsupported
from harness.spec.expressions import is_function
from harness.spec.flattened.densities import write_densities
from harness.spec.located import LocatedDict
from harness.spec.specification import Specification
from harness.spec.v4.exporting.mapping import written_mapping
from harness.spec.v4.exporting.nodes import written_nodes
from harness.spec.v4.keys import is_empty
from harness.spec.v4.process import V4Parts, read_v4

VERSION = 0.4


@dataclass(frozen=True)
class V4Sections:
    """The values of the top-level keys; ``components``, ``mapping`` and ``globals`` are empty without any."""

    architecture: Mapping[str, Any]
    problem: Mapping[str, Any]
    variables: Mapping[str, Any]
    components: Mapping[str, Any]
    mapping: list[dict[str, Any]]
    environment: Mapping[str, Any]


def export_v4(source: Mapping[str, Any], specification: Specification) -> V4Sections:
    """The sections of ``source`` (a v4 tree) with the constraints and the mapping of ``specification``.

    What the command line has changed since (fusing, a mapping, densities) is in the specification only.
    Raises Unsupported for what has no v4 form.
    """
    parts = read_v4(source)
    problem, mapping = specification.problem, specification.mapping
    constraints = specification.constraints
    if constraints.min_parallelism is not None and mapping is None:
        raise Unsupported(
            "a least utilization of the arithmetic is not taken by Timeloop's front ends",
            hint="drop the utilization constraint, or give a mapping",
        )
    nodes = written_nodes(parts.root, constraints, problem, mapping)
    return V4Sections(
        architecture={"version": VERSION, "nodes": nodes},
        problem=_problem(parts, specification),
        variables={
            "version": VERSION,
            **{k: v for k, v in parts.variables.items() if k != "version" and not is_function(v)},
        },
        components=_components(specification),
        mapping=[] if mapping is None else written_mapping(mapping, specification.architecture, problem),
        environment=_environment(parts.top),
    )


def _problem(parts: V4Parts, specification: Specification) -> dict[str, Any]:
    instance = {k: v for k, v in parts.problem["instance"].items() if k not in ("densities", "commonDensity")}
    instance.update(write_densities(specification.problem))
    shape = LocatedDict(parts.problem["shape"])
    shape["data_spaces"] = [
        {key: value for key, value in space.items() if key != "read_write" or value}
        for space in shape["data_spaces"]
    ]
    if is_empty(shape.get("coefficients")):
        shape.pop("coefficients", None)
    return {"version": VERSION, "shape": shape, "instance": instance}


def _components(specification: Specification) -> dict[str, Any]:
    classes = list(specification.compound_components)
    return {"version": VERSION, "classes": classes} if classes else {}


def _environment(top: Mapping[str, Any]) -> dict[str, Any]:
    given = top.get("globals")
    return dict(given) if isinstance(given, Mapping) and not is_empty(given) else {}
