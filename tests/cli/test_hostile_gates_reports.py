"""Tools that leave something other than a plain report in its place, through the whole of ``agency review``."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from agent_agency.gates import report_of_run
from agent_agency.sandbox.model import Isolation
from agent_agency.sandbox.probe import probe
from support.law import lawful_repo
from support.unguarded import review_at

GOOD = '<testsuite tests="1" failures="0" errors="0"><testcase classname="a" name="b"/></testsuite>'
BAD = GOOD.replace("/></testsuite>", '><failure message="no"/></testcase></testsuite>').replace(
    'failures="0"', 'failures="1"'
)
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "ha"}">' for n in range(12))
WRITERS = """
import os, sys, time
good, bad, laughs = (open(f"src/{name}.xml").read() for name in ("good", "bad", "laughs"))
name, report = sys.argv[1:]

def write(text, path=report):
    open(path, "w").write(text)

def link():
    write(good, "other.xml")
    os.symlink("other.xml", report)

def link_out():
    os.symlink(open("src/outside.txt").read(), report)

def folder_link():
    os.symlink(os.path.dirname(open("src/outside.txt").read()), "out")

def hard_link():
    write(good, "other.xml")
    os.link("other.xml", report)

def folder():
    os.mkdir(report)

def pipe():
    os.mkfifo(report)

def device():
    os.symlink("/dev/zero", report)

def truncated():
    write(good[:-14])

def empty():
    write("")

def nothing():
    pass

def two_roots():
    write(good + good)

def entities():
    write("<!DOCTYPE x [" + laughs + "]>" + good.replace('"b"', '"&a11;"'))

def external():
    write('<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + good.replace('"b"', '"&f;"'))

def nested():
    write("<a>" * 1000000)

def huge():
    write(good)
    os.truncate(report, 300 << 20)

def nulls():
    write(good.replace("a", "\\0"))

def liar():
    write(good)
    sys.exit(3)

def silent():
    write(bad)

def daemon():
    write(bad)
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            time.sleep(5)
            for _ in range(50):
                write(good)
                time.sleep(0.05)
        os._exit(0)

def honest():
    write(good)

globals()[name]()
"""
EXPECTED = {
    **dict.fromkeys(
        (
            *("link", "link_out", "folder_link", "hard_link", "folder", "pipe", "device", "truncated", "empty"),
            *("nothing", "two_roots", "entities", "external", "nested", "huge", "nulls", "liar"),
        ),
        "error",
    ),
    "silent": "fail",
    "daemon": "fail",
    "honest": "pass",
}
PLACES = {"folder_link": "out/outside.xml"}


def _review(folder: Path, names: tuple[str, ...], isolation: Isolation) -> dict[str, Any]:
    gates = [
        f'[[gate]]\nname = "{name}"\nkind = "tests"\nformat = "junit"\nreport = "{PLACES.get(name, "report.xml")}"\n'
        f"argv = {json.dumps([sys.executable, 'src/writers.py', name, PLACES.get(name, 'report.xml')])}\n"
        for name in names
    ]
    (folder / "outside").mkdir()
    (folder / "outside/outside.xml").write_text(GOOD)
    repo = lawful_repo(folder / "repo", config="\n".join(gates))
    files = {"src/good.xml": GOOD, "src/bad.xml": BAD, "src/laughs.xml": LAUGHS}
    outside = {"src/outside.txt": str(folder / "outside/outside.xml")}
    repo.commit("Attack", **{"src/writers.py": WRITERS}, **files, **outside)
    document = review_at(isolation, repo.path, dict(os.environ), base="main", head="work")
    return {gate["name"]: gate for gate in document["gates"]}


@pytest.fixture(scope="module")
def gates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return _review(tmp_path_factory.mktemp("reports"), tuple(EXPECTED), probe().isolation)


@pytest.mark.parametrize("name", EXPECTED)
def test_only_a_plain_report_that_this_run_wrote_counts(gates: dict[str, Any], name: str) -> None:
    assert gates[name]["status"] == EXPECTED[name], gates[name]["reason"]


@pytest.mark.parametrize("name", ["link", "hard_link", "folder_link"])
def test_without_the_look_at_the_file_such_a_report_would_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(report_of_run, "_not_this_runs", lambda *_: None)
    found = _review(tmp_path, (name,), Isolation.NONE)[name]
    assert found["status"] == ("error" if name == "link" else "pass"), found["reason"]
