"""Two small architectures for the fusion tests, as plain dataclasses: Gemmini and the analog PIM array.

Only what fusing looks at is filled in: level names, sizes, fan-outs and constraints.
"""

from __future__ import annotations

from harness.spec.architecture import Architecture, ArithmeticLevel, StorageLevel
from harness.spec.constraints import BlockConstraint, Constraints, FactorConstraint, LevelConstraints

GEMMINI_LEVELS = ("DRAM", "Accumulator", "Registers")
PIM_LEVELS = ("DRAM", "shared_glb", "scratchpad")
ALL = ("Weights", "Inputs", "Outputs")


def storage(name, size, mesh_x=1, mesh_y=1):
    return StorageLevel(
        name=name,
        full_name=f"System.{name}",
        class_name="DRAM" if size is None else "SRAM",
        technology="DRAM" if size is None else "SRAM",
        instances=mesh_x * mesh_y,
        mesh_x=mesh_x,
        mesh_y=mesh_y,
        word_bits=8,
        block_size=1,
        size_words=size,
    )


def architecture(*inner_to_outer, macs_x=1, macs_y=1):
    mac = ArithmeticLevel("MAC", "System.MAC", "intmac", macs_x * macs_y, macs_x, macs_y)
    return Architecture("System", mac, tuple(inner_to_outer))


def factors(text):
    """Factor constraints from "D=1 E<=4"."""
    found = []
    for word in text.split():
        for relation in ("<=", ">=", "="):
            if relation in word:
                dimension, value = word.split(relation)
                found.append(FactorConstraint(dimension, relation, int(value)))
                break
    return tuple(found)


def level(name, *, keep="", bypass="", temporal=None, order="", spatial=None):
    """Constraints of a level; data spaces by their initials, as in keep="WI"."""
    block = None
    if temporal is not None or order:
        block = BlockConstraint(factors(temporal or ""), tuple(order), permutation_given=bool(order))
    names = {space[0]: space for space in ALL}
    return LevelConstraints(
        name,
        temporal=block,
        spatial=BlockConstraint(factors(spatial)) if spatial is not None else None,
        keep=frozenset(names[c] for c in keep),
        bypass=frozenset(names[c] for c in bypass),
    )


def container(name, spatial):
    still = "E=1 D=1 R=1 S=1 N=1 L=1 Q=1 G=1"
    return level(name, bypass="WIO", temporal=still, order="EDRSNLQG", spatial=spatial)


GEMMINI = architecture(
    storage("Registers", 1, 16, 16),
    storage("inter_PECols_spatial", 1, 1, 16),
    storage("Accumulator", 4096, 1, 16),
    storage("inter_PERows_spatial", 1),
    storage("Scratchpad", 524288),
    storage("DRAM", None),
    macs_x=16,
    macs_y=16,
)
GEMMINI_CONSTRAINTS = Constraints(
    (
        level("Registers", keep="W", bypass="IO", temporal="E=1 D=1 L=16", order="EDL"),
        container("inter_PECols_spatial", "D=1 L=1 E=16"),
        level("Accumulator", keep="O", bypass="WI"),
        container("inter_PERows_spatial", "E=1 L=1 D=16"),
        level("Scratchpad", keep="WI", bypass="O", temporal="D=1"),
        level("DRAM", keep="WIO"),
    )
)

GEMMINI_NORM = architecture(
    storage("Registers_Inputs", 1024),
    storage("Registers_Outputs", 1024),
    storage("Registers", 3),
    storage("Accumulator", 65536),
    storage("Scratchpad", 524288),
    storage("DRAM", None),
)


def gemmini_norm_constraints(chunks, columns, chunk=1024):
    return Constraints(
        (
            level("Registers_Inputs", keep="I", bypass="WO", temporal=f"E={chunk} L=1", order="EDL"),
            level("Registers_Outputs", keep="O", bypass="WI", temporal="D=1 E=1 L=1"),
            level("Registers", keep="W", bypass="IO", temporal="D=1 E=1 L=1"),
            level("Accumulator", keep="I", bypass="WO", temporal=f"E={chunks} L={columns}", order="EDL"),
            level("Scratchpad", keep="IO", bypass="W"),
            level("DRAM", keep="IO", bypass="W"),
        )
    )


SOFTMAX_CONSTRAINTS = gemmini_norm_constraints(4, 16)
LAYERNORM_CONSTRAINTS = gemmini_norm_constraints(1, 64)

PIM = architecture(
    storage("scratchpad", 1, 128, 128),
    storage("inter_PECols_spatial", 1, 1, 128),
    storage("inter_PERows_spatial", 1),
    storage("dummy_buffer", 0),
    storage("shared_glb", 262144),
    storage("DRAM", None),
    macs_x=128,
    macs_y=128,
)
PIM_CONSTRAINTS = Constraints(
    (
        level("scratchpad", keep="W", bypass="IO", temporal="D=1 E=1 L=1"),
        container("inter_PECols_spatial", "L=1 D=1 E>=32"),
        container("inter_PERows_spatial", "L=1 E=1 D>=32"),
        level("dummy_buffer", bypass="WIO", temporal="D=1 E=1 L=1"),
    )
)

PIM_NORM = architecture(
    storage("Registers_Inputs", 1024),
    storage("Registers_Outputs", 1024),
    storage("Registers", 3),
    storage("IMC_as_buffer", 32768),
    storage("shared_glb", 262144),
    storage("DRAM", None),
)
PIM_NORM_CONSTRAINTS = Constraints(
    (
        level("Registers_Inputs", keep="I", bypass="WO", temporal="E=1024 L=1", order="EDL"),
        level("Registers_Outputs", keep="O", bypass="WI", temporal="D=1 E=1 L=1"),
        level("Registers", keep="W", bypass="IO", temporal="D=1 E=1 L=1"),
        level("IMC_as_buffer", bypass="WIO", temporal="D=1 E=1 L=1"),
        level("shared_glb", keep="IO", bypass="W", temporal="E=4 L=32", order="EDL"),
        level("DRAM", keep="IO", bypass="W"),
    )
)
