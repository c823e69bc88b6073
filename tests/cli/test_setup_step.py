"""The set-up step of ``agency.toml``, as a user meets it in ``agency review``."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

from support.command import Done
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.warm_command import agency

SETUP = """\
[setup]
argv = ['''{script}''']
shell = "sh"
lock_files = ["tools.lock"]
keep = {keep}
timeout_s = 60
"""
GATE = """\
[[gate]]
name = "check"
kind = "custom"
argv = {argv}
"""


def repo_with(tmp_path: Path, script: str, argv: str, *, keep: str = "[]") -> GitRepo:
    config = GATE.format(argv=argv) + SETUP.format(script=script, keep=keep)
    repo = lawful_repo(tmp_path / "repo", config=config)
    repo.checkout("main")
    repo.commit("Lock", **{"tools.lock": "one\n", "src/totals.py": "def total(lines):\n    return sum(lines)\n"})
    repo.git("branch", "-f", "work", "main")
    repo.checkout("work")
    repo.commit("Change", **{"src/totals.py": "def total(lines):\n    return sum(lines, 0)\n"})
    return repo


def review(repo: GitRepo, *arguments: str) -> Done:
    return agency("review", "--base", "main", "--head", "work", "--json", *arguments, cwd=repo.path)


def gate(done: Done) -> dict[str, Any]:
    (found,) = [gate for gate in done.document["gates"] if gate["name"] == "check"]
    return dict(found)


MAKES_CHECKER = """
mkdir -p "$AGENCY_SETUP/bin"
printf '#!/bin/sh\\ntest "$(cat %s)" = one' "$AGENCY_SETUP/seen" > "$AGENCY_SETUP/bin/checker"
cat tools.lock > "$AGENCY_SETUP/seen"
chmod +x "$AGENCY_SETUP/bin/checker"
"""


def test_a_gate_finds_the_programs_that_the_step_made(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, MAKES_CHECKER, '["checker"]')
    done = review(repo)
    assert gate(done)["status"] == "pass", done.err
    assert gate(done)["facts"]["setup"]["reused"] is False
    again = review(repo, "--no-cache")
    assert gate(again)["status"] == "pass"
    assert gate(again)["facts"]["setup"]["reused"] is True


def test_another_lock_file_runs_the_step_again(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, MAKES_CHECKER, '["checker"]')
    first = review(repo)
    repo.commit("Update", **{"tools.lock": "two\n"})
    done = review(repo)
    assert gate(done)["status"] == "fail", done.err
    assert gate(done)["facts"]["setup"]["digest"] != gate(first)["facts"]["setup"]["digest"]


def test_a_step_that_fails_is_every_gate_s_error(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, "echo the index is away; exit 4", '["true"]')
    done = review(repo)
    assert (gate(done)["status"], done.document["verdict"]) == ("error", "conditional"), done.err
    assert "it exited with 4: the index is away" in gate(done)["reason"]


def test_the_rest_of_the_change_has_no_say_in_what_is_kept(tmp_path: Path) -> None:
    script = 'mkdir -p "$AGENCY_SETUP/bin"; test ! -e sitecustomize.py && test "$(ls -A)" = tools.lock'
    repo = repo_with(tmp_path, script, '["true"]')
    repo.commit("Poison", **{"sitecustomize.py": "raise SystemExit\n", "Makefile": "x:\n"})
    assert gate(review(repo))["status"] == "pass"


def test_a_virtual_environment_of_the_step_runs_the_tests(tmp_path: Path) -> None:
    (site,) = (Path(sys.prefix) / "lib").glob("python*/site-packages")
    script = f"""
{sys.executable} -m venv --without-pip "$AGENCY_SETUP"
cd "$AGENCY_SETUP"/lib/python*/site-packages
echo 'PRICE = 5' > shoplib.py
"""
    assert site.is_dir()
    code = "import shoplib, sys; sys.exit(shoplib.PRICE != 5)"
    repo = repo_with(tmp_path, script, f'["python", "-c", "{code}"]')
    done = review(repo)
    assert gate(done)["status"] == "pass", done.err
    program = gate(done)["facts"]["tool_environment"]["programs"][0]
    assert "/agency/setup/" in program["path"]
    assert program["outside"] is True


@pytest.mark.skipif(shutil.which("node") is None, reason="NOT TESTED: node is not installed")
def test_kept_packages_stand_in_each_gate_s_checkout(tmp_path: Path) -> None:
    script = "mkdir -p node_modules/dep; echo 'module.exports = 5' > node_modules/dep/index.js"
    code = "process.exit(require('dep') === 5 ? 0 : 1)"
    repo = repo_with(tmp_path, script, f"""["node", "-e", "{code}"]""", keep='["node_modules"]')
    done = review(repo)
    assert gate(done)["status"] == "pass", done.err
    repo.commit("Bring own packages", **{"node_modules/dep/index.js": "module.exports = 5\n"})
    done = review(repo)
    assert gate(done)["status"] == "error"
    assert "node_modules is a path of the commit itself" in gate(done)["reason"]


def test_a_tool_cannot_change_what_the_step_made(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, MAKES_CHECKER, '["sh", "-c", "echo x > $AGENCY_SETUP/seen; checker"]')
    done = review(repo)
    if gate(done)["facts"]["isolation"] == "none":
        pytest.skip("NOT RUN: this machine offers no isolation")
    assert gate(done)["status"] == "pass", done.err
    (kept,) = (repo.path / ".git/agency/setup").glob("*/seen")
    assert kept.read_text() == "one\n"


def test_an_edited_set_up_is_made_again(tmp_path: Path) -> None:
    repo = repo_with(tmp_path, MAKES_CHECKER, '["checker"]')
    assert gate(review(repo))["status"] == "pass"
    (kept,) = (repo.path / ".git/agency/setup").glob("*/seen")
    kept.chmod(0o600)
    kept.write_text("bad\n")
    done = review(repo, "--no-cache")
    assert (gate(done)["status"], gate(done)["facts"]["setup"]["reused"]) == ("pass", False)
