"""What an energy rests on, in a line ("72.1 % scaled, 19.3 % row; +- stated for none of it"), and on whom."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.estimation.query import FITS

_LEAST_SHOWN = 5e-4
"""Shares that would read as 0.0 % are left out."""


def accuracy_words(by_class: Mapping[str, float], stated_pj: float, plus_minus_pj: float) -> str:
    """``by_class``: pJ by accuracy class, the largest share told first. ``stated_pj`` of the energy has a +-
    by its source, which are ``plus_minus_pj`` together in the worst case.
    """
    total = sum(by_class.values())
    if not total > 0:
        return "no energy"
    order: dict[str, int] = {name: place for place, name in enumerate(FITS)}
    shares = sorted(by_class.items(), key=lambda entry: (-entry[1], order.get(entry[0], len(order))))
    told = [f"{100 * pj / total:.1f} % {name}" for name, pj in shares if pj / total >= _LEAST_SHOWN]
    return f"{', '.join(told)}; {_plus_minus(total, stated_pj, plus_minus_pj)}"


MOST_SOURCES = 3


def source_words(by_source: Mapping[str, float], others: Iterable[str] = ()) -> str:
    """Whose the energy is, the largest share first: "72.3 % accelergy_library, 0.0 % 3 other sources".

    ``others`` had a say in figures that cost nothing here, or in areas.
    """
    total = sum(by_source.values())
    if not total > 0:
        return "no energy"
    shares = sorted(by_source.items(), key=lambda entry: (-entry[1], entry[0]))
    rest = sum(pj for _, pj in shares[MOST_SOURCES:]) / total
    told = [f"{100 * pj / total:.1f} % {name}" for name, pj in shares[:MOST_SOURCES]]
    hidden = [name for name, _ in shares[MOST_SOURCES:]]
    hidden += [name for name in others if name not in by_source]
    if hidden:
        what = hidden[0] if len(hidden) == 1 else f"{len(hidden)} other sources"
        told.append(f"{100 * rest:.1f} % {what}")
    return ", ".join(told)


def energies_by_source(by_source: Mapping[str, float]) -> str:
    """All of them: "accelergy_library 36.33 mJ, dram 4.295 mJ"."""
    from harness.report import quantities  # noqa: PLC0415

    shares = sorted(by_source.items(), key=lambda entry: (-entry[1], entry[0]))
    return ", ".join(f"{name} {quantities.energy(pj)}" for name, pj in shares)


def _plus_minus(total: float, stated_pj: float, plus_minus_pj: float) -> str:
    share = stated_pj / total
    if share < _LEAST_SHOWN:
        return "+- stated for none of it"
    off = f"up to +-{100 * plus_minus_pj / total:.1f} % of the total"
    return f"+- stated for {100 * share:.1f} % of it: {off}"
