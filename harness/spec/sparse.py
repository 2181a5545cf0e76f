"""What the hardware does about zeros (Sparseloop's sparse optimisations), as plain data.

Gating and skipping of accesses, representation formats with their metadata, what the compute units do about
zero operands, and the metadata storage of each level. Data spaces and levels are named; that the problem has
them is checked when both meet (:mod:`harness.model.sparse.basis`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

FormatName = Literal["uop", "cp", "b", "rle", "ub"]
"""Uncompressed offset pairs, coordinate-payload, bitmask, run length, uncompressed bitmask."""

COMPRESSED_FORMATS = frozenset({"cp", "b", "rle"})
"""Formats of a rank that leave the zeros out."""

ActionKind = Literal["gating", "skipping", "skipping_spatial"]


@dataclass(frozen=True, slots=True)
class RankFormat:
    """One rank of a representation. The bits are those of one word of metadata and of one payload.

    ``flattened`` are groups of dimensions whose loops may share the rank; empty: a loop for each rank.
    """

    format: FormatName
    metadata_word_bits: int
    payload_word_bits: int
    flattened: tuple[tuple[str, ...], ...] = ()

    @property
    def compressed(self) -> bool:
        return self.format in COMPRESSED_FORMATS


@dataclass(frozen=True, slots=True)
class TensorFormat:
    """How a level holds a tensor. ``ranks`` from the innermost to the outermost.

    Ranks are dealt to the loops from the outside in, or with ``inner_to_outer`` from the inside out.
    """

    tensor: str
    ranks: tuple[RankFormat, ...]
    inner_to_outer: bool = False

    @property
    def compressed(self) -> bool:
        return any(rank.compressed for rank in self.ranks)


@dataclass(frozen=True, slots=True)
class Condition:
    """Accesses to ``target`` are saved where the tile of one of ``condition_on`` is empty."""

    target: str
    condition_on: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActionOptimization:
    """Of several ``options`` the one that saves most is taken. ``skipping_spatial`` saves instances."""

    kind: ActionKind
    options: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class MetadataStorage:
    """What a level has beside its words. ``depth`` entries of ``width`` bits hold the metadata; None: none.

    ``allow_overbooking``: a tile may exceed its share of the level; what is too much is read from outside.
    """

    width: int = 0
    depth: int | None = None
    word_bits: int = 0
    decompression: bool = False
    compression: bool = False
    allow_overbooking: bool = False

    @property
    def bits(self) -> int:
        return (self.depth or 0) * self.width


@dataclass(frozen=True, slots=True)
class SparseLevel:
    """The optimisations at one storage level, with its metadata storage."""

    level: str
    storage: MetadataStorage = field(default_factory=MetadataStorage)
    formats: tuple[TensorFormat, ...] = ()
    actions: tuple[ActionOptimization, ...] = ()

    def format_of(self, tensor: str) -> TensorFormat | None:
        return next((f for f in self.formats if f.tensor == tensor), None)


@dataclass(frozen=True, slots=True)
class SparseOptimizations:
    """``levels`` as the architecture's storage, innermost first.

    ``any_format``: a representation was asked for somewhere. ``gate_compute``: a unit with a zero operand
    idles; ``skip_compute``: operands that miss their partner cost no cycle.
    """

    levels: tuple[SparseLevel, ...]
    any_format: bool = False
    gate_compute: bool = False
    skip_compute: bool = False

    @property
    def skips_instances(self) -> bool:
        """Whether some level skips in space."""
        return any(a.kind == "skipping_spatial" for level in self.levels for a in level.actions)
