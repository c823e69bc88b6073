"""Verifying a record with all that is known of it: its lines, its signatures, its anchors in git."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from agent_agency.attestation.principals import Principals
from agent_agency.errors import NotARepositoryError
from agent_agency.git import Repository
from agent_agency.ledger.chains import find_chain, read_entries
from agent_agency.ledger.entry import Entry
from agent_agency.ledger.imports import read_export
from agent_agency.ledger.journal import Ledger
from agent_agency.ledger.verify import VerificationReport, verify_file, verify_ledger
from agent_agency.workflows.check_heads import HeadWitness, anchored_without_a_chain, head_witness, own_arbiter_keys
from agent_agency.workflows.check_rulings import check_rulings
from agent_agency.workflows.key_folder import KeyFolder
from agent_agency.workflows.record import ledger_of


def verify_record(
    folder: Path, file: Path | None, keys: KeyFolder, *, principals: str | None = None, anchor: str | None = None
) -> list[VerificationReport]:
    """Verify what a repository keeps, or one file.

    Args:
        folder: where the repository is looked for; a file may be verified outside of any.
        file: an export; ``None`` verifies the repository's own chain, those that it imported, and tells of chains
            that were anchored and are gone.
        keys: the folder of this user's keys.
        principals: the commit whose list of principals counts, in place of the usual base.
        anchor: the ref whose anchors count, in place of all that are known; it must have one of the chain.

    Raises:
        AgencyError: something could not be read.
    """
    try:
        repo = Repository.discover(folder)
    except NotARepositoryError:
        if file is None or principals is not None or anchor is not None:
            raise
        alone = HeadWitness(None, Principals(), own_arbiter_keys(keys))
        return [_with_rulings(verify_file(file, alone), partial(read_export, file), alone)]
    with repo:
        witness = head_witness(repo, keys, principals=principals, anchor=anchor)
        if file is not None:
            return [_with_rulings(verify_file(file, witness), partial(read_export, file), witness)]
        ledger = ledger_of(repo)
        reports = verify_ledger(ledger, witness)
        checked = [_with_rulings(report, partial(_entries, ledger, report), witness) for report in reports]
        return [*checked, *anchored_without_a_chain(repo, [report.chain for report in reports])]


def _entries(ledger: Ledger, report: VerificationReport) -> Iterator[Entry]:
    return read_entries(ledger.database, find_chain(ledger, report.chain))


def _with_rulings(
    report: VerificationReport, entries: Callable[[], Iterator[Entry]], witness: HeadWitness
) -> VerificationReport:
    """The report of a chain that verifies, with what is wrong with the signatures of its rulings."""
    if report.problems or report.chain is None:
        return report
    found = check_rulings(entries(), witness.principals, witness.own)
    return replace(report, problems=found.problems, notes=(*report.notes, *found.notes))
