"""Which tensors a model of a shape has, in the order of the file: names, sizes, and what fills them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from agent_agency.inference.local.test_model.shapes import Shape

Filling = Literal["normal", "ones", "signs"]
EMBEDDING_SPREAD = 0.02
BIAS_SPREAD = 0.02


@dataclass(frozen=True, slots=True)
class Tensor:
    """One tensor: ``size`` as (rows, columns) or (length,).

    ``filling`` is ``normal`` (mean 0, standard deviation ``spread``), ``ones``, or ``signs`` (plus or minus ``spread``
    at random).
    """

    name: str
    size: tuple[int, ...]
    filling: Filling
    spread: float = 1.0

    @property
    def count(self) -> int:
        """How many numbers it holds."""
        return math.prod(self.size)


def tensors_of(shape: Shape, logit_spread: float) -> tuple[Tensor, ...]:
    """List a model's tensors.

    Args:
        shape: the sizes.
        logit_spread: the standard deviation of one answer's logits over the vocabulary, roughly.
    """
    signs = logit_spread / (EMBEDDING_SPREAD * math.sqrt(shape.hidden))
    return (
        Tensor("token_embd.weight", (shape.vocabulary, shape.hidden), "normal", EMBEDDING_SPREAD),
        *(tensor for layer in range(shape.layers) for tensor in _block(shape, f"blk.{layer}.")),
        Tensor("output_norm.weight", (shape.hidden,), "signs", signs),
    )


def parameter_count(shape: Shape) -> int:
    """Parameters of a model of this shape; the embeddings, which are also its head, count once."""
    return sum(tensor.count for tensor in tensors_of(shape, 1.0))


def _block(shape: Shape, place: str) -> Iterator[Tensor]:
    queries = shape.heads * shape.head_size
    keys = shape.kv_heads * shape.head_size
    yield Tensor(f"{place}attn_norm.weight", (shape.hidden,), "ones")
    for name, rows in (("attn_q", queries), ("attn_k", keys), ("attn_v", keys)):
        yield _linear(f"{place}{name}.weight", rows, shape.hidden)
        if shape.architecture == "qwen2":
            yield Tensor(f"{place}{name}.bias", (rows,), "normal", BIAS_SPREAD)
    if shape.architecture == "qwen3":
        yield Tensor(f"{place}attn_q_norm.weight", (shape.head_size,), "ones")
        yield Tensor(f"{place}attn_k_norm.weight", (shape.head_size,), "ones")
    yield _linear(f"{place}attn_output.weight", shape.hidden, queries)
    yield Tensor(f"{place}ffn_norm.weight", (shape.hidden,), "ones")
    yield _linear(f"{place}ffn_gate.weight", shape.feed_forward, shape.hidden)
    yield _linear(f"{place}ffn_up.weight", shape.feed_forward, shape.hidden)
    yield _linear(f"{place}ffn_down.weight", shape.hidden, shape.feed_forward)


def _linear(name: str, rows: int, columns: int) -> Tensor:
    return Tensor(name, (rows, columns), "normal", 1.0 / math.sqrt(columns))
