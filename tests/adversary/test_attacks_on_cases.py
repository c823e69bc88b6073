"""Attacks on cases: on the rules that an open case keeps, and on how a case ends."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType
from typing import Any

import pytest

from adversary.harness import Attack, Defence, Scene, check, names
from agent_agency.arbitration.cases import fold, model, note_review, transitions
from agent_agency.arbitration.cases.model import CaseCondition, CaseEvent, CaseRecord, CaseState, LawAtOpening, Matter
from agent_agency.arbitration.cases.note_review import RulingNote
from agent_agency.arbitration.cases.steps import Opening, opening, step
from agent_agency.arbitration.ruling import Ruling, Verdict
from agent_agency.attestation.signer import sign_statement
from agent_agency.cli.services import machine_services
from agent_agency.config import LawLimits
from agent_agency.errors import CaseError, LedgerMovedError, NotSignedError
from agent_agency.git import Repository
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft, Ledger
from agent_agency.workflows.cases import append_noted, case_by_id, newest_case, note_ruling
from agent_agency.workflows.record import Record
from agent_agency.workflows.review import Services, review
from agent_agency.workflows.subject import ReviewRequest
from agent_agency.workflows.withdraw_case import withdraw, withdrawal_statement
from support.appeals import MovingClock
from support.cases import DAY, LAW, LIMITS, MATTER, START, note, reviewed, satisfied, violated
from support.ledgers import make_ledger
from support.principals import listed
from support.rules import rule_toml

RULES = ".agency/rules/small.toml"
OF_WORK = Matter.of_change("FEAT-1", branch="work", head="")
REAL_DETAILS, REAL_APPEND = note_review._details, Ledger.append_all


def _at_most(lines: int) -> str:
    return rule_toml(f"change.lines < {lines}", id='"our.small"')


@dataclass
class Court:
    """A base that asked for small changes, and a branch with one that is larger than the base will soon allow."""

    scene: Scene
    services: Services
    clock: MovingClock

    @classmethod
    def of(cls, scene: Scene) -> Court:
        repo = scene.repo
        repo.checkout("main")
        repo.commit("Rules", **{RULES: _at_most(10)})
        repo.git("checkout", "-q", "-B", "work", "main")
        repo.commit("Work", **{"src/app.py": "one = 1\ntwo = 2\nthree = 3\n", "outside.txt": "x\n"})
        clock = MovingClock()
        return cls(scene, replace(machine_services(), clock=clock), clock)

    def review(self, base: str = "main", head: str = "work", spec_id: str | None = None) -> Ruling:
        return review(ReviewRequest(self.scene.repo.path, base=base, head=head, spec_id=spec_id), self.services)

    def tighten(self) -> str:
        self.scene.repo.checkout("main")
        return self.scene.repo.commit("Tighten", **{RULES: _at_most(1)})

    def passes(self) -> bool:
        """Whether the change, mended in all but its size, passes."""
        self.scene.repo.checkout("work")
        self.scene.repo.git("rm", "-q", "outside.txt")
        self.scene.repo.commit("Mend")
        return self.review().decision.verdict is Verdict.APPROVED

    def ledger(self) -> Ledger:
        with Repository.discover(self.scene.repo.path) as repo:
            return Record.of(repo, self.clock, self.services.new_id, self.services.document_of).ledger

    def law_before(self) -> LawAtOpening:
        """The looser law that really stood at the base once."""
        told = self.review(head="main", spec_id="FEAT-1").constitution
        return LawAtOpening(str(told["commit"]), str(told["digest"]), "main")

    def forge(self, law: LawAtOpening, *own: Draft) -> None:
        """Write a case into the ledger as if the arbiter had opened it."""
        made = note("R-forged", [violated("scope.boundary")], matter=OF_WORK, law=law)
        now = self.clock.now()
        append_noted(self.ledger(), lambda: note_ruling(self.ledger(), made, LIMITS, now), lambda _: own)


def lax_rules_of_another_base(scene: Scene) -> bool:
    """A case opened against a branch that stands where the base stood once."""
    court = Court.of(scene)
    scene.repo.git("branch", "release", "main")
    court.review(base="release")
    court.tighten()
    return court.passes()


def a_base_pointed_aside_for_a_moment(scene: Scene) -> bool:
    """A case opened while main points at a commit of the attacker's own, which is then put back."""
    court = Court.of(scene)
    strict = court.tighten()
    scene.repo.branch("weak", "main~1")
    weak = scene.repo.commit("Weaken", **{RULES: _at_most(1000)})
    scene.repo.git("update-ref", "refs/heads/main", weak)
    court.review()
    scene.repo.git("update-ref", "refs/heads/main", strict)
    return court.passes()


def rules_loosened_and_restored_on_the_way(scene: Scene) -> bool:
    """A branch that loosens the rules and takes that back, merged by fast-forward, with a case opened in between."""
    court = Court.of(scene)
    court.tighten()
    scene.repo.git("checkout", "-q", "-B", "dip", "main")
    loosened = scene.repo.commit("Loosen", **{RULES: _at_most(1000)})
    scene.repo.git("update-ref", "refs/heads/main", loosened)
    court.review()
    restored = scene.repo.commit("Restore", **{RULES: _at_most(1)})
    scene.repo.git("update-ref", "refs/heads/main", restored)
    return court.passes()


def a_case_that_no_ruling_opened(scene: Scene) -> bool:
    """An opening entry of the attacker's own, under a law that really stood at the base once."""
    court = Court.of(scene)
    law = court.law_before()
    court.tighten()
    court.forge(law)
    return court.passes()


def a_case_that_an_unsigned_ruling_opened(scene: Scene) -> bool:
    """The same, with the ruling that would have opened it beside it."""
    court = Court.of(scene)
    law = court.law_before()
    court.tighten()
    named = {"commit": law.commit, "constitution": law.constitution}
    court.forge(law, Draft("ruling", {"subject": "ruling:R-forged", "case": OF_WORK.case_id(1), "law": named}))
    return court.passes()


def rules_kept_past_their_time(scene: Scene) -> bool:
    """A case of which nobody hears any more, brought up again when the law has long been another."""
    court = Court.of(scene)
    court.review()
    court.tighten()
    court.clock.pass_days(31)
    return court.passes()


def a_clock_set_back(scene: Scene) -> bool:
    """A case opened with the clock set forward, so that its time never comes."""
    court = Court.of(scene)
    court.clock.pass_days(4000)
    court.review()
    court.clock.pass_days(-4000)
    court.tighten()
    return court.passes()


def a_withdrawn_case_that_opens_again(scene: Scene) -> bool:
    """A step from an end of a case back into it, with the rules that it kept."""
    del scene
    record = reviewed(None, note("R-1", [violated("scope.boundary")]), START)
    ended = fold.advance(record, step(record, CaseEvent.WITHDRAWN, START, {"who": "me", "reason": "done"}))
    body = {"subject": model.subject_of(ended.id), "event": "waiver_requested", "from": "withdrawn"}
    again = model.Step(model.NOTED, {**body, "to": "awaiting_waiver", "at": "2026-02-01T08:00:00Z", "waiver_id": "W"})
    try:
        return not fold.advance(ended, again).state.ended
    except CaseError:
        return False


def _with_a_way_back() -> transitions.Transitions:
    back = {(CaseState.WITHDRAWN, CaseEvent.WAIVER_REQUESTED): CaseState.AWAITING_WAIVER}
    return MappingProxyType({**transitions.transitions(), **back})


def an_approval_over_open_conditions(scene: Scene) -> bool:
    """An entry that ends a case as approved and settles nothing of what kept it open."""
    del scene
    record = reviewed(None, note("R-1", [violated("scope.boundary")]), START)
    said = {"ruling_id": "R-2", "verdict": "approved", "settled": {}, "again": {}, "arose": [], "tree": "d" * 40}
    try:
        ended = fold.advance(record, step(record, CaseEvent.REVIEW_APPROVED, START, said))
    except CaseError:
        return False
    return ended.state is CaseState.APPROVED


def _takes_its_word(record: CaseRecord, event: CaseEvent, body: Mapping[str, Any]) -> CaseRecord:
    del event
    return replace(record, ruling_id=body["ruling_id"], verdict=body["verdict"])


def an_empty_change_to_end_it(scene: Scene) -> bool:
    """The branch is emptied, so that the case of what was rejected ends as approved."""
    del scene
    record = reviewed(None, note("R-1", [violated("scope.boundary")]), START)
    return reviewed(record, note("R-2", change_empty=True), START).state is CaseState.APPROVED


def _by_the_verdict(ruling: RulingNote) -> CaseEvent:
    return CaseEvent(f"review_{ruling.verdict}")


def a_due_date_moved_by_mending(scene: Scene) -> bool:
    """A violation mended for one review and made again, so that its time starts anew."""
    del scene
    record = reviewed(None, note("R-1", [violated("our.one"), violated("our.two")]), START)
    record = reviewed(record, note("R-2", [violated("our.two")], [satisfied("our.one")]), START + 10 * DAY)
    record = reviewed(record, note("R-3", [violated("our.one"), violated("our.two")]), START + 13 * DAY)
    return any(one.rule == "our.one" and one.due > START + 14 * DAY for one in record.unsettled)


def _forgets_what_was_settled(
    ruling: RulingNote, known: Collection[CaseCondition], limits: LawLimits, now: datetime
) -> dict[str, Any]:
    return REAL_DETAILS(ruling, [one for one in known if one.settled is None], limits, now)


def two_names_that_look_alike(scene: Scene) -> bool:
    """Two violations at files whose names are shown alike, so that one stands for both."""
    del scene
    alike = [violated("our.one", "a\udcff"), violated("our.one", '"a\\377"')]
    return len(reviewed(None, note("R-1", alike), START).conditions) == 1


def _as_shown(rule: str, subject: str) -> str:
    return f"{rule}#{model.plain(subject)}"


def two_reviews_at_once(scene: Scene) -> bool:
    """A second review that read the ledger before the first wrote to it, so that what the first found is lost."""
    ledger = make_ledger(scene.folder)
    first, second = note("R-1", [violated("our.one")]), note("R-2", [violated("our.two")])
    late = note_ruling(ledger, second, LIMITS, START)
    append_noted(ledger, lambda: note_ruling(ledger, first, LIMITS, START))
    try:
        ledger.append_all(late.drafts, unless_moved=late.unless_moved)
    except LedgerMovedError:
        append_noted(ledger, lambda: note_ruling(ledger, second, LIMITS, START))
    found = newest_case(ledger, MATTER).record
    return found is None or "our.one" not in {one.rule for one in found.conditions}


def _whatever_moved(
    self: Ledger, drafts: Sequence[Draft], *, unless_moved: Mapping[str, int] | None = None
) -> tuple[Entry, ...]:
    del unless_moved
    return REAL_APPEND(self, drafts)


def _competing(ledger: Ledger, name: str) -> str:
    about = Matter.of_competing(name)
    begun = Opening(about, 1, START, START + 30 * DAY, LAW)
    first = opening(begun, CaseEvent.PATCHES_COMPETE, {"candidates": []})
    ledger.append(first.kind, first.body)
    return about.case_id(1)


def rivals_sent_away(scene: Scene) -> bool:
    """A comparison that others take part in, withdrawn by one of them without a reviewer."""
    ledger = make_ledger(scene.folder)
    case_id = _competing(ledger, "FEAT-1")
    try:
        withdraw(ledger, case_id, {"who": "me", "reason": "mine"}, listed(scene.somebody("rita", "reviewer")), START)
    except CaseError:
        return False
    return True


def a_withdrawal_signed_for_another_case(scene: Scene) -> bool:
    """A reviewer's signature under the withdrawal of one case, brought along for another."""
    ledger, rita = make_ledger(scene.folder), scene.somebody("rita", "reviewer")
    mine, theirs = _competing(ledger, "FEAT-1"), _competing(ledger, "FEAT-2")
    about = case_by_id(ledger, mine).record
    assert about is not None
    signed = sign_statement(withdrawal_statement(about, "done"), rita.signer)
    try:
        withdraw(ledger, theirs, {"attestation": signed}, listed(rita), START)
    except NotSignedError:
        return False
    return True


_FROZEN = "workflows.frozen_rules"
ATTACKS = (
    Attack(
        "lax rules of another base", lax_rules_of_another_base, Defence(f"{_FROZEN}:_of_another_base", lambda *_: None)
    ),
    Attack(
        "a base pointed aside for a moment",
        a_base_pointed_aside_for_a_moment,
        Defence(f"{_FROZEN}:stood_at", lambda *_: True),
    ),
    Attack(
        "rules loosened and restored on the way",
        rules_loosened_and_restored_on_the_way,
        Defence(f"{_FROZEN}:came_back", lambda *_: False),
    ),
    Attack(
        "a case that no ruling opened",
        a_case_that_no_ruling_opened,
        Defence(f"{_FROZEN}:_unvouched", lambda *_: None),
    ),
    Attack(
        "a case that an unsigned ruling opened",
        a_case_that_an_unsigned_ruling_opened,
        Defence("workflows.binding_rules:is_vouched", lambda *_: True),
    ),
    Attack(
        "rules kept past their time", rules_kept_past_their_time, Defence(f"{_FROZEN}:_out_of_time", lambda *_: None)
    ),
    Attack("a clock set back", a_clock_set_back, Defence(f"{_FROZEN}:_out_of_time", lambda *_: None)),
    Attack(
        "a withdrawn case that opens again",
        a_withdrawn_case_that_opens_again,
        Defence("arbitration.cases.fold:transitions", _with_a_way_back),
    ),
    Attack(
        "an approval over open conditions",
        an_approval_over_open_conditions,
        Defence("arbitration.cases.fold:_reviewed", _takes_its_word),
    ),
    Attack(
        "an empty change to end it",
        an_empty_change_to_end_it,
        Defence("arbitration.cases.note_review:_event", _by_the_verdict),
    ),
    Attack(
        "a due date moved by mending",
        a_due_date_moved_by_mending,
        Defence("arbitration.cases.note_review:_details", _forgets_what_was_settled),
    ),
    Attack(
        "two names that look alike",
        two_names_that_look_alike,
        Defence("arbitration.cases.note_review:condition_id", _as_shown),
    ),
    Attack("two reviews at once", two_reviews_at_once, Defence("ledger.journal:Ledger.append_all", _whatever_moved)),
    Attack("rivals sent away", rivals_sent_away, Defence("workflows.withdraw_case:needs_signature", lambda *_: False)),
    Attack(
        "a withdrawal signed for another case",
        a_withdrawal_signed_for_another_case,
        Defence("workflows.withdraw_case:_signed", lambda *_: ("rita", "done")),
    ),
)


@pytest.mark.parametrize("attack", ATTACKS, ids=names(ATTACKS))
def test_it_fails_until_its_one_defence_is_switched_off(attack: Attack, make_scene: Callable[[str], Scene]) -> None:
    check(attack, make_scene)
