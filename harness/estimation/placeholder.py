"""Placeholder figures, as Accelergy's dummy table gives them: 1 pJ for every action, 1 um^2, no leakage.

They say nothing about energy; they let a specification run whose components nobody can estimate, and make its
energy a count of accesses. A component asks for them by ``technology: -1``, a user by the estimator of this
name. Source: Accelergy's ``dummy_table.py`` (accelergy 0.4); Timeloop's front end sets -1 for its examples.
"""

from __future__ import annotations

from collections.abc import Iterable

from harness.estimation.query import Declined, Finding, Query, finite_number

CITATION = "no source: a placeholder"
WARNING = "placeholder figures: 1 pJ for every action, 1 um^2 for every component"
_ASKED_FOR = -1


class PlaceholderSource:
    """Answers for every class: ``for_all``, or where ``technology`` is -1."""

    name = "placeholder"

    def __init__(self, for_all: bool = False) -> None:
        self._for_all = for_all

    def classes(self) -> Iterable[str]:
        return ()

    def estimate(self, query: Query) -> Finding:
        if not self._for_all and finite_number(query.attributes.get("technology")) != _ASKED_FOR:
            raise Declined("only for technology -1", knows_class=False)
        value = 0.0 if query.action == "leak" else 1.0
        return Finding(value, self.name, 100, "placeholder", "constant", CITATION, warnings=(WARNING,))
