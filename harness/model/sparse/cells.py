"""One tensor at one storage level, as the sparse analysis sees it, and the frame around all of them.

Units are words, metadata words and payloads per instance. ``None`` for parent or child means that there is no
level outside or inside that holds the tensor.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.errors import SpecError, did_you_mean
from harness.model.accesses import Accesses
from harness.model.basis import Basis, Tensor
from harness.model.geometry import Box
from harness.model.sparse.densities import DensityModel, Tile
from harness.model.sparse.density_models import density_model
from harness.model.sparse.full_nest import FullNest, box_of
from harness.model.tiles import Movement
from harness.spec.mapping import Mapping
from harness.spec.sparse import SparseOptimizations, TensorFormat

Pair = tuple[int, int]
"""(metadata words, payloads) of a rank."""


@dataclass(slots=True)
class Dealt:
    """A loop dealt to a rank: ``size`` iterations over ``dimension``, those inside it perhaps included."""

    dimension: int
    size: int

    @property
    def unit(self) -> bool:
        return self.size <= 1


@dataclass(slots=True)
class Representation:
    """The fiber tree of a tile, ranks from the innermost: the loops of each rank, how many coordinates a
    fiber of it has, and the boxes below each rank; the last box is the tile of the outermost rank's loops."""

    loops: list[list[Dealt]]
    boxes: list[Box]
    fiber_shapes: list[int]


@dataclass(slots=True)
class RankUnits:
    """Metadata words and payloads of a rank, with the bits of each."""

    metadata: float
    payloads: float
    metadata_bits: int
    payload_bits: int


@dataclass(slots=True)
class Counts:
    """Accesses of one kind (random, gated, skipped) per instance; ``metadata_*`` by rank, innermost first."""

    read: int = 0
    fill: int = 0
    update: int = 0
    metadata_read: list[Pair] = field(default_factory=list)
    metadata_fill: list[Pair] = field(default_factory=list)
    metadata_update: list[Pair] = field(default_factory=list)


@dataclass(slots=True)
class Cell:
    """``shape`` counts all words of the tile (0: not held here), ``tile`` is its box."""

    movement: Movement
    accesses: Accesses
    tile: Tile
    parent: int | None
    child: int | None
    format: TensorFormat | None
    expansion: Pair
    instances: float
    representation: Representation | None = None
    expected_density: float = 1.0
    expected_occupancy: float = 0.0
    expected_metadata: list[RankUnits] = field(default_factory=list)
    metadata_reads: list[Pair] = field(default_factory=list)
    metadata_fills: list[Pair] = field(default_factory=list)
    metadata_updates: list[Pair] = field(default_factory=list)
    random: Counts = field(default_factory=Counts)
    gated: Counts = field(default_factory=Counts)
    skipped: Counts = field(default_factory=Counts)
    decompressions: int = 0
    compressions: int = 0
    temporal_reductions: float = 0.0

    @property
    def shape(self) -> int:
        return self.movement.shape

    @property
    def has_metadata(self) -> bool:
        return self.format is not None

    @property
    def compressed(self) -> bool:
        return self.format is not None and self.format.compressed

    @property
    def ranks(self) -> int:
        return 0 if self.format is None else len(self.format.ranks)


@dataclass
class Frame:
    """Everything that the steps share. ``cells[tensor][storage]``; ``models`` by tensor."""

    basis: Basis
    sparse: SparseOptimizations
    mapping: Mapping
    nest: FullNest
    models: tuple[DensityModel, ...]
    cells: list[list[Cell]]

    @property
    def tensors(self) -> tuple[Tensor, ...]:
        return self.basis.tensors

    def level_name(self, storage: int) -> str:
        return self.basis.levels[storage].spec.name

    def number_of(self, tensor: str) -> int:
        return next(n for n, t in enumerate(self.tensors) if t.name == tensor)


def framed(
    basis: Basis,
    sparse: SparseOptimizations,
    mapping: Mapping,
    *,
    movements: list[list[Movement]],
    accesses: list[list[Accesses]],
    expansions: tuple[Pair, ...],
) -> Frame:
    """The frame with cells that are still dense. Raises SpecError for names that the problem lacks."""
    _check_names(basis, sparse)
    nest = FullNest(basis, mapping)
    models = tuple(
        density_model(
            basis.problem.density_of(t.name), box_of(t, nest.whole), t.name, basis.artefacts.sparse_slips
        )
        for t in basis.tensors
    )
    cells = [
        _cells(tensor, nest, sparse, movements=of_tensor, accesses=counts, expansions=expansions)
        for tensor, of_tensor, counts in zip(basis.tensors, movements, accesses, strict=True)
    ]
    return Frame(basis, sparse, mapping, nest, models, cells)


def _cells(
    tensor: Tensor,
    nest: FullNest,
    sparse: SparseOptimizations,
    *,
    movements: list[Movement],
    accesses: list[Accesses],
    expansions: tuple[Pair, ...],
) -> list[Cell]:
    holders = [n for n, movement in enumerate(movements) if movement.size > 0]
    cells = []
    for storage, (movement, counts) in enumerate(zip(movements, accesses, strict=True)):
        held = movement.shape > 0
        empty = (0,) * len(tensor.ranks)
        box = box_of(tensor, nest.boundary(storage)) if held else (empty, empty)
        cells.append(
            Cell(
                movement=movement,
                accesses=counts,
                tile=Tile(box),
                parent=next((n for n in holders if n > storage), None) if held else None,
                child=next((n for n in reversed(holders) if n < storage), None) if held else None,
                format=sparse.levels[storage].format_of(tensor.name) if held else None,
                expansion=expansions[storage],
                instances=float(movement.replication),
                expected_occupancy=float(movement.shape),
                random=Counts(counts.reads, counts.fills, counts.updates),
                temporal_reductions=float(counts.temporal_reductions),
            )
        )
    return cells


def _check_names(basis: Basis, sparse: SparseOptimizations) -> None:
    names = [tensor.name for tensor in basis.tensors]

    def check(name: str, where: str) -> None:
        if name not in names:
            raise SpecError(f"{where}: unknown data space '{name}'", hint=did_you_mean(name, names))

    for level in sparse.levels:
        for found in level.formats:
            check(found.tensor, f"representation format of '{level.level}'")
            for rank in found.ranks:
                for dimension in (d for group in rank.flattened for d in group):
                    if dimension not in basis.dimension_numbers:
                        raise SpecError(
                            f"flattened_rankIDs of '{found.tensor}' at '{level.level}': unknown dimension "
                            f"'{dimension}'",
                            hint=did_you_mean(dimension, basis.dimension_numbers),
                        )
        for action in level.actions:
            for option in action.options:
                for name in (option.target, *option.condition_on):
                    check(name, f"action optimisation of '{level.level}'")
