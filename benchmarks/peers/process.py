"""A child process whose CPU time is known while it runs, and which is stopped after so much of it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

PATIENCE_SECONDS = 10.0
"""How long an interrupted process may take to write what it has before it is killed."""


@dataclass(frozen=True)
class Watched:
    """The lines of standard error with the CPU seconds at which they came, and all CPU seconds."""

    lines: tuple[tuple[float, str], ...]
    seconds: float
    returncode: int


def run_watched(command: list[str], folder: Path, cpu_seconds: float) -> Watched:
    """Runs ``command`` in ``folder`` and interrupts it (as Ctrl-C does) after ``cpu_seconds``."""
    before = _of_children()
    with (folder / "stdout.txt").open("w", encoding="utf-8") as output:
        child = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.PIPE, text=True)
    lines: list[tuple[float, str]] = []
    reader = threading.Thread(target=_read, args=(child, lines), daemon=True)
    reader.start()
    interrupted: float | None = None
    while child.poll() is None:
        time.sleep(0.02)
        now = time.perf_counter()
        if interrupted is None and (_cpu_seconds(child.pid) or 0.0) >= cpu_seconds:
            child.send_signal(signal.SIGINT)
            interrupted = now
        elif interrupted is not None and now - interrupted > PATIENCE_SECONDS:
            child.kill()
    reader.join()
    return Watched(tuple(lines), _of_children() - before, child.returncode)


def _read(child: subprocess.Popen[str], lines: list[tuple[float, str]]) -> None:
    assert child.stderr is not None
    for line in child.stderr:
        lines.append((_cpu_seconds(child.pid) or _last(lines), line.rstrip()))


def _last(lines: list[tuple[float, str]]) -> float:
    return lines[-1][0] if lines else 0.0


def _cpu_seconds(pid: int) -> float | None:
    """User and system time of a running process (Linux; ``proc(5)``, fields 14 and 15)."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _of_children() -> float:
    times = os.times()
    return times.children_user + times.children_system
