"""What an energy rests on, in a line: "72.1 % scaled, 19.3 % row; +- stated for none of it"."""

from __future__ import annotations

from collections.abc import Mapping

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


def _plus_minus(total: float, stated_pj: float, plus_minus_pj: float) -> str:
    share = stated_pj / total
    if share < _LEAST_SHOWN:
        return "+- stated for none of it"
    off = f"up to +-{100 * plus_minus_pj / total:.1f} % of the total"
    return f"+- stated for {100 * share:.1f} % of it: {off}"
