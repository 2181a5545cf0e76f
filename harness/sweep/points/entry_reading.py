"""From entries to grids: every key, value and rule is checked, and every mistake told with its place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from harness.errors import SpecError, did_you_mean
from harness.spec.template_parameters import Parameter
from harness.spec.templates import ArchitectureTemplate, load_architecture_template
from harness.sweep.points.configuration import RESERVED_KEYS
from harness.sweep.points.entry import CONFIGURATIONS_KEY, RULES_KEY, Entry, Flaw, Place
from harness.sweep.points.frame import AxisValue, Frame
from harness.sweep.points.grid import Grid
from harness.sweep.points.rules import Formula, Rule, formula, unknown_names
from harness.sweep.points.value_list import is_several, value_list, without_arrays
from harness.sweep.record import ARCHITECTURE_KEY

_ENTRY_KEYS = (ARCHITECTURE_KEY, RULES_KEY, CONFIGURATIONS_KEY)
_TOLD_OF_A_KEY = 3
"""Wrong values of one list that are told one by one."""


@dataclass(frozen=True)
class ReadEntry:
    """What one entry asks of one architecture. ``alone`` is a configuration written as such."""

    architecture: str
    axes: Mapping[str, tuple[AxisValue, ...]]
    rules: tuple[Rule, ...]
    alone: bool
    place: Place


_MOST_OF_A_KEY = 80


class EntryReader:
    """Reads entries one after the other; ``mistakes`` are lines about everything that was wrong."""

    def __init__(self, default_architecture: str) -> None:
        self.mistakes: list[str] = []
        self._default = default_architecture
        self._templates: dict[str, ArchitectureTemplate | str] = {}
        self._files: dict[str, Path] = {}
        self._values: dict[tuple[str, str, type, object], AxisValue] = {}
        self._axes: dict[object, tuple[AxisValue, ...]] = {}
        with suppress(SpecError):  # an unknown default is told where an entry needs it
            self.template(default_architecture)

    def template(self, architecture: str) -> ArchitectureTemplate:
        """By the name or path of its file, or by the name that a template read before declares.

        Raises SpecError for an unknown one, and for one that shares its name with another.
        """
        known = self._templates.get(architecture)
        if known is None:
            try:
                known = load_architecture_template(architecture)
                known = self._only(known)
                self._templates.setdefault(known.name, known)
            except SpecError as error:
                known = _told(error)
            self._templates[architecture] = known
        if isinstance(known, str):
            raise SpecError(known)
        return known

    def read(self, entry: Entry) -> list[ReadEntry]:
        """One for each architecture of the entry, but for those that it gets wrong."""
        content, place = entry.content, entry.place
        if isinstance(content, Flaw):
            self.mistakes.append(f"{place.value()}{content.reason}")
            return []
        if not isinstance(content, Mapping):
            self.mistakes.append(f"{place.value()}must be an object of parameters and their values")
            return []
        templates = self._architectures(content, place)
        for key in RESERVED_KEYS:
            if key in content:
                self.mistakes.append(f"{place.name(key)}'{key}' is a key of results, not of configurations")
        skipped = (ARCHITECTURE_KEY, RULES_KEY, *RESERVED_KEYS)
        given = {key: without_arrays(value) for key, value in content.items() if key not in skipped}
        alone = not any(is_several(v) for v in (*given.values(), content.get(ARCHITECTURE_KEY)))
        axes = {template.name: self._read_keys(given, template, place) for template in templates}
        rules = self.rules(content[RULES_KEY], place.value(RULES_KEY)) if RULES_KEY in content else ()
        self.check_rules(rules, templates)
        return [ReadEntry(name, own, rules, alone, place) for name, own in axes.items() if own is not None]

    def rules(self, given: object, place: str) -> tuple[Rule, ...]:
        """The rules of a list of texts or of one text."""
        rules = []
        for text in given if isinstance(given, list | tuple) else (given,):
            try:
                rules.append(Rule(formula(text), place))
            except ValueError as error:
                self.mistakes.append(f"{place}rule: {error}")
        return tuple(rules)

    def check_rules(self, rules: Sequence[Rule], templates: Sequence[ArchitectureTemplate]) -> None:
        """A rule must be meant for at least one of ``templates``."""
        for rule in rules:
            if not templates or any(unknown_names(rule.formula, t.parameter) is None for t in templates):
                continue
            everywhere = {name for template in templates for name in template.parameter}
            wrong = unknown_names(rule.formula, everywhere) or "no architecture has all its parameters"
            self.mistakes.append(f"{rule.described}: {wrong}")

    def _architectures(self, content: Mapping[object, object], place: Place) -> list[ArchitectureTemplate]:
        given = content.get(ARCHITECTURE_KEY)
        about = place.value(ARCHITECTURE_KEY) if given is not None else place.value()
        names: Sequence[object] = given if isinstance(given, list | tuple) else [given]
        found: list[ArchitectureTemplate] = []
        if not names:
            self.mistakes.append(f"{about}'{ARCHITECTURE_KEY}' has an empty list")
        for name in names:
            if name is not None and not isinstance(name, str):
                self.mistakes.append(f"{about}'{ARCHITECTURE_KEY}' must be the name of an architecture")
                continue
            try:
                template = self.template(name or self._default)
            except SpecError as error:
                self.mistakes.append(f"{about}{error.message}")
                continue
            if template in found:
                self.mistakes.append(f"{about}the architecture '{name}' is there twice")
            found.append(template)
        return found

    def _only(self, template: ArchitectureTemplate) -> ArchitectureTemplate:
        file = template.path.resolve()
        first = self._files.setdefault(template.name, file)
        if first != file:
            raise SpecError(f"two architectures are called '{template.name}', in {first} and {file}")
        return template

    def _read_keys(
        self, given: Mapping[object, object], template: ArchitectureTemplate, place: Place
    ) -> dict[str, tuple[AxisValue, ...]] | None:
        before = len(self.mistakes)
        axes: dict[str, tuple[AxisValue, ...]] = {}
        for key, value in given.items():
            about = f"architecture '{template.name}': "
            parameter = template.parameter.get(key) if isinstance(key, str) else None
            if parameter is None:
                hint = did_you_mean(str(key), (*template.parameter, *_ENTRY_KEYS))
                said = f"unknown parameter '{str(key)[:_MOST_OF_A_KEY]}'" + (f" ({hint})" if hint else "")
                self.mistakes.append(f"{place.name(str(key))}{about}{said}")
                continue
            values, wrong = self._read_values(value, parameter, template)
            self.mistakes.extend(f"{place.value(parameter.name)}{about}{said}" for said in wrong)
            axes[parameter.name] = values
        return axes if len(self.mistakes) == before else None

    def _read_values(
        self, given: object, parameter: Parameter, template: ArchitectureTemplate
    ) -> tuple[tuple[AxisValue, ...], list[str]]:
        if not is_several(given):
            try:
                return self._axis((self._read_value(given, parameter, template),)), []
            except ValueError as error:
                return (), [str(error)]
        try:
            listed = value_list(given)
        except ValueError as error:
            return (), [f"{parameter.name} {error}"]
        values: dict[object, AxisValue] = {}
        wrong: list[str] = []
        for one in listed:
            try:
                value = self._read_value(one, parameter, template)
            except ValueError as error:
                wrong.append(str(error))
                continue
            if distinct(value) in values:
                wrong.append(f"{parameter.name} has the value {_shown(value)} twice")
            values[distinct(value)] = value
        if len(wrong) > _TOLD_OF_A_KEY:
            more = len(wrong) - _TOLD_OF_A_KEY
            wrong = [*wrong[:_TOLD_OF_A_KEY], f"{parameter.name} has {more} more values that are wrong"]
        return self._axis(tuple(values.values())), wrong

    def _axis(self, values: tuple[AxisValue, ...]) -> tuple[AxisValue, ...]:
        """The same object for the same values: many entries of a file share most of theirs."""
        return self._axes.setdefault((values, tuple(map(type, values))), values)

    def _read_value(self, given: object, parameter: Parameter, template: ArchitectureTemplate) -> AxisValue:
        key = (template.name, parameter.name, type(given), given)
        try:
            if key in self._values:
                return self._values[key]
        except TypeError as error:
            raise ValueError(f"{parameter.name} must be {parameter.allowed}, not {given!r}") from error
        if isinstance(given, str) and given.lstrip().startswith("="):
            value: AxisValue = _formula_of(given, parameter, template)
        else:
            value = parameter.read(given)
        self._values[key] = value
        return value


class Frames:
    """Grids of the same shape share their frame, and with it all that it remembers."""

    def __init__(self) -> None:
        self._made: dict[object, Frame] = {}

    def grid(self, template: ArchitectureTemplate, read: ReadEntry, common: Sequence[Rule]) -> Grid:
        """Of ``read``, under its rules and ``common`` ones, as far as ``template`` has what they are about.

        Raises SpecError for expressions that go round in a circle.
        """
        formulas = {
            key: own
            for key, axis in read.axes.items()
            if (own := tuple(value for value in axis if isinstance(value, Formula)))
        }
        given = (*read.rules, *common)
        rules = tuple(r for r in given if unknown_names(r.formula, template.parameter) is None)
        shape = (read.architecture, tuple(read.axes), tuple(formulas.items()), rules)
        if shape not in self._made:
            self._made[shape] = Frame(template, read.architecture, tuple(read.axes), formulas, rules)
        return Grid(self._made[shape], tuple(read.axes.values()))


def distinct(value: AxisValue) -> object:
    """What tells values apart: true is not 1, while 16.0 was already read as 16."""
    return isinstance(value, bool), value


def _formula_of(given: str, parameter: Parameter, template: ArchitectureTemplate) -> Formula:
    try:
        made = formula(given.strip()[1:])
    except ValueError as error:
        raise ValueError(f"{parameter.name}: {error}") from error
    wrong = unknown_names(made, template.parameter)
    if wrong is not None:
        raise ValueError(f"{parameter.name} '={made.text}': {wrong}")
    return made


def _shown(value: AxisValue) -> str:
    return f"'={value.text}'" if isinstance(value, Formula) else repr(value)


def _told(error: SpecError) -> str:
    words = f"{error.message} ({error.hint})" if error.hint else error.message
    return words if error.location is None else f"{error.location}: {words}"
