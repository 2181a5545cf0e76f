"""For which supply the sources made their figures, and so which law takes one to another voltage.

It is a property of who answers: the same circuit is scaled alike under whatever class name it was asked for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from harness.estimation.query import Finding, Query

Supply = Literal["logic", "memory", "own", "unstated"]
"""``logic``: 0.8 V at every node; ``memory``: nominal for the node; ``own``: that of another chip;
``unstated``: the source says nothing, as tables do."""

_OF_SOURCES: Mapping[str, Supply] = {
    "accelergy_library": "logic",
    "aladdin_table": "logic",
    "accelergy_cacti_table": "memory",
    "dram": "own",
}

_OF_MODELS: Mapping[tuple[str, str], Supply] = {
    **{
        ("hwcomponents", f"aladdin{circuit}"): "logic"
        for circuit in ("adder", "register", "comparator", "multiplier", "counter", "intmac")
    },
    ("hwcomponents", "sram"): "memory",
    ("hwcomponents", "cache"): "memory",
    **{("hwcomponents", kind): "own" for kind in ("lpddr4", "lpddr", "ddr3", "hbm2", "hbm3", "hbm4")},
    ("accelergy", "aladdintable"): "logic",
    ("accelergy", "cactisram"): "memory",
    ("accelergy", "cacticache"): "memory",
    ("accelergy", "cactidram"): "own",
}
"""By source and by the model of it that answered, in small letters and without underscores.

hwcomponents scales Aladdin's circuits between nodes at 0.8 V like Accelergy's library; its smart buffer is
an SRAM and such circuits together, so it has no one supply.
"""

_MAIN_MEMORY = "DRAM"
_LIBRARY, _LIBRARY_LOGIC = ("accelergy", "library"), "aladdin_"
"""Accelergy's library plug-in has macros of papers as well, which state no supply."""


def supply_of(source: str, finding: Finding, query: Query) -> Supply:
    """What ``source`` says of the supply behind its ``finding``."""
    if query.class_name == _MAIN_MEMORY:
        return "own"
    model = finding.estimator.removeprefix(f"{source}: ").replace("_", "").lower()
    if (source, model) == _LIBRARY and query.class_name.startswith(_LIBRARY_LOGIC):
        return "logic"
    return _OF_SOURCES.get(source) or _OF_MODELS.get((source, model), "unstated")
