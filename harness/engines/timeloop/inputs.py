"""What the real programs are given: the flattened specification, the energies and the areas.

The tables are always handed over, so the programs never ask an Accelergy of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.engines.job import Job
from harness.engines.timeloop.settings import mapper_section
from harness.spec.architecture import Architecture
from harness.spec.flattened import write_art, write_ert
from harness.spec.settings import SearchSettings
from harness.spec.writing import dump_processed_input

INPUT = "parsed-processed-input.yaml"
_TABLES = ("ERT", "ERT_summary", "ART", "ART_summary")

_CONSTRAINTS = ("mapspace_constraints", "architecture_constraints", "arch_constraints")
_OF_THE_SEARCH = ("mapper", "mapspace", *_CONSTRAINTS)
"""Not for one mapping: the real model refuses even mappings of the real mapper by their constraints."""


def program_inputs(
    job: Job, tree: Mapping[str, Any], architecture: Architecture, settings: SearchSettings, prefix: str
) -> dict[str, str]:
    """File name to text. ``tree`` is the flattened specification, by this package or by Timeloop's front end;
    ``settings`` are the real mapper's own, ``prefix`` is the name of the program.
    """
    given = {key: value for key, value in tree.items() if key not in _TABLES}
    if job.specification.mapping is None:
        given["mapper"] = mapper_section(settings)
        mapspace = given.get("mapspace")
        given["mapspace"] = {
            **(mapspace if isinstance(mapspace, Mapping) else {}),
            "template": settings.template,
        }
    else:
        for key in _OF_THE_SEARCH:
            given.pop(key, None)
    ert = architecture.ert
    assert ert is not None
    files = {
        INPUT: dump_processed_input(given),
        f"{prefix}.ERT.yaml": dump_processed_input({"ERT": write_ert(ert)}),
    }
    if architecture.art is not None:
        files[f"{prefix}.ART.yaml"] = dump_processed_input({"ART": write_art(architecture.art)})
    return files
