"""What the energy of hardware with sparse optimisations is made of, by kind of access and operation.

Blocks of each kind times the energy of one, as in :mod:`harness.model.sparse.levels`; what tiles further
inside read at a level for want of room is a term of its own, ``overflow``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Set

from harness.engines.energy_lines import EnergyTerm, Lines
from harness.estimation.query import Fit
from harness.model.component_energy import action_among
from harness.model.sparse.energies import GATED_COMPUTE, SKIPPED_COMPUTE, STORAGE_ACTIONS
from harness.model.stats import ArithmeticStats, DataSpaceStats
from harness.spec.architecture import ArithmeticLevel, StorageLevel
from harness.spec.energy import COMPUTE_ACTIONS

PLAIN = frozenset({"random_read", "random_fill", "random_update"})
"""The operations that dense hardware has too; only these have estimates built into Timeloop."""


def compute_terms(spec: ArithmeticLevel, stats: ArithmeticStats, lines: Lines) -> Iterator[EnergyTerm]:
    """Operations that happen, idle and are skipped, and leakage."""
    actions = lines.actions(spec.name)
    kinds = (
        ("compute", COMPUTE_ACTIONS, stats.actual_computes * stats.compute_energy_pj),
        ("gated_compute", GATED_COMPUTE, stats.gated_computes * stats.gated_compute_energy_pj),
        ("skipped_compute", SKIPPED_COMPUTE, stats.skipped_computes * stats.skipped_compute_energy_pj),
    )
    for kind, names, pj in kinds:
        action = action_among(names, actions)
        plain = kind == "compute"
        fit: Fit = "constant" if plain and action is None and spec.energy_pj is None else "given"
        answer = None if action is None else lines.of(spec.name, action)
        yield EnergyTerm(spec.name, action or kind if plain else kind, pj, answer, fit)
    yield lines.term(spec.name, "leak", "leak", stats.leakage_pj)


def storage_terms(
    spec: StorageLevel, space: DataSpaceStats, lines: Lines, built_in: Fit, actions: Set[str]
) -> Iterator[EnergyTerm]:
    """The accesses of one data space, none where it has no sparse figures.

    ``actions`` the ERT has for them; ``built_in`` is the accuracy class of what stands where it lacks a
    plain one.
    """
    of = space.sparse
    if of is None:
        return
    parts = [
        (operation, operation, blocks * of.operation_energies_pj[operation] * of.confidence)
        for operation, blocks in of.block_accesses.items()
    ]
    parts += [("overflow", operation, pj) for operation, pj in of.overflow_energies_pj.items()]
    whole = math.fsum(pj for _, _, pj in parts)
    for name, operation, pj in parts:
        action = action_among(STORAGE_ACTIONS[operation], actions)
        plain = operation in PLAIN
        shown = name if name == "overflow" or not plain else action or STORAGE_ACTIONS[operation][-1]
        fit = built_in if plain and action is None else "given"
        answer = None if action is None else lines.of(spec.name, action)
        # Of one cluster; all clusters and instances take their part alike.
        yield EnergyTerm(
            spec.name, shown, space.storage_energy_pj * (pj / whole) if whole else 0.0, answer, fit
        )
    yield EnergyTerm(spec.name, "address generation", space.addr_gen_energy_pj)
    yield EnergyTerm(spec.name, "temporal reduction", space.temporal_reduction_energy_pj)
