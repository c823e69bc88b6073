from __future__ import annotations

import itertools
import random
from pathlib import Path
from typing import Any

import pytest

from agent_agency.errors import AgencyError, EvaluationError, StoreError
from agent_agency.store import evaluations
from agent_agency.store.database import Database
from agent_agency.store.evaluation_record import Evaluation, recorded
from agent_agency.store.evaluations import Asked, Place
from support.evaluations import AT, digest, evaluation


def _add(database: Database, *several: Evaluation) -> int:
    with database.write() as connection:
        return evaluations.add(connection, [recorded(one) for one in several])


def _many(count: int, seed: int = 1) -> list[Evaluation]:
    chance = random.Random(seed)
    return [
        evaluation(
            at=f"2026-01-{chance.randint(1, 5):02}T08:00:0{chance.randint(0, 3)}.000Z",
            judge=judge,
            version=f"{judge} {chance.randint(1, 2)}",
            verdict=(verdict := chance.choice(["pass", "partial", "fail", "abstain"])),
            score=None if verdict == "abstain" else 0.5,
            subject=number,
        )
        for number in range(count)
        for judge in [chance.choice(["safety", "relevance"])]
    ]


def _order(one: Evaluation) -> tuple[str, str]:
    return one.at, recorded(one).id


@pytest.mark.parametrize(
    "asked",
    [
        Asked(judge=judge, version=version and digest(version), verdict=verdict, since=since)
        for judge, version, verdict, since in itertools.product(
            ["", "safety"], ["", "safety 1", "relevance 2"], ["", "fail"], ["", "2026-01-03T00:00:00.000Z"]
        )
    ],
)
def test_every_listing_shows_what_is_asked_for_newest_first_page_by_page(filled: Database, asked: Asked) -> None:
    wanted = [
        one
        for one in _many(120)
        if (not asked.judge or one.judge == asked.judge)
        and (not asked.version or one.version == asked.version)
        and (not asked.verdict or one.verdict == asked.verdict)
        and (not asked.since or one.at >= asked.since)
    ]
    found: list[Evaluation] = []
    after: Place | None = None
    with filled.read() as connection:
        while rows := evaluations.page(connection, asked, 7, after):
            found += [row.recorded.evaluation for row in rows]
            after = rows[-1].place
        exported = [row.recorded.evaluation for row in evaluations.by_time(connection, asked)]
    assert [one.at for one in found] == sorted((one.at for one in wanted), reverse=True)
    assert sorted(found, key=_order) == sorted(wanted, key=_order) == exported


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def filled(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Database:
    url = f"sqlite:///{tmp_path_factory.mktemp('store')}/store.db"
    if request.param == "postgres":
        url = str(request.getfixturevalue("new_postgres")())
    database = Database.open(url)
    _add(database, *_many(120))
    return database


def test_every_listing_of_sqlite_is_answered_from_an_index_in_its_order(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/store.db")
    _add(database, *_many(120))
    for judge, version, verdict, since in itertools.product(["", "safety"], ["", "safety 1"], ["", "fail"], ["", AT]):
        with database.read() as connection:
            seen: list[Any] = []
            asked = Asked(judge, version and digest(version), verdict, since)
            evaluations.page(_Watched(connection, seen), asked, 5, Place(AT, 3))  # type: ignore[arg-type]
            query, names = seen[-1]
            plan = " / ".join(str(row[3]) for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", names))
        whose = "version" if version else "judge" if judge else ""
        index = "_".join(part for part in (whose, verdict and "verdict") if part) or "at"
        assert f"USING INDEX ix_agency_evaluations_{index} (" in plan
        assert "B-TREE" not in plan


class _Watched:
    """A connection that notes the statements that it is given."""

    def __init__(self, connection: object, seen: list[object]) -> None:
        self._connection = connection
        self._seen = seen
        self.dialect = connection.dialect  # type: ignore[attr-defined]

    def exec_driver_sql(self, query: str, names: object) -> object:
        self._seen.append((query, names))
        return self._connection.exec_driver_sql(query, names)  # type: ignore[attr-defined]


def test_a_record_brought_in_twice_is_one(database: Database) -> None:
    one, other = evaluation(), evaluation(repeat=1)
    assert _add(database, one, one) == 1
    assert _add(database, one, other) == 1
    with database.read() as connection:
        assert len(evaluations.page(connection, Asked(), 10)) == 2


def test_a_record_is_found_by_the_beginning_of_its_id(database: Database) -> None:
    _add(database, *_many(30))
    wanted = recorded(_many(30)[7])
    with database.read() as connection:
        (found,) = evaluations.beginning(connection, wanted.id[:12])
        assert found.recorded == wanted
        assert len(evaluations.beginning(connection, "E-")) == 2
        assert evaluations.beginning(connection, "E-zz") == ()
        assert evaluations.versions_beginning(connection, digest("safety 1")[7:20]) == (digest("safety 1"),)


def test_the_evaluations_of_a_run_are_there_for_whoever_goes_on_with_it(database: Database) -> None:
    mine = [evaluation(run="r1", subject=number) for number in range(3)]
    _add(database, *mine, evaluation(run="r2"), evaluation())
    with database.read() as connection:
        assert [one.evaluation for one in evaluations.of_run(connection, "r1")] == mine


def test_a_version_belongs_to_one_judge(database: Database) -> None:
    _add(database, evaluation())
    with pytest.raises(EvaluationError) as caught:
        _add(database, evaluation(judge="relevance"))
    assert caught.value.stable_code == "evaluation.version_of_another"
    with pytest.raises(EvaluationError):
        _add(database, evaluation(version="new"), evaluation(version="new", judge="relevance"))


@pytest.mark.parametrize("column", ["line = CAST('{}' AS BLOB)", "verdict = 'fail'", "subject = 'x'", "judge = 'x'"])
def test_a_changed_row_is_refused(database: Database, column: str) -> None:
    _add(database, evaluation())
    with database.write() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER agency_evaluations_no_update")
        else:
            connection.exec_driver_sql("ALTER TABLE agency_evaluations DISABLE TRIGGER USER")
            column = column.replace("CAST('{}' AS BLOB)", "'{}'::bytea")
        connection.exec_driver_sql(f"UPDATE agency_evaluations SET {column}")  # noqa: S608 - a constant
    with database.read() as connection, pytest.raises(StoreError) as caught:
        evaluations.page(connection, Asked(), 1)
    assert caught.value.stable_code == "store.tampered"


@pytest.mark.parametrize(
    ("members", "named"),
    [
        ({"verdict": "abstain"}, "score"),
        ({"abstained_because": "timeout"}, "abstained_because"),
        ({"verdict": "maybe"}, "verdict"),
        ({"score": 1.5}, "score"),
        ({"score": True}, "score"),
        ({"confidence": -0.1}, "confidence"),
        ({"score": float("nan")}, "nan is not"),
        ({"at": "2026-01-31T08:00:00Z"}, "at"),
        ({"at": "2026-02-30T08:00:00.000Z"}, "at"),
        ({"judge": ""}, "judge"),
        ({"judge": "a\x00b"}, "judge"),
        ({"engine": "a\nb"}, "engine"),
        ({"latency_s": -1.0}, "latency_s"),
        ({"latency_s": float("inf")}, "inf is not"),
        ({"prompt_tokens": -1}, "prompt"),
        ({"repeat": 1.5}, "repeat"),
        ({"prompt": "sha256:x"}, "prompt"),
        ({"reasoning": "\ud800"}, "UTF-8"),
    ],
)
def test_what_is_no_evaluation_is_not_recorded(members: dict[str, object], named: str) -> None:
    with pytest.raises(AgencyError, match=named) as caught:
        recorded(evaluation(**members))
    assert caught.value.exit_code == 2
