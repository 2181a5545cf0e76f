"""AccelForge's mapper on one job: JSON on standard input, JSON on standard output.

Run as a file by an interpreter that has ``accelforge``; nothing of this project is imported. It minds no
units: the job's are values, pJ and cycles.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any


def main() -> None:
    job = json.load(sys.stdin)
    # AccelForge prints warnings and progress: they must not get between the lines of the answer.
    answer = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    start = time.process_time()
    import accelforge  # type: ignore[import-not-found]  # noqa: PLC0415 - its loading is measured

    loaded = time.process_time()
    result = run(accelforge, job)
    result["import_seconds"] = loaded - start
    result["seconds"] = time.process_time() - loaded
    json.dump(result, answer)
    answer.close()


def run(accelforge: Any, job: dict[str, Any]) -> dict[str, Any]:
    """EDP and nodes of the best mapping; "edp" is None when nothing fits."""
    accelforge.set_n_parallel_jobs(1)
    kinds = accelforge.arch
    nodes = [getattr(kinds, node["kind"])(**node["fields"]) for node in job["nodes"]]
    spec = accelforge.Spec(arch={"nodes": nodes}, workload=job["workload"])
    spec.mapper.metrics = accelforge.Metrics.ENERGY_DELAY_PRODUCT
    # The evaluation "in detail" draws the mapping, which needs a program beside Python.
    found = accelforge.mapper.FFM.map_workload_to_arch(spec, print_progress=False, eval_in_detail=False)
    if not len(found):
        return {"edp": None, "nodes": []}
    products = [float(value) for value in found.data["Total<SEP>energy_delay_product"]]
    best = min(range(len(products)), key=products.__getitem__)
    mapping = found.data.iloc[best]["Total<SEP>mapping"]()
    written = [written_node(node) for node in mapping.nodes]
    return {"edp": products[best], "nodes": [node for node in written if node is not None]}


def written_node(node: Any) -> dict[str, Any] | None:
    """A node as plain data; None for those that say nothing about the mapping."""
    kind = type(node).__name__
    if kind == "Storage":
        return {
            "kind": "storage",
            "component": str(node.component),
            "tensors": [str(t) for t in node.tensors],
        }
    if kind not in ("Temporal", "Spatial"):
        return None
    loop = {"kind": kind.lower(), "rank": str(node.rank_variable), "tile": int(node.tile_shape)}
    if kind == "Spatial":
        loop |= {"component": str(node.component), "axis": str(node.name)}
    return loop


if __name__ == "__main__":
    main()
