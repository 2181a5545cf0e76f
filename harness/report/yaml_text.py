"""YAML output: the mapping in the layout of the reference's emitter, the other files block style.

``timeloop-mapper.map.yaml`` is written byte for byte as yaml-cpp writes it (two blanks before a dash,
``[]`` on a line of its own, no newline at the end); the other files only have to load equal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def mapping_yaml_text(entries: Sequence[Mapping[str, Any]]) -> str:
    """``map.yaml`` from the entries of a Timeloop mapping list (as ``write_mapping`` yields them)."""
    lines = ["mapping:"]
    for entry in entries:
        dash = "  - "
        for key, value in entry.items():
            if isinstance(value, (list, tuple)):
                lines.append(f"{dash}{key}:")
                lines += [f"      - {item}" for item in value] or ["      []"]
            else:
                lines.append(f"{dash}{key}: {value}")
            dash = "    "
    return "\n".join(lines)


def yaml_text(tree: Mapping[str, Any]) -> str:
    """Block-style YAML in the order of the tree, plain types only."""
    import yaml  # noqa: PLC0415 - slow to import, not needed for `run.py -h`

    from harness.spec.block_yaml import block_text, pyyaml_text  # noqa: PLC0415 - imports yaml

    text = block_text(tree, yaml.SafeDumper, leaves_in_flow=False)
    return pyyaml_text(plain(tree), yaml.SafeDumper) if text is None else text


def plain(node: Any) -> Any:
    """Dicts, lists and scalars of Python's own types; what carries positions or tags loses them."""
    if isinstance(node, Mapping):
        return {str(key): plain(value) for key, value in node.items()}
    if isinstance(node, (list, tuple, set, frozenset)):
        return [plain(value) for value in node]
    if node is None or isinstance(node, (bool, int, float, str)):
        return _scalar(node)
    if hasattr(node, "item"):
        return plain(node.item())
    return str(node)


def _scalar(value: bool | int | float | str | None) -> bool | int | float | str | None:
    """Subclasses of the scalar types (enumerations, tagged strings) as the bare type."""
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value
