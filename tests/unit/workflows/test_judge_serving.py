"""What stands between a judge and its engine, whichever command asks."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.labels import label_engine
from agent_agency.inference.offline.engine import OfflineEngine
from agent_agency.inference.protocol import Cancel, Capabilities
from agent_agency.inference.scheduling.pace import AHEAD
from agent_agency.inference.scheduling.width import AimdSettings
from agent_agency.judging.assessment import Assessment
from agent_agency.judging.batch import WORKERS
from agent_agency.judging.subject import Subject
from agent_agency.workflows.judge_serving import best_width, serve, served
from support.openai_server import serving
from support.scheduled_double import ITEM_TOKENS, RUBRIC_TOKENS, PrimingDouble, asked, asked_labels
from support.server_engines import ask, engine_of

SUBJECT = Subject("one", "text", "task", "output")


class Model(PrimingDouble):
    """A double that says it is a language model, and answers at once."""

    def __init__(self) -> None:
        super().__init__()
        self.gate.set()

    def capabilities(self) -> Capabilities:
        told = super().capabilities()
        return Capabilities(told.schema, True, False, True, True, None, language_model=True, labels=True)


class CrowdedJudge:
    """A double of a judge that stays with each subject until its gate is open."""

    version = "crowded"

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.changed = threading.Condition()
        self.inside = self.most = 0
        self.heard: list[Cancel | None] = []

    def assess(self, subject: Subject, *, rollout: int = 0, cancel: Cancel | None = None) -> Assessment:
        with self.changed:
            self.heard.append(cancel)
            self.inside += 1
            self.most = max(self.most, self.inside)
            self.changed.notify_all()
        assert self.gate.wait(60)
        with self.changed:
            self.inside -= 1
        return cast("Assessment", (subject.id, rollout))


class Rolled(Model):
    """A double of a role that is being handed over."""

    may_change = "rollout 1 is under way"


def test_a_kept_answer_is_found_by_the_next_command_and_computes_nothing(tmp_path: Path) -> None:
    engine = Model()
    for kept in (False, True):
        with served(engine, "judge", CallCache(tmp_path)) as asking:
            assert asking.engine.generate(asked("abc", shared="rubric")).cache_hit is kept
            assert label_engine(asking.engine).score_labels(asked_labels("abc", shared="rubric")).cache_hit is kept
            assert (asking.prefill.asked > 0) is not kept
    with served(engine, "judge") as asking:
        assert not asking.engine.generate(asked("abc", shared="rubric")).cache_hit


def test_what_is_computed_ahead_counts_once_and_who_shares_a_call_counts_nothing() -> None:
    engine = Model()
    with served(engine, "judge") as asking, ThreadPoolExecutor(3) as pool:
        same = [pool.submit(asking.engine.generate, asked("abc", shared="rubric")) for _ in range(3)]
        hits = sum(one.result(60).cache_hit for one in same)
        asking.engine.generate(asked("abd", shared="rubric"))
        told = asking.prefill
    alone = engine.order.count("abc") + engine.order.count("abd")
    assert alone == 4 - hits
    assert told.asked == alone * (RUBRIC_TOKENS + ITEM_TOKENS)
    assert told.primed == RUBRIC_TOKENS
    assert told.computed == RUBRIC_TOKENS + alone * ITEM_TOKENS


def test_a_measurement_takes_nothing_from_earlier_calls(tmp_path: Path) -> None:
    engine, cache = Model(), CallCache(tmp_path)
    with served(engine, "judge", cache) as asking:
        asking.engine.generate(asked("abc"))
    with served(engine, "judge", cache, measuring=True) as asking:
        assert not asking.engine.generate(asked("abc")).cache_hit
        assert not asking.engine.generate(asked("abc")).cache_hit


def test_while_a_role_is_handed_over_no_answer_is_kept_under_its_name(tmp_path: Path) -> None:
    with served(Rolled(), "judge", CallCache(tmp_path)) as asking:
        assert [asking.engine.generate(asked("abc")).cache_hit for _ in range(2)] == [False, False]
    assert not list(tmp_path.iterdir())


def test_a_server_is_asked_by_as_many_as_it_may_be_found_to_take_and_a_model_here_by_its_width() -> None:
    with serving() as server:
        assert best_width(engine_of(server)) == AimdSettings().most
    model = Model()
    assert best_width(model) == model.width
    assert best_width(OfflineEngine()) == WORKERS


def test_what_is_no_language_model_is_asked_as_it_is() -> None:
    engine = OfflineEngine()
    with served(engine, "judge") as asking:
        assert asking.engine is engine
        assert asking.prefill.asked == 0


def test_a_server_that_dies_is_left_alone_after_a_few_failures() -> None:
    with serving() as server:
        engine = engine_of(server)
        asking = serve(engine, "judge")
        assert asking.engine.generate(ask("one")).text
        server.behaviour.fault = "server_error"
        before, codes = len(server.chats()), []
        for at in range(30):
            with pytest.raises(EngineError) as caught:
                asking.engine.generate(ask(f"item {at}"))
            codes.append(caught.value.stable_code)
        assert "engine.breaker_open" in codes  # on a busy machine the last may be another try
        assert len(server.chats()) - before < 30
        asking.close()


def test_a_loop_asks_only_where_there_is_room_so_that_no_deadline_is_used_up_by_waiting() -> None:
    judge = CrowdedJudge()
    with served(Model(), "judge") as asked, ThreadPoolExecutor(24) as pool:
        in_turn = asked.in_turn(judge)
        works = [pool.submit(in_turn.assess, SUBJECT) for _ in range(24)]
        room = AHEAD * Model().width
        with judge.changed:
            assert judge.changed.wait_for(lambda: judge.inside == room, 60)
        judge.gate.set()
        assert len([one.result(60) for one in works]) == len(works)
    assert (judge.most, in_turn.version) == (room, "crowded")


def test_a_loop_that_is_called_off_while_it_waits_hears_it_from_the_judge() -> None:
    judge, cancel = CrowdedJudge(), Cancel()
    with served(Model(), "judge") as asked, ExitStack() as taken, ThreadPoolExecutor(1) as pool:
        for _ in range(AHEAD * Model().width):
            taken.enter_context(asked.room())
        judge.gate.set()
        work = pool.submit(asked.in_turn(judge).assess, SUBJECT, cancel=cancel)
        cancel.cancel()
        assert cast("tuple[str, int]", work.result(60)) == (SUBJECT.id, 0)
    assert judge.heard == [cancel]
