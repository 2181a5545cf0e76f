"""Reading a collection of layers that share nothing: GEMM suites, convolutions, a user's own layers."""

from __future__ import annotations

from typing import cast

from harness.errors import SpecError
from harness.spec.located import where
from harness.spec.problem import Problem
from harness.workloads.densities import with_densities
from harness.workloads.fields import (
    Node,
    names,
    one_of,
    refuse_unknown_keys,
    require_mapping,
    text,
    truth,
    whole_number,
)
from harness.workloads.layer import OPERATOR_CLASSES, Layer, OperatorClass, Repeat
from harness.workloads.model import Model, Operator
from harness.workloads.shapes import Window, conv_problem, matmul_problem, norm_problem

COLLECTION_KEYS = ("name", "aliases", "description", "source", "operator", "layers")
COMMON_KEYS = ("operator", "repeat", "density", "source", "note")
WINDOW_KEYS = ("stride", "dilation", "Hstride", "Wstride", "Hdilation", "Wdilation")
SIZE_KEYS: dict[OperatorClass, tuple[str, ...]] = {
    "matmul": ("D", "E", "L", "N"),
    "conv": ("N", "E", "D", "R", "S", "L", "Q", "G"),
    "norm": ("L", "E", "sweeps"),
}


def read_layer_collection(tree: Node, fallback_name: str) -> Model:
    """A file with ``layers: {name: {sizes}}`` as a model whose operators share no tensors."""
    refuse_unknown_keys(tree, COLLECTION_KEYS, "a layer file")
    collection = text(tree, "name", "the layer file", fallback_name)
    default = one_of(tree, "operator", collection, OPERATOR_CLASSES, "matmul")
    entries = require_mapping(tree["layers"], f"'layers' of {collection}", tree, "layers")
    if not entries:
        raise SpecError(f"{collection} has no layers", where(tree, "layers"))
    layers = [_layer(entries, str(name), cast(OperatorClass, default), collection) for name in entries]
    return Model(
        name=collection,
        operators=tuple(Operator(layer.name, layer) for layer in layers),
        description=text(tree, "description", collection, ""),
        source=text(tree, "source", collection, ""),
        aliases=names(tree, "aliases", collection),
    )


def _layer(entries: Node, name: str, default: OperatorClass, collection: str) -> Layer:
    what = f"layer {name}"
    node = require_mapping(entries[name], what, entries, name)
    operator = cast(OperatorClass, one_of(node, "operator", what, OPERATOR_CLASSES, default))
    own_keys = (*WINDOW_KEYS, "transposed") if operator == "conv" else ()
    refuse_unknown_keys(node, (*SIZE_KEYS[operator], *own_keys, *COMMON_KEYS), f"{what} ({operator})")
    repeat = whole_number(node, "repeat", what, 1)
    return Layer(
        name=name,
        problem=with_densities(_problem(node, name, operator), node, "density", what),
        operator=operator,
        repeats=(Repeat(repeat, "time"),) if repeat > 1 else (),
        model=collection,
        parameters=frozenset() if operator == "norm" else frozenset({"Weights"}),
        description=text(node, "note", what, "") or text(node, "source", what, ""),
    )


def _problem(node: Node, name: str, operator: OperatorClass) -> Problem:
    what = f"layer {name}"
    if operator == "conv":
        return _convolution(node, name, what)
    length, e = whole_number(node, "L", what), whole_number(node, "E", what)
    if operator == "norm":
        return norm_problem(name, length, e, whole_number(node, "sweeps", what))
    return matmul_problem(name, whole_number(node, "D", what), e, length, whole_number(node, "N", what, 1))


def _convolution(node: Node, name: str, what: str) -> Problem:
    optional = {"N": 1, "Q": 1, "R": 1, "S": 1}
    sizes = {key: whole_number(node, key, what, optional.get(key)) for key in SIZE_KEYS["conv"] if key != "G"}
    if "G" in node:
        sizes["G"] = whole_number(node, "G", what)
    stride, dilation = whole_number(node, "stride", what, 1), whole_number(node, "dilation", what, 1)
    window = Window(
        stride_h=whole_number(node, "Hstride", what, stride),
        stride_w=whole_number(node, "Wstride", what, stride),
        dilation_h=whole_number(node, "Hdilation", what, dilation),
        dilation_w=whole_number(node, "Wdilation", what, dilation),
    )
    transposed = truth(node, "transposed", what, False)
    if transposed and "G" in sizes:
        raise SpecError(f"{what}: a transposed convolution has no groups", where(node, "G"))
    return conv_problem(name, sizes, window, transposed)
