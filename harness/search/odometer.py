"""The order of visits of all but ``random`` and ``guided``: masks, splits, permutations, factorisations.

With two early exits (Timeloop ``search/hybrid.cpp`` and its siblings): a mapping that cannot be laid out
skips the remaining bypass masks, because the layout does not depend on them; and when every mask of one
(factorisation, permutation, split) fails on capacity the factorisation is given up, because tile sizes do not
depend on order and split.
"""

from __future__ import annotations

import copy
from typing import Self

from harness.mapspace import SubSpace
from harness.search.metrics import Cost
from harness.search.proposer import Outcome, Proposal, Share


class Odometer:
    """Counts through the sub-spaces of one factorisation after another.

    Subclasses say which factorisation comes next and, if they wish, which permutation.
    """

    pruned = True
    ahead = None
    saw_all = True

    def __init__(self, share: Share) -> None:
        self._share = share
        self._factorization = 0
        self._permutation = 0
        self._spatial = 0
        self._bypass = 0
        self._capacity_failures = 0
        self._done = share.factorizations == 0
        self._subspace: SubSpace | None = None
        if not self._done:
            self._enter(self._first_factorization())

    def propose(self) -> Proposal | None:
        if self._done or self._subspace is None:
            return None
        whole = self._share.whole(self._factorization)
        return Proposal(whole, self._permutation, self._spatial, self._bypass, self._subspace)

    def learn(self, outcome: Outcome) -> None:
        assert self._subspace is not None
        masks = self._share.bypass_size
        if outcome is Outcome.EVALUATION_FAILURE:
            self._capacity_failures += 1
        if self._bypass + 1 == masks:
            if self._capacity_failures == masks:
                self._spatial = self._subspace.spatial_size - 1
                self._last_permutation()
            self._capacity_failures = 0
        if outcome is Outcome.CONSTRUCTION_FAILURE:
            self._bypass = masks - 1
        self._advance()

    def observe(self, proposal: Proposal, cost: Cost) -> None:
        """The order of visits does not depend on costs."""

    def copy(self) -> Self:
        twin = copy.copy(self)
        twin._copy_state()
        return twin

    def _copy_state(self) -> None:
        """Replaces whatever a shallow copy shares and a search changes."""

    def _advance(self) -> None:
        assert self._subspace is not None
        if self._bypass + 1 < self._share.bypass_size:
            self._bypass += 1
            return
        self._bypass = 0
        if self._spatial + 1 < self._subspace.spatial_size:
            self._spatial += 1
            return
        self._spatial = 0
        if self._next_permutation():
            return
        following = self._next_factorization()
        if following is None:
            self._done = True
        else:
            self._enter(following)

    def _enter(self, factorization: int) -> None:
        self._factorization = factorization
        self._subspace = self._share.subspace(factorization, self.pruned)
        self._permutation = self._first_permutation(self._subspace)

    def _first_factorization(self) -> int:
        return 0

    def _next_factorization(self) -> int | None:
        raise NotImplementedError

    def _first_permutation(self, subspace: SubSpace) -> int:
        return 0

    def _next_permutation(self) -> bool:
        assert self._subspace is not None
        if self._permutation + 1 < self._subspace.permutation_size:
            self._permutation += 1
            return True
        return False

    def _last_permutation(self) -> None:
        assert self._subspace is not None
        self._permutation = self._subspace.permutation_size - 1
