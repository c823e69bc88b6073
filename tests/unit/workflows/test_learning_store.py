from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.errors import StoreError
from agent_agency.workflows.learning_store import open_learning_store, reading
from support.git_repo import GitRepo


def test_in_a_repository_it_is_the_repositorys_own(git_repo: GitRepo) -> None:
    database = open_learning_store(git_repo.path, {"HOME": "/nowhere"})
    assert database.address.path == git_repo.path / ".git" / "agency" / "agency.db"


def test_outside_any_repository_it_is_the_users(tmp_path: Path) -> None:
    home, folder = tmp_path / "home", tmp_path / "empty"
    folder.mkdir()
    database = open_learning_store(folder, {"HOME": str(home)})
    assert database.address.path == home / ".local" / "share" / "agency" / "agency.db"
    with reading(database) as connection:
        assert connection is None
    with database.write():
        pass
    assert database.address.path.stat().st_mode & 0o777 == 0o600
    named = open_learning_store(folder, {"HOME": str(home), "XDG_DATA_HOME": str(tmp_path / "data")})
    assert named.address.path == tmp_path / "data" / "agency" / "agency.db"
    relative = open_learning_store(folder, {"HOME": str(home), "XDG_DATA_HOME": "data"})
    assert relative.address.path == database.address.path


def test_a_named_database_goes_first_and_no_home_is_told(tmp_path: Path, git_repo: GitRepo) -> None:
    url = f"sqlite:///{tmp_path}/named.db"
    for folder in (tmp_path, git_repo.path):
        assert open_learning_store(folder, {"AGENCY_STORE_URL": url}).address.path == tmp_path / "named.db"
    (tmp_path / "empty").mkdir()
    with pytest.raises(StoreError) as caught:
        open_learning_store(tmp_path / "empty", {})
    assert caught.value.stable_code == "store.no_home"


def test_a_home_that_may_not_be_written_can_still_be_read(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    (tmp_path / "empty").mkdir()
    with reading(open_learning_store(tmp_path / "empty", {"HOME": str(tmp_path / "home")})) as connection:
        assert connection is None
