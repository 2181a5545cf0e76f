"""In one line what sparse optimisations make of a result: what happens, idles, is left out, lies packed."""

from __future__ import annotations

from collections import Counter

from harness.engines.result import Result
from harness.engines.sparse_record import SparseComputes
from harness.report import quantities


def sparse_words(result: Result) -> str:
    """ "" for dense hardware."""
    unit = result.levels[0].computes if result.levels else None
    if unit is None:
        return ""
    words = [_computes(unit), _accesses(result), _packed(result)]
    return "; ".join(part for part in words if part)


def _computes(unit: SparseComputes) -> str:
    happen = quantities.fraction(unit.actual / unit.algorithmic if unit.algorithmic else None)
    idle = f", {quantities.fraction(unit.gated / unit.algorithmic)} idle" if unit.gated else ""
    return f"{happen} of the computes happen{idle}"


def _accesses(result: Result) -> str:
    """Of all levels and instances; what metadata keep from arising is not among them."""
    found: Counter[str] = Counter()
    for level in result.levels:
        for space in level.dataspaces.values():
            if space.sparse is not None:
                for name, count in space.sparse.accesses.items():
                    found[name.partition("_")[0]] += round(count * space.utilized_instances)
    total = sum(found.values())
    saved = [
        f"{quantities.fraction(found[kind] / total)} {kind}" for kind in ("gated", "skipped") if found[kind]
    ]
    return f"of the accesses {', '.join(saved)}" if saved else ""


def _packed(result: Result) -> str:
    """Data spaces with metadata, each with the levels that hold it so."""
    found: dict[str, list[str]] = {}
    for level in reversed(result.levels):
        for name, space in level.dataspaces.items():
            if space.sparse is not None and space.sparse.format != "none":
                found.setdefault(name, []).append(level.name)
    packed = ", ".join(f"{name} in {' and '.join(levels)}" for name, levels in found.items())
    return f"metadata of {packed}" if packed else ""
