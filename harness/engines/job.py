"""One job: what to map, and the names under which its result is filed."""

from __future__ import annotations

from collections.abc import Mapping as AbstractMapping
from dataclasses import dataclass, field
from typing import Any, Literal

from harness.estimation import EstimationOptions
from harness.spec.specification import Specification


@dataclass(frozen=True)
class Job:
    """``specification.mapping`` given means: evaluate it, do not search. ``architecture.ert`` given means:
    use it, do not estimate. ``fusion`` is the level at which the layer's neighbour is fused, for the
    record only; its effect is already in the constraints. ``parameters`` are the template's, with their
    values. ``compat`` names the reference whose artefacts are reproduced, None for corrected figures.
    ``estimation`` says which sources give energies and areas. ``remarks`` are the template's on these
    parameters, for the notes of the result. ``source`` is the v4 tree that the specification was made from,
    rendered but not flattened, for the front end of the real Timeloop; None where the input was flattened.
    """

    specification: Specification
    architecture: str
    layer: str
    model: str = ""
    repeat: int = 1
    parameters: AbstractMapping[str, Any] = field(default_factory=dict)
    fusion: str | None = None
    compat: Literal["timeloop-v4"] | None = "timeloop-v4"
    command: str = ""
    estimation: EstimationOptions = field(default_factory=EstimationOptions)
    remarks: tuple[str, ...] = ()
    source: AbstractMapping[str, Any] | None = field(default=None, repr=False)
