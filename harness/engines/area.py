"""The area of a whole architecture: of its levels, and of what is beside them."""

from __future__ import annotations

import re

from harness.spec.architecture import Architecture

_RANGE = re.compile(r"\[(\d+)\.\.(\d+)\]$")


def area_beside_levels(architecture: Architecture) -> float:
    """um^2 of named networks and other components, all instances, by the ART; 0 without one.

    The model adds up levels, as the reference does; converters of computing in memory, say, are networks.
    """
    if architecture.art is None:
        return 0.0
    areas = architecture.art.by_name
    names = [network.full_name for network in architecture.networks]
    names += [other.full_name for other in architecture.others]
    return sum(areas.get(name, 0.0) * instances_in(name) for name in names)


def instances_in(name: str) -> int:
    """``Sys.NoC[1..4]`` are four."""
    found = _RANGE.search(name)
    return 1 if found is None else max(1, int(found[2]) - int(found[1]) + 1)
