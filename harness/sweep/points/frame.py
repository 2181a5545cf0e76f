"""What the points of a grid have in common: which keys vary, and how the rest follows from their values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from operator import itemgetter
from typing import Any

from harness.errors import SpecError
from harness.spec.expressions import evaluate_expression
from harness.spec.template_header import Check
from harness.spec.template_parameters import Parameter, ParameterValue
from harness.spec.templates import ArchitectureTemplate
from harness.sweep.points.rules import ARCHITECTURE_NAME, Formula, Rule, formula

REMEMBERED = 16_384
"""Outcomes of each rule, check and formula that are kept: a few megabytes, whatever the number of points."""

AxisValue = ParameterValue | Formula
Chosen = tuple[AxisValue, ...]
Read = Callable[[Any], tuple[Any, ...]]
Truth = Callable[[Any], bool]
Stage = tuple[slice, list[tuple[Read, Truth]]]


@dataclass(frozen=True)
class Unusable:
    """What a formula gave where it gave no value of its parameter."""

    reason: str
    shown: ParameterValue = None


class Frame:
    """Of all points of ``template`` whose ``keys`` are set, ``formulas`` being those that a key may have.

    Points are tuples of one value for each key (:data:`Chosen`). Truths of rules, of checks and values of
    formulas are remembered by the values that they depend on.
    """

    def __init__(
        self,
        template: ArchitectureTemplate,
        architecture: str,
        keys: tuple[str, ...],
        formulas: Mapping[str, tuple[Formula, ...]],
        rules: Sequence[Rule],
    ) -> None:
        self.architecture = architecture
        self.keys = keys
        self._parameters = template.parameter
        self._names: dict[str, Any] = {p.name: p.default for p in template.parameters}
        self._names[ARCHITECTURE_NAME] = architecture
        self._formulas = formulas
        self._order = self._formula_order()
        self._values: dict[tuple[str, Formula], tuple[Read, Callable[[Any], Any]]] = {}
        self._checks = [self._check(check) for check in template.checks]
        self._rules = [self._rule(rule) for rule in rules]

    def stages(self, positions: Sequence[int]) -> list[Stage]:
        """Keys at ``positions`` in runs, each with the rules that can be told at its end.

        A rule is (what it reads of the values chosen so far, its truth).
        """
        place = {position: k for k, position in enumerate(positions)}
        at_end: dict[int, list[tuple[Read, Truth]]] = {}
        for depends, truth in self._rules:
            own = [place[position] for position in depends]
            at_end.setdefault(max(own, default=-1) + 1, []).append((_getter(own), truth))
        ends = sorted({*at_end, len(positions)})
        starts = [0, *ends[:-1]]
        return [(slice(start, end), at_end.get(end, [])) for start, end in zip(starts, ends, strict=True)]

    @cached_property
    def ruled(self) -> list[int]:
        """The positions of the keys that some rule depends on."""
        return sorted({position for depends, _ in self._rules for position in depends})

    def resolved(self, chosen: Chosen) -> tuple[dict[str, ParameterValue], str | None]:
        """All parameters of a point, and why it cannot be built, if so."""
        names: dict[str, Any] = self._names.copy()
        names.update(zip(self.keys, chosen, strict=True))
        self._evaluate(self._order, names)
        reasons: list[str] = []
        for key in self._order:
            if isinstance(names[key], Unusable):
                reasons.append(names[key].reason)
                names[key] = names[key].shown
        if not reasons:
            for read, complaint in self._checks:
                said = complaint(read(names))
                if said is not None:
                    reasons.append(said)
        del names[ARCHITECTURE_NAME]
        return names, "; ".join(dict.fromkeys(reasons)) or None

    def _evaluate(self, keys: Sequence[str], names: dict[str, Any]) -> None:
        """Puts values in the place of formulas; ``keys`` in an order in which each finds its own."""
        for key in keys:
            given = names[key]
            if isinstance(given, Formula):
                read, value = self._value(key, given)
                names[key] = value(read(names))

    def _value(self, key: str, formula: Formula) -> tuple[Read, Callable[[Any], Any]]:
        known = self._values.get((key, formula))
        if known is not None:
            return known
        parameter = self._parameters[key]
        needed = [n for n in formula.names if n in self._names]

        @lru_cache(maxsize=REMEMBERED)
        def value(given: tuple[Any, ...]) -> ParameterValue | Unusable:
            for one in given:
                if isinstance(one, Unusable):
                    return Unusable(one.reason)
            return _computed(parameter, formula, dict(zip(needed, given, strict=True)))

        made = self._values[key, formula] = (_getter(needed), value)
        return made

    def _check(self, check: Check) -> tuple[Read, Callable[[Any], str | None]]:
        names = [n for n in formula(check.expression).names if n in self._names]

        @lru_cache(maxsize=REMEMBERED)
        def complaint(given: tuple[Any, ...]) -> str | None:
            try:
                values = dict(zip(names, given, strict=True))
                return None if evaluate_expression(check.expression, values) else check.message
            except SpecError as error:
                return f"{check.message}: {error.message}"

        return _getter(names), complaint

    def _rule(self, rule: Rule) -> tuple[tuple[int, ...], Truth]:
        wanted = [n for n in rule.formula.names if n in self._names]
        depends = self._depends(wanted)
        keys = [self.keys[position] for position in depends]
        order = [key for key in self._order if key in keys]
        own = {*wanted, *(n for key in order for f in self._formulas[key] for n in f.names)}
        constants = {name: value for name, value in self._names.items() if name in own}

        @lru_cache(maxsize=REMEMBERED)
        def truth(given: tuple[Any, ...]) -> bool:
            names = constants.copy()
            names.update(zip(keys, given, strict=True))
            self._evaluate(order, names)
            read = {name: names[name] for name in wanted}
            return any(isinstance(v, Unusable) for v in read.values()) or rule.holds(read)

        return depends, truth

    def _depends(self, names: Sequence[str]) -> tuple[int, ...]:
        """The positions of the keys from which the values of ``names`` follow, through formulas as well."""
        found: set[str] = set()
        waiting = list(names)
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting.extend(n for f in self._formulas.get(name, ()) for n in f.names)
        return tuple(k for k, key in enumerate(self.keys) if key in found)

    def _formula_order(self) -> list[str]:
        done: list[str] = []

        def visit(key: str, above: tuple[str, ...]) -> None:
            if key in above:
                circle = " -> ".join([*above[above.index(key) :], key])
                raise SpecError(f"the expressions go round in a circle: {circle}")
            if key in done or key not in self._formulas:
                return
            for own in self._formulas[key]:
                for name in own.names:
                    visit(name, (*above, key))
            done.append(key)

        for key in self._formulas:
            visit(key, ())
        return done


def _computed(parameter: Parameter, formula: Formula, names: Mapping[str, Any]) -> ParameterValue | Unusable:
    what = f"{parameter.name} '={formula.text}'"
    try:
        value = formula.value(names)
    except SpecError as error:
        return Unusable(f"{what}: {error.message}" + (f" ({error.hint})" if error.hint else ""))
    try:
        return parameter.read(value)
    except ValueError as error:
        shown = value if isinstance(value, bool | int | float | str) else None
        return Unusable(f"{what}: {error}", shown)


def _getter(keys: Sequence[Any]) -> Callable[[Any], tuple[Any, ...]]:
    """``operator.itemgetter`` that gives a tuple for no key and for one as well."""
    if not keys:
        return lambda _: ()
    if len(keys) == 1:
        only = keys[0]
        return lambda values: (values[only],)
    return itemgetter(*keys)
