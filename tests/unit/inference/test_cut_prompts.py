from __future__ import annotations

import importlib.util
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import EngineError
from agent_agency.inference.prompt_size import least_tokens, most_tokens
from agent_agency.inference.protocol import Message, Parameters, Request
from support.openai_server import Kind, serving, size, tokens
from support.server_engines import engine_of

CHINESE = "请根据以下标准评估代码更改的质量。如果测试被削弱则判定为失败。"
JAPANESE = "次の基準に従ってコードの変更を評価してください。"
RUSSIAN = "Оцените качество изменения кода по следующим критериям. "
THAI = "กรุณาประเมินคุณภาพของการเปลี่ยนแปลงโค้ดตามเกณฑ์ต่อไปนี้ "
CODE = Path(__file__).read_text("utf-8")
ORDINARY = {
    "prose": "The change must keep within its scope, and its tests must not be weakened. " * 40,
    "code": CODE,
    "chinese": CHINESE * 30,
    "japanese": JAPANESE * 30,
    "russian": RUSSIAN * 30,
    "thai": THAI * 30,
    "repeated word": "the " * 2000,
    "repeated letter": "a" * 8000,
    "repeated sign": "=" * 8000,
    "blank": "x" + " " * 8000,
    "numbers": " ".join(str(number) for number in range(800)),
    "digests": " ".join(random.Random(1).randbytes(32).hex() for _ in range(50)),
    "emoji": "😀🎉" * 500,
    "one word": "Hi",
}
RUBRIC = Message("system", "Judge by this rubric. " * 20)


def _prompt(*texts: str) -> Request:
    turns = [Message("user" if number % 2 == 0 else "assistant", text) for number, text in enumerate(texts)]
    return Request((RUBRIC, *turns), Parameters(max_tokens=64))


@pytest.mark.parametrize("kind", ["openai", "vllm", "llama-server", "ollama"])
def test_no_ordinary_prompt_is_taken_for_a_cut_one(kind: Kind) -> None:
    with serving(kind=kind, context=16_384) as server:
        engine = engine_of(server, context=16_384)
        for text in ORDINARY.values():
            assert engine.generate(_prompt(text)).finish == "stop"


@pytest.mark.parametrize("cut", ["front", "turns"])
def test_ollama_that_cuts_is_caught(cut: Literal["front", "turns"]) -> None:
    turns = [f"Example {number}: " + "the answer is pass, because nothing was weakened. " * 8 for number in range(12)]
    request = _prompt(*turns, "Judge this: it is good.")
    whole = size([{"role": one.role, "content": one.content} for one in request.messages])
    with serving(kind="ollama", cut=cut, context=8192) as server:
        engine = engine_of(server)
        assert engine.generate(request).usage.prompt == whole
        for share in (0.95, 0.9, 0.8, 0.6, 0.3):
            window = int(whole * share)
            short = replace(request, parameters=Parameters(max_tokens=16, context=window))
            with pytest.raises(EngineError) as caught:
                engine.generate(short)
            assert caught.value.stable_code in {"engine.prompt_cut", "engine.prompt_too_long"}
            assert "context" in caught.value.fix


def test_a_prompt_that_cannot_fit_is_not_even_sent() -> None:
    with serving(kind="ollama", cut="front", context=512) as server:
        with pytest.raises(EngineError, match="at least") as caught:
            engine_of(server).generate(_prompt("word " * 600))
        assert caught.value.stable_code == "engine.prompt_too_long"
        assert not server.chats()


@pytest.mark.parametrize("kind", ["vllm", "llama-server"])
def test_with_the_servers_own_tokenizer_even_a_small_cut_is_seen(kind: Kind) -> None:
    request = _prompt(CODE[:4000])
    whole = size([{"role": one.role, "content": one.content} for one in request.messages])
    with serving(kind=kind, cut="front", context=4096, usage={"prompt_tokens": whole - 5}) as server:
        with pytest.raises(EngineError) as caught:
            engine_of(server, context=whole + 70).generate(request)
        assert caught.value.stable_code == "engine.prompt_cut"
    with serving(kind=kind, context=whole) as server:
        with pytest.raises(EngineError) as caught:
            engine_of(server).generate(request)
        assert caught.value.stable_code == "engine.prompt_too_long"
        assert not server.chats()


def test_a_server_of_which_nothing_is_known_is_held_to_the_lower_bound() -> None:
    with serving(cut="front", context=400) as server, pytest.raises(EngineError) as caught:
        engine_of(server).generate(_prompt("word " * 900))
    assert caught.value.stable_code == "engine.prompt_cut"


def test_a_server_that_refuses_a_long_prompt_is_understood() -> None:
    with serving(context=400) as server, pytest.raises(EngineError) as caught:
        engine_of(server).generate(_prompt("word " * 900))
    assert caught.value.stable_code == "engine.prompt_too_long"


def test_an_answer_that_pushes_the_prompt_out_of_the_window_is_caught() -> None:
    usage = {"prompt_tokens": 400, "completion_tokens": 200}
    with serving(kind="ollama", context=512, usage=usage, cut="front") as server, pytest.raises(EngineError) as caught:
        engine_of(server).generate(_prompt("word " * 200))
    assert caught.value.stable_code == "engine.prompt_cut"


def test_a_gateway_that_adds_to_the_prompt_is_noticed() -> None:
    with serving(usage={"prompt_tokens": 20_000}) as server, pytest.raises(EngineError) as caught:
        engine_of(server).generate(_prompt("one two three"))
    assert caught.value.stable_code == "engine.prompt_grown"


def test_a_prompt_that_surely_fits_costs_no_second_call() -> None:
    with serving(kind="vllm", context=100_000) as server:
        engine_of(server).generate(_prompt(ORDINARY["prose"]))
        assert "/tokenize" not in [path for path, _, _ in server.requests]


@given(st.text(max_size=200))
def test_the_bounds_hold_for_any_text(text: str) -> None:
    message = Message("user", text)
    assert 0 <= least_tokens([message]) <= max(1, len(tokens(text)))
    assert most_tokens([message]) >= len(text.encode("utf-8", "surrogatepass"))


@pytest.fixture(scope="module")
def real_tokenizers() -> list[Callable[[str], int]]:
    """Two vocabularies that litellm, which DSPy brings, carries with it; nothing is downloaded."""
    for library in ("litellm", "tiktoken", "tokenizers"):
        if importlib.util.find_spec(library) is None:
            pytest.skip(f"{library} is not here, so the bound is held against no real tokenizer")
    folder = Path(str(next(iter(importlib.util.find_spec("litellm").submodule_search_locations or []))))  # type: ignore[union-attr]
    bundled = folder / "litellm_core_utils" / "tokenizers"
    import tiktoken
    from tokenizers import Tokenizer

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TIKTOKEN_CACHE_DIR", str(bundled))
        encoding = tiktoken.get_encoding("cl100k_base")
    other = Tokenizer.from_file(str(bundled / "anthropic_tokenizer.json"))
    return [lambda text: len(encoding.encode(text, disallowed_special=())), lambda text: len(other.encode(text).ids)]


@pytest.mark.parametrize("name", ORDINARY)
def test_the_lower_bound_is_below_what_real_tokenizers_make(
    name: str, real_tokenizers: list[Callable[[str], int]]
) -> None:
    text = ORDINARY[name]
    assert least_tokens([Message("user", text)]) <= min(count(text) for count in real_tokenizers)


def test_of_prose_the_lower_bound_misses_less_than_half(real_tokenizers: list[Callable[[str], int]]) -> None:
    text = ORDINARY["prose"]
    assert least_tokens([Message("user", text)]) > max(count(text) for count in real_tokenizers) / 2
