"""A study: what two points of a sweep must have in common to be compared."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from harness.engines.content_hash import content_hash
from harness.estimation import EstimationOptions, EstimatorName
from harness.sweep.outcome import Occurrence

SweepEngine = Literal["embedded", "timeloop", "both"]
"""Who maps and evaluates: this package, the real Timeloop, or this package, each mapping of which the real
Timeloop evaluates as well.
"""


@dataclass(frozen=True)
class Settings:
    """Model, fusion with its options, mapper with its objective, and the version of the program, in words;
    and the engine. The version has that of the real Timeloop where that is used.
    """

    model: str
    fusion: str | None
    mapper: str
    version: str
    engine: SweepEngine = "embedded"

    def to_record(self) -> dict[str, Any]:
        """The engine only where it is not this package alone: so it was before there was another."""
        record = asdict(self)
        if self.engine == "embedded":
            del record["engine"]
        return record


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
        return content_hash(
            self.settings.to_record(), [layer.to_record() for layer in self.layers], self.blocks
        )


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
