"""Making a program from its sources, once per user and machine, in the cache folder.

Sources are compiled aside and the finished folder appears under its name by one rename, so that nobody ever
sees half of it. Processes that need it at the same time wait for the one that is making it.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import os
import platform
import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.estimation.programs.notices import announce
from harness.estimation.programs.recipe import (
    PASSING,
    STOPPED,
    Located,
    Recipe,
    RunFailed,
    Unavailable,
    run_failed,
)

COMPILERS = ("g++", "c++", "clang++")
EXECUTABLE = "program"
LONGEST_BUILD_S = 600.0
FAILURE_COUNTS_S = 24 * 3600.0
"""A failed build is not tried again for this long, unless the sources or the compiler change."""


_NOT_OF_THE_SOURCES = (
    *("no space left", "disk quota exceeded", "cannot allocate memory", "out of memory"),
    *("virtual memory exhausted", "too many open files", "resource temporarily unavailable"),
    *("killed signal", "terminated signal", "input/output error"),
)
"""What compilers say, in small letters, when it is not the sources that they cannot compile."""


@dataclass(frozen=True)
class Compiler:
    command: tuple[str, ...]
    identity: str


def find_compiler() -> Compiler | None:
    """``$CXX`` if set, else the first of the usual names on the path.

    Of ``$CXX`` the words before the first option ("ccache g++"): options such as -ffast-math change figures.
    """
    for name in (os.environ.get("CXX", ""), *COMPILERS):
        try:
            words = shlex.split(name)
        except ValueError:
            continue
        command = list(itertools.takewhile(_is_no_option, words))
        found = shutil.which(command[0]) if command else None
        if found is not None:
            file = Path(found).resolve()
            state = file.stat()
            called = " ".join(command)
            return Compiler((found, *command[1:]), f"{called} {file} {state.st_size} {state.st_mtime_ns}")
    return None


def _is_no_option(word: str) -> bool:
    return not word.startswith("-")


@dataclass(frozen=True)
class Place:
    """Where what one compiler makes of some sources is kept: a folder, and beside it a lock and a failure."""

    folder: Path

    @property
    def executable(self) -> Path:
        return self.folder / EXECUTABLE

    @property
    def failure(self) -> Path:
        return self.folder.with_name(f".{self.folder.name}.failed")

    @property
    def lock(self) -> Path:
        return self.folder.with_name(f".{self.folder.name}.lock")

    def failed(self) -> str | None:
        """Why it could not be made lately, None if that is not known."""
        try:
            told = json.loads(self.failure.read_text(encoding="utf-8"))
            age = time.time() - self.failure.stat().st_mtime
        except (OSError, ValueError):
            return None
        reason = told.get("reason") if isinstance(told, dict) else None
        return str(reason) if reason and 0 <= age < FAILURE_COUNTS_S else None


def place_of(recipe: Recipe, found: Located, compiler: Compiler, cache: Path) -> Place:
    """By content: other sources, flags, compilers or C libraries have another place."""
    return Place(_family(recipe, found, cache).with_suffix("." + _short(compiler.identity)))


def made_by_anybody(recipe: Recipe, found: Located, cache: Path) -> Place | None:
    """A program of these sources that is there and starts, whatever compiler made it."""
    family = _family(recipe, found, cache)
    for folder in sorted(family.parent.glob(f"{family.name}.*")):
        place = Place(folder)
        if place.executable.is_file() and recipe.starts(place.executable):
            return place
    return None


def _family(recipe: Recipe, found: Located, cache: Path) -> Path:
    made_of = [found.digest, recipe.flags, platform.machine(), platform.libc_ver()]
    return cache / "programs" / f"{recipe.name.lower()}-{_short(made_of)}"


def _short(content: object) -> str:
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:16]


def build(recipe: Recipe, found: Located, compiler: Compiler, place: Place) -> None:
    """Fills ``place``, unless another process has just done so.

    :class:`Unavailable` where that fails, :class:`RunFailed` where it may do better another time.
    """
    from filelock import FileLock, Timeout  # noqa: PLC0415 - only where something has to be made

    try:
        place.folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(place.lock, timeout=LONGEST_BUILD_S):
            if place.executable.is_file() and recipe.starts(place.executable):
                return
            reason = place.failed()
            if reason is not None:
                raise Unavailable(reason)
            announce(
                f"{recipe.name} is being compiled once, some {recipe.seconds} s: the program that "
                f"{recipe.package.replace('_', '-')} brings does not start here"
            )
            _make(recipe, found, compiler, place)
    except Timeout:
        told = f"another process has been making {recipe.name} for too long"
        raise RunFailed(told, None, f"try again; {place.lock} is held by it") from None
    except OSError as error:
        if error.errno in PASSING:
            raise run_failed(f"{recipe.name} could not be made", error, place.folder.parent) from None
        what = error.strerror or type(error).__name__
        raise Unavailable(f"{recipe.name} cannot be made in {place.folder.parent} ({what})") from None


def _make(recipe: Recipe, found: Located, compiler: Compiler, place: Place) -> None:
    import tempfile  # noqa: PLC0415 - only where something has to be made

    prefix = f".new-{place.folder.name}-"
    for left in place.folder.parent.glob(f"{prefix}*"):  # of a process that was killed; we hold the lock
        shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(dir=place.folder.parent, prefix=prefix) as name:
        work, done = Path(name) / "work", Path(name) / "done"
        work.mkdir()
        done.mkdir()
        for source, file in found.sources.items():
            shutil.copyfile(file, work / source)
        try:
            _compile(recipe, compiler, work, done / EXECUTABLE)
        except _Refused as refused:
            reason = f"{recipe.name} could not be compiled: {refused}"
            place.failure.write_text(json.dumps({"reason": reason}), encoding="utf-8")
            raise Unavailable(reason) from None
        if found.data is not None:
            shutil.copytree(found.data, done / recipe.data)
        if not recipe.starts(done / EXECUTABLE):
            reason = f"{recipe.name} was compiled, but does not start"
            place.failure.write_text(json.dumps({"reason": reason}), encoding="utf-8")
            raise Unavailable(reason)
        if place.folder.exists():  # damaged, as it did not start
            shutil.rmtree(place.folder)
        done.rename(place.folder)
    place.failure.unlink(missing_ok=True)


class _Refused(Exception):
    """What the compiler said, in one line."""


def _compile(recipe: Recipe, compiler: Compiler, work: Path, executable: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - only where something has to be made

    units = sorted(work.glob(f"*{recipe.suffix}"), key=_size)
    objects = [unit.with_suffix(".o") for unit in units]
    jobs = [
        [*compiler.command, *recipe.flags, "-c", unit.name, "-o", made.name]
        for unit, made in zip(units, objects, strict=True)
    ]
    with ThreadPoolExecutor(max_workers=usable_cores()) as pool:
        results = [pool.submit(_run, job, work) for job in reversed(jobs)]  # the longest first
        try:
            for result in results:
                result.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    names = sorted(made.name for made in objects)
    _run([*compiler.command, *recipe.flags, *names, "-o", str(executable), "-lm", "-pthread"], work)


def _size(file: Path) -> int:
    return file.stat().st_size


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=LONGEST_BUILD_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        told = f"the compiler {Path(command[0]).name} does not come to an end"
        raise RunFailed(told, None, "try again when this machine is less busy") from None
    if done.returncode in STOPPED or any(words in done.stderr.lower() for words in _NOT_OF_THE_SOURCES):
        told = f"the compiler {Path(command[0]).name} was stopped, or had no room"
        raise RunFailed(told, None, f"see that there is memory, and room in {folder}, and try again")
    if done.returncode != 0:
        lines = [line.strip() for line in done.stderr.splitlines() if line.strip()]
        told = next((line for line in lines if "error" in line), lines[-1] if lines else "no reason given")
        raise _Refused(told[:160])


def usable_cores() -> int:
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on Linux
        return os.cpu_count() or 1
