"""What a running search reports, the same for every engine."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """State of a search. ``fraction`` (0..1) is how far it is from its end condition, None if unknown.

    The best figures are None until a valid mapping is found.
    """

    evaluated: int
    valid: int
    seconds: float
    fraction: float | None = None
    best_cycles: int | None = None
    best_energy_pj: float | None = None

    @property
    def per_second(self) -> float:
        return self.evaluated / self.seconds if self.seconds > 0 else 0.0

    @property
    def best_edp_j_cycles(self) -> float | None:
        if self.best_cycles is None or self.best_energy_pj is None:
            return None
        return self.best_cycles * self.best_energy_pj / 1e12
