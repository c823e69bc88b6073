"""``agency ledger anchor``: sign the record's newest entry and anchor it in git."""

from __future__ import annotations

import json
from pathlib import Path

import click

SCHEMA_VERSION = 1


@click.command("anchor")
@click.option("--push", "remote", metavar="REMOTE", help="Then push the anchors there, never by force.")
@click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to look for the repository. Default: here.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def anchor(*, remote: str | None, repo: Path, as_json: bool) -> None:
    """Sign the newest entry of the record, and anchor it in git.

    The record is verified first. The anchor is a commit at refs/agency/ledger/CHAIN on top of the anchor before:
    whoever has fetched it sees when the record, or its anchors, are written anew.
    """
    from agent_agency.cli.services import arbiter_of_this_machine
    from agent_agency.clock import SystemClock
    from agent_agency.git import Repository, anchors
    from agent_agency.workflows.anchor import anchor_verified

    with Repository.discover(repo) as repository:
        done = anchor_verified(repository, arbiter_of_this_machine(), SystemClock())
        if remote is not None:
            anchors.push(repository, remote, done.ref)
    if as_json:
        members = {"chain": done.chain, "seq": done.seq, "hash": done.hash, "ref": done.ref, "pushed_to": remote}
        click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **members}, indent=2))
        return
    click.echo(f"Anchored entry {done.seq} of chain {done.chain} at {done.ref}.")
    if remote is not None:
        click.echo(f"Pushed to {remote}.")
