"""Quantities for people: three to four digits and a unit that fits."""

from __future__ import annotations

import math

_ENERGY_UNITS = ((1e12, "J"), (1e9, "mJ"), (1e6, "uJ"), (1e3, "nJ"), (1.0, "pJ"), (1e-3, "fJ"))


def energy(picojoule: float | None) -> str:
    """For example ``17.60 mJ``."""
    if picojoule is None:
        return "-"
    if picojoule == 0:
        return "0 pJ"
    size, unit = next((u for u in _ENERGY_UNITS if abs(picojoule) >= u[0]), _ENERGY_UNITS[-1])
    return f"{digits(picojoule / size)} {unit}"


def area(square_micrometre: float | None) -> str:
    """For example ``1.234 mm^2``; small areas in um^2."""
    if square_micrometre is None:
        return "-"
    if abs(square_micrometre) >= 1e4:
        return f"{digits(square_micrometre / 1e6)} mm^2"
    return f"{digits(square_micrometre)} um^2"


def whole(value: int | None) -> str:
    return "-" if value is None else f"{value:,}"


def count(value: float) -> str:
    """Whole numbers with thousands separated, others with two decimals."""
    return f"{int(value):,}" if value == int(value) else f"{value:,.2f}"


def fraction(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.2f} %"


def edp(joule_cycles: float | None) -> str:
    return "-" if joule_cycles is None else f"{joule_cycles:.4g} J*cycles"


def rate(per_second: float) -> str:
    """For example ``12.3 k/s``."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if per_second >= size:
            return f"{per_second / size:.1f} {unit}/s"
    return f"{per_second:.0f}/s"


def duration(seconds: float) -> str:
    if seconds < 0.01:
        return f"{seconds * 1000:.1f} ms"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 48:
        return f"{hours} h {minutes:02d} min"
    days = hours // 24
    return f"{days} days" if days < 730 else f"{days // 365:,} years"


def digits(value: float) -> str:
    """Four significant digits without an exponent."""
    if value == 0:
        return "0"
    places = max(0, 3 - math.floor(math.log10(abs(value))))
    return f"{value:,.{min(places, 6)}f}"
