"""The mapping that is in the files of the real Timeloop."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from dataclasses import replace
from pathlib import Path

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
    """The mapping of a search just made, as that had it. None where its files cannot be read."""
    try:
        mapping = written_mapping(replace(specification, architecture=architecture), outputs, program)
    except HarnessError:
        return None
    return as_searched(mapping, specification)


def written_mapping(
    specification: Specification, outputs: AbstractMapping[str, str], program: str, folder: str | Path = ""
) -> Mapping:
    """From ``map.yaml``; from ``map.txt`` where that cannot be read, above all where factors are imperfect,
    whose last visits only ``map.txt`` has. What constraints demand beyond loops is in neither and added.

    ``outputs`` are texts by the name of the file in ``folder``. HarnessError with that file.
    """
    architecture, problem = specification.architecture, specification.problem
    tree, nest = (f"{program}.map.{kind}" for kind in ("yaml", "txt"))
    if outputs.get(tree, "").strip():
        try:
            mapping = read_mapping(
                load_yaml_text(outputs[tree], str(Path(folder) / tree)), architecture, problem
            )
        except HarnessError:
            if not outputs.get(nest, "").strip():
                raise
        else:
            return with_directives(mapping, specification.constraints)
    shown = read_map_text(outputs.get(nest, ""), str(Path(folder) / nest))
    return with_directives(mapping_of(shown, architecture, problem), specification.constraints)


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
