"""Search settings in one line of words."""

from __future__ import annotations

from dataclasses import fields

from harness.search.mappers import PROPOSING
from harness.search.objective import objective_text
from harness.spec.settings import SearchSettings


def settings_summary(s: SearchSettings) -> str:
    """Mapper, map space, objective, and how many threads those mappers have that use threads."""
    threads = ""
    if s.algorithm in PROPOSING:
        threads = f", {s.threads} threads" if s.threads > 1 else ", 1 thread"
    goals = objective_text(s.metrics, s.max_cycles, s.max_energy_pj, ", then ")
    return f"{s.algorithm} ({s.template}) for the least {goals}{threads}"


_TOLD = (
    "algorithm", "template", "metrics", "max_cycles", "max_energy_pj", "threads", "victory_condition",
    "timeout", "seed", "time_limit", "live_status", "diagnostics",
)  # fmt: skip
"""Settings that have words of their own, or decide nothing."""


def settings_in_full(s: SearchSettings) -> str:
    """With all that decides which mapping is found: settings in equal words find equal mappings."""
    words = settings_summary(s)
    if s.algorithm in PROPOSING:
        words += f", victory condition {s.victory_condition}, timeout {s.timeout}"
        if s.seed is not None:
            words += f", seed {s.seed}"
    for field in fields(s):
        value = getattr(s, field.name)
        if field.name not in _TOLD and value != field.default:
            words += f", {field.name.replace('_', ' ')} {value}"
    return f"{words}, time limit {s.time_limit:g} s" if s.time_limit else words
