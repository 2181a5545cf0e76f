"""Accesses split into those that happen, those that are gated and those that are skipped.

First the representation: where there are metadata, words that are zero are not accessed. Then gating and
skipping from the outside in: what a level saves, the levels inside never see; what of that remains is split
by their own saving. Counts are cut to whole numbers at every step, as in the reference. Source: Timeloop
sparse-analysis/storage-optimization-combiner.cpp.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from harness.errors import InvalidMapping, Unsupported
from harness.model.arithmetic import rounded, unsigned
from harness.model.sparse.cells import Cell, Counts, Frame, Pair
from harness.model.sparse.conditions import Savings


@dataclass(slots=True)
class Operations:
    """``left``: operations that the storage levels leave to the arithmetic units. ``saved_by``: for each
    tensor that is read and saved at its innermost level, the share saved there."""

    left: float
    saved_by: dict[int, float]


@dataclass(slots=True)
class _Most:
    """What is left of the accesses to a cell."""

    read: float
    fill: float
    update: float
    metadata_read: list[Pair]
    metadata_fill: list[Pair]
    metadata_update: list[Pair]


def split_traffic(frame: Frame, savings: Savings, operations: float) -> Operations:
    """Set the counts of all cells. ``operations`` of the dense computation."""
    _drop_zeros(frame)
    result = Operations(operations, {})
    for tensor in range(len(frame.tensors)):
        _save(frame, tensor, savings, result)
    _count_conversions(frame)
    return result


def _drop_zeros(frame: Frame) -> None:
    for tensor, cells in zip(frame.tensors, frame.cells, strict=True):
        for cell in cells:
            if not cell.has_metadata:
                continue
            zeros = 1 - cell.expected_density
            if not frame.basis.artefacts.sparse_slips:
                zeros = max(zeros, 0.0)  # a sum of probabilities may be one and a rounding error
            counts = cell.accesses
            cell.random.read = counts.reads - math.floor(counts.reads * zeros)
            cell.random.fill = counts.fills - math.floor(counts.fills * zeros)
            if tensor.written:
                cell.random.update = counts.updates - math.floor(counts.updates * zeros)


def _save(frame: Frame, tensor: int, savings: Savings, result: Operations) -> None:
    cells, written = frame.cells[tensor], frame.tensors[tensor].written
    most = [
        _Most(
            float(cell.random.read),
            float(cell.random.fill),
            float(cell.random.update),
            cell.metadata_reads,
            cell.metadata_fills,
            cell.metadata_updates,
        )
        for cell in cells
    ]
    done: set[int] = set()
    for storage in reversed(range(len(cells))):
        if not savings.any_at(tensor, storage):
            continue
        share = _share(frame, savings, tensor, storage)
        inner = storage - 1
        while inner >= 0:
            _pass_on(frame, cells[inner], most[inner], share, len(most[storage].metadata_read))
            if savings.any_at(tensor, inner):
                _settle_inner(frame, savings, (tensor, inner), most[inner], share)
                done.add(inner)
                break
            inner -= 1
        if storage not in done:
            done.add(storage)
            _take_over(cells[storage].random, most[storage], most[storage].metadata_read)
            saving = savings.by_cell.get((tensor, storage))
            if (tensor, storage) not in savings.spatial and saving is not None:
                _split(frame, tensor, storage, share, saving.kind)
        if inner < 0 and not written:
            result.left -= math.floor(result.left * share)
            result.saved_by[tensor] = _rounded(share)
    for storage, cell in enumerate(cells):
        if (tensor, storage) not in savings.by_cell:
            _take_over(cell.random, most[storage], most[storage].metadata_read)
            updates = cell.accesses.updates
            cell.temporal_reductions = (
                math.ceil(cell.temporal_reductions * float(cell.random.update) / updates) if updates else 0
            )


def _share(frame: Frame, savings: Savings, tensor: int, storage: int) -> float:
    saving = savings.by_cell.get((tensor, storage))
    spatial = savings.spatial.get((tensor, storage))
    if spatial is None:
        return saving.share if saving is not None else 0.0
    if saving is not None and saving.share != 0:
        raise Unsupported(
            f"{frame.level_name(storage)}: {frame.tensors[tensor].name} is skipped in time and in space"
        )
    return spatial


def _pass_on(frame: Frame, cell: Cell, most: _Most, share: float, ranks_outside: int) -> None:
    """What an outer level saves does not reach ``cell``."""
    most.fill -= math.floor(most.fill * share)
    most.read -= math.floor(most.read * share)
    most.update -= math.floor(most.update * share)
    if not frame.basis.artefacts.sparse_slips:
        most.metadata_fill = [_less(pair, share) for pair in most.metadata_fill]
        most.metadata_read = [_less(pair, share) for pair in most.metadata_read]
        most.metadata_update = [_less(pair, share) for pair in most.metadata_update]
    elif cell.has_metadata and ranks_outside == 1 and most.metadata_read:
        # The reference means more, but reaches the innermost rank only, and only where the outer level has
        # one.
        most.metadata_fill = [_less(most.metadata_fill[0], share), *most.metadata_fill[1:]]
        most.metadata_read = [_less(most.metadata_read[0], share), *most.metadata_read[1:]]


def _less(pair: Pair, share: float) -> Pair:
    return pair[0] - math.floor(pair[0] * share), pair[1] - math.floor(pair[1] * share)


def _settle_inner(
    frame: Frame, savings: Savings, place: tuple[int, int], most: _Most, outside: float
) -> None:
    """A level with its own saving, inside one that has let only ``1 - outside`` through."""
    tensor, inner = place
    cell = frame.cells[tensor][inner]
    # The reference takes the metadata updates for the reads here.
    slips = frame.basis.artefacts.sparse_slips
    _take_over(cell.random, most, most.metadata_update if slips else most.metadata_read)
    if (tensor, inner) in savings.spatial:
        return
    saving = savings.by_cell[tensor, inner]
    if outside == 1:
        raise InvalidMapping(
            f"{frame.level_name(inner)}: no access to {frame.tensors[tensor].name} is left for it to save"
        )
    share = 1 - ((1 - saving.share) / (1 - outside))
    # An inner level that saves less than the outer one has nothing left to save. The reference counts on,
    # below zero, in unsigned numbers.
    _split(frame, tensor, inner, share if slips else max(share, 0.0), saving.kind)


def _take_over(counts: Counts, most: _Most, metadata_read: list[Pair]) -> None:
    counts.fill, counts.read, counts.update = int(most.fill), int(most.read), int(most.update)
    counts.metadata_fill = list(most.metadata_fill)
    counts.metadata_read = list(metadata_read)
    counts.metadata_update = list(most.metadata_update)


def _split(frame: Frame, tensor: int, storage: int, share: float, kind: str) -> None:
    """Of the accesses left, ``share`` is gated or skipped."""
    cells, written = frame.cells[tensor], frame.tensors[tensor].written
    cell = cells[storage]
    counts, saved = cell.random, cell.gated if kind == "gated" else cell.skipped
    reads = math.ceil(counts.read * share) if written else math.floor(counts.read * share)
    updates = math.floor(counts.update * share)
    saved.read = unsigned(saved.read + reads)
    saved.update = unsigned(saved.update + updates)
    counts.read -= reads
    counts.update -= updates
    sent = cell.ranks if cell.child is None else cells[cell.child].ranks
    if sent > len(counts.metadata_read):
        raise Unsupported(
            f"{frame.level_name(storage)}: {frame.tensors[tensor].name} has fewer ranks than further inside"
        )
    for rank in range(sent):
        counts.metadata_read[rank], saved.metadata_read[rank] = _moved(
            counts.metadata_read[rank], saved.metadata_read[rank], share
        )
        counts.metadata_update[rank], saved.metadata_update[rank] = _moved(
            counts.metadata_update[rank], saved.metadata_update[rank], share
        )
    if cell.movement.size and written:
        if not cell.accesses.updates:
            raise InvalidMapping(
                f"{frame.level_name(storage)}: {frame.tensors[tensor].name} has no updates to save"
            )
        cell.temporal_reductions = math.ceil(
            cell.temporal_reductions * float(counts.update) / cell.accesses.updates
        )


def _moved(left: Pair, saved: Pair, share: float) -> tuple[Pair, Pair]:
    metadata, payloads = math.floor(left[0] * share), math.floor(left[1] * share)
    moved = unsigned(saved[0] + metadata), unsigned(saved[1] + payloads)
    return (left[0] - metadata, left[1] - payloads), moved


def _count_conversions(frame: Frame) -> None:
    """Words that are packed or unpacked at an uncompressed level below a compressed one."""
    for tensor, cells in zip(frame.tensors, frame.cells, strict=True):
        for storage, cell in enumerate(cells):
            if cell.compressed:
                continue
            outside = None if cell.parent is None else cells[cell.parent]
            if outside is not None and outside.compressed:
                if tensor.written:
                    cell.compressions += outside.random.update
                cell.decompressions += cell.random.fill
            if cell.child is not None and cells[cell.child].compressed:
                raise Unsupported(
                    f"{frame.level_name(storage)}: {tensor.name} is compressed further inside, not here; "
                    "packing on the way in is not modelled"
                )


def _rounded(share: float) -> float:
    """To six digits, halves away from zero."""
    return rounded(share * 1000000) / 1000000
