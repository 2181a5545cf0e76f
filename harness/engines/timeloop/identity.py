"""Which installation it is, known before any input is there: another one may give other figures."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from harness.engines.timeloop.front_end import INTERPRETER, front_ends_of, interpreter
from harness.engines.timeloop.installation import MAPPER, MODEL, program_named
from harness.spec.digest import digest_of


def require_installation() -> None:
    """HarnessError where a program is missing, or where the interpreter that is named for the front end has
    none: for who wants to know before any work begins.
    """
    program_named(MAPPER)
    program_named(MODEL)
    if os.environ.get(INTERPRETER, ""):
        front_end_identity()


def installed_identity() -> str:
    """Digests of both programs and of the front end: part of the key under which their figures are kept."""
    programs = "; ".join(f"{name} {program_named(name).identity}" for name in (MAPPER, MODEL))
    return f"{programs}; front end {front_end_identity()}"


def front_end_identity() -> str:
    """Package and a digest of its modules; "none" where this package flattens.

    HarnessError where the interpreter that is named does not start or has no front end.
    """
    python = interpreter()
    if python is None:
        return "none"
    found = _front_ends(python, os.environ.get("PYTHONPATH", ""))
    return ", ".join(f"{name} sha256:{_digest(folder)}" for name, folder in found)


@lru_cache(maxsize=4)
def _front_ends(python: str, path: str) -> tuple[tuple[str, str], ...]:
    """``path`` is there for the cache: where else the interpreter looks."""
    return tuple(front_ends_of(python).items())


@lru_cache(maxsize=4)
def _digest(folder: str) -> str:
    place = Path(folder)
    return digest_of(sorted(place.rglob("*.py")), place)[:12]
