from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import EngineError, FileUnreadableError
from agent_agency.facts import Finding
from agent_agency.inference.engine_file import engines_path, load_engines, read_engines
from agent_agency.inference.engine_settings import EngineChoices
from agent_agency.inference.protocol import Parameters

WHOLE = """\
[engines.local]
kind = "ollama"
url = "http://127.0.0.1:11434"
model = "gemma3:4b"
context = 16384
temperature = 0.5
max_tokens = 512
keep_alive = "30m"

[engines.big]
kind = "openai"
url = "https://models.example.com/v1"
api_key_env = "BIG_KEY"
connect_s = 5
idle_s = 60.5
ca_file = "ca.pem"
uncounted = true

[engines.recorded]
kind = "replay"
recording = "answers.jsonl"

[engines.none]
kind = "offline"

[roles]
primary = "local"
quality = "big"
"""


def _problems(text: str) -> list[tuple[int | None, str, str]]:
    read = read_engines(text.encode(), "engines.toml")
    assert not isinstance(read, EngineChoices)
    return [(one.place.line, one.message, one.remedy) for one in read]


def test_a_whole_file_is_read(tmp_path: Path) -> None:
    read = read_engines(WHOLE.encode(), str(tmp_path / "engines.toml"))
    assert isinstance(read, EngineChoices)
    local, big = read.engines["local"], read.engines["big"]
    assert (local.kind, local.url, local.model, local.keep_alive) == (
        "ollama",
        "http://127.0.0.1:11434",
        "gemma3:4b",
        "30m",
    )
    assert local.parameters() == Parameters(temperature=0.5, max_tokens=512, context=16384)
    assert (big.api_key_env, big.connect_s, big.idle_s, big.uncounted) == ("BIG_KEY", 5.0, 60.5, True)
    assert big.ca_file == str(tmp_path / "ca.pem")
    assert read.engines["recorded"].recording == str(tmp_path / "answers.jsonl")
    assert dict(read.roles) == {"primary": "local", "quality": "big"}


def test_a_model_on_this_machine_is_read(tmp_path: Path) -> None:
    text = (
        '[engines.here]\nkind = "local"\npath = "models/m.gguf"\nengine = "openvino"\nprecision = "exact"\n'
        'width = 16\ncontext = 4096\nthreads = 2\nmemory_gb = 1.5\nkeep_alive = "10m"\nwarm = true\n'
        f'digest = "sha256:{"0" * 64}"\n'
    )
    read = read_engines(text.encode(), str(tmp_path / "engines.toml"))
    assert isinstance(read, EngineChoices), read
    here = read.engines["here"]
    assert (here.path, here.engine, here.precision) == (str(tmp_path / "models/m.gguf"), "openvino", "exact")
    assert (here.width, here.context, here.threads, here.memory_gb) == (16, 4096, 2, 1.5)
    assert (here.keep_alive_s, here.warm, here.digest) == (600.0, True, f"sha256:{'0' * 64}")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('engine = "vllm"', "auto, openvino, llama.cpp"),
        ('precision = "f64"', "default, exact"),
        ("width = 0", "at least 1"),
        ("width = true", "at least 1"),
        ('keep_alive = "ten"', "10m"),
        ("memory_gb = -1", "at least"),
        ('warm = "yes"', "true or false"),
        ('digest = "md5:1"', "Take it out"),
        ('url = "http://h"', "Known here"),
    ],
)
def test_a_wrong_setting_of_a_model_here_is_told_with_its_line(line: str, said: str) -> None:
    found = _problems(f'[engines.a]\nkind = "local"\npath = "m.gguf"\n{line}\n')
    assert [one[0] for one in found] == [4]
    assert said in found[0][2], found
    assert _problems('[engines.a]\nkind = "local"\n')[0][0] == 1


PRICED = (
    '[engines.big]\nkind = "openai"\nurl = "https://models.example.com/v1"\n'
    'price_per_million_prompt = 0.15\nprice_per_million_completion = "0.6"\ncurrency = "EUR"\n'
)


def test_prices_and_caps_are_read_exactly() -> None:
    text = PRICED + '[spend]\nmonth = 20\ntask = 0.1\ncurrency = "EUR"\n[pool]\nmemory_gb = 4\n'
    read = read_engines(text.encode(), "engines.toml")
    assert isinstance(read, EngineChoices), read
    big = read.engines["big"]
    assert (big.price_prompt, big.price_completion, big.currency) == (150_000, 600_000, "EUR")
    assert (read.spend.month, read.spend.task, read.spend.currency) == (20_000_000, 100_000, "EUR")
    assert read.pool.memory_gb == 4.0


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        (PRICED.replace('currency = "EUR"\n', ""), 1, "currency"),
        (PRICED.replace("price_per_million_prompt = 0.15\n", ""), 1, "both"),
        (PRICED.replace("0.15", "-1"), 4, "six decimals"),
        (PRICED.replace("0.15", "nan"), 4, "six decimals"),
        (PRICED.replace("0.15", "0.0000001"), 4, "six decimals"),
        (PRICED.replace("EUR", "euro"), 6, "ISO 4217"),
        (PRICED + "[spend]\nmonth = 1\n", 7, "currency"),
        (PRICED + '[spend]\nmonth = 1\ncurrency = "USD"\n', 7, "in one"),
        (PRICED + '[spend]\nmonht = 1\ncurrency = "EUR"\n', 8, "Did you mean 'month'"),
        ("[pool]\nmemory_gb = 0\n", 2, "at least"),
        ('[engines.a]\nkind = "offline"\ncurrency = "EUR"\n', 3, "Known here"),
    ],
)
def test_a_wrong_price_or_cap_is_told_with_its_line(text: str, line: int, said: str) -> None:
    found = _problems(text)
    assert line in [one[0] for one in found], found
    assert any(said in one[2] for one in found), found


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ("[engine.a]\n", 1, "Did you mean 'engines'?"),
        ('[engines.a]\nkind = "openai"\nurl = "http://h"\nmodle = "m"\n', 4, "Did you mean 'model'?"),
        ('[engines.a]\nkind = "opnai"\n', 2, "Write one of: openai, ollama, local, offline, replay."),
        ("[engines.a]\n", 1, "Write one of: openai, ollama, local, offline, replay."),
        ('[engines.a]\nkind = "openai"\nurl = "h:80"\n', 3, "http://127.0.0.1"),
        ('[engines.a]\nkind = "openai"\nurl = "http://me:pw@h"\n', 3, "http://127.0.0.1"),
        ('[engines.a]\nkind = "openai"\n', 1, "http://127.0.0.1"),
        ('[engines.a]\nkind = "openai"\nurl = "http://h"\napi_key = "sk-1"\n', 4, "api_key_env"),
        ('[engines.a]\nkind = "openai"\nurl = "http://h"\napi_key_env = "sk-1 2"\n', 4, "api_key_env"),
        ('[engines.a]\nkind = "ollama"\nurl = "http://h"\ncontext = 1\n', 4, "at least 256"),
        ('[engines.a]\nkind = "ollama"\nurl = "http://h"\ncontext = true\n', 4, "at least 256"),
        ('[engines.a]\nkind = "ollama"\nurl = "http://h"\ntemperature = nan\n', 4, "at least 0"),
        ('[engines.a]\nkind = "ollama"\nurl = "http://h"\nuncounted = 1\n', 4, "true or false"),
        ('[engines.a]\nkind = "openai"\nurl = "http://h"\nkeep_alive = "1m"\n', 4, "Known here"),
        ('[engines.a]\nkind = "replay"\n', 1, "recording"),
        ('[engines.offline]\nkind = "offline"\n', 1, "none of: offline"),
        ('[engines.primary]\nkind = "offline"\n', 1, "none of: offline"),
        ('[engines."A b"]\nkind = "offline"\n', 1, "small letters"),
        ('[engines.local]\nkind = "offline"\n[roles]\nprimary = "locl"\n', 4, "Did you mean 'local'?"),
        ('[engines.local]\nkind = "offline"\n[roles]\nprimery = "local"\n', 4, "Did you mean 'primary'?"),
        ('[roles]\nprimary = "local"\n', 2, "[engines.NAME]"),
        ("engines = 3\n", 1, "[engines]"),
        ("[engines]\na = 3\n", 2, "[engines.a]"),
        ("[engines.a\n", 1, "Mend the syntax."),
        ("a." * 100 + "b = 1\n", None, "Flatten them."),
    ],
)
def test_a_wrong_file_is_told_by_line_with_what_mends_it(text: str, line: int | None, said: str) -> None:
    problems = _problems(text)
    assert problems[0][0] == line
    assert any(said in remedy for _, _, remedy in problems)


def test_a_key_in_the_file_is_not_quoted() -> None:
    text = '[engines.a]\nkind = "openai"\nurl = "http://h"\napi_key = "sk-secret"\n'
    assert "sk-secret" not in str(_problems(text))


def test_every_problem_is_told_in_the_order_of_lines() -> None:
    text = '[engines.a]\nkind = "ollama"\nurl = 3\ncontext = 1\n[roles]\nfast = "b"\n'
    assert [line for line, _, _ in _problems(text)] == [3, 3, 4, 6]


def test_the_file_is_the_users_and_never_the_repositorys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("engines.toml", "agency.toml"):
        (tmp_path / name).write_text(WHOLE)
    home = tmp_path / "home"
    assert not load_engines({"XDG_CONFIG_HOME": str(home)}).engines
    (home / "agency").mkdir(parents=True)
    (home / "agency" / "engines.toml").write_text(WHOLE)
    assert set(load_engines({"XDG_CONFIG_HOME": str(home)}).roles) == {"primary", "quality"}
    assert engines_path({}, lambda: home) == home / ".config" / "agency" / "engines.toml"
    assert engines_path({"XDG_CONFIG_HOME": "relative"}, lambda: home) == home / ".config" / "agency" / "engines.toml"


def test_another_file_may_be_named_and_must_be_there_then(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    with pytest.raises(FileUnreadableError):
        load_engines({"AGENCY_ENGINES": str(path)})
    path.write_text(WHOLE)
    assert load_engines({"AGENCY_ENGINES": str(path)}).path == str(path)


def test_a_wrong_file_stops_whoever_needs_it(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text("[engines.a]\n[engines.b]\n")
    with pytest.raises(EngineError, match="1 more") as caught:
        load_engines({"AGENCY_ENGINES": str(path)})
    assert (caught.value.stable_code, caught.value.line, caught.value.path) == ("engine.config", 1, str(path))


def test_a_file_that_anybody_may_write_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(WHOLE)
    path.chmod(0o666)
    with pytest.raises(FileUnreadableError, match="Anybody"):
        load_engines({"AGENCY_ENGINES": str(path)})


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadableError):
        load_engines({"AGENCY_ENGINES": str(tmp_path)})


@given(st.binary(max_size=200) | st.text("[]engis.role=\"'{}\n 3", max_size=120).map(str.encode))
def test_any_bytes_are_read_or_told(data: bytes) -> None:
    read = read_engines(data, "engines.toml")
    assert isinstance(read, EngineChoices) or all(isinstance(one, Finding) and one.remedy for one in read)
