"""Whether the mapper is compiled, known without loading the compiler."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

from harness.estimation.cache import default_cache_folder


def is_ready(windows: bool, program: str) -> bool:
    """Whether what proofs need for problems with or without sliding windows is compiled.

    ``program`` is the version of the program's sources. A note in the user's cache says where the compiled
    code of these versions lies; without it the answer is no, though it may only have been compiled by
    something else than :func:`compile_once`.
    """
    note = _note(windows, program)
    if note is not None and note.is_file():
        with suppress(OSError):
            return Path(note.read_text(encoding="utf-8")).is_dir()
    return False


def compile_once(windows: bool, program: str, on_compiling: Callable[[], None] = lambda: None) -> None:
    """Compiles it unless that has been done, which takes half a minute."""
    if is_ready(windows, program):
        return
    from harness.search.optimal import compiled, warm_up  # noqa: PLC0415 - numba is slow to start
    from harness.search.optimal.kernel import cache_folder  # noqa: PLC0415

    if not compiled(windows):
        on_compiling()
        warm_up(windows)
    folder = cache_folder()
    note = _note(windows, program)
    if note is not None and folder is not None:
        with suppress(OSError):
            note.write_text(str(folder), encoding="utf-8")


@cache
def kernel_files() -> str:
    """Numba keeps code by path and date of the files: that of another checkout with the same content is not
    found, and compiling it within a search would use up the time of the search.
    """
    states = []
    for file in sorted((Path(__file__).parent / "optimal").glob("*.py")):
        state = file.stat()
        states.append((str(file), state.st_mtime_ns, state.st_size))
    return hashlib.sha256(repr(states).encode()).hexdigest()[:12]


def _note(windows: bool, program: str) -> Path | None:
    base = default_cache_folder()
    if base is None:
        return None
    text = f"{program} {kernel_files()} {version('numba')} {version('numpy')} {windows}"
    return base / "kernels" / f"ready-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
