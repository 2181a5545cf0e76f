"""Figures that were published elsewhere beside ours. Only those that a second public source confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from benchmarks.residuals.estimators import CHOSEN, DEFAULT
from harness.errors import EstimationError
from harness.estimation import EstimationOptions
from harness.estimation.estimator import estimated
from harness.estimation.parts import Component

HOROWITZ = "Horowitz, Computing's Energy Problem, ISSCC 2014 (45 nm, 0.9 V)"
EYERISS = "Chen et al., Eyeriss, ISCA 2016 (65 nm, 16 bit, relative to a MAC)"
CLOCK = {"global_cycle_seconds": 1e-9}


@dataclass(frozen=True)
class Part:
    """One action of a primitive component, ``factor`` times."""

    class_name: str
    action: str
    attributes: Mapping[str, object]
    factor: float = 1.0


@dataclass(frozen=True)
class Published:
    """``value`` in pJ, or in MACs where ``per`` says what a MAC is."""

    label: str
    value: float
    source: str
    parts: tuple[Part, ...]
    per: tuple[Part, ...] = field(default=())


def _at(nm: int, class_name: str, action: str, factor: float = 1.0, **attributes: object) -> Part:
    return Part(class_name, action, {"technology": f"{nm}nm", **attributes}, factor)


MAC = (
    _at(65, "aladdin_multiplier", "multiply", width_a=16, width_b=16),
    _at(65, "aladdin_adder", "add", width=32),
)
"""16 x 16 bits, added to 32."""

PUBLISHED = (
    Published("8-bit add", 0.03, HOROWITZ, (_at(45, "aladdin_adder", "add", width=8),)),
    Published("32-bit add", 0.1, HOROWITZ, (_at(45, "aladdin_adder", "add", width=32),)),
    Published(
        "8-bit multiply", 0.2, HOROWITZ, (_at(45, "aladdin_multiplier", "multiply", width_a=8, width_b=8),)
    ),
    Published(
        "8-bit multiply, as the default MAC has it",
        0.2,
        HOROWITZ,
        (_at(45, "aladdin_multiplier", "multiply", width=8),),
    ),
    Published(
        "32-bit multiply", 3.1, HOROWITZ, (_at(45, "aladdin_multiplier", "multiply", width_a=32, width_b=32),)
    ),
    Published("64 bits of 8 KB SRAM", 10, HOROWITZ, (_at(45, "SRAM", "read", width=64, depth=1024),)),
    Published("64 bits of 1 MB SRAM", 100, HOROWITZ, (_at(45, "SRAM", "read", width=64, depth=131072),)),
    Published(
        "64 bits of DRAM, improved I/O", 600, HOROWITZ, (_at(45, "DRAM", "read", type="LPDDR4", width=64),)
    ),
    Published("0.5 KB register file", 1, EYERISS, (_at(65, "SRAM", "read", width=16, depth=256),), MAC),
    Published(
        "108 KB global buffer", 6, EYERISS, (_at(65, "SRAM", "read", 0.25, width=64, depth=13824),), MAC
    ),
    Published("DRAM (as LPDDR4)", 200, EYERISS, (_at(65, "DRAM", "read", type="LPDDR4", width=16),), MAC),
    Published("DRAM (as DDR3)", 200, EYERISS, (_at(65, "DRAM", "read", type="DDR3", width=16),), MAC),
)
"""Horowitz: the 32-bit adder and multiplier and the 8 KB are repeated in PMC8934428 (table 3), the other
logic and the 1 MB in open tools that cite him, and 10 pJ/bit (0.6 nJ for 8 bytes) for DRAM is in the paper's
text. Eyeriss: the paper's table of normalised costs; its unit of transfer is a 16-bit word."""

WHY = {
    "add": "Aladdin's adder takes two to three times as much as Horowitz's; small beside everything else",
    "multiply": "Aladdin's row for 1 ns takes five times as much as Horowitz's multiplier",
    "SRAM": "CACTI's memory with low-standby-power cells, without a cache's tags",
    "DRAM": "one number per bit: the kind of memory decides, not the model",
    "MAC": "relative to a MAC, all comes out small because the multiplier is expensive (see above)",
}


@dataclass(frozen=True)
class Compared:
    """Errors are relative: 0.5 is half as much again as published. None where the estimator has no answer."""

    published: Published
    default: float | None
    chosen: float | None

    def error(self, ours: float | None) -> float | None:
        return None if ours is None else ours / self.published.value - 1

    @property
    def why(self) -> str:
        part = self.published.parts[0]
        if part.class_name == "DRAM":
            return WHY["DRAM"]
        if self.published.per:
            return WHY["MAC"]
        return WHY["SRAM" if part.class_name == "SRAM" else part.action]


def compared() -> tuple[Compared, ...]:
    return tuple(Compared(p, figure(p, DEFAULT), figure(p, CHOSEN)) for p in PUBLISHED)


def figure(published: Published, options: EstimationOptions) -> float | None:
    cost, unit = _sum(published.parts, options), _sum(published.per, options) if published.per else 1.0
    return None if cost is None or unit is None else cost / unit


def _sum(parts: tuple[Part, ...], options: EstimationOptions) -> float | None:
    total = 0.0
    for part in parts:
        component = Component("it", part.class_name, {**CLOCK, **part.attributes}, (part.action,))
        try:
            made = estimated([component], (), options)
        except EstimationError:
            return None
        total += part.factor * next(a.value for a in made.answers if a.action == part.action)
    return total
