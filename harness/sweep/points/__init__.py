"""The points of a sweep from a file or from Python data, everything checked before anything runs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from harness.errors import Location, SpecError
from harness.spec.templates import load_architecture_template
from harness.sweep.points.configuration import Configuration, ConfigurationMistakes
from harness.sweep.points.csv_entries import CSV_SUFFIXES, csv_source
from harness.sweep.points.entry import RULES_KEY, Entry, NestedPlace, Source, source_of
from harness.sweep.points.entry_reading import EntryReader, Frames, ReadEntry, distinct
from harness.sweep.points.frame import AxisValue
from harness.sweep.points.grid import Grid
from harness.sweep.points.json_text import JsonText
from harness.sweep.points.rules import Rule
from harness.sweep.points.space import ConfigurationSpace
from harness.sweep.record import ARCHITECTURE_KEY

__all__ = [
    "Configuration",
    "ConfigurationMistakes",
    "ConfigurationSpace",
    "configuration_space",
    "read_configurations",
    "with_defaults",
]


def read_configurations(
    path: Path,
    default_architecture: str,
    rules: Sequence[str] = (),
    mixup: bool = False,
    also: Sequence[str] = (),
) -> ConfigurationSpace:
    """The points of a JSON or CSV file; see ``docs/sweep.md``.

    Entries without ``arch`` are for ``default_architecture``; ``rules`` hold beside those of the file. With
    ``mixup`` the points are the cross-over of the file's values, for each architecture. Architectures of
    ``also`` that have no entry have one configuration more, of defaults, for which ``rules`` hold as well.
    Raises :class:`ConfigurationMistakes` with all mistakes, and SpecError for a file that cannot be
    understood.
    """
    try:
        if path.suffix.lower() in CSV_SUFFIXES:
            source = csv_source(path)
        else:
            text = JsonText(path)
            source = source_of(text.data, text.prefix)
    except ValueError as error:
        raise ConfigurationMistakes((str(error),)) from error
    if not source.entries:
        raise SpecError("no configurations: the list is empty", Location(str(path)))
    return _space(source, default_architecture, rules, mixup, also)


def configuration_space(
    entries: object,
    default_architecture: str,
    rules: Sequence[str] = (),
    mixup: bool = False,
    also: Sequence[str] = (),
) -> ConfigurationSpace:
    """The same from what a JSON file would hold: a list of dicts, or one dict."""
    try:
        source = source_of(entries, lambda path: "")
    except ValueError as error:
        raise ConfigurationMistakes((str(error),)) from error
    if not source.entries:
        raise SpecError("no configurations: the list is empty")
    return _space(source, default_architecture, rules, mixup, also)


def with_defaults(space: ConfigurationSpace | None, architectures: Sequence[str]) -> ConfigurationSpace:
    """``space`` and, after it, one configuration of defaults for each architecture that it lacks."""
    there = space.architectures if space is not None else ()
    lacking = [{ARCHITECTURE_KEY: name} for name in architectures if _name(name) not in there]
    whole = space if space is not None else ConfigurationSpace(())
    return whole + configuration_space(lacking, architectures[0]) if lacking else whole


def _name(architecture: str) -> str:
    return load_architecture_template(architecture).name


def _space(
    source: Source, default_architecture: str, rules: Sequence[str], mixup: bool, also: Sequence[str]
) -> ConfigurationSpace:
    reader = EntryReader(default_architecture)
    asked = reader.rules(tuple(rules), "")
    common = (*reader.rules(source.rules, source.place.value(RULES_KEY)), *asked)
    grids: list[Grid] = []
    frames = Frames()
    read: list[ReadEntry] = []
    for entry in source.entries:
        for one in reader.read(entry):
            read.append(one)
            if not mixup:
                grids.extend(_tried(one, common, frames, reader))
    if mixup and not reader.mistakes:
        for one in _crossed(read):
            grids.extend(_tried(one, common, frames, reader))
    names = dict.fromkeys(one.architecture for one in read)
    for name in also:
        for one in reader.read(Entry({ARCHITECTURE_KEY: name}, NestedPlace(lambda path: "", ()))):
            if one.architecture not in names:
                names[one.architecture] = None
                grids.extend(_tried(one, asked, frames, reader))
    reader.check_rules(common, [reader.template(name) for name in names])
    if reader.mistakes:
        raise ConfigurationMistakes(tuple(dict.fromkeys(reader.mistakes)))
    return ConfigurationSpace(grids)


def _tried(one: ReadEntry, common: Sequence[Rule], frames: Frames, reader: EntryReader) -> list[Grid]:
    """The grid, unless its expressions or rules make no sense: then the reader has one mistake more."""
    template = reader.template(one.architecture)
    about = f"architecture '{template.name}': "
    try:
        grid = frames.grid(template, one, common)
    except SpecError as error:
        reader.mistakes.append(f"{one.place.value()}{about}{error.message}")
        return []
    try:
        refusal = grid.trial(alone=one.alone)
    except SpecError as error:
        reader.mistakes.append(error.message)
        return []
    if refusal is not None:
        reader.mistakes.append(f"{one.place.value()}{about}{refusal}")
    return [grid]


def _crossed(read: Sequence[ReadEntry]) -> list[ReadEntry]:
    """One grid for each architecture, of the distinct values of each key; the rules of all entries hold."""
    values: dict[str, dict[str, dict[object, AxisValue]]] = {}
    rules: dict[str, dict[str, Rule]] = {}
    first: dict[str, ReadEntry] = {}
    for one in read:
        first.setdefault(one.architecture, one)
        axes = values.setdefault(one.architecture, {})
        for key, axis in one.axes.items():
            axes.setdefault(key, {}).update((distinct(v), v) for v in axis)
        own = rules.setdefault(one.architecture, {})
        for rule in one.rules:
            own.setdefault(rule.formula.text, rule)
    return [
        replace(
            one,
            axes={key: tuple(axis.values()) for key, axis in values[architecture].items()},
            rules=tuple(rules[architecture].values()),
            alone=False,
        )
        for architecture, one in first.items()
    ]
