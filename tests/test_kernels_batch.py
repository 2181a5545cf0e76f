"""Arrays in and out of the batch evaluator: shapes, shared axes, chunks, refusals."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest

from harness.errors import Unsupported
from harness.model.kernels import SPATIAL_X, SPATIAL_Y, Batch, BatchEvaluator, Directives, Reason, evaluator
from harness.model.kernels.spatial import GroupRecord, sharing_pattern
from harness.spec.architecture import Architecture, ArithmeticLevel, StorageLevel
from harness.spec.energy import ActionEnergy, ComponentEnergy, EnergyReferenceTable
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.spec.problem import DataSpace, Problem, Term

GEMM = Problem(
    "gemm",
    ("M", "K", "N"),
    (8, 12, 6),
    (
        DataSpace("Weights", ((Term("M"),), (Term("K"),))),
        DataSpace("Inputs", ((Term("K"),), (Term("N"),))),
        DataSpace("Outputs", ((Term("M"),), (Term("N"),)), read_write=True),
    ),
)
EVERYTHING = frozenset({"Weights", "Inputs", "Outputs"})


def storage(name: str, size: int | None, mesh: tuple[int, int], technology: str = "SRAM") -> StorageLevel:
    return StorageLevel(
        name=name,
        full_name=f"System.{name}",
        class_name=technology,
        technology=technology,  # type: ignore[arg-type]
        instances=mesh[0] * mesh[1],
        mesh_x=mesh[0],
        mesh_y=mesh[1],
        word_bits=8,
        block_size=1,
        size_words=size,
        energy_per_hop=0.25,
    )


def small_machine(register_words: int | None = 24) -> Architecture:
    prices = (ActionEnergy("read", 1.0), ActionEnergy("write", 2.0), ActionEnergy("compute", 0.5))
    return Architecture(
        name="System",
        arithmetic=ArithmeticLevel("MAC", "System.MAC", "mac", 4, 2, 2),
        storage=(
            storage("Registers", register_words, (2, 2)),
            storage("Buffer", 400, (1, 1)),
            storage("DRAM", None, (1, 1), "DRAM"),
        ),
        ert=EnergyReferenceTable(
            tuple(ComponentEnergy(f"System.{n}", prices) for n in ("MAC", "Registers", "Buffer", "DRAM"))
        ),
    )


def mapping(*loops: tuple[int, str, str, int], keep: frozenset[str] = EVERYTHING) -> Mapping:
    """(level, axis, dimension, factor) from the innermost; what is missing goes to DRAM."""
    rest = dict(GEMM.bound)
    for _, _, dimension, factor in loops:
        rest[dimension] //= factor
    every = [*loops, *((2, "", d, f) for d, f in rest.items() if f > 1)]

    def block(level: int, axis: str) -> tuple[Loop, ...]:
        return tuple(
            Loop(d, f, f, axis)  # type: ignore[arg-type]
            for lv, a, d, f in every
            if (lv, a) == (level, axis)
        )

    names = ("Registers", "Buffer", "DRAM")
    return Mapping(
        tuple(
            LevelMapping(name, block(i, ""), block(i, "X") + block(i, "Y"), EVERYTHING if i == 2 else keep)
            for i, name in enumerate(names)
        )
    )


def random_mappings(count: int) -> list[Mapping]:
    random = Random(7)
    found = []
    for _ in range(count):
        loops = [(1, "X", random.choice("MKN"), random.choice((1, 2))), (1, "Y", "K", random.choice((1, 3)))]
        for dimension in random.sample("MKN", 3):
            done = [f for _, _, d, f in loops if d == dimension]
            rest = GEMM.bound[dimension]
            for factor in done:
                rest //= factor
            factor = random.choice([f for f in range(1, rest + 1) if rest % f == 0])
            loops.append((random.choice((0, 1)), "", dimension, factor))
        loops = [entry for entry in loops if entry[3] > 1]
        axes = [(d, a) for lv, a, d, _ in loops if a]
        if len({d for d, _ in axes}) == len(axes):
            kept = frozenset(name for name in EVERYTHING if random.random() < 0.8)
            found.append(mapping(*loops, keep=kept))
    return found


def test_encode_and_decode_are_inverse() -> None:
    machine = small_machine()
    batch_evaluator = BatchEvaluator(machine, GEMM)
    mappings = random_mappings(60)
    batch = batch_evaluator.encode(mappings)
    assert [batch_evaluator.decode(batch, i) for i in range(len(batch))] == mappings


def test_chunks_and_selection_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    batch_evaluator = BatchEvaluator(small_machine(), GEMM)
    batch = batch_evaluator.encode(random_mappings(150))
    whole = batch_evaluator.evaluate(batch, details=True)
    assert 0 < whole.valid.sum() < len(batch)
    for chunk, worth in ((7, 0.0), (7, 1.1), (1000, 1.1), (1000, 0.0)):
        monkeypatch.setattr(evaluator, "CHUNK", chunk)
        monkeypatch.setattr(evaluator, "WORTH_SELECTING", worth)
        again = batch_evaluator.evaluate(batch, details=True)
        for name in ("cycles", "energy_pj", "edp_j_cycles", "utilization", "reason", "level"):
            np.testing.assert_array_equal(getattr(again, name), getattr(whole, name), err_msg=name)
        assert again.details is not None and whole.details is not None
        valid = whole.valid
        np.testing.assert_array_equal(again.details.reads[valid], whole.details.reads[valid])


def test_shared_axes_equal_repeated_ones() -> None:
    batch_evaluator = BatchEvaluator(small_machine(), GEMM)
    template = mapping((0, "", "K", 2), (1, "X", "M", 2), (1, "Y", "K", 2), (1, "", "N", 3), (1, "", "M", 2))
    one = batch_evaluator.encode([template])
    factors = np.concatenate([batch_evaluator.encode([m]).factors for m in [template, *random_mappings(40)]])
    count = len(factors)
    shared = Batch(factors, one.permutation, one.keep, one.spatial_order, one.directives)
    repeated = Batch(
        factors,
        np.repeat(one.permutation, count, axis=0),
        np.repeat(one.keep, count, axis=0),
        np.repeat(one.spatial_order, count, axis=0) if one.spatial_order is not None else None,
        None,
    )
    a, b = batch_evaluator.evaluate(shared), batch_evaluator.evaluate(repeated)
    np.testing.assert_array_equal(a.energy_pj, b.energy_pj)
    np.testing.assert_array_equal(a.cycles, b.cycles)
    np.testing.assert_array_equal(a.reason, b.reason)


def test_an_empty_batch_has_no_results() -> None:
    batch_evaluator = BatchEvaluator(small_machine(), GEMM)
    one = batch_evaluator.encode(random_mappings(3))
    found = batch_evaluator.evaluate(one.part(0, 0))
    assert found.cycles.shape == found.energy_pj.shape == (0,)


def test_place_of_unit_loops_does_not_matter() -> None:
    batch_evaluator = BatchEvaluator(small_machine(None), GEMM)
    batch = batch_evaluator.encode([mapping((1, "", "K", 12), (1, "X", "M", 2))])
    turned = replace(batch, permutation=batch.permutation.copy())
    # Level 0 has no loops at all, level 1 only one.
    turned.permutation[0, 0] = [2, 1, 0]
    turned.permutation[0, 1] = [0, 2, 1]
    assert batch_evaluator.evaluate(turned).energy_pj == batch_evaluator.evaluate(batch).energy_pj


def verdict(changed: Mapping, machine: Architecture | None = None) -> tuple[Reason, int]:
    batch_evaluator = BatchEvaluator(machine or small_machine(), GEMM)
    found = batch_evaluator.evaluate(batch_evaluator.encode([changed]))
    assert found.energy_pj[0] == np.inf and found.cycles[0] == 0 and found.utilization[0] == 0
    return Reason(found.reason[0]), int(found.level[0])


def test_reasons_of_refusal() -> None:
    fine = mapping((0, "", "K", 2), (1, "X", "M", 2))
    too_much = mapping((0, "", "K", 12), (0, "", "M", 8))
    assert verdict(too_much) == (Reason.OVER_CAPACITY, 0)
    frugal = small_machine()
    eager = replace(frugal, storage=(replace(frugal.storage[0], min_utilization=0.9), *frugal.storage[1:]))
    assert verdict(fine, eager) == (Reason.UNDER_UTILIZED, 0)
    assert verdict(mapping((1, "X", "M", 4))) == (Reason.TOO_WIDE, -1)
    assert verdict(mapping((1, "Y", "M", 4))) == (Reason.TOO_HIGH, -1)
    assert verdict(mapping((1, "X", "M", 8))) == (Reason.TOO_MANY_INSTANCES, -1)
    assert verdict(mapping((2, "X", "M", 2))) == (Reason.NO_FANOUT, 2)
    homeless = Mapping(tuple(replace(level, keep=frozenset({"Weights", "Outputs"})) for level in fine.levels))
    assert verdict(homeless) == (Reason.NOT_KEPT_ANYWHERE, -1)
    short = Mapping((replace(fine.levels[0], temporal=()), *fine.levels[1:]))
    assert verdict(short) == (Reason.WRONG_FACTORS, -1)


def test_a_dimension_on_both_axes_is_refused() -> None:
    batch_evaluator = BatchEvaluator(small_machine(), GEMM)
    batch = batch_evaluator.encode([mapping((1, "X", "M", 2), (1, "", "M", 2))])
    factors = batch.factors.copy()
    factors[0, 3, 0], factors[0, 3 + SPATIAL_Y, 0] = 1, 2
    assert factors[0, 3 + SPATIAL_X, 0] == 2
    found = batch_evaluator.evaluate(replace(batch, factors=factors))
    assert (found.reason[0], found.level[0]) == (Reason.DIMENSION_ON_BOTH_AXES, 1)


def test_what_is_not_covered_is_refused_in_words() -> None:
    machine = small_machine()
    for ranks, words in (
        (((Term("P"), Term("R", -1)),), "'T' has a coefficient below 1"),
        (((Term("P", 2**40), Term("R")),), "'T' is too large for exact counts"),
    ):
        odd = Problem("odd", ("P", "R"), (4, 3), (DataSpace("T", ranks),))
        with pytest.raises(Unsupported, match=words):
            BatchEvaluator(machine, odd)
    with pytest.raises(Unsupported, match="more than 2\\*\\*53 operations"):
        BatchEvaluator(machine, replace(GEMM, bounds=(2**20, 2**20, 2**20)))
    batch_evaluator = BatchEvaluator(machine, GEMM)
    fine = mapping((1, "", "K", 4))
    imperfect = replace(fine.levels[1], temporal=(Loop("K", 5, 2),))
    with pytest.raises(Unsupported, match="imperfect factor K5,2"):
        batch_evaluator.encode([Mapping((fine.levels[0], imperfect, fine.levels[2]))])
    twice = replace(fine.levels[1], temporal=(Loop("K", 2, 2), Loop("K", 2, 2)))
    with pytest.raises(Unsupported, match="two loops over one dimension"):
        batch_evaluator.encode([Mapping((fine.levels[0], twice, fine.levels[2]))])
    crossed = replace(fine.levels[1], spatial=(Loop("K", 2, 2, "Y"), Loop("M", 2, 2, "X")))
    with pytest.raises(Unsupported, match="X loop outside a Y loop"):
        batch_evaluator.encode([Mapping((fine.levels[0], crossed, fine.levels[2]))])
    other = replace(fine.levels[1], no_temporal_reuse=frozenset({"Inputs"}))
    with pytest.raises(Unsupported, match="different directives"):
        batch_evaluator.encode([fine, Mapping((fine.levels[0], other, fine.levels[2]))])
    with pytest.raises(Unsupported, match="2 levels, the architecture 3"):
        batch_evaluator.encode([Mapping(fine.levels[:2])])
    batch = batch_evaluator.encode([fine])
    for wrong in (
        replace(batch, factors=batch.factors[:, :6]),
        replace(batch, keep=batch.keep[:, :, :2]),
        replace(batch, permutation=np.repeat(batch.permutation, 2, axis=0)),
    ):
        with pytest.raises(Unsupported, match="needs factors"):
            batch_evaluator.evaluate(wrong)


def test_directives_without_any_are_the_default() -> None:
    batch_evaluator = BatchEvaluator(small_machine(), GEMM)
    batch = batch_evaluator.encode(random_mappings(20))
    assert batch.directives is not None
    assert batch.directives.key == Directives.none(3, 3).key
    bare = replace(batch, directives=None)
    np.testing.assert_array_equal(
        batch_evaluator.evaluate(bare).energy_pj, batch_evaluator.evaluate(batch).energy_pj
    )


def test_groups_hops_and_neighbours_of_a_packed_block() -> None:
    """3 x 4 instances on a mesh of 6 x 4: Timeloop packs them into two rows of six."""
    loops = ((False, "X", 3), (True, "Y", 4))
    pattern = sharing_pattern(loops, (6, 4))
    # Groups 0..2, 3..5 in the first row, 6..8 and 9..11 in the second; the centre is between rows 1 and 2.
    assert pattern.fresh == GroupRecord(
        multicast=3,
        groups=4,
        hops=(2 + 3 * 1.5) + (5 + 3 * 1.5) + (2 + 3 * 0.5) + (5 + 3 * 0.5),
        unicast_hops=2 * (0 + 1 + 2 + 3 + 4 + 5) + 6 * 1.5 + 6 * 0.5,
    )
    assert pattern.linked == 12 and pattern.repeated == ()


def test_links_are_adopted_only_where_they_save_accesses() -> None:
    # One group of four: each has a neighbour that wants the same.
    assert sharing_pattern(((False, "X", 2), (False, "Y", 2)), (2, 2)).linked == 4
    # Unicast: nobody shares anything.
    alone = sharing_pattern(((True, "X", 4),), (4, 1))
    assert alone.linked == 0 and alone.repeated == (alone.fresh,)
    # 3 x 2 on a width of 4: the first group is 0 1 2 in the first row; of the second, 3 ends that row and
    # 4 5 begin the next, so 3 has nobody of its own group beside it.
    packed = sharing_pattern(((False, "X", 3), (True, "Y", 2)), (4, 2))
    assert packed.linked == 5
    assert packed.repeated == (GroupRecord(1, 1, 3 + 0.5, 3 + 0.5),)
    # Without multicast every instance asks for itself, and only the linked ones are spared.
    apart = sharing_pattern(((False, "X", 3), (True, "Y", 2)), (4, 2), multicast_allowed=False)
    assert (apart.fresh.multicast, apart.fresh.groups, apart.linked) == (1, 6, 5)
    forbidden = sharing_pattern(((False, "X", 3), (True, "Y", 2)), (4, 2), links_allowed=False)
    assert forbidden.linked == 0 and forbidden.repeated == (forbidden.fresh,)
