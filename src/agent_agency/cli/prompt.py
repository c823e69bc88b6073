"""``agency prompt``: the versions of a judge's prompt, and which of them is active."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from agent_agency.store.database import Database
    from agent_agency.store.prompts import Activation

SCHEMA_VERSION = 1

_folder_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Whose store; your own outside any repository. Default: here.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_who_option = click.option("--who", required=True, metavar="NAME", help="On whose word; it stays on record.")
_reason_option = click.option("--reason", required=True, metavar="TEXT", help="Why; it stays on record.")


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    return _json_option(_folder_option(command))


@click.group(cls=WholeHelpGroup)
def prompt() -> None:
    """The versions of a judge's prompt; none becomes active by itself.

    Version 0 is the shipped one and always there; agency optimize registers others.
    """


@prompt.command("list")
@click.argument("judge", required=False, default="", metavar="[JUDGE]")
@_common
def list_(*, judge: str, as_json: bool, repo: Path) -> int:
    """List the versions of all judges, or those of one with every activation."""
    from agent_agency.workflows.prompt_versions import list_versions

    found = [one.as_dict() for one in list_versions(_database(repo), judge)]
    if as_json:
        _print_json({"judges": found})
        return 0
    from agent_agency.cli.console import make_console
    from agent_agency.report.prompts import show_versions

    show_versions(make_console(), found, history=bool(judge))
    return 0


@prompt.command()
@click.argument("judge")
@click.argument("version", required=False, default="active", metavar="[VERSION]")
@_common
def show(*, judge: str, version: str, as_json: bool, repo: Path) -> int:
    """Show one version: a number, shipped, or active (the default)."""
    from agent_agency.workflows import prompt_versions as work

    database = _database(repo)
    chosen = work.choose(database, judge, version)
    active = work.list_versions(database, judge)[0].active == chosen.version
    found = {"judge": chosen.judge, "version": chosen.version, "active": active, "digest": chosen.digest}
    whole = {**found, "document": chosen.document}
    if as_json:
        _print_json({"prompt": whole})
        return 0
    from agent_agency.cli.console import make_console
    from agent_agency.report.prompts import show_prompt

    show_prompt(make_console(), whole)
    return 0


@prompt.command()
@click.argument("judge")
@click.argument("old", metavar="OLD")
@click.argument("new", required=False, default="active", metavar="[NEW]")
@_common
def diff(*, judge: str, old: str, new: str, as_json: bool, repo: Path) -> int:
    """Show how version NEW (the active one by default) differs from OLD.

    Exit code: 0 both ask the same; 1 they differ.
    """
    from agent_agency.workflows import prompt_versions as work

    database = _database(repo)
    found = work.differences(work.choose(database, judge, old), work.choose(database, judge, new))
    if as_json:
        _print_json({"diff": found})
    else:
        from agent_agency.cli.console import make_console
        from agent_agency.report.prompts import show_differences

        show_differences(make_console(), found)
    return 0 if found["same_prompt"] else 1


@prompt.command()
@click.argument("judge")
@click.argument("version")
@_who_option
@_reason_option
@_common
def activate(*, judge: str, version: str, who: str, reason: str, as_json: bool, repo: Path) -> int:
    """Let a judge use VERSION from now on."""
    from agent_agency.clock import SystemClock
    from agent_agency.workflows import prompt_versions as work

    _tell(work.activate(_database(repo), SystemClock(), judge, version, who=who, reason=reason), as_json=as_json)
    return 0


@prompt.command()
@click.argument("judge")
@click.option("--from", "expected", type=click.IntRange(min=0), metavar="N", help="Only if version N is active now.")
@_who_option
@_reason_option
@_common
def rollback(*, judge: str, expected: int | None, who: str, reason: str, as_json: bool, repo: Path) -> int:
    """Go back to the version that was active before; again, to the one before that."""
    from agent_agency.clock import SystemClock
    from agent_agency.workflows import prompt_versions as work

    done = work.rollback(_database(repo), SystemClock(), judge, who=who, reason=reason, expected=expected)
    _tell(done, as_json=as_json)
    return 0


def _tell(done: Activation, *, as_json: bool) -> None:
    if as_json:
        from dataclasses import asdict

        _print_json({"activation": asdict(done)})
        return
    click.echo(f"{done.judge} uses version {done.version} now ({done.digest[:19]})")


def _database(repo: Path) -> Database:
    import os

    from agent_agency.workflows.learning_store import open_learning_store

    return open_learning_store(repo, os.environ)


def _print_json(members: dict[str, Any]) -> None:
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **members}, indent=2))
