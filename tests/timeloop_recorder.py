"""Makes the recordings of ``timeloop_recordings.py``, where the real programs are on PATH."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from sparse_search_cases import at, fixed, saving, tree
from timeloop_recordings import Recording, keep, recording

from harness.engines import embedded
from harness.engines.estimated import with_energy
from harness.engines.job import Job
from harness.engines.layer_job import LayerRequest, layer_job
from harness.engines.processed_input import processed_tree
from harness.engines.timeloop.inputs import program_inputs
from harness.spec.flattened import read_mapping
from harness.spec.settings import SearchSettings
from harness.spec.yaml_loader import load_yaml_text
from harness.workloads import find_layer, gemm_layer

Change = Callable[[dict[str, Any]], None]
"""Applied to the flattened tree."""

MODEL, MAPPER = "timeloop-model", "timeloop-mapper"
RANDOM = SearchSettings(algorithm="random_pruned", threads=2, search_size=40)
QUICK = SearchSettings(threads=2, timeout=2000, victory_condition=200)
HOPELESS = replace(QUICK, timeout=600)
ENDLESS = replace(QUICK, timeout=10**9, victory_condition=10**9)
OUTER = ("DRAM", "Scratchpad", "Accumulator")
BEST = SearchSettings(algorithm="optimal")


@dataclass(frozen=True)
class Run:
    """``stop`` is a signal that is sent after so many seconds. ``spoil`` changes the files afterwards."""

    name: str
    about: str
    program: str
    inputs: Callable[[], dict[str, str]]
    all_levels: bool = True
    stop: tuple[int, float] | None = None
    spoil: Callable[[dict[str, str]], dict[str, str]] | None = None


def record_all() -> None:
    wanted = sys.argv[1:]
    for run in RUNS:
        if not wanted or run.name in wanted:
            made = record(run)
            keep(made)
            print(run.name, made.exit_code, {name: len(text) for name, text in made.files.items()})


def record(run: Run) -> Recording:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("TIMELOOP_")}
    if run.all_levels:
        environment["TIMELOOP_HIDE_INCONSEQUENTIAL_STATS"] = "0"
    inputs = run.inputs()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        outputs = folder / "outputs"
        outputs.mkdir()
        for name, text in inputs.items():
            (folder / name).write_text(text, encoding="utf-8")
        with (folder / "stdout").open("w+") as out, (folder / "stderr").open("w+") as err:
            command = [run.program, *inputs, "-o", "outputs"]
            process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=err, env=environment)
            if run.stop is not None:
                time.sleep(run.stop[1])
                process.send_signal(run.stop[0])
            code = process.wait(timeout=600)
        files = {path.name: path.read_text(encoding="utf-8") for path in sorted(outputs.iterdir())}
        stdout, stderr = ((folder / name).read_text(encoding="utf-8") for name in ("stdout", "stderr"))
    if run.spoil is not None:
        files = run.spoil(files)
    return Recording(run.name, run.about, run.program, inputs, run.all_levels, stdout, stderr, code, files)


def layer(architecture: str, name: str, settings: SearchSettings = BEST, **parameters: Any) -> Job:
    return layer_job(LayerRequest(architecture, find_layer(name), settings, parameters)).job


def searched(
    job: Callable[[], Job], change: Callable[[dict[str, Any]], None] | None = None
) -> Callable[[], dict[str, str]]:
    """Input of the mapper."""
    return lambda: _inputs(job(), MAPPER, change)


def mapped(job: Callable[[], Job], change: Change | None = None) -> Callable[[], dict[str, str]]:
    """Input of the model, with the best mapping of all."""

    def made() -> dict[str, str]:
        asked = job()
        found = embedded.run(asked).evaluation
        assert found is not None
        specification = replace(asked.specification, mapping=found.mapping)
        tree = processed_tree(specification, constraints_changed=False)
        return _inputs(replace(asked, specification=replace(specification, tree=tree)), MODEL, change)

    return made


def _inputs(job: Job, program: str, change: Callable[[dict[str, Any]], None] | None = None) -> dict[str, str]:
    architecture, _ = with_energy(job.specification, job.estimation)
    tree = _plain(job.specification.tree)
    if change is not None:
        change(tree)
    return program_inputs(job, tree, architecture, job.specification.settings, program)


def _plain(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {str(key): _plain(value) for key, value in tree.items()}
    if isinstance(tree, (list, tuple)):
        return [_plain(value) for value in tree]
    return tree


def _storage(name: str, instances: int, width: int, depth: int | None, **more: Any) -> dict[str, Any]:
    depths = {} if depth is None else {"depth": depth}
    kind = "DRAM" if depth is None else "storage"
    attributes = {"width": width, "datawidth": 8, "meshX": instances, "technology": "45nm", **depths, **more}
    return {"name": f"{name}[1..{instances}]", "class": kind, "attributes": attributes}


def sparse() -> dict[str, str]:
    """A product of sparse matrices: packed tiles with two kinds of metadata, skipping and gating."""
    actions = (
        "read", "write", "update", "leak", "metadata_read", "metadata_write", "metadata_update",
        "gated_read", "gated_write", "gated_update", "skipped_read", "decompression_count",
    )  # fmt: skip
    energies = {"Backing": 64.0, "Buffer": 3.5, "Spad": 0.4}
    tables = [
        {
            "name": f"s.{name}[1..{4 if name == 'Spad' else 1}]",
            "actions": [
                {"name": a, "arguments": {}, "energy": 0.001 if a == "leak" else round(e / (1 + i), 4)}
                for i, a in enumerate(actions)
            ],
        }
        for name, e in energies.items()
    ]
    computes = ("compute", 0.8), ("compute_gated", 0.05), ("compute_skipped", 0.01), ("leak", 0.0)
    tables.append(
        {"name": "s.MAC[1..4]", "actions": [{"name": n, "arguments": {}, "energy": e} for n, e in computes]}
    )
    metadata = {"metadata_storage_width": 64, "metadata_datawidth": 8, "decompression_supported": True}
    unpacked = {"read_bandwidth": 2, "write_bandwidth": 2, "decompression_supported": True}

    def packed(**ranks: str) -> dict[str, Any]:
        return {
            "data_spaces": [
                {"name": name, "ranks": [{"format": word} for word in words.split()]}
                for name, words in ranks.items()
            ]
        }

    skipping = {"type": "skipping", "options": [{"target": "A", "condition_on": ["B"]}]}
    gating = {"type": "gating", "options": [{"target": "Z", "condition_on": ["A", "B"]}]}
    tree = {
        "architecture": {
            "version": "0.4",
            "subtree": [
                {
                    "name": "s",
                    "attributes": {"technology": "45nm"},
                    "local": [
                        _storage("Backing", 1, 64, None, **metadata),
                        _storage("Buffer", 1, 32, 4096, metadata_storage_depth=2048, **metadata),
                        _storage("Spad", 4, 8, 64, **unpacked),
                        {
                            "name": "MAC[1..4]",
                            "class": "intmac",
                            "attributes": {"datawidth": 8, "meshX": 4, "technology": "45nm"},
                        },
                    ],
                }
            ],
        },
        "problem": {
            "version": "0.4",
            "shape": {
                "name": "product",
                "dimensions": ["M", "N", "K"],
                "data_spaces": [
                    {"name": "A", "projection": [[["M"]], [["K"]]]},
                    {"name": "B", "projection": [[["K"]], [["N"]]]},
                    {"name": "Z", "projection": [[["M"]], [["N"]]], "read_write": True},
                ],
            },
            "instance": {
                "M": 16,
                "N": 24,
                "K": 32,
                "densities": {
                    "A": {"distribution": "fixed_structured", "density": 0.25},
                    "B": {"distribution": "hypergeometric", "density": 0.4},
                },
            },
        },
        "sparse_optimizations": {
            "targets": [
                {
                    "name": "Backing",
                    "representation_format": packed(A="UOP UOP UOP CP", B="UOP UOP UOP RLE"),
                },
                {
                    "name": "Buffer",
                    "representation_format": packed(A="UOP CP", B="UOP UOP RLE"),
                    "action_optimization": [skipping],
                },
                {"name": "Spad", "action_optimization": [gating]},
                {"name": "MAC", "compute_optimization": [{"type": "gating"}]},
            ]
        },
    }
    mapping = [
        {"target": "Backing", "type": "temporal", "factors": "M=4,N=1,K=2", "permutation": "NKM"},
        {"target": "Buffer", "type": "temporal", "factors": "M=1,N=6,K=1", "permutation": "KNM"},
        {"target": "Buffer", "type": "spatial", "factors": "M=4,N=1,K=1", "permutation": "MNK", "split": 3},
        {"target": "Spad", "type": "temporal", "factors": "M=1,N=4,K=16", "permutation": "NKM"},
        {"target": "Spad", "type": "datatype", "keep": ["A", "Z"], "bypass": ["B"]},
        {"target": "Buffer", "type": "datatype", "keep": ["A", "B"], "bypass": ["Z"]},
        {"target": "Backing", "type": "datatype", "keep": ["A", "B", "Z"], "bypass": []},
    ]
    art = [{"name": table["name"], "area": 100.25} for table in tables]
    return {
        "parsed-processed-input.yaml": yaml.safe_dump(tree, sort_keys=False),
        "timeloop-model.ERT.yaml": yaml.safe_dump({"ERT": {"version": "0.4", "tables": tables}}),
        "timeloop-model.ART.yaml": yaml.safe_dump({"ART": {"version": "0.4", "tables": art}}),
        "timeloop-model.mapping.yaml": yaml.safe_dump({"mapping": mapping}, sort_keys=False),
    }


def unit_loops() -> dict[str, str]:
    """Saved are blocks of two words along the innermost loop, which only the searched nest has innermost."""
    gating = at("Buffer", saving("gating", "A", "B"))
    given = tree({"M": 1, "N": 8, "K": 4}, {"B": fixed(0.4)}, [gating], depth=64)
    for storage in given["architecture"]["subtree"][0]["local"][:2]:
        storage["attributes"].update(block_size=2, width=16)
    given["mapper"]["algorithm"] = "linear_pruned"
    return {"parsed-processed-input.yaml": yaml.safe_dump(given, sort_keys=False)}


def more(kind: str, factors: str, *levels: str) -> Change:
    """More constraints of the map space."""

    def change(tree: dict[str, Any]) -> None:
        targets = tree["architecture_constraints"]["targets"]
        targets.extend({"target": level, "type": kind, "factors": factors} for level in levels)

    return change


def oversized(tree: dict[str, Any]) -> None:
    """Move all loops to the innermost level, whose tile then does not fit."""
    for directive in tree["mapping"]:
        if directive["type"] == "temporal":
            full = {"E": 4, "D": 256, "L": 4096} if directive["target"] == "Registers" else {}
            directive["factors"] = " ".join(f"{name}{full.get(name, 1)}" for name in "EDRSNLQG")


def reduction_tree(tree: dict[str, Any]) -> None:
    """The converters of the outputs become a tree that adds up the columns of the array."""

    def visit(node: dict[str, Any]) -> None:
        for part in node.get("local", ()):
            attributes = part["attributes"]
            for name in ("network_update", "network_drain"):
                attributes.pop(name, None)
            if part["name"].startswith("A2D_NoC"):
                part["class"] = "ReductionTree"
                part.pop("subclass", None)
                attributes.update(adder_energy=0.25, wire_energy=0.1, tile_width=0.05)
            elif part["name"].startswith("inter_PECols_spatial"):
                attributes["network_update"] = "A2D_NoC"
            elif part["name"].startswith("scratchpad"):
                attributes["network_drain"] = "A2D_NoC"
        for inner in node.get("subtree", ()):
            visit(inner)

    visit(tree["architecture"])


def cut(files: dict[str, str]) -> dict[str, str]:
    """As a full disk leaves them: the statistics and the archive in half."""
    return {name: text[: len(text) // 2] for name, text in files.items()}


def gemmini(settings: SearchSettings = BEST) -> Job:
    return layer("gemmini", "KTQ", settings)


def small(settings: SearchSettings, sizes: str = "64,64,64") -> Job:
    return layer_job(LayerRequest("gemmini", gemm_layer(sizes), settings)).job


def found_before(job: Callable[[], Job], name: str) -> Callable[[], dict[str, str]]:
    """Input of the model, with the mapping of a recorded search."""

    def made() -> dict[str, str]:
        specification = job().specification
        written = load_yaml_text(recording(name).output("map.yaml"))
        mapping = read_mapping(written, specification.architecture, specification.problem)
        asked = replace(specification, mapping=mapping)
        tree = processed_tree(asked, constraints_changed=False)
        return _inputs(replace(job(), specification=replace(asked, tree=tree)), MODEL)

    return made


def pim(settings: SearchSettings = BEST) -> Job:
    return layer("pim_analog", "KQV", settings)


RUNS = (
    Run("model_gemmini", "a matrix product on a systolic array", MODEL, mapped(gemmini)),
    Run("model_gemmini_default", "the same with what has no energy left out", MODEL, mapped(gemmini), False),
    Run("model_eyeriss_conv", "a convolution", MODEL, mapped(lambda: layer("eyeriss", "VI"))),
    Run("model_simba", "a matrix product on chiplets", MODEL, mapped(lambda: layer("simba", "Out"))),
    Run("model_tpu", "a matrix product, large array", MODEL, mapped(lambda: layer("tpu", "Out"))),
    Run("model_pim", "computing in memory, with networks", MODEL, mapped(pim)),
    Run("model_pim_default", "the same with what has no energy left out", MODEL, mapped(pim), False),
    Run("model_reduction_tree", "the same with a reduction tree", MODEL, mapped(pim, reduction_tree)),
    Run("model_softmax", "a row-wise operation", MODEL, mapped(lambda: layer("gemmini_norm", "softmax"))),
    Run("model_sparse", "a product of sparse matrices", MODEL, sparse),
    Run("model_refuses", "a mapping whose tile does not fit", MODEL, mapped(gemmini, oversized)),
    Run("mapper_gemmini", "a search that ended by itself", MAPPER, searched(lambda: gemmini(QUICK))),
    Run("mapper_random", "a search that always finds the same", MAPPER, searched(lambda: small(RANDOM))),
    Run("model_random", "what that found", MODEL, found_before(lambda: small(RANDOM), "mapper_random")),
    Run("mapper_pim", "the same, with networks", MAPPER, searched(lambda: pim(QUICK))),
    Run("mapper_sigint", "stopped by SIGINT: the best so far is written", MAPPER,
        searched(lambda: small(ENDLESS, "256,256,256")), stop=(signal.SIGINT, 2)),
    Run("mapper_no_mapping", "all tries were invalid: empty files", MAPPER,
        searched(lambda: layer("simba", "Out", HOPELESS))),
    Run("mapper_unit_loops", "sparse: map.yaml has unit loops in other places", MAPPER, unit_loops),
    Run("mapper_imperfect", "a factor that does not divide: residual loops", MAPPER,
        searched(lambda: gemmini(QUICK), more("temporal", "L=7", "DRAM"))),
    Run("mapper_empty_space", "factors that do not make up a dimension: an assertion fails", MAPPER,
        searched(lambda: gemmini(QUICK), more("temporal", "E=1", *OUTER))),
    Run("mapper_empty_size", "bounds that leave no factor: an exception", MAPPER,
        searched(lambda: gemmini(QUICK), more("temporal", "E<=1", *OUTER))),
    Run("mapper_bad_constraint", "a constraint on a level that is not there: an error", MAPPER,
        searched(lambda: gemmini(QUICK), more("temporal", "E=1", "NoSuch"))),
    Run("mapper_killed", "killed in the middle of the search", MAPPER,
        searched(lambda: gemmini(ENDLESS)), stop=(signal.SIGKILL, 1)),
    Run("mapper_garbage", "files that are cut off", MAPPER, searched(lambda: gemmini(QUICK)), spoil=cut),
)  # fmt: skip
