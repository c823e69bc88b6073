from __future__ import annotations

import multiprocessing
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_agency.errors import PromptError, StoreError
from agent_agency.store import prompts
from agent_agency.store.database import Database
from agent_agency.store.prompts import Activation, By

AT = "2026-01-31T08:00:00.000Z"
SHIPPED = "sha256:shipped"
BY = By("ada", "it is better", AT)


def _register(database: Database, judge: str, *instructions: str) -> list[int]:
    with database.write() as connection:
        return [
            prompts.register(connection, judge, {"instructions": one}, at=AT, note="a note").version
            for one in instructions
        ]


def _active(database: Database, judge: str) -> int:
    with database.read() as connection:
        return prompts.active_version(connection, judge)


def _activate(database: Database, judge: str, version: int) -> Activation:
    with database.write() as connection:
        return prompts.activate(connection, judge, version, BY, shipped=SHIPPED)


def _rollback(database: Database, judge: str, expected: int | None = None) -> Activation:
    with database.write() as connection:
        return prompts.rollback(connection, judge, BY, shipped=SHIPPED, expected=expected)


def test_versions_are_numbered_for_each_judge_and_the_same_artefact_keeps_its_number(database: Database) -> None:
    assert _register(database, "safety", "a", "b", "a") == [1, 2, 1]
    assert _register(database, "relevance", "a") == [1]
    with database.read() as connection:
        assert prompts.judges_with_versions(connection) == ("relevance", "safety")
        found = prompts.versions_of(connection, "safety")
        assert [(one.version, one.at, one.note) for one in found] == [(1, AT, "a note"), (2, AT, "a note")]
        assert prompts.read_artefact(connection, "safety", 2) == {"instructions": "b"}


def test_what_was_rolled_back_leaves_no_gap_in_the_numbers(database: Database) -> None:
    def lost() -> None:
        with database.write() as connection:
            prompts.register(connection, "safety", {"instructions": "lost"}, at=AT)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        lost()
    assert _register(database, "safety", "a") == [1]


def test_a_changed_artefact_is_refused(database: Database) -> None:
    _register(database, "safety", "a")
    with database.write() as connection:
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER agency_prompt_versions_no_update")
        else:
            connection.exec_driver_sql("ALTER TABLE agency_prompt_versions DISABLE TRIGGER USER")
        changed = '{b}\'{{"instructions":"z"}}\'{e}'
        spelt = (
            changed.format(b="CAST(", e=" AS BLOB)")
            if connection.dialect.name == "sqlite"
            else changed.format(b="", e="::bytea")
        )
        connection.exec_driver_sql(f"UPDATE agency_prompt_versions SET artefact = {spelt}")  # noqa: S608 - a constant
    with database.read() as connection, pytest.raises(StoreError) as caught:
        prompts.read_artefact(connection, "safety", 1)
    assert caught.value.stable_code == "store.tampered"
    with pytest.raises(StoreError, match="not the one that was registered"):
        _activate(database, "safety", 1)


@pytest.mark.parametrize("table", ["agency_prompt_versions", "agency_activations"])
def test_history_is_not_changed_by_mistake(database: Database, table: str) -> None:
    _register(database, "safety", "a")
    _activate(database, "safety", 1)
    with pytest.raises(StoreError, match="only grows"), database.write() as connection:
        connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - a constant
    assert _active(database, "safety") == 1


def test_nothing_is_active_by_itself_and_rolling_back_walks_back(database: Database) -> None:
    _register(database, "safety", "a", "b", "c")
    assert _active(database, "safety") == 0
    for version in (1, 3, 3, 2):
        done = _activate(database, "safety", version)
        assert (done.version, done.act, done.who, done.reason, done.at) == (version, "activate", "ada", BY.reason, AT)
    assert _active(database, "safety") == 2
    assert [_rollback(database, "safety").version for _ in range(3)] == [3, 1, 0]
    with pytest.raises(PromptError, match="No other version") as caught:
        _rollback(database, "safety")
    assert caught.value.stable_code == "prompt.nothing_before"
    with database.read() as connection:
        acts = prompts.history(connection, "safety")
    assert [(one.act, one.version) for one in acts] == [
        *[("activate", version) for version in (1, 3, 3, 2)],
        *[("rollback", version) for version in (3, 1, 0)],
    ]
    assert acts[-1].digest == SHIPPED
    assert _active(database, "relevance") == 0


def test_the_shipped_version_can_be_activated_and_rolled_back_from(database: Database) -> None:
    _register(database, "safety", "a")
    _activate(database, "safety", 1)
    assert _activate(database, "safety", 0).digest == SHIPPED
    assert _active(database, "safety") == 0
    assert _rollback(database, "safety").version == 1


def test_of_two_who_roll_the_same_version_back_the_second_is_refused(database: Database) -> None:
    _register(database, "safety", "a", "b")
    _activate(database, "safety", 1)
    _activate(database, "safety", 2)
    assert _rollback(database, "safety", expected=2).version == 1
    with pytest.raises(PromptError) as caught:
        _rollback(database, "safety", expected=2)
    assert caught.value.stable_code == "prompt.moved"
    assert _active(database, "safety") == 1


@pytest.mark.parametrize("version", [1, -1, 10**9])
def test_a_version_that_nobody_registered_is_not_activated(database: Database, version: int) -> None:
    with pytest.raises(PromptError) as caught:
        _activate(database, "safety", version)
    assert caught.value.stable_code == "prompt.unknown_version"
    assert _active(database, "safety") == 0


@pytest.mark.parametrize("artefact", [{"a": float("nan")}, {"a": 2**60}, {"a": object()}, {"a": "\ud800"}])
def test_an_artefact_that_is_no_json_is_refused(tmp_path: Path, artefact: dict[str, object]) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/store.db")
    with pytest.raises(PromptError) as caught, database.write() as connection:
        prompts.register(connection, "safety", artefact, at=AT)
    assert caught.value.stable_code == "prompt.not_json"


@given(st.lists(st.one_of(st.none(), st.integers(0, 3)), max_size=30))
def test_a_rollback_always_leads_to_another_version(steps: list[int | None]) -> None:
    acts: list[Activation] = []
    for step in steps:
        before = prompts.walked(acts)
        if step is None and len(before) > 1:
            acts.append(Activation("safety", before[-2], "", "rollback", AT, "", ""))
            assert prompts.walked(acts)[-1] == before[-2] != before[-1]
        elif step is not None:
            acts.append(Activation("safety", step, "", "activate", AT, "", ""))
            assert prompts.walked(acts)[-1] == step


def _register_many(url: str, worker: int, start: str) -> None:
    while not Path(start).exists():
        pass
    database = Database.open(url)
    for number in range(5):
        with database.write() as connection:
            prompts.register(connection, "safety", {"worker": worker, "number": number}, at=AT)
            prompts.activate(connection, "safety", worker % 2, By(f"worker {worker}", "", AT), shipped=SHIPPED)


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_four_processes_at_once_leave_no_gap_and_every_act(
    kind: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/store.db" if kind == "sqlite" else str(request.getfixturevalue("postgres_url"))
    context, start = multiprocessing.get_context("forkserver"), tmp_path / "start"
    workers = [context.Process(target=_register_many, args=(url, number, str(start))) for number in range(4)]
    for worker in workers:
        worker.start()
    start.touch()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    with Database.open(url).read() as connection:
        found = prompts.versions_of(connection, "safety")
        acts = prompts.history(connection, "safety")
        assert prompts.active_version(connection, "safety") == acts[-1].version
    assert [one.version for one in found] == list(range(1, 21))
    assert len({one.digest for one in found}) == 20
    assert sorted(one.who for one in acts) == sorted(f"worker {number}" for number in range(4) for _ in range(5))


def test_the_artefact_lies_there_as_json_and_nothing_else(tmp_path: Path) -> None:
    _register(Database.open(f"sqlite:///{tmp_path}/store.db"), "safety", "a")
    with sqlite3.connect(tmp_path / "store.db") as connection:
        assert connection.execute("SELECT artefact FROM agency_prompt_versions").fetchone() == (
            b'{"instructions":"a"}',
        )
    connection.close()
