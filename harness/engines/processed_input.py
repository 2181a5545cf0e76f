"""The flattened tree as it is really run: with fused constraints, the chosen mapper and a given mapping.

Written to ``parsed-processed-input.yaml``; ``run.py --spec`` on that file repeats the run.
"""

from __future__ import annotations

from typing import Any

from harness.spec.flattened import write_mapping
from harness.spec.flattened.constraints import write_constraints
from harness.spec.settings import SearchSettings
from harness.spec.specification import Specification


def processed_tree(specification: Specification, constraints_changed: bool) -> dict[str, Any]:
    """``specification.tree`` with what the command line has changed in constraints, settings and mapping."""
    tree = dict(specification.tree)
    architecture, problem = specification.architecture, specification.problem
    if constraints_changed:
        for name in ("architecture_constraints", "mapspace_constraints"):
            tree.pop(name, None)
        tree["architecture_constraints"] = write_constraints(specification.constraints, architecture, problem)
    tree.pop("mapping", None)
    if specification.mapping is not None:
        tree["mapping"] = write_mapping(specification.mapping, architecture, problem)
    tree["mapper"] = written_settings(specification.settings)
    mapspace = tree.get("mapspace")
    given = dict(mapspace) if isinstance(mapspace, dict) else {}
    if constraints_changed:
        given.pop("constraints", None)
        given.pop("targets", None)
    tree["mapspace"] = {**given, "template": specification.settings.template}
    return tree


def written_settings(settings: SearchSettings) -> dict[str, Any]:
    """The ``mapper`` section, under Timeloop's names; this project's own keys are left out when unset."""
    section: dict[str, Any] = {
        "algorithm": settings.algorithm,
        "optimization_metrics": list(settings.metrics),
        "num_threads": settings.threads,
        "timeout": settings.timeout,
        "victory_condition": settings.victory_condition,
        "sync_interval": settings.sync_interval,
        "search_size": settings.search_size,
        "max_permutations_per_if_visit": settings.max_permutations_per_if_visit,
        "penalize_consecutive_bypass_fails": settings.penalize_consecutive_bypass_fails,
        "max_temporal_loops_in_a_mapping": settings.max_temporal_loops_in_a_mapping,
        "filter_revisits": settings.filter_revisits,
        "diagnostics": settings.diagnostics,
        "live_status": settings.live_status,
    }
    own = {
        "seed": settings.seed,
        "time_limit": settings.time_limit or None,
        "max_cycles": settings.max_cycles,
        "max_energy_pj": settings.max_energy_pj,
    }
    return {**section, **{key: value for key, value in own.items() if value is not None}}
