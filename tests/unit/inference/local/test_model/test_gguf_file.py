from __future__ import annotations

from typing import Any

import pytest

from support.test_models import nano_model, tiny_model

gguf = pytest.importorskip("gguf", reason="NOT RUN: the extra 'local' is not installed")


def _said(reader: Any, key: str) -> Any:
    return reader.get_field(key).contents()


def test_the_file_says_that_its_weights_are_random() -> None:
    reader = gguf.GGUFReader(nano_model())
    for key in ("general.name", "general.license", "general.description"):
        assert "random weights" in _said(reader, key).lower()


def test_the_file_brings_its_chat_template_and_the_tokens_that_end_a_turn() -> None:
    reader = gguf.GGUFReader(nano_model())
    assert "<|im_start|>assistant" in _said(reader, "tokenizer.chat_template")
    assert _said(reader, "tokenizer.ggml.pre") == "qwen2"
    tokens = _said(reader, "tokenizer.ggml.tokens")
    ends = {name: tokens[_said(reader, f"tokenizer.ggml.{name}_token_id")] for name in ("bos", "eos", "padding")}
    assert ends == {"bos": "<|endoftext|>", "eos": "<|im_end|>", "padding": "<|pad|>"}


@pytest.mark.parametrize(
    ("architecture", "own"), [("qwen2", "blk.0.attn_q.bias"), ("qwen3", "blk.0.attn_q_norm.weight")]
)
def test_a_layout_has_the_tensors_that_are_its_own(architecture: str, own: str) -> None:
    reader = gguf.GGUFReader(tiny_model(architecture))
    assert _said(reader, "general.architecture") == architecture
    assert own in {tensor.name for tensor in reader.tensors}
