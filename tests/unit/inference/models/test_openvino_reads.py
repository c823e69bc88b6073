from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from agent_agency.inference.models.gguf_header import GgufArray, GgufHeader, GgufTensor, read_gguf
from agent_agency.inference.models.openvino_reads import not_for_openvino
from support.test_models import nano_model, tiny_model

F32, F16, Q4_0, Q4_1, Q8_0, Q4_K, Q5_K, Q6_K, BF16 = 0, 1, 2, 3, 8, 12, 13, 14, 30


def _header() -> GgufHeader:
    return read_gguf(nano_model())


def _saying(**changes: Any) -> GgufHeader:
    header = _header()
    named = {key.replace("__", "."): value for key, value in changes.items()}
    return replace(header, values=MappingProxyType({**header.values, **named}))


def _with(*tensors: GgufTensor) -> GgufHeader:
    return replace(_header(), tensors=(*_header().tensors, *tensors))


def _all_in(kind: int, file_type: int) -> GgufHeader:
    header = _saying(general__file_type=file_type)
    kinds = (replace(one, kind=kind) if len(one.shape) > 1 else one for one in header.tensors)
    return replace(header, tensors=tuple(kinds))


@pytest.mark.parametrize("architecture", ["llama", "qwen2", "qwen3"])
def test_it_runs_the_models_that_were_tried(architecture: str) -> None:
    assert not_for_openvino(read_gguf(tiny_model(architecture))) == ""


@pytest.mark.parametrize(("kind", "file_type"), [(F16, 1), (Q4_0, 2), (Q8_0, 7), (Q6_K, 18)])
def test_it_runs_weights_that_it_does_not_round_anew(kind: int, file_type: int) -> None:
    assert not_for_openvino(_all_in(kind, file_type)) == ""


@pytest.mark.parametrize(
    ("header", "why"),
    [
        (lambda: _saying(general__architecture="gemma3"), "'gemma3'"),
        (lambda: _saying(tokenizer__ggml__model="llama"), "SentencePiece"),
        (lambda: _saying(tokenizer__ggml__pre="tekken"), "'tekken'"),
        (lambda: _saying(tokenizer__ggml__pre="llama-bpe"), "'llama-bpe'"),
        (lambda: _saying(tokenizer__ggml__merges=0), "tokenizer"),
        (lambda: _saying(llama__rope__scaling__type="linear"), "'llama.rope.scaling.type'"),
        (lambda: _saying(llama__rope__scaling__factor=4.0), "'llama.rope.scaling.factor'"),
        (lambda: _saying(llama__expert_count=8), "'llama.expert_count'"),
        (lambda: _saying(llama__attention__sliding_window=128), "'llama.attention.sliding_window'"),
        (lambda: _saying(llama__attention__head_count_kv=GgufArray(4, 4)), "'llama.attention.head_count_kv'"),
        (lambda: _saying(llama__rope__dimension_count=16), "a part"),
        (lambda: _with(GgufTensor("rope_freqs.weight", (16,), F32, 0)), "'rope_freqs.weight'"),
        (lambda: _with(GgufTensor("blk.0.attn_q.bias", (128,), F32, 0)), "'blk.0.attn_q.bias'"),
        (lambda: _with(GgufTensor("blk.0.ffn_gate_exps.weight", (128, 384, 4), F16, 0)), "ffn_gate_exps"),
        (lambda: _with(GgufTensor("output.bias", (2048,), F32, 0)), "'output.bias'"),
        (lambda: _all_in(Q4_K, 15), "rounds weights in Q4_K"),
        (lambda: _all_in(Q4_1, 3), "rounds weights in Q4_1"),
        (lambda: _all_in(Q5_K, 17), "no weights in Q5_K"),
        (lambda: _all_in(BF16, 32), "no weights in BF16"),
        (lambda: _all_in(F32, 0), "no weights in F32"),
        (lambda: _saying(general__file_type=""), "'general.file_type'"),
    ],
)
def test_what_it_would_leave_out_or_round_is_told(header: Any, why: str) -> None:
    assert why in not_for_openvino(header())


def test_settings_that_change_nothing_are_no_hindrance() -> None:
    idle = {"llama__rope__scaling__type": "none", "llama__rope__scaling__factor": 1.0, "llama__expert_count": 0}
    assert not_for_openvino(_saying(**idle)) == ""
