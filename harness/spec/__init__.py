"""Specifications: the plain dataclasses, and reading and writing Timeloop's dialects.

Names are imported when they are first used, so that importing a dataclass does not load Jinja or YAML.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from harness.spec.loading import load_specification, read_specification, specification_from_v4_tree
    from harness.spec.specification import Specification
    from harness.spec.writing import dump_processed_input

_HOMES = {
    "Specification": "harness.spec.specification",
    "dump_processed_input": "harness.spec.writing",
    "load_specification": "harness.spec.loading",
    "read_specification": "harness.spec.loading",
    "specification_from_v4_tree": "harness.spec.loading",
}

__all__ = [
    "Specification",
    "dump_processed_input",
    "load_specification",
    "read_specification",
    "specification_from_v4_tree",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'harness.spec' has no attribute '{name}'")
