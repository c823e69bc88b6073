"""Due dates are evaluated once, by whoever comes first, and no clock that is set back undoes it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from agent_agency.arbitration.cases.model import CaseState, Matter
from agent_agency.ledger.journal import Ledger
from agent_agency.workflows.case_dates import tick
from agent_agency.workflows.cases import all_cases, append_noted, note_ruling
from support.cases import DAY, LIMITS, START, note, unknown, violated
from support.ledgers import make_ledger


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "g").mkdir()
    return tmp_path / "g" / "agency"


def opened(ledger: Ledger, count: int, *, conditional: bool = False) -> None:
    for number in range(count):
        matter = Matter.of_change("SPEC-1", branch=f"b{number}", head="c" * 40)
        ruling = note(f"R-{number}", [unknown("x.y") if conditional else violated("scope.boundary")], matter=matter)
        append_noted(ledger, lambda ruling=ruling: note_ruling(ledger, ruling, LIMITS, START))  # type: ignore[misc]


def lapses(ledger: Ledger) -> int:
    return sum(entry.kind == "case_lapsed" for entry in ledger.entries())


def test_what_is_due_lapses_and_told_again_nothing_is_written(folder: Path) -> None:
    ledger = make_ledger(folder)
    opened(ledger, 3)
    assert tick(ledger, START + 29 * DAY) == ()
    assert [record.state for record in tick(ledger, START + 30 * DAY)] == [CaseState.LAPSED] * 3
    assert tick(ledger, START + 31 * DAY) == ()
    assert lapses(make_ledger(folder)) == 3


def test_a_condition_that_is_overdue_ends_a_conditional_case(folder: Path) -> None:
    ledger = make_ledger(folder)
    opened(ledger, 1, conditional=True)
    assert tick(ledger, START + 13 * DAY) == ()
    (record,) = tick(ledger, START + 14 * DAY)
    assert record.history[-1].details["overdue"] == ["x.y"]


def test_a_clock_set_back_reopens_nothing(folder: Path) -> None:
    ledger = make_ledger(folder)
    opened(ledger, 2)
    tick(ledger, START + 30 * DAY)
    assert tick(ledger, START - 300 * DAY) == ()
    assert all(case.record and case.record.state is CaseState.LAPSED for case in all_cases(ledger))


def test_two_ticks_at_once_write_one_lapse_for_each_case(folder: Path) -> None:
    opened(make_ledger(folder), 20)
    ledgers = [make_ledger(folder) for _ in range(4)]
    told: list[int] = []
    threads = [
        threading.Thread(target=lambda one=one: told.append(len(tick(one, START + 40 * DAY)))) for one in ledgers
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert lapses(make_ledger(folder)) == 20
    assert sum(told) == 20
