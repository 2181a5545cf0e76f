"""Properties of the map space: counting, indexing, distinctness, constraints, pruning, empty spaces."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mapper_cases import array, gemm

from harness.errors import EmptyMapSpace, Unsupported
from harness.mapspace import MappingId, MapSpace, Refusal
from harness.mapspace.demands import FactorDemands
from harness.mapspace.factorization import PerfectFactorization, divisors_in_order
from harness.mapspace.permutation import nth_permutation
from harness.mapspace.residual_factorization import ResidualFactorization
from harness.spec.architecture import Architecture
from harness.spec.flattened.constraints import read_constraints
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem


def space_of(
    problem: Problem,
    *targets: dict[str, Any],
    architecture: Architecture | None = None,
    template: Any = "uber",
) -> MapSpace:
    machine = architecture or array()
    constraints = read_constraints({"architecture_constraints": list(targets)}, machine, problem)
    return MapSpace(machine, problem, constraints, template)


ALL_LEVELS = [
    ("Registers", "temporal"),
    ("Buffer", "spatial"),
    ("Buffer", "temporal"),
    ("DRAM", "temporal"),
]

KEEP_ALL = [
    {"target": level, "type": "bypass", "keep": ["Weights", "Inputs", "Outputs"]}
    for level in ("Registers", "Buffer", "DRAM")
]


def reference_splits(n: int, places: int, divisors: list[int]) -> Iterator[list[int]]:
    """The reference's recursion, listing everything."""
    if places == 1:
        yield [n]
        return
    for factor in divisors:
        if n % factor == 0:
            for inner in reference_splits(n // factor, places - 1, divisors):
                yield [*inner, factor]


def test_divisors_come_in_pairs_from_the_outside() -> None:
    assert divisors_in_order(12) == [1, 12, 2, 6, 3, 4]
    assert divisors_in_order(16) == [1, 16, 2, 8, 4]
    assert divisors_in_order(1) == [1]


@settings(max_examples=60, deadline=None)
@given(
    bound=st.integers(1, 72),
    levels=st.integers(2, 4),
    data=st.data(),
)
def test_indexing_equals_the_listed_recursion(bound: int, levels: int, data: st.DataObject) -> None:
    given = data.draw(st.dictionaries(st.integers(0, levels - 1), st.integers(1, bound), max_size=levels - 1))
    least = data.draw(st.dictionaries(st.integers(0, levels - 1), st.integers(1, 4), max_size=2))
    most = data.draw(st.dictionaries(st.integers(0, levels - 1), st.integers(1, bound), max_size=2))
    demands = FactorDemands("M", bound, given, least, most)
    space = PerfectFactorization(demands, levels)
    remaining = bound
    for level in sorted(given):
        remaining = math.ceil(remaining / given[level])
    expected = []
    for free in reference_splits(remaining, levels - len(given), divisors_in_order(remaining)):
        vector = list(free)
        for level in sorted(given):
            vector.insert(level, given[level])
        if all(demands.admits(level, factor) for level, factor in enumerate(vector)):
            expected.append(vector)
    assert space.size == len(expected)
    assert [space.raw_factors(i) for i in range(space.size)] == expected


@settings(max_examples=60, deadline=None)
@given(bound=st.integers(1, 60), given_factors=st.lists(st.integers(1, 60), min_size=3, max_size=3))
def test_residuals_cover_the_bound_exactly(bound: int, given_factors: list[int]) -> None:
    given = {k: f for k, f in enumerate(given_factors) if f <= bound}
    space = PerfectFactorization(FactorDemands("M", bound, given), 4)
    for index in range(min(space.size, 50)):
        covered = 0
        for end, residual in reversed(space.split(index).factors):
            covered = covered * end + residual - 1
        assert covered == bound - 1


def test_permutations_are_lexicographic() -> None:
    assert [nth_permutation((0, 1, 2), i) for i in range(6)] == [
        (0, 1, 2),
        (0, 2, 1),
        (1, 0, 2),
        (1, 2, 0),
        (2, 0, 1),
        (2, 1, 0),
    ]


def mappings(space: MapSpace, pruned: bool) -> list[Mapping]:
    made = [space.construct(i, pruned) for i in space.ids(pruned)]
    return [m for m in made if not isinstance(m, Refusal)]


def test_pruned_ids_are_distinct_mappings_and_cover_the_whole_space() -> None:
    # Two free tensors at the buffer make bypass masks, a 2 x 2 mesh makes splits.
    space = space_of(
        gemm(2, 2, 1),
        *KEEP_ALL[:1],
        {"target": "Buffer", "type": "bypass", "keep": ["Weights"]},
        {"target": "Registers", "type": "temporal", "factors": "M=1,K=1,N=1"},
    )
    assert space.sizes.datatype_bypass == 4
    pruned = mappings(space, True)
    assert len(set(pruned)) == len(pruned)
    assert set(pruned) == set(mappings(space, False))
    assert space.pruned_size() == sum(1 for _ in space.ids())


def test_enumeration_is_as_long_as_the_product_of_the_sizes() -> None:
    space = space_of(gemm(4, 2, 1), *KEEP_ALL)
    assert sum(1 for _ in space.ids(pruned=False)) == space.size
    sizes = space.sizes
    # Two dimensions over four tiling levels; 3! orders at the mesh, the buffer and the DRAM; 4 splits.
    assert sizes.index_factorization == math.comb(2 + 3, 3) * 4
    assert (sizes.loop_permutation, sizes.spatial, sizes.datatype_bypass) == (6**3, 4, 1)


def test_mappings_obey_their_constraints() -> None:
    problem = gemm(12, 8, 6)
    space = space_of(
        problem,
        {"target": "Buffer", "type": "spatial", "factors": "N=1,M<=2", "permutation": "MK"},
        {
            "target": "Buffer",
            "type": "temporal",
            "factors": "K>=2",
            "permutation": "N_K",
            "no_reuse": ["Inputs"],
        },
        {"target": "DRAM", "type": "temporal", "factors": "M=3"},
        {"target": "Buffer", "type": "bypass", "keep": ["Outputs"], "bypass": ["Weights"]},
    )
    rng = random.Random(7)
    seen = 0
    for _ in range(400):
        mapping = space.construct(space.sample(rng))
        if isinstance(mapping, Refusal):
            continue
        seen += 1
        buffer, dram = mapping.level("Buffer"), mapping.level("DRAM")
        spatial = {loop.dimension: loop.factor for loop in buffer.spatial}
        temporal = [loop.dimension for loop in buffer.temporal]
        factors = {loop.dimension: loop.factor for loop in buffer.temporal}
        assert spatial.get("N", 1) == 1 and spatial.get("M", 1) <= 2
        assert factors.get("K", 1) >= 2 and temporal[-1] == "K"
        assert "N" not in temporal or temporal[0] == "N"
        assert {loop.dimension: loop.factor for loop in dram.temporal}.get("M") == 3
        assert "Outputs" in buffer.keep and "Weights" not in buffer.keep
        assert dram.keep == {"Weights", "Inputs", "Outputs"}
        assert buffer.no_temporal_reuse == {"Inputs"}
        for dimension, bound in problem.bound.items():
            loops = [
                loop.factor
                for level in mapping.levels
                for loop in (*level.spatial, *level.temporal)
                if loop.dimension == dimension
            ]
            assert math.prod(loops) == bound and 1 not in loops
        for axis in ("X", "Y"):
            assert math.prod(loop.factor for loop in buffer.spatial if loop.axis == axis) <= 2
    assert seen > 100


def test_zero_means_the_whole_bound_and_too_large_factors_have_no_effect() -> None:
    space = space_of(
        gemm(8, 2, 2),
        {"target": "DRAM", "type": "temporal", "factors": "M=0,K=16"},
        architecture=array(),
    )
    assert space.dimensions[0].size == 1
    assert space.dimensions[1].size == 4
    assert space.notes == ("DRAM (temporal): K=16 exceeds the bound 2 of K and has no effect",)


def test_imperfect_fixed_factors_are_clamped_and_get_residuals() -> None:
    space = space_of(gemm(10, 1, 1), {"target": "Buffer", "type": "temporal", "factors": "M=4"}, *KEEP_ALL)
    loops = set()
    for identifier in space.ids():
        mapping = space.construct(identifier)
        if not isinstance(mapping, Refusal):
            loops |= {(loop.factor, loop.residual) for loop in mapping.level("Buffer").temporal}
    assert (4, 2) in loops


def test_the_fan_out_refuses_in_words() -> None:
    space = space_of(gemm(8, 1, 1), {"target": "Buffer", "type": "spatial", "factors": "M=8", "split": 3})
    refusal = space.construct(MappingId(0, 0, 0, 0))
    assert str(refusal) == "Buffer: mapped fan-out X 8 exceeds the hardware's 2"


def test_least_parallelism_refuses_in_words() -> None:
    space = space_of(
        gemm(2, 1, 1),
        {"target": "Registers", "type": "utilization", "min": 0.75},
        {"target": "Buffer", "type": "spatial", "factors": "M=2"},
    )
    refusal = space.construct(MappingId(0, 0, space.subspace(0).spatial_size - 1, 0))
    assert str(refusal) == "arithmetic: parallelism 0.5 is less than the demanded 0.75"


@pytest.mark.parametrize(
    ("targets", "message"),
    [
        (
            [{"target": "Buffer", "type": "spatial", "factors": "M>=128"}],
            "no factorisation of M=64 is left: Buffer (spatial) needs M>=128, but M is 64",
        ),
        (
            [
                {"target": "Buffer", "type": "spatial", "factors": "M>=32"},
                {"target": "DRAM", "type": "temporal", "factors": "M=4"},
            ],
            "Buffer (spatial) needs M>=32, but M is 16 (what is left of M after DRAM (temporal) M=4)",
        ),
        (
            [{"target": "DRAM", "type": "temporal", "factors": "M>=5,M<=7"}],
            "DRAM (temporal) needs M>=5 and M<=7, but the divisors of 64 are 1, 2, 4, 8, 16, 32, 64",
        ),
        (
            [
                {"target": "Buffer", "type": "temporal", "factors": "M>=16"},
                {"target": "DRAM", "type": "temporal", "factors": "M>=8"},
            ],
            "Buffer (temporal) M>=16, DRAM (temporal) M>=8 need at least 128 together, but M is 64",
        ),
        (
            [{"target": t, "type": k, "factors": "M<=2"} for t, k in ALL_LEVELS],
            "allow at most 16 together, but M is 64",
        ),
        (
            [{"target": t, "type": k, "factors": "M=2"} for t, k in ALL_LEVELS],
            "all levels fix it, but Registers (temporal) M=2, Buffer (spatial) M=2, Buffer (temporal) M=2, "
            "DRAM (temporal) M=2 leaves 4",
        ),
        (
            [{"target": "DRAM", "type": "temporal", "factors": "M=8,M<=4"}],
            "DRAM (temporal) fixes M=8 but also demands M<=4",
        ),
        (
            [{"target": t, "type": k, "factors": "M>=3,M<=8"} for t, k in ALL_LEVELS],
            "need at least 81 together, but M is 64",
        ),
    ],
)
def test_an_empty_space_names_the_conflict(targets: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(EmptyMapSpace) as caught:
        space_of(gemm(64, 8, 8), *targets)
    assert message in str(caught.value)


def test_huge_spaces_are_counted_and_sampled_without_listing() -> None:
    space = space_of(gemm(2**40, 3**20, 2**30))
    assert space.sizes.index_factorization == math.comb(43, 3) * math.comb(23, 3) * math.comb(33, 3)
    far = space.subspace(space.sizes.index_factorization - 1)
    assert math.prod(level[0][0] for level in far.factors) == 2**40
    assert isinstance(space.sample(random.Random(1)), MappingId)
    assert space.pruned_size(limit=1000) is None


def test_the_innermost_temporal_order_is_canonical_whatever_the_user_says() -> None:
    space = space_of(gemm(4, 4, 4), {"target": "Registers", "type": "temporal", "permutation": "NKM"})
    assert space.subspace(0, pruned=False).order(0, 0) == (0, 1, 2)


def listed_ruby(
    bound: int, levels: int, remainders: list[tuple[int, int]]
) -> set[tuple[tuple[int, int], ...]]:
    """Every (iterations, residual) vector that covers the bound, residuals only where allowed."""
    allowed = dict(remainders)

    def extend(level: int, value: int) -> Iterator[tuple[tuple[int, int], ...]]:
        if level < 0:
            if value == bound - 1:
                yield ()
            return
        for end in range(1, bound + 1):
            residuals = range(1, min(end, allowed[level]) + 1) if level in allowed else [end]
            for residual in residuals:
                now = value * end + residual - 1
                if now > bound - 1 or (now == 0 and residual != end):
                    continue
                if level in allowed and end > allowed[level]:
                    continue
                for rest in extend(level - 1, now):
                    yield (*rest, (end, residual))

    return set(extend(levels - 1, 0))


@pytest.mark.parametrize(("bound", "most"), [(7, 3), (12, 4), (11, 2)])
def test_ruby_vectors_cover_the_bound(bound: int, most: int) -> None:
    space = ResidualFactorization(FactorDemands("M", bound), 3, [(1, most)])
    found = {space.split(i).factors for i in range(space.size)}
    assert found <= listed_ruby(bound, 3, [(1, most)])
    assert any(end != residual for vector in found for end, residual in vector)
    # Nothing of the uber space is lost among factors that the residual bound admits.
    uber = PerfectFactorization(FactorDemands("M", bound), 3)
    perfect = {uber.split(i).factors for i in range(uber.size)}
    assert {v for v in perfect if v[1][0] <= most} <= found


def test_ruby_without_remainders_is_the_uber_space() -> None:
    ruby = ResidualFactorization(FactorDemands("M", 24, given={2: 2}), 4, [])
    uber = PerfectFactorization(FactorDemands("M", 24, given={2: 2}), 4)
    listed = [{space.split(i).factors for i in range(space.size)} for space in (ruby, uber)]
    assert listed[0] == listed[1]


def test_ruby_through_the_map_space() -> None:
    space = space_of(
        gemm(5, 2, 1),
        {"target": "Buffer", "type": "spatial", "remainders": 2},
        *KEEP_ALL,
        template="ruby",
    )
    made = mappings(space, True)
    assert any(not loop.perfect for m in made for level in m.levels for loop in level.spatial)
    with pytest.raises(Unsupported, match="takes no permutation suffix"):
        space_of(gemm(5, 2, 1), {"target": "DRAM", "type": "temporal", "permutation": "M_K"}, template="ruby")


def test_a_ruby_space_too_large_to_list_is_refused() -> None:
    with pytest.raises(Unsupported, match="lists more than"):
        ResidualFactorization(FactorDemands("M", 2**14 * 3**4), 8, [(1, 8)])
