"""What the options of loading come to."""

from __future__ import annotations

from pathlib import Path

from agent_agency.inference.local.backend import LoadOptions
from agent_agency.inference.local.llama_cpp.cache_size import bytes_per_token
from agent_agency.inference.local.llama_cpp.settings import settings_of
from agent_agency.inference.models.gguf_header import read_gguf

GIB = 1024**3


def test_the_bytes_of_a_token_are_read_from_the_header(nano_model: Path) -> None:
    """4 layers, 2 heads of 32 for keys and for values, 2 bytes each."""
    assert bytes_per_token(read_gguf(nano_model)) == 4 * 2 * 64 * 2


def test_a_window_that_nobody_asked_for_keeps_to_the_memory() -> None:
    big = 128 * 1024
    eight = settings_of(LoadOptions("m.gguf", width=8), 131_072, big)
    assert 1024 <= eight.context <= 2 * GIB // (8 * big)
    assert settings_of(LoadOptions("m.gguf", width=1), 131_072, big).context == 8192
    assert settings_of(LoadOptions("m.gguf", width=8, cache_gb=0.1), 131_072, big).context == 1024
    assert settings_of(LoadOptions("m.gguf", width=8), 2048, 1).context == 2048


def test_a_window_that_was_asked_for_is_what_one_gets() -> None:
    asked = LoadOptions("m.gguf", width=8, context_tokens=6000, cache_gb=0.1)
    assert settings_of(asked, 8192, 128 * 1024).context == 6000
