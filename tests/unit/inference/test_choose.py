from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import EngineError, FileUnreadableError
from agent_agency.inference.choose import choose_engine, default_parameters, settings_of
from agent_agency.inference.engine_settings import EngineChoices, EngineSettings
from agent_agency.inference.local.engine import LocalEngine
from agent_agency.inference.protocol import Parameters
from agent_agency.inference.replay import Recorder
from agent_agency.inference.server_address import read_address
from support.counting_engine import CountingEngine, a_request
from support.openai_server import MODEL, serving
from support.server_engines import ask
from support.test_models import nano_model

CHOICES = EngineChoices(
    {
        "local": EngineSettings("local", "ollama", url="http://127.0.0.1:11434", temperature=0.5),
        "big": EngineSettings("big", "openai", url="http://127.0.0.1:1/v1"),
    },
    {"primary": "local", "fast": "big"},
    "engines.toml",
)


@pytest.mark.parametrize(
    ("spec", "name"), [(None, "local"), ("", "local"), ("primary", "local"), ("fast", "big"), ("big", "big")]
)
def test_a_name_a_role_or_nothing_finds_an_engine_of_the_file(spec: str | None, name: str) -> None:
    assert choose_engine(spec, CHOICES, {}).name == name


def test_a_url_is_an_engine_of_its_own() -> None:
    with serving(kind="vllm") as server:
        engine = choose_engine(f"{server.url}#{MODEL}", EngineChoices(), {})
        assert engine.generate(ask()).model == MODEL
        assert choose_engine(server.url, EngineChoices(), {}).identity["model"] == MODEL
        with pytest.raises(EngineError) as caught:
            choose_engine(f"{server.url}#other", EngineChoices(), {}).generate(ask())
        assert caught.value.stable_code == "engine.unknown_model"


def test_a_models_file_is_an_engine_and_its_process_ends_when_it_is_closed(tmp_path: Path) -> None:
    named = replace(settings_of("big", CHOICES), name="m.gguf")
    assert settings_of("m.gguf", EngineChoices({"m.gguf": named})) == named
    environment = {"AGENCY_ENGINES": str(tmp_path / "engines.toml"), "XDG_CACHE_HOME": str(tmp_path)}
    engine = choose_engine(str(nano_model()), EngineChoices(), environment)
    assert isinstance(engine, LocalEngine)
    with closing(engine):
        assert (engine.name, engine.state) == ("nano.gguf", "cold")
        assert engine.count_tokens(a_request().messages)
        process = engine.process_id
        assert Path(f"/proc/{process}").exists()
    assert not Path(f"/proc/{process}").exists()
    with pytest.raises(FileUnreadableError):
        choose_engine(str(tmp_path / "none.gguf"), EngineChoices(), environment)


def test_a_folder_of_openvinos_form_is_an_engine(tmp_path: Path) -> None:
    (tmp_path / "openvino_model.xml").write_text("<net/>")
    found = settings_of(str(tmp_path), EngineChoices())
    assert (found.kind, found.path) == ("local", str(tmp_path))


def test_a_recording_is_an_engine(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    with Recorder(CountingEngine(), path) as recorder:
        recorder.generate(a_request())
    assert choose_engine(f"replay:{path}", EngineChoices(), {}).generate(a_request()).text == "noitseuq"
    with pytest.raises(FileUnreadableError):
        choose_engine("replay:nowhere", EngineChoices(), {})


def test_offline_is_only_ever_chosen_by_name() -> None:
    assert not choose_engine("offline", EngineChoices(), {}).capabilities().language_model
    for choices in (EngineChoices(path="engines.toml"), EngineChoices(CHOICES.engines, {}, "engines.toml")):
        with pytest.raises(EngineError) as caught:
            choose_engine(None, choices, {})
        assert caught.value.stable_code == "engine.not_configured"
        assert caught.value.exit_code == 2
        assert "engines.toml" in caught.value.fix
        assert "--engine offline" in caught.value.fix


@pytest.mark.parametrize(("spec", "said"), [("locl", "local"), ("zzz", "replay:FILE"), ("quality", "[roles]")])
def test_an_engine_that_is_not_there_is_told_with_what_is(spec: str, said: str) -> None:
    with pytest.raises(EngineError) as caught:
        choose_engine(spec, CHOICES, {})
    assert caught.value.stable_code == "engine.unknown"
    assert said in caught.value.fix


@pytest.mark.parametrize("url", ["ftp://h", "http://", "http://h:99999", "http://a:b@h/v1", "http://h/v1?x=1", "://"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(EngineError) as caught:
        choose_engine(url, EngineChoices(), {})
    assert caught.value.stable_code == "engine.bad_url"


def test_parameters_come_from_the_file_where_the_question_has_none() -> None:
    assert default_parameters("primary", CHOICES) == Parameters(temperature=0.5)
    assert settings_of("offline", CHOICES).kind == "offline"


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_a_value_error(text: str) -> None:
    for url in (text, f"http://{text}", f"https://host{text}"):
        try:
            address = read_address(url)
        except ValueError:
            continue
        assert address.base.startswith(("http://", "https://"))
        assert address.base.isascii()
