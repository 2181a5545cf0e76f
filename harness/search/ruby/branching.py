"""Best-first branch and bound over boxes of factor vectors; the frontier's least floor is the proven
bound."""

from __future__ import annotations

import heapq
import itertools
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from harness.errors import InvalidMapping, Unsupported
from harness.mapspace import MapSpace
from harness.model import evaluate
from harness.search.objective import Goal, Objective
from harness.search.ruby.floors import Box, Floors
from harness.search.ruby.leaf import Leaf, OrderClass, TooManyToList
from harness.search.ruby.rules import Surroundings
from harness.search.ruby.vectors import DimensionVectors
from harness.spec.mapping import Mapping

Key = tuple[float, ...]
"""Floors of the goals, the most important first: J * cycles x 1e12 (edp), cycles, pJ."""

BATCH = 48
"""Boxes that are divided together."""
MOST_WAITING = 400_000
"""Boxes in memory; beyond, the bound stops rising."""
TOLERANCE = 1e-9
AT_ONCE = 64
"""Mappings of a factorisation that are evaluated before others get their turn."""

_CAP_SLACK = 1 + 1e-12


@dataclass
class Incumbent:
    """The best mapping so far."""

    objective: Objective
    mapping: Mapping | None = None
    cycles: float = 0.0
    energy_pj: float = 0.0
    key: Key = ()

    def offer(self, mapping: Mapping, cycles: float, energy_pj: float) -> None:
        if not self.admits(cycles, energy_pj):
            return
        key = key_of(self.objective.goals, cycles, energy_pj)
        if self.mapping is None or key < self.key:
            self.mapping, self.cycles, self.energy_pj, self.key = mapping, cycles, energy_pj, key

    def admits(self, cycles: float, energy_pj: float) -> bool:
        """Whether the caps allow it."""
        most_cycles, most_energy = self.objective.max_cycles, self.objective.max_energy_pj
        return (most_cycles is None or cycles <= most_cycles) and (
            most_energy is None or energy_pj <= most_energy * _CAP_SLACK
        )

    def beats(self, floor: Key) -> bool:
        """Whether nothing above ``floor`` can be better, up to rounding of energies."""
        if self.mapping is None:
            return False
        for goal, least, own in zip(self.objective.goals, floor, self.key, strict=True):
            slack = 0.0 if goal == "delay" else TOLERANCE * abs(own)
            if least > own + slack:
                return True
            if least < own - slack:
                return False
        return True


def key_of(goals: Sequence[Goal], cycles: float, energy_pj: float) -> Key:
    values = {"edp": cycles * energy_pj, "delay": cycles, "energy": energy_pj}
    return tuple(values[goal] for goal in goals)


@dataclass
class Account:
    """What was done, for the certificate."""

    nodes: int = 0
    evaluated: int = 0
    factorizations: int = 0
    opened: int = 0
    prunings: Counter[str] = field(default_factory=Counter)


class Branching:
    """``vectors`` by dimension of the problem; those of one vector only are not branched on."""

    def __init__(
        self,
        space: MapSpace,
        vectors: Sequence[DimensionVectors],
        floors: Floors,
        around: Surroundings,
        incumbent: Incumbent,
    ) -> None:
        self._space, self._vectors, self._floors, self._around = space, vectors, floors, around
        self.incumbent = incumbent
        self.account = Account()
        self._numbers = itertools.count()
        self._waiting: list[tuple[Key, int, Box | _Open]] = []
        self._unresolved: list[Key] = []
        root: Box = tuple((0, len(vectors[d])) for d in around.active)
        self._push([root])

    @property
    def finished(self) -> bool:
        return not self._waiting

    @property
    def lower_bound(self) -> Key | None:
        """The least floor of all that is not excluded; None when nothing is left."""
        floors = [self._waiting[0][0]] if self._waiting else []
        left = [key for key in floors + self._unresolved if not self.incumbent.beats(key)]
        return min(left, default=None)

    def run(self, deadline: float, should_stop: Callable[[], bool] | None) -> None:
        """Until all is excluded or time is up (``time.monotonic()``)."""
        while self._waiting and time.monotonic() < deadline and not (should_stop and should_stop()):
            if self.incumbent.beats(self._waiting[0][0]):
                self.account.prunings["floor not below the best mapping"] += len(self._waiting)
                self._waiting.clear()
                return
            if len(self._waiting) > MOST_WAITING:
                return
            self._step(deadline)

    def dive(self) -> None:
        """Follow the lowest floor down to one factorisation and evaluate its best class: a first
        incumbent."""
        if not self._waiting or not isinstance(self._waiting[0][2], tuple):
            return
        box: Box = self._waiting[0][2]
        while any(end > first + 1 for first, end in box):
            parts = [part for at in range(len(box)) for part in self._divided(box, at)]
            keys = self._keys(parts)
            best = min(range(len(parts)), key=keys.__getitem__)
            if keys[best][0] == float("inf"):
                return
            box = parts[best]
        leaf = self._leaf(box)
        try:
            ordered = sorted(leaf.classes(), key=lambda c: self._key(c.cycles, c.energy_pj))
        except TooManyToList:
            return
        for found in ordered[:8]:
            for mapping in itertools.islice(leaf.mappings(found), 4):
                self._evaluate(mapping)

    def _step(self, deadline: float) -> None:
        boxes: list[Box] = []
        while self._waiting and len(boxes) < BATCH:
            key, number, item = heapq.heappop(self._waiting)
            if self.incumbent.beats(key):
                self.account.prunings["floor not below the best mapping"] += 1
                continue
            if isinstance(item, _Open):
                if boxes:
                    heapq.heappush(self._waiting, (key, number, item))
                    break
                self._continue(key, item, deadline)
                return
            boxes.append(item)
        larger = [box for box in boxes if any(end > first + 1 for first, end in box)]
        if larger:
            self._divide(larger)
        for box in boxes:
            if all(end == first + 1 for first, end in box):
                self._open(box)

    def _divide(self, boxes: Sequence[Box]) -> None:
        """Divide each box along the dimension that raises the lower of both floors most."""
        self.account.nodes += len(boxes)
        parts: list[Box] = []
        owners: list[tuple[int, int]] = []
        for number, box in enumerate(boxes):
            for at in range(len(box)):
                for part in self._divided(box, at):
                    parts.append(part)
                    owners.append((number, at))
        keys = self._keys(parts)
        options: list[dict[int, list[tuple[Key, Box]]]] = [{} for _ in boxes]
        for key, part, (number, at) in zip(keys, parts, owners, strict=True):
            options[number].setdefault(at, []).append((key, part))
        for of_box in options:
            chosen = max(of_box.values(), key=lambda two: (min(two)[0], max(two)[0]))
            for key, part in chosen:
                self._wait(key, part)

    def _divided(self, box: Box, at: int) -> list[Box]:
        first, end = box[at]
        if end == first + 1:
            return []
        cut = self._vectors[self._around.active[at]].cut(first, end)
        return [(*box[:at], part, *box[at + 1 :]) for part in ((first, cut), (cut, end))]

    def _push(self, boxes: Sequence[Box]) -> None:
        for key, box in zip(self._keys(boxes), boxes, strict=True):
            self._wait(key, box)

    def _wait(self, key: Key, item: Box | _Open) -> None:
        if key[0] == float("inf"):
            self.account.prunings["nothing fits, or the caps are exceeded"] += 1
        elif self.incumbent.beats(key):
            self.account.prunings["floor not below the best mapping"] += 1
        else:
            heapq.heappush(self._waiting, (key, next(self._numbers), item))

    def _keys(self, boxes: Sequence[Box]) -> list[Key]:
        floors = self._floors.of(boxes)
        return [
            self._key(float(cycles), float(energy), latency=0)
            for cycles, energy in zip(floors.cycles, floors.energy, strict=True)
        ]

    def _key(self, cycles: float, energy: float, latency: int | None = None) -> Key:
        cycles += self._around.basis.latency if latency is None else latency
        goals = self.incumbent.objective.goals
        if cycles == float("inf") or not self.incumbent.admits(cycles, energy):
            return (float("inf"),) * len(goals)
        return key_of(goals, cycles, energy)

    # Factorisations ---------------------------------------------------------------------------

    def _leaf(self, box: Box) -> Leaf:
        digits = [0] * len(self._vectors)
        for d, vectors in enumerate(self._vectors):
            digits[d] = int(vectors.numbers[0])
        rows = [first for first, _ in box]
        for row, d in zip(rows, self._around.active, strict=True):
            digits[d] = int(self._vectors[d].numbers[row])
        return Leaf(self._around, rows, self._space.factorization_of(digits))

    def _open(self, box: Box) -> None:
        self.account.factorizations += 1
        leaf = self._leaf(box)
        try:
            classes = list(leaf.classes())
        except TooManyToList:
            self.account.prunings["too many masks or orders to list: floor kept"] += 1
            self._unresolved.append(self._keys([box])[0])
            return
        self.account.opened += 1
        waiting = sorted(
            ((self._key(found.cycles, found.energy_pj), found) for found in classes), key=lambda pair: pair[0]
        )
        if waiting:
            self._wait(waiting[0][0], _Open(leaf, waiting))

    def _continue(self, key: Key, opened: _Open, deadline: float) -> None:
        """Evaluate mappings of one factorisation until its floor is excluded, others are due or time is
        up."""
        evaluated = 0
        while opened.classes:
            floor, found = opened.classes[0]
            if self.incumbent.beats(floor) or floor[0] == float("inf"):
                self.account.prunings["floor not below the best mapping"] += len(opened.classes)
                return
            if floor > key or evaluated >= AT_ONCE or time.monotonic() >= deadline:
                self._wait(floor, opened)
                return
            if opened.mappings is None:
                opened.mappings = opened.leaf.mappings(found)
            mapping = next(opened.mappings, None)
            if mapping is None:
                opened.mappings = None
                opened.classes.pop(0)
                continue
            self._evaluate(mapping)
            evaluated += 1

    def _evaluate(self, mapping: Mapping) -> None:
        self.account.evaluated += 1
        try:
            stats = evaluate(self._space.architecture, self._space.problem, mapping)
        except (InvalidMapping, Unsupported):
            return
        self.incumbent.offer(mapping, stats.cycles, stats.energy_pj)


@dataclass
class _Open:
    """A factorisation whose classes of orders are being evaluated."""

    leaf: Leaf
    classes: list[tuple[Key, OrderClass]]
    mappings: Iterator[Mapping] | None = None
