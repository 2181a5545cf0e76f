"""Mapper profiles: named settings of the search, shipped in ``mappers/`` or files of the user's.

A profile is a Timeloop mapper file (``mapper:`` and ``mapspace: {template}``) with a ``description``.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from harness.errors import Location, SpecError, unknown_name
from harness.spec.located import where
from harness.spec.plugins import mapper_plugins
from harness.spec.settings import SearchSettings
from harness.spec.shipped import shipped_folder

DEFAULT_PROFILE = "default"
KEYS = ("description", "mapper", "mapspace")
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Profile:
    """Settings with a name and one line about their purpose."""

    name: str
    description: str
    settings: SearchSettings


def list_profiles() -> tuple[Profile, ...]:
    """The shipped profiles: the default one first, the others by name."""
    profiles = map(_shipped_profile, _shipped_paths())
    return tuple(sorted(profiles, key=lambda p: (p.name != DEFAULT_PROFILE, p.name)))


def load_profile(name_or_path: str | Path = DEFAULT_PROFILE) -> SearchSettings:
    """The settings of a shipped profile (any case), or of a mapper file when given a path to a YAML file.

    The name of a mapper that an installed package adds means the default profile with that mapper.
    Raises SpecError for an unknown profile and for a malformed file.
    """
    return find_profile(name_or_path).settings


def find_profile(name_or_path: str | Path) -> Profile:
    """As :func:`load_profile`, with name and description."""
    path = Path(name_or_path)
    if isinstance(name_or_path, Path) or path.suffix.lower() in SUFFIXES:
        return _read(path)
    name = name_or_path.strip().lower().replace("_", "-")
    shipped = _shipped_paths()
    if name in shipped:
        return _shipped_profile(name)
    added = mapper_plugins()
    if name_or_path in added:
        return Profile(name_or_path, f"Added by {added[name_or_path].value}", _of_plugin(name_or_path))
    raise unknown_name("mapper profile", name_or_path, [*shipped, *added])


def _of_plugin(name: str) -> SearchSettings:
    """The settings of the default profile, for an added mapper named without a mapper file."""
    return replace(_shipped_profile(DEFAULT_PROFILE).settings, algorithm=name)


@cache
def _shipped_paths() -> dict[str, Path]:
    paths = sorted(path for path in shipped_folder("mappers").iterdir() if path.suffix in SUFFIXES)
    return {path.stem: path for path in paths}


@cache
def _shipped_profile(name: str) -> Profile:
    return _read(_shipped_paths()[name])


def _read(path: Path) -> Profile:
    # PyYAML and Jinja are imported only when a profile is read: `run.py -h` needs neither.
    from harness.spec.flattened.settings import read_settings  # noqa: PLC0415
    from harness.spec.yaml_loader import load_yaml_file  # noqa: PLC0415

    if not path.is_file():
        raise SpecError("no such mapper file", Location(str(path)))
    tree = load_yaml_file(path)
    for key in tree:
        if key not in KEYS:
            raise unknown_name("key of a mapper file", str(key), KEYS, where(tree, key))
    if "mapper" not in tree:
        raise SpecError("a mapper file needs the key 'mapper'", where(tree))
    description = tree.get("description", "")
    if not isinstance(description, str):
        raise SpecError("'description' must be a text", where(tree, "description"))
    return Profile(path.stem, description, read_settings(tree))
