"""The engines of this user: which there are, and one question to one of them."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from agent_agency.canonical_json import parse_json
from agent_agency.errors import FileUnreadableError
from agent_agency.inference.choose import default_parameters
from agent_agency.inference.engine_file import load_engines
from agent_agency.inference.engine_settings import EngineSettings
from agent_agency.inference.protocol import Message, Reply, Request
from agent_agency.workflows.engine_pool import opened_engine

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine

MAX_SCHEMA_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ListedEngine:
    """One engine of the user's file; ``key_set`` is ``None`` where it needs no key."""

    settings: EngineSettings
    roles: tuple[str, ...]
    key_set: bool | None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of an engine; ``None`` leaves a parameter to the engine's settings."""

    text: str
    system: str | None = None
    schema: Path | None = None
    temperature: float | None = None
    max_tokens: int | None = None
    seed: int = 0
    deadline_s: float = 120.0
    record: Path | None = None


def list_engines(environment: Mapping[str, str]) -> tuple[str, tuple[ListedEngine, ...]]:
    """Where the user's file is or would be, and its engines in their order; no server is asked.

    Raises:
        FileUnreadableError: the file cannot be read.
        EngineError: the file is wrong.
    """
    choices = load_engines(environment)
    listed = tuple(
        ListedEngine(
            one,
            tuple(role for role, name in choices.roles.items() if name == one.name),
            None if one.api_key_env is None else bool(environment.get(one.api_key_env, "").strip()),
        )
        for one in choices.engines.values()
    )
    return choices.path, listed


def ask_engine(spec: str | None, question: Question, environment: Mapping[str, str]) -> Reply:
    """Ask one question.

    Args:
        spec: the engine, as `choose.choose_engine` takes it.
        question: what is asked; with ``record`` the answer is also written into that recording.
        environment: settings and keys.

    Raises:
        EngineError: there is no such engine, or no answer of it.
        FileUnreadableError: the schema or the settings cannot be read.
        FileUnwritableError: the answer cannot be recorded.
    """
    choices = load_engines(environment)
    defaults = default_parameters(spec, choices)
    parameters = replace(
        defaults,
        temperature=defaults.temperature if question.temperature is None else question.temperature,
        max_tokens=defaults.max_tokens if question.max_tokens is None else question.max_tokens,
        seed=question.seed,
    )
    system = (Message("system", question.system),) if question.system else ()
    schema = None if question.schema is None else _schema(question.schema)
    request = Request((*system, Message("user", question.text)), parameters, schema, question.deadline_s)
    with opened_engine(spec, environment) as engine, _recording(engine, question.record) as asked:
        return asked.generate(request)


def _recording(engine: Engine, path: Path | None) -> contextlib.AbstractContextManager[Engine]:
    if path is None:
        return contextlib.nullcontext(engine)
    from agent_agency.inference.replay import Recorder

    return Recorder(engine, path)


def _schema(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_SCHEMA_BYTES + 1)
    except OSError as error:
        message = f"The schema cannot be read: {error.strerror or error}"
        raise FileUnreadableError(message, fix="Give a file with a JSON schema.", path=str(path)) from error
    try:
        return _schema_of(data)
    except ValueError as error:
        message = f"The file holds no JSON schema: {error}"
        raise FileUnreadableError(message, fix="Give a file with a JSON schema.", path=str(path)) from error


def _schema_of(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_SCHEMA_BYTES:
        raise ValueError(f"it is larger than {MAX_SCHEMA_BYTES:,} bytes")
    value = parse_json(data)
    if not isinstance(value, dict):
        raise ValueError("it is no object")  # noqa: TRY004 - bad data, not a bad argument
    return value
