"""Ctrl-C during a review ends every tool, says so, and is recorded."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from cli.test_configured_gates import TESTS, repo_with
from support.command import agency

SLOW = """
import os, pathlib, subprocess, sys, time

def test_slow():
    marker = {marker!r}
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", marker], start_new_session=True)
    print("the tool has begun", flush=True)
    time.sleep(600)
"""


def processes_with(marker: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and entry.name != str(os.getpid()):
            try:
                if marker.encode() in (entry / "cmdline").read_bytes():
                    found.append(int(entry.name))
            except OSError:
                continue
    return found


def test_ctrl_c_leaves_no_process_and_is_recorded(tmp_path: Path) -> None:
    marker = f"marker-of-{tmp_path.name}"
    later = '[[gate]]\nname = "later"\nkind = "custom"\nargv = ["true"]\nneeds = ["tests"]\n'
    repo = repo_with(tmp_path, TESTS.replace('"-q"', '"-q", "-s"') + later)
    repo.commit("Wait", **{"tests/test_slow.py": SLOW.format(marker=marker)})
    command = [sys.executable, "-m", "agent_agency", "review", "--base", "main", "--head", "work", "--json"]
    running = subprocess.Popen(command, cwd=repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while not processes_with(marker) and running.poll() is None:
        time.sleep(0.05)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert running.returncode == 130, err
    assert b"the ledger records how far each gate was" in err
    assert out == b""
    assert processes_with(marker) == []
    listed = agency("ledger", "list", "--json", cwd=repo.path).document["entries"]
    assert listed[-1]["kind"] == "review_stopped"
    entry = agency("ledger", "show", str(listed[-1]["seq"]), "--json", cwd=repo.path).document["entry"]
    assert entry["body"]["gates"] == {"tests": "stopped", "later": "not_begun"}
    assert agency("ledger", "verify", cwd=repo.path).code == 0
