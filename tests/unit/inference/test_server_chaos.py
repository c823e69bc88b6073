from __future__ import annotations

import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from agent_agency.errors import EngineError
from agent_agency.inference.openai_server import ServerEngine
from agent_agency.inference.protocol import Cancel
from support.openai_server import OpenAiServer, serving
from support.server_engines import ask, engine_of

_FAULTS = ("", "", "", "half_stream", "hang_up", "server_error", "html", "silent", "drip", "error_in_stream")
_THREADS = 8


@pytest.mark.parametrize("calls", [40, pytest.param(1000, marks=pytest.mark.soak)])
def test_whatever_a_server_does_every_call_ends_and_nothing_is_left_behind(calls: int) -> None:
    with serving(kind="vllm") as server:
        engine = engine_of(server)
        engine.generate(ask())
        done = threading.Event()
        weather = threading.Thread(target=_change, args=(server, done))
        weather.start()
        try:
            with ThreadPoolExecutor(_THREADS) as pool:
                ends = Counter(pool.map(lambda number: _asked(engine, number), range(calls)))
        finally:
            done.set()
            weather.join()
        server.behaviour.fault, server.behaviour.busy = "", 0
        assert ends.total() == calls
        assert engine.generate(ask()).finish == "stop"
        assert len(engine._transport._pool.connections) <= _THREADS


def _change(server: OpenAiServer, done: threading.Event) -> None:
    rng = random.Random(1)
    while not done.is_set():
        server.behaviour.fault = rng.choice(_FAULTS)
        server.behaviour.busy = rng.choice((0, 0, 2))
        time.sleep(0.01)


def _asked(engine: ServerEngine, number: int) -> str:
    cancel = Cancel()
    timer = threading.Timer(0.05, cancel.cancel)
    if number % 7 == 0:
        timer.start()
    try:
        assert engine.generate(ask(f"question {number}", deadline_s=0.5), cancel).text
    except EngineError as error:
        return error.stable_code
    finally:
        timer.cancel()
    return "ok"
