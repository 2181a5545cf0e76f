"""Readers of what the real Timeloop writes: ``stats.txt``, ``map.txt``, ``map+stats.xml`` and its log."""

from harness.timeloop_outputs.log import RunLog, read_log
from harness.timeloop_outputs.map_stats_xml import ArchivedEvaluation, read_map_stats_xml
from harness.timeloop_outputs.map_text import LoopNest, mapping_of, read_map_text
from harness.timeloop_outputs.stats import Statistics, read_stats
from harness.timeloop_outputs.summary import StatsSummary, parse_stats

__all__ = [
    "ArchivedEvaluation",
    "LoopNest",
    "RunLog",
    "Statistics",
    "StatsSummary",
    "mapping_of",
    "parse_stats",
    "read_log",
    "read_map_stats_xml",
    "read_map_text",
    "read_stats",
]
