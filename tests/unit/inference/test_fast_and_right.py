"""Fast and right, the whole way: through queue, prefixes, single flight, cache and HTTP as the model answers alone.

In the precision ``exact``, to four decimals of each log-probability: with shared prefixes whose lengths are no
multiples of 32 tokens, several at once, prompts of different lengths together, and neighbours that are cancelled.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import httpx
import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.labels import LabelReply, LabelRequest, label_engine
from agent_agency.inference.local.engine import LocalEngine
from agent_agency.inference.local.local_model import LocalModel
from agent_agency.inference.protocol import Cancel, Engine, Message, Parameters, Reply, Request
from agent_agency.inference.scheduling.serving import Serving
from agent_agency.web.face import Face
from support.http_face import running_face
from support.local_engines import eventually
from support.test_models import tiny_model

CLOSE = 1e-4
"""Four decimals of a log-probability."""
LABELS = ("pass", "partial", "fail", "needs more work")
_WORDS = (41, 64, 90, 111, 500)
"""Of each rubric; their prompts leave as many different remainders of 32 tokens."""
_LIBRARIES = {"llama.cpp": "xllamacpp", "openvino": "openvino_genai"}
_SHORT = Parameters(max_tokens=2, top_logprobs=1)


def _rubric(words: int) -> Message:
    return Message("system", "strict " * words + "and fair")


def _item(number: int) -> Message:
    return Message("user", f"Change {number}: " + f"rename value_{number} and test it twice; " * (number % 4 + 1))


def _score(words: int, number: int) -> LabelRequest:
    return LabelRequest((_rubric(words), _item(number)), LABELS, shared=1)


def _write(words: int, number: int) -> Request:
    return Request((_rubric(words), _item(number)), _SHORT, shared=1)


_SCORES = tuple(_score(words, number) for words in _WORDS for number in range(3))
_TEXTS = tuple(_write(words, number) for words in _WORDS for number in range(3))


@dataclass(frozen=True, slots=True)
class _Right:
    """What the model says of each request alone, every prompt computed anew."""

    labels: tuple[LabelReply, ...]
    texts: tuple[Reply, ...]


def _engine(kind: str, folder: Path, **more: Any) -> LocalEngine:
    extra = {"folder": str(folder)} if kind == "openvino" else {}
    extra |= more.pop("extra", {})
    path = str(tiny_model())
    return LocalEngine(
        LocalModel(
            "tiny", path, f"sha256:{'2' * 64}", kind, precision="exact", context=1024, threads=1, extra=extra, **more
        )
    )


@pytest.fixture(scope="module", params=sorted(_LIBRARIES))
def engines(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, _Right]]:
    """An engine, and what is right of it."""
    kind = request.param
    pytest.importorskip(_LIBRARIES[kind], reason="NOT RUN: the extra 'local' is not installed")
    folder = tmp_path_factory.mktemp("conversions")
    alone = _engine(kind, folder, width=1, extra={"prefix_cache": False})
    right = _Right(tuple(map(alone.score_labels, _SCORES)), tuple(map(alone.generate, _TEXTS)))
    alone.close()
    assert not any(one.usage.cached for one in right.labels)
    assert not any(one.usage.cached for one in right.texts)
    engine = _engine(kind, folder, width=8)
    yield engine, right
    engine.close()


def _numbers(reply: LabelReply | Reply) -> list[float]:
    if isinstance(reply, LabelReply):
        return [one.logprob for one in reply.scores]
    return [one.logprob for one in reply.logprobs]


def _all_right(told: Sequence[LabelReply | Reply], right: Sequence[LabelReply | Reply]) -> None:
    assert [_numbers(one) for one in told] == [pytest.approx(_numbers(one), abs=CLOSE) for one in right]


class _Neighbours:
    """Long texts behind the same rubrics, each cancelled a moment after it was asked, until the block ends."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(3)]
        self.cancelled = 0

    def __enter__(self) -> Self:
        for one in self._threads:
            one.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for one in self._threads:
            one.join()

    def _ask(self, number: int) -> None:
        turn = 0
        while not self._over.wait(0.01):
            turn += 1
            cancel = Cancel()
            timer = threading.Timer(0.01 + 0.02 * (turn % 4), cancel.cancel)
            timer.start()
            request = _write(_WORDS[(number + turn) % len(_WORDS)], number % 2)
            long = replace(request, parameters=Parameters(max_tokens=400), rollout=turn)
            with suppress(EngineError):
                self._engine.generate(long, cancel)
                continue
            self.cancelled += 1


def test_what_is_asked_together_is_what_is_answered_alone(engines: tuple[LocalEngine, _Right], tmp_path: Path) -> None:
    engine, right = engines
    with Serving(engine, cache=CallCache(tmp_path)) as serving, ThreadPoolExecutor(24) as pool:
        asked = serving.for_task("a")
        measured = serving.for_task("b", measuring=True)
        with _Neighbours(measured) as neighbours:
            labels = [pool.submit(label_engine(one).score_labels, each) for each in _SCORES for one in (asked, asked)]
            texts = [pool.submit(one.generate, each) for each in _TEXTS for one in (asked, measured)]
            told = [one.result() for one in labels], [one.result() for one in texts]
            eventually(lambda: neighbours.cancelled > 3)  # a quick machine has answered all before so many are
        for way in (0, 1):
            _all_right(told[0][way::2], right.labels)
            _all_right(told[1][way::2], right.texts)
        again = [label_engine(asked).score_labels(each) for each in _SCORES]
        assert all(one.cache_hit for one in again)
        _all_right(again, right.labels)
        served = serving.served()
        kept = engine.prime((_rubric(500),)).tokens > 0  # else its numbers would depend on what is computed beside them
        assert not kept or served.tokens.cached > served.tokens.asked / 4
    assert len({(engine.count_tokens((_rubric(words),)) or 0) % 32 for words in _WORDS}) > 3


def test_what_http_tells_is_what_is_answered_alone(engines: tuple[LocalEngine, _Right]) -> None:
    engine, right = engines
    serving = Serving(engine)
    face = Face("tiny", serving, Parameters(), lambda: 7.0, lambda: "1")
    with running_face(face) as url, ThreadPoolExecutor(12) as pool, httpx.Client(timeout=60, trust_env=False) as client:

        def ask(request: LabelRequest) -> list[float]:
            messages = [{"role": one.role, "content": one.content} for one in request.messages]
            body = {"messages": messages, "labels": list(request.labels), "shared": 1}
            return [one["logprob"] for one in client.post(f"{url}/labels", json=body).json()["scores"]]

        told = list(pool.map(ask, _SCORES))
    assert serving.close()
    assert told == [pytest.approx(_numbers(one), abs=CLOSE) for one in right.labels]
