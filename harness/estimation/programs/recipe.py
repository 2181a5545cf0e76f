"""A program that an installed Python package brings along, with its sources: where it lies, what it is.

The package is found, but never imported, and never written to.
"""

from __future__ import annotations

import errno
import hashlib
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import util
from pathlib import Path

from harness.errors import EstimationError

PROBE_S = 20.0


PASSING = frozenset(
    {
        *(errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN),
        *(errno.EIO, errno.EINTR, errno.ETXTBSY, errno.ESTALE, errno.ENOBUFS),
    }
)
"""What an operating system answers when it could do what was asked at another time."""

STOPPED = frozenset(-s for s in (signal.SIGTERM, signal.SIGINT, getattr(signal, "SIGKILL", signal.SIGTERM)))
"""Exit statuses of a process that somebody else ended: the user, or the system for memory."""


class Unavailable(Exception):
    """A program cannot be run on this machine. ``str`` of it is a phrase for an error message."""


class RunFailed(EstimationError):
    """A program could not be asked this time: no time, no room, no memory. Another time it may answer.

    No other source answers in its place, and nothing is kept: who tries again would get other figures.
    """

    def of(self, component: str) -> EstimationError:
        return EstimationError(f"{component}: {self.message}", self.location, self.hint)


def run_failed(what: str, error: OSError, folder: Path | str) -> RunFailed:
    """``folder``: where room is wanted."""
    said = error.strerror or type(error).__name__
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return RunFailed(f"{what} ({said})", None, f"make room in {folder} and try again")
    crowded = error.errno in (errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN)
    with_fewer = " with fewer processes at the same time" if crowded else ""
    return RunFailed(f"{what} ({said})", None, f"try again{with_fewer}")


@dataclass(frozen=True)
class Recipe:
    """How a program is found in its package, and made from the sources there.

    ``folders``: folders of the package with sources; a file in a later one takes the place of its namesake.
    ``suffix``: of what is compiled, ``headers``: of what is included, both directly in those folders.
    ``flags``: for compiling and linking. ``data``: folder (below the last of ``folders``) that the program
    reads at run time, empty if there is none. ``shipped``: the executable in the package.
    ``greeting``: what it prints when it is called without arguments, by which one knows that it is able to
    start here at all. ``seconds``: about how long making it takes, for the notice.
    """

    name: str
    package: str
    folders: tuple[str, ...]
    suffix: str
    headers: str
    flags: tuple[str, ...]
    data: str
    shipped: str
    greeting: str
    seconds: int

    def starts(self, executable: Path) -> bool:
        """Whether it runs here; :class:`RunFailed` where that cannot be found out now."""
        try:
            done = subprocess.run(
                [executable], stdin=subprocess.DEVNULL, capture_output=True, timeout=PROBE_S, check=False
            )
        except subprocess.TimeoutExpired:
            told = f"{self.name} does not start within {PROBE_S:g} s"
            raise RunFailed(told, None, "try again when this machine is less busy") from None
        except OSError as error:
            if error.errno in PASSING:
                raise run_failed(f"{self.name} could not be started", error, executable.parent) from None
            return False
        return self.greeting.encode() in done.stdout + done.stderr


@dataclass(frozen=True)
class Located:
    """The files of an installed program. ``sources`` maps names to files, ``digest`` is of their content."""

    root: Path
    sources: Mapping[str, Path]
    data: Path | None
    shipped: Path
    digest: str


@lru_cache(maxsize=8)
def located(recipe: Recipe) -> Located:
    """Where the program lies; :class:`Unavailable` when its package is not installed or has no sources."""
    root = package_folder(recipe.package)
    if root is None:
        raise Unavailable(f"the package {recipe.package.replace('_', '-')} is not installed")
    sources = {
        file.name: file
        for folder in recipe.folders
        for file in sorted((root / folder).glob("*"))
        if file.suffix in (recipe.suffix, recipe.headers) and file.is_file()
    }
    if not any(name.endswith(recipe.suffix) for name in sources):
        raise Unavailable(
            f"the package {recipe.package.replace('_', '-')} brings no sources of {recipe.name}"
        )
    data = root / recipe.folders[-1] / recipe.data if recipe.data else None
    read = [*sources.values(), *(sorted(data.glob("*")) if data is not None else ())]
    return Located(root, sources, data, root / recipe.shipped, _digest(read))


def package_folder(package: str) -> Path | None:
    """The folder of an installed package, which is not imported."""
    try:
        found = util.find_spec(package)
    except (ImportError, ValueError):
        return None
    places = list(found.submodule_search_locations or ()) if found is not None else []
    return Path(places[0]) if places else None


def _digest(files: list[Path]) -> str:
    digest = hashlib.sha256()
    for file in files:
        try:
            content = file.read_bytes()
        except OSError as error:
            raise Unavailable(f"{file.name} cannot be read ({error.strerror})") from None
        digest.update(f"{file.name} {len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:32]
