"""Why figures differ, as far as that can be shown: by the fields themselves, and by what a stats file says.

Nothing is guessed: each sentence states what was found. Where nothing is found, nothing is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from harness.engines.comparison import Comparison, Field
from harness.engines.origins import origins
from harness.engines.result import Result
from harness.timeloop_outputs import Statistics

_HALF_A_CENT = 0.00500001
"""Of the two decimals of a printed energy."""

_ENERGIES = ("energy_pj", "leakage_pj")
_REPRODUCED = "4cf6d4c of March 2025"
"""The version of NVlabs/timeloop whose figures the embedded engine reproduces."""

_MOST_NAMES = 4


def causes_in(comparison: Comparison) -> tuple[str, ...]:
    """What the differing fields say together; empty where none differ."""
    roots = origins(comparison)
    if not roots:
        return ()
    return tuple(_told(comparison, roots))


def _told(comparison: Comparison, roots: Sequence[Field]) -> Iterator[str]:
    instances = [f for f in roots if f.name == "instances"]
    if instances:
        told = _listed(f"{f.place.where} {f.ours} against {f.theirs}" for f in instances)
        yield f"they are not of one architecture: instances of {told}"
    missing = [f for f in roots if f.name == "present" and not f.place.data_space]
    if missing:
        told = _listed(f"{f.place.where} only {'ours' if f.ours == 'yes' else 'theirs'}" for f in missing)
        yield f"they are not of one architecture: {told}"
    if not instances and not missing:
        yield from _of_energies(comparison, roots)


def _of_energies(comparison: Comparison, roots: Sequence[Field]) -> Iterator[str]:
    names = {field.name for field in roots}
    where = _listed(dict.fromkeys(field.place.where or "the whole" for field in roots))
    of = f"of {where}"
    counted = sum(field.is_whole for field in comparison.fields)
    if names == {"leakage_pj"}:
        equal = f"all {counted} whole numbers and all energies of accesses are equal"
        yield f"{equal}: only leakage differs, {of}"
    elif names == {"area_um2"}:
        yield f"all {counted} whole numbers and all energies are equal: only areas differ, {of}"
    elif names <= set(_ENERGIES):
        yield f"all {counted} whole numbers are equal: what one access costs differs, at {where}"
    elif not any(field.name in _ENERGIES for field in roots) and len(roots) < len(comparison.differing):
        kinds = _listed(dict.fromkeys(field.name for field in roots))
        yield f"what differs by itself: {kinds}, at {where}; the rest follows from that"


def causes_in_stats(printed: Statistics, ours: Result) -> tuple[str, ...]:
    """What the stats file itself says of its version and of the energies that it was made with."""
    return (*_other_problem(printed, ours), *_versions(printed), *_other_energies(printed, ours))


def _other_problem(printed: Statistics, ours: Result) -> Iterator[str]:
    if ours.evaluation is None:
        return
    mine = ours.evaluation.stats.arithmetic.algorithmic_computes
    theirs = printed.summary.algorithmic_computes
    if mine != theirs:
        yield f"the figures are not of the problem that lies beside them: {mine:,} computes, {theirs:,} there"


def _versions(printed: Statistics) -> Iterator[str]:
    signs = []
    if printed.summary.energy_unit == "pJ":
        signs.append("gives energies per compute in pJ, not fJ")
    if any(level.loops for level in printed.levels):
        signs.append("lists the loops of each level")
    if signs:
        yield (
            f"the stats file is of an earlier Timeloop than the one reproduced here ({_REPRODUCED}): "
            f"it {' and '.join(signs)}"
        )


def _other_energies(printed: Statistics, ours: Result) -> Iterator[str]:
    """Energies per access that are printed among the specifications and are not those of the ERT at hand."""
    evaluation = ours.evaluation
    if evaluation is None:
        return
    mine = {level.name: level.vector_access_energy_pj for level in evaluation.stats.levels}
    pairs = [(level.name, level.vector_access_energy_pj, mine.get(level.name)) for level in printed.levels]
    if printed.arithmetic is not None:
        unit = printed.arithmetic
        pairs.append((unit.name, unit.compute_energy_pj, evaluation.stats.arithmetic.compute_energy_pj))
    other = [
        f"{name} {theirs:.2f} pJ there, {energy:.2f} pJ here"
        for name, theirs, energy in pairs
        if theirs is not None and energy is not None and abs(theirs - energy) > _HALF_A_CENT
    ]
    if other:
        yield f"the figures were not made with the ERT that ours uses; per access: {_listed(other)}"


def _listed(names: Iterable[str]) -> str:
    told = list(names)
    rest = len(told) - _MOST_NAMES
    shown = ", ".join(told[:_MOST_NAMES])
    return shown if rest <= 0 else f"{shown} and {rest} more"
