"""Why a search ended without a mapping, in words."""

from __future__ import annotations

from collections.abc import Sequence

from harness.search.result import Refusals

_SHOWN = 3


def no_mapping_reason(refusals: Sequence[Refusals], evaluated: int, complete: bool, interrupted: bool) -> str:
    """One sentence with the most frequent refusals: level, reason and their share of all tries."""
    if evaluated == 0:
        return "no mapping was tried" + (" before the search was stopped" if interrupted else "")
    tried = f"all {evaluated} mappings of the space" if complete else f"{evaluated} mappings"
    start = f"none of {tried} is valid"
    if not complete:
        start += " (the search ended early; a larger 'timeout' looks further)" if not interrupted else ""
    shown = "; ".join(
        f"{r.level} refuses {_share(r.count, evaluated)} of tries, e.g. {r.example}"
        for r in refusals[:_SHOWN]
    )
    return f"{start}: {shown}"


def _share(count: int, total: int) -> str:
    percent = 100 * count / total
    if 0 < percent < 0.5:
        return "less than 1%"
    return f"{percent:.0f}%"
