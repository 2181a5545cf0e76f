"""Instances that are not needed because what they would work on is empty (spatial skipping).

Architecture levels count the arithmetic as 0 and storage level n as n + 1; the loops that spread instances of
architecture level n belong to storage level n. Where the metadata of the level that holds a tensor tell empty
coordinates apart, a spatial loop needs only as many instances as there can be coordinates that are not empty,
and on average those that are not. Source: Timeloop sparse-analysis/storage-gs-analyzer.cpp
(InitializeSpatialInstances, CalculateSpatialOptimizationImpact,
SummarizeAndPropagateSpatialCapacityReduction). The order of the steps and the cutting to whole numbers are
the reference's.
"""

from __future__ import annotations

from dataclasses import dataclass

from harness.errors import InvalidMapping
from harness.model.sparse.cells import Cell, Frame, Pair
from harness.model.sparse.conditions import Savings
from harness.model.sparse.densities import Tile
from harness.model.sparse.full_nest import Extents, FullLoop, box_of, dimensions_of
from harness.spec.sparse import Condition


@dataclass(slots=True)
class _Spread:
    """Of one tensor at one architecture level: instances along X and Y at most, share in use on average."""

    x: int
    y: int
    share: float = 1.0
    reduced: bool = False

    def narrow(self, loop: FullLoop, ratio: float) -> None:
        if loop.axis == "X":
            self.x = int(self.x * ratio)
        else:
            self.y = int(self.y * ratio)


@dataclass(slots=True)
class Units:
    """The arithmetic units: instances along X and Y at most, and the number in use on average."""

    x: int
    y: int
    average: float


def skip_instances(frame: Frame, savings: Savings, units: Units) -> None:
    """Apply all ``skipping_spatial`` optimisations: to the cells, to ``units`` and to ``savings``."""
    wanted = [
        (storage, action.options[0])
        for storage, level in enumerate(frame.sparse.levels)
        for action in level.actions
        if action.kind == "skipping_spatial"
    ]
    if not wanted:
        return
    all_units = units.average
    spreads = [_initial(frame, tensor, units) for tensor in range(len(frame.tensors))]
    for tensor, of_tensor in enumerate(spreads):
        _pass_on_initial(frame.cells[tensor], of_tensor, units)
    for storage, option in wanted:
        target = frame.number_of(option.target)
        _skip(frame, storage, option, spreads[target][storage])
        savings.spatial[target, storage] = 0.0
    for tensor, of_tensor in enumerate(spreads):
        _summarise(frame, tensor, of_tensor, savings, units=units, all_units=all_units)
    _check_fanouts(frame, spreads)


def _initial(frame: Frame, tensor: int, units: Units) -> list[_Spread]:
    """What the tensor itself needs, by architecture level."""
    cells = frame.cells[tensor]
    spreads = [_Spread(units.x, units.y)]
    for storage in range(len(cells)):
        holder = storage
        while cells[holder].shape == 0 and holder < len(cells) - 1:
            holder += 1
        if cells[holder].has_metadata:
            share = _narrowed(frame, tensor, storage, spreads[storage])
            spreads[storage].share = share
            spreads[storage].reduced = share != 1.0
        spreads.append(_Spread(*cells[storage].expansion))
    return spreads


def _narrowed(frame: Frame, tensor: int, storage: int, spread: _Spread) -> float:
    """Narrow ``spread`` by each spatial loop over the tensor; the share of the innermost that is filled."""
    model, mine = frame.models[tensor], dimensions_of(frame.tensors[tensor])
    share: float | None = None
    for at, loop in enumerate(frame.nest.levels[storage]):
        if not loop.spatial or loop.unit or loop.dimension not in mine:
            continue
        inside = _inside(frame, storage, at)
        element = Tile(box_of(frame.tensors[tensor], inside))
        if share is None:
            share = 1.0 - model.probability(element, 0)
        fiber = Tile(box_of(frame.tensors[tensor], _over(inside, loop)))
        spread.narrow(loop, model.most_elements(fiber, element) / loop.factor)
    return 1.0 if share is None else share


def _inside(frame: Frame, storage: int, at: int) -> Extents:
    """What the loops inside loop ``at`` of a storage level cover."""
    if at:
        return frame.nest.extents[storage][at - 1]
    return frame.nest.boundary(storage - 1) if storage else frame.nest.one


def _over(extents: Extents, loop: FullLoop) -> Extents:
    wide = list(extents)
    wide[loop.dimension] *= loop.factor
    return tuple(wide)


def _pass_on_initial(cells: list[Cell], spreads: list[_Spread], units: Units) -> None:
    """Fewer instances of an outer level are fewer of all inner ones."""
    for level in range(len(cells), 0, -1):
        cell, spread = cells[level - 1], spreads[level]
        by = _shrunk((spread.x, spread.y), cell.expansion)
        if by == (1.0, 1.0):
            continue
        cell.expansion = spread.x, spread.y
        cell.instances = cell.movement.replication * spreads[level - 1].share
        _pass_inwards(spreads, level, by, spread.share, [s.reduced for s in spreads])
    units.x, units.y, units.average = spreads[0].x, spreads[0].y, spreads[0].share


def _shrunk(now: Pair, before: Pair) -> tuple[float, float]:
    if 0 in before:
        raise InvalidMapping("spatial skipping leaves no instance in use")
    return now[0] / before[0], now[1] / before[1]


def _pass_inwards(
    spreads: list[_Spread], level: int, by: tuple[float, float], share: float, own: list[bool]
) -> None:
    """``own``: architecture levels with a share of their own, at and below which ``share`` does not count."""
    crossed = False
    for inner in range(level - 1, -1, -1):
        spreads[inner].x = int(spreads[inner].x * by[0])
        spreads[inner].y = int(spreads[inner].y * by[1])
        crossed = crossed or own[inner]
        if not crossed:
            spreads[inner].share *= share


def _skip(frame: Frame, storage: int, option: Condition, spread: _Spread) -> None:
    """The optimisation at ``storage``: its target's instances where a condition tensor's tile is empty."""
    target = frame.number_of(option.target)
    cells = frame.cells[target]
    has_child = any(cell.shape > 0 for cell in cells[:storage])
    share = 1.0
    by_condition: dict[int, float] = {}
    counted = -1
    for name in option.condition_on:
        condition = frame.number_of(name)
        of_condition = frame.cells[condition]
        holder = next((n for n in range(storage, len(cells)) if of_condition[n].shape > 0), None)
        if holder is None or not of_condition[holder].has_metadata:
            by_condition[condition] = 1.0
            continue
        first = True
        for loop in frame.nest.levels[storage]:
            counted += 1
            if not loop.spatial or loop.unit:
                continue
            if loop.dimension not in dimensions_of(frame.tensors[condition]):
                continue
            if counted >= len(frame.nest.levels[storage]):
                raise InvalidMapping(
                    f"{frame.level_name(storage)}: spatial skipping of {option.target} cannot be conditioned "
                    "on several tensors that are spread"
                )
            inside = _inside(frame, storage, counted)
            shared = loop.dimension in (
                dimensions_of(frame.tensors[target]) & dimensions_of(frame.tensors[condition])
            )
            if has_child and shared:
                inside = _staying(frame, storage, target, inside)
            element = Tile(box_of(frame.tensors[condition], inside))
            fiber = Tile(box_of(frame.tensors[condition], _over(inside, loop)))
            model = frame.models[condition]
            if first:
                by_condition[condition] = 1 - model.probability(element, 0)
                first = False
            spread.narrow(loop, model.most_elements(fiber, element) / loop.factor)
    for _, one in sorted(by_condition.items()):
        share *= one
    spread.share = share


def _staying(frame: Frame, storage: int, target: int, inside: Extents) -> Extents:
    """``inside`` with the temporal loops over which a tile of the target stays in its instance."""
    cells = frame.cells[target]
    home = storage
    while cells[home].shape == 0 and home < len(cells) - 1:
        home += 1
    mine = dimensions_of(frame.tensors[target])
    wide = list(inside)
    for level in range(storage, home + 1):
        for loop in frame.nest.levels[level]:
            if loop.spatial or loop.unit:
                continue
            if loop.dimension in mine:
                return tuple(wide)
            wide[loop.dimension] *= loop.factor
    return tuple(wide)


def _summarise(
    frame: Frame, tensor: int, spreads: list[_Spread], savings: Savings, *, units: Units, all_units: float
) -> None:
    """Final instances of the tensor's levels, the units' largest over all tensors, and the shares saved."""
    cells = frame.cells[tensor]
    before = [cell.expansion for cell in cells]
    own = [(tensor, level) in savings.spatial for level in range(len(cells))]
    for level in range(len(cells), -1, -1):
        spread = spreads[level]
        if level < len(cells) and own[level]:
            savings.spatial[tensor, level] = 1 - spread.share
        if level == 0:
            average = all_units * spread.share
            first = tensor == 0
            units.x = spread.x if first else max(units.x, spread.x)
            units.y = spread.y if first else max(units.y, spread.y)
            units.average = average if first else max(units.average, average)
            continue
        cell = cells[level - 1]
        cell.expansion = spread.x, spread.y
        cell.instances = cell.movement.replication * spread.share
        by = _shrunk((spread.x, spread.y), before[level - 1])
        if by != (1.0, 1.0):
            _pass_inwards(spreads, level, by, spread.share, own)


def _check_fanouts(frame: Frame, spreads: list[list[_Spread]]) -> None:
    for of_tensor in spreads:
        for level in range(len(of_tensor) - 2, -1, -1):
            inner, outer = of_tensor[level], of_tensor[level + 1]
            name = frame.level_name(level - 1) if level else frame.basis.architecture.arithmetic.name
            if outer.x == 0 or outer.y == 0:
                raise InvalidMapping(f"{frame.level_name(level)}: spatial skipping leaves no instance in use")
            hardware = frame.basis.levels[level].fanout
            for axis, needed, available in (
                ("X", inner.x // outer.x, hardware[0]),
                ("Y", inner.y // outer.y, hardware[1]),
            ):
                if needed > available:
                    raise InvalidMapping(
                        f"{name}: Required fanout{axis} {needed} does not meet hardware constraint "
                        f"{available}"
                    )
