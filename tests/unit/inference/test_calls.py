from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.calls import CallList, Metered
from agent_agency.inference.protocol import Message, Request
from support.counting_engine import CountingEngine, a_request


class _NoonClock:
    def now(self) -> datetime:
        return datetime(2026, 1, 31, 12, tzinfo=UTC)


def _metered(engine: CountingEngine) -> tuple[Metered, CallList]:
    sink = CallList()
    ticks = iter(range(1000))
    return Metered(engine, sink, _NoonClock(), lambda: float(next(ticks))), sink


def test_a_record_names_model_parameters_prompt_tokens_and_time() -> None:
    engine, sink = _metered(CountingEngine())
    request = a_request()
    engine.generate(request)
    (record,) = sink.records
    assert (record.engine, record.model, record.outcome) == ("double", "double", "ok")
    assert record.model_digest == "sha256:" + "0" * 64
    assert (record.usage.prompt, record.usage.completion, record.usage.cached) == (7, 3, 0)
    assert record.prompt_digest == request.prompt_digest
    assert record.parameters == request.parameters
    assert (record.latency_s, record.cache_hit) == (1.0, False)
    assert record.at == _NoonClock().now()


def test_a_hit_of_the_cache_is_recorded_as_one(tmp_path: Path) -> None:
    sink = CallList()
    engine = Metered(CallCache(tmp_path).wrap(CountingEngine()), sink, _NoonClock())
    for _ in range(2):
        engine.generate(a_request())
    assert [record.cache_hit for record in sink.records] == [False, True]


def test_a_failed_call_is_recorded_with_its_code_and_still_fails() -> None:
    def fail(_: Request) -> str:
        raise EngineError("late", fix="wait", code="engine.timeout")

    engine, sink = _metered(CountingEngine(answer=fail))
    with pytest.raises(EngineError):
        engine.generate(a_request())
    assert [record.outcome for record in sink.records] == ["engine.timeout"]


def test_a_caller_who_is_stopped_leaves_a_record() -> None:
    def stop(_: Request) -> str:
        raise KeyboardInterrupt

    engine, sink = _metered(CountingEngine(answer=stop))
    with pytest.raises(KeyboardInterrupt):
        engine.generate(a_request())
    assert [record.outcome for record in sink.records] == ["interrupted"]


def test_a_stream_is_recorded_once_read_or_abandoned() -> None:
    engine, sink = _metered(CountingEngine())
    list(engine.stream(a_request()))
    stream = engine.stream(a_request())
    next(iter(stream))
    stream.close()  # type: ignore[attr-defined]
    assert [record.outcome for record in sink.records] == ["ok", "abandoned"]


def test_what_cannot_be_written_as_json_is_refused_before_it_is_asked() -> None:
    inner = CountingEngine()
    engine, sink = _metered(inner)
    with pytest.raises(EngineError) as caught:
        engine.generate(Request((Message("user", "\ud800"),)))
    assert caught.value.stable_code == "engine.bad_request"
    assert (inner.asked, sink.records) == (0, [])
