"""What becomes of engines: spending on remote calls, the pool's events, and how one engine took another's role."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_KEPT = ("agency_spend_switch", "agency_pool_events", "agency_rollout_states", "agency_rollout_pairs")
"""Tables whose rows are never changed; a reservation is settled once, and a rollout moves on."""


def upgrade() -> None:
    """Make the tables and the triggers that keep mistakes from changing what only grows."""
    _make_spending()
    _make_pool()
    _make_rollouts()
    op.create_index("ix_agency_model_runs_engine", "agency_model_runs", ["engine", "at", "number"])
    for table in _KEPT:
        _guard(table)


def _make_spending() -> None:
    """Amounts are whole micro-units of the currency, prices likewise for a million tokens."""
    amounts = ("price_prompt", "price_completion", "reserved")
    _make(
        "agency_spend_calls",
        _number(),
        _text("id"),
        _text("at"),
        _text("expires"),
        _text("month"),
        _text("task"),
        _text("engine"),
        _text("currency"),
        *(_whole(name) for name in amounts),
        _text("state"),
        _whole("settled", optional=True),
        _whole("prompt_tokens", optional=True),
        _whole("completion_tokens", optional=True),
        _text("ended_at"),
        _text("who"),
        _text("reason"),
        unique=[("id",)],
        checks={
            "state": "state IN ('reserved', 'settled', 'released')",
            "amounts": "reserved >= 0 AND (settled IS NULL) = (state = 'reserved') AND coalesce(settled, 0) >= 0",
        },
    )
    sums = ["state", "reserved", "settled"]
    op.create_index("ix_agency_spend_calls_month", "agency_spend_calls", ["month", "currency", *sums])
    op.create_index("ix_agency_spend_calls_task", "agency_spend_calls", ["task", "currency", *sums])
    open_ones = sa.text("state = 'reserved'")
    op.create_index(
        "ix_agency_spend_calls_open",
        "agency_spend_calls",
        ["number"],
        sqlite_where=open_ones,
        postgresql_where=open_ones,
    )
    acts = {"act": "act IN ('stop', 'resume')"}
    _make("agency_spend_switch", _number(), _text("act"), _text("at"), _text("who"), _text("reason"), checks=acts)


def _make_pool() -> None:
    _make(
        "agency_pool_events",
        _number(),
        _text("at"),
        _text("model"),
        _text("event"),
        _text("state"),
        _whole("memory_bytes", optional=True),
        _text("detail"),
    )
    op.create_index("ix_agency_pool_events_model", "agency_pool_events", ["model", "number"])


def _make_rollouts() -> None:
    _make(
        "agency_rollouts",
        _number(),
        _text("role"),
        _text("old"),
        _text("new"),
        sa.Column("limits", sa.LargeBinary, nullable=False),
        _text("state"),
        _text("at"),
    )
    op.create_index("ix_agency_rollouts_role", "agency_rollouts", ["role", "number"])
    under_way = sa.text("state IN ('shadow', 'share', 'all')")
    op.create_index(
        "ux_agency_rollouts_under_way",
        "agency_rollouts",
        ["role"],
        unique=True,
        sqlite_where=under_way,
        postgresql_where=under_way,
    )
    words = ("event", "state", "at", "who", "reason")
    _make("agency_rollout_states", _number(), _whole("rollout"), *map(_text, words), of_rollout=True)
    op.create_index("ix_agency_rollout_states_rollout", "agency_rollout_states", ["rollout", "number"])
    _make(
        "agency_rollout_pairs",
        _number(),
        _whole("rollout"),
        *map(_text, ("stage", "key", "at", "old_outcome", "new_outcome")),
        _whole("agreed", optional=True),
        _whole("old_us"),
        _whole("new_us"),
        of_rollout=True,
    )
    op.create_index("ix_agency_rollout_pairs_rollout", "agency_rollout_pairs", ["rollout", "stage", "number"])


def _make(
    name: str,
    *columns: sa.Column[object],
    unique: list[tuple[str, ...]] | None = None,
    checks: dict[str, str] | None = None,
    of_rollout: bool = False,
) -> None:
    """A table whose rows are numbered in the order in which they came."""
    constraints: list[sa.Constraint] = [sa.PrimaryKeyConstraint("number", name=f"pk_{name}")]
    constraints += [sa.UniqueConstraint(*one, name=f"uq_{name}_{'_'.join(one)}") for one in unique or []]
    constraints += [sa.CheckConstraint(rule, name=f"ck_{name}_{what}") for what, rule in (checks or {}).items()]
    if of_rollout:
        foreign = sa.ForeignKeyConstraint(["rollout"], ["agency_rollouts.number"], name=f"fk_{name}_agency_rollouts")
        constraints.append(foreign)
    op.create_table(name, *columns, *constraints)


def _number() -> sa.Column[object]:
    """SQLite keeps its rows by a column that is called INTEGER and no other name, and then needs no index for it."""
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column("number", kind, nullable=False, autoincrement=False)


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=False)


def _whole(name: str, *, optional: bool = False) -> sa.Column[object]:
    return sa.Column(name, sa.BigInteger, nullable=optional)


def _guard(table: str) -> None:
    if op.get_bind().dialect.name == "sqlite":
        for act in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{act.lower()} BEFORE {act} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} only grows'); END"
            )
        return
    for name, when, each in (("change", "UPDATE OR DELETE", "ROW"), ("truncate", "TRUNCATE", "STATEMENT")):
        op.execute(
            f"CREATE TRIGGER {table}_no_{name} BEFORE {when} ON {table} "
            f"FOR EACH {each} EXECUTE FUNCTION agency_only_grows()"
        )
