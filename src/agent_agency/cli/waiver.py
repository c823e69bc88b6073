"""``agency waiver``: ask for a bounded exception, decide on one, and see which there are."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.anchor_act import anchor_after_act
from agent_agency.cli.signing_options import chosen_signer, signing_options
from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from agent_agency.arbitration.waivers.model import ActKind, WaiverRecord
    from agent_agency.attestation.principals import Principals
    from agent_agency.attestation.signer import Signer
    from agent_agency.spec.model import Budget
    from agent_agency.workflows.waiver_acts import AskedFor
    from agent_agency.workflows.waiver_desk import Desk

SCHEMA_VERSION = 1
EXIT_NO = 1
EXIT_PERSON = 4
ATTEMPTS = 20
MOST_DAYS = 36_500  # a century; more leaves the calendar before the law can refuse it
_DOES = {
    "waiver_approval": "the approval of",
    "waiver_denial": "the denial of",
    "waiver_revocation": "the revocation of",
}

_repo_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to look for the repository. Default: here.",
)
_base_option = click.option("--base", metavar="REV", help="Whose law decides. Default: the usual base of a review.")
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_digest_option = click.option("--digest", metavar="HEX", help="Which one, where several waivers hold the id.")
_days_option = click.option(
    "--days",
    type=click.IntRange(1, MOST_DAYS),
    metavar="N",
    help="How long. Default: 14, or what the law allows.",
)
_yes_option = click.option("--yes", is_flag=True, help="Do not ask before signing.")


def _options(*options: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def apply(command: Any) -> Any:
        for option in reversed(options):
            command = option(command)
        return command

    return apply


_looking = _options(_base_option, _json_option, _repo_option)
_deciding = _options(signing_options, _digest_option, _yes_option, _looking)


@click.group(cls=WholeHelpGroup)
def waiver() -> None:
    """Ask for a bounded exception, decide on one, and see which there are."""


@waiver.command()
@click.option("--gate", "gates", multiple=True, metavar="NAME", help="A gate; may be repeated.")
@click.option("--rule", "rules", multiple=True, metavar="ID", help="A rule of the constitution; may be repeated.")
@click.option("--spec", "spec_id", metavar="ID", help="The one spec that it is for.")
@click.option("--path", "paths", multiple=True, metavar="GLOB", help="Only findings there; may be repeated.")
@click.option("--reason", required=True, help="Why, and why only this once.")
@_days_option
@click.option("--max-uses", type=click.IntRange(min=1), metavar="N", help="How many changes may need it.")
@click.option("--max-files", type=click.IntRange(min=0), metavar="N", help="Files added to the budget (budget_limit).")
@click.option("--max-loc", type=click.IntRange(min=0), metavar="N", help="Lines added to the budget (budget_limit).")
@signing_options
@_looking
def request(
    *,
    gates: tuple[str, ...],
    rules: tuple[str, ...],
    spec_id: str | None,
    paths: tuple[str, ...],
    reason: str,
    days: int | None,
    max_uses: int | None,
    max_files: int | None,
    max_loc: int | None,
    as_name: str | None,
    ssh_key: Path | None,
    base: str | None,
    as_json: bool,
    repo: Path,
) -> None:
    """Ask for a waiver; it covers nothing until listed approvers sign it.

    Whoever the base lists may ask, and never counts as an approver of what they asked for.
    """
    from agent_agency.workflows.waiver_acts import AskedFor

    delta = _delta(max_files, max_loc)
    asked = AskedFor(gates, rules, spec_id, paths, reason, days, max_uses, delta)
    with _desk(repo, base) as desk:
        signer = _requesters_signer(desk, asked, as_name, ssh_key)
    waiver_id = _file_request(repo, base, asked, signer)
    with _desk(repo, base) as desk:
        _tell_recorded(desk, desk.find(waiver_id), as_json=as_json)


def _requesters_signer(desk: Desk, asked: AskedFor, as_name: str | None, ssh_key: Path | None) -> Signer:
    from agent_agency.workflows.waiver_acts import may_request, plan_request, refuse_without_approvers

    refuse_without_approvers(desk)
    plan_request(desk, asked, desk.principals.listed[0])  # what the law refuses is told before anybody types
    return chosen_signer(as_name, ssh_key, role="requester", principals=may_request(desk.principals))


def _file_request(repo: Path, base: str | None, asked: AskedFor, signer: Signer) -> str:
    """Sign and record the request; where somebody else takes the id in between, it is signed under the next one."""
    from agent_agency.errors import UsageError
    from agent_agency.identity import random_id
    from agent_agency.workflows.waiver_acts import chain_of, plan_request, sign_request
    from agent_agency.workflows.waiver_record import MOVED, record_request

    for _ in range(ATTEMPTS):
        with _desk(repo, base) as desk:
            terms = plan_request(desk, asked, _principal(desk.principals, signer))
            envelope = sign_request(terms, chain_of(desk.ledger, random_id), signer)
            try:
                record_request(desk, terms.id, terms.spec_id, envelope)
            except UsageError as error:
                if error.stable_code != MOVED:
                    raise
                continue
            anchor_after_act(desk.repo, desk.ledger)
            return terms.id
    raise UsageError("Others kept asking for waivers meanwhile", fix="Run the command again.", code=MOVED)


def _principal(principals: Principals, signer: Signer) -> Any:
    """Whose key it is; ``chosen_signer`` let only listed ones through."""
    from agent_agency.errors import SigningError

    principal = principals.by_key(signer.key_id)
    if principal is None:
        raise SigningError("The base does not list the key", fix="Have it listed with agency identity trust.")
    return principal


@waiver.command()
@click.argument("waiver_id", metavar="ID")
@click.option("--note", default="", help="What to say with it.")
@_deciding
def approve(*, waiver_id: str, note: str, **how: Any) -> None:
    """Sign a waiver as one of its approvers, once you have seen what it is for.

    A waiver file at the base is approved in the same way: the signature is over its bytes.
    """
    from agent_agency.arbitration.waivers.model import ActKind

    _decide(ActKind.APPROVAL, waiver_id, note, **how)


@waiver.command()
@click.argument("waiver_id", metavar="ID")
@click.option("--reason", required=True, help="Why not.")
@_deciding
def deny(*, waiver_id: str, reason: str, **how: Any) -> None:
    """Refuse a waiver as a listed approver; that ends it, whoever approved it before."""
    from agent_agency.arbitration.waivers.model import ActKind

    _decide(ActKind.DENIAL, waiver_id, reason, **how)


@waiver.command()
@click.argument("waiver_id", metavar="ID")
@click.option("--reason", required=True, help="Why it ends early.")
@_deciding
def revoke(*, waiver_id: str, reason: str, **how: Any) -> None:
    """End a waiver early, as a listed approver or as who asked for it."""
    from agent_agency.arbitration.waivers.model import ActKind

    _decide(ActKind.REVOCATION, waiver_id, reason, **how)


def _decide(
    kind: ActKind,
    waiver_id: str,
    note: str,
    *,
    as_name: str | None,
    ssh_key: Path | None,
    digest: str | None,
    yes: bool,
    base: str | None,
    as_json: bool,
    repo: Path,
) -> None:
    from agent_agency.workflows.waiver_acts import refuse_without_approvers

    with _desk(repo, base) as desk:
        record = desk.find(waiver_id, digest)
        refuse_without_approvers(desk)
        _show_before(desk, record, kind, yes=yes)
        _record_decision(desk, record, kind, note, as_name, ssh_key)
    with _desk(repo, base) as desk:
        _tell_recorded(desk, desk.find(waiver_id, record.digest), as_json=as_json)


def _show_before(desk: Desk, record: WaiverRecord, kind: ActKind, *, yes: bool) -> None:
    """Show on standard error what is about to be signed, and ask; nobody is asked with ``--yes``."""
    from agent_agency.cli.console import make_console
    from agent_agency.cli.waiver_output import show_decisions, show_standing, show_terms
    from agent_agency.workflows.waiver_view import whole

    console, seen = make_console(stderr=True), whole(desk, record)
    show_standing(console, seen)
    show_terms(console, seen)
    show_decisions(console, {**seen, "state": ""})
    if not yes:
        from agent_agency.cli.confirm import confirm

        confirm(f"Sign {_DOES[kind]} {record.waiver.id}?")


def _record_decision(
    desk: Desk, record: WaiverRecord, kind: ActKind, note: str, as_name: str | None, ssh_key: Path | None
) -> None:
    from agent_agency.arbitration.waivers.model import ActKind
    from agent_agency.identity import random_id
    from agent_agency.workflows.waiver_acts import answer_with, chain_of, may_revoke, refuse_vain, sign_decision
    from agent_agency.workflows.waiver_record import record_decision

    revokes = kind is ActKind.REVOCATION
    allowed = may_revoke(desk.principals, record) if revokes else desk.principals
    role = "requester" if revokes else "approver"
    signer = chosen_signer(as_name, ssh_key, role=role, principals=allowed)
    principal = _principal(desk.principals, signer)
    refuse_vain(desk, record, kind, principal)
    envelope = sign_decision(desk, record, kind, note, signer, chain_of(desk.ledger, random_id))
    record_decision(desk, kind, record.waiver.id, envelope, answer_with(desk, record, kind, principal))
    anchor_after_act(desk.repo, desk.ledger)


def _tell_recorded(desk: Desk, record: WaiverRecord, *, as_json: bool) -> None:
    """Say how the waiver stands now that the act is recorded."""
    from agent_agency.cli.console import make_console
    from agent_agency.cli.waiver_output import show_decisions, show_standing
    from agent_agency.workflows.waiver_view import whole

    told = whole(desk, record)
    if as_json:
        _print_json({"waiver": told})
        return
    console = make_console()
    show_standing(console, told)
    show_decisions(console, told)
    if told["state"] in {"denied", "revoked"} and _is_published(told):
        click.echo(f"\nOther clones still see its approval; publish this too: agency waiver publish {told['id']}")


def _is_published(told: dict[str, Any]) -> bool:
    from agent_agency.workflows.waiver_evidence import APPROVALS_FOLDER

    return any(act["where"].startswith(f"{APPROVALS_FOLDER}/") for act in told["decisions"])


@waiver.command("list")
@click.option("--all", "every", is_flag=True, help="Also those that are denied, revoked, expired or used up.")
@_looking
def list_(*, every: bool, base: str | None, as_json: bool, repo: Path) -> None:
    """List the waivers that are approved or wait for approval."""
    from agent_agency.workflows.waiver_view import summary

    with _desk(repo, base) as desk:
        rows = [summary(desk, record) for record in desk.records]
    shown = [row for row in rows if every or row["state"] in {"approved", "pending"}]
    if as_json:
        _print_json({"waivers": shown})
        return
    from agent_agency.cli.console import make_console
    from agent_agency.cli.waiver_output import show_list

    show_list(make_console(), shown)
    left = len(rows) - len(shown)
    if not shown:
        click.echo("No waiver is approved or waits for approval.")
    if left:
        click.echo(f"{left} more that ended: agency waiver list --all")


@waiver.command()
@click.argument("waiver_id", metavar="ID")
@_digest_option
@_looking
def show(*, waiver_id: str, digest: str | None, base: str | None, as_json: bool, repo: Path) -> int:
    """Show one waiver: who asked, who approved, what is missing, and why an approval does not count.

    Exit 0 when it is approved, 4 when it waits for approvers, 1 when it is denied, revoked, expired or used up.
    """
    from agent_agency.workflows.waiver_view import whole

    with _desk(repo, base) as desk:
        told = whole(desk, desk.find(waiver_id, digest))
    if as_json:
        _print_json({"waiver": told})
    else:
        from agent_agency.cli.console import make_console
        from agent_agency.cli.waiver_output import show_decisions, show_standing, show_terms

        console = make_console()
        show_standing(console, told)
        show_terms(console, told)
        show_decisions(console, told)
    return {"approved": 0, "pending": EXIT_PERSON}.get(told["state"], EXIT_NO)


@waiver.command()
@click.argument("waiver_id", metavar="ID")
@click.option("--out", metavar="FILE", help="Where to write; - is standard output. Default: .agency/approvals/ID.json.")
@_looking
def publish(*, waiver_id: str, out: str | None, base: str | None, as_json: bool, repo: Path) -> None:
    """Write the signed acts about a waiver into a file for the base branch, so that other clones and CI see them."""
    from agent_agency.workflows.waiver_files import published_path, published_text
    from agent_agency.workflows.whole_file import write_whole

    with _desk(repo, base) as desk:
        text, path = published_text(desk, waiver_id), published_path(waiver_id)
        if out == "-":
            click.echo(text, nl=False)
            return
        root = desk.repo.root or Path()
        write_whole(Path(out) if out else root / path, text.encode(), parents=out is None)
    told = out or path
    if as_json:
        _print_json({"written": told})
        return
    click.echo(f"wrote {told}\n\nIt counts elsewhere once it is on the base branch:\n")
    click.echo(f"  git add {':/' if out is None else ''}{told}\n  git commit -m {_quoted(f'Publish {waiver_id}')}")


@waiver.command()
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@_json_option
@_repo_option
def prune(*, dry_run: bool, as_json: bool, repo: Path) -> None:
    """Remove the files of waivers that can never count again from the working tree.

    Only files that the latest commit holds exactly so: git keeps them, and the ledger keeps every signed act.
    """
    from agent_agency.clock import SystemClock
    from agent_agency.facts import display_path
    from agent_agency.git import Repository
    from agent_agency.workflows.waiver_files import remove_files, stale_files

    with Repository.discover(repo) as repository:
        stale = stale_files(repository, SystemClock().now())
        if not dry_run:
            remove_files(repository, stale)
    if as_json:
        _print_json({"removed": not dry_run, "files": [{"path": one.path, "why": one.why} for one in stale]})
        return
    for one in stale:
        click.echo(f"{'would remove' if dry_run else 'removed'} {display_path(one.path)}: {one.why}")
    click.echo("The ledger keeps every signed act." if stale else "There is nothing to remove.")


@waiver.command()
@click.option("--gate", "gates", multiple=True, required=True, metavar="NAME", help="A gate; may be repeated.")
@click.option("--spec", "spec_id", required=True, metavar="ID", help="The one spec that it is for.")
@click.option("--reason", required=True, help="Why, and why only this once.")
@click.option(
    "--approved-by", "approvers", multiple=True, required=True, metavar="WHO", help="E-mail address; may be repeated."
)
@click.option("--requested-by", "requester", metavar="WHO", help="Who asks for it; never one who approves.")
@_days_option
@click.option("--max-files", type=click.IntRange(min=0), metavar="N", help="Files added to the budget (budget_limit).")
@click.option("--max-loc", type=click.IntRange(min=0), metavar="N", help="Lines added to the budget (budget_limit).")
@click.option("--max-uses", type=click.IntRange(min=1), metavar="N", help="How many rulings may need it.")
@click.option("--id", "waiver_id", metavar="ID", help="Default: the next free WV-1, WV-2 and so on.")
@click.option("--title", help="Default: the gates and the spec.")
@_json_option
@_repo_option
def write(
    *,
    gates: tuple[str, ...],
    spec_id: str,
    reason: str,
    approvers: tuple[str, ...],
    requester: str | None,
    days: int | None,
    max_files: int | None,
    max_loc: int | None,
    max_uses: int | None,
    waiver_id: str | None,
    title: str | None,
    as_json: bool,
    repo: Path,
) -> None:
    """Write a waiver as a file that the law at HEAD accepts, for a base that lists no approver.

    Whoever merges it there grants it: --approved-by is a statement, not a signature. Where the base lists an approver,
    the file covers nothing until its approvers sign it with agency waiver approve.
    """
    from agent_agency.clock import SystemClock
    from agent_agency.git import Repository
    from agent_agency.workflows.init import write_files
    from agent_agency.workflows.principals_at import principals_at
    from agent_agency.workflows.waiver_file import AskedWaiver, plan_waiver

    delta = _delta(max_files, max_loc)
    asked = AskedWaiver(gates, spec_id, reason, approvers, waiver_id, title, requester, days, delta, max_uses)
    with Repository.discover(repo) as repository:
        planned = plan_waiver(repository, asked, SystemClock().now())
        write_files(repository, [planned])
        unsigned = principals_at(repository, repository.resolve("HEAD")).lists_approvers
    if as_json:
        _print_json({"written": True, "files": [{"path": planned.path, "text": planned.text}]})
        return
    name = Path(planned.path).stem
    click.echo(f"wrote {planned.path}\n\nIt binds once it is on the base branch:\n")
    click.echo(f"  git add :/{planned.path}\n  git commit -m {_quoted(f'Grant {name}')}")
    if unsigned:
        click.echo(f"\nand its approvers, whom HEAD lists, have signed it there:\n\n  agency waiver approve {name}")


@contextmanager
def _desk(repo: Path, base: str | None) -> Iterator[Desk]:
    from agent_agency.clock import SystemClock
    from agent_agency.git import Repository
    from agent_agency.identity import random_id
    from agent_agency.workflows.waiver_desk import open_desk

    with Repository.discover(repo) as repository:
        yield open_desk(repository, base, SystemClock(), random_id, os.environ)


def _print_json(members: dict[str, Any]) -> None:
    import json

    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **members}, indent=2))


def _quoted(text: str) -> str:
    return f'"{text}"'


def _delta(files: int | None, lines: int | None) -> Budget | None:
    from agent_agency.spec.model import Budget

    return None if files is None and lines is None else Budget(files or 0, lines or 0)
