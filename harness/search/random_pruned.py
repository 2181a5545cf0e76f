"""Random factorisations, a few random permutations of each (Timeloop ``search/random-pruned.cpp``)."""

from __future__ import annotations

from harness.mapspace import SubSpace
from harness.search.odometer import Odometer
from harness.search.proposer import Share
from harness.spec.settings import SearchSettings


class RandomPruned(Odometer):
    """At most ``max_permutations_per_if_visit`` permutations, with all splits and masks of each."""

    def __init__(self, share: Share, settings: SearchSettings) -> None:
        self._most_permutations = settings.max_permutations_per_if_visit
        self._permutations_to_visit = 1
        self._permutations_visited = 0
        self._factorization_stream = share.stream(max(share.factorizations, 1), "factorization")
        self._permutation_stream = share.stream(share.space.sizes.loop_permutation, "permutation")
        super().__init__(share)

    def _first_factorization(self) -> int:
        return self._factorization_stream.draw()

    def _next_factorization(self) -> int | None:
        return self._factorization_stream.draw()

    def _first_permutation(self, subspace: SubSpace) -> int:
        self._permutations_to_visit = min(self._most_permutations, subspace.permutation_size)
        self._permutations_visited = 0
        return self._permutation_stream.draw() % subspace.permutation_size

    def _next_permutation(self) -> bool:
        if self._permutations_visited + 1 >= self._permutations_to_visit:
            return False
        assert self._subspace is not None
        self._permutation = self._permutation_stream.draw() % self._subspace.permutation_size
        self._permutations_visited += 1
        return True

    def _last_permutation(self) -> None:
        self._permutations_visited = self._permutations_to_visit - 1

    def _copy_state(self) -> None:
        self._factorization_stream = self._factorization_stream.copy()
        self._permutation_stream = self._permutation_stream.copy()
