"""Which sources of this program make an answer: part of the keys under which answers are kept."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from harness.spec.digest import digest_of

_HERE = Path(__file__).resolve().parent


@cache
def digest_of_sources(room: str = "") -> str:
    """Of all modules of ``harness/estimation``, or of a folder there."""
    return digest_of(sorted((_HERE / room).rglob("*.py")), _HERE)
