"""``agency judge modes`` and ``calibrate``: what faster modes of a judge are worth, and labels set right."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.judge_options import labels_option, order_option

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_CHANGES = 1
_FILE = click.Path(path_type=Path)
_engine_option = click.option(
    "--engine", metavar="ENGINE", help="What answers. Default: the engine with the role 'primary'."
)
_data_option = click.option(
    "--data",
    "source",
    type=_FILE,
    metavar="FILE",
    help="Records as for agency judge run, with 'verdict' where it is known. Default: the shipped items, split dev.",
)
_items_option = click.option("--items", type=click.IntRange(1), metavar="N", help="N of the items only.")
_workers_option = click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="Calls at once. Default: the engine's own width."
)
_call_option = click.option(
    "--call-s", type=click.FloatRange(0.1), default=120.0, show_default=True, help="Seconds per call."
)
_repo_option = click.option(
    "--repo", type=_FILE, default=Path(), metavar="DIR", help="Where to look for the repository. Default: here."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")


@click.command()
@click.argument("judge")
@_engine_option
@_data_option
@_items_option
@click.option(
    "--mode",
    "modes_",
    type=click.Choice(["short", "label", "cascade"]),
    multiple=True,
    help="A mode to hold against whole answers; give it again for another. Default: label and short.",
)
@labels_option
@order_option
@_workers_option
@_call_option
@_repo_option
@_json_option
def modes(
    *,
    judge: str,
    engine: str | None,
    source: Path | None,
    items: int | None,
    modes_: tuple[Any, ...],
    labels: Any,
    order: Any,
    workers: int | None,
    call_s: float,
    repo: Path,
    as_json: bool,
) -> int:
    """Ask the judge JUDGE about the same items in each mode: how far do faster modes say the same?

    Each mode is held against whole answers of the same model (agreement with Wilson's interval, Cohen's kappa), and
    against labels where there are any. What is found is kept, and agency judge run --mode tells it from then on.

    Exit code: 0 every mode agrees often enough; 1 one changes verdicts or could not be measured.
    """
    from agent_agency.report.judge_modes import modes_document, modes_end, modes_head, modes_table
    from agent_agency.workflows.judge_modes import ModesRequest, ModesServices, measure_modes
    from agent_agency.workflows.judge_ways import Way

    asked = (*(modes_ or ("label", "short")), "full")
    request = ModesRequest(judge, asked, Way("full", order, labels), source, items, workers, call_s)
    found = measure_modes(request, ModesServices(**_outside(engine, repo)))
    if as_json:
        click.echo(json.dumps(modes_document(found), indent=2, allow_nan=False))
    else:
        from agent_agency.cli.console import make_console

        console = make_console()
        for line in modes_head(found):
            click.echo(line)
        console.print(modes_table(found))
        for line in modes_end(found):
            click.echo(line)
    against = [found.against_full(one.mode) for one in found.rows if one.mode != "full"]
    return EXIT_CHANGES if any(one is None or one.standing == "changes verdicts" for one in against) else 0


@click.command()
@click.argument("judge")
@_engine_option
@_data_option
@_items_option
@click.option(
    "--method",
    type=click.Choice(["fitted", "prior"]),
    default="fitted",
    show_default=True,
    help="Fit to true verdicts, or take out what the model says of everything, which needs none.",
)
@click.option(
    "--agreement",
    type=click.FloatRange(0.5, 0.999),
    default=0.9,
    show_default=True,
    help="With whole answers, for which the limits of --mode cascade are chosen.",
)
@click.option("--no-limits", is_flag=True, help="Choose no limits, which saves asking for whole answers.")
@labels_option
@order_option
@_workers_option
@_call_option
@_repo_option
@_json_option
def calibrate(
    *,
    judge: str,
    engine: str | None,
    source: Path | None,
    items: int | None,
    method: Any,
    agreement: float,
    no_limits: bool,
    labels: Any,
    order: Any,
    workers: int | None,
    call_s: float,
    repo: Path,
    as_json: bool,
) -> int:
    """Calibrate the labels of the judge JUDGE, for --mode label and --mode cascade.

    One temperature and a bias for each label are fitted on half of the items, never on the sealed test; the other half
    says how good they are, and chooses the limits. The calibration is kept for just this version of the judge and
    becomes a part of the version that uses it.
    """
    from agent_agency.report.judge_modes import calibrated_document, calibrated_lines
    from agent_agency.workflows.judge_calibrate import CalibrateRequest, CalibrateServices
    from agent_agency.workflows.judge_calibrate import calibrate as run
    from agent_agency.workflows.judge_ways import Way
    from agent_agency.workflows.kept_answers import kept_answers

    wanted = None if no_limits else agreement
    way = Way("label", order, labels)
    request = CalibrateRequest(judge, method, way, source, items, wanted, workers, call_s)
    found = run(request, CalibrateServices(**_outside(engine, repo), cache=kept_answers(os.environ)))
    if as_json:
        click.echo(json.dumps(calibrated_document(found), indent=2, allow_nan=False))
    else:
        for line in calibrated_lines(found):
            click.echo(line)
    return 0


def _outside(engine: str | None, repo: Path) -> dict[str, Any]:
    """What both commands need from outside."""
    from agent_agency.cli.chosen_engine import chosen_engine
    from agent_agency.clock import SystemClock
    from agent_agency.workflows.kept_answers import fence_secret
    from agent_agency.workflows.learning_store import open_learning_store
    from agent_agency.workflows.mode_shelf import open_shelf

    asked, parameters = chosen_engine(engine)
    tell: Callable[[str, int, int], None] = _tell
    return {
        "engine": asked,
        "parameters": parameters,
        "database": open_learning_store(repo, os.environ),
        "clock": time.monotonic,
        "now": SystemClock(),
        "secret": fence_secret(os.environ),
        "shelf": open_shelf(os.environ),
        "tell": tell,
    }


def _tell(what: str, done: int, of: int) -> None:
    if done == of or done % 50 == 0:
        click.echo(f"{what}: {done} of {of}", err=True)
