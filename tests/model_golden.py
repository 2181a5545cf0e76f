"""The project's own compact form of golden evaluations, and how to compare with them.

A case is an architecture, a problem, a mapping and either the expected figures or the reason of a
refusal. Tolerance: whole numbers equal, others 1e-9 relative. ``python tests/model_golden.py`` (with the
project on the path) makes
tests/golden/model_cases.json.gz
from the shared folder of raw golden data.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import yaml

from harness.errors import HarnessError
from harness.model.stats import Stats
from harness.spec.architecture import Architecture, ArithmeticLevel, Network, StorageLevel
from harness.spec.energy import ActionEnergy, AreaReferenceTable, ComponentEnergy, EnergyReferenceTable
from harness.spec.flattened import read_architecture, read_mapping, read_problem
from harness.spec.mapping import LevelMapping, Loop, Mapping
from harness.spec.problem import DataSpace, Problem, Term

HERE = Path(__file__).resolve().parent
CASES = HERE / "golden" / "model_cases.json.gz"
SHARED = HERE.parents[0].parent / "shared" / "golden"
TOLERANCE = 1e-9

# What is compared, as (name in the raw data, name in our statistics).
TOTALS = (
    ("cycles", "cycles"), ("energy_pJ", "energy_pj"), ("utilization", "utilization"),
    ("actual_computes", "actual_computes"), ("last_level_accesses", "last_level_accesses"),
    ("network_latency_cycles", "network_latency_cycles"),
)  # fmt: skip
ARITHMETIC = (
    ("utilized_instances", "utilized_instances"), ("utilized_x_expansion", "utilized_x_expansion"),
    ("utilized_y_expansion", "utilized_y_expansion"), ("cycles", "cycles"),
    ("algorithmic_computes", "algorithmic_computes"), ("actual_computes", "actual_computes"),
    ("energy_pJ", "energy_pj"), ("area_um2", "area_um2"),
)  # fmt: skip
LEVEL = (
    ("cycles", "cycles"), ("slowdown", "slowdown"), ("area_um2", "area_um2"),
    ("leakage_energy_pJ", "leakage_pj"), ("leaks_per_cycle", "leaks_per_cycle"),
    ("energy_total_pJ", "energy_pj"), ("accesses_total", "accesses"),
)  # fmt: skip
LEVEL_SPECS = (("vector_access_energy", "vector_access_energy_pj"),)
TENSOR = (
    ("keep", "kept"), ("partition_size", "partition_size"), ("tile_size", "tile_size"),
    ("utilized_capacity", "utilized_capacity"), ("utilized_instances", "utilized_instances"),
    ("utilized_clusters", "utilized_clusters"), ("utilized_x_expansion", "utilized_x_expansion"),
    ("utilized_y_expansion", "utilized_y_expansion"), ("reads", "reads"), ("fills", "fills"),
    ("updates", "updates"), ("temporal_reductions", "temporal_reductions"),
    ("address_generations", "address_generations"), ("read_bandwidth", "read_bandwidth"),
    ("write_bandwidth", "write_bandwidth"), ("shared_bandwidth", "shared_bandwidth"),
    ("energy_per_instance_pJ", "energy_per_instance_pj"),
    ("cluster_access_energy_pJ", "cluster_access_energy_pj"),
    ("storage_energy_total_pJ", "storage_energy_pj"),
    ("addr_gen_energy_per_cluster_pJ", "addr_gen_energy_per_cluster_pj"),
    ("addr_gen_energy_total_pJ", "addr_gen_energy_pj"),
)  # fmt: skip
NETWORK = (
    ("fanout", "fanout"), ("multicast_factor", "multicast_factor"), ("link_transfers", "link_transfers"),
    ("spatial_reductions", "spatial_reductions"), ("num_hops", "num_hops"),
    ("energy_per_hop_pJ", "energy_per_hop_pj"), ("utilized_instances", "utilized_instances"),
    ("energy_per_instance_pJ", "energy_per_instance_pj"),
    ("link_transfer_energy_per_instance_pJ", "link_transfer_energy_per_instance_pj"),
    ("energy_total_pJ", "energy_pj"),
)  # fmt: skip

# A line of the raw bulk data has fewer figures.
SLIM_LEVEL = ("cycles", "slowdown", "leakage_pj", "energy_pj")
SLIM_TENSOR = (
    "reads", "fills", "updates", "temporal_reductions", "partition_size", "utilized_capacity",
    "utilized_instances", "storage_energy_pj", "addr_gen_energy_pj",
)  # fmt: skip

Figures = dict[str, Any]
"""Dotted path -> figure, e.g. ``levels.Glb.Weights.reads``; lists of ingress rows under ``.ingresses``."""


def figures_of(stats: Stats) -> Figures:
    """All comparable figures of an evaluation."""
    found: Figures = {name: getattr(stats, name) for _, name in TOTALS}
    found |= {f"arithmetic.{n}": getattr(stats.arithmetic, n) for _, n in ARITHMETIC}
    for level in stats.levels:
        path = f"levels.{level.name}"
        found |= {f"{path}.{n}": getattr(level, n) for _, n in LEVEL + LEVEL_SPECS}
        for tensor in level.data_spaces:
            found |= {f"{path}.{tensor.name}.{n}": getattr(tensor, n) for _, n in TENSOR}
    for network in stats.networks:
        path = f"networks.{network.name}"
        found[f"{path}.energy_pj"] = network.energy_pj
        for of in network.data_spaces:
            found |= {f"{path}.{of.name}.{n}": getattr(of, n) for _, n in NETWORK}
            for key in ("ingresses", "distributed_ingresses"):
                rows = [[i.multicast, i.scatter, i.accesses, i.hops] for i in getattr(of, key)]
                found[f"{path}.{of.name}.{key}"] = rows
    return found


def expected_figures(raw: dict[str, Any]) -> Figures:
    """The figures of one raw expected.json."""
    found: Figures = {ours: raw[theirs] for theirs, ours in TOTALS}
    found |= {f"arithmetic.{o}": raw["arithmetic"][t] for t, o in ARITHMETIC}
    for level in raw["storage"]:
        path = f"levels.{level['name']}"
        found |= {f"{path}.{o}": level[t] for t, o in LEVEL}
        found |= {f"{path}.{o}": level["specs"][t] for t, o in LEVEL_SPECS}
        for name, tensor in level["per_dataspace"].items():
            found |= {f"{path}.{name}.{o}": tensor[t] for t, o in TENSOR}
    for network in raw["networks"]:
        path = f"networks.{network['name']}"
        found[f"{path}.energy_pj"] = network["energy_total_pJ"]
        for name, of in network["per_dataspace"].items():
            found |= {f"{path}.{name}.{o}": of[t] for t, o in NETWORK if t in of}
            for key in ("ingresses", "distributed_ingresses"):
                if key in of:
                    found[f"{path}.{name}.{key}"] = [
                        [i["multicast"], i["scatter"], i["accesses"], i["hops"]] for i in of[key]
                    ]
    return found


def expected_slim_figures(raw: dict[str, Any]) -> Figures:
    """The figures of the result of one line of the raw bulk data."""
    found: Figures = {
        "cycles": raw["cycles"],
        "energy_pj": raw["energy_pJ"],
        "utilization": raw["utilization"],
        "arithmetic.energy_pj": raw["mac_energy"],
    }
    for name, *row, tensors in raw["storage"]:
        found |= {f"levels.{name}.{n}": v for n, v in zip(SLIM_LEVEL, row, strict=True)}
        for tensor, values in tensors.items():
            found |= {f"levels.{name}.{tensor}.{n}": v for n, v in zip(SLIM_TENSOR, values, strict=True)}
    for name, energy, tensors in raw["networks"]:
        found[f"networks.{name}.energy_pj"] = energy
        for tensor, (fanout, multicast, rows, links, reductions, tensor_energy) in tensors.items():
            path = f"networks.{name}.{tensor}"
            found |= {
                f"{path}.fanout": fanout,
                f"{path}.multicast_factor": multicast,
                f"{path}.ingresses": rows,
                f"{path}.link_transfers": links,
                f"{path}.spatial_reductions": reductions,
                f"{path}.energy_pj": tensor_energy,
            }
    return found


def differences(found: Figures, expected: Figures) -> list[str]:
    """One line for each expected figure that is not met."""
    lines = []
    for path, want in expected.items():
        have = found.get(path)
        if not _equal(have, want):
            lines.append(f"{path}: {have}, expected {want}")
    return lines


def _equal(have: Any, want: Any) -> bool:
    if isinstance(want, list):
        return isinstance(have, list) and len(have) == len(want) and all(map(_equal, have, want))
    if have is None:
        return False
    if isinstance(want, int) and isinstance(have, int):
        return have == want
    return have == want or abs(have - want) <= TOLERANCE * max(abs(have), abs(want))


# Packing ------------------------------------------------------------------------------------------


def pack_architecture(a: Architecture) -> dict[str, Any]:
    return {
        "name": a.name,
        "arithmetic": _pack(a.arithmetic),
        "storage": [_pack(level) for level in a.storage],
        "networks": [_pack(network) for network in a.networks],
        "ert": a.ert
        and {
            c.name: [[x.action, x.energy_pj, dict(x.arguments)] for x in c.actions] for c in a.ert.components
        },
        "art": a.art and dict(a.art.areas),
    }


def unpack_architecture(node: dict[str, Any]) -> Architecture:
    return Architecture(
        name=node["name"],
        arithmetic=ArithmeticLevel(**node["arithmetic"]),
        storage=tuple(
            StorageLevel(**{**s, "bandwidth_scale": tuple(map(tuple, s.get("bandwidth_scale", ())))})
            for s in node["storage"]
        ),
        networks=tuple(Network(**n) for n in node["networks"]),
        ert=None
        if node["ert"] is None
        else EnergyReferenceTable(
            tuple(
                ComponentEnergy(name, tuple(ActionEnergy(a, e, tuple(args.items())) for a, e, args in rows))
                for name, rows in node["ert"].items()
            )
        ),
        art=None if node["art"] is None else AreaReferenceTable(tuple(node["art"].items())),
    )


def _pack(part: Any) -> dict[str, Any]:
    """The fields of a flat dataclass that differ from their default, without the estimators' attributes."""
    return {
        f.name: getattr(part, f.name)
        for f in fields(part)
        if f.name != "attributes" and (f.default is MISSING or getattr(part, f.name) != f.default)
    }


def pack_problem(p: Problem) -> dict[str, Any]:
    return {
        "name": p.name,
        "dimensions": dict(zip(p.dimensions, p.bounds, strict=True)),
        "tensors": [
            [ds.name, ds.read_write, [[[t.dimension, t.coefficient] for t in rank] for rank in ds.ranks]]
            for ds in p.data_spaces
        ],
    }


def unpack_problem(node: dict[str, Any]) -> Problem:
    return Problem(
        node["name"],
        tuple(node["dimensions"]),
        tuple(node["dimensions"].values()),
        tuple(
            DataSpace(name, tuple(tuple(Term(d, c) for d, c in rank) for rank in ranks), written)
            for name, written, ranks in node["tensors"]
        ),
    )


_SETS = ("no_temporal_reuse", "no_multicast", "no_link_transfer", "rmw_first_update", "no_coalesce")


def pack_mapping(m: Mapping) -> list[Any]:
    """Per level: name, temporal loops, spatial loops, kept tensors, further directives."""
    return [
        [
            level.level,
            [[x.dimension, x.factor, x.residual] for x in level.temporal],
            [[x.dimension, x.factor, x.residual, x.axis] for x in level.spatial],
            sorted(level.keep),
            {s: sorted(getattr(level, s)) for s in _SETS if getattr(level, s)},
        ]
        for level in m.levels
    ]


def unpack_mapping(node: list[Any]) -> Mapping:
    return Mapping(
        tuple(
            LevelMapping(
                name,
                tuple(Loop(*x) for x in temporal),
                tuple(Loop(*x) for x in spatial),
                frozenset(keep),
                **{k: frozenset(v) for k, v in sets.items()},
            )
            for name, temporal, spatial, keep, sets in node
        )
    )


def load_cases() -> Iterator[tuple[str, Architecture, Problem, Mapping, Figures, str | None]]:
    """(name, architecture, problem, mapping, expected figures, expected refusal) of every committed case."""
    with gzip.open(CASES, "rt", encoding="utf-8") as stream:
        packed = json.load(stream)
    architectures = {k: unpack_architecture(v) for k, v in packed["architectures"].items()}
    problems = {k: unpack_problem(v) for k, v in packed["problems"].items()}
    for case in packed["cases"]:
        yield (
            case["name"],
            architectures[case["architecture"]],
            problems[case["problem"]],
            unpack_mapping(case["mapping"]),
            case.get("figures", {}),
            case.get("refusal"),
        )


# Reading the shared folder ------------------------------------------------------------------------


def shared_model_cases() -> list[Path]:
    return sorted(p for p in (SHARED / "model").glob("*") if (p / "expected.json").exists())


def read_shared_case(folder: Path) -> tuple[Architecture, Problem, Mapping, Figures]:
    tree = _load(folder / "input.yaml")
    architecture, problem = read_architecture(tree), read_problem(tree["problem"])
    mapping = read_mapping(_load(folder / "mapping.yaml"), architecture, problem)
    raw = json.loads((folder / "expected.json").read_text(encoding="utf-8"))
    return architecture, problem, mapping, expected_figures(raw)


def shared_bulk_lines(step: int) -> Iterator[tuple[str, Architecture, Problem, Mapping, Any]]:
    """Every ``step``-th line of the bulk data: name, architecture, problem, mapping, raw result."""
    bases: dict[str, tuple[Architecture, Problem]] = {}
    with gzip.open(SHARED / "bulk.jsonl.gz", "rt", encoding="utf-8") as stream:
        for number, line in enumerate(stream):
            if number % step:
                continue
            raw = json.loads(line)
            base = raw["base"]
            if base not in bases:
                tree = _load(SHARED / "bulk_bases" / f"{base}.yaml")
                bases[base] = read_architecture(tree), read_problem(tree["problem"])
            architecture, problem = bases[base]
            mapping = read_mapping(raw["mapping"], architecture, problem)
            yield f"{base}#{number}", architecture, problem, mapping, raw["result"]


def _load(path: Path) -> Any:
    with path.open(encoding="utf-8") as stream:
        return yaml.load(stream, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))


def _write_cases() -> None:
    """Convert a named, representative part of the shared data."""
    architectures: dict[str, Any] = {}
    problems: dict[str, Any] = {}
    cases: list[dict[str, Any]] = []

    def add(name: str, a: Architecture, p: Problem, m: Mapping, rest: dict[str, Any]) -> None:
        keys = []
        for table, packed, stem in (
            (architectures, pack_architecture(a), a.name),
            (problems, pack_problem(p), p.name),
        ):
            key = next((k for k, v in table.items() if v == packed), None)
            if key is None:
                key = f"{stem}{len(table)}"
                table[key] = packed
            keys.append(key)
        cases.append(
            {"name": name, "architecture": keys[0], "problem": keys[1], "mapping": pack_mapping(m), **rest}
        )

    seen: dict[str, int] = {}
    for folder in shared_model_cases():
        family = folder.name[4:].split("__", maxsplit=1)[0]
        imperfect = folder.name.endswith("__imp")
        seen[family] = seen.get(family, 0) + 1
        if (
            not imperfect
            and seen[family] % 3 != 1
            and not family.startswith(("h_dist", "best_PIM", "sparse"))
        ):
            continue
        try:
            architecture, problem, mapping, figures = read_shared_case(folder)
        except HarnessError:
            continue  # sparse optimisations
        add(folder.name, architecture, problem, mapping, {"figures": figures})
    for name, architecture, problem, mapping, result in shared_bulk_lines(14):
        if "error" in result:
            rest: dict[str, Any] = {"refusal": result["error"].rstrip("; ")}
        else:
            rest = {"figures": expected_slim_figures(result)}
        add(name, architecture, problem, mapping, rest)
    packed = {"tolerance": TOLERANCE, "architectures": architectures, "problems": problems, "cases": cases}
    text = json.dumps(packed, separators=(",", ":"))
    CASES.write_bytes(gzip.compress(text.encode(), 9, mtime=0))
    print(f"{len(cases)} cases, {len(text)} bytes, {CASES.stat().st_size} compressed")


if __name__ == "__main__":
    _write_cases()
