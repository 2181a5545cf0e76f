"""Ask and tell: what a proposer is, and the share of the map space that one thread searches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from harness.mapspace import MapSpace, SubSpace
from harness.search.metrics import Cost
from harness.search.streams import Stream, stream
from harness.spec.settings import SearchSettings


class Outcome(Enum):
    """What became of a proposal. A capacity refused by the pre-check counts as EVALUATION_FAILURE."""

    SUCCESS = "success"
    CONSTRUCTION_FAILURE = "construct"
    EVALUATION_FAILURE = "evaluate"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping to try: its coordinates in the whole space. ``subspace`` belongs to ``factorization``."""

    factorization: int
    permutation: int
    spatial: int
    bypass: int
    subspace: SubSpace


class Proposer(Protocol):
    """A search algorithm. ``propose`` and ``learn`` alternate."""

    @property
    def ahead(self) -> int | None:
        """How many proposals may be asked for before the costs of all earlier ones are told.

        None if the proposer does not look at costs.
        """
        ...

    @property
    def saw_all(self) -> bool:
        """Whether it has proposed its whole share, asked after ``propose`` gave None."""
        ...

    def propose(self) -> Proposal | None:
        """The next mapping to try; None when the algorithm has nothing left."""
        ...

    def learn(self, outcome: Outcome) -> None:
        """What became of the last proposal."""
        ...

    def observe(self, proposal: Proposal, cost: Cost) -> None:
        """What a valid proposal costs, in the order of proposals; told only if costs are looked at."""
        ...

    def copy(self) -> Proposer:
        """An independent proposer in the same state. Not asked of proposers that look at costs."""
        ...


class Share:
    """The index factorisations ``thread``, ``thread + threads``, ... of a map space.

    This is how Timeloop splits a space among threads (``mapspaces/uber.cpp``, Split).
    """

    def __init__(self, space: MapSpace, thread: int, threads: int, seed: int | None) -> None:
        self.space = space
        self.thread = thread
        self._threads = threads
        self.seed = seed
        whole = space.sizes.index_factorization
        self.factorizations = max(0, -(-(whole - thread) // threads))
        self.bypass_size = space.sizes.datatype_bypass

    def whole(self, factorization: int) -> int:
        """The number in the whole space of the share's factorisation number ``factorization``."""
        return factorization * self._threads + self.thread

    def subspace(self, factorization: int, pruned: bool) -> SubSpace:
        return self.space.subspace(self.whole(factorization), pruned)

    def stream(self, bound: int, purpose: str) -> Stream:
        return stream(bound, self.seed, self.thread, purpose)


ProposerFactory = Callable[[Share, SearchSettings], Proposer]
