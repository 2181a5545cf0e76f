"""Compound components: what an action costs, summed over the primitive components inside.

The rules are Accelergy 0.4's. Attributes are evaluated from top to bottom, each seeing those before it
and those of the enclosing component; ``must_specify`` marks what the user has to give; technology, clock
and instance count are handed down by themselves. Energy of an action = sum over its uses of count x
scale x energy of the primitive action, with the scales of all enclosing uses multiplied; area = sum over
all parts of count x area scale x area. Nothing is rounded on the way.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from harness.errors import EstimationError, Location, SpecError, did_you_mean
from harness.estimation.answers import Contribution
from harness.estimation.component_classes import (
    MUST_SPECIFY,
    ClassAction,
    CompoundClass,
    IndexRange,
    Part,
    SubAction,
)
from harness.estimation.query import Attributes, AttributeValue, Finding, Query, finite_number, shorten
from harness.spec.expressions import evaluate_expression

HANDED_DOWN: Mapping[str, AttributeValue] = {
    "global_cycle_seconds": None,
    "action_latency_cycles": 1,
    "cycle_seconds": None,
    "technology": None,
    "voltage": None,
    "n_instances": 1,
}
"""Attributes that a subcomponent takes from the enclosing one unless it sets them, with the default."""

MAX_NESTING = 20
MAX_ENTRIES = 65536

_PLAIN_WORD = re.compile(r"[A-Za-z_]\w*")
_WITH_UNIT = re.compile(r"[0-9]+(?:\.[0-9]+)?\s*[A-Za-z]+")

Ask = Callable[[Query], Finding]


@dataclass(frozen=True)
class TableEntry:
    """One line of the reference table: an action with one choice of its arguments."""

    action: str
    arguments: tuple[tuple[str, int], ...]
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True)
class _Instance:
    """A compound class with the attributes of one place, and its subcomponents."""

    definition: CompoundClass
    path: str
    attributes: Attributes
    parts: Mapping[str, _PartInstance]


@dataclass(frozen=True)
class _PartInstance:
    part: Part
    path: str
    count: int
    area_scale: float
    energy_scale: float
    attributes: Attributes
    inside: _Instance | None


@dataclass(frozen=True, slots=True)
class _Product:
    """The factor of a contribution while it is multiplied together, with what it is made of."""

    value: float = 1.0
    factors: tuple[tuple[str, float], ...] = ()

    def times(self, value: float, *named: tuple[str, float]) -> _Product:
        """``named`` are the factors of ``value``; those that are 1 need not be told."""
        told = tuple((name, float(factor)) for name, factor in named if factor != 1)
        return _Product(self.value * value, self.factors + told)

    def of(self, part: _PartInstance, action: str | None, finding: Finding) -> Contribution:
        return Contribution(part.path, part.part.class_name, action, self.value, finding, self.factors)


class CompoundComponent:
    """One component of a compound class. ``path`` names it in messages."""

    def __init__(
        self,
        path: str,
        class_name: str,
        attributes: Attributes,
        classes: Mapping[str, CompoundClass],
        legacy_action_share: bool = False,
    ) -> None:
        self._classes = classes
        self._legacy_action_share = legacy_action_share
        definition = classes[class_name]
        complete = self._with_defaults(definition, path, attributes, {})
        self._top = self._instance(definition, path, complete, ())

    @property
    def action_names(self) -> tuple[str, ...]:
        return tuple(a.name for a in self._top.definition.actions)

    def entries(self, ask: Ask) -> tuple[TableEntry, ...]:
        """All actions with all choices of their arguments, in the order of the class."""
        entries: list[TableEntry] = []
        for action in self._top.definition.actions:
            for arguments in self._argument_choices(action):
                found = self._energy(self._top, action, dict(arguments), _Product(), ask)
                entries.append(TableEntry(action.name, arguments, tuple(found)))
                if len(entries) > MAX_ENTRIES:
                    raise EstimationError(
                        f"{self._top.path}: more than {MAX_ENTRIES} actions", action.location
                    )
        return tuple(entries)

    def area(self, ask: Ask) -> tuple[Contribution, ...]:
        return tuple(self._areas(self._top, _Product(), ask))

    # -- attributes ---------------------------------------------------------------------------------

    def _with_defaults(
        self, definition: CompoundClass, path: str, given: Attributes, outer: Attributes
    ) -> dict[str, AttributeValue]:
        """``given`` (already values) completed by the defaults of the class.

        Order matters as in Accelergy: attributes unknown to the class first, then those of the class in
        its order; a default sees ``outer`` and everything before it. For a component of the architecture
        (no ``outer``) everything given comes first.
        """
        known = [name for name, _ in definition.attributes]
        values = {n: v for n, v in given.items() if n not in known or not outer}
        for name, default in definition.attributes:
            value = given.get(name)
            if value is None:
                if isinstance(default, str) and default == MUST_SPECIFY:
                    raise EstimationError(
                        f"{path}: attribute '{name}' of class '{definition.name}' must be specified",
                        definition.location,
                    )
                where_to = f"{path}: attribute '{name}'"
                value = _value(default, {**outer, **values}, where_to, definition.location)
            values.pop(name, None)
            values[name] = value
        return values

    def _instance(
        self, definition: CompoundClass, path: str, attributes: Attributes, above: tuple[str, ...]
    ) -> _Instance:
        if definition.name in above or len(above) > MAX_NESTING:
            chain = " -> ".join((*above, definition.name))
            message = f"{path}: component classes contain each other: {chain}"
            raise EstimationError(message, definition.location)
        parts = {
            part.name: self._part(part, f"{path}.{part.name}", attributes, (*above, definition.name))
            for part in definition.parts
        }
        return _Instance(definition, path, attributes, parts)

    def _part(self, part: Part, path: str, outer: Attributes, above: tuple[str, ...]) -> _PartInstance:
        own: dict[str, AttributeValue] = {}
        for name, raw in part.attributes:
            own[name] = _value(raw, {**outer, **own}, f"{path}: attribute '{name}'", part.location)
        for name, default in HANDED_DOWN.items():
            if own.get(name) is None:
                value = outer.get(name, default)
                if value is not None:
                    own[name] = value
        definition = self._classes.get(part.class_name)
        if definition is not None:
            own = self._with_defaults(definition, path, own, outer)
        names = {**outer, **own}
        return _PartInstance(
            part=part,
            path=path,
            count=_count(part.index, outer, path, part.location),
            area_scale=_scale(part.area_scale, names, f"{path}: area_scale", part.location),
            energy_scale=_scale(part.energy_scale, names, f"{path}: energy_scale", part.location),
            attributes=own,
            inside=None if definition is None else self._instance(definition, path, own, above),
        )

    # -- sums ---------------------------------------------------------------------------------------

    def _argument_choices(self, action: ClassAction) -> list[tuple[tuple[str, int], ...]]:
        """Every combination of argument values, the first argument running fastest."""
        ranges = []
        for name, index in action.arguments:
            what = f"{self._top.path}: argument '{name}' of action '{action.name}'"
            first, last = _bounds(index, self._top.attributes, what, action.location)
            ranges.append((name, range(first, last + 1)))
        if math.prod(values.stop - values.start for _, values in ranges) > MAX_ENTRIES:
            raise EstimationError(
                f"{self._top.path}: action '{action.name}' has more than {MAX_ENTRIES} argument values",
                action.location,
            )
        names = [name for name, _ in ranges]
        choices = itertools.product(*(values for _, values in reversed(ranges)))
        return [tuple(zip(names, reversed(choice), strict=True)) for choice in choices]

    def _energy(
        self, instance: _Instance, action: ClassAction, arguments: Attributes, product: _Product, ask: Ask
    ) -> list[Contribution]:
        names = {**instance.attributes, **arguments}
        what = f"{instance.path}: action '{action.name}'"
        scale = _scale(action.energy_scale, names, f"{what}: energy_scale", action.location)
        product = product.times(scale, (f"energy_scale of action {action.name}", scale))
        found: list[Contribution] = []
        for use in action.uses:
            part = instance.parts[use.part]
            count = _count(use.index, names, f"{what}: '{use.part}'", use.location)
            for sub in use.actions:
                scale, share = self._scales(sub, names, f"{what}: action '{sub.name}' of '{use.part}'")
                total = product.times(
                    scale * share,
                    (f"energy_scale of {use.part}.{sub.name}", scale),
                    (f"action_share of {use.part}.{sub.name}", share),
                )
                total = total.times(count, (f"count of {use.part}", count))
                total = total.times(part.energy_scale, (f"energy_scale of {use.part}", part.energy_scale))
                sub_arguments = _evaluated(sub.arguments, names, what, sub.location)
                found += self._sub_action(part, sub, sub_arguments, total, ask)
        return found

    def _sub_action(
        self, part: _PartInstance, sub: SubAction, arguments: Attributes, product: _Product, ask: Ask
    ) -> list[Contribution]:
        if part.inside is not None:
            action = part.inside.definition.action(sub.name)
            if action is None:
                known = [a.name for a in part.inside.definition.actions]
                raise EstimationError(
                    f"{part.path}: class '{part.part.class_name}' has no action '{sub.name}'",
                    sub.location,
                    did_you_mean(sub.name, known),
                )
            return self._energy(part.inside, action, arguments, product, ask)
        query = Query(part.path, part.part.class_name, part.attributes, sub.name, arguments)
        return [product.of(part, sub.name, ask(query))]

    def _scales(self, sub: SubAction, names: Attributes, what: str) -> tuple[float, float]:
        """energy_scale and action_share, which is 1 where it is ignored."""
        scale = _scale(sub.energy_scale, names, f"{what}: energy_scale", sub.location)
        if self._legacy_action_share:
            return scale, 1.0
        return scale, _scale(sub.action_share, names, f"{what}: action_share", sub.location)

    def _areas(self, instance: _Instance, product: _Product, ask: Ask) -> list[Contribution]:
        found: list[Contribution] = []
        for part in instance.parts.values():
            total = product.times(part.count, (f"count of {part.part.name}", part.count))
            total = total.times(part.area_scale, (f"area_scale of {part.part.name}", part.area_scale))
            if part.inside is not None:
                found += self._areas(part.inside, total, ask)
            else:
                finding = ask(Query(part.path, part.part.class_name, part.attributes))
                found.append(total.of(part, None, finding))
        return found


def _evaluated(
    pairs: Sequence[tuple[str, object]], names: Attributes, what: str, place: Location | None
) -> dict[str, AttributeValue]:
    values: dict[str, AttributeValue] = {}
    for name, raw in pairs:
        values[name] = _value(raw, {**names, **values}, f"{what}: argument '{name}'", place)
    return values


def _value(raw: object, names: Attributes, what: str, place: Location | None) -> AttributeValue:
    """The value that a class file means by ``raw``.

    Text in quotes is text. Otherwise text is a name or an expression; a single word that is no known
    name (SAR), or a number with a unit (32nm), is text too.
    """
    if not isinstance(raw, str) or type(raw) is not str:
        return raw
    text = raw.strip()
    try:
        return int(text)
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        pass
    if _PLAIN_WORD.fullmatch(text):
        if text in ("True", "False"):
            return text == "True"
        return names.get(text, text)
    if _WITH_UNIT.fullmatch(text):
        return text
    try:
        return cast(AttributeValue, evaluate_expression(text, names, place))
    except SpecError as error:
        raise EstimationError(f"{what}: {error.message}", error.location or place, error.hint) from None


def _scale(raw: object, names: Attributes, what: str, place: Location | None) -> float:
    value = _value(raw, names, what, place)
    number = finite_number(value)
    if number is None:
        raise EstimationError(f"{what} is {shorten(value)}, not a number", place)
    if number < 0:
        raise EstimationError(f"{what} is {number:g}, it cannot be negative", place)
    return number


def _count(index: IndexRange | None, names: Attributes, what: str, place: Location | None) -> int:
    if index is None or index.last is None:
        return 1
    first, last = _bounds(index, names, what, place)
    return last - first + 1


def _bounds(index: IndexRange, names: Attributes, what: str, place: Location | None) -> tuple[int, int]:
    bounds = []
    for text in (index.first, index.last or index.first):
        value = _value(text, names, what, place)
        number = finite_number(value)
        if number is None:
            raise EstimationError(f"{what}: the bound '{text}' is {shorten(value)}, not a number", place)
        bounds.append(int(number))
    if bounds[1] < bounds[0]:
        raise EstimationError(f"{what}: the range {bounds[0]}..{bounds[1]} is empty", place)
    return bounds[0], bounds[1]
