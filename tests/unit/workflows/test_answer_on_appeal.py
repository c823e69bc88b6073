"""A review answers with the ruling of an appeal that replaced the very ruling that it comes to, and with no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agent_agency.arbitration.appeals.model import Appeal, Claim, Form, Ground, Vote
from agent_agency.arbitration.ruling import Ruling
from agent_agency.attestation.principals import PRINCIPALS_PATH
from agent_agency.report.appeal_told import on_appeal
from agent_agency.workflows.answer_on_appeal import NOT_FOLLOWED, OTHER_CASE
from support.appeals import Town, make_town
from support.forged_appeals import forged_decision, forged_review, forged_ruling, ruling_of_others
from support.principals import make_principal, principals_toml


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Town:
    made = make_town(tmp_path_factory.mktemp("model") / "repo")
    assert made.ruling.decision.verdict == "rejected"
    return made


@pytest.fixture
def town(model: Town, tmp_path: Path) -> Town:
    return model.copied_to(tmp_path / "repo")


def overturned(town: Town) -> Appeal:
    ruling = town.ruling
    return town.vote(town.file(ruling.ruling_id, [town.false_positive(ruling)]), "judge1")


def kinds(town: Town) -> list[str]:
    with town.registry() as registry:
        return [entry.kind for entry in registry.record.ledger.entries()]


def steps(ruling: Ruling) -> list[Any]:
    return list((ruling.on_appeal or {}).get("appeals", ()))


def stays_rejected(town: Town, ruling: Ruling) -> bool:
    return (ruling.ruling_id, ruling.decision) == (town.ruling.ruling_id, town.ruling.decision)


def test_the_next_review_answers_with_the_ruling_of_the_appeal_and_reopens_nothing(town: Town) -> None:
    appeal = overturned(town)
    assert appeal.result is not None
    before = kinds(town)
    town.clock.pass_days(3)
    answered = town.review()
    assert (answered.decision.verdict, answered.decision.exit_code) == ("approved", 0)
    assert (answered.ruling_id, answered.appeal_of) == (appeal.result.ruling, town.ruling.ruling_id)
    assert answered.on_appeal is not None
    assert answered.on_appeal["measured"] == {
        "ruling_id": town.ruling.ruling_id,
        "verdict": "rejected",
        "exit_code": 1,
        "reasons": list(town.ruling.decision.reasons),
    }
    line = f"{town.ruling.ruling_id}: rejected; on appeal {appeal.id}, level 1: approved ({answered.ruling_id})"
    assert on_appeal(answered) == [line]
    with town.registry() as registry:
        (entry,) = registry.sources.entries_of(answered.ruling_id)
    assert answered.ledger is not None
    assert answered.ledger["seq"] == entry.seq
    assert kinds(town) == before


def test_another_tree_or_another_law_is_another_ruling_of_which_the_appeal_says_nothing(town: Town) -> None:
    overturned(town)
    town.git.write("src/frozen/other.py", "y = 2\n")
    town.git.commit("Add another file")
    other_tree = town.review()
    town.git.git("reset", "-q", "--hard", "HEAD~1")
    assert town.review().decision.verdict == "approved"
    town.git.checkout("main")
    town.git.commit("Grow", **{"notes.txt": "x\n"})
    town.git.checkout("work")
    other_law = town.review()
    for ruling in (other_tree, other_law):
        assert (ruling.decision.verdict, ruling.on_appeal, ruling.appeal_of) == ("rejected", None, None)


def test_an_open_appeal_is_told_and_a_lapsed_one_leaves_the_ruling(town: Town) -> None:
    ruling = town.ruling
    appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)])
    waiting = town.review()
    assert stays_rejected(town, waiting)
    assert waiting.case is not None
    assert waiting.case["state"] == "under_appeal"
    assert [(one["id"], one["state"], one["due"][:10]) for one in steps(waiting)] == [
        (appeal.id, "filed", "2026-03-02")
    ]
    town.clock.pass_days(30.5)
    late = town.review()
    assert stays_rejected(town, late)
    assert [one["state"] for one in steps(late)] == ["lapsed"]
    assert "lapsed on 2026-03-02" in on_appeal(late)[0]


def test_an_upheld_ruling_is_told_as_such_and_stays(town: Town) -> None:
    ruling = town.ruling
    appeal = town.vote(town.file(ruling.ruling_id, [town.false_positive(ruling)]), "judge1", Vote.REFUSE)
    assert appeal.result is not None
    answered = town.review()
    assert stays_rejected(town, answered)
    assert on_appeal(answered) == [
        f"{ruling.ruling_id}: rejected; on appeal {appeal.id}, level 1, upheld: rejected ({appeal.result.ruling})"
    ]


def test_the_level_that_spoke_last_is_answered(tmp_path: Path) -> None:
    town = make_town(tmp_path / "repo", path="migrations/0001_new.sql")
    town.git.checkout("main")
    spec = town.git.path / ".caws/specs/FEAT-1.yaml"
    spec.write_text(spec.read_text().replace("[src/, tests/]", "[src/, tests/, migrations/]"))
    town.git.commit("Open the folder")
    town.git.checkout("work")
    ruling = town.review()
    assert ruling.decision.verdict == "rejected"
    level, said = ruling.ruling_id, []
    for value, judges in ((True, "1"), (False, "234")):
        claim = Claim(Form.FACT, "spec.rollback", value=value, evidence=(town.store(f"plan {value}".encode()),))
        appeal = town.file(level, [claim], by="author" if value else "judge9")
        for judge in judges:
            appeal = town.vote(appeal, f"judge{judge}")
        assert appeal.result is not None
        level = appeal.result.ruling
        answered = town.review()
        said.append((answered.decision.verdict, answered.ruling_id == level, len(steps(answered))))
    assert said == [("approved", True, 1), ("rejected", True, 2)]


def test_votes_of_those_whom_a_moved_base_lists_count_for_nothing_at_the_reviews_own(town: Town) -> None:
    """Whoever works in a clone can move its branches; the law of the ruling is a commit that nobody moves."""
    base = town.git.git("rev-parse", "main")
    ruling = town.ruling
    town.people["mallory"] = make_principal("mallory", ["reviewer"])
    town.git.checkout("main")
    town.git.write(PRINCIPALS_PATH, principals_toml([*town.people.values()]))
    town.git.commit("List myself")
    town.git.checkout("work")
    appeal = town.vote(town.file(ruling.ruling_id, [town.false_positive(ruling)]), "mallory")
    assert appeal.result is not None
    answered = town.review(base=base)
    assert stays_rejected(town, answered)
    assert [(one["state"], one["counts"]) for one in steps(answered)] == [("filed", False)]


def test_an_overturning_that_an_agent_writes_with_keys_of_its_own_changes_nothing(town: Town) -> None:
    ruling = town.ruling
    town.people["mallory"] = make_principal("mallory", ["reviewer"])
    forged_ruling(town)
    assert stays_rejected(town, town.review())
    appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)])
    forged_review(town, appeal, "mallory")
    forged_decision(town, appeal, "R-forged", admitted=[0], panel=["mallory"])
    answered = town.review()
    assert stays_rejected(town, answered)
    assert [(one["state"], one["counts"], one["verdict"]) for one in steps(answered)] == [("filed", False, None)]


def test_a_result_that_does_not_follow_from_genuine_votes_changes_nothing(town: Town) -> None:
    """The reviewer admitted a fact that mends nothing; the entry says that it was enough."""
    ruling = town.ruling
    claim = Claim(Form.FACT, "spec.rollback", value=True, evidence=(town.store(b"a plan"),))
    appeal = town.file(ruling.ruling_id, [claim])
    forged_ruling(town)
    forged_review(town, appeal, "judge1")
    forged_decision(town, appeal, "R-forged", admitted=[0], panel=["judge1"])
    assert town.look(appeal).result is not None
    answered = town.review()
    assert stays_rejected(town, answered)
    assert [(one["counts"], one["why_not"]) for one in steps(answered)] == [(False, NOT_FOLLOWED)]


def test_an_appeal_over_another_case_under_the_same_id_changes_nothing(town: Town) -> None:
    """Where no arbiter is listed, an entry of the same ruling id could hold a case that hides who wrote the change."""
    ruling = town.ruling
    ruling_of_others(town)
    appeal = town.vote(town.file(ruling.ruling_id, [town.false_positive(ruling)], by="judge9"), "judge1")
    assert appeal.result is not None
    answered = town.review()
    assert stays_rejected(town, answered)
    assert [(one["counts"], one["why_not"]) for one in steps(answered)] == [(False, OTHER_CASE)]


def test_an_approval_that_an_appeal_struck_is_rejected_from_then_on(tmp_path: Path) -> None:
    from support.law import WAIVER

    town = make_town(tmp_path / "repo")
    town.git.checkout("main")
    left = [person for name, person in town.people.items() if name != "approver"]
    town.git.write(PRINCIPALS_PATH, principals_toml(left))
    text = WAIVER.format(
        id="WV-1", gate="scope_boundary", approver="judge1@example.org", expires="2026-02-20T00:00:00Z", spec="FEAT-1"
    )
    town.git.write(".caws/waivers/WV-1.yaml", f"{text}requested_by: judge2@example.org\n")
    town.git.commit("Grant a waiver")
    town.git.checkout("work")
    waived = town.review()
    assert waived.decision.exit_code == 0
    claim = Claim(Form.WAIVER_WRONGLY_APPLIED, "WV-1", rule="scope.boundary")
    town.vote(town.file(waived.ruling_id, [claim], by="judge5", ground=Ground.LEGAL_ERROR), "judge3")
    answered = town.review()
    assert (answered.decision.verdict, answered.decision.exit_code) == ("rejected", 1)
    assert answered.on_appeal is not None
    assert answered.on_appeal["measured"]["verdict"] == "waived"
