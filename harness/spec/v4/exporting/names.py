"""Which node of the v4 tree a level of the flattened form stands for."""

from __future__ import annotations

from harness.spec.architecture import Architecture

_BEGIN, _END = "inter_", "_spatial"


def dummy_of(node: str) -> str:
    """The level that the front ends make of the fan-out of ``node``."""
    return f"{_BEGIN}{node}{_END}"


def node_of_dummy(level: str, architecture: Architecture) -> str | None:
    """The spatial node that became ``level``; None for a level that is a component."""
    storage = next(s for s in architecture.storage if s.name == level)
    if storage.class_name != "dummy_storage" or not (level.startswith(_BEGIN) and level.endswith(_END)):
        return None
    return level.removeprefix(_BEGIN).removesuffix(_END)
