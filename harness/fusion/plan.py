"""What to fuse, where and how: pairs of layers, the level, the options; all names checked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from harness.errors import Location, SpecError, Unsupported, unknown_name
from harness.workloads.catalogue import find_layer
from harness.workloads.layer import Layer
from harness.workloads.model import Model

COMMAND = Location("command line")


@dataclass(frozen=True, slots=True)
class FusionOptions:
    """The three switches of fusion, by their command line names -nef, -lf and -pwim.

    ``no_e_fusion``: the reduction E may be split above the level. ``l_fusion``: L too must be whole at the
    level. ``pay_writeback_in_matmul``: the matmul writes the intermediate out and pays for it, and the
    normalisation does not write its result; otherwise it is the other way round.
    """

    no_e_fusion: bool = False
    l_fusion: bool = False
    pay_writeback_in_matmul: bool = False

    @property
    def pinned(self) -> tuple[str, ...]:
        """Dimensions of the matmul that must not iterate above the fusion level."""
        return ("D", *(() if self.no_e_fusion else ("E",)), *(("L",) if self.l_fusion else ()))


@dataclass(frozen=True)
class FusedPair:
    """A matmul and the normalisation that consumes its result, column by column.

    ``consumers_per_producer``: one run of the matmul may feed several of the normalisation (a batch).
    """

    producer: Layer
    consumer: Layer
    tensor: str

    @property
    def name(self) -> str:
        return f"{self.producer.name}+{self.consumer.name}"

    @property
    def repeat(self) -> int:
        """How often the pair occurs in its model."""
        return self.producer.repeat

    @property
    def consumers_per_producer(self) -> int:
        made = math.prod(self.producer.problem.bound[d] for d in ("D", "L", "N", "Q", "G"))
        return made // math.prod(self.consumer.problem.bound[d] for d in ("E", "L"))


@dataclass(frozen=True)
class Fusion:
    """A checked plan: ``pair`` fused at ``level``, one of the architecture's ``levels`` (outermost first)."""

    pair: FusedPair
    level: str
    levels: tuple[str, ...]
    options: FusionOptions = FusionOptions()

    @property
    def at_outermost(self) -> bool:
        """Fusing at the outermost level only fixes a loop order: the intermediate still goes there."""
        return self.level == self.levels[0]


def fusable_pairs(model: Model) -> tuple[FusedPair, ...]:
    """Every matmul of the model's graph whose result a normalisation consumes, in the model's order."""
    operators = {operator.name: operator.layer for operator in model.operators}
    pairs: dict[str, FusedPair] = {}
    for edge in model.edges:
        producer, consumer = operators[edge.producer], operators[edge.consumer]
        if producer.operator == "matmul" and consumer.operator == "norm":
            pair = FusedPair(producer, consumer, edge.tensor)
            pairs.setdefault(pair.name, pair)
    return tuple(pairs.values())


def names_a_pair(text: str) -> bool:
    """True for "KTQ+softmax", False for "KTQ" and for layers whose names end in a plus ("vggL3+")."""
    return "+" in text.strip().rstrip("+")


def parse_pair(text: str, model: Model) -> FusedPair:
    """The pair that "KTQ+softmax" names, or the one that a single layer ("KTQ", "softmax") belongs to.

    Raises SpecError for unknown names, Unsupported with the reason for layers that cannot be fused.
    """
    if not names_a_pair(text):
        return _pair_with(find_layer(text, model), model)
    words = [word.strip() for word in text.split("+")]
    if len(words) != 2 or not all(words):
        message = f"'{text}' is no pair of layers"
        raise SpecError(message, COMMAND, "write the producer, a plus and the consumer: KTQ+softmax")
    first, second = (find_layer(word, model) for word in words)
    for pair in fusable_pairs(model):
        if (pair.producer.name, pair.consumer.name) == (first.name, second.name):
            return pair
    reason = _why_not(first, second, model)
    raise Unsupported(f"{first.name}+{second.name} cannot be fused: {reason}", COMMAND)


def plan_fusion(
    text: str, level: str, levels: Sequence[str], model: Model, options: FusionOptions | None = None
) -> Fusion:
    """The plan for a layer or a pair (see :func:`parse_pair`) at one of the architecture's fusion levels.

    ``levels`` are the levels at which the architecture lets operators be fused, the outermost first.
    """
    if not levels:
        raise Unsupported("this architecture declares no level to fuse at", COMMAND)
    named = {name.lower(): name for name in levels}
    if level.lower() not in named:
        raise unknown_name("fusion level", level, levels, COMMAND)
    return Fusion(parse_pair(text, model), named[level.lower()], tuple(levels), options or FusionOptions())


def _pair_with(layer: Layer, model: Model) -> FusedPair:
    pairs = fusable_pairs(model)
    for pair in pairs:
        if layer in (pair.producer, pair.consumer):
            return pair
    hint = f"fusable in {model.name}: " + ", ".join(pair.name for pair in pairs) if pairs else None
    raise Unsupported(
        f"{layer.name} cannot be fused: no normalisation consumes its result, so keeping the result on chip "
        "would only drop its output traffic",
        COMMAND,
        hint,
    )


def _why_not(first: Layer, second: Layer, model: Model) -> str:
    reversed_pairs = {(pair.consumer.name, pair.producer.name) for pair in fusable_pairs(model)}
    if (first.name, second.name) in reversed_pairs:
        return f"{first.name} consumes the result of {second.name}; write {second.name}+{first.name}"
    operators = {operator.name: operator.layer.name for operator in model.operators}
    flows = {(operators[edge.producer], operators[edge.consumer]) for edge in model.edges}
    if (first.name, second.name) not in flows:
        return f"no result of {first.name} goes to {second.name} in {model.name}"
    if first.operator == "norm":
        return (
            f"{second.name} reads each column of {first.name}'s result again for every tile of its output "
            "rows, and only a normalisation that consumes each column once is modelled"
        )
    return f"{second.name} is no normalisation, so dropping {first.name}'s output traffic would be wrong"
