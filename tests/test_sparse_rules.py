"""Single rules of sparse optimisations on examples that can be checked by hand."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from harness.errors import InvalidMapping, SpecError, Unsupported
from harness.model import evaluate
from harness.model.compat import artefacts
from harness.model.kernels.machine import machine_of
from harness.model.stats import SparseStats, Stats
from harness.spec.architecture import Architecture
from harness.spec.flattened import read_architecture, read_mapping, read_problem
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem

PRICES = {
    "read": 10.0, "write": 20.0, "update": 30.0, "gated_read": 1.0, "skipped_read": 0.5,
    "metadata_read": 2.0, "metadata_write": 3.0, "decompression_count": 4.0, "compression_count": 5.0,
}  # fmt: skip
UNIT = {"compute": 1.0, "compute_gated": 0.25, "compute_skipped": 0.125}


def product(m: int = 4, n: int = 4, k: int = 8, **densities: Any) -> Problem:
    """``Z[m, n] += A[m, k] B[n, k]``."""
    return read_problem(
        {
            "shape": {
                "name": "product",
                "dimensions": ["M", "N", "K"],
                "data_spaces": [
                    {"name": "A", "projection": [[["M"]], [["K"]]]},
                    {"name": "B", "projection": [[["N"]], [["K"]]]},
                    {"name": "Z", "projection": [[["M"]], [["N"]]], "read_write": True},
                ],
            },
            "instance": {"M": m, "N": n, "K": k, "densities": densities},
        }
    )


def machine(*targets: dict[str, Any], units: int = 1, **buffer: Any) -> Architecture:
    """A DRAM and a buffer, both with storage for metadata, and ``units`` multipliers along X."""
    metadata = {"metadata_storage_width": 32, "metadata_datawidth": 4}
    support = {"decompression_supported": True, "compression_supported": True}
    tables = [("DRAM", PRICES), ("Buffer", PRICES), (f"MAC[1..{units}]" if units > 1 else "MAC", UNIT)]
    return read_architecture(
        {
            "architecture": {
                "subtree": [
                    {
                        "name": "S",
                        "local": [
                            {"name": "DRAM", "class": "DRAM", "attributes": {"datawidth": 8, **metadata}},
                            {
                                "name": "Buffer",
                                "class": "storage",
                                "attributes": {
                                    **{"datawidth": 8, "depth": 4096, "metadata_storage_depth": 4096},
                                    **{"block_size": 1, **metadata, **support, **buffer},
                                },
                            },
                            {"name": tables[2][0], "class": "intmac", "attributes": {"meshX": units}},
                        ],
                    }
                ]
            },
            "ERT": {
                "tables": [
                    {
                        "name": f"S.{name}",
                        "actions": [{"name": a, "energy": pj, "arguments": {}} for a, pj in prices.items()],
                    }
                    for name, prices in tables
                ]
            },
            "sparse_optimizations": {"targets": list(targets)},
        },
    )


def mapped(architecture: Architecture, problem: Problem, *directives: dict[str, Any]) -> Mapping:
    inside = ({"target": "Buffer", "type": "temporal", "factors": "M=0 N=0 K=0", "permutation": "KNM"},)
    return read_mapping(directives or inside, architecture, problem)


def run(
    architecture: Architecture, problem: Problem, *directives: dict[str, Any], compat: Any = "timeloop-v4"
) -> Stats:
    return evaluate(architecture, problem, mapped(architecture, problem, *directives), compat)


def of(stats: Stats, level: str, tensor: str) -> SparseStats:
    found = next(d for d in stats.level(level).data_spaces if d.name == tensor).sparse
    assert found is not None
    return found


def action(kind: str, target: str, *conditions: str) -> dict[str, Any]:
    return {"type": kind, "options": [{"target": target, "condition_on": list(conditions)}]}


def at(level: str, *actions: dict[str, Any], **formats: list[str]) -> dict[str, Any]:
    """Formats from the outermost rank to the innermost."""
    found: dict[str, Any] = {"name": level}
    if actions:
        found["action_optimization"] = list(actions)
    if formats:
        spaces = [{"name": name, "ranks": [{"format": f} for f in of_it]} for name, of_it in formats.items()]
        found["representation_format"] = {"data_spaces": spaces}
    return found


def both(*actions: dict[str, Any], **formats: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same formats outside and inside (nothing is packed on the way in); actions inside."""
    return at("DRAM", **formats), at("Buffer", *actions, **formats)


def test_gating_takes_its_time_and_costs_less() -> None:
    stats = run(machine(at("Buffer", action("gating", "B", "A"))), product(A=0.25))
    # 128 operations read B; A is zero in three of four.
    assert dict(of(stats, "Buffer", "B").scalar_accesses) == {
        "random_read": 32, "gated_read": 96, "random_fill": 32,
    }  # fmt: skip
    b = stats.level("Buffer").data_spaces[1]
    assert b.storage_energy_pj == 32 * 10.0 + 96 * 1.0 + 32 * 20.0
    assert b.address_generations == 32 + 96 + 32
    assert stats.arithmetic.actual_computes == 32
    assert stats.cycles == 32


def test_skipping_saves_addresses_too() -> None:
    stats = run(machine(at("Buffer", action("skipping", "B", "A"))), product(A=0.25))
    assert of(stats, "Buffer", "B").scalar_accesses["skipped_read"] == 96
    b = stats.level("Buffer").data_spaces[1]
    assert b.storage_energy_pj == 32 * 10.0 + 96 * 0.5 + 32 * 20.0
    assert b.address_generations == 32 + 32


def test_both_operands_saved_leave_what_both_leave() -> None:
    actions = action("skipping", "B", "A"), action("skipping", "A", "B")
    stats = run(machine(*both(*actions, A=["UOP", "CP"], B=["UOP", "CP"])), product(A=0.25, B=0.5))
    assert of(stats, "Buffer", "A").scalar_accesses["random_read"] == 16  # 128 x 0.25 (packed) x 0.5
    assert of(stats, "Buffer", "B").scalar_accesses["random_read"] == 16
    assert stats.arithmetic.actual_computes == 16
    assert stats.arithmetic.algorithmic_computes == 128


def test_only_the_larger_of_two_savings_counts() -> None:
    actions = action("gating", "B", "A"), action("skipping", "B", "Z")
    stats = run(machine(at("Buffer", *actions)), product(A=0.25, Z=0.5))
    accesses = of(stats, "Buffer", "B").scalar_accesses
    assert accesses["gated_read"] == 96
    assert "skipped_read" not in accesses


def test_zero_operands_gate_or_skip_operations() -> None:
    problem = product(A=0.5, B=0.5)
    plain = run(machine(*both(A=["UOP", "CP"])), problem)
    assert plain.arithmetic.actual_computes == 128
    gate = {"name": "MAC", "compute_optimization": [{"type": "gating"}]}
    gated = run(machine(gate), problem).arithmetic
    # Nobody knows of the zeros before they are there: one operation in four has two values.
    assert (gated.actual_computes, gated.gated_computes, gated.skipped_computes) == (32, 96, 0)
    assert gated.energy_pj == 32 * 1.0 + 96 * 0.25
    assert gated.cycles == 128
    skip = {"name": "MAC", "compute_optimization": [{"type": "skipping"}]}
    skipped = run(machine(*both(A=["UOP", "CP"]), skip), problem).arithmetic
    # Zeros of A are not there, those of B are.
    assert (skipped.actual_computes, skipped.gated_computes, skipped.skipped_computes) == (64, 0, 64)
    assert skipped.energy_pj == 64 * 1.0 + 64 * 0.125
    assert skipped.cycles == 64


def test_operations_without_operands_vanish() -> None:
    formats: dict[str, list[str]] = {"A": ["UOP", "CP"], "B": ["UOP", "CP"]}
    skip = {"name": "MAC", "compute_optimization": [{"type": "skipping"}]}
    unit = run(machine(*both(**formats), skip), product(A=0.5, B=0.5)).arithmetic
    assert (unit.actual_computes, unit.skipped_computes) == (32, 64)


@pytest.mark.parametrize(
    ("ranks", "units", "compressed"),
    [
        # A is 4 x 8 words with density 1/4: each row of 8 has 2.
        (["UOP", "CP"], ((8, 0), (0, 5)), True),
        (["UOP", "RLE"], ((8, 0), (0, 5)), True),
        (["UOP", "B"], ((32, 0), (0, 5)), True),
        (["CP", "CP"], ((8, 0), (4, 4)), True),
        (["B", "B"], ((32, 0), (4, 4)), True),
        (["UB", "UB"], ((32, 0), (4, 4)), False),
    ],
)
def test_metadata_of_the_formats(
    ranks: list[str], units: tuple[tuple[int, int], ...], compressed: bool
) -> None:
    stats = run(machine(*both(A=ranks)), product(A=0.25))
    found = of(stats, "Buffer", "A")
    assert found.metadata_tile_size == units
    assert found.compressed is compressed
    assert found.format == " ".join(ranks).lower()
    assert found.expected_occupancy == 8
    # A tile of 32 words is read 128 / 32 times, with all its metadata.
    assert found.metadata_accesses["random_metadata_read"] == tuple((4 * m, 4 * p) for m, p in units)
    bits = sum((1 if f == "B" else 4) * m + 4 * p for f, (m, p) in zip(reversed(ranks), units, strict=True))
    assert found.metadata_tile_bits == bits


def test_flattened_ranks_take_loops_together() -> None:
    targets = both(A=["CP"])
    for target in targets:
        target["representation_format"]["data_spaces"][0]["ranks"][0]["flattened_rankIDs"] = [["M", "K"]]
    assert of(run(machine(*targets), product(A=0.25)), "Buffer", "A").metadata_tile_size == ((8, 0),)
    with pytest.raises(InvalidMapping, match="more compression ranks needed"):
        run(machine(*both(A=["CP"])), product(A=0.25))


def test_a_packed_tile_is_given_room_for_what_it_holds() -> None:
    packed = run(machine(*both(A=["UOP", "CP"]), depth=8 + 32 + 16), product(A=0.25))
    assert next(d for d in packed.level("Buffer").data_spaces if d.name == "A").utilized_capacity == 8
    with pytest.raises(InvalidMapping, match="mapped tile size 56 exceeds buffer capacity 55"):
        run(machine(*both(A=["UOP", "CP"]), depth=55), product(A=0.25))
    with pytest.raises(InvalidMapping, match=r"mapped metadata tile size 52 exceeds .* capacity 32"):
        run(machine(*both(A=["UOP", "CP"]), metadata_storage_depth=1), product(A=0.25))


def test_unpacking_counts_words_that_arrive() -> None:
    stats = run(machine(at("DRAM", A=["UOP", "CP"], Z=["UOP", "CP"])), product(A=0.25, Z=0.5))
    assert of(stats, "Buffer", "A").scalar_accesses["decompression_count"] == 32
    assert of(stats, "Buffer", "Z").scalar_accesses["compression_count"] == 8  # half of 16 updates outside
    for what in ("decompression", "compression"):
        with pytest.raises(InvalidMapping, match=rf"Buffer: {what} .* needed but not supported"):
            run(
                machine(at("DRAM", A=["UOP", "CP"], Z=["UOP", "CP"]), **{f"{what}_supported": False}),
                product(),
            )


def test_spatial_skipping_needs_fewer_instances() -> None:
    architecture = machine(*both(action("skipping_spatial", "B", "A"), A=["UOP", "UOP", "CP"]), units=8)
    directives = (
        {"target": "Buffer", "type": "spatial", "factors": "M=1 N=1 K=8", "permutation": "KMN", "split": 3},
        {"target": "Buffer", "type": "temporal", "factors": "M=0 N=0 K=1", "permutation": "NMK"},
    )
    stats = run(architecture, product(A=0.25), *directives)
    # Two of eight coordinates of each row are there at most, and on average.
    assert stats.arithmetic.utilized_x_expansion == 8  # Z needs all of them
    assert stats.arithmetic.average_instances == 8.0
    assert stats.arithmetic.actual_computes < stats.arithmetic.algorithmic_computes


def test_bandwidth_counts_metadata_and_gated_accesses() -> None:
    narrow = {"read_bandwidth": 1}
    dense = run(machine(at("Buffer", action("gating", "B", "A")), **narrow), product(A=0.25))
    # 128 reads of A, 128 of B (96 of them gated), 112 of Z in 32 cycles of computing.
    assert dense.cycles == 128 + 128 + 112
    packed = run(machine(*both(A=["UOP", "CP"]), **narrow), product(A=0.25))
    # 32 words of A with 4 x (8 + 5) x 4 bits in words of 8, 128 of B and 112 of Z.
    assert packed.cycles == 32 + 4 * 13 * 4 // 8 + 128 + 112


def test_the_order_of_unit_loops_counts() -> None:
    """A unit loop stands for what lies inside it, in its written place."""
    problem = product(A=0.5)
    found = []
    for order in ("MKN", "KMN"):
        architecture = machine(at("DRAM", A=["UOP", "UB"]))
        directives = (
            {"target": "Buffer", "type": "temporal", "factors": "M=0 N=0 K=0", "permutation": "KNM"},
            {"target": "DRAM", "type": "temporal", "factors": "M=1 N=1 K=1", "permutation": order},
        )
        mapping = mapped(architecture, problem, *directives)
        assert mapping.levels[1].temporal_order == tuple(order)
        found.append(of(evaluate(architecture, problem, mapping), "DRAM", "A").metadata_tile_size)
    # Neither loop of the DRAM does anything itself. The outer one makes 8 columns (9 offsets) or 4 rows (5).
    assert found == [((32, 0), (0, 9)), ((32, 0), (0, 5))]


def test_dense_hardware_is_not_concerned() -> None:
    """Densities alone change nothing, and hardware with optimisations on dense tensors saves nothing."""
    dense = machine()
    assert dense.sparse is None
    with_density, without = product(A=0.25, B="0.5"), product()
    assert run(dense, with_density) == run(dense, without)
    saved = run(machine(at("Buffer", action("skipping", "B", "A"))), without)
    plain = run(dense, without)
    assert saved.energy_pj == plain.energy_pj
    assert saved.cycles == plain.cycles


def test_slips_of_the_reference_are_mended_without_compatibility() -> None:
    """An inner level that would save less than the outer one: the reference counts below zero."""
    targets = (
        at("DRAM", action("skipping", "B", "A")),
        at("Buffer", action("skipping", "B", "A")),
    )
    problem = product(A={"distribution": "hypergeometric", "density": 0.05})
    directives = (
        {"target": "Buffer", "type": "temporal", "factors": "M=1 N=0 K=1", "permutation": "NMK"},
        {"target": "DRAM", "type": "temporal", "factors": "M=0 N=1 K=0", "permutation": "MKN"},
    )
    architecture = machine(*targets)
    reference = of(run(architecture, problem, *directives), "Buffer", "B").scalar_accesses
    mended = of(run(architecture, problem, *directives, compat=None), "Buffer", "B").scalar_accesses
    assert all(count < 2**32 for count in mended.values())
    assert reference["random_fill"] == mended["random_fill"]


def test_what_is_not_modelled_is_said() -> None:
    operands = product()
    three = replace(
        operands,
        data_spaces=(*operands.data_spaces, replace(operands.data_spaces[0], name="C")),
    )
    with pytest.raises(Unsupported, match="need two operands"):
        run(machine(at("Buffer", action("gating", "B", "A"))), three)
    with pytest.raises(Unsupported, match="compressed further inside"):
        run(machine(at("Buffer", A=["UOP", "CP"])), product(A=0.5))
    with pytest.raises(SpecError, match="unknown data space 'C'"):
        run(machine(at("Buffer", action("gating", "C", "A"))), operands)
    with pytest.raises(SpecError, match="unknown data space 'Q'"):
        run(machine(at("Buffer", Q=["CP"])), operands)
    with pytest.raises(SpecError, match="square"):
        run(machine(*both(A=["CP"])), product(A={"distribution": "banded", "band_width": 1}))


def test_batch_kernels_refuse() -> None:
    architecture = machine(at("Buffer", action("gating", "B", "A")))
    with pytest.raises(Unsupported, match="mapping by mapping"):
        machine_of(architecture, product(), artefacts("timeloop-v4"))
