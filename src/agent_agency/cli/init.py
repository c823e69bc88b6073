"""``agency init``: a policy, a first spec and a config."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent_agency.workflows.init import PlannedFile

FIRST_ID = "SETUP-1"
FIRST_TITLE = "Work under a written spec"


@click.command()
@click.option("--id", "spec_id", help=f"The first spec's id, like FEAT-12. Default: {FIRST_ID}.")
@click.option("--title", help=f"The first spec's title. Default: {FIRST_TITLE}.")
@click.option("--scope", multiple=True, metavar="PATH", help="Where its change may go. Default: the top-level folders.")
@click.option("--no-spec", is_flag=True, help="Write only the policy and the config.")
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
@click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Where to look for the repository."
)
def init(
    *,
    spec_id: str | None,
    title: str | None,
    scope: tuple[str, ...],
    no_spec: bool,
    dry_run: bool,
    as_json: bool,
    repo: Path,
) -> int:
    """Write a policy, a first working spec and a config; existing files are never changed.

    Where there are specs already, another one is written only when its id, title or scope is given.
    """
    from agent_agency.clock import SystemClock
    from agent_agency.errors import UsageError
    from agent_agency.git import Repository
    from agent_agency.workflows.init import FirstSpec, holds_specs, plan_init, suggest_scope, write_init

    with Repository.discover(repo) as repository:
        spec = None
        asked = bool(scope) or spec_id is not None or title is not None
        if not no_spec and (asked or not holds_specs(repository)):
            entries = scope or suggest_scope(repository)
            if not entries:
                raise UsageError(
                    "No tracked file suggests a scope",
                    fix="Name where the change may go with --scope PATH.",
                )
            spec = FirstSpec(
                FIRST_ID if spec_id is None else spec_id, FIRST_TITLE if title is None else title, tuple(entries)
            )
        planned = plan_init(repository, spec, SystemClock().now())
        if not dry_run:
            write_init(repository, planned)
        below_root = repository.root is not None and repository.root.resolve() != Path.cwd()
    if as_json:
        import json

        rows = [{"path": file.path, "text": file.text} for file in planned]
        click.echo(json.dumps({"schema_version": 1, "written": not dry_run, "files": rows}, indent=2))
    else:
        _tell(planned, ":/" if below_root else "", dry_run=dry_run)
    return 0


def _tell(planned: Sequence[PlannedFile], top: str, *, dry_run: bool) -> None:
    """Tell what was written; ``top`` goes before the paths that git is to find from the current folder."""
    for file in planned:
        click.echo(f"{'would write' if dry_run else 'wrote'} {file.path}")
        if dry_run:
            click.echo("".join(f"    {line}\n" for line in file.text.splitlines()))
    if not planned:
        click.echo("Everything is there already; nothing was written.")
    elif not dry_run:
        click.echo("\nPut it in force on the base branch:\n")
        click.echo(f"  git add {' '.join(top + file.path for file in planned)}")
        click.echo('  git commit -m "Adopt working specs"\n\nThen, on any branch:  agency review')
