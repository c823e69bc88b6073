"""``agency engine serve``: an engine for other programs, in the form of OpenAI's HTTP interface."""

from __future__ import annotations

import json
import os
import time
import uuid
from contextlib import ExitStack
from typing import TYPE_CHECKING

import click

from agent_agency.errors import UsageError

if TYPE_CHECKING:
    from agent_agency.inference.protocol import Engine
    from agent_agency.inference.scheduling.serving import Serving
    from agent_agency.web.face import Face, FaceLimits
    from agent_agency.workflows.engine_pool import Engines

SCHEMA_VERSION = 1
TOKEN = "AGENCY_SERVE_TOKEN"  # noqa: S105 - a variable's name
_LEAST_TOKEN = 16


@click.command()
@click.argument("name")
@click.option("--host", default="127.0.0.1", show_default=True, help="Another one only with a token.")
@click.option("--port", type=click.IntRange(0, 65_535), default=0, show_default=True, help="0 takes any that is free.")
@click.option("--token-env", metavar="VARIABLE", help=f"Holds the token that requests must carry. Default: {TOKEN}.")
@click.option("--queue", type=click.IntRange(1, 4096), default=256, show_default=True, help="Requests that may wait.")
@click.option("--deadline", type=click.FloatRange(0.1, 86_400), default=120.0, show_default=True, help="Seconds.")
@click.option("--no-cache", is_flag=True, help="Make each request a call of its own, and keep no answers.")
@click.option("--json", "as_json", is_flag=True, help="Tell the address as one JSON document.")
def serve(
    *,
    name: str,
    host: str,
    port: int,
    token_env: str | None,
    queue: int,
    deadline: float,
    no_cache: bool,
    as_json: bool,
) -> int:
    """Serve an engine over HTTP, as OpenAI's clients ask it: NAME is as for agency engine ask.

    There are /v1/chat/completions, /v1/models, /v1/labels (scores of labels), /health and /metrics. Requests wait in
    one queue; when it is full the answer is 429 with Retry-After. What has a determined answer (temperature 0, or a
    seed) is asked once: later it is answered from what is kept. It ends with Ctrl-C or SIGTERM, after the answers that
    are under way.
    """
    from agent_agency.extras import require

    require("starlette", extra="web")
    require("uvicorn", extra="web")
    from agent_agency.cli.measured_hint import measure_before_long_work, tell_hint
    from agent_agency.inference.engine_file import load_engines
    from agent_agency.web.face import FaceLimits
    from agent_agency.web.server import hosts_of, listen, refuse_open_house, room_for_connections, url_of
    from agent_agency.web.server import serve as run
    from agent_agency.workflows.engine_pool import Engines

    token = _token(token_env)
    refuse_open_house(host, token)
    choices = load_engines(os.environ)
    measure_before_long_work(name)
    tell_hint(name)
    with ExitStack() as stack:
        engines = Engines(choices, os.environ, pinned=False)
        stack.callback(engines.close)
        serving = _serving(engines.engine(name), queue=queue, keeps=not no_cache)
        stack.callback(serving.close, drain=False)
        limits = FaceLimits(deadline_s=deadline, connections=room_for_connections())
        hosts = hosts_of(host) if token is None else None
        face = _face(engines, name, serving, token=token, hosts=hosts, limits=limits, shares=not no_cache)
        listening = stack.enter_context(listen(host, port))
        engines.start(face.name)
        _tell(face, url_of(listening), as_json=as_json)
        run(face, listening)
    return 0


def _serving(engine: Engine, *, queue: int, keeps: bool) -> Serving:
    """The engine behind its queue, and before it what is kept; the caller closes it."""
    from agent_agency.inference.scheduling.serving import Serving
    from agent_agency.inference.scheduling.settings import SchedulerSettings
    from agent_agency.workflows.kept_answers import served_answers

    cache = served_answers(os.environ, tell=lambda why: click.echo(f"agency: {why}", err=True)) if keeps else None
    return Serving(engine, SchedulerSettings(capacity=queue), cache=cache)


def _face(
    engines: Engines,
    name: str,
    serving: Serving,
    *,
    token: str | None,
    hosts: frozenset[str] | None,
    limits: FaceLimits,
    shares: bool,
) -> Face:
    from agent_agency.web.face import Face

    settings, who = engines.settings(name), serving.engine.name
    return Face(
        name=settings.name,
        serving=serving,
        parameters=settings.parameters(),
        seconds=time.time,
        new_id=lambda: uuid.uuid4().hex,
        state=lambda: engines.state_of(who),
        token=token,
        hosts=hosts,
        limits=limits,
        shares=shares,
    )


def _token(variable: str | None) -> str | None:
    token = os.environ.get(variable or TOKEN, "").strip()
    if not token:
        if variable is None:
            return None
        raise UsageError(f"The variable {variable}, which is to hold the token, is not set", fix=f"Set {variable}.")
    if len(token) < _LEAST_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise UsageError(
            f"The token in {variable or TOKEN} has fewer than {_LEAST_TOKEN} signs, or signs that no header holds",
            fix="Make one, as with: python3 -c 'import secrets; print(secrets.token_urlsafe())'.",
        )
    return token


def _tell(face: Face, url: str, *, as_json: bool) -> None:
    if as_json:
        members = {"url": url, "model": face.name, "pid": os.getpid(), "token": face.token is not None}
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, "serving": members}))
        return
    click.echo(f"Serving {face.name} at {url} (Ctrl-C ends it)")
