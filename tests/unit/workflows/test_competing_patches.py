"""Patches that compete: named by real rulings, chosen by law and facts, or by a reviewer who signs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest

from agent_agency.arbitration.cases.competing import ChosenBy
from agent_agency.arbitration.cases.fold import fold
from agent_agency.arbitration.cases.model import CaseEvent, CaseRecord, CaseState
from agent_agency.arbitration.cases.steps import step
from agent_agency.attestation.principals import Principals
from agent_agency.attestation.signer import sign_statement
from agent_agency.cli.services import machine_services
from agent_agency.config import LawLimits
from agent_agency.errors import CaseError, NotSignedError, UsageError
from agent_agency.git import Repository
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft
from agent_agency.workflows.cases import append_noted, case_by_id, notes_of
from agent_agency.workflows.competing_patches import (
    choice_statement,
    confirm_choice,
    open_competing,
    renew,
    settle,
    settle_by_person,
)
from agent_agency.workflows.measured_rulings import MeasuredRulings
from agent_agency.workflows.record import Record
from agent_agency.workflows.review import Services, review
from agent_agency.workflows.subject import ReviewRequest
from agent_agency.workflows.vouched_rulings import is_vouched
from support.appeals import MovingClock
from support.git_repo import GitRepo
from support.law import lawful_repo
from support.principals import TestPrincipal, listed, make_principal

JUDGE = make_principal("judge", ["reviewer"])
CHIEF = make_principal("chief", ["approver"])
ARBITER = make_principal("arbiter", ["arbiter"])
PEOPLE = listed(JUDGE, CHIEF, ARBITER)
LIMITS = LawLimits()
MakePatch = Callable[[str, int], str]


@dataclass
class Race:
    """A repository in which branches compete for one spec."""

    git: GitRepo
    services: Services
    clock: MovingClock

    def patch(self, branch: str, lines: int, *, lawful: bool = True) -> str:
        """Make or extend a branch by some lines and review it, a minute later; the ruling's id."""
        self.clock.pass_days(1 / 1440)
        known = self.git.git("branch", "--list", branch)
        self.git.git("checkout", "-q", *([branch] if known else ["-b", branch, "main"]))
        name = "src/new.py" if lawful else "outside.txt"
        self.git.commit(branch, **{name: "".join(f"{branch}_{number} = {number}\n" for number in range(lines))})
        return review(ReviewRequest(self.git.path, base="main", head=branch), self.services).ruling_id

    def rulings(self, principals: Principals = PEOPLE) -> MeasuredRulings:
        with Repository.discover(self.git.path) as repo:
            services = self.services
            record = Record.of(repo, self.clock, services.new_id, services.document_of)
        return MeasuredRulings(record.ledger, partial(is_vouched, principals=principals), record.evidence.get)

    def opened(self, *rulings: str) -> CaseRecord:
        return open_competing(self.rulings(), rulings, LIMITS, self.clock.now())


@pytest.fixture
def race(tmp_path: Path) -> Race:
    clock = MovingClock()
    services = replace(machine_services(arbiter=lambda: ARBITER.signer), clock=clock)
    return Race(lawful_repo(tmp_path / "repo"), services, clock)


def signed(record: CaseRecord, ruling: str, who: TestPrincipal = JUDGE) -> dict[str, object]:
    return sign_statement(choice_statement(record, ruling, "clearer"), who.signer)


def test_the_one_lawful_patch_is_chosen_by_law(race: Race) -> None:
    large, bad = race.patch("one", 30), race.patch("two", 1, lawful=False)
    record = race.opened(large, bad)
    assert record.state is CaseState.COMPARING
    done = settle(race.rulings(), record.id, race.clock.now())
    assert done.record.state is CaseState.DECIDED
    choice = confirm_choice(done.record, PEOPLE)
    assert (choice.ruling_id, choice.by) == (large, ChosenBy.LAW)


def test_of_several_lawful_patches_the_smaller_one_is_chosen_by_facts(race: Race) -> None:
    record = race.opened(race.patch("one", 9), small := race.patch("two", 3))
    done = settle(race.rulings(), record.id, race.clock.now())
    assert (done.choice.winner and done.choice.winner.ruling_id, done.choice.by) == (small, ChosenBy.FACTS)


def test_without_a_lawful_patch_the_case_stays_open_until_it_is_due(race: Race) -> None:
    record = race.opened(race.patch("one", 1, lawful=False), race.patch("two", 2, lawful=False))
    done = settle(race.rulings(), record.id, race.clock.now())
    assert (done.record.state, done.choice.winner) == (CaseState.COMPARING, None)
    race.clock.pass_days(30)
    assert settle(race.rulings(), record.id, race.clock.now()).record.state is CaseState.LAPSED


def test_a_patch_counts_as_it_was_last_ruled_on(race: Race) -> None:
    first, bad = race.patch("one", 5), race.patch("two", 1, lawful=False)
    record = race.opened(first, bad)
    worse = race.patch("one", 1, lawful=False)
    done = settle(race.rulings(), record.id, race.clock.now())
    assert done.record.state is CaseState.COMPARING
    assert {one.ruling_id for one in done.record.candidates} == {worse, bad}


def test_more_patches_join_the_comparison_that_is_open(race: Race) -> None:
    one, two = race.patch("one", 5), race.patch("two", 6)
    record = race.opened(one, two)
    three = race.patch("three", 2)
    assert race.opened(one, three).id == record.id
    assert settle(race.rulings(), record.id, race.clock.now()).choice.winner.ruling_id == three  # type: ignore[union-attr]


def test_rulings_that_do_not_compete_are_refused_and_nothing_is_written(race: Race) -> None:
    one, two = race.patch("one", 5), race.patch("two", 6)
    again = race.patch("one", 7)
    race.git.checkout("main")
    race.git.commit("moved")
    other_base = race.patch("three", 2)
    before = race.rulings().ledger.last_about("x"), len(list(race.rulings().ledger.entries()))
    for wrong in ([one], [one, again], [one, other_base], [one, two, again], [one, "R-none"]):
        with pytest.raises(UsageError):
            race.opened(*wrong)
    assert before == (race.rulings().ledger.last_about("x"), len(list(race.rulings().ledger.entries())))


def test_lawful_patches_held_against_different_bases_are_not_compared(race: Race) -> None:
    record = race.opened(race.patch("one", 5), race.patch("two", 6))
    race.git.checkout("main")
    race.git.commit("moved")
    race.patch("one", 2)
    with pytest.raises(CaseError, match="different bases"):
        settle(race.rulings(), record.id, race.clock.now())


@pytest.fixture
def tied(race: Race) -> tuple[CaseRecord, str, str]:
    one, two = race.patch("one", 4), race.patch("two", 4)
    return race.opened(one, two), one, two


def test_patches_that_are_tied_wait_for_a_reviewer_who_signs(race: Race, tied: tuple[CaseRecord, str, str]) -> None:
    record, one, two = tied
    assert {best.ruling_id for best in settle(race.rulings(), record.id, race.clock.now()).choice.tied} == {one, two}
    done = settle_by_person(race.rulings(), record.id, signed(record, two), PEOPLE, race.clock.now())
    assert done.state is CaseState.DECIDED
    choice = confirm_choice(done, PEOPLE)
    assert (choice.ruling_id, choice.by, choice.who, choice.reason) == (two, ChosenBy.PERSON, "judge", "clearer")


def test_the_choice_of_somebody_who_is_no_listed_reviewer_counts_for_nothing(
    race: Race, tied: tuple[CaseRecord, str, str]
) -> None:
    record, one, _ = tied
    for who in (CHIEF, make_principal("nobody", ["reviewer"])):
        with pytest.raises(NotSignedError):
            settle_by_person(race.rulings(), record.id, signed(record, one, who), PEOPLE, race.clock.now())
    assert case_by_id(race.rulings().ledger, record.id).record == record


def test_a_person_cannot_choose_an_unlawful_patch_or_one_that_was_ruled_on_anew(race: Race) -> None:
    one, bad = race.patch("one", 4), race.patch("two", 4, lawful=False)
    record = race.opened(one, bad)
    with pytest.raises(CaseError, match="not among the lawful"):
        choice_statement(record, bad, "I like it")
    stale = signed(record, one)
    race.patch("two", 5, lawful=False)
    with pytest.raises(NotSignedError, match="as they were last ruled on"):
        settle_by_person(race.rulings(), record.id, stale, PEOPLE, race.clock.now())
    fresh = signed(renew(race.rulings(), record.id, race.clock.now()), one)
    assert settle_by_person(race.rulings(), record.id, fresh, PEOPLE, race.clock.now()).state is CaseState.DECIDED


def test_a_choice_signed_for_one_case_does_not_count_in_another(race: Race, tied: tuple[CaseRecord, str, str]) -> None:
    record, one, two = tied
    elsewhere = signed(record, one)
    settle_by_person(race.rulings(), record.id, signed(record, two), PEOPLE, race.clock.now())
    again = race.opened(one, two)
    assert again.id != record.id
    with pytest.raises(NotSignedError):
        settle_by_person(race.rulings(), again.id, elsewhere, PEOPLE, race.clock.now())


def test_a_forged_choice_is_told_when_it_is_read(race: Race, tied: tuple[CaseRecord, str, str]) -> None:
    record, one, _ = tied
    ledger = race.rulings().ledger
    forged = step(record, CaseEvent.PATCH_CHOSEN, race.clock.now(), {"by": "facts", "ruling_id": one, "tree": "x"})
    append_noted(ledger, lambda: notes_of(case_by_id(ledger, record.id), [forged]))
    with pytest.raises(CaseError, match="does not follow"):
        confirm_choice(fold(ledger.about(f"case:{record.id}")), PEOPLE)


def entry_of(race: Race, ruling: str) -> Entry:
    return race.rulings().ledger.about(f"ruling:{ruling}")[-1]


@pytest.mark.parametrize("member", ["verdict", "ruling_id", "document", "base", "law", "head", "attestation"])
def test_a_ruling_that_no_arbiter_signed_does_not_compete(race: Race, member: str) -> None:
    true, bad = race.patch("one", 4), race.patch("two", 9, lawful=False)
    genuine, other = entry_of(race, bad), entry_of(race, true)
    forged = {**genuine.body, "subject": "ruling:R-forged", member: other.body[member]}
    if member in {"base", "law"}:
        forged[member] = {**forged[member], "commit": "0" * 40}
    race.rulings().ledger.append_all([Draft("ruling", forged)])
    with pytest.raises(UsageError, match="no ruling of the arbiter"):
        race.opened(true, "R-forged")


def test_another_ruling_cannot_be_named_by_the_id_of_one(race: Race) -> None:
    small, large = race.patch("one", 4), race.patch("two", 9)
    forged = {**entry_of(race, small).body, "subject": f"ruling:{large}"}
    race.rulings().ledger.append_all([Draft("ruling", forged)])
    assert race.rulings().named(large).candidate.ruling_id == large


def test_what_was_measured_is_read_from_what_was_signed_and_not_from_the_entry(race: Race) -> None:
    small, large = race.patch("one", 4), race.patch("two", 9)
    genuine = entry_of(race, large)
    shrunk = {**genuine.body, "waivers": [], "change": {**genuine.body["change"], "added": 0, "deleted": 0, "files": 0}}
    race.rulings().ledger.append_all([Draft("ruling", shrunk)])
    done = settle(race.rulings(), race.opened(small, large).id, race.clock.now())
    assert done.choice.winner is not None
    assert done.choice.winner.ruling_id == small


def test_an_old_ruling_that_is_copied_to_the_end_does_not_become_the_newest(race: Race) -> None:
    old, other = race.patch("one", 4), race.patch("two", 9)
    record = race.opened(old, other)
    race.clock.pass_days(1)
    newer = race.patch("one", 4, lawful=False)
    race.rulings().ledger.append_all([Draft("ruling", entry_of(race, old).body)])
    done = settle(race.rulings(), record.id, race.clock.now())
    assert {one.ruling_id for one in done.record.candidates} == {newer, other}
    assert done.choice.winner is not None
    assert done.choice.winner.ruling_id == other


def test_the_branch_of_a_ruling_cannot_be_changed_to_displace_a_rivals_patch(race: Race) -> None:
    mine, rival = race.patch("one", 9), race.patch("two", 4)
    record = race.opened(mine, rival)
    race.clock.pass_days(1)
    bad = race.patch("one", 9, lawful=False)
    forged = {**entry_of(race, bad).body, "head": {**entry_of(race, bad).body["head"], "branch": "two"}}
    race.rulings().ledger.append_all([Draft("ruling", forged)])
    done = settle(race.rulings(), record.id, race.clock.now())
    assert done.choice.winner is not None
    assert done.choice.winner.ruling_id == rival


def test_measures_that_were_written_into_the_case_are_measured_again(race: Race) -> None:
    small, large = race.patch("one", 4), race.patch("two", 9)
    record = race.opened(small, large)
    false = [{name: getattr(one, name) for name in type(one).__slots__} for one in record.candidates]
    false[1] |= {"lines": 0, "files": 0}
    lie = step(record, CaseEvent.PATCHES_COMPETE, race.clock.now(), {"candidates": false})
    ledger = race.rulings().ledger
    append_noted(ledger, lambda: notes_of(case_by_id(ledger, record.id), [lie]))
    done = settle(race.rulings(), record.id, race.clock.now())
    assert done.choice.winner is not None
    assert done.choice.winner.ruling_id == small
