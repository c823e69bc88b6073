"""A repository is found, read and refused as it should be, whatever surrounds it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent_agency.errors import GitError, NoCommonAncestorError, NotARepositoryError
from agent_agency.git import Repository
from agent_agency.git.process import GitProgram
from support.git_repo import GitRepo


def test_it_is_found_from_any_folder_inside(git_repo: GitRepo) -> None:
    git_repo.commit("one", **{"deep/er/a": "a"})
    with Repository.discover(git_repo.path / "deep/er") as repo:
        assert repo.root == git_repo.path
        assert repo.git_dir == repo.common_dir == git_repo.path / ".git"
        assert not repo.is_bare


@pytest.mark.parametrize("name", ["with space", "quo'te\"", "new\nline", "ümläut", "-dash", "back\\slash", "colon:x"])
def test_the_folder_may_have_any_name(tmp_path: Path, name: str) -> None:
    git_repo = GitRepo.create(tmp_path / name)
    git_repo.commit("one", a="a")
    git_repo.write("a", "b")
    with Repository.discover(git_repo.path) as repo:
        assert repo.read_blob(repo.freeze_worktree(), "a") == b"b"
        assert repo.read_blob("HEAD", "a") == b"a"


def test_no_repository_is_said(tmp_path: Path) -> None:
    for place in (tmp_path, tmp_path / "missing"):
        with pytest.raises(NotARepositoryError):
            Repository.discover(place)


def test_a_git_file_that_points_nowhere_is_said(tmp_path: Path) -> None:
    (tmp_path / ".git").write_text("gitdir: /nowhere/at/all\n")
    with pytest.raises(NotARepositoryError) as caught:
        Repository.discover(tmp_path)
    assert ".git" in caught.value.fix


def test_inside_the_git_folder_there_is_no_working_tree(git_repo: GitRepo) -> None:
    with pytest.raises(NotARepositoryError):
        Repository.discover(git_repo.path / ".git")


def test_a_missing_git_is_said(git_repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GitError, match="git was not found") as caught:
        Repository.discover(git_repo.path)
    assert caught.value.stable_code == "git.missing"


def test_git_is_never_taken_from_the_folder_under_review(git_repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    trap = git_repo.write("git", f"#!/bin/sh\ntouch {git_repo.path}/sprung\n")
    trap.chmod(0o755)
    monkeypatch.chdir(git_repo.path)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{os.environ['PATH']}")
    Repository.discover(git_repo.path).close()
    assert not (git_repo.path / "sprung").exists()


@pytest.mark.parametrize(("answer", "code"), [("git version 2.20.1", "git.too_old"), ("hello", "git.missing")])
def test_a_git_that_is_too_old_or_no_git_is_said(
    git_repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: str
) -> None:
    false_git = tmp_path / "git"
    false_git.write_text(f"#!/bin/sh\necho '{answer}'\n")
    false_git.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(GitError) as caught:
        Repository.discover(git_repo.path)
    assert caught.value.stable_code == code


def test_git_variables_of_the_caller_have_no_effect(
    git_repo: GitRepo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = git_repo.commit("one", a="a")
    other = GitRepo.create(tmp_path / "other")
    other.commit("other", z="z")
    for name, value in {
        "GIT_DIR": str(other.path / ".git"),
        "GIT_WORK_TREE": str(other.path),
        "GIT_INDEX_FILE": "/nonexistent",
        "GIT_OBJECT_DIRECTORY": "/nonexistent",
        "GIT_NAMESPACE": "x",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.bare",
        "GIT_CONFIG_VALUE_0": "true",
        "GIT_EXTERNAL_DIFF": "false",
        "GIT_TRACE": "1",
    }.items():
        monkeypatch.setenv(name, value)
    with Repository.discover(git_repo.path) as repo:
        assert repo.resolve("HEAD") == commit
        assert [entry.path for entry in repo.list_files(repo.freeze_worktree())] == ["a"]


def test_replace_refs_and_grafts_have_no_effect(git_repo: GitRepo) -> None:
    first = git_repo.commit("one", a="a")
    second = git_repo.commit("two", a="b")
    git_repo.git("replace", second, first)
    blobs = [git_repo.git("rev-parse", f"{commit}:a") for commit in (first, second)]
    git_repo.git("replace", git_repo.git("--no-replace-objects", "rev-parse", f"{second}:a"), blobs[0])
    (git_repo.path / ".git/info/grafts").write_text(f"{second}\n")
    with Repository.discover(git_repo.path) as repo:
        assert repo.read_blob(second, "a") == b"b"
        assert repo.message(second) == "two"
        assert repo.merge_base(first, second) == first


def test_reading_a_blob_tells_absence_from_damage(git_repo: GitRepo) -> None:
    git_repo.commit("one", **{"a": "a", "dir/b": "b"})
    (git_repo.path / "link").symlink_to("dir/b")
    git_repo.commit("two")
    blob = git_repo.git("rev-parse", "HEAD:dir/b")
    with Repository.discover(git_repo.path) as repo:
        assert repo.read_blob("HEAD", "dir/b") == b"b"
        assert repo.read_blob("HEAD", "link") == b"dir/b"
        for path in ("dir", "nope", "dir/nope", "", "/a", "./a", "../a", "a/", "dir//b", "a\nb", ":a", "-x", "\udcff"):
            assert repo.read_blob("HEAD", path) is None, path
        with pytest.raises(GitError):
            repo.read_blob("0" * 40, "a")
    (git_repo.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with Repository.discover(git_repo.path) as repo, pytest.raises(GitError, match="missing"):
        repo.read_blob("HEAD", "dir/b")


def test_listing_takes_a_folder_a_file_or_everything(git_repo: GitRepo) -> None:
    git_repo.commit("one", **{".caws/specs/a.yaml": "a", ".caws/policy.yaml": "pp", ".cawsx": "x"})
    with Repository.discover(git_repo.path) as repo:
        assert [(e.path, e.mode) for e in repo.list_files("HEAD", ".caws/")] == [
            (".caws/policy.yaml", "100644"),
            (".caws/specs/a.yaml", "100644"),
        ]
        assert [e.path for e in repo.list_files("HEAD", ".cawsx")] == [".cawsx"]
        assert repo.list_files("HEAD", "nope/") == ()
        assert len(repo.list_files("HEAD")) == 3
        assert [e.path for e in repo.find_files("HEAD", ["nope", ".caws", ".cawsx"])] == [".cawsx"]
        git_repo.commit("two", more="m")
        assert len(repo.list_files("HEAD")) == 4  # a name is looked up anew


def test_messages_trailers_and_authors(git_repo: GitRepo) -> None:
    first = git_repo.commit("one", a="a")
    git_repo.git("config", "user.email", "other@example.org")
    message = "two\n\nBody.\n\nCAWS-Spec: FEAT-001\ncaws-spec: FEAT-002\nSigned-off-by: x <x@example.org>"
    second = git_repo.commit(message, a="b")
    with Repository.discover(git_repo.path) as repo:
        assert repo.message(second) == message
        assert repo.trailers(second, "CAWS-Spec") == ("FEAT-001", "FEAT-002")
        assert repo.range_trailers(first, second, "CAWS-Spec") == ("FEAT-001", "FEAT-002")
        assert repo.trailers(first, "CAWS-Spec") == ()
        assert repo.author_emails(first, second) == ("other@example.org",)
        assert repo.author_emails(repo.empty_tree, second) == ("author@example.org", "other@example.org")
        assert repo.configured_email() == "other@example.org"
        with pytest.raises(ValueError, match="no trailer key"):
            repo.trailers(second, "a)b")


def test_unrelated_histories_have_no_common_ancestor(git_repo: GitRepo) -> None:
    first = git_repo.commit("one", a="a")
    git_repo.git("checkout", "-q", "--orphan", "other")
    second = git_repo.commit("two", b="b")
    with Repository.discover(git_repo.path) as repo, pytest.raises(NoCommonAncestorError):
        repo.merge_base(first, second)


def test_a_shallow_clone_that_hides_the_ancestor_says_how_to_deepen(git_repo: GitRepo, tmp_path: Path) -> None:
    git_repo.commit("one", a="a")
    git_repo.branch("side")
    git_repo.commit("side", b="b")
    git_repo.checkout("main")
    git_repo.commit("two", a="b")
    url = f"file://{git_repo.path}"
    git_repo.git("clone", "-q", "--depth=1", "--no-single-branch", url, str(tmp_path / "shallow"))
    with Repository.discover(tmp_path / "shallow") as repo:
        assert repo.is_shallow
        with pytest.raises(NoCommonAncestorError) as caught:
            repo.merge_base("origin/main", "origin/side")
        assert "--unshallow" in caught.value.fix


def test_a_criss_cross_merge_has_one_base_whatever_the_order(git_repo: GitRepo) -> None:
    git_repo.commit("root", a="a")
    git_repo.branch("left")
    left = git_repo.commit("left", b="b")
    git_repo.git("checkout", "-q", "-b", "right", "main")
    right = git_repo.commit("right", c="c")
    git_repo.git("merge", "-q", "--no-edit", left)
    git_repo.checkout("left")
    git_repo.git("merge", "-q", "--no-edit", right)
    with Repository.discover(git_repo.path) as repo:
        assert repo.merge_bases("left", "right") == tuple(sorted([left, right]))
        assert repo.merge_base("left", "right") == repo.merge_base("right", "left") == min(left, right)


def test_a_sha256_repository_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "repo"
    folder.mkdir()
    git_repo = GitRepo(folder)
    git_repo.git("init", "-q", "-b", "main", "--object-format=sha256")
    git_repo.git("config", "user.email", "author@example.org")
    git_repo.git("config", "user.name", "Author")
    git_repo.commit("one", a="a")
    git_repo.write("a", "b")
    with Repository.discover(folder) as repo:
        assert repo.object_format == "sha256"
        assert len(repo.resolve("main")) == 64
        assert repo.read_blob(repo.freeze_worktree(), "a") == b"b"
        assert repo.freeze_index() == repo.tree_of("HEAD")


def test_objects_borrowed_from_another_repository_are_read(git_repo: GitRepo, tmp_path: Path) -> None:
    git_repo.commit("one", a="a")
    git_repo.git("clone", "-q", "--shared", str(git_repo.path), str(tmp_path / "shared"))
    with Repository.discover(tmp_path / "shared") as repo:
        assert repo.read_blob("main", "a") == b"a"
        assert repo.freeze_worktree() == repo.tree_of("main")


def test_a_partial_clone_never_goes_to_the_network(git_repo: GitRepo, tmp_path: Path) -> None:
    git_repo.commit("one", a="a", b="b")
    git_repo.git("config", "uploadpack.allowFilter", "true")
    url = f"file://{git_repo.path}"
    git_repo.git("clone", "-q", "--filter=blob:none", "--no-checkout", url, str(tmp_path / "partial"))
    partial = GitRepo(tmp_path / "partial")
    objects = len(list((partial.path / ".git/objects").rglob("*")))
    with Repository.discover(partial.path) as repo:
        assert [entry.path for entry in repo.list_files("HEAD")] == ["a", "b"]
        with pytest.raises(GitError, match="missing"):
            repo.read_blob("HEAD", "a")
        with pytest.raises(GitError):
            repo.git(["cat-file", "blob", "HEAD:a"])
    assert len(list((partial.path / ".git/objects").rglob("*"))) == objects


def test_a_repository_of_another_user_is_refused_until_the_user_trusts_it(git_repo: GitRepo) -> None:
    if os.geteuid() != 0:
        pytest.skip("NOT RUN: giving a folder to another user takes root")
    git_repo.commit("one", a="a")
    for path in [git_repo.path, git_repo.path / ".git"]:
        os.chown(path, 65534, 65534)
    with pytest.raises(GitError, match="another user") as caught:
        Repository.discover(git_repo.path)
    assert "safe.directory" in caught.value.fix
    trust = ["git", "config", "--global", "--add", "safe.directory", str(git_repo.path)]
    subprocess.run(trust, check=True)
    with Repository.discover(git_repo.path) as repo:
        assert repo.read_blob("HEAD", "a") == b"a"
        assert repo.freeze_worktree() == repo.tree_of("HEAD")


def test_closing_leaves_no_process_and_no_folder_behind(git_repo: GitRepo) -> None:
    git_repo.commit("one", a="a")
    repo = Repository.discover(git_repo.path)
    assert repo.read_blob("HEAD", "a") == b"a"
    folder = repo.view.folder
    assert folder.exists()
    repo.close()
    assert not folder.exists()


def test_an_abandoned_repository_cleans_up_after_itself(git_repo: GitRepo) -> None:
    git_repo.commit("one", a="a")
    script = (
        "import sys; from pathlib import Path; from agent_agency.git import Repository\n"
        "repo = Repository.discover(Path(sys.argv[1])); repo.read_blob('HEAD', 'a'); print(repo.view.folder)\n"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script, git_repo.path], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert not Path(done.stdout.strip()).exists()


def test_a_git_that_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    slow = tmp_path / "git"
    slow.write_text('#!/bin/sh\nsleep 600 & echo $! > "$1"\nwait\n')
    slow.chmod(0o755)
    pid_file = tmp_path / "pid"
    for seconds in (0.5, 5, 50):  # on a busy machine it may not have begun after half a second
        with pytest.raises(GitError, match="did not end within"):
            GitProgram(str(slow)).run(
                [str(pid_file)], environment=dict(os.environ), folder=tmp_path, time_limit=seconds
            )
        if pid_file.exists() and pid_file.read_text():
            break
    child = int(pid_file.read_text())
    for _ in range(1000):
        if not runs(child):
            return
        time.sleep(0.05)
    raise AssertionError("the child still runs")


def runs(pid: int) -> bool:
    done = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return bool(done.stdout.strip()) and not done.stdout.startswith("Z")


def test_a_full_temporary_folder_is_said(git_repo: GitRepo, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    git_repo.commit("one", a="a")
    monkeypatch.setattr(tempfile, "tempdir", "/nonexistent-folder")
    with Repository.discover(git_repo.path) as repo, pytest.raises(GitError, match="temporary"):
        repo.freeze_worktree()


def test_a_broken_git_folder_is_refused(git_repo: GitRepo) -> None:
    git_repo.commit("one", a="a")
    shutil.rmtree(git_repo.path / ".git/objects")
    with pytest.raises(GitError):
        Repository.discover(git_repo.path)


def test_an_interrupt_ends_the_running_git_too(tmp_path: Path) -> None:
    slow = tmp_path / "git"
    slow.write_text('#!/bin/sh\necho $$ > "$1"\nexec sleep 600\n')
    slow.chmod(0o755)
    pid_file = tmp_path / "pid"
    script = (
        "import sys; from agent_agency.git.process import GitProgram\n"
        "try: GitProgram(sys.argv[1]).run([sys.argv[2]], environment={}, folder='/')\n"
        "except KeyboardInterrupt: print('interrupted')\n"
    )
    command = [sys.executable, "-c", script, str(slow), str(pid_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(1600):
            if pid_file.exists() and pid_file.read_text().endswith("\n"):
                break
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        assert process.communicate(timeout=90)[0] == "interrupted\n"
    assert not runs(int(pid_file.read_text()))
