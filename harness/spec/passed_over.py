"""What a specification says without effect. It is accepted, for Timeloop accepts it and published files have
it, but a remark is made: whoever wrote it may have meant something.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.spec.known_keys import is_idle_size


def passed_over(tree: Mapping[str, Any]) -> tuple[str, ...]:
    """Remarks on a flattened tree, none for most."""
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
