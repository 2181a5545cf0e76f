"""What stands against figures: configurations that failed, and notes about those that did not."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from harness.report.sweep.words import STATUS_WORDS, indices_in_words, several

if TYPE_CHECKING:
    from harness.sweep.results import Failure, Note

ONE_BY_ONE = 10
"""With more configurations than these, failures are grouped by their reason."""
SHOWN_REASONS = 10
SHOWN_NOTES = 20
_NUMBERS = re.compile(r"\d[\d,.]*")


@dataclass
class _Group:
    """Failures for one reason; ``example`` is the first wording where they differ in their numbers."""

    status: str
    example: str
    wordings: set[str] = field(default_factory=set)
    indices: dict[int, None] = field(default_factory=dict)
    layers: dict[str, None] = field(default_factory=dict)

    def add(self, failure: Failure) -> None:
        self.wordings.add(failure.reason or "")
        self.indices[failure.index] = None
        if failure.layer:
            self.layers[failure.layer] = None


def failure_lines(failures: Sequence[Failure], see_all: str) -> Iterator[str]:
    """One line for each configuration and reason, or for each reason alone where there are many.

    ``see_all`` is the command that shows every one.
    """
    if len({failure.index for failure in failures}) <= ONE_BY_ONE:
        yield from _one_by_one(failures)
        return
    groups: dict[tuple[str, str], _Group] = {}
    for failure in failures:
        reason = failure.reason or ""
        alike = (failure.status, _NUMBERS.sub("#", reason))
        groups.setdefault(alike, _Group(failure.status, reason)).add(failure)
    most_first = sorted(groups.values(), key=lambda group: -len(group.indices))
    for group in most_first[:SHOWN_REASONS]:
        where = f", {' '.join(group.layers)}" if group.layers else ""
        told = _told(group.status, group.example)
        if len(group.wordings) > 1:
            told = f"for example {told}"
        yield f"{several(len(group.indices), 'configuration')}{where}: {told}"
        yield f"    {indices_in_words(list(group.indices))}"
    if len(most_first) > SHOWN_REASONS:
        yield f"and {several(len(most_first) - SHOWN_REASONS, 'other reason')}"
    yield f"all of them: {see_all}"


def _one_by_one(failures: Sequence[Failure]) -> Iterator[str]:
    reasons: dict[tuple[int, str, str], dict[str, None]] = {}
    for failure in failures:
        key = (failure.index, failure.status, failure.reason or "")
        reasons.setdefault(key, {})[failure.layer or ""] = None
    for (index, status, reason), layers in reasons.items():
        where = ", ".join(layer for layer in layers if layer)
        yield f"{index:>4}  {where}{': ' if where else ''}{_told(status, reason)}"


def _told(status: str, reason: str) -> str:
    """The reason, after the status where the reason does not say it: a crash, a time limit."""
    word = STATUS_WORDS.get(status, status)
    if not reason:
        return word
    return f"{word}: {reason}" if status in ("crashed", "timed_out", "refused") else reason


def note_lines(notes: Sequence[Note]) -> Iterator[str]:
    """Each reservation once, with the layers and configurations that it is about. Those whose words differ in
    numbers only are one.
    """
    groups: dict[str, _Notes] = {}
    for note in notes:
        group = groups.setdefault(_NUMBERS.sub("#", note.text), _Notes(note.text))
        group.wordings.add(note.text)
        group.places.setdefault(tuple(note.indices), []).append(note.layer or "")
    for group in list(groups.values())[:SHOWN_NOTES]:
        alike = len(group.wordings) > 1
        told = f"for example {group.example}" if alike else group.example
        where = "; ".join(_place(indices, layers) for indices, layers in group.joined(alike).items())
        yield f"note: {told} ({where})"
    if len(groups) > SHOWN_NOTES:
        yield f"and {several(len(groups) - SHOWN_NOTES, 'other note')}"


@dataclass
class _Notes:
    """``places``: the layers that a note is about, by the configurations."""

    example: str
    wordings: set[str] = field(default_factory=set)
    places: dict[tuple[int, ...], list[str]] = field(default_factory=dict)

    def joined(self, together: bool) -> dict[tuple[int, ...], list[str]]:
        """``together``: all configurations in one place."""
        if not together:
            return self.places
        indices = sorted({index for some in self.places for index in some})
        return {tuple(indices): list(dict.fromkeys(x for layers in self.places.values() for x in layers))}


def _place(indices: tuple[int, ...], layers: Sequence[str]) -> str:
    names = ", ".join(layer for layer in layers if layer)
    return f"{names} on {indices_in_words(indices)}" if names else f"on {indices_in_words(indices)}"
