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
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any

from harness.engines.exported import v4_files
from harness.engines.job import Job
from harness.engines.processed_input import processed_tree
from harness.engines.timeloop.child import before_exec
from harness.engines.timeloop.scratch import scratch_folder
from harness.errors import HarnessError, Unsupported
from harness.spec.yaml_loader import load_yaml_text

INTERPRETER = "HARNESS_TIMELOOP_PYTHON"

CHILD = Path(__file__).with_name("front_end_child.py")
MOST_SECONDS = 120.0
MOST_BYTES = 64 * 2**20


@dataclass(frozen=True)
class Flattened:
    """``front_end`` is the package with its version; "" where this package flattened the input."""

    tree: Mapping[str, Any]
    front_end: str = ""
    notes: tuple[str, ...] = ()


def flattened(job: Job) -> Flattened:
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
    answer = _asked(python, files, for_model=job.specification.mapping is not None)
    if "absent" in answer:
        named = os.environ.get(INTERPRETER, "")
        what = f"{INTERPRETER} names {named}" if named else python
        raise HarnessError(
            f"{what}, which has no front end of Timeloop's: {answer['absent']}",
            hint="install timeloopfe there, or unset it",
        )
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
    for package in ("timeloopfe", "pytimeloop"):
        try:
            found = util.find_spec(package)
        except (ImportError, ValueError):
            continue
        if found is not None:
            return sys.executable
    return None


def _asked(python: str, files: Mapping[str, str], for_model: bool) -> dict[str, str]:
    """What the child says. HarnessError where it does not start, hangs, or says nothing."""
    with scratch_folder() as folder:
        place, answer = folder / "v4", folder / "answer.json"
        try:
            place.mkdir()
            for name, text in files.items():
                (place / name).write_text(text, encoding="utf-8")
            command = [python, str(CHILD), str(place), str(answer), "model" if for_model else "mapper"]
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                env=_environment(folder),
                timeout=MOST_SECONDS,
                check=False,
                start_new_session=True,
                preexec_fn=before_exec(),
            )
        except subprocess.TimeoutExpired:
            raise HarnessError(f"Timeloop's front end gave no answer within {MOST_SECONDS:g} s") from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise HarnessError(f"{python}, for Timeloop's front end, does not start: {reason}") from error
        try:
            said = json.loads(answer.read_bytes()[:MOST_BYTES])
        except (OSError, ValueError):
            said = None
        if not isinstance(said, dict):
            raise HarnessError(
                f"{python}, for Timeloop's front end, ended with {done.returncode} and no answer"
            )
        return {str(key): str(value) for key, value in said.items()}


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
