"""``agency optimize``: a better prompt for a judge, found by search over labelled examples; and the validation run."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.whole_help import WholeHelpGroup
from agent_agency.errors import UsageError

if TYPE_CHECKING:
    from agent_agency.learning.optimise.task import Plan, Trial
    from agent_agency.workflows.optimise_one import Order

SCHEMA_VERSION = 1
NO_OP = 1
VALIDATE = "validate"
REPORT = "optimisation.html"
_ASKED = click.IntRange(min=1)


class JudgeGroup(WholeHelpGroup):
    """A group with a command for each judge, and one for all."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name the judges, then the validation run."""
        from agent_agency.judging.rubric import JUDGES

        return [*JUDGES, VALIDATE]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of one judge, or the validation run."""
        if cmd_name == VALIDATE:
            return super().get_command(ctx, cmd_name)
        return _judge_command(cmd_name) if cmd_name in self.list_commands(ctx) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Resolve a judge's name; an unknown one is answered with those that there are."""
        if args and not args[0].startswith("-") and args[0] not in self.list_commands(ctx):
            from agent_agency.judging.shipped import nearest_judge

            raise UsageError(f"There is no judge {args[0]!r}", fix=nearest_judge(args[0], self.list_commands(ctx)))
        return super().resolve_command(ctx, args)


@click.group(cls=JudgeGroup, subcommand_metavar="JUDGE|validate [OPTIONS]")
def optimize() -> None:
    """Look for a better prompt for a judge over labelled examples, and prove it on a sealed test.

    What is found is registered and never activated: see agency prompt. Calls are kept as they are answered, so a run
    that was stopped goes on where it was when the same command is given again.
    """


def _search_options(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--engine", "engine", metavar="NAME", default="", help="The engine or role that answers."),
        click.option("--reflector", metavar="NAME", default="", help="The engine that words instructions."),
        click.option("--trials", type=_ASKED, default=50, show_default=True, help="Candidates to try out."),
        click.option("--candidates", type=_ASKED, default=5, show_default=True, help="Sets and wordings to choose of."),
        click.option("--demonstrations", type=_ASKED, default=8, show_default=True, help="The most in a prompt."),
        click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of all that is drawn."),
        click.option("--threads", type=_ASKED, default=1, show_default=True, help="Calls at a time."),
        click.option("--budget", type=_ASKED, metavar="CALLS", help="Calls that may be made; kept ones cost nothing."),
        click.option("--budget-tokens", type=_ASKED, metavar="TOKENS", help="Tokens of prompts and answers likewise."),
        click.option("--limit-s", type=click.FloatRange(min=0, min_open=True), metavar="S", help="Seconds likewise."),
        click.option("--json", "as_json", is_flag=True, help="Write one JSON document."),
    )[::-1]:
        command = option(command)
    return command


def _judge_command(judge: str) -> click.Command:
    @click.command(judge, help=_HELP.format(judge=judge), short_help=f"Look for a better prompt for {judge}.")
    @click.option("--optimizer", type=click.Choice(["mipro", "gepa"]), default="mipro", show_default=True)
    @click.option("--no-test", is_flag=True, help="Leave the sealed test closed.")
    @_search_options
    def one(*, optimizer: str, no_test: bool, as_json: bool, **asked: Any) -> int:
        from agent_agency.clock import SystemClock
        from agent_agency.inference.choose import close_engine
        from agent_agency.workflows.optimise_one import run_order, workbench

        order = _order(judge, optimizer, asked, open_test=not no_test)
        bench = workbench(order, SystemClock())
        for engine in {id(each): each for each in (bench.engine, bench.reflector)}.values():
            click.get_current_context().call_on_close(partial(close_engine, engine))
        tell = _progress(order.plan)
        result = run_order(order, bench, lambda trial: tell(judge, trial))
        document = {
            "schema_version": SCHEMA_VERSION,
            "engine": bench.engine.name,
            "language_model": bench.engine.capabilities().language_model,
            "judge": judge,
            "result": result,
        }
        _show(document, "print_one", as_json=as_json)
        return NO_OP if result["status"] == "no_op" else 0

    return one


_HELP = """Look for a better prompt for {judge}, register it, and compare it with the shipped one.

The search scores candidates on dev; what it found is then compared with the shipped prompt and its hand-picked
demonstrations on dev, and once on the sealed test, whose every use is counted.

Exit code: 0 a better prompt was registered; 1 nothing better was found (no_op); 2 it could not run; 3 a budget was
used up, what was answered so far is kept; 130 interrupted, likewise.
"""


@optimize.command(VALIDATE)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=REPORT, show_default=True)
@click.option("--processes", type=_ASKED, help="Judges at a time. Default: one per core on offline, else 1.")
@_search_options
def validate(*, out: Path, processes: int | None, as_json: bool, **asked: Any) -> int:
    """Optimise all five judges, prove the gains, and write a report: the whole loop in one command.

    For each judge baseline evaluations are recorded, MIPROv2 searches, what it found is registered and compared with
    the baseline on the sealed test; p-values are corrected by Holm. Budgets and time are shared out evenly.

    Exit code: 0 done, whatever came out; 1 no judge's prompt changed; 2 it could not run; 3 a budget was used up.
    """
    import time

    from agent_agency.judging.rubric import JUDGES
    from agent_agency.report.optimise_html import render
    from agent_agency.workflows.optimise_validate import validate as run
    from agent_agency.workflows.whole_file import refuse_unwritable, write_whole

    refuse_unwritable(out.absolute())
    asked["engine"] = asked["engine"] or "offline"
    for name in ("budget", "budget_tokens"):
        asked[name] = asked[name] and max(1, asked[name] // len(JUDGES))
    at_a_time = min(len(JUDGES), processes or ((os.cpu_count() or 1) if asked["engine"] == "offline" else 1))
    asked["limit_s"] = asked["limit_s"] and asked["limit_s"] * at_a_time / len(JUDGES)
    orders = [_order(judge, "mipro", asked) for judge in JUDGES]
    document = run(orders, at_a_time, _progress(orders[0].plan), time.monotonic)
    document["report"] = str(out.absolute())
    write_whole(out.absolute(), render(document).encode(), parents=True)
    _show(document, "print_validation", as_json=as_json)
    return NO_OP if all(one["status"] == "no_op" for one in document["judges"].values()) else 0


def _order(judge: str, optimizer: str, asked: dict[str, Any], *, open_test: bool = True) -> Order:
    from agent_agency.learning.optimise.limits import Limits
    from agent_agency.learning.optimise.task import Plan
    from agent_agency.workflows.optimise_one import Order

    plan = Plan(
        optimizer="gepa" if optimizer == "gepa" else "mipro",
        trials=asked["trials"],
        candidates=asked["candidates"],
        seed=asked["seed"],
        demonstrations=asked["demonstrations"],
        threads=asked["threads"],
    )
    limits = Limits(asked["budget"], asked["budget_tokens"], asked["limit_s"])
    return Order(
        judge=judge,
        plan=plan,
        limits=limits,
        engine=asked["engine"],
        reflector=asked["reflector"],
        folder=Path.cwd(),
        environment=dict(os.environ),
        open_test=open_test,
    )


def _progress(plan: Plan) -> Callable[[str, Trial], None]:
    """Tell each trial on the standard error of now: while DSPy works, its own output leads nowhere."""
    from agent_agency.report.optimise import progress_line

    stream = sys.stderr

    def tell(judge: str, trial: Trial) -> None:
        click.echo(progress_line(judge, trial, plan.trials), file=stream)

    return tell


def _show(document: dict[str, Any], printer: str, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    from agent_agency.cli.console import make_console
    from agent_agency.report import optimise as report

    getattr(report, printer)(make_console(), document)
