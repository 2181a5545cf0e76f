"""One of the real programs as a child process: started, listened to, stopped, and its end told.

It runs in a session of its own, so a Ctrl-C at the terminal is ours to hand on: SIGINT lets the mapper finish
the mappings in hand and write its best, a second one abandons them. What was installed may be a script that
starts the program, and hands signals on or does not: so the first SIGINT is for the program alone, the second
for all that it started, and what is left after that is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal, Protocol

from harness.engines.timeloop.child import before_exec
from harness.errors import Unavailable

GRACE_SECONDS = 20.0
"""For writing the best mapping after the first SIGINT."""

SECOND_GRACE_SECONDS = 10.0
"""For abandoning them after the second one, or for writing where the first one did not reach the mapper."""

LOOK_SECONDS = 0.1
FIRST_PAUSE_SECONDS = 0.0005
LONGEST_PAUSE_SECONDS = 0.02
READ_BYTES = 1 << 16
MOST_BYTES_OF_A_LINE = 1 << 20

How = Literal["finished", "time limit", "interrupted"]


class Lines(Protocol):
    """Takes what a program says, in a thread of its own."""

    def line(self, text: str) -> None:
        """One line, without its end."""


@dataclass(frozen=True)
class Ended:
    """``how`` says who ended it: itself, or we. ``code`` is the exit status, negative for a signal.

    ``killed`` means that it did not heed two SIGINT.
    """

    how: How
    code: int
    seconds: float
    killed: bool = False


def run_program(
    command: Sequence[str],
    folder: Path,
    log: Lines,
    *,
    environment: Mapping[str, str],
    limit_seconds: float,
    on_look: Callable[[], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Ended:
    """Runs it to its end in ``folder``. ``on_look`` is called now and then, ``should_stop`` asked as often.

    Unavailable where it does not start at all.
    """
    started = time.monotonic()
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=before_exec(),  # noqa: PLW1509 - it takes no lock that a thread could hold
        )
    except OSError as error:
        raise Unavailable(f"{command[0]} does not start: {error.strerror or error}") from error
    assert process.stdout is not None
    listener = threading.Thread(target=_listen, args=(process.stdout, log), name="timeloop", daemon=True)
    listener.start()
    try:
        how: How = "finished"
        while not _within(LOOK_SECONDS, lambda: _has_ended(process)):
            if on_look is not None:
                on_look()
            if should_stop is not None and should_stop():
                how = "interrupted"
                break
            if time.monotonic() - started > limit_seconds:
                how = "time limit"
                break
        killed = how != "finished" and not _stopped(process, listener)
    finally:
        _kill_group(process)
        code = process.wait()
        # What the program started may hold the pipe open; the group is gone, so this is soon over.
        listener.join(timeout=5)
        with contextlib.suppress(OSError, ValueError):
            process.stdout.close()
    return Ended(how, code, time.monotonic() - started, killed)


def _within(seconds: float, is_so: Callable[[], bool]) -> bool:
    until = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    while not is_so():
        left = until - time.monotonic()
        if left <= 0:
            return False
        pause = min(2 * pause, left, LONGEST_PAUSE_SECONDS)
        time.sleep(pause)
    return True


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    """It is not waited for yet where the system can tell without, so that its number stays its own until the
    group is killed.
    """
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # somebody has switched off SIGCHLD
        process.poll()
        return True


def _stopped(process: subprocess.Popen[bytes], listener: threading.Thread) -> bool:
    """Whether it and all that it started ended by themselves after being asked.

    What it started holds the pipe that is listened to, also after the death of a script that was not patient.
    """

    def all_ended() -> bool:
        return _has_ended(process) and not listener.is_alive()

    for group, seconds in ((False, GRACE_SECONDS), (True, SECOND_GRACE_SECONDS)):
        with contextlib.suppress(OSError):
            if group and hasattr(os, "killpg"):
                _signal_group(process, signal.SIGINT)
            else:
                process.send_signal(signal.SIGINT)
        if _within(seconds, all_ended):
            return True
    return False


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """Nothing once its end is known: its number may be somebody else's by then. That is so before its
    children have ended only where the system has no ``waitid``.
    """
    if process.returncode is None:
        os.killpg(process.pid, number)


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Whatever still runs of it; nothing where all has ended."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            _signal_group(process, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()


def _listen(pipe: IO[bytes], log: Lines) -> None:
    """Hands lines on until the pipe is closed at the other end. A line without end is cut.

    It never ends before, whatever becomes of a line: nobody else empties the pipe, and a program hangs where
    it is full.
    """
    rest = b""
    while True:
        try:
            chunk = os.read(pipe.fileno(), READ_BYTES)
        except (OSError, ValueError):
            break
        if not chunk:
            break
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            _hand_on(line.rstrip(b"\r"), log)
        if len(rest) > MOST_BYTES_OF_A_LINE:
            _hand_on(rest, log)
            rest = b""
    if rest:
        _hand_on(rest, log)


def _hand_on(line: bytes, log: Lines) -> None:
    """What cannot be made sense of is left out: a log is a help, the files decide."""
    with contextlib.suppress(Exception):
        log.line(line.decode("utf-8", "replace"))
