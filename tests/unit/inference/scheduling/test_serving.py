from __future__ import annotations

from pathlib import Path

from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.labels import label_engine
from agent_agency.inference.scheduling.serving import Serving
from support.scheduled_double import PrimingDouble, asked, asked_labels


def test_a_kept_answer_asks_nobody_and_a_measurement_always_does(tmp_path: Path) -> None:
    engine = PrimingDouble()
    engine.gate.set()
    with Serving(engine, cache=CallCache(tmp_path)) as serving:
        judge, retest = serving.for_task("judge"), serving.for_task("retest", measuring=True)
        assert [judge.generate(asked("abc")).cache_hit for _ in range(2)] == [False, True]
        assert [retest.generate(asked("abc")).cache_hit for _ in range(2)] == [False, False]
        assert [label_engine(judge).score_labels(asked_labels("abc")).cache_hit for _ in range(2)] == [False, True]
        assert serving.served().answered == 4
        assert serving.health_now().ready
        assert serving.shared == 0


def test_without_a_cache_every_request_is_asked() -> None:
    engine = PrimingDouble()
    engine.gate.set()
    with Serving(engine) as serving:
        judge = serving.for_task("judge", priority=1)
        assert [judge.generate(asked("abc", shared="rubric")).cache_hit for _ in range(2)] == [False, False]
        assert [piece.text for piece in judge.stream(asked("ab", shared="rubric"))] == ["b", "a", ""]
    assert engine.order == ["prime rubric", "abc", "abc", "ab"]
