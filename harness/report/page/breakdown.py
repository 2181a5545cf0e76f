"""Where the energy and the cycles of a result come from, level by level."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from harness.engines.result import LevelRecord, Result

NETWORK = "networks"


@dataclass(frozen=True)
class Share:
    """What one level adds. ``tensors`` divides its energy; what is left are leakage and, in the arithmetic
    level, the computes. ``cycles`` is None for the networks, which take none of their own.
    """

    name: str
    kind: Literal["compute", "level", "network"]
    cycles: int | None
    energy_pj: float
    tensors: dict[str, float]


def shares(result: Result) -> tuple[Share, ...]:
    """The arithmetic level, the levels from inner to outer that hold or spend something, the networks.

    Together they make the energy of the result.
    """
    found = [
        _level_share(level, "compute" if number == 0 else "level")
        for number, level in enumerate(result.levels)
        if number == 0 or level.dataspaces or level.energy_pj
    ]
    tensors: dict[str, float] = {}
    for network in result.networks:
        for name, space in network.dataspaces.items():
            tensors[name] = tensors.get(name, 0.0) + space.energy_pj
    energy = math.fsum(network.energy_pj for network in result.networks)
    if energy:
        found.append(Share(NETWORK, "network", None, energy, tensors))
    return tuple(found)


def _level_share(level: LevelRecord, kind: Literal["compute", "level"]) -> Share:
    tensors = {name: space.energy_pj for name, space in level.dataspaces.items()}
    return Share(level.name, kind, level.cycles, level.energy_pj, tensors)
