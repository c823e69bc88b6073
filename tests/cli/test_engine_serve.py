from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.test_models import nano_model
from support.warm_command import agency

ASK = {"messages": [{"role": "user", "content": "Hello"}], "max_tokens": 4}
TOKEN = "0123456789abcdef-x"  # noqa: S105 - of no server


@pytest.fixture
def home(tmp_path: Path) -> dict[str, str]:
    path = tmp_path / "engines.toml"
    path.write_text(f'[engines.n]\nkind = "local"\npath = "{nano_model()}"\nengine = "llama.cpp"\nwarm = true\n')
    return {"HOME": str(tmp_path), "AGENCY_ENGINES": str(path), "XDG_CACHE_HOME": str(tmp_path)}


@contextmanager
def _serving(home: dict[str, str], *options: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    command = [sys.executable, "-m", "agent_agency", "engine", "serve", "n", "--json", *options]
    with subprocess.Popen(command, env={**os.environ, **home}, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            told = json.loads(process.stdout.readline())["serving"]
            assert told["pid"] == process.pid
            yield told["url"], process
        finally:
            process.kill()


def _children(pid: int) -> list[str]:
    """Of all its threads: the process of a model is started by one of its own."""
    return [child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]


def _posted(url: str, body: dict[str, Any], **headers: str) -> httpx.Response:
    return httpx.post(url, json=body, headers=headers, timeout=60, trust_env=False)


def test_a_model_of_this_machine_is_served_and_ends_in_order(home: dict[str, str]) -> None:
    schema = {"type": "object", "properties": {"v": {"enum": ["pass", "fail"]}}, "required": ["v"]}
    form = {"type": "json_schema", "json_schema": {"name": "v", "schema": {**schema, "additionalProperties": False}}}
    with _serving(home) as (url, process):
        answer = _posted(f"{url}/chat/completions", ASK).json()
        assert answer["usage"]["completion_tokens"] == 4
        formed = _posted(f"{url}/chat/completions", {**ASK, "max_tokens": 40, "response_format": form}).json()
        assert json.loads(formed["choices"][0]["message"]["content"])["v"] in {"pass", "fail"}
        labels = _posted(f"{url}/labels", {"messages": ASK["messages"], "labels": ["pass", "fail"]}).json()
        assert len(labels["scores"]) == 2
        health = httpx.get(url.replace("/v1", "/health"), trust_env=False).json()
        assert (health["status"], health["state"]) == ("ok", "warm")
        (child,) = _children(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        assert not Path(f"/proc/{child}").exists()


def test_what_was_answered_once_is_kept_apart_from_what_judges_keep(home: dict[str, str], tmp_path: Path) -> None:
    told = []
    for options in ((), ("--no-cache",)):
        with _serving(home, *options) as (url, process):
            answers = [_posted(f"{url}/chat/completions", ASK) for _ in range(2)]
            if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as under nohup
                process.send_signal(signal.SIGHUP)
                assert process.wait(30) == 0
            told += [one.headers["cache-status"].removeprefix("agency; ") for one in answers]
    assert told == ["fwd=miss; stored", "hit", "fwd=bypass", "fwd=bypass"]
    assert [one.name for one in (tmp_path / "agency").iterdir() if one.name in {"served", "calls"}] == ["served"]


def test_who_stops_reading_stops_the_model(home: dict[str, str]) -> None:
    with _serving(home, "--host", "::1") as (url, _):
        body = {**ASK, "max_tokens": 8000, "stream": True}
        with httpx.stream("POST", f"{url}/chat/completions", json=body, timeout=60, trust_env=False) as response:
            assert next(response.iter_lines()).startswith("data: ")
        metrics = url.replace("/v1", "/metrics")
        while 'failed_total{code="engine.cancelled"} 1' not in httpx.get(metrics, trust_env=False).text:
            pass
        assert _posted(f"{url}/chat/completions", ASK).status_code == 200


def test_a_token_of_the_environment_is_asked_for(home: dict[str, str]) -> None:
    with _serving({**home, "AGENCY_SERVE_TOKEN": TOKEN}) as (url, process):
        assert _posted(f"{url}/chat/completions", ASK).status_code == 401
        assert _posted(f"{url}/chat/completions", ASK, Authorization=f"Bearer {TOKEN}").status_code == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


@pytest.mark.parametrize(
    ("options", "token", "code"),
    [
        (("--host", "0.0.0.0"), "", "usage.invalid"),  # noqa: S104 - that it is refused is the test
        ((), "short", "usage.invalid"),
        (("--token-env", "NOT_SET"), "", "usage.invalid"),
        (("--host", "203.0.113.1"), TOKEN, "serve.no_address"),
    ],
)
def test_what_would_be_an_open_house_is_not_served(
    options: tuple[str, ...], token: str, code: str, home: dict[str, str], tmp_path: Path
) -> None:
    done = agency("engine", "serve", "n", "--json", *options, cwd=tmp_path, env={**home, "AGENCY_SERVE_TOKEN": token})
    assert (done.code, done.document["error"]["code"]) == (2, code)
