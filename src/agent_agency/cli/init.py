"""``agency init``: a policy, a first spec and a config."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option("--id", "spec_id", default="SETUP-1", show_default=True, help="The first spec's id, like FEAT-12.")
@click.option("--title", default="Work under a written spec", show_default=True, help="The first spec's title.")
@click.option("--scope", multiple=True, metavar="PATH", help="Where its change may go. Default: the top-level folders.")
@click.option("--no-spec", is_flag=True, help="Write only the policy and the config.")
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
@click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Where to look for the repository."
)
def init(
    *, spec_id: str, title: str, scope: tuple[str, ...], no_spec: bool, dry_run: bool, as_json: bool, repo: Path
) -> int:
    """Write a policy, a first working spec and a config; existing files are never changed."""
    from agent_agency.clock import SystemClock
    from agent_agency.errors import UsageError
    from agent_agency.git import Repository
    from agent_agency.workflows.init import FirstSpec, plan_init, suggest_scope, write_init

    with Repository.discover(repo) as repository:
        spec = None
        if not no_spec:
            entries = scope or suggest_scope(repository)
            if not entries:
                raise UsageError(
                    "No folder holds tracked files, so no scope can be suggested",
                    fix="Name where the change may go with --scope PATH.",
                )
            spec = FirstSpec(spec_id, title, tuple(entries))
        planned = plan_init(repository, spec, SystemClock().now())
        if not dry_run:
            write_init(repository, planned)
    if as_json:
        import json

        rows = [{"path": file.path, "text": file.text} for file in planned]
        click.echo(json.dumps({"schema_version": 1, "written": not dry_run, "files": rows}, indent=2))
        return 0
    for file in planned:
        click.echo(f"{'would write' if dry_run else 'wrote'} {file.path}")
        if dry_run:
            click.echo("".join(f"    {line}\n" for line in file.text.splitlines()))
    if not planned:
        click.echo("Everything is there already; nothing was written.")
    elif not dry_run:
        click.echo("\nPut it in force on the base branch:\n")
        click.echo(f"  git add {' '.join(file.path for file in planned)}")
        click.echo('  git commit -m "Adopt working specs"\n\nThen, on any branch:  agency review')
    return 0
