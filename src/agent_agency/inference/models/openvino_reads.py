"""What OpenVINO's reader of GGUF files computes as the file means it, and what it does not.

The reader knows three architectures and takes of them what it knows; what it does not know it leaves out without a
word, and the model then answers, wrongly. So everything in a file must be on a list here: its tensors, its settings,
the formats of its weights, its tokenizer. The lists hold what was seen to give llama.cpp's log-probabilities with
random weights (openvino-genai 2026.4).
"""

from __future__ import annotations

import re
from types import MappingProxyType

from agent_agency.inference.models.gguf_header import GgufArray, GgufHeader
from agent_agency.inference.models.gguf_kinds import TENSORS

_BLOCK = re.compile(r"blk\.\d+\.(.+)")
_OF_ALL = frozenset({"token_embd.weight", "output_norm.weight", "output.weight"})
_OF_BLOCKS = frozenset(
    f"{name}.weight"
    for name in (
        *("attn_norm", "attn_q", "attn_k", "attn_v", "attn_output"),
        *("ffn_norm", "ffn_gate", "ffn_up", "ffn_down"),
    )
)
_MORE = MappingProxyType(
    {
        "llama": frozenset({"attn_output.bias", "ffn_gate.bias", "ffn_up.bias", "ffn_down.bias"}),
        "qwen2": frozenset({"attn_q.bias", "attn_k.bias", "attn_v.bias"}),
        "qwen3": frozenset({"attn_q_norm.weight", "attn_k_norm.weight"}),
    }
)
"""Tensors of a block beside those of all; of a ``llama`` no biases of queries and keys, which it forgets to reorder."""
_SETTINGS = frozenset(
    {
        *("block_count", "context_length", "embedding_length", "feed_forward_length", "vocab_size"),
        *("attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.value_length"),
        *("attention.layer_norm_rms_epsilon", "rope.freq_base", "rope.dimension_count"),
    }
)
_IDLE = MappingProxyType(
    {
        "rope.scaling.type": frozenset({"none"}),
        "rope.scaling.factor": frozenset({0.0, 1.0}),
        "expert_count": frozenset({0}),
        "expert_used_count": frozenset({0}),
    }
)
"""Settings that change nothing where they have one of these values."""
_ROUNDED = frozenset({"Q4_1", "Q4_K"})
"""Formats with a minimum to each group of weights, which OpenVINO rounds to whole steps."""
_MATRICES = frozenset({"F16", "Q8_0", "Q4_0", "Q6_K"})
_FILES = frozenset({1, 2, 7, 18})
"""``general.file_type`` of these formats; OpenVINO reads no file without one."""
_SPLITS = frozenset({"qwen2", "smollm"})
"""Ways to cut text into words. ``llama-bpe`` it knows, and cuts otherwise than llama.cpp; others it takes for one."""
_VECTOR = 1


def not_for_openvino(header: GgufHeader) -> str:
    """Why OpenVINO does not run a GGUF file, or would run it wrongly: a clause; empty where it runs it rightly."""
    architecture = header.text("general.architecture")
    if architecture not in _MORE:
        return f"it reads no GGUF file of the architecture {architecture[:40]!r}"
    return _tokenizer(header) or _settings(header, architecture) or _tensors(header, architecture) or _formats(header)


def _tokenizer(header: GgufHeader) -> str:
    if header.text("tokenizer.ggml.model") != "gpt2":
        return "it reads byte-level BPE tokenizers only, and this file has another one (SentencePiece, for example)"
    if header.text("tokenizer.ggml.pre") not in _SPLITS:
        return f"it cuts text otherwise than the file asks for ({header.text('tokenizer.ggml.pre')[:40]!r})"
    lists = ("tokens", "token_type", "merges")
    if not all(isinstance(header.values.get(f"tokenizer.ggml.{one}"), GgufArray) for one in lists):
        return "the file lacks parts of its tokenizer"
    return ""


def _settings(header: GgufHeader, architecture: str) -> str:
    begin = f"{architecture}."
    for key, value in header.values.items():
        name = key.removeprefix(begin)
        if name == key or (name in _SETTINGS and not isinstance(value, GgufArray)) or value in _IDLE.get(name, ()):
            continue
        return f"it leaves out the setting {key[:80]!r}"
    if header.number(f"{begin}rope.dimension_count") not in {None, _head_size(header, begin)}:
        return "it turns the whole of each head by its position, and this model a part"
    return ""


def _head_size(header: GgufHeader, begin: str) -> int | None:
    width, heads = header.number(f"{begin}embedding_length"), header.number(f"{begin}attention.head_count")
    return header.number(f"{begin}attention.key_length") or (width // heads if width and heads else None)


def _tensors(header: GgufHeader, architecture: str) -> str:
    of_blocks = _OF_BLOCKS | _MORE[architecture]
    for tensor in header.tensors:
        found = _BLOCK.fullmatch(tensor.name)
        if found is None and tensor.name == "rope_freqs.weight":
            return "it leaves out how this model stretches its positions (the tensor 'rope_freqs.weight')"
        if (found[1] not in of_blocks) if found else (tensor.name not in _OF_ALL):
            return f"it leaves out the tensor {tensor.name[:80]!r}, or places it wrongly"
    return ""


def _formats(header: GgufHeader) -> str:
    for tensor in header.tensors:
        kind = TENSORS[tensor.kind][0] if tensor.kind in TENSORS else f"kind {tensor.kind}"
        if len(tensor.shape) == _VECTOR:
            if kind != "F32":
                return f"the vector {tensor.name[:80]!r} is no F32"
        elif kind in _ROUNDED:
            return f"it rounds weights in {kind} anew, and then computes with others than the file's"
        elif kind not in _MATRICES:
            return f"it reads no weights in {kind}"
    return "" if header.number("general.file_type") in _FILES else "the file tells no 'general.file_type' that it reads"
