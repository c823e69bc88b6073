"""The index of precedents: their facts for comparison, their words for full text; all of it follows from the ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables, and the full text that each database has of its own."""
    op.create_table(
        "agency_precedents",
        sa.Column("number", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("ledger", sa.Text, nullable=False),
        sa.Column("precedent", sa.Text, nullable=False),
        sa.Column("ruling", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("compared", sa.Text, nullable=False),
        sa.Column("question", sa.Text, nullable=False),
        sa.Column("stance", sa.Text, nullable=False),
        sa.Column("holding", sa.Text, nullable=False),
        sa.Column("facts", sa.Text, nullable=False),
        sa.Column("words", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_agency_precedents"),
        sa.UniqueConstraint("ledger", "precedent", name="uq_agency_precedents_ledger_precedent"),
    )
    columns = ["ledger", "question", "stance", "number"]
    op.create_index("ix_agency_precedents_question", "agency_precedents", columns)
    _make_facts()
    op.create_table(
        "agency_precedent_index",
        sa.Column("ledger", sa.Text, nullable=False),
        sa.Column("entries", sa.BigInteger, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.Column("precedents", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("people", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("ledger", name="pk_agency_precedent_index"),
    )
    _make_full_text()


def _make_facts() -> None:
    op.create_table(
        "agency_precedent_facts",
        sa.Column("fact", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("ledger", sa.Text, nullable=False),
        sa.Column("scope", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("value", sa.Text, nullable=False),
        sa.Column("shared_by", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("fact", name="pk_agency_precedent_facts"),
        sa.UniqueConstraint("ledger", "key", "value", "scope", name="uq_agency_precedent_facts_ledger_key_value_scope"),
    )
    op.create_table(
        "agency_precedent_postings",
        sa.Column("fact", sa.BigInteger, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("fact", "number", name="pk_agency_precedent_postings"),
        sqlite_with_rowid=False,
    )


def _make_full_text() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE agency_precedent_words USING fts5("
            "holding, words, content='agency_precedents', content_rowid='number', tokenize='porter unicode61')"
        )
    else:
        op.execute(
            "ALTER TABLE agency_precedents ADD COLUMN vector tsvector "
            "GENERATED ALWAYS AS (to_tsvector('english', holding || ' ' || words)) STORED"
        )
        op.execute("CREATE INDEX ix_agency_precedents_vector ON agency_precedents USING gin (vector)")
