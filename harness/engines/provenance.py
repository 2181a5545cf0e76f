"""Where a result comes from, and what its search was for: the same for every engine."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from harness.engines.content_hash import content_hash
from harness.engines.job import Job
from harness.engines.result import Provenance
from harness.engines.version import package_version
from harness.search.objective import objective_text
from harness.spec.architecture import Architecture


def objective_words(job: Job) -> str:
    s = job.specification.settings
    return objective_text(s.metrics, s.max_cycles, s.max_energy_pj)


def provenance_of(job: Job, architecture: Architecture) -> Provenance:
    """``architecture`` is the job's, with the tables that were used."""
    s = job.specification
    settings = replace(s.settings, live_status=False, diagnostics=False)
    bare = replace(s.architecture, ert=None, art=None)
    return Provenance(
        version=package_version(),
        spec_hash=content_hash(bare, s.problem, s.constraints, settings, s.mapping, s.compound_components),
        ert_hash=None if architecture.ert is None else content_hash(architecture.ert, architecture.art),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=job.command,
    )
