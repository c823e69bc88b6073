"""The HTTP face over a double of an engine, on a real socket."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx

from agent_agency.inference.call_cache import CallCache
from agent_agency.inference.protocol import Engine, Parameters
from agent_agency.inference.scheduling.serving import Serving
from agent_agency.inference.scheduling.settings import SchedulerSettings
from agent_agency.web.face import Face, FaceLimits
from agent_agency.web.server import Server, listen, serve, url_of
from support.gated_engine import GatedEngine

USER = [{"role": "user", "content": "a b c"}]


@dataclass
class Served:
    """A running face."""

    url: str
    engine: GatedEngine
    serving: Serving
    client: httpx.Client

    def chat(self, **body: Any) -> httpx.Response:
        return self.client.post(f"{self.url}/chat/completions", json={"messages": USER, **body})

    def health(self) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"{self.url.removesuffix('/v1')}/health").json()
        return found


@contextmanager
def serving_face(
    *,
    capacity: int = 4,
    token: str | None = None,
    limits: FaceLimits | None = None,
    cache: CallCache | None = None,
    around: Callable[[Engine], Engine] = lambda engine: engine,
    drain_s: float | None = None,
    stops: int = 1,
    **changes: Any,
) -> Iterator[Served]:
    """Serve a `GatedEngine` of width 2 until the block ends; each request is a call of its own unless ``shares``.

    Where there is a ``drain_s``, the engine's gate is not opened at the end.
    """
    engine = GatedEngine()
    serving = Serving(around(engine), SchedulerSettings(capacity=capacity, width=2), cache=cache)
    ids = iter(range(1_000_000))
    changes = {"shares": False, **changes}
    face = Face("gated", serving, Parameters(), lambda: 7.0, lambda: str(next(ids)), token=token)
    face = replace(face, limits=limits or FaceLimits(), **changes)
    try:
        ending = (engine.gate.set, 10.0) if drain_s is None else (lambda: None, drain_s)
        with httpx.Client(timeout=60, trust_env=False) as client, running_face(face, *ending, stops) as url:
            yield Served(url, engine, serving, client)
    finally:
        assert serving.close(drain=False)


@contextmanager
def running_face(
    face: Face, told_to_end: Callable[[], None] = lambda: None, drain_s: float = 10.0, stops: int = 1
) -> Iterator[str]:
    """Serve a face until the block ends; its URL."""
    listening, running = listen("127.0.0.1", 0), list[Server]()
    url = url_of(listening)
    thread = threading.Thread(target=serve, args=(face, listening, running.append, drain_s), daemon=True)
    thread.start()
    try:
        yield url
    finally:
        for _ in range(stops):
            running[0].stop()
        told_to_end()
        thread.join(60)
        assert not thread.is_alive()
