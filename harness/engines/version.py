"""Which program it is that makes the figures."""

from __future__ import annotations

import hashlib
import tomllib
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from harness.estimation.accelergy import accelergy_identity
from harness.estimation.cache import default_cache_folder
from harness.estimation.cacti.recipe import CACTI
from harness.estimation.hwc.packages import package_versions
from harness.estimation.hwc.recipe import NEUROSIM
from harness.estimation.programs import program_of
from harness.spec.digest import digest_of, files_below
from harness.spec.shipped import shipped_folder

_PACKAGE = Path(__file__).resolve().parents[1]
_DECIDING_ROOMS = ("errors.py", "spec", "estimation", "model", "mapspace", "search", "fusion", "engines")
"""What a figure is made by; the rooms above only choose and show."""


@lru_cache(maxsize=1)
def package_version() -> str:
    """The version of the installed package, or of the checkout that it is run from."""
    try:
        return version("transformer-harness")
    except PackageNotFoundError:
        return _version_of_checkout()


def _version_of_checkout() -> str:
    project = Path(__file__).resolve().parents[2] / "pyproject.toml"
    try:
        with project.open("rb") as file:
            return str(tomllib.load(file)["project"]["version"])
    except (OSError, KeyError, tomllib.TOMLDecodeError):
        return "unknown"


@lru_cache(maxsize=1)
def program_version() -> str:
    """The version of the package with a digest of the sources, templates and tables that make figures."""
    sources: list[Path] = []
    for room in _DECIDING_ROOMS:
        place = _PACKAGE / room
        sources += sorted(place.rglob("*.py")) if place.is_dir() else [place]
    digest = hashlib.sha256(digest_of(sources, _PACKAGE).encode())
    for kind in ("arches", "estimation_tables"):
        folder = shipped_folder(kind)
        digest.update(digest_of(files_below(folder), folder).encode())
    return f"{package_version()}+{digest.hexdigest()[:12]}"


@lru_cache(maxsize=1)
def estimator_versions() -> str:
    """What may answer where the shipped tables do not: packages, and the programs that they bring.

    A program that has to be made is made now, once for all: a key that says it is there must be true.
    """
    packages = ", ".join(f"{name} {number}" for name, number in sorted(package_versions().items()))
    folder = default_cache_folder()
    cacti, neurosim = (program_of(recipe, folder).settled_identity() for recipe in (CACTI, NEUROSIM))
    programs = f"CACTI {cacti}; NeuroSim {neurosim}; Accelergy {accelergy_identity()}"
    return f"{packages}; {programs}"
