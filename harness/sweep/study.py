"""A study: what two points of a sweep must have in common to be compared."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

from harness.engines.content_hash import content_hash
from harness.estimation import EstimationOptions, EstimatorName
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
    where the layers do not come in blocks. ``number`` is the study's number in its store. ``estimation`` is
    how energies were estimated, None where nobody recorded it; the settings say it in words.
    """

    settings: Settings
    layers: tuple[Occurrence, ...]
    blocks: int | None = None
    number: int = 0
    estimation: EstimationOptions | None = field(default=None, compare=False)

    @property
    def identity(self) -> str:
        """The same for equal studies of any store."""
        return content_hash(asdict(self.settings), [asdict(layer) for layer in self.layers], self.blocks)


def estimation_text(options: EstimationOptions | None) -> str | None:
    """What a store keeps of it."""
    if options is None:
        return None
    kept = {
        "estimator": options.estimator,
        "legacy_action_share": options.legacy_action_share,
        "table_folders": [str(folder.absolute()) for folder in options.table_folders],
    }
    return json.dumps(kept, separators=(",", ":"))


def estimation_of(text: str | None) -> EstimationOptions | None:
    """The inverse of :func:`estimation_text`."""
    if text is None:
        return None
    kept = json.loads(text)
    return EstimationOptions(
        estimator=cast(EstimatorName, str(kept["estimator"])),
        legacy_action_share=bool(kept["legacy_action_share"]),
        table_folders=tuple(Path(folder) for folder in kept["table_folders"]),
    )
