"""The arithmetic behind the four figures of a memory, as it can be typed into a calculator.

In pJ (leakage in pJ per second) and um^2, beside the costs themselves, which are in the units of the plug-in.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.estimation.query import digits

Figures = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True)
class Worked:
    """Texts of read, write, leakage and area; ``rows``: the lines of the table that went into them."""

    texts: Figures
    rows: tuple[int, ...] = ()

    @staticmethod
    def of(read: float, write: float, leak: float, area: float, row: int | None = None) -> Worked:
        texts = (digits(read), digits(write), digits(leak), digits(area))
        return Worked(texts, () if row is None else (row,))

    def scaled(self, access: float, leak: float, area: float) -> Worked:
        factors = (access, access, leak, area)
        read, write, leaking, taken = (
            text if factor == 1 else f"{_bracketed(text)} x {digits(factor)}"
            for text, factor in zip(self.texts, factors, strict=True)
        )
        return Worked((read, write, leaking, taken), self.rows)

    def mixed(self, other: Worked, share: float) -> Worked:
        """``1 - share`` of this and ``share`` of ``other``."""
        return self._with(
            other, lambda a, b: f"{digits(1 - share)} x {_bracketed(a)} + {digits(share)} x {_bracketed(b)}"
        )

    def mixed_in_logarithms(self, other: Worked, share: float) -> Worked:
        return self._with(
            other, lambda a, b: f"{_bracketed(a)}^{digits(1 - share)} x {_bracketed(b)}^{digits(share)}"
        )

    def _with(self, other: Worked, text: Callable[[str, str], str]) -> Worked:
        read, write, leak, area = (text(a, b) for a, b in zip(self.texts, other.texts, strict=True))
        return Worked((read, write, leak, area), tuple(sorted({*self.rows, *other.rows})))

    def figure(self, action: str | None) -> str:
        read, write, leak, area = self.texts
        return area if action is None else leak if action == "leak" else read if action == "read" else write


def _bracketed(text: str) -> str:
    return f"({text})" if " " in text else text
