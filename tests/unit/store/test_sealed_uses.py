from __future__ import annotations

import pytest

from agent_agency.errors import StoreError
from agent_agency.store import sealed_uses
from agent_agency.store.database import Database
from agent_agency.store.sealed_uses import SealedUse

AT = "2026-01-31T08:00:00.000Z"


def test_every_use_is_counted_for_its_examples_and_judge(database: Database) -> None:
    uses = [SealedUse("sha256:a", judge, "ada", f"run {number}", AT) for number, judge in enumerate(["x", "x", "y"])]
    counts = []
    for use in uses:
        with database.write() as connection:
            counts.append(sealed_uses.add_use(connection, use))
    assert counts == [1, 2, 1]
    with database.read() as connection:
        assert sealed_uses.uses_of(connection, "sha256:a") == tuple(uses)
        assert sealed_uses.count_uses(connection, "sha256:b", "x") == 0


def test_a_use_is_not_taken_back(database: Database) -> None:
    with database.write() as connection:
        sealed_uses.add_use(connection, SealedUse("sha256:a", "x", "ada", "a run", AT))
    for statement in ("DELETE FROM agency_sealed_uses", "UPDATE agency_sealed_uses SET judge = 'z'"):
        with pytest.raises(StoreError, match="only grows"), database.write() as connection:
            connection.exec_driver_sql(statement)
    with database.read() as connection:
        assert sealed_uses.count_uses(connection, "sha256:a", "x") == 1
