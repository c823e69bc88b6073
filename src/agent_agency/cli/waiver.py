"""``agency waiver``: write an exception, to be put on the base branch by somebody who may."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent_agency.spec.model import Budget

SCHEMA_VERSION = 1


@click.group()
def waiver() -> None:
    """Write a bounded exception from a gate for one spec."""


@waiver.command()
@click.option("--gate", "gates", multiple=True, required=True, metavar="NAME", help="A gate; may be repeated.")
@click.option("--spec", "spec_id", required=True, metavar="ID", help="The one spec that it is for.")
@click.option("--reason", required=True, help="Why, and why only this once.")
@click.option(
    "--approved-by", "approvers", multiple=True, required=True, metavar="WHO", help="E-mail address; may be repeated."
)
@click.option("--requested-by", "requester", metavar="WHO", help="Who asks for it; never one who approves.")
@click.option("--days", type=click.IntRange(min=1), metavar="N", help="How long. Default: 14, or what the law allows.")
@click.option("--max-files", type=click.IntRange(min=0), metavar="N", help="Files added to the budget (budget_limit).")
@click.option("--max-loc", type=click.IntRange(min=0), metavar="N", help="Lines added to the budget (budget_limit).")
@click.option("--max-uses", type=click.IntRange(min=1), metavar="N", help="How many rulings may need it.")
@click.option("--id", "waiver_id", metavar="ID", help="Default: the next free WV-1, WV-2 and so on.")
@click.option("--title", help="Default: the gates and the spec.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Where to look for the repository."
)
def write(
    *,
    gates: tuple[str, ...],
    spec_id: str,
    reason: str,
    approvers: tuple[str, ...],
    requester: str | None,
    days: int | None,
    max_files: int | None,
    max_loc: int | None,
    max_uses: int | None,
    waiver_id: str | None,
    title: str | None,
    as_json: bool,
    repo: Path,
) -> None:
    """Write a waiver that the law at HEAD accepts; it binds once it is on the base branch.

    Whoever merges it there grants it: --approved-by is a statement, not a signature.
    """
    from agent_agency.clock import SystemClock
    from agent_agency.git import Repository
    from agent_agency.workflows.init import write_files
    from agent_agency.workflows.waiver_file import AskedWaiver, plan_waiver

    delta = _delta(max_files, max_loc)
    asked = AskedWaiver(gates, spec_id, reason, approvers, waiver_id, title, requester, days, delta, max_uses)
    with Repository.discover(repo) as repository:
        planned = plan_waiver(repository, asked, SystemClock().now())
        write_files(repository, [planned])
    if as_json:
        import json

        files = [{"path": planned.path, "text": planned.text}]
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, "written": True, "files": files}, indent=2))
        return
    click.echo(f"wrote {planned.path}\n\nIt binds once it is on the base branch:\n")
    click.echo(f"  git add :/{planned.path}\n  git commit -m {_quoted(planned.path)}")


def _quoted(path: str) -> str:
    return f'"Grant {Path(path).stem}"'


def _delta(files: int | None, lines: int | None) -> Budget | None:
    from agent_agency.spec.model import Budget

    return None if files is None and lines is None else Budget(files or 0, lines or 0)
