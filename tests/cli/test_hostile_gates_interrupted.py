"""The arbiter is killed or interrupted while a hostile tool runs: nothing of the tool is left, nor of the arbiter."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent_agency.sandbox.model import Isolation
from agent_agency.sandbox.probe import probe
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.warm_command import agency

HOLD = """
import os, signal, sys, time
for number in (1, 2, 15):
    signal.signal(number, signal.SIG_IGN)
for _ in range(2):
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.setsid()
            time.sleep(600)
            os._exit(0)
        time.sleep(600)
time.sleep(600)
"""
QUICK = '[[gate]]\nname = "quick"\nkind = "custom"\nargv = ["true"]\n'


@pytest.fixture
def word(tmp_path: Path) -> str:
    return f"agency-hostile-{tmp_path.name}-{os.getpid()}"


@pytest.fixture
def repo(tmp_path: Path, word: str) -> GitRepo:
    argv = json.dumps([sys.executable, "src/hold.py", word])
    made = lawful_repo(tmp_path / "repo", config=f'[[gate]]\nname = "hold"\nkind = "custom"\nargv = {argv}\n')
    made.commit("Hold", **{"src/hold.py": HOLD})
    (tmp_path / "temporary").mkdir()
    return made


@pytest.fixture
def reviewing(repo: GitRepo, tmp_path: Path, word: str) -> Iterator[subprocess.Popen[bytes]]:
    """A review whose tool runs, with all that it has started."""
    argv = [sys.executable, "-m", "agent_agency", "review", "--base", "main", "--head", "work", "--json"]
    env = {**os.environ, "TMPDIR": str(tmp_path / "temporary")}
    with subprocess.Popen(argv, cwd=repo.path, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        _wait_for(lambda: len(_running(word)) >= 3)
        yield process
        if process.poll() is None:
            process.kill()


def _running(word: str) -> list[int]:
    """Processes that have the word as one of their arguments, zombies included."""
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        found += [int(place.name)] if word.encode() in words else []
    return found


def _wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith("agency-")]


def test_nothing_runs_on_when_the_arbiter_is_killed_and_the_next_review_clears_up(
    reviewing: subprocess.Popen[bytes], repo: GitRepo, tmp_path: Path, word: str
) -> None:
    reviewing.kill()
    reviewing.wait()
    _wait_for(lambda: _running(word) == [])
    left = _left(tmp_path / "temporary")
    assert {name[:12] for name in left} == {"agency-gate-", "agency-view-"}
    repo.checkout("main")
    repo.commit("Quick", **{"agency.toml": QUICK})
    repo.branch("next")
    repo.commit("Harmless", **{"src/totals.py": "def total(lines):\n    return sum(lines) + 0\n"})
    env = {"TMPDIR": str(tmp_path / "temporary")}
    done = agency("review", "--base", "main", "--head", "next", "--spec", "FEAT-1", "--json", cwd=repo.path, env=env)
    assert "quick" in {gate["name"] for gate in done.document["gates"]}
    assert _left(tmp_path / "temporary") == []


def test_ctrl_c_ends_the_tool_and_clears_up(reviewing: subprocess.Popen[bytes], tmp_path: Path, word: str) -> None:
    reviewing.send_signal(signal.SIGINT)
    out, err = reviewing.communicate(timeout=90)
    assert reviewing.returncode not in {0, 1, 4}
    assert b"Traceback" not in out + err
    assert _running(word) == []
    assert _left(tmp_path / "temporary") == []
    if probe().isolation is Isolation.NAMESPACES:
        assert str(tmp_path) not in Path("/proc/mounts").read_text()


def test_the_tool_would_run_on_were_it_started_plainly(tmp_path: Path, word: str) -> None:
    starter = "import subprocess, sys; subprocess.Popen(sys.argv[1:]); input()"
    argv = [sys.executable, "-c", starter, sys.executable, "-c", "import time; time.sleep(600)", word]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, cwd=tmp_path) as process:
        _wait_for(lambda: len(_running(word)) == 2)
        process.kill()
    (left,) = _running(word)
    os.kill(left, signal.SIGKILL)
