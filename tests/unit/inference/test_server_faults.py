from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.choose import make_engine
from agent_agency.inference.engine_settings import EngineSettings
from agent_agency.inference.openai_server import ServerEngine
from agent_agency.inference.protocol import Cancel
from agent_agency.inference.server_address import read_address
from agent_agency.inference.transport import Transport
from support.openai_server import Behaviour, Kind, OpenAiServer, serving
from support.server_engines import ask, engine_of

FAULTS = {
    "html": "engine.bad_answer",
    "no_json": "engine.bad_answer",
    "wrong_shape": "engine.bad_answer",
    "deep": "engine.bad_answer",
    "server_error": "engine.server_failed",
    "redirect": "engine.redirected",
    "packed": "engine.bad_answer",
    "half_stream": "engine.incomplete",
    "unended": "engine.incomplete",
    "torn_event": "engine.bad_answer",
    "error_in_stream": "engine.server_failed",
    "long_length": "engine.incomplete",
    "short_length": "engine.bad_answer",
    "hang_up": "engine.incomplete",
    "huge_event": "engine.bad_answer",
}


def _code(caught: pytest.ExceptionInfo[EngineError]) -> str:
    assert caught.value.fix
    assert len(caught.value.message) < 600
    return caught.value.stable_code


@pytest.mark.parametrize("kind", ["openai", "ollama"])
@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_of_a_server_is_one_typed_error(kind: Kind, fault: str) -> None:
    with serving(kind=kind) as server:
        engine = engine_of(server, kind=kind)
        engine.generate(ask())
        server.behaviour.fault = fault
        with pytest.raises(EngineError) as caught:
            engine.generate(ask())
        assert _code(caught) == FAULTS[fault]
        server.behaviour.fault = ""
        assert engine.generate(ask()).finish == "stop"


@pytest.mark.parametrize("kind", ["openai", "ollama"])
@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_answer_is_none(kind: Kind, text: str) -> None:
    with serving(kind=kind, answer=lambda _: text) as server, pytest.raises(EngineError) as caught:
        engine_of(server).generate(ask())
    assert _code(caught) == "engine.empty_answer"


@pytest.mark.parametrize("logprob", ["NaN", "-Infinity", "1e400", "0.5", '"-1"', "true", "null"])
@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_a_log_probability_that_is_none_is_refused(kind: Kind, logprob: str) -> None:
    with serving(kind=kind, logprob=logprob) as server, pytest.raises(EngineError) as caught:
        engine_of(server).generate(ask(top_logprobs=1))
    assert _code(caught) == "engine.bad_answer"


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 0},
        {"prompt_tokens": -1},
        {"prompt_tokens": 1.5},
        {"prompt_tokens": "16"},
        {"prompt_tokens": True},
        {"prompt_tokens": 10**12},
        {"completion_tokens": 0},
        {"completion_tokens": 10**8},
        {"prompt_tokens_details": {"cached_tokens": 10**6}},
    ],
)
def test_counts_that_cannot_be_true_are_refused(usage: dict[str, object]) -> None:
    with serving(usage=usage) as server, pytest.raises(EngineError) as caught:
        engine_of(server).generate(ask())
    assert _code(caught) == "engine.bad_usage"


def test_a_server_that_counts_nothing_is_refused_unless_the_user_says_go_on() -> None:
    with serving(usage=None) as server:
        with pytest.raises(EngineError) as caught:
            engine_of(server).generate(ask())
        assert _code(caught) == "engine.prompt_uncounted"
        assert engine_of(server, uncounted=True).generate(ask()).usage.prompt is None


@pytest.mark.parametrize("fault", ["silent", "silent_stream", "drip"])
@pytest.mark.parametrize("kind", ["openai", "ollama"])
def test_a_server_that_hangs_is_left_at_the_deadline(kind: Kind, fault: str) -> None:
    with serving(kind=kind, fault=fault) as server:
        engine = engine_of(server)
        assert engine.health().ready
        for seconds in (0.3, 3.0, 30.0):  # on a busy machine the time may be over before the server was asked
            with pytest.raises(EngineError) as caught:
                engine.generate(ask(deadline_s=seconds))
            assert _code(caught) == "engine.timeout"
            if server.chats():
                break
        if fault != "drip":
            assert server.left.wait(60)


def test_a_server_that_is_silent_for_too_long_is_left_before_the_deadline() -> None:
    with serving(fault="silent") as server:
        with pytest.raises(EngineError, match="silent") as caught:
            engine_of(server, idle_s=0.2).generate(ask(deadline_s=60))
        assert _code(caught) == "engine.timeout"
        assert server.left.wait(60)


@pytest.mark.parametrize("fault", ["silent", "silent_stream", "drip"])
def test_cancel_from_another_thread_closes_the_connection(fault: str) -> None:
    with serving(fault=fault) as server:
        engine = engine_of(server)
        cancel = Cancel()
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(engine.generate, ask(deadline_s=60), cancel)
            while not server.chats():
                time.sleep(0.005)
            cancel.cancel()
            with pytest.raises(EngineError) as caught:
                call.result(60)
        assert _code(caught) == "engine.cancelled"
        if fault != "drip":
            assert server.left.wait(60)


def test_a_stream_that_nobody_reads_on_is_closed() -> None:
    with serving(fault="silent_stream", kind="ollama") as server:
        stream = engine_of(server).stream(ask())
        next(iter(stream))
        stream.close()  # type: ignore[attr-defined]
        assert server.left.wait(60)


def test_a_busy_server_is_asked_again_after_the_time_that_it_names() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=1), usegmt=True)
    for retry_after in ("0", soon, "soon"):
        with serving(busy=2, retry_after=retry_after) as server:
            assert engine_of(server).generate(ask()).finish == "stop"
            assert len(server.chats()) == 3


def test_a_server_that_stays_busy_beyond_the_deadline_says_so_at_once() -> None:
    with serving(busy=100, retry_after="3600") as server, pytest.raises(EngineError) as caught:
        engine_of(server).generate(ask(deadline_s=30))
    assert _code(caught) == "engine.busy"
    assert len(server.chats()) == 1


@pytest.mark.parametrize("kind", ["openai", "vllm", "llama-server", "ollama"])
def test_a_server_that_closes_after_every_stream_loses_no_question(kind: Kind) -> None:
    """llama-server does so without saying it: a later question on that connection would never be read."""
    with serving(kind=kind, fault="close_silently" if kind in {"openai", "llama-server"} else "") as server:
        engine = engine_of(server)
        assert [engine.generate(ask(str(number))).finish for number in range(20)] == ["stop"] * 20
        assert len(server.chats()) == 20


def test_an_answer_that_failed_is_not_asked_for_again() -> None:
    for fault in ("server_error", "half_stream", "hang_up"):
        with serving(fault=fault) as server:
            with pytest.raises(EngineError):
                engine_of(server).generate(ask())
            assert len(server.chats()) == 1


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as held:  # bound and not listening: nobody else gets it meanwhile
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_server_that_is_not_there_is_unreachable_and_unhealthy(closed_port: int) -> None:
    engine = make_engine(EngineSettings("gone", "openai", url=f"http://127.0.0.1:{closed_port}"), {})
    with pytest.raises(EngineError) as caught:
        engine.generate(ask())
    assert _code(caught) == "engine.unreachable"
    assert not engine.health().ready


def test_a_server_that_comes_up_while_it_is_asked_is_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    started: list[OpenAiServer] = []

    def wait(_: float) -> None:
        if not started:
            started.append(OpenAiServer(Behaviour(), port))

    address = read_address(f"http://127.0.0.1:{port}")
    engine = ServerEngine(EngineSettings("late", "openai"), address, Transport(address, wait=wait))
    try:
        assert engine.generate(ask()).finish == "stop"
    finally:
        started[0].stop()


def test_something_else_than_http_is_no_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(10_000)
                connection.sendall(b"SSH-2.0-OpenSSH_9.2\r\n\r\n")

        thread = threading.Thread(target=greet)
        thread.start()
        engine = make_engine(EngineSettings("x", "openai", url=f"http://127.0.0.1:{listener.getsockname()[1]}"), {})
        with pytest.raises(EngineError) as caught:
            engine.generate(ask())
        thread.join()
    assert _code(caught) == "engine.bad_answer"


def test_tls_is_checked() -> None:
    with serving() as server:
        url = server.url.replace("http://", "https://")
        engine = make_engine(EngineSettings("x", "openai", url=url), {})
        with pytest.raises(EngineError) as caught:
            engine.generate(ask())
    assert _code(caught) == "engine.tls"


def test_many_threads_may_ask_at_once() -> None:
    with serving(answer=lambda body: str(body["messages"][-1]["content"])[::-1]) as server:
        engine = engine_of(server)
        with ThreadPoolExecutor(8) as pool:
            texts = [f"question {number}" for number in range(64)]
            replies = list(pool.map(lambda text: engine.generate(ask(text)).text, texts))
    assert replies == [text[::-1] for text in texts]


class TestKey:
    NAME = "DOUBLE_KEY"
    KEY = "sk-very-secret-1234"

    def test_it_is_sent_and_written_nowhere(self) -> None:
        with serving(key=self.KEY) as server:
            engine = engine_of(server, {self.NAME: self.KEY}, api_key_env=self.NAME)
            reply = engine.generate(ask())
            assert all(headers["Authorization"] == f"Bearer {self.KEY}" for _, headers, _ in server.requests)
            told = f"{engine!r} {engine.identity} {reply} {engine.health()} {engine._transport._key!r}"
        assert self.KEY not in told
        assert self.NAME in told

    def test_a_server_that_tells_it_is_not_quoted(self) -> None:
        with serving(key="another") as server, pytest.raises(EngineError) as caught:
            engine_of(server, {self.NAME: self.KEY}, api_key_env=self.NAME).generate(ask())
        assert _code(caught) == "engine.refused"
        assert self.KEY not in str(caught.value.as_dict())
        assert self.NAME in caught.value.fix

    @pytest.mark.parametrize("fault", ["error_in_stream", "html"])
    def test_nor_in_the_middle_of_an_answer(self, fault: str) -> None:
        with serving(fault=fault, said=f"{'x' * 100} {self.KEY}") as server:
            engine = engine_of(server, {self.NAME: self.KEY}, api_key_env=self.NAME)
            with pytest.raises(EngineError) as caught:
                engine.generate(ask())
        assert self.KEY[:8] not in str(caught.value.as_dict())

    @pytest.mark.parametrize("value", ["", "two words", "line\r\nHost: x", "schlüssel"])
    def test_what_is_no_key_is_refused_without_quoting_it(self, value: str) -> None:
        with serving() as server, pytest.raises(EngineError) as caught:
            engine_of(server, {self.NAME: value}, api_key_env=self.NAME)
        assert _code(caught) == "engine.key_missing"
        assert not value or value not in str(caught.value.as_dict())

    def test_it_never_travels_in_the_clear(self) -> None:
        settings = EngineSettings("far", "openai", url="http://models.example.com/v1", api_key_env=self.NAME)
        with pytest.raises(EngineError) as caught:
            make_engine(settings, {self.NAME: self.KEY})
        assert _code(caught) == "engine.key_in_clear"


def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with serving() as server:
        assert engine_of(server).generate(ask()).finish == "stop"


def test_a_proxy_that_is_asked_for_is_used() -> None:
    with serving() as proxy:
        settings = EngineSettings("p", "openai", url="http://models.example.com/v1", proxy=proxy.root)
        with pytest.raises(EngineError):
            make_engine(settings, {}).generate(ask())
        assert proxy.requests[0][0] == "http://models.example.com/v1/models"
