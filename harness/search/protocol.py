"""Ask and tell: what a mapper is, and the share of the map space that one thread searches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from harness.mapspace import MapSpace, SubSpace
from harness.search.streams import Stream, stream
from harness.spec.settings import SearchSettings


class Outcome(Enum):
    """What became of a proposal. A capacity refused by the pre-check counts as EVALUATION_FAILURE."""

    SUCCESS = "success"
    CONSTRUCTION_FAILURE = "construct"
    EVALUATION_FAILURE = "evaluate"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A mapping to try. ``factorization`` counts within the thread's share; ``subspace`` belongs to it."""

    factorization: int
    permutation: int
    spatial: int
    bypass: int
    subspace: SubSpace


class Mapper(Protocol):
    """A search algorithm. ``propose`` and ``learn`` alternate."""

    def propose(self) -> Proposal | None:
        """The next mapping to try; None when the algorithm has nothing left."""
        ...

    def learn(self, outcome: Outcome) -> None:
        """What became of the last proposal."""
        ...

    def copy(self) -> Mapper:
        """An independent mapper in the same state."""
        ...


class Share:
    """The index factorisations ``thread``, ``thread + threads``, ... of a map space.

    This is how Timeloop splits a space among threads (``mapspaces/uber.cpp``, Split).
    """

    def __init__(self, space: MapSpace, thread: int, threads: int, seed: int | None) -> None:
        self.space = space
        self.thread = thread
        self._threads = threads
        self._seed = seed
        whole = space.sizes.index_factorization
        self.factorizations = max(0, -(-(whole - thread) // threads))
        self.bypass_size = space.sizes.datatype_bypass

    def subspace(self, factorization: int, pruned: bool) -> SubSpace:
        return self.space.subspace(factorization * self._threads + self.thread, pruned)

    def stream(self, bound: int, purpose: str) -> Stream:
        return stream(bound, self._seed, self.thread, purpose)


MapperFactory = Callable[[Share, SearchSettings], Mapper]
