"""Which Accelergy is installed, and with which plug-ins. Nothing of it is imported here.

Accelergy belongs to an interpreter: the one that runs this program, or the one that the environment
variable :data:`INTERPRETER` names. What its plug-ins answer depends on their files (they all call
themselves version 0.1), so :func:`content_of` is a digest of those.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib import metadata, util
from pathlib import Path

from harness.errors import HarnessError
from harness.estimation.query import Declined
from harness.spec.yaml_loader import load_yaml_file

INTERPRETER = "HARNESS_ACCELERGY_PYTHON"
CONFIG = Path(".config") / "accelergy" / "accelergy_config.yaml"
"""Below the home folder: where Accelergy keeps the list of its plug-ins."""

UNREAD_FOLDERS = ("__pycache__", ".git", "cacti_inputs_outputs")
"""Below a plug-in, what is no part of it; the last is where the CACTI plug-in puts its own files."""

MOST_FILES = 5_000
"""A plug-in path with more files than that below is no plug-in but somebody's home folder."""

MOST_BYTES = 32_000_000
"""A larger file counts by its time of change."""

_PROBE_SECONDS = 30
_PROBE = """
import importlib.util, json, sys
spec = importlib.util.find_spec("accelergy")
found = {"package": None if spec is None else spec.origin, "prefix": sys.prefix, "version": ""}
if spec is not None:
    try:
        from importlib import metadata
        found["version"] = metadata.version("accelergy")
    except Exception:
        pass
print(json.dumps(found))
"""


@dataclass(frozen=True)
class Installation:
    """``python`` runs Accelergy, ``package`` is the folder of its modules; ``prefix`` that of its data."""

    python: str
    package: Path
    prefix: Path
    version: str

    @property
    def shared(self) -> Path:
        """Where plug-ins are installed to."""
        return self.prefix / "share" / "accelergy"


def find_installation() -> Installation | None:
    """None where there is no Accelergy; :class:`Declined` for an interpreter that does not start."""
    named = os.environ.get(INTERPRETER, "")
    return _of_interpreter(named) if named else _of_this_interpreter()


def _of_this_interpreter() -> Installation | None:
    try:
        spec = util.find_spec("accelergy")
    except (ImportError, ValueError):
        return None
    if spec is None or spec.origin is None:
        return None
    try:
        version = metadata.version("accelergy")
    except metadata.PackageNotFoundError:
        version = ""
    return Installation(sys.executable, Path(spec.origin).parent, Path(sys.prefix), version)


@lru_cache(maxsize=4)
def _of_interpreter(python: str) -> Installation | None:
    what = f"{INTERPRETER} names {python}, which"
    try:
        done = subprocess.run(
            [python, "-c", _PROBE], capture_output=True, timeout=_PROBE_SECONDS, check=False, cwd=os.sep
        )
    except subprocess.TimeoutExpired:
        raise Declined(f"{what} does not answer") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Declined(f"{what} does not start: {reason}") from None
    try:
        found = json.loads(done.stdout)
        package, prefix, version = found["package"], found["prefix"], str(found["version"])
    except (ValueError, KeyError, TypeError):
        raise Declined(f"{what} is no Python interpreter") from None
    if package is None:
        return None
    return Installation(python, Path(package).parent, Path(prefix), version)


@dataclass(frozen=True)
class Configuration:
    """Accelergy's list of plug-ins: the user's own, or the one it would write itself."""

    version: str
    plug_ins: tuple[Path, ...]
    python_plug_ins: tuple[Path, ...]
    table_roots: tuple[Path, ...]


def configuration_of(installation: Installation) -> Configuration:
    """From the user's file, which is only read; :class:`Declined` if it cannot be used."""
    file = _config_file()
    if file is None:
        shared = installation.shared
        return Configuration("0.4", (shared / "estimation_plug_ins",), (), (shared / "table_plug_ins",))
    try:
        tree: Mapping[str, object] = load_yaml_file(file)
    except HarnessError as error:
        raise Declined(f"Accelergy's list of plug-ins cannot be read: {error}") from None
    tables = tree.get("table_plug_ins")
    roots = tables.get("roots") if isinstance(tables, Mapping) else None
    return Configuration(
        str(tree.get("version", "0.4")),
        _paths(tree.get("estimator_plug_ins")),
        _paths(tree.get("python_plug_ins")),
        _paths(roots),
    )


def _config_file() -> Path | None:
    try:
        file = Path.home() / CONFIG
        return file if file.is_file() else None
    except (OSError, RuntimeError, KeyError):
        return None


def _paths(entries: object) -> tuple[Path, ...]:
    if not isinstance(entries, list):
        return ()
    return tuple(Path(entry) for entry in entries if isinstance(entry, str) and entry)


def plug_in_folder(path: Path) -> Path:
    """A plug-in may be listed by its folder or by one of its files."""
    return path if path.is_dir() else path.parent


def plug_in_files(folder: Path) -> list[Path] | None:
    """All that belongs to a plug-in, sorted; None where that is too much to be one."""
    found = []
    for file in _walk(folder):
        found.append(file)
        if len(found) > MOST_FILES:
            return None
    return sorted(found)


def _walk(folder: Path) -> Iterator[Path]:
    for root, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in UNREAD_FOLDERS]
        yield from (Path(root) / name for name in files)


def content_of(installation: Installation, configuration: Configuration) -> str:
    """A digest of everything that decides over the answers: modules, plug-ins and tables."""
    digest = hashlib.sha256(f"{installation.package} {configuration}".encode())
    listed = (*configuration.plug_ins, *configuration.python_plug_ins, *configuration.table_roots)
    folders = dict.fromkeys((installation.package, *(plug_in_folder(path) for path in listed)))
    for file in _of_all(folders):
        try:
            state = file.stat()
            large = state.st_size > MOST_BYTES
            text = str(state.st_mtime_ns).encode() if large else file.read_bytes()
        except OSError:
            continue
        digest.update(f"{file} {len(text)}\n".encode())
        digest.update(text)
    return digest.hexdigest()


def _of_all(folders: Iterable[Path]) -> Iterator[Path]:
    for folder in folders:
        yield from plug_in_files(folder) or ()
