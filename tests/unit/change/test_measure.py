"""A change is measured from contents and modes alone; names, configuration and attributes cannot bend it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from agent_agency.change.measure import Head, measure
from agent_agency.change.model import Change, FileChange, FileStatus, HeadKind
from agent_agency.errors import GitError
from agent_agency.git import Repository
from support.git_repo import GitRepo

LINES = "".join(f"line {number}\n" for number in range(20))
Measured = Callable[[], Change]


@pytest.fixture
def measured(git_repo: GitRepo) -> Iterator[Measured]:
    """Measures from ``main`` to ``work``, each time afresh."""
    opened: list[Repository] = []

    def act() -> Change:
        repo = Repository.discover(git_repo.path)
        opened.append(repo)
        return measure(repo, repo.merge_base("main", "work"), Head.commit(repo.resolve("work")))

    yield act
    for repo in opened:
        repo.close()


def only(change: Change) -> FileChange:
    assert len(change.files) == 1, change.files
    return change.files[0]


def start(git_repo: GitRepo, **files: str | bytes) -> None:
    git_repo.commit("base", **files)
    git_repo.branch("work")


def test_added_deleted_and_modified_files(git_repo: GitRepo, measured: Measured) -> None:
    start(git_repo, gone="1\n2\n", kept="a\nb\nc\n", same="same\n")
    (git_repo.path / "gone").unlink()
    git_repo.commit("work", kept="a\nB\nc\nd\n", fresh="x\n")
    change = measured()
    told = {file.path: (file.status, file.added, file.deleted) for file in change.files}
    assert told == {
        "fresh": (FileStatus.ADDED, 1, 0),
        "gone": (FileStatus.DELETED, 0, 2),
        "kept": (FileStatus.MODIFIED, 2, 1),
    }
    assert (change.added, change.deleted) == (3, 3)
    assert change.head_kind is HeadKind.COMMIT


def test_a_rename_is_one_file_with_both_ends(git_repo: GitRepo, measured: Measured) -> None:
    start(git_repo, **{"src/inside.py": LINES})
    git_repo.git("mv", "src/inside.py", "outside.py")
    git_repo.commit("move", **{"outside.py": LINES + "more\n"})
    file = only(measured())
    assert file.status is FileStatus.RENAMED
    assert file.paths == ("src/inside.py", "outside.py")
    assert (file.added, file.deleted) == (1, 0)
    assert file.similarity is not None
    assert file.similarity >= 50


def test_a_copy_has_both_ends_and_all_of_its_lines(git_repo: GitRepo, measured: Measured) -> None:
    start(git_repo, **{"a.py": LINES})
    git_repo.commit("copy", **{"a.py": LINES + "touched\n", "b.py": LINES})
    files = {file.path: file for file in measured().files}
    assert files["b.py"].status is FileStatus.COPIED
    assert files["b.py"].paths == ("a.py", "b.py")
    assert (files["b.py"].added, files["b.py"].deleted) == (20, 0)
    assert (files["a.py"].added, files["a.py"].deleted) == (1, 0)


def test_a_swap_of_two_files_shows_both(git_repo: GitRepo, measured: Measured) -> None:
    other = LINES.replace("line", "other")
    start(git_repo, a=LINES, b=other)
    git_repo.commit("swap", a=other, b=LINES)
    change = measured()
    assert {path for file in change.files for path in file.paths} == {"a", "b"}
    assert change.added == change.deleted == 40


def test_a_mere_rename_and_a_mere_mode_change_are_no_op(git_repo: GitRepo, measured: Measured) -> None:
    start(git_repo, moved=LINES, tool="#!/bin/sh\n")
    git_repo.git("mv", "moved", "elsewhere")
    (git_repo.path / "tool").chmod(0o755)
    git_repo.commit("work")
    files = {file.path: file for file in measured().files}
    assert files["elsewhere"].no_op
    assert files["tool"].no_op
    tool = files["tool"]
    assert tool.old is not None
    assert tool.new is not None
    assert (tool.old.is_executable, tool.new.is_executable) == (False, True)
    assert all(file.lines == 0 for file in files.values())


def test_white_space_and_blank_lines_alone_are_told(git_repo: GitRepo, measured: Measured) -> None:
    start(git_repo, spaced="a b\nc\n", real="a b\nc\n", crlf="a\nb\n")
    git_repo.commit("work", spaced="a  b\n\n c\n", real="a b\nd\n", crlf="a\r\nb\r\n")
    files = {file.path: file for file in measured().files}
    assert {path: file.whitespace_only for path, file in files.items()} == {"spaced": True, "real": False, "crlf": True}
    assert files["spaced"].lines > 0


def test_symlinks_have_targets_and_count_as_their_text(git_repo: GitRepo, measured: Measured) -> None:
    git_repo.write("f", LINES)
    (git_repo.path / "link").symlink_to("f")
    start(git_repo)
    (git_repo.path / "link").unlink()
    (git_repo.path / "link").symlink_to("../outside")
    (git_repo.path / "f").unlink()
    (git_repo.path / "f").symlink_to(os.fsdecode(b"caf\xe9"))
    git_repo.commit("work")
    files = {file.path: file for file in measured().files}
    link, turned = files["link"], files["f"]
    assert link.old is not None
    assert link.new is not None
    assert turned.new is not None
    assert (link.old.link_target, link.new.link_target) == ("f", "../outside")
    assert link.new.is_symlink
    assert turned.status is FileStatus.TYPE_CHANGED
    assert turned.new.link_target == os.fsdecode(b"caf\xe9")
    assert (turned.added, turned.deleted) == (1, 20)


def test_a_submodule_is_one_entry_with_its_commit(git_repo: GitRepo, measured: Measured, tmp_path: Path) -> None:
    library = GitRepo.create(tmp_path / "library")
    first = library.commit("one", x="x")
    second = library.commit("two", x="y")
    start(git_repo)
    git_repo.git("update-index", "--add", "--cacheinfo", f"160000,{first},lib")
    git_repo.git("commit", "-q", "-m", "add lib")
    file = only(measured())
    assert file.new is not None
    assert file.new.is_submodule
    assert (file.new.blob, file.new.size, file.added, file.deleted) == (first, None, 1, 0)
    git_repo.git("update-index", "--cacheinfo", f"160000,{second},lib")
    git_repo.git("commit", "-q", "-m", "bump lib")
    git_repo.git("branch", "-f", "main", "work~1")
    file = only(measured())
    assert (file.status, file.added, file.deleted) == (FileStatus.MODIFIED, 1, 1)


def test_a_binary_has_sizes_and_no_lines(git_repo: GitRepo, measured: Measured) -> None:
    start(git_repo, blob=b"\0" * 10, text="plain\n")
    git_repo.commit("work", blob=b"\0\n" * 100, text=b"pl\0ain\n", late=b"x\n" * 8000 + b"\0")
    files = {file.path: file for file in measured().files}
    blob = files["blob"]
    assert blob.old is not None
    assert blob.new is not None
    assert (blob.binary, blob.old.size, blob.new.size, blob.lines) == (True, 10, 200, 0)
    assert files["text"].binary
    assert (files["late"].binary, files["late"].added) == (False, 8001)


@pytest.mark.parametrize(
    "attributes", ["* -diff", "* binary", "* diff=own", "* -text -diff merge=ours", "[attr]x -diff\n* x"]
)
@pytest.mark.parametrize("where", ["head", "base", "info", "personal", "working tree"])
def test_no_attribute_hides_lines(git_repo: GitRepo, measured: Measured, attributes: str, where: str) -> None:
    place = {
        "info": ".git/info/attributes",
        "personal": "../attributes",
        "head": ".gitattributes",
        "base": ".gitattributes",
        "working tree": ".gitattributes",
    }[where]
    if where == "base":
        git_repo.write(place, attributes + "\n")
    start(git_repo, **{"a.py": "a\n"})
    git_repo.git("config", "core.attributesFile", str(git_repo.path / "../attributes"))
    git_repo.git("config", "diff.own.binary", "true")
    if where in {"head", "info", "personal"}:
        git_repo.write(place, attributes + "\n")
    git_repo.commit("work", **{"a.py": LINES})
    if where == "working tree":
        git_repo.write(place, attributes + "\n")
    file = next(file for file in measured().files if file.path == "a.py")
    assert (file.binary, file.added, file.deleted) == (False, 20, 1)


def test_no_configuration_changes_the_measure(git_repo: GitRepo, measured: Measured, tmp_path: Path) -> None:
    start(git_repo, **{"src/a.py": LINES, "b.py": "b\n", "c.py": "x = 1\n"})
    git_repo.git("mv", "src/a.py", "z.py")
    (git_repo.path / "b.py").chmod(0o755)
    git_repo.commit("work", **{"z.py": LINES + "more\n", "c.py": "x  =  1\n", "caf\udce9": "odd\n"})
    plain = measured()
    trap = tmp_path / "sprung"
    order = git_repo.write("../order", "z*\n")
    for key, value in {
        "diff.renames": "false",
        "diff.renameLimit": "1",
        "diff.noprefix": "true",
        "diff.mnemonicPrefix": "true",
        "diff.algorithm": "patience",
        "diff.orderFile": str(order),
        "diff.ignoreSubmodules": "all",
        "diff.submodule": "log",
        "diff.external": f"touch {trap};",
        "diff.context": "7",
        "diff.interHunkContext": "9",
        "diff.wsErrorHighlight": "all",
        "diff.relative": "true",
        "diff.colorMoved": "zebra",
        "color.ui": "always",
        "core.quotePath": "true",
        "core.precomposeUnicode": "true",
        "core.whitespace": "-trailing-space",
        "core.autocrlf": "true",
        "core.bigFileThreshold": "1",
        "core.fileMode": "false",
        "core.commentChar": "x",
        "core.abbrev": "4",
        "log.diffMerges": "off",
    }.items():
        git_repo.git("config", key, value)
    again = measured()
    assert again == plain
    assert again.digest == plain.digest
    assert not trap.exists()


def test_generated_is_what_the_base_says_and_never_what_the_head_says(git_repo: GitRepo, measured: Measured) -> None:
    git_repo.write(
        ".gitattributes", "gen/** linguist-generated=true\n*.pb linguist-generated\nno.pb -linguist-generated\n"
    )
    git_repo.write("deep/.gitattributes", "*.out linguist-generated\n")
    git_repo.write("src/moving.py", LINES)
    start(git_repo)
    git_repo.write(".git/info/attributes", "*.py linguist-generated\n")
    git_repo.git("mv", "src/moving.py", "moving.pb")
    git_repo.commit(
        "work",
        **{
            ".gitattributes": "* linguist-generated\n",
            "gen/a.py": "a\n",
            "new/gen/a.py": "a\n",
            "x.pb": "x\n",
            "no.pb": "x\n",
            "deep/er/y.out": "y\n",
            "src/hidden.py": "h\n",
            "odd\nname.pb": "o\n",
        },
    )
    generated = {file.path for file in measured().files if file.generated}
    assert generated == {"gen/a.py", "x.pb", "deep/er/y.out", "odd\nname.pb"}


def test_an_lfs_pointer_is_told_and_only_a_true_one(git_repo: GitRepo, measured: Measured) -> None:
    oid = "4d7a" * 16
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize 12345\n"
    start(git_repo)
    git_repo.commit("work", **{"a.bin": pointer, "b.bin": pointer + "x = 1\n", "c.bin": pointer.replace("oid", "old")})
    files = {file.path: file for file in measured().files}
    assert files["a.bin"].new is not None
    assert (files["a.bin"].new.lfs_oid, files["a.bin"].new.lfs_size) == (oid, 12345)
    for path in ("b.bin", "c.bin"):
        new = files[path].new
        assert new is not None
        assert new.lfs_oid is None


def test_odd_names_are_measured_at_both_ends(git_repo: GitRepo, measured: Measured) -> None:
    odd = [
        b"new\nline",
        b'quo"te',
        b"tab\t",
        b"-dash",
        b"caf\xe9",
        "größe".encode(),
        b" space ",
        b"a:b",
        b"*?[x]",
        b"\\",
    ]
    start(git_repo, **{f"old/{os.fsdecode(name)}": LINES + str(number) for number, name in enumerate(odd)})
    for name in odd:
        git_repo.git("mv", "--", f"old/{os.fsdecode(name)}", os.fsdecode(name))
    git_repo.commit("work")
    change = measured()
    assert {file.paths for file in change.files} == {(f"old/{os.fsdecode(n)}", os.fsdecode(n)) for n in odd}
    assert all(file.status is FileStatus.RENAMED for file in change.files)


def test_a_first_commit_is_measured_from_the_empty_tree(git_repo: GitRepo) -> None:
    commit = git_repo.commit("first", a="a\nb\n")
    with Repository.discover(git_repo.path) as repo:
        change = measure(repo, repo.empty_tree, Head.commit(commit))
        assert [(file.path, file.added) for file in change.files] == [("a", 2)]
        assert change.authors == ("author@example.org",)


def test_an_unborn_branch_is_measured_from_the_empty_tree(git_repo: GitRepo) -> None:
    git_repo.write("a", "a\n")
    with Repository.discover(git_repo.path) as repo:
        change = measure(repo, repo.empty_tree, Head.worktree())
        assert [(file.path, file.status) for file in change.files] == [("a", FileStatus.ADDED)]
        assert change.head_commit is None
        assert change.authors == ("author@example.org",)


def test_the_working_tree_and_the_index_are_measured(git_repo: GitRepo) -> None:
    base = git_repo.commit("base", a="a\n")
    git_repo.write("a", "staged\n")
    git_repo.git("add", "a")
    git_repo.write("a", "staged\nunstaged\n")
    git_repo.write("new", "new\n")
    with Repository.discover(git_repo.path) as repo:
        staged = measure(repo, base, Head.index())
        lying = measure(repo, base, Head.worktree())
        assert [(file.path, file.added, file.deleted) for file in staged.files] == [("a", 1, 1)]
        assert [(file.path, file.added, file.deleted) for file in lying.files] == [("a", 2, 1), ("new", 1, 0)]
        assert repo.read_blob(lying.head_tree, "new") == b"new\n"


def test_commits_merged_in_from_the_base_are_no_part_of_the_change(git_repo: GitRepo, measured: Measured) -> None:
    start(git_repo, a="a\n")
    git_repo.commit("work", mine="m\n")
    git_repo.checkout("main")
    git_repo.git("config", "user.email", "other@example.org")
    git_repo.commit("theirs", theirs="t\n")
    git_repo.checkout("work")
    git_repo.git("config", "user.email", "author@example.org")
    git_repo.git("merge", "-q", "--no-edit", "main")
    change = measured()
    assert only(change).path == "mine"
    assert change.authors == ("author@example.org",)


def test_newer_commits_of_the_base_are_no_part_of_the_change(git_repo: GitRepo, measured: Measured) -> None:
    start(git_repo, a="a\n")
    git_repo.commit("work", mine="m\n")
    git_repo.checkout("main")
    git_repo.commit("theirs", theirs="t\n")
    assert only(measured()).path == "mine"


def test_a_missing_or_damaged_object_is_never_measured_around(git_repo: GitRepo, measured: Measured) -> None:
    start(git_repo, a=LINES)
    git_repo.commit("work", a=LINES + "x\n", b="b\n")
    blob = git_repo.git("rev-parse", "work:a")
    loose = git_repo.path / ".git/objects" / blob[:2] / blob[2:]
    whole = loose.read_bytes()
    loose.chmod(0o644)
    loose.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(GitError):
        measured()
    loose.unlink()
    with pytest.raises(GitError):
        measured()
    tree = git_repo.git("rev-parse", "work^{tree}")
    (git_repo.path / ".git/objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(GitError):
        measured()


def test_a_base_that_is_no_commit_is_refused(git_repo: GitRepo) -> None:
    commit = git_repo.commit("one", a="a")
    with Repository.discover(git_repo.path) as repo:
        for base in ("0" * 40, git_repo.git("rev-parse", "HEAD:a")):
            with pytest.raises(GitError):
                measure(repo, base, Head.commit(commit))


def test_a_shallow_history_is_told(git_repo: GitRepo, tmp_path: Path) -> None:
    git_repo.commit("one", a="a\n")
    git_repo.commit("two", a="b\n")
    git_repo.git("clone", "-q", "--depth=1", f"file://{git_repo.path}", str(tmp_path / "shallow"))
    (tmp_path / "shallow/a").write_text("c\n")
    with Repository.discover(tmp_path / "shallow") as repo:
        change = measure(repo, repo.resolve("HEAD"), Head.worktree())
        assert only(change).lines == 2
        assert any("shallow" in note for note in change.notes)


def test_a_sha256_repository_is_measured(tmp_path: Path) -> None:
    (tmp_path / "repo").mkdir()
    git_repo = GitRepo(tmp_path / "repo")
    git_repo.git("init", "-q", "-b", "main", "--object-format=sha256")
    git_repo.git("config", "user.email", "author@example.org")
    git_repo.git("config", "user.name", "Author")
    base = git_repo.commit("one", **{"a": LINES, ".gitattributes": "a linguist-generated\n"})
    git_repo.write("a", LINES + "x\n")
    git_repo.write("new", "n\n")
    with Repository.discover(git_repo.path) as repo:
        change = measure(repo, base, Head.worktree())
        assert [(file.path, file.added, file.generated) for file in change.files] == [("a", 1, True), ("new", 1, False)]


def test_lines_that_a_nul_byte_hides_are_told(git_repo: GitRepo, measured: Measured) -> None:
    git_repo.write("app.js", LINES)
    start(git_repo, blob=b"\0")
    git_repo.write("app.js", f"/*\0*/\n{LINES}evil()\n")
    git_repo.commit("work", blob=b"\0\0")
    change = measured()
    assert [note.partition(" that")[0] for note in change.notes] == ["app.js: 2 line(s)"]


def test_what_is_generated_follows_from_the_law_not_from_an_old_base(git_repo: GitRepo) -> None:
    start(git_repo, **{".gitattributes": "* linguist-generated\n"})
    git_repo.checkout("main")
    law = git_repo.commit("take the mark back", **{".gitattributes": ""})
    git_repo.checkout("work")
    head = git_repo.commit("work", big=LINES)
    with Repository.discover(git_repo.path) as repo:
        old = repo.merge_base(law, head)
        assert measure(repo, old, Head.commit(head)).files[0].generated
        assert not measure(repo, old, Head.commit(head), law_commit=law).files[0].generated
