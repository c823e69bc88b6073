"""``agency engine pool``, ``roll``, ``spend`` and ``select``: models in memory, roles, money, and what to take."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from agent_agency.workflows.pool_roll import RollDesk
    from agent_agency.workflows.spend_desk import SpendDesk

SCHEMA_VERSION = 1
NOTHING_CHOSEN = 1
_NEEDS = ("schema", "labels", "logprobs", "stream", "seed", "token_counts")

_json_option = click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
_who_option = click.option("--who", required=True, metavar="NAME", help="On whose word; it stays on record.")
_reason_option = click.option("--reason", default="", metavar="TEXT", help="Why; it stays on record.")
_repo_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Whose store has the calls and evaluations; your own outside any repository. Default: here.",
)


@click.command()
@click.option("--events", type=click.IntRange(0, 500), default=10, show_default=True, help="How many of the newest.")
@_json_option
def pool(*, events: int, as_json: bool) -> int:
    """Show your models, the memory that they take, and what happened to them last; nothing is loaded."""
    from agent_agency.report.engine_pool import pool_document, print_pool
    from agent_agency.workflows.pool_view import view_pool

    view = view_pool(os.environ, events)
    if as_json:
        return _print_json({"pool": pool_document(view)})
    return _print(print_pool, view)


@click.group(cls=WholeHelpGroup)
def roll() -> None:
    """Give a role to another engine while requests run: shadow, a share, all, and back by itself where it falls behind.

    In the shadow the new engine answers copies that nobody reads. Each stage ends when enough answers of both agree;
    where they do not, or the new engine is too slow or fails, the role goes back to the old one.
    """


@roll.command("start")
@click.argument("role")
@click.argument("new")
@click.option("--shadow", type=float, default=0.25, show_default=True, help="Share of requests that both answer.")
@click.option("--share", type=float, default=0.25, show_default=True, help="Share that the new one answers at first.")
@click.option("--least-agreement", type=float, default=0.9, show_default=True, help="Share of pairs that must agree.")
@click.option("--latency-ratio", type=float, default=1.5, show_default=True, help="New 95th percentile over the old.")
@click.option("--least-pairs", type=int, default=30, show_default=True, help="Before which no stage ends.")
@_who_option
@_reason_option
@_json_option
def start(*, role: str, new: str, who: str, reason: str, as_json: bool, **limits: float) -> int:
    """Let the engine NEW begin to take the role ROLE."""
    from agent_agency.errors import UsageError
    from agent_agency.inference.pool.rollout_limits import RolloutLimits

    try:
        agreed = RolloutLimits(**limits)  # type: ignore[arg-type]  # click has read each as its own kind
    except ValueError as error:
        raise UsageError(f"These limits cannot be: {error}", fix="Mend the option.") from error
    _rolls().begin(role, new, agreed, who, reason)
    return _show_rollouts(role, as_json=as_json)


@roll.command()
@click.argument("role", required=False)
@_json_option
def show(*, role: str | None, as_json: bool) -> int:
    """Show how far each role is, or ROLE alone, and every step."""
    return _show_rollouts(role, as_json=as_json)


@roll.command()
@click.argument("role")
@_who_option
@_reason_option
@_json_option
def back(*, role: str, who: str, reason: str, as_json: bool) -> int:
    """Give ROLE back to the old engine, in every process within a second."""
    _rolls().back(role, who, reason)
    return _show_rollouts(role, as_json=as_json)


@roll.command()
@click.argument("role")
@_who_option
@_reason_option
@_json_option
def finish(*, role: str, who: str, reason: str, as_json: bool) -> int:
    """Give ROLE to the new engine for good, once it answers all requests."""
    _rolls().finish(role, who, reason)
    return _show_rollouts(role, as_json=as_json)


@click.group(cls=WholeHelpGroup, invoke_without_command=True)
@click.option("--month", metavar="MONTH", help="As 2026-01 (UTC). Default: the present one.")
@_repo_option
@_json_option
@click.pass_context
def spend(context: click.Context, *, month: str | None, repo: Path, as_json: bool) -> int:
    """Show what remote calls cost this month, by task, against your caps; and what all calls took.

    Caps stand below [spend] in your engines.toml: month, task, currency. A task is one command, or what AGENCY_TASK
    names. A reservation whose call was cut off stays counted until you release it.
    """
    if context.invoked_subcommand is not None:
        return 0
    from agent_agency.report.engine_pool import print_spend, spend_document

    view = _spending(repo).view(month)
    if as_json:
        return _print_json({"spend": spend_document(view)})
    return _print(print_spend, view)


@spend.command()
@_who_option
@_reason_option
def stop(*, who: str, reason: str) -> int:
    """Stop all your remote calls at once, in every process."""
    _spending(Path()).stop(who, reason)
    click.echo("Remote calls are stopped. agency engine spend resume lets them go on.")
    return 0


@spend.command()
@_who_option
@_reason_option
def resume(*, who: str, reason: str) -> int:
    """Let remote calls go on."""
    _spending(Path()).resume(who, reason)
    click.echo("Remote calls may go on.")
    return 0


@spend.command()
@click.argument("names", nargs=-1, metavar="[ID]...")
@click.option("--stale", is_flag=True, help="Every reservation whose call can no longer be under way.")
@_who_option
@_reason_option
def release(*, names: tuple[str, ...], stale: bool, who: str, reason: str) -> int:
    """Count reservations no longer whose calls were never made or never charged."""
    from agent_agency.errors import UsageError

    if not names and not stale:
        raise UsageError("No reservation is named", fix="Give its ID from agency engine spend, or --stale.")
    released = _spending(Path()).release(names, who, reason, stale=stale)
    click.echo(f"Released {len(released)}: {', '.join(released) or 'there was none'}.")
    return 0


@click.command()
@click.option("--judge", required=True, metavar="JUDGE", help="Whose labelled evaluations are the measure.")
@click.option("--context", type=click.IntRange(1), metavar="TOKENS", help="Window that one request needs.")
@click.option("--needs", multiple=True, type=click.Choice(_NEEDS), help="What it must be able to do; again for more.")
@click.option("--max-latency", type=click.FloatRange(0, min_open=True), metavar="SECONDS", help="95th percentile.")
@click.option("--least-labelled", type=click.IntRange(1), default=20, show_default=True, help="Labels to be measured.")
@click.option("--days", type=click.IntRange(1, 3650), default=90, show_default=True, help="That records count for.")
@click.option("--hour-cost", default="1.00", show_default=True, metavar="AMOUNT", help="Worth of an engine's hour.")
@_repo_option
@_json_option
def select(*, judge: str, days: int, hour_cost: str, repo: Path, as_json: bool, **needed: Any) -> int:
    """Choose an engine for JUDGE: what does not fit is out, then measured quality for what it costs.

    Quality is agreement with labels by people, rulings and programs; nothing that a model says of itself counts. Exit 0
    with a choice, 1 where nothing fits, or nothing that fits was measured.
    """
    from agent_agency.clock import SystemClock
    from agent_agency.errors import UsageError
    from agent_agency.inference.engine_file import load_engines
    from agent_agency.inference.pool.select import Need
    from agent_agency.inference.spend.money import micro_of
    from agent_agency.report.engine_pool import print_selection, selection_document
    from agent_agency.workflows.pool_select import SelectRequest, select_engine

    hour = micro_of(hour_cost)
    if hour is None:
        raise UsageError(f"{hour_cost[:40]!r} is no amount", fix="Write it as 1.50.")
    need = Need(needed["context"], needed["needs"], needed["max_latency"], None, needed["least_labelled"])
    found = select_engine(SelectRequest(judge, need, days, hour), repo, os.environ, SystemClock())
    if as_json:
        _print_json({"judge": judge, **selection_document(found)})
    else:
        from agent_agency.cli.console import make_console

        print_selection(found, load_engines(os.environ).spend.currency, make_console())
    return 0 if found.chosen is not None else NOTHING_CHOSEN


def _show_rollouts(role: str | None, *, as_json: bool) -> int:
    from agent_agency.report.engine_pool import print_rollouts, rollouts_document

    found = [one for one in _rolls().told() if role in {None, one.rollout.role}]
    if as_json:
        return _print_json({"rollouts": rollouts_document(found)})
    return _print(print_rollouts, found)


def _rolls() -> RollDesk:
    from agent_agency.clock import SystemClock
    from agent_agency.workflows.pool_roll import RollDesk

    return RollDesk(os.environ, SystemClock())


def _spending(repo: Path) -> SpendDesk:
    from agent_agency.clock import SystemClock
    from agent_agency.workflows.spend_desk import SpendDesk

    return SpendDesk(repo, os.environ, SystemClock())


def _print(show_it: Callable[[Any, Any], None], what: object) -> int:
    from agent_agency.cli.console import make_console

    show_it(what, make_console())
    return 0


def _print_json(members: dict[str, Any]) -> int:
    import json

    click.echo(json.dumps({"schema_version": SCHEMA_VERSION, **members}, indent=2))
    return 0
