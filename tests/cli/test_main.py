"""What holds for every command: one sentence for what went wrong, the right exit code, nothing half-written."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.command import agency
from support.git_repo import GitRepo
from support.law import lawful_repo

COMMANDS = [
    ["review"],
    ["validate"],
    ["init"],
    ["scope", "check", "a.py"],
    ["ledger", "verify"],
    ["ledger", "list"],
    ["ledger", "export", "--out", "x.jsonl"],
    ["spec", "migrate"],
]


def one_sentence(text: str) -> bool:
    return text.count("\n") == 1 and text.startswith("agency: ") and "Traceback" not in text


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_outside_a_repository_every_command_says_so_in_one_sentence(command: list[str], tmp_path: Path) -> None:
    done = agency(*command, cwd=tmp_path)
    assert done.code == 2
    assert one_sentence(done.err), done.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_with_json_what_went_wrong_is_one_document(command: list[str], tmp_path: Path) -> None:
    if command[1:2] == ["export"]:
        pytest.skip("export writes JSON lines and has no --json")
    done = agency(*command, "--json", cwd=tmp_path)
    assert done.code == 2
    error = done.document["error"] if "error" in done.document else done.document["errors"][0]
    assert error["code"]
    assert error["message"]
    assert error["fix"]


@pytest.mark.parametrize("command", [["review"], ["scope", "check", "a.py"]], ids=" ".join)
def test_an_empty_repository_is_refused_clearly(command: list[str], git_repo: GitRepo) -> None:
    done = agency(*command, cwd=git_repo.path)
    assert done.code == 2
    assert one_sentence(done.err), done.err


@pytest.mark.parametrize("arguments", [["revieww"], ["review", "--bse", "x"], ["review", "--head"], ["scope"], []])
def test_a_wrong_command_line_exits_2(arguments: list[str], tmp_path: Path) -> None:
    done = agency(*arguments, cwd=tmp_path)
    assert done.code == 2
    assert "Traceback" not in done.err


def test_a_near_miss_is_answered_with_what_was_probably_meant(tmp_path: Path) -> None:
    assert "agency review" in agency("reviw", cwd=tmp_path).err


def test_a_closed_pipe_is_no_traceback(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo")
    command = [sys.executable, "-m", "agent_agency", "review", "--base", "main", "--json"]
    with subprocess.Popen(command, cwd=repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        told = process.stderr.read()
        assert process.wait() == 2
    assert b"Traceback" not in told
    assert b"Exception ignored" not in told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="NOT RUN: no /dev/full here")
@pytest.mark.parametrize("command", [["review", "--json"], ["review"], ["validate", "--json"], ["nonsense", "--json"]])
def test_an_answer_that_cannot_be_written_is_no_verdict(command: list[str], tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo")
    with Path("/dev/full").open("wb") as full:
        asked = [sys.executable, "-m", "agent_agency", *command]
        subprocess.run(asked, cwd=repo.path, capture_output=True, check=False)  # the first makes a key and says so
        done = subprocess.run(asked, cwd=repo.path, stdout=full, stderr=subprocess.PIPE, check=False)
        silent = subprocess.run(asked, cwd=repo.path, stdout=full, stderr=full, check=False)
    assert (done.returncode, silent.returncode) == (2, 2)
    assert one_sentence(done.stderr.decode()), done.stderr


def test_ctrl_c_in_the_middle_leaves_nothing_half_written(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo")
    for number in range(400):
        repo.write(f"src/f{number}.py", "A = 1\n" * 50)
    before = repo.git("status", "--porcelain")
    command = [sys.executable, "-m", "agent_agency", "review", "--base", "main", "--json"]
    for delay in (0.05, 0.15, 0.3, 0.6):
        with subprocess.Popen(command, cwd=repo.path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            time.sleep(delay)
            process.send_signal(signal.SIGINT)
            out, told = process.communicate()
        assert process.returncode in {0, 1, 130, -signal.SIGINT}, told
        if process.returncode == 130:
            assert out == b""
            assert b"Traceback" not in told
        assert agency("ledger", "verify", cwd=repo.path).code == 0
    assert repo.git("status", "--porcelain") == before


def _tiny_files() -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1500, 1500))


@pytest.mark.parametrize("target", ["ledger", "out"])
def test_on_a_full_disk_the_answer_is_shown_and_nothing_is_half_written(tmp_path: Path, target: str) -> None:
    repo = lawful_repo(tmp_path / "repo")
    repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
    command = [sys.executable, "-m", "agent_agency", "review", "--base", "main", "--head", "work"]
    command += ["--json"] if target == "ledger" else ["--format", "html", "--out", str(tmp_path / "ruling.html")]
    done = subprocess.run(command, cwd=repo.path, capture_output=True, check=False, preexec_fn=_tiny_files)
    assert done.returncode == 2, done.stderr
    assert b"Traceback" not in done.stderr
    if target == "ledger":
        assert json.loads(done.stdout)["verdict"] == "approved"
        assert json.loads(done.stdout)["ledger"] is None
    assert not (tmp_path / "ruling.html").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["repo"]
    assert agency("ledger", "verify", cwd=repo.path).code == 0
    again = agency("review", "--base", "main", "--head", "work", "--json", cwd=repo.path)
    assert again.code == 0
    assert agency("ledger", "verify", cwd=repo.path).code == 0


@pytest.mark.skipif(os.geteuid() == 0, reason="NOT RUN: root may write anywhere")
def test_an_unwritable_repository_still_gets_its_answer(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo")
    repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
    (repo.path / ".git").chmod(0o500)
    try:
        done = agency("review", "--base", "main", "--head", "work", "--json", cwd=repo.path)
    finally:
        (repo.path / ".git").chmod(0o700)
    assert done.code == 2
    assert done.document["verdict"] == "approved"
