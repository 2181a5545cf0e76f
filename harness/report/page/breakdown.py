"""Where the energy and the cycles of a result come from: the rows behind the charts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from harness.engines.result import LevelRecord, Result
from harness.sweep.job import LevelLimits

NETWORK = "networks"
LEAKAGE = "leakage"


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


@dataclass(frozen=True)
class Traffic:
    """What passes one level in one direction, in bytes of all instances.

    ``bytes_per_cycle`` is what its bandwidth allows, None where none is stated.
    """

    direction: Literal["read", "write"]
    bytes: float
    bytes_per_cycle: float | None


@dataclass(frozen=True)
class RooflinePoint:
    """One layer in a roofline. ``units`` are the arithmetic instances: the most MACs that a cycle can do."""

    level: str
    macs: int
    cycles: int
    units: int
    traffic: tuple[Traffic, Traffic]

    @property
    def busier(self) -> Traffic | None:
        """The direction that takes longer; where a bandwidth is unstated, None."""
        timed = [(t.bytes / t.bytes_per_cycle, t) for t in self.traffic if t.bytes_per_cycle]
        return max(timed, key=lambda pair: pair[0])[1] if timed else None

    @property
    def traffic_bytes(self) -> float:
        """Those of the busier direction, or of both where no bandwidth is stated."""
        busier = self.busier
        return busier.bytes if busier is not None else math.fsum(t.bytes for t in self.traffic)

    @property
    def intensity(self) -> float:
        """MACs per byte."""
        return self.macs / self.traffic_bytes if self.traffic_bytes else math.inf


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


def roofline_point(result: Result, limits: Sequence[LevelLimits]) -> RooflinePoint | None:
    """Of the outermost level. None without a mapping, and where the bits of a word are not known."""
    if not result.levels or result.cycles is None or result.macs is None:
        return None
    outermost = result.levels[-1]
    own = next((limit for limit in limits if limit.name == outermost.name), None)
    if own is None:
        return None
    spaces = outermost.dataspaces.values()
    reads = sum(space.reads for space in spaces)
    writes = sum(space.fills + space.updates for space in spaces)
    return RooflinePoint(
        level=outermost.name,
        macs=result.macs,
        cycles=result.cycles,
        units=result.levels[0].instances,
        traffic=(
            _traffic("read", reads, own.read_bandwidth, outermost, own.word_bits),
            _traffic("write", writes, own.write_bandwidth, outermost, own.word_bits),
        ),
    )


def _traffic(
    direction: Literal["read", "write"],
    words: int,
    bandwidth: float | None,
    level: LevelRecord,
    word_bits: int,
) -> Traffic:
    """``words`` and ``bandwidth`` are those of one instance."""
    bytes_a_word = word_bits / 8
    return Traffic(
        direction,
        words * level.utilized_instances * bytes_a_word,
        None if bandwidth is None else bandwidth * level.instances * bytes_a_word,
    )
