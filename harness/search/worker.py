"""A worker process: runs some of the search threads. Started by :mod:`harness.search.processes`.

Reads commands from standard input, writes reports to standard output. Ends when standard input does.
"""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import sys
import threading
import time
import traceback
from typing import BinaryIO, cast

from harness.errors import HarnessError
from harness.search.crew import Crew
from harness.search.evaluation import evaluator_for
from harness.search.evaluators import Evaluator
from harness.search.frames import receive, send
from harness.search.messages import Advance, Assignment, Failed, Paused, Snapshots, Stop

PROGRESS_SECONDS = 0.1


def _work(
    crew: Crew, evaluator: Evaluator, command: Advance, commands: queue.Queue[object], out: BinaryIO
) -> bool:
    """Carries out ``command``; False if told to end."""
    for run in crew.runs:
        if command.bests is not None and run.thread in command.bests:
            run.best = command.bests[run.thread]
    last_report = time.monotonic()
    stopped = False
    while not stopped and crew.step(evaluator, command.until_total):
        if not commands.empty():
            order = commands.get()
            if order is None:
                return False
            stopped = isinstance(order, Stop)
        now = time.monotonic()
        if now - last_report >= PROGRESS_SECONDS:
            send(out, Snapshots(crew.snapshots()))
            last_report = now
    crew.settle()
    unfinished = [r.thread for r in crew.runs if r.stopped is None]
    send(out, Paused(crew.reports(), unfinished))
    return True


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    out = sys.stdout.buffer
    sys.stdout = sys.stderr
    source = sys.stdin.buffer
    assignment: Assignment = receive(source)
    commands: queue.Queue[object] = queue.Queue()

    def listen() -> None:
        while True:
            try:
                commands.put(receive(source))
            except EOFError:
                commands.put(None)
                return

    threading.Thread(target=listen, daemon=True).start()
    crew = Crew(assignment.runs)
    evaluator = evaluator_for(assignment.space, assignment.evaluate, assignment.metrics)
    while True:
        command = commands.get()
        if command is None:
            return
        if isinstance(command, Advance) and not _work(crew, evaluator, command, commands, out):
            return


if __name__ == "__main__":
    try:
        main()
    except (BrokenPipeError, EOFError):
        pass  # whoever started this process has gone
    except Exception as met:
        assert sys.__stdout__ is not None
        for_user = met if isinstance(met, HarnessError) else None
        with contextlib.suppress(BrokenPipeError):
            send(cast(BinaryIO, sys.__stdout__.buffer), Failed(for_user, traceback.format_exc()))
        # The listening thread still waits for input, which an orderly end of the interpreter may trip over.
        os._exit(1)
