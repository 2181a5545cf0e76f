"""Building blocks of the energy tests: golden architectures and component classes in compact form."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from harness.estimation.query import Finding, Query, Source, checked
from harness.spec.architecture import Architecture
from harness.spec.flattened import read_architecture

GOLDEN = Path(__file__).resolve().parent / "golden"
SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@lru_cache(maxsize=1)
def golden_cases() -> Mapping[str, Any]:
    return json.loads((GOLDEN / "ert.json").read_text())


def golden_architecture(case: str) -> Architecture:
    return read_architecture({"architecture": {"subtree": [golden_cases()[case]["architecture"]]}})


def component_classes(*groups: str, address_generator: str = "aladdin_adder") -> list[Any]:
    """Classes of ``ert_classes.yaml``; the address generators of smart buffers are of the class given."""
    text = (GOLDEN / "ert_classes.yaml").read_text().replace("address_generator_class", address_generator)
    known = yaml.safe_load(text)
    return [entry for group in groups for entry in known[group]]


def architecture_of(*local: Mapping[str, Any], **top: Any) -> Architecture:
    """A small architecture: the given components under one container with clock and technology."""
    attributes = {"global_cycle_seconds": 1e-9, "technology": "32nm", **top}
    tree = {"name": "System", "attributes": attributes, "local": [dict(c) for c in local]}
    return read_architecture({"architecture": {"subtree": [tree]}})


MEMORY = {"name": "Buffer[1..1]", "class": "SRAM", "attributes": {"width": 32, "depth": 64, "datawidth": 8}}
UNIT = {"name": "Unit[1..4]", "class": "intmac", "attributes": {"multiplier_width": 8, "adder_width": 32}}


def ask(source: Source, class_name: str, action: str | None = None, **attributes: Any) -> Finding:
    """The answer of one source, as the estimator would get it."""
    defaults = {"technology": "32nm", "global_cycle_seconds": 1e-9}
    query = Query("component", class_name, {**defaults, **attributes}, action)
    return checked(source.estimate(query), query)
