"""Readers and writers of Timeloop's flattened input form (what its front end writes for the core)."""

from harness.spec.flattened.architecture import read_architecture
from harness.spec.flattened.energy_tables import read_art, read_ert, write_art, write_ert
from harness.spec.flattened.mapping import read_mapping, write_mapping
from harness.spec.flattened.problem import read_problem, write_problem

__all__ = [
    "read_architecture",
    "read_art",
    "read_ert",
    "read_mapping",
    "read_problem",
    "write_art",
    "write_ert",
    "write_mapping",
    "write_problem",
]
