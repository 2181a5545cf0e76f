"""Tiny problems, architectures and random mappings for tests of the model."""

from __future__ import annotations

from math import prod

from hypothesis import strategies as st

from harness.spec.architecture import Architecture, ArithmeticLevel, StorageLevel
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.spec.problem import DataSpace, Problem, Term

LEVELS = ("Reg", "Buf", "Glb", "DRAM")
TENSORS = ("Weights", "Inputs", "Outputs")


def gemm(sizes: dict[str, int]) -> Problem:
    def ranks(letters: str) -> tuple[tuple[Term, ...], ...]:
        return tuple((Term(d),) for d in letters)

    tensors = (
        DataSpace("Weights", ranks("ED")),
        DataSpace("Inputs", ranks("EL")),
        DataSpace("Outputs", ranks("DL"), read_write=True),
    )
    return Problem("gemm", tuple(sizes), tuple(sizes.values()), tensors)


def tiny_architecture(mapping: Mapping, capacities: dict[int, int] | None = None) -> Architecture:
    """Exactly the instances that ``mapping`` uses; unbounded levels unless ``capacities`` says otherwise."""
    capacities = capacities or {}
    levels = []
    x = y = 1
    for number in reversed(range(len(mapping.levels))):
        level = mapping.levels[number]
        levels.append(
            StorageLevel(
                name=level.level,
                full_name=f"S.{level.level}",
                class_name="DRAM" if number == len(mapping.levels) - 1 else "SRAM",
                technology="DRAM" if number == len(mapping.levels) - 1 else "SRAM",
                instances=x * y,
                mesh_x=x,
                mesh_y=y,
                word_bits=8,
                block_size=1,
                size_words=capacities.get(number),
                reduction_supported=True,
            )
        )
        x *= prod(loop.factor for loop in level.spatial if loop.axis == "X")
        y *= prod(loop.factor for loop in level.spatial if loop.axis == "Y")
    unit = ArithmeticLevel("MAC", "S.MAC", "intmac", instances=x * y, mesh_x=x, mesh_y=y)
    return Architecture("tiny", unit, tuple(reversed(levels)))


@st.composite
def random_mappings(draw: st.DrawFn) -> tuple[Problem, Mapping]:
    """A GEMM with up to 144 operations and a perfect mapping with random loops and bypassing."""
    slots = [(level, kind) for level in range(len(LEVELS)) for kind in ("temporal", "spatial")]
    loops: dict[tuple[int, str], dict[str, int]] = {slot: {} for slot in slots}
    sizes = {"E": 1, "D": 1, "L": 1}
    for prime in draw(st.lists(st.sampled_from((2, 2, 2, 3)), max_size=6)):
        dimension = draw(st.sampled_from("EDL"))
        if prod(sizes.values()) * prime > 144:
            continue
        slot = loops[draw(st.sampled_from(slots))]
        slot[dimension] = slot.get(dimension, 1) * prime
        sizes[dimension] *= prime
    levels = []
    for number, name in enumerate(LEVELS):
        temporal = draw(st.permutations(sorted(loops[number, "temporal"])))
        spatial = draw(st.permutations(sorted(loops[number, "spatial"])))
        split = draw(st.integers(0, len(spatial)))
        kept = TENSORS if name == "DRAM" else draw(st.sets(st.sampled_from(TENSORS)))
        levels.append(
            LevelMapping(
                name,
                temporal=tuple(Loop(d, f, f) for d in temporal if (f := loops[number, "temporal"][d]) > 1),
                spatial=tuple(
                    Loop(d, f, f, "X" if place < split else "Y")
                    for place, d in enumerate(spatial)
                    if (f := loops[number, "spatial"][d]) > 1
                ),
                keep=frozenset(kept),
                no_link_transfer=frozenset(TENSORS),
            )
        )
    return gemm(sizes), Mapping(tuple(levels))
