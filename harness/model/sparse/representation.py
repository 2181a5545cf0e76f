"""The fiber tree of each held tile: which loops its ranks stand for.

A level that holds a compressed tensor must hold it cut into the tiles of the next inner level (*pre-tiling*),
so that level's ranks are the inner ranks of this one. Otherwise the ranks stand for the loops of the level
itself, stretched over all that lies inside. Source: Timeloop sparse-analysis/representation-analyzer.cpp
(DefineCompressionFormatModels) and sparse-analysis.cpp (CheckFormatModelsAndMapping).
"""

from __future__ import annotations

from harness.errors import InvalidMapping
from harness.model.geometry import Box, box_size
from harness.model.sparse.cells import Cell, Dealt, Frame, Representation
from harness.model.sparse.full_nest import box_of, dimensions_of
from harness.model.sparse.rank_dealing import Rules, deal_inwards, deal_outwards


def check_formats(frame: Frame) -> None:
    """Refuse where a tensor would have to be (de)compressed or cut at run time without hardware for it.

    Asked of the levels that keep the tensor, before any analysis.
    """
    if not frame.sparse.any_format:
        return
    for tensor in frame.tensors:
        outer, outer_storage = None, 0
        for storage in reversed(range(len(frame.mapping.levels))):
            if tensor.name not in frame.mapping.levels[storage].keep:
                continue
            level, inner = frame.sparse.levels[storage], frame.sparse.levels[storage].format_of(tensor.name)
            compressed = inner is not None and inner.compressed
            if outer is not None and outer.compressed:
                if not compressed and not level.storage.decompression:
                    raise _refused(
                        frame, storage, "decompression (from parent level) needed but not supported"
                    )
                if tensor.written and not compressed and not level.storage.compression:
                    raise _refused(frame, storage, "compression (to parent level) needed but not supported")
                if inner is not None and compressed and len(outer.ranks) < len(inner.ranks):
                    reason = "runtime partition needed but not supported (NOT IMPLEMENTED YET)"
                    raise _refused(frame, outer_storage, reason)
            outer, outer_storage = inner, storage


def lay_out(frame: Frame) -> None:
    """Give each held tile its fiber tree where one is needed."""
    if not frame.sparse.any_format:
        return
    for tensor in range(len(frame.tensors)):
        cells = frame.cells[tensor]
        for storage, cell in enumerate(cells):
            # The tree of a tile without metadata is asked for only where its parent is packed.
            packed_outside = cell.parent is not None and cells[cell.parent].compressed
            if cell.shape and (cell.has_metadata or packed_outside):
                cell.representation = _representation(frame, tensor, storage, cell)


def _representation(frame: Frame, number: int, storage: int, cell: Cell) -> Representation:
    tensor = frame.tensors[number]
    child = None if cell.child is None else frame.cells[number][cell.child]
    inside = (
        child.representation
        if child is not None and _pre_tiled(frame, number, storage, cell, child)
        else None
    )
    first = 0 if cell.child is None else cell.child + 1
    loops, boxes = _own_loops(frame, number, first, storage)
    if inside is None:
        _stretch(frame, first, loops)

    rules = _rules(frame, cell)
    one_word: Box = ((0,) * len(tensor.ranks), (1,) * len(tensor.ranks))
    dealt = 0 if inside is None else len(inside.loops)
    if cell.format is not None and cell.format.inner_to_outer:
        assert rules is not None
        standing = {
            rank: frame.basis.dimension_numbers[of.flattened[0][0]]
            for rank, of in enumerate(cell.format.ranks)
            if of.flattened and of.flattened[0]
        }
        found = deal_outwards(loops, boxes, rules, dealt, one_word=one_word, first_flattened=standing)
    else:
        found = deal_inwards(loops, boxes, rules, dealt)
    if found.too_few:
        raise _refused(
            frame,
            storage,
            f"more compression ranks needed than supported in hardware. dataspace name: {tensor.name}",
        )
    ranks = ([] if inside is None else inside.loops) + found.loops
    below = ([one_word] if inside is None else inside.boxes) + found.boxes
    if len(ranks) != max(cell.ranks, 1):
        raise _refused(frame, storage, f"the ranks of {tensor.name} cannot be laid over its loops")
    return Representation(ranks, below, [_fiber_shape(frame, number, of_rank) for of_rank in ranks])


def _pre_tiled(frame: Frame, number: int, storage: int, cell: Cell, child: Cell) -> bool:
    """Whether the tile is held cut for its child; refuses what does not align."""
    if not cell.compressed or child.shape <= 1:
        return False
    assert cell.format is not None
    inner = max(child.ranks, 1)
    aligned = inner <= len(cell.format.ranks)
    if aligned and child.format is not None and child.compressed:
        aligned = all(
            mine.format == other.format
            for mine, other in zip(cell.format.ranks, child.format.ranks, strict=False)
        )
    if not aligned:
        assert cell.child is not None
        raise _refused(
            frame,
            storage,
            f"pretiling for {frame.tensors[number].name} required but level compression format does not "
            f"align: {frame.level_name(storage)} {frame.level_name(cell.child)}",
        )
    return True


def _own_loops(frame: Frame, number: int, first: int, storage: int) -> tuple[list[Dealt], list[Box]]:
    """The loops over the tensor's dimensions from level ``first`` to ``storage``, and what each covers."""
    tensor = frame.tensors[number]
    mine = dimensions_of(tensor)
    loops, boxes = [], []
    for level in range(first, storage + 1):
        for loop, extents in zip(frame.nest.levels[level], frame.nest.extents[level], strict=True):
            if loop.dimension in mine:
                loops.append(Dealt(loop.dimension, loop.factor))
                boxes.append(box_of(tensor, extents))
    return loops, boxes


def _stretch(frame: Frame, first: int, loops: list[Dealt]) -> None:
    """The innermost loop over each dimension stands for those of the levels inside as well."""
    inside = list(frame.nest.one if first == 0 else frame.nest.boundary(first - 1))
    for loop in loops:
        loop.size *= inside[loop.dimension]
        inside[loop.dimension] = 1


def _rules(frame: Frame, cell: Cell) -> Rules:
    if cell.format is None:
        return None
    numbers = frame.basis.dimension_numbers
    return [[frozenset(numbers[d] for d in group) for group in rank.flattened] for rank in cell.format.ranks]


def _fiber_shape(frame: Frame, number: int, loops: list[Dealt]) -> int:
    """How many coordinates the loops of a rank make."""
    extents = list(frame.nest.one)
    for loop in loops:
        extents[loop.dimension] *= loop.size
    return box_size(box_of(frame.tensors[number], tuple(extents)))


def _refused(frame: Frame, storage: int, reason: str) -> InvalidMapping:
    return InvalidMapping(f"{frame.level_name(storage)}: {reason}")
