"""``agency panel``: make one judge of many, from what they said of items whose answer is known."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from agent_agency.cli.whole_help import WholeHelpGroup

_METHODS = ("majority", "weighted", "dawid-skene", "calibrated")

_items_option = click.option(
    "--items", type=click.Path(path_type=Path), required=True, metavar="FILE", help="Items, one JSON object a line."
)
_judgments_option = click.option(
    "--judgments",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Judgements, one JSON object a line, plain or gz.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_abstain_option = click.option(
    "--abstain-below",
    type=click.FloatRange(0.5, 1.0),
    metavar="P",
    help="Abstain where the likelier output has a probability below P.",
)


def _files(command: Callable[..., Any]) -> Callable[..., Any]:
    return _items_option(_judgments_option(command))


def _models(_: click.Context, __: click.Parameter, value: str | None) -> tuple[str, ...]:
    named = tuple(part.strip() for part in (value or "").split(",")) if value is not None else ()
    if value is not None and not all(named):
        raise click.BadParameter("give names of models, with commas between them")
    return tuple(dict.fromkeys(named))


_without_option = click.option(
    "--without",
    callback=_models,
    metavar="MODEL,MODEL",
    help="Leave out every judge of these models: the part of its name before the slash, letter for letter.",
)


@click.group(cls=WholeHelpGroup)
def panel() -> None:
    """Make one judge of many: fit a panel on recorded judgements, and score it on others.

    An item has item, subset and label ("1" or "2": the better output). A judgement has item, judge (MODEL/STRATEGY),
    order ("12" or "21": which output was shown first), completion (the raw answer) and winner, which counts where
    completion is null. A judge's two orders make one signal, so that a preference for a place cancels out.
    """


@panel.command()
@_files
@click.option("--method", type=click.Choice(_METHODS), required=True, help="How votes become a verdict.")
@_without_option
@_abstain_option
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="PANEL", help="The file to write.")
@_json_option
def fit(
    *,
    items: Path,
    judgments: Path,
    method: str,
    without: tuple[str, ...],
    abstain_below: float | None,
    out: Path,
    as_json: bool,
) -> None:
    """Fit a panel and write it to PANEL; the same data and method give the same bytes.

    \b
    majority     every answer counts alike; no labels needed
    weighted     a judge counts by the log-odds of its accuracy
    dawid-skene  reliability by expectation-maximisation; no labels needed
    calibrated   models' reliability from labels, chosen for what transfers

    Without --abstain-below, a panel abstains on ties alone.
    """  # noqa: D301 - click's mark for lines that stay as they are
    from agent_agency.report import panels
    from agent_agency.workflows.panel import fit_file

    made = fit_file(items, judgments, method, out, without, 0.5 if abstain_below is None else abstain_below)
    _tell(panels.fitted_document(made, out), panels.fitted_lines(made, out), as_json=as_json)


@panel.command()
@click.option(
    "--panel", "file", type=click.Path(path_type=Path), required=True, metavar="PANEL", help="A fitted panel."
)
@_files
@_abstain_option
@_json_option
def score(*, file: Path, items: Path, judgments: Path, abstain_below: float | None, as_json: bool) -> None:
    """Score a panel on labelled items: accuracy with Wilson's interval, overall and by subset.

    Judgements of other judges, and of other items, are ignored and counted. Judges of the panel that are absent are
    silent. An item that the panel leaves undecided counts one half.
    """
    from agent_agency.report import panels
    from agent_agency.workflows.panel import score_file

    scored = score_file(file, items, judgments, abstain_below)
    _tell(panels.scored_document(scored), panels.scored_lines(scored), as_json=as_json)


@panel.command()
@_files
@_without_option
@click.option(
    "--prices",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Prices of models and answers of strategies, in TOML. Default: a shipped table of assumptions.",
)
@click.option(
    "--budget",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.2,
    metavar="SHARE",
    help="The share of the whole panel's cost to keep within. Default: 0.2.",
)
@click.option("--out", type=click.Path(path_type=Path), metavar="PANEL", help="Write the chosen cascade as a panel.")
@_json_option
def cascade(
    *,
    items: Path,
    judgments: Path,
    without: tuple[str, ...],
    prices: Path | None,
    budget: float,
    out: Path | None,
    as_json: bool,
) -> None:
    """Measure what is lost by asking cheap judges first, and more of them only while their panel is not sure.

    Every figure is of items that nothing was fitted on, over 5 times 10 folds. The curve has the rules that no cheaper
    rule equals: the last stage that an item may reach, and how sure a stage's panel must be to stop before. Costs are
    shares of asking every judge about every item. A cascade that is written is fitted on every item; score and show
    take it as they take other panels.
    """
    from agent_agency.report import panels
    from agent_agency.workflows.panel import measure_cascade

    found = measure_cascade(items, judgments, prices, without, budget, out)
    _tell(panels.cascade_document(found), panels.cascade_lines(found), as_json=as_json)


@panel.command()
@click.option(
    "--panel", "file", type=click.Path(path_type=Path), required=True, metavar="PANEL", help="A fitted panel."
)
@_json_option
def show(*, file: Path, as_json: bool) -> None:
    """Show what a panel was made of, and how much each of its parts counts."""
    from agent_agency.judging.panels.panel_file import load_panel
    from agent_agency.report import panels

    found = load_panel(file)
    _tell(found.document(), panels.shown_lines(found), as_json=as_json)


def _tell(document: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    """Print the document, or the lines cleaned of what a terminal would obey."""
    if as_json:
        click.echo(json.dumps(document, indent=2, allow_nan=False))
        return
    from agent_agency.report.text import clean

    for line in lines:
        click.echo(clean(line))
