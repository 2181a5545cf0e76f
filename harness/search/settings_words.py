"""Search settings in one line of words."""

from __future__ import annotations

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


def settings_in_full(s: SearchSettings) -> str:
    """With all that decides which mapping is found: settings in equal words find equal mappings."""
    words = settings_summary(s)
    if s.algorithm in PROPOSING:
        words += f", victory condition {s.victory_condition}, timeout {s.timeout}"
        if s.seed is not None:
            words += f", seed {s.seed}"
    return f"{words}, time limit {s.time_limit:g} s" if s.time_limit else words
