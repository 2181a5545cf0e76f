"""A job as the files of Timeloop's v4 dialect, plain: what its front ends take.

No Jinja, no expressions, no files in files; energies and areas are there, so nothing is left to estimate.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness.engines.density_records import require_models_of_timeloop
from harness.engines.estimated import with_energy
from harness.engines.job import Job
from harness.engines.timeloop_settings import as_timeloop_has_them, timeloop_settings
from harness.errors import HarnessError, Unsupported
from harness.spec.flattened import write_art, write_ert
from harness.spec.settings import SearchSettings
from harness.spec.v4.exporting import export_v4
from harness.spec.writing import dump_processed_input

ARCHITECTURE, COMPONENTS, PROBLEM, MAPPER, VARIABLES, MAPPING, ERT, ART = (
    f"{name}.yaml"
    for name in ("architecture", "components", "problem", "mapper", "variables", "mapping", "ERT", "ART")
)

ALL_NAMES = (ARCHITECTURE, COMPONENTS, PROBLEM, MAPPER, VARIABLES, MAPPING, ERT, ART)
"""What an export may write; some only where there is something to write."""

_FIRST_LINE = "# Timeloop v4, written by run.py --export-timeloop; sha256 of the rest: {digest}\n"
"""Of every file, so that a later export knows what it may replace: what was changed since is somebody's."""

_DIGITS = 16


def v4_files(job: Job) -> dict[str, str]:
    """File name -> text, in the order of :data:`ALL_NAMES`.

    The constraints are those of the job, fused ones included; with a mapping there are none, since a front
    end takes all constraints for the mapping, and no search either. Energies and areas are those given, else
    estimated. Raises Unsupported for what has no v4 form, and HarnessError where nobody can estimate.
    """
    if job.source is None:
        raise Unsupported(
            "the input is in the flattened form already, which has no v4 form to export",
            hint="Timeloop's executables take it as it is",
        )
    specification = job.specification
    require_models_of_timeloop(specification.problem)
    sections = export_v4(job.source, specification)
    architecture, _ = with_energy(specification, job.estimation)
    trees: dict[str, Mapping[str, Any]] = {
        ARCHITECTURE: {"architecture": sections.architecture},
        COMPONENTS: {"components": sections.components} if sections.components else {},
        PROBLEM: {"problem": sections.problem},
        MAPPER: _search(specification.settings) if specification.mapping is None else {},
        VARIABLES: {
            "variables": sections.variables,
            **({"globals": sections.environment} if sections.environment else {}),
        },
        MAPPING: {"mapping": sections.mapping} if sections.mapping else {},
        ERT: {} if architecture.ert is None else {"ERT": write_ert(architecture.ert)},
        ART: {} if architecture.art is None else {"ART": write_art(architecture.art)},
    }
    return {name: _sealed(dump_processed_input(tree)) for name, tree in trees.items() if tree}


def _sealed(text: str) -> str:
    return _FIRST_LINE.format(digest=hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]) + text


def _search(settings: SearchSettings) -> dict[str, Any]:
    return {
        "mapper": {"version": 0.4, **timeloop_settings(settings)},
        "mapspace": {"version": 0.4, "template": settings.template},
    }


def remarks_on_export(job: Job) -> tuple[str, ...]:
    """What Timeloop will do otherwise than this package, and what its front ends lose."""
    specification = job.specification
    remarks: list[str] = []
    if specification.mapping is None:
        remarks += as_timeloop_has_them(specification.settings)[1]
        if limit := specification.settings.time_limit:
            remarks.append(f"the real Timeloop has no time limit, {limit:g} s is left out")
    if specification.architecture.ert is not None and specification.architecture.art is None:
        remarks.append("Timeloop's front ends drop an ERT without an ART, give it to its programs yourself")
    return tuple(remarks)


def is_exported(file: Path) -> bool:
    """Whether ``file`` is as an export has written it. HarnessError when it cannot be read."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise HarnessError(f"cannot read '{file}': {error.strerror or error}") from error
    text = content.decode("utf-8", "replace")
    return text == _sealed(text.partition("\n")[2])
