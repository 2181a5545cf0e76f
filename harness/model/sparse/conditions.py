"""How often an access is saved because another tensor's tile is empty (gating, skipping).

The *target* is not read while the tile of a *condition* tensor that goes with it is empty. Which tile goes
with it follows from the mapping: the words of the condition that are met while one word (or one tile) of the
target stays where it is. Source: Timeloop sparse-analysis/storage-gs-analyzer.cpp
(ComputeIneffectualReadImpact, DefineIneffectualReadImpact).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from harness.errors import InvalidMapping
from harness.model.arithmetic import running_sum
from harness.model.geometry import box_size
from harness.model.sparse.cells import Frame
from harness.model.sparse.densities import Tile
from harness.model.sparse.full_nest import Extents, FullLoop, box_of, dimensions_of
from harness.spec.sparse import ActionOptimization, Condition


@dataclass(slots=True)
class Saving:
    """``kind`` is "gated" or "skipped"; ``share`` of the accesses is saved."""

    kind: str
    share: float


@dataclass(slots=True)
class Savings:
    """``by_cell[tensor, storage]`` for gating and skipping; ``spatial`` the same for skipped instances."""

    by_cell: dict[tuple[int, int], Saving] = field(default_factory=dict)
    spatial: dict[tuple[int, int], float] = field(default_factory=dict)

    def any_at(self, tensor: int, storage: int) -> bool:
        return (tensor, storage) in self.by_cell or (tensor, storage) in self.spatial


@dataclass(slots=True)
class _Choice:
    tensor: int
    storage: int
    share: float
    occupancy: float


def find_savings(frame: Frame, read_energy: list[float]) -> Savings:
    """Gating first, then skipping, level by level. ``read_energy`` of a block of each level."""
    found = Savings()
    for kind, name in (("gating", "gated"), ("skipping", "skipped")):
        for storage, level in enumerate(frame.sparse.levels):
            for action in level.actions:
                if action.kind == kind:
                    _take(found, name, _best(frame, storage, action, read_energy))
    return found


def _take(found: Savings, kind: str, choice: _Choice) -> None:
    """Of two savings on the same tile the larger one stands, the earlier one when they are equal."""
    place = choice.tensor, choice.storage
    known = found.by_cell.get(place)
    if known is None or known.share < choice.share:
        found.by_cell[place] = Saving(kind, choice.share)


def _best(frame: Frame, storage: int, action: ActionOptimization, read_energy: list[float]) -> _Choice:
    """The option that saves most energy, the last one when they are equal."""
    best, most = None, 0.0
    choices = [_choice(frame, storage, option) for option in action.options]
    for choice in choices:
        block = frame.basis.levels[choice.storage].spec.block_size
        saved = (read_energy[choice.storage] / block) * choice.occupancy * choice.share
        if saved >= most:
            best, most = choice, saved
    return best or choices[0]


def _choice(frame: Frame, storage: int, option: Condition) -> _Choice:
    target = frame.number_of(option.target)
    cells = frame.cells[target]
    home = next((n for n in range(storage, len(cells)) if cells[n].shape > 0), None)
    if home is None:
        raise InvalidMapping(
            f"{frame.level_name(storage)}: skipping/gating for {option.target} does not have a source "
            "storage for datastreams"
        )
    place = _Place(frame, target, home)
    effectual = 1.0
    for name in option.condition_on:
        effectual *= 1 - place.empty_probability(frame.number_of(name))

    cell = cells[home]
    served = cell if cell.child is None else cells[cell.child]
    if served.has_metadata and not served.expected_metadata:
        raise InvalidMapping(f"{frame.level_name(home)}: no occupancy of {option.target} is possible")
    bits = frame.sparse.levels[home].storage.word_bits // frame.basis.levels[home].spec.word_bits
    metadata = running_sum(units.metadata + units.payloads for units in served.expected_metadata)
    return _Choice(target, home, 1 - effectual, cell.expected_occupancy + metadata * bits)


class _Place:
    """Where in the nest a tile of the target stays: below its *target loop*.

    ``extents`` are those of the target loop, ``wide`` those of the condition tensors: spatial loops further
    out run at the same time, and a spatial target loop stays through temporal loops that do not move the
    target.
    """

    def __init__(self, frame: Frame, target: int, home: int) -> None:
        self.frame, self.target, self.home = frame, target, home
        nest = frame.nest
        child = frame.cells[target][home].child
        mine = dimensions_of(frame.tensors[target])
        self.one_word = False
        level, at = self._find(child, mine)
        self.loop = nest.levels[level][at]
        self.extents: Extents = nest.one if self.one_word else nest.extents[level][at]
        self.relevant: list[FullLoop] = [self.loop]
        wide = list(self.extents)
        passed_temporal = not self.loop.spatial
        for outer in range(level, home + 1):
            for number, loop in enumerate(nest.levels[outer]):
                if loop.unit or (outer == level and number <= at):
                    continue
                stays = not passed_temporal and child is not None and loop.dimension not in mine
                if loop.spatial or stays:
                    wide[loop.dimension] *= loop.factor
                    self.relevant.append(loop)
                if self.loop.spatial and not loop.spatial and (child is None or loop.dimension in mine):
                    passed_temporal = True
        self.wide: Extents = tuple(wide)

    def _find(self, child: int | None, mine: frozenset[int]) -> tuple[int, int]:
        """The (storage level, number) of the target loop.

        With a child: the innermost loop above it that moves the target. Without: the innermost loop, where
        that is temporal (then single words count); else the innermost spatial loop that moves the target, or
        the last one of the spatial block.
        """
        levels = self.frame.nest.levels
        first = 0 if child is None else child + 1
        for level in range(first, self.home + 1):
            loops = levels[level]
            for at, loop in enumerate(loops):
                moves = not loop.unit and loop.dimension in mine
                if child is not None:
                    if moves:
                        return level, at
                elif at + 1 == len(loops) or not loops[at + 1].spatial:
                    self.one_word = not loop.spatial
                    return level, at
                elif moves:
                    return level, at
        return self.home, len(levels[self.home]) - 1

    def empty_probability(self, condition: int) -> float:
        """That the tile of ``condition`` is empty that goes with a tile of the target."""
        frame = self.frame
        of_condition = dimensions_of(frame.tensors[condition])
        shared = self._shared(of_condition)
        if shared is None:
            return 0.0
        target_tensor = frame.tensors[self.target]
        words = box_size(box_of(target_tensor, self.extents))
        block = frame.basis.levels[self.home].spec.block_size
        together = 1.0
        for factor in shared.values():
            together *= factor
        # Fewer words than a block cannot be left out: so many more iterations go with them.
        missing = float(math.ceil(block / (words / together)))
        wide = list(self.wide)
        for dimension in sorted(shared):
            scale = shared[dimension] / missing
            wide[dimension] = math.ceil(wide[dimension] / scale)
            missing /= shared[dimension]
        if missing > 1:
            wide[self.loop.dimension] = int(wide[self.loop.dimension] * missing)
        tile = Tile(box_of(frame.tensors[condition], tuple(wide)))
        return frame.models[condition].probability(tile, 0)

    def _shared(self, of_condition: frozenset[int]) -> dict[int, float] | None:
        """Iterations of the relevant loops that move target and condition together, by dimension.

        None where the optimisation has no effect: a loop outside a shared spatial one moves the condition,
        which then does not come in the order of the target.
        """
        shared: dict[int, float] = {}
        if self.one_word:
            return shared
        mine = dimensions_of(self.frame.tensors[self.target])
        for loop in self.relevant:
            if self.loop.spatial and shared and loop.dimension in of_condition:
                return None
            if loop.dimension in mine and loop.dimension in of_condition:
                shared[loop.dimension] = shared.get(loop.dimension, 1.0) * loop.factor
        return shared
