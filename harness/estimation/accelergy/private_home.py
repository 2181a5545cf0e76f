"""A home folder for the child process, so that Accelergy writes nothing where the user keeps anything.

Accelergy reads and writes ``~/.config/accelergy``, and its CACTI plug-in writes beside its own file. So the
child gets a home of its own with a list of plug-ins that lie there too, as folders of links.
"""

from __future__ import annotations

import json
import os
import shutil
import site
import tempfile
from collections.abc import Iterable
from pathlib import Path

from harness.estimation.accelergy.installation import (
    CONFIG,
    Configuration,
    Installation,
    plug_in_files,
    plug_in_folder,
)


def make_private_home(configuration: Configuration) -> Path:
    """A new folder; whoever made it removes it. Raises ``OSError`` where none can be made."""
    home = Path(tempfile.mkdtemp(prefix="harness-accelergy-"))
    try:
        config = {
            "version": configuration.version,
            "estimator_plug_ins": _linked(configuration.plug_ins, home / "plug_ins"),
            "python_plug_ins": _linked(configuration.python_plug_ins, home / "python_plug_ins"),
            "table_plug_ins": {"roots": [str(path) for path in configuration.table_roots]},
            # Only primitive components are asked for, and those by class and attributes.
            "primitive_components": [],
            "compound_components": [],
            "math_functions": [],
        }
        file = home / CONFIG
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(config), encoding="utf-8")
    except BaseException:
        shutil.rmtree(home, ignore_errors=True)
        raise
    return home


def _linked(paths: Iterable[Path], room: Path) -> list[str]:
    """Each path in a copy made of links below ``room``; a path that is not there is left out."""
    found = []
    for number, path in enumerate(paths):
        if not path.exists():
            continue
        source = plug_in_folder(path).absolute()
        files = plug_in_files(source)
        if files is None:
            found.append(str(path))
            continue
        copy = room / str(number)
        for file in files:
            place = copy / file.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            _link(file, place)
        found.append(str(copy if path.is_dir() else copy / path.name))
    return found


def _link(file: Path, place: Path) -> None:
    try:
        place.symlink_to(file)
    except OSError:  # a system or file system without links
        shutil.copy(file, place)


def environment_of(installation: Installation, home: Path) -> dict[str, str]:
    """The environment of the child: ours, with another home."""
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_CONFIG_HOME": str(home / ".config"),
        "XDG_CACHE_HOME": str(home / ".cache"),
        "TMPDIR": str(home),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONUNBUFFERED": "1",
    }
    # Packages that the user installed lie below the true home; the child's Python would seek them here.
    environment.setdefault("PYTHONUSERBASE", site.getuserbase())
    # Programs of the interpreter's environment, as after its activation.
    programs = str(Path(installation.python).parent)
    environment["PATH"] = os.pathsep.join(filter(None, (programs, environment.get("PATH", ""))))
    return environment
