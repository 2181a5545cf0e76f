"""From the sizes of a Transformer to the operators of one of its blocks.

Batch: where the samples share a trained weight (KQV, Out, FF1, FF2) the batch is the dimension N of the
problem, so that the mapper can reuse the weight. Where each sample has operands of its own (KTQ, VScores,
softmax, layernorm) the samples are repetitions, as the heads are. The model's sizes are those of a forward
pass over the full sequence; biases, activation functions, residual additions, embeddings and causal masks
are not modelled.
"""

from __future__ import annotations

from harness.workloads.layer import Layer, Repeat
from harness.workloads.model import Operator, Tensor
from harness.workloads.shapes import matmul_problem, norm_problem
from harness.workloads.transformer_shape import TransformerShape

LAYERNORM_SWEEPS = 3
LAYERNORMS_PER_BLOCK = 2
WEIGHTS = frozenset({"Weights"})


def block_operators(shape: TransformerShape, model: str) -> tuple[Operator, ...]:
    """The nine operators of a block, in the order of execution."""
    layers = {layer.name: layer for layer in block_layers(shape, model)}
    pre = shape.normalisation == "pre"

    def operator(name: str, inputs: str, outputs: str, weights: str | None = None) -> Operator:
        held = weights or f"{name} weights"
        return Operator(name, layers[name], (("Weights", held), ("Inputs", inputs), ("Outputs", outputs)))

    def layernorm(place: int, inputs: str, outputs: str) -> Operator:
        name = f"layernorm_{place}"
        tensors = (("Weights", f"{name} weights"), ("Inputs", inputs), ("Outputs", outputs))
        return Operator(name, layers["layernorm"], tensors)

    before = layernorm(1, "block input", "attention input")
    attention = (
        operator("KQV", "attention input" if pre else "block input", "queries keys values"),
        operator("KTQ", "queries keys values", "scores", weights="queries keys values"),
        operator("softmax", "scores", "probabilities"),
        operator("VScores", "probabilities", "context", weights="queries keys values"),
        operator("Out", "context", "attention output"),
    )
    between = layernorm(2 if pre else 1, "attention output", "feed-forward input")
    feed_forward = (
        operator("FF1", "feed-forward input", "feed-forward inner"),
        operator("FF2", "feed-forward inner", "block output" if pre else "feed-forward output"),
    )
    after = layernorm(2, "feed-forward output", "block output")
    if pre:
        return (before, *attention, between, *feed_forward)
    return (*attention, between, *feed_forward, after)


def block_layers(shape: TransformerShape, model: str) -> tuple[Layer, ...]:
    """The eight distinct layers of a block, each with its repetitions in the whole model."""
    hidden, length, head = shape.hidden, shape.sequence_length, shape.head_width
    blocks = Repeat(shape.blocks, "block")
    samples = Repeat(shape.batch, "sample")
    heads = Repeat(shape.heads, "head")

    def projection(name: str, d: int, e: int, meaning: str) -> Layer:
        problem = matmul_problem(name, d, e, length, shape.batch)
        return Layer(name, problem, "matmul", (blocks,), model, WEIGHTS, meaning)

    def per_head(name: str, d: int, e: int, meaning: str) -> Layer:
        problem = matmul_problem(name, d, e, length)
        return Layer(name, problem, "matmul", (heads, samples, blocks), model, frozenset(), meaning)

    softmax = norm_problem("softmax", length, length, shape.softmax_sweeps)
    layernorm = norm_problem("layernorm", length, hidden, LAYERNORM_SWEEPS)
    twice = Repeat(LAYERNORMS_PER_BLOCK, "place")
    return (
        projection("KQV", 3 * hidden, hidden, "queries, keys and values in one projection"),
        per_head("KTQ", length, head, "attention scores of one head, keys by queries"),
        Layer(
            "softmax",
            softmax,
            "norm",
            (heads, samples, blocks),
            model,
            description=f"softmax over the scores of one head, {shape.softmax_sweeps} sweeps",
        ),
        per_head("VScores", head, length, "values weighted by the softmaxed scores of one head"),
        projection("Out", hidden, hidden, "output projection of the attention"),
        Layer(
            "layernorm",
            layernorm,
            "norm",
            (twice, samples, blocks),
            model,
            description="layer normalisation, 3 sweeps",
        ),
        projection("FF1", shape.feed_forward, hidden, "feed-forward part, upwards"),
        projection("FF2", hidden, shape.feed_forward, "feed-forward part, downwards"),
    )


def block_tensors(shape: TransformerShape) -> tuple[Tensor, ...]:
    """All tensors of one block with their sizes in words."""
    tokens = shape.sequence_length * shape.batch
    width, inner = shape.hidden, shape.feed_forward
    scores = shape.heads * shape.sequence_length * tokens
    pre = shape.normalisation == "pre"
    activations = {
        "block input": width * tokens,
        "attention input": width * tokens if pre else 0,
        "queries keys values": 3 * width * tokens,
        "scores": scores,
        "probabilities": scores,
        "context": width * tokens,
        "attention output": width * tokens,
        "feed-forward input": width * tokens,
        "feed-forward inner": inner * tokens,
        "feed-forward output": 0 if pre else width * tokens,
        "block output": width * tokens,
    }
    parameters = {
        "KQV weights": 3 * width * width,
        "Out weights": width * width,
        "FF1 weights": width * inner,
        "FF2 weights": width * inner,
    }
    sweeps = {
        "softmax weights": shape.softmax_sweeps,
        "layernorm_1 weights": LAYERNORM_SWEEPS,
        "layernorm_2 weights": LAYERNORM_SWEEPS,
    }
    return (
        *(Tensor(name, "activation", words) for name, words in activations.items() if words),
        *(Tensor(name, "parameter", words) for name, words in parameters.items()),
        *(Tensor(name, "fictitious", words) for name, words in sweeps.items()),
    )
