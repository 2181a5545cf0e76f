"""Which data spaces each storage level keeps: the bypass masks.

By default every level may keep or bypass every data space, except that the outermost level keeps all.
The index is a binary number: its lowest bit belongs to the first undecided (data space, level), counted data
space by data space from the innermost level; 1 means keep (Timeloop ``mapspaces/uber.cpp``).
"""

from __future__ import annotations

from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.problem import Problem

Keep = tuple[frozenset[str], ...]
"""The data spaces kept by each storage level, innermost first."""


class BypassSpace:
    """All admissible masks; ``size`` of them."""

    def __init__(self, architecture: Architecture, problem: Problem, constraints: Constraints) -> None:
        self._level_count = len(architecture.storage)
        self._always: list[set[str]] = [set() for _ in architecture.storage]
        self._undecided: list[tuple[int, str]] = []
        outermost = self._level_count - 1
        for space in problem.data_spaces:
            for index, storage in enumerate(architecture.storage):
                demanded = constraints.of(storage.name)
                if space.name in demanded.bypass:
                    continue
                if space.name in demanded.keep or index == outermost:
                    self._always[index].add(space.name)
                else:
                    self._undecided.append((index, space.name))
        self.size: int = 1 << len(self._undecided)
        self._names = tuple(space.name for space in problem.data_spaces)
        self._cache: dict[int, Keep] = {}

    @property
    def options(self) -> dict[str, tuple[tuple[bool, ...], ...]]:
        """For each data space and level, what a mask may say of it: (False,), (True,) or both."""
        open_to_choice = set(self._undecided)

        def of(level: int, name: str) -> tuple[bool, ...]:
            return (False, True) if (level, name) in open_to_choice else (name in self._always[level],)

        return {name: tuple(of(level, name) for level in range(self._level_count)) for name in self._names}

    def keep(self, index: int) -> Keep:
        """The mask with this index."""
        known = self._cache.get(index)
        if known is not None:
            return known
        kept = [set(always) for always in self._always]
        for bit, (level, space) in enumerate(self._undecided):
            if index >> bit & 1:
                kept[level].add(space)
        mask = tuple(frozenset(k) for k in kept)
        if len(self._cache) < 4096:
            self._cache[index] = mask
        return mask
