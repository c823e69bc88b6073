from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from agent_agency.workflows.kept_answers import SECRET, calls_folder, fence_secret, kept_answers


def _place(home: Path) -> Path:
    return home / ".cache" / "agency" / SECRET


def test_the_same_user_has_the_same_fences_again_and_another_one_has_others(tmp_path: Path) -> None:
    one, other = ({"HOME": str(tmp_path / name)} for name in ("one", "other"))
    first = fence_secret(one)(32)
    assert len(first) == 32
    assert fence_secret(one)(32) == first
    assert fence_secret(other)(32) != first
    status = _place(tmp_path / "one").stat()
    assert stat.S_IMODE(status.st_mode) == 0o600
    _place(tmp_path / "one").unlink()
    assert fence_secret(one)(32) != first


def test_many_who_make_it_at_once_have_one(tmp_path: Path) -> None:
    secret = fence_secret({"HOME": str(tmp_path)})
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(secret, [32] * 32))) == 1
    assert [one.name for one in _place(tmp_path).parent.iterdir()] == [SECRET]


@pytest.mark.parametrize("wrong", ["others may read it", "a link", "too short", "a folder"])
def test_a_key_that_others_may_know_is_not_used(tmp_path: Path, wrong: str) -> None:
    place = _place(tmp_path)
    place.parent.mkdir(parents=True)
    if wrong == "a folder":
        place.mkdir()
    elif wrong == "a link":
        (tmp_path / "key").write_bytes(b"k" * 32)
        (tmp_path / "key").chmod(0o600)
        place.symlink_to(tmp_path / "key")
    else:
        place.write_bytes(b"k" * (31 if wrong == "too short" else 32))
        place.chmod(0o644 if wrong == "others may read it" else 0o600)
    secret = fence_secret({"HOME": str(tmp_path)})
    assert secret(32) != secret(32)


def test_without_a_home_each_run_draws_its_own_and_nothing_is_kept() -> None:
    secret = fence_secret({})
    assert secret(32) != secret(32)
    assert kept_answers({}) is None


@pytest.mark.skipif(os.geteuid() == 0, reason="NOT RUN: root writes anywhere")
def test_where_nothing_can_be_written_each_run_draws_its_own(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    secret = fence_secret({"HOME": str(tmp_path)})
    assert secret(32) != secret(32)


def test_answers_lie_in_the_users_cache(tmp_path: Path) -> None:
    named = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    assert calls_folder(named) == tmp_path / "cache" / "agency" / "calls"
    cache = kept_answers(named)
    assert cache is not None
    assert cache.folder == calls_folder(named)
