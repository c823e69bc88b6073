from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest

from agent_agency.errors import StoreError
from agent_agency.learning.experiments.store import ExperimentBook
from agent_agency.store.database import Database
from agent_agency.store.experiments import StoredExperiments

AT, LATER = "2026-01-31T08:00:00.000Z", "2026-02-01T08:00:00.000Z"


def _made(database: Database) -> None:
    with database.write() as connection:
        book: ExperimentBook = StoredExperiments(connection)
        assert book.create("first", b'{"a":1}', "running", AT)
        assert book.create("second", b'{"b":1}', "running", AT)


def test_a_name_is_taken_once(database: Database) -> None:
    _made(database)
    with database.write() as connection:
        book = StoredExperiments(connection)
        assert not book.create("first", b'{"other":1}', "running", LATER)
        assert book.load("first") == (b'{"a":1}', "running")
        assert book.load("third") is None
        assert book.names() == ["second", "first"]


def test_states_are_kept_with_their_moments(database: Database) -> None:
    _made(database)
    with database.write() as connection:
        book = StoredExperiments(connection)
        book.set_state("first", "running", LATER)
        book.set_state("first", "stopped_by_hand", LATER)
    with database.read() as connection:
        book = StoredExperiments(connection)
        assert book.load("first") == (b'{"a":1}', "stopped_by_hand")
        assert book.states("first") == [("running", AT), ("stopped_by_hand", LATER)]
        assert book.states("second") == [("running", AT)]


def test_a_unit_keeps_the_arm_that_it_was_given_first(database: Database) -> None:
    _made(database)
    with database.write() as connection:
        book = StoredExperiments(connection)
        book.assign("first", [("u2", "treatment", 0.5, AT), ("u1", "control", 0.5, AT)])
        book.assign("first", [("u1", "treatment", 0.9, LATER), ("u3", "control", 0.9, LATER)])
        book.assign("second", [("u1", "treatment", 0.1, AT)])
    with database.read() as connection:
        book = StoredExperiments(connection)
        assert book.assignments("first") == [
            ("u2", "treatment", 0.5, AT),
            ("u1", "control", 0.5, AT),
            ("u3", "control", 0.9, LATER),
        ]
        assert book.assignments("second") == [("u1", "treatment", 0.1, AT)]
        assert book.assignments("none") == []


def test_an_observation_is_there_once_and_may_be_corrected_in_its_place(database: Database) -> None:
    _made(database)
    with database.write() as connection:
        book = StoredExperiments(connection)
        book.record("first", [("u1", "control", "accuracy", 1.0, AT), ("u2", "treatment", "accuracy", 0.1 + 0.2, AT)])
        book.record("first", [("u1", "control", "accuracy", 0.0, LATER), ("u1", "control", "cost", 1e-300, LATER)])
    with database.read() as connection:
        assert StoredExperiments(connection).observations("first") == [
            ("u1", "control", "accuracy", 0.0, LATER),
            ("u2", "treatment", "accuracy", 0.1 + 0.2, AT),
            ("u1", "control", "cost", 1e-300, LATER),
        ]


def test_an_experiment_that_is_not_there_takes_nothing(database: Database) -> None:
    _made(database)
    with pytest.raises(StoreError) as caught, database.write() as connection:
        StoredExperiments(connection).assign("third", [("u1", "control", 0.5, AT)])
    assert caught.value.stable_code == "store.no_experiment"
    with pytest.raises(StoreError), database.write() as connection:
        StoredExperiments(connection).set_state("third", "running", AT)


def test_a_changed_definition_is_refused_and_a_new_one_is_taken(database: Database) -> None:
    _made(database)
    with database.write() as connection:
        StoredExperiments(connection).redefine("first", b'{"a":2}')
    with database.read() as connection:
        assert StoredExperiments(connection).load("first") == (b'{"a":2}', "running")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE agency_experiments SET digest = 'sha256:x' WHERE name = 'first'")
    with database.read() as connection, pytest.raises(StoreError) as caught:
        StoredExperiments(connection).load("first")
    assert caught.value.stable_code == "store.tampered"


def _assign_all(url: str, arm: str, start: str) -> None:
    while not Path(start).exists():
        pass
    for number in range(10):
        with Database.open(url).write() as connection:
            book = StoredExperiments(connection)
            book.assign("first", [(f"u{number}", arm, 0.5, AT)])
            book.record("first", [(f"u{number}", arm, "accuracy", 1.0, AT)])


def test_two_processes_count_no_unit_twice(database: Database, tmp_path: Path) -> None:
    _made(database)
    context, start = multiprocessing.get_context("forkserver"), tmp_path / "start"
    url = database.address.url
    workers = [context.Process(target=_assign_all, args=(url, arm, str(start))) for arm in ("control", "treatment") * 2]
    for worker in workers:
        worker.start()
    start.touch()
    for worker in workers:
        worker.join(60)
    assert [worker.exitcode for worker in workers] == [0] * 4
    with database.read() as connection:
        book = StoredExperiments(connection)
        assert sorted(unit for unit, *_ in book.assignments("first")) == sorted(f"u{number}" for number in range(10))
        assert len(book.observations("first")) == 20
