"""Which loops become which ranks of a fiber tree.

Ranks are dealt from the outermost loop inwards, or from the innermost outwards. Unit loops get none. A rank
that lists dimensions to flatten takes neighbouring loops over those dimensions together; when the next loop
is over none of them the rank stays empty. Without metadata all loops share the one rank there is. Source:
Timeloop sparse-analysis/representation-analyzer.cpp (ApplyRanksOuterToInner, ApplyRanksInnerToOuter).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.model.geometry import Box
from harness.model.sparse.cells import Dealt

Rules = list[list[frozenset[int]]] | None
"""For each rank, innermost first, its groups of dimensions to flatten; None for a level without metadata."""


@dataclass(slots=True)
class Dealing:
    """``loops`` and ``boxes`` of the ranks that were dealt, innermost first; ``too_few``: loops were left."""

    loops: list[list[Dealt]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)
    too_few: bool = False


def deal_inwards(loops: list[Dealt], boxes: list[Box], rules: Rules, dealt: int) -> Dealing:
    """``loops`` from the innermost with the ``boxes`` they cover; ``dealt`` inner ranks are given already."""
    result = Dealing()
    at, rank = len(loops) - 1, 1 if rules is None else len(rules)
    while rank > dealt and at >= 0:
        while at >= 0 and loops[at].unit:
            at -= 1
        if at < 0:
            break
        rank -= 1
        rule = _rule(rules, rank, loops[at].dimension)
        if rule is _NO_MATCH:
            # The reference puts the empty rank outside those dealt so far.
            result.loops.append([])
            result.boxes.append(boxes[0])
            continue
        group, covered = [loops[at]], boxes[at]
        at -= 1
        while (
            rule is not None and at >= 0 and (rules is None or loops[at].unit or loops[at].dimension in rule)
        ):
            if not loops[at].unit:
                group.append(loops[at])
            at -= 1
        result.loops.insert(0, group)
        result.boxes.insert(0, covered)
    while rank > dealt:
        rank -= 1
        result.loops.insert(0, [])
        result.boxes.insert(0, boxes[0])
    result.too_few = any(not loop.unit for loop in loops[: at + 1])
    return result


def deal_outwards(
    loops: list[Dealt],
    boxes: list[Box],
    rules: Rules,
    dealt: int,
    *,
    one_word: Box,
    first_flattened: dict[int, int],
) -> Dealing:
    """As :func:`deal_inwards`, from the innermost loop. ``first_flattened``: for each rank with a rule the
    dimension that stands for it while it is empty."""
    result = Dealing()
    at, rank = 0, dealt - 1
    last = (1 if rules is None else len(rules)) - 1
    while rank < last and at < len(loops):
        while at < len(loops) and loops[at].unit:
            at += 1
        if at == len(loops):
            break
        rank += 1
        rule = _rule(rules, rank, loops[at].dimension)
        if rule is _NO_MATCH:
            result.loops.append([Dealt(first_flattened[rank], 1)])
            result.boxes.append(one_word)
            continue
        group, covered = [loops[at]], boxes[at]
        at += 1
        while (
            rule is not None
            and at < len(loops)
            and (rules is None or loops[at].unit or loops[at].dimension in rule)
        ):
            if not loops[at].unit:
                group.append(loops[at])
            at += 1
        result.loops.append(group)
        result.boxes.append(covered)
    while rank < last:
        rank += 1
        result.loops.append([])
        result.boxes.append(boxes[0])
    result.too_few = any(not loop.unit for loop in loops[at:])
    return result


_NO_MATCH: frozenset[int] = frozenset({-1})


def _rule(rules: Rules, rank: int, dimension: int) -> frozenset[int] | None:
    """The dimensions that may follow ``dimension`` in this rank; None: the loop stands alone."""
    if rules is None:
        return frozenset()
    if not rules[rank]:
        return None
    return next((group for group in rules[rank] if dimension in group), _NO_MATCH)
