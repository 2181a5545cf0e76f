"""Writing a specification tree as plain YAML that our own reader reads back equal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from harness.spec.block_yaml import block_text, pyyaml_text
from harness.spec.located import LocatedDict, LocatedList
from harness.spec.yaml_nodes import QuotedStr, scalar_value


class _Dumper(yaml.SafeDumper):
    """No aliases; text that stood in quotes keeps them, because unquoted text may be an expression."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _mapping(dumper: yaml.SafeDumper, value: Mapping[Any, Any]) -> yaml.Node:
    tag = getattr(value, "tag", None)
    pairs = {str(k): v for k, v in value.items()}
    return dumper.represent_mapping(f"!{tag}" if tag else "tag:yaml.org,2002:map", pairs)


def _sequence(dumper: yaml.SafeDumper, value: Any) -> yaml.Node:
    tag = getattr(value, "tag", None)
    flow = all(not isinstance(item, (dict, list, tuple)) for item in value)
    return dumper.represent_sequence(f"!{tag}" if tag else "tag:yaml.org,2002:seq", value, flow_style=flow)


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    # PyYAML knows YAML 1.1 and would write 1e-9 without quotes; we read YAML 1.2.
    quoted = isinstance(value, QuotedStr) or not isinstance(scalar_value(value), str)
    return dumper.represent_scalar("tag:yaml.org,2002:str", str(value), style='"' if quoted else None)


_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(LocatedDict, _mapping)
_Dumper.add_representer(list, _sequence)
_Dumper.add_representer(tuple, _sequence)
_Dumper.add_representer(LocatedList, _sequence)
_Dumper.add_representer(str, _text)
_Dumper.add_representer(QuotedStr, _text)


def dump_processed_input(tree: Mapping[str, Any]) -> str:
    """The text of ``parsed-processed-input.yaml`` for a flattened tree (``Specification.tree``).

    Plain YAML without aliases. Loading the text gives an equal tree.
    """
    text = block_text(tree, _Dumper, leaves_in_flow=True)
    return pyyaml_text(tree, _Dumper) if text is None else text
