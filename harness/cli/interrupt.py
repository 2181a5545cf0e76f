"""Ctrl-C: the first one asks the search to stop and keep its best, the second one ends the program."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType


class StopOnInterrupt:
    """A context in which SIGINT sets :attr:`requested` once, and raises KeyboardInterrupt after that."""

    def __init__(self) -> None:
        self.requested = False
        self._before: signal._HANDLER = None

    def __enter__(self) -> StopOnInterrupt:
        self._before = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._before)

    def should_stop(self) -> bool:
        return self.requested

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
