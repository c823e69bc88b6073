"""``agency trend``: how judges do over time, and whether one got worse."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from agent_agency.learning.trends.series import Series

EXIT_TROUBLE = 1
_METRICS = ("accuracy", "abstention")
_KINDS = (".svg", ".png")

_repo_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Whose store is read. Default: the repository here, or else your own store.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_from_option = click.option(
    "--from",
    "file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Not from the store: JSON objects, one a line, with time, value, and maybe n, judge, metric.",
)
_lower_option = click.option("--lower-is-better", is_flag=True, help="With --from: smaller values are an improvement.")
_judge_option = click.option("--judge", metavar="JUDGE", help="Which judge.")
_metric_option = click.option("--metric", metavar="METRIC", help="From the store: accuracy (default) or abstention.")
_since_option = click.option("--since", metavar="DAY", help="Only from this day on, as 2026-01-31; from the store.")


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        _repo_option,
        _json_option,
        _since_option,
        _lower_option,
        _from_option,
        _metric_option,
        _judge_option,
    ):
        command = option(command)
    return command


@click.group(cls=WholeHelpGroup)
def trend() -> None:
    """Follow judges over time: from evaluations whose subjects have labels, day by day, or from a file."""


@trend.command()
@_common
@click.option("--version", default="", metavar="DIGEST", help="One version of the judge only; from the store.")
@click.option(
    "--least-change", type=click.FloatRange(0), default=0.02, show_default=True, help="Of interest from here."
)
@click.option("--picture", type=click.Path(path_type=Path), metavar="FILE", help="Draw it, as .svg or .png.")
def show(*, picture: Path | None, least_change: float, as_json: bool, **asked: Any) -> None:
    """Say whether a judge is improving, stable or declining.

    Improving or declining: the Mann-Kendall test finds a trend (p at most 0.05), and the Theil-Sen line moves by at
    least --least-change from the first point to the last. Insufficient: fewer than 8 points, or 4 moments. Stable: all
    else.
    """
    from agent_agency.learning.trends.trend import trend as judge_series
    from agent_agency.report import trends
    from agent_agency.workflows.trends import one_series

    if picture is not None and picture.suffix not in _KINDS:
        raise click.BadParameter("name a file that ends in .svg or .png", param_hint="--picture")
    metric = asked["metric"] if asked["file"] is not None else None
    found = judge_series(one_series(_series(**asked), asked["judge"], metric), least_change)
    if picture is not None:
        from agent_agency.report.trend_picture import draw
        from agent_agency.workflows.whole_file import write_whole

        write_whole(picture, draw(found, picture.suffix[1:]))
    _tell(trends.trend_document(found, least_change), trends.trend_lines(found, least_change), as_json=as_json)


@trend.command()
@_common
@click.option("--newest", type=click.IntRange(1, 1000), default=3, show_default=True, help="Points that are watched.")
@click.option("--reference", type=click.IntRange(1, 1000), default=14, show_default=True, help="Points before them.")
@click.option("--least-drop", type=click.FloatRange(0), default=0.05, show_default=True, help="Of interest from here.")
@click.option("--alpha", type=click.FloatRange(0, 0.5, min_open=True, max_open=True), default=0.01, show_default=True)
def alerts(*, newest: int, reference: int, least_drop: float, alpha: float, as_json: bool, **asked: Any) -> int:
    """Tell which judges got worse: by at least --least-drop, and by more than chance after Holm's correction.

    Degraded: the newest points are worse than those before. Declining: slowly, over the newest and twice --reference.

    Exit code: 0 none did; 1 at least one did.
    """
    from agent_agency.learning.trends.alerts import TROUBLE, Rule, watch
    from agent_agency.report import trends

    rule = Rule(newest, reference, least_drop, alpha)
    wanted = (asked["judge"], asked["metric"] if asked["file"] is not None else None)
    series = [one for one in _series(**asked) if wanted[0] in {None, one.judge} and wanted[1] in {None, one.metric}]
    found = watch(series, rule)
    _tell(trends.alerts_document(found, rule), trends.alerts_lines(found), as_json=as_json)
    return EXIT_TROUBLE if any(one.alarm in TROUBLE for one in found) else 0


def _series(
    *,
    file: Path | None,
    lower_is_better: bool,
    repo: Path,
    judge: str | None,
    metric: str | None,
    since: str | None,
    version: str = "",
) -> list[Series]:
    import os

    from agent_agency.workflows.learning_store import open_learning_store
    from agent_agency.workflows.trends import Kept, read_series

    if file is not None:
        if since or version:
            raise click.UsageError("--since and --version are about the store, --from is about a file; choose one.")
        return read_series(file, lower_is_better=lower_is_better)
    if metric not in {None, *_METRICS}:
        raise click.BadParameter(f"{metric!r} is none; there are {' and '.join(_METRICS)}", param_hint="--metric")
    if since is not None:
        _check_day(since)
    return Kept(open_learning_store(repo, os.environ), judge, metric or _METRICS[0], version, since or "").series()


def _check_day(text: str) -> None:
    from datetime import date

    try:
        if date.fromisoformat(text).isoformat() == text:
            return
    except ValueError:
        pass
    raise click.BadParameter(f"{text!r} is no day, as 2026-01-31", param_hint="--since")


def _tell(document: dict[str, Any], lines: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return
    from agent_agency.report.text import clean

    for line in lines:
        click.echo(clean(line))
