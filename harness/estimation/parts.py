"""The components of an architecture as the estimators see them."""

from __future__ import annotations

from dataclasses import dataclass

from harness.estimation.query import Attributes
from harness.spec.architecture import (
    AREA_SCALE,
    ENERGY_SCALE,
    SPARSE_ACTIONS,
    Architecture,
    ArithmeticLevel,
    Network,
    OtherComponent,
    StorageLevel,
)

STORAGE_ACTIONS = ("read", "write", "update", "leak")
COMPUTE_ACTIONS = ("compute",)
UNCHARGED_NETWORKS = ("Legacy", "ReductionTree", "XY_NoC", "SimpleMulticast")
"""Network classes that need no estimator unless a subclass names a component."""


@dataclass(frozen=True)
class Component:
    """A component of the architecture as the estimators see it: class (or subclass) and attributes."""

    name: str
    class_name: str
    attributes: Attributes
    required_actions: tuple[str, ...] = ()
    energy_scale: float = 1.0
    area_scale: float = 1.0


def components_of(architecture: Architecture) -> tuple[Component, ...]:
    """Storage from the outermost level inwards, networks, other components, then the arithmetic."""
    found = [_component(level, STORAGE_ACTIONS) for level in reversed(architecture.storage)]
    networks = [_component(network) for network in architecture.networks]
    found += [network for network in networks if network.class_name not in UNCHARGED_NETWORKS]
    found += [_component(other) for other in architecture.others]
    return (*found, _component(architecture.arithmetic, COMPUTE_ACTIONS))


def _component(
    part: StorageLevel | Network | OtherComponent | ArithmeticLevel, actions: tuple[str, ...] = ()
) -> Component:
    """The subclass replaces the class; the scales of the component are no attributes of what is inside.

    Actions of sparse optimisations are asked for where the specification requires them by name.
    """
    attributes = dict(part.attributes)
    energy_scale, area_scale = (attributes.pop(key, 1.0) for key in (ENERGY_SCALE, AREA_SCALE))
    actions += tuple(str(action) for action in attributes.pop(SPARSE_ACTIONS, ()))
    subclass = attributes.get("subclass")
    class_name = part.class_name if subclass is None else str(subclass)
    return Component(part.full_name, class_name, attributes, actions, energy_scale, area_scale)
