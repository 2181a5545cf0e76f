"""A job in AccelForge's terms, as far as it can be said there; what cannot is told in words.

A storage level that may keep something becomes a Memory, a fan-out a Container below it with an axis X, Y or
both. Sizes are in values (one bit each), energies in pJ, times in cycles, bandwidths in vector accesses
per cycle. AccelForge's own figures are not used: a mapping is judged by this project's model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from benchmarks.cases import Case
from harness.errors import Unsupported
from harness.mapspace import MapSpace
from harness.mapspace.demands import FactorDemands
from harness.mapspace.levels import TilingLevel
from harness.model.basis import LevelBasis, basis_of

BOUNDLESS = 1e15
"""Stands for "unlimited": infinite throughputs make its formulas undefined."""

NODE = "below_{}"
SOURCE = "source"
"""A memory without limits and costs, outside of all, for data spaces whose outermost level is bounded."""


@dataclass(frozen=True)
class Translation:
    """The worker's input, and what it leaves out or says otherwise."""

    job: dict[str, Any]
    remarks: tuple[str, ...]


def translate(case: Case) -> Translation:
    """Raises Unsupported for a problem that has no such form."""
    problem, space = case.problem, MapSpace(case.architecture, case.problem, case.constraints)
    if problem.has_sliding_windows:
        raise Unsupported("sliding windows are not translated")
    dimensions = [d for d in problem.dimensions if problem.bound[d] > 1]
    basis = basis_of(case.architecture, problem, "timeloop-v4")
    builder = _Builder(case, space, dimensions)
    builder.add_source()
    for number in reversed(range(len(case.architecture.storage))):
        builder.add_memory(number, basis.levels[number])
        builder.add_fanout(number)
    builder.add_compute(basis.compute.operation, basis.compute.leak)
    accesses = [
        {
            "name": data_space.name,
            "projection": [d.lower() for d in dimensions if d in data_space.dimensions],
            "output": data_space.read_write,
        }
        for data_space in problem.data_spaces
    ]
    workload = {
        "rank_sizes": {d: problem.bound[d] for d in dimensions},
        "bits_per_value": {"All": 1},
        "einsums": [{"name": "layer", "tensor_accesses": accesses}],
    }
    return Translation({"nodes": builder.nodes, "workload": workload}, builder.remarks())


class _Builder:
    """Nodes from the outermost to the innermost.

    The leakage of a node is that of all instances of the hardware, also of those that the job leaves out
    where a fan-out is narrowed to what the constraints let be used.
    """

    def __init__(self, case: Case, space: MapSpace, dimensions: list[str]) -> None:
        self.nodes: list[dict[str, Any]] = []
        self._case = case
        self._space = space
        self._dimensions = dimensions
        self._left_out: dict[str, list[str]] = {}
        self._leaking = 1.0

    def remarks(self) -> tuple[str, ...]:
        architecture = self._case.architecture
        for tiling in self._space.levels:
            asked = tiling.constraint
            if not tiling.spatial and self._may_keep(tiling.storage):
                demands = [d for d in self._space.demands if d.dimension in self._dimensions]
                if any(_speaks(d, self._space.levels.index(tiling)) for d in demands):
                    self._leave_out("factors of temporal loops", tiling.storage_name)
                if set(asked.prefix) & set(self._dimensions) or set(asked.suffix) & set(self._dimensions):
                    self._leave_out("orders of temporal loops", tiling.storage_name)
        for storage in architecture.storage:
            if storage.min_utilization > 0:
                self._leave_out("least utilisation", storage.name)
            if storage.network_fill_latency or storage.network_drain_latency:
                self._leave_out("network latency", storage.name)
            if storage.power_gated_at:
                self._leave_out("power gating", storage.name)
            if storage.reduction_supported is False:
                self._leave_out("no reduction in place", storage.name)
        for network in architecture.networks:
            self._leave_out("energy of networks", network.name)
        said = [f"{what} ({', '.join(names)})" for what, names in self._left_out.items()]
        fixed = (
            "counts otherwise: part blocks are not rounded up; partial sums that leave a level are read "
            "there; a tensor below a loop that does not move it is fetched anew; memories nest in one order",
        )
        return (f"cannot say: {'; '.join(said)}", *fixed) if said else fixed

    def _leave_out(self, what: str, where: str) -> None:
        names = self._left_out.setdefault(what, [])
        if where not in names:
            names.append(where)

    def _may_keep(self, number: int) -> dict[str, tuple[bool, ...]]:
        """The data spaces that the level may keep, with the options."""
        options = self._space.keep_options
        return {name: by_level[number] for name, by_level in options.items() if True in by_level[number]}

    def add_source(self) -> None:
        storage = self._case.architecture.storage
        begins = {
            name: max(number for number, options in enumerate(by_level) if True in options)
            for name, by_level in self._space.keep_options.items()
        }
        homeless = [name for name, number in begins.items() if storage[number].size_words is not None]
        if not homeless:
            return
        for name in homeless:
            self._leave_out("that a bounded level is the home of a data space", name)
        actions = [
            {"name": name, "energy": 0, "throughput": BOUNDLESS, "bits_per_action": 1}
            for name in ("read", "write")
        ]
        fields = {
            "name": SOURCE,
            "size": float("inf"),
            "area": 0,
            "leak_power": 0,
            "actions": actions,
            "tensors": {"keep": _set_of(homeless), "may_keep": "Nothing"},
        }
        self.nodes.append({"kind": "Memory", "fields": fields})

    def add_memory(self, number: int, level: LevelBasis) -> None:
        kept = self._may_keep(number)
        if not kept:
            return
        storage = level.spec
        block = storage.block_size * storage.cluster_size
        if level.energy.fill != level.energy.update:
            self._leave_out("energy of updates other than of fills", storage.name)
        if storage.cluster_size > 1:
            self._leave_out("clusters of instances that are not full", storage.name)
        shared = storage.shared_bandwidth
        actions = [
            {
                "name": name,
                "energy": energy,
                "throughput": BOUNDLESS if bandwidth is None else bandwidth / block,
                "bits_per_action": block,
            }
            for name, energy, bandwidth in (
                ("read", level.energy.read, shared or storage.read_bandwidth),
                ("write", level.energy.fill, shared or storage.write_bandwidth),
            )
        ]
        total = "sum" if shared else "max"
        fields = {
            "name": storage.name,
            "size": float("inf") if level.capacity is None else level.capacity,
            "area": 0,
            "leak_power": level.energy.leak * self._leaking,
            "total_latency": f"{total}(a.n_calls / a.throughput for a in actions)",
            "actions": actions,
            "tensors": {
                "keep": _set_of([name for name, options in kept.items() if False not in options]),
                "may_keep": _set_of([name for name, options in kept.items() if False in options]),
            },
        }
        self.nodes.append({"kind": "Memory", "fields": fields})

    def add_fanout(self, number: int) -> None:
        for index, tiling in enumerate(self._space.levels):
            if tiling.spatial and tiling.storage == number:
                self._add_container(index, tiling)

    def _add_container(self, index: int, tiling: TilingLevel) -> None:
        demands = {d.dimension: d for d in self._space.demands if d.dimension in self._dimensions}
        barred = [d for d, demand in demands.items() if _barred(demand, index)]
        free = [demand for d, demand in demands.items() if d not in barred]
        axes = [("X", tiling.fanout_x), ("Y", tiling.fanout_y)]
        axes = [(axis, width) for axis, width in axes if width > 1]
        spatial = []
        for axis, width in axes:
            entry: dict[str, Any] = {
                "name": axis,
                "fanout": width,
                "loop_bounds": [{"expression": d.lower(), "operator": "==", "value": 1} for d in barred],
            }
            if len(axes) == 1 and len(free) == 1:
                least, most = _range(free[0], index, width)
                entry |= {"fanout": most, "min_usage": least / most}
                self._leaking *= width / most
            elif any(_speaks(demand, index) for demand in free):
                self._leave_out("bounds of single factors among several", tiling.name)
            spatial.append(entry)
        if tiling.constraint.split is not None and len(axes) > 1:
            self._leave_out("which loops lie along X", tiling.name)
        fields = {"name": NODE.format(tiling.storage_name), "spatial": spatial}
        self.nodes.append({"kind": "Container", "fields": fields})

    def add_compute(self, energy: float, leak: float) -> None:
        action = {"name": "compute", "energy": energy, "throughput": 1}
        fields = {"name": "MAC", "area": 0, "leak_power": leak * self._leaking, "actions": [action]}
        self.nodes.append({"kind": "Compute", "fields": fields})


def _set_of(names: list[str]) -> str:
    return " | ".join(names) or "Nothing"


def _barred(demand: FactorDemands, index: int) -> bool:
    return demand.given.get(index) == 1 or demand.most.get(index) == 1


def _speaks(demand: FactorDemands, index: int) -> bool:
    return index in demand.given or index in demand.most or demand.least.get(index, 1) > 1


def _range(demand: FactorDemands, index: int, width: int) -> tuple[int, int]:
    """The least and the largest factor of the only dimension that may lie along an axis of ``width``."""
    given = demand.given.get(index)
    if given is not None:
        return given, given
    most = min(width, demand.most.get(index, width))
    return demand.least.get(index, 1), most
