"""Ctrl-C and the processes that are started for a sweep."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator


@contextlib.contextmanager
def deaf_to_interrupts() -> Iterator[None]:
    """Processes that begin here, and threads with their processes, never get the SIGINT that Ctrl-C sends to
    all of a terminal, not even while they start; for this thread it waits until the end.
    """
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    from multiprocessing import resource_tracker  # noqa: PLC0415 - only where processes are

    from joblib.externals.loky.backend import resource_tracker as loky_resource_tracker  # noqa: PLC0415

    # They would let the signal through again when they start.
    resource_tracker.ensure_running()
    loky_resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
