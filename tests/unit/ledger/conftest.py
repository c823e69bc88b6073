"""Ledgers on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.ledger.journal import Ledger
from support.ledgers import make_ledger


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str | None:
    """``None`` for the SQLite file in the ledger's folder, or the URL of an empty Postgres database."""
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "agency"


@pytest.fixture
def ledger(folder: Path, url: str | None) -> Ledger:
    """A genesis and six rulings, on either database."""
    return make_ledger(folder, 6, url)
