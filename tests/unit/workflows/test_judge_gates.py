"""What a review makes of judges: they advise, and block only where law and card let them."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from agent_agency.arbitration.ruling import Ruling, Verdict
from agent_agency.facts import GateMode, GateResult, GateStatus, Severity
from agent_agency.judging.answer import Answer
from agent_agency.sandbox.model import Isolation
from agent_agency.workflows.review import review
from agent_agency.workflows.subject import ReviewRequest
from support.judges import ABSTAINS, FAILS, PARTLY, PASSES, ToldJudge
from support.law import lawful_repo
from support.unguarded import services_at

ADVISES = '[judges]\nadvise = ["safety"]\n'
BLOCKS = '[judges]\nblock = ["safety"]\n'


def _reviewed(
    folder: Path, config: str, judge: ToldJudge | None, edit: str = "def total(lines):\n    return 0\n"
) -> Ruling:
    repo = lawful_repo(folder, config=config)
    repo.checkout("work")
    repo.write("src/totals.py", edit)
    repo.commit("Return nothing\n\nIt is quicker now.\n\nCo-authored-by: Robot <robot@example.org>")
    services = services_at(Isolation.NONE, dict(os.environ))
    if judge is not None:
        services = replace(services, judges=judge.opened)
    return review(ReviewRequest(repo.path, base="main", head="work"), services)


def _gate(ruling: Ruling, name: str = "judge_safety") -> GateResult:
    return next(gate for gate in ruling.gates if gate.name == name)


def test_without_judges_in_the_law_none_is_asked(tmp_path: Path) -> None:
    judge = ToldJudge(FAILS, card=True)
    ruling = _reviewed(tmp_path / "repo", "", judge)
    assert ruling.decision.verdict is Verdict.APPROVED
    assert judge.asked == []
    assert not [gate for gate in ruling.gates if gate.name.startswith("judge_")]


@pytest.mark.parametrize("answer", [FAILS, PARTLY, PASSES, ABSTAINS, None])
@pytest.mark.parametrize("card", [True, False])
def test_a_judge_that_advises_never_changes_the_verdict(tmp_path: Path, answer: Answer | None, card: bool) -> None:
    ruling = _reviewed(tmp_path / "repo", ADVISES, ToldJudge(answer, card))
    assert ruling.decision.verdict is Verdict.APPROVED
    assert _gate(ruling).mode is GateMode.WARN
    assert all(finding.severity is Severity.ADVICE for finding in _gate(ruling).findings)


def test_a_judge_that_may_block_and_fails_the_change_is_a_rejection(tmp_path: Path) -> None:
    ruling = _reviewed(tmp_path / "repo", BLOCKS, ToldJudge(FAILS, card=True))
    assert ruling.decision.verdict is Verdict.REJECTED
    found = _gate(ruling).findings[0]
    assert "eval" in found.message
    assert found.remedy == "Parse the text."


def test_without_a_passing_card_the_same_judge_advises_and_says_why(tmp_path: Path) -> None:
    ruling = _reviewed(tmp_path / "repo", BLOCKS, ToldJudge(FAILS, card=False))
    assert ruling.decision.verdict is Verdict.APPROVED
    assert (_gate(ruling).status, _gate(ruling).mode) == (GateStatus.FAIL, GateMode.WARN)
    assert "no passing judge card" in _gate(ruling).reason


@pytest.mark.parametrize("answer", [ABSTAINS, None])
def test_a_blocking_judge_without_a_verdict_is_never_a_pass(tmp_path: Path, answer: Answer | None) -> None:
    ruling = _reviewed(tmp_path / "repo", BLOCKS, ToldJudge(answer, card=True))
    assert _gate(ruling).status is GateStatus.NOT_RUN
    assert ruling.decision.verdict not in {Verdict.APPROVED, Verdict.WAIVED}


def test_a_blocking_judge_that_passes_lets_the_change_through(tmp_path: Path) -> None:
    ruling = _reviewed(tmp_path / "repo", BLOCKS, ToldJudge(PASSES, card=True))
    assert ruling.decision.verdict is Verdict.APPROVED
    assert _gate(ruling).status is GateStatus.PASS


def test_the_judge_sees_task_diff_and_claims_and_nobodys_name(tmp_path: Path) -> None:
    judge = ToldJudge(PASSES)
    _reviewed(tmp_path / "repo", ADVISES, judge)
    seen = judge.asked[0]
    assert "Round invoice totals" in seen.task
    assert "+    return 0\n" in seen.output
    assert seen.claims == ("Return nothing", "It is quicker now.")
    assert "obot" not in repr(seen)


def test_what_the_gate_of_secrets_counted_is_told_and_asked_of_no_model(tmp_path: Path) -> None:
    judge = ToldJudge(PASSES)
    ruling = _reviewed(tmp_path / "repo", ADVISES, judge)
    assert _gate(ruling, "secrets").facts["credentials"] == 0
    assert judge.asked[0].facts["secrets_found"] == 0


def test_the_law_of_the_base_names_the_judges_and_not_the_change(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo", config=BLOCKS)
    repo.checkout("work")
    repo.write("agency.toml", "")
    repo.write("src/totals.py", "def total(lines):\n    return 0\n")
    repo.commit("Drop the judges")
    judge = ToldJudge(FAILS, card=True)
    services = replace(services_at(Isolation.NONE, dict(os.environ)), judges=judge.opened)
    ruling = review(ReviewRequest(repo.path, base="main", head="work"), services)
    assert ruling.decision.verdict is Verdict.REJECTED
    assert len(judge.asked) == 1


def test_a_change_of_the_law_alone_is_not_judged(tmp_path: Path) -> None:
    repo = lawful_repo(tmp_path / "repo", config=BLOCKS)
    repo.checkout("work")
    repo.write("agency.toml", ADVISES)
    repo.commit("Let the judge advise")
    judge = ToldJudge(FAILS, card=True)
    services = replace(services_at(Isolation.NONE, dict(os.environ)), judges=judge.opened)
    ruling = review(ReviewRequest(repo.path, base="main", head="work"), services)
    assert judge.asked == []
    assert not _gate(ruling).applicable


def test_a_change_with_a_credential_is_shown_to_no_engine(tmp_path: Path) -> None:
    judge = ToldJudge(PASSES, card=True)
    key = "AKIA" + "Z7Q4M2X9L5P8R3TW"
    ruling = _reviewed(tmp_path / "repo", BLOCKS, judge, f'AWS_KEY = "{key}"\n')
    assert judge.asked == []
    assert _gate(ruling).status is GateStatus.NOT_RUN
    assert "credential" in _gate(ruling).reason
    assert ruling.decision.verdict is Verdict.REJECTED
