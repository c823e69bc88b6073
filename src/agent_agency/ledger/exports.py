"""Writing a chain to a file that verifies by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain as joined
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from agent_agency.errors import LedgerError
from agent_agency.ledger import rows
from agent_agency.ledger.chain import ChainCheck
from agent_agency.ledger.export_header import ExportHeader, write_header
from agent_agency.ledger.journal import corrupt
from agent_agency.ledger.signed_heads import signed_heads_of
from agent_agency.ledger.verify import LEDGER, VerificationReport, verify_chain
from agent_agency.store.files import replace_file

if TYPE_CHECKING:
    from agent_agency.ledger.rows import Shelf
    from agent_agency.store.database import Database


def export_chain(database: Database, shelf: Shelf, write: Callable[[Iterator[bytes]], None]) -> ExportHeader:
    """Verify a chain, then hand its export to ``write``, the header first.

    Raises:
        LedgerCorruptError: it does not verify; nothing was handed on, or not all if it was changed meanwhile.
        LedgerError: there is nothing to export, or the database cannot be read.
    """
    report = verify_chain(database, shelf, None, LEDGER)
    for problem in report.of_the_chain:
        raise corrupt(database.shown, problem)
    header = header_of(report)
    with database.read() as connection:
        signed = [head for head in signed_heads_of(connection, shelf) if head.seq <= header.count]
    header = ExportHeader(header.chain, header.count, header.head, signed[-1] if signed else None)
    write(joined([write_header(header)], _lines(database, shelf, header)))
    return header


def header_of(report: VerificationReport) -> ExportHeader:
    """What an export's header says of a chain that verifies.

    Raises:
        LedgerError: it has no entry.
    """
    if report.chain is None or report.head is None:
        fix = "Run agency review first; each review is recorded."
        raise LedgerError("There is no entry yet", fix=fix, path=report.path, code="ledger.empty")
    return ExportHeader(report.chain, report.count, report.head)


def write_export(target: Path, folder: Path, new_id: Callable[[], str]) -> Callable[[Iterator[bytes]], None]:
    """A writer for `export_chain` that puts the file in place as a whole, so that it is never half-written.

    Args:
        target: the file; one that is there already is replaced.
        folder: the ledger's own folder, in which nothing may be replaced.
        new_id: names the temporary file beside the target.
    """

    def write(parts: Iterator[bytes]) -> None:
        inside = folder.resolve() in target.resolve().parents
        if inside or target.is_symlink() or (target.exists() and not target.is_file()):
            what = "This lies in the ledger's own folder" if inside else "This is no regular file"
            raise LedgerError(f"{what}, so it is not replaced", fix="Name another file.", path=str(target))
        replace_file(target, parts, target.parent / f".agency-export-{new_id()}", mode=0o666)

    return write


def _lines(database: Database, shelf: Shelf, header: ExportHeader) -> Iterator[bytes]:
    """The lines once more, checked once more: a row may have changed since it was verified."""
    check = ChainCheck(header.chain, {header.count: header.head})
    for row in islice(rows.iterate(database.read, shelf), header.count):
        raw = row[4] + b"\n"
        if check.take(None, raw) is None:
            break
        yield raw
    check.finish()
    if check.problems:
        raise corrupt(database.shown, check.problems[0])
