"""``agency scope``: may I edit this path?"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent_agency.workflows.scope_check import ScopeAnswer

SCHEMA_VERSION = 1
REJECTED = 1


@click.group()
def scope() -> None:
    """Ask what the governing spec lets you edit."""


@scope.command()
@click.argument("paths", nargs=-1, metavar="PATH...", type=click.Path(readable=False))
@click.option("--spec", "spec_id", metavar="ID", help="The governing spec, where several could govern.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def check(context: click.Context, paths: tuple[str, ...], spec_id: str | None, *, as_json: bool) -> None:
    """May these paths be edited? Without PATH, one path per line is read from standard input.

    Paths are absolute or relative to this folder. The law is that of the base branch, else of HEAD; only where neither
    holds any is it read from the working tree. Exit code 0: all may be edited; 1: one may not; 2: no answer.
    """
    from pathlib import Path

    from agent_agency.clock import SystemClock
    from agent_agency.workflows.scope_check import check_paths

    asked = list(paths) or _paths_from_input()
    answer = check_paths(asked, start=Path.cwd(), spec_id=spec_id, now=SystemClock().now())
    if as_json:
        _print_json(answer)
    else:
        _print_lines(answer)
    context.exit(0 if answer.admitted else REJECTED)


def _paths_from_input() -> list[str]:
    if sys.stdin is None or sys.stdin.isatty():
        raise click.UsageError("Name a path, or pipe one path per line.")
    lines = sys.stdin.buffer.read().split(b"\n")
    return [os.fsdecode(line.removesuffix(b"\r")) for line in lines if line.removesuffix(b"\r")]


def _print_json(answer: ScopeAnswer) -> None:
    import json

    from agent_agency.facts import display_path
    from agent_agency.spec.scope_text import message_of, remedy_of

    source = answer.source
    document = {
        "schema_version": SCHEMA_VERSION,
        "spec": {"id": answer.spec.id, "path": answer.spec.path, "digest": answer.spec.digest},
        "law_source": {"kind": source.kind, "ref": source.ref, "commit": source.commit},
        "decisions": [
            {
                "path": display_path(decision.path),
                "kind": decision.kind,
                "rule": decision.rule,
                "normalized_path": None if decision.normalized_path is None else display_path(decision.normalized_path),
                "matched": None if decision.matched is None else display_path(decision.matched),
                "message": message_of(decision),
                "remedy": remedy_of(decision, answer.spec.id),
            }
            for decision in answer.decisions
        ],
    }
    click.echo(json.dumps(document, indent=2))


def _print_lines(answer: ScopeAnswer) -> None:
    from agent_agency.facts import display_path
    from agent_agency.spec.scope_text import message_of, remedy_of
    from agent_agency.workflows.scope_check import shown

    for decision in answer.decisions:
        verdict = "admit" if decision.kind == "admit" else "reject"
        told = f"{verdict}  {display_path(decision.path)}  {message_of(decision)} [{decision.rule}]"
        remedy = remedy_of(decision, answer.spec.id)
        click.echo(f"{told}. {remedy}" if remedy else told)
    if not answer.admitted:
        click.echo(f"agency: judged by spec {answer.spec.id} of {shown(answer)}.", err=True)
