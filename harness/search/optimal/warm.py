"""Compiling the kernels before the clock of a proof runs: once for a machine and a version."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from functools import cache

from harness.mapspace import MapSpace
from harness.search.objective import Objective
from harness.search.optimal.kernel import cache_folder
from harness.search.optimal.solve import solve
from harness.search.ready import kernel_files
from harness.spec.architecture import Architecture, ArithmeticLevel, StorageLevel
from harness.spec.constraints import Constraints
from harness.spec.energy import EnergyReferenceTable
from harness.spec.problem import DataSpace, Problem, Term


def compiled(windows: bool) -> bool:
    """Whether an earlier process has left the compiled code for problems with or without sliding windows."""
    folder = cache_folder()
    return folder is not None and (folder / _marker(windows)).exists()


@cache
def warm_up(windows: bool) -> None:
    """Compiles what proofs need, unless that has been done (tens of seconds)."""
    if compiled(windows):
        return
    space = MapSpace(_machine(), _problem(windows), Constraints())
    solve(space, Objective(("edp",)))
    solve(space, Objective(("delay", "energy")))
    folder = cache_folder()
    if folder is not None:
        # Without a home to write to, every process compiles anew.
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / _marker(windows)).touch()


def load() -> None:
    """Loads the compiled code into this process, a third of a second, before the first proof needs it."""
    solve(MapSpace(_machine(), _problem(False), Constraints()), Objective(("edp",)))


def _marker(windows: bool) -> str:
    return f"compiled-windows-{kernel_files()}" if windows else f"compiled-{kernel_files()}"


def _machine() -> Architecture:
    unit = ArithmeticLevel("MAC", "MAC", "intmac", 2, 2, 1, energy_pj=1.0)
    inner = StorageLevel("inner", "inner", "SRAM", "SRAM", 2, 2, 1, 8, 1, vector_access_energy=1.0)
    outer = replace(inner, name="outer", full_name="outer", instances=1, mesh_x=1)
    # Bandwidths that bind, so that no kernel is left out.
    storage = (replace(inner, size_words=64), replace(outer, read_bandwidth=0.1, write_bandwidth=0.1))
    return Architecture("warm-up", unit, storage, ert=EnergyReferenceTable(()))


def _problem(windows: bool) -> Problem:
    def plain(*names: str) -> tuple[tuple[Term, ...], ...]:
        return tuple((Term(name),) for name in names)

    if windows:
        inputs = (*plain("C"), (Term("P"), Term("R")))
        spaces = (
            DataSpace("Weights", plain("M", "C", "R")),
            DataSpace("Inputs", inputs),
            DataSpace("Outputs", plain("M", "P"), True),
        )
        return Problem("warm-up", ("M", "C", "P", "R"), (4, 4, 8, 2), spaces)
    spaces = (
        DataSpace("Weights", plain("M", "K")),
        DataSpace("Inputs", plain("K", "N")),
        DataSpace("Outputs", plain("M", "N"), True),
    )
    return Problem("warm-up", ("M", "K", "N"), (16, 16, 16), spaces)
