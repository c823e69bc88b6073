"""Appeals on Postgres the whole way, and on both stores two processes that give the last vote at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from agent_agency.arbitration.appeals.model import State, Vote
from agent_agency.errors import AppealError
from agent_agency.workflows.appeal_check import follows_again
from agent_agency.workflows.appeals import read_labels, settle
from agent_agency.workflows.check_evidence import EntryEvidence, EvidenceIndex
from agent_agency.workflows.explain_ruling import explain
from support.appeals import Town, make_town

TESTS = Path(__file__).resolve().parents[2]


@pytest.fixture(params=["sqlite", "postgres"])
def town(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Town:
    if request.param == "postgres":
        monkeypatch.setenv("AGENCY_STORE_URL", str(request.getfixturevalue("postgres_url")))
    return make_town(tmp_path / "repo")


def kinds(town: Town) -> Counter[str]:
    with town.registry() as registry:
        return Counter(entry.kind for entry in registry.record.ledger.entries())


@pytest.mark.parametrize("town", ["postgres"], indirect=True)
def test_from_a_rejection_over_two_levels_to_what_the_next_review_answers(town: Town) -> None:
    ruling = town.ruling
    claim = town.false_positive(ruling)
    with pytest.raises(AppealError, match="no standing"):
        town.file(ruling.ruling_id, [claim], by="robot")
    first = town.vote(town.file(ruling.ruling_id, [claim]), "judge1", Vote.REFUSE)
    assert first.result is not None
    assert town.review().decision == ruling.decision
    second = town.file(first.result.ruling, [claim])
    for judge in ("judge2", "judge3", "judge4"):
        assert town.review().decision == ruling.decision
        second = town.vote(second, judge)
    assert second.result is not None
    answered = town.review()
    assert (answered.decision.verdict, answered.ruling_id) == ("approved", second.result.ruling)
    with town.registry() as registry:
        assert [follows_again(registry, appeal) for appeal in (first, second)] == ["same", "same"]
        assert [label.label for label in read_labels(registry)] == ["approved", "approved"]
        index = EvidenceIndex.of(map(EntryEvidence.of, registry.record.ledger.entries()))
        for name in (ruling.ruling_id, second.result.ruling):
            (entry,) = registry.sources.entries_of(name)
            assert explain(entry, index, registry.record.evidence, own=True).holds


@pytest.mark.parametrize("town", ["postgres"], indirect=True)
def test_an_appeal_that_nobody_hears_lapses_once(town: Town) -> None:
    ruling = town.ruling
    appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)])
    town.clock.pass_days(30.5)
    assert town.look(appeal).state is State.LAPSED
    with town.registry() as registry:
        assert [len(settle(registry)) for _ in range(2)] == [1, 0]
    assert kinds(town)["appeal_lapsed"] == 1


def start(town: Town, appeal: str, judge: str) -> subprocess.Popen[str]:
    program = [sys.executable, str(TESTS / "support" / "appeal_voter.py"), str(town.git.path), appeal, judge]
    environment = {**os.environ, "PYTHONPATH": str(TESTS)}
    pipe = subprocess.PIPE
    return subprocess.Popen(program, env=environment, text=True, stdin=pipe, stdout=pipe, stderr=pipe)


def test_of_two_processes_that_give_the_last_vote_at_once_one_decides(town: Town) -> None:
    ruling = town.ruling
    appeal = town.file(ruling.ruling_id, [town.false_positive(ruling)])
    running = [start(town, appeal.id, judge) for judge in ("judge1", "judge2")]
    for process in running:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    answers = []
    for process in running:
        assert process.stdin is not None
        process.stdin.write("now\n")
        process.stdin.flush()
    for process in running:
        out, errors = process.communicate(timeout=50)
        assert (process.returncode, errors) == (0, "")
        answers.append(json.loads(out))
    refused = [one["refused"] for one in answers if "refused" in one]
    decided = [one for one in answers if "state" in one]
    assert [one["state"] for one in decided] == ["overturned"]
    assert len(refused) == 1
    assert "was decided" in refused[0] or "would not count" in refused[0]
    stands = town.look(appeal)
    assert stands.result is not None
    assert [review.principal for review in stands.reviews] == [decided[0]["panel"]]
    found = kinds(town)
    assert (found["appeal_reviewed"], found["appeal_decided"], found["ruling"], found["label"]) == (1, 1, 2, 1)
    with town.registry() as registry:
        assert follows_again(registry, stands) == "same"
