"""The counts behind a batch's results, level by level and tensor by tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from harness.model.kernels.cost import Energy, Performance
from harness.model.kernels.nest import values
from harness.model.kernels.traffic import TensorTraffic

Counts = NDArray[np.int64]
Amounts = NDArray[np.float64]


@dataclass(frozen=True)
class Details:
    """Per instance of a level, [n, L, T] unless said otherwise; zero where a tensor is not kept.

    ``partition_size``: distinct words that ever pass. ``ingresses``, ``link_transfers`` and ``hops``
    (weighted with the ingresses): on the network between the level and its children, also below levels that
    bypass the tensor. ``level_cycles`` and ``level_energy_pj`` (all instances, with leakage): [n, L].
    ``network_energy_pj``: [n, networks that charge], in the order of ``BatchEvaluator.charged_networks``.
    """

    reads: Counts
    fills: Counts
    updates: Counts
    temporal_reductions: Counts
    partition_size: Counts
    ingresses: Amounts
    link_transfers: Amounts
    hops: Amounts
    level_cycles: Counts
    level_energy_pj: Amounts
    network_energy_pj: Amounts


def details_of(
    count: int, traffic: Sequence[TensorTraffic], cycles: Performance, energy: Energy, written: Sequence[bool]
) -> Details:
    levels, tensors = len(traffic[0].buffers), len(traffic)
    amounts = {
        name: np.zeros((count, levels, tensors))
        for name in ("reads", "fills", "updates", "reductions", "partition", "ingresses", "transfers", "hops")
    }
    for t, tensor in enumerate(traffic):
        for level, buffer in enumerate(tensor.buffers):
            if buffer is None:
                continue
            amounts["reads"][:, level, t] = buffer.reads
            amounts["partition"][:, level, t] = buffer.kept_partition
            if buffer.fills is not None:
                amounts["fills"][:, level, t] = buffer.fills
            if buffer.updates is not None:
                amounts["updates"][:, level, t] = buffer.updates
            if written[t]:
                amounts["reductions"][:, level, t] = buffer.reads
        for level, link in enumerate(tensor.links):
            if link is None:
                continue
            for record in [*link.records, *link.distributed]:
                amounts["ingresses"][:, level, t] += record.accesses
                if record.hops is not None:
                    amounts["hops"][:, level, t] += record.hops
            if link.transfers is not None:
                amounts["transfers"][:, level, t] = link.transfers
    per_level = [cycles.compute if c is None else values(c, count) for c in cycles.level]
    networks = np.stack(energy.network, axis=1) if energy.network else np.zeros((count, 0))
    return Details(
        reads=amounts["reads"].astype(np.int64),
        fills=amounts["fills"].astype(np.int64),
        updates=amounts["updates"].astype(np.int64),
        temporal_reductions=amounts["reductions"].astype(np.int64),
        partition_size=amounts["partition"].astype(np.int64),
        ingresses=amounts["ingresses"],
        link_transfers=amounts["transfers"],
        hops=amounts["hops"],
        level_cycles=np.stack(per_level, axis=1).astype(np.int64),
        level_energy_pj=np.stack(energy.level, axis=1),
        network_energy_pj=networks,
    )


def placed(part: Details, count: int, rows: NDArray[np.intp]) -> Details:
    """``part`` spread to ``rows`` among ``count`` mappings, zeros elsewhere."""

    columns = {}
    for field in fields(Details):
        source = getattr(part, field.name)
        columns[field.name] = np.zeros((count, *source.shape[1:]), dtype=source.dtype)
        columns[field.name][rows] = source
    return Details(**columns)


def joined(parts: Sequence[Details]) -> Details:
    return Details(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Details)})
