"""The mapping that the real mapper found, read from its files."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping

from harness.engines.directives import with_directives
from harness.errors import HarnessError
from harness.mapspace.mapper_orders import with_mapper_orders
from harness.spec.architecture import Architecture
from harness.spec.flattened import read_mapping
from harness.spec.mapping import Mapping
from harness.spec.specification import Specification
from harness.spec.yaml_loader import load_yaml_text
from harness.timeloop_outputs import mapping_of, read_map_text


def found_mapping(
    specification: Specification, architecture: Architecture, outputs: AbstractMapping[str, str], program: str
) -> Mapping | None:
    """From ``map.yaml``; from ``map.txt`` where factors are imperfect, whose last visits only that has. What
    constraints demand beyond loops is in neither file and added, and so are the places of the loops that do
    not turn: the figures of sparse hardware depend on them. None where both cannot be read.
    """
    sources = (_from_yaml, _from_text)
    for read in reversed(sources) if specification.settings.template == "ruby" else sources:
        try:
            mapping = read(specification, architecture, outputs, program)
        except HarnessError:
            continue
        return as_searched(mapping, specification)
    return None


def as_searched(mapping: Mapping, specification: Specification) -> Mapping:
    """``mapping`` as the search that the specification's settings name had it: its files tell only a part."""
    constraints = specification.constraints
    completed = with_directives(mapping, constraints)
    if specification.architecture.sparse is None:
        return completed
    return with_mapper_orders(
        completed,
        specification.architecture,
        specification.problem,
        constraints,
        specification.settings.algorithm,
    )


def _from_yaml(
    specification: Specification, architecture: Architecture, outputs: AbstractMapping[str, str], program: str
) -> Mapping:
    name = f"{program}.map.yaml"
    written = load_yaml_text(outputs.get(name, ""), name)
    return read_mapping(written, architecture, specification.problem)


def _from_text(
    specification: Specification, architecture: Architecture, outputs: AbstractMapping[str, str], program: str
) -> Mapping:
    name = f"{program}.map.txt"
    return mapping_of(read_map_text(outputs.get(name, ""), name), architecture, specification.problem)
