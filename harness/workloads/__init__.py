"""From a model (preset or file, with overridden sizes) to problems with repetition counts.

Public: :func:`list_models`, :func:`load_model`, :func:`list_layers`, :func:`find_layer`, :func:`gemm_layer`,
:func:`layer_with_densities`, and the plain classes :class:`Model`, :class:`Operator`, :class:`Edge`,
:class:`Tensor`, :class:`Layer`, :class:`Repeat`, :class:`TransformerShape`. See ``docs/workloads.md``.
"""

from harness.workloads.catalogue import (
    DEFAULT_MODEL,
    find_layer,
    list_collections,
    list_layers,
    list_models,
    load_model,
)
from harness.workloads.densities import layer_with_densities
from harness.workloads.gemm import gemm_layer
from harness.workloads.layer import Layer, OperatorClass, Repeat
from harness.workloads.model import Edge, Model, Operator, Tensor
from harness.workloads.shapes import Window, conv_problem, matmul_problem, norm_problem
from harness.workloads.transformer_shape import TransformerShape

__all__ = [
    "DEFAULT_MODEL",
    "Edge",
    "Layer",
    "Model",
    "Operator",
    "OperatorClass",
    "Repeat",
    "Tensor",
    "TransformerShape",
    "Window",
    "conv_problem",
    "find_layer",
    "gemm_layer",
    "layer_with_densities",
    "list_collections",
    "list_layers",
    "list_models",
    "load_model",
    "matmul_problem",
    "norm_problem",
]
