"""Code under review that attacks the machine and its own report, through ``agency review`` and the whole of it."""

from __future__ import annotations

import json
import select
import socket
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from agent_agency.sandbox.model import Isolation
from agent_agency.sandbox.probe import probe
from support.command import Done, agency
from support.git_repo import GitRepo
from support.law import lawful_repo

SECRET = "the-key-of-the-fake-home"  # noqa: S105  made up, for the attack to look for
MARKER = "agency-hostile-daemon-7f3a"
GOOD = '<testsuite tests="1" failures="0" errors="0"><testcase classname="a" name="b"/></testsuite>'
BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY f SYSTEM "file:///etc/passwd">]>' + GOOD.replace('"b"', '"&a;&f;"')
ATTACKS = """
import contextlib, json, os, socket, subprocess, sys
told = json.loads(open("src/targets.json").read())
name = sys.argv[1]
if name == "write":
    for target in told["unwritable"]:
        with contextlib.suppress(OSError):
            open(target, "w").write("harm")
elif name == "secret":
    with contextlib.suppress(OSError):
        sys.exit(7 if told["secret_text"] in open(told["secret"]).read() else 0)
elif name == "network":
    with contextlib.suppress(OSError):
        socket.create_connection(("127.0.0.1", told["port"]), 3)
        sys.exit(7)
elif name == "daemon":
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.execv(sys.executable, [sys.executable, "-c", "import time; time.sleep(120)", told["marker"]])
        os._exit(0)
    os.wait()
elif name == "flood":
    for _ in range(30):
        os.write(1, b"\\x1b[2J\\x1b]0;owned\\x07" * (2**20 // 16))
elif name == "closed":
    deep = "closed"
    os.mkdir(deep)
    os.chdir(deep)
    for _ in range(1500):
        os.mkdir("d")
        os.chdir("d")
    os.chmod(".", 0)
elif name == "link":
    os.symlink(told["forged"], "link.xml")
elif name == "folder":
    os.symlink(os.path.dirname(told["forged"]), "out")
elif name == "entities":
    open("entities.xml", "w").write(told["bomb"])
"""
EXPECTED = {
    "write": "pass",
    "secret": "pass",
    "network": "pass",
    "daemon": "pass",
    "flood": "pass",
    "closed": "pass",
    "link": "error",
    "folder": "error",
    "entities": "error",
    "committed": "error",
}
REPORTS = {"link": "link.xml", "folder": "out/forged.xml", "entities": "entities.xml", "committed": "committed.xml"}


@dataclass(frozen=True)
class Attacked:
    """A finished review of the hostile change, and where harm would show."""

    repo: GitRepo
    done: Done
    folder: Path
    unwritable: tuple[Path, ...]
    reached: bool

    def gate(self, name: str) -> dict[str, Any]:
        (found,) = [gate for gate in self.done.document["gates"] if gate["name"] == name]
        return dict(found)


def config() -> str:
    tables = []
    for name in EXPECTED:
        report = f'report = "{REPORTS[name]}"\nformat = "junit"\n' if name in REPORTS else ""
        kind = "tests" if report else "custom"
        argv = json.dumps([sys.executable, "src/attack.py", name])
        tables.append(f'[[gate]]\nname = "{name}"\nkind = "{kind}"\nargv = {argv}\ntimeout_s = 60\n{report}')
    return "\n".join(tables)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory: pytest.TempPathFactory) -> Attacked:
    if probe().isolation is Isolation.NONE:
        pytest.skip("NOT TESTED: this machine offers no isolation")
    folder = tmp_path_factory.mktemp("hostile")
    for made in ("outside", "home/.ssh", "temporary"):
        (folder / made).mkdir(parents=True)
    (folder / "home/.ssh/id").write_text(SECRET)
    (folder / "outside/forged.xml").write_text(GOOD)
    repo = lawful_repo(folder / "repo", config=config())
    unwritable = (folder / "outside/harm", repo.path / "harm", repo.path / ".git/harm", folder / "home/harm")
    with socket.create_server(("127.0.0.1", 0)) as server:
        targets = {
            "unwritable": list(map(str, unwritable)),
            "secret": str(folder / "home/.ssh/id"),
            "secret_text": SECRET,
            "port": server.getsockname()[1],
            "marker": MARKER,
            "forged": str(folder / "outside/forged.xml"),
            "bomb": BOMB,
        }
        odd = "src/$(touch harm);`touch harm`\x1b[2J\n.py"
        files = {"src/attack.py": ATTACKS, "src/targets.json": json.dumps(targets), odd: "A = 1\n"}
        repo.commit("Attack", **files, **{"committed.xml": GOOD})
        env = {"HOME": str(folder / "home"), "TMPDIR": str(folder / "temporary")}
        done = agency("review", "--base", "main", "--head", "work", "--json", cwd=repo.path, env=env)
        reached = bool(select.select([server], [], [], 0)[0])
    return Attacked(repo, done, folder, unwritable, reached)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_attack_ends_as_its_gate_should(attacked: Attacked, name: str) -> None:
    found = attacked.gate(name)
    network_open = name == "network" and found["facts"]["isolation"] == "landlock"
    if network_open:
        pytest.skip("NOT TESTED: Landlock does not promise to close the network")
    assert found["status"] == EXPECTED[name], found["reason"]


def test_nothing_was_written_outside_of_the_checkout(attacked: Attacked) -> None:
    assert [path for path in attacked.unwritable if path.exists()] == []
    assert attacked.repo.git("status", "--porcelain") == ""
    assert (attacked.folder / "outside/forged.xml").read_text() == GOOD


def test_no_server_of_the_machine_was_reached(attacked: Attacked) -> None:
    if attacked.gate("network")["facts"]["isolation"] != "namespaces":
        pytest.skip("NOT TESTED: only name spaces promise to close the network")
    assert not attacked.reached


def test_no_process_of_a_tool_survives(attacked: Attacked) -> None:
    assert attacked.gate("daemon")["facts"]["exit_code"] == 0
    left = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = place.read_bytes().split(b"\0")
        except OSError:
            continue
        left += [place] if MARKER.encode() in words else []
    assert left == []


def test_no_checkout_is_left_however_deep_or_closed(attacked: Attacked) -> None:
    assert [
        path.name for path in (attacked.folder / "temporary").iterdir() if path.name.startswith("agency-gate")
    ] == []


def test_no_escape_and_no_secret_reaches_the_answer(attacked: Attacked) -> None:
    assert "\x1b" not in attacked.done.out + attacked.done.err
    assert SECRET not in json.dumps(attacked.gate("secret"))
    assert attacked.gate("flood")["facts"]["output_bytes"] > 2**20
