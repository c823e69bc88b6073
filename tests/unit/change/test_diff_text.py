"""The change as one diff: git itself makes the head of it, and nothing hides a line or passes for a header."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from agent_agency.change.diff_text import diff_text
from agent_agency.change.measure import Head, measure
from agent_agency.git import Repository
from support.git_repo import GitRepo


def _diff(repo: GitRepo) -> str:
    with Repository.discover(repo.path) as opened:
        return diff_text(opened.view, measure(opened, opened.resolve("HEAD"), Head.worktree()))


def _applied(diff: str, base: dict[str, str], folder: Path) -> dict[str, str]:
    """What ``git apply`` makes of the base's files, outside any repository."""
    folder.mkdir()
    for name, content in base.items():
        (folder / name).write_text(content, "utf-8")
    subprocess.run(["git", "apply", "-"], input=diff.encode(), cwd=folder, check=True, capture_output=True)
    return {path.name: path.read_text("utf-8") for path in folder.iterdir()}


def test_git_makes_the_head_of_it(git_repo: GitRepo, tmp_path: Path) -> None:
    base = {"kept": "one\n" * 20, "edited": "a\nb\nc\nd\ne\nf\ng\nh\n", "gone": "x\n", "cut": "no end"}
    head = {
        "kept": base["kept"],
        "edited": "a\nB\nc\nd\ne\nf\ng\nh\n@@ -1 +1 @@\n",
        "made": "diff --git a/x b/x\n",
        "cut": "end",
    }
    git_repo.commit("base", **base)
    for name, content in head.items():
        git_repo.write(name, content)
    (git_repo.path / "gone").unlink()
    assert _applied(_diff(git_repo), base, tmp_path / "out") == head


@pytest.mark.parametrize("attribute", ["-diff", "binary", "linguist-generated"])
def test_an_attribute_hides_no_line(git_repo: GitRepo, attribute: str) -> None:
    git_repo.commit("base", **{".gitattributes": f"* {attribute}\n", "code.py": "safe()\n"})
    git_repo.write("code.py", "eval(text)\n")
    assert "-safe()\n+eval(text)\n" in _diff(git_repo)


def test_a_binary_file_is_told_in_one_line(git_repo: GitRepo) -> None:
    git_repo.commit("base", readme="x\n")
    git_repo.write("picture", b"\x00\x01")
    assert _diff(git_repo) == (
        "diff --git a/picture b/picture\nnew file mode 100644\nBinary files /dev/null and b/picture differ\n"
    )


def test_a_path_cannot_forge_a_line_of_the_diff(git_repo: GitRepo) -> None:
    git_repo.commit("base", readme="x\n")
    git_repo.write("a\n+forged()", "1\n")
    assert "\n+forged()" not in _diff(git_repo)


def test_no_change_is_no_text(git_repo: GitRepo) -> None:
    git_repo.commit("base", readme="x\n")
    assert _diff(git_repo) == ""
