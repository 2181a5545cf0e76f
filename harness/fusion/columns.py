"""Whether a mapping that the search found really hands over whole columns.

The constraints of fusion bound a mapping, but with E free above the level (-nef), or a normalisation whose
columns are split above it, a mapping may still push unfinished data out of the fusion level. Nothing above
keeps the intermediate then, so the evaluation would leave that traffic out.
"""

from __future__ import annotations

from harness.fusion.plan import Fusion
from harness.spec.architecture import Architecture
from harness.spec.mapping import Mapping
from harness.workloads.layer import Layer


def broken_columns(mapping: Mapping, architecture: Architecture, layer: Layer, fusion: Fusion) -> str | None:
    """Why the fused ``mapping`` of ``layer`` needs traffic that is not counted; None when it is sound."""
    if fusion.at_outermost:
        return None
    produces = layer == fusion.pair.producer
    column, repeated = ("D", "E") if produces else ("E", "D")
    intermediate = layer.problem.data_space("Outputs" if produces else "Inputs").dimensions
    moved_inside = False
    for level in mapping.levels[architecture.level_names.index(fusion.level) + 1 :]:
        for loop in level.temporal:
            if loop.factor == 1:
                continue
            if loop.dimension == column:
                return f"the loop over {column} at {level.level} splits the columns of {fusion.pair.tensor}"
            if loop.dimension == repeated and moved_inside:
                return (
                    f"the loop over {repeated} at {level.level} comes back to columns of "
                    f"{fusion.pair.tensor} that have left {fusion.level}"
                )
            moved_inside = moved_inside or loop.dimension in intermediate
    return None
