from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from agent_agency.errors import AgencyError, FileUnreadableError
from agent_agency.inference.models.model_facts import read_model
from support.gguf_bytes import small_model
from support.test_models import nano_model, tiny_model


def _code(path: Path) -> str:
    with pytest.raises(AgencyError) as caught:
        read_model(path)
    return caught.value.stable_code


def _written(folder: Path, **changes: Any) -> Path:
    path = folder / "m.gguf"
    path.write_bytes(small_model(**changes))
    return path


def test_a_model_says_what_it_is() -> None:
    facts = read_model(nano_model())
    assert (facts.format, facts.architecture, facts.quantisation) == ("gguf", "llama", "Q8_0")
    assert (facts.context_tokens, facts.vocabulary, facts.chat_template) == (8192, 2048, True)
    assert facts.parameters is not None
    assert 1_000_000 < facts.parameters < 1_100_000
    assert (facts.warnings(), facts.size) == ((), nano_model().stat().st_size)
    assert read_model(tiny_model("qwen3")).architecture == "qwen3"


def test_what_may_not_be_looked_at_is_told_as_what_cannot_be_read(tmp_path: Path) -> None:
    for path in (tmp_path / ("a" * 300), tmp_path / ("b/" * 2500)):
        with pytest.raises(FileUnreadableError, match="cannot be read"):
            read_model(path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"tokenizer__chat_template": None}, "no chat template"),
        ({"tokenizer__chat_template": ("str", "  ")}, "no chat template"),
        ({"llama__context_length": ("u32", 512)}, "512 tokens is short"),
        ({"llama__context_length": None}, "how many tokens"),
        ({"general__license": None}, "no licence"),
    ],
)
def test_what_a_person_should_know_is_a_warning(changes: dict[str, Any], said: str, tmp_path: Path) -> None:
    (warning,) = read_model(_written(tmp_path, **changes)).warnings()
    assert said in warning


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"split__count": ("u16", 3)}, "engine.model_split"),
        ({"general__type": ("str", "adapter")}, "engine.not_a_model"),
        ({"general__architecture": ("str", "bert")}, "engine.not_a_model"),
        ({"general__architecture": None}, "engine.not_a_model"),
        ({"llama__context_length": ("u32", 2**31)}, "engine.model_invalid"),
    ],
)
def test_a_file_that_answers_nothing_is_refused(changes: dict[str, Any], code: str, tmp_path: Path) -> None:
    assert _code(_written(tmp_path, **changes)) == code


def test_texts_of_the_file_stay_on_one_line(tmp_path: Path) -> None:
    facts = read_model(_written(tmp_path, general__name=("str", "a\x1b[31m\nb" + "x" * 500)))
    assert facts.name.startswith("a [31m b")
    assert len(facts.name) < 210


def test_how_much_is_missing_is_told(tmp_path: Path) -> None:
    path = tmp_path / "cut.gguf"
    path.write_bytes(nano_model().read_bytes()[:-12_345])
    with pytest.raises(AgencyError, match="12,345 bytes"):
        read_model(path)
    assert _code(tmp_path / "none.gguf") == "file.unreadable"
    assert _code(Path("/dev/null")) == "file.unreadable"


def _folder(folder: Path, size: int = 4096) -> Path:
    for stem in ("openvino_model", "openvino_tokenizer", "openvino_detokenizer"):
        (folder / f"{stem}.xml").write_text('<?xml version="1.0"?>\n<net name="Model0" version="11"></net>')
        (folder / f"{stem}.bin").write_bytes(bytes(16))
    (folder / "openvino_model.xml").write_text(
        '<?xml version="1.0"?>\n<net name="Model0" version="11"><layer type="Const">'
        '<data element_type="f16" shape="32, 32" offset="0" size="2048" /></layer>'
        '<layer type="Const"><data element_type="i64" shape="" offset="2048" size="8"/></layer>'
        '<layer type="Const"><data offset="2056" size="2040" shape="1020" element_type="f16"/></layer></net>'
    )
    (folder / "openvino_model.bin").write_bytes(bytes(size))
    (folder / "config.json").write_text(
        json.dumps({"model_type": "llama", "max_position_embeddings": 2048, "vocab_size": 99})
    )
    return folder


def test_an_openvino_folder_says_what_it_is(tmp_path: Path) -> None:
    facts = read_model(_folder(tmp_path))
    assert (facts.format, facts.architecture, facts.context_tokens, facts.vocabulary) == ("openvino", "llama", 2048, 99)
    assert (facts.parameters, facts.quantisation, facts.chat_template) == (2044, "F16", False)
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    assert read_model(tmp_path).chat_template
    (tmp_path / "chat_template.jinja").unlink()
    (tmp_path / "openvino_tokenizer.xml").write_text('<net><rt_info><chat_template value="{{ x }}" /></rt_info></net>')
    assert read_model(tmp_path).chat_template


def test_a_folder_that_is_not_whole_is_refused(tmp_path: Path) -> None:
    assert _code(tmp_path) == "engine.not_a_model"
    _folder(tmp_path, size=4000)
    with pytest.raises(AgencyError, match="96 bytes") as caught:
        read_model(tmp_path)
    assert caught.value.stable_code == "engine.model_truncated"
    _folder(tmp_path)
    (tmp_path / "openvino_model.xml").write_text("no model")
    assert _code(tmp_path) == "engine.not_a_model"
    _folder(tmp_path)
    (tmp_path / "openvino_tokenizer.bin").unlink()
    assert _code(tmp_path) == "engine.model_invalid"
