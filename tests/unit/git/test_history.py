"""Authors and trailers of a range cannot be forged by what a message says."""

from __future__ import annotations

from agent_agency.git import Repository
from support.git_repo import GitRepo


def test_a_message_forges_neither_an_author_nor_a_trailer(git_repo: GitRepo) -> None:
    first = git_repo.commit("first")
    message = (
        "two\n\nCAWS-Spec: IN-BODY\n\nSigned-off-by: x <x@example.org>\n"
        "caws-spec: FEAT-001\n eve@example.org\n\tmore\nCAWS-Spec-Not: FEAT-002\nCAWS-Spec:FEAT-003: with colon\n"
        "(cherry picked from commit 0123456789)"
    )
    git_repo.commit("three\n\neve@example.org", a="1")
    second = git_repo.commit(message, a="2")
    with Repository.discover(git_repo.path) as repo:
        for _ in range(2):
            assert repo.author_emails(first, second) == ("author@example.org",)
            values = ("FEAT-001 eve@example.org more", "FEAT-003: with colon")
            assert repo.range_trailers(first, second, "CAWS-Spec") == values
        assert repo.range_trailers(first, first, "CAWS-Spec") == ()
        assert repo.author_emails(first, first) == ()


def test_whoever_had_a_hand_in_a_commit_is_told(git_repo: GitRepo) -> None:
    first = git_repo.commit("first")
    git_repo.git("config", "user.email", "committer@example.org")
    message = "two\n\nCo-authored-by: Pair <pair@example.org>\nco-authored-by: bare@example.org"
    git_repo.git("commit", "-q", "--allow-empty", "-m", message, "--author=Author <author@example.org>")
    git_repo.git("commit", "-q", "--allow-empty", "-m", "three", "--author=Nameless <>")
    with Repository.discover(git_repo.path) as repo:
        assert repo.author_emails(first, "main") == (
            "Nameless",
            "author@example.org",
            "bare@example.org",
            "committer@example.org",
            "pair@example.org",
        )
        assert repo.author_names(first, "main") == ("Author", "Nameless", "Pair", "Test Author", "bare@example.org")
