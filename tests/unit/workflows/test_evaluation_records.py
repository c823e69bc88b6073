from __future__ import annotations

import json
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_agency.errors import EngineError, EvaluationError
from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.calls import Metered
from agent_agency.inference.protocol import Cancel, Engine, Reply, Request, Usage
from agent_agency.judging.batch_outcome import Work, read_work, work_document, work_of
from agent_agency.judging.judge import Judge
from agent_agency.judging.laid_out import Layout
from agent_agency.judging.shipped import shipped_prompt, shipped_rubric
from agent_agency.judging.subject import Subject
from agent_agency.learning.dataset.sealed import UseCounter
from agent_agency.store import model_runs, sealed_uses
from agent_agency.store.database import Database
from agent_agency.store.evaluation_record import recorded
from agent_agency.workflows.evaluation_records import (
    Of,
    SealedUses,
    StoredCalls,
    evaluation_of,
    evaluation_of_work,
    save_evaluations,
)
from agent_agency.workflows.evaluations import asked_for, list_evaluations, show_evaluation
from support.evaluations import evaluation
from support.judging_engines import RuleEngine

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SUBJECT = Subject(
    "s1", "code", "Read a file.", "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-x = 1\n+data = eval(open(name).read())\n"
)


class StillClock:
    """Always the same moment."""

    def now(self) -> datetime:
        return NOW


class DeadEngine(RuleEngine):
    """A double of a server that has gone."""

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        del request, cancel
        raise EngineError("Nothing answers", fix="Start the server.")


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database.open(f"sqlite:///{tmp_path}/store.db")


def _judge(engine: Engine) -> Judge:
    return Judge(shipped_prompt("safety"), engine, Layout(shipped_rubric("safety"), "0" * 16))


class CountingEngine(RuleEngine):
    """The double with tokens of its own counting."""

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        return replace(super().generate(request, cancel), usage=Usage(100, 10, 60))


def test_an_answer_that_was_kept_costs_no_tokens_again(tmp_path: Path) -> None:
    judge = _judge(CallCache(tmp_path).wrap(CountingEngine()))
    first, again = (evaluation_of(judge, judge.assess(SUBJECT), NOW) for _ in range(2))
    assert (first.prompt_tokens, first.completion_tokens, first.cached_tokens, first.cache_hit) == (100, 10, 60, False)
    assert (again.prompt_tokens, again.completion_tokens, again.cached_tokens, again.cache_hit) == (0, 0, 0, True)


def test_a_judges_answer_is_recorded_with_all_that_its_version_is_made_of(database: Database) -> None:
    judge = _judge(RuleEngine())
    made = evaluation_of(judge, judge.assess(SUBJECT), NOW, Of("run 1", "dev", 2))
    assert (made.verdict, made.score, made.confidence) == ("fail", 0.1, 0.99)
    assert (made.version, made.prompt, made.subject) == (judge.version, judge.prompt.digest, SUBJECT.digest)
    assert made.evidence == ("data = eval(open(name).read())",)
    assert (made.run, made.split, made.repeat, made.prompt_tokens) == ("run 1", "dev", 2, None)
    assert save_evaluations(database, [made]) == 1
    assert save_evaluations(database, [made]) == 0
    (listed,) = list_evaluations(database, asked_for(database), 5).records
    shown = show_evaluation(database, listed["id"])
    assert shown["identity"] == dict(judge.engine.identity)
    assert shown["at"] == "2026-03-01T12:00:00.000Z"


def test_a_call_that_failed_is_an_abstention_without_a_score(database: Database) -> None:
    judge = _judge(DeadEngine())
    made = evaluation_of(judge, judge.assess(SUBJECT), NOW)
    assert (made.verdict, made.score, made.abstained_because) == ("abstain", None, "engine")
    assert made.reasoning == "Nothing answers"
    assert save_evaluations(database, [made]) == 1


def test_a_record_of_a_batch_is_the_same_evaluation_and_what_was_not_asked_is_none() -> None:
    judge = _judge(RuleEngine())
    assessment = judge.assess(SUBJECT)
    assert evaluation_of_work(judge, work_of(assessment), NOW) == evaluation_of(judge, assessment, NOW)
    kept = read_work(json.loads(json.dumps(work_document(work_of(assessment)))))
    assert evaluation_of_work(judge, kept, NOW) == evaluation_of(judge, assessment, NOW)
    assert evaluation_of_work(judge, Work(SUBJECT.digest, judge.version, "not_run", "circuit"), NOW) is None


def test_of_several_records_all_or_none_is_kept(database: Database) -> None:
    with pytest.raises(EvaluationError):
        save_evaluations(database, [evaluation(), evaluation(verdict="abstain")])
    assert not database.exists()
    assert recorded(evaluation()).id.startswith("E-")


def test_calls_of_several_threads_are_all_kept(database: Database) -> None:
    with StoredCalls(database, "run 1") as calls:
        judge = _judge(Metered(RuleEngine(), calls, StillClock()))
        threads = [threading.Thread(target=lambda: [judge.assess(SUBJECT) for _ in range(20)]) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with database.read() as connection:
        assert model_runs.totals_of(connection, "run 1").calls == 80
        (first, *_) = model_runs.calls_of(connection, "run 1")
    assert first.details["identity"] == dict(RuleEngine().identity)
    assert first.details["prompt_digest"].startswith("sha256:")


def test_the_use_of_a_sealed_test_is_counted(database: Database) -> None:
    counter: UseCounter = SealedUses(database, StillClock())
    used = [counter.count_use(dataset="sha256:a", judge="safety", who="ada", why="a look") for _ in range(2)]
    assert used == [1, 2]
    with database.read() as connection:
        assert sealed_uses.uses_of(connection, "sha256:a")[0].at == "2026-03-01T12:00:00.000Z"
