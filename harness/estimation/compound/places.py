"""A class at one place of the architecture: its attributes worked out, and its parts with theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from harness.errors import EstimationError
from harness.estimation.component_classes import MUST_SPECIFY, CompoundClass, Part
from harness.estimation.compound.values import bounds_of, scale_of, value_of
from harness.estimation.query import Attributes, AttributeValue

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
MAX_PARTS = 20_000
"""Of one component, those inside parts included: classes that multiply tenfold eight times never end."""


@dataclass(frozen=True)
class Instance:
    """A compound class with the attributes of one place, and its subcomponents."""

    definition: CompoundClass
    path: str
    attributes: Attributes
    parts: Mapping[str, PartInstance]


@dataclass(frozen=True)
class PartInstance:
    part: Part
    path: str
    bounds: tuple[int, int] | None
    count: int
    area_scale: float
    energy_scale: float
    attributes: Attributes
    inside: Instance | None


class Builder:
    """Builds instances of ``classes``."""

    def __init__(self, classes: Mapping[str, CompoundClass]) -> None:
        self._classes = classes
        self._built = 0
        self._top = ""

    def instance(self, path: str, class_name: str, given: Attributes) -> Instance:
        """Of a component of the architecture, with the attributes ``given`` there."""
        definition = self._classes[class_name]
        self._built, self._top = 0, path
        return self._instance(definition, path, with_defaults(definition, path, given, {}), ())

    def _instance(
        self, definition: CompoundClass, path: str, attributes: Attributes, above: tuple[str, ...]
    ) -> Instance:
        chain = " -> ".join((*above, definition.name))
        if definition.name in above:
            message = f"{path}: component classes contain each other: {chain}"
            raise EstimationError(message, definition.location)
        if len(above) >= MAX_NESTING:
            message = f"{path}: component classes are nested more than {MAX_NESTING} deep: {chain}"
            raise EstimationError(message, definition.location)
        parts = {
            part.name: self._part(part, f"{path}.{part.name}", attributes, (*above, definition.name))
            for part in definition.parts
        }
        return Instance(definition, path, attributes, parts)

    def _part(self, part: Part, path: str, outer: Attributes, above: tuple[str, ...]) -> PartInstance:
        self._built += 1
        if self._built > MAX_PARTS:
            message = f"{self._top}: the component has more than {MAX_PARTS:,} parts"
            raise EstimationError(message, part.location)
        own: dict[str, AttributeValue] = {}
        for name, raw in part.attributes:
            own[name] = value_of(raw, {**outer, **own}, f"{path}: attribute '{name}'", part.location)
        for name, default in HANDED_DOWN.items():
            if own.get(name) is None:
                value = outer.get(name, default)
                if value is not None:
                    own[name] = value
        definition = self._classes.get(part.class_name)
        if definition is not None:
            own = with_defaults(definition, path, own, outer)
        names = {**outer, **own}
        ranged = part.index is not None and part.index.last is not None
        bounds = bounds_of(part.index, outer, path, part.location) if part.index and ranged else None
        return PartInstance(
            part=part,
            path=path,
            bounds=bounds,
            count=1 if bounds is None else bounds[1] - bounds[0] + 1,
            area_scale=scale_of(part.area_scale, names, f"{path}: area_scale", part.location),
            energy_scale=scale_of(part.energy_scale, names, f"{path}: energy_scale", part.location),
            attributes=own,
            inside=None if definition is None else self._instance(definition, path, own, above),
        )


def with_defaults(
    definition: CompoundClass, path: str, given: Attributes, outer: Attributes
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
            value = value_of(default, {**outer, **values}, where_to, definition.location)
        values.pop(name, None)
        values[name] = value
    return values
