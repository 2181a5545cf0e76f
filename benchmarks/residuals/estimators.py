"""The default estimator beside another one, part by part of the shipped architectures."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.residuals.shipped import estimate_of
from harness.estimation import EstimationOptions
from harness.estimation.answers import Contribution
from harness.estimation.query import Finding
from harness.spec.templates import list_architectures

DEFAULT = EstimationOptions()
CHOSEN = EstimationOptions(estimator="hwcomponents")
ACCELERGY = EstimationOptions(estimator="accelergy")

EQUAL = "equal"
NOT_THERE = "not there"
NODE = "node"
MULTIPLIER = "multiplier"
REGISTER_WRITE = "register write"
PUBLISHED_ROW = "published row"
SURVEY = "ADC survey"
UNEXPLAINED = "unexplained"

REASONS = {
    EQUAL: "SRAM: the same CACTI with the same settings, and the same rules for small sizes and between "
    "nodes; DRAM: the same constants; logic at 40 nm: the same rows",
    NOT_THERE: "hwcomponents does not answer this class, or not these attributes (a DRAM wider than its data "
    "bus, a register without width); the default answers in its place, with a warning",
    NODE: "the same rows at 40 nm, other factors to the node: Accelergy's library interpolates 40 nm between "
    "32 and 45 nm (and 28 nm between 20 and 32) with the weights the wrong way round",
    MULTIPLIER: "the same row, scaled by the square of the width where the library scales linearly; and the "
    "node",
    REGISTER_WRITE: "hwcomponents charges a write what a read costs, the library nothing",
    PUBLISHED_ROW: "the default has a row that ISAAC published for this very memory; hwcomponents asks CACTI",
    SURVEY: "the default has ISAAC's published converter, hwcomponents a regression over published "
    "converters that depends on the throughput asked for",
}
"""Why hwcomponents differs: each is tested by what it predicts of the ratio, or by who answered."""

REASONS_OF_ACCELERGY = {
    EQUAL: "the shipped tables and rules are those of its plug-ins",
    NOT_THERE: "no plug-in knows the class unless the shipped families are among its tables, too; the "
    "default answers in its place, with a warning",
    PUBLISHED_ROW: "the row of the shipped family is not among its tables, so CACTI answers",
    SURVEY: "the row of the shipped family is not among its tables, so the ADC plug-in's regression answers",
}
"""The same for an installed Accelergy."""

SHOWN_ATTRIBUTES = ("technology", "width", "depth", "n_banks", "type", "datawidth", "cellwidth")
LOGIC = ("aladdin_adder", "aladdin_comparator", "aladdin_multiplier", "aladdin_register")


@dataclass(frozen=True)
class Pair:
    """pJ per action (pJ per cycle for ``leak``) or um^2 for ``area``."""

    class_name: str
    attributes: tuple[tuple[str, str], ...]
    what: str
    default: float
    chosen: float
    default_by: str
    chosen_by: str
    reason: str = ""

    @property
    def ratio(self) -> float | None:
        return self.chosen / self.default if self.default else None

    def attribute(self, name: str) -> str | None:
        return dict(self.attributes).get(name)

    @property
    def node(self) -> str:
        return self.attribute("technology") or "any node"

    @property
    def size(self) -> str:
        """What it is beside its node."""
        said = (f"{name} {value}" for name, value in self.attributes if name != "technology")
        return ", ".join(said) or "of one size"


def pairs(options: EstimationOptions = CHOSEN) -> tuple[Pair, ...]:
    """One for every distinct question that the shipped architectures' defaults ask."""
    found: dict[tuple[object, ...], Pair] = {}
    for template in list_architectures():
        for default, chosen in _parts(template.name, template.variant_of, options):
            pair = _pair(default, chosen)
            found.setdefault((pair.class_name, pair.attributes, pair.what, pair.default), pair)
    every = sorted(found.values(), key=lambda p: (p.class_name, p.attributes, p.what))
    factors = _node_factors(every)
    return tuple(replace(pair, reason=reason_of(pair, factors)) for pair in every)


def _parts(
    name: str, variant_of: str | None, options: EstimationOptions
) -> Iterator[tuple[Contribution, Contribution]]:
    operator = "norm" if variant_of else "matmul"
    default = estimate_of(variant_of or name, operator, {}, DEFAULT)
    chosen = estimate_of(variant_of or name, operator, {}, options)
    for mine, theirs in zip(default.answers, chosen.answers, strict=True):
        yield from zip(mine.parts, theirs.parts, strict=True)


def _pair(default: Contribution, chosen: Contribution) -> Pair:
    read = {**dict(chosen.finding.attributes), **dict(default.finding.attributes)}
    attributes = tuple((name, read[name]) for name in SHOWN_ATTRIBUTES if name in read)
    reason = NOT_THERE if _in_its_place(chosen.finding) else ""
    return Pair(
        default.class_name,
        attributes,
        default.action or "area",
        default.finding.value,
        chosen.finding.value,
        default.finding.estimator,
        chosen.finding.estimator,
        reason,
    )


def _in_its_place(finding: Finding) -> bool:
    return any("does not answer" in warning for warning in finding.warnings)


def _node_factors(every: list[Pair]) -> dict[tuple[str, bool], float]:
    """hwcomponents over default at each node, for energy and for area, by the plainest logic."""
    return {
        (pair.node, pair.what == "area"): pair.ratio
        for pair in every
        if pair.class_name in ("aladdin_comparator", "aladdin_adder") and pair.ratio is not None
    }


def reason_of(pair: Pair, factors: dict[tuple[str, bool], float]) -> str:
    """A reason that holds to 1e-6, or :data:`UNEXPLAINED`."""
    if pair.reason:
        return pair.reason
    if math.isclose(pair.default, pair.chosen, rel_tol=1e-6):
        return EQUAL
    node = factors.get((pair.node, pair.what == "area"), 1.0)
    if pair.class_name == "aladdin_register" and pair.what in ("write", "update") and pair.default == 0:
        return REGISTER_WRITE
    if pair.class_name == "aladdin_multiplier" and pair.ratio is not None:
        squared = node * float(pair.attribute("width") or 32) / 32
        return MULTIPLIER if math.isclose(pair.ratio, squared, rel_tol=1e-6) else UNEXPLAINED
    if pair.class_name in LOGIC and pair.ratio is not None:
        return NODE if math.isclose(pair.ratio, node, rel_tol=1e-6) else UNEXPLAINED
    if pair.class_name == "SRAM" and "tables" in pair.default_by:
        return PUBLISHED_ROW
    if pair.class_name == "ADC" and pair.chosen_by.endswith((": ADC", ": ADC Plug-In")):
        return SURVEY
    return UNEXPLAINED
