"""The rooms of the package import each other in one direction only, and the light ones stay light."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "harness"

# Rooms on one line may not import each other, except fusion, which knows layers.
ORDER = (
    ("errors",),
    ("spec",),
    ("timeloop_outputs",),
    ("workloads", "estimation"),
    ("model",),
    ("mapspace",),
    ("search",),
    ("fusion",),
    ("engines",),
    ("sweep",),
    ("report",),
    ("cli",),
    ("__main__",),
)
RANK = {room: rank for rank, rooms in enumerate(ORDER) for room in rooms}

HEAVY = {"pandas", "hwcomponents", "rich", "joblib", "tabulate", "numba", "yaml", "jinja2"}
LIGHT_ROOMS = ("errors", "spec", "cli", "report")


def room_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def modules() -> list[Path]:
    return sorted(p for p in PACKAGE.rglob("*.py") if p != PACKAGE / "__init__.py")


def imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            assert node.level == 0, "imports are absolute"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def imports_at_start(tree: ast.Module) -> Iterator[str]:
    """Imports that run when the module is imported: not those in functions or under TYPE_CHECKING."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        node = waiting.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield from imports(node)
        elif isinstance(node, ast.If) and "TYPE_CHECKING" not in ast.unparse(node.test):
            waiting += [*node.body, *node.orelse]
        elif isinstance(node, (ast.Try, ast.With, ast.ClassDef)):
            waiting += node.body


def test_every_module_belongs_to_a_room() -> None:
    assert {room_of(path) for path in modules()} <= set(RANK)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_room_imports_only_lower_rooms(path: Path) -> None:
    room = room_of(path)
    for name in imports(ast.parse(path.read_text(encoding="utf-8"))):
        parts = name.split(".")
        if parts[0] != "harness" or len(parts) == 1:
            continue
        other = parts[1]
        if other in RANK and other != room:
            assert RANK[other] < RANK[room], f"{room} imports the higher room {other}: {name}"


@pytest.mark.parametrize(
    "path",
    [p for p in modules() if room_of(p) in LIGHT_ROOMS],
    ids=lambda p: str(p.relative_to(PACKAGE)),
)
def test_light_rooms_import_heavy_packages_late(path: Path) -> None:
    allowed = {"yaml", "jinja2"} if room_of(path) == "spec" else set()
    found = {name.split(".")[0] for name in imports_at_start(ast.parse(path.read_text(encoding="utf-8")))}
    assert not found & (HEAVY - allowed)
