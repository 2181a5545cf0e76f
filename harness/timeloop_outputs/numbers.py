"""Whole numbers in Timeloop's files."""

from __future__ import annotations

import re

_WHOLE = re.compile(r"-?[0-9]{1,20}")


def whole_number(text: str) -> int | None:
    """Of what fits into Timeloop's 64 bits; None for anything else."""
    if _WHOLE.fullmatch(text) is None:
        return None
    value = int(text)
    return value if abs(value) < 2**64 else None
