"""Added lines are the head's own lines at their own numbers, and no content can pass for something else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from agent_agency.change.measure import Head, measure
from agent_agency.change.model import AddedLine, Change
from agent_agency.change.patch import added_lines, parse_patch
from agent_agency.errors import GitError
from agent_agency.git import Repository
from support.git_repo import GitRepo


class Work:
    """A base that is committed, and a working tree measured against it."""

    def __init__(self, git_repo: GitRepo) -> None:
        self.git_repo = git_repo
        self.repo = Repository.discover(git_repo.path)

    def added(self, **files: str | bytes) -> Mapping[str, tuple[AddedLine, ...]]:
        for name, content in files.items():
            self.git_repo.write(name, content)
        return added_lines(self.repo, self.measured())

    def measured(self) -> Change:
        return measure(self.repo, self.repo.resolve("HEAD"), Head.worktree())


@pytest.fixture
def work(git_repo: GitRepo) -> Iterator[Work]:
    found = Work(git_repo)
    yield found
    found.repo.close()


def told(lines: tuple[AddedLine, ...]) -> list[tuple[int, str]]:
    return [(line.number, line.text) for line in lines]


def test_lines_have_their_number_and_text_in_the_head(work: Work) -> None:
    work.git_repo.commit("base", a="1\n2\n3\n4\n")
    found = work.added(a="0\n1\n3\n4\nfive\nsix")
    assert told(found["a"]) == [(1, "0"), (5, "five"), (6, "six")]


def test_content_that_looks_like_a_patch_stays_content(work: Work) -> None:
    work.git_repo.commit("base", a="x\n", b="y\n")
    fake = "diff --git a/00000001 b/00000001\n@@ -1 +1,9 @@\n+++ b/x\n--- a/x\n+secret\n\\ No newline at end of file\n"
    found = work.added(a=fake, b=fake + "@@")
    assert [text for _, text in told(found["a"])] == fake.rstrip("\n").split("\n")
    assert [text for _, text in told(found["b"])] == [*fake.rstrip("\n").split("\n"), "@@"]


def test_every_file_of_the_head_has_an_entry_and_no_other(work: Work) -> None:
    work.git_repo.commit("base", gone="g\n", kept="k\n", text="t\n")
    (work.git_repo.path / "gone").unlink()
    (work.git_repo.path / "link").symlink_to("kept")
    found = work.added(binary=b"\0\n\n", kept="k\nmore\n", text="")
    assert {path: told(lines) for path, lines in found.items()} == {
        "binary": [],
        "kept": [(2, "more")],
        "link": [],
        "text": [],
    }
    assert len(found) == 4
    with pytest.raises(KeyError):
        found["gone"]


def test_a_renamed_file_has_only_what_was_added_to_it_and_a_copy_all(work: Work) -> None:
    text = "".join(f"line {number}\n" for number in range(20))
    work.git_repo.commit("base", old=text, source=text.upper())
    work.git_repo.git("mv", "old", "new")
    found = work.added(new=text + "added\n", source=text.upper() + "x\n", copy=text.upper())
    assert told(found["new"]) == [(21, "added")]
    assert len(found["copy"]) == 20


def test_line_ends_and_bytes_that_are_no_text_do_not_matter(work: Work) -> None:
    work.git_repo.commit("base", a="x\n")
    found = work.added(a=b"x\r\n\xff\xfe caf\xe9\r\nlone\rreturn\n\x0cform\x85\n")
    assert told(found["a"]) == [(1, "x"), (2, "\ufffd\ufffd caf\ufffd"), (3, "lone\rreturn"), (4, "\x0cform\ufffd")]


def test_no_attribute_or_odd_name_hides_added_lines(work: Work) -> None:
    work.git_repo.commit("base", a="x\n")
    work.git_repo.write(".git/info/attributes", "* -diff\n")
    found = work.added(**{".gitattributes": "* binary\n", 'new\nli"ne.py': "todo\n", "caf\udce9": "odd\n"})
    assert told(found['new\nli"ne.py']) == [(1, "todo")]
    assert told(found["caf\udce9"]) == [(1, "odd")]


def test_one_huge_line_is_one_line(work: Work) -> None:
    work.git_repo.commit("base", a="x\n")
    found = work.added(a="x\n" + "y" * 5_000_000)
    assert [(line.number, len(line.text)) for line in found["a"]] == [(2, 5_000_000)]


def test_many_files_are_read_in_groups_and_in_any_order(work: Work) -> None:
    work.git_repo.commit("base", a="x\n")
    count = 1_100
    for number in range(count):
        work.git_repo.write(f"d/{number:05}", f"{number}\n")
    found = added_lines(work.repo, work.measured())
    assert told(found["d/01050"]) == [(1, "1050")]
    assert told(found["d/00000"]) == [(1, "0")]
    assert sum(len(lines) for lines in found.values()) == count


def test_a_missing_blob_is_an_error_and_no_empty_answer(work: Work) -> None:
    work.git_repo.commit("base", a="x\n")
    work.git_repo.branch("work")
    head = work.git_repo.commit("work", a="x\ny\n")
    change = measure(work.repo, work.repo.resolve("main"), Head.commit(head))
    blob = work.git_repo.git("rev-parse", "work:a")
    (work.git_repo.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(GitError):
        added_lines(work.repo, change)["a"]


@pytest.mark.parametrize(
    "patch",
    [b"diff --git a/00000000 b/00000000\n@@ -0,0 +1,2 @@\n+x\n", b"diff --git a/00000000 b/00000000\n@@ -1 +1 @@\n?\n"],
)
def test_a_patch_that_breaks_off_is_an_error(patch: bytes) -> None:
    with pytest.raises(GitError):
        list(parse_patch(patch))
