"""``agency gates run``: the gates of the base over a change, without a ruling."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.git_repo import GitRepo
from support.law import lawful_repo
from support.warm_command import agency

PASSED = "<testsuite name='t' tests='1'><testcase name='a' classname='t'/></testsuite>"
FAILED = "<testsuite name='t' tests='1' failures='1'><testcase name='a' classname='t'><failure/></testcase></testsuite>"

GATES = f"""\
[[gate]]
name = "build"
kind = "custom"
shell = "sh"
argv = ["echo built > built.txt"]

[[gate]]
name = "tests"
kind = "tests"
argv = ["{sys.executable}", "-I", "-c", "import pathlib as p; p.Path('r.xml').write_text(p.Path('r.txt').read_text())"]
report = "r.xml"
format = "junit"
needs = ["build"]
when = ["src/**"]

[[gate]]
name = "style"
kind = "lint"
argv = ["false"]
blocking = [1]

[[gate]]
name = "apart"
kind = "custom"
argv = ["true"]
when = ["docs/**"]
"""


def repo_with(tmp_path: Path, config: str, report: str) -> GitRepo:
    """The base holds the gates; the branch holds what the tests are to report and touches ``src``."""
    repo = lawful_repo(tmp_path / "repo", config=config)
    repo.commit("Change", **{"r.txt": report, "src/totals.py": "def total(lines):\n    return 0\n"})
    return repo


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return repo_with(tmp_path, GATES, PASSED)


def test_every_gate_runs_and_only_one_that_blocks_decides(repo: GitRepo) -> None:
    done = agency("gates", "run", "--json", cwd=repo.path)
    gates = {gate["name"]: gate for gate in done.document["gates"]}

    assert {name: gate["status"] for name, gate in gates.items()} == {
        "build": "pass",
        "tests": "pass",
        "style": "fail",
        "apart": "not_run",
    }, gates
    assert (gates["apart"]["applicable"], gates["style"]["mode"]) == (False, "warn")
    assert gates["tests"]["figures"]["passed"] == 1
    assert gates["style"]["findings"][0]["remedy"]
    assert (done.code, done.document["exit_code"], done.document["tier"]) == (0, 0, 3)


def test_the_tier_that_is_asked_for_decides_what_blocks(repo: GitRepo) -> None:
    done = agency("gates", "run", "style", "--tier", "1", "--json", cwd=repo.path)

    assert (done.code, done.document["tier"]) == (1, 1), done.document


def test_a_named_gate_runs_with_those_that_it_needs_and_whatever_its_when_says(repo: GitRepo) -> None:
    needed = agency("gates", "run", "tests", "--json", cwd=repo.path).document
    assert [gate["name"] for gate in needed["gates"]] == ["build", "tests"]

    apart = agency("gates", "run", "apart", "--json", cwd=repo.path)
    assert [(gate["name"], gate["status"]) for gate in apart.document["gates"]] == [("apart", "pass")]
    assert apart.code == 0


def test_a_failed_gate_is_shown_with_what_mends_it(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, GATES, FAILED)
    done = agency("gates", "run", cwd=repo.path, env={"COLUMNS": "200"})

    assert done.code == 1
    assert "fail      tests" in done.out
    assert "See it with:" in done.out or "Run" in done.out
    assert "judged at tier 3 (of the working spec FEAT-1)" in done.out


def test_what_could_not_be_measured_is_no_pass(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, GATES, "<testsuite")
    done = agency("gates", "run", "tests", cwd=repo.path)

    assert (done.code, "error" in done.out) == (2, True)


def test_nothing_is_recorded(repo: GitRepo) -> None:
    agency("gates", "run", cwd=repo.path)
    listed = agency("ledger", "list", "--json", cwd=repo.path)

    assert listed.document["entries"] == []


def test_what_was_measured_is_used_again_unless_that_is_switched_off(repo: GitRepo) -> None:
    def reused(*options: str) -> bool:
        document = agency("gates", "run", "tests", "--head", "work", *options, "--json", cwd=repo.path).document
        (gate,) = [gate for gate in document["gates"] if gate["name"] == "tests"]
        assert gate["status"] == "pass"
        return bool(gate["reused"])

    assert [reused(), reused(), reused("--no-cache")] == [False, True, False]


def test_what_is_staged_can_be_run_over(repo: GitRepo) -> None:
    repo.write("r.txt", FAILED)
    assert agency("gates", "run", "tests", "--staged", cwd=repo.path).code == 0
    repo.git("add", "r.txt")
    assert agency("gates", "run", "tests", "--staged", cwd=repo.path).code == 1


def test_a_gate_that_is_not_there_is_asked_for(repo: GitRepo) -> None:
    done = agency("gates", "run", "test", cwd=repo.path)

    assert (done.code, done.out) == (2, "")
    assert "Did you mean 'tests'?" in done.err


def test_the_gates_are_those_of_the_base(repo: GitRepo) -> None:
    repo.commit("Loosen", **{"agency.toml": ""})

    assert len(agency("gates", "run", "--json", cwd=repo.path).document["gates"]) == 4


def test_settings_that_cannot_be_read_run_nothing(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo", config="[[gate]]\nname = 'a'\n")
    done = agency("gates", "run", "--json", cwd=repo.path)

    assert (done.code, done.document["error"]["code"]) == (2, "law.invalid")


def test_without_a_spec_the_strictest_tier_judges(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo", specs=(), config=GATES)
    repo.commit("Change", **{"r.txt": PASSED})
    done = agency("gates", "run", "style", "--json", cwd=repo.path)

    assert (done.document["tier"], done.code != 0) == (1, True)


def test_without_gates_nothing_is_run(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo")
    done = agency("gates", "run", cwd=repo.path)

    assert (done.code, "no gate was run" in done.out) == (0, True)


def test_escapes_of_a_report_do_not_reach_the_terminal(tmp_path: Path) -> None:
    report = FAILED.replace("name='a'", "name='a&#x9b;2J'").replace("<failure/>", "<failure message='&#x9b;31m'/>")
    done = agency("gates", "run", "tests", cwd=repo_with(tmp_path, GATES, report).path)

    assert "\x9b" not in done.out
    assert "\x1b" not in done.out
