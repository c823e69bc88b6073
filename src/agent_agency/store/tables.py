"""The tables of the store, for SQLite and Postgres alike.

``ledger`` is the id of a repository's own chain, and tells apart what several repositories keep in one database.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)

NAMES = {
    "pk": "pk_%(table_name)s",
    "fk": "fk_%(table_name)s_%(referred_table_name)s",
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
}

metadata = MetaData(naming_convention=NAMES)

ledgers = Table(
    "agency_ledgers",
    metadata,
    Column("ledger", Text, primary_key=True),
    Column("place", Text, nullable=False),
)
"""One repository each; ``place`` is the folder in which it named its chain."""

chains = Table(
    "agency_chains",
    metadata,
    Column("ledger", Text, ForeignKey("agency_ledgers.ledger"), nullable=False),
    Column("chain", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    PrimaryKeyConstraint("ledger", "chain"),
)
"""A repository's own chain and those that it imported, each with its newest entry."""

entries = Table(
    "agency_entries",
    metadata,
    Column("ledger", Text, nullable=False),
    Column("chain", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=True),
    Column("line", LargeBinary, nullable=False),
    PrimaryKeyConstraint("ledger", "chain", "seq"),
    ForeignKeyConstraint(["ledger", "chain"], ["agency_chains.ledger", "agency_chains.chain"]),
)
"""The lines of the chains, byte for byte without the line feed; the other columns repeat what the line says."""

signed_heads = Table(
    "agency_signed_heads",
    metadata,
    Column("ledger", Text, nullable=False),
    Column("chain", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("hash", Text, nullable=False),
    Column("envelope", LargeBinary, nullable=False),
    PrimaryKeyConstraint("ledger", "chain", "seq"),
    ForeignKeyConstraint(["ledger", "chain"], ["agency_chains.ledger", "agency_chains.chain"]),
)
"""Signatures over heads of a chain: the envelope's canonical JSON; ``seq`` and ``hash`` repeat what it says."""
