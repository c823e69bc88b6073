"""A frozen tree is what lies on disk; nothing that the repository configures runs, and it stays as it was."""

from __future__ import annotations

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent_agency.errors import GitError
from agent_agency.git import Repository
from support.git_repo import GitRepo


@pytest.fixture
def repo(git_repo: GitRepo) -> Iterator[Repository]:
    git_repo.commit("one", **{"a.txt": "a\n", "dir/b.txt": "b\n", ".gitignore": "ignored/\n*.log\n"})
    with Repository.discover(git_repo.path) as found:
        yield found


def names(repo: Repository, tree: str) -> list[str]:
    return [entry.path for entry in repo.list_files(tree)]


def snapshot(path: Path) -> dict[str, tuple[int, bytes]]:
    """Every file below ``.git`` with its time and content."""
    files = sorted(p for p in (path / ".git").rglob("*") if p.is_file())
    return {str(p): (p.stat().st_mtime_ns, p.read_bytes()) for p in files}


def test_a_clean_tree_freezes_to_the_tree_of_head(repo: Repository) -> None:
    assert repo.freeze_worktree() == repo.freeze_index() == repo.tree_of("HEAD")


def test_edits_deletions_and_untracked_files_are_frozen_and_ignored_ones_are_not(
    repo: Repository, git_repo: GitRepo
) -> None:
    git_repo.write("a.txt", "changed\n")
    git_repo.write("new/deep.txt", "new\n")
    git_repo.write("ignored/x", "x")
    git_repo.write("y.log", "y")
    (git_repo.path / "dir/b.txt").unlink()
    tree = repo.freeze_worktree()
    assert names(repo, tree) == [".gitignore", "a.txt", "new/deep.txt"]
    assert repo.read_blob(tree, "a.txt") == b"changed\n"


def test_freezing_writes_nothing_into_the_repository(repo: Repository, git_repo: GitRepo) -> None:
    git_repo.write("a.txt", "changed\n")
    git_repo.write("new.txt", "new\n")
    status = git_repo.git("status", "--porcelain=v2", "-z")
    before = snapshot(git_repo.path)
    repo.freeze_worktree()
    repo.freeze_index()
    assert snapshot(git_repo.path) == before
    assert git_repo.git("status", "--porcelain=v2", "-z") == status


def test_the_index_is_frozen_as_staged_whatever_lies_on_disk(repo: Repository, git_repo: GitRepo) -> None:
    git_repo.write("a.txt", "staged\n")
    git_repo.git("add", "a.txt")
    git_repo.write("a.txt", "later\n")
    git_repo.write("untracked", "u")
    tree = repo.freeze_index()
    assert repo.read_blob(tree, "a.txt") == b"staged\n"
    assert "untracked" not in names(repo, tree)
    assert tree == git_repo.git("write-tree")


def test_the_frozen_tree_is_what_git_add_would_record(repo: Repository, git_repo: GitRepo) -> None:
    git_repo.write("a.txt", "x\r\ny\r\n")
    git_repo.write("run.sh", "#!/bin/sh\n").chmod(0o755)
    (git_repo.path / "link").symlink_to("a.txt")
    (git_repo.path / "dangling").symlink_to("nowhere")
    (git_repo.path / "dirlink").symlink_to("dir")
    git_repo.write(".gitattributes", "*.crlf text eol=lf\n")
    git_repo.write("t.crlf", "x\r\n")
    tree = repo.freeze_worktree()
    git_repo.git("add", "-A")
    assert tree == git_repo.git("write-tree")


def test_odd_names_are_frozen_byte_for_byte(repo: Repository, git_repo: GitRepo) -> None:
    odd = [
        b"new\nline",
        b'quo"te',
        b"tab\t",
        b"-dash",
        b"caf\xe9",
        "größe".encode(),
        b" space ",
        b"back\\slash",
        b":(top)x",
    ]
    for name in odd:
        Path(os.fsdecode(os.fsencode(git_repo.path) + b"/" + name)).write_bytes(b"x\n")
    tree = repo.freeze_worktree()
    assert {os.fsencode(name) for name in names(repo, tree)} >= set(odd)
    for name in odd:
        assert repo.read_blob(tree, os.fsdecode(name)) == b"x\n"


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_an_edit_hidden_by_an_index_flag_is_frozen_and_told(repo: Repository, git_repo: GitRepo, flag: str) -> None:
    git_repo.git("update-index", flag, "a.txt")
    git_repo.write("a.txt", "hidden edit\n")
    assert git_repo.git("status", "--porcelain") == ""
    frozen = repo.frozen_worktree()
    assert repo.read_blob(frozen.tree, "a.txt") == b"hidden edit\n"
    assert any("left alone" in note for note in frozen.notes)


def test_an_edit_hidden_behind_an_equal_size_and_time_is_frozen(repo: Repository, git_repo: GitRepo) -> None:
    path = git_repo.path / "a.txt"
    before = path.stat()
    path.write_bytes(b"z\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert repo.read_blob(repo.freeze_worktree(), "a.txt") == b"z\n"


def test_files_outside_a_sparse_checkout_count_as_unchanged(git_repo: GitRepo) -> None:
    git_repo.commit("one", **{"in/a": "a", "out/b": "b"})
    git_repo.git("sparse-checkout", "set", "--cone", "in")
    assert not (git_repo.path / "out/b").exists()
    git_repo.write("in/a", "edited")
    with Repository.discover(git_repo.path) as repo:
        frozen = repo.frozen_worktree()
        assert names(repo, frozen.tree) == ["in/a", "out/b"]
        assert repo.read_blob(frozen.tree, "in/a") == b"edited"
        assert any("sparse checkout: 1 " in note for note in frozen.notes)


def test_a_sparse_index_and_a_split_index_are_read(git_repo: GitRepo) -> None:
    git_repo.commit("one", **{"in/a": "a", "out/b": "b", "out/deep/c": "c"})
    git_repo.git("sparse-checkout", "set", "--cone", "--sparse-index", "in")
    git_repo.write("in/a", "edited")
    with Repository.discover(git_repo.path) as repo:
        assert names(repo, repo.freeze_worktree()) == ["in/a", "out/b", "out/deep/c"]
    git_repo.git("sparse-checkout", "disable")
    git_repo.git("update-index", "--split-index")
    git_repo.write("in/a", "edited again")
    git_repo.git("add", "in/a")
    with Repository.discover(git_repo.path) as repo:
        assert repo.read_blob(repo.freeze_index(), "in/a") == b"edited again"
        assert repo.freeze_worktree() == repo.freeze_index()


def test_intent_to_add_counts_in_the_working_tree_and_not_in_the_index(repo: Repository, git_repo: GitRepo) -> None:
    git_repo.write("later.txt", "later\n")
    git_repo.git("add", "-N", "later.txt")
    assert repo.read_blob(repo.freeze_worktree(), "later.txt") == b"later\n"
    assert "later.txt" not in names(repo, repo.freeze_index())


def test_an_unfinished_merge_is_refused(repo: Repository, git_repo: GitRepo) -> None:
    git_repo.branch("other")
    git_repo.commit("theirs", **{"a.txt": "theirs\n"})
    git_repo.checkout("main")
    git_repo.commit("ours", **{"a.txt": "ours\n"})
    with pytest.raises(AssertionError):
        git_repo.git("merge", "other")
    for freeze in (repo.freeze_worktree, repo.freeze_index):
        with pytest.raises(GitError, match="merge is unfinished"):
            freeze()


def test_a_file_turned_into_a_folder_and_back_is_frozen(repo: Repository, git_repo: GitRepo) -> None:
    (git_repo.path / "a.txt").unlink()
    git_repo.write("a.txt/inner", "inner")
    (git_repo.path / "dir/b.txt").unlink()
    (git_repo.path / "dir").rmdir()
    git_repo.write("dir", "a file now")
    assert names(repo, repo.freeze_worktree()) == [".gitignore", "a.txt/inner", "dir"]


def test_a_folder_replaced_by_a_symlink_does_not_lend_its_files(repo: Repository, git_repo: GitRepo) -> None:
    git_repo.write("elsewhere/b.txt", "b\n")
    (git_repo.path / "dir/b.txt").unlink()
    (git_repo.path / "dir").rmdir()
    (git_repo.path / "dir").symlink_to("elsewhere")
    tree = repo.freeze_worktree()
    assert names(repo, tree) == [".gitignore", "a.txt", "dir", "elsewhere/b.txt"]
    assert {e.path: e.mode for e in repo.list_files(tree)}["dir"] == "120000"


def test_sockets_and_pipes_beside_the_files_do_not_matter(repo: Repository, git_repo: GitRepo) -> None:
    os.mkfifo(git_repo.path / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        folder = os.open(git_repo.path, os.O_RDONLY)
        try:
            if Path("/proc/self/fd").exists():
                listener.bind(f"/proc/self/fd/{folder}/socket")
        finally:
            os.close(folder)
        assert repo.freeze_worktree() == repo.tree_of("HEAD")


def test_a_tracked_file_replaced_by_a_pipe_is_not_passed_over(repo: Repository, git_repo: GitRepo) -> None:
    (git_repo.path / "a.txt").unlink()
    os.mkfifo(git_repo.path / "a.txt")
    with pytest.raises(GitError, match=r"a\.txt"):
        repo.freeze_worktree()


def test_nothing_that_the_configuration_names_is_run(repo: Repository, git_repo: GitRepo, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    command = f"touch {trap}; cat"
    for key in (
        "filter.evil.clean",
        "filter.evil.smudge",
        "filter.evil.process",
        "core.fsmonitor",
        "diff.external",
        "diff.evil.command",
        "diff.evil.textconv",
        "core.pager",
        "core.sshCommand",
        "core.editor",
        "credential.helper",
        "gpg.program",
        "core.askPass",
    ):
        git_repo.git("config", key, command)
    git_repo.git("config", "log.showSignature", "true")
    hooks = tmp_path / "hooks"
    for name in ("post-index-change", "pre-commit", "reference-transaction", "fsmonitor-watchman"):
        hook = hooks / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text(f"#!/bin/sh\ntouch {trap}\n")
        hook.chmod(0o755)
    git_repo.git("config", "core.hooksPath", str(hooks))
    git_repo.write(".gitattributes", "*.txt filter=evil diff=evil\n")
    git_repo.write("a.txt", "changed\n")
    git_repo.write("new.txt", "new\n")
    trap.unlink(missing_ok=True)
    frozen = repo.frozen_worktree()
    repo.freeze_index()
    repo.list_files(frozen.tree)
    repo.resolve("HEAD")
    repo.default_base()
    repo.author_emails(repo.resolve("HEAD"), repo.resolve("HEAD"))
    assert not trap.exists()
    assert repo.read_blob(frozen.tree, "new.txt") == b"new\n"
    assert any("filter evil" in note for note in frozen.notes)


def test_a_file_kept_by_git_lfs_is_frozen_as_the_pointer_that_lfs_would_commit(
    repo: Repository, git_repo: GitRepo
) -> None:
    content = b"\0large" * 1000
    git_repo.write(".gitattributes", "*.bin filter=lfs diff=lfs merge=lfs -text\n")
    git_repo.write("model.bin", content).chmod(0o755)
    git_repo.write("empty.bin", b"")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 5\n"
    git_repo.write("unsmudged.bin", pointer)
    tree = repo.freeze_worktree()
    oid = hashlib.sha256(content).hexdigest()
    expected = f"version https://git-lfs.github.com/spec/v1\noid sha256:{oid}\nsize {len(content)}\n"
    assert repo.read_blob(tree, "model.bin") == expected.encode()
    assert repo.read_blob(tree, "empty.bin") == b""
    assert repo.read_blob(tree, "unsmudged.bin") == pointer.encode()
    assert {e.path: e.mode for e in repo.list_files(tree)}["model.bin"] == "100755"


def test_a_personal_ignore_list_hides_nothing_from_a_review(repo: Repository, git_repo: GitRepo) -> None:
    git_repo.write(".git/info/exclude", "secret.py\n")
    personal = git_repo.write("../ignore", "other.py\n")
    git_repo.git("config", "core.excludesFile", str(personal))
    git_repo.write("secret.py", "s")
    git_repo.write("other.py", "o")
    frozen = repo.frozen_worktree()
    assert {"secret.py", "other.py"} <= set(names(repo, frozen.tree))
    assert any("1 untracked file(s) count" in note for note in frozen.notes)


def test_a_repository_inside_the_repository_shows_as_one_entry_and_is_told(repo: Repository, git_repo: GitRepo) -> None:
    inner = GitRepo.create(git_repo.path / "vendor" / "inner")
    commit = inner.commit("inner", x="x")
    frozen = repo.frozen_worktree()
    entries = {e.path: (e.mode, e.blob) for e in repo.list_files(frozen.tree)}
    assert entries["vendor/inner"] == ("160000", commit)
    assert any("vendor/inner is another repository" in note for note in frozen.notes)


def test_an_inner_repository_without_a_commit_does_not_hide_its_files(repo: Repository, git_repo: GitRepo) -> None:
    GitRepo.create(git_repo.path / "inner").write("hidden.py", "x")
    with pytest.raises(GitError, match="inner"):
        repo.freeze_worktree()


def test_uncommitted_work_in_a_submodule_is_told(git_repo: GitRepo, tmp_path: Path) -> None:
    library = GitRepo.create(tmp_path / "library")
    library.commit("lib", x="x")
    git_repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(library.path), "lib")
    git_repo.commit("with submodule")
    with Repository.discover(git_repo.path) as repo:
        assert any("only the commit" in note for note in repo.frozen_worktree().notes)
        git_repo.write("lib/x", "dirty")
        frozen = repo.frozen_worktree()
        assert frozen.tree == repo.tree_of("HEAD")
        assert any("holds uncommitted work" in note for note in frozen.notes)


def test_executable_bits_follow_what_git_found_out_about_the_file_system(repo: Repository, git_repo: GitRepo) -> None:
    (git_repo.path / "a.txt").chmod(0o755)
    assert {e.path: e.mode for e in repo.list_files(repo.freeze_worktree())}["a.txt"] == "100755"
    git_repo.git("config", "core.fileMode", "false")
    with Repository.discover(git_repo.path) as blind:
        frozen = blind.frozen_worktree()
        assert frozen.tree == blind.tree_of("HEAD")
        assert any("core.fileMode" in note for note in frozen.notes)


@pytest.mark.parametrize("damage", [b"garbage", b"", b"DIRC" + b"\0" * 40])
def test_a_corrupt_index_is_refused(repo: Repository, git_repo: GitRepo, damage: bytes) -> None:
    (git_repo.path / ".git/index").write_bytes(damage)
    for freeze in (repo.freeze_worktree, repo.freeze_index):
        with pytest.raises(GitError):
            freeze()


def test_one_flipped_byte_anywhere_in_the_index_is_noticed(repo: Repository, git_repo: GitRepo) -> None:
    index = git_repo.path / ".git/index"
    whole = index.read_bytes()
    for at in range(0, len(whole), 7):
        index.write_bytes(whole[:at] + bytes([whole[at] ^ 0x40]) + whole[at + 1 :])
        with pytest.raises(GitError):
            repo.freeze_index()


def test_a_repository_without_commit_or_index_is_frozen(git_repo: GitRepo) -> None:
    git_repo.write("first.txt", "first\n")
    with Repository.discover(git_repo.path) as repo:
        assert names(repo, repo.freeze_worktree()) == ["first.txt"]
        assert repo.freeze_index() == repo.empty_tree


def test_a_bare_repository_has_no_working_tree_to_freeze(git_repo: GitRepo, tmp_path: Path) -> None:
    git_repo.commit("one", a="a")
    git_repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare.git"))
    with Repository.discover(tmp_path / "bare.git") as repo:
        assert repo.is_bare
        assert repo.read_blob("main", "a") == b"a"
        with pytest.raises(GitError, match="no working tree"):
            repo.freeze_worktree()
        with pytest.raises(GitError, match="no index"):
            repo.freeze_index()


def test_a_linked_working_tree_is_frozen_by_itself(repo: Repository, git_repo: GitRepo, tmp_path: Path) -> None:
    git_repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "side/a.txt").write_text("side\n")
    with Repository.discover(tmp_path / "side") as side:
        assert side.branch() == "side"
        assert side.common_dir == repo.git_dir
        assert side.read_blob(side.freeze_worktree(), "a.txt") == b"side\n"
    assert repo.freeze_worktree() == repo.tree_of("HEAD")


@pytest.mark.parametrize("locked", ["locked-file", "locked-folder"])
def test_what_may_not_be_read_is_refused(git_repo: GitRepo, locked: str) -> None:
    git_repo.commit("one", a="a")
    git_repo.write("locked-file" if locked == "locked-file" else "locked-folder/inner", "x")
    (git_repo.path / locked).chmod(0)
    try:
        assert "refused" in freeze_without_privileges(git_repo)
    finally:
        (git_repo.path / locked).chmod(0o700)


def freeze_without_privileges(git_repo: GitRepo) -> str:
    """Freeze in a process of nobody's when these tests run as root, who may read everything."""
    script = """
import os, sys
from pathlib import Path
from agent_agency.errors import GitError
from agent_agency.git import Repository
if os.geteuid() == 0:
    Repository.discover(Path(sys.argv[2])).freeze_worktree()  # whatever is imported late is imported now
    os.chmod(sys.argv[1], 0o777)
    os.setgid(65534)
    os.setuid(65534)
try:
    Repository.discover(Path(sys.argv[1])).freeze_worktree()
except GitError as error:
    print("refused", error.message)
"""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "copy"
        Path(folder).chmod(0o755)
        warm_up = GitRepo.create(Path(folder) / "warm-up")
        shutil.copytree(git_repo.path, place, symlinks=True)
        if os.geteuid() == 0:
            for path in [place, *place.rglob("*")]:
                os.chown(path, 65534, 65534)
        for name in ("locked-file", "locked-folder"):
            if (place / name).exists():
                (place / name).chmod(0)
        command = [sys.executable, "-c", script, str(place), str(warm_up.path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        for name in ("locked-file", "locked-folder"):
            if (place / name).exists():
                (place / name).chmod(0o700)
        return done.stdout + done.stderr


def test_temporary_files_inside_the_working_tree_are_no_part_of_it(
    git_repo: GitRepo, monkeypatch: pytest.MonkeyPatch
) -> None:
    git_repo.commit("one", a="a")
    (git_repo.path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(git_repo.path / "tmp"))
    git_repo.write("tmp/mine", "m")
    with Repository.discover(git_repo.path) as repo:
        assert names(repo, repo.freeze_worktree()) == ["a", "tmp/mine"]


def test_a_disk_that_fills_up_is_an_error(git_repo: GitRepo) -> None:
    git_repo.commit("one", a="a")
    git_repo.write("large", os.urandom(300_000))
    script = """
import resource, sys
from pathlib import Path
from agent_agency.errors import GitError
from agent_agency.git import Repository
repo = Repository.discover(Path(sys.argv[1]))
repo.view
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    repo.freeze_worktree()
except GitError as error:
    print("refused", error.message)
"""
    done = subprocess.run([sys.executable, "-c", script, git_repo.path], capture_output=True, text=True, check=True)
    assert "refused" in done.stdout
    assert git_repo.git("status", "--porcelain") == "?? large"


def test_a_linked_ignore_list_hides_nothing_as_in_git(repo: Repository, git_repo: GitRepo) -> None:
    git_repo.write("patterns", "*\n")
    (git_repo.path / "dir/.gitignore").symlink_to("../patterns")
    (git_repo.path / "dir/.gitattributes").symlink_to("../patterns")
    git_repo.write("dir/new.py", "n")
    assert "dir/new.py" in names(repo, repo.freeze_worktree())
