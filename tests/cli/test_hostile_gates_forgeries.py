"""A change that breaks the code and forges the report of its tests, through the whole of ``agency review``.

Each forgery is also tried with the one defence against it switched off, where it is approved.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from agent_agency.gates import tool_run
from agent_agency.sandbox.probe import probe
from agent_agency.workflows import measure_gate
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.plain_pytest import PLAIN
from support.unguarded import review_at

GATE = f"""[[gate]]
name = "tests"
kind = "tests"
argv = ["{sys.executable}", "-m", "pytest", "-q", {PLAIN}, "--junitxml=report.xml"]
report = "report.xml"
format = "junit"
timeout_s = 60
"""
FORGED = """<testsuites><testsuite name="pytest" errors="0" failures="0" skipped="0" tests="2" time="0.1">
<testcase classname="tests.test_totals" name="test_total" time="0.01"/>
<testcase classname="tests.test_totals" name="test_more" time="0.01"/></testsuite></testsuites>"""
WEAK = f"""[[gate]]
name = "tests"
kind = "tests"
argv = {json.dumps([sys.executable, "-c", f"open('report.xml', 'w').write({FORGED!r})"])}
report = "report.xml"
format = "junit"
"""
TESTS = """from src.totals import total

def test_total():
    assert total([1, 2]) == 3

def test_more():
    assert total([2, 2]) == 4
"""
SCOPE = "src/, tests/, out/, pytest.py, argparse.py, report.xml, conftest.py, tox.ini, agency.toml"
LINK = "a link to out/report.xml"
GOOD = "def total(lines):\n    return sum(lines)\n"
BAD = "def total(lines):\n    return 0\n"
WRITE = f"import os\nwith open('report.xml', 'w') as stream:\n    stream.write({FORGED!r})\n"
AT_EXIT = f"""{BAD}
import atexit, os
def forge():
    with open('report.xml', 'w') as stream:
        stream.write({FORGED!r})
    os._exit(0)
atexit.register(forge)
"""
WHEN_CALLED = f"""import os
def total(lines):
    with open('report.xml', 'w') as stream:
        stream.write({FORGED!r})
    os._exit(0)
"""
PATCHED = f"""{BAD}
import sys
reports = sys.modules.get('_pyt' + 'est.rep' + 'orts')
if reports:
    kind = reports.TestReport
    real = kind.from_item_and_call.__func__
    def lenient(cls, item, call):
        call.excinfo = None
        return real(cls, item, call)
    kind.from_item_and_call = classmethod(lenient)
"""
LATER = f"""{BAD}
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for _ in range(400):
            time.sleep(0.005)
            with open('report.xml', 'w') as stream:
                stream.write({FORGED!r})
    os._exit(0)
"""
HOOK = """import pytest
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    outcome.get_result().outcome = 'passed'
"""
CAUGHT_BY_CONTROL = {
    "at import": {"src/totals.py": f"{BAD}{WRITE}os._exit(0)\n"},
    "at exit": {"src/totals.py": AT_EXIT},
    "when called": {"src/totals.py": WHEN_CALLED},
    "by a patched pytest": {"src/totals.py": PATCHED},
    "by a module called pytest": {"pytest.py": WRITE},
    "by a module of the standard library's name": {"argparse.py": f"{WRITE}os._exit(0)\n"},
}
CAUGHT_OTHERWISE = {
    "no report at all": ({"src/totals.py": f"{BAD}import os; os._exit(0)\n"}, {"error"}),
    "the end of the program": ({"src/totals.py": f"{BAD}import sys; sys.exit(0)\n"}, {"fail"}),
    "a report in the commit": ({"report.xml": FORGED}, {"fail"}),
    "a link for a report": ({"out/report.xml": FORGED, "report.xml": LINK}, {"fail"}),
    "a daemon": ({"src/totals.py": LATER}, {"fail", "error"}),
    "a hook of the tests": ({"conftest.py": HOOK}, {"fail"}),
    "an edited gate": ({"agency.toml": WEAK}, {"fail"}),
    "the tests' settings": ({"tox.ini": "[pytest]\naddopts = --collect-only\n"}, {"fail"}),
}


def _attacked(folder: Path, files: dict[str, str], config: str = GATE) -> GitRepo:
    repo = lawful_repo(folder / "repo", config=config)
    repo.checkout("main")
    spec = repo.path / ".caws/specs/FEAT-1.yaml"
    spec.write_text(spec.read_text().replace("src/, tests/", SCOPE))
    repo.commit("Test", **{"tests/test_totals.py": TESTS, "src/totals.py": GOOD, "src/__init__.py": ""})
    repo.git("branch", "-f", "work", "main")
    repo.checkout("work")
    if files.get("report.xml") == LINK:
        (repo.path / "report.xml").symlink_to("out/report.xml")
    repo.commit("Attack", **({"src/totals.py": BAD} | {name: text for name, text in files.items() if text != LINK}))
    return repo


def _review(repo: GitRepo) -> Any:
    return review_at(probe().isolation, repo.path, dict(os.environ), base="main", head="work")


def _gate(document: Any) -> dict[str, Any]:
    (found,) = [gate for gate in document["gates"] if gate["name"] == "tests"]
    return dict(found)


@pytest.mark.parametrize("name", CAUGHT_BY_CONTROL)
def test_a_report_that_the_code_writes_itself_is_found_out(tmp_path: Path, name: str) -> None:
    document = _review(_attacked(tmp_path, CAUGHT_BY_CONTROL[name]))
    gate = _gate(document)
    assert gate["status"] == "fail", gate["reason"]
    assert "tests that were made to fail are reported as passed" in gate["reason"]
    assert document["verdict"] == "rejected"


@pytest.mark.parametrize("name", CAUGHT_BY_CONTROL)
def test_without_the_control_such_a_report_is_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(measure_gate, "_with_control", lambda _, __, verdict: verdict)
    assert _gate(_review(_attacked(tmp_path, CAUGHT_BY_CONTROL[name])))["status"] == "pass"


@pytest.mark.parametrize("name", CAUGHT_OTHERWISE)
def test_other_forgeries_never_pass(tmp_path: Path, name: str) -> None:
    files, statuses = CAUGHT_OTHERWISE[name]
    document = _review(_attacked(tmp_path, files))
    gate = _gate(document)
    assert gate["status"] in statuses, gate["reason"]
    assert document["verdict"] not in {"approved", "waived"}


def test_the_edited_gate_would_pass_were_it_the_bases(tmp_path: Path) -> None:
    assert _gate(_review(_attacked(tmp_path, {}, config=WEAK)))["status"] == "pass"


def test_a_report_of_the_commit_would_be_read_were_it_not_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tool_run, "clear_report", lambda *_: None)
    monkeypatch.setattr(measure_gate, "_with_control", lambda _, __, verdict: verdict)
    silent = GATE.replace(f'"-m", "pytest", "-q", {PLAIN}, "--junitxml=report.xml"', '"-c", "pass"')
    repo = _attacked(tmp_path, {"report.xml": FORGED}, config=silent)
    assert _gate(_review(repo))["status"] == "pass"


def test_an_honest_change_keeps_its_pass(tmp_path: Path) -> None:
    honest = "import os\n\ndef total(lines):\n    return sum(lines) + len(os.environ) * 0\n"
    gate = _gate(_review(_attacked(tmp_path, {"src/totals.py": honest})))
    assert (gate["status"], gate["figures"]["control"]) == ("pass", "failed_as_made_to")
    assert gate["figures"]["passed"] == 2
