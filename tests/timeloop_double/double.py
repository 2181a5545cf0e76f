"""Stands in for ``timeloop-mapper`` and ``timeloop-model``: replays what the real ones wrote and said.

Run by a launcher as ``python double.py SCENARIO PROGRAM INPUT... -o FOLDER``. The scenario is a JSON object,
see :class:`timeloop_double.install.Scenario`. Needs nothing but Python.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

LONGEST_WAIT_SECONDS = 60
"""A test that fails leaves no double behind for longer."""

LINES_BEFORE_A_WAIT = 200

WRITING_SECONDS = 0.2
"""From the signal that it heeds to its files."""


def main(scenario_file: str, program: str, arguments: list[str]) -> None:
    place = Path(scenario_file)
    scenario: dict[str, Any] = json.loads(place.read_text(encoding="utf-8"))
    inputs, folder = arguments[: arguments.index("-o")], Path(arguments[arguments.index("-o") + 1])
    asked = _heed_signals(scenario)
    child = subprocess.Popen(["sleep", str(LONGEST_WAIT_SECONDS)]).pid if scenario["starts_child"] else 0
    _keep_what_was_given(place.parent / f"given to {program}", inputs, child)
    if not folder.is_dir():
        _say([f"ERROR: cannot access output directory: {folder}"])
        sys.exit(1)
    recording = json.loads(gzip.decompress(Path(scenario["recording"]).read_bytes()))
    log: list[str] = f"{recording['stderr']}\n{recording['stdout']}".splitlines()
    if scenario["waits"]:
        _say(log[:LINES_BEFORE_A_WAIT])
        _wait(asked, scenario["signals_ignored"])
        _say(log[LINES_BEFORE_A_WAIT:])
    else:
        _say(log)
    for name, text in {**recording["files"], **scenario["files"]}.items():
        (folder / name).write_text(text, encoding="utf-8")
    if scenario["signal"]:
        sys.stdout.flush()
        os.kill(os.getpid(), scenario["signal"])
        time.sleep(LONGEST_WAIT_SECONDS)
    sys.exit(scenario["code"])


def _keep_what_was_given(folder: Path, inputs: list[str], child: int) -> None:
    """For the test to look at, with the variables of the environment that Timeloop reads."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in inputs:
        shutil.copy(name, folder / Path(name).name)
    read = {key: value for key, value in os.environ.items() if key.startswith("TIMELOOP_")}
    here = {"process": os.getpid(), "session": os.getsid(0), "folder": str(Path.cwd()), "child": child}
    told = {**here, "variables": read}
    complete = folder / "run.json.part"
    complete.write_text(json.dumps(told), encoding="utf-8")
    complete.rename(folder / "run.json")  # from now on it is there for those who wait for it


def _heed_signals(scenario: dict[str, Any]) -> list[int]:
    """The list grows by each SIGINT; the first ``signals_ignored`` go unheard, as in a long evaluation."""
    asked: list[int] = []

    def handle(number: int, frame: object) -> None:
        asked.append(number)
        if len(asked) > scenario["signals_ignored"]:
            words = "Mapper threads will terminate after completing any ongoing evaluations."
            _say([f"Interrupt caught. {words}"])

    signal.signal(signal.SIGINT, handle)
    return asked


def _wait(asked: list[int], ignored: int) -> None:
    until = time.monotonic() + LONGEST_WAIT_SECONDS
    while len(asked) <= ignored and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(WRITING_SECONDS)
    if len(asked) > ignored + 1:
        os.abort()  # one more abandons what is in hand


def _say(lines: list[str]) -> None:
    for line in lines:
        print(line)
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
