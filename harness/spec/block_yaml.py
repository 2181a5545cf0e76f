"""Block-style YAML many times faster than PyYAML's own emitter, and byte for byte the same.

Only the layout of mappings and sequences is written here. What a scalar looks like is asked of PyYAML once
and remembered; one that has to be folded is folded by PyYAML. A tree with anything unusual in it (tags, keys
that are no plain words, types that are no YAML) is left to PyYAML as a whole.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from io import StringIO
from typing import Any

import yaml

from harness.spec.located import LocatedDict, LocatedList

WIDTH = 110
_STEP = 2
_LONGEST_KEY = 100
"""PyYAML writes longer keys (of 123 characters and more) in another form."""

_BREAKS = "\n\x85\u2028\u2029"
_MAPPINGS = (dict, LocatedDict)
_SEQUENCES = (list, tuple, LocatedList)


class _Unusual(Exception):
    """Something that only PyYAML writes."""


def pyyaml_text(tree: Mapping[str, Any], dumper: Any) -> str:
    """What PyYAML writes: keys in their order, block style, text folded behind 110 characters."""
    text: str = yaml.dump(
        tree, Dumper=dumper, sort_keys=False, allow_unicode=True, default_flow_style=False, width=WIDTH
    )
    return text


def block_text(tree: Mapping[str, Any], dumper: Any, leaves_in_flow: bool) -> str | None:
    """:func:`pyyaml_text` without aliases; None for a tree with anything unusual.

    ``leaves_in_flow``: the dumper writes sequences of scalars in brackets.
    """
    if type(tree) not in _MAPPINGS or not tree or getattr(tree, "tag", None):
        return None
    writer = _Writer(dumper, leaves_in_flow)
    try:
        writer.mapping(tree, 0, "")
    except (_Unusual, RecursionError):
        return None
    return "".join(writer.pieces)


class _Writer:
    """``pieces`` are the text so far, whole lines. ``start`` is always the whole line so far."""

    def __init__(self, dumper: Any, leaves_in_flow: bool) -> None:
        self.pieces: list[str] = []
        self._dumper = dumper
        self._leaves_in_flow = leaves_in_flow

    def mapping(self, node: Mapping[Any, Any], indent: int, start: str) -> None:
        """``start`` is the line of the first key, which may stand behind a dash."""
        margin = " " * indent
        for key, value in node.items():
            if type(key) is not str:
                raise _Unusual
            self._value(value, indent, f"{start}{_key(key, self._dumper)}:", False)
            start = margin

    def _sequence(self, node: Sequence[Any], indent: int, start: str) -> None:
        margin = " " * indent
        for item in node:
            self._value(item, indent, f"{start}-", True)
            start = margin

    def _value(self, value: Any, indent: int, start: str, item: bool) -> None:
        """What follows a dash (``item``) or a key; sequences under a key are not indented."""
        kind = type(value)
        if kind in _MAPPINGS:
            _refuse_tag(value)
            if not value:
                self.pieces.append(f"{start} {{}}\n")
            elif item:
                self.mapping(value, indent + _STEP, f"{start} ")
            else:
                self.pieces.append(f"{start}\n")
                self.mapping(value, indent + _STEP, " " * (indent + _STEP))
        elif kind in _SEQUENCES:
            _refuse_tag(value)
            if not value:
                self.pieces.append(f"{start} []\n")
            elif self._leaves_in_flow and not any(isinstance(v, (dict, list, tuple)) for v in value):
                self.pieces.append(f"{self._flow(value, indent + _STEP, start)}\n")
            elif item:
                self._sequence(value, indent + _STEP, f"{start} ")
            else:
                self.pieces.append(f"{start}\n")
                self._sequence(value, indent, " " * indent)
        else:
            style, text = _shown(value, self._dumper, False)
            if text is None or (isinstance(value, str) and len(start) + 1 + len(text) > WIDTH):
                self.pieces.append(f"{start}{_folded(style, value, indent + _STEP, len(start), False)[0]}\n")
            else:
                self.pieces.append(f"{start} {text}\n")

    def _flow(self, values: Sequence[Any], indent: int, start: str) -> str:
        """``[a, b]`` behind ``start``; a line that has passed the width goes on below."""
        shown = [_shown(value, self._dumper, True) for value in values]
        # A text that has no one line makes the whole too long for one.
        whole = f"{start} [{', '.join(['?' * WIDTH if text is None else text for _, text in shown])}]"
        if len(whole) <= WIDTH:
            return whole
        pieces, column, blank = [f"{start} ["], len(start) + 2, False
        for number, ((style, flat), value) in enumerate(zip(shown, values, strict=True)):
            if number:
                pieces.append(",")
                column, blank = column + 1, True
            if column > WIDTH:
                pieces.append("\n" + " " * indent)
                column, blank = indent, False
            if flat is None or (isinstance(value, str) and column + blank + len(flat) > WIDTH):
                text, column = _folded(style, value, indent + _STEP, column, not blank)
            else:
                text = f" {flat}" if blank else flat
                column += len(text)
            pieces.append(text)
        return "".join([*pieces, "]"])


def _refuse_tag(node: Any) -> None:
    if getattr(node, "tag", None):
        raise _Unusual


def _shown(value: Any, dumper: Any, flow: bool) -> tuple[str, str | None]:
    """The style in which PyYAML writes a scalar (plain, or a quote), and its text if that is one line."""
    kind = type(value)
    if kind is float:
        if not math.isfinite(value):
            return "", ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
        text = repr(value)
        return "", text.replace("e", ".0e") if "e" in text and "." not in text else text
    if kind is int:
        return "", int.__repr__(value)
    if kind is bool:
        return "", "true" if value else "false"
    if value is None:
        return "", "null"
    if isinstance(value, str):
        return _text(value, dumper, flow)
    raise _Unusual


@lru_cache(maxsize=16384, typed=True)
def _text(value: str, dumper: Any, flow: bool) -> tuple[str, str | None]:
    if type(value) not in dumper.yaml_representers:
        raise _Unusual
    made = dumper(StringIO(), allow_unicode=True, width=WIDTH)
    node = made.represent_data(value)
    implicit = (
        node.tag == made.resolve(yaml.ScalarNode, node.value, (True, False)),
        node.tag == made.resolve(yaml.ScalarNode, node.value, (False, True)),
    )
    made.event = yaml.ScalarEvent(None, node.tag, implicit, node.value, style=node.style)
    made.flow_level = int(flow)
    style = made.choose_scalar_style()
    if not implicit[0 if style == "" else 1]:
        raise _Unusual
    if style != '"' and any(c in _BREAKS for c in node.value):
        return style, None
    return style, _folded(style, value, 0, -len(node.value) * 10 - 10, True)[0]


@lru_cache(maxsize=4096)
def _key(key: str, dumper: Any) -> str:
    if not key or len(key) > _LONGEST_KEY or any(c in _BREAKS for c in key):
        raise _Unusual
    _, text = _text(key, dumper, False)
    if text is None:
        raise _Unusual
    return text


def _folded(style: str, value: str, indent: int, column: int, whitespace: bool) -> tuple[str, int]:
    """A text as PyYAML writes it from ``column`` on, and the column behind it.

    ``whitespace``: a blank, or the beginning of a line or of brackets, stands before it.
    """
    stream = StringIO()
    emitter: Any = yaml.emitter.Emitter(stream, allow_unicode=True, width=WIDTH)
    emitter.column, emitter.indent, emitter.whitespace, emitter.indention = column, indent, whitespace, False
    text = str(value)
    if style == "":
        emitter.write_plain(text)
    elif style == "'":
        emitter.write_single_quoted(text)
    else:
        emitter.write_double_quoted(text)
    return stream.getvalue(), emitter.column
