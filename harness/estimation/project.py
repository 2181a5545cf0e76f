"""The tables that a project lists for all its commands."""

from __future__ import annotations

import os
from pathlib import Path

LISTING = Path("estimation_tables") / "tables.yaml"


def project_tables(project: Path) -> tuple[Path, ...]:
    """The folders that ``project`` lists; EstimationError for an unusable listing."""
    if not os.path.lexists(project / LISTING):
        return ()
    # Most projects have none, and what reads tables takes some time to load.
    from harness.estimation.tables import registered_folders  # noqa: PLC0415

    return registered_folders(project)
