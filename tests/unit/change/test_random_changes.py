"""Random trees, measured by git and recounted without it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from agent_agency.change.measure import Head, measure
from agent_agency.change.model import Change, FileStatus
from agent_agency.change.patch import added_lines
from agent_agency.git import Repository
from support.git_repo import GitRepo

NAMES = st.sampled_from(["a", "b.py", "d/c", "d/e/f", "caf\udce9", "new\nline", "-x", 'q"', "größe"])
LINE = st.sampled_from(
    [b"one", b"two", b"three", b"  two", b"", b"+x", b"-y", b"@@ -1 +1 @@", b"\\ No newline", b"\xff", b"\r"]
)
CONTENT = st.builds(
    lambda lines, end, nul: b"\n".join(lines) + (b"\n" if end else b"") + (b"\0" if nul else b""),
    st.lists(LINE, max_size=12),
    st.booleans(),
    st.sampled_from([False] * 9 + [True]),
)
MODES = st.sampled_from(["100644", "100644", "100755", "120000"])
TREES = st.dictionaries(NAMES, st.tuples(MODES, CONTENT), max_size=6)
Tree = Mapping[str, tuple[str, bytes]]


def commit_tree(git_repo: GitRepo, tree: Tree) -> str:
    rows = []
    for path, (mode, content) in tree.items():
        blob = git_repo.git("hash-object", "-w", "--stdin", stdin=content)
        rows.append(f"{mode} {blob}\t".encode() + path.encode("utf-8", "surrogateescape") + b"\0")
    git_repo.git("read-tree", "--empty")
    git_repo.git("update-index", "-z", "--index-info", stdin=b"".join(rows))
    return git_repo.git("commit-tree", git_repo.git("write-tree"), "-m", "random")


def lines_of(content: bytes) -> list[bytes]:
    return content.split(b"\n")[:-1] + ([content.split(b"\n")[-1]] if not content.endswith(b"\n") and content else [])


def common(old: list[bytes], new: list[bytes]) -> int:
    """The length of the longest common subsequence, by the textbook table."""
    row = [0] * (len(new) + 1)
    for left in old:
        before = row
        row = [0]
        for at, right in enumerate(new):
            row.append(before[at] + 1 if left == right else max(before[at + 1], row[at]))
    return row[-1]


def keyed(content: bytes) -> list[bytes]:
    """Lines with their ends: git tells a last line without a line break from one with it."""
    return [line + b"\n" for line in content.split(b"\n")[:-1]] + [rest for rest in [content.split(b"\n")[-1]] if rest]


def check(change: Change, old: Tree, new: Tree) -> None:
    differing = {path for path in old.keys() | new.keys() if old.get(path) != new.get(path)}
    touched = {file.path for file in change.files} | {
        file.old.path for file in change.files if file.old and file.status is FileStatus.RENAMED
    }
    assert touched == differing
    assert len(change.files) == len({file.path for file in change.files})
    for file in change.files:
        assert (file.old is not None) == (file.status is not FileStatus.ADDED)
        before = old[file.old.path] if file.old else None
        after = new[file.new.path] if file.new else None
        assert (before and before[0]) == (file.old and file.old.mode)
        assert (after and after[0]) == (file.new and file.new.mode)
        assert (after and len(after[1])) == (file.new and file.new.size)
        same = before is not None and after is not None and before[1] == after[1]
        assert file.no_op == (same and file.status is not FileStatus.COPIED)
        compared = b"" if before is None or file.status is FileStatus.COPIED else before[1]
        written = after[1] if after else b""
        if b"\0" in compared or b"\0" in written:
            assert file.binary == (compared != written)
            assert file.lines == 0
            continue
        shared = common(keyed(compared), keyed(written))
        assert (file.deleted, file.added) == (len(keyed(compared)) - shared, len(keyed(written)) - shared)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(TREES, TREES)
def test_random_changes_are_measured_as_an_independent_count_measures_them(old: Tree, new: Tree) -> None:
    old, new = without_clashes(old), without_clashes(new)
    with tempfile.TemporaryDirectory() as folder:
        git_repo = GitRepo.create(Path(folder))
        base, head = commit_tree(git_repo, old), commit_tree(git_repo, new)
        with Repository.discover(git_repo.path) as repo:
            change = measure(repo, base, Head.commit(head))
            check(change, old, new)
            lines = added_lines(repo, change)
            for file in change.files:
                if file.new is None:
                    continue
                found = lines[file.path]
                if file.new.is_symlink:
                    assert found == ()
                    continue
                assert len(found) == file.added
                text = [line.removesuffix(b"\r").decode("utf-8", "replace") for line in lines_of(new[file.path][1])]
                assert all(text[line.number - 1] == line.text for line in found)


def without_clashes(tree: Tree) -> Tree:
    """Drop symlinks that no file system could hold and leave the rest."""
    return {path: (mode, content) for path, (mode, content) in tree.items() if mode != "120000" or b"\0" not in content}
