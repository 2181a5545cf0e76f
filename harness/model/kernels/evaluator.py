"""The batch evaluator: arrays of mappings in, arrays of results out, the same numbers as ``evaluate``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from harness.errors import Unsupported
from harness.model.compat import Compat, artefacts
from harness.model.evaluation import evaluate
from harness.model.kernels.batch import (
    SLOTS_PER_LEVEL,
    Batch,
    Directives,
    decode_mapping,
    encode_mappings,
)
from harness.model.kernels.cost import energy, performance
from harness.model.kernels.counts import Extent, measure, move
from harness.model.kernels.demand import Chunk, Refusal, Wanted
from harness.model.kernels.details import Details, details_of, joined, placed
from harness.model.kernels.machine import Machine, machine_of
from harness.model.kernels.nest import Nest, ProblemIndex, Vector, unpack, values
from harness.model.kernels.sharing import PatternCache, Sharing
from harness.model.kernels.traffic import tensor_traffic
from harness.model.kernels.validity import Reason, Verdict, judge
from harness.model.kernels.window import EXACT
from harness.spec.architecture import Architecture
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem

CHUNK: Final = 8192
"""Mappings worked on at a time: enough to hide NumPy's cost per call, few enough to stay in the L2 cache."""

WORTH_SELECTING: Final = 0.8
"""Below this share of valid mappings in a chunk, the valid ones are copied out before the costly part."""


@dataclass(frozen=True)
class BatchStats:
    """Results [n] of a batch.

    ``cycles`` (int64; with network latency), ``energy_pj``, ``edp_j_cycles`` (joule x cycles) and
    ``utilization`` (0..1) are 0, infinity, infinity and 0 for refused mappings. ``reason`` says why a
    mapping is refused (:class:`Reason`, VALID if it is not) and ``level`` where (storage level number, -1
    for the arithmetic or the whole). ``details`` only on request.
    """

    cycles: NDArray[np.int64]
    energy_pj: NDArray[np.float64]
    edp_j_cycles: NDArray[np.float64]
    utilization: NDArray[np.float64]
    reason: NDArray[np.int8]
    level: NDArray[np.int8]
    details: Details | None = None

    @property
    def valid(self) -> NDArray[np.bool_]:
        valid: NDArray[np.bool_] = self.reason == Reason.VALID
        return valid


class BatchEvaluator:
    """Evaluates many mappings of ``problem`` on ``architecture`` at once.

    Covers mappings with perfect factors; raises Unsupported for the rest, for coefficients below 1 and for
    counts beyond 2**53, and the caller then uses :func:`harness.model.evaluate`, whose ``compat`` is the
    same. Not thread-safe (it remembers the sharing patterns of spatial blocks): one evaluator per thread.
    """

    def __init__(self, architecture: Architecture, problem: Problem, compat: Compat = "timeloop-v4") -> None:
        if problem.macs > EXACT:
            raise Unsupported(f"problem '{problem.name}' has more than 2**53 operations")
        self.architecture = architecture
        self.problem = problem
        self._index = ProblemIndex.of(problem)
        self._compat: Compat = compat
        self._marks = artefacts(compat)
        self._machine: Machine = machine_of(architecture, problem, self._marks)
        self._patterns: PatternCache = {}

    def encode(self, mappings: Sequence[Mapping]) -> Batch:
        """See :func:`harness.model.kernels.batch.encode_mappings`."""
        return encode_mappings(mappings, self.architecture, self.problem)

    def decode(self, batch: Batch, index: int) -> Mapping:
        """Mapping number ``index`` of ``batch``."""
        return decode_mapping(batch, index, self.architecture, self.problem)

    @property
    def charged_networks(self) -> tuple[str, ...]:
        """Names of the networks that cost energy, in the order of ``Details.network_energy_pj``."""
        return tuple(network.name for network in self._machine.networks)

    def evaluate(self, batch: Batch, details: bool = False) -> BatchStats:
        """All mappings of ``batch``; with ``details`` also the counts (several times slower).

        Raises Unsupported for arrays of the wrong shape and for single counts beyond 2**63.
        """
        directives = self._checked_directives(batch)
        starts = range(0, max(len(batch), 1), CHUNK)
        parts = [self._chunk(batch.part(i, i + CHUNK), directives, details) for i in starts]
        return parts[0] if len(parts) == 1 else _joined(parts)

    def _checked_directives(self, batch: Batch) -> Directives:
        levels, spaces = len(self.architecture.storage), len(self.problem.data_spaces)
        depth, count = len(self.problem.dimensions), len(batch)
        orders = [order for order in (batch.permutation, batch.spatial_order) if order is not None]
        right = (
            batch.factors.shape[1:] == (SLOTS_PER_LEVEL * levels, depth)
            and batch.keep.shape[1:] == (levels, spaces)
            and all(order.shape[1:] == (levels, depth) for order in orders)
            and all(array.shape[0] in (1, count) for array in (batch.keep, *orders))
        )
        if not right:
            raise Unsupported(
                f"a batch for {levels} levels, {depth} dimensions and {spaces} data spaces needs factors "
                f"[n, {SLOTS_PER_LEVEL * levels}, {depth}], permutation [n, {levels}, {depth}] and keep "
                f"[n, {levels}, {spaces}]"
            )
        return Directives.none(levels, spaces) if batch.directives is None else batch.directives

    def _chunk(self, batch: Batch, directives: Directives, details: bool) -> BatchStats:
        count = len(batch)
        nest = unpack(batch, self._index, directives)
        extent = measure(nest, self._index)
        verdict = judge(self._machine, nest, self._index, extent)
        rows = np.flatnonzero(verdict.reason == Reason.VALID)
        if not rows.size:
            return _all_refused(verdict)
        chosen: NDArray[np.intp] | None = None
        if rows.size < WORTH_SELECTING * count:
            # Much was refused: go on with the valid ones alone.
            nest, chosen = nest.take(rows), rows
            extent = measure(nest, self._index)
        results = self._accepted(nest, extent, details)
        stats = self._spread(results, chosen, verdict)
        for where in results.negative:
            self._replace(stats, batch, np.flatnonzero(where) if chosen is None else chosen[where])
        return stats

    def _replace(self, stats: BatchStats, batch: Batch, rows: NDArray[np.intp]) -> None:
        """Take the results of ``rows`` from the reference model: they have counts near 2^64."""
        for row in rows:
            if not stats.valid[row]:
                continue
            if stats.details is not None:
                raise Unsupported("a mapping has counts beyond 2^63")
            mapping = decode_mapping(batch, int(row), self.architecture, self.problem)
            found = evaluate(self.architecture, self.problem, mapping, self._compat)
            if found.cycles >= 2**63:
                raise Unsupported("a mapping takes more than 2^63 cycles")
            stats.cycles[row], stats.energy_pj[row] = found.cycles, found.energy_pj
            stats.edp_j_cycles[row], stats.utilization[row] = found.edp_j_cycles, found.utilization

    def _accepted(self, nest: Nest, extent: Extent, details: bool) -> _Results:
        """Results of a chunk without looking at validity."""
        chunk = Chunk(
            nest=nest,
            index=self._index,
            extent=extent,
            motion=move(nest, self._index),
            sharing=Sharing(nest, self._index, self._machine.fanouts, self._patterns),
            wanted=self._everything if details else self._charged,
            physical=self._machine.fanouts,
            wraps=self._marks.negative_fills_wrap,
        )
        traffic = [tensor_traffic(chunk, tensor) for tensor in range(len(self.problem.data_spaces))]
        # Perfect factors: every mapping does all computes, spread over its arithmetic instances.
        compute = values(chunk.motion.iterations[0], nest.count)
        cycles = performance(self._machine, traffic, compute)
        computes = np.full(nest.count, float(self.problem.macs))
        used = energy(self._machine, traffic, extent, cycles, computes)
        return _Results(
            cycles=cycles.machine + self._machine.network_latency,
            energy_pj=used.total,
            details=details_of(nest.count, traffic, cycles, used, self._index.written) if details else None,
            refused=[refusal for tensor in traffic for refusal in tensor.refused],
            negative=[where for tensor in traffic for where in tensor.negative],
        )

    def _spread(self, results: _Results, rows: NDArray[np.intp] | None, verdict: Verdict) -> BatchStats:
        """Results of all mappings (``rows`` None) or of those in ``rows``, with the refused ones blanked."""
        count = verdict.reason.size
        cycles, energy_pj, details = results.cycles, results.energy_pj, results.details
        if rows is not None:
            cycles, energy_pj = np.zeros(count), np.full(count, np.inf)
            cycles[rows], energy_pj[rows] = results.cycles, results.energy_pj
            details = None if details is None else placed(details, count, rows)
        for where, reason, level in results.refused:
            everywhere = where if rows is None else np.zeros(count, dtype=bool)
            if rows is not None:
                everywhere[rows] = where
            verdict.refuse(everywhere, reason, level)
        if rows is None or results.refused:
            refused = verdict.reason != Reason.VALID
            if refused.any():
                cycles = np.where(refused, 0.0, cycles)
                energy_pj = np.where(refused, np.inf, energy_pj)
        ideal = self.problem.macs / self._machine.arithmetic_instances
        with np.errstate(divide="ignore"):
            utilization = np.where(cycles > 0, ideal / cycles, 0.0)
        edp = energy_pj * np.maximum(cycles, 1.0) / 1e12
        return BatchStats(
            cycles=cycles.astype(np.int64),
            energy_pj=energy_pj,
            edp_j_cycles=edp,
            utilization=utilization,
            reason=verdict.reason,
            level=verdict.level,
            details=details,
        )

    @cached_property
    def _charged(self) -> Wanted:
        levels = range(len(self._machine.levels))
        distributes = tuple(level.distributes for level in self._machine.levels)
        # A distributing level exchanges traffic with the network outside it.
        involved = {i for i in levels if distributes[i] or (i > 0 and distributes[i - 1])}
        charged = {network.level for network in self._machine.networks}
        hops = {network.level for network in self._machine.networks if network.needs_hops} | involved
        return Wanted(
            links=tuple(level in charged or level in involved for level in levels),
            hops=tuple(level in hops for level in levels),
            distributes=distributes,
        )

    @cached_property
    def _everything(self) -> Wanted:
        every = (True,) * len(self._machine.levels)
        return Wanted(links=every, hops=every, distributes=self._charged.distributes)


@dataclass(frozen=True)
class _Results:
    cycles: Vector
    energy_pj: Vector
    details: Details | None
    refused: list[Refusal]
    negative: list[NDArray[np.bool_]]


def _all_refused(verdict: Verdict) -> BatchStats:
    count = verdict.reason.size
    return BatchStats(
        cycles=np.zeros(count, dtype=np.int64),
        energy_pj=np.full(count, np.inf),
        edp_j_cycles=np.full(count, np.inf),
        utilization=np.zeros(count),
        reason=verdict.reason,
        level=verdict.level,
    )


def _joined(parts: Sequence[BatchStats]) -> BatchStats:
    columns = {
        f.name: np.concatenate([getattr(part, f.name) for part in parts])
        for f in fields(BatchStats)
        if f.name != "details"
    }
    details = [part.details for part in parts if part.details is not None]
    return BatchStats(**columns, details=joined(details) if details else None)
