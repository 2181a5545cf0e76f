"""Readers of what the real Timeloop writes: ``stats.txt``, ``map.txt``, ``map+stats.xml`` and its log."""

from harness.timeloop_outputs.map_stats_xml import ArchivedEvaluation, read_map_stats_xml
from harness.timeloop_outputs.stats import Statistics, read_stats
from harness.timeloop_outputs.summary import StatsSummary, parse_stats

__all__ = [
    "ArchivedEvaluation",
    "Statistics",
    "StatsSummary",
    "parse_stats",
    "read_map_stats_xml",
    "read_stats",
]
