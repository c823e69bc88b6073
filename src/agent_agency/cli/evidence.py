"""``agency evidence``: what rulings rest on, and how long it is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent_agency.workflows.prune_evidence import Keep, PruneReport

SCHEMA_VERSION = 1
CHANGED = 1
DEFAULT_DAYS = 90


@click.group()
def evidence() -> None:
    """Look after what rulings rest on: documents, reports and outputs of tools."""


@evidence.command()
@click.option(
    "--keep-days",
    type=click.IntRange(min=0, max=36_500),
    metavar="N",
    help=f"Keep what the rulings of the last N days rest on. Default: {DEFAULT_DAYS}.",
)
@click.option(
    "--keep-rulings", type=click.IntRange(min=0), metavar="N", help="Keep what the newest N rulings rest on instead."
)
@click.option("--unnamed", is_flag=True, help="Also delete what no entry names and is older than a day.")
@click.option("--dry-run", is_flag=True, help="Only say what would be deleted.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Where to look for the repository."
)
def prune(
    *, keep_days: int | None, keep_rulings: int | None, unnamed: bool, dry_run: bool, as_json: bool, repo: Path
) -> int:
    """Delete the stored bytes of old rulings' evidence; the ledger keeps the digests and records the pruning.

    What a ruling that is kept rests on stays. A pruned ruling can no longer be executed again. Exit code: 0 done;
    1 evidence was found changed, and left where it is; 2 could not run.
    """
    from agent_agency.errors import UsageError
    from agent_agency.workflows.prune_evidence import Keep

    if keep_days is not None and keep_rulings is not None:
        raise UsageError("Both --keep-days and --keep-rulings are given", fix="Give one of them.")
    days = keep_days if keep_days is not None else DEFAULT_DAYS
    keep = Keep(rulings=keep_rulings) if keep_rulings is not None else Keep(days=days)
    report = _pruned(repo, keep, dry_run=dry_run, unnamed=unnamed)
    if as_json:
        import json

        document = {"schema_version": SCHEMA_VERSION, "keep": keep.as_dict(), **report.as_dict()}
        click.echo(json.dumps(document, indent=2))
    else:
        _show(report)
    return CHANGED if report.changed else 0


def _pruned(repo: Path, keep: Keep, *, dry_run: bool, unnamed: bool) -> PruneReport:
    from agent_agency.clock import SystemClock
    from agent_agency.evidence import EvidenceStore
    from agent_agency.git import Repository
    from agent_agency.workflows.prune_evidence import EvidencePruner
    from agent_agency.workflows.record import EVIDENCE_FOLDER, ledger_of

    with Repository.discover(repo) as found:
        ledger = ledger_of(found)
    pruner = EvidencePruner(ledger, EvidenceStore(ledger.folder / EVIDENCE_FOLDER), SystemClock())
    return pruner.prune(keep, dry_run=dry_run, unnamed=unnamed)


def _show(report: PruneReport) -> None:
    from agent_agency.gates.outcome import counted

    would = "would be deleted" if report.dry_run else "deleted"
    pruned = counted(len(report.digests), "file")
    kept = counted(report.kept, "file")
    click.echo(f"{pruned} of old rulings' evidence {would}, {report.freed_bytes:,} bytes; {kept} kept.")
    if report.entry is not None:
        click.echo(f"Recorded as entry {report.entry.seq} of the ledger, which keeps the digests.")
    if report.unnamed:
        told = "deleted too" if report.unnamed_removed else "left; --unnamed deletes them"
        click.echo(f"{counted(report.unnamed, 'file')} that no entry names ({report.unnamed_bytes:,} bytes): {told}.")
    for digest in report.changed:
        click.echo(f"  {digest}: changed since it was stored, and left where it is")
