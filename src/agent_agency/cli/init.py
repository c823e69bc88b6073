"""``agency init``: a policy, a first spec and a config with gates for the repository's usual tools."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from agent_agency.gates.presets import Detection, Preset
    from agent_agency.git import Repository
    from agent_agency.workflows.init import FirstSpec, GatesToAdd, PlannedFile

FIRST_ID = "SETUP-1"
FIRST_TITLE = "Work under a written spec"
DECLINED = 1


@click.command()
@click.option("--id", "spec_id", help=f"The first spec's id, like FEAT-12. Default: {FIRST_ID}.")
@click.option("--title", help=f"The first spec's title. Default: {FIRST_TITLE}.")
@click.option("--scope", multiple=True, metavar="PATH", help="Where its change may go. Default: the top-level folders.")
@click.option("--no-spec", is_flag=True, help="Write only the policy and the config.")
@click.option(
    "--gates/--no-gates", default=True, help="Define a gate for each usual tool that the files show.  [default: gates]"
)
@click.option("--yes", "-y", is_flag=True, help="Ask nothing.")
@click.option("--dry-run", is_flag=True, help="Show what would be written.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document; asks nothing.")
@click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Where to look for the repository."
)
def init(
    *,
    spec_id: str | None,
    title: str | None,
    scope: tuple[str, ...],
    no_spec: bool,
    gates: bool,
    yes: bool,
    dry_run: bool,
    as_json: bool,
    repo: Path,
) -> int:
    """Write a policy, a first working spec and a config; existing files are never changed.

    The config gets a gate for each usual tool that the files of HEAD show; one whose program is not installed here
    stands there as a comment. On a terminal all is shown and asked for first; elsewhere, as with --yes, nothing is
    asked. Where there are specs already, another one is written only when its id, title or scope is given. Exit code:
    1 when the answer was no, and nothing was written.
    """
    from agent_agency.clock import SystemClock
    from agent_agency.gates.presets import Detection
    from agent_agency.git import Repository
    from agent_agency.workflows.init import detect_gates, gates_to_add, plan_init, write_files

    with Repository.discover(repo) as repository:
        found = detect_gates(repository, os.environ) if gates else Detection()
        spec = None if no_spec else _first_spec(repository, spec_id, title, scope)
        planned = plan_init(repository, spec, SystemClock().now(), found)
        to_add = gates_to_add(repository, found)
        below_root = repository.root is not None and repository.root.resolve() != Path.cwd()
        if not as_json:
            _show_gates(found, to_add)
        if planned and not (yes or dry_run or as_json) and not _agreed(planned):
            click.echo("Nothing was written.")
            return DECLINED
        if not dry_run:
            write_files(repository, planned)
    if as_json:
        _print_json(planned, found, to_add, dry_run=dry_run)
    else:
        _tell(planned, ":/" if below_root else "", dry_run=dry_run)
    return 0


def _first_spec(
    repository: Repository, spec_id: str | None, title: str | None, scope: tuple[str, ...]
) -> FirstSpec | None:
    from agent_agency.errors import UsageError
    from agent_agency.workflows.init import FirstSpec, holds_specs, suggest_scope

    asked = bool(scope) or spec_id is not None or title is not None
    if not asked and holds_specs(repository):
        return None
    entries = scope or suggest_scope(repository)
    if not entries:
        raise UsageError("No tracked file suggests a scope", fix="Name where the change may go with --scope PATH.")
    return FirstSpec(FIRST_ID if spec_id is None else spec_id, FIRST_TITLE if title is None else title, tuple(entries))


def _show_gates(found: Detection, to_add: GatesToAdd | None) -> None:
    """Show the gates before anything is written: in a new config, or as what an existing one could be given."""
    from agent_agency.gates.presets import presets_text

    if to_add is None and found.presets:
        click.echo("Gates for the tools found here, in agency.toml:")
        click.echo("".join(f"    {line}\n" if line else "\n" for line in presets_text(found.presets).splitlines()))
    elif to_add is not None and to_add.text:
        click.echo("agency.toml is there already and stays as it is; these gates could be added to it:")
        click.echo(to_add.text)
    for note in found.notes:
        click.echo(f"No gate: {note}.")


def _agreed(planned: Sequence[PlannedFile]) -> bool:
    """Ask on a terminal; where nobody can answer, nothing is asked."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        return True
    for file in planned:
        click.echo(f"to write: {file.path}")
    return click.confirm("Write these files?", default=True)


def _print_json(planned: Sequence[PlannedFile], found: Detection, to_add: GatesToAdd | None, *, dry_run: bool) -> None:
    import json

    document = {
        "schema_version": 1,
        "written": not dry_run,
        "files": [{"path": file.path, "text": file.text} for file in planned],
        "gates": [_row(preset) for preset in found.presets],
        "gates_to_add": to_add.text if to_add and to_add.text else None,
        "notes": list(found.notes),
    }
    click.echo(json.dumps(document, indent=2))


def _row(preset: Preset) -> dict[str, Any]:
    return {
        "name": preset.name,
        "kind": str(preset.kind),
        "argv": list(preset.argv),
        "shell": preset.shell,
        "report": preset.report,
        "format": preset.format,
        "network": preset.network,
        "found": preset.found,
        "hindrance": preset.hindrance or None,
    }


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
        click.echo("\nTo have people grant exceptions and hear appeals, list them:  agency identity --help")
