"""Fusing one side of a pair: constraints in, constraints out, or the reason why it cannot be."""

from __future__ import annotations

from dataclasses import replace

from harness.errors import EmptyMapSpace
from harness.fusion.constraints import fused_matmul_constraints, fused_norm_constraints
from harness.fusion.plan import COMMAND, Fusion
from harness.fusion.residence import overflow, refuse_without_home
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.workloads.layer import Layer


def fuse(constraints: Constraints, architecture: Architecture, layer: Layer, fusion: Fusion) -> Constraints:
    """The constraints of ``layer`` (either side of ``fusion.pair``) when fused.

    ``architecture`` and ``constraints`` are those of that layer: the norm-op variant of an architecture for
    the consumer. At the outermost level only the producer's loop order changes.

    Raises SpecError when a demand of the user's contradicts fusing, Unsupported when the level does not
    keep the intermediate, EmptyMapSpace when a level is too small for what it would have to keep.
    """
    if layer == fusion.pair.producer:
        return _fuse_producer(constraints, architecture, layer, fusion)
    if layer == fusion.pair.consumer:
        return _fuse_consumer(constraints, architecture, layer, fusion)
    raise ValueError(f"{layer.name} is not a side of {fusion.pair.name}")


def _fuse_producer(
    constraints: Constraints, architecture: Architecture, layer: Layer, fusion: Fusion
) -> Constraints:
    refuse_without_home(constraints, architecture, "Outputs", fusion)
    fused = fused_matmul_constraints(constraints, architecture, layer.problem, fusion)
    found = overflow(fused, architecture, layer.problem, "Outputs", fusion)
    if found is not None and not fusion.at_outermost:
        hint = _advice(constraints, architecture, layer, fusion)
        raise EmptyMapSpace(f"{layer.name} cannot be fused at {fusion.level}: {found}", COMMAND, hint)
    return fused


def _fuse_consumer(
    constraints: Constraints, architecture: Architecture, layer: Layer, fusion: Fusion
) -> Constraints:
    if fusion.at_outermost:
        return constraints
    refuse_without_home(constraints, architecture, "Inputs", fusion)
    fused = fused_norm_constraints(constraints, architecture, fusion)
    found = overflow(fused, architecture, layer.problem, "Inputs", fusion)
    if found is not None:
        raise EmptyMapSpace(f"{layer.name} cannot be fused at {fusion.level}: {found}", COMMAND)
    return fused


def _advice(constraints: Constraints, architecture: Architecture, layer: Layer, fusion: Fusion) -> str | None:
    """Which single switch would make room, if one does."""
    options = fusion.options
    looser = {
        "-nef lets E be split above the level, and then it fits": replace(options, no_e_fusion=True),
        "without -lf it fits": replace(options, l_fusion=False),
    }
    for advice, switched in looser.items():
        plan = replace(fusion, options=switched)
        loosened = fused_matmul_constraints(constraints, architecture, layer.problem, plan)
        if switched != options and overflow(loosened, architecture, layer.problem, "Outputs", plan) is None:
            return advice
    return None
