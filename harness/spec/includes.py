"""The file functions that templates may call: ``include``, ``include_all``, ``include_text``, paths.

They read only below the folders of the given files (and of files included from there); those of a given
specification also YAML files and templates below the folder above, for designs and the layers that they share
lie side by side.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from harness.errors import SpecError, did_you_mean
from harness.spec.located import LocatedDict, LocatedList
from harness.spec.yaml_nodes import QuotedStr

MAX_INCLUDE_DEPTH = 16
MAX_INCLUDED_FILES = 1000
MAX_INCLUDED_BYTES = 64_000_000
SUFFIXES = (".yaml", ".yml", ".jinja", ".jinja2", ".j2")
"""Of the files that may lie beside the folders of the given ones."""

LoadFile = Callable[[Path], Any]
RenderFile = Callable[[Path], str]


class Inclusions:
    """Where included files are looked for, and how deep inclusion has gone. One per loaded file."""

    def __init__(
        self,
        roots: tuple[Path, ...],
        folder: Path,
        load: LoadFile,
        render: RenderFile,
        *,
        added: list[Path] | None = None,
        above: bool = False,
    ) -> None:
        """``added``: folders that templates add, shared by a file and those that it includes. ``above``: also
        the folders above may be read.
        """
        self._given_roots = roots
        # ``cwd() ~ '/x.yaml'`` is relative to the working folder when the file was named so.
        self._places = [folder, *roots, Path()]
        self._added = added if added is not None else []
        self._folder = folder
        self._may_read_above = above
        self._load = load
        self._render = render
        self.stored_environment: dict[str, str] = {}

    @property
    def _search(self) -> list[Path]:
        return [*self._places, *self._added]

    @cached_property
    def _roots(self) -> tuple[Path, ...]:
        """Asked for by few: most files include nothing."""
        return tuple(root.resolve() for root in self._given_roots)

    @cached_property
    def _above(self) -> tuple[Path, ...]:
        """The folders above, but for those that hold everything: of a file system, of users, of programs."""
        if not self._may_read_above:
            return ()
        return tuple(root.parent for root in self._roots if not _holds_everything(root.parent))

    def functions(self) -> Mapping[str, Callable[..., Any]]:
        return {
            "include": self.include,
            "include_all": self.include_all,
            "include_text": self.include_text,
            "find_path": lambda path: str(self.find(path, folders=True)),
            "find_paths": lambda pattern: [str(p) for p in self.find_all(pattern)],
            "path_exists": self.path_exists,
            "add_to_path": self.add_to_path,
            "cwd": lambda: str(self._folder),
            "setenv": self.store_environment,
        }

    def include(self, path: str, key: str | None = None) -> Any:
        """The tree in the file, or the part of it under the dotted ``key``."""
        return _part(self._load(self.find(path)), key, path)

    def include_all(self, path: str, key: str | None = None) -> Any:
        """The parts under ``key`` of all YAML files that match, lists appended and mappings merged."""
        merged: Any = None
        for file in self.find_all(path):
            part = _part(self._load(file), key, str(file))
            if merged is None:
                merged = part
            elif isinstance(merged, list) and isinstance(part, list):
                merged.extend(part)
            elif isinstance(merged, dict) and isinstance(part, dict):
                for name, value in part.items():
                    if name in merged and merged[name] != value:
                        raise SpecError(f"include_all: '{name}' differs between the files of '{path}'")
                    merged[name] = value
            else:
                raise SpecError(f"include_all: the files of '{path}' are of different kinds")
        return merged

    def include_text(self, path: str) -> str:
        return self._render(self.find(path))

    def path_exists(self, path: str) -> bool:
        return any(self._allowed(base / path) and (base / path).exists() for base in self._search)

    def add_to_path(self, path: str) -> str:
        folder = self._folder / path
        if not folder.is_dir() and Path(path).is_dir():
            folder = Path(path)
        if not self._allowed(folder):
            raise SpecError(f"'{path}' is outside the folders of the given files")
        if folder not in self._added:
            self._added.append(folder)
        return ""

    def store_environment(self, name: str, value: object = "") -> str:
        """Remembered only: a specification does not change the environment of the process."""
        self.stored_environment[str(name)] = str(value)
        return ""

    def find(self, path: str, folders: bool = False) -> Path:
        """The file (or folder, where ``folders`` may be meant) of that name, nearest first."""
        candidates = [base / path for base in self._search]
        allowed = [candidate for candidate in candidates if self._allowed(candidate)]
        for candidate in allowed:
            if candidate.is_file() or (folders and candidate.is_dir()):
                return candidate
        if not allowed or any(c.exists() for c in candidates if c not in allowed):
            raise SpecError(f"'{path}' is outside the folders of the given files")
        places = [base for base in self._search if base.is_dir() and self._allowed(base)]
        near = [p.name for place in places for p in place.iterdir() if p.is_file()]
        raise SpecError(f"included file '{path}' not found", None, did_you_mean(path, near))

    def find_all(self, pattern: str) -> list[Path]:
        if ".." in Path(pattern).parts:
            raise SpecError(f"'{pattern}' is outside the folders of the given files")
        for base in self._search:
            below = pattern
            if Path(pattern).is_absolute():
                if not Path(pattern).is_relative_to(base.absolute()):
                    continue
                below = str(Path(pattern).relative_to(base.absolute()))
            folder = base / below
            if folder.is_dir():
                found = sorted(p for kind in ("*.yaml", "*.yml") for p in folder.glob(kind))
            else:
                found = sorted(p for p in base.glob(below) if p.is_file())
            found = [p for p in found if self._allowed(p)]
            if found:
                return found
        if Path(pattern).is_absolute() and not self._allowed(Path(pattern)):
            raise SpecError(f"'{pattern}' is outside the folders of the given files")
        raise SpecError(f"no file matches '{pattern}'")

    def _allowed(self, path: Path) -> bool:
        resolved = path.resolve()
        if any(resolved.is_relative_to(root) for root in self._roots):
            return True
        return resolved.suffix in SUFFIXES and any(resolved.is_relative_to(root) for root in self._above)


def _holds_everything(folder: Path) -> bool:
    """Whether this is, or is above, the user's home or a folder of all programs, or a file system's root."""
    homes = []
    with contextlib.suppress(RuntimeError):
        homes.append(Path.home().resolve())
    shared = (Path(tempfile.gettempdir()).resolve(), Path("/tmp"), Path("/var/tmp"))
    return any(place.is_relative_to(folder) for place in (*homes, *shared)) or os.path.ismount(folder)


def _part(tree: Any, key: str | None, path: str) -> Any:
    if not key:
        return tree
    for name in key.split("."):
        if isinstance(tree, list) and name.lstrip("-").isdigit() and int(name) < len(tree):
            tree = tree[int(name)]
        elif isinstance(tree, dict) and name in tree:
            tree = tree[name]
        else:
            hint = did_you_mean(name, tree) if isinstance(tree, dict) else None
            raise SpecError(f"no '{name}' in '{path}'", None, hint)
    return tree


def as_flow_yaml(value: Any) -> Any:
    """What a template writes for a value: trees as one line of YAML, with tags, the rest as it is."""
    if isinstance(value, LocatedDict) and value.tag:
        return f"!{value.tag} {_flow_mapping(value)}"
    if isinstance(value, dict):
        return _flow_mapping(value)
    if isinstance(value, (list, tuple)):
        tag = f"!{value.tag} " if isinstance(value, LocatedList) and value.tag else ""
        return tag + "[" + ", ".join(_flow(item) for item in value) + "]"
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return value


def _flow_mapping(value: Mapping[str, Any]) -> str:
    return "{" + ", ".join(f"{_flow(str(k))}: {_flow(v)}" for k, v in value.items()) + "}"


def _flow(value: Any) -> str:
    if isinstance(value, str):
        simple = value.replace("_", "a").isalnum() and value[0].isalpha() and not isinstance(value, QuotedStr)
        if simple and value.lower() not in ("true", "false", "null"):
            return value
        # A tag keeps the difference between quoted text and an expression that needs quotes in a flow.
        escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"' if isinstance(value, QuotedStr) else f'!expression "{escaped}"'
    return str(as_flow_yaml(value))
