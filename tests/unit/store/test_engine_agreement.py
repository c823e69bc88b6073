from __future__ import annotations

from agent_agency.store import engine_agreement, evaluations, labels, model_runs
from agent_agency.store.database import Database
from agent_agency.store.evaluation_record import recorded
from agent_agency.store.model_runs import CallTotals, EngineTotals, ModelRun
from support.evaluations import digest, evaluation, label

AT, LATER = "2026-01-31T08:00:00.000Z", "2026-02-01T08:00:00.000Z"


def test_agreement_is_counted_by_version_and_subject_and_an_abstention_is_no_agreement(database: Database) -> None:
    made = [
        evaluation(subject="a", engine="quick"),
        evaluation(subject="a", engine="quick", repeat=1, verdict="fail"),
        evaluation(subject="b", engine="quick", verdict="abstain", score=None, confidence=None),
        evaluation(subject="unlabelled", engine="quick"),
        evaluation(subject="a", engine="slow", version="v2", prompt=digest("another"), verdict="fail"),
        evaluation(subject="said by a model", engine="slow", version="v2", prompt=digest("another")),
        evaluation(subject="a", judge="other", version="v3"),
    ]
    given = [
        label(subject="a"),
        label(subject="b"),
        label(subject="said by a model", source="model", who="a model"),
        label(subject="a", judge="other"),
    ]
    with database.write() as connection:
        evaluations.add(connection, [recorded(one) for one in made])
        labels.add(connection, [labels.recorded_label(one) for one in given])
    with database.read() as connection:
        found = {one.engine: one for one in engine_agreement.measured_versions(connection, "safety", AT)}
        assert engine_agreement.measured_versions(connection, "safety", LATER) == ()
    assert set(found) == {"quick", "slow"}
    assert found["quick"].right == {digest("a"): (1, 2), digest("b"): (0, 1)}
    assert (found["slow"].right, found["slow"].prompt) == ({digest("a"): (0, 1)}, digest("another"))
    assert found["quick"].model_digest == digest("a model")


def test_calls_are_summed_by_engine_and_the_newest_are_told_with_their_ends(database: Database) -> None:
    calls = [
        ModelRun("r", AT, "a", "ok", 10, 2, None, 0.25, False, {}),
        ModelRun("r", AT, "a", "ok", 10, 2, None, 0.0, True, {}),
        ModelRun("s", LATER, "a", "engine.timeout", None, None, None, 9.0, False, {}),
        ModelRun("s", LATER, "b", "ok", 1, 1, 1, 0.5, False, {}),
    ]
    with database.write() as connection:
        model_runs.add_calls(connection, calls)
    with database.read() as connection:
        january = model_runs.totals_by_engine(connection, "2026-01-01T", "2026-02-01T")
        assert january == (EngineTotals("a", CallTotals(2, 0, 1, 10, 2, 0, 0.25)),)
        assert [one.engine for one in model_runs.totals_by_engine(connection, "2026-01-01T", "2027-01-01T")] == [
            "a",
            "b",
        ]
        assert model_runs.last_waits(connection, "a", AT, 10) == (("engine.timeout", 9.0), ("ok", 0.25))
        assert model_runs.last_waits(connection, "a", LATER, 10) == (("engine.timeout", 9.0),)
        assert model_runs.last_waits(connection, "a", AT, 1) == (("engine.timeout", 9.0),)
