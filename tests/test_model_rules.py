"""Single rules of the model, each on an example that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from model_tiny import TENSORS, gemm, tiny_architecture

from harness.errors import EstimationError, InvalidMapping, SpecError, Unsupported
from harness.model import Stats, evaluate
from harness.model.stats import DataSpaceStats, NetworkDataSpaceStats
from harness.spec.architecture import Architecture, Network
from harness.spec.energy import ActionEnergy, AreaReferenceTable, ComponentEnergy, EnergyReferenceTable
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.spec.problem import DataSpace, Problem, Term


def window(p: int, r: int, stride: int = 1, dilation: int = 1) -> Problem:
    """A 1-D convolution: P outputs, R taps."""
    tensors = (
        DataSpace("Weights", ((Term("R"),),)),
        DataSpace("Inputs", ((Term("R", dilation), Term("P", stride)),)),
        DataSpace("Outputs", ((Term("P"),),), read_write=True),
    )
    return Problem("conv", ("R", "P"), (r, p), tensors)


def loops(text: str) -> tuple[Loop, ...]:
    """``"P4 R3,2X"``: factor, residual after a comma, axis at the end; inner to outer."""
    found = []
    for word in text.split():
        axis = word[-1] if word[-1] in "XY" else ""
        factor, _, residual = word[1:].rstrip("XY").partition(",")
        found.append(Loop(word[0], int(factor), int(residual or factor), axis))  # type: ignore[arg-type]
    return tuple(found)


def level(name: str, temporal: str = "", spatial: str = "", keep: tuple[str, ...] = TENSORS) -> LevelMapping:
    return LevelMapping(name, loops(temporal), loops(spatial), frozenset(keep))


def tensor(stats: Stats, level_name: str, name: str) -> DataSpaceStats:
    return next(t for t in stats.level(level_name).data_spaces if t.name == name)


def network(stats: Stats, level_name: str, name: str) -> NetworkDataSpaceStats:
    found = next(n for n in stats.networks if n.name.startswith(f"{level_name} <==>"))
    return next(t for t in found.data_spaces if t.name == name)


def run(problem: Problem, *levels: LevelMapping) -> Stats:
    mapping = Mapping(levels)
    return evaluate(tiny_architecture(mapping), problem, mapping)


class TestTemporalReuse:
    def test_sliding_window_fetches_only_what_is_new(self) -> None:
        # The tile of 3 inputs moves by 1 over 8 positions: 3 + 7 words.
        stats = run(window(p=8, r=3), level("Reg", "R3"), level("DRAM", "P8"))
        assert tensor(stats, "DRAM", "Inputs").reads == 3 + 7
        assert tensor(stats, "Reg", "Inputs").fills == 3 + 7

    def test_stride_beyond_the_kernel_shares_nothing(self) -> None:
        stats = run(window(p=4, r=2, stride=3), level("Reg", "R2"), level("DRAM", "P4"))
        assert tensor(stats, "DRAM", "Inputs").reads == 4 * 2

    def test_dilation_counts_the_holes(self) -> None:
        stats = run(window(p=2, r=3, dilation=2), level("Reg", "R3"), level("DRAM", "P2"))
        assert tensor(stats, "Reg", "Inputs").tile_size == 2 * 2 + 1

    def test_change_of_movement_fetches_the_whole_tile(self) -> None:
        # P inside P: the jump from the end of the inner loop to the next outer step is another movement.
        inner = run(window(p=8, r=3), level("Reg", "R3"), level("Glb", "P4"), level("DRAM", "P2"))
        # 3 + 3 x 1 in the first four positions, 3 again after the jump, then 1 each.
        assert tensor(inner, "Glb", "Inputs").reads == 2 * (3 + 3)

    def test_no_temporal_reuse_fetches_every_time(self) -> None:
        reg = replace(level("Reg", "R3"), no_temporal_reuse=frozenset({"Inputs"}))
        stats = run(window(p=8, r=3), reg, level("DRAM", "P8"))
        assert tensor(stats, "DRAM", "Inputs").reads == 8 * 3

    def test_irrelevant_loop_outside_a_tile_is_free(self) -> None:
        problem = gemm({"E": 2, "D": 3, "L": 5})
        free = run(problem, level("Reg", "E2"), level("DRAM", "L5 D3"))
        assert tensor(free, "DRAM", "Weights").reads == 6
        paid = run(problem, level("Reg", "E2"), level("DRAM", "D3 L5"))
        assert tensor(paid, "DRAM", "Weights").reads == 6 * 5

    def test_innermost_level_is_read_at_every_operation(self) -> None:
        stats = run(gemm({"E": 2, "D": 3, "L": 5}), level("Reg", "L5"), level("DRAM", "E2 D3"))
        assert tensor(stats, "Reg", "Weights").reads == 30


class TestWrittenTensors:
    def test_first_updates_need_no_read(self) -> None:
        stats = run(gemm({"E": 4, "D": 2, "L": 2}), level("Reg", "E4"), level("DRAM", "D2 L2"))
        outputs = tensor(stats, "Reg", "Outputs")
        assert (outputs.updates, outputs.reads, outputs.fills) == (16, 12, 0)
        assert tensor(stats, "DRAM", "Outputs").updates == 4

    def test_revisits_read_back(self) -> None:
        stats = run(gemm({"E": 4, "D": 2, "L": 2}), level("Reg"), level("DRAM", "D2 L2 E4"))
        dram = tensor(stats, "DRAM", "Outputs")
        assert (dram.updates, dram.reads) == (16, 12)
        assert tensor(stats, "Reg", "Outputs").fills == 12

    def test_rmw_first_update_reads_always(self) -> None:
        reg = replace(level("Reg", "E4"), rmw_first_update=frozenset({"Outputs"}))
        stats = run(gemm({"E": 4, "D": 2, "L": 2}), reg, level("DRAM", "D2 L2"))
        outputs = tensor(stats, "Reg", "Outputs")
        assert (outputs.updates, outputs.reads, outputs.fills) == (16, 16, 4)

    def test_no_coalesce_passes_everything_through(self) -> None:
        buf = replace(level("Buf", "E4", keep=("Outputs",)), no_coalesce=frozenset({"Outputs"}))
        stats = run(gemm({"E": 4, "D": 2, "L": 2}), buf, level("DRAM", "D2 L2"))
        outputs = tensor(stats, "Buf", "Outputs")
        assert outputs.reads == outputs.fills == outputs.updates == 16


class TestSpatial:
    def test_multicast_and_hops(self) -> None:
        # Two columns share weights (L along X), two rows share inputs (D along Y).
        stats = run(gemm({"E": 3, "D": 2, "L": 2}), level("Reg", "E3"), level("DRAM", "", "L2X D2Y"))
        weights, inputs = network(stats, "DRAM", "Weights"), network(stats, "DRAM", "Inputs")
        assert [(i.multicast, i.scatter, i.accesses) for i in weights.ingresses] == [(2, 2, 6)]
        assert [(i.multicast, i.scatter, i.accesses) for i in inputs.ingresses] == [(2, 2, 6)]
        # Entry in the middle of two rows: half a hop up or down in both columns, one hop right.
        assert weights.num_hops == 1 + 0.5 + 0.5
        # Column 0: half up, half down; column 1: the same after one hop right. Average of 1 and 2.
        assert inputs.num_hops == 1.5

    def test_no_multicast_serves_each_instance(self) -> None:
        dram = replace(level("DRAM", "", "L4X"), no_multicast=frozenset({"Weights"}))
        stats = run(gemm({"E": 3, "D": 1, "L": 4}), level("Reg", "E3"), dram)
        assert tensor(stats, "DRAM", "Weights").reads == 12

    def test_spatial_reduction(self) -> None:
        stats = run(gemm({"E": 4, "D": 1, "L": 3}), level("Reg", "L3"), level("DRAM", "", "E4X"))
        outputs = network(stats, "DRAM", "Outputs")
        assert tensor(stats, "DRAM", "Outputs").updates == 3
        assert outputs.spatial_reductions == 3 * 3

    def test_neighbours_pass_on_a_window(self) -> None:
        # PE p needs input p + r: what PE p+1 had at r - 1. The parent sends 4 words, then 1 per step.
        stats = run(window(p=4, r=3), level("Reg"), level("DRAM", "R3", "P4X"))
        inputs = network(stats, "DRAM", "Inputs")
        assert tensor(stats, "DRAM", "Inputs").reads == 4 + 2
        assert inputs.link_transfers == 3 * 2
        assert tensor(stats, "Reg", "Inputs").fills == int((4 + 2 + 3 * 2) / 4)

    def test_no_link_transfer(self) -> None:
        dram = replace(level("DRAM", "R3", "P4X"), no_link_transfer=frozenset({"Inputs"}))
        stats = run(window(p=4, r=3), level("Reg"), dram)
        assert tensor(stats, "DRAM", "Inputs").reads == 4 * 3
        assert network(stats, "DRAM", "Inputs").link_transfers == 0

    def test_numbers_wrap_on_the_physical_width(self) -> None:
        # Six instances on an array of four columns: two rows.
        mapping = Mapping((level("Reg"), level("DRAM", "", "L3X D2Y")))
        architecture = tiny_architecture(mapping)
        wide = replace(
            architecture,
            arithmetic=replace(architecture.arithmetic, instances=8, mesh_x=4, mesh_y=2),
            storage=(
                replace(architecture.storage[0], instances=8, mesh_x=4, mesh_y=2),
                architecture.storage[1],
            ),
        )
        stats = evaluate(wide, gemm({"E": 1, "D": 2, "L": 3}), mapping)
        # Weights of D=1 go to instances 3, 4, 5: column 3 of row 0, columns 0 and 1 of row 1.
        weights = network(stats, "DRAM", "Weights")
        assert weights.num_hops == ((2 + 3 * 0.5) + (3 + 3 * 0.5)) / 2


class TestImperfectFactors:
    def test_residual_in_the_last_visit(self) -> None:
        # 5 = 3 + 2: one full inner run and one of two.
        stats = run(gemm({"E": 5, "D": 1, "L": 1}), level("Reg", "E3,2"), level("DRAM", "E2"))
        assert stats.actual_computes == 5
        assert tensor(stats, "DRAM", "Weights").reads == 5
        assert stats.cycles == 3 * 2  # the cycle count is the product of the full factors

    def test_spatial_residual_uses_fewer_instances_on_average(self) -> None:
        stats = run(gemm({"E": 5, "D": 1, "L": 1}), level("Reg"), level("DRAM", "E2", "E3,2X"))
        assert stats.arithmetic.utilized_instances == 3
        assert tensor(stats, "Reg", "Weights").utilized_instances == int(3 * (2 + 3) / 2 / 3)

    def test_imperfect_outermost_spatial_loop_is_refused(self) -> None:
        mapping = Mapping((level("Reg"), level("DRAM", "", "E3,2X")))
        with pytest.raises(InvalidMapping, match="imperfect spatial"):
            evaluate(tiny_architecture(mapping), gemm({"E": 2, "D": 1, "L": 1}), mapping)


def with_bandwidth(stats_of: str, **bandwidth: float) -> Stats:
    mapping = Mapping((level("Reg", "E4"), level("DRAM", "D2 L2")))
    architecture = tiny_architecture(mapping)
    levels = tuple(replace(s, **bandwidth) if s.name == stats_of else s for s in architecture.storage)  # type: ignore[arg-type]
    return evaluate(replace(architecture, storage=levels), gemm({"E": 4, "D": 2, "L": 2}), mapping)


class TestPerformance:
    def test_bandwidth_stretches_the_cycles(self) -> None:
        free = with_bandwidth("DRAM")
        assert (free.cycles, free.bound_by) == (16, "compute")
        reads = sum(t.reads for t in free.level("DRAM").data_spaces)
        slow = with_bandwidth("DRAM", read_bandwidth=0.5)
        assert (slow.cycles, slow.bound_by) == (reads * 2, "DRAM.read")

    def test_shared_bandwidth(self) -> None:
        stats = with_bandwidth("DRAM", shared_bandwidth=0.25)
        total = sum(t.reads + t.fills + t.updates for t in stats.level("DRAM").data_spaces)
        assert (stats.cycles, stats.bound_by) == (total * 4, "DRAM.shared")

    def test_scale_of_one_tensor(self) -> None:
        scaled = with_bandwidth("DRAM", read_bandwidth=0.5, bandwidth_scale=(("Weights", 0.0),))  # type: ignore[arg-type]
        plain = with_bandwidth("DRAM", read_bandwidth=0.5)
        weights = tensor(plain, "DRAM", "Weights").reads
        assert plain.cycles - scaled.cycles == weights * 2

    def test_scale_of_an_unknown_tensor_is_refused(self) -> None:
        with pytest.raises(SpecError, match=r"'Weight'.*did you mean 'Weights'"):
            with_bandwidth("DRAM", bandwidth_scale=(("Weight", 1.0),))  # type: ignore[arg-type]

    def test_network_latency_is_added_once(self) -> None:
        stats = with_bandwidth("DRAM", network_fill_latency=5, network_drain_latency=2)
        assert stats.cycles == 16 + 7
        assert stats.network_latency_cycles == 7


class TestRefusals:
    def test_reasons_in_words(self) -> None:
        mapping = Mapping((level("Reg", "E4"), level("DRAM", "D2 L2")))
        problem = gemm({"E": 4, "D": 2, "L": 2})
        architecture = tiny_architecture(mapping, {0: 8})
        with pytest.raises(InvalidMapping, match=r"^Reg: mapped tile size 9 exceeds buffer capacity 8$"):
            evaluate(architecture, problem, mapping)
        half_empty = replace(
            architecture,
            storage=(
                replace(architecture.storage[0], size_words=24, min_utilization=0.5),
                architecture.storage[1],
            ),
        )
        with pytest.raises(InvalidMapping, match="9 is less than constrained minimum utilization 12"):
            evaluate(half_empty, problem, mapping)

    def test_double_buffering_halves_the_capacity(self) -> None:
        mapping = Mapping((level("Reg", "E4"), level("DRAM", "D2 L2")))
        architecture = tiny_architecture(mapping, {0: 17})
        reg = replace(architecture.storage[0], multiple_buffering=2.0)
        doubled = replace(architecture, storage=(reg, architecture.storage[1]))
        with pytest.raises(InvalidMapping, match="exceeds buffer capacity 8"):
            evaluate(doubled, gemm({"E": 4, "D": 2, "L": 2}), mapping)

    def test_too_many_instances(self) -> None:
        small = tiny_architecture(Mapping((level("Reg", "E2"), level("DRAM", "", "L2X"))))
        mapping = Mapping((level("Reg", "E2"), level("DRAM", "", "L2Y")))
        with pytest.raises(InvalidMapping, match="MAC: mapped max Arithmetic Y expansion 2 exceeds hardware"):
            evaluate(small, gemm({"E": 2, "D": 1, "L": 2}), mapping)

    def test_the_note_of_a_missing_split_follows_the_reason(self) -> None:
        wide = level("DRAM", "", "D2X L2X")
        plain = Mapping((level("Reg", "E2"), wide))
        noted = Mapping((level("Reg", "E2"), replace(wide, split_hint="give split: 1")))
        assert plain == noted
        square = tiny_architecture(Mapping((level("Reg", "E2"), level("DRAM", "", "D2X L2Y"))))
        problem = gemm({"E": 2, "D": 2, "L": 2})
        reason = "MAC: mapped max Arithmetic X expansion 4 exceeds hardware instances 2"
        for mapping, hint in ((plain, None), (noted, "give split: 1")):
            with pytest.raises(InvalidMapping) as caught:
                evaluate(square, problem, mapping)
            assert (caught.value.message, caught.value.hint) == (reason, hint)

    def test_bypassed_everywhere(self) -> None:
        with pytest.raises(InvalidMapping, match="Weights is bypassed in all storage levels"):
            run(
                gemm({"E": 2, "D": 1, "L": 1}),
                level("Reg", "E2", keep=("Inputs",)),
                level("DRAM", keep=("Inputs", "Outputs")),
            )

    def test_factors_must_make_the_size(self) -> None:
        with pytest.raises(InvalidMapping, match="dimension E make 2, but its size is 4"):
            run(gemm({"E": 4, "D": 1, "L": 1}), level("Reg", "E2"), level("DRAM"))

    def test_wrong_levels(self) -> None:
        mapping = Mapping((level("Reg", "E2"), level("DRAM")))
        other = Mapping((level("Reg", "E2"), level("Dram")))
        with pytest.raises(InvalidMapping, match="levels are Reg, Dram"):
            evaluate(tiny_architecture(mapping), gemm({"E": 2, "D": 1, "L": 1}), other)

    def test_a_dimension_twice_in_a_block(self) -> None:
        with pytest.raises(InvalidMapping, match="dimension E twice in the temporal block"):
            run(gemm({"E": 4, "D": 1, "L": 1}), level("Reg", "E2 E2"), level("DRAM"))


def test_outermost_bypassed_level_vanishes() -> None:
    problem = gemm({"E": 2, "D": 2, "L": 2})
    stats = run(
        problem,
        level("Reg", "E2"),
        level("Glb", "D2 L2"),
        level("DRAM", keep=("Inputs", "Outputs")),
    )
    glb = tensor(stats, "Glb", "Weights")
    assert (glb.fills, glb.tile_size) == (0, 4)
    assert tensor(stats, "DRAM", "Weights").reads == 0


def test_unit_loops_change_nothing() -> None:
    problem = gemm({"E": 4, "D": 2, "L": 2})
    unit = Loop("D", 1, 1)
    plain = (level("Reg", "E4"), level("DRAM", "D2 L2"))
    padded = (
        replace(plain[0], temporal=(unit, *plain[0].temporal)),
        replace(plain[1], spatial=(Loop("L", 1, 1, "Y"),)),
    )
    architecture = tiny_architecture(Mapping(plain))
    assert evaluate(architecture, problem, Mapping(plain)) == evaluate(architecture, problem, Mapping(padded))


# Networks with names, and the artefacts of the reference ---------------------------------------------


def _named(kind: str, mapping: Mapping, **network_fields: object) -> Architecture:
    """``tiny_architecture`` with one named network for what DRAM sends and one inferred way back."""
    plain = tiny_architecture(mapping)
    named = Network("NoC", "S.NoC", kind, **network_fields)  # type: ignore[arg-type]
    reg, dram = plain.storage
    if kind == "ReductionTree":
        storage = (replace(reg, network_drain="NoC"), replace(dram, network_update="NoC"))
    else:
        storage = (replace(reg, network_fill="NoC"), replace(dram, network_read="NoC"))
    return replace(plain, storage=storage, networks=(named,))


def _ert(**components: dict[str, float]) -> EnergyReferenceTable:
    return EnergyReferenceTable(
        tuple(
            ComponentEnergy(f"S.{name}", tuple(ActionEnergy(a, e) for a, e in actions.items()))
            for name, actions in components.items()
        )
    )


MAPPING = Mapping((level("Reg", "E3"), level("DRAM", "", "L4X")))
PROBLEM = gemm({"E": 3, "D": 1, "L": 4})


class TestArtefacts:
    def test_dummy_levels_leak(self) -> None:
        plain = tiny_architecture(MAPPING)
        dummy = replace(plain.storage[0], class_name="dummy_storage")
        architecture = replace(
            plain, storage=(dummy, plain.storage[1]), ert=_ert(Reg={"read": 1.0, "leak": 2.0})
        )
        assert evaluate(architecture, PROBLEM, MAPPING).level("Reg").leakage_pj == 2.0 * 3 * 4
        assert evaluate(architecture, PROBLEM, MAPPING, compat=None).level("Reg").leakage_pj == 0

    def test_compute_does_not_leak(self) -> None:
        architecture = replace(tiny_architecture(MAPPING), ert=_ert(MAC={"compute": 1.0, "leak": 0.5}))
        assert evaluate(architecture, PROBLEM, MAPPING).arithmetic.energy_pj == 12
        corrected = evaluate(architecture, PROBLEM, MAPPING, compat=None)
        assert corrected.arithmetic.leakage_pj == 0.5 * 3 * 4
        assert corrected.arithmetic.energy_pj == 12 + 6

    def test_last_multicast_only(self) -> None:
        # An imperfect fan-out serves groups of three, then groups of two.
        mapping = Mapping((level("Reg"), level("DRAM", "D2 L2", "L3,2X")))
        problem = gemm({"E": 1, "D": 2, "L": 5})
        architecture = replace(
            _named("SimpleMulticast", mapping, action_name="send"), ert=_ert(NoC={"send": 1.0})
        )
        rows = {}
        for compat in ("timeloop-v4", None):
            stats = evaluate(architecture, problem, mapping, compat=compat)  # type: ignore[arg-type]
            noc = next(n for n in stats.networks if n.name == "NoC")
            rows[compat] = next(t for t in noc.data_spaces if t.name == "Weights")
        ingresses = rows[None].ingresses
        assert [i.multicast for i in ingresses] == [2, 3]
        assert rows["timeloop-v4"].energy_per_instance_pj == ingresses[-1].accesses
        assert rows[None].energy_per_instance_pj == sum(i.accesses for i in ingresses)

    def test_fill_latency_twice(self) -> None:
        architecture = _named("ReductionTree", MAPPING, fill_latency=3, drain_latency=7)
        assert evaluate(architecture, PROBLEM, MAPPING).network_latency_cycles == 3
        assert evaluate(architecture, PROBLEM, MAPPING, compat=None).network_latency_cycles == 7

    def test_single_precision_areas(self) -> None:
        art = AreaReferenceTable((("S.Reg", 0.1),))
        architecture = replace(tiny_architecture(MAPPING), art=art)
        assert evaluate(architecture, PROBLEM, MAPPING).area_um2 == 4 * 0.10000000149011612
        assert evaluate(architecture, PROBLEM, MAPPING, compat=None).area_um2 == 4 * 0.1

    def test_whole_counts(self) -> None:
        # Bypassing after an imperfect fan-out makes fractional accesses.
        mapping = Mapping(
            (
                level("Reg", keep=("Weights", "Inputs")),
                level("Glb", "E2", "E3,2X", keep=("Weights", "Inputs")),
                level("DRAM", "L2"),
            )
        )
        problem = gemm({"E": 5, "D": 1, "L": 2})
        architecture = tiny_architecture(mapping)
        whole = network(evaluate(architecture, problem, mapping), "Glb", "Outputs")
        exact = network(evaluate(architecture, problem, mapping, compat=None), "Glb", "Outputs")
        assert float(whole.spatial_reductions).is_integer()
        assert exact.spatial_reductions == sum((i.multicast - 1) * i.accesses for i in exact.ingresses)

    def test_one_reduction_tree(self) -> None:
        mapping = Mapping((level("Reg", "L3"), level("Glb", "", "E4X"), level("DRAM", "", "D2X")))
        problem = gemm({"E": 4, "D": 2, "L": 3})
        plain = tiny_architecture(mapping)
        reg, glb, dram = plain.storage
        architecture = replace(
            plain,
            storage=(replace(reg, network_drain="NoC"), replace(glb, network_update="NoC"), dram),
            networks=(Network("NoC", "S.NoC", "ReductionTree", adder_energy=1.0),),
        )
        energies = {}
        for compat in ("timeloop-v4", None):
            stats = evaluate(architecture, problem, mapping, compat=compat)  # type: ignore[arg-type]
            energies[compat] = next(n for n in stats.networks if n.name == "NoC").energy_pj
        assert energies == {"timeloop-v4": 3 * 3, None: 3 * 3 * 2}

    def test_negative_fills_wrap(self) -> None:
        # Two of six units are used, but the reference averages the words that come back over all six: 1
        # for each, less the 3 words of its partition.
        mapping = Mapping((level("Reg", "D3"), level("DRAM", "", "L6,2X")))
        problem = gemm({"E": 1, "D": 3, "L": 2})
        architecture = tiny_architecture(mapping)
        wrapped = tensor(evaluate(architecture, problem, mapping), "Reg", "Outputs")
        corrected = tensor(evaluate(architecture, problem, mapping, compat=None), "Reg", "Outputs")
        assert (wrapped.fills, wrapped.updates, wrapped.address_generations) == (2**64 - 2, 3, 1)
        assert (corrected.fills, corrected.updates, corrected.address_generations) == (0, 3, 3)

    def test_whole_instances(self) -> None:
        # E = 4 + 3: two visits use 3.5 of 4 units on average, of which the reference counts 3.
        mapping = Mapping((level("Reg", "D5 L6"), level("DRAM", "E2", "E4,3X")))
        problem = gemm({"E": 7, "D": 5, "L": 6})
        architecture = replace(
            tiny_architecture(mapping), ert=_ert(MAC={"compute": 2.0}, Reg={"read": 1.0, "leak": 0.5})
        )
        cut = evaluate(architecture, problem, mapping)
        true = evaluate(architecture, problem, mapping, compat=None)
        assert cut.macs == true.macs == 7 * 5 * 6
        assert (cut.actual_computes, true.actual_computes) == (3 * 5 * 6 * 2, 7 * 5 * 6)
        assert (cut.arithmetic.compute_energy_pj, true.arithmetic.energy_pj) == (2.0, 210 * 2.0)
        assert cut.cycles == true.cycles == 5 * 6 * 2
        assert (cut.utilization, true.utilization) == (180 / 4 / 60, 210 / 4 / 60)
        for stats, instances in ((cut, 3.0), (true, 3.5)):
            weights = tensor(stats, "Reg", "Weights")
            assert (weights.utilized_instances, weights.reads) == (instances, 60)
            assert weights.storage_energy_pj == instances * weights.energy_per_instance_pj > 0
            assert stats.level("Reg").leakage_pj == 0.5 * 60 * instances
            every = sum(t.reads + t.fills + t.updates for t in stats.level("Reg").data_spaces)
            assert stats.level("Reg").accesses == int(instances * every)

    def test_whole_instances_of_a_larger_gemm(self) -> None:
        mapping = Mapping((level("Reg"), level("Glb", "", "D4,3X"), level("DRAM", "E97 L101 D21")))
        problem = gemm({"E": 97, "D": 83, "L": 101})
        architecture = tiny_architecture(mapping)
        assert evaluate(architecture, problem, mapping).actual_computes == 617_211
        true = evaluate(architecture, problem, mapping, compat=None)
        assert true.actual_computes == problem.macs == 813_151
        reg = tensor(true, "Reg", "Weights")
        # One read for each operation.
        assert reg.reads * reg.utilized_instances == pytest.approx(813_151, rel=1e-12)

    def test_a_residual_that_the_first_unit_never_sees(self) -> None:
        # Two units with 3 and 2 iterations: the reference counts 3 for both.
        mapping = Mapping((level("Reg", "L3,2"), level("DRAM", "", "L2X")))
        problem = gemm({"E": 1, "D": 1, "L": 5})
        architecture = tiny_architecture(mapping)
        assert evaluate(architecture, problem, mapping).actual_computes == 6
        assert evaluate(architecture, problem, mapping, compat=None).actual_computes == 5

    def test_whole_instances_do_not_concern_perfect_mappings(self) -> None:
        architecture = tiny_architecture(MAPPING)
        assert evaluate(architecture, PROBLEM, MAPPING) == evaluate(
            architecture, PROBLEM, MAPPING, compat=None
        )


def test_unknown_compatibility_mode() -> None:
    with pytest.raises(SpecError, match="unknown compatibility mode 'timeloop'"):
        evaluate(tiny_architecture(MAPPING), PROBLEM, MAPPING, compat="timeloop")  # type: ignore[arg-type]


class TestNamedNetworks:
    def test_reduction_tree_cannot_carry_reads(self) -> None:
        architecture = _named("Legacy", MAPPING)
        tree = replace(
            architecture, networks=(replace(architecture.networks[0], class_name="ReductionTree"),)
        )
        with pytest.raises(Unsupported, match="can only carry updates"):
            evaluate(tree, PROBLEM, MAPPING)

    def test_multicast_without_energies(self) -> None:
        with pytest.raises(EstimationError, match="no energies for the network 'NoC'"):
            evaluate(_named("SimpleMulticast", MAPPING, action_name="send"), PROBLEM, MAPPING)

    def test_legacy_wire_and_router_energy(self) -> None:
        architecture = _named("Legacy", MAPPING, energy_per_hop=2.0, router_energy=3.0)
        noc = next(n for n in evaluate(architecture, PROBLEM, MAPPING).networks if n.name == "NoC")
        inputs = next(t for t in noc.data_spaces if t.name == "Inputs")
        # 3 words to each of 4 columns, 0 to 3 hops: 1.5 on average, and 1 + floor(1.5) routers a word.
        assert inputs.energy_pj == pytest.approx(12 * 1.5 * 2.0 + 12 * 2 * 3.0)

    def test_unused_network_is_not_evaluated(self) -> None:
        plain = tiny_architecture(MAPPING)
        architecture = replace(plain, networks=(Network("Idle", "S.Idle", "Legacy"),))
        idle = next(n for n in evaluate(architecture, PROBLEM, MAPPING).networks if n.name == "Idle")
        assert not idle.evaluated

    def test_receiver_that_cannot_add_doubles_the_traffic(self) -> None:
        plain = tiny_architecture(MAPPING)
        dram = replace(plain.storage[1], reduction_supported=None)  # a DRAM cannot add by itself
        stats = evaluate(replace(plain, storage=(plain.storage[0], dram)), PROBLEM, MAPPING)
        outputs = network(stats, "DRAM", "Outputs")
        assert [i.accesses for i in outputs.ingresses] == [2 * 4 - 4]


class TestEnergies:
    def test_action_names_and_fall_backs(self) -> None:
        plain = tiny_architecture(MAPPING, {0: 64})
        with_fill = replace(plain, ert=_ert(Reg={"read": 1.0, "random_fill": 5.0, "write": 3.0}))
        weights = tensor(evaluate(with_fill, PROBLEM, MAPPING), "Reg", "Weights")
        assert weights.cluster_access_energy_pj == weights.reads * 1.0 + weights.fills * 5.0

    def test_own_access_energy_wins_over_the_ert(self) -> None:
        plain = tiny_architecture(MAPPING, {0: 64})
        reg = replace(plain.storage[0], vector_access_energy=2.0)
        architecture = replace(
            plain, storage=(reg, plain.storage[1]), ert=_ert(Reg={"read": 1.0, "write": 1.0, "leak": 9.0})
        )
        found = evaluate(architecture, PROBLEM, MAPPING).level("Reg")
        weights = next(t for t in found.data_spaces if t.name == "Weights")
        assert weights.cluster_access_energy_pj == 2.0 * (weights.reads + weights.fills)
        assert found.leakage_pj == 0
        assert found.vector_access_energy_source == "user"

    def test_blocks_are_rounded_up(self) -> None:
        plain = tiny_architecture(MAPPING, {0: 64})
        reg = replace(plain.storage[0], block_size=2, vector_access_energy=1.0)
        stats = evaluate(replace(plain, storage=(reg, plain.storage[1])), PROBLEM, MAPPING)
        weights = tensor(stats, "Reg", "Weights")
        assert (weights.reads, weights.fills) == (3, 3)
        assert weights.cluster_access_energy_pj == 2 + 2

    def test_power_gating_by_a_level_outside(self) -> None:
        mapping = Mapping((level("Reg", "E3"), level("Glb"), level("DRAM", "L4")))
        plain = tiny_architecture(mapping)
        reg = replace(plain.storage[0], instances=8, mesh_x=8, power_gated_at="Glb")
        architecture = replace(
            plain,
            arithmetic=replace(plain.arithmetic, instances=8, mesh_x=8),
            storage=(reg, *plain.storage[1:]),
            ert=_ert(Reg={"read": 1.0, "leak": 1.0}),
        )
        assert evaluate(architecture, PROBLEM, mapping).level("Reg").leaks_per_cycle == 8

    def test_total_is_the_sum(self) -> None:
        architecture = replace(
            tiny_architecture(MAPPING, {0: 64}),
            ert=_ert(Reg={"read": 1.0, "leak": 0.1}, MAC={"compute": 2.0}),
        )
        stats = evaluate(architecture, PROBLEM, MAPPING)
        parts = [stats.arithmetic.energy_pj, *(lv.energy_pj for lv in stats.levels)]
        parts += [n.energy_pj for n in stats.networks]
        assert stats.energy_pj == pytest.approx(sum(parts))
