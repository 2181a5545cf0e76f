"""A process that works through tasks, one at a time, for the process that started it."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from harness.sweep.workers.signals import deaf_to_interrupts

_ENVIRONMENT = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
"""Processes are the parallelism; threads of numerical libraries would only compete with them."""


@dataclass(frozen=True)
class Done[Value]:
    """The task gave ``value``."""

    value: Value


@dataclass(frozen=True)
class Raised:
    """The task raised ``error``; a note of it has the traceback."""

    error: BaseException


@dataclass(frozen=True)
class TimedOut:
    """The task took longer than it may, and its process was ended."""


@dataclass(frozen=True)
class Died:
    """The process has ended. ``begun`` is false when that was before it could begin the task."""

    begun: bool


type Answer[Value] = Done[Value] | Raised | TimedOut | Died
"""What becomes of a task. Of these the process itself sends the first two."""


@dataclass(frozen=True)
class _Ready:
    """The process has started and made its preparations."""


_STARTING = threading.Lock()
"""Neither the first import of loky nor the start of its resource tracker is safe in several threads."""


class WorkerProcess:
    """The process as seen by the one that started it. It ends with that one, however that one ends (on Linux
    with the thread that started it).

    After :meth:`give`, wait until :attr:`connection` has something (``multiprocessing.connection.wait``) and
    call :meth:`receive` until it returns an answer. ``prepare`` is called in the process at its start, for
    example to import what tasks need; until then no time counts. A process without a task for
    ``idle_seconds`` ends by itself.
    """

    def __init__(
        self, prepare: Callable[[], object] | None = None, idle_seconds: float | None = None
    ) -> None:
        with _STARTING:
            from joblib.externals.loky.backend import get_context  # noqa: PLC0415 - slow to import

            context = get_context("loky")
            self.connection, other = context.Pipe()
            # A daemon: should nobody call kill, the end of this process does not wait for it.
            self._process: Any = context.Process(
                target=_serve, args=(other, os.getpid(), prepare, idle_seconds), env=_ENVIRONMENT, daemon=True
            )
            with deaf_to_interrupts():
                self._process.start()
        other.close()
        self.ready = False
        self._begun: float | None = None
        self.busy = False

    @property
    def process_id(self) -> int:
        return int(self._process.pid)

    def give[Task, Value](self, work: Callable[[Task], Value], task: Task) -> None:
        """The process is to call ``work(task)``; when it is dead, :meth:`receive` will tell."""
        message = pickle.dumps((work, task), pickle.HIGHEST_PROTOCOL)
        self.busy = True
        self._begun = time.monotonic() if self.ready else None
        with contextlib.suppress(OSError):
            self.connection.send_bytes(message)

    def receive(self) -> Answer[Any] | None:
        """The next message, None when it was only that the process is ready. Blocks until there is one."""
        try:
            message = pickle.loads(self.connection.recv_bytes())
        except (EOFError, OSError):
            self.busy = False
            return Died(begun=self.ready)
        if isinstance(message, _Ready):
            self.ready = True
            self._begun = time.monotonic() if self.busy else None
            return None
        self.busy = False
        answer: Answer[Any] = message
        return answer

    def works_longer_than(self, seconds: float | None) -> bool:
        if seconds is None or not self.busy or self._begun is None:
            return False
        return time.monotonic() - self._begun > seconds

    def kill(self) -> None:
        """Ends the process, also in the middle of compiled code."""
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._process.pid, signal.SIGKILL)
        self.connection.close()
        self._process.join()


def _serve(
    connection: Any, parent: int, prepare: Callable[[], object] | None, idle_seconds: float | None
) -> None:
    """The life of the process."""
    _end_with(parent)
    # Ctrl-C reaches every process of the terminal; the one that started this decides what is kept. Where the
    # signal could not be held back before.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    inbox: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(connection, inbox), daemon=True).start()
    try:
        if prepare is not None:
            prepare()
    except Exception as error:
        connection.send_bytes(_raised(error))
        return
    connection.send(_Ready())
    while True:
        try:
            message = inbox.get(timeout=idle_seconds)
        except queue.Empty:
            return
        answer = _answer(message)
        del message
        connection.send_bytes(answer)
        del answer


def _end_with(parent: int) -> None:
    """Ends also in the middle of compiled code when the parent ends, or its thread that started this process,
    where the system (Linux) can do that; elsewhere when the compiled code comes back.
    """
    if sys.platform != "linux":
        return
    import ctypes  # noqa: PLC0415 - only here

    parent_death_signal = 1
    ctypes.CDLL(None).prctl(parent_death_signal, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


def _listen(connection: Any, inbox: queue.SimpleQueue[bytes]) -> None:
    """Takes messages also while a task runs, to learn at once when nobody waits for it any more."""
    try:
        while True:
            inbox.put(connection.recv_bytes())
    except (EOFError, OSError):
        os._exit(0)


def _answer(message: bytes) -> bytes:
    try:
        work, task = pickle.loads(message)
        return pickle.dumps(Done(work(task)), pickle.HIGHEST_PROTOCOL)
    except Exception as error:
        return _raised(error)


def _raised(error: Exception) -> bytes:
    error.add_note("".join(traceback.format_exception(error)))
    with contextlib.suppress(Exception):
        sent = pickle.dumps(Raised(error))
        pickle.loads(sent)
        return sent
    # An error that cannot travel.
    return pickle.dumps(Raised(RuntimeError(f"{type(error).__name__}: {error}")))
