"""What a model's process is asked, as documents of one line: written here, and read here on the other side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from agent_agency.inference.keys import parameters_document
from agent_agency.inference.labels import LabelRequest
from agent_agency.inference.local.backend import LoadOptions
from agent_agency.inference.protocol import Message, Parameters, Request

Question = Mapping[str, Any]
"""``op`` says what is asked, ``id`` is added when it is sent."""


def load(engine: str, options: LoadOptions) -> Question:
    """Load a model; answered by its facts. The first question, and asked once."""
    return {"op": "load", "engine": engine, "options": asdict(options)}


def facts() -> Question:
    """What the loaded model says of itself."""
    return {"op": "facts"}


def ping() -> Question:
    """Whether the process is there, whatever it works on."""
    return {"op": "ping"}


def generate(request: Request, *, streamed: bool) -> Question:
    """Write an answer, told piece by piece where it is streamed."""
    return {
        "op": "generate",
        "messages": _turns(request.messages),
        "shared": request.shared,
        "parameters": parameters_document(request.parameters),
        "schema": None if request.schema is None else dict(request.schema),
        "streamed": streamed,
    }


def labels(request: LabelRequest) -> Question:
    """Score labels."""
    turns = _turns(request.messages)
    return {"op": "labels", "messages": turns, "shared": request.shared, "labels": list(request.labels)}


def prime(messages: Sequence[Message]) -> Question:
    """Compute a shared prefix."""
    return {"op": "prime", "messages": _turns(messages)}


def count(messages: Sequence[Message]) -> Question:
    """Count a prompt's tokens."""
    return {"op": "count", "messages": _turns(messages)}


def read_options(question: Question) -> LoadOptions:
    """The options of a `load`."""
    return LoadOptions(**question["options"])


def read_messages(question: Question) -> tuple[Message, ...]:
    """The messages of a question."""
    return tuple(Message(role, content) for role, content in question["messages"])


def read_parameters(question: Question) -> Parameters:
    """The parameters of a `generate`."""
    given = question["parameters"]
    return Parameters(**{**given, "stop": tuple(given["stop"])})


def _turns(messages: Sequence[Message]) -> list[list[str]]:
    return [[one.role, one.content] for one in messages]
