from __future__ import annotations

from pathlib import Path

import pytest

from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.labels import label_engine
from agent_agency.inference.protocol import Engine
from agent_agency.inference.scheduling.serving import Serving
from agent_agency.inference.scheduling.width import AimdSettings
from agent_agency.inference.spend.spending import Stoppable
from agent_agency.store.database import Database
from support.openai_server import serving
from support.scheduled_double import PrimingDouble, asked, asked_labels
from support.server_engines import ask, engine_of
from support.spending import a_book


def test_a_kept_answer_asks_nobody_and_a_measurement_always_does(tmp_path: Path) -> None:
    engine = PrimingDouble()
    engine.gate.set()
    with Serving(engine, cache=CallCache(tmp_path)) as serving:
        judge, retest = serving.for_task("judge"), serving.for_task("retest", measuring=True)
        assert [judge.generate(asked("abc")).cache_hit for _ in range(2)] == [False, True]
        assert [retest.generate(asked("abc")).cache_hit for _ in range(2)] == [False, False]
        assert [label_engine(judge).score_labels(asked_labels("abc")).cache_hit for _ in range(2)] == [False, True]
        assert serving.served().answered == 4


def test_without_a_cache_every_request_is_asked() -> None:
    engine = PrimingDouble()
    engine.gate.set()
    with Serving(engine) as serving:
        judge = serving.for_task("judge", priority=1)
        assert [judge.generate(asked("abc", shared="rubric")).cache_hit for _ in range(2)] == [False, False]
        assert [piece.text for piece in judge.stream(asked("ab", shared="rubric"))] == ["b", "a", ""]
    assert engine.order == ["prime rubric", "abc", "abc", "ab"]


@pytest.mark.parametrize("guarded", [False, True])
def test_a_busy_server_is_asked_less_at_once_also_where_remote_calls_may_be_stopped(
    tmp_path: Path, guarded: bool
) -> None:
    with serving(busy=1, retry_after="0") as server:
        engine: Engine = engine_of(server)
        if guarded:
            engine = Stoppable(engine, a_book(Database.open(f"sqlite:///{tmp_path / 'spend.db'}")))
        with Serving(engine) as shared:
            assert shared.for_task("judge").generate(ask()).text
            assert shared.served().width == AimdSettings().first // 2
            assert len(server.chats()) == 2
