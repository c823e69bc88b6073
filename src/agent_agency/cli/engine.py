"""``agency engine``: the models that judges ask: list, check, ask."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.whole_help import LaterGroup

if TYPE_CHECKING:
    from collections.abc import Callable

SCHEMA_VERSION = 1
CUT_OFF = 1


_LATER: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "add": ("agent_agency.cli.engine_models", "add"),
        "models": ("agent_agency.cli.engine_models", "models"),
        "remove": ("agent_agency.cli.engine_models", "remove"),
        "serve": ("agent_agency.cli.engine_serve", "serve"),
        "bench": ("agent_agency.cli.engine_bench", "bench"),
        "pool": ("agent_agency.cli.engine_pool", "pool"),
        "roll": ("agent_agency.cli.engine_pool", "roll"),
        "spend": ("agent_agency.cli.engine_pool", "spend"),
        "select": ("agent_agency.cli.engine_pool", "select"),
        "make-test-model": ("agent_agency.cli.engine_make_test_model", "make_test_model"),
    }
)
"""Commands that stand in modules of their own: name to module and command."""


@click.group(cls=LaterGroup, later=_LATER)
def engine() -> None:
    """List the engines that judges ask, check what one can do, and ask one a question.

    Engines stand in agency/engines.toml of your own configuration (or the file that AGENCY_ENGINES names), never in a
    repository: a change must not say which server judges it. A NAME is an engine or a role of that file, 'offline',
    'replay:FILE', or a URL such as http://127.0.0.1:8080/v1#MODEL.
    """


def _json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    return click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")(command)


@engine.command("list")
@_json_option
def list_engines(*, as_json: bool) -> int:
    """List the engines of your configuration and their roles; no server is asked."""
    from agent_agency.report.engines import ALWAYS_THERE, engine_documents, print_engines
    from agent_agency.workflows.engines import list_engines as listed_engines

    path, listed = listed_engines(os.environ)
    if as_json:
        _print_json({"path": path, "engines": engine_documents(listed), "always_there": list(ALWAYS_THERE)})
        return 0
    from agent_agency.cli.console import make_console

    print_engines(path, listed, make_console())
    return 0


@engine.command()
@click.argument("name")
@_json_option
def check(*, name: str, as_json: bool) -> int:
    """Find out by trying what an engine can do, and whether it hides that it cut a prompt.

    Exit 0 when all is fine, 1 when something is limited or wrong, 2 when the engine cannot be asked. It asks about ten
    short questions and one that is too long; the model may be loaded for that.
    """
    from agent_agency.report.engines import check_document, print_check
    from agent_agency.workflows.engine_check import check_engine

    found = check_engine(name, os.environ)
    if as_json:
        _print_json(check_document(found))
        return found.exit_code
    from agent_agency.cli.console import make_console

    print_check(found, make_console())
    return found.exit_code


@engine.command()
@click.argument("name")
@click.argument("text")
@click.option("--system", metavar="TEXT", help="What the model is told before the question.")
@click.option("--schema", type=click.Path(path_type=Path), metavar="FILE", help="A JSON schema to keep to.")
@click.option("--temperature", type=click.FloatRange(0, 10), help="Default: as in your engine's settings.")
@click.option("--max-tokens", type=click.IntRange(1, 1_000_000), help="Default: as in your engine's settings.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed, the same answer, where it can.")
@click.option("--deadline", type=click.FloatRange(0.1, 86_400), default=120.0, show_default=True, help="Seconds.")
@click.option("--record", type=click.Path(path_type=Path), metavar="FILE", help="Also record it for 'replay:FILE'.")
@_json_option
def ask(
    *,
    name: str,
    text: str,
    system: str | None,
    schema: Path | None,
    temperature: float | None,
    max_tokens: int | None,
    seed: int,
    deadline: float,
    record: Path | None,
    as_json: bool,
) -> int:
    """Ask an engine one question.

    Exit 0 with the answer, 1 when it was cut off by --max-tokens, 2 when there is none.
    """
    from agent_agency.cli.measured_hint import tell_hint
    from agent_agency.report.engines import answer_lines, answer_summary
    from agent_agency.workflows.engines import Question, ask_engine

    question = Question(text, system, schema, temperature, max_tokens, seed, deadline, record)
    tell_hint(name)
    reply = ask_engine(name, question, os.environ)
    if as_json:
        from agent_agency.inference.reply_document import to_document

        _print_json({"reply": to_document(reply)})
    else:
        for line in answer_lines(reply):
            click.echo(line)
        click.echo(f"agency: {answer_summary(reply)}", err=True)
    return 0 if reply.finish == "stop" else CUT_OFF


def _print_json(members: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **members}, indent=2))
