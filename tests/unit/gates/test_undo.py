from __future__ import annotations

import subprocess

import pytest

from agent_agency.change.model import HeadKind
from agent_agency.gates.undo import quoted, undo_command
from support.gate_context import added, change, copied, deleted, modified, renamed
from support.git_repo import GitRepo

ODD_NAMES = [
    "plain.txt",
    "with space.txt",
    "quote'd.txt",
    "-dash",
    ":colon",
    "a*b",
    "new\nline",
    "tab\tname",
    "$HOME",
    "ü.txt",
]


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("kind", list(HeadKind))
def test_the_command_for_an_edited_file_restores_it_and_touches_no_other(
    git_repo: GitRepo, name: str, kind: HeadKind
) -> None:
    base = git_repo.commit("base", **{name: "old\n", "a-and-b": "old\n"})
    head = git_repo.commit("head", **{name: "new\n", "a-and-b": "new\n"})
    measured = change(modified(name), kind=kind)
    command = undo_command(measured, measured.files[0]).replace(measured.base_commit, base)
    _bash(git_repo, command)
    assert (git_repo.path / name).read_text() == "old\n"
    assert git_repo.git("diff", "--name-only", "-z", head).strip("\0") == name


@pytest.mark.parametrize("name", ODD_NAMES)
@pytest.mark.parametrize("kind", list(HeadKind))
def test_the_command_for_an_added_file_removes_it_and_touches_no_other(
    git_repo: GitRepo, name: str, kind: HeadKind
) -> None:
    git_repo.commit("base", **{"a-and-b": "old\n"})
    if kind is HeadKind.WORKTREE:
        git_repo.write(name, "new\n")
    else:
        git_repo.commit("head", **{name: "new\n"})
    measured = change(added(name), kind=kind)
    _bash(git_repo, undo_command(measured, measured.files[0]))
    assert not (git_repo.path / name).exists()
    assert (git_repo.path / "a-and-b").exists()


def test_the_command_for_a_rename_brings_the_old_name_back_and_takes_the_new_one_away(git_repo: GitRepo) -> None:
    base = git_repo.commit("base", **{"src/a.py": "old\n"})
    git_repo.git("mv", "src/a.py", "b.py")
    git_repo.commit("head")
    measured = change(renamed("src/a.py", "b.py"))
    _bash(git_repo, undo_command(measured, measured.files[0]).replace(measured.base_commit, base))
    assert not (git_repo.path / "b.py").exists()
    assert git_repo.git("diff", "--cached", "--name-only", base) == ""


def test_the_command_for_a_deletion_restores_the_file() -> None:
    measured = change(deleted("src/a.py"))
    assert undo_command(measured, measured.files[0]) == f"git checkout {measured.base_commit} -- src/a.py"


def test_the_command_for_a_copy_leaves_its_source_alone() -> None:
    measured = change(copied("src/a.py", "src/b.py"))
    assert undo_command(measured, measured.files[0]) == "git rm -- src/b.py"


def test_no_control_character_of_a_name_reaches_the_terminal() -> None:
    assert quoted("a\x1b[31m\nb\udcff'") == "$'a\\033[31m\\nb\\377\\''"


def _bash(repo: GitRepo, command: str) -> None:
    done = subprocess.run(["bash", "-c", command], cwd=repo.path, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
