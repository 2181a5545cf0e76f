"""Mapper settings for the real mapper: what it lacks is left out or replaced, and that is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from harness.engines.exported import STAND_IN, TIMELOOP_ALGORITHMS, timeloop_settings
from harness.errors import Unsupported
from harness.spec.settings import SearchSettings

DEFAULT_SECONDS = 60.0
"""The limit of a search whose profile has none: the real mapper may go on for hours."""

NEVER = 2**31 - 1
"""The real mapper stops at its first invalid mapping where ``timeout`` is 0; here 0 means never."""


def translated(settings: SearchSettings) -> tuple[SearchSettings, tuple[str, ...]]:
    """The settings with which the real mapper runs, and remarks on what changed.

    Unsupported for limits on cycles or energy: the real mapper has none, and to leave them out would answer
    another question.
    """
    for name, value in (("max_cycles", settings.max_cycles), ("max_energy_pj", settings.max_energy_pj)):
        if value is not None:
            raise Unsupported(f"the real Timeloop has no {name}", hint="use the embedded engine")
    notes = []
    changed = replace(settings, live_status=False, seed=None)
    if settings.algorithm not in TIMELOOP_ALGORITHMS:
        changed = replace(changed, algorithm=STAND_IN)
        notes.append(
            f"the real Timeloop has no algorithm '{settings.algorithm}', its {STAND_IN} search runs instead"
        )
    if settings.seed is not None:
        notes.append("the real Timeloop takes no seed")
    if settings.timeout == 0:
        changed = replace(changed, timeout=NEVER)
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
