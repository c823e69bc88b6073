from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_agency.arbitration.appeals.labels import Label as AppealLabel
from agent_agency.errors import AgencyError, EvaluationError
from agent_agency.store.database import Database
from agent_agency.store.labels import AskedLabels, Label
from agent_agency.workflows import evaluations as work
from agent_agency.workflows.evaluation_records import save_evaluations
from support.evaluations import digest, evaluation, label


class StillClock:
    """Always the same moment."""

    def now(self) -> datetime:
        return datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.open(f"sqlite:///{tmp_path}/store.db")


def _appeal(case: str, right: str, *, final: bool = True) -> AppealLabel:
    return AppealLabel("R-1", "e" * 64, right, "rejected", "A-1", 1, digest(case), final)


def test_pages_follow_one_another_by_the_last_id(database: Database) -> None:
    save_evaluations(database, [evaluation(subject=number) for number in range(5)])
    first = work.list_evaluations(database, work.asked_for(database), 3)
    assert first.next == first.records[-1]["id"]
    second = work.list_evaluations(database, work.asked_for(database), 3, first.next[:14] if first.next else "")
    assert (len(second.records), second.next) == (2, None)
    assert len({one["id"] for one in (*first.records, *second.records)}) == 5


def test_an_evaluation_is_shown_with_the_label_in_force(database: Database) -> None:
    save_evaluations(database, [evaluation()])
    work.add_labels(database, [label(verdict="fail", source="truth")])
    (listed,) = work.list_evaluations(database, work.asked_for(database, judge="safety"), 5).records
    assert listed["label"]["source"] == "truth"
    made = work.label_by_hand(
        database, StillClock(), Label("", "", "", "partial", 0.0, "person", "ada", note="half of it"), listed["id"][:10]
    )
    assert (made.label.judge, made.label.subject, made.label.at) == (
        "safety",
        digest("a subject"),
        "2026-03-01T12:00:00.000Z",
    )
    shown = work.show_evaluation(database, listed["id"])
    assert shown["label"] == {"verdict": "partial", "source": "person", "id": made.id}
    newest, older = work.list_labels(database, AskedLabels(), 5).records
    assert (newest["in_force"], newest["score"], older["in_force"]) == (True, 0.0, False)


def test_statistics_count_what_there_is(database: Database) -> None:
    assert work.statistics(database) == {"evaluations": 0, "versions": [], "labels": []}
    several = [evaluation(verdict="pass"), evaluation(verdict="fail", score=0.0, repeat=1)]
    save_evaluations(database, [*several, evaluation(verdict="abstain", score=None), evaluation(subject="unlabelled")])
    work.add_labels(database, [label(verdict="fail")])
    found = work.statistics(database, "safety", "2026-01-31")
    (version,) = found["versions"]
    assert (found["evaluations"], version["labelled"], version["decided"], version["right"]) == (4, 3, 2, 1)
    assert version["accuracy"] == 0.5
    assert found["labels"] == [{"judge": "safety", "source": "person", "verdict": "fail", "labels": 1}]
    assert work.statistics(database, since="2026-02-01")["evaluations"] == 0


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2026-01-31", "2026-01-31T00:00:00.000Z"),
        ("2026-01-31T08:00:00+02:00", "2026-01-31T06:00:00.000Z"),
        ("2026-01-31T08:00:00.5Z", "2026-01-31T08:00:00.500Z"),
        ("", ""),
    ],
)
def test_days_and_moments_are_read_in_utc(given: str, read: str) -> None:
    assert work.moment_of(given) == read


@pytest.mark.parametrize(
    "given", ["yesterday", "2026-02-30", "2026-01-31T08:00:00", "20260131", "0001-01-01T00:00:00+23:59"]
)
def test_what_is_no_moment_is_said(given: str) -> None:
    with pytest.raises(AgencyError) as caught:
        work.moment_of(given)
    assert caught.value.stable_code == "usage.invalid"


def test_a_name_that_means_nothing_or_several_is_said(database: Database) -> None:
    save_evaluations(database, [evaluation(subject=number, version=number) for number in range(40)])
    for name in ("E-", "E-zz", "L-00", "", "E-0 OR 1"):
        with pytest.raises(EvaluationError, match="begins with"):
            work.show_evaluation(database, name)
    for version in (digest(1)[7:19], digest(1)[:19], digest(1)):
        assert work.asked_for(database, version=version).version == digest(1)
    for version in ("ffffff", "sha256:", "x"):
        with pytest.raises(EvaluationError) as caught:
            work.asked_for(database, version=version)
        assert caught.value.stable_code == "evaluation.unknown_version"


def test_final_labels_of_appeals_come_in_once_and_those_that_may_change_do_not(database: Database) -> None:
    found = [_appeal("a", "approved"), _appeal("b", "conditional"), _appeal("c", "waived", final=False)]
    assert work.import_rulings(database, StillClock(), "rubric", found) == work.FromRulings(2, 0, 1)
    assert work.import_rulings(database, StillClock(), "rubric", found) == work.FromRulings(0, 2, 1)
    work.add_labels(database, [label(subject="b", judge="rubric", at="2027-01-01T00:00:00.000Z")])
    assert work.import_rulings(database, StillClock(), "rubric", found[1:2]) == work.FromRulings(0, 1, 0)
    labels = work.list_labels(database, AskedLabels(judge="rubric"), 9).records
    assert {(one["subject"], one["verdict"], one["source"], one["in_force"]) for one in labels} == {
        (digest("a"), "pass", "ruling", True),
        (digest("b"), "partial", "ruling", True),
        (digest("b"), "pass", "person", False),
    }
    assert labels[-1]["evidence"] == labels[-1]["subject"]
