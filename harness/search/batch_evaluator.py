"""Costs of proposals in batches, for problems that the kernels cover."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from harness.errors import Unsupported
from harness.mapspace import MapSpace, SubSpace
from harness.model.kernels.batch import Batch, Directives, factor_type
from harness.model.kernels.evaluator import BatchEvaluator, BatchStats
from harness.model.kernels.validity import Reason
from harness.search.evaluators import Evaluator
from harness.search.metrics import Cost
from harness.search.proposer import Proposal

LARGEST_BATCH = 2048

_Rows = list[Sequence[int]]


class KernelEvaluator:
    """The batch kernels; mappings that they do not cover (imperfect factors) go to ``fallback``."""

    largest_batch = LARGEST_BATCH

    def __init__(self, space: MapSpace, kernels: BatchEvaluator, fallback: Callable[[], Evaluator]) -> None:
        self._space = space
        self._kernels = kernels
        self._make_fallback = fallback
        self._fallback: Evaluator | None = None
        self._encoder = _Encoder(space)

    def costs(self, proposals: Sequence[Proposal]) -> list[Cost | str]:
        found: list[Cost | str] = [""] * len(proposals)
        perfect = [i for i, p in enumerate(proposals) if p.subspace.perfect]
        stats = self._batch([proposals[i] for i in perfect]) if perfect else None
        if stats is None:
            perfect = []
        else:
            reasons = stats.reason.tolist()
            levels = stats.level.tolist()
            cycles = stats.cycles.tolist()
            energies = stats.energy_pj.tolist()
            for place, i in enumerate(perfect):
                if reasons[place] == 0:
                    found[i] = Cost(cycles[place], energies[place], None)
                else:
                    found[i] = self._words(reasons[place], levels[place])
        if len(perfect) < len(proposals):
            if self._fallback is None:
                self._fallback = self._make_fallback()
            done = set(perfect)
            rest = [i for i in range(len(proposals)) if i not in done]
            for i, cost in zip(rest, self._fallback.costs([proposals[i] for i in rest]), strict=True):
                found[i] = cost
        return found

    def _batch(self, proposals: Sequence[Proposal]) -> BatchStats | None:
        """Results of the kernels; None if some mapping of the batch is beyond them."""
        try:
            return self._kernels.evaluate(self._encoder.encode(proposals))
        except Unsupported:
            return None

    def _words(self, reason: int, level: int) -> str:
        names = self._space.architecture.level_names
        where = names[level] if level >= 0 else "arithmetic"
        return f"{where}: {_WORDS[Reason(reason)]}"


_WORDS = {
    Reason.WRONG_FACTORS: "the factors do not multiply to the problem's bounds",
    Reason.NOT_KEPT_ANYWHERE: "a data space is bypassed in all storage levels",
    Reason.NO_FANOUT: "spatial loops where the hardware does not fan out",
    Reason.OVER_CAPACITY: "the tiles exceed the capacity",
    Reason.UNDER_UTILIZED: "the tiles are below the demanded least utilization",
    Reason.TOO_MANY_INSTANCES: "more instances are needed than there are",
    Reason.TOO_WIDE: "the expansion along X exceeds the mesh",
    Reason.TOO_HIGH: "the expansion along Y exceeds the mesh",
    Reason.SERVED_UNEQUALLY: "distributed multicast to instances that are served unequally",
    Reason.FEWER_ACCESSES_THAN_WORDS: "a written tile has fewer accesses than words",
}


class _Encoder:
    """Proposals as arrays. Blocks that many proposals share are built once."""

    def __init__(self, space: MapSpace) -> None:
        self._space = space
        self._ones = (1,) * len(space.problem.dimensions)
        self._identity = tuple(range(len(space.problem.dimensions)))
        self._type = factor_type(space.problem)
        mapping = space.mapping(space.subspace(0, pruned=False), 0, 0, 0)
        self._directives = Directives.of(mapping, space.problem)
        self._names = [d.name for d in space.problem.data_spaces]
        self._temporal = [k for k, level in enumerate(space.levels) if not level.spatial]

    def encode(self, proposals: Sequence[Proposal]) -> Batch:
        blocks: list[_Rows] = []
        spatial_orders: list[_Rows] = []
        orders: list[_Rows] = []
        keeps: list[list[list[bool]]] = []
        block_of: dict[tuple[int, int, int], int] = {}
        order_of: dict[tuple[int, int], int] = {}
        keep_of: dict[int, int] = {}
        rows = np.empty((len(proposals), 3), dtype=np.intp)
        subspace: SubSpace | None = None
        number = -1
        for i, p in enumerate(proposals):
            if p.subspace is not subspace:
                subspace = p.subspace
                number += 1
            block_key = (number, p.permutation, p.spatial)
            block = block_of.get(block_key)
            if block is None:
                block = block_of[block_key] = len(blocks)
                factors, spatial_order = self._block(p)
                blocks.append(factors)
                spatial_orders.append(spatial_order)
            order_key = (number, p.permutation)
            order = order_of.get(order_key)
            if order is None:
                order = order_of[order_key] = len(orders)
                orders.append([p.subspace.order(k, p.permutation) for k in self._temporal])
            keep = keep_of.get(p.bypass)
            if keep is None:
                keep = keep_of[p.bypass] = len(keeps)
                keeps.append(self._keep(p.bypass))
            rows[i] = block, order, keep
        return Batch(
            factors=np.array(blocks, dtype=self._type)[rows[:, 0]],
            permutation=_chosen(np.array(orders, dtype=np.int8), rows[:, 1]),
            keep=_chosen(np.array(keeps, dtype=np.bool_), rows[:, 2]),
            spatial_order=_chosen(np.array(spatial_orders, dtype=np.int8), rows[:, 0]),
            directives=self._directives,
        )

    def _block(self, p: Proposal) -> tuple[_Rows, _Rows]:
        """Factors [3 L, D] and spatial loop orders [L, D]."""
        splits = p.subspace.splits(p.spatial)
        rows: _Rows = []
        orders: _Rows = []
        for k in self._temporal:
            rows.append([end for end, _ in p.subspace.factors[k]])
            if k - 1 not in splits:
                rows += [self._ones, self._ones]
                orders.append(self._identity)
                continue
            along_x, along_y = list(self._ones), list(self._ones)
            order = p.subspace.order(k - 1, p.permutation)
            for position, d in enumerate(order):
                axis = along_x if position < splits[k - 1] else along_y
                axis[d] = p.subspace.factors[k - 1][d][0]
            rows += [along_x, along_y]
            orders.append(order)
        return rows, orders

    def _keep(self, bypass: int) -> list[list[bool]]:
        return [[name in kept for name in self._names] for kept in self._space.keep(bypass)]


def _chosen[T: np.generic](blocks: npt.NDArray[T], rows: npt.NDArray[np.intp]) -> npt.NDArray[T]:
    """``blocks[rows]``; a single block stays alone, which the kernels exploit."""
    return blocks if len(blocks) == 1 else blocks[rows]


def batch_evaluator(space: MapSpace, fallback: Callable[[], Evaluator]) -> KernelEvaluator | None:
    """A kernel evaluator for ``space``; None if the kernels do not cover its problem or architecture."""
    try:
        kernels = BatchEvaluator(space.architecture, space.problem)
    except Unsupported:
        return None
    return KernelEvaluator(space, kernels, fallback)
