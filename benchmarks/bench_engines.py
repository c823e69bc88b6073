"""What asking through our engines costs beside the server itself: per call, per recorded answer, per cache hit.

The server is the test double on loopback, in a process of its own, so that its time is in both rows and the difference
is ours. It answers a fixed completion of 64 tokens to a judge-sized prompt of about 6 kB; the bare client is httpx with
one kept connection, which reads the same stream and checks nothing.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter, thread_time
from typing import Any

from agent_agency.clock import SystemClock
from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.calls import CallList, Metered
from agent_agency.inference.choose import make_engine
from agent_agency.inference.engine_settings import EngineSettings
from agent_agency.inference.protocol import Engine, Message, Request
from agent_agency.inference.replay import Recorder, ReplayEngine
from benchmarks.figures import Figure, figure_of

CALLS = 200
ROUNDS = 7
RECORDS = 2_000
ANSWER = "word " * 63 + "end"
PROMPT = "The change keeps to its scope, and nothing of its tests was weakened. " * 85
_SERVER = """
import sys
sys.path[:0] = ["tests", "src"]
from support.openai_server import Behaviour, OpenAiServer
server = OpenAiServer(Behaviour(kind="vllm", context=100_000, answer=lambda _: sys.argv[1]))
print(server.url, flush=True)
sys.stdin.read()
"""


def measure() -> Iterator[Figure]:
    """Measure calls, then replay and cache."""
    yield from _calls()
    yield from _replay()


def _calls() -> Iterator[Figure]:
    import httpx

    with _server() as url, httpx.Client(trust_env=False) as client:
        engine = make_engine(EngineSettings("bench", "openai", url=url), {})
        body = {**_body(), "model": engine.identity["model"]}
        ours: list[_Cost] = []
        bare: list[_Cost] = []
        for _ in range(ROUNDS):  # in turn, so that what else the machine does falls on both
            bare.append(_cost(lambda _: _bare(client, url, body)))
            ours.append(_cost(lambda _: engine.generate(_request(0))))
    rival = "bare httpx, the same stream"
    yield figure_of("one call through the engine", "ms", [one.wall_ms for one in ours], rival=rival)
    yield figure_of(rival, "ms", [one.wall_ms for one in bare])
    cpu_rival = "bare httpx, processor time"
    yield figure_of("one call through the engine, processor time", "ms", [one.cpu_ms for one in ours], rival=cpu_rival)
    yield figure_of(cpu_rival, "ms", [one.cpu_ms for one in bare])
    overhead = [one.cpu_ms - other.cpu_ms for one, other in zip(ours, bare, strict=True)]
    note = "the difference, round by round"
    yield figure_of("overhead of the engine per call, processor time", "ms", overhead, note=note)


def _replay() -> Iterator[Figure]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with Recorder(_double(), folder / "answers.jsonl") as recorder:
            for number in range(RECORDS):
                recorder.generate(_request(number))
        replay = ReplayEngine(folder / "answers.jsonl")
        speeds = [1000 / _each(lambda number: replay.generate(_request(number))) for _ in range(ROUNDS)]
        yield figure_of("answers from a recording", "per s", speeds, better="higher")
        loads = [_timed(lambda: ReplayEngine(folder / "answers.jsonl")) / RECORDS * 1000 for _ in range(ROUNDS)]
        yield figure_of("opening a recording, per answer", "us", loads)
        cached = CallCache(folder / "cache").wrap(replay)
        _each(lambda number: cached.generate(_request(number)))
        yield figure_of(
            "one hit of the cache",
            "ms",
            [_each(lambda n: cached.generate(_request(n))) for _ in range(ROUNDS)],
            budget=5,
        )
        metered = Metered(replay, CallList(), SystemClock())
        plain, with_record = [], []
        for _ in range(ROUNDS):
            plain.append(_cost(lambda number: replay.generate(_request(number))).cpu_ms)
            with_record.append(_cost(lambda number: metered.generate(_request(number))).cpu_ms)
        recording = [(one - other) * 1000 for one, other in zip(with_record, plain, strict=True)]
        yield figure_of("record of one call, kept in memory, processor time", "us", recording)


@dataclass(frozen=True)
class _Cost:
    wall_ms: float
    cpu_ms: float


def _cost(work: Callable[[int], object]) -> _Cost:
    """What a call takes, and what of that this thread works; the rest is waiting for the server."""
    started = thread_time()
    wall_ms = _each(work)
    return _Cost(wall_ms, (thread_time() - started) * 1000 / CALLS)


def _each(work: Callable[[int], object]) -> float:
    """Milliseconds a call, over `CALLS` of them."""
    return _timed(lambda: [work(number) for number in range(CALLS)]) / CALLS


def _timed(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return (perf_counter() - started) * 1000


def _request(number: int) -> Request:
    return Request((Message("system", PROMPT), Message("user", f"Judge number {number}.")))


def _body() -> dict[str, Any]:
    messages = [{"role": one.role, "content": one.content} for one in _request(0).messages]
    return {"messages": messages, "max_tokens": 1024, "temperature": 0, "stream": True}


def _bare(client: Any, url: str, body: dict[str, Any]) -> str:
    texts: list[str] = []
    with client.stream("POST", f"{url}/chat/completions", json=body) as response:
        for line in response.iter_lines():
            if line.startswith("data: {"):
                choices = json.loads(line[6:])["choices"]
                texts.extend(choice["delta"].get("content", "") for choice in choices)
    return "".join(texts)


@contextlib.contextmanager
def _server() -> Iterator[str]:
    command = [sys.executable, "-c", _SERVER, ANSWER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.communicate()


def _double() -> Engine:
    """An engine without a model, from the tests' folder."""
    sys.path[:0] = ["tests"]
    from support.counting_engine import CountingEngine

    return CountingEngine(answer=lambda _: ANSWER)
