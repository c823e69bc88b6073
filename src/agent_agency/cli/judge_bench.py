"""``agency judge bench``: measure recorded judges, each by itself and joined into panels."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent_agency.workflows.judge_bench import Bench

ITEMS = "items.jsonl"
PICTURES = (".svg", ".png")


def _models(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    named = tuple(tuple(part.strip() for part in value.split(",")) for value in values)
    if not all(part for models in named for part in models):
        raise click.BadParameter("give names of models, with commas between them")
    return named


@click.command()
@click.option(
    "--replay",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="Recorded answers, one JSON object a line, plain or gz.",
)
@click.option(
    "--items",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=f"The items with their labels. Default: {ITEMS} beside the recorded answers.",
)
@click.option(
    "--without",
    multiple=True,
    callback=_models,
    metavar="MODEL,MODEL",
    help="Measure panels without these models too; give it again for one more set of judges.",
)
@click.option("--no-panels", is_flag=True, help="Only the judges, which is quick.")
@click.option(
    "--repetitions", type=click.IntRange(1, 1000), default=20, show_default=True, help="Of the cross-validation."
)
@click.option("--folds", type=click.IntRange(2, 1000), default=10, show_default=True, help="Parts of the items.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Of the folds and the bootstrap.")
@click.option(
    "--prices",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="What judges cost, as TOML, for the cascade. Default: the shipped table.",
)
@click.option("--html", type=click.Path(path_type=Path), metavar="FILE", help="Write a page with tables and picture.")
@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE.svg|.png", help="Write the picture.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def bench(
    *,
    replay: Path,
    items: Path | None,
    without: tuple[tuple[str, ...], ...],
    no_panels: bool,
    repetitions: int,
    folds: int,
    seed: int,
    prices: Path | None,
    html: Path | None,
    picture: Path | None,
    as_json: bool,
) -> None:
    """Measure recorded judges: accuracy by subset, position bias, and panels made of them.

    Each judge answered about each item in both orders. Raw answers are read by our own parser, which never guesses a
    verdict; where only a winner is recorded and no raw answer, as for ratings, the winner counts.

    Panels are tested by repeated cross-validation in which everything is learned and chosen on the other folds, and by
    leaving out each subset in turn; the best single judge is chosen there too. A cascade asks cheap judges first and
    more only while they are not sure: its accuracy against its cost is a curve. Progress goes to standard error.
    """
    from agent_agency.judging.panels.prices import load_prices
    from agent_agency.workflows.judge_bench import bench_recorded
    from agent_agency.workflows.judge_bench_panels import Plan

    _check_targets(html, picture)
    plan = None if no_panels else Plan(repetitions, folds, seed, None if prices is None else load_prices(prices))
    measured = bench_recorded(replay.parent / ITEMS if items is None else items, replay, without, plan, _tell)
    _write(measured, html, picture)
    if as_json:
        from agent_agency.report.judge_bench import to_document

        click.echo(json.dumps(to_document(measured), indent=2, allow_nan=False))
        return
    from agent_agency.report.judge_bench import lines
    from agent_agency.report.text import no_command

    for line in lines(measured):
        click.echo(no_command(line))


def _check_targets(html: Path | None, picture: Path | None) -> None:
    """Refuse what could not be drawn or written before the long work, not after it."""
    from agent_agency.errors import FileUnwritableError, UsageError
    from agent_agency.extras import require

    if picture is not None and picture.suffix.lower() not in PICTURES:
        raise UsageError(f"{picture.name} is no name of a picture", fix=f"End it with {' or '.join(PICTURES)}.")
    for target in (html, picture):
        if target is None:
            continue
        require("matplotlib", extra="stats")
        if target.is_dir() or not target.parent.is_dir():
            raise FileUnwritableError(
                "The file could not be written", fix="Name a file in a folder that exists.", path=str(target)
            )


def _write(measured: Bench, html: Path | None, picture: Path | None) -> None:
    """Write both files, each whole or not at all."""
    from agent_agency.workflows.whole_file import write_whole

    if picture is not None:
        from agent_agency.report.judge_bench_picture import draw

        write_whole(picture, draw(measured, picture.suffix.lower().removeprefix(".")))
    if html is not None:
        from agent_agency.report.judge_bench_page import render as page

        write_whole(html, page(measured).encode())


def _tell(line: str) -> None:
    from agent_agency.report.text import clean

    click.echo(f"agency: {clean(line)}", err=True)
