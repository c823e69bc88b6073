"""``agency cases``: what is still open, until when, and how it ended."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.anchor_act import anchor_after_act
from agent_agency.cli.signing_options import chosen_signer, signing_options
from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from agent_agency.arbitration.cases.competing import Choice
    from agent_agency.arbitration.cases.model import CaseRecord
    from agent_agency.workflows.case_desk import CaseDesk

SCHEMA_VERSION = 1
EXIT_OK = 0
EXIT_NONE_LAWFUL = 1
EXIT_UNREADABLE = 1
EXIT_PERSON = 4
REVIEWER = "reviewer"

_repo_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to look for the repository. Default: here.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_base_option = click.option("--base", metavar="REF", help="Whose law counts. Default: as in agency review.")


@click.group(cls=WholeHelpGroup)
def cases() -> None:
    """See which cases are open and until when, compare patches, and end what is done."""


@cases.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those that are open; the default.")
@click.option("--all", "every", is_flag=True, help="Those that have ended too.")
@click.option("--spec", "spec_id", metavar="ID", help="Only those of this spec.")
@_json_option
@_repo_option
def list_(*, only_open: bool, every: bool, spec_id: str | None, as_json: bool, repo: Path) -> int:
    """List cases, in the order in which they were opened; what is overdue lapses first.

    Exit code: 0, or 1 where the entries of a case contradict each other, so that nothing of it is believed.
    """
    from agent_agency.errors import UsageError
    from agent_agency.report.cases import line, unreadable_line
    from agent_agency.workflows.case_dates import tick as let_lapse
    from agent_agency.workflows.cases import all_cases

    if only_open and every:
        raise UsageError("--open and --all ask for different lists", fix="Give one of them.")
    with _desk(repo) as desk:
        let_lapse(desk.ledger, desk.now)
        found = all_cases(desk.ledger)
        broken = [case.problem for case in found if case.problem]
        wanted = [
            record
            for record in (case.record for case in found)
            if record and (every or not record.state.ended) and spec_id in {None, record.matter.spec}
        ]
        if as_json:
            told = [_plain(problem) for problem in broken]
            _print_json({"cases": [_document(record, desk) for record in wanted], "unreadable": told})
            return EXIT_UNREADABLE if broken else EXIT_OK
        for record in wanted:
            click.echo(_told(line(record, desk.now)))
        for problem in broken:
            click.echo(_told(unreadable_line(problem)))
        if not wanted and not broken:
            click.echo("There is no case." if every else "No case is open.")
    return EXIT_UNREADABLE if broken else EXIT_OK


@cases.command()
@click.argument("case_id", metavar="CASE")
@_base_option
@_json_option
@_repo_option
def show(*, case_id: str, base: str | None, as_json: bool, repo: Path) -> None:
    """Show a case: its conditions, what happened to it and, where patches competed, how they rank.

    CASE is its id, or the beginning that no other case's id has. If it is overdue it lapses first.
    """
    from agent_agency.workflows.case_dates import tick as let_lapse
    from agent_agency.workflows.cases import case_by_id, id_of

    with _desk(repo) as desk:
        let_lapse(desk.ledger, desk.now)
        record = case_by_id(desk.ledger, id_of(desk.ledger, case_id)).record
        if record is not None:
            _show(record, desk, base, as_json=as_json)


@cases.command()
@_json_option
@_repo_option
def tick(*, as_json: bool, repo: Path) -> None:
    """Let every case and appeal whose time has passed lapse. Told again, it does nothing."""
    from agent_agency.cli.appeal import settled_appeals
    from agent_agency.gates.outcome import counted
    from agent_agency.report.cases import line
    from agent_agency.workflows.case_dates import tick as let_lapse

    appeals = settled_appeals(repo)
    with _desk(repo) as desk:
        lapsed = let_lapse(desk.ledger, desk.now)
        if as_json:
            ended = [appeal.id for appeal in appeals]
            _print_json({"lapsed": [_document(record, desk) for record in lapsed], "appeals": ended})
            return
        for appeal in appeals:
            click.echo(f"Appeal {appeal.id} against {appeal.ruling.id} has ended; see agency appeal show.")
        for record in lapsed:
            click.echo(_told(line(record, desk.now)))
        click.echo(f"{counted(len(lapsed), 'case')} lapsed.")


@cases.command("open")
@click.option("--competing", is_flag=True, required=True, help="The rulings are about patches that compete.")
@click.argument("rulings", nargs=-1, required=True, metavar="RULING RULING...")
@_base_option
@_json_option
@_repo_option
def open_(*, competing: bool, rulings: tuple[str, ...], base: str | None, as_json: bool, repo: Path) -> None:
    """Open a comparison of patches for one spec, each named by its ruling.

    More rulings join the comparison that is open. Other cases open by themselves: on a review, a waiver request or an
    appeal.
    """
    from agent_agency.errors import UsageError
    from agent_agency.workflows.competing_patches import open_competing

    if not competing:
        raise UsageError("Only a comparison is opened by hand", fix="Add --competing.")
    with _desk(repo) as desk:
        record = open_competing(desk.rulings(base), rulings, desk.limits(base), desk.now)
        anchor_after_act(desk.repo, desk.ledger)
        _show(record, desk, base, as_json=as_json)


@cases.command()
@click.argument("case_id", metavar="CASE")
@click.option("--choose", "chosen", metavar="RULING", help="The patch that you choose, as a listed reviewer.")
@click.option("--reason", help="Why; it is signed with the choice.")
@signing_options
@_base_option
@_json_option
@_repo_option
def settle(
    *,
    case_id: str,
    chosen: str | None,
    reason: str | None,
    as_name: str | None,
    ssh_key: Path | None,
    base: str | None,
    as_json: bool,
    repo: Path,
) -> int:
    """Choose between competing patches: the only lawful one, else the one with fewer waivers, lines, files.

    Each patch counts as it was last ruled on. Exit code: 0 one was chosen; 1 none is lawful, or the case lapsed; 4 the
    facts do not tell the best apart, so that a reviewer has to choose with --choose.
    """
    from agent_agency.arbitration.cases.model import CaseState
    from agent_agency.workflows.cases import id_of
    from agent_agency.workflows.competing_patches import settle as settle_case

    _refuse_half(chosen, reason, as_name or ssh_key)
    with _desk(repo) as desk:
        whole = id_of(desk.ledger, case_id)
        if chosen is not None:
            record = _chosen_by_person(desk, whole, chosen, reason or "", (as_name, ssh_key, base))
            anchor_after_act(desk.repo, desk.ledger)
            _show(record, desk, base, as_json=as_json)
            return EXIT_OK if record.state is CaseState.DECIDED else EXIT_NONE_LAWFUL
        compared = settle_case(desk.rulings(base), whole, desk.now)
        anchor_after_act(desk.repo, desk.ledger)
        _show(compared.record, desk, base, as_json=as_json, choice=compared.choice)
    if compared.record.state is CaseState.DECIDED:
        return EXIT_OK
    return EXIT_PERSON if compared.choice.tied else EXIT_NONE_LAWFUL


@cases.command()
@click.argument("case_id", metavar="CASE")
@click.option("--reason", required=True, help="Why it is given up.")
@signing_options
@_base_option
@_json_option
@_repo_option
def withdraw(
    *,
    case_id: str,
    reason: str,
    as_name: str | None,
    ssh_key: Path | None,
    base: str | None,
    as_json: bool,
    repo: Path,
) -> None:
    """End a case without a ruling; who you are is taken from git, as a statement, unless you sign as a reviewer.

    Where the base lists reviewers, a comparison and a case under appeal are withdrawn by the signature of one.
    """
    from agent_agency.workflows.cases import case_by_id, id_of
    from agent_agency.workflows.withdraw_case import withdraw as withdraw_case
    from agent_agency.workflows.withdraw_case import withdrawal_statement

    with _desk(repo) as desk:
        whole = id_of(desk.ledger, case_id)
        principals = desk.principals(base)
        said: dict[str, Any] = {"who": _whoever(desk), "reason": _plain(reason)}
        record = case_by_id(desk.ledger, whole).record
        if record is not None and (as_name or ssh_key):
            from agent_agency.attestation.signer import sign_statement

            signer = chosen_signer(as_name, ssh_key, role=REVIEWER, principals=principals)
            said = {"attestation": sign_statement(withdrawal_statement(record, reason), signer)}
        withdrawn = withdraw_case(desk.ledger, whole, said, principals, desk.now)
        anchor_after_act(desk.repo, desk.ledger)
        _show(withdrawn, desk, base, as_json=as_json)


@contextmanager
def _desk(repo: Path) -> Iterator[CaseDesk]:
    from agent_agency.clock import SystemClock
    from agent_agency.git import Repository
    from agent_agency.identity import random_id
    from agent_agency.workflows.case_desk import CaseDesk

    with Repository.discover(repo) as found:
        yield CaseDesk.open(found, SystemClock(), random_id, os.environ)


def _refuse_half(chosen: str | None, reason: str | None, key: object) -> None:
    from agent_agency.errors import UsageError

    if chosen is not None and not (reason or "").strip():
        raise UsageError("A choice needs its reason", fix="Give --reason.")
    if chosen is None and (reason or key):
        raise UsageError("Only a choice has a reason and a signature", fix="Name the patch with --choose.")


def _chosen_by_person(
    desk: CaseDesk, case_id: str, chosen: str, reason: str, by: tuple[str | None, Path | None, str | None]
) -> CaseRecord:
    from agent_agency.attestation.signer import sign_statement
    from agent_agency.workflows.competing_patches import choice_statement, renew, settle_by_person

    as_name, ssh_key, base = by
    rulings, principals = desk.rulings(base), desk.principals(base)
    statement = choice_statement(renew(rulings, case_id, desk.now), chosen, _plain(reason))
    signer = chosen_signer(as_name, ssh_key, role=REVIEWER, principals=principals)
    return settle_by_person(rulings, case_id, sign_statement(statement, signer), principals, desk.now)


def _show(record: CaseRecord, desk: CaseDesk, base: str | None, *, as_json: bool, choice: Choice | None = None) -> None:
    from agent_agency.report.cases import ending_line, lines
    from agent_agency.workflows.case_endings import ending_of

    ended = ending_of(record, desk.principals(base)) if record.state.ended else None
    tied = [one.ruling_id for one in choice.tied] if choice else []
    if as_json:
        _print_json({"case": _document(record, desk), "ending": ended and ended.as_dict(), "tied": tied})
        return
    for text in lines(record, desk.now):
        click.echo(_told(text))
    if ended:
        click.echo(_told(ending_line(ended)))
    if tied:
        click.echo(f"  The facts do not tell {', '.join(tied)} apart: a reviewer has to choose with --choose.")


def _document(record: CaseRecord, desk: CaseDesk) -> dict[str, Any]:
    from agent_agency.report.cases import to_document

    return to_document(record, desk.now)


def _whoever(desk: CaseDesk) -> str:
    """Who git says sits here; anybody may say so."""
    name, email = desk.repo.configured_name(), desk.repo.configured_email()
    return _plain(f"{name or 'somebody'} <{email}>" if email else name or "somebody")


def _plain(text: str) -> str:
    from agent_agency.arbitration.cases.model import plain

    return plain(text)


def _told(text: str) -> str:
    from agent_agency.report.text import no_command

    return no_command(text)


def _print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **document}, indent=2))
