"""From what a person writes after ``--engine`` to the engine that answers."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path

from agent_agency.errors import EngineError
from agent_agency.inference.engine_settings import ROLES, EngineChoices, EngineSettings
from agent_agency.inference.models.openvino_folder import MODEL
from agent_agency.inference.protocol import Engine, Parameters
from agent_agency.inference.server_address import read_address, read_key

OFFLINE = "offline"
_REPLAY = "replay:"
_GGUF = ".gguf"
_HOW = (
    "a name or role of your engines.toml, 'offline', 'replay:FILE', a model's FILE.gguf or OpenVINO folder, "
    "or a URL such as http://127.0.0.1:8080/v1#MODEL"
)


def choose_engine(
    spec: str | None,
    choices: EngineChoices,
    environment: Mapping[str, str],
    *,
    timer: Callable[[], float] = time.perf_counter,
) -> Engine:
    """The engine that is meant; nothing is asked of it yet.

    Args:
        spec: a name or a role of the user's file, ``offline``, ``replay:FILE``, a GGUF file or OpenVINO folder, or a
            server's URL with ``#MODEL``; ``None`` means the role ``primary``, and there is no engine to fall back on:
            judging without a model is only ever done by name.
        choices: the user's file, read.
        environment: where keys stand.
        timer: seconds that only go forward.

    Raises:
        EngineError: nothing is configured (``engine.not_configured``), no such engine (``engine.unknown``), or its key
            is not there.
        FileUnreadableError: there is no such recording or model.
        MissingExtraError: servers and models on this machine need libraries that are not installed.
    """
    return make_engine(settings_of(spec, choices), environment, timer=timer)


def close_engine(engine: object) -> None:
    """Let go of what an engine holds, be it connections or a process; nothing where it holds nothing."""
    close = getattr(engine, "close", None)
    if callable(close):
        close()


def default_parameters(spec: str | None, choices: EngineChoices) -> Parameters:
    """How the engine's answers are drawn where the question does not say.

    Raises:
        EngineError: as `choose_engine`.
    """
    return settings_of(spec, choices).parameters()


def settings_of(spec: str | None, choices: EngineChoices) -> EngineSettings:
    """The settings of the engine that is meant.

    Raises:
        EngineError: nothing is configured, or there is no such engine.
    """
    if not spec:
        return _primary(choices)
    if spec == OFFLINE:
        return EngineSettings(OFFLINE, "offline")
    if spec.startswith(_REPLAY):
        return EngineSettings(spec, "replay", recording=spec.removeprefix(_REPLAY))
    if "://" in spec:
        url, _, model = spec.partition("#")
        return EngineSettings(spec, "openai", url=url, model=model)
    named = choices.roles.get(spec, spec)
    if named in choices.engines:
        return choices.engines[named]
    if _is_model(spec):
        return EngineSettings(Path(spec).name, "local", path=str(Path(spec).absolute()))
    raise _unknown(spec, choices)


def _is_model(spec: str) -> bool:
    """Whether a word means a file or folder of a model; a name in the user's file always goes before."""
    path = Path(spec)
    try:
        return path.suffix.lower() == _GGUF or (path / MODEL).is_file()
    except (OSError, ValueError):
        return False


def make_engine(
    settings: EngineSettings, environment: Mapping[str, str], *, timer: Callable[[], float] = time.perf_counter
) -> Engine:
    """The engine of these settings.

    Raises:
        EngineError: the URL is none, the key is not there, or the model's file is none or another than was added.
        FileUnreadableError: there is no such recording or model.
        MissingExtraError: servers and models on this machine need libraries that are not installed.
    """
    if settings.kind == "offline":
        from agent_agency.inference.offline.engine import OfflineEngine

        return OfflineEngine()
    if settings.kind == "replay":
        from agent_agency.inference.replay import ReplayEngine

        return ReplayEngine(Path(settings.recording or ""), timer)
    if settings.kind == "local":
        from agent_agency.inference.models.local_engine import make_local

        return make_local(settings, environment, timer)
    return _server(settings, environment, timer)


def _server(settings: EngineSettings, environment: Mapping[str, str], timer: Callable[[], float]) -> Engine:
    from agent_agency.inference.openai_server import ServerEngine
    from agent_agency.inference.transport import Limits, Transport

    try:
        address = read_address(settings.url)
    except ValueError as error:
        raise EngineError(
            f"The engine's URL cannot be used: {error}",
            fix="Write it like http://127.0.0.1:8080/v1 or, for Ollama, http://127.0.0.1:11434.",
            code="engine.bad_url",
        ) from error
    key = read_key(settings.api_key_env, environment, address)
    limits = Limits(settings.connect_s, settings.idle_s)
    transport = Transport(address, key, limits, ca_file=settings.ca_file, proxy=settings.proxy)
    named = replace(settings, name=settings.name or settings.url)
    return ServerEngine(named, address, transport, timer)


def _primary(choices: EngineChoices) -> EngineSettings:
    if "primary" in choices.roles:
        return choices.engines[choices.roles["primary"]]
    raise EngineError(
        "No engine is configured, and none is named",
        fix=f"Write [engines.NAME] and [roles] primary into {choices.path}, or give --engine: {_HOW}. "
        "'--engine offline' needs no model; it learns from demonstrations and is no language model.",
        code="engine.not_configured",
    )


def _unknown(spec: str, choices: EngineChoices) -> EngineError:
    if spec in ROLES:
        message = f"No engine takes the role {spec!r}"
        fix = f"Write '{spec} = \"NAME\"' below [roles] in {choices.path}."
    else:
        close = get_close_matches(spec, [*choices.engines, *choices.roles, OFFLINE], n=1)
        message = f"There is no engine {spec[:80]!r}"
        fix = f"Did you mean {close[0]!r}?" if close else f"Give {_HOW}."
    return EngineError(message, fix=fix, code="engine.unknown")
