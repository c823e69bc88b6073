"""What ``[tools] readable`` opens on this machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.gates.readable_paths import missing_readable, readable_paths


@pytest.fixture
def home(tmp_path: Path) -> Path:
    for folder in ("home/tools", "home/.ssh", "home/.cargo/bin", "sdk"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path / "home"


def test_what_is_there_is_opened_under_its_own_name(home: Path) -> None:
    sdk = str(home.parent / "sdk")
    texts = ("~/tools", "~/.cargo/bin", sdk, "~/absent", "/no/such/place")

    assert readable_paths(texts, str(home)) == (home / "tools", home / ".cargo/bin", Path(sdk))
    assert missing_readable(texts, str(home)) == ("~/absent", "/no/such/place")


def test_a_home_that_the_law_could_not_know_stays_closed(home: Path) -> None:
    texts = (str(home), str(home.parent), str(home / ".cargo"))

    assert readable_paths(texts, str(home)) == ()
    assert missing_readable(texts, str(home)) == texts


def test_a_link_opens_nothing_that_its_target_would_not(home: Path) -> None:
    (home / "tools/keys").symlink_to(home / ".ssh")
    (home / "tools/all").symlink_to(home)
    (home / "tools/sdk").symlink_to(home.parent / "sdk")

    assert readable_paths(("~/tools/keys", "~/tools/all", "~/tools/sdk"), str(home)) == (home / "tools/sdk",)


def test_a_home_that_is_a_link_is_known_by_both_names(home: Path) -> None:
    alias = home.parent / "alias"
    alias.symlink_to(home)

    assert readable_paths((str(home), str(alias), "~/tools"), str(alias)) == (alias / "tools",)


def test_without_a_home_nothing_below_one_is_opened(home: Path) -> None:
    assert readable_paths(("~/tools", str(home / "tools")), "") == (home / "tools",)
