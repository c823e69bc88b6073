from __future__ import annotations

import threading

import pytest
from sqlalchemy.exc import SQLAlchemyError

from agent_agency.errors import AgencyError, EngineError, StoreError
from agent_agency.inference.pool.history import StoredHistory
from agent_agency.inference.pool.rollout_book import RolloutBook
from agent_agency.inference.pool.rollout_limits import RolloutLimits
from agent_agency.store import pool_events, rollouts
from agent_agency.store.database import Database
from agent_agency.store.pool_events import PoolEvent
from agent_agency.store.rollouts import Pair, RolloutStep, StoredRollout
from support.spending import SetClock

AT = "2026-01-31T08:00:00.000Z"


def _book(database: Database) -> RolloutBook:
    return RolloutBook(database, SetClock())


def _pair(number: int, stage: str = "shadow", *, agreed: bool = True) -> Pair:
    return Pair(stage, f"k{number}", AT, "ok", "ok", agreed, 1000, 1000)


def test_pairs_move_a_rollout_on_and_a_restart_goes_on_where_it_stood(database: Database) -> None:
    assert (_book(database).newest("primary"), _book(database).told()) == (None, ())
    begun = _book(database).begin("primary", "old", "new", RolloutLimits(), "ann", "quicker")
    stages = [_book(database).add_pair(begun.number, _pair(at)) for at in range(40)]
    assert set(stages) == {"shadow"}
    again = _book(Database.open(database.address.url))
    at = 40
    while (stage := again.add_pair(begun.number, _pair(at))) == "shadow":
        at += 1
    assert (stage, 50 <= at <= 60) == ("share", True)
    found = again.newest("primary")
    assert found is not None
    assert (found.stage, found.limits, found.old, found.new) == ("share", RolloutLimits(), "old", "new")
    (told,) = again.told()
    assert told.standing.pairs == 0
    assert [(one.event, one.state, one.who) for one in told.steps] == [
        ("begin", "shadow", "ann"),
        ("enough", "share", "agency"),
    ]


def test_pairs_of_a_stage_that_is_over_decide_nothing(database: Database) -> None:
    book = _book(database)
    number = book.begin("primary", "old", "new", RolloutLimits(least_pairs=1), "ann", "").number
    for at in range(100):
        stage = book.add_pair(number, _pair(at))
    assert stage == "share"
    for at in range(100):
        assert book.add_pair(number, _pair(at, agreed=False)) == "share"


def test_pairs_that_disagree_bring_the_role_back_for_good(database: Database) -> None:
    book = _book(database)
    number = book.begin("primary", "old", "new", RolloutLimits(), "ann", "").number
    for at in range(10):
        stage = book.add_pair(number, _pair(at, agreed=False))
    assert stage == "returned"
    assert book.add_pair(number, _pair(11)) == "returned"
    assert book.stage_of(number) == "returned"
    assert book.begin("primary", "old", "new", RolloutLimits(), "ann", "mended").number == number + 1


def test_one_role_has_one_rollout_at_a_time(database: Database) -> None:
    book = _book(database)
    book.begin("primary", "old", "new", RolloutLimits(), "ann", "")
    with pytest.raises(EngineError, match="on its way") as told:
        book.begin("primary", "old", "other", RolloutLimits(), "bob", "")
    assert told.value.stable_code == "engine.roll_refused"
    book.begin("fast", "old", "new", RolloutLimits(), "ann", "")
    another = StoredRollout(0, "primary", "old", "other", RolloutLimits().to_bytes(), "shadow", AT)
    with pytest.raises((AgencyError, SQLAlchemyError)), database.write() as connection:
        rollouts.begin(connection, another, RolloutStep("begin", "shadow", AT, "x", ""))


def test_a_person_takes_it_back_at_any_stage_and_finishes_only_the_last(database: Database) -> None:
    book = _book(database)
    with pytest.raises(EngineError, match="No engine is on its way"):
        book.act("primary", "back", "ann", "")
    book.begin("primary", "old", "new", RolloutLimits(), "ann", "")
    with pytest.raises(EngineError, match="at the stage shadow"):
        book.act("primary", "finish", "ann", "")
    assert book.act("primary", "back", "ann", "odd answers").stage == "returned"
    assert book.told()[0].steps[-1] == RolloutStep("back", "returned", AT, "ann", "odd answers")


def test_many_threads_with_pairs_take_every_step_once(database: Database) -> None:
    book = _book(database)
    number = book.begin("primary", "old", "new", RolloutLimits(), "ann", "").number

    def add(first: int) -> None:
        for at in range(first, first + 40):
            book.add_pair(number, _pair(at, book.stage_of(number)))

    threads = [threading.Thread(target=add, args=(first,)) for first in range(0, 160, 40)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    with database.read() as connection:
        steps = [one.state for one in rollouts.steps_of(connection, number)]
    assert steps == ["shadow", "share", "all"][: len(steps)]
    assert len(steps) >= 2


def test_history_and_pairs_are_never_changed(database: Database) -> None:
    book = _book(database)
    number = book.begin("primary", "old", "new", RolloutLimits(), "ann", "").number
    book.add_pair(number, _pair(1))
    StoredHistory(database).add([PoolEvent(AT, "a", "load", "loading")])
    for table in ("agency_rollout_pairs", "agency_rollout_states", "agency_pool_events"):
        for act in (f"DELETE FROM {table}", f"UPDATE {table} SET at = ''"):  # noqa: S608 - names of our own tables
            with pytest.raises((AgencyError, SQLAlchemyError)), database.write() as connection:
                connection.exec_driver_sql(act)


def test_a_rollout_that_was_changed_in_the_database_is_told(database: Database) -> None:
    book = _book(database)
    book.begin("primary", "old", "new", RolloutLimits(), "ann", "")
    with database.write() as connection:
        connection.exec_driver_sql("UPDATE agency_rollouts SET state = 'done'")
    with pytest.raises(StoreError, match="changed") as told:
        book.newest("primary")
    assert told.value.stable_code == "store.tampered"


def test_the_pools_events_survive_a_restart_and_say_how_much_memory_was_measured(database: Database) -> None:
    history = StoredHistory(database)
    assert history.measured("a", "wide") is None
    kept = [PoolEvent(AT, "a", "loaded", "warm", size, setup="wide", process="here:1:2") for size in (5, 9, 7)]
    history.add([*kept, PoolEvent(AT, "b", "load", "loading")])
    history.add([])
    again = StoredHistory(Database.open(database.address.url))
    assert [again.measured(*one) for one in (("a", "wide"), ("a", "narrow"), ("b", ""))] == [9, None, None]
    with database.read() as connection:
        assert pool_events.last_events(connection, 2, "a") == (kept[2], kept[1])
        assert pool_events.last_events(connection, 1)[0].model == "b"
