from __future__ import annotations

import json
from pathlib import Path

import pytest

from support.command import Done
from support.openai_server import MODEL, OLLAMA_DIGEST, Kind, serving
from support.warm_command import agency

RAIN = "It rains, and the streets are wet."


def _engines(folder: Path, text: str) -> dict[str, str]:
    path = folder / "engines.toml"
    path.write_text(text)
    return {"AGENCY_ENGINES": str(path)}


def _standings(done: Done) -> dict[str, str]:
    return {check["name"]: check["standing"] for check in done.document["checks"]}


def test_without_settings_the_list_says_what_can_be_named(tmp_path: Path) -> None:
    done = agency("engine", "list", cwd=tmp_path)
    assert (done.code, done.err) == (0, "")
    assert "No engine is configured" in done.out
    assert "offline" in done.out
    document = agency("engine", "list", "--json", cwd=tmp_path).document
    assert (document["schema_version"], document["engines"]) == (1, [])


def test_the_list_names_roles_and_keys_but_no_secret(tmp_path: Path) -> None:
    environment = _engines(
        tmp_path,
        '[engines.local]\nkind = "ollama"\nurl = "http://127.0.0.1:11434"\nmodel = "gemma3:4b"\n'
        '[engines.big]\nkind = "openai"\nurl = "https://models.example.com/v1"\napi_key_env = "BIG_KEY"\n'
        '[roles]\nprimary = "local"\nfast = "local"\n',
    )
    done = agency("engine", "list", cwd=tmp_path, env={**environment, "BIG_KEY": "sk-secret"})
    assert done.code == 0
    assert "gemma3:4b" in done.out
    assert "sk-secret" not in done.out
    first, second = agency("engine", "list", "--json", cwd=tmp_path, env=environment).document["engines"]
    assert (first["roles"], first["key_set"]) == (["primary", "fast"], None)
    assert (second["api_key_env"], second["key_set"]) == ("BIG_KEY", False)


def test_a_wrong_file_is_one_sentence_with_file_and_line(tmp_path: Path) -> None:
    environment = _engines(tmp_path, '[engines.a]\nkind = "opnai"\n')
    done = agency("engine", "list", cwd=tmp_path, env=environment)
    assert done.code == 2
    assert "engines.toml:2" in done.err
    assert "Write one of" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("kind", ["vllm", "llama-server", "ollama"])
def test_a_good_server_passes_every_check(kind: Kind, tmp_path: Path) -> None:
    with serving(kind=kind, context=4096) as server:
        done = agency("engine", "check", server.url, "--json", cwd=tmp_path)
    assert done.code == 0, done.out
    assert {how for name, how in _standings(done).items() if name != "note"} == {"fine"}
    assert done.document["identity"]["backend"] == kind
    assert done.document["capabilities"]["context_tokens"] == 4096
    if kind == "ollama":
        assert done.document["identity"]["model_digest"] == f"sha256:{OLLAMA_DIGEST}"


def test_what_a_server_cannot_do_is_found_out_with_a_next_step(tmp_path: Path) -> None:
    with serving(schema="refused", logprobs=False) as server:
        done = agency("engine", "check", server.url, cwd=tmp_path)
        document = agency("engine", "check", server.url, "--json", cwd=tmp_path)
    assert (done.code, document.code) == (1, 1)
    found = _standings(document)
    assert (found["schema"], found["log-probabilities"], found["context"]) == ("limited", "noted", "limited")
    assert "->" in done.out


def test_a_server_that_cuts_is_found_out(tmp_path: Path) -> None:
    with serving(kind="ollama", cut="front", context=4096) as server:
        done = agency("engine", "check", server.url, cwd=tmp_path)
    assert done.code == 0
    assert "that was noticed" in " ".join(done.out.split())


def test_a_server_that_hides_that_it_cuts_is_failed(tmp_path: Path) -> None:
    lie = {"prompt_tokens": 1500}
    with serving(kind="ollama", cut="front", context=4096, usage=lie) as server:
        done = agency("engine", "check", server.url, "--json", cwd=tmp_path)
    assert done.code == 1
    assert _standings(done)["context"] == "failed"
    assert _standings(done)["token count"] == "failed"


def test_a_server_that_is_not_there_cannot_be_checked(tmp_path: Path) -> None:
    done = agency("engine", "check", "http://127.0.0.1:9/v1", "--json", cwd=tmp_path)
    assert done.code == 2
    assert _standings(done) == {"reachable": "failed"}


def test_offline_is_told_to_be_no_language_model(tmp_path: Path) -> None:
    done = agency("engine", "check", "offline", "--json", cwd=tmp_path)
    assert done.code == 0
    assert _standings(done)["language model"] == "noted"
    assert done.document["capabilities"]["language_model"] is False


def test_a_question_is_answered_recorded_and_replayed(tmp_path: Path) -> None:
    with serving(kind="vllm") as server:
        asked = agency("engine", "ask", f"{server.url}#{MODEL}", "Rain?", "--record", "a.jsonl", cwd=tmp_path)
    assert (asked.code, asked.out) == (0, RAIN + "\n")
    assert "tokens in" in asked.err
    replayed = agency("engine", "ask", "replay:a.jsonl", "Rain?", "--json", cwd=tmp_path)
    assert replayed.code == 0
    assert replayed.document["reply"]["text"] == RAIN
    missing = agency("engine", "ask", "replay:a.jsonl", "Snow?", "--json", cwd=tmp_path)
    assert missing.code == 2
    assert missing.document["error"]["code"] == "engine.not_recorded"


def test_a_schema_reaches_the_server_and_a_wrong_one_does_not(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"verdict": {"enum": ["pass"]}}}
    (tmp_path / "schema.json").write_text(json.dumps(schema))
    (tmp_path / "wrong.json").write_text("[1]")
    with serving() as server:
        done = agency("engine", "ask", server.url, "Judge.", "--schema", "schema.json", cwd=tmp_path)
        wrong = agency("engine", "ask", server.url, "Judge.", "--schema", "wrong.json", cwd=tmp_path)
    assert json.loads(done.out) == {"verdict": "pass"}
    assert wrong.code == 2
    assert "wrong.json" in wrong.err


def test_an_answer_cut_off_exits_1_and_terminal_codes_stay_text(tmp_path: Path) -> None:
    with serving(finish="length", answer=lambda _: "\x1b[31mred\n::error::x") as server:
        done = agency("engine", "ask", server.url, "Rain?", cwd=tmp_path)
    assert done.code == 1
    assert "cut off" in done.err
    assert "\x1b" not in done.out
    assert not any(line.startswith("::") for line in done.out.splitlines())


def test_settings_of_the_file_are_used_and_options_win(tmp_path: Path) -> None:
    with serving(kind="ollama") as server:
        text = f'[engines.local]\nkind = "ollama"\nurl = "{server.url}"\ntemperature = 0.5\ncontext = 1024\n'
        environment = _engines(tmp_path, text + '[roles]\nfast = "local"\n')
        for more in ((), ("--temperature", "0", "--max-tokens", "9")):
            assert agency("engine", "ask", "fast", "Rain?", *more, cwd=tmp_path, env=environment).code == 0
        first, second = (body["options"] for body in server.chats())
    assert (first["temperature"], first["num_ctx"], second["temperature"], second["num_predict"]) == (0.5, 1024, 0, 9)


def test_an_engine_that_is_not_there_is_exit_2_with_a_fix(tmp_path: Path) -> None:
    done = agency("engine", "ask", "gemma", "Rain?", cwd=tmp_path)
    assert done.code == 2
    assert "There is no engine 'gemma'" in done.err
    assert "Traceback" not in done.err
