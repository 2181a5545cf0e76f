"""Golden evaluations with sparse optimisations, in the project's own compact form.

A case is an architecture, a problem, a mapping and either the figures of the real program or the reason of
its refusal. Tolerance: whole numbers equal, others 1e-9 relative. The cases are the sparse ones of the shared
folder of raw golden data, and others on small problems with random formats, densities and optimisations.
``python tests/sparse_golden.py FUZZ.jsonl`` (with the project on the path) makes
tests/golden/sparse_cases.json.gz
from that folder and from lines ``{"tree", "kind", "real"}`` of runs of the real program.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from model_golden import (
    SHARED,
    TOLERANCE,
    Figures,
    _load,
    expected_figures,
    figures_of,
    pack_architecture,
    pack_mapping,
    pack_problem,
    unpack_architecture,
    unpack_mapping,
    unpack_problem,
)

from harness.model.stats import Stats
from harness.spec.architecture import Architecture
from harness.spec.density import Density
from harness.spec.flattened import read_architecture, read_mapping, read_problem
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem
from harness.spec.sparse import (
    ActionOptimization,
    Condition,
    MetadataStorage,
    RankFormat,
    SparseLevel,
    SparseOptimizations,
    TensorFormat,
)

CASES = Path(__file__).resolve().parent / "golden" / "sparse_cases.json.gz"
KINDS = ("random", "gated", "skipped")
ACTIONS = ("read", "fill", "update")


class Case(NamedTuple):
    name: str
    architecture: Architecture
    problem: Problem
    mapping: Mapping
    figures: Figures
    refusal: str | None


def sparse_figures(stats: Stats) -> Figures:
    """All comparable figures of an evaluation: those of dense ones and what sparse optimisations add."""
    found = figures_of(stats)
    unit = stats.arithmetic
    found |= {
        "arithmetic.gated_computes": unit.gated_computes,
        "arithmetic.skipped_computes": unit.skipped_computes,
        "arithmetic.average_instances": unit.average_instances or unit.utilized_instances,
    }
    for level in stats.levels:
        for tensor in level.data_spaces:
            path, of = f"levels.{level.name}.{tensor.name}", tensor.sparse
            if of is None:
                continue
            found |= {f"{path}.confidence": of.confidence, f"{path}.compressed": of.compressed}
            found[f"{path}.tile_shape"] = of.tile_shape
            names = [f"{kind}_{action}" for kind in KINDS for action in ACTIONS]
            for name in (*names, "decompression_count", "compression_count"):
                found[f"{path}.scalar.{name}"] = of.scalar_accesses.get(name, 0)
                found[f"{path}.block.{name}"] = of.block_accesses.get(name, 0.0)
            for name in [f"{kind}_metadata_{action}" for kind in KINDS for action in ACTIONS]:
                found[f"{path}.block.{name}"] = of.block_accesses.get(name, 0.0)
                found[f"{path}.metadata.{name}"] = [list(p) for p in of.metadata_accesses.get(name, ())]
    return found


def expected_sparse_figures(raw: dict[str, Any]) -> Figures:
    """The figures of one raw expected.json."""
    found = expected_figures(raw)
    unit = raw["arithmetic"]
    found |= {
        "arithmetic.gated_computes": unit["gated_computes"],
        "arithmetic.skipped_computes": unit["skipped_computes"],
        "arithmetic.average_instances": unit["avg_utilized_instances"],
    }
    for level in raw["storage"]:
        for name, tensor in level["per_dataspace"].items():
            path = f"levels.{level['name']}.{name}"
            found |= {
                f"{path}.confidence": tensor["tile_confidence"],
                f"{path}.compressed": tensor["compressed"],
            }
            found[f"{path}.tile_shape"] = tensor["tile_shape"]
            found |= {f"{path}.scalar.{k}": v for k, v in tensor["scalar_accesses"].items()}
            found |= {f"{path}.block.{k}": v for k, v in tensor["vector_accesses"].items()}
    return found


# Names of the real program's XML output, and ours.
_UNIT = (
    ("energy_", "energy_pj"), ("cycles_", "cycles"), ("utilized_instances_", "utilized_instances"),
    ("random_computes_", "actual_computes"), ("gated_computes_", "gated_computes"),
    ("skipped_computes_", "skipped_computes"), ("algorithmic_computes_", "algorithmic_computes"),
    ("avg_utilized_instances_", "average_instances"),
)  # fmt: skip
_TENSOR = (
    "partition_size", "utilized_capacity", "utilized_instances", "utilized_clusters", "reads", "fills",
    "updates", "address_generations", "temporal_reductions", "read_bandwidth", "write_bandwidth",
    "shared_bandwidth",
)  # fmt: skip


def figures_of_run(real: dict[str, Any], tensors: list[str]) -> Figures:
    """The figures of one run of the real program, as taken from its XML output. Zero counts are left out."""
    found: Figures = {"cycles": real["cycles"]}
    found |= {f"arithmetic.{ours}": real["arith"][theirs] for theirs, ours in _UNIT}
    for level in real["levels"]:
        path = f"levels.{level['name']}"
        found |= {f"{path}.cycles": level["cycles"], f"{path}.slowdown": level["slowdown"]}
        for n, name in enumerate(tensors):
            here = f"{path}.{name}"
            found |= {f"{here}.{key}": level[key][n] for key in _TENSOR if level[key][n]}
            found[f"{here}.energy_per_instance_pj"] = level["energy"][n]
            for kind in KINDS:
                for action in ACTIONS:
                    words, rows = level[f"{kind}_{action}s"][n], level[f"{kind}_format_{action}s"][n]
                    if words:
                        found[f"{here}.scalar.{kind}_{action}"] = words
                    if any(map(any, rows)):
                        found[f"{here}.metadata.{kind}_metadata_{action}"] = [list(row) for row in rows]
    return found


# Packing ------------------------------------------------------------------------------------------


def pack_sparse(sparse: SparseOptimizations | None) -> Any:
    return None if sparse is None else asdict(sparse)


def unpack_sparse(node: Any) -> SparseOptimizations | None:
    if node is None:
        return None
    return SparseOptimizations(**{**node, "levels": tuple(_level(level) for level in node["levels"])})


def _level(node: dict[str, Any]) -> SparseLevel:
    return SparseLevel(
        node["level"],
        MetadataStorage(**node["storage"]),
        tuple(
            TensorFormat(
                f["tensor"],
                tuple(
                    RankFormat(**{**r, "flattened": tuple(map(tuple, r["flattened"]))}) for r in f["ranks"]
                ),
                f["inner_to_outer"],
            )
            for f in node["formats"]
        ),
        tuple(
            ActionOptimization(
                a["kind"], tuple(Condition(o["target"], tuple(o["condition_on"])) for o in a["options"])
            )
            for a in node["actions"]
        ),
    )


def _packed(architecture: Architecture, problem: Problem, mapping: Mapping) -> dict[str, Any]:
    return {
        "architecture": pack_architecture(architecture),
        "sparse": pack_sparse(architecture.sparse),
        "problem": pack_problem(problem),
        "densities": [[name, asdict(density)] for name, density in problem.densities],
        "mapping": pack_mapping(mapping),
        "orders": [["".join(m.temporal_order), "".join(m.spatial_order)] for m in mapping.levels],
    }


def load_cases() -> Iterator[Case]:
    """Every committed case."""
    with gzip.open(CASES, "rt", encoding="utf-8") as stream:
        packed = json.load(stream)
    for node in packed["cases"]:
        architecture = replace(
            unpack_architecture(node["architecture"]), sparse=unpack_sparse(node["sparse"])
        )
        densities = tuple((name, Density(**density)) for name, density in node["densities"])
        mapping = unpack_mapping(node["mapping"])
        levels = tuple(
            replace(level, temporal_order=tuple(temporal), spatial_order=tuple(spatial))
            for level, (temporal, spatial) in zip(mapping.levels, node["orders"], strict=True)
        )
        yield Case(
            node["name"],
            architecture,
            replace(unpack_problem(node["problem"]), densities=densities),
            Mapping(levels),
            node.get("figures", {}),
            node.get("refusal"),
        )


def read_tree(tree: dict[str, Any], mapping: Any) -> tuple[Architecture, Problem, Mapping]:
    architecture, problem = read_architecture(tree), read_problem(tree["problem"])
    return architecture, problem, read_mapping(mapping, architecture, problem)


def shared_sparse_cases() -> list[Path]:
    return sorted(p for p in (SHARED / "model").glob("*sl_*") if (p / "expected.json").exists())


def read_shared_sparse(folder: Path) -> tuple[Architecture, Problem, Mapping, Figures]:
    parts = read_tree(_load(folder / "input.yaml"), _load(folder / "mapping.yaml"))
    raw = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    sparse = parts[0].sparse is not None
    return *parts, expected_sparse_figures(raw) if sparse else expected_figures(raw)


def _write_cases(runs: Path) -> None:
    cases: list[dict[str, Any]] = []
    for folder in shared_sparse_cases():
        *parts, figures = read_shared_sparse(folder)
        cases.append({"name": folder.name, **_packed(*parts), "figures": figures})  # type: ignore[arg-type]
    for number, line in enumerate(runs.read_text(encoding="utf-8").splitlines()):
        run = json.loads(line)
        parts = read_tree(run["tree"], run["tree"]["mapping"])  # type: ignore[assignment]
        tensors = [ds.name for ds in parts[1].data_spaces]  # type: ignore[attr-defined]
        rest: dict[str, Any] = {"refusal": run["refusal"]} if "refusal" in run else {}
        if not rest:
            rest = {"figures": figures_of_run(run["real"], tensors)}
        cases.append({"name": f"random{number}", **_packed(*parts), **rest})  # type: ignore[arg-type]
    text = json.dumps({"tolerance": TOLERANCE, "cases": cases}, separators=(",", ":"))
    CASES.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(cases)} cases, {len(text)} bytes, {CASES.stat().st_size} compressed")


if __name__ == "__main__":
    _write_cases(Path(sys.argv[1]))
