"""Random in all coordinates but the bypass mask (Timeloop ``search/random.cpp``).

For each random (factorisation, permutation, split) every bypass mask is tried in turn. No early exits and no
pruning.
"""

from __future__ import annotations

import copy
from itertools import count

from harness.search.metrics import Cost
from harness.search.proposer import Outcome, Proposal, Share
from harness.spec.settings import SearchSettings

_MOST_REPEATED_DRAWS = 100_000


class Random:
    """Ends only when as many valid mappings were seen as the space has, repeated ones included."""

    ahead = None

    def __init__(self, share: Share, settings: SearchSettings) -> None:
        sizes = share.space.sizes
        self._share = share
        self._factorization_stream = share.stream(max(share.factorizations, 1), "factorization")
        self._permutation_stream = share.stream(sizes.loop_permutation, "permutation")
        self._spatial_stream = share.stream(sizes.spatial, "spatial")
        self._size = share.factorizations * sizes.loop_permutation * sizes.spatial * sizes.datatype_bypass
        self._masks_covered = share.bypass_size
        self._next_mask = 0
        self._valid = 0
        self._visited: set[tuple[int, int, int, int]] | None = set() if settings.filter_revisits else None
        self._current: Proposal | None = None

    def propose(self) -> Proposal | None:
        if self._valid >= self._size:
            return None
        if self._current is None or self._masks_covered == self._share.bypass_size:
            if self.saw_all:
                # The reference would draw for ever here.
                return None
            self._current = self._roll()
            self._masks_covered = 1
        else:
            last = self._current
            mask = self._sequential_mask()
            self._current = Proposal(last.factorization, last.permutation, last.spatial, mask, last.subspace)
            self._masks_covered += 1
        return self._current

    def learn(self, outcome: Outcome) -> None:
        if outcome is Outcome.SUCCESS:
            self._valid += 1

    def observe(self, proposal: Proposal, cost: Cost) -> None:
        """The draws do not depend on costs."""

    def copy(self) -> Random:
        twin = copy.copy(self)
        twin._factorization_stream = self._factorization_stream.copy()
        twin._permutation_stream = self._permutation_stream.copy()
        twin._spatial_stream = self._spatial_stream.copy()
        twin._visited = None if self._visited is None else set(self._visited)
        return twin

    def _sequential_mask(self) -> int:
        mask = self._next_mask
        self._next_mask = (mask + 1) % self._share.bypass_size
        return mask

    @property
    def saw_all(self) -> bool:
        """Whether everything was visited, which only ``filter_revisits`` can tell."""
        return self._visited is not None and len(self._visited) * self._share.bypass_size >= self._size

    def _roll(self) -> Proposal:
        # The reference's three streams are the same numbers scaled, so that some combinations never come;
        # it would draw for ever then. Here revisits count again after so many in a row.
        for repeated in count():
            key = (
                self._factorization_stream.draw(),
                self._permutation_stream.draw(),
                self._spatial_stream.draw(),
                self._sequential_mask(),
            )
            if self._visited is None:
                break
            if key not in self._visited:
                self._visited.add(key)
                break
            if repeated == _MOST_REPEATED_DRAWS:
                self._visited = None
                break
        factorization, permutation, spatial, bypass = key
        subspace = self._share.subspace(factorization, pruned=False)
        return Proposal(self._share.whole(factorization), permutation, spatial, bypass, subspace)
