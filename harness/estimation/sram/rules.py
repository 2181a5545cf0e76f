"""What Accelergy's CACTI plug-in makes of CACTI's answers: its size step and its technology step.

The plug-in asks CACTI for at least 32 bits and 64 rows per bank and scales the answer down; it interpolates
between technology nodes, and scales beyond them. Who answers for CACTI is a function that is handed in: the
table, the program, or both.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.estimation.cacti.nodes import NODES_NM as NODES_OF_CACTI
from harness.estimation.query import Fit, weakest
from harness.estimation.sram.table import SramCost, worse
from harness.estimation.sram.worked import Worked

NODES_NM = tuple(float(node) for node in NODES_OF_CACTI)
SMALLEST_WIDTH = 32
ROWS_PER_BANK = 64
DEPTH_EXPONENT = 1.56 / 2
BELOW_22NM_LEAKAGE = 0.79
"""FinFETs leak 21 % less: the plug-in applies this to every node below 22 nm."""

_EXACT = SramCost(0.0, 0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Memory:
    """What is asked of the plug-in."""

    width: int
    depth: int
    ports: int
    banks: int

    @property
    def cacti_banks(self) -> int:
        return 1 << (self.banks - 1).bit_length()

    @property
    def cacti_width(self) -> int:
        return max(SMALLEST_WIDTH, 8 * math.ceil(self.width / 8))

    @property
    def cacti_depth(self) -> int:
        """The plug-in counts the true number of banks here, and hands CACTI the rounded one."""
        return max(self.depth, ROWS_PER_BANK * self.banks)


@dataclass(frozen=True, slots=True)
class Asked:
    """What the plug-in asks of CACTI, at one of :data:`NODES_NM`."""

    node: float
    width: int
    depth: int
    ports: int
    banks: int


@dataclass(frozen=True)
class Told:
    """A cost in J, W and m^2, and how it came about; ``off`` is the relative +- of each figure, 0 where
    none is known. ``needs_cacti``: it, or a row that it was worked out of, is an answer of CACTI's, or stands
    where one would stand if CACTI could be run."""

    cost: SramCost
    fit: Fit
    notes: tuple[str, ...] = ()
    scaling: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    off: SramCost = _EXACT
    needs_cacti: bool = False
    worked: Worked | None = None

    def scaled(self, access: float, leak: float, area: float, words: str) -> Told:
        cost = self.cost.scaled(access, leak, area)
        return replace(
            self,
            cost=cost,
            fit=weakest((self.fit, "scaled")),
            scaling=(*self.scaling, words),
            worked=self.worked and self.worked.scaled(access, leak, area),
        )

    def mixed(self, other: Told, share: float, words: str) -> Told:
        return Told(
            self.cost.mixed(other.cost, share),
            weakest((self.fit, other.fit, "interpolated")),
            _once(self.notes, other.notes),
            _once(self.scaling, other.scaling, (words,)),
            _once(self.warnings, other.warnings),
            worse(self.off, other.off),
            self.needs_cacti or other.needs_cacti,
            self.worked.mixed(other.worked, share) if self.worked and other.worked else None,
        )


Tell = Callable[[Asked, Memory], Told]
"""Answers for CACTI, with the leakage of the true number of banks of the memory that is asked about."""


def cost_of(memory: Memory, node: float, tell: Tell) -> Told:
    """The memory at any technology node."""
    if node < NODES_NM[0]:
        shrink = node / NODES_NM[0]
        energy = shrink**0.5
        leak = energy * BELOW_22NM_LEAKAGE
        words = f"22 -> {node:g} nm: energy x{energy:.4g}, leakage x{leak:.4g}, area x{shrink:.4g}"
        return _beyond(at_node(memory, NODES_NM[0], tell).scaled(energy, leak, shrink, words), node)
    if node > NODES_NM[-1]:
        growth = (node / NODES_NM[-1]) ** 2
        words = f"90 -> {node:g} nm: all x{growth:.4g}"
        return _beyond(at_node(memory, NODES_NM[-1], tell).scaled(growth, growth, growth, words), node)
    low, high = around(node)
    if low == high:
        return at_node(memory, node, tell)
    share = (node - low) / (high - low)
    words = f"{1 - share:.3g} of {low:g} nm and {share:.3g} of {high:g} nm"
    return at_node(memory, low, tell).mixed(at_node(memory, high, tell), share, words)


def around(node: float) -> tuple[float, float]:
    """The nodes of CACTI below and above, twice the same for one of them."""
    high = NODES_NM[bisect_left(NODES_NM, node)]
    return (high, high) if high == node else (NODES_NM[NODES_NM.index(high) - 1], high)


def _beyond(told: Told, node: float) -> Told:
    warning = f"SRAM at {node:g} nm: CACTI models 22 to 90 nm, what lies beyond is scaled from there"
    return replace(told, warnings=(*told.warnings, warning))


def at_node(memory: Memory, node: float, tell: Tell) -> Told:
    """The plug-in's size step at a CACTI node."""
    width, depth = memory.cacti_width, memory.cacti_depth
    told = tell(Asked(node, width, depth, memory.ports, memory.cacti_banks), memory)
    return shrunk(told, memory, width, depth)


def shrunk(told: Told, memory: Memory, width: int, depth: int) -> Told:
    """The answer for ``width`` and ``depth``, scaled down to those of the memory."""
    filled_width, filled_depth = memory.width / width, memory.depth / depth
    if filled_width == filled_depth == 1:
        return told
    access = (0.7 * filled_width + 0.3) * filled_depth**DEPTH_EXPONENT
    share = filled_width * filled_depth
    size = []
    if filled_width != 1:
        size.append(f"width {memory.width} of {width}")
    if filled_depth != 1:
        size.append(f"depth {memory.depth} of {depth}")
    words = f"{', '.join(size)}: accesses x{access:.4g}, leakage and area x{share:.4g}"
    return told.scaled(access, share, share, words)


def _once(*texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text for some in texts for text in some))
