"""``agency ledger import`` of the standard's event log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

_LONGEST_LINE = 16 * 1024 * 1024


def holds_events(file: Path) -> bool:
    """Whether a file begins as the standard's event log does; whoever reads it tells that it cannot be read."""
    from agent_agency.ledger.caws_events import looks_like_events

    try:
        with file.open("rb") as stream:
            return looks_like_events(stream.readline(_LONGEST_LINE))
    except OSError:
        return False


def import_events(file: Path, repo: Path, *, as_json: bool) -> int:
    """Take the log in and tell what came of it."""
    from agent_agency.errors import FileUnreadableError
    from agent_agency.evidence import EvidenceStore
    from agent_agency.facts import display_path
    from agent_agency.git import Repository
    from agent_agency.ledger.caws_events import MAX_BYTES
    from agent_agency.workflows.import_events import ImportedEvents, import_caws_events
    from agent_agency.workflows.record import EVIDENCE_FOLDER, ledger_of

    if file.stat().st_size > MAX_BYTES:
        told = f"The file is larger than {MAX_BYTES:,} bytes"
        raise FileUnreadableError(told, fix="Import the archive that the standard's rotation left.", path=str(file))
    with Repository.discover(repo) as found:
        ledger = ledger_of(found)
        store = EvidenceStore(ledger.folder / EVIDENCE_FOLDER)
        result = import_caws_events(ledger, store, file.read_bytes())
    shown = display_path(str(file))
    if not isinstance(result, ImportedEvents):
        faults: list[dict[str, Any]] = [
            {"code": fault.rule, "message": fault.message, "line": fault.line, "seq": None} for fault in result
        ]
        if as_json:
            click.echo(json.dumps({"schema_version": 1, "outcome": "refused", "problems": faults}, indent=2))
        else:
            click.echo(f"{shown}: not taken in")
            for fault in faults:
                click.echo(f"  line {fault['line']}: {fault['message']} [{fault['code']}]")
        return 1
    if as_json:
        click.echo(json.dumps({"schema_version": 1, **result.as_dict()}, indent=2))
        return 0
    did = {"stored": "Took in", "extended": "Extended to", "unchanged": "Nothing to do: here already,"}[result.outcome]
    click.echo(f"{did} {result.count:,} events of the standard, all hashes verified.\n  head  {result.head}")
    return 0
