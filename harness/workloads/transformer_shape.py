"""The sizes of a Transformer, checked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Normalisation = Literal["pre", "post"]


@dataclass(frozen=True, slots=True)
class TransformerShape:
    """Sizes of a Transformer encoder or decoder.

    ``hidden`` is the width of the residual stream, ``feed_forward`` the inner width of the feed-forward
    part, ``sequence_length`` in tokens, ``batch`` in samples. ``softmax_sweeps`` is how often softmax runs
    over a column: 2, or 3 when the maximum is subtracted first. ``normalisation`` says whether layernorm
    comes before the attention and the feed-forward part (GPT-2, ViT) or after them (BERT).
    """

    hidden: int
    heads: int
    feed_forward: int
    sequence_length: int
    blocks: int
    batch: int = 1
    softmax_sweeps: int = 2
    normalisation: Normalisation = "post"

    @property
    def head_width(self) -> int:
        return self.hidden // self.heads
