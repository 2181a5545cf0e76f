"""All that one job needs, read from files or rendered from templates."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from typing import Any

from harness.spec.architecture import Architecture
from harness.spec.constraints import Constraints
from harness.spec.mapping import Mapping
from harness.spec.problem import Problem
from harness.spec.settings import SearchSettings


@dataclass(frozen=True)
class Specification:
    """A complete specification in the flattened form.

    ``tree`` is the flattened tree as plain data (what Timeloop's front end writes to
    ``parsed-processed-input.yaml``); ``compound_components`` the classes found in the input, for the
    estimators. ``architecture.ert`` and ``.art`` are None unless the input gave them.
    """

    architecture: Architecture
    problem: Problem
    constraints: Constraints = field(default_factory=Constraints)
    settings: SearchSettings = field(default_factory=SearchSettings)
    mapping: Mapping | None = None
    compound_components: tuple[AbstractMapping[str, Any], ...] = ()
    tree: AbstractMapping[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
