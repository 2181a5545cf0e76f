"""Searching a map space. ``docs/mapper.md`` describes the mappers, ``docs/mapspace.md`` the space."""

from harness.search.certificate import Certificate, Pruning
from harness.search.find import find_mapping, search, search_space
from harness.search.front import FrontPoint, find_front
from harness.search.mapper import Mapper, Request
from harness.search.mappers import MAPPERS
from harness.search.metrics import Cost, is_better
from harness.search.objective import Objective
from harness.search.result import Improvement, InvalidCounts, Progress, Refusals, SearchResult

__all__ = [
    "MAPPERS",
    "Certificate",
    "Cost",
    "FrontPoint",
    "Improvement",
    "InvalidCounts",
    "Mapper",
    "Objective",
    "Progress",
    "Pruning",
    "Refusals",
    "Request",
    "SearchResult",
    "find_front",
    "find_mapping",
    "is_better",
    "search",
    "search_space",
]
