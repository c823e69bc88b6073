"""Appeals over a real repository, ledger and evidence: from a rejected change to the ruling that follows."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from agent_agency.arbitration.appeals.matter import RULED_ON, ruled_on
from agent_agency.arbitration.appeals.model import LABEL, Appeal, Claim, Form, Ground, State, Vote
from agent_agency.attestation.principals import PRINCIPALS_PATH
from agent_agency.errors import AppealError
from agent_agency.evidence import EvidenceState
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.journal import Draft, LedgerView
from agent_agency.ledger.verified_index import VerifiedIndex
from agent_agency.workflows.appeal_check import follows_again, may_review
from agent_agency.workflows.appeal_sources import matter_on_record
from agent_agency.workflows.appeals import Registry, read_appeals, read_labels, settle
from agent_agency.workflows.check_evidence import EntryEvidence, EvidenceIndex
from agent_agency.workflows.explain_ruling import Reexecution, explain
from support.appeals import REVIEWERS, Town, make_town
from support.law import WAIVER
from support.principals import make_principal, principals_toml


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Town:
    made = make_town(tmp_path_factory.mktemp("model") / "repo")
    assert made.ruling.decision.verdict == "rejected"
    return made


@pytest.fixture
def town(model: Town, tmp_path: Path) -> Town:
    return model.copied_to(tmp_path / "repo")


def kinds(town: Town) -> list[str]:
    with town.registry() as registry:
        return [entry.kind for entry in registry.record.ledger.entries()]


def overturned(town: Town) -> Appeal:
    ruling = town.ruling
    return town.vote(town.file(ruling.ruling_id, [town.false_positive(ruling)]), "judge1")


def test_a_false_finding_ends_in_an_approval_by_a_ruling_of_its_own(town: Town) -> None:
    ruling = town.ruling
    appeal = town.vote(town.file(ruling.ruling_id, [town.false_positive(ruling)]), "judge1")
    assert (ruling.decision.verdict, appeal.state) == (
        "rejected",
        State.FINAL if appeal.closes is None else appeal.state,
    )
    assert appeal.state is State.OVERTURNED
    assert appeal.result is not None
    assert appeal.result.verdict == "approved"
    assert appeal.result.ruling != ruling.ruling_id


def test_the_old_ruling_is_never_edited(town: Town) -> None:
    ruling = town.ruling
    with town.registry() as registry:
        before = registry.sources.entries_of(ruling.ruling_id)
    overturned_by = town.vote(town.file(ruling.ruling_id, [town.false_positive(ruling)]), "judge1").result
    with town.registry() as registry:
        assert registry.sources.entries_of(ruling.ruling_id) == before
        (new,) = registry.sources.entries_of(overturned_by.ruling if overturned_by else "")
    assert new.body["appeal_of"] == ruling.ruling_id
    assert new.body["verdict"] == "approved"


def test_the_new_ruling_is_executed_again_to_the_same_bytes(town: Town) -> None:
    appeal = overturned(town)
    assert appeal.result is not None
    with town.registry() as registry:
        store = registry.record.evidence
        index = EvidenceIndex.of(map(EntryEvidence.of, registry.record.ledger.entries()))
        for name in (appeal.ruling.id, appeal.result.ruling):
            (entry,) = registry.sources.entries_of(name)
            explanation = explain(entry, index, store, own=True)
            assert explanation.outcome is Reexecution.SAME
            assert explanation.holds
        assert follows_again(registry, appeal) == "same"


def test_ruling_review_decision_and_label_are_written_together(town: Town) -> None:
    ruling = town.ruling
    appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)])
    before = kinds(town)
    town.vote(appeal, "judge1")
    added = kinds(town)[len(before) :]
    assert added[:4] == ["ruling", "appeal_reviewed", "appeal_decided", "label"]


def test_nothing_is_decided_before_the_panel_is_full(tmp_path: Path) -> None:
    town = make_town(tmp_path / "repo", config="[law]\nappeal_reviewers = [2, 3, 4]\n")
    ruling = town.ruling
    appeal = town.vote(town.file(ruling.ruling_id, [town.false_positive(ruling)]), "judge1")
    assert (appeal.state, appeal.result) == (State.IN_REVIEW, None)
    assert town.vote(appeal, "judge2", Vote.REFUSE).state is State.UPHELD


def test_a_refusal_upholds_with_a_ruling_of_the_same_verdict(town: Town) -> None:
    ruling = town.ruling
    appeal = town.vote(town.file(ruling.ruling_id, [town.false_positive(ruling)]), "judge1", Vote.REFUSE)
    assert appeal.state is State.UPHELD
    assert appeal.result is not None
    assert appeal.result.verdict == "rejected"
    with town.registry() as registry:
        assert read_labels(registry) == ()
        assert follows_again(registry, appeal) == "same"


def test_three_levels_are_heard_by_nine_different_people_and_then_it_is_over(town: Town) -> None:
    ruling = town.ruling
    claim = town.false_positive(ruling)
    level, judges = ruling.ruling_id, list(REVIEWERS)
    seen = []
    for size in (1, 3, 5):
        appeal = town.file(level, [claim])
        for _ in range(size):
            appeal = town.vote(appeal, judges.pop(0), Vote.REFUSE)
        assert appeal.result is not None
        level = appeal.result.ruling
        seen.append((appeal.level, appeal.size, len(appeal.reviews), appeal.state))
    assert [one[:3] for one in seen] == [(1, 1, 1), (2, 3, 3), (3, 5, 5)]
    assert town.look(appeal).state is State.FINAL
    with pytest.raises(AppealError, match="the last, and final"):
        town.file(level, [claim])


def test_a_higher_level_can_take_a_label_back(town: Town) -> None:
    first = overturned(town)
    assert first.result is not None
    with town.registry() as registry:
        (label,) = read_labels(registry)
    assert (label.ruling, label.was, label.label, label.level, label.final) == (
        first.ruling.id,
        "rejected",
        "approved",
        1,
        False,
    )
    claim = Claim(Form.FACT, "spec.rollback", value=True, evidence=(town.store(b"another view"),))
    second = town.file(first.result.ruling, [claim], by="judge2")
    for judge in ("judge3", "judge4", "judge5"):
        second = town.vote(second, judge)
    assert second.state is State.UPHELD
    with town.registry() as registry:
        assert [(one.ruling, one.label) for one in read_labels(registry)] == [(first.ruling.id, "approved")]


def test_labels_are_listed_once_and_no_invented_one_is(town: Town) -> None:
    appeal = overturned(town)
    with town.registry() as registry:
        (label,) = read_labels(registry)
        recorded = next(entry for entry in registry.record.ledger.of_kinds({LABEL}))
        registry.record.ledger.append_all(
            [
                Draft(LABEL, dict(recorded.body)),
                Draft(LABEL, {**recorded.body, "label": "waived"}),
                Draft(LABEL, {**recorded.body, "appeal": "A-0"}),
                Draft(LABEL, {**recorded.body, "case": "sha256:" + "0" * 64}),
            ]
        )
        assert read_labels(registry) == (label,)
    assert label.appeal == appeal.id


def test_an_appeal_that_lapses_leaves_the_ruling_and_says_so_once(town: Town) -> None:
    ruling = town.ruling
    appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)])
    town.clock.pass_days(30.5)
    assert town.look(appeal).state is State.LAPSED
    with pytest.raises(AppealError, match="lapsed on"):
        town.vote(appeal, "judge1")
    with town.registry() as registry:
        assert [one.id for one in settle(registry)] == [appeal.id]
        assert settle(registry) == ()
    assert kinds(town).count("appeal_lapsed") == 1


def test_a_full_panel_without_a_decision_is_decided_by_whoever_looks_next(town: Town) -> None:
    ruling = town.ruling
    appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)])
    town.vote(appeal, "judge1")
    with town.registry() as registry:
        entries = list(registry.record.ledger.entries())
    review = next(entry for entry in entries if entry.kind == "appeal_reviewed")
    other = make_town(town.git.path.parent / "other")
    again = other.review()
    second = other.file(again.ruling_id, [other.false_positive(again)])
    assert second.id != appeal.id
    with other.registry() as registry:
        registry.record.ledger.append("appeal_reviewed", dict(review.body))
        assert settle(registry) == ()
    assert other.look(second).state is State.FILED


def test_a_review_that_was_recorded_alone_is_decided_when_time_is_looked_at(town: Town) -> None:
    from agent_agency.arbitration.appeals.statements import appeal_subject, review_statement
    from agent_agency.attestation.signer import sign_statement

    ruling = town.ruling
    appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)])
    statement = review_statement(appeal.id, appeal.payload_digest, 1, (Vote.ADMIT,), ("seen",))
    envelope = sign_statement(statement, town.people["judge1"].signer)
    with town.registry() as registry:
        body = {"subject": appeal_subject(appeal.id), "attestation": envelope}
        registry.record.ledger.append("appeal_reviewed", body)
        assert town.look(appeal).heard
        assert [one.state for one in settle(registry)] == [State.OVERTURNED]


def test_a_review_that_would_not_count_is_refused_before_it_is_written(town: Town) -> None:
    ruling = town.ruling
    appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)], by="judge1")
    before = kinds(town)
    for who in ("judge1", "author", "robot", "approver"):
        with pytest.raises(AppealError, match="would not count"):
            town.vote(appeal, who)
    assert kinds(town) == before


def test_a_filing_that_would_not_count_is_refused_before_it_is_written(town: Town) -> None:
    ruling = town.ruling
    claim = town.false_positive(ruling)
    before = kinds(town)
    with pytest.raises(AppealError, match="no standing"):
        town.file(ruling.ruling_id, [claim], by="robot")
    with pytest.raises(AppealError, match="holds no finding"):
        town.file(ruling.ruling_id, [replace(claim, target="0" * 32)])
    with pytest.raises(AppealError, match="no evidence that the ruling did not rest on"):
        town.file(ruling.ruling_id, [replace(claim, evidence=())])
    town.clock.pass_days(14.5)
    with pytest.raises(AppealError, match="they are over"):
        town.file(ruling.ruling_id, [claim])
    assert kinds(town) == before


def test_the_change_cannot_bring_its_own_reviewers(town: Town) -> None:
    town.git.write(PRINCIPALS_PATH, principals_toml([make_principal("mallory", ["reviewer"])]))
    town.git.commit("List myself")
    ruling = town.review()
    town.people["mallory"] = make_principal("mallory", ["reviewer"])
    claim = Claim(Form.FACT, "spec.rollback", value=True, evidence=(town.store(b"mine"),))
    appeal = town.file(ruling.ruling_id, [claim])
    with pytest.raises(AppealError, match="not among those of the listed"):
        town.vote(appeal, "mallory")


@pytest.mark.parametrize("base", ["work", "work~0"])
def test_a_base_that_moves_with_the_change_brings_no_reviewers(town: Town, base: str) -> None:
    ruling = town.review(base=base)
    town.people["mallory"] = make_principal("mallory", ["reviewer"])
    town.git.write(PRINCIPALS_PATH, principals_toml([*town.people.values()]))
    town.git.commit("List myself on the branch that I called the base")
    claim = Claim(Form.FACT, "spec.rollback", value=True, evidence=(town.store(b"mine"),))
    appeal = town.file(ruling.ruling_id, [claim], by="judge1")
    with pytest.raises(AppealError, match="not among those of the listed"):
        town.vote(appeal, "mallory")


def test_reviewers_whom_the_base_lists_later_may_hear_and_those_it_dropped_may_not(town: Town) -> None:
    ruling = town.ruling
    appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)])
    fresh = make_principal("fresh", ["reviewer"])
    left = [person for name, person in town.people.items() if name != "judge1"]
    town.git.checkout("main")
    town.git.write(PRINCIPALS_PATH, principals_toml([*left, fresh]))
    town.git.commit("Change the reviewers")
    town.git.checkout("work")
    town.people["fresh"] = fresh
    with pytest.raises(AppealError, match="not among those of the listed"):
        town.vote(appeal, "judge1")
    with town.registry() as registry:
        assert "fresh" in may_review(registry, appeal)
        assert "judge1" not in may_review(registry, appeal)
    assert town.vote(appeal, "fresh").state is State.OVERTURNED


def test_a_decision_stands_when_its_reviewers_leave(town: Town) -> None:
    appeal = overturned(town)
    town.git.checkout("main")
    town.git.write(PRINCIPALS_PATH, principals_toml([town.people["author"]]))
    town.git.commit("Everybody leaves")
    assert town.look(appeal).result == appeal.result


def test_a_ruling_that_nobody_signed_cannot_be_appealed_or_measure_anything(town: Town) -> None:
    ruling = town.ruling
    with town.registry() as registry:
        (entry,) = registry.sources.entries_of(ruling.ruling_id)
        forged = {**entry.body, "ruling_id": "R-forged", "subject": "ruling:R-forged"}
        registry.record.ledger.append("ruling", forged)
        assert registry.sources.entries_of("R-forged") == ()
        del forged["attestation"]
        registry.record.ledger.append("ruling", {**forged, "verdict": "approved"})
        assert registry.sources.entries_of("R-forged") == ()


def test_a_forged_result_is_told(town: Town) -> None:
    ruling = town.ruling
    appeal = town.vote(town.file(ruling.ruling_id, [town.false_positive(ruling)]), "judge1", Vote.REFUSE)
    assert appeal.result is not None
    lie = replace(appeal, result=replace(appeal.result, verdict="approved"))
    with town.registry() as registry:
        assert follows_again(registry, lie) == "differs"


def test_evidence_of_an_appeal_is_named_by_its_entry_so_that_its_loss_is_told(town: Town) -> None:
    from agent_agency.workflows.appeal_claims import ClaimOptions, asked_appeal
    from agent_agency.workflows.appeals import file_appeal

    ruling = town.ruling
    found = next(one for gate in ruling.gates for one in gate.findings if one.severity != "advice")
    proof = town.git.path / "proof.txt"
    proof.write_text("the owner agreed")
    options = ClaimOptions(
        Ground.NEW_EVIDENCE, "see the proof", findings=(found.fingerprint[:10],), evidence=(str(proof),)
    )
    with town.registry() as registry:
        asked = asked_appeal(registry, "latest", options)
        filed = file_appeal(registry, asked, town.people["author"].signer)
        (digest,) = filed.filing.claims[0].evidence
        entry = next(iter(registry.record.ledger.of_kinds({"appeal_filed"})))
        assert digest in {named.digest for named in EntryEvidence.of(entry).named}
        assert registry.record.evidence.state(digest) is EvidenceState.OK


def test_the_case_of_the_ruling_is_under_appeal_and_then_decided(town: Town) -> None:
    ruling = town.ruling
    appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)])
    with town.registry() as registry:
        states = [entry.body.get("to") for entry in registry.record.ledger.of_kinds({"case_noted", "case_closed"})]
        assert states[-1] == "under_appeal"
    town.vote(appeal, "judge1")
    with town.registry() as registry:
        (closed,) = registry.record.ledger.of_kinds({"case_closed"})
        assert closed.body["to"] == "decided"


def test_every_entry_of_an_appeal_is_plain_json(town: Town) -> None:
    overturned(town)
    with town.registry() as registry:
        for entry in registry.record.ledger.entries():
            assert json.loads(json.dumps(entry.body)) == dict(entry.body)
        assert len(read_appeals(registry).appeals) == 1


def waived_town(folder: Path) -> Town:
    """A town without approvers, whose violation a waiver file at the base covers; judge1 approved it."""
    town = make_town(folder)
    town.git.checkout("main")
    left = [person for name, person in town.people.items() if name != "approver"]
    town.git.write(PRINCIPALS_PATH, principals_toml(left))
    text = WAIVER.format(
        id="WV-1", gate="scope_boundary", approver="judge1@example.org", expires="2026-02-20T00:00:00Z", spec="FEAT-1"
    )
    town.git.write(".caws/waivers/WV-1.yaml", f"{text}requested_by: judge2@example.org\n")
    town.git.commit("Grant a waiver")
    town.git.checkout("work")
    return town


def test_a_waiver_that_should_not_have_counted_is_struck_by_others_than_its_parties(tmp_path: Path) -> None:
    town = waived_town(tmp_path / "repo")
    ruling = town.review()
    assert ruling.decision.verdict == "waived"
    claim = Claim(Form.WAIVER_WRONGLY_APPLIED, "WV-1", rule="scope.boundary")
    appeal = town.file(ruling.ruling_id, [claim], by="judge5", ground=Ground.LEGAL_ERROR)
    for party in ("judge1", "judge2", "judge5"):
        with pytest.raises(AppealError, match="would not count"):
            town.vote(appeal, party)
    done = town.vote(appeal, "judge3")
    assert done.result is not None
    assert (done.result.outcome, done.result.verdict) == ("overturned", "rejected")


def test_a_waiver_that_counted_already_or_never_was_is_no_error(tmp_path: Path) -> None:
    town = waived_town(tmp_path / "repo")
    ruling = town.review()
    for waiver, why in (("WV-1", "applied the waiver"), ("WV-9", "no waiver WV-9 was in force")):
        claim = Claim(Form.WAIVER_NOT_APPLIED, waiver, rule="scope.boundary")
        with pytest.raises(AppealError, match=why):
            town.file(ruling.ruling_id, [claim], by="judge5", ground=Ground.LEGAL_ERROR)


def test_a_ruling_by_a_stale_base_is_corrected_by_the_whole_case_of_the_right_one(town: Town) -> None:
    stale = town.ruling
    town.git.checkout("main")
    spec = town.git.path / ".caws/specs/FEAT-1.yaml"
    spec.write_text(spec.read_text().replace("  out: [src/frozen/]\n", "  out: [src/cold/]\n"))
    town.git.commit("Open the folder")
    town.git.checkout("work")
    right = town.review()
    assert right.decision.verdict == "approved"
    claim = Claim(Form.WRONG_LAW, right.ruling_id, rule="scope.boundary")
    appeal = town.vote(town.file(stale.ruling_id, [claim], ground=Ground.LEGAL_ERROR), "judge1")
    assert appeal.result is not None
    assert appeal.result.verdict == "approved"
    with town.registry() as registry:
        assert follows_again(registry, appeal) == "same"


def test_the_result_of_an_appeal_measures_nothing(town: Town) -> None:
    appeal = overturned(town)
    assert appeal.result is not None
    with town.registry() as registry:
        assert registry.sources.reviewed(appeal.result.ruling) is None
        assert registry.sources.reviewed(appeal.ruling.id) is not None


def test_an_act_reads_only_the_entries_of_its_matter(town: Town) -> None:
    """Others' appeals are not read, however many there are; so what an act costs does not grow with them."""
    appeal = town.file(town.ruling.ruling_id, [town.false_positive(town.ruling)])
    with town.registry() as registry:
        ledger = registry.record.ledger
        before = _lines_read(registry, appeal.id)
        bodies = [{"subject": f"appeal:A-other{n}", RULED_ON: dict(ruled_on(f"R-other{n}"))} for n in range(200)]
        ledger.append_all([Draft("appeal_filed", body) for body in bodies])
        ledger.view()
        assert _lines_read(registry, appeal.id) == before
        assert len(read_appeals(registry).strays) == len(bodies)


def _lines_read(registry: Registry, appeal_id: str) -> int:
    fetched: list[int] = []
    view = registry.record.ledger.view()

    def counting(index: VerifiedIndex, seqs: Sequence[int]) -> Iterator[Entry]:
        fetched.extend(seqs)
        return view.fetch(index, seqs)

    found = matter_on_record(LedgerView(view.index, counting), f"appeal:{appeal_id}")
    assert {entry.seq for entry in found} <= set(fetched)
    return len(fetched)
