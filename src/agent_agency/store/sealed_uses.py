"""Every use of a sealed test, counted: a test that is looked at again and again is no test any more.

Uses are counted by the digest of the sealed examples and for all who share the database: a clone of a repository
brings no fresh count.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_agency.store.statements import next_number, run

if TYPE_CHECKING:
    from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class SealedUse:
    """One use: of which sealed examples (a digest), for which judge, by whom, what for, and when (RFC 3339, UTC)."""

    dataset: str
    judge: str
    who: str
    purpose: str
    at: str


def add_use(connection: Connection, use: SealedUse) -> int:
    """Write a use down, before the examples are looked at; answer how many there are now of these and this judge."""
    run(
        connection,
        "INSERT INTO agency_sealed_uses (number, dataset, judge, at, who, purpose) "
        "VALUES (:number, :dataset, :judge, :at, :who, :purpose)",
        number=next_number(connection, "agency_sealed_uses"),
        dataset=use.dataset,
        judge=use.judge,
        at=use.at,
        who=use.who,
        purpose=use.purpose,
    )
    return count_uses(connection, use.dataset, use.judge)


def count_uses(connection: Connection, dataset: str, judge: str) -> int:
    """How often these sealed examples were used for this judge."""
    query = "SELECT count(*) FROM agency_sealed_uses WHERE dataset = :dataset AND judge = :judge"
    return int(run(connection, query, dataset=dataset, judge=judge).scalar_one())


def uses_of(connection: Connection, dataset: str) -> tuple[SealedUse, ...]:
    """Every use of these sealed examples, the first one first."""
    query = "SELECT dataset, judge, who, purpose, at FROM agency_sealed_uses WHERE dataset = :dataset ORDER BY number"
    return tuple(SealedUse(*map(str, row)) for row in run(connection, query, dataset=dataset))
