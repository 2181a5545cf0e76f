"""The error of a question that no source answers: one line that begins with what the user can mend."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping, Sequence

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

_MOST_NEAR, _MOST_SHOWN = 3, 4


def unanswered(
    query: Query, refusals: Sequence[tuple[str, Declined]], known_classes: Collection[str]
) -> EstimationError:
    """The error for ``query``. ``refusals``: the sources that know its class, in order, with their reasons.

    Missing or unusable attributes are told alone: who declined for another reason might not be needed once
    they are mended. Shipped tables without a fitting row are left out where another source has a reason of
    its own. Without any refusal the class is unknown, and the nearest of ``known_classes`` is named; where
    these are mapped to the source that has them, so is the source, or what each has if no name is near.
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
    usable = _usable_in_its_place(query.class_name, known_classes)
    hint = did_you_mean(query.class_name, usable)
    if isinstance(known_classes, Mapping):
        hint = _nearest_with_sources(query.class_name, {name: known_classes[name] for name in usable})
    return EstimationError(f"{query.component}: {what}; the class is unknown", None, hint)


def _nearest_with_sources(class_name: str, known: Mapping[str, str]) -> str:
    """Up to three near names with who has them; without any, how many classes each source has, and some."""
    folded = {name.lower(): name for name in known}
    near = difflib.get_close_matches(class_name.lower(), folded, n=_MOST_NEAR, cutoff=0.7)
    if near:
        first, *others = (f"'{folded[name]}' ({known[folded[name]]})" for name in near)
        return f"did you mean {first}{''.join(f' or {other}' for other in others)}?"
    by_source: dict[str, list[str]] = {}
    for name in sorted(known, key=str.lower):
        by_source.setdefault(known[name], []).append(name)
    shown = (
        f"{source}: {', '.join(names[:_MOST_SHOWN])}"
        + (f" and {len(names) - _MOST_SHOWN} more" if len(names) > _MOST_SHOWN else "")
        for source, names in by_source.items()
    )
    return f"there are {'; '.join(shown)}"


def _usable_in_its_place(class_name: str, known: Collection[str]) -> Collection[str]:
    """The classes that may stand where ``class_name`` stands.

    A name that makes a component storage or arithmetic may stand as its class, and only such a name can
    replace it there. Any other name came from a subclass or from inside a component class: all fit.
    """
    for family in (BUFFER_CLASSES, COMPUTE_CLASSES):
        if any(word in class_name for word in family):
            return [name for name in known if any(word in name for word in family)]
    return known
