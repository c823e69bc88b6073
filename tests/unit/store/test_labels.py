from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent_agency.errors import EvaluationError, StoreError
from agent_agency.store import evaluations, labels
from agent_agency.store.database import Database
from agent_agency.store.evaluation_days import AccuracyDay, accuracy_series, sums_by_version
from agent_agency.store.evaluation_record import Evaluation, recorded
from agent_agency.store.labels import RANKS, AskedLabels, Label, recorded_label
from support.evaluations import AT, digest, evaluation, label

LATER = "2026-02-01T08:00:00.000Z"


def _add(database: Database, *several: Evaluation | Label) -> None:
    with database.write() as connection:
        evaluations.add(connection, [recorded(one) for one in several if isinstance(one, Evaluation)])
        labels.add(connection, [recorded_label(one) for one in several if isinstance(one, Label)])


def _verdict(database: Database) -> str | None:
    with database.read() as connection:
        found = labels.gold_of(connection, "safety", [digest("a subject")]).get(digest("a subject"))
    return found.verdict if found else None


def _series(database: Database, judge: str = "safety") -> tuple[AccuracyDay, ...]:
    with database.read() as connection:
        return accuracy_series(connection, judge)


def test_a_person_corrects_what_a_program_found_and_a_ruling_stands_over_both(database: Database) -> None:
    _add(database, label(source="truth", verdict="pass", at=LATER))
    assert _verdict(database) == "pass"
    _add(database, label(source="person", verdict="fail"))
    assert _verdict(database) == "fail"
    _add(database, label(source="truth", verdict="partial", at=LATER))
    assert _verdict(database) == "fail"
    _add(database, label(source="ruling", verdict="partial"))
    assert _verdict(database) == "partial"
    _add(database, label(source="person", verdict="pass", at=LATER))
    assert _verdict(database) == "partial"


def test_a_model_is_never_gold(database: Database) -> None:
    _add(database, evaluation(), label(source="model", who="a model"))
    assert _verdict(database) is None
    assert _series(database) == ()


def test_of_one_source_the_newest_counts_whenever_it_was_brought_in(database: Database) -> None:
    _add(database, label(verdict="fail", at=LATER), label(verdict="pass"))
    assert _verdict(database) == "fail"


def test_a_score_of_zero_is_a_score(database: Database) -> None:
    _add(database, label(score=0.0, verdict="fail"), evaluation(score=0.0, verdict="fail"), evaluation(score=1.0))
    with database.read() as connection:
        (row,) = labels.page(connection, AskedLabels(), 5)
        sums = sums_by_version(connection)
    assert row.recorded.label.score == 0.0
    assert b'"score":0' in row.recorded.line
    assert [(one.verdict, one.sums.scored, one.sums.mean_score) for one in sums] == [("fail", 1, 0.0), ("pass", 1, 1.0)]


def test_accuracy_follows_labels_that_come_before_and_after_and_change(database: Database) -> None:
    _add(database, label(verdict="fail", source="truth"))
    _add(
        database,
        evaluation(verdict="fail"),
        evaluation(verdict="pass", at=LATER),
        evaluation(verdict="abstain", score=None, at=LATER),
        evaluation(verdict="pass", at=LATER, version="v2"),
        evaluation(verdict="pass", subject="another"),
        evaluation(verdict="pass", judge="relevance", version="other"),
    )
    one, two = digest("v1"), digest("v2")
    first = [AccuracyDay("2026-01-31", one, 1, 1, 1), AccuracyDay("2026-02-01", one, 2, 1, 0)]
    assert sorted(_series(database), key=lambda day: (day.version != one, day.day)) == [
        *first,
        AccuracyDay("2026-02-01", two, 1, 1, 0),
    ]
    _add(database, label(verdict="pass", source="person"))
    with database.read() as connection:
        assert accuracy_series(connection, "safety", one) == (
            AccuracyDay("2026-01-31", one, 1, 1, 0),
            AccuracyDay("2026-02-01", one, 2, 1, 1),
        )
        assert accuracy_series(connection, "safety", two, "2026-02-01") == (AccuracyDay("2026-02-01", two, 1, 1, 1),)
        assert accuracy_series(connection, "relevance") == ()


def _anything(chance: random.Random) -> Evaluation | Label:
    verdict = chance.choice(["pass", "partial", "fail", "abstain"])
    judge, at = (
        chance.choice(["safety", "relevance"]),
        f"2026-01-0{chance.randint(1, 3)}T00:00:00.00{chance.randint(0, 2)}Z",
    )
    common: dict[str, Any] = {"subject": chance.randint(1, 4), "judge": judge, "at": at}
    if chance.random() < 0.5:
        found = {"pass", "partial", "fail"} & {verdict} or {"pass"}
        return label(**common, verdict=found.pop(), source=chance.choice(sorted(RANKS)), who=str(chance.randint(1, 3)))
    score = None if verdict == "abstain" else chance.random()
    return evaluation(
        **common, verdict=verdict, score=score, version=f"{judge} {chance.randint(1, 2)}", repeat=chance.randint(0, 9)
    )


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), parts=st.integers(1, 6))
def test_sums_are_those_of_counting_everything_anew(
    tmp_path_factory: pytest.TempPathFactory, seed: int, parts: int
) -> None:
    chance = random.Random(seed)
    made = [_anything(chance) for _ in range(60)]
    database = Database.open(f"sqlite:///{tmp_path_factory.mktemp('sums')}/store.db")
    for part in range(parts):
        _add(database, *made[part::parts])
    judged = {recorded(one).id: one for one in made if isinstance(one, Evaluation)}.values()
    given_labels = [one for one in made if isinstance(one, Label) and one.source != "model"]
    gold: dict[tuple[str, str], str] = {}
    for one in sorted(given_labels, key=lambda one: (RANKS[one.source], one.at, recorded_label(one).id)):
        gold[one.subject, one.judge] = one.verdict
    right = Counter[tuple[str, str]]()
    labelled = Counter[tuple[str, str]]()
    for each in judged:
        if (each.subject, each.judge) in gold:
            labelled[each.at[:10], each.version] += 1
            right[each.at[:10], each.version] += gold[each.subject, each.judge] == each.verdict
    days = [*_series(database), *_series(database, "relevance")]
    assert {(one.day, one.version): one.labelled for one in days} == labelled
    assert {(one.day, one.version): one.right for one in days} == dict(right)
    with database.read() as connection:
        sums = sums_by_version(connection)
        assert sum(count for *_, count in labels.counts(connection)) == len(
            {recorded_label(one).id for one in made if isinstance(one, Label)}
        )
    assert sum(one.sums.evaluations for one in sums) == len(judged)
    assert sum(one.sums.latency_s for one in sums) == pytest.approx(sum(one.latency_s for one in judged))


def test_labels_are_listed_by_judge_source_and_subject_page_by_page(database: Database) -> None:
    several = [
        label(subject=number, judge=judge, who=f"w{number}") for number in range(5) for judge in ("safety", "relevance")
    ]
    _add(database, *several, label(source="truth"))
    with database.read() as connection:
        whole = labels.page(connection, AskedLabels(judge="safety"), 100)
        first = labels.page(connection, AskedLabels(judge="safety"), 2)
        rest = labels.page(connection, AskedLabels(judge="safety"), 100, first[-1].place)
        assert (*first, *rest) == whole
        assert len(whole) == 6
        assert len(labels.page(connection, AskedLabels(source="truth"), 5)) == 1
        assert len(labels.page(connection, AskedLabels(subject=digest(3)), 5)) == 2
        (found,) = labels.beginning(connection, whole[0].recorded.id)
        assert found == whole[0]


@pytest.mark.parametrize(
    "members", [{"verdict": "abstain"}, {"source": "hearsay"}, {"score": 2}, {"who": ""}, {"evidence": "x"}]
)
def test_what_is_no_label_is_not_recorded(members: dict[str, object]) -> None:
    with pytest.raises(EvaluationError):
        recorded_label(label(**members))


def test_a_changed_label_is_refused(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path}/store.db")
    _add(database, label())
    with pytest.raises(StoreError, match="only grows"), database.write() as connection:
        connection.exec_driver_sql("UPDATE agency_labels SET source = 'truth'")
    with database.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER agency_labels_no_update")
        connection.exec_driver_sql("UPDATE agency_labels SET source = 'truth'")
    with database.read() as connection, pytest.raises(StoreError, match="was changed"):
        labels.page(connection, AskedLabels(), 1)
    assert AT < LATER
