from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.store.database import Database


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    if request.param == "sqlite":
        return Database.open(f"sqlite:///{tmp_path}/agency/store.db")
    return Database.open(str(request.getfixturevalue("postgres_url")))
