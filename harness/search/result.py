"""What a search yields, and what it reports on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.mapspace import SpaceSizes
from harness.model.stats import Stats
from harness.search.certificate import Certificate
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


Status = Literal["optimal", "bound", "best_found", "no_mapping"]


@dataclass(frozen=True)
class SearchResult:
    """The best mapping with its evaluation, and how it was found.

    ``status``: "optimal" when it is proven that nothing in the space is better in the first goal, "bound"
    when a floor of the first goal is proven that the mapping does not reach, "best_found" when nothing is
    proven, "no_mapping" without one; then ``reason`` says why. ``lower_bound`` is the proven floor, in the
    goal's unit (J*cycles of the EDP, cycles, pJ), ``gap`` the value above it relative to it; both None where
    nothing is proven. ``certificate`` is the account of a proof.

    ``evaluated`` counts all tries, valid or not. ``complete``: every thread saw its whole share. ``stopped``
    says why each thread ended; ``interrupted``: it was made to end early. ``algorithm`` found the mapping.
    """

    mapping: Mapping | None
    stats: Stats | None
    status: Status
    algorithm: str
    sizes: SpaceSizes
    reason: str | None = None
    lower_bound: float | None = None
    gap: float | None = None
    certificate: Certificate | None = None
    evaluated: int = 0
    valid: int = 0
    invalid: InvalidCounts = InvalidCounts()
    refusals: tuple[Refusals, ...] = ()
    seconds: float = 0.0
    seed: int | None = None
    threads: int = 1
    complete: bool = False
    interrupted: bool = False
    stopped: tuple[str, ...] = ()
    log: tuple[Improvement, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def cost(self) -> Cost | None:
        return None if self.stats is None else Cost.of(self.stats)
