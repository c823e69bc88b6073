"""``agency explain``: why a recorded ruling is what it is, and whether it still follows from what was stored."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent_agency.ledger.chain import Problem
    from agent_agency.ledger.entry import Entry
    from agent_agency.ledger.journal import Ledger
    from agent_agency.ledger.rows import Shelf
    from agent_agency.report.appeals import MattersOfRuling
    from agent_agency.workflows.explain_ruling import Explanation

DOES_NOT_HOLD = 1


@click.command()
@click.argument("ruling", default="latest", metavar="[RULING]")
@click.option("--chain", metavar="ID", help="An imported chain. Default: this repository's own.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
@click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Where to look for the repository."
)
def explain(*, ruling: str, chain: str | None, as_json: bool, repo: Path) -> int:
    """Say why it was ruled so, and execute the verdict again from the stored evidence.

    RULING is a ruling's id or the beginning of one, the number or the hash of its entry, or 'latest', the default.
    Exit code: 0 the arbiter signed it, it was re-executed to the same bytes, and all evidence is there and whole; 1 it
    is not so; 2 could not run. An imported chain is of other arbiters: agency ledger verify looks at its signatures.
    """
    from agent_agency.errors import LedgerError
    from agent_agency.ledger.chains import find_chain
    from agent_agency.ledger.verify import LEDGER, verify_chain

    ledger = _ledger(repo)
    shelf = find_chain(ledger, chain)
    if shelf is None:
        raise LedgerError("Nothing is recorded yet", fix="Run agency review first; each ruling is recorded.")
    problems = verify_chain(ledger.database, shelf, None, LEDGER).of_the_chain
    if problems:
        return _refuse(problems, as_json=as_json)
    explanation = _explained(ledger, shelf, ruling)
    if shelf.chain == shelf.ledger:
        explanation = replace(explanation, unsigned=_unsigned(repo, explanation.entry))
    appeals = _appeals(repo, ledger, explanation) if shelf.chain == shelf.ledger else None
    _show(explanation, appeals, as_json=as_json)
    return 0 if explanation.holds else DOES_NOT_HOLD


def _unsigned(repo: Path, entry: Entry) -> str | None:
    """Why the ruling is no arbiter's; ``None`` where the signature counts."""
    import os

    from agent_agency.errors import NotSignedError
    from agent_agency.git import Repository
    from agent_agency.workflows.check_heads import head_witness
    from agent_agency.workflows.key_folder import KeyFolder
    from agent_agency.workflows.ruling_statement import read_recorded_ruling

    with Repository.discover(repo) as found:
        known = head_witness(found, KeyFolder.of(os.environ))
    try:
        read_recorded_ruling(entry.body, known.principals, known.own)
    except NotSignedError as error:
        return error.reason
    return None


def _appeals(repo: Path, ledger: Ledger, explanation: Explanation) -> MattersOfRuling | None:
    """What became of the ruling on appeal; ``None`` where nothing was ever appealed."""
    from agent_agency.arbitration.appeals.model import APPEAL_KINDS

    if not any(True for _ in ledger.of_kinds(APPEAL_KINDS)):
        return None
    from agent_agency.cli.appeal import matters_of_ruling

    return matters_of_ruling(repo, str(explanation.entry.body.get("ruling_id")))


def _show(explanation: Explanation, appeals: MattersOfRuling | None, *, as_json: bool) -> None:
    import json

    from agent_agency.report.explanation import lines, to_document
    from agent_agency.report.text import no_command

    if as_json:
        told = appeals.as_dict() if appeals else {"follows_from": None, "appeals": []}
        click.echo(json.dumps({**to_document(explanation), "on_appeal": told}, indent=2))
        return
    for line in (*lines(explanation), *(appeals.lines() if appeals else ())):
        click.echo(no_command(line).encode("utf-8"))


def _refuse(problems: tuple[Problem, ...], *, as_json: bool) -> int:
    import json

    if as_json:
        told = [problem.as_dict() for problem in problems]
        click.echo(json.dumps({"schema_version": 1, "holds": False, "problems": told}, indent=2))
        return DOES_NOT_HOLD
    click.echo("The chain does not verify, so nothing that it says is explained:", err=True)
    for problem in problems:
        click.echo(f"  {problem} [{problem.code}]", err=True)
    return DOES_NOT_HOLD


def _ledger(repo: Path) -> Ledger:
    from agent_agency.git import Repository
    from agent_agency.workflows.record import ledger_of

    with Repository.discover(repo) as found:
        return ledger_of(found)


def _explained(ledger: Ledger, shelf: Shelf, reference: str) -> Explanation:
    from agent_agency.errors import LedgerCorruptError
    from agent_agency.evidence import EvidenceStore
    from agent_agency.ledger.chains import read_entries
    from agent_agency.workflows.check_evidence import EntryEvidence, EvidenceIndex
    from agent_agency.workflows.explain_ruling import explain as explain_entry
    from agent_agency.workflows.explain_ruling import find_ruling
    from agent_agency.workflows.record import EVIDENCE_FOLDER

    store = EvidenceStore(ledger.folder / EVIDENCE_FOLDER)
    with store.in_use():
        entry = find_ruling(read_entries(ledger.database, shelf), reference)
        try:
            index = EvidenceIndex.of(map(EntryEvidence.of, ledger.entries()))
        except LedgerCorruptError:  # only an imported chain gets here, and then nothing explains what is not there
            index = EvidenceIndex()
        return explain_entry(entry, index, store, own=shelf.chain == shelf.ledger)
