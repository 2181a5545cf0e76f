"""A study: what two points of a sweep must have in common to be compared."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from harness.engines.content_hash import content_hash
from harness.sweep.outcome import Occurrence


@dataclass(frozen=True)
class Settings:
    """Model, fusion with its options, mapper with its objective, and the version of the program, in words."""

    model: str
    fusion: str | None
    mapper: str
    version: str


@dataclass(frozen=True)
class Study:
    """``layers`` in the order of the model, with their counts in the whole model.

    ``blocks``: every layer occurs a multiple of so many times, once for each block of the model; None
    where the layers do not come in blocks. ``number`` is the study's number in its store.
    """

    settings: Settings
    layers: tuple[Occurrence, ...]
    blocks: int | None = None
    number: int = 0

    @property
    def identity(self) -> str:
        """The same for equal studies of any store."""
        return content_hash(asdict(self.settings), [asdict(layer) for layer in self.layers], self.blocks)
