"""What models of this machine were used for, and which process an event of the pool is of.

A state is true only while the process lives that told it, and a measured size only of a model that is run the same way.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_EVENTS = "agency_pool_events"
_USE = "agency_local_use"


def upgrade() -> None:
    """Add two columns to the events, and the table of use with the triggers that keep mistakes from changing it."""
    for name in ("setup", "process"):
        op.add_column(_EVENTS, sa.Column(name, sa.Text, nullable=False, server_default=""))
    number = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    texts = ("at", "month", "task", "engine")
    sums = ("calls", "failed", "latency_us", "prompt_tokens", "completion_tokens")
    op.create_table(
        _USE,
        sa.Column("number", number, nullable=False, autoincrement=False),
        *(sa.Column(name, sa.Text, nullable=False) for name in texts),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in sums),
        sa.PrimaryKeyConstraint("number", name=f"pk_{_USE}"),
        sa.CheckConstraint(
            "calls >= failed AND failed >= 0 AND latency_us >= 0 AND prompt_tokens >= 0 AND completion_tokens >= 0",
            name=f"ck_{_USE}_sums",
        ),
    )
    op.create_index(f"ix_{_USE}_month", _USE, ["month", "engine"])
    _guard()


def _guard() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {_USE}_no_{act.lower()} BEFORE {act} ON {_USE} "
                f"BEGIN SELECT RAISE(ABORT, '{_USE} only grows'); END"
            )
        return
    for name, when, each in (("change", "UPDATE OR DELETE", "ROW"), ("truncate", "TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {_USE}_no_{name} BEFORE {when} ON {_USE} "
            f"FOR EACH {each} EXECUTE FUNCTION agency_only_grows()"
        )
