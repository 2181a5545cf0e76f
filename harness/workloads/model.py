"""A model: a graph of operators with shared tensors, walked as a list in the model's order."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from harness.errors import unknown_name
from harness.spec.problem import Problem
from harness.workloads.layer import Layer
from harness.workloads.transformer_shape import TransformerShape

TensorKind = Literal["parameter", "activation", "fictitious"]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A tensor of one block. ``words`` is its whole size there (all heads and samples together)."""

    name: str
    kind: TensorKind
    words: int


@dataclass(frozen=True)
class Operator:
    """A node of the graph: one occurrence of a layer, with the tensors that its data spaces hold.

    ``tensors`` are (data space, tensor name) pairs. A layer that occurs at several places of a block
    (layernorm) gives several operators with the same ``layer``.
    """

    name: str
    layer: Layer
    tensors: tuple[tuple[str, str], ...] = ()

    @cached_property
    def writes(self) -> tuple[str, ...]:
        return tuple(t for space, t in self.tensors if self.problem.data_space(space).read_write)

    @cached_property
    def reads(self) -> tuple[str, ...]:
        return tuple(t for space, t in self.tensors if not self.problem.data_space(space).read_write)

    @property
    def problem(self) -> Problem:
        return self.layer.problem


@dataclass(frozen=True, slots=True)
class Edge:
    """``tensor`` flows from the operator ``producer`` to the operator ``consumer`` (operator names)."""

    tensor: str
    producer: str
    consumer: str


@dataclass(frozen=True)
class Model:
    """A model, or a collection of layers that share nothing (then ``shape`` is None and there are no edges).

    ``operators`` are those of one block, in the order of execution.
    """

    name: str
    operators: tuple[Operator, ...]
    tensors: tuple[Tensor, ...] = ()
    description: str = ""
    family: str = ""
    source: str = ""
    aliases: tuple[str, ...] = ()
    shape: TransformerShape | None = None

    def __iter__(self) -> Iterator[Operator]:
        return iter(self.operators)

    @cached_property
    def layers(self) -> tuple[Layer, ...]:
        """The distinct layers, in the order of their first occurrence."""
        return tuple({operator.layer.name: operator.layer for operator in self.operators}.values())

    def layer(self, name: str) -> Layer:
        """The layer of that name, whatever its case. Raises SpecError naming the nearest one."""
        for layer in self.layers:
            if layer.name.lower() == name.lower():
                return layer
        raise unknown_name(f"layer of {self.name}", name, [layer.name for layer in self.layers])

    @cached_property
    def edges(self) -> tuple[Edge, ...]:
        """Producer to consumer, for every tensor that one operator writes and a later one reads."""
        return tuple(
            Edge(tensor, producer.name, consumer.name)
            for position, producer in enumerate(self.operators)
            for tensor in producer.writes
            for consumer in self.operators[position + 1 :]
            if tensor in consumer.reads
        )

    @property
    def macs(self) -> int:
        """Computes of the whole model: all layers with all their repetitions."""
        return sum(layer.macs for layer in self.layers)
