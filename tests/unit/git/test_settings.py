"""Settings are read as git reads them."""

from __future__ import annotations

import pytest

from agent_agency.git import Repository
from agent_agency.git.settings import parse_settings, truth
from support.git_repo import GitRepo


def test_the_last_of_a_repeated_setting_counts_and_values_may_hold_line_breaks() -> None:
    told = parse_settings(b"a.b\nfirst\0a.b\nse\ncond\0core.filemode\0")
    assert told == {"a.b": "se\ncond", "core.filemode": None}


@pytest.mark.parametrize("value", ["true", "yes", "On", "1", "-2", "false", "no", "oFF", "0", "", None])
def test_truth_is_what_git_takes_it_for(git_repo: GitRepo, value: str | None) -> None:
    line = "symlinks" if value is None else f"symlinks = {value}"
    with (git_repo.path / ".git/config").open("a") as config:
        config.write(f"[core]\n\t{line}\n")
    expected = git_repo.git("config", "--type=bool", "--get", "core.symlinks") == "true"
    with Repository.discover(git_repo.path) as repo:
        assert repo.view.filesystem.symlinks is expected
        assert truth({"core.symlinks": value}, "core.symlinks", default=not expected) is expected


def test_the_origin_is_the_last_address_written(git_repo: GitRepo) -> None:
    with Repository.discover(git_repo.path) as repo:
        assert repo.origin() is None
    git_repo.git("remote", "add", "origin", "https://example.org/a.git")
    with Repository.discover(git_repo.path) as repo:
        assert repo.origin() == "https://example.org/a.git"
