"""The process in which Accelergy runs: started at the first question, ended with ours.

It is asked over pipes, a line of JSON each way. Whatever goes wrong there, a crash, an answer that is none,
or none in time, is a :class:`Declined`; the process is then ended and another started at the next question,
:data:`MOST_STARTS` times in all.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
from functools import lru_cache
from pathlib import Path

from harness.estimation.accelergy.installation import Installation, configuration_of
from harness.estimation.accelergy.private_home import environment_of, make_private_home
from harness.estimation.programs import ProcessLock
from harness.estimation.query import Declined

SECONDS_PER_ANSWER = 120.0
"""CACTI takes some seconds for the largest memories."""

MOST_STARTS = 3
MOST_LETTERS = 1_000_000
WORKER = Path(__file__).with_name("worker.py")


class Child:
    """Answers one question at a time. Safe under threads and forks: a forked process starts its own."""

    def __init__(self, installation: Installation, seconds: float = SECONDS_PER_ANSWER) -> None:
        self._installation = installation
        self._seconds = seconds
        self._lock = ProcessLock()
        self._running: _Running | None = None
        self._starts = 0
        self._broken = ""
        self.version = installation.version
        self.classes: tuple[str, ...] = ()
        atexit.register(self.end)

    def ask(self, question: dict[str, object]) -> dict[str, object]:
        """What the worker says; :class:`Declined` where it says nothing of use."""
        line = json.dumps(question)
        with self._lock:
            running = self._started()
            try:
                return running.ask(line, self._seconds)
            except Declined as declined:
                self._ended(declined.reason)
                raise

    def end(self) -> None:
        """Ends the process, if it runs and is ours."""
        running, self._running = self._running, None
        if running is not None and running.owner == os.getpid():
            running.end()

    def _started(self) -> _Running:
        if self._running is not None and self._running.owner == os.getpid():
            return self._running
        if self._running is None and self._starts >= MOST_STARTS:
            raise Declined(f"{self._broken} (given up after {MOST_STARTS} times)")
        self._starts += 1
        try:
            running = self._running = _Running(self._installation)
            hello = running.heard(self._seconds)
            if "ready" not in hello:
                raise Declined(f"Accelergy does not start: {hello.get('failed', 'no reason given')}")
        except Declined as declined:
            self._ended(declined.reason)
            raise
        self.version = str(hello["ready"])
        classes = hello.get("classes")
        self.classes = tuple(str(name) for name in classes) if isinstance(classes, list) else ()
        return running

    def _ended(self, reason: str) -> None:
        self._broken = reason
        self.end()


class _Running:
    """The process itself, its home folder, and a thread that listens."""

    def __init__(self, installation: Installation) -> None:
        self.owner = os.getpid()
        self._lines: queue.Queue[bytes] = queue.Queue()
        try:
            self._home = make_private_home(configuration_of(installation))
        except OSError as error:
            raise Declined(f"Accelergy needs a temporary folder: {error.strerror or error}") from None
        command = [installation.python, str(WORKER), str(self._home), str(installation.package.parent)]
        try:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                cwd=self._home,
                env=environment_of(installation, self._home),
                start_new_session=True,
            )
        except OSError as error:
            shutil.rmtree(self._home, ignore_errors=True)
            raise Declined(f"Accelergy does not start: {error.strerror or error}") from None
        threading.Thread(target=self._listen, name="accelergy", daemon=True).start()

    def ask(self, line: str, seconds: float) -> dict[str, object]:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise Declined(self._how_it_ended()) from None
        return self.heard(seconds)

    def heard(self, seconds: float) -> dict[str, object]:
        """The next line; an empty one is the end."""
        try:
            line = self._lines.get(timeout=seconds)
        except queue.Empty:
            raise Declined(f"Accelergy gave no answer within {seconds:g} s") from None
        if not line:
            raise Declined(self._how_it_ended())
        try:
            answer = json.loads(line)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise Declined("Accelergy's process answers garbage")
        return answer

    def end(self) -> None:
        """Kills it with all that it started; it holds nothing that is worth keeping."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        shutil.rmtree(self._home, ignore_errors=True)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        line = b"-"
        while line:
            try:
                line = self._process.stdout.readline(MOST_LETTERS)
            except (OSError, ValueError):
                line = b""
            self._lines.put(line)

    def _how_it_ended(self) -> str:
        try:
            code = self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            return "Accelergy's process closed its output"
        if code >= 0:
            return f"Accelergy's process ended with exit code {code}"
        with contextlib.suppress(ValueError):
            return f"Accelergy's process was ended by {signal.Signals(-code).name}"
        return f"Accelergy's process was ended by signal {-code}"


@lru_cache(maxsize=4)
def child_of(installation: Installation) -> Child:
    """The one of this process, whoever asks."""
    return Child(installation)
