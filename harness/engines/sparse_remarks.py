"""In words what the tables do not say of gated and skipped accesses and of metadata, and what then counts.

Component classes rarely have such actions, and nobody is asked for what a class does not offer (the front end
of Timeloop stopped requiring them). The model follows Timeloop, whoever reads the figures is told.
"""

from __future__ import annotations

from collections.abc import Iterator

from harness.engines.sparse_energy import PLAIN
from harness.model.component_energy import action_among, tables_by_name
from harness.model.sparse.energies import GATED_COMPUTE, SKIPPED_COMPUTE, STORAGE_ACTIONS
from harness.model.stats import ArithmeticStats, LevelStats, Stats
from harness.spec.architecture import Architecture
from harness.spec.energy import COMPUTE_ACTIONS

_NOTHING = "they cost nothing"
_AS_GATED = "they cost what gated ones do"
_AS_OTHERS = "they cost as much as those that happen"


def sparse_remarks(architecture: Architecture, stats: Stats) -> tuple[str, ...]:
    """One remark for each way in which something counts that no table has; none for dense hardware."""
    if architecture.sparse is None:
        return ()
    tables = tables_by_name(architecture)

    def actions_of(name: str) -> set[str]:
        table = tables.get(name)
        return set() if table is None else {a.action for a in table.actions}

    found: dict[str, dict[str, list[str]]] = {}
    for level in reversed(stats.levels):
        known = actions_of(level.name) if level.vector_access_energy_source == "ERT" else set()
        for action, consequence in _of_level(level, known):
            found.setdefault(consequence, {}).setdefault(action, []).append(level.name)
    for action, consequence in _of_compute(stats.arithmetic, actions_of(stats.arithmetic.name)):
        found.setdefault(consequence, {}).setdefault(action, []).append(stats.arithmetic.name)
    return tuple(
        f"the tables have no {', no '.join(f'{a} of {_listed(names)}' for a, names in sorted(of.items()))}: "
        f"{consequence}"
        for consequence, of in found.items()
    )


def _of_level(level: LevelStats, known: set[str]) -> Iterator[tuple[str, str]]:
    """(action, what counts in its place) of what happens at the level and ``known`` actions lack."""
    met = {name for space in level.data_spaces if space.sparse for name in space.sparse.block_accesses}
    for operation, names in STORAGE_ACTIONS.items():
        # Plain accesses have Timeloop's built-in estimates, which are told elsewhere.
        if operation not in met or operation in PLAIN:
            continue
        action = action_among(names, known)
        if action is None:
            yield operation.removeprefix("random_"), _NOTHING
        elif operation.startswith("skipped") and action.startswith("gated"):
            yield operation, _AS_GATED


def _of_compute(unit: ArithmeticStats, known: set[str]) -> Iterator[tuple[str, str]]:
    for kind, count, names in (
        ("gated", unit.gated_computes, GATED_COMPUTE),
        ("skipped", unit.skipped_computes, SKIPPED_COMPUTE),
    ):
        action = action_among(names, known)
        if not count or (action or "").endswith(f"_{kind}"):
            continue
        if action is None:
            yield f"compute_{kind}", _NOTHING
        else:
            yield f"compute_{kind}", _AS_OTHERS if action in COMPUTE_ACTIONS else _AS_GATED


def _listed(names: list[str]) -> str:
    return " and ".join((", ".join(names[:-1]), names[-1])) if len(names) > 1 else names[0]
