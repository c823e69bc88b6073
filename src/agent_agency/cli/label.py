"""``agency label``: what the right verdict is, and who says so."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.store_options import folder_option, json_option, limit_option
from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from agent_agency.store.database import Database

SCHEMA_VERSION = 1


@click.group(cls=WholeHelpGroup)
def label() -> None:
    """Say what the right verdict is; judges are measured against it.

    Of several labels about one subject and judge, a ruling on appeal counts before a person's, a person's before
    executable truth, and of one source the newest. What a model says is kept and never counts.
    """


@label.command()
@click.argument("evaluation", required=False, default="", metavar="[EVALUATION]")
@click.option("--subject", default="", metavar="DIGEST", help="What is labelled, where no evaluation is named.")
@click.option("--judge", default="", metavar="JUDGE", help="For which judge. Default: the evaluation's.")
@click.option("--verdict", required=True, type=click.Choice(["pass", "partial", "fail"]), help="What is right.")
@click.option("--score", type=click.FloatRange(0, 1), metavar="0..1", help="The right score, where one is known.")
@click.option("--source", type=click.Choice(["person", "truth", "model"]), default="person", help="Default: person.")
@click.option("--who", required=True, metavar="NAME", help="Who says so: a person, a program, a model.")
@click.option("--evidence", default="", metavar="DIGEST", help="The digest of what shows it.")
@click.option("--note", default="", metavar="TEXT", help="Why.")
@json_option
@folder_option
def add(*, evaluation: str, as_json: bool, repo: Path, **said: Any) -> int:
    """Label the subject of an EVALUATION, or one by its digest.

    A correction is another label; the one before stays on record.
    """
    from agent_agency.clock import SystemClock
    from agent_agency.errors import UsageError
    from agent_agency.store.labels import Label
    from agent_agency.workflows.evaluations import label_by_hand

    if bool(evaluation) == bool(said["subject"]) or not (evaluation or said["judge"]):
        fix = "Name an evaluation, or both --subject and --judge."
        raise UsageError("It is not clear what is labelled", fix=fix)
    made = label_by_hand(_database(repo), SystemClock(), Label(at="", **said), evaluation)
    if as_json:
        _print_json({"label": {"id": made.id, **made.label.as_dict()}})
        return 0
    click.echo(f"{made.id}: {made.label.judge} should answer {made.label.verdict}")
    return 0


@label.command("list")
@click.option("--judge", default="", metavar="JUDGE", help="Only for this judge.")
@click.option("--source", default="", type=click.Choice(["", "truth", "person", "ruling", "model"]), metavar="SOURCE")
@click.option("--subject", default="", metavar="DIGEST", help="Only about this subject.")
@click.option("--after", default="", metavar="ID", help="Go on after this label.")
@limit_option
@json_option
@folder_option
def list_(*, after: str, limit: int, as_json: bool, repo: Path, **asked: str) -> int:
    """List labels, the newest first, and which of them are in force."""
    from agent_agency.store.labels import AskedLabels
    from agent_agency.workflows.evaluations import list_labels

    found = list_labels(_database(repo), AskedLabels(**asked), limit, after)
    if as_json:
        _print_json({"labels": list(found.records), "next": found.next})
        return 0
    from agent_agency.cli.console import make_console
    from agent_agency.report.evaluations import show_labels

    show_labels(make_console(), found.records, found.next)
    return 0


@label.command("import-rulings")
@click.option("--judge", default="rubric", metavar="JUDGE", help="Which judge learns from them. Default: rubric.")
@json_option
@folder_option
def import_rulings(*, judge: str, as_json: bool, repo: Path) -> int:
    """Take what appeals taught as labels of the source ``ruling``; those that may still change are left out."""
    from agent_agency.cli.services import machine_services
    from agent_agency.git import Repository
    from agent_agency.workflows import evaluations as work
    from agent_agency.workflows.anchor import refuse_unless_anchors_agree
    from agent_agency.workflows.appeals import Registry, read_labels
    from agent_agency.workflows.record import Record

    services = machine_services()
    with Repository.discover(repo) as repository:
        record = Record.of(repository, services.clock, services.new_id, services.document_of)
        refuse_unless_anchors_agree(repository, record.ledger)
        registry = Registry.of(repository, record, services.clock, services.new_id, services.arbiter)
        found = read_labels(registry)
    done = work.import_rulings(_database(repo), services.clock, judge, found)
    if as_json:
        _print_json({"new": done.new, "known": done.known, "not_final": done.not_final})
        return 0
    click.echo(f"{done.new} new, {done.known} known before, {done.not_final} left out as they may still change")
    return 0


def _database(repo: Path) -> Database:
    import os

    from agent_agency.workflows.learning_store import open_learning_store

    return open_learning_store(repo, os.environ)


def _print_json(members: dict[str, Any]) -> None:
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **members}, indent=2))
