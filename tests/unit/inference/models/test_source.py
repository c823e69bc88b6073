from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import EngineError
from agent_agency.inference.models.source import Remote, read_source


def test_a_name_on_a_hub_is_the_url_of_its_file() -> None:
    plain = read_source("hf:owner/a-repo/Model.Q8_0.gguf", {})
    assert plain == Remote("https://huggingface.co/owner/a-repo/resolve/main/Model.Q8_0.gguf", "Model.Q8_0.gguf")
    environment = {"HF_ENDPOINT": "https://hub.example/mirror/", "HF_TOKEN": "t"}
    assert read_source("hf:o/r/sub dir/m.gguf@refs/pr/1", environment) == Remote(
        "https://hub.example/mirror/o/r/resolve/refs%2Fpr%2F1/sub%20dir/m.gguf", "m.gguf", "HF_TOKEN"
    )


def test_a_url_and_a_path_are_what_they_are() -> None:
    assert read_source("https://h/a/b%20c.gguf?download=true", {}) == Remote(
        "https://h/a/b%20c.gguf?download=true", "b_c.gguf"
    )
    assert read_source("models/m.gguf", {}) == Path("models/m.gguf")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hf:",
        "hf:owner",
        "hf:owner/repo",
        "hf:owner/repo/",
        "hf:owner/repo/../../x.gguf",
        "hf:../repo/x.gguf",
        "hf:owner/repo/x.safetensors",
        "hf:owner/repo/x.gguf@../..",
        "ftp://h/x.gguf",
        "https://me:pw@h/x.gguf",
        "https://h/",
        "https://h/x.bin",
        "https:///x.gguf",
        "https://h/x y.gguf",
        "https://h:99999/x.gguf",
        "https://[::1/x.gguf",
        "https://h/x.gguf#a",
    ],
)
def test_what_names_no_model_is_refused(text: str) -> None:
    with pytest.raises(EngineError) as caught:
        read_source(text, {})
    assert caught.value.stable_code == "engine.bad_source"
    with pytest.raises(EngineError):
        read_source("hf:o/r/m.gguf", {"HF_ENDPOINT": "nowhere"})


@given(st.text(max_size=80))
def test_a_remote_name_never_leaves_its_folder(text: str) -> None:
    for named in (f"hf:o/r/{text}.gguf", f"https://h/{text}.gguf", f"hf:{text}"):
        try:
            source = read_source(named, {})
        except EngineError:
            continue
        assert isinstance(source, Remote)
        assert "/" not in source.name
        assert source.name.strip(".")
        assert source.url.isascii()
