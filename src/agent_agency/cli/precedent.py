"""``agency precedent``: let final rulings guide later ones, find them, and put them away."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.anchor_act import anchor_after_act
from agent_agency.cli.signing_options import signing_options
from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from agent_agency.attestation.signer import Signer
    from agent_agency.evidence import EvidenceStore
    from agent_agency.workflows.precedent_acts import Acting
    from agent_agency.workflows.precedent_search import Found, Question
    from agent_agency.workflows.precedents import Library

SCHEMA_VERSION = 1
EXIT_TROUBLE = 1
EXIT_PEOPLE = 4
MOST = 20

_repo_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to look for the repository. Default: here.",
)
_base_option = click.option("--base", metavar="REF", help="Whose law and people count. Default: the usual base.")
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_all_option = click.option("--all", "every", is_flag=True, help="Also those that guide nobody, as overruled ones.")
_limit_option = click.option("--limit", type=click.IntRange(1, 1000), default=MOST, metavar="N", help="Default: 20.")


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    return _base_option(_json_option(_repo_option(command)))


@click.group(cls=WholeHelpGroup)
def precedent() -> None:
    """Let final rulings guide what the law leaves open; none of them ever decides."""


@precedent.command()
@click.argument("text", nargs=-1)
@click.option("--ruling", metavar="RULING", help="Those like this ruling, with what agrees and what differs.")
@click.option("--rule", "rules", multiple=True, metavar="ID", help="Those about this rule; may be repeated.")
@click.option("--fact", "facts", multiple=True, metavar="KEY=VALUE", help="Those with this fact; may be repeated.")
@_all_option
@_limit_option
@_common
def search(
    *,
    text: tuple[str, ...],
    ruling: str | None,
    rules: tuple[str, ...],
    facts: tuple[str, ...],
    every: bool,
    limit: int,
    **where: Any,
) -> int:
    """Find precedents by words, by facts, or by a ruling that they are like.

    A precedent is like a ruling when they share an issue, at least one telling fact beyond names and circumstances, and
    as much in common as in difference, each fact weighed by its rarity.
    """
    from agent_agency.workflows.precedent_search import Question

    asked = Question(" ".join(text), _facts(rules, facts), ruling, every, limit)
    return _list(asked, **where)


@precedent.command("list")
@_all_option
@_limit_option
@_common
def list_(*, every: bool, limit: int, **where: Any) -> int:
    """List precedents, the newest first."""
    from agent_agency.workflows.precedent_search import Question

    return _list(Question(every=every, most=limit), **where)


@precedent.command()
@click.argument("name", metavar="PRECEDENT")
@_common
def show(*, name: str, base: str | None, as_json: bool, repo: Path) -> int:
    """Show one precedent: its holding, its facts, who signed it, and what rulings did with it."""
    from agent_agency.workflows import precedent_search

    with _library(repo, base) as (library, _):
        _tell(precedent_search.show(library, name), as_json=as_json)
    return 0


@precedent.command()
@click.argument("ruling")
@click.option("--holding", required=True, help="What the ruling stands for, in one sentence.")
@signing_options
@_common
def promote(*, ruling: str, holding: str, **how: Any) -> int:
    """Let a final RULING guide later ones, signed with your key as approver or reviewer.

    Its facts are those of its case file. Nobody promotes a ruling over their own change. At risk tier 1 it guides once
    the law's quorum has promoted it with the same holding.

    Exit code: 0 it is in force; 4 others must sign it too; 2 it would not count, and nothing was written.
    """
    from agent_agency.workflows import precedent_acts

    return _act(lambda acting: precedent_acts.promote(acting, ruling, holding).id, **how)


@precedent.command()
@click.argument("name", metavar="PRECEDENT")
@click.option("--ruling", required=True, metavar="RULING", help="The ruling that was another case.")
@click.option("--because", multiple=True, required=True, metavar="FACT", help="KEY or KEY=VALUE; may be repeated.")
@signing_options
@_common
def distinguish(*, name: str, ruling: str, because: tuple[str, ...], **how: Any) -> int:
    """Say that a ruling was another case than PRECEDENT's, because of facts that differ.

    It is checked that they do. Later rulings with the same difference count as distinguished, not as departing.
    """
    from agent_agency.workflows import precedent_acts, precedent_search

    def act(acting: Acting) -> str:
        full = precedent_search.full_id(acting.library, name)
        return precedent_acts.distinguish(acting, full, ruling, because).id

    return _act(act, **how)


@precedent.command()
@click.argument("name", metavar="PRECEDENT")
@click.option("--by", "ruling", required=True, metavar="RULING", help="The later, final ruling for which it gives way.")
@click.option("--reason", required=True, help="Why; it is signed too.")
@signing_options
@_common
def overrule(*, name: str, ruling: str, reason: str, **how: Any) -> int:
    """Let PRECEDENT give way to a later ruling about the same issue; as many must sign as promoted it.

    Exit code: 0 it is overruled; 4 others must sign it too; 2 it would not count, and nothing was written.
    """
    from agent_agency.workflows import precedent_acts, precedent_search

    def act(acting: Acting) -> str:
        full = precedent_search.full_id(acting.library, name)
        return precedent_acts.overrule(acting, full, ruling, reason).id

    return _act(act, wanted="overruled", **how)


@precedent.command()
@_common
def check(*, base: str | None, as_json: bool, repo: Path) -> int:
    """Find contradictions, acts that count for nothing, and an index that does not follow the ledger.

    Exit code: 0 nothing needs a person; 1 something does.
    """
    from agent_agency.workflows.precedent_check import check as check_all

    with _library(repo, base) as (library, evidence):
        found = check_all(library, evidence)
    if as_json:
        _print_json(found.as_dict())
    else:
        from agent_agency.cli.console import make_console
        from agent_agency.cli.precedent_output import show_check

        show_check(make_console(), found.as_dict())
    return 0 if found.sound else EXIT_TROUBLE


@precedent.command()
@_common
def reindex(*, base: str | None, as_json: bool, repo: Path) -> int:
    """Build the index of precedents anew from the ledger."""
    from agent_agency.workflows.precedent_index import rebuild

    with _library(repo, base) as (library, _):
        rows = rebuild(library.ledger, library.bench)
    if as_json:
        _print_json({"precedents": rows})
    else:
        click.echo(f"{rows} {'precedent' if rows == 1 else 'precedents'} indexed anew from the ledger")
    return 0


@contextlib.contextmanager
def _library(repo: Path, base: str | None) -> Iterator[tuple[Library, EvidenceStore]]:
    from agent_agency.cli.services import machine_services
    from agent_agency.git import Repository
    from agent_agency.workflows.precedent_search import open_library
    from agent_agency.workflows.record import Record

    services = machine_services()
    with Repository.discover(repo) as repository:
        record = Record.of(repository, services.clock, services.new_id, services.document_of)
        yield open_library(repository, record, base, services.clock.now()), record.evidence


def _facts(rules: tuple[str, ...], facts: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    from agent_agency.errors import UsageError

    pairs = [("rule", rule) for rule in rules]
    for fact in facts:
        key, equals, value = fact.partition("=")
        if not (key and equals and value):
            raise UsageError(f"{fact!r} is no fact", fix="Write KEY=VALUE, like area=src/billing.")
        pairs.append((key, value))
    return tuple(dict.fromkeys(pairs))


def _list(asked: Question, *, base: str | None, as_json: bool, repo: Path) -> int:
    from agent_agency.workflows import precedent_search

    with _library(repo, base) as (library, _):
        found = [one.as_dict() for one in precedent_search.search(library, asked)]
    if as_json:
        _print_json({"precedents": found})
        return 0
    from agent_agency.cli.console import make_console
    from agent_agency.cli.precedent_output import show_line

    console = make_console()
    for one in found:
        show_line(console, one)
    if not found:
        click.echo("no precedent found")
    return 0


def _act(
    act: Callable[[Acting], str],
    *,
    as_name: str | None,
    ssh_key: Path | None,
    base: str | None,
    as_json: bool,
    repo: Path,
    wanted: str = "in_force",
) -> int:
    from agent_agency.workflows import precedent_search
    from agent_agency.workflows.precedent_acts import Acting

    with _library(repo, base) as (library, evidence):
        done = act(Acting(library, evidence, lambda: _signer(library, as_name, ssh_key)))
        anchor_after_act(library.repo, library.ledger)
        found = precedent_search.show(library.renewed(), done)
        _tell(found, as_json=as_json)
    return 0 if found.precedent.status == wanted else EXIT_PEOPLE


def _signer(library: Library, as_name: str | None, ssh_key: Path | None) -> Signer:
    """The key of somebody whom the base lists as approver or as reviewer; either may act."""
    from agent_agency.arbitration.precedents.fold import PROMOTING_ROLES
    from agent_agency.cli.signing_options import chosen_signer
    from agent_agency.errors import SigningError

    first, last = PROMOTING_ROLES
    try:
        return chosen_signer(as_name, ssh_key, role=first, principals=library.principals)
    except SigningError as error:
        if error.stable_code not in {"signature.not_listed", "signature.which_key"}:
            raise
    return chosen_signer(as_name, ssh_key, role=last, principals=library.principals)


def _tell(found: Found, *, as_json: bool) -> None:
    if as_json:
        _print_json({"precedent": found.as_dict()})
        return
    from agent_agency.cli.console import make_console
    from agent_agency.cli.precedent_output import show_whole

    show_whole(make_console(), found.as_dict())


def _print_json(members: dict[str, Any]) -> None:
    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **members}, indent=2))
