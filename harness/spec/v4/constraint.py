"""One constraint on one node: its values, and the rules by which two constraints on a node combine."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from harness.errors import Location, SpecError

DATA_SPACE_KEYS = (
    "keep", "bypass", "no_coalesce", "no_reuse", "no_link_transfer", "rmw_first_update", "keep_only",
    "bypass_only", "no_iteration_over_dataspaces", "must_iterate_over_dataspaces",
)  # fmt: skip
# A data space stands in at most one list of a group; lists of the same name are united.
_DISJOINT = {
    "dataspace": (("bypass", "keep"),),
    "spatial": (("no_reuse",), ("no_link_transfer",)),
    "temporal": (("no_reuse",),),
}


@dataclass(frozen=True, slots=True)
class Factor:
    """``dimension relation value``. 0 is the whole dimension, -1 (with "=") leaves it free."""

    dimension: str
    relation: str
    value: int
    location: Location | None = None

    def __str__(self) -> str:
        return f"{self.dimension}{self.relation}{self.value}"

    @property
    def key(self) -> tuple[str, str, int]:
        return self.dimension, self.relation, self.value


@dataclass
class Constraint:
    """``values`` hold the given keys but ``type`` and ``target``; factors and permutation are parsed."""

    kind: str
    target: str
    location: Location | None
    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, Location] = field(default_factory=dict)

    @property
    def factors(self) -> list[Factor]:
        return list(self.values.get("factors", ()))

    @property
    def permutation(self) -> list[str]:
        return list(self.values.get("permutation", ()))

    def names(self, key: str) -> list[str]:
        return list(self.values.get(key, ()))

    def place(self, key: str) -> Location | None:
        return self.places.get(key, self.location)

    def is_empty(self) -> bool:
        return all(value is None or value == [] for value in self.values.values())

    def add_factors(self, factors: Iterable[Factor], cause: str) -> None:
        """Append factors; equal ones are written once (the last stays), others on a dimension clash."""
        combined = _united([*self.factors, *factors], f"{cause} on '{self.target}'", self.location)
        self.values["factors"] = combined

    def combine(self, other: Constraint) -> None:
        """Take in another constraint of the same kind on the same node.

        Raises :class:`SpecError` where both say different things about the same.
        """
        for group in _DISJOINT.get(self.kind, ()):
            self._unite_lists(other, group)
        united = {key for group in _DISJOINT.get(self.kind, ()) for key in group}
        for key, theirs in other.values.items():
            if key in united:
                continue
            mine = self.values.get(key)
            if mine is None or mine == []:
                self.values[key] = theirs
                if key in other.places:
                    self.places[key] = other.places[key]
            elif key == "factors":
                what = f"constraints on '{self.target}'"
                self.values[key] = _united([*mine, *theirs], what, other.location)
            elif theirs not in (None, [], mine):
                both = f"{_show(mine)} and {_show(theirs)}"
                first = self.place(key)
                raise SpecError(
                    f"'{key}' of '{self.target}' is given twice, differently: {both}",
                    other.place(key),
                    f"first given in {first}" if first else None,
                )
        if not self.target:
            self.target = other.target

    def _unite_lists(self, other: Constraint, group: tuple[str, ...]) -> None:
        chosen: dict[str, str] = {}
        for source in (self, other):
            for key in group:
                for name in source.names(key):
                    if chosen.setdefault(name, key) != key:
                        raise SpecError(
                            f"'{name}' stands under '{chosen[name]}' and under '{key}' of '{self.target}'",
                            source.place(key),
                        )
        for key in group:
            names = [name for name, where_to in chosen.items() if where_to == key]
            if names or key in self.values:
                self.values[key] = names
                if key not in self.places and key in other.places:
                    self.places[key] = other.places[key]


def _united(factors: list[Factor], what: str, place: Location | None) -> list[Factor]:
    last = {factor.key: index for index, factor in enumerate(factors)}
    kept = [factor for index, factor in enumerate(factors) if last[factor.key] == index]
    first: dict[str, Factor] = {}
    for factor in kept:
        known = first.setdefault(factor.dimension, factor)
        bounds = {known.relation, factor.relation} == {"<=", ">="}
        if known.value != factor.value and not bounds:
            raise SpecError(f"{what} contradict each other: {known} and {factor}", factor.location or place)
    return kept


def _show(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(str(v) for v in value) + "]"
    return str(value)
