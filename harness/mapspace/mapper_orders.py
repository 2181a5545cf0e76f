"""The order of all loops, unit loops included, that Timeloop's mapper had for a mapping that it printed.

Its ``map.yaml`` lists a block's turning loops first and its unit loops after them, in the order of the
dimensions (NVlabs/timeloop 4cf6d4c, mapping/mapping.cpp: FormatAsYaml). In the nest that was evaluated unit
loops lie where the constraints and the pruning of the search put them (mapspaces/uber.cpp: InitPruned,
PermuteSubnests). Sparse optimisations look at that order, so the printed mapping may have other figures.
"""

from __future__ import annotations

from dataclasses import replace

from harness.mapspace.levels import tiling_levels
from harness.mapspace.permutation import PermutationRules
from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem

PRUNING = frozenset({"hybrid", "linear_pruned", "random_pruned"})
"""The algorithms of Timeloop's mapper that move unit loops inwards. The others permute unit loops too, and
where these were is in none of its files.
"""


def with_mapper_orders(
    mapping: Mapping,
    architecture: Architecture,
    problem: Problem,
    constraints: Constraints,
    algorithm: str = "hybrid",
) -> Mapping:
    """``mapping`` with the orders that the mapper's search had; its loops stay as they are.

    After an algorithm that does not prune, free unit loops stay where the mapping has them: their places
    are not known.
    """
    names = problem.dimensions
    numbers = {name: number for number, name in enumerate(names)}
    levels = tiling_levels(architecture, constraints)
    rules = PermutationRules(levels, names)
    entries = list(mapping.levels)
    for number, level in enumerate(levels):
        entry = entries[level.storage]
        block = entry.spatial if level.spatial else entry.temporal
        turning = [numbers[loop.dimension] for loop in block]
        units = tuple(d for d in range(len(names)) if d not in turning)
        pruned = algorithm in PRUNING and level.constraint.split is None
        orders = rules.orders(number, units if pruned else ())
        order = orders.order(orders.index_like((*turning, *units)))
        if [d for d in order if d in turning] == turning:
            written = tuple(names[d] for d in order)
            entries[level.storage] = (
                replace(entry, spatial_order=written)
                if level.spatial
                else replace(entry, temporal_order=written)
            )
    return Mapping(tuple(entries))
