"""Compiled code is kept under the content of everything that it was made of."""

from __future__ import annotations

import ast
from pathlib import Path

import harness.search.optimal as package
from harness.search.optimal.kernel import SOURCES

FOLDER = Path(package.__file__).parent
PREFIX = "harness.search.optimal."


def imported(module: str) -> set[str]:
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module]
    return {name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)}


def decorated(module: str) -> bool:
    tree = ast.parse((FOLDER / f"{module}.py").read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return any(
        isinstance(decorator, ast.Name) and decorator.id in ("kernel", "shared")
        for function in functions
        for decorator in function.decorator_list
    )


def test_every_module_with_kernels_counts() -> None:
    modules = {path.stem for path in FOLDER.glob("*.py")}
    assert {module for module in modules if decorated(module)} <= set(SOURCES)


def test_what_modules_with_kernels_import_counts() -> None:
    assert {name for module in SOURCES for name in imported(module)} <= set(SOURCES)
