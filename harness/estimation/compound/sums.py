"""Which questions a compound component asks for each line of the tables, and how often each answer counts."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import EstimationError, did_you_mean
from harness.estimation.component_classes import ClassAction, CompoundClass, SubAction
from harness.estimation.compound.places import Builder, Instance, PartInstance
from harness.estimation.compound.uses import Product, Use
from harness.estimation.compound.values import arguments_of, bounds_of, count_of, scale_of
from harness.estimation.query import Attributes

MAX_ENTRIES = 65536


@dataclass(frozen=True)
class Entry:
    """One line of the table: an action with one choice of its arguments, and what it is summed from."""

    action: str
    arguments: tuple[tuple[str, int], ...]
    uses: tuple[Use, ...]


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
        self._legacy_action_share = legacy_action_share
        self._top = Builder(classes).instance(path, class_name, attributes)

    @property
    def action_names(self) -> tuple[str, ...]:
        return tuple(a.name for a in self._top.definition.actions)

    def entries(self) -> tuple[Entry, ...]:
        """All actions with all choices of their arguments, in the order of the class."""
        entries: list[Entry] = []
        for action in self._top.definition.actions:
            for arguments in self._argument_choices(action):
                uses = self._energy(self._top, action, dict(arguments), Product())
                entries.append(Entry(action.name, arguments, tuple(uses)))
                if len(entries) > MAX_ENTRIES:
                    raise EstimationError(
                        f"{self._top.path}: more than {MAX_ENTRIES} actions", action.location
                    )
        return tuple(entries)

    def area(self) -> tuple[Use, ...]:
        return tuple(self._areas(self._top, Product()))

    def _argument_choices(self, action: ClassAction) -> list[tuple[tuple[str, int], ...]]:
        """Every combination of argument values, the first argument running fastest."""
        ranges = []
        for name, index in action.arguments:
            what = f"{self._top.path}: argument '{name}' of action '{action.name}'"
            first, last = bounds_of(index, self._top.attributes, what, action.location)
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
        self, instance: Instance, action: ClassAction, arguments: Attributes, product: Product
    ) -> list[Use]:
        names = {**instance.attributes, **arguments}
        what = f"{instance.path}: action '{action.name}'"
        scale = scale_of(action.energy_scale, names, f"{what}: energy_scale", action.location)
        product = product.times(scale, (f"energy_scale of action {action.name}", scale))
        found: list[Use] = []
        for use in action.uses:
            part = instance.parts[use.part]
            count = count_of(use.index, names, f"{what}: '{use.part}'", use.location)
            if part.bounds is not None and count > part.count:
                there = "[{}..{}]".format(*part.bounds)
                message = f"{what} uses {count} of '{use.part}', of which there are {part.count} {there}"
                raise EstimationError(message, use.location)
            for sub in use.actions:
                scale, share = self._scales(sub, names, f"{what}: action '{sub.name}' of '{use.part}'")
                total = product.times(
                    scale * share,
                    (f"energy_scale of {use.part}.{sub.name}", scale),
                    (f"action_share of {use.part}.{sub.name}", share),
                )
                total = total.times(count, (f"count of {use.part}", count))
                total = total.times(part.energy_scale, (f"energy_scale of {use.part}", part.energy_scale))
                sub_arguments = arguments_of(sub.arguments, names, what, sub.location)
                found += self._sub_action(part, sub, sub_arguments, total)
        return found

    def _sub_action(
        self, part: PartInstance, sub: SubAction, arguments: Attributes, product: Product
    ) -> list[Use]:
        if part.inside is None:
            return [product.of(part, sub.name, arguments)]
        action = part.inside.definition.action(sub.name)
        if action is None:
            known = [a.name for a in part.inside.definition.actions]
            raise EstimationError(
                f"{part.path}: class '{part.part.class_name}' has no action '{sub.name}'",
                sub.location,
                did_you_mean(sub.name, known),
            )
        return self._energy(part.inside, action, arguments, product)

    def _scales(self, sub: SubAction, names: Attributes, what: str) -> tuple[float, float]:
        """energy_scale and action_share, which is 1 where it is ignored."""
        scale = scale_of(sub.energy_scale, names, f"{what}: energy_scale", sub.location)
        if self._legacy_action_share:
            return scale, 1.0
        return scale, scale_of(sub.action_share, names, f"{what}: action_share", sub.location)

    def _areas(self, instance: Instance, product: Product) -> list[Use]:
        found: list[Use] = []
        for part in instance.parts.values():
            total = product.times(part.count, (f"count of {part.part.name}", part.count))
            total = total.times(part.area_scale, (f"area_scale of {part.part.name}", part.area_scale))
            if part.inside is not None:
                found += self._areas(part.inside, total)
            else:
                found.append(total.of(part, None, {}))
        return found
