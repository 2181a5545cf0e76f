"""Compiled functions, kept on disk under the content of all their sources.

Numba's own cache looks at the file of the function alone: what it calls in another file may have changed
unnoticed. Here a change in any module that has to do with kernels, or in Numba, starts a new folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Final

import numba
import numpy as np
from numba.core.runtime.nrt import rtsys
from numba.extending import register_jitable

from harness.estimation.cache import default_cache_folder

SOURCES: Final = (
    "branch",
    "ceilings",
    "choices",
    "cost_to_go",
    "costs",
    "kernel",
    "laid",
    "lattice",
    "nests",
    "opening",
    "order_search",
    "program",
    "terms",
)
"""Modules of this package with kernels, and those that they import from (a test holds it)."""

_config: Any = numba.config


def kernel(function: Callable[..., Any]) -> Any:
    """Compiles ``function`` at its first call, or takes the code of an earlier process."""
    folder = cache_folder()
    if folder is None:
        return numba.njit(function)
    before = _config.CACHE_DIR
    # Numba asks for the folder when a function is declared, not when it is called.
    _config.CACHE_DIR = str(folder)
    try:
        return _loaded_lightly(numba.njit(cache=True)(function))
    finally:
        _config.CACHE_DIR = before


def _loaded_lightly(compiled: Any) -> Any:
    """``compiled``, which takes code from the disk without the tables that only compiling needs.

    Numba fills them before each look into the cache, a fifth of a second in a fresh process. When the code
    is not there, compiling fills them as ever.
    """
    files: Any = getattr(compiled, "_cache", None)
    if not all(hasattr(files, name) for name in ("_guard_against_spurious_io_errors", "_load_overload")):
        return compiled

    def load_overload(signature: Any, target: Any) -> Any:
        rtsys.initialize(target)
        machine = target.codegen()
        if "magic_tuple" not in vars(machine):
            # Which processor this is, is asked anew for every function.
            described = machine.magic_tuple()
            machine.magic_tuple = lambda: described
        with files._guard_against_spurious_io_errors():
            return files._load_overload(signature, target)

    files.load_overload = load_overload
    return compiled


def shared(function: Callable[..., Any]) -> Any:
    """A small function that kernels call and plain Python too, where compiling it would not pay."""
    return register_jitable(function)


@cache
def cache_folder() -> Path | None:
    """A folder in the user's cache, named after the content of the sources; None without a home."""
    base = default_cache_folder()
    if base is None:
        return None
    digest = hashlib.sha256(f"{numba.__version__} {np.__version__}".encode())
    for name in SOURCES:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    return base / "kernels" / digest.hexdigest()[:16]
