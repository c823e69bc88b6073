"""What judges are measured and improved by: evaluations, labels, prompt versions, experiments, calls, sealed uses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEPT = (
    "agency_evaluations",
    "agency_labels",
    "agency_prompt_versions",
    "agency_activations",
    "agency_experiment_states",
    "agency_assignments",
    "agency_model_runs",
    "agency_sealed_uses",
)
"""Tables whose rows are never changed; those of sums, of labels in force and of experiments are."""


def upgrade() -> None:
    """Make the tables and the triggers that keep mistakes from changing what only grows."""
    _make_evaluations()
    _make_labels()
    _make_prompts()
    _make_experiments()
    _make_calls()
    for table in _KEPT:
        _guard(table)


def _make_evaluations() -> None:
    _make(
        "agency_judge_versions",
        _number(),
        _text("version"),
        _text("judge"),
        unique=[("version",)],
    )
    op.create_index("ix_agency_judge_versions_judge", "agency_judge_versions", ["judge", "number"])
    _make(
        "agency_evaluations",
        _number(),
        _text("id"),
        _text("at"),
        _text("judge"),
        sa.Column("version", sa.BigInteger, nullable=False),
        _text("verdict"),
        _text("subject"),
        sa.Column("run", sa.Text, nullable=True),
        sa.Column("line", sa.LargeBinary, nullable=False),
        unique=[("id",)],
    )
    of_a_run = sa.text("run IS NOT NULL")
    op.create_index(
        "ix_agency_evaluations_run",
        "agency_evaluations",
        ["run", "number"],
        sqlite_where=of_a_run,
        postgresql_where=of_a_run,
    )
    for name, columns in {
        "at": [],
        "judge": ["judge"],
        "version": ["version"],
        "verdict": ["verdict"],
        "judge_verdict": ["judge", "verdict"],
        "version_verdict": ["version", "verdict"],
    }.items():
        op.create_index(f"ix_agency_evaluations_{name}", "agency_evaluations", [*columns, "at", "number"])
    op.create_index("ix_agency_evaluations_subject", "agency_evaluations", ["subject", "judge"])
    _make_sums()


def _make_sums() -> None:
    """Counts by day, kept up with every write: counting a million rows takes longer than a listing may."""
    day = (sa.Column("version", sa.BigInteger, nullable=False), _text("day"), _text("verdict"))
    sums = ("evaluations", "scored", "score_millionths", "prompt_tokens", "completion_tokens", "cached_tokens")
    op.create_table(
        "agency_evaluation_days",
        *day,
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in (*sums, "latency_us", "cache_hits")),
        sa.PrimaryKeyConstraint("version", "day", "verdict", name="pk_agency_evaluation_days"),
    )
    op.create_table(
        "agency_agreement_days",
        *(sa.Column(column.name, column.type, nullable=False) for column in day),
        _text("gold"),
        sa.Column("evaluations", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("version", "day", "verdict", "gold", name="pk_agency_agreement_days"),
    )


def _make_labels() -> None:
    _make(
        "agency_labels",
        _number(),
        _text("id"),
        _text("at"),
        _text("judge"),
        _text("subject"),
        _text("source"),
        sa.Column("line", sa.LargeBinary, nullable=False),
        unique=[("id",)],
    )
    op.create_index("ix_agency_labels_at", "agency_labels", ["at", "number"])
    op.create_index("ix_agency_labels_judge", "agency_labels", ["judge", "at", "number"])
    op.create_index("ix_agency_labels_source", "agency_labels", ["source", "at", "number"])
    op.create_index("ix_agency_labels_judge_source", "agency_labels", ["judge", "source", "at", "number"])
    op.create_index("ix_agency_labels_subject", "agency_labels", ["subject", "judge"])
    op.create_table(
        "agency_gold",
        _text("subject"),
        _text("judge"),
        _text("verdict"),
        sa.Column("rank", sa.BigInteger, nullable=False),
        _text("at"),
        _text("label"),
        sa.PrimaryKeyConstraint("subject", "judge", name="pk_agency_gold"),
    )
    op.create_table(
        "agency_label_counts",
        _text("judge"),
        _text("source"),
        _text("verdict"),
        sa.Column("labels", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("judge", "source", "verdict", name="pk_agency_label_counts"),
    )


def _make_prompts() -> None:
    op.create_table(
        "agency_prompt_versions",
        _text("judge"),
        sa.Column("version", sa.BigInteger, nullable=False),
        _text("digest"),
        sa.Column("artefact", sa.LargeBinary, nullable=False),
        _text("at"),
        _text("note"),
        sa.PrimaryKeyConstraint("judge", "version", name="pk_agency_prompt_versions"),
        sa.UniqueConstraint("judge", "digest", name="uq_agency_prompt_versions_judge_digest"),
        sa.CheckConstraint("version > 0", name="ck_agency_prompt_versions_version"),
    )
    _make(
        "agency_activations",
        _number(),
        _text("judge"),
        sa.Column("version", sa.BigInteger, nullable=False),
        _text("digest"),
        _text("act"),
        _text("at"),
        _text("who"),
        _text("reason"),
    )
    op.create_index("ix_agency_activations_judge", "agency_activations", ["judge", "number"])


def _make_experiments() -> None:
    _make(
        "agency_experiments",
        _number(),
        _text("name"),
        sa.Column("definition", sa.LargeBinary, nullable=False),
        _text("digest"),
        _text("state"),
        _text("at"),
        unique=[("name",)],
    )
    _make("agency_experiment_states", _number(), _experiment(), _text("state"), _text("at"), of_experiment=True)
    op.create_index("ix_agency_experiment_states_experiment", "agency_experiment_states", ["experiment", "number"])
    unit = (_text("unit"), _text("arm"))
    share = sa.Column("share", sa.Double, nullable=False)
    _make("agency_assignments", _number(), _experiment(), *unit, share, _text("at"), of_experiment=True)
    op.create_index("ux_agency_assignments_unit", "agency_assignments", ["experiment", "unit"], unique=True)
    op.create_index("ix_agency_assignments_experiment", "agency_assignments", ["experiment", "number"])
    seen = (_experiment(), _text("unit"), _text("arm"), _text("metric"))
    value = sa.Column("value", sa.Double, nullable=False)
    _make("agency_observations", _number(), *seen, value, _text("at"), of_experiment=True)
    once = ["experiment", "unit", "arm", "metric"]
    op.create_index("ux_agency_observations_once", "agency_observations", once, unique=True)
    op.create_index("ix_agency_observations_experiment", "agency_observations", ["experiment", "number"])


def _make_calls() -> None:
    _make(
        "agency_model_runs",
        _number(),
        _text("run"),
        _text("at"),
        _text("engine"),
        _text("outcome"),
        sa.Column("prompt_tokens", sa.BigInteger, nullable=True),
        sa.Column("completion_tokens", sa.BigInteger, nullable=True),
        sa.Column("cached_tokens", sa.BigInteger, nullable=True),
        sa.Column("latency_us", sa.BigInteger, nullable=False),
        sa.Column("cache_hit", sa.BigInteger, nullable=False),
        sa.Column("line", sa.LargeBinary, nullable=False),
    )
    op.create_index("ix_agency_model_runs_run", "agency_model_runs", ["run", "number"])
    op.create_index("ix_agency_model_runs_at", "agency_model_runs", ["at", "number"])
    _make(
        "agency_sealed_uses",
        _number(),
        _text("dataset"),
        _text("judge"),
        _text("at"),
        _text("who"),
        _text("purpose"),
    )
    op.create_index("ix_agency_sealed_uses_dataset", "agency_sealed_uses", ["dataset", "judge", "number"])


def _make(
    name: str, *columns: sa.Column[object], unique: list[tuple[str, ...]] | None = None, of_experiment: bool = False
) -> None:
    """A table whose rows are numbered in the order in which they came."""
    constraints: list[sa.Constraint] = [sa.PrimaryKeyConstraint("number", name=f"pk_{name}")]
    constraints += [sa.UniqueConstraint(*one, name=f"uq_{name}_{'_'.join(one)}") for one in unique or []]
    if of_experiment:
        foreign = sa.ForeignKeyConstraint(
            ["experiment"], ["agency_experiments.number"], name=f"fk_{name}_agency_experiments"
        )
        constraints.append(foreign)
    op.create_table(name, *columns, *constraints)


def _number() -> sa.Column[object]:
    """SQLite keeps its rows by a column that is called INTEGER and no other name, and then needs no index for it."""
    kind = sa.BigInteger().with_variant(sa.Integer, "sqlite")
    return sa.Column("number", kind, nullable=False, autoincrement=False)


def _text(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.Text, nullable=False)


def _experiment() -> sa.Column[object]:
    return sa.Column("experiment", sa.BigInteger, nullable=False)


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
