"""A job as one flattened input file for Timeloop's mapper, with the energies of this project inside."""

from __future__ import annotations

from typing import Any

from benchmarks.cases import Case
from harness.engines.processed_input import processed_tree
from harness.spec.flattened import write_art, write_ert
from harness.spec.writing import dump_processed_input

UNENDING = 2_000_000_000
"""Timeloop takes 0 for "give up at once" here; this fits its 32 bits."""


def timeloop_input(case: Case, algorithm: str) -> str:
    """The text of the input: EDP alone as the goal, one thread, and no end but by signal."""
    tree = processed_tree(case.specification, constraints_changed=True)
    architecture = case.architecture
    assert architecture.ert is not None
    assert architecture.art is not None
    tree["ERT"] = write_ert(architecture.ert)
    tree["ART"] = write_art(architecture.art)
    tree["mapper"] = _mapper_section(algorithm)
    return dump_processed_input(tree)


def _mapper_section(algorithm: str) -> dict[str, Any]:
    return {
        "version": "0.4",
        "algorithm": algorithm.replace("_", "-"),
        "optimization_metrics": ["edp"],
        "num_threads": 1,
        "timeout": UNENDING,
        "victory_condition": UNENDING,
        "sync_interval": 0,
        "search_size": 0,
        "live_status": False,
    }
