"""Code under review that attacks the machine, through the whole of ``agency review``, and once without the defence.

An attack that came through makes its tool exit with 7, so that its gate fails; one that was held off exits with 0.
"""

from __future__ import annotations

import json
import os
import pty
import select
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent_agency.sandbox.control_group import PROCESSES, ControlGroup
from agent_agency.sandbox.model import Isolation
from agent_agency.sandbox.probe import probe
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.unguarded import review_at
from support.warm_command import agency

SECRET = "the-key-of-the-fake-home"  # noqa: S105  made up, for the attack to look for
MARKER = "agency-hostile-daemon-7f3a"
FORMS = ("text", "sarif", "junit", "markdown", "html", "github")
RAW = {"\x1b", "\x07", "\x9b"}
ATTACKS = """
import contextlib, json, os, signal, socket, sys, time
told = json.loads(open("src/targets.json").read())

def write():
    for target in told["unwritable"]:
        with contextlib.suppress(OSError):
            open(target, "w").write("harm")
    return all(map(os.path.exists, told["unwritable"]))

def secret():
    with contextlib.suppress(OSError):
        return told["secret_text"] in open(told["secret"]).read()

def variables():
    return told["secret_text"] in "".join(os.environ.values())

def network():
    with contextlib.suppress(OSError):
        return bool(socket.create_connection(("127.0.0.1", told["port"]), 3))

def bomb():
    started = []
    with contextlib.suppress(OSError):
        while len(started) < 200:
            started.append(os.fork())
            if started[-1] == 0:
                time.sleep(30)
                os._exit(0)
    for pid in started:
        os.kill(pid, signal.SIGKILL)
    return len(started) == 200

def fill():
    for number in range(50):
        open(f"filled-{number}", "wb").write(bytes(1 << 20))
        time.sleep(0.01)
    return True

def large():
    with contextlib.suppress(OSError), open("large", "wb", 0) as stream:
        return sum(stream.write(bytes(1 << 20)) for _ in range(10)) == 10 << 20

def flood():
    for number in range(told["most_printed"]):
        os.write(1, b"\\x1b[2J\\x1b]0;owned\\x07" * (2**20 // 16))
        if number == 20 and sys.argv[2:] == ["free"]:
            return True

def memory():
    with contextlib.suppress(MemoryError):
        return bool(bytearray(600 << 20))

def sleepy():
    time.sleep(1.5)
    return True

def daemon():
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(120)", told["marker"]])
        os._exit(0)
    os.wait()

def closed():
    deep = "closed"
    os.mkdir(deep)
    os.chdir(deep)
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    os.chmod(".", 0)

def names():
    return any(map(os.path.exists, ("harm", "src/harm", "touched")))

sys.exit(7 if globals()[sys.argv[1]]() else 0)
"""
CONFINED = ("write", "secret", "network")
PLAIN = ("variables", "daemon", "closed", "names")
LIMITED = {
    "bomb": ("limits = { processes = 32 }", "pass"),
    "fill": ("limits = { written_mb = 8 }", "error"),
    "large": ("limits = { file_mb = 2 }", "pass"),
    "flood": ("limits = { output_mb = 1 }", "error"),
    "memory": ("limits = { memory_mb = 300 }", "pass"),
    "sleepy": ("limits = { idle_s = 1 }", "error"),
}
EXPECTED = {**dict.fromkeys((*CONFINED, *PLAIN), "pass"), **{name: status for name, (_, status) in LIMITED.items()}}
FREE = {f"{name}-free": "fail" for name in (*LIMITED, "variables")}
INJECTING = ("$(touch harm).py", "`touch harm`.py", "; touch harm;.py", "a\ntouch harm\n.py", "-rf", "--option", "|x")


@dataclass(frozen=True)
class Attacked:
    """A finished review of the hostile change, and where harm would show."""

    repo: GitRepo
    document: Any
    out: str
    err: str
    folder: Path
    unwritable: tuple[Path, ...]
    reached: bool

    def gate(self, name: str) -> dict[str, Any]:
        (found,) = [gate for gate in self.document["gates"] if gate["name"] == name]
        return dict(found)


def _gate(name: str, more: str = "") -> str:
    argv = json.dumps([sys.executable, "src/attack.py", *name.rsplit("-", 1)])
    return f'[[gate]]\nname = "{name}"\nkind = "custom"\nargv = {argv}\ntimeout_s = 60\n{more}\n'


def _config() -> str:
    gates = [_gate(name) for name in (*CONFINED, *PLAIN)]
    gates += [_gate(name, limits) for name, (limits, _) in LIMITED.items()]
    gates += [_gate(f"{name}-free") for name in LIMITED]
    return "\n".join([*gates, _gate("variables-free", 'environment = ["HOST_FACT"]')])


def _prepared(folder: Path, server: socket.socket) -> tuple[GitRepo, tuple[Path, ...], dict[str, str]]:
    for made in ("outside", "home/.ssh", "temporary"):
        (folder / made).mkdir(parents=True)
    (folder / "home/.ssh/id").write_text(SECRET)
    repo = lawful_repo(folder / "repo", config=_config())
    unwritable = (folder / "outside/harm", repo.path / "harm", repo.path / ".git/harm", folder / "home/harm")
    targets = {
        "unwritable": list(map(str, unwritable)),
        "secret": str(folder / "home/.ssh/id"),
        "secret_text": SECRET,
        "port": server.getsockname()[1],
        "marker": MARKER,
        "most_printed": 1024,
    }
    odd = {f"src/odd/{name}": "A = 1\n" for name in (*INJECTING, "\x1b[2J\x07.py")}
    files = {"src/attack.py": ATTACKS, "src/targets.json": json.dumps(targets)}
    repo.commit("Attack", **files, **odd)
    env = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "temporary"), "HOST_FACT": SECRET}
    return repo, unwritable, env


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Attacked:
    if probe().isolation is Isolation.NONE:
        pytest.skip("NOT TESTED: this machine offers no isolation")
    folder = tmp_path_factory.mktemp("hostile")
    with socket.create_server(("127.0.0.1", 0)) as server:
        repo, unwritable, env = _prepared(folder, server)
        also = [word for form in FORMS for word in ("--also", f"{form}={folder / form}")]
        done = agency("review", "--base", "main", "--head", "work", "--json", *also, cwd=repo.path, env=env)
        reached = bool(select.select([server], [], [], 0)[0])
    return Attacked(repo, done.document, done.out, done.err, folder, unwritable, reached)


@pytest.fixture(scope="module")
def unguarded(tmp_path_factory: pytest.TempPathFactory) -> Attacked:
    """The same change with the one defence of isolation switched off."""
    folder = tmp_path_factory.mktemp("unguarded")
    with socket.create_server(("127.0.0.1", 0)) as server:
        repo, unwritable, env = _prepared(folder, server)
        repo.checkout("main")
        repo.commit("Leave the attacks on the machine", **{"agency.toml": "".join(_gate(name) for name in CONFINED)})
        repo.checkout("work")
        repo.git("rebase", "-q", "main")
        variables = {**os.environ, **env}
        document = review_at(Isolation.NONE, repo.path, variables, base="main", head="work")
        reached = bool(select.select([server], [], [], 0)[0])
    return Attacked(repo, document, "", "", folder, unwritable, reached)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_attack_ends_as_its_gate_should(attacked: Attacked, name: str) -> None:
    found = attacked.gate(name)
    if name == "network" and found["isolation"] == "landlock":
        pytest.skip("NOT TESTED: Landlock does not promise to close the network")
    if name == "bomb" and os.geteuid() == 0 and not _bounded_processes():
        pytest.skip("NOT TESTED: root, and no control group for processes")
    assert found["status"] == EXPECTED[name], found["reason"]


def _bounded_processes() -> bool:
    group = ControlGroup.create({PROCESSES: 10})
    group.remove()
    return bool(group.bounds)


@pytest.mark.parametrize("name", FREE)
def test_an_attack_that_no_limit_holds_off_comes_through(attacked: Attacked, name: str) -> None:
    found = attacked.gate(name)
    assert (found["status"], found["figures"].get("exit_code", 7)) == ("fail", 7), found["reason"]
    assert "exited with 7" in found["reason"]


@pytest.mark.parametrize("name", CONFINED)
def test_an_attack_without_isolation_comes_through(unguarded: Attacked, name: str) -> None:
    found = unguarded.gate(name)
    assert "exited with 7" in found["reason"]
    assert found["status"] == "fail"


def test_without_isolation_the_harm_is_done(unguarded: Attacked) -> None:
    assert all(path.exists() for path in unguarded.unwritable)
    assert unguarded.reached


def test_nothing_was_written_outside_of_the_checkout(attacked: Attacked) -> None:
    assert [path for path in attacked.unwritable if path.exists()] == []
    assert attacked.repo.git("status", "--porcelain") == ""


def test_no_server_of_the_machine_was_reached(attacked: Attacked) -> None:
    if attacked.gate("network")["isolation"] != "namespaces":
        pytest.skip("NOT TESTED: only name spaces promise to close the network")
    assert not attacked.reached


def test_the_reason_names_the_limit_that_was_passed(attacked: Attacked) -> None:
    told = {name: attacked.gate(name)["reason"] for name in ("fill", "flood", "sleepy")}
    assert "8388608 bytes to disk" in told["fill"]
    assert "1048576 bytes of output" in told["flood"]
    assert "no output for 1 seconds" in told["sleepy"]


def test_no_process_of_a_tool_survives(attacked: Attacked) -> None:
    left = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:
            continue
        left += [place] if MARKER.encode() in words else []
    assert attacked.gate("daemon")["status"] == "pass"
    assert left == []


def test_no_folder_is_left_however_deep_or_closed(attacked: Attacked) -> None:
    assert [path.name for path in (attacked.folder / "temporary").iterdir() if path.name.startswith("agency-")] == []


@pytest.mark.parametrize("form", ["json", *FORMS])
def test_no_escape_reaches_the_answer_in_any_form(attacked: Attacked, form: str) -> None:
    told = attacked.out + attacked.err if form == "json" else (attacked.folder / form).read_text("utf-8")
    assert "flood" in told
    assert not set(told) & RAW


def test_no_escape_of_a_tool_reaches_a_terminal(tmp_path: Path) -> None:
    config = _gate("flood", "limits = { output_mb = 1 }") + _gate("flood-free")
    repo = lawful_repo(tmp_path / "repo", config=config)
    repo.commit("Attack", **{"src/attack.py": ATTACKS, "src/targets.json": '{"most_printed": 1024}'})
    command = [sys.executable, "-m", "agent_agency", "review", "--base", "main", "--head", "work"]
    seen = _on_terminal(command, repo.path)
    assert b"flood" in seen
    assert b"\x1b]0;" not in seen
    assert b"\x1b[2J" not in seen


def _on_terminal(command: list[str], cwd: Path) -> bytes:
    """What a command writes to the terminal that it runs on."""
    ours, theirs = pty.openpty()
    seen = b""
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100"}
    with subprocess.Popen(command, cwd=cwd, stdin=theirs, stdout=theirs, stderr=theirs, env=environment):
        os.close(theirs)
        try:
            while piece := os.read(ours, 65536):
                seen += piece
        except OSError:
            pass  # the last writer is gone
    os.close(ours)
    return seen


def test_no_secret_reaches_the_answer_nor_the_record(attacked: Attacked) -> None:
    assert SECRET not in attacked.out + attacked.err
    kept = [path for path in (attacked.repo.path / ".git/agency").rglob("*") if path.is_file()]
    assert kept
    assert [path for path in kept if SECRET.encode() in path.read_bytes()] == []


@pytest.mark.parametrize("name", INJECTING[:4])
def test_the_odd_names_do_inject_where_a_shell_reads_them(tmp_path: Path, name: str) -> None:
    subprocess.run(f"cat {name}", shell=True, cwd=tmp_path, check=False, capture_output=True)  # noqa: S602  the attack
    assert list(tmp_path.glob("harm*"))
