"""What a name means, and what a change is held against by default."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.errors import UnknownRevisionError
from agent_agency.git import Repository
from support.git_repo import GitRepo


def clone(git_repo: GitRepo, to: Path) -> GitRepo:
    git_repo.git("clone", "-q", str(git_repo.path), str(to))
    copy = GitRepo(to)
    copy.git("config", "user.name", "Test Author")
    copy.git("config", "user.email", "author@example.org")
    return copy


def base_of(repo: GitRepo) -> str:
    with Repository.discover(repo.path) as found:
        return found.default_base()


def test_names_of_every_kind_resolve_to_the_commit(git_repo: GitRepo) -> None:
    first = git_repo.commit("one", a="a")
    second = git_repo.commit("two", a="b")
    git_repo.git("tag", "-a", "v1", "-m", "v1", first)
    with Repository.discover(git_repo.path) as repo:
        assert repo.resolve("main") == repo.resolve("HEAD") == repo.resolve(second[:10]) == second
        assert repo.resolve("v1") == repo.resolve("main~1") == repo.resolve("HEAD^") == first


@pytest.mark.parametrize(
    "name", ["nope", "", "-h", "--all", "main..main", "HEAD:a", "a\0b", "\n", "main\n", "\udcff", "HEAD^{tree}"]
)
def test_what_names_no_commit_is_refused(git_repo: GitRepo, name: str) -> None:
    git_repo.commit("one", a="a")
    with Repository.discover(git_repo.path) as repo, pytest.raises(UnknownRevisionError):
        repo.resolve(name)


def test_a_tag_called_like_the_branch_cannot_take_its_place(git_repo: GitRepo) -> None:
    git_repo.commit("one", a="a")
    git_repo.branch("agent")
    git_repo.commit("lax law", law="none")
    git_repo.git("tag", "main")
    git_repo.git("config", "core.warnAmbiguousRefs", "false")
    with Repository.discover(git_repo.path) as repo:
        with pytest.raises(UnknownRevisionError, match="refs/heads/main"):
            repo.resolve("main")
        with pytest.raises(UnknownRevisionError, match="may mean"):
            repo.resolve("main~0")
        assert repo.resolve("refs/heads/main") != repo.resolve("refs/tags/main")


def test_a_file_in_the_git_folder_called_like_the_branch_cannot_take_its_place(git_repo: GitRepo) -> None:
    tip = git_repo.commit("one", a="a")
    git_repo.branch("agent")
    (git_repo.path / ".git" / "main").write_text(git_repo.commit("lax law", law="none") + "\n")
    with Repository.discover(git_repo.path) as repo:
        for name in ("main", "main~0", "main^{commit}"):
            with pytest.raises(UnknownRevisionError, match="file of that name"):
                repo.resolve(name)
        assert repo.resolve("refs/heads/main") == tip


def test_a_full_name_means_itself_whatever_twin_lies_below_it(git_repo: GitRepo) -> None:
    tip = git_repo.commit("one", a="a")
    git_repo.branch("agent")
    git_repo.git("update-ref", "refs/heads/refs/heads/main", git_repo.commit("lax law", law="none"))
    with Repository.discover(git_repo.path) as repo:
        assert repo.resolve("refs/heads/main") == tip


def test_a_branch_called_like_a_commit_cannot_take_its_place(git_repo: GitRepo) -> None:
    first = git_repo.commit("one", a="a")
    second = git_repo.commit("two", a="b")
    git_repo.git("update-ref", f"refs/heads/{first}", second)
    with Repository.discover(git_repo.path) as repo:
        assert repo.resolve(first) == first


def test_a_tag_at_the_very_commit_of_the_branch_is_no_ambiguity(git_repo: GitRepo) -> None:
    commit = git_repo.commit("one", a="a")
    git_repo.git("tag", "main")
    with Repository.discover(git_repo.path) as repo:
        assert repo.resolve("main") == commit


def test_without_remote_the_default_branch_is_the_base(git_repo: GitRepo) -> None:
    git_repo.commit("one", a="a")
    assert base_of(git_repo) == "main"
    git_repo.branch("feature")
    assert base_of(git_repo) == "main"
    git_repo.git("checkout", "-q", "--detach")
    assert base_of(git_repo) == "main"


def test_the_upstream_is_the_base(git_repo: GitRepo, tmp_path: Path) -> None:
    git_repo.commit("one", a="a")
    git_repo.git("branch", "release")
    copy = clone(git_repo, tmp_path / "copy")
    assert base_of(copy) == "origin/main"
    copy.git("checkout", "-q", "-b", "fix", "--track", "origin/release")
    assert base_of(copy) == "origin/release"
    copy.git("checkout", "-q", "-b", "local", "--track", "main")
    assert base_of(copy) == "main"


def test_a_branch_pushed_under_its_own_name_is_not_held_against_itself(git_repo: GitRepo, tmp_path: Path) -> None:
    git_repo.commit("one", a="a")
    copy = clone(git_repo, tmp_path / "copy")
    copy.git("checkout", "-q", "-b", "feature")
    copy.commit("work", b="b")
    copy.git("push", "-q", "-u", "origin", "feature")
    assert copy.git("rev-parse", "--abbrev-ref", "@{upstream}") == "origin/feature"
    assert base_of(copy) == "origin/main"


def test_the_remote_says_which_branch_is_the_default(git_repo: GitRepo, tmp_path: Path) -> None:
    git_repo.commit("one", a="a")
    git_repo.git("branch", "-m", "main", "trunk")
    copy = clone(git_repo, tmp_path / "copy")
    copy.git("checkout", "-q", "--detach")
    assert base_of(copy) == "origin/trunk"


def test_no_default_branch_is_said_with_the_way_out(git_repo: GitRepo) -> None:
    git_repo.commit("one", a="a")
    git_repo.git("branch", "-m", "main", "odd")
    with Repository.discover(git_repo.path) as repo, pytest.raises(UnknownRevisionError) as caught:
        repo.default_base()
    assert "--base" in caught.value.fix


def test_an_empty_repository_has_no_base(git_repo: GitRepo) -> None:
    with Repository.discover(git_repo.path) as repo:
        assert repo.branch() == "main"
        with pytest.raises(UnknownRevisionError, match="HEAD names no commit"):
            repo.default_base()
        with pytest.raises(UnknownRevisionError):
            repo.resolve("HEAD")


def test_a_detached_head_has_no_branch(git_repo: GitRepo) -> None:
    git_repo.commit("one", a="a")
    git_repo.git("checkout", "-q", "--detach")
    with Repository.discover(git_repo.path) as repo:
        assert repo.branch() is None


def test_the_users_own_name_for_default_branches_helps(git_repo: GitRepo) -> None:
    git_repo.commit("one", a="a")
    git_repo.git("branch", "-m", "main", "trunk")
    git_repo.git("config", "--global", "init.defaultBranch", "trunk")
    git_repo.git("checkout", "-q", "-b", "feature")
    assert base_of(git_repo) == "trunk"


def test_several_names_are_told_apart_even_where_git_ends_at_one(git_repo: GitRepo) -> None:
    first = git_repo.commit("one")
    git_repo.branch("topic")
    second = git_repo.commit("two")
    with Repository.discover(git_repo.path) as repo:
        assert repo.resolve_all(["main", "topic", "HEAD", first]) == (first, second, second, first)
        for names in (["main", "topic@{upstream}"], ["topic@{upstream}", "main"], ["main", "topic@{upstream}", "nope"]):
            with pytest.raises(UnknownRevisionError, match=r"'topic@\{upstream\}' names no commit"):
                repo.resolve_all(names)
        with pytest.raises(UnknownRevisionError, match="'nope'"):
            repo.resolve_all(["main", "nope"])
