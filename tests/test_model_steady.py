"""The closed form of perfect nests against the walk over all simulated visits."""

from __future__ import annotations

from collections import Counter
from math import prod

from hypothesis import given, settings
from hypothesis import strategies as st
from model_tiny import tiny_architecture

from harness.model.basis import basis_of
from harness.model.deltas import TileWalk
from harness.model.loop_nest import LoopNest
from harness.model.spatial import FanOut, _link_transfers, _simplest, multicast_groups, neighbour_offsets
from harness.model.steady_deltas import steady_requests
from harness.model.working_sets import WorkingSets
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.spec.problem import DataSpace, Problem, Term

DIMENSIONS = "PRCM"
COEFFICIENTS = st.sampled_from((1, 1, 1, 2, 3, -1))


@st.composite
def nests(draw: st.DrawFn) -> tuple[Problem, Mapping]:
    """Windows, strides, shared and repeated dimensions; up to eleven perfect loops on three levels."""
    sizes = dict.fromkeys(DIMENSIONS, 1)
    levels = []
    for name in ("Reg", "Buf", "DRAM"):
        blocks: dict[str, dict[str, int]] = {"": {}, "X": {}}
        for _ in range(draw(st.integers(0, 4))):
            dimension, factor = draw(st.sampled_from(DIMENSIONS)), draw(st.sampled_from((2, 2, 3)))
            axis = draw(st.sampled_from(("", "", "X")))
            if dimension not in blocks[axis]:
                blocks[axis][dimension] = factor
                sizes[dimension] *= factor
        temporal, spatial = (
            tuple(
                Loop(d, blocks[axis][d], blocks[axis][d], axis)
                for d in draw(st.permutations(sorted(blocks[axis])))
            )
            for axis in ("", "X")
        )
        levels.append(LevelMapping(name, temporal, spatial, frozenset({"T"})))
    ranks = tuple(
        tuple(
            Term(d, draw(COEFFICIENTS))
            for d in draw(st.lists(st.sampled_from(DIMENSIONS), min_size=1, max_size=2, unique=True))
        )
        for _ in range(draw(st.integers(1, 3)))
    )
    tensor = DataSpace("T", ranks, read_write=draw(st.booleans()))
    return Problem("random", tuple(sizes), tuple(sizes.values()), (tensor,)), Mapping(tuple(levels))


@settings(max_examples=300, deadline=None)
@given(nests(), st.booleans(), st.booleans())
def test_requests_are_those_of_the_walk(case: tuple[Problem, Mapping], reuse: bool, linked: bool) -> None:
    problem, mapping = case
    basis = basis_of(tiny_architecture(mapping), problem, None)
    nest = LoopNest(basis, mapping)
    sets = WorkingSets(nest, basis.tensors[0])
    for storage in range(len(mapping.levels)):
        if storage == 0 and not nest.spatial_count[0]:
            continue
        passing = linked and nest.spatial_count[storage] > 0
        child = nest.boundary[storage - 1] if storage else -1
        walked: Counter[object] = Counter()
        for change, times in TileWalk(sets, child, reuse, passing).changes().items():
            walked[change.moved] += change.words * times
        closed: Counter[object] = Counter()
        for words, moved in steady_requests(sets, storage, reuse, passing):
            closed[moved] += words
        assert +walked == +closed, storage


fan_outs = st.lists(
    st.tuples(st.integers(1, 4), st.tuples(st.integers(-3, 4), st.integers(0, 3))), min_size=1, max_size=3
)


@settings(max_examples=200, deadline=None)
@given(fan_outs, st.integers(1, 6))
def test_groups_do_not_depend_on_the_steps_that_cannot_cancel(
    loops: list[tuple[int, tuple[int, int]]], width: int
) -> None:
    ends = tuple(end for end, _ in loops)
    steps = tuple(step for _, step in loops)
    groups = multicast_groups(FanOut(steps, width, prod(ends), True), ends)
    offsets: Counter[tuple[int, int]] = Counter({(0, 0): 1})
    for end, step in loops:
        offsets = Counter(
            {
                place: sum(offsets[place[0] - i * step[0], place[1] - i * step[1]] for i in range(end))
                for place in {(x + i * step[0], y + i * step[1]) for x, y in offsets for i in range(end)}
            }
        )
    sizes = Counter(offsets.values())
    assert {g.multicast: g.scatter for g in groups} == dict(sizes)
    simple = _simplest(steps, ends)
    assert simple == steps or len(simple[0]) == 1


@settings(max_examples=200, deadline=None)
@given(fan_outs, st.integers(1, 6), st.tuples(st.integers(-4, 4), st.integers(-3, 3)))
def test_movements_that_no_neighbours_have_pass_nothing_on(
    loops: list[tuple[int, tuple[int, int]]], width: int, moved: tuple[int, int]
) -> None:
    ends = tuple(end for end, _ in loops)
    steps = tuple(step for _, step in loops)
    if moved not in neighbour_offsets(steps, width, ends):
        assert _link_transfers(FanOut(steps, width, prod(ends), True), ends, ends, moved) is None
