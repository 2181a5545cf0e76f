"""The data of Accelergy's logic library: rows at 40 nm, and its own factors between nodes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from harness.estimation.query import digits
from harness.estimation.table_file import read_table

BASE_NODE_NM = 40.0
NODE_FILE = "estimation_tables/logic/technology.csv"
"""As derivations name it."""


@dataclass(frozen=True, slots=True)
class LibraryRow:
    """One component of ``width`` bits at 40 nm and 1 ns. ``actions`` cost ``energy_pj`` each."""

    width: float
    energy_pj: float
    leak_pj: float
    area_um2: float
    actions: tuple[str, ...]
    line: int | None = None
    """Of ``library.csv``."""


@dataclass(frozen=True, slots=True)
class Node:
    """Energy (arbitrary unit, only quotients count) and area (relative to 40 nm) at a listed node."""

    nanometres: float
    energy: float
    area: float
    line: int | None = None
    """Of ``technology.csv``."""


@dataclass(frozen=True)
class _Blend:
    """A value at a node as a sum over listed nodes, and what comes on top beyond them."""

    terms: tuple[tuple[float, float], ...]
    """(weight, value)."""
    beyond: float
    lines: tuple[int | None, ...]

    @property
    def value(self) -> float:
        # One term is taken as it is: a weight of 1 must not cost a digit.
        if len(self.terms) == 1:
            return self.terms[0][1] * self.beyond
        return sum(weight * value for weight, value in self.terms)

    @property
    def words(self) -> str:
        """As an expression that can be typed into a calculator."""
        if len(self.terms) == 1:
            value = digits(self.terms[0][1])
            return value if self.beyond == 1 else f"({value} x {digits(self.beyond)})"
        return f"({' + '.join(f'{digits(weight)} x {digits(value)}' for weight, value in self.terms)})"


@dataclass(frozen=True)
class LogicLibrary:
    rows: Mapping[str, LibraryRow]
    nodes: tuple[Node, ...]
    """Ascending in nanometres."""

    def energy_factor(self, nanometres: float) -> float:
        """Factor on energy and leakage from 40 nm to ``nanometres``."""
        return self._energy_at(nanometres).value / self._energy_at(BASE_NODE_NM).value

    def _energy_at(self, nanometres: float) -> _Blend:
        return self._between_nodes(nanometres, lambda node: node.energy, math.sqrt)

    def area_factor(self, nanometres: float) -> float:
        return self._area_at(nanometres).value

    def _area_at(self, nanometres: float) -> _Blend:
        return self._between_nodes(nanometres, lambda node: node.area, float)

    def energy_step(self, nanometres: float) -> str:
        """The arithmetic of :meth:`energy_factor`."""
        at, base = self._energy_at(nanometres), self._energy_at(BASE_NODE_NM)
        return _node_words(f"{at.words} / {base.words}", (at, base))

    def area_step(self, nanometres: float) -> str:
        at = self._area_at(nanometres)
        return _node_words(at.words, (at,))

    def beside(self, nanometres: float) -> tuple[float, float] | None:
        """The listed nodes on both sides of one that is not listed."""
        listed = [node.nanometres for node in self.nodes]
        if nanometres in listed or not listed[0] < nanometres < listed[-1]:
            return None
        return max(n for n in listed if n < nanometres), min(n for n in listed if n > nanometres)

    def _between_nodes(
        self, nanometres: float, value: Callable[[Node], float], beyond: Callable[[float], float]
    ) -> _Blend:
        """The value at any node.

        Between two listed nodes the library weighs the neighbours the wrong way round: close to the
        larger node it returns the value of the smaller one. Kept, because the reference's figures carry
        it (28 nm is scaled as if two thirds of the way from 32 to 20 nm).
        """
        first, last = self.nodes[0], self.nodes[-1]
        if nanometres < first.nanometres:
            stretched = beyond(max(nanometres, 1.0) / first.nanometres)
            return _Blend(((1.0, value(first)),), stretched, (first.line,))
        if nanometres > last.nanometres:
            return _Blend(((1.0, value(last)),), beyond(nanometres / last.nanometres), (last.line,))
        small = max((n for n in self.nodes if n.nanometres <= nanometres), key=lambda n: n.nanometres)
        large = min((n for n in self.nodes if n.nanometres >= nanometres), key=lambda n: n.nanometres)
        if small is large:
            return _Blend(((1.0, value(small)),), 1.0, (small.line,))
        x = (nanometres - small.nanometres) / (large.nanometres - small.nanometres)
        return _Blend(((1 - x, value(large)), (x, value(small))), 1.0, (small.line, large.line))


def _node_words(made_of: str, blends: Sequence[_Blend]) -> str:
    lines = sorted({line for blend in blends for line in blend.lines if line is not None})
    where = f", {NODE_FILE}:{','.join(map(str, lines))}" if lines else ""
    return f"{made_of}{where}"


@lru_cache(maxsize=4)
def load_library(folder: Path) -> LogicLibrary:
    """``library.csv`` and ``technology.csv`` of ``folder``."""
    rows = {}
    for row in read_table(folder / "library.csv"):
        rows[row.text("component")] = LibraryRow(
            width=row.positive("width_bits"),
            energy_pj=row.not_negative("energy_pj"),
            leak_pj=row.not_negative("leak_pj_per_cycle"),
            area_um2=row.not_negative("area_um2"),
            actions=tuple(row.text("actions").split()),
            line=row.location.line,
        )
    nodes = [
        Node(
            row.positive("technology_nm"),
            row.positive("energy"),
            row.positive("area_from_40nm"),
            row.location.line,
        )
        for row in read_table(folder / "technology.csv")
    ]
    return LogicLibrary(rows, tuple(sorted(nodes, key=lambda n: n.nanometres)))
