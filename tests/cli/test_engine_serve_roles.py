from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import httpx

from support.openai_server import serving
from support.warm_command import agency

PRICES = 'price_per_million_prompt = 1\nprice_per_million_completion = 2\ncurrency = "EUR"\n'


def test_a_role_is_swapped_taken_back_and_stopped_while_it_is_served(tmp_path: Path) -> None:
    home = {
        "HOME": str(tmp_path),
        "AGENCY_ENGINES": str(tmp_path / "engines.toml"),
        "AGENCY_STORE_URL": f"sqlite:///{tmp_path}/store/store.db",
    }
    command = [sys.executable, "-m", "agent_agency", "engine", "serve", "primary", "--json"]
    with serving(kind="vllm") as server:
        tables = [
            f'[engines.{name}]\nkind = "openai"\nurl = "{server.url}"\nmodel = "tiny"\n{PRICES}'
            for name in ("old", "new")
        ]
        Path(home["AGENCY_ENGINES"]).write_text("".join(tables) + '[roles]\nprimary = "old"\n')
        start = (
            "start",
            "primary",
            "new",
            "--shadow",
            "1",
            "--least-pairs",
            "5",
            "--latency-ratio",
            "100",
            "--who",
            "ann",
        )
        with subprocess.Popen(command, env={**os.environ, **home}, stdout=subprocess.PIPE) as process:
            try:
                assert process.stdout is not None
                url = json.loads(process.stdout.readline())["serving"]["url"]
                assert _asked(url, "before any roll") == 200
                assert agency("engine", "roll", *start, cwd=tmp_path, env=home).code == 0
                time.sleep(1.1)  # a server looks up who has the role once a second
                statuses = {_asked(url, f"question {at}") for at in range(60)}
                while _calls(tmp_path, home) <= 100:  # a busy machine leaves copies out
                    statuses |= {_asked(url, f"question {at} again") for at in range(5)}
                roll = agency("engine", "roll", "show", "--json", cwd=tmp_path, env=home).document["rollouts"][0]
                back = agency("engine", "roll", "back", "primary", "--who", "bob", cwd=tmp_path, env=home)
                assert agency("engine", "spend", "stop", "--who", "ann", cwd=tmp_path, env=home).code == 0
                stopped = _asked(url, "one more")
            finally:
                process.kill()
    assert statuses == {200}
    assert (roll["stage"] in {"shadow", "share"}, back.code, stopped) == (True, 0, 402)
    spend = agency("engine", "spend", "--json", cwd=tmp_path, env=home).document["spend"]
    assert len(spend["tasks"]) == 1


def _calls(folder: Path, home: dict[str, str]) -> int:
    spend = agency("engine", "spend", "--json", cwd=folder, env=home).document["spend"]
    return int(spend["spent"]["calls"])


def _asked(url: str, text: str) -> int:
    body = {"messages": [{"role": "user", "content": text}], "max_tokens": 8}
    return httpx.post(f"{url}/chat/completions", json=body, timeout=60, trust_env=False).status_code
