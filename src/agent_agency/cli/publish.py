"""``agency publish``: bind a ruling to its commit."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

SCHEMA_VERSION = 1
NOTHING_TO_CLAIM = 1


@click.command()
@click.argument("ruling", metavar="[RULING]", required=False)
@click.option("--commit", metavar="REV", help="The commit of what was reviewed. Default: the one reviewed, or HEAD.")
@click.option(
    "--message-file",
    "message",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Put a trailer into this message of a commit that is being made.",
)
@click.option("--base", metavar="REF", help="Whose list of arbiters counts. Default: as in agency review.")
@click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to look for the repository. Default: here.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def publish(
    *, ruling: str | None, commit: str | None, message: Path | None, base: str | None, repo: Path, as_json: bool
) -> int:
    """Bind a recorded ruling to its commit, with the line CAWS-VERDICT-ID.

    Without RULING: the newest one on the commit, or on what is staged. The line goes into a git note
    (refs/notes/agency), or as a trailer into --message-file, as a commit-msg hook needs it. No commit that exists is
    changed; doing it twice does nothing more. Exit 1 when the ruling approves nothing and a trailer would claim it.
    """
    from agent_agency.clock import SystemClock
    from agent_agency.errors import UsageError
    from agent_agency.git import Repository
    from agent_agency.workflows.check_heads import head_witness
    from agent_agency.workflows.key_folder import KeyFolder
    from agent_agency.workflows.publish import Publisher
    from agent_agency.workflows.record import ledger_of

    if message is not None and commit is not None:
        raise UsageError("--commit and --message-file both say where", fix="Give one of them.")
    with Repository.discover(repo) as repository:
        known = head_witness(repository, KeyFolder.of(os.environ), principals=base)
        publisher = Publisher(repository, ledger_of(repository), known.principals, known.own, SystemClock())
        done = publisher.trailer(ruling, message) if message is not None else publisher.note(ruling, commit)
    if as_json:
        members = None if done is None else {name: getattr(done, name) for name in done.__slots__}
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, "published": members}, indent=2))
    elif done is None:
        click.echo("The ruling approves nothing, so the message names none.", err=True)
    else:
        where = f"a note on {done.commit[:12]}" if done.commit else str(done.file)
        click.echo(f"{done.ruling_id} ({done.verdict}) {'is now in' if done.new else 'is already in'} {where}.")
    return 0 if done is not None else NOTHING_TO_CLAIM
