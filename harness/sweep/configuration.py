"""Hardware configurations: reading their file and checking every key before anything runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harness.errors import Location, SpecError
from harness.spec.template_parameters import ParameterValue
from harness.spec.templates import ArchitectureTemplate, load_architecture_template
from harness.sweep.json_entries import json_entries

ARCHITECTURE_KEY = "arch"
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


@dataclass(frozen=True)
class Configurations:
    """Those of the chosen architecture, and how many the file has for each of the others."""

    chosen: tuple[Configuration, ...]
    others: Mapping[str, int]


class ConfigurationMistakes(SpecError):
    """Everything that is wrong with a file of configurations; ``mistakes`` are one line each."""

    def __init__(self, mistakes: tuple[str, ...]) -> None:
        self.mistakes = mistakes
        super().__init__("; ".join(mistakes))


def read_configurations(path: Path, template: ArchitectureTemplate) -> Configurations:
    """The configurations of ``template`` in a JSON list of ``{parameter: value}``.

    An entry may name its architecture under ``arch``; without it, it is for ``template``. Entries of
    other architectures are checked as well. Raises :class:`ConfigurationMistakes` with all mistakes, and
    SpecError for a file that is no list or has nothing for ``template``.
    """
    chosen: list[Configuration] = []
    others: Counter[str] = Counter()
    mistakes: list[str] = []
    entries = json_entries(path)
    for position, (line, entry) in enumerate(entries):
        place = Location(str(path), line)
        try:
            configuration = _configuration(position, entry, template)
        except SpecError as error:
            mistakes.append(f"{place}: configuration {position}: {_told(error)}")
            continue
        if configuration.architecture == template.name:
            chosen.append(configuration)
        else:
            others[configuration.architecture] += 1
    if mistakes:
        raise ConfigurationMistakes(tuple(mistakes))
    if not chosen:
        there = ", ".join(f"{count} for {name}" for name, count in others.items())
        message = f"no configuration for the architecture '{template.name}'"
        hint = f"it has {there}; choose with --arch" if others else "the list is empty"
        raise SpecError(message, Location(str(path)), hint)
    return Configurations(tuple(chosen), dict(others))


def _configuration(position: int, entry: object, template: ArchitectureTemplate) -> Configuration:
    if not isinstance(entry, dict):
        raise SpecError("must be an object of parameters and their values")
    name = entry.get(ARCHITECTURE_KEY)
    if name is not None:
        if not isinstance(name, str):
            raise SpecError(f"'{ARCHITECTURE_KEY}' must be the name of an architecture")
        if name != template.name:
            template = load_architecture_template(name)
    for key in RESERVED_KEYS:
        if key in entry:
            raise SpecError(f"'{key}' is a key of results, not of configurations")
    given = {key: value for key, value in entry.items() if key != ARCHITECTURE_KEY}
    parameters = template.resolve(given)
    return Configuration(position, template.name, {key: parameters[key] for key in given}, parameters)


def _told(error: SpecError) -> str:
    return f"{error.message} ({error.hint})" if error.hint else error.message
