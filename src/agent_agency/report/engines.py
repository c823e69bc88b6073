"""Engines for people: a table of them, and what checks of one found."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from agent_agency.report.text import clean, no_command

if TYPE_CHECKING:
    from rich.console import Console

    from agent_agency.inference.engine_settings import EngineSettings
    from agent_agency.inference.protocol import Capabilities, Reply
    from agent_agency.workflows.engine_check import EngineCheck
    from agent_agency.workflows.engines import ListedEngine

_STYLES = MappingProxyType({"fine": "green", "noted": "dim", "limited": "yellow", "failed": "bold red"})
ALWAYS_THERE = ("offline", "replay:FILE", "FILE.gguf", "http://HOST:PORT/v1#MODEL")
"""What ``--engine`` takes without any settings."""


def print_engines(path: str, listed: Sequence[ListedEngine], console: Console) -> None:
    """Print the engines of the user's file, and what needs none."""
    from rich.table import Table
    from rich.text import Text

    if listed:
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold", pad_edge=False)
        for column in ("Engine", "Kind", "Where", "Model", "Roles", "Key"):
            table.add_column(column, overflow="fold")
        for one in listed:
            settings = one.settings
            where = settings.recording or settings.path or settings.url
            cells = (settings.name, settings.kind, where, _model(settings), " ".join(one.roles), _key(one))
            table.add_row(*(Text(clean(cell)) for cell in cells))
        console.print(table)
    else:
        console.print(Text(f"No engine is configured in {clean(path)}."))
    console.print(Text(f"Without settings --engine takes {', '.join(ALWAYS_THERE)}."))


def _model(settings: EngineSettings) -> str:
    """What it is asked for, or for a model on this machine how it is run, as far as the settings say."""
    if settings.kind != "local":
        return settings.model
    wide = None if settings.width is None else f"{settings.width} at once"
    window = None if settings.context is None else f"context {settings.context:,}"
    exact = None if settings.precision == "default" else settings.precision
    return ", ".join(part for part in (settings.engine, exact, wide, window) if part)


def _key(one: ListedEngine) -> str:
    if one.key_set is None:
        return ""
    return f"{one.settings.api_key_env}{'' if one.key_set else ' (not set)'}"


def engine_documents(listed: Sequence[ListedEngine]) -> list[dict[str, Any]]:
    """The engines as JSON data; of a key only its variable's name and whether that is set."""
    return [
        {
            "name": one.settings.name,
            "kind": one.settings.kind,
            "url": one.settings.url or None,
            "model": one.settings.model or None,
            "recording": one.settings.recording,
            "context": one.settings.context,
            **_local(one.settings),
            "api_key_env": one.settings.api_key_env,
            "key_set": one.key_set,
            "roles": list(one.roles),
        }
        for one in listed
    ]


def _local(settings: EngineSettings) -> dict[str, Any]:
    """What only a model on this machine has."""
    if settings.kind != "local":
        return {}
    return {
        "path": settings.path,
        "engine": settings.engine,
        "precision": settings.precision,
        "width": settings.width,
        "digest": settings.digest,
    }


def print_check(check: EngineCheck, console: Console) -> None:
    """Print what was looked at and found, each with its next step."""
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    for column in ("name", "standing", "found"):
        table.add_column(column, overflow="fold", no_wrap=column != "found")
    for probe in check.probes:
        text = Text(clean(probe.found))
        if probe.remedy:
            text.append(f"\n-> {clean(probe.remedy)}", style="bold")
        table.add_row(probe.name, Text(probe.standing.value, _STYLES[probe.standing.value]), text)
    console.print(table)


def check_document(check: EngineCheck) -> dict[str, Any]:
    """The checks as JSON data."""
    return {
        "engine": check.engine,
        "exit_code": check.exit_code,
        "identity": dict(check.identity) or None,
        "capabilities": None if check.capabilities is None else _capabilities(check.capabilities),
        "checks": [
            {
                "name": probe.name,
                "standing": probe.standing.value,
                "found": probe.found,
                "remedy": probe.remedy or None,
            }
            for probe in check.probes
        ],
    }


def _capabilities(found: Capabilities) -> dict[str, Any]:
    return {
        "schema": found.schema,
        "stream": found.stream,
        "logprobs": found.logprobs,
        "token_counts": found.token_counts,
        "seed": found.seed,
        "context_tokens": found.context_tokens,
        "language_model": found.language_model,
        "labels": found.labels,
        "notes": list(found.notes),
    }


def answer_lines(reply: Reply) -> list[str]:
    """What an engine answered, fit for a terminal."""
    return [no_command(clean(line)) for line in reply.text.replace("\r\n", "\n").split("\n")]


def answer_summary(reply: Reply) -> str:
    """One line on an answer: model, tokens, time."""
    prompt, completion = (count if count is not None else "?" for count in (reply.usage.prompt, reply.usage.completion))
    cut = "; cut off by max_tokens" if reply.finish == "length" else ""
    return f"{clean(reply.model)}, {prompt} tokens in, {completion} out, {reply.latency_s:.2f} s{cut}"
