"""Programs that packages bring along with their sources, made on this machine where they do not start.

The wheels of hwcomponents carry CACTI and NeuroSim, compiled for a C library that is newer than that of some
systems (glibc 2.38). Where such a program does not start, it is compiled once from the sources beside it into
the user's cache folder. Nothing is ever written into the packages.
"""

from harness.estimation.programs.building import usable_cores
from harness.estimation.programs.locks import ProcessLock
from harness.estimation.programs.notices import announce, listen
from harness.estimation.programs.program import NONE, Program, program_of
from harness.estimation.programs.recipe import (
    PASSING,
    STOPPED,
    Recipe,
    RunFailed,
    Unavailable,
    located,
    package_folder,
    run_failed,
)
from harness.estimation.programs.scratch import scratch_folder

__all__ = [
    "NONE",
    "PASSING",
    "STOPPED",
    "ProcessLock",
    "Program",
    "Recipe",
    "RunFailed",
    "Unavailable",
    "announce",
    "listen",
    "located",
    "package_folder",
    "program_of",
    "run_failed",
    "scratch_folder",
    "usable_cores",
]
