"""Gates that run a repository's own tools, as a user meets them in ``agency review``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from support.command import Done
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.plain_pytest import PLAIN
from support.warm_command import agency

PYTHON = sys.executable
TESTS = f"""\
[[gate]]
name = "tests"
kind = "tests"
argv = ["{PYTHON}", "-m", "pytest", "-q", {PLAIN}, "--junitxml=report.xml"]
report = "report.xml"
format = "junit"
timeout_s = 120
"""


def repo_with(tmp_path: Path, config: str) -> GitRepo:
    repo = lawful_repo(tmp_path / "repo", config=config)
    repo.checkout("main")
    repo.write(
        "tests/test_totals.py", "from src.totals import total\n\n\ndef test_total():\n    assert total([1, 2]) == 3\n"
    )
    repo.commit("Test totals")
    repo.git("branch", "-f", "work", "main")
    repo.checkout("work")
    return repo


def review(repo: GitRepo, **env: str) -> Done:
    return agency("review", "--base", "main", "--head", "work", "--json", cwd=repo.path, env=env)


def gate(done: Done, name: str = "tests") -> dict[str, Any]:
    (found,) = [gate for gate in done.document["gates"] if gate["name"] == name]
    return dict(found)


def test_a_change_whose_tests_pass_is_approved_and_the_figures_are_told(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    repo.commit("Change", **{"src/totals.py": "def total(lines):\n    return sum(lines, 0)\n"})
    done = review(repo)
    assert done.code == 0, done.out + done.err
    assert gate(done)["status"] == "pass"
    assert gate(done)["facts"]["figures"] == {
        "total": 1,
        "passed": 1,
        "failed": 0,
        "skipped": 0,
        "xfailed": 0,
        "flaky": 0,
        "overlay": "not_needed",
    }
    assert gate(done)["facts"]["isolation"] in {"namespaces", "landlock", "none"}
    assert repo.git("status", "--porcelain") == ""


def test_a_change_that_breaks_a_test_is_rejected_and_the_test_is_named(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    repo.commit("Break", **{"src/totals.py": "def total(lines):\n    return 0\n"})
    done = review(repo)
    assert (done.code, done.document["verdict"]) == (1, "rejected")
    assert "test_total" in str([f["message"] for f in done.document["findings"] if f["gate"] == "tests"])


def test_no_test_at_all_is_not_a_pass(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS.replace('"-q"', '"-q", "-k", "nothing"'))
    repo.commit("Change", **{"src/totals.py": "def total(lines):\n    return 0\n"})
    done = review(repo)
    assert gate(done)["status"] in {"not_run", "error"}
    assert done.document["verdict"] == "conditional"


def test_a_report_that_the_change_brings_along_is_not_believed(tmp_path: Path) -> None:
    repo = repo_with(
        tmp_path,
        TESTS.replace(f'"{PYTHON}", "-m", "pytest", "-q", {PLAIN}, "--junitxml=report.xml"', '"true"'),
    )
    forged = '<testsuite tests="1" failures="0" errors="0"><testcase classname="a" name="b"/></testsuite>'
    repo.commit("Forge", **{"report.xml": forged, "src/totals.py": "TOTAL = 1\n"})
    done = review(repo)
    assert gate(done)["status"] == "error"


def test_an_exit_code_that_contradicts_the_report_is_an_error(tmp_path: Path) -> None:
    script = "import pytest, sys; pytest.main(['-q', '--junitxml=report.xml']); sys.exit(3)"
    config = TESTS.replace(f'"-m", "pytest", "-q", {PLAIN}, "--junitxml=report.xml"', f'"-c", "{script}"')
    repo = repo_with(tmp_path, config)
    repo.commit("Change", **{"src/totals.py": "def total(lines):\n    return sum(lines, 0)\n"})
    done = review(repo)
    assert gate(done)["status"] == "error"
    assert "exited with 3" in gate(done)["reason"]


def test_a_missing_tool_did_not_run(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, '[[gate]]\nname = "lint"\nkind = "lint"\nargv = ["no-such-tool"]\n')
    repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
    done = review(repo)
    assert gate(done, "lint")["status"] == "not_run"
    assert done.document["verdict"] == "conditional"


def test_the_commands_come_from_the_base_never_from_the_change(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS)
    repo.commit(
        "Disarm",
        **{"agency.toml": TESTS.replace("pytest", "this"), "src/totals.py": "def total(lines):\n    return 0\n"},
    )
    done = review(repo)
    assert gate(done)["status"] == "fail"
    assert done.document["verdict"] == "rejected"


def test_a_gate_that_no_touched_path_concerns_is_listed_and_left_out(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS + 'when = ["docs/**"]\n')
    repo.commit("Change", **{"src/totals.py": "def total(lines):\n    return 0\n"})
    done = review(repo)
    assert gate(done)["applicable"] is False
    assert done.document["verdict"] == "approved"


def test_a_failing_gate_that_only_advises_changes_nothing(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, TESTS + "blocking = [1]\n")
    repo.commit("Change", **{"src/totals.py": "def total(lines):\n    return 0\n"})
    done = review(repo)
    assert (gate(done)["status"], gate(done)["mode"]) == ("fail", "warn")
    assert done.document["verdict"] == "approved"


def test_a_tool_that_never_ends_is_ended_and_is_an_error(tmp_path: Path) -> None:
    config = '[[gate]]\nname = "slow"\nkind = "custom"\nargv = ["sleep", "600"]\ntimeout_s = 1\n'
    repo = repo_with(tmp_path, config)
    repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
    assert gate(review(repo), "slow")["status"] == "error"


def test_the_parents_variables_do_not_reach_a_tool(tmp_path: Path) -> None:
    script = "import os, sys; sys.exit('AGENT_SOCKET' in os.environ or 'TOLD' not in os.environ)"
    config = f'[[gate]]\nname = "env"\nkind = "custom"\nargv = ["{PYTHON}", "-c", "{script}"]\nenvironment = ["TOLD"]\n'
    repo = repo_with(tmp_path, config)
    repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
    assert gate(review(repo, AGENT_SOCKET="x", TOLD="yes"), "env")["status"] == "pass"


def test_code_imported_from_elsewhere_is_an_error(tmp_path: Path) -> None:
    import subprocess

    subprocess.run([PYTHON, "-m", "venv", "--without-pip", "--system-site-packages", str(tmp_path / "env")], check=True)
    (site,) = (tmp_path / "env/lib").glob("python*/site-packages")
    (site / "shop").mkdir()
    (site / "shop/__init__.py").write_text("PRICE = 1\n")
    python = tmp_path / "env/bin/python"
    repo = repo_with(tmp_path, f'[[gate]]\nname = "tests"\nkind = "custom"\nargv = ["{python}", "-c", "import shop"]\n')
    repo.commit("Add", **{"src/shop/__init__.py": "PRICE = 2\n"})
    done = review(repo)
    assert gate(done)["status"] == "error"
    assert "foreign_code" in {finding["rule"] for finding in done.document["findings"]}


def test_a_tool_cannot_write_outside_of_the_checkout(tmp_path: Path) -> None:
    target = tmp_path / "outside.txt"
    config = f'[[gate]]\nname = "escape"\nkind = "custom"\nargv = ["sh", "-c", "echo x > {target}; true"]\n'
    repo = repo_with(tmp_path, config)
    repo.commit("Change", **{"src/totals.py": "TOTAL = 1\n"})
    done = review(repo)
    if gate(done, "escape")["facts"]["isolation"] == "none":
        pytest.skip("NOT RUN: this machine offers no isolation")
    assert not target.exists()


def test_a_tool_without_a_report_is_quoted_with_its_last_line(tmp_path: Path) -> None:
    script = "import sys; print('first'); print('3 files are out of order'); sys.exit(4)"
    config = f'[[gate]]\nname = "order"\nkind = "custom"\nargv = ["{PYTHON}", "-c", "{script}"]\n'
    repo = repo_with(tmp_path, config)
    repo.commit("Change", **{"src/totals.py": "def total(lines):\n    return sum(lines, 0)\n"})
    done = review(repo)
    (found,) = [finding for finding in done.document["findings"] if finding["gate"] == "order"]
    assert found["message"] == "the tool exited with 4; it printed last: 3 files are out of order"


SEED_POLICY = """\
version: 1
risk_tiers:
  1: {{ max_files: 3, max_loc: 60, coverage_threshold: 90, mutation_threshold: 70 }}
  2: {{ max_files: 5, max_loc: 100, coverage_threshold: 80, mutation_threshold: 50 }}
  3: {{ max_files: 8, max_loc: 150, coverage_threshold: 70, mutation_threshold: 30 }}
gates:
  order: {{ enabled: {enabled}, description: the files are in order }}
"""


@pytest.mark.parametrize(
    ("enabled", "outcome"), [("true", ("fail", True, "rejected")), ("false", ("not_run", False, "approved"))]
)
def test_a_policy_may_leave_a_configured_gate_out(tmp_path: Path, enabled: str, outcome: tuple[str, bool, str]) -> None:
    repo = repo_with(tmp_path, '[[gate]]\nname = "order"\nkind = "custom"\nargv = ["false"]\n')
    repo.checkout("main")
    repo.commit("Name the gate", **{".caws/policy.yaml": SEED_POLICY.format(enabled=enabled)})
    repo.checkout("work")
    repo.git("reset", "-q", "--hard", "main")
    repo.commit("Change", **{"src/totals.py": "def total(lines):\n    return sum(lines, 0)\n"})
    done = review(repo)
    found = gate(done, "order")
    assert (found["status"], found["applicable"], done.document["verdict"]) == outcome, done.out
