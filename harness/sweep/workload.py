"""Which layers a sweep maps, and how often each counts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harness.errors import Location, SpecError, unknown_name
from harness.fusion import Fusion, FusionOptions, fusable_pairs, names_a_pair, parse_pair, plan_fusion
from harness.workloads import Layer, Model, find_layer, list_layers

ALL = "all"
_COMMAND_LINE = Location("command line")


@dataclass(frozen=True)
class LayerShare:
    """A layer and how often its figures count in the sums. ``fusion`` None: it is mapped unfused."""

    layer: Layer
    times: int
    reason: str
    fusion: Fusion | None = None


@dataclass(frozen=True)
class Workload:
    """The layers of a sweep in the order of the model (``all``) or of the command line."""

    model: str
    shares: tuple[LayerShare, ...]
    fusion_level: str | None = None


def choose_layers(
    words: Sequence[str],
    model: Model,
    levels: tuple[str, ...],
    options: FusionOptions,
    ignore_heads: bool = False,
) -> Workload:
    """The layers that ``words`` name, or ``all`` of the model; the last word may be one of ``levels``.

    With a level and ``all``, the layers of the model's fusable pairs are fused and the others are not;
    layers that are named must be fusable. ``ignore_heads`` counts one head instead of all. Raises
    HarnessError for unknown names and for what cannot be fused.
    """
    names, level = _split(_without_pairs(words, model), model, levels)
    if ALL in (name.lower() for name in names):
        if len(names) > 1:
            raise SpecError("'all' already names every layer", _COMMAND_LINE)
        layers = model.layers
        fused = _sides_of_pairs(model)
        if level is not None and not fused:
            raise SpecError(f"{model.name} has no pair of layers to fuse", _COMMAND_LINE)
    else:
        layers = tuple(find_layer(name, model) for name in names)
        fused = {layer.name for layer in layers}
        for layer in layers:
            if layers.count(layer) > 1:
                raise SpecError(f"{layer.name} is named twice", _COMMAND_LINE)
    if level is None and options != FusionOptions():
        raise SpecError("-nef, -lf and -pwim need a fusion level", _COMMAND_LINE)
    shares = []
    for layer in layers:
        fusion = None
        if level is not None and layer.name in fused:
            fusion = plan_fusion(layer.name, level, levels, model, options)
        shares.append(_share(layer, fusion, ignore_heads))
    return Workload(model.name, tuple(shares), level)


def _without_pairs(words: Sequence[str], model: Model) -> list[str]:
    """``KTQ+softmax``, as ``run.py`` has it, is both layers here."""
    names: list[str] = []
    for word in words:
        if names_a_pair(word):
            pair = parse_pair(word, model)
            names += [pair.producer.name, pair.consumer.name]
        else:
            names.append(word)
    return names


def _share(layer: Layer, fusion: Fusion | None, ignore_heads: bool) -> LayerShare:
    counted = [r for r in layer.repeats if not (ignore_heads and r.per == "head")]
    times = math.prod(r.count for r in counted)
    return LayerShare(layer, times, replace(layer, repeats=tuple(counted)).repeat_reason, fusion)


def _split(words: Sequence[str], model: Model, levels: tuple[str, ...]) -> tuple[list[str], str | None]:
    """The names of layers and the fusion level, if the last word is one."""
    known = {layer.name.lower() for layer in (*model.layers, *list_layers())} | {ALL}
    last = words[-1].lower()
    if len(words) == 1 or last in known:
        return list(words), None
    for level in levels:
        if level.lower() == last:
            return list(words[:-1]), level
    names = (*(layer.name for layer in model.layers), *levels)
    raise unknown_name("layer or fusion level", words[-1], names, _COMMAND_LINE)


def _sides_of_pairs(model: Model) -> set[str]:
    pairs = fusable_pairs(model)
    return {layer.name for pair in pairs for layer in (pair.producer, pair.consumer)}
