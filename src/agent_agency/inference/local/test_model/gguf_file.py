"""The model's file: GGUF, what it says of itself first, then the tensors one by one."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

from agent_agency.extras import require
from agent_agency.inference.local.test_model.order import ModelOrder, Quantisation
from agent_agency.inference.local.test_model.shapes import Shape
from agent_agency.inference.local.test_model.tensors import Tensor
from agent_agency.inference.local.test_model.vocabulary import (
    CHAT_TEMPLATE,
    END_OF_TEXT,
    END_OF_TURN,
    PADDING,
    PRE_TOKENIZER,
    SPECIALS,
    Vocabulary,
)
from agent_agency.inference.local.test_model.weights import draw, quantised

NORM_EPSILON = 1e-5
LICENCE = "none: random weights, not trained on anything; the tokens are of generated text"


def write_gguf(
    path: Path, order: ModelOrder, tensors: tuple[Tensor, ...], vocabulary: Vocabulary, told: Callable[[int, int], None]
) -> None:
    """Write the whole file.

    Args:
        path: where; it is overwritten.
        order: which model.
        tensors: what `tensors_of` lists.
        vocabulary: its tokens; up to the shape's number, unused ones follow.
        told: called after each tensor with the numbers written and those there are.

    Raises:
        MissingExtraError: the libraries are not installed.
        OSError: the disk is full, or the folder may not be written.
    """
    gguf = require("gguf", extra="local")
    writer = gguf.GGUFWriter(path, order.shape.architecture)
    try:
        _describe(writer, gguf, order)
        _tokens(writer, gguf, order.shape, vocabulary)
        for tensor in tensors:
            _announce(writer, gguf, tensor, order.quantisation)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        written, whole = 0, sum(tensor.count for tensor in tensors)
        for index, tensor in enumerate(tensors):
            writer.write_tensor_data(quantised(draw(tensor, order.seed, index), order.quantisation))
            written += tensor.count
            told(written, whole)
    finally:
        writer.close()


def _describe(writer: Any, gguf: Any, order: ModelOrder) -> None:
    shape = order.shape
    writer.add_type("model")
    writer.add_name(f"agency test model {shape.name} {order.quantisation} seed {order.seed}, random weights")
    writer.add_license(LICENCE)
    writer.add_description("Random weights: for tests and speed measurements only; its answers mean nothing.")
    writer.add_file_type(gguf.LlamaFileType["MOSTLY_" + order.quantisation])
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    writer.add_vocab_size(shape.vocabulary)
    writer.add_context_length(shape.context)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.feed_forward)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_size)
    writer.add_value_length(shape.head_size)
    writer.add_rope_dimension_count(shape.head_size)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(NORM_EPSILON)


def _tokens(writer: Any, gguf: Any, shape: Shape, vocabulary: Vocabulary) -> None:
    kinds = gguf.TokenType
    unused = [f"<|unused_{number}|>" for number in range(shape.vocabulary - len(vocabulary.tokens))]
    types = [kinds.CONTROL if token in SPECIALS else kinds.NORMAL for token in vocabulary.tokens]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENIZER)
    writer.add_token_list([*vocabulary.tokens, *unused])
    writer.add_token_types([*types, *(kinds.UNUSED for _ in unused)])
    writer.add_token_merges(list(vocabulary.merges))
    writer.add_bos_token_id(vocabulary.tokens.index(END_OF_TEXT))
    writer.add_eos_token_id(vocabulary.tokens.index(END_OF_TURN))
    writer.add_pad_token_id(vocabulary.tokens.index(PADDING))
    writer.add_add_bos_token(value=False)
    writer.add_chat_template(CHAT_TEMPLATE)


def _announce(writer: Any, gguf: Any, tensor: Tensor, quantisation: Quantisation) -> None:
    numpy = require("numpy", extra="local")
    vector = len(tensor.size) == 1
    kind = gguf.GGMLQuantizationType["F32" if vector else quantisation]
    per_block, bytes_per_block = gguf.GGML_QUANT_SIZES[kind]
    size = math.prod(tensor.size) // per_block * bytes_per_block
    writer.add_tensor_info(tensor.name, tensor.size, numpy.dtype("float32"), size, kind)
