"""What a specification says without effect. It is accepted, for Timeloop accepts it and published files have
it, but a remark is made: whoever wrote it may have meant something.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from harness.spec.known_keys import COMPONENT_CLASSES, is_idle_size
from harness.spec.located import where


def passed_over(tree: Mapping[str, Any]) -> tuple[str, ...]:
    """Remarks on a flattened tree, none for most."""
    return (*_sizes(tree), *_classes(tree))


def _sizes(tree: Mapping[str, Any]) -> tuple[str, ...]:
    problem = tree.get("problem")
    if not isinstance(problem, Mapping):
        return ()
    shape, instance = problem.get("shape"), problem.get("instance")
    if not isinstance(shape, Mapping) or not isinstance(instance, Mapping):
        return ()
    defaults = {
        str(entry["name"]): entry.get("default")
        for entry in shape.get("coefficients") or ()
        if isinstance(entry, Mapping) and "name" in entry
    }
    return tuple(_remark(key, instance, defaults) for key in instance if _is_slip(key, defaults))


def _is_slip(key: str, defaults: Mapping[str, Any]) -> bool:
    """``HStride`` where the shape has ``Hstride``."""
    return key not in defaults and is_idle_size(key) and any(key.lower() == name.lower() for name in defaults)


def _remark(key: str, instance: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    meant = next(name for name in defaults if name.lower() == key.lower())
    value = instance.get(meant, defaults[meant])
    return f"the problem's size {key}={instance[key]} has no effect, as in Timeloop: {meant} stays {value}"


def _classes(tree: Mapping[str, Any]) -> Iterator[str]:
    """Component classes that a later one of the same name replaces."""
    last: dict[str, Any] = {}
    for key in COMPONENT_CLASSES:
        node = tree.get(key)
        classes = node.get("classes") if isinstance(node, Mapping) else node
        for item in classes if isinstance(classes, list) else ():
            if not isinstance(item, Mapping):
                continue
            name = str(item.get("name"))
            if name in last and last[name] != item:
                yield f"the component class {name} of {where(last[name])} gives way to that of {where(item)}"
            last[name] = item
