"""The summary reader: the published 2024 figures (pJ/Compute), today's form (fJ/Compute), broken files."""

from __future__ import annotations

from typing import Any

import pytest
from stats_cases import PUBLISHED, summary_text

from harness.errors import SpecError
from harness.timeloop_outputs import parse_stats


def test_all_published_files_are_covered() -> None:
    assert len(PUBLISHED) == 15


@pytest.mark.parametrize("unit", ["pJ", "fJ"])
@pytest.mark.parametrize("case", PUBLISHED, ids=lambda case: case["name"])
def test_published_summaries(case: dict[str, Any], unit: str) -> None:
    parsed = parse_stats(summary_text(case, unit))
    summary = case["summary"]
    assert parsed.cycles == summary["cycles"]
    assert parsed.computes == summary["computes"]
    assert parsed.energy_pj == pytest.approx(summary["energy_uJ"] * 1e6, rel=1e-12)
    assert parsed.utilization == pytest.approx(summary["utilization_pct"] / 100, rel=1e-12)
    assert parsed.edp_j_cycles == pytest.approx(summary["edp_J_cycle"], rel=1e-12)
    assert parsed.energy_unit == unit
    shares = dict(parsed.energy_per_compute_pj)
    assert shares == pytest.approx(case["pj_per_compute"], rel=1e-12)
    # The shares have two decimals, so the total agrees with the energy to half a hundredth per compute.
    assert parsed.level_energy_pj("Total") == pytest.approx(parsed.energy_pj, abs=0.00501 * parsed.computes)


def test_names_with_blanks_and_arrows() -> None:
    text = summary_text(PUBLISHED[0], "fJ") + "    DRAM <==> shared_glb   = 12.50\n"
    assert dict(parse_stats(text).energy_per_compute_pj)["DRAM <==> shared_glb"] == 0.0125


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f.txt: no complete summary in this stats file, missing: cycles, energy, edp, utilization"),
        ("Cycles: 5\nEnergy: 1.00 uJ\n", "f.txt: no complete summary in this stats file, missing: edp"),
        (
            "Cycles: 5\nEnergy: 1.0 cal\nEDP(J*cycle): 1e0\nUtilization: 1%\nComputes = 2\nfJ/Compute\n",
            "f.txt: unknown energy unit 'cal'",
        ),
        (
            "Cycles: 5\nEnergy: x pJ\nEDP(J*cycle): 1e0\nUtilization: 1%\nComputes = 2\nfJ/Compute\n",
            "f.txt: 'x' is not a number",
        ),
    ],
)
def test_broken_files(text: str, message: str) -> None:
    with pytest.raises(SpecError) as caught:
        parse_stats(text, "f.txt")
    assert str(caught.value).startswith(message)
