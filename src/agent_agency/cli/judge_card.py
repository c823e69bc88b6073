"""``agency judge card`` and ``cards``: how far one version of a judge can be trusted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.judge_options import labels_option, mode_option, order_option
from agent_agency.errors import NotARepositoryError

if TYPE_CHECKING:
    from agent_agency.judging.cards.card import JudgeCard
    from agent_agency.workflows.judge_card_run import CardRequest, CardServices
    from agent_agency.workflows.record import Record

EXIT_ADVISES = 1

_repo_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Where to look for the repository. Default: here.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.command()
@click.argument("judge")
@click.option("--engine", metavar="ENGINE", help="What answers. Default: the engine with the role 'primary'.")
@click.option(
    "--split",
    type=click.Choice(["test", "dev"]),
    default="test",
    show_default=True,
    help="The labelled items: each card on the sealed test counts as one use of it.",
)
@click.option("--items", type=click.IntRange(1), metavar="N", help="Measure on N of them only.")
@click.option("--retest", type=click.IntRange(0), default=80, show_default=True, help="Items that are asked twice.")
@click.option("--pairs", type=click.IntRange(0), default=40, show_default=True, help="Pairs compared in both orders.")
@click.option("--hosts", type=click.IntRange(1), default=2, show_default=True, help="Items per injection.")
@click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="Calls at once. Default: the engine's own width."
)
@mode_option
@labels_option
@order_option
@click.option("--no-record", is_flag=True, help="Show the card without putting it on record.")
@_repo_option
@_json_option
def card(
    *,
    judge: str,
    engine: str | None,
    split: Any,
    items: int | None,
    retest: int,
    pairs: int,
    hosts: int,
    workers: int | None,
    mode: Any,
    labels: Any,
    order: Any,
    no_record: bool,
    repo: Path,
    as_json: bool,
) -> int:
    """Measure the judge JUDGE as it is in use now, and put its card on record.

    The card is of one version: prompt, engine, model and parameters. It says how often the judge is right, whether it
    repeats itself, leans to what is shown first, knows when it may be wrong, and which injections steer it. A judge
    may block a change only with a passing card; without one it advises, and the exit code is 1.
    """
    from agent_agency.judging.cards.measuring import Effort
    from agent_agency.workflows.judge_card_run import CardRequest, run_card
    from agent_agency.workflows.judge_ways import Way

    effort = Effort(retest=retest, hosts=hosts, pairs=pairs, workers=workers)
    request = CardRequest(judge, split, items, effort, Way(mode, order, labels))
    measured = _measured(request, engine, repo, run_card)
    recorded = not no_record and _recorded(repo, measured)
    return _shown(measured, recorded=recorded, as_json=as_json)


@click.command()
@click.option("--judge", metavar="JUDGE", help="Only cards of this judge.")
@_repo_option
@_json_option
def cards(*, judge: str | None, repo: Path, as_json: bool) -> int:
    """List the cards on record, the newest of each version."""
    from agent_agency.cli.console import make_console
    from agent_agency.cli.services import arbiter_of_this_machine
    from agent_agency.git import Repository
    from agent_agency.judging.shipped import shipped_rubric
    from agent_agency.report.judge_cards import cards_document, cards_table
    from agent_agency.workflows.judge_card import cards_on_record
    from agent_agency.workflows.principals_at import principals_at

    with Repository.discover(repo) as opened:
        record = _record_of(opened)
        listed = principals_at(opened, opened.resolve(opened.default_base()))
        own = (arbiter_of_this_machine().public_key,)
        every = cards_on_record(record, listed, own)
        if judge not in {None, *(one.judge for one in every)}:
            shipped_rubric(judge or "")  # refuses what is no judge
        found = [one for one in every if judge in {None, one.judge}]
    if as_json:
        click.echo(json.dumps(cards_document(found), indent=2))
    elif found:
        make_console().print(cards_table(found))
    else:
        click.echo("No judge has a card on record. Measure one: agency judge card JUDGE.")
    return 0


def _measured(
    request: CardRequest, engine: str | None, repo: Path, run: Callable[[CardRequest, CardServices], JudgeCard]
) -> JudgeCard:
    from agent_agency.cli.chosen_engine import chosen_engine
    from agent_agency.clock import SystemClock
    from agent_agency.workflows.judge_card_run import CardServices
    from agent_agency.workflows.kept_answers import fence_secret
    from agent_agency.workflows.learning_store import open_learning_store
    from agent_agency.workflows.mode_shelf import open_shelf

    asked, parameters = chosen_engine(engine)
    services = CardServices(
        engine=asked,
        parameters=parameters,
        database=open_learning_store(repo, os.environ),
        clock=SystemClock(),
        secret=fence_secret(os.environ),
        tell=_tell,
        shelf=open_shelf(os.environ),
    )
    return run(request, services)


def _tell(what: str, done: int, of: int) -> None:
    if done == of or done % 50 == 0:
        click.echo(f"{what}: {done} of {of}", err=True)


def _recorded(repo: Path, measured: JudgeCard) -> bool:
    """Put the card on record where there is a repository to keep it."""
    from agent_agency.cli.anchor_act import anchor_after_act
    from agent_agency.cli.services import arbiter_of_this_machine
    from agent_agency.git import Repository
    from agent_agency.workflows.judge_card import record_card

    try:
        opened = Repository.discover(repo)
    except NotARepositoryError:
        return False
    with opened:
        record = _record_of(opened)
        record_card(record, measured, arbiter_of_this_machine())
        anchor_after_act(opened, record.ledger)
    return True


def _record_of(repo: Any) -> Record:
    import uuid

    from agent_agency.clock import SystemClock
    from agent_agency.report.json_document import to_document
    from agent_agency.workflows.record import Record

    return Record.of(repo, SystemClock(), lambda: uuid.uuid4().hex, to_document)


def _shown(measured: JudgeCard, *, recorded: bool, as_json: bool) -> int:
    from agent_agency.cli.console import make_console
    from agent_agency.judging.cards.standing import shortfalls
    from agent_agency.report.judge_cards import card_document, card_end, card_head, card_table

    if as_json:
        click.echo(json.dumps(card_document(measured, recorded=recorded), indent=2))
    else:
        console = make_console()
        for line in card_head(measured):
            console.print(line)
        console.print(card_table(measured))
        for line in card_end(measured):
            console.print(line)
        console.print("The card is on record." if recorded else "The card is not on record.")
    return EXIT_ADVISES if shortfalls(measured) else 0
