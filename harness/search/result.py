"""What a search yields, and what it reports on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.mapspace import SpaceSizes
from harness.model.stats import Stats
from harness.search.metrics import Cost
from harness.spec.mapping import Mapping


@dataclass(frozen=True, slots=True)
class Progress:
    """A glimpse of a running search, all threads together. ``thread`` is the one with the news."""

    evaluated: int
    valid: int
    seconds: float
    thread: int
    best: Cost | None


@dataclass(frozen=True, slots=True)
class Improvement:
    """A thread found a better mapping after ``evaluated`` of its own tries."""

    thread: int
    evaluated: int
    valid: int
    cost: Cost


@dataclass(frozen=True, slots=True)
class InvalidCounts:
    """Refused mappings by stage: laying out on the hardware, capacity pre-check, evaluation."""

    construct: int = 0
    precheck: int = 0
    evaluation: int = 0

    @property
    def total(self) -> int:
        return self.construct + self.precheck + self.evaluation


@dataclass(frozen=True, slots=True)
class Refusals:
    """How often one level refused for one kind of reason, with an example in words."""

    stage: Literal["construct", "precheck", "evaluation"]
    level: str
    kind: str
    count: int
    example: str


@dataclass(frozen=True)
class SearchResult:
    """The best mapping with its evaluation, and how it was found.

    ``status`` is "optimal" when the whole space was seen and nothing in it is better in the first metric,
    else "best_found", or "no_mapping". ``evaluated`` counts all tries, valid or not. ``complete``: every
    thread saw its whole share. ``stopped`` says why each thread ended. ``reason`` explains a missing mapping.
    """

    mapping: Mapping | None
    stats: Stats | None
    status: Literal["optimal", "best_found", "no_mapping"]
    reason: str | None
    evaluated: int
    valid: int
    invalid: InvalidCounts
    refusals: tuple[Refusals, ...]
    seconds: float
    seed: int | None
    algorithm: str
    threads: int
    complete: bool
    interrupted: bool
    stopped: tuple[str, ...]
    log: tuple[Improvement, ...]
    sizes: SpaceSizes
    notes: tuple[str, ...] = ()

    @property
    def cost(self) -> Cost | None:
        return None if self.stats is None else Cost.of(self.stats)
