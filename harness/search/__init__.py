"""Searching a map space. ``docs/mapspace.md`` describes the mappers, the metric rule and termination."""

from harness.search.driver import search, search_space
from harness.search.metrics import Cost, is_better
from harness.search.registry import MAPPERS
from harness.search.result import Improvement, InvalidCounts, Progress, Refusals, SearchResult

__all__ = [
    "MAPPERS",
    "Cost",
    "Improvement",
    "InvalidCounts",
    "Progress",
    "Refusals",
    "SearchResult",
    "is_better",
    "search",
    "search_space",
]
