"""``agency init``: a first law that holds."""

from __future__ import annotations

import contextlib
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.git_repo import GitRepo
from support.warm_command import agency


@pytest.fixture
def repo(git_repo: GitRepo) -> GitRepo:
    git_repo.commit("Start", **{"src/app.py": "A = 1\n", "tests/test_app.py": "B = 1\n", "README.md": "Hello\n"})
    return git_repo


def test_what_it_writes_passes_its_own_validation_and_governs_the_next_change(repo: GitRepo) -> None:
    done = agency("init", cwd=repo.path)
    assert done.code == 0, done.err
    assert "git add" in done.out
    assert "agency identity" in done.out, "the next step is to list people"
    checked = agency("validate", "--json", cwd=repo.path)
    assert checked.code == 0, checked.out
    assert {Path(row["path"]).name for row in checked.document["results"]} == {
        "policy.yaml",
        "agency.toml",
        "SETUP-1.yaml",
    }
    assert [f for row in checked.document["results"] for f in row["findings"]] == []
    repo.commit("Adopt working specs")
    repo.branch("work")
    repo.commit("Change", **{"src/app.py": "A = 2\n"})
    done = agency("review", "--base", "main", "--head", "work", "--json", cwd=repo.path)
    assert (done.code, done.document["verdict"]) == (0, "approved")


def test_existing_files_are_never_changed(repo: GitRepo) -> None:
    repo.write(".caws/policy.yaml", "mine\n")
    assert agency("init", cwd=repo.path).code == 0
    assert (repo.path / ".caws/policy.yaml").read_text() == "mine\n"
    again = agency("init", "--id", "SETUP-1", cwd=repo.path)
    assert again.code == 2
    assert "SETUP-1" in again.err
    assert agency("init", "--no-spec", cwd=repo.path).code == 0


@pytest.mark.parametrize("spec", [".caws/specs/FEAT-7.yaml", ".caws/working-spec.yaml"])
def test_where_specs_are_no_second_one_makes_the_choice_unclear(repo: GitRepo, spec: str) -> None:
    repo.write(spec, "id: FEAT-7\n")
    done = agency("init", "--json", cwd=repo.path)
    assert [row["path"] for row in done.document["files"]] == [".caws/policy.yaml", "agency.toml"]
    again = agency("init", cwd=repo.path)
    assert (again.code, "nothing was written" in again.out) == (0, True)
    assert agency("init", "--id", "FEAT-8", cwd=repo.path).code == 0
    assert (repo.path / ".caws/specs/FEAT-8.yaml").exists()


def test_files_without_folders_are_suggested_one_by_one(git_repo: GitRepo) -> None:
    git_repo.commit("Start", **{"main.py": "A = 1\n", ".hidden": "x\n"})
    assert agency("init", cwd=git_repo.path).code == 0
    assert "- main.py\n" in (git_repo.path / ".caws/specs/SETUP-1.yaml").read_text()
    git_repo.commit("Adopt working specs")
    git_repo.write("main.py", "A = 2\n")
    assert agency("review", cwd=git_repo.path).code == 0


def test_its_commands_work_where_it_was_run(repo: GitRepo) -> None:
    done = agency("init", cwd=repo.path / "src")
    command = next(line for line in done.out.splitlines() if "git add" in line)
    subprocess.run(command.split(), cwd=repo.path / "src", check=True)
    assert repo.git("status", "--porcelain").split() == [
        *("A", ".caws/policy.yaml", "A", ".caws/specs/SETUP-1.yaml", "A", "agency.toml")
    ]


def test_a_dry_run_writes_nothing(repo: GitRepo) -> None:
    done = agency("init", "--dry-run", cwd=repo.path)
    assert done.code == 0
    assert "max_loc" in done.out
    assert repo.git("status", "--porcelain") == ""


@pytest.mark.parametrize(
    "answers",
    [["--id", "nonsense"], ["--title", "TODO"], ["--scope", "../x"], ["--scope", "**"], ["--id", "../../A-1"]],
)
def test_answers_that_make_no_valid_spec_are_refused_and_nothing_is_written(repo: GitRepo, answers: list[str]) -> None:
    done = agency("init", *answers, cwd=repo.path)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert repo.git("status", "--porcelain") == ""


def test_an_empty_repository_needs_a_scope(git_repo: GitRepo) -> None:
    done = agency("init", cwd=git_repo.path)
    assert done.code == 2
    assert "--scope" in done.err
    assert agency("init", "--scope", "src/", cwd=git_repo.path).code == 0


def test_a_link_is_not_written_through(repo: GitRepo, tmp_path: Path) -> None:
    (repo.path / "agency.toml").symlink_to(tmp_path / "outside.toml")
    done = agency("init", cwd=repo.path)
    assert done.code == 2
    assert not (tmp_path / "outside.toml").exists()
    assert not (repo.path / ".caws/policy.yaml").exists()


TOOLS = {
    "app.py": "A = 1\n",
    "ruff.toml": "",
    "package.json": '{"devDependencies": {"jest": "1"}}',
    "tests/test_app.py": "import app\n\n\ndef test_a():\n    assert app.A == 1\n",
}


WITH_TOOLS = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"}
"""The caller's variables where this interpreter and its tools are the first on PATH."""


def bare_path(folder: Path) -> dict[str, str]:
    """The caller's variables where git is the only program on PATH."""
    folder.mkdir()
    git = shutil.which("git")
    assert git is not None
    (folder / "git").symlink_to(git)
    return {**os.environ, "PATH": str(folder)}


def on_a_terminal(folder: Path, answer: str, *args: str) -> tuple[int, str]:
    """Run init with a terminal for its input and output, and give one answer."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "agent_agency", "init", *args]
    with subprocess.Popen(command, cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, env=WITH_TOOLS) as process:
        os.close(theirs)
        os.write(ours, f"{answer}\n".encode())
        shown = b""
        with contextlib.suppress(OSError):  # the terminal has gone with its last user
            while piece := os.read(ours, 65536):
                shown += piece
        code = process.wait(timeout=60)
    os.close(ours)
    return code, shown.decode()


def test_gates_for_the_tools_found_are_shown_and_then_written(git_repo: GitRepo) -> None:
    git_repo.commit("Start", **TOOLS)
    done = agency("init", "--yes", cwd=git_repo.path, env=WITH_TOOLS)
    assert done.code == 0, done.err
    assert done.out.index('name = "tests"') < done.out.index("wrote agency.toml")
    assert "No gate: package.json" in done.out
    git_repo.commit("Adopt working specs")
    listed = agency("gates", "list", "--json", cwd=git_repo.path).document
    assert "tests" in [gate["name"] for gate in listed["gates"]]
    assert agency("validate", cwd=git_repo.path).code == 0


def test_gates_can_be_left_out(git_repo: GitRepo) -> None:
    git_repo.commit("Start", **TOOLS)
    done = agency("init", "--no-gates", cwd=git_repo.path, env=WITH_TOOLS)
    assert (done.code, "[[gate]]" in (git_repo.path / "agency.toml").read_text()) == (0, False)


def test_a_tool_that_is_not_installed_makes_no_review_fail(git_repo: GitRepo, tmp_path: Path) -> None:
    git_repo.commit("Start", **TOOLS)
    bare = bare_path(tmp_path / "bin")
    done = agency("init", "--yes", "--json", cwd=git_repo.path, env=bare)
    assert done.code == 0, done.err
    assert [bool(gate["hindrance"]) for gate in done.document["gates"]] == [True, True]
    text = (git_repo.path / "agency.toml").read_text()
    assert "not in force: python is not installed here" in text
    assert "# [[gate]]" in text
    git_repo.commit("Adopt working specs")
    git_repo.branch("work")
    git_repo.commit("Change", **{"tests/test_app.py": TOOLS["tests/test_app.py"] + "\n\nB = 1\n"})
    reviewed = agency("review", "--base", "main", "--head", "work", "--json", cwd=git_repo.path, env=bare)
    assert (reviewed.code, reviewed.document["verdict"]) == (0, "approved")


def test_the_gates_that_it_writes_judge_the_next_change(git_repo: GitRepo) -> None:
    git_repo.commit("Start", **TOOLS)
    assert agency("init", "--yes", cwd=git_repo.path, env=WITH_TOOLS).code == 0
    git_repo.commit("Adopt working specs")
    git_repo.branch("work")
    git_repo.commit("Break", **{"app.py": "A = 2\n"})
    done = agency("review", "--base", "main", "--head", "work", "--json", cwd=git_repo.path, env=WITH_TOOLS)
    gates = {gate["name"]: gate for gate in done.document["gates"]}
    assert (gates["tests"]["status"], gates["tests"]["figures"]["failed"]) == ("fail", 1), gates["tests"]
    assert done.code != 0


def test_an_existing_config_stays_and_what_to_add_is_told(git_repo: GitRepo) -> None:
    mine = '[[gate]]\nname = "lint"\nkind = "lint"\nargv = ["mine"]\n'
    git_repo.commit("Start", **TOOLS, **{"agency.toml": mine})
    done = agency("init", "--yes", "--json", cwd=git_repo.path, env=WITH_TOOLS)
    assert (git_repo.path / "agency.toml").read_text() == mine
    assert 'name = "tests"' in done.document["gates_to_add"]
    assert 'name = "lint"' not in done.document["gates_to_add"]
    shown = agency("init", "--yes", cwd=git_repo.path, env=WITH_TOOLS).out
    assert "these gates could be added" in shown
    assert "[[gate]]" in shown


@pytest.mark.parametrize(("answer", "code", "written"), [("y", 0, True), ("", 0, True), ("n", 1, False)])
def test_on_a_terminal_all_is_shown_and_asked_for_first(
    git_repo: GitRepo, answer: str, code: int, written: bool
) -> None:
    git_repo.commit("Start", **TOOLS)
    done, shown = on_a_terminal(git_repo.path, answer)
    assert (done, (git_repo.path / "agency.toml").exists()) == (code, written)
    assert shown.index("[[gate]]") < shown.index("Write these files?")
    assert git_repo.git("status", "--porcelain") != "" if written else git_repo.git("status", "--porcelain") == ""


def test_yes_asks_nothing_on_a_terminal(git_repo: GitRepo) -> None:
    git_repo.commit("Start", **TOOLS)
    code, shown = on_a_terminal(git_repo.path, "n", "--yes")
    assert (code, "?" in shown, (git_repo.path / "agency.toml").exists()) == (0, False, True)
