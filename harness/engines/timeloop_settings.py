"""Settings of a search as the real Timeloop's mapper has them: for its programs and for exported files."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from harness.engines.processed_input import written_settings
from harness.errors import Unsupported
from harness.spec.settings import SearchSettings

TIMELOOP_ALGORITHMS = ("hybrid", "random_pruned", "linear_pruned", "exhaustive", "random")
"""Those that Timeloop has too, under the same names."""

STAND_IN = "hybrid"
"""What Timeloop runs where the profile names an algorithm of this project's."""

NEVER = 2**31 - 1
"""Timeloop's mapper stops at its first invalid mapping where ``timeout`` is 0; here 0 means never."""

_OWN_KEYS = ("seed", "time_limit", "max_cycles", "max_energy_pj")


def as_timeloop_has_them(settings: SearchSettings) -> tuple[SearchSettings, tuple[str, ...]]:
    """What it lacks replaced or left out, and remarks on that. The time limit stays: it is for who runs it.

    Unsupported for limits on cycles or energy: without them it would be another question.
    """
    for name, value in (("max_cycles", settings.max_cycles), ("max_energy_pj", settings.max_energy_pj)):
        if value is not None:
            raise Unsupported(f"the real Timeloop has no {name}", hint="only the embedded engine has it")
    remarks = []
    changed = replace(settings, seed=None, timeout=settings.timeout or NEVER)
    if settings.algorithm not in TIMELOOP_ALGORITHMS:
        changed = replace(changed, algorithm=STAND_IN)
        remarks.append(
            f"the real Timeloop has no algorithm '{settings.algorithm}', its {STAND_IN} search runs instead"
        )
    if settings.seed is not None:
        remarks.append(f"the real Timeloop takes no seed, {settings.seed} is left out")
    return changed, tuple(remarks)


def timeloop_settings(settings: SearchSettings) -> dict[str, Any]:
    """The ``mapper`` section with Timeloop's own algorithms and keys only. Unsupported as above."""
    own, _ = as_timeloop_has_them(settings)
    return {key: value for key, value in written_settings(own).items() if key not in _OWN_KEYS}
