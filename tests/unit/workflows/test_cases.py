"""Cases in a real ledger: found by matter, written with what caused them, and never two open for one matter."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from agent_agency.arbitration.cases.model import CaseState, Matter
from agent_agency.arbitration.constitution.model import RuleOutcome
from agent_agency.errors import CaseError, LedgerMovedError
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.workflows.case_dates import tick
from agent_agency.workflows.cases import all_cases, append_noted, case_by_id, id_of, newest_case, note_ruling
from support.cases import DAY, LIMITS, MATTER, START, note, satisfied, unknown, violated
from support.ledgers import make_ledger

SCOPE = violated("scope.boundary")


@pytest.fixture(params=["sqlite", "postgres"])
def ledgers(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Ledger]:
    """Opens the same ledger anew at each call, as another process would."""
    (tmp_path / "g").mkdir()
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    return lambda: make_ledger(tmp_path / "g" / "agency", url=url)


def record_ruling(ledger: Ledger, ruling_id: str, unsettled: Sequence[RuleOutcome], when: datetime = START) -> None:
    ruling = note(ruling_id, unsettled, [] if unsettled else [satisfied("scope.boundary")])
    append_noted(
        ledger,
        lambda: note_ruling(ledger, ruling, LIMITS, when),
        lambda _: [Draft("ruling", {"subject": f"ruling:{ruling_id}", "ruling_id": ruling_id})],
    )


def test_a_ruling_and_the_case_that_it_opens_are_one_transaction(ledgers: Callable[[], Ledger]) -> None:
    ledger = ledgers()
    record_ruling(ledger, "R-1", [SCOPE])
    kinds = [entry.kind for entry in ledgers().entries()]
    assert kinds == ["genesis", "ruling", "case_opened"]


def test_a_later_ruling_attaches_to_the_open_case_and_the_next_after_its_end_opens_another(
    ledgers: Callable[[], Ledger],
) -> None:
    ledger = ledgers()
    lives: list[tuple[str, list[RuleOutcome]]] = [("R-1", [SCOPE]), ("R-2", [unknown("x.y")]), ("R-3", [])]
    for ruling, unsettled in [*lives, ("R-4", [SCOPE])]:
        record_ruling(ledger, ruling, unsettled)
    records = [case.record for case in all_cases(ledgers()) if case.record]
    assert [(record.id, record.state) for record in records] == [
        (MATTER.case_id(1), CaseState.APPROVED),
        (MATTER.case_id(2), CaseState.OPEN),
    ]
    found = newest_case(ledgers(), MATTER)
    assert (found.record, found.next_ordinal) == (records[1], 3)


def test_the_newest_of_many_cases_of_a_matter_is_found(ledgers: Callable[[], Ledger]) -> None:
    ledger = ledgers()
    for number in range(11):
        record_ruling(ledger, f"R-{number}", [SCOPE])
        record_ruling(ledger, f"A-{number}", [])
        assert newest_case(ledger, MATTER).next_ordinal == number + 2


def test_two_that_read_the_same_state_cannot_both_open_a_case(ledgers: Callable[[], Ledger]) -> None:
    first, second = ledgers(), ledgers()
    one = note_ruling(first, note("R-1", [SCOPE]), LIMITS, START)
    two = note_ruling(second, note("R-2", [SCOPE]), LIMITS, START)
    first.append_all(one.drafts, unless_moved=one.unless_moved)
    with pytest.raises(LedgerMovedError):
        second.append_all(two.drafts, unless_moved=two.unless_moved)
    assert len(all_cases(ledgers())) == 1


def test_an_approval_that_read_before_a_case_opened_does_not_leave_it_open(ledgers: Callable[[], Ledger]) -> None:
    first, second = ledgers(), ledgers()
    record_ruling(first, "R-0", [SCOPE])
    record_ruling(first, "R-1", [])
    stale = note_ruling(second, note("R-3", [], [satisfied("scope.boundary")]), LIMITS, START)
    record_ruling(first, "R-2", [SCOPE])
    with pytest.raises(LedgerMovedError):
        second.append_all([Draft("ruling", {"ruling_id": "R-3"}), *stale.drafts], unless_moved=stale.unless_moved)


def test_a_case_is_found_by_the_beginning_of_its_id(ledgers: Callable[[], Ledger]) -> None:
    ledger = ledgers()
    record_ruling(ledger, "R-1", [SCOPE])
    whole = MATTER.case_id(1)
    assert id_of(ledger, whole[:6]) == whole
    for unknown_id in ("", "C-zzz", "C"[:0]):
        with pytest.raises(CaseError):
            id_of(ledger, unknown_id)
    other = Matter.of_change("SPEC-2", branch="b", head="")
    ruling = note("R-2", [SCOPE], matter=other)
    append_noted(ledger, lambda: note_ruling(ledger, ruling, LIMITS, START))
    with pytest.raises(CaseError, match="2 cases begin"):
        id_of(ledger, "C-")
    with pytest.raises(CaseError):
        case_by_id(ledger, "C-")


def test_a_late_approval_lets_the_case_lapse_first(ledgers: Callable[[], Ledger]) -> None:
    ledger = ledgers()
    record_ruling(ledger, "R-1", [SCOPE])
    record_ruling(ledger, "R-2", [], START + 30 * DAY)
    assert case_by_id(ledger, MATTER.case_id(1)).record.state is CaseState.LAPSED  # type: ignore[union-attr]


def test_a_forged_entry_makes_its_own_case_unreadable_and_keeps_nobody_from_a_ruling(
    ledgers: Callable[[], Ledger],
) -> None:
    ledger = ledgers()
    record_ruling(ledger, "R-1", [SCOPE])
    other = Matter.of_change("SPEC-2", branch="b", head="")
    ruling = note("R-2", [SCOPE], matter=other)
    append_noted(ledger, lambda: note_ruling(ledger, ruling, LIMITS, START))
    subject = f"case:{MATTER.case_id(1)}"
    ledger.append("case_closed", {"subject": subject, "event": "review_approved", "from": "new", "to": "approved"})
    broken, sound = all_cases(ledger)
    assert (broken.record, sound.record and sound.record.state) == (None, CaseState.OPEN)
    assert "new" in str(broken.problem)
    assert len(tick(ledger, START + 40 * DAY)) == 1
    record_ruling(ledger, "R-3", [SCOPE])
    record = newest_case(ledger, MATTER).record
    assert record is not None
    assert (record.id, record.state) == (MATTER.case_id(2), CaseState.OPEN)


@pytest.mark.parametrize("body", [{}, {"subject": "case:C-x"}, {"subject": 7}, {"subject": "case:", "event": []}])
def test_entries_about_no_case_at_all_hide_no_case(ledgers: Callable[[], Ledger], body: dict[str, object]) -> None:
    ledger = ledgers()
    ledger.append("case_opened", body)
    record_ruling(ledger, "R-1", [SCOPE])
    assert [case.record.state for case in all_cases(ledger) if case.record] == [CaseState.OPEN]
