"""Lines that git does not count, and that count all the same."""

from __future__ import annotations

import pytest

from agent_agency.change.measure import Head, measure
from agent_agency.change.model import FileChange
from agent_agency.change.unseen_lines import plain_text
from agent_agency.git import Repository
from support.git_repo import GitRepo

CODE = "let a = 1\n" * 30


def changed(git_repo: GitRepo, **files: bytes) -> dict[str, FileChange]:
    git_repo.branch("work")
    git_repo.commit("work", **files)
    with Repository.discover(git_repo.path) as repo:
        change = measure(repo, repo.resolve("main"), Head.commit(repo.resolve("work")))
    return {file.path: file for file in change.files}


@pytest.mark.parametrize(
    ("content", "seen", "unseen"),
    [
        (CODE.encode(), 30, 0),
        (CODE.replace("\n", "\r\n").encode(), 30, 0),
        (CODE.replace("\n", "\r").encode(), 1, 29),
        (b"first\n" + CODE.replace("\n", "\r\r\n").encode(), 31, 30),
        (CODE.replace("\n", "\u2028").encode(), 1, 29),
        (b"/*\0*/\n" + CODE.encode(), 0, 31),
        (b"/*\0\1\2\3*/\r" + CODE.encode(), 0, 31),
        (CODE.encode("utf-16"), 0, 30),
        (CODE.encode("utf-16-le"), 0, 30),
        (CODE.encode("utf-32"), 0, 30),
        (("# é\n" * 30).encode() + b"\0", 0, 30),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(256)) * 20, 0, 0),
        (b"\0" * 5000, 0, 0),
    ],
)
def test_lines_of_text_count_however_they_end_and_whatever_hides_in_it(
    git_repo: GitRepo, content: bytes, seen: int, unseen: int
) -> None:
    git_repo.commit("start", old="x\n")
    file = changed(git_repo, new=content)["new"]
    assert (file.lines, file.unseen_lines) == (seen, unseen)


def test_only_the_lines_that_differ_count(git_repo: GitRepo) -> None:
    git_repo.commit("start", wide=CODE.encode("utf-16"), mac=CODE.replace("\n", "\r"), gone=b"\0" + CODE.encode())
    (git_repo.path / "gone").unlink()
    files = changed(
        git_repo,
        wide=(CODE + "let b = 2\n").encode("utf-16"),
        mac=(CODE + "let b = 2\n").replace("\n", "\r").encode(),
    )
    assert {path: (file.lines, file.unseen_lines) for path, file in files.items()} == {
        "wide": (0, 1),
        "mac": (2, 0),
        "gone": (0, 30),
    }


def test_text_that_turns_into_noise_counts_as_deleted(git_repo: GitRepo) -> None:
    git_repo.commit("start", file=CODE)
    file = changed(git_repo, file=bytes(range(256)) * 40)["file"]
    assert (file.binary, file.unseen_lines) == (True, 30)


def test_what_is_no_text_is_not_laid_out() -> None:
    assert plain_text(b"") is None
    assert plain_text(b"\0" * 9) is None
    assert plain_text(b"abc" + b"\1") is None
    assert plain_text(b"a\0b\rc\r\nd") == b"ab\nc\nd"
