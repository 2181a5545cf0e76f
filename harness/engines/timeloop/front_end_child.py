"""The child process in which Timeloop's front end flattens a folder of v4 files.

Run as ``python front_end_child.py FOLDER ANSWER mapper|model|where`` by
:mod:`harness.engines.timeloop.front_end`, also by other interpreters than ours, so it needs nothing but the
front end and a Python from 3.8 on. The answer is one JSON object in the file ANSWER: ``{"front_end": name and
version, "text": flattened YAML}``, ``{"front_end": ..., "failed": reason}``, or ``{"absent": reason}``; for
"where" the folder of each front end that is installed, by its name.
"""

from __future__ import annotations

import json
import os
import sys
import types
from importlib import import_module, util
from typing import Any

PACKAGES = ("timeloopfe", "pytimeloop.timeloopfe")
"""The front end as a package of its own, and as a part of Timeloop's Python bindings."""

MOST_LETTERS = 600


def main(folder: str, answer: str, program: str) -> None:
    own = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - as sys.path spells it
    sys.path[:] = [entry for entry in sys.path if entry != own]
    said = places() if program == "where" else _flattened(folder, program == "model")
    with open(answer, "w", encoding="utf-8") as file:  # noqa: PTH123
        json.dump(said, file)


def places() -> dict[str, str]:
    """Folder by package, found without importing anything."""
    found = {}
    for package in PACKAGES:
        whole, *parts = package.split(".")
        for folder in _folders(whole):
            place = os.path.join(folder, *parts)  # noqa: PTH118
            if os.path.isfile(os.path.join(place, "__init__.py")):  # noqa: PTH113, PTH118
                found[package] = place
                break
    return found


def _folders(package: str) -> list[str]:
    try:
        spec = util.find_spec(package)
    except (ImportError, ValueError):
        return []
    return list(spec.submodule_search_locations or ()) if spec is not None else []


def _flattened(folder: str, for_model: bool) -> dict[str, str]:
    try:
        name, package = _front_end()
    except BaseException as error:
        return {"absent": _line(error)}
    files = sorted(os.path.join(folder, file) for file in os.listdir(folder))  # noqa: PTH118, PTH208
    try:
        v4 = import_module(package + ".v4")
        calls = import_module(package + ".common.backend_calls")
        specification = v4.Specification.from_yaml_files(*files)
        text = calls._specification_to_yaml_string(specification, for_model=for_model)
        return {"front_end": name, "text": str(text)}
    except BaseException as error:  # it leaves by SystemExit too
        return {"front_end": name, "failed": _line(error)}


def _front_end() -> tuple[str, str]:
    """Its name with the version, and the package to import from."""
    reason: BaseException = ImportError("neither " + " nor ".join(PACKAGES) + " is installed")
    for package in places():
        try:
            import_module(package)
        except Exception as error:
            if not _without_bindings(package):
                reason = error
                continue
        return (package + " " + _version(package)).strip(), package
    raise reason


def _without_bindings(package: str) -> bool:
    """Imports the part alone where the whole does not: the front end needs none of the bindings."""
    whole, _, part = package.partition(".")
    if not part:
        return False
    for name in [name for name in sys.modules if name.split(".")[0] == whole]:
        del sys.modules[name]
    bare: Any = types.ModuleType(whole)
    bare.__path__ = _folders(whole)
    sys.modules[whole] = bare
    try:
        import_module(package)
    except Exception:
        return False
    return True


def _version(package: str) -> str:
    try:
        from importlib import metadata  # noqa: PLC0415

        return metadata.version(package.partition(".")[0])
    except Exception:
        return str(getattr(import_module(package), "__version__", ""))


def _line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    words = type(error).__name__ + ": " + text if text else type(error).__name__
    return (
        words
        if len(words) <= MOST_LETTERS
        else words[: MOST_LETTERS // 2] + " ... " + words[-MOST_LETTERS // 2 :]
    )


if __name__ == "__main__":
    main(*sys.argv[1:4])
