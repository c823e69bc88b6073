"""Engines for tests: those of a double's URL."""

from __future__ import annotations

from typing import Any

from agent_agency.inference.choose import make_engine
from agent_agency.inference.engine_settings import EngineSettings
from agent_agency.inference.openai_server import ServerEngine
from agent_agency.inference.protocol import Message, Parameters, Request
from support.openai_server import OpenAiServer

SCHEMA = {
    "type": "object",
    "properties": {"verdict": {"type": "string", "enum": ["pass"]}},
    "required": ["verdict"],
    "additionalProperties": False,
}


def engine_of(server: OpenAiServer, environment: dict[str, str] | None = None, **settings: Any) -> ServerEngine:
    kind = settings.pop("kind", "openai")
    engine = make_engine(EngineSettings("double", kind, url=server.url, **settings), environment or {})
    assert isinstance(engine, ServerEngine)
    return engine


def ask(text: str = "How is the weather?", deadline_s: float = 20.0, **parameters: Any) -> Request:
    return Request((Message("system", "Be brief."), Message("user", text)), Parameters(**parameters), None, deadline_s)
