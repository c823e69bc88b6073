"""``agency evaluations``: what judges answered, found again, handed on and brought in."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.store_options import folder_option, json_option, limit_option
from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from agent_agency.store.database import Database

SCHEMA_VERSION = 1

_judge_option = click.option("--judge", default="", metavar="JUDGE", help="Only this judge's.")
_since_option = click.option("--since", default="", metavar="DAY", help="From this day or moment on (UTC).")
_version_option = click.option(
    "--version", default="", metavar="DIGEST", help="Only this version's; a beginning will do."
)
_verdict_option = click.option("--verdict", default="", metavar="WORD", help="pass, partial, fail or abstain.")
_until_option = click.option("--until", default="", metavar="DAY", help="Before this day or moment (UTC).")


@click.group(cls=WholeHelpGroup)
def evaluations() -> None:
    """What judges answered, by version, with what it took and how it agrees with labels."""


@evaluations.command("list")
@_judge_option
@_version_option
@_verdict_option
@_since_option
@_until_option
@click.option("--after", default="", metavar="ID", help="Go on after this evaluation.")
@limit_option
@json_option
@folder_option
def list_(*, after: str, limit: int, as_json: bool, repo: Path, **asked: str) -> int:
    """List evaluations, the newest first."""
    from agent_agency.workflows import evaluations as work

    database = _database(repo)
    found = work.list_evaluations(database, work.asked_for(database, **asked), limit, after)
    if as_json:
        _print_json({"evaluations": list(found.records), "next": found.next})
        return 0
    from agent_agency.cli.console import make_console
    from agent_agency.report.evaluations import show_evaluations

    show_evaluations(make_console(), found.records, found.next)
    return 0


@evaluations.command()
@click.argument("name", metavar="ID")
@json_option
@folder_option
def show(*, name: str, as_json: bool, repo: Path) -> int:
    """Show one evaluation; the beginning of its id will do."""
    from agent_agency.workflows.evaluations import show_evaluation

    found = show_evaluation(_database(repo), name)
    if as_json:
        _print_json({"evaluation": found})
        return 0
    from agent_agency.cli.console import make_console
    from agent_agency.report import evaluations as report

    report.show_evaluation(make_console(), found)
    return 0


@evaluations.command()
@_judge_option
@_since_option
@json_option
@folder_option
def stats(*, judge: str, since: str, as_json: bool, repo: Path) -> int:
    """Sum up evaluations by judge, version and verdict, and how far they agree with the labels in force."""
    from agent_agency.workflows.evaluations import statistics

    found = statistics(_database(repo), judge, since)
    if as_json:
        _print_json(found)
        return 0
    from agent_agency.cli.console import make_console
    from agent_agency.report.evaluations import show_statistics

    show_statistics(make_console(), found)
    return 0


@evaluations.command()
@_judge_option
@_version_option
@_verdict_option
@_since_option
@_until_option
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Default: standard output.")
@folder_option
def export(*, out: Path | None, repo: Path, **asked: str) -> int:
    """Write labels and evaluations as JSON lines; the same records are the same bytes from any store.

    Labels are those of the judge that is asked for, or all.
    """
    from agent_agency.workflows.evaluation_exchange import export_lines
    from agent_agency.workflows.evaluations import asked_for

    database = _database(repo)
    lines = export_lines(database, asked_for(database, **asked))
    if out is not None:
        from agent_agency.identity import random_id
        from agent_agency.store.files import replace_file

        replace_file(out, lines, out.with_name(f".{out.name}-{random_id()}"))
        return 0
    stream = sys.stdout.buffer
    for line in lines:
        stream.write(line)
    stream.flush()
    return 0


@evaluations.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@json_option
@folder_option
def import_(*, file: Path, as_json: bool, repo: Path) -> int:
    """Bring an export in, whole or not at all; records that are there already stay as they are.

    Its digests show that it is whole, not who wrote it: bring in only what you trust as much as your own labels. It is
    one transaction: whoever else writes to the store waits for it.
    """
    from agent_agency.workflows.evaluation_exchange import import_file

    done = import_file(_database(repo), file)
    if as_json:
        held = {"labels": done.held.labels, "evaluations": done.held.evaluations}
        new = {"labels": done.new.labels, "evaluations": done.new.evaluations}
        _print_json({"held": held, "new": new, "unproved_rulings": done.rulings})
        return 0
    told = f"{done.new.evaluations:,} of {done.held.evaluations:,} evaluations"
    click.echo(f"{told} and {done.new.labels:,} of {done.held.labels:,} labels were new")
    if done.rulings:
        said = f"{done.rulings:,} labels say that they come from rulings on appeal, and a file cannot prove that"
        click.echo(f"{said}; agency label import-rulings takes them from the ledger.", err=True)
    return 0


def _database(repo: Path) -> Database:
    import os

    from agent_agency.workflows.learning_store import open_learning_store

    return open_learning_store(repo, os.environ)


def _print_json(members: dict[str, Any]) -> None:
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **members}, indent=2))
