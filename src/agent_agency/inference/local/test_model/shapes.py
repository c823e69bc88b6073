"""The shapes of the models that can be made, as data."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Architecture = Literal["llama", "qwen2", "qwen3"]
DEFAULT_SHAPE = "smol"


@dataclass(frozen=True, slots=True)
class Shape:
    """A decoder-only transformer with grouped-query attention, gated feed-forward and tied embeddings.

    Args:
        name: what the shape is called here.
        architecture: the layout as GGUF names it: ``qwen2`` adds biases to queries, keys and values, ``qwen3``
            normalises queries and keys.
        vocabulary: tokens, the unused ones at its end included.
        hidden: width of the residual stream; a multiple of 32, the block of the quantised formats.
        layers: transformer blocks.
        heads: heads of queries.
        kv_heads: heads of keys and values.
        head_size: width of one head.
        feed_forward: inner width of the feed-forward network.
        context: tokens that fit.
        rope_base: base of the rotary position embedding.
        modelled_on: the published model whose sizes these are; empty for sizes of our own.
    """

    name: str
    architecture: Architecture
    vocabulary: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    head_size: int
    feed_forward: int
    context: int
    rope_base: float
    modelled_on: str = ""


def _tiny(name: str, architecture: Architecture) -> Shape:
    return Shape(name, architecture, 16_384, 384, 6, 6, 2, 64, 1152, 8192, 100_000.0)


SHAPES = MappingProxyType(
    {
        shape.name: shape
        for shape in (
            Shape("smol", "llama", 49_152, 576, 30, 9, 3, 64, 1536, 8192, 100_000.0, "SmolLM2-135M"),
            _tiny("tiny", "llama"),
            Shape("nano", "llama", 2048, 128, 4, 4, 2, 32, 384, 8192, 100_000.0),
            Shape("qwen05", "qwen2", 151_936, 896, 24, 14, 2, 64, 4864, 32_768, 1_000_000.0, "Qwen2.5-0.5B"),
            _tiny("tinyq2", "qwen2"),
            _tiny("tinyq3", "qwen3"),
        )
    }
)
