"""What stands behind a result: the objects from which Timeloop's files are written."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from harness.model.stats import Stats
from harness.spec.architecture import Architecture
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem

if TYPE_CHECKING:
    from harness.estimation import Answer


@dataclass(frozen=True)
class Evaluation:
    """``architecture`` carries the ERT and ART that were used; ``answers`` say who estimated them (empty
    when the input gave its own tables); ``tree`` is the flattened specification; ``notes`` are remarks
    of the search, such as demands that have no effect, and reservations about the figures.
    """

    architecture: Architecture
    problem: Problem
    mapping: Mapping
    stats: Stats
    answers: tuple[Answer, ...] = ()
    tree: AbstractMapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
