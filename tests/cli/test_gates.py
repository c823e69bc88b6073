"""``agency gates``: what the base defines, and whether it could run here."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from support.git_repo import GitRepo
from support.law import lawful_repo
from support.warm_command import agency

GATES = f"""\
[[gate]]
name = "tests"
kind = "tests"
argv = ["{sys.executable}", "-m", "pytest", "-q", "--junitxml=report.xml"]
report = "report.xml"
format = "junit"

[[gate]]
name = "coverage"
kind = "coverage"
argv = ["sh", "-c", "exit 1"]
report = "coverage.json"
format = "coveragepy"
threshold = {{ 1 = 95.5 }}
blocking = [1, 2]
when = ["src/**"]
environment = ["TZ"]
"""


def repo_with(tmp_path: Path, config: str) -> GitRepo:
    repo = lawful_repo(tmp_path / "repo", config=config)
    repo.commit("Loosen", **{"agency.toml": ""})
    return repo


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return repo_with(tmp_path, GATES)


def test_the_gates_are_those_of_the_base_and_not_of_the_branch(repo: GitRepo) -> None:
    done = agency("gates", "list", cwd=repo.path)
    assert (done.code, done.err) == (0, "")
    assert [line.split()[:2] for line in done.out.splitlines() if line[0] != " "] == [
        ["tests", "tests"],
        ["coverage"] * 2,
    ]
    document = agency("gates", "list", "--json", "--base", "main", cwd=repo.path).document
    assert [gate["name"] for gate in document["gates"]] == ["tests", "coverage"]
    assert document["gates"][1]["threshold"] == {"1": 95.5, "2": 80, "3": 70}
    assert (document["base"]["ref"], document["base"]["commit"]) == ("main", repo.git("rev-parse", "main").strip())
    assert agency("gates", "list", "--json", "--base", "work", cwd=repo.path).document["gates"] == []


def test_a_gate_is_explained_in_words(repo: GitRepo) -> None:
    done = agency("gates", "explain", "coverage", cwd=repo.path, env={"COLUMNS": "200"})
    assert done.code == 0
    for words in ("below 95.5 % at tier 1, 80 % at tier 2", "risk tier 1 and 2; elsewhere", "touch src/**", "TZ"):
        assert words in done.out
    document = agency("gates", "explain", "coverage", "--json", cwd=repo.path).document
    assert (document["gate"]["when"], document["gate"]["blocking"]) == (["src/**"], [1, 2])


def test_a_gate_that_is_not_there_is_asked_for(repo: GitRepo) -> None:
    done = agency("gates", "explain", "test", cwd=repo.path)
    assert (done.code, done.out) == (2, "")
    assert "Did you mean 'tests'?" in done.err


def test_the_doctor_finds_programs_and_tries_the_isolation(repo: GitRepo) -> None:
    done = agency("gates", "doctor", "--json", cwd=repo.path)
    checks = {check["name"]: check for check in done.document["checks"]}
    assert list(checks) == ["isolation", "tests", "coverage"]
    assert (checks["tests"]["standing"], checks["coverage"]["standing"]) == ("fine", "fine")
    assert done.code == done.document["exit_code"] == (1 if checks["isolation"]["standing"] == "problem" else 0)


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ('["no-such-program"]', "no program 'no-such-program'"),
        (f'["{sys.executable}", "-m", "no_such_module"]', "no module 'no_such_module'"),
        ('["./tools/absent.sh"]', "tools/absent.sh is no executable file"),
    ],
)
def test_the_doctor_names_what_is_missing(argv: str, words: str, tmp_path: Path) -> None:
    repo = repo_with(tmp_path, f'[[gate]]\nname = "mine"\nkind = "lint"\nargv = {argv}\n')
    done = agency("gates", "doctor", cwd=repo.path, env={"COLUMNS": "200"})
    assert done.code == 2
    assert words in done.out


def test_the_doctor_asks_no_file_of_the_repository_for_a_module(tmp_path: Path) -> None:
    repo = repo_with(
        tmp_path, f'[[gate]]\nname = "mine"\nkind = "lint"\nargv = ["{sys.executable}", "-m", "lintish"]\n'
    )
    repo.write("lintish.py", "raise SystemExit('ran')\n")
    assert agency("gates", "doctor", cwd=repo.path).code == 2


def test_a_program_of_the_repository_is_told_as_one_that_a_change_can_rewrite(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo", config='[[gate]]\nname = "mine"\nkind = "lint"\nargv = ["./lint.sh"]\n')
    repo.checkout("main")
    repo.write("lint.sh", "#!/bin/sh\n")
    (repo.path / "lint.sh").chmod(0o755)
    repo.commit("Add a linter")
    done = agency("gates", "doctor", "--json", cwd=repo.path)
    assert [check["standing"] for check in done.document["checks"]][1:] == ["limited"]


def test_a_gate_that_can_never_tell_is_a_problem(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, '[[gate]]\nname = "mine"\nkind = "tests"\nargv = ["sh"]\n')
    done = agency("gates", "doctor", "--json", cwd=repo.path)
    assert (done.code, done.document["checks"][1]["standing"]) == (1, "problem")


@pytest.mark.parametrize("command", [("list",), ("doctor",)])
def test_without_gates_that_is_said(command: tuple[str, ...], tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo")
    done = agency("gates", *command, cwd=repo.path)
    assert (done.code, "defines no gates" in done.out) == (0, True)


@pytest.mark.parametrize("command", [("list",), ("explain", "a"), ("doctor",)])
def test_settings_that_cannot_be_read_are_no_settings_without_gates(command: tuple[str, ...], tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo", config='[[gate]]\nname = "a"\nkind = "odd"\nargv = ["x"]\n')
    done = agency("gates", *command, "--json", cwd=repo.path)
    assert (done.code, done.document["error"]["code"], done.document["error"]["line"]) == (2, "law.invalid", 3)


def test_a_link_at_the_base_is_no_law(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo")
    repo.checkout("main")
    (repo.path / "agency.toml").unlink(missing_ok=True)
    (repo.path / "agency.toml").symlink_to("elsewhere.toml")
    repo.commit("Link the settings")
    assert agency("gates", "list", cwd=repo.path).code == 2


def test_escapes_in_a_command_do_not_reach_the_terminal(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, '[[gate]]\nname = "mine"\nkind = "lint"\nargv = ["x\\u001b[2J\\u0007"]\n')
    for command in (("list",), ("explain", "mine"), ("doctor",)):
        done = agency("gates", *command, cwd=repo.path)
        assert "\x1b" not in done.out + done.err
        assert "\x07" not in done.out + done.err


EVERY_SETTING = """\
[setup]
shell = "sh"
argv = ["npm ci --ignore-scripts"]
lock_files = ["package-lock.json"]
keep = ["node_modules"]
network = true

[tools]
readable = ["~/no-such-tools", "/opt/tools"]

[[gate]]
name = "speed"
kind = "performance"
shell = "sh"
argv = ["hyperfine --export-json bench.json ./run"]
report = "bench.json"
format = "hyperfine"
budget = { "./run" = 0.5 }
ratchet = true
needs = ["coverage"]
limits = { idle_s = 30, memory_mb = 512 }

[[gate]]
name = "coverage"
kind = "coverage"
argv = ["true"]
report = "c.json"
format = "coveragepy"
changed_threshold = { 1 = 100, 2 = 95 }

[[gate]]
name = "api"
kind = "contracts"
argv = ["true"]
report = "openapi.json"
format = "openapi"

[[gate]]
name = "page"
kind = "accessibility"
argv = ["true"]
report = "axe.json"
format = "axe"
"""


def test_every_setting_is_listed_and_explained(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, EVERY_SETTING)
    listed = agency("gates", "list", "--json", cwd=repo.path).document
    speed, coverage = listed["gates"][:2]
    assert (speed["shell"], speed["budget"], speed["ratchet"]) == ("sh", {"./run": 0.5}, True)
    assert (speed["needs"], speed["limits"]) == (["coverage"], {"idle_s": 30, "memory_mb": 512})
    assert coverage["changed_threshold"] == {"1": 100, "2": 95}
    assert (listed["setup"]["keep"], listed["readable"]) == (["node_modules"], ["~/no-such-tools", "/opt/tools"])

    shown = agency("gates", "list", cwd=repo.path, env={"COLUMNS": "200"}).out
    assert "leaves node_modules for every checkout" in shown
    assert "readable to all: ~/no-such-tools, /opt/tools" in shown

    wide = {"COLUMNS": "250"}
    told = {name: agency("gates", "explain", name, cwd=repo.path, env=wide).out for name in ("speed", "coverage")}
    for words in (
        "hyperfine --export-json bench.json ./run (a script for sh)",
        "./run is more than 0.5",
        "only what the change made worse fails",
        "30 s without output, 512 MiB of memory",
        "coverage, if they pass",
    ):
        assert words in told["speed"]
    assert "fewer are covered than 100 % at tier 1, 95 % at tier 2" in told["coverage"]
    assert "breaks what the base promises" in agency("gates", "explain", "api", cwd=repo.path, env=wide).out
    assert "more violations than 0" in agency("gates", "explain", "page", cwd=repo.path, env=wide).out


def test_the_doctor_looks_at_the_set_up_step_and_the_readable_paths(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, EVERY_SETTING.replace('shell = "sh"\nargv = ["npm ci', 'argv = ["no-such-npm'))
    checks = {check["name"]: check for check in agency("gates", "doctor", "--json", cwd=repo.path).document["checks"]}

    assert (checks["setup"]["standing"], checks["readable"]["standing"]) == ("missing", "limited")
    assert "~/no-such-tools" in checks["readable"]["found"]
    assert "what its script starts is not looked for" in checks["speed"]["found"]


def test_a_benchmark_without_a_budget_can_never_tell(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, EVERY_SETTING.replace('budget = { "./run" = 0.5 }\n', ""))
    checks = {check["name"]: check for check in agency("gates", "doctor", "--json", cwd=repo.path).document["checks"]}

    assert checks["speed"]["standing"] == "problem"
