"""Random factorisations, everything inside each of them (Timeloop ``search/hybrid.cpp``). The default."""

from __future__ import annotations

from harness.search.odometer import Odometer
from harness.search.proposer import Share
from harness.spec.settings import SearchSettings


class Hybrid(Odometer):
    """Starts with factorisation 0; never ends by itself unless ``filter_revisits`` exhausts the space."""

    def __init__(self, share: Share, settings: SearchSettings) -> None:
        self._stream = share.stream(max(share.factorizations, 1), "factorization")
        self._visited: set[int] | None = set() if settings.filter_revisits else None
        super().__init__(share)

    def _next_factorization(self) -> int | None:
        while True:
            following = self._stream.draw()
            if self._visited is None:
                return following
            if len(self._visited) == self._share.factorizations:
                return None
            if following not in self._visited:
                self._visited.add(following)
                return following

    def _copy_state(self) -> None:
        self._stream = self._stream.copy()
        self._visited = None if self._visited is None else set(self._visited)
