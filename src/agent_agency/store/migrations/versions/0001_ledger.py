"""The ledger: repositories, chains, entries, signed heads, and triggers that keep mistakes from changing any."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_KEPT = ("agency_entries", "agency_signed_heads")


def upgrade() -> None:
    """Make the tables and their triggers."""
    op.create_table(
        "agency_ledgers",
        sa.Column("ledger", sa.Text, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("ledger", name="pk_agency_ledgers"),
    )
    op.create_table(
        "agency_chains",
        sa.Column("ledger", sa.Text, nullable=False),
        sa.Column("chain", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("ledger", "chain", name="pk_agency_chains"),
        sa.ForeignKeyConstraint(["ledger"], ["agency_ledgers.ledger"], name="fk_agency_chains_agency_ledgers"),
    )
    _of_a_chain(
        "agency_entries",
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=True),
        sa.Column("line", sa.LargeBinary, nullable=False),
    )
    _of_a_chain("agency_signed_heads", sa.Column("envelope", sa.LargeBinary, nullable=False))
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgres()


def _of_a_chain(name: str, *columns: sa.Column[object]) -> None:
    op.create_table(
        name,
        sa.Column("ledger", sa.Text, nullable=False),
        sa.Column("chain", sa.Text, nullable=False),
        sa.Column("seq", sa.BigInteger, nullable=False),
        sa.Column("hash", sa.Text, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("ledger", "chain", "seq", name=f"pk_{name}"),
        sa.ForeignKeyConstraint(
            ["ledger", "chain"],
            ["agency_chains.ledger", "agency_chains.chain"],
            name=f"fk_{name}_agency_chains",
        ),
    )


def _guard_sqlite() -> None:
    for table in _KEPT:
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
            )
    op.execute(
        "CREATE TRIGGER agency_chains_forward BEFORE UPDATE ON agency_chains "
        "WHEN NEW.ledger IS NOT OLD.ledger OR NEW.chain IS NOT OLD.chain OR NEW.seq <= OLD.seq "
        "BEGIN SELECT RAISE(ABORT, 'a chain only grows'); END"
    )


def _guard_postgres() -> None:
    op.execute(
        "CREATE FUNCTION agency_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION '% only grows', TG_TABLE_NAME; END $$"
    )
    for table in _KEPT:
        op.execute(
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION agency_only_grows()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION agency_only_grows()"
        )
    op.execute(
        "CREATE TRIGGER agency_chains_forward BEFORE UPDATE ON agency_chains FOR EACH ROW "
        "WHEN (NEW.ledger <> OLD.ledger OR NEW.chain <> OLD.chain OR NEW.seq <= OLD.seq) "
        "EXECUTE FUNCTION agency_only_grows()"
    )
