"""Mapper settings: Timeloop's parameters under Timeloop's names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Metric = Literal["edp", "delay", "energy", "last_level_accesses"]


@dataclass(frozen=True, slots=True)
class SearchSettings:
    """How to search. Defaults are Timeloop's.

    ``timeout``: consecutive invalid mappings before a thread gives up; ``victory_condition``: consecutive
    valid but not better ones; ``search_size``: valid mappings to see in all; ``sync_interval``: mappings
    between exchanges of the best; 0 switches each off. ``template`` is the map space: ``uber`` (perfect
    factors) or ``ruby`` (imperfect too). ``seed`` None takes the fixed default, so every run repeats.
    ``time_limit`` (this project's own; 0: none) ends a search after so many seconds with the best so far;
    what was found by then depends on the machine. ``max_cycles`` and ``max_energy_pj`` (own too; None: none)
    exclude mappings that cost more.
    """

    algorithm: str = "hybrid"
    metrics: tuple[Metric, ...] = ("edp",)
    threads: int = 1
    timeout: int = 1000
    victory_condition: int = 500
    sync_interval: int = 0
    search_size: int = 0
    max_permutations_per_if_visit: int = 16
    penalize_consecutive_bypass_fails: bool = False
    max_temporal_loops_in_a_mapping: int = -1
    filter_revisits: bool = False
    template: Literal["uber", "ruby"] = "uber"
    diagnostics: bool = False
    live_status: bool = False
    seed: int | None = None
    time_limit: float = 0.0
    max_cycles: int | None = None
    max_energy_pj: float | None = None
