from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from agent_agency.errors import AgencyError, AllowanceUsedUpError
from agent_agency.inference.protocol import Usage
from agent_agency.inference.spend.book import Bound, Price
from agent_agency.store import spending
from agent_agency.store.database import Database
from agent_agency.store.spending import Spent, Switched
from support import spending as program
from support.spending import PRICE, SetClock, a_book

AT = "2026-01-31T08:00:00.000Z"


def _month(database: Database, month: str = "2026-01") -> Spent:
    with database.read() as connection:
        return spending.spent_in_month(connection, month, "EUR")


def test_a_call_is_counted_at_its_most_until_it_is_settled_at_what_it_was(database: Database) -> None:
    book = a_book(database)
    one = book.reserve("big", PRICE, Bound(100, 50, 30.0))
    assert _month(database) == Spent(reserved=200, settled=0, open=1, calls=1)
    assert book.settle(one, Usage(40, 5)) == 50
    assert _month(database) == Spent(reserved=0, settled=50, open=0, calls=1)


def test_a_call_whose_tokens_are_not_known_is_settled_at_its_reservation(database: Database) -> None:
    book = a_book(database)
    for usage in (None, Usage(None, 5), Usage(5, None)):
        assert book.settle(book.reserve("big", PRICE, Bound(100, 50, 30.0)), usage) == 200
    assert _month(database) == Spent(0, 600, 0, 3)


def test_more_tokens_than_were_reserved_are_counted_as_they_were(database: Database) -> None:
    book = a_book(database, month=1000)
    assert book.settle(book.reserve("big", PRICE, Bound(10, 0, 30.0)), Usage(900, 40)) == 980
    with pytest.raises(AllowanceUsedUpError):
        book.reserve("big", PRICE, Bound(21, 0, 30.0))


def test_the_cap_of_a_task_is_its_own_and_that_of_the_month_is_everybodys(database: Database) -> None:
    one, other = (a_book(database, month=250, task=200, of=name) for name in ("a", "b"))
    one.reserve("big", PRICE, Bound(200, 0, 30.0))
    with pytest.raises(AllowanceUsedUpError, match=r"0\.00 EUR are left of the 0\.0002 EUR for the task a") as told:
        one.reserve("big", PRICE, Bound(1, 0, 30.0))
    assert (told.value.stable_code, told.value.exit_code) == ("spend.task_used_up", 3)
    other.reserve("big", PRICE, Bound(50, 0, 30.0))
    with pytest.raises(AllowanceUsedUpError) as told:
        other.reserve("big", PRICE, Bound(1, 0, 30.0))
    assert told.value.stable_code == "spend.month_used_up"
    assert _month(database).counted == 250


def test_a_server_that_costs_nothing_may_be_asked_when_a_cap_is_used_up(database: Database) -> None:
    for month in (0, 50):
        book = a_book(database, month=month, task=month, of=f"up to {month}")
        book.settle(book.reserve("free", Price(0, 0, "EUR"), Bound(100, 100, 30.0)), Usage(50, 5))
        with pytest.raises(AllowanceUsedUpError):
            book.reserve("big", PRICE, Bound(51, 0, 30.0))
    one = a_book(database, month=100, of="used up")
    one.settle(one.reserve("big", PRICE, Bound(100, 0, 30.0)), Usage(200, 0))
    one.reserve("free", Price(0, 0, "EUR"), Bound(100, 100, 30.0))


def test_a_new_month_has_its_whole_cap_and_an_old_task_has_not(database: Database) -> None:
    clock = SetClock()
    book = a_book(database, month=100, task=150, clock=clock)
    book.reserve("big", PRICE, Bound(100, 0, 30.0))
    clock.move(24 * 3600)
    with pytest.raises(AllowanceUsedUpError, match="task"):
        book.reserve("big", PRICE, Bound(100, 0, 30.0))
    book.reserve("big", PRICE, Bound(50, 0, 30.0))
    assert _month(database, "2026-02").counted == 50


def test_the_switch_stops_every_task_at_once_until_somebody_lets_them_go_on(database: Database) -> None:
    book = a_book(database)
    book.refuse_stopped()
    with database.write() as connection:
        spending.switch(connection, Switched("stop", AT, "ann", "an odd bill"))
    for refused in (book.refuse_stopped, lambda: book.reserve("big", PRICE, Bound(1, 1, 1.0))):
        with pytest.raises(AllowanceUsedUpError, match=r"stopped by ann at .*: an odd bill") as told:
            refused()
        assert (told.value.stable_code, told.value.exit_code) == ("spend.stopped", 3)
    assert _month(database).calls == 0
    with database.write() as connection:
        spending.switch(connection, Switched("resume", AT, "ann", ""))
    book.reserve("big", PRICE, Bound(1, 1, 1.0))


def test_a_reservation_of_a_process_that_died_stays_counted_until_a_person_releases_it(database: Database) -> None:
    book = a_book(database, month=200)
    lost = book.reserve("big", PRICE, Bound(200, 0, 30.0))
    with pytest.raises(AllowanceUsedUpError):
        a_book(database, month=200, of="later").reserve("big", PRICE, Bound(1, 0, 30.0))
    with database.read() as connection:
        assert [(one.reservation, one.state) for one in spending.open_calls(connection)] == [(lost, "reserved")]
    with database.write() as connection:
        assert spending.release(connection, lost.id, AT, "ann", "the machine went down")
        assert not spending.release(connection, lost.id, AT, "ann", "again")
    book.reserve("big", PRICE, Bound(200, 0, 30.0))


def test_what_was_released_stays_released_when_the_call_ends_after_all(database: Database) -> None:
    book = a_book(database)
    one = book.reserve("big", PRICE, Bound(200, 0, 30.0))
    with database.write() as connection:
        spending.release(connection, one.id, AT, "ann", "")
    book.settle(one, Usage(100, 0))
    assert _month(database) == Spent(0, 0, 0, 1)


def test_the_tasks_of_a_month_come_dearest_first(database: Database) -> None:
    for name, tokens in (("a", 5), ("b", 50), ("c", 5)):
        a_book(database, of=name).reserve("big", PRICE, Bound(tokens, 0, 30.0))
    with database.read() as connection:
        found = spending.tasks_of_month(connection, "2026-01", "EUR", 2)
        assert [(one.task, one.spent.counted) for one in found] == [("b", 50), ("a", 5)]
        assert spending.spent_in_month(connection, "2026-01", "USD") == Spent(0, 0, 0, 0)


def test_the_database_itself_takes_no_reservation_that_cannot_be(database: Database) -> None:
    book = a_book(database)
    book.reserve("big", PRICE, Bound(1, 0, 30.0))
    for wrong in (
        "UPDATE agency_spend_calls SET state = 'settled'",
        "UPDATE agency_spend_calls SET settled = 0",
        "UPDATE agency_spend_calls SET reserved = -1",
        "UPDATE agency_spend_calls SET state = 'gone'",
    ):
        with pytest.raises((AgencyError, IntegrityError)), database.write() as connection:
            connection.exec_driver_sql(wrong)


def test_two_processes_at_once_never_pass_the_cap(database: Database, tmp_path: Path) -> None:
    del tmp_path
    url = database.address.url
    with database.write() as connection:
        spending.switch(connection, Switched("resume", AT, "ann", ""))
    command = [sys.executable, program.__file__, url, "605"]
    started = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    done = [int(one.communicate("go\n", timeout=60)[0]) for one in started]
    assert [one.returncode for one in started] == [0, 0]
    assert sum(done) == 60
    assert _month(database).counted == 600
