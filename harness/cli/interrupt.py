"""Ctrl-C: the first one asks the search to stop and keep its best, the second one ends the program.

SIGTERM is treated alike, for a batch system sends it some time before it kills, and SIGHUP, for a terminal
that is closed: the best so far is kept, and nothing is left behind.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType

_HEARD = [signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
"""SIGHUP is not on every system."""


class StopOnInterrupt:
    """A context in which SIGINT, SIGTERM and SIGHUP set :attr:`requested` once, and raise KeyboardInterrupt
    after that. :attr:`by` says in words what it was. Signals that whoever started the program has switched
    off stay off; outside the main thread nothing changes.
    """

    def __init__(self) -> None:
        self.requested = False
        self.by = "Ctrl-C"
        self._before: dict[signal.Signals, signal._HANDLER] = {}

    def __enter__(self) -> StopOnInterrupt:
        if threading.current_thread() is threading.main_thread():
            for number in _HEARD:
                if signal.getsignal(number) is not signal.SIG_IGN:
                    self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before = {}

    def should_stop(self) -> bool:
        return self.requested

    def from_now(self) -> Callable[[], bool] | None:
        """What tells of a first signal after now. None where that has come: the next one ends all anyway."""
        return None if self.requested else self.should_stop

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        if number != signal.SIGINT:
            self.by = signal.Signals(number).name
