"""What the user did wrong, in one readable line.

Every error that a user can cause is a :class:`HarnessError`. The command line prints ``str(error)`` and
leaves with ``error.exit_code``; a traceback is a bug of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Location:
    """A place in a file of the user's. ``line`` counts from 1; None where only the file is known."""

    file: str
    line: int | None = None

    def __str__(self) -> str:
        return self.file if self.line is None else f"{self.file}:{self.line}"


class HarnessError(Exception):
    """Base of all errors that the user can cause and mend.

    ``message`` says what is wrong in one sentence, ``location`` where, ``hint`` what to do about it.
    """

    exit_code = 2

    def __init__(self, message: str, location: Location | None = None, hint: str | None = None) -> None:
        self.message = message
        self.location = location
        self.hint = hint
        place = f"{location}: " if location is not None else ""
        advice = f" ({hint})" if hint else ""
        super().__init__(f"{place}{message}{advice}")


class SpecError(HarnessError):
    """A specification (YAML, JSON, template, expression, command line) that cannot be understood."""


class EstimationError(HarnessError):
    """A component whose energy or area nobody can estimate, or a broken estimation table."""


class InvalidMapping(HarnessError):
    """A mapping that the architecture refuses (capacity, fan-out, malformed). The message is the reason."""


class EmptyMapSpace(HarnessError):
    """Constraints, capacities and problem leave no mapping at all. The message names what conflicts."""

    exit_code = 3


class Unsupported(HarnessError):
    """A feature of the input that this engine does not model. Never approximated silently."""


class Unavailable(HarnessError):
    """A program that is needed is missing, another one than before, or does not start. That is nothing of the
    input, and may be over in a moment: no result of it is ever kept.
    """


def one_line(text: str) -> str:
    """Without line breaks, and without control characters that would change the terminal."""
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in " ".join(text.split()))


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """A hint with the nearest valid name, or the list of valid names when none is near."""
    names = sorted({str(c) for c in candidates})
    if not names:
        return None
    by_folded_case = {n.lower(): n for n in names}
    given = str(name).lower()
    near = difflib.get_close_matches(given, by_folded_case, n=5, cutoff=0.5)
    if near:
        # Letters in another order are nearer than another letter, though they share a shorter run.
        nearest = next((one for one in near if sorted(one) == sorted(given)), near[0])
        return f"did you mean '{by_folded_case[nearest]}'?"
    shown = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
    return f"valid names: {shown}"


def unknown_name(
    what: str, name: str, candidates: Iterable[str], location: Location | None = None
) -> SpecError:
    """The error for a name that is not among the valid ones, with the nearest valid one."""
    return SpecError(f"unknown {what} '{name}'", location, did_you_mean(name, candidates))
