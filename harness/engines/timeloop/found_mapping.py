"""The mapping that the real mapper found, read from its files."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping

from harness.engines.directives import with_directives
from harness.errors import HarnessError
from harness.spec.architecture import Architecture
from harness.spec.flattened import read_mapping
from harness.spec.mapping import Mapping
from harness.spec.specification import Specification
from harness.spec.yaml_loader import load_yaml_text
from harness.timeloop_outputs import mapping_of, read_map_text


def found_mapping(
    specification: Specification, architecture: Architecture, outputs: AbstractMapping[str, str], program: str
) -> Mapping | None:
    """From ``map.yaml``, which keeps the order of loops that do not turn; from ``map.txt`` where factors are
    imperfect, whose last visits only that has. What constraints demand beyond loops is in neither file and
    added. None where both cannot be read.
    """
    sources = (_from_yaml, _from_text)
    for read in reversed(sources) if specification.settings.template == "ruby" else sources:
        try:
            mapping = read(specification, architecture, outputs, program)
        except HarnessError:
            continue
        return with_directives(mapping, specification.constraints)
    return None


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
