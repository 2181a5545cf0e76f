"""The architecture tree between reading and flattening: branches and leaves, already evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from harness.errors import Location
from harness.spec.located import LocatedDict
from harness.spec.v4.constraint import Constraint

BranchKind = Literal["hierarchical", "parallel", "pipelined"]
LeafKind = Literal["container", "storage", "compute", "network", "nothing"]


@dataclass
class Leaf:
    """A container or a component. ``constraints`` by type, in the order in which they were written.

    ``sparse`` are its sparse optimisations as they were written.
    """

    kind: LeafKind
    name: str
    location: Location | None
    class_name: str = ""
    subclass: str | None = None
    enabled: bool = True
    mesh_x: int = 1
    mesh_y: int = 1
    attributes: LocatedDict = field(default_factory=LocatedDict)
    constraints: dict[str, Constraint] = field(default_factory=dict)
    required_actions: list[str] = field(default_factory=list)
    energy_scale: float = 1
    area_scale: float = 1
    sparse: LocatedDict = field(default_factory=LocatedDict)

    @property
    def fanout(self) -> int:
        return self.mesh_x * self.mesh_y


@dataclass
class Branch:
    kind: BranchKind
    location: Location | None
    nodes: list[Leaf | Branch] = field(default_factory=list)


def depth_first(branch: Branch) -> Iterator[Leaf]:
    """All leaves in the order of the file."""
    for node in branch.nodes:
        if isinstance(node, Branch):
            yield from depth_first(node)
        else:
            yield node


def direct_first(branch: Branch) -> list[Leaf]:
    """All leaves, those of a branch before those of the branches in it (the front end's search order)."""
    found = [node for node in branch.nodes if isinstance(node, Leaf)]
    for node in branch.nodes:
        if isinstance(node, Branch):
            found.extend(direct_first(node))
    return found
