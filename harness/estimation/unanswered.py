"""The error of a question that no source answers: one line that begins with what the user can mend."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from harness.errors import EstimationError, did_you_mean
from harness.estimation.query import AttributeFault, Declined, NoRow, Query
from harness.spec.known_keys import BUFFER_CLASSES, COMPUTE_CLASSES

_SHOWN = frozenset(
    {
        *("technology", "width", "depth", "datawidth", "type", "n_banks", "n_rw_ports", "n_bits"),
        *("multiplier_width", "adder_width", "cellwidth", "resolution", "global_cycle_seconds"),
    }
)
"""Attributes that the message repeats; a level carries dozens that no estimator reads."""


def unanswered(
    query: Query, refusals: Sequence[tuple[str, Declined]], known_classes: Collection[str]
) -> EstimationError:
    """The error for ``query``. ``refusals``: the sources that know its class, in order, with their reasons.

    Missing or unusable attributes are told alone: who declined for another reason might not be needed once
    they are mended. Tables without a fitting row are left out where another source has a reason of its own.
    Without any refusal the class is unknown, and the nearest of ``known_classes`` is named.
    """
    what = f"nobody can estimate the {query.asked} of class '{query.class_name}'"
    shown = ", ".join(
        f"{name}={value}"
        for name, value in query.attributes.items()
        if isinstance(value, int | float | str) and name in _SHOWN
    )
    what += f" with {shown}" if shown else ""
    faults = dict.fromkeys(r.reason for _, r in refusals if isinstance(r, AttributeFault))
    if faults:
        return EstimationError(f"{query.component}: {' and '.join(faults)}, so {what}")
    told = [r for r in refusals if not isinstance(r[1], NoRow)] or refusals
    if told:
        reasons = (f"{name}: {declined.reason.removeprefix(f'{name}: ')}" for name, declined in told)
        return EstimationError(f"{query.component}: {what}; {'; '.join(reasons)}")
    hint = did_you_mean(query.class_name, _usable_in_its_place(query.class_name, known_classes))
    return EstimationError(f"{query.component}: {what}; the class is unknown", None, hint)


def _usable_in_its_place(class_name: str, known: Collection[str]) -> Collection[str]:
    """The classes that may stand where ``class_name`` stands.

    A name that makes a component storage or arithmetic may stand as its class, and only such a name can
    replace it there. Any other name came from a subclass or from inside a component class: all fit.
    """
    for family in (BUFFER_CLASSES, COMPUTE_CLASSES):
        if any(word in class_name for word in family):
            return [name for name in known if any(word in name for word in family)]
    return known
