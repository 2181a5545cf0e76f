"""Summaries of published stats files, as Timeloop printed them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PUBLISHED = json.loads((Path(__file__).parent / "golden" / "stats_published.json").read_text())


def summary_text(case: dict[str, Any], unit: str) -> str:
    """A summary as Timeloop printed it in 2024 (``unit`` pJ) or prints it today (fJ), from the figures."""
    summary = case["summary"]
    scale = {"pJ": 1, "fJ": 1000}[unit]
    lines = [
        "Summary Stats",
        "-------------",
        f"GFLOPs (@1GHz): {summary['gflops_at_1GHz']:.2f}",
        f"Utilization: {summary['utilization_pct']:.2f}%",
        f"Cycles: {summary['cycles']}",
        f"Energy: {summary['energy_uJ']:.2f} uJ",
        f"EDP(J*cycle): {summary['edp_J_cycle']:.2e}",
        f"Area: {summary['area_mm2_printed']:.2f} mm^2",
        "",
        f"Computes = {summary['computes']}",
        f"{unit}/Compute",
        *(f"    {name:<45} = {value * scale:.2f}" for name, value in case["pj_per_compute"].items()),
        "",
    ]
    return "\n".join(lines)
