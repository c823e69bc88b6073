"""The pre-commit hooks, each run as pre-commit would run it, on real repositories."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.git_repo import GitRepo
from support.law import lawful_repo
from support.warm_command import warm

PROJECT = Path(__file__).resolve().parents[2]
HOOKS: dict[str, dict[str, Any]] = {
    hook["id"]: hook for hook in yaml.safe_load((PROJECT / ".pre-commit-hooks.yaml").read_text("utf-8"))
}


@pytest.fixture
def repo(tmp_path: Path) -> GitRepo:
    return lawful_repo(tmp_path / "repo")


@pytest.fixture(autouse=True)
def agency_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands for ``agency`` hands the command to a process that has imported the product."""
    programs = tmp_path / "bin"
    programs.mkdir()
    warm().write_client(programs / "agency")
    monkeypatch.setenv("PATH", f"{programs}{os.pathsep}{os.environ['PATH']}")


def _run(repo: GitRepo, hook: str, *files: str) -> int:
    """Run one hook on the staged files, chosen and passed as its definition says."""
    definition = HOOKS[hook]
    chosen = [file for file in files if re.search(definition.get("files", ""), file)]
    if not chosen and not definition.get("always_run"):
        return 0
    arguments = chosen if definition.get("pass_filenames", True) else []
    command = [*shlex.split(definition["entry"]), *arguments]
    done = subprocess.run(command, cwd=repo.path, capture_output=True, text=True, check=False)
    assert "Traceback" not in done.stderr
    return done.returncode


def test_the_three_hooks_are_offered() -> None:
    assert set(HOOKS) == {"agency-validate", "agency-scope", "agency-review"}


def test_a_file_inside_the_scope_passes_every_hook(repo: GitRepo) -> None:
    repo.write("src/totals.py", "TOTAL = 1\n")
    repo.git("add", "-A")
    assert [_run(repo, hook, "src/totals.py") for hook in HOOKS] == [0, 0, 0]


def test_a_file_outside_the_scope_is_stopped_by_scope_and_review(repo: GitRepo) -> None:
    repo.write("elsewhere.py", "X = 1\n")
    repo.git("add", "-A")
    codes = {hook: _run(repo, hook, "elsewhere.py") for hook in HOOKS}
    assert codes == {"agency-validate": 0, "agency-scope": 1, "agency-review": 1}


def test_what_is_not_staged_does_not_count_in_the_review_hook(repo: GitRepo) -> None:
    repo.write("src/totals.py", "TOTAL = 1\n")
    repo.git("add", "-A")
    repo.write("elsewhere.py", "X = 1\n")
    assert _run(repo, "agency-review", "src/totals.py") == 0


def test_a_broken_policy_is_stopped_by_validate(repo: GitRepo) -> None:
    repo.write(".caws/policy.yaml", "version: 2\n")
    repo.git("add", "-A")
    assert _run(repo, "agency-validate", ".caws/policy.yaml") == 1


def test_a_hook_leaves_what_is_staged_as_it_was(repo: GitRepo) -> None:
    repo.write("src/totals.py", "TOTAL = 1\n")
    repo.git("add", "-A")
    before = repo.git("status", "--porcelain=v2")
    for hook in HOOKS:
        _run(repo, hook, "src/totals.py")
    assert repo.git("status", "--porcelain=v2") == before


class TestPlainGitHook:
    """The one-line hook of the documentation, run by git itself."""

    @pytest.fixture
    def hooked(self, repo: GitRepo) -> GitRepo:
        hook = repo.write(".git/hooks/pre-commit", "#!/bin/sh\nexec agency review --staged\n")
        hook.chmod(0o755)
        return repo

    @pytest.mark.parametrize(
        "commit", [["-a"], ["src/frozen/export.py"], ["-o", "src/frozen/export.py"], ["-i", "src/frozen/export.py"]]
    )
    def test_no_way_of_committing_leaves_the_hook_looking_at_another_index(
        self, hooked: GitRepo, commit: list[str]
    ) -> None:
        hooked.write("src/frozen/export.py", "FORMAT = 2\n")
        before = hooked.git("rev-parse", "HEAD")
        with pytest.raises(AssertionError, match="commit"):
            hooked.git("commit", "-q", "-m", "Edit what is frozen", *commit)
        assert hooked.git("rev-parse", "HEAD") == before

    def test_a_part_of_what_is_edited_may_be_committed_alone(self, hooked: GitRepo) -> None:
        hooked.write("src/frozen/export.py", "FORMAT = 2\n")
        hooked.write("src/totals.py", "TOTAL = 1\n")
        hooked.git("commit", "-q", "-m", "Round", "src/totals.py")
        assert hooked.git("show", "--name-only", "--format=") == "src/totals.py"

    @pytest.mark.parametrize("name", ["index.lock", "elsewhere/index.lock", "other", ""])
    def test_any_other_index_that_a_variable_names_has_no_effect(
        self, repo: GitRepo, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        repo.write("src/frozen/export.py", "FORMAT = 2\n")
        repo.git("add", "-A")
        monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / name))
        assert _run(repo, "agency-review") == 1
