from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.git import Repository
from agent_agency.workflows.repository_address import public_address, repository_address
from support.git_repo import GitRepo


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("https://me:secret@example.org/a/b.git", "https://example.org/a/b.git"),
        ("https://token@example.org:8443/a?key=1#x", "https://example.org:8443/a"),
        ("ssh://git@example.org/a/b", "ssh://example.org/a/b"),
        ("git@example.org:a/b c.git", "ssh://example.org/a/b%20c.git"),
        ("https://[::1]:8443/a", "https://[::1]:8443/a"),
        ("/srv/git/a", None),
        ("../a", None),
        ("file:///srv/git/a", None),
        ("https://example.org:port/a", None),
        ("https://", None),
        ("", None),
    ],
)
def test_an_address_is_told_without_what_is_secret_or_local(address: str, told: str | None) -> None:
    assert public_address(address) == told


@given(st.text(st.characters(exclude_categories=()), max_size=40), st.sampled_from(["https://", "ssh://", "", "u@h:"]))
def test_whatever_the_address_no_secret_of_its_user_part_is_told(text: str, start: str) -> None:
    told = public_address(f"{start}SECRET@{text}" if start != "u@h:" else f"SECRET@{text}:path")
    assert told is None or "SECRET" not in told.split("/")[2]


def test_the_remote_is_read_from_the_repository(git_repo: GitRepo) -> None:
    with Repository.discover(git_repo.path) as repo:
        assert repository_address(repo) is None
    git_repo.git("remote", "add", "origin", "https://me:secret@example.org/a.git")
    with Repository.discover(git_repo.path) as repo:
        assert repository_address(repo) == "https://example.org/a.git"
