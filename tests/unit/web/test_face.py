from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import ExitStack, suppress
from select import select
from typing import Any

import httpx
import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.around import AroundEngine
from agent_agency.inference.choose import choose_engine
from agent_agency.inference.engine_settings import EngineChoices
from agent_agency.inference.protocol import Cancel, Engine, Message, Piece, Reply, Request
from agent_agency.web.face import FaceLimits
from agent_agency.web.server import hosts_of, room_for_connections
from support.http_face import USER, Served, serving_face

TOKEN = "correct horse battery".replace(" ", "-")


@pytest.fixture(scope="module")
def bounded() -> Iterator[Served]:
    """A face of small bounds that several tests ask."""
    with serving_face(limits=FaceLimits(body_bytes=200_000)) as served:
        yield served


def _events(response: httpx.Response) -> list[Any]:
    assert response.headers["content-type"].startswith("text/event-stream")
    lines = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def _until(served: Served, **wanted: int) -> dict[str, Any]:
    """Health, once it says what is wanted; the test's own time limit ends a wait for what never comes."""
    while True:
        found = served.health()
        if all(found[key] == value for key, value in wanted.items()):
            return found


def test_an_answer_is_as_clients_of_openai_read_it() -> None:
    with serving_face() as served:
        found = served.chat(model="gated", max_tokens=9, logprobs=True, top_logprobs=1).json()
        (choice,) = found["choices"]
        assert (found["object"], found["created"], found["model"]) == ("chat.completion", 7, "gated")
        assert choice["message"] == {"role": "assistant", "content": "a b c ", "refusal": None}
        assert choice["finish_reason"] == "stop"
        assert [one["token"] for one in choice["logprobs"]["content"]] == ["a ", "b ", "c "]
        assert len(choice["logprobs"]["content"][0]["top_logprobs"]) == 1
        assert found["usage"]["total_tokens"] == 6
        assert found["usage"]["prompt_tokens_details"] == {"cached_tokens": 1}
        assert served.engine.asked[0].parameters.max_tokens == 9  # type: ignore[union-attr]
        models = served.client.get(f"{served.url}/models").json()
        assert [served.client.get(f"{served.url}/models/gated").json()] == models["data"]
        other = served.client.get(f"{served.url}/models/a/b")
        assert (other.status_code, other.json()["error"]["code"]) == (404, "model_not_found")


def test_a_streamed_answer_comes_in_pieces_and_ends() -> None:
    with serving_face() as served:
        events = _events(served.chat(stream=True, stream_options={"include_usage": True}))
        texts = [one["choices"][0]["delta"].get("content") for one in events if one["choices"]]
        assert texts == ["", "a ", "b ", "c ", None]
        assert events[0]["choices"][0]["delta"]["role"] == "assistant"
        assert events[-2]["choices"][0]["finish_reason"] == "stop"
        assert (events[-1]["choices"], events[-1]["usage"]["completion_tokens"]) == ([], 3)
        assert [one["usage"] for one in events[:-1]] == [None] * 5
        assert len({one["id"] for one in events}) == 1


def test_the_first_piece_comes_before_the_answer_ends() -> None:
    with serving_face() as served:
        body = {"messages": USER, "stream": True}
        with served.client.stream("POST", f"{served.url}/chat/completions", json=body) as response:
            for line in response.iter_lines():
                if '"a "' in line:
                    served.engine.gate.set()
                elif '"role"' in line:
                    served.engine.gate.clear()
        assert response.status_code == 200


def test_labels_are_scored() -> None:
    with serving_face() as served:
        body = {"messages": USER, "labels": ["pass", "fail"], "shared": 1}
        found = served.client.post(f"{served.url}/labels", json=body).json()
        assert [(one["label"], one["logprob"]) for one in found["scores"]] == [("pass", -1.0), ("fail", -2.0)]
        assert sum(one["probability"] for one in found["scores"]) == pytest.approx(1.0)
        refused = served.client.post(f"{served.url}/labels", json={**body, "labels": ["a", "ab"]})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "engine.bad_request")


def test_health_answers_while_the_engine_is_saturated_and_one_more_is_sent_away() -> None:
    with serving_face(capacity=3) as served, ThreadPoolExecutor(8) as pool:
        served.engine.gate.clear()
        asked = [pool.submit(served.chat) for _ in range(2)]
        _until(served, running=2)
        asked += [pool.submit(served.chat) for _ in range(3)]
        found = _until(served, running=2, waiting=3)
        assert (found["status"], found["width"]) == ("ok", 2)
        for stream in (False, True):
            refused = served.chat(stream=stream)
            assert refused.status_code == 429
            assert int(refused.headers["retry-after"]) >= 1
            assert refused.json()["error"]["type"] == "rate_limit_error"
        metrics = served.client.get(f"{served.url.removesuffix('/v1')}/metrics").text
        assert "\nagency_engine_queue_waiting 3\n" in metrics
        assert 'agency_engine_requests_refused_total{code="engine.busy"} 2' in metrics
        served.engine.gate.set()
        assert {one.result().status_code for one in asked} == {200}
        assert (
            "\nagency_engine_requests_answered_total 5\n"
            in served.client.get(f"{served.url.removesuffix('/v1')}/metrics").text
        )


def test_a_flood_of_one_task_leaves_room_for_another_and_its_turn_comes_next() -> None:
    with serving_face(capacity=3) as served, ThreadPoolExecutor(8) as pool:
        served.engine.gate.clear()
        flood = [pool.submit(served.chat, user="flood") for _ in range(2)]
        _until(served, running=2)
        flood += [pool.submit(served.chat, user="flood") for _ in range(3)]
        _until(served, running=2, waiting=3)
        body = {"messages": USER, "labels": ["a", "b"], "task": "single"}
        single = pool.submit(served.client.post, f"{served.url}/labels", json=body)
        gone = next(one for one in as_completed(flood, timeout=60)).result()
        assert gone.status_code == 429
        assert int(gone.headers["retry-after"]) >= 1
        served.engine.gate.set()
        assert single.result().status_code == 200
        assert sorted(one.result().status_code for one in flood) == [200, 200, 200, 200, 429]


@pytest.mark.parametrize("path", ["chat/completions", "labels", "stream"])
def test_who_goes_away_frees_the_slot(path: str) -> None:
    with serving_face() as served:
        served.engine.gate.clear()
        body = {"messages": USER} | ({"labels": ["a", "b"]} if path == "labels" else {"stream": path == "stream"})
        data = json.dumps(body).encode()
        host, _, port = served.url.removeprefix("http://").removesuffix("/v1").partition(":")
        where = "chat/completions" if path == "stream" else path
        with socket.create_connection((host, int(port))) as connection:
            head = f"POST /v1/{where} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
            assert served.engine.arrived.acquire(timeout=60)
        assert served.engine.cancelled.acquire(timeout=60)
        _until(served, running=0, waiting=0)
        served.engine.gate.set()
        assert served.chat().status_code == 200


def test_who_goes_away_in_the_middle_of_a_stream_frees_the_slot() -> None:
    with serving_face() as served:
        body = {"messages": USER, "stream": True}
        with served.client.stream("POST", f"{served.url}/chat/completions", json=body) as response:
            served.engine.gate.clear()
            next(response.iter_lines())
        _until(served, running=0)
        served.engine.gate.set()
        assert served.chat().status_code == 200


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("engine.timeout", 504),
        ("engine.prompt_too_long", 400),
        ("engine.schema_unsupported", 400),
        ("engine.process_died", 502),
        ("engine.no_logprobs", 400),
    ],
)
def test_an_engines_error_has_its_status(code: str, status: int, bounded: Served) -> None:
    bounded.engine.error = EngineError("It gave up", fix="Try later.", code=code)
    found = bounded.chat()
    assert (found.status_code, found.json()["error"]["message"]) == (status, "It gave up. Try later.")
    assert bounded.chat(stream=True).status_code == status
    bounded.engine.error = None


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"[]", "application/json", 400),
        (b'{"messages": []}', "application/json", 400),
        (b'{"\\ud800": 1}', "application/json", 400),
        (b'{"messages": [{"role": "user", "content": "x", "\\ud800": 1}]}', "application/json", 400),
        (b'{"messages": [{"role": "user", "content": "x"}]}', "text/plain", 415),
        (b"[" * 100_000, "application/json", 400),
        (b" " * 300_000, "application/json", 413),
    ],
)
def test_what_is_no_request_is_refused_in_openais_shape(
    content: bytes, kind: str, status: int, bounded: Served
) -> None:
    before = len(bounded.engine.asked)
    found = bounded.client.post(f"{bounded.url}/chat/completions", content=content, headers={"Content-Type": kind})
    assert found.status_code == status
    assert found.json()["error"]["type"] == "invalid_request_error"
    assert len(bounded.engine.asked) == before


def test_a_body_of_no_told_length_is_bounded_and_a_slow_one_ends() -> None:
    with serving_face(limits=FaceLimits(body_bytes=1000)) as served:
        headers = {"Content-Type": "application/json"}
        chunks = (b" " * 500 for _ in range(4))
        found = served.client.post(f"{served.url}/chat/completions", content=chunks, headers=headers)
        assert found.status_code == 413
        with socket.create_connection(("127.0.0.1", _port(served)), 60) as large, suppress(ConnectionError):
            large.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 200_000)
            assert not large.recv(1000).startswith(b"HTTP/1.1 200")
    with (
        serving_face(limits=FaceLimits(body_s=0.2)) as served,
        socket.create_connection(("127.0.0.1", _port(served)), 60) as slow,
    ):
        head = "POST /v1/labels HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        slow.sendall(f"{head}Content-Length: 50\r\n\r\n{{".encode())
        assert slow.recv(1000).startswith(b"HTTP/1.1 408")


def _port(served: Served) -> int:
    return int(served.url.rpartition(":")[2].partition("/")[0])


def _under_way(served: Served, pool: ThreadPoolExecutor) -> Future[httpx.Response]:
    """A question that has come to the engine; on a busy machine its own head may be too late, and it is asked again."""
    while True:
        asked = pool.submit(served.chat)
        while not asked.done():
            if served.engine.arrived.acquire(timeout=0.01):
                return asked


def test_bodies_that_are_being_read_are_bounded_together() -> None:
    with serving_face(limits=FaceLimits(bodies_bytes=1000, body_s=3600.0)) as served:
        port = int(served.url.rpartition(":")[2].partition("/")[0])
        head = "POST /v1/labels HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        with socket.create_connection(("127.0.0.1", port), 60) as slow:
            slow.sendall(f"{head}Content-Length: 5000\r\n\r\n".encode() + b" " * 999)
            while (refused := served.chat()).status_code == 200:
                pass
            assert (refused.status_code, int(refused.headers["retry-after"]) >= 1) == (429, True)
        while served.chat().status_code != 200:
            pass


def test_a_head_that_does_not_come_ends_its_connection_and_no_answer(bounded: Served) -> None:
    with serving_face(limits=FaceLimits(head_s=0.3)) as served, ExitStack() as stack:
        served.engine.gate.clear()
        asked = _under_way(served, stack.enter_context(ThreadPoolExecutor(1)))
        silent, slow = (
            stack.enter_context(socket.create_connection(("127.0.0.1", _port(served)), 60)) for _ in range(2)
        )
        with suppress(ConnectionError):
            slow.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
            while not select([slow], [], [], 0.02)[0]:  # one sign at a time
                slow.sendall(b"x")
        assert _rest_of(slow) == _rest_of(silent) == b""
        served.engine.gate.set()
        assert asked.result().status_code == 200
    with socket.create_connection(("127.0.0.1", _port(bounded)), 60) as patient:
        for part in (b"GET /health HTT", b"P/1.1\r\nHost: localhost\r\n", b"Connection: close\r\n\r\n"):
            patient.sendall(part)
        assert patient.recv(1000).startswith(b"HTTP/1.1 200")


def _rest_of(connection: socket.socket) -> bytes:
    try:
        return connection.recv(1000)
    except ConnectionError:
        return b""


def test_one_connection_too_many_is_told_to_come_again() -> None:
    with serving_face(limits=FaceLimits(connections=2, head_s=3600.0)) as served, ExitStack() as stack:
        port = int(served.url.rpartition(":")[2].partition("/")[0])
        _, second = (stack.enter_context(socket.create_connection(("127.0.0.1", port), 60)) for _ in range(2))
        second.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert second.recv(1000).startswith(b"HTTP/1.1 200")  # both are counted by now
        with socket.create_connection(("127.0.0.1", port), 60) as third:
            assert third.recv(1000).startswith(b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\n")
        second.close()
        while served.client.get(f"{served.url}/models").status_code == 503:
            pass
    assert room_for_connections() >= 1


def test_the_address_that_is_listened_on_is_a_name_of_the_face() -> None:
    names = {name for host in ("127.0.0.1", "127.0.0.2", "::1", "localhost") for name in hosts_of(host)}
    assert names == {"127.0.0.1", "127.0.0.2", "[::1]", "localhost"}
    with serving_face(hosts=hosts_of("127.0.0.2")) as served:
        for host, status in (("127.0.0.2:5", 200), ("127.0.0.3:5", 421)):
            assert served.client.get(f"{served.url}/models", headers={"Host": host}).status_code == status


def test_a_token_is_asked_for_everywhere_but_at_health() -> None:
    with serving_face(token=TOKEN) as served:
        for header in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            found = served.client.get(f"{served.url}/models", headers=header)
            assert (found.status_code, found.headers["www-authenticate"]) == (401, "Bearer")
        assert served.chat().status_code == 401
        assert served.client.get(f"{served.url.removesuffix('/v1')}/metrics").status_code == 401
        assert served.health()["status"] == "ok"
        right = {"Authorization": f"Bearer {TOKEN}"}
        assert served.client.get(f"{served.url}/models", headers=right).status_code == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 421),
        ({"Host": "evil.example:80"}, 421),
        ({"Host": "127.0.0.1.evil.example"}, 421),
        ({"Host": ""}, 421),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://[evil"}, 403),
        ({"Host": "localhost:1234"}, 200),
        ({"Host": "[::1]:5"}, 200),
    ],
)
def test_pages_of_other_origins_reach_nothing(headers: dict[str, str], status: int, bounded: Served) -> None:
    found = bounded.client.get(f"{bounded.url}/models", headers=headers)
    assert found.status_code == status
    assert "access-control-allow-origin" not in found.headers
    for method, path, allowed in (("OPTIONS", "chat/completions", "POST"), ("DELETE", "models", "GET, HEAD")):
        refused = bounded.client.request(method, f"{bounded.url}/{path}")
        assert refused.status_code == 405
        assert ", ".join(sorted(refused.headers["allow"].split(", "))) == allowed


def test_our_own_client_asks_it_as_any_server() -> None:
    with serving_face() as served:
        engine = choose_engine(served.url, EngineChoices(), {})
        assert engine.generate(Request((Message("user", "one two"),))).text == "one two "
        assert engine.identity["model"] == "gated"


def test_our_own_client_tells_it_what_requests_share() -> None:
    with serving_face() as served:
        engine = choose_engine(served.url, EngineChoices(), {})
        rubric = Message("system", "A rubric.")
        engine.generate(Request((rubric, Message("user", "one")), shared=1))
        engine.generate(Request((rubric, Message("user", "two"))))
        assert [one.shared for one in served.engine.asked] == [1, 0]


def test_an_end_waits_for_answers_under_way() -> None:
    with ThreadPoolExecutor(1) as pool:
        with serving_face() as served:
            served.engine.gate.clear()
            asked = pool.submit(served.chat)
            assert served.engine.arrived.acquire(timeout=60)
        assert asked.result().status_code == 200


@pytest.mark.parametrize(("drain_s", "stops"), [(0.05, 1), (3600.0, 2)])
def test_an_end_tells_those_whose_answers_take_too_long(drain_s: float, stops: int) -> None:
    with ThreadPoolExecutor(2) as pool:
        with serving_face(drain_s=drain_s, stops=stops) as served:
            served.engine.gate.clear()
            asked = [pool.submit(served.chat, stream=stream) for stream in (False, True)]
            _until(served, running=2)
        for one in asked:
            refused = one.result()
            assert (refused.status_code, refused.json()["error"]["code"]) == (503, "engine.closed")
            assert int(refused.headers["retry-after"]) >= 1


def test_who_asks_three_times_for_the_end_waits_for_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with ThreadPoolExecutor(2) as pool:
        with serving_face(drain_s=3600.0, stops=3) as served:
            served.engine.gate.clear()
            asked = [pool.submit(served.chat, stream=stream) for stream in (False, True)]
            _until(served, running=2)
        for one in asked:
            with suppress(httpx.RemoteProtocolError, httpx.ReadError):
                assert one.result().status_code >= 500
    assert "Traceback" not in capfd.readouterr().err


class Endless(AroundEngine):
    """A double that streams more than any buffer holds, and then waits to be called off."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.called_off = threading.Event()

    def generate(self, request: Request, cancel: Cancel | None = None) -> Reply:
        raise NotImplementedError

    def stream(self, request: Request, cancel: Cancel | None = None) -> Iterator[Piece]:
        del request
        assert cancel is not None
        cancel.notify(self.called_off.set)
        yield Piece("x" * 32_000_000)
        assert self.called_off.wait(60)
        raise EngineError("The call was cancelled", fix="Ask again.", code="engine.cancelled")


def test_who_asks_and_never_reads_is_let_go_of() -> None:
    made: list[Endless] = []

    def around(engine: Engine) -> Engine:
        made.append(Endless(engine))
        return made[0]

    with serving_face(limits=FaceLimits(taken_s=0.2), around=around) as served:
        data = json.dumps({"messages": USER, "stream": True}).encode()
        host, _, port = served.url.removeprefix("http://").removesuffix("/v1").partition(":")
        with socket.create_connection((host, int(port))) as connection:
            head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)
            assert made[0].called_off.wait(60)
        _until(served, running=0, waiting=0)
