"""Mapper settings for the real mapper: what it lacks is left out or replaced, and that is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.engines.timeloop_settings import as_timeloop_has_them, timeloop_settings
from harness.spec.settings import SearchSettings

DEFAULT_SECONDS = 60.0
"""The limit of a search whose profile has none: the real mapper may go on for hours."""


def translated(settings: SearchSettings) -> tuple[SearchSettings, tuple[str, ...]]:
    """The settings with which the real mapper runs, and remarks on what changed. Unsupported for limits on
    cycles or energy.
    """
    own, remarks = as_timeloop_has_them(settings)
    changed, notes = replace(own, live_status=False), list(remarks)
    if not settings.time_limit:
        changed = replace(changed, time_limit=DEFAULT_SECONDS)
        notes.append(
            f"the profile has no time limit, so the real Timeloop stops after {DEFAULT_SECONDS:g} s"
            " (another with --time-limit)"
        )
    return changed, tuple(notes)


def mapper_section(settings: SearchSettings) -> Mapping[str, Any]:
    """The section ``mapper`` of its input. It tells after every valid mapping how many there were so far."""
    return {**timeloop_settings(settings), "log_stats": True}
