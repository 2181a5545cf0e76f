"""What both engines are to agree on: architectures with layers, fused ones, and varied parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

from harness.errors import HarnessError
from harness.fusion import Fusion, fusable_pairs, plan_fusion
from harness.spec.template_parameters import Parameter, ParameterValue
from harness.spec.templates import ArchitectureTemplate, list_architectures, load_architecture_template
from harness.workloads import Layer, list_collections, list_models, load_model

MACROS = ("colonnade", "isaac", "jia")
"""By name only: they are measured circuits beside the architectures."""

VARIED_ON = ("KTQ", "FF1", "softmax")
"""Of a small model: the layers on which parameters are varied."""

SMALL_MODEL, SMALL_SEQUENCE = "bert-base", 512


@dataclass(frozen=True)
class Pair:
    """One layer on one architecture; ``what`` says which part of the table it belongs to."""

    what: str
    architecture: str
    layer: Layer
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)
    fusion: Fusion | None = None

    @property
    def name(self) -> str:
        told = f"{self.layer.model}/{self.layer.name}"
        if self.fusion is not None:
            told += f" fused at {self.fusion.level}"
        return " ".join([told, *(f"{name}={value}" for name, value in self.parameters.items())])


def architectures(names: Sequence[str]) -> list[ArchitectureTemplate]:
    """Those named, or all that are shipped; variants for norm operators come with their architectures."""
    if names:
        return [load_architecture_template(name) for name in names]
    shipped = [template for template in list_architectures() if template.variant_of is None]
    return [*shipped, *map(load_architecture_template, MACROS)]


def pairs_of(template: ArchitectureTemplate, only: Sequence[str], most: int) -> list[Pair]:
    """At most ``most`` of each kind, spread over all that there are; ``only`` names of layers."""
    wanted = {name.lower() for name in only}
    kinds: dict[str, list[Pair]] = {}
    for pair in chain(_plain(template), _fused(template), _varied(template)):
        if not wanted or pair.layer.name.lower() in wanted:
            kinds.setdefault(pair.what, []).append(pair)
    return [pair for kind in kinds.values() for pair in _spread(kind, most)]


def _spread(pairs: Sequence[Pair], most: int) -> list[Pair]:
    if not most or len(pairs) <= most:
        return list(pairs)
    return [pairs[place * len(pairs) // most] for place in range(most)]


def _plain(template: ArchitectureTemplate) -> Iterator[Pair]:
    """Each problem once, whatever its names."""
    seen = set()
    for model in (*list_models(), *list_collections()):
        for layer in model.layers:
            problem = replace(layer.problem, name="")
            if layer.operator in template.all_operators and problem not in seen:
                seen.add(problem)
                yield Pair(layer.operator, template.name, layer)


def _fused(template: ArchitectureTemplate) -> Iterator[Pair]:
    for model in (load_model("bert-large"), load_model("gpt2-small")):
        for pair in fusable_pairs(model):
            for level in template.fusion_levels:
                for side in (pair.producer, pair.consumer):
                    if side.operator in template.all_operators:
                        fusion = plan_fusion(side.name, level, template.fusion_levels, model)
                        yield Pair("fused", template.name, side, fusion=fusion)


def _varied(template: ArchitectureTemplate) -> Iterator[Pair]:
    model = load_model(SMALL_MODEL, {"sequence_length": SMALL_SEQUENCE})
    layers = [layer for layer in model.layers if layer.name in VARIED_ON]
    for parameter in template.parameters:
        for value in _other_values(parameter):
            given = {parameter.name: value}
            try:
                template.resolve(given)
            except HarnessError:
                continue
            for layer in layers:
                if layer.operator in template.all_operators:
                    yield Pair("parameters", template.name, layer, given)


def _other_values(parameter: Parameter) -> Iterator[ParameterValue]:
    default = parameter.default
    if parameter.type == "bool":
        yield not default
    elif parameter.type == "choice":
        yield from (choice for choice in parameter.choices if choice != default)
    elif isinstance(default, int):
        yield from (value for value in (default * 2, default // 2) if value != default)
    elif isinstance(default, float):
        yield from (default * 2, default / 2)
