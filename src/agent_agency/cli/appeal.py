"""``agency appeal``: have a ruling heard again, by more and different people."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.signing_options import signing_options
from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from agent_agency.arbitration.appeals.model import Appeal, Vote
    from agent_agency.attestation.principals import Principals
    from agent_agency.attestation.signer import Signer
    from agent_agency.ledger.entry import Entry
    from agent_agency.report.appeals import MattersOfRuling
    from agent_agency.workflows.appeals import Registry

SCHEMA_VERSION = 1
EXIT_PEOPLE = 4
GROUNDS = ("new_evidence", "legal_error")
ERRORS = ("fact_contradicted", "rule_not_in_force", "waiver_not_applied", "waiver_wrongly_applied", "wrong_law")
_FILING_ROLES = ("requester", "agent", "approver", "reviewer")

_repo_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to look for the repository. Default: here.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group(cls=WholeHelpGroup)
def appeal() -> None:
    """Have a ruling heard again, by more and different people."""


@appeal.command()
@click.argument("ruling")
@click.option("--ground", type=click.Choice(GROUNDS), required=True, help="Why it is to be heard again.")
@click.option("--reason", required=True, help="For the reviewers to read; nothing is decided by its words.")
@click.option("--finding", "findings", multiple=True, metavar="ID", help="A finding that is false, by its fingerprint.")
@click.option("--fact", "facts", multiple=True, metavar="PATH=VALUE", help="A fact as it is, like spec.rollback=true.")
@click.option("--later", metavar="RULING", help="A later ruling that measured anew, or under the right law.")
@click.option("--gate", "gates", multiple=True, metavar="NAME", help="A gate that --later measured anew.")
@click.option("--rule", metavar="ID", help="The rule whose outcome is wrong in law.")
@click.option("--error", type=click.Choice(ERRORS), help="What is wrong in law.")
@click.option("--waiver", "waiver_id", metavar="ID", help="The waiver that --error speaks of.")
@click.option("--evidence", multiple=True, metavar="FILE|DIGEST", help="What proves it; may be repeated.")
@signing_options
@_json_option
@_repo_option
def file(
    *,
    ruling: str,
    ground: str,
    reason: str,
    findings: tuple[str, ...],
    facts: tuple[str, ...],
    later: str | None,
    gates: tuple[str, ...],
    rule: str | None,
    error: str | None,
    waiver_id: str | None,
    evidence: tuple[str, ...],
    as_name: str | None,
    ssh_key: Path | None,
    as_json: bool,
    repo: Path,
) -> int:
    """File an appeal against RULING, signed with your key.

    Exit code: 4 filed, and people must hear it; 2 it would not count, and nothing was written.
    """
    from agent_agency.arbitration.appeals.model import Ground
    from agent_agency.workflows.appeal_claims import ClaimOptions, asked_appeal
    from agent_agency.workflows.appeals import check_asked, file_appeal

    options = ClaimOptions(Ground(ground), reason, findings, facts, later, gates, rule, error, waiver_id, evidence)
    with _registry(repo) as registry:
        asked = asked_appeal(registry, ruling, options)
        check_asked(registry, asked)
        principals = _principals_of(registry, asked.ruling)
        filed = file_appeal(registry, asked, _filing_signer(as_name, ssh_key, principals))
        _show(registry, filed, as_json=as_json)
    return EXIT_PEOPLE


@appeal.command()
@click.argument("appeal_id", metavar="APPEAL")
@click.option("--admit", "admitted", multiple=True, metavar="N|all", help="A claim that is proved; may be repeated.")
@click.option("--refuse", "refused", multiple=True, metavar="N|all", help="A claim that is not; may be repeated.")
@click.option("--reason", required=True, help="Why; it is signed with the votes.")
@signing_options
@_json_option
@_repo_option
def review(
    *,
    appeal_id: str,
    admitted: tuple[str, ...],
    refused: tuple[str, ...],
    reason: str,
    as_name: str | None,
    ssh_key: Path | None,
    as_json: bool,
    repo: Path,
) -> int:
    """Say of each claim whether it is proved; the verdict then follows from the law.

    Exit code: 4 the panel is not full yet; 0 it ended in an approval; 1 the ruling was upheld, or ended otherwise.
    """
    from agent_agency.cli.signing_options import chosen_signer
    from agent_agency.report.appeals import exit_code
    from agent_agency.workflows.appeals import find_appeal, review_appeal

    with _registry(repo) as registry:
        found = find_appeal(registry, appeal_id)
        votes = _votes(admitted, refused, len(found.filing.claims))
        _tell_before_signing(registry, found)
        court = registry.sources.court(found.chain[0], None)
        signer = chosen_signer(as_name, ssh_key, role="reviewer", principals=court.principals if court else None)
        done = review_appeal(registry, found.id, votes, [reason] * len(votes), signer)
        _show(registry, done, as_json=as_json)
    return exit_code(done)


@appeal.command()
@click.argument("appeal_id", metavar="APPEAL")
@_json_option
@_repo_option
def show(*, appeal_id: str, as_json: bool, repo: Path) -> int:
    """Show an appeal: its claims, its panel, and what followed, heard again from what is stored.

    Exit code: 4 people must hear it; 0 it ended in an approval; 1 it ended otherwise, lapsed, or does not follow.
    """
    from agent_agency.report.appeals import EXIT_STANDS, exit_code
    from agent_agency.workflows.appeals import find_appeal

    with _registry(repo) as registry:
        found = find_appeal(registry, appeal_id)
        follows = _show(registry, found, as_json=as_json)
    return exit_code(found) if follows in {None, "same"} else EXIT_STANDS


@appeal.command("list")
@click.option("--open", "only_open", is_flag=True, help="Only those that wait for reviewers.")
@_json_option
@_repo_option
def list_(*, only_open: bool, as_json: bool, repo: Path) -> int:
    """List appeals, in the order in which they were filed."""
    from agent_agency.report.appeals import line, to_document
    from agent_agency.report.text import no_command
    from agent_agency.workflows.appeals import read_appeals

    with _registry(repo) as registry:
        appeals = read_appeals(registry)
    shown = [one for one in appeals.appeals if one.open or not only_open]
    if as_json:
        strays = [{"seq": one.seq, "kind": one.kind, "why": one.why} for one in appeals.strays]
        _print_json({"appeals": [to_document(one) for one in shown], "strays": strays})
        return 0
    for one in shown:
        click.echo(no_command(line(one)))
    if not shown:
        click.echo("no appeal is open" if only_open else "no ruling was appealed")
    return 0


@appeal.command()
@_json_option
@_repo_option
def labels(*, as_json: bool, repo: Path) -> int:
    """List what appeals teach judges: the right verdict of each ruling that was overturned."""
    from agent_agency.report.text import no_command
    from agent_agency.workflows.appeals import read_labels

    with _registry(repo) as registry:
        found = read_labels(registry)
    if as_json:
        _print_json({"labels": [label.as_dict() for label in found]})
        return 0
    for label in found:
        final = "final" if label.final else "not final"
        told = f"{label.ruling}  {label.was} -> {label.label}  appeal {label.appeal}, level {label.level}, {final}"
        click.echo(no_command(told))
    if not found:
        click.echo("no ruling was overturned")
    return 0


@contextlib.contextmanager
def _registry(repo: Path) -> Iterator[Registry]:
    """What appeals are heard with; evidence that is stored meanwhile is not pruned."""
    from agent_agency.cli.services import machine_services
    from agent_agency.git import Repository
    from agent_agency.workflows.anchor import refuse_unless_anchors_agree
    from agent_agency.workflows.appeals import Registry
    from agent_agency.workflows.record import Record

    services = machine_services()
    with Repository.discover(repo) as repository:
        record = Record.of(repository, services.clock, services.new_id, services.document_of)
        refuse_unless_anchors_agree(repository, record.ledger)
        with record.in_use():
            yield Registry.of(repository, record, services.clock, services.new_id, services.arbiter)


def matters_of_ruling(repo: Path, ruling: str) -> MattersOfRuling:
    """What became of a ruling on appeal."""
    from agent_agency.report.appeals import MattersOfRuling
    from agent_agency.workflows.appeals import read_matter

    with _registry(repo) as registry:
        return MattersOfRuling.of(ruling, read_matter(registry, ruling=ruling))


def settled_appeals(repo: Path) -> tuple[Appeal, ...]:
    """Write down which appeals have lapsed, and decide those of which only the decision is missing."""
    from agent_agency.workflows.appeals import settle

    with _registry(repo) as registry:
        return settle(registry)


def _principals_of(registry: Registry, entry: Entry) -> Principals | None:
    """Whom the base of a ruling lists; a key of nobody else is worth opening."""
    from agent_agency.workflows.appeals import read_matter

    ruling = registry.sources.as_appealed(entry)
    before = read_matter(registry, ruling=ruling.id).leading_to(ruling.id) if ruling else None
    root = before.chain[0] if before else ruling
    court = registry.sources.court(root, None) if root is not None else None
    return court.principals if court else None


def _filing_signer(as_name: str | None, ssh_key: Path | None, principals: Principals | None) -> Signer:
    """The key of whoever files: it is listed in some role, and which one does not matter."""
    from agent_agency.cli.signing_options import chosen_signer
    from agent_agency.errors import SigningError

    for role in _FILING_ROLES[:-1]:
        try:
            return chosen_signer(as_name, ssh_key, role=role, principals=principals)
        except SigningError as error:
            if error.stable_code not in {"signature.not_listed", "signature.which_key"}:
                raise
    return chosen_signer(as_name, ssh_key, role=_FILING_ROLES[-1], principals=principals)


def _tell_before_signing(registry: Registry, found: Appeal) -> None:
    """Nobody signs a review of what they have not seen; it goes to standard error, as the answer is still to come."""
    from agent_agency.report.appeals import lines
    from agent_agency.report.text import no_command
    from agent_agency.workflows.appeal_check import looked_at

    click.echo("You are about to sign a review of:", err=True)
    for text in lines(found, looked_at(registry, found)):
        click.echo(no_command(text).encode("utf-8"), err=True)


def _votes(admitted: Sequence[str], refused: Sequence[str], claims: int) -> list[Vote]:
    from agent_agency.arbitration.appeals.model import Vote
    from agent_agency.errors import UsageError

    votes: dict[int, Vote] = {}
    for names, vote in ((admitted, Vote.ADMIT), (refused, Vote.REFUSE)):
        for name in names:
            for number in range(1, claims + 1) if name == "all" else (_number(name, claims),):
                if votes.setdefault(number, vote) is not vote:
                    raise UsageError(f"Claim {number} is both admitted and refused", fix="Give each claim one vote.")
    missing = [number for number in range(1, claims + 1) if number not in votes]
    if missing:
        raise UsageError(
            f"Claim {missing[0]} is neither admitted nor refused", fix="Give --admit or --refuse for each, or for all."
        )
    return [votes[number] for number in sorted(votes)]


def _number(text: str, claims: int) -> int:
    from agent_agency.errors import UsageError

    if text.isascii() and text.isdigit() and 1 <= int(text[:4]) <= claims:
        return int(text)
    raise UsageError(f"The appeal has no claim {text!r}", fix=f"Give a number from 1 to {claims}, or all.")


def _show(registry: Registry, found: Appeal, *, as_json: bool) -> str | None:
    """Show one appeal; answer whether its decision follows from what is stored."""
    from agent_agency.report.appeals import lines, to_document
    from agent_agency.report.text import no_command
    from agent_agency.workflows.appeal_check import follows_again, looked_at, may_review

    follows = follows_again(registry, found)
    names = may_review(registry, found)
    if as_json:
        _print_json({"appeal": to_document(found, may_review=names, follows=follows)})
        return follows
    for text in lines(found, looked_at(registry, found), may_review=names, follows=follows):
        click.echo(no_command(text).encode("utf-8"))
    return follows


def _print_json(members: dict[str, Any]) -> None:
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **members}, indent=2))
