"""Typed access to the entries of a workload file, with the file's line in every complaint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.errors import SpecError, unknown_name
from harness.spec.located import where

Node = Mapping[str, object]


def require_mapping(node: object, what: str, parent: object = None, key: str | None = None) -> Node:
    """``node`` when it is a mapping, else SpecError."""
    if isinstance(node, Mapping):
        return node
    raise SpecError(f"{what} must be a mapping of keys to values, not {shown(node)}", where(parent, key))


def refuse_unknown_keys(node: Node, known: Iterable[str], what: str) -> None:
    """SpecError for the first key that is not in ``known``, with the nearest one that is."""
    known = tuple(known)
    for key in node:
        if key not in known:
            raise unknown_name(f"key of {what}", str(key), known, where(node, key))


def whole_number(node: Node, key: str, what: str, default: int | None = None) -> int:
    """A positive whole number. Without a ``default`` the key is demanded."""
    value = node.get(key)
    if value is None:
        if default is None:
            raise SpecError(f"{what} has no '{key}'", where(node))
        return default
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        message = f"'{key}' of {what} must be a positive whole number, not {shown(value)}"
        raise SpecError(message, where(node, key))
    return value


def text(node: Node, key: str, what: str, default: str | None = None) -> str:
    """A text. Without a ``default`` the key is demanded."""
    value = node.get(key)
    if value is None:
        if default is None:
            raise SpecError(f"{what} has no '{key}'", where(node))
        return default
    if not isinstance(value, str):
        raise SpecError(f"'{key}' of {what} must be a text, not {shown(value)}", where(node, key))
    return str(value)


def one_of(node: Node, key: str, what: str, allowed: tuple[str, ...], default: str | None = None) -> str:
    """A text out of ``allowed``."""
    value = text(node, key, what, default)
    if value not in allowed:
        raise unknown_name(f"'{key}' of {what}:", value, allowed, where(node, key))
    return value


def truth(node: Node, key: str, what: str, default: bool) -> bool:
    """true or false."""
    value = node.get(key, default)
    if not isinstance(value, bool):
        raise SpecError(f"'{key}' of {what} must be true or false, not {shown(value)}", where(node, key))
    return value


def names(node: Node, key: str, what: str) -> tuple[str, ...]:
    """A list of texts, empty when the key is missing."""
    value = node.get(key, ())
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise SpecError(f"'{key}' of {what} must be a list of names, not {shown(value)}", where(node, key))
    return tuple(str(item) for item in value)


def shown(value: object) -> str:
    """A value of the user's as it may stand within a message: short and on one line."""
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    printed = repr(value)
    return printed if len(printed) <= 40 else printed[:37] + "..."
