"""``agency ledger``: verify the record, look into it, carry it between clones."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.ledger_anchor import anchor as anchor_command
from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from agent_agency.ledger.chain import Problem
    from agent_agency.ledger.entry import Entry
    from agent_agency.ledger.imports import Imported
    from agent_agency.ledger.journal import Ledger
    from agent_agency.ledger.verify import VerificationReport
    from agent_agency.workflows.check_evidence import EvidenceReport

SCHEMA_VERSION = 1
UNVERIFIED = 1
MOST_PROBLEMS = 50
SCREENFUL = 20
POLL_S = 0.3

_repo_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to look for the repository. Default: here.",
)
_chain_option = click.option("--chain", metavar="ID", help="An imported chain. Default: this repository's own.")
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group(cls=WholeHelpGroup)
def ledger() -> None:
    """Verify the record of rulings, look into it, carry it between clones."""


@ledger.command()
@click.option("--file", "file", type=click.Path(path_type=Path), metavar="FILE", help="An export.")
@click.option("--evidence", is_flag=True, help="Also hash again every file of evidence that the rulings rest on.")
@click.option("--principals", metavar="REF", help="Whose list of principals counts. Default: as in agency review.")
@click.option("--anchor", metavar="REF", help="Whose anchors count, and must be there. Default: all that are known.")
@_repo_option
@_json_option
def verify(
    *, file: Path | None, evidence: bool, principals: str | None, anchor: str | None, repo: Path, as_json: bool
) -> int:
    """Name everything that was changed, removed, added or moved in the record.

    Without --file: this repository's ledger and every imported chain. With --evidence, evidence is ok, changed,
    missing, pruned (by agency evidence prune), or not here: an export carries digests, so that of another clone's
    chain only what was copied along can be checked. Signatures over heads are held against the principals of the base,
    and the chain against the anchors in git. Exit 0 when all verifies, 1 when anything does not, 2 when a file could
    not be read.
    """
    import os

    from agent_agency.workflows.key_folder import KeyFolder
    from agent_agency.workflows.verify_record import verify_record

    reports = verify_record(repo, file, KeyFolder.of(os.environ), principals=principals, anchor=anchor)
    found = _checked_evidence(_ledger(repo), reports) if evidence else [None] * len(reports)
    good = all(report.verified for report in reports) and all(one is None or one.verified for one in found)
    if as_json:
        files = [
            {**report.as_dict(), **({"evidence": one.as_dict() if one else None} if evidence else {})}
            for report, one in zip(reports, found, strict=True)
        ]
        _print_json({"verified": good, "files": files})
    elif not reports:
        click.echo("Nothing is recorded yet; agency review records each ruling.")
    else:
        for report, one in zip(reports, found, strict=True):
            _show_report(report)
            if one is not None:
                _show_evidence(one)
    return 0 if good else UNVERIFIED


@ledger.command()
@click.option("--out", default="-", metavar="FILE", help="Where to write; - is standard output, the default.")
@_chain_option
@_repo_option
def export(*, out: str, chain: str | None, repo: Path) -> None:
    """Write a chain as JSON lines: a header that says how many, then one entry per line.

    The chain is verified first; one that does not verify is not exported. A file that is there already is replaced.
    """
    from agent_agency.errors import LedgerError
    from agent_agency.identity import random_id
    from agent_agency.ledger.chains import find_chain
    from agent_agency.ledger.exports import export_chain, write_export

    own = _ledger(repo)
    shelf = find_chain(own, chain)
    if shelf is None:
        raise LedgerError("Nothing is recorded yet", fix="Run agency review first; each ruling is recorded.")
    if out == "-":
        export_chain(own.database, shelf, _write_to_standard_output)
        return
    header = export_chain(own.database, shelf, write_export(Path(out), own.folder, random_id))
    click.echo(f"{_shown(out)}: {_counted(header.count)} of chain {header.chain}")


@ledger.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@_repo_option
@_json_option
def import_(*, file: Path, repo: Path, as_json: bool) -> int:
    """Take in a chain that agency ledger export wrote, or the standard's .caws/events.jsonl, once it verifies.

    A chain that is here already may grow, never change. Exit 1 when the file does not verify or parts from what is
    here; then nothing was taken in.
    """
    from agent_agency.cli.import_events import holds_events, import_events
    from agent_agency.ledger.imports import Refused, import_chain

    if holds_events(file):
        return import_events(file, repo, as_json=as_json)
    result = import_chain(_ledger(repo), file)
    if isinstance(result, Refused):
        if as_json:
            _print_json({"outcome": "refused", "problems": [problem.as_dict() for problem in result.problems]})
        else:
            click.echo(f"{_shown(file)}: not taken in")
            _show_problems(result.problems)
        return UNVERIFIED
    if as_json:
        _print_json(_imported(result))
    else:
        click.echo(_told(result))
    return 0


@ledger.command("list")
@click.option("-n", "--limit", type=click.IntRange(min=1), metavar="N", help="Only the newest N entries.")
@_chain_option
@_repo_option
@_json_option
def list_(*, limit: int | None, chain: str | None, repo: Path, as_json: bool) -> int:
    """List the entries, oldest first, each on one line."""
    from collections import deque

    found, problems = _verified_entries(repo, chain)
    if problems:
        return _refuse_to_show(problems, as_json=as_json)
    rows: Iterable[dict[str, Any]] = deque((_row(entry) for entry in found), maxlen=limit)
    if as_json:
        _print_json({"entries": list(rows)})
        return 0
    for row in rows:
        _show_row(row)
    return 0


@ledger.command()
@click.option("-n", "--limit", type=click.IntRange(min=0), default=10, metavar="N", help="How many. Default: 10.")
@click.option("-f", "--follow", is_flag=True, help="Go on with what other processes append, until Ctrl-C.")
@_repo_option
@_json_option
def tail(*, limit: int, follow: bool, repo: Path, as_json: bool) -> int:
    """Show the newest entries, each on one line, and with --follow those that come.

    Every hash is computed anew before a line is shown. Exit 1 as soon as the chain does not verify.
    """
    from agent_agency.errors import LedgerCorruptError, UsageError

    if follow and as_json:
        raise UsageError("--follow has no end, and --json is one document", fix="Leave out one of the two.")
    own = _ledger(repo)
    try:
        rows, seq = _rows_since(own, 0)
        rows = rows[max(0, len(rows) - limit) :]
        if as_json:
            _print_json({"entries": rows})
            return 0
        while True:
            for row in rows:
                _show_row(row)
            if not follow:
                return 0
            time.sleep(POLL_S)
            rows, seq = _rows_since(own, seq)
    except LedgerCorruptError as error:
        if as_json:
            _print_json({"verified": False, "problems": [{"code": error.stable_code, "message": error.message}]})
        else:
            click.echo(f"{error.message} [{error.stable_code}]", err=True)
        return UNVERIFIED
    except KeyboardInterrupt:
        return 0


@ledger.command()
@click.argument("reference", metavar="SEQ|RULING_ID")
@_chain_option
@_repo_option
@_json_option
def show(*, reference: str, chain: str | None, repo: Path, as_json: bool) -> int:
    """Print one entry as JSON: by its number, or the newest that records this ruling."""
    import json

    from agent_agency.errors import UsageError
    from agent_agency.ledger.query import find_entry

    found, problems = _verified_entries(repo, chain)
    if problems:
        return _refuse_to_show(problems, as_json=as_json)
    entry = find_entry(found, reference)
    if entry is None:
        raise UsageError(f"The ledger has no entry {_shown(reference)}", fix="Run agency ledger list for those it has.")
    if as_json:
        _print_json({"entry": entry.as_dict()})
    else:
        click.echo(json.dumps(entry.as_dict(), indent=2))
    return 0


ledger.add_command(anchor_command)


def _ledger(repo: Path) -> Ledger:
    from agent_agency.git import Repository
    from agent_agency.workflows.record import ledger_of

    with Repository.discover(repo) as found:
        return ledger_of(found)


def _checked_evidence(ledger: Ledger, reports: list[VerificationReport]) -> list[EvidenceReport | None]:
    """The evidence of each chain that verifies; of one that does not nothing tells what belongs to it."""
    from agent_agency.errors import LedgerError
    from agent_agency.evidence import EvidenceStore
    from agent_agency.ledger.chains import find_chain, read_entries
    from agent_agency.ledger.imports import read_export
    from agent_agency.ledger.verify import EXPORT
    from agent_agency.workflows.check_evidence import EntryEvidence, EvidenceIndex, check_evidence
    from agent_agency.workflows.record import EVIDENCE_FOLDER

    store = EvidenceStore(ledger.folder / EVIDENCE_FOLDER)
    try:
        shelf = ledger.shelf()
        own = EvidenceIndex.of(map(EntryEvidence.of, ledger.entries()))
    except LedgerError:  # its own report says so; what it says of pruned evidence is not believed either
        shelf, own = None, EvidenceIndex()

    def entries_of(report: VerificationReport) -> Iterator[Entry]:
        if report.form == EXPORT:
            return read_export(Path(report.path))
        return read_entries(ledger.database, find_chain(ledger, report.chain))

    with store.in_use():
        return [
            check_evidence(entries_of(report), store, None if shelf and report.chain == shelf.chain else own)
            if report.verified
            else None
            for report in reports
        ]


def _verified_entries(repo: Path, chain: str | None) -> tuple[Iterator[Entry], tuple[Problem, ...]]:
    from agent_agency.ledger.chains import find_chain, read_entries
    from agent_agency.ledger.verify import LEDGER, verify_chain

    ledger = _ledger(repo)
    shelf = find_chain(ledger, chain)
    if shelf is None:
        return iter(()), ()
    return read_entries(ledger.database, shelf), verify_chain(ledger.database, shelf, None, LEDGER).of_the_chain


def _refuse_to_show(problems: tuple[Problem, ...], *, as_json: bool) -> int:
    if as_json:
        _print_json({"verified": False, "problems": [problem.as_dict() for problem in problems]})
    else:
        click.echo("The chain does not verify, so nothing is shown from it:", err=True)
        _show_problems(problems, err=True)
    return UNVERIFIED


def _rows_since(own: Ledger, seq: int) -> tuple[list[dict[str, Any]], int]:
    """The rows of the entries after that one, and the seq of the last."""
    rows = [_row(entry) for entry in own.since(seq)]
    return rows, rows[-1]["seq"] if rows else seq


def _show_row(row: dict[str, Any]) -> None:
    verdict, ruling = row["verdict"] or "", row["ruling_id"] or row["note"] or ""
    click.echo(f"{row['seq']:>5}  {row['ts']}  {row['kind']:<15}  {_shown(verdict):<11}  {_shown(ruling)}".rstrip())


def _row(entry: Entry) -> dict[str, Any]:
    verdict, ruling = entry.body.get("verdict"), entry.body.get("ruling_id")
    return {
        "seq": entry.seq,
        "ts": entry.ts,
        "kind": entry.kind,
        "verdict": verdict if isinstance(verdict, str) else None,
        "ruling_id": ruling if isinstance(ruling, str) else None,
        "note": _note(entry),
        "hash": entry.hash,
    }


def _note(entry: Entry) -> str | None:
    """What an entry without a ruling is about."""
    gates, count = entry.body.get("gates"), entry.body.get("count")
    if entry.kind == "review_stopped" and isinstance(gates, dict):
        return ", ".join(f"{name} {str(state).replace('_', ' ')}" for name, state in sorted(gates.items()))
    if entry.kind == "evidence_pruned" and isinstance(count, int):
        return "1 file" if count == 1 else f"{count:,} files"
    return None


def _imported(result: Imported) -> dict[str, Any]:
    return {
        "outcome": str(result.outcome),
        "chain": result.chain,
        "count": result.count,
        "here": result.here,
        "own": result.own,
        "problems": [],
    }


def _told(result: Imported) -> str:
    whose = "this repository's own chain" if result.own else f"chain {result.chain}"
    said = {
        "stored": f"Took in {whose}: {_counted(result.count)}.",
        "extended": f"Extended {whose} to {_counted(result.here)}.",
        "unchanged": f"Nothing to do: {whose} is here already, {_counted(result.here)}.",
        "older": f"Nothing to do: {whose} is here already and longer, {_counted(result.here)}.",
    }
    return said[result.outcome]


def _show_report(report: VerificationReport) -> None:
    if report.problems:
        click.echo(f"{_shown(report.path)}: does not verify")
        _show_problems(report.problems)
        return
    click.echo(f"{_shown(report.path)}: verified, {_counted(report.count)}")
    if report.chain:
        click.echo(f"  chain {report.chain}\n  head  {report.head}")
    for known in filter(None, (report.signed, report.anchored)):
        click.echo(f"  entry {known.seq} is {_shown(known.known_by)}")
    for note in report.notes:
        click.echo(f"  note: {note}")


def _show_evidence(report: EvidenceReport) -> None:
    counts = [f"{report.ok:,} ok"]
    told = {"pruned": report.pruned, "not here": report.not_here}
    counts += [f"{count:,} {word}" for word, count in told.items() if count]
    for state in ("changed", "missing"):
        count = sum(problem.state == state for problem in report.problems)
        counts += [f"{count:,} {state}"] if count else []
    click.echo(f"  evidence: {', '.join(counts)}")
    for problem in report.problems[:MOST_PROBLEMS]:
        ruling = f" ({_shown(problem.ruling_id)})" if problem.ruling_id else ""
        click.echo(f"    entry {problem.seq}{ruling}: {_shown(problem.what)} is {problem.state}: {problem.digest}")
    if len(report.problems) > MOST_PROBLEMS:
        click.echo(f"    and {len(report.problems) - MOST_PROBLEMS:,} more; --json lists all")
    if report.not_here:
        click.echo("    note: an export carries digests, not the files; copy .git/agency/evidence from the clone")
        click.echo("    that recorded them to check those too")


def _show_problems(problems: tuple[Problem, ...], *, err: bool = False) -> None:
    for problem in problems[:SCREENFUL]:
        click.echo(f"  {problem} [{problem.code}]", err=err)
    if len(problems) > SCREENFUL:
        click.echo(f"  and {len(problems) - SCREENFUL:,} more; --json lists all", err=err)


def _write_to_standard_output(parts: Iterator[bytes]) -> None:
    with click.open_file("-", "wb") as stream:
        stream.writelines(parts)


def _print_json(members: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **members}, indent=2))


def _counted(count: int) -> str:
    return "1 entry" if count == 1 else f"{count:,} entries"


def _shown(text: str | Path) -> str:
    from agent_agency.facts import display_path

    return display_path(str(text))
