"""How appeals stand by their entries: who counts, when, and what every level asks for."""

from __future__ import annotations

import pytest

from agent_agency.arbitration.appeals.due import appeals_due, undecided
from agent_agency.arbitration.appeals.matter import RULED_ON, ruled_on
from agent_agency.arbitration.appeals.model import APPEAL_LAPSED, Claim, Form, Ground, Outcome, Parties, State, Vote
from agent_agency.arbitration.appeals.statements import appeal_subject
from support.appeal_entries import OLD, Docket, a_claim
from support.principals import TestPrincipal, listed, make_principal

WRITER = make_principal("writer", ["requester"])
ROBOT = make_principal("robot", ["agent"])
CHIEF = make_principal("chief", ["approver"])
JUDGES = [make_principal(f"judge{number}", ["reviewer"]) for number in range(1, 12)]
STRANGER = make_principal("stranger", ["reviewer"])
ALL = listed(WRITER, ROBOT, CHIEF, *JUDGES)


@pytest.fixture
def docket() -> Docket:
    return Docket(ALL)


def why(docket: Docket, appeal_id: str) -> str:
    """Why the newest entry of an appeal counts for nothing."""
    found = docket.appeals.named(appeal_id)
    ignored = docket.appeals.strays if found is None else found.ignored
    return ignored[-1].why if ignored else ""


def test_a_filed_appeal_waits_for_its_panel(docket: Docket) -> None:
    appeal = docket.appeal(docket.file(docket.rule("R-1"), WRITER.signer))
    assert (appeal.state, appeal.level, appeal.size, appeal.needed, appeal.standing) == (State.FILED, 1, 1, 1, "author")
    assert appeal.appellant == "writer"


def test_an_admitted_claim_with_another_verdict_overturns_the_ruling(docket: Docket) -> None:
    appeal_id = docket.file(docket.rule("R-1"), WRITER.signer)
    docket.review(appeal_id, JUDGES[0].signer)
    assert [one.id for one in undecided(docket.appeals)] == [appeal_id]
    docket.decide(appeal_id, "approved", "R-2")
    appeal = docket.appeal(appeal_id)
    assert appeal.state is State.OVERTURNED
    assert appeal.result is not None
    assert (appeal.result.ruling, appeal.result.outcome) == ("R-2", Outcome.OVERTURNED)


def test_a_refused_claim_upholds_the_ruling(docket: Docket) -> None:
    appeal_id = docket.file(docket.rule("R-1"), WRITER.signer)
    docket.review(appeal_id, JUDGES[0].signer, Vote.REFUSE)
    docket.decide(appeal_id, "rejected", "R-2")
    assert docket.appeal(appeal_id).state is State.UPHELD


def test_each_level_has_more_and_different_reviewers_and_the_last_is_final(docket: Docket) -> None:
    first = docket.heard(docket.rule("R-1"), WRITER.signer, [JUDGES[0].signer], "rejected", "R-2")
    second = docket.heard(docket.newest("R-2"), WRITER.signer, [j.signer for j in JUDGES[1:4]], "rejected", "R-3")
    third = docket.heard(docket.newest("R-3"), WRITER.signer, [j.signer for j in JUDGES[4:9]], "approved", "R-4")
    appeals = [docket.appeal(one) for one in (first, second, third)]
    assert [(one.level, one.size, one.needed) for one in appeals] == [(1, 1, 1), (2, 3, 2), (3, 5, 5)]
    assert [one.state for one in appeals] == [State.FINAL, State.FINAL, State.FINAL]
    panels = [{review.principal for review in one.reviews} for one in appeals]
    assert not panels[0] & panels[1]
    assert not panels[2] & (panels[0] | panels[1])
    again = docket.file(docket.newest("R-4"), JUDGES[9].signer)
    assert "the last, and final" in why(docket, again)


def test_who_heard_a_level_cannot_hear_or_file_the_next(docket: Docket) -> None:
    docket.heard(docket.rule("R-1"), WRITER.signer, [JUDGES[0].signer], "rejected", "R-2")
    assert "no standing" in why(docket, docket.file(docket.newest("R-2"), JUDGES[0].signer, nonce="7"))
    appeal_id = docket.file(docket.newest("R-2"), WRITER.signer)
    docket.review(appeal_id, JUDGES[0].signer, level=2)
    assert why(docket, appeal_id) == "judge1 heard it at an earlier level"
    assert docket.appeal(appeal_id).reviews == ()


@pytest.mark.parametrize("party", ["author", "requester", "approver"])
def test_no_party_sits_on_the_panel(party: str) -> None:
    who = {f"{party}s": ("Judge1 <JUDGE1@example.org>",)}
    people = {"authors": ("writer@example.org",), **who}
    docket = Docket(ALL, Parties(**people))
    filer = WRITER if party != "author" else JUDGES[1]
    appeal_id = docket.file(docket.rule("R-1"), filer.signer)
    docket.review(appeal_id, JUDGES[0].signer)
    assert docket.appeal(appeal_id).reviews == ()
    assert why(docket, appeal_id).startswith("judge1 ")


def test_the_appellant_cannot_hear_their_own_appeal(docket: Docket) -> None:
    appeal_id = docket.file(docket.rule("R-1"), JUDGES[0].signer)
    docket.review(appeal_id, JUDGES[0].signer)
    assert why(docket, appeal_id) == "judge1 filed the appeal"


def test_a_quorum_is_of_different_persons(docket: Docket) -> None:
    docket.heard(docket.rule("R-1"), WRITER.signer, [JUDGES[0].signer], "rejected", "R-2")
    appeal_id = docket.file(docket.newest("R-2"), WRITER.signer)
    for _ in range(5):
        docket.review(appeal_id, JUDGES[1].signer, level=2)
    appeal = docket.appeal(appeal_id)
    assert [review.principal for review in appeal.reviews] == ["judge2"]
    assert not appeal.heard


def test_a_reviewer_may_think_again_until_the_panel_is_full(docket: Docket) -> None:
    docket.heard(docket.rule("R-1"), WRITER.signer, [JUDGES[0].signer], "rejected", "R-2")
    appeal_id = docket.file(docket.newest("R-2"), WRITER.signer)
    docket.review(appeal_id, JUDGES[1].signer, level=2)
    docket.review(appeal_id, JUDGES[1].signer, Vote.REFUSE, level=2)
    docket.review(appeal_id, JUDGES[2].signer, Vote.REFUSE, level=2)
    docket.review(appeal_id, JUDGES[3].signer, level=2)
    docket.review(appeal_id, JUDGES[1].signer, level=2)
    appeal = docket.appeal(appeal_id)
    assert why(docket, appeal_id) == "the panel was full"
    assert [review.review.votes for review in appeal.reviews] == [(Vote.REFUSE,), (Vote.REFUSE,), (Vote.ADMIT,)]


def test_a_review_by_nobody_who_is_listed_is_worthless(docket: Docket) -> None:
    appeal_id = docket.file(docket.rule("R-1"), WRITER.signer)
    docket.review(appeal_id, STRANGER.signer)
    assert "not among those of the listed" in why(docket, appeal_id)


@pytest.mark.parametrize("who", [ROBOT, CHIEF, WRITER])
def test_only_listed_reviewers_hear_appeals(docket: Docket, who: TestPrincipal) -> None:
    appeal_id = docket.file(docket.rule("R-1"), JUDGES[0].signer)
    docket.review(appeal_id, who.signer)
    assert docket.appeal(appeal_id).reviews == ()


def test_a_review_for_another_level_or_appeal_does_not_count(docket: Docket) -> None:
    ruling = docket.rule("R-1")
    appeal_id = docket.file(ruling, WRITER.signer)
    docket.review(appeal_id, JUDGES[0].signer, level=2)
    assert "something else" in why(docket, appeal_id)
    docket.review(appeal_id, JUDGES[0].signer, claims=2)
    assert "vote on each claim" in why(docket, appeal_id)
    other = docket.rule("R-9")
    second = docket.file(other, WRITER.signer)
    stolen = {**docket.entries[1].body, "subject": appeal_subject(second)}
    docket.add("appeal_reviewed", stolen)
    assert why(docket, second) == "the review is about another appeal"


def test_a_filing_that_was_copied_under_another_subject_counts_for_nothing(docket: Docket) -> None:
    docket.file(docket.rule("R-1"), WRITER.signer)
    docket.add("appeal_filed", {**docket.entries[0].body, "subject": "appeal:A-copied"})
    assert [one.why for one in docket.appeals.strays] == ["the filing is about another appeal"]
    assert len(docket.appeals.appeals) == 1


def test_a_filing_that_is_kept_under_another_ruling_counts_for_nothing(docket: Docket) -> None:
    """An entry is found by the ruling that it names; nobody can file where those who look at the ruling see nothing."""
    filed = docket.file(docket.rule("R-1"), WRITER.signer)
    body = docket.entries.pop().body
    for named in ({}, {RULED_ON: dict(ruled_on("R-2"))}, {RULED_ON: "R-1"}):
        docket.add("appeal_filed", {**{name: body[name] for name in ("subject", "attestation")}, **named})
        assert docket.appeals.named(filed) is None
    docket.add("appeal_filed", dict(body))
    assert docket.appeals.named(filed) is not None


def test_a_decision_that_is_kept_under_another_ruling_counts_for_nothing(docket: Docket) -> None:
    filed = docket.file(docket.rule("R-1"), WRITER.signer)
    docket.review(filed, JUDGES[0].signer)
    docket.decide(filed, "approved", "R-2", **{RULED_ON: dict(ruled_on("R-3"))})
    assert docket.appeal(filed).result is None
    docket.decide(filed, "approved", "R-2")
    assert docket.appeal(filed).result is not None


@pytest.mark.parametrize("attestation", [None, [], "x", {}, {"payload": "x"}, 7])
def test_an_entry_without_an_envelope_counts_for_nothing(docket: Docket, attestation: object) -> None:
    docket.rule("R-1")
    docket.add("appeal_filed", {"subject": "appeal:A-1", "attestation": attestation})
    assert docket.appeals.appeals == ()
    assert len(docket.appeals.strays) == 1


def test_a_stranger_cannot_file(docket: Docket) -> None:
    assert "not among those of the listed" in why(docket, docket.file(docket.rule("R-1"), STRANGER.signer))


def test_a_listed_principal_without_a_part_and_without_a_duty_cannot_file(docket: Docket) -> None:
    assert "robot has no standing" in why(docket, docket.file(docket.rule("R-1"), ROBOT.signer))


def test_the_author_of_an_approved_change_has_nothing_to_appeal(docket: Docket) -> None:
    assert "no standing" in why(docket, docket.file(docket.rule("R-1", "approved"), WRITER.signer))


def test_a_reviewer_may_appeal_an_approval(docket: Docket) -> None:
    appeal_id = docket.file(docket.rule("R-1", "approved"), JUDGES[0].signer)
    assert docket.appeal(appeal_id).standing == "reviewer"


def test_the_winner_cannot_appeal_what_they_won(docket: Docket) -> None:
    docket.heard(docket.rule("R-1"), WRITER.signer, [JUDGES[0].signer], "conditional", "R-2")
    assert "no standing" in why(docket, docket.file(docket.newest("R-2"), WRITER.signer, nonce="2"))
    assert "no standing" not in why(docket, docket.file(docket.newest("R-2"), JUDGES[5].signer, nonce="3"))


def test_a_ruling_has_one_open_appeal_at_a_time(docket: Docket) -> None:
    ruling = docket.rule("R-1")
    docket.file(ruling, WRITER.signer)
    assert "against it is open" in why(docket, docket.file(ruling, JUDGES[0].signer, nonce="2"))


def test_after_a_decision_its_ruling_is_appealed_and_no_longer_the_old_one(docket: Docket) -> None:
    ruling = docket.rule("R-1")
    docket.heard(ruling, WRITER.signer, [JUDGES[0].signer], "rejected", "R-2")
    assert "appeal R-2 instead" in why(docket, docket.file(ruling, WRITER.signer, nonce="2"))


def test_a_ruling_that_only_says_it_follows_from_an_appeal_cannot_be_appealed(docket: Docket) -> None:
    docket.rule("R-1")
    forged = docket.rule("R-2", appeal_of="R-1")
    assert "and it does not" in why(docket, docket.file(forged, WRITER.signer))


def test_a_ruling_can_be_appealed_for_some_days_only(docket: Docket) -> None:
    ruling = docket.rule("R-1")
    docket.wait(14.01)
    assert "they are over" in why(docket, docket.file(ruling, WRITER.signer))


def test_the_clock_of_the_ledger_counts_and_not_one_that_was_set_back(docket: Docket) -> None:
    ruling, other = docket.rule("R-1"), docket.rule("R-2")
    docket.wait(15)
    docket.file(other, WRITER.signer)
    docket.wait(-15)
    assert "they are over" in why(docket, docket.file(ruling, WRITER.signer))


def test_evidence_that_the_ruling_rested_on_is_not_new(docket: Docket) -> None:
    appeal_id = docket.file(docket.rule("R-1"), WRITER.signer, a_claim(evidence=OLD))
    assert "no evidence that the ruling did not rest on" in why(docket, appeal_id)


def test_admitted_evidence_is_not_new_at_the_next_level_and_refused_evidence_is(docket: Docket) -> None:
    docket.heard(docket.rule("R-1"), WRITER.signer, [JUDGES[0].signer], "approved", "R-2")
    assert "no evidence that" in why(docket, docket.file(docket.newest("R-2"), JUDGES[5].signer, a_claim()))
    docket.heard(docket.rule("R-7"), WRITER.signer, [JUDGES[0].signer], "rejected", "R-8")
    assert docket.appeal(docket.file(docket.newest("R-8"), WRITER.signer)).level == 2


def test_a_legal_error_needs_no_new_evidence(docket: Docket) -> None:
    claim = Claim(Form.WAIVER_NOT_APPLIED, "WV-1", rule="scope.boundary")
    appeal_id = docket.file(docket.rule("R-1"), WRITER.signer, claim, ground=Ground.LEGAL_ERROR)
    assert docket.appeal(appeal_id).filing.ground is Ground.LEGAL_ERROR


def test_an_appeal_that_nobody_hears_lapses_and_the_ruling_stands(docket: Docket) -> None:
    appeal_id = docket.file(docket.rule("R-1"), WRITER.signer)
    docket.wait(30)
    assert docket.appeal(appeal_id).state is State.FILED
    docket.wait(0.01)
    assert docket.appeal(appeal_id).state is State.LAPSED
    assert docket.appeal(appeal_id).result is None
    docket.review(appeal_id, JUDGES[0].signer)
    assert docket.appeal(appeal_id).state is State.LAPSED
    assert "time was over" in why(docket, appeal_id)


def test_a_lapse_is_recorded_once(docket: Docket) -> None:
    appeal_id = docket.file(docket.rule("R-1"), WRITER.signer)
    assert appeals_due(docket.appeals) == ()
    docket.wait(31)
    (draft,) = appeals_due(docket.appeals)
    assert (draft.kind, draft.body["subject"]) == (APPEAL_LAPSED, appeal_subject(appeal_id))
    docket.add(draft.kind, dict(draft.body))
    assert appeals_due(docket.appeals) == ()


def test_a_lapse_that_is_not_due_is_not_believed(docket: Docket) -> None:
    appeal_id = docket.file(docket.rule("R-1"), WRITER.signer)
    docket.add(APPEAL_LAPSED, {"subject": appeal_subject(appeal_id)})
    assert docket.appeal(appeal_id).state is State.FILED


def test_whoever_lets_an_appeal_lapse_cannot_begin_anew(docket: Docket) -> None:
    ruling = docket.rule("R-1")
    first = docket.file(ruling, WRITER.signer)
    docket.wait(31)
    assert docket.appeal(first).state is State.LAPSED
    assert "they are over" in why(docket, docket.file(ruling, WRITER.signer, nonce="3"))


def test_an_appeal_that_nobody_means_does_not_use_up_the_time_of_others(docket: Docket) -> None:
    ruling = docket.rule("R-1")
    docket.file(ruling, JUDGES[0].signer)
    assert "is open" in why(docket, docket.file(ruling, WRITER.signer, nonce="2"))
    docket.wait(31)
    second = docket.file(ruling, WRITER.signer, nonce="3")
    assert docket.appeal(second).state is State.FILED


def test_the_time_to_appeal_begins_anew_once_only(docket: Docket) -> None:
    ruling = docket.rule("R-1")
    for judge in JUDGES[:2]:
        docket.file(ruling, judge.signer)
        docket.wait(31)
    assert "they are over" in why(docket, docket.file(ruling, WRITER.signer, nonce="3"))


def test_a_decided_appeal_is_final_when_its_ruling_can_no_longer_be_appealed(docket: Docket) -> None:
    appeal_id = docket.heard(docket.rule("R-1"), WRITER.signer, [JUDGES[0].signer], "rejected", "R-2")
    assert docket.appeal(appeal_id).state is State.UPHELD
    docket.wait(14.01)
    assert docket.appeal(appeal_id).state is State.FINAL


def test_a_decided_appeal_is_not_final_while_a_higher_level_hears_it(docket: Docket) -> None:
    first = docket.heard(docket.rule("R-1"), WRITER.signer, [JUDGES[0].signer], "rejected", "R-2")
    docket.wait(13)
    docket.file(docket.newest("R-2"), WRITER.signer)
    docket.wait(10)
    assert docket.appeal(first).state is State.UPHELD
    docket.wait(21)
    assert docket.appeal(first).state is State.UPHELD
    docket.wait(14)
    assert docket.appeal(first).state is State.FINAL


@pytest.mark.parametrize(
    "lie",
    [
        {"admitted": [0]},
        {"panel": ["judge1", "judge2"]},
        {"panel": []},
        {"was": "conditional"},
        {"level": 3},
        {"outcome": "overturned"},
        {"verdict": "approved", "outcome": "overturned"},
        {"verdict": None},
        {"ruling": None},
        {"principals": "deadbeef"},
        {"principals": None},
    ],
)
def test_a_decision_that_does_not_follow_from_the_reviews_is_not_believed(
    docket: Docket, lie: dict[str, object]
) -> None:
    appeal_id = docket.file(docket.rule("R-1"), WRITER.signer)
    docket.review(appeal_id, JUDGES[0].signer, Vote.REFUSE)
    docket.decide(appeal_id, "rejected", "R-2", **lie)
    appeal = docket.appeal(appeal_id)
    assert appeal.result is None
    assert appeal.state is State.IN_REVIEW
    docket.decide(appeal_id, "rejected", "R-2")
    assert docket.appeal(appeal_id).state is State.UPHELD


def test_a_decision_before_the_panel_is_full_is_not_believed(docket: Docket) -> None:
    appeal_id = docket.file(docket.rule("R-1"), WRITER.signer)
    docket.decide(appeal_id, "approved", "R-2")
    assert docket.appeal(appeal_id).result is None


def test_what_follows_a_decision_changes_nothing(docket: Docket) -> None:
    appeal_id = docket.heard(docket.rule("R-1"), WRITER.signer, [JUDGES[0].signer], "rejected", "R-2")
    before = docket.appeal(appeal_id)
    docket.review(appeal_id, JUDGES[1].signer)
    docket.decide(appeal_id, "rejected", "R-3")
    after = docket.appeal(appeal_id)
    assert (after.result, after.reviews) == (before.result, before.reviews)
    assert {one.why for one in after.ignored} == {"it was decided before"}


def test_a_reviewer_who_is_no_longer_listed_does_not_count_and_an_old_decision_stands(docket: Docket) -> None:
    docket.sizes = (2, 3, 5)
    decided = docket.file(docket.rule("R-1"), WRITER.signer)
    for judge in JUDGES[:2]:
        docket.review(decided, judge.signer)
    docket.decide(decided, "approved", "R-2", principals="yesterday")
    waiting = docket.file(docket.rule("R-5"), WRITER.signer)
    docket.review(waiting, JUDGES[0].signer)
    docket.old_lists["yesterday"] = ALL
    docket.principals = listed(WRITER, ROBOT, CHIEF, *JUDGES[1:])
    assert docket.appeal(waiting).reviews == ()
    assert docket.appeal(decided).state is State.OVERTURNED
