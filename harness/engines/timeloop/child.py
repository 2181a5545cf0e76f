"""What a child process is made before it becomes one of Timeloop's programs."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

_PARENT_DEATH_SIGNAL = 1


def before_exec() -> Callable[[], None] | None:
    """For ``preexec_fn``: a child that hears signals, and that no death of ours leaves behind.

    The worker processes of a sweep block SIGINT, and are ended by SIGKILL: a program would inherit the one,
    and go on for hours after the other. That it ends with its parent is Linux's alone.
    """
    if not hasattr(signal, "pthread_sigmask"):
        return None
    parent = os.getpid()
    # Loaded here: between fork and exec nothing is imported.
    libc = None
    if sys.platform == "linux":
        import ctypes  # noqa: PLC0415 - only here

        libc = ctypes.CDLL(None)

    def prepare() -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT, signal.SIGTERM})
        if libc is not None:
            libc.prctl(_PARENT_DEATH_SIGNAL, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)

    return prepare
