"""Timeloop's own front end, where it is installed: it flattens the v4 files instead of this package.

It belongs to an interpreter: the one that runs this program, or the one that the environment variable
:data:`INTERPRETER` names. It runs there in a child process that gets files and gives a text; nothing of it is
imported here.
"""

from __future__ import annotations

import json
import os
import shutil
import site
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.engines.exported import v4_files
from harness.engines.job import Job
from harness.engines.processed_input import processed_tree
from harness.engines.timeloop.front_end_child import places
from harness.engines.timeloop.log import Log
from harness.engines.timeloop.process import Ended, run_program
from harness.engines.timeloop.scratch import scratch_folder
from harness.errors import HarnessError, Unavailable, Unsupported
from harness.spec.yaml_loader import load_yaml_text

INTERPRETER = "HARNESS_TIMELOOP_PYTHON"

CHILD = Path(__file__).with_name("front_end_child.py")
MOST_SECONDS = 120.0
MOST_BYTES = 64 * 2**20

ShouldStop = Callable[[], bool]


@dataclass(frozen=True)
class Flattened:
    """``front_end`` is the package with its version; "" where this package flattened the input."""

    tree: Mapping[str, Any]
    front_end: str = ""
    notes: tuple[str, ...] = ()


def flattened(job: Job, should_stop: ShouldStop | None = None) -> Flattened:
    """The job's specification as the executables read it.

    What was flattened already stays as it is. This package's own flattening, which is tested to be the same,
    stands in where no front end is installed, and where it refuses the input; ``notes`` say so. HarnessError
    where :data:`INTERPRETER` names no interpreter that has one.
    """
    own = processed_tree(job.specification, constraints_changed=False)
    if job.source is None:
        return Flattened(own)
    python = interpreter()
    if python is None:
        note = "flattened by this package, for no front end of Timeloop's (timeloopfe) is installed"
        return Flattened(own, notes=(note,))
    try:
        files = v4_files(job)
    except Unsupported as error:
        return Flattened(own, notes=(f"flattened by this package: {error.message}",))
    program = "model" if job.specification.mapping is not None else "mapper"
    answer = _asked(python, program, files, should_stop)
    if "absent" in answer:
        if os.environ.get(INTERPRETER, ""):
            raise absent_where_named(answer["absent"])
        note = f"flattened by this package, for Timeloop's front end does not work: {answer['absent']}"
        return Flattened(own, notes=(note,))
    name = answer.get("front_end", "")
    if "text" not in answer:
        reason = answer.get("failed", "no reason given")
        return Flattened(own, notes=(f"flattened by this package, for {name} refuses the input: {reason}",))
    return Flattened(load_yaml_text(answer["text"], f"<{name}>"), name)


def interpreter() -> str | None:
    """The one that is named, else the running one if it has a front end. A name is sought on ``PATH``."""
    named = os.environ.get(INTERPRETER, "")
    if not named:
        return _this_interpreter()
    found = shutil.which(named)
    # The child runs elsewhere; and no link is followed, for it makes a virtual environment.
    return named if found is None else str(Path(found).absolute())


def _this_interpreter() -> str | None:
    """The running one, if it has a front end."""
    return sys.executable if places() else None


def front_ends_of(python: str) -> dict[str, str]:
    """The folder of each front end that is installed there, by package. HarnessError where it does not start,
    and where it is the named one and has none.
    """
    found = _asked(python, "where", {}, None)
    if not found and os.environ.get(INTERPRETER, ""):
        raise absent_where_named("there is no package timeloopfe and no pytimeloop.timeloopfe")
    return found


def absent_where_named(reason: str) -> Unavailable:
    named = os.environ.get(INTERPRETER, "")
    return Unavailable(
        f"{INTERPRETER} names {named}, which has no front end of Timeloop's: {reason}",
        hint=f"install timeloopfe there, or unset {INTERPRETER}",
    )


def _asked(
    python: str, what: str, files: Mapping[str, str], should_stop: ShouldStop | None
) -> dict[str, str]:
    """What the child says. HarnessError where it does not start, hangs, or says nothing."""
    log = Log(macs=1)
    with scratch_folder() as folder:
        place, answer = folder / "v4", folder / "answer.json"
        try:
            place.mkdir()
            for name, text in files.items():
                (place / name).write_text(text, encoding="utf-8")
        except OSError as error:
            raise HarnessError(f"cannot write into {folder}: {error.strerror or error}") from error
        try:
            ended = run_program(
                [python, str(CHILD), str(place), str(answer), what],
                folder,
                log,
                environment=_environment(folder),
                limit_seconds=MOST_SECONDS,
                should_stop=should_stop,
            )
        except Unavailable as error:
            raise Unavailable(f"for Timeloop's front end: {error.message}") from error
        if ended.how == "time limit":
            raise HarnessError(f"Timeloop's front end gave no answer within {MOST_SECONDS:g} s")
        if ended.how == "interrupted":
            return {"front_end": "its front end", "failed": "it was stopped"}
        said = _answer(answer)
        if said is None:
            raise HarnessError(_silence(python, ended, log))
        return said


def _answer(file: Path) -> dict[str, str] | None:
    try:
        with file.open("rb") as stream:
            said = json.loads(stream.read(MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return {str(key): str(value) for key, value in said.items()} if isinstance(said, dict) else None


def _silence(python: str, ended: Ended, log: Log) -> str:
    words = log.last_words()
    said = f"; its last words: {words}" if words else ""
    return f"{python}, for Timeloop's front end, ended with {ended.code} and no answer{said}"


def _environment(home: Path) -> dict[str, str]:
    """Ours with another home: the Accelergy that the front end imports writes its configuration there."""
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    # Packages that the user installed lie below the true home; the child's Python would seek them here.
    environment.setdefault("PYTHONUSERBASE", site.getuserbase())
    return environment
