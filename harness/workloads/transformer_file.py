"""Reading a Transformer's file: sizes and where they were published."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal, cast

from harness.errors import Location, SpecError, unknown_name
from harness.spec.located import LocatedDict, where
from harness.workloads.densities import with_densities
from harness.workloads.fields import (
    Node,
    names,
    one_of,
    refuse_unknown_keys,
    require_mapping,
    text,
    whole_number,
)
from harness.workloads.model import Model, Operator
from harness.workloads.transformer import block_operators, block_tensors
from harness.workloads.transformer_shape import TransformerShape

SIZES = ("hidden", "heads", "feed_forward", "sequence_length", "blocks", "batch", "softmax_sweeps")
DESCRIPTIVE = ("name", "aliases", "description", "family", "source", "published_sequence_length")
KEYS = (*DESCRIPTIVE, *SIZES, "normalisation", "density")
SHORT_NAMES = {
    "seq": "sequence_length",
    "seq_length": "sequence_length",
    "ff": "feed_forward",
    "layers": "blocks",
    "sweeps": "softmax_sweeps",
}
Overrides = Mapping[str, int | str]


def read_transformer(tree: Node, fallback_name: str, overrides: Overrides) -> Model:
    """A model file's tree with the ``overrides`` of the command line laid over it.

    Raises SpecError for unknown keys, missing or wrong values and sizes that do not fit together.
    """
    refuse_unknown_keys(tree, KEYS, "a model file")
    name = text(tree, "name", "the model", fallback_name)
    fields = _overlay(tree, name, overrides)
    shape = _shape(fields, name)
    return Model(
        name=name,
        operators=_with_densities(block_operators(shape, name), tree, name),
        tensors=block_tensors(shape),
        description=text(tree, "description", name, ""),
        family=text(tree, "family", name, ""),
        source=text(tree, "source", name, ""),
        aliases=names(tree, "aliases", name),
        shape=shape,
    )


def _with_densities(operators: tuple[Operator, ...], tree: Node, name: str) -> tuple[Operator, ...]:
    """The operators with the densities of the file, by layer and data space."""
    if "density" not in tree:
        return operators
    given = require_mapping(tree["density"], f"'density' of {name}", tree, "density")
    layers = {operator.layer.name: operator.layer for operator in operators}
    for key in given:
        if key not in layers:
            raise unknown_name(f"layer in the densities of {name}:", str(key), layers, where(given, key))
    filled = {
        key: replace(layer, problem=with_densities(layer.problem, given, key, name))
        for key, layer in layers.items()
    }
    return tuple(replace(operator, layer=filled[operator.layer.name]) for operator in operators)


def _overlay(tree: Node, name: str, overrides: Overrides) -> Node:
    fields = LocatedDict(tree, location=where(tree))
    fields.key_locations = {key: place for key in tree if (place := where(tree, key)) is not None}
    command = Location("command line")
    for given, value in overrides.items():
        key = SHORT_NAMES.get(given, given)
        if key not in (*SIZES, "normalisation"):
            raise unknown_name(f"size of {name}", given, (*SIZES, "normalisation", *SHORT_NAMES), command)
        fields[key] = int(value) if isinstance(value, str) and value.strip().isdecimal() else value
        fields.key_locations[key] = command
    return fields


def _shape(fields: Node, name: str) -> TransformerShape:
    shape = TransformerShape(
        hidden=whole_number(fields, "hidden", name),
        heads=whole_number(fields, "heads", name),
        feed_forward=whole_number(fields, "feed_forward", name),
        sequence_length=whole_number(fields, "sequence_length", name),
        blocks=whole_number(fields, "blocks", name),
        batch=whole_number(fields, "batch", name, 1),
        softmax_sweeps=whole_number(fields, "softmax_sweeps", name, 2),
        normalisation=cast(
            Literal["pre", "post"], one_of(fields, "normalisation", name, ("pre", "post"), "post")
        ),
    )
    if shape.hidden % shape.heads:
        message = f"{name}: hidden {shape.hidden} is not divisible by heads {shape.heads}"
        raise SpecError(message, where(fields, "heads"), _nearest_heads(shape))
    if shape.softmax_sweeps not in (2, 3):
        message = f"{name}: softmax_sweeps must be 2, or 3 with max subtraction, not {shape.softmax_sweeps}"
        raise SpecError(message, where(fields, "softmax_sweeps"))
    return shape


def _nearest_heads(shape: TransformerShape) -> str:
    divisors = [n for n in range(1, min(shape.hidden, 4 * shape.heads) + 1) if shape.hidden % n == 0]
    nearest = min(divisors, key=lambda n: abs(n - shape.heads))
    return f"heads {nearest} would fit"
