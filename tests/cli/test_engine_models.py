from __future__ import annotations

import json
import shutil
import tomllib
from pathlib import Path

import pytest

from support.file_server import Conduct, serving_file
from support.test_models import nano_model
from support.warm_command import agency


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    return {
        "HOME": str(tmp_path),
        "AGENCY_ENGINES": str(tmp_path / "engines.toml"),
        "XDG_DATA_HOME": str(tmp_path / "data"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
    }


def _written(home: dict[str, str]) -> dict[str, dict[str, object]]:
    return tomllib.loads(Path(home["AGENCY_ENGINES"]).read_text())


def test_a_file_is_added_asked_listed_and_removed(tmp_path: Path, home: dict[str, str]) -> None:
    path = shutil.copy(nano_model(), tmp_path / "My Model.Q8_0.gguf")
    done = agency("engine", "add", str(path), "--engine", "llama.cpp", "--role", "primary", cwd=tmp_path, env=home)
    assert (done.code, done.err) == (0, "")
    assert "random weights" in done.out
    assert _written(home)["roles"] == {"primary": "my-model.q8_0"}
    assert Path(home["AGENCY_ENGINES"]).stat().st_mode & 0o777 == 0o600
    asked = agency("engine", "ask", "primary", "Hello", "--max-tokens", "3", "--json", cwd=tmp_path, env=home)
    assert (asked.code, asked.document["reply"]["usage"]["completion"]) == (1, 3)
    (listed,) = agency("engine", "models", "--json", cwd=tmp_path, env=home).document["models"]
    assert (listed["changed"], listed["standing"], listed["roles"]) == (False, "as added", ["primary"])
    removed = agency("engine", "remove", "my-model.q8_0", "--json", cwd=tmp_path, env=home)
    assert removed.document["removed"]["roles"] == ["primary"]
    assert _written(home).get("engines", {}) == {}
    assert Path(path).exists()


def test_a_file_that_changed_is_noticed_and_can_be_taken_as_it_is(tmp_path: Path, home: dict[str, str]) -> None:
    path = Path(shutil.copy(nano_model(), tmp_path / "m.gguf"))
    Path(home["AGENCY_ENGINES"]).write_text(f'[engines.m]\nkind = "local"\npath = "{path}"\nwidth = 2 # few\n')
    assert agency("engine", "add", str(path), "--name", "m", cwd=tmp_path, env=home).code == 0
    assert "width = 2 # few" in Path(home["AGENCY_ENGINES"]).read_text()
    with path.open("r+b") as stream:
        stream.seek(-1, 2)
        stream.write(b"\x01")
    listed = agency("engine", "models", "--json", cwd=tmp_path, env=home)
    assert (listed.code, listed.document["models"][0]["changed"]) == (1, True)
    asked = agency("engine", "ask", "m", "Hello", "--json", cwd=tmp_path, env=home)
    assert (asked.code, asked.document["error"]["code"]) == (2, "engine.model_changed")
    assert agency("engine", "add", str(path), "--name", "m", cwd=tmp_path, env=home).code == 0
    assert agency("engine", "models", cwd=tmp_path, env=home).code == 0
    path.unlink()
    gone = agency("engine", "models", cwd=tmp_path, env=home)
    assert gone.code == 1
    assert "not there" in " ".join(gone.out.split())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("cut.gguf",), "engine.model_truncated"),
        (("page.gguf",), "engine.not_a_model"),
        (("mute.gguf",), "engine.no_chat_template"),
        (("none.gguf",), "file.unreadable"),
        (("whole.gguf", "--name", "Big Name"), "engine.bad_name"),
        (("whole.gguf", "--name", "primary"), "engine.bad_name"),
        (("whole.gguf", "--name", "there"), "engine.name_taken"),
        (("whole.gguf", "--sha256", "12"), "engine.bad_source"),
        (("whole.gguf", "--sha256", "0" * 64), "engine.wrong_digest"),
        (("ftp://h/x.gguf",), "engine.bad_source"),
        (("hf:owner",), "engine.bad_source"),
    ],
)
def test_what_cannot_be_added_leaves_the_settings_as_they_were(
    arguments: tuple[str, ...], code: str, tmp_path: Path, home: dict[str, str]
) -> None:
    (tmp_path / "cut.gguf").write_bytes(nano_model().read_bytes()[:-1000])
    mute = nano_model().read_bytes().replace(b"tokenizer.chat_template", b"tokenizer.chat_tamplate")
    (tmp_path / "mute.gguf").write_bytes(mute)
    (tmp_path / "page.gguf").write_text("<html>no</html>")
    shutil.copy(nano_model(), tmp_path / "whole.gguf")
    text = '# mine\n[engines.there]\nkind = "offline"\n'
    Path(home["AGENCY_ENGINES"]).write_text(text)
    done = agency("engine", "add", *arguments, "--json", cwd=tmp_path, env=home)
    assert (done.code, done.document["error"]["code"]) == (2, code)
    assert done.document["error"]["fix"]
    assert Path(home["AGENCY_ENGINES"]).read_text() == text


def test_a_url_and_a_name_on_a_hub_are_downloaded_and_deleted_again(tmp_path: Path, home: dict[str, str]) -> None:
    with serving_file(Conduct(nano_model().read_bytes(), token="hf_t")) as server:  # noqa: S106 - of no server
        hub = {**home, "HF_ENDPOINT": server.url, "HF_TOKEN": "hf_t"}
        done = agency("engine", "add", "hf:o/r/nano.gguf@v1", "--json", cwd=tmp_path, env=hub)
        assert done.code == 0, done.out
        assert server.asked[0]["path"] == "/o/r/resolve/v1/nano.gguf"
        refused = agency("engine", "add", f"{server.url}/x.gguf", "--json", cwd=tmp_path, env=hub)
        assert refused.document["error"]["code"] == "engine.refused"
        server.conduct.token = None
        assert agency("engine", "add", f"{server.url}/x.gguf", cwd=tmp_path, env=home).code == 0
    added = done.document["added"]
    path = Path(added["path"])
    assert (added["downloaded"], path.parent.name) == (True, added["digest"].removeprefix("sha256:"))
    assert path.is_relative_to(tmp_path / "data" / "agency" / "models")
    removed = agency("engine", "remove", "nano", "--json", cwd=tmp_path, env=home)
    assert removed.document["removed"]["deleted"] == str(path)
    assert not path.exists()
    assert (path.parent / "x.gguf").exists()


def test_a_page_in_place_of_a_model_leaves_nothing(tmp_path: Path, home: dict[str, str]) -> None:
    with serving_file(Conduct(b"<!doctype html>Sign in", kind="text/html; charset=utf-8")) as server:
        done = agency("engine", "add", f"{server.url}/m.gguf", cwd=tmp_path, env=home)
    assert done.code == 2
    assert "page for people" in done.err
    assert "Traceback" not in done.err
    assert not [one for one in (tmp_path / "data").rglob("*") if one.is_file()]
    assert not Path(home["AGENCY_ENGINES"]).exists()


def test_an_empty_list_says_how_to_add(tmp_path: Path, home: dict[str, str]) -> None:
    Path(home["AGENCY_ENGINES"]).write_text("")
    assert "agency engine add" in agency("engine", "models", cwd=tmp_path, env=home).out
    document = json.loads(agency("engine", "remove", "x", "--json", cwd=tmp_path, env=home).out)
    assert document["error"]["code"] == "engine.unknown"


def test_a_context_too_short_for_the_rubric_is_one_error_before_any_work(tmp_path: Path, home: dict[str, str]) -> None:
    table = f'[engines.small]\nkind = "local"\npath = "{nano_model()}"\nengine = "llama.cpp"\ncontext = 256\n'
    Path(home["AGENCY_ENGINES"]).write_text(table)
    (tmp_path / "r.jsonl").write_text('{"output": "An answer."}\n' * 3)
    run = ("judge", "run", "relevance", "--input", "r.jsonl", "--out", "o.jsonl", "--engine", "small", "--json")
    for mode in ("full", "short", "label"):
        done = agency(*run, "--mode", mode, cwd=tmp_path, env=home)
        assert (done.code, done.document["error"]["code"]) == (2, "engine.context_too_short"), done.out
        assert "256" in done.document["error"]["message"]
    assert not (tmp_path / "o.jsonl").exists()
