"""One of the real programs as a child process: started, listened to, stopped, and its end told.

It runs in a session of its own, so a Ctrl-C at the terminal is ours to hand on: SIGINT lets it finish the
mappings in hand and write its best, a second one abandons them, and what is left after that is killed with
all that it started.
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
from typing import IO, Literal

from harness.engines.timeloop.child import before_exec
from harness.engines.timeloop.log import Log
from harness.errors import HarnessError

GRACE_SECONDS = 20.0
"""For writing the best mapping after the first SIGINT."""

SECOND_GRACE_SECONDS = 5.0
"""For abandoning them after the second one."""

LOOK_SECONDS = 0.1
FIRST_PAUSE_SECONDS = 0.0005
LONGEST_PAUSE_SECONDS = 0.02
READ_BYTES = 1 << 16
MOST_BYTES_OF_A_LINE = 1 << 20

How = Literal["finished", "time limit", "interrupted"]


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
    log: Log,
    *,
    environment: Mapping[str, str],
    limit_seconds: float,
    on_look: Callable[[], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Ended:
    """Runs it to its end in ``folder``. ``on_look`` is called now and then, ``should_stop`` asked as often.

    HarnessError where it does not start at all.
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
        raise HarnessError(f"{command[0]} does not start: {error.strerror or error}") from error
    assert process.stdout is not None
    listener = threading.Thread(target=_listen, args=(process.stdout, log), name="timeloop", daemon=True)
    listener.start()
    try:
        how: How = "finished"
        while not _ended_within(process, LOOK_SECONDS):
            if on_look is not None:
                on_look()
            if should_stop is not None and should_stop():
                how = "interrupted"
                break
            if time.monotonic() - started > limit_seconds:
                how = "time limit"
                break
        killed = how != "finished" and not _stopped(process)
    finally:
        _kill_group(process)
        code = process.wait()
        # What the program started may hold the pipe open; the group is gone, so this is soon over.
        listener.join(timeout=5)
        with contextlib.suppress(OSError, ValueError):
            process.stdout.close()
    return Ended(how, code, time.monotonic() - started, killed)


def _ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Whether it has ended; it is not waited for yet, so that its number stays its own until the group is
    killed.
    """
    until = time.monotonic() + seconds
    pause = FIRST_PAUSE_SECONDS
    while not _has_ended(process):
        left = until - time.monotonic()
        if left <= 0:
            return False
        pause = min(2 * pause, left, LONGEST_PAUSE_SECONDS)
        time.sleep(pause)
    return True


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    if not hasattr(os, "waitid"):
        return process.poll() is not None
    try:
        return os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # somebody has switched off SIGCHLD
        return True


def _stopped(process: subprocess.Popen[bytes]) -> bool:
    """Whether it ended by itself after being asked, at most twice.

    All of its session are asked, as by a Ctrl-C at a terminal: what was installed may be a script that
    starts the program in a container.
    """
    for seconds in (GRACE_SECONDS, SECOND_GRACE_SECONDS):
        with contextlib.suppress(OSError):
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGINT)
            else:
                process.send_signal(signal.SIGINT)
        if _ended_within(process, seconds):
            return True
    return False


def _kill_group(process: subprocess.Popen[bytes]) -> None:
    """Whatever still runs of it; nothing where all has ended."""
    if hasattr(os, "killpg"):
        with contextlib.suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    elif process.poll() is None:
        process.kill()


def _listen(pipe: IO[bytes], log: Log) -> None:
    """Hands lines on until the pipe is closed at the other end. A line without end is cut."""
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
            log.line(line.decode("utf-8", "replace").rstrip("\r"))
        if len(rest) > MOST_BYTES_OF_A_LINE:
            log.line(rest.decode("utf-8", "replace"))
            rest = b""
    if rest:
        log.line(rest.decode("utf-8", "replace"))
