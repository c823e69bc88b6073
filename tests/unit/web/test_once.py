"""What has a determined answer is asked once: kept answers and shared calls, over HTTP."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.around import AroundEngine
from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.protocol import Cancel, Engine, Piece, Reply, Request
from agent_agency.inference.spend.spending import SpendingLabels
from agent_agency.store.database import Database
from agent_agency.store.spending import spent_in_month
from agent_agency.web.kept_wish import read_wish
from support.http_face import USER, Served, serving_face
from support.spending import PRICE, a_book

HIT, MISS, STORED = "agency; hit", "agency; fwd=miss", "agency; fwd=miss; stored"
COLLAPSED, BYPASS, ON_REQUEST = "agency; fwd=miss; collapsed", "agency; fwd=bypass", "agency; fwd=request"


class Around(AroundEngine):
    """A double around the double: whose identity and answers a test may change."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.unknown: EngineError | None = None

    @property
    def identity(self) -> Mapping[str, str]:
        if self.unknown is not None:
            raise self.unknown
        return super().identity

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        return self._engine.generate(request, cancel)

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        return self._engine.stream(request, cancel)


class Rolled(Around):
    """One of a role that is being handed over."""

    may_change = "rollout 1 is under way"


class Role(Around):
    """A role that another engine is given as soon as one was asked."""

    def holder(self) -> Engine:
        return self._engine if not self.given else self

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        reply = super().generate(request, cancel)
        self.given = True
        return reply

    given = False


def _told(response: httpx.Response) -> str:
    assert response.status_code == 200, response.text
    return response.headers["cache-status"]


def _asked(served: Served, wish: str | None = None, **body: Any) -> httpx.Response:
    headers = {} if wish is None else {"Cache-Control": wish}
    return served.client.post(f"{served.url}/chat/completions", json={"messages": USER, **body}, headers=headers)


def _labelled(served: Served, **body: Any) -> httpx.Response:
    return served.client.post(f"{served.url}/labels", json={"messages": USER, "labels": ["a", "b"], **body})


def _metrics(served: Served) -> dict[str, str]:
    text = served.client.get(f"{served.url.removesuffix('/v1')}/metrics").text
    return dict(line.removeprefix("agency_engine_").split(" ") for line in text.splitlines() if line[0] != "#")


def _until_open(served: Served, count: int) -> None:
    """The test's own time limit ends a wait for what never comes."""
    while int(_metrics(served)["requests_open"]) != count:
        pass


@contextmanager
def _who_will_leave(served: Served) -> Iterator[Callable[[], None]]:
    """Asks by a connection of its own; what is yielded closes it."""
    data = json.dumps({"messages": USER}).encode()
    host, _, port = served.url.removeprefix("http://").removesuffix("/v1").partition(":")
    with socket.create_connection((host, int(port))) as connection:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
        connection.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
        yield connection.close


def test_the_same_question_is_answered_by_what_is_kept(tmp_path: Path) -> None:
    with serving_face(shares=True, cache=CallCache(tmp_path)) as served:
        first, second = _asked(served), _asked(served)
        assert (_told(first), _told(second)) == (STORED, HIT)
        one, other = first.json(), second.json()
        assert one.pop("id") != other.pop("id")
        assert one == other
        assert [_told(_labelled(served)) for _ in range(2)] == [STORED, HIT]
        assert len(served.engine.asked) == 2
        found = _metrics(served)
        assert (found["requests_kept_total"], found["requests_answered_total"]) == ("2", "2")
    with serving_face(shares=True, cache=CallCache(tmp_path)) as served:
        assert _told(_asked(served)) == HIT
        assert _told(_asked(served, rollout=1)) == STORED


@pytest.mark.parametrize("wish", ["no-store", "no-cache", "max-age=0", "Max-Age=60", "x, No-Store"])
def test_who_wants_a_new_answer_is_given_one_and_nothing_is_kept_of_it(wish: str, tmp_path: Path) -> None:
    with serving_face(shares=True, cache=CallCache(tmp_path)) as served:
        assert [_told(_asked(served, wish)) for _ in range(2)] == [ON_REQUEST] * 2
        assert _told(_asked(served)) == STORED
        assert _told(_asked(served, wish)) == ON_REQUEST
        assert len(served.engine.asked) == 4


def test_who_wants_a_kept_answer_alone_asks_nobody(tmp_path: Path) -> None:
    with serving_face(shares=True, cache=CallCache(tmp_path)) as served:
        for stream in (False, True):
            refused = _asked(served, "only-if-cached", stream=stream)
            assert (refused.status_code, refused.json()["error"]["code"]) == (504, "not_kept")
        assert served.engine.asked == []
        assert _told(_asked(served, "max-stale, only-if-foo")) == STORED
        assert _told(_asked(served, "only-if-cached")) == HIT
    assert read_wish(["a", "only-if-cached , no-cache"]).anew


@pytest.mark.parametrize("body", [{"temperature": 0.7, "seed": None}, {"stream": True}])
def test_what_is_drawn_or_streamed_is_always_asked(body: dict[str, Any], tmp_path: Path) -> None:
    with serving_face(shares=True, cache=CallCache(tmp_path)) as served:
        assert [_told(_asked(served, **body)) for _ in range(2)] == [BYPASS] * 2
        assert len(served.engine.asked) == 2
        assert _told(_asked(served, temperature=0.7, seed=3)) == STORED


def test_a_face_that_keeps_nothing_asks_each_time(tmp_path: Path) -> None:
    with serving_face(shares=False, cache=CallCache(tmp_path)) as served:
        assert [_told(_asked(served)) for _ in range(2)] == [BYPASS] * 2
        assert _asked(served, "only-if-cached").status_code == 504
    with serving_face(shares=True) as served:
        assert [_told(_asked(served)) for _ in range(2)] == [MISS] * 2


def test_like_questions_in_the_air_are_one_call_and_one_answer(tmp_path: Path) -> None:
    with serving_face(shares=True, cache=CallCache(tmp_path)) as served, ThreadPoolExecutor(8) as pool:
        served.engine.gate.clear()
        texts = [pool.submit(_asked, served) for _ in range(4)]
        labels = [pool.submit(_labelled, served, task=str(at)) for at in range(4)]
        _until_open(served, 8)
        served.engine.gate.set()
        for asked in (texts, labels):
            assert sorted(_told(one.result()) for one in asked) == [COLLAPSED] * 3 + [STORED]
        assert len(served.engine.asked) == 2
        assert _metrics(served)["requests_joined_total"] == "6"


@pytest.mark.parametrize("leaver", [0, 1])
def test_who_goes_away_takes_the_answer_from_nobody_else(leaver: int, tmp_path: Path) -> None:
    with serving_face(shares=True, cache=CallCache(tmp_path)) as served, ThreadPoolExecutor(1) as pool:
        served.engine.gate.clear()
        stays: Future[httpx.Response] | None = None
        if leaver == 1:
            stays = pool.submit(_asked, served)
            _until_open(served, 1)
        with _who_will_leave(served) as leave:
            _until_open(served, 1 + leaver)
            stays = stays or pool.submit(_asked, served)
            _until_open(served, 2)
            leave()
            _until_open(served, 1)
        assert not served.engine.cancelled.acquire(blocking=False)
        served.engine.gate.set()
        assert _told(stays.result()) == (COLLAPSED if leaver == 0 else STORED)
        assert len(served.engine.asked) == 1
        assert _told(_asked(served)) == HIT


def test_when_the_last_goes_away_the_slot_is_free() -> None:
    with serving_face(shares=True) as served:
        served.engine.gate.clear()
        with _who_will_leave(served) as first, _who_will_leave(served) as second:
            _until_open(served, 2)
            first()
            _until_open(served, 1)
            second()
        assert served.engine.cancelled.acquire(timeout=60)
        _until_open(served, 0)


def test_each_who_waits_has_a_deadline_of_its_own() -> None:
    with serving_face(shares=True) as served, ThreadPoolExecutor(2) as pool:
        served.engine.gate.clear()
        long = pool.submit(_asked, served)
        _until_open(served, 1)
        short = _asked(served, deadline_s=0.01)
        assert (short.status_code, short.json()["error"]["code"]) == (504, "engine.timeout")
        assert not served.engine.cancelled.acquire(blocking=False)
        served.engine.gate.set()
        assert _told(long.result()) == MISS


def test_who_has_time_left_asks_again_where_a_shared_call_had_too_little() -> None:
    with serving_face(shares=True) as served, ThreadPoolExecutor(2) as pool:
        served.engine.gate.clear()
        short = pool.submit(_asked, served, deadline_s=0.5)
        while int(_metrics(served)["requests_open"]) != 1:
            if short.done():  # a busy machine looked too late
                short = pool.submit(_asked, served, deadline_s=0.5)
        long = pool.submit(_asked, served)
        assert short.result().status_code == 504
        assert served.engine.cancelled.acquire(timeout=60)
        served.engine.gate.set()
        assert _told(long.result()) in {MISS, COLLAPSED}


def test_what_one_user_asked_tells_another_one_nothing(tmp_path: Path) -> None:
    with serving_face(shares=True, cache=CallCache(tmp_path)) as served, ThreadPoolExecutor(2) as pool:
        assert _told(_asked(served, user="ann")) == STORED
        assert _told(_asked(served, user="ann", task="other")) == HIT
        assert _asked(served, "only-if-cached", user="bob").status_code == 504
        assert [_told(_asked(served, **body)) for body in ({"user": "bob"}, {})] == [STORED] * 2
        served.engine.gate.clear()
        both = [pool.submit(_asked, served, user=user, rollout=1) for user in ("ann", "bob")]
        _until_open(served, 2)
        served.engine.gate.set()
        assert [_told(one.result()) for one in both] == [STORED] * 2


@pytest.mark.parametrize(
    "body", [{"user": 5, "task": "x"}, {"user": "\ud800"}, {"task": "\udfff"}, {"user": "u" * 201}]
)
def test_a_user_is_a_short_text(body: dict[str, object]) -> None:
    with serving_face(shares=True) as served:
        data = json.dumps({"messages": USER, **body}).encode()
        headers = {"Content-Type": "application/json"}
        refused = served.client.post(f"{served.url}/chat/completions", content=data, headers=headers)
        assert (refused.status_code, refused.json()["error"]["param"] in body) == (400, True)


def test_what_is_kept_costs_nothing_and_what_is_asked_counts_once(tmp_path: Path) -> None:
    database = Database.open(f"sqlite:///{tmp_path / 'spend.db'}")

    def priced(engine: Engine) -> Engine:
        return SpendingLabels(engine, PRICE, a_book(database))

    with (
        serving_face(shares=True, cache=CallCache(tmp_path / "kept"), around=priced) as served,
        ThreadPoolExecutor(2) as pool,
    ):
        served.engine.gate.clear()
        both = [pool.submit(_asked, served, max_tokens=4) for _ in range(2)]
        _until_open(served, 2)
        served.engine.gate.set()
        assert {one.result().status_code for one in both} == {200}
        assert _told(_asked(served, max_tokens=4)) == HIT
    with database.read() as connection:
        spent = spent_in_month(connection, "2026-01", PRICE.currency)
    assert (spent.calls, spent.open, spent.reserved) == (1, 0, 0)


def test_of_a_role_under_a_rollout_nothing_is_kept_and_no_call_is_shared(tmp_path: Path) -> None:
    with serving_face(shares=True, cache=CallCache(tmp_path / "a"), around=Rolled) as served:
        assert [_told(_asked(served)) for _ in range(2)] == [BYPASS] * 2
    with serving_face(shares=True, cache=CallCache(tmp_path / "b"), around=Role) as served:
        assert [_told(_asked(served)) for _ in range(3)] == [MISS, STORED, HIT]


def test_an_engine_that_cannot_say_what_it_is_is_asked_and_tells_why_itself(tmp_path: Path) -> None:
    made: list[Around] = []

    def around(engine: Engine) -> Engine:
        made.append(Around(engine))
        made[0].unknown = EngineError("Nobody is there", fix="Start it.", code="engine.unreachable")
        return made[0]

    with serving_face(shares=True, cache=CallCache(tmp_path), around=around) as served:
        assert [_told(_asked(served)) for _ in range(2)] == [BYPASS] * 2
        served.engine.error = made[0].unknown
        assert (_asked(served).status_code, _asked(served).json()["error"]["code"]) == (502, "engine.unreachable")


def test_errors_are_told_to_all_who_wait_and_kept_for_nobody(tmp_path: Path) -> None:
    with serving_face(shares=True, cache=CallCache(tmp_path)) as served, ThreadPoolExecutor(3) as pool:
        served.engine.error = EngineError("It gave up", fix="Ask again.", code="engine.failed")
        served.engine.gate.clear()
        asked = [pool.submit(_asked, served) for _ in range(3)]
        _until_open(served, 3)
        served.engine.gate.set()
        assert {one.result().status_code for one in asked} == {502}
        assert len(served.engine.asked) == 1
        served.engine.error = None
        assert _told(_asked(served)) == STORED


def test_answers_are_given_where_they_cannot_be_kept(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    told: list[str] = []
    with serving_face(shares=True, cache=CallCache(tmp_path / "file", tell=told.append)) as served:
        assert [_told(_asked(served)) for _ in range(2)] == [MISS] * 2
    assert len(told) == 1
