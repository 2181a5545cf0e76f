"""The flat loop nest of a mapping, and what follows from it without looking at any tensor.

Levels count from the innermost loop (0) outwards. Every storage level contributes its spatial block (the
fan-out to the next inner level) and, outside it, its temporal block; an empty temporal block is
represented by one unit loop over the last dimension. Source: Timeloop mapping/parser.cpp (end of
ParseAndConstruct), loop-analysis/nest-analysis.cpp (InitPerLevelDimScales, InitNumSpatialElems,
IsLastGlobalIteration_, ComputeTemporalWorkingSet).

Imperfect loops: a loop runs ``residual`` instead of ``factor`` iterations when all outer loops of its
dimension are in their last iteration. Whether that is so is the *context*: one truth value for each
dimension that has an imperfect loop anywhere (nothing for perfect mappings).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import NamedTuple

from harness.errors import InvalidMapping
from harness.model.basis import Basis
from harness.spec.mapping import LevelMapping, Loop, Mapping

Context = tuple[bool, ...]


class NestLoop(NamedTuple):
    """One loop of the flat nest. ``dimension`` is an index, ``storage`` the storage level it belongs to.

    One iteration moves ``stride`` in its dimension.
    """

    dimension: int
    factor: int
    residual: int
    axis: str
    storage: int
    stride: int

    @property
    def spatial(self) -> bool:
        return self.axis != ""


@dataclass(frozen=True, slots=True)
class Visit:
    """A simulated iteration of a temporal loop.

    ``epochs`` iterations behave like this one. ``counted`` is how often the loop itself, when it is the
    direct user of an inner tile, counts the tile's change at this iteration: the change of a last
    iteration that was reached by skipping is not representative and is replaced by that of iteration 1.
    """

    index: int
    epochs: int
    counted: int


class Repeat(NamedTuple):
    """A temporal loop of a perfect nest that really repeats (factor above 1).

    ``again`` is how often, in the whole execution, its next iteration begins: factor - 1 times in each run.
    """

    dimension: int
    factor: int
    stride: int
    again: int


class LoopNest:
    """The loops of ``mapping`` in one list, with boundaries, strides and imperfect dimensions.

    ``extents`` hold for each level the size in each dimension of what the loops up to that level cover.
    """

    def __init__(self, basis: Basis, mapping: Mapping) -> None:
        problem = basis.problem
        _check_levels(basis, mapping)
        loops: list[NestLoop] = []
        first: list[int] = []
        spatial_count: list[int] = []
        boundary: list[int] = []
        extents: list[tuple[int, ...]] = []
        scale = [1] * len(problem.dimensions)
        last_dimension = len(problem.dimensions) - 1
        for storage, level in enumerate(mapping.levels):
            first.append(len(loops))
            for block, spatial in ((level.spatial, True), (level.temporal, False)):
                _check_block(level, block, spatial, basis)
                entered = len(loops)
                for loop in block:
                    if loop.factor > 1:
                        number = basis.dimension_numbers[loop.dimension]
                        stride = scale[number]
                        loops.append(NestLoop(number, loop.factor, loop.residual, loop.axis, storage, stride))
                        scale[number] *= loop.factor
                        extents.append(tuple(scale))
                if spatial:
                    spatial_count.append(len(loops) - entered)
                elif len(loops) == entered:
                    loops.append(NestLoop(last_dimension, 1, 1, "", storage, scale[last_dimension]))
                    extents.append(tuple(scale))
            boundary.append(len(loops) - 1)
        self.problem = problem
        self.loops = tuple(loops)
        self.first = tuple(first)
        self.spatial_count = tuple(spatial_count)
        self.boundary = tuple(boundary)
        self.extents = tuple(extents)
        self.storage_levels = len(first)
        self._check_sizes()
        innermost_imperfect: dict[int, int] = {}
        for level_index in reversed(range(len(loops))):
            if loops[level_index].factor != loops[level_index].residual:
                innermost_imperfect[loops[level_index].dimension] = level_index
        self.imperfect_dimensions = tuple(sorted(innermost_imperfect))
        self.imperfect = bool(innermost_imperfect)
        self._innermost_imperfect = innermost_imperfect
        self._flag = {d: i for i, d in enumerate(self.imperfect_dimensions)}
        self._visits: dict[tuple[int, Context], tuple[Visit, ...]] = {}

    def _check_sizes(self) -> None:
        """Each dimension must have its size, residuals included (see spec.mapping.dimension_size)."""
        last = [0] * len(self.problem.dimensions)
        for loop in reversed(self.loops):
            last[loop.dimension] = last[loop.dimension] * loop.factor + loop.residual - 1
        for dimension, bound, end in zip(self.problem.dimensions, self.problem.bounds, last, strict=True):
            if end + 1 != bound:
                raise InvalidMapping(
                    f"the factors of dimension {dimension} make {end + 1}, but its size is {bound}"
                )

    @cached_property
    def residual_extents(self) -> tuple[tuple[int, ...], ...]:
        """As ``extents``, in the last visit of the whole dimension."""
        last = [1] * len(self.problem.dimensions)
        result = []
        for loop in self.loops:
            last[loop.dimension] += loop.stride * (loop.residual - 1)
            result.append(tuple(last))
        return tuple(result)

    # Perfect nests ----------------------------------------------------------------------------

    @cached_property
    def repeats(self) -> tuple[Repeat, ...]:
        """The repeating temporal loops of a perfect nest, innermost first."""
        result = []
        runs = 1
        for loop in reversed(self.loops):
            if loop.factor > 1 and not loop.axis:
                result.append(Repeat(loop.dimension, loop.factor, loop.stride, (loop.factor - 1) * runs))
                runs *= loop.factor
        result.reverse()
        return tuple(result)

    def visits_outside(self, number: int) -> int:
        """How often the body of ``repeats[number]`` is visited (1 beyond the last one)."""
        if number == len(self.repeats):
            return 1
        loop = self.repeats[number]
        return loop.again // (loop.factor - 1) * loop.factor

    @cached_property
    def first_repeat(self) -> tuple[int, ...]:
        """For each storage level, where in ``repeats`` its loops begin."""
        counts = [0] * self.storage_levels
        for loop in self.loops:
            if loop.factor > 1 and not loop.axis:
                counts[loop.storage] += 1
        starts, start = [], 0
        for count in counts:
            starts.append(start)
            start += count
        return tuple(starts)

    # Spatial blocks ---------------------------------------------------------------------------

    def spatial_levels(self, storage: int) -> range:
        """The loop levels of the spatial block of ``storage``."""
        return range(self.first[storage], self.first[storage] + self.spatial_count[storage])

    def fanout(self, storage: int) -> int:
        """Children per instance that the spatial block addresses (full factors)."""
        x, y = self.axis_sizes[storage]
        return x * y

    @cached_property
    def axis_sizes(self) -> tuple[tuple[int, int], ...]:
        """For each storage level: the products of the factors of its spatial block along X and along Y."""
        sizes = [[1, 1] for _ in range(self.storage_levels)]
        for loop in self.loops:
            if loop.axis:
                sizes[loop.storage][loop.axis == "Y"] *= loop.factor
        return tuple((x, y) for x, y in sizes)

    # Contexts and iterations ------------------------------------------------------------------

    @property
    def outermost_context(self) -> Context:
        return (True,) * len(self.imperfect_dimensions)

    def is_last(self, dimension: int, context: Context) -> bool:
        """Whether ``dimension`` is in its last global iteration. Immaterial for perfect dimensions."""
        flag = self._flag.get(dimension)
        return True if flag is None else context[flag]

    def inside(self, level: int, index: int, context: Context) -> Context:
        """The context inside iteration ``index`` of the loop at ``level``."""
        if not context:
            return context
        loop = self.loops[level]
        flag = self._flag.get(loop.dimension)
        if flag is None or not context[flag] or index + 1 >= loop.residual:
            return context
        return (*context[:flag], False, *context[flag + 1 :])

    def iterations(self, level: int, context: Context) -> int:
        loop = self.loops[level]
        return loop.residual if self.is_last(loop.dimension, context) else loop.factor

    def visits(self, level: int, context: Context) -> tuple[Visit, ...]:
        """The simulated iterations of a temporal loop: #0, #1 for all others, the last where it differs."""
        known = self._visits.get((level, context))
        if known is None:
            loop = self.loops[level]
            below = self._innermost_imperfect.get(loop.dimension, level) < level
            run_last = below and self.is_last(loop.dimension, context)
            run_second_last = run_last and loop.factor != loop.residual
            known = _simulated(self.iterations(level, context), run_last, run_second_last)
            self._visits[level, context] = known
        return known

    @cached_property
    def contexts(self) -> tuple[frozenset[Context], ...]:
        """For each level: the contexts in which its loop is ever entered."""
        result: list[frozenset[Context]] = [frozenset()] * len(self.loops)
        reached = frozenset({self.outermost_context})
        for level in reversed(range(len(self.loops))):
            result[level] = reached
            reached = frozenset(
                self.inside(level, index, context)
                for context in reached
                for index in self._entered(level, context)
            )
        return tuple(result)

    def _entered(self, level: int, context: Context) -> tuple[int, ...]:
        # Of a spatial block only the first instance is simulated; the others are its translations.
        if self.loops[level].spatial:
            return (0,)
        return tuple(v.index for v in self.visits(level, context))

    # Instances ----------------------------------------------------------------------------------

    @cached_property
    def utilized_instances(self) -> tuple[float, ...]:
        """For each loop level: the average number of its copies, over the spatial loops outside it.

        An imperfect spatial loop counts with its average number of iterations over the loops of the same
        dimension outside it. Raises InvalidMapping when there is none.
        """
        result = [1.0] * len(self.loops)
        product = 1.0
        for level in reversed(range(len(self.loops))):
            result[level] = product
            loop = self.loops[level]
            if not loop.axis:
                continue
            if loop.residual == loop.factor:
                product *= loop.factor
                continue
            outer = 0.0
            for other in reversed(self.loops[level + 1 :]):
                if other.dimension == loop.dimension:
                    outer = other.residual + other.factor * ((outer or 1.0) - 1)
            if not outer:
                name = self.problem.dimensions[loop.dimension]
                raise InvalidMapping(
                    f"the outermost loop over {name} is an imperfect spatial one: it needs another outside"
                )
            product = product * (loop.residual + loop.factor * (outer - 1)) / outer
        return tuple(result)

    @cached_property
    def expansions(self) -> tuple[tuple[int, int], ...]:
        """(X, Y) copies of each storage level, then of the arithmetic units (last entry).

        Products of the full spatial factors outside (sparse-analysis.cpp,
        InitializeMaxRequiredSpatialExpansion).
        """
        result = []
        x = y = 1
        for along_x, along_y in reversed(self.axis_sizes):
            result.append((x, y))
            x *= along_x
            y *= along_y
        result.reverse()
        return (*result, (x, y))

    @cached_property
    def temporal_iterations(self) -> int:
        """Product of all temporal factors: the cycle count of imperfect mappings."""
        return prod([loop.factor for loop in self.loops if not loop.axis])


def _simulated(n: int, run_last: bool, run_second_last: bool) -> tuple[Visit, ...]:
    """See nest-analysis.cpp, "Iterations #1 through #last-1/last"."""
    visits = [Visit(0, 1, 1)]
    skipped = n - 1 - run_last - run_second_last
    if skipped >= 1:
        visits.append(Visit(1, skipped, skipped))
    if run_second_last and n >= 3:
        if skipped >= 1:
            visits[-1] = Visit(1, skipped, skipped + 1)
        visits.append(Visit(n - 2, 1, 0 if skipped >= 1 else 1))
    if run_last and n >= 2:
        if not run_second_last and n >= 3:
            visits[-1] = Visit(1, skipped, skipped + 1)
            visits.append(Visit(n - 1, 1, 0))
        else:
            visits.append(Visit(n - 1, 1, 1))
    return tuple(visits)


def _check_levels(basis: Basis, mapping: Mapping) -> None:
    """Refuse a mapping that does not belong to the architecture."""
    wanted = basis.architecture.level_names
    names = tuple(level.level for level in mapping.levels)
    if names != wanted:
        raise InvalidMapping(
            f"the mapping's levels are {', '.join(names)}, but the architecture's {', '.join(wanted)}"
        )


def _check_block(level: LevelMapping, block: tuple[Loop, ...], spatial: bool, basis: Basis) -> None:
    kind = "spatial" if spatial else "temporal"
    seen: set[str] = set()
    for loop in block:
        if loop.dimension not in basis.dimension_numbers:
            raise InvalidMapping(f"{level.level}: the problem has no dimension {loop.dimension}")
        if loop.dimension in seen:
            raise InvalidMapping(f"{level.level}: dimension {loop.dimension} twice in the {kind} block")
        seen.add(loop.dimension)
        if not 1 <= loop.residual <= loop.factor:
            raise InvalidMapping(
                f"{level.level}: loop over {loop.dimension} with factor {loop.factor} and "
                f"residual {loop.residual}"
            )
        if (loop.axis != "") != spatial:
            raise InvalidMapping(f"{level.level}: a loop with axis '{loop.axis}' in the {kind} block")
