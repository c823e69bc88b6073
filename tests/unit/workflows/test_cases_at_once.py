"""Many cases and many processes at once, on SQLite and Postgres: no update is lost, no matter has two open cases."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from agent_agency.arbitration.cases.model import Matter
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.workflows.case_dates import tick
from agent_agency.workflows.cases import all_cases, newest_case, note_ruling
from support.cases import LIMITS, START, note, unknown, violated
from support.ledgers import make_ledger

TESTS = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


def start(folder: Path, url: str | None, name: str, numbers: tuple[int, int, int]) -> subprocess.Popen[str]:
    program = [sys.executable, str(TESTS / "support" / "case_worker.py"), str(folder), url or "-", name]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen([*program, *map(str, numbers)], env=environment, text=True, **pipes)  # type: ignore[call-overload,no-any-return]


def at_once(folder: Path, url: str | None, processes: int, numbers: tuple[int, int, int]) -> set[str]:
    """Run them together; answer the rulings that were acknowledged."""
    running = [start(folder, url, f"P{number}", numbers) for number in range(processes)]
    told: list[str] = []
    for process in running:
        out, errors = process.communicate(timeout=500)
        assert (process.returncode, errors) == (0, "")
        told += out.split()
    assert len(told) == len(set(told))
    return set(told)


def holds(ledger: Ledger, told: set[str]) -> None:
    """Every ruling stands; each matter has at most one open case; each case knows its rulings, in their order."""
    entries = list(ledger.entries())
    assert {entry.body["ruling_id"] for entry in entries if entry.kind == "ruling"} == told
    records = [case.record for case in all_cases(ledger) if case.record]
    open_now = Counter(record.matter.key for record in records if not record.state.ended)
    assert max(open_now.values()) == 1
    noted = Counter(ruling for record in records for ruling in record.rulings)
    assert max(noted.values()) == 1
    without_case = [name.split("-")[1] for name in told - set(noted)]
    assert all(turn.isdigit() and int(turn) % 3 == 2 for turn in without_case), "only approvals have no case"
    for matter in {record.matter for record in records}:
        ordinals = [record.ordinal for record in records if record.matter == matter]
        assert ordinals == list(range(1, len(ordinals) + 1))
        assert newest_case(ledger, matter).next_ordinal == len(ordinals) + 1


def test_processes_that_rule_on_the_same_matters_lose_nothing(tmp_path: Path, url: str | None) -> None:
    told = at_once(tmp_path / "agency", url, 4, (4, 2, 6))
    assert len(told) == 4 * (4 + 2 * 6)
    holds(make_ledger(tmp_path / "agency", url=url), told)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_1000_cases_opened_by_eight_processes_are_all_open(tmp_path: Path, url: str | None) -> None:
    told = at_once(tmp_path / "agency", url, 8, (125, 3, 4))
    ledger = make_ledger(tmp_path / "agency", url=url)
    holds(ledger, told)
    own = [case for case in all_cases(ledger) if case.record and case.record.matter.spec == "OWN"]
    assert len(own) == 1000


@pytest.mark.parametrize("url", [None, pytest.param("new", marks=pytest.mark.soak)], ids=["sqlite", "postgres"])
def test_1000_cases_are_open_at_once_take_rulings_and_all_end(
    tmp_path: Path, url: str | None, request: pytest.FixtureRequest
) -> None:
    url = url and str(request.getfixturevalue("postgres_url"))
    ledger = make_ledger(tmp_path / "agency", url=url)
    matters = [Matter.of_change("SPEC-1", branch=f"b{number}", head="") for number in range(1000)]
    for unsettled, name in ((violated("scope.boundary"), "R"), (unknown("tests.ran"), "S")):
        drafts: list[Draft] = []
        guards: dict[str, int] = {}
        for number, matter in enumerate(matters):
            notes = note_ruling(ledger, note(f"{name}-{number}", [unsettled], matter=matter), LIMITS, START)
            drafts += notes.drafts
            guards.update(notes.unless_moved)
        ledger.append_all(drafts, unless_moved=guards)
    records = [case.record for case in all_cases(ledger) if case.record]
    assert [record.ruling_id for record in records] == [f"S-{number}" for number in range(1000)]
    assert not any(record.state.ended for record in records)
    assert len(tick(ledger, START + timedelta(days=14))) == 1000
    assert all(case.record and case.record.state.ended for case in all_cases(ledger))
