"""One configuration of hardware, and what is said when configurations are wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import SpecError
from harness.spec.template_parameters import ParameterValue

RESERVED_KEYS = ("metrics", "sweep")


@dataclass(frozen=True)
class Configuration:
    """One point of a sweep. ``position`` counts all points of the file, from 0.

    ``given`` are the parameters that the file sets, ``parameters`` all of them with their values.
    ``refusal`` says why the architecture cannot be built with them: a point of a grid that fails.
    """

    position: int
    architecture: str
    given: Mapping[str, ParameterValue]
    parameters: Mapping[str, ParameterValue]
    refusal: str | None = None


class ConfigurationMistakes(SpecError):
    """Everything that is wrong with a file of configurations; ``mistakes`` are one line each."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        self.mistakes = tuple(" ".join(mistake.splitlines()) for mistake in mistakes)
        super().__init__("; ".join(self.mistakes))
