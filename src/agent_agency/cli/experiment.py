"""``agency experiment``: compare two arms honestly, and stop by rule."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.whole_help import WholeHelpGroup

if TYPE_CHECKING:
    from agent_agency.learning.experiments.model import Metric
    from agent_agency.learning.experiments.standing import Standing
    from agent_agency.workflows.experiments import Desk

_KINDS = ("mean", "proportion", "paired")
_TESTS = ("always-valid", "welch", "permutation", "newcombe", "mcnemar", "sign-flip")
_DIRECTIONS = ("higher", "lower")
_CODES = {"none_yet": 0, "adopt_treatment": 0, "keep_control": 1, "ask_a_person": 4}
_SALT_BYTES = 16
_ARMS = 2

_chance = click.FloatRange(0, 1, min_open=True, max_open=True)
_repo_option = click.option(
    "--repo",
    type=click.Path(path_type=Path),
    default=Path(),
    metavar="DIR",
    help="Whose store keeps it. Default: the repository here, or else your own store.",
)
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_file = click.Path(path_type=Path)


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    return _json_option(_repo_option(command))


@click.group(cls=WholeHelpGroup)
def experiment() -> None:
    """Compare two arms: assign units by hash, record what they show, and stop by rule.

    \b
    mean        a number per unit; arms are different units
    proportion  0 or 1 per unit; arms are different units
    paired      a number per unit and arm; every unit gets both
    """  # noqa: D301 - click's mark for lines that stay as they are


@experiment.command()
@click.argument("name")
@click.option("--metric", required=True, metavar="METRIC", help="What decides.")
@click.option("--type", "kind", type=click.Choice(_KINDS), required=True, help="What its values are.")
@click.option(
    "--least-effect", type=float, required=True, metavar="X", help="The least difference worth finding, in its units."
)
@click.option("--sd", type=float, metavar="X", help="Expected standard deviation (mean), or of differences (paired).")
@click.option("--baseline", type=float, metavar="P", help="Expected share of the control (proportion).")
@click.option("--discordant", type=float, metavar="P", help="Expected share at which one arm alone succeeds (paired).")
@click.option("--lower-is-better", is_flag=True, help="A smaller METRIC is an improvement.")
@click.option("--alpha", type=_chance, default=0.05, show_default=True, help="Chance of a false alarm.")
@click.option("--power", type=_chance, default=0.8, show_default=True, help="Chance to find the least effect.")
@click.option("--test", type=click.Choice(_TESTS), default="always-valid", show_default=True, help="How it is decided.")
@click.option(
    "--guardrail",
    "guardrails",
    multiple=True,
    metavar="METRIC:TYPE:BETTER:MARGIN",
    help="What must not get worse by more than MARGIN; BETTER is higher or lower. May be repeated.",
)
@click.option("--arms", default="control,treatment", show_default=True, metavar="A,B", help="Names, control first.")
@click.option("--shares", default="1:1", show_default=True, metavar="A:B", help="Shares of new units, whole numbers.")
@click.option("--salt", metavar="TEXT", help="What sets its assignment apart. Default: a new random one.")
@_common
def create(*, name: str, arms: str, shares: str, salt: str | None, as_json: bool, repo: Path, **asked: Any) -> None:
    """Plan an experiment called NAME: how many units it needs follows from the least effect worth finding.

    The always-valid test may be looked at after every observation: a mixture sequential probability ratio test with a
    normal mixture (Robbins 1970; Johari et al. 2022). The other tests are read once, at the planned n.
    """
    import secrets

    from agent_agency.learning.experiments.model import Kind, Method, Metric, Plan
    from agent_agency.report import experiments
    from agent_agency.workflows.experiments import Wanted

    plan = Plan(
        least_effect=asked["least_effect"],
        test=Method(asked["test"]),
        alpha=asked["alpha"],
        power=asked["power"],
        baseline=asked["baseline"],
        sd=asked["sd"],
        discordant=asked["discordant"],
    )
    metric = Metric(asked["metric"], Kind(asked["kind"]), asked["lower_is_better"])
    guardrails = tuple(_guardrail(text) for text in asked["guardrails"])
    wanted = Wanted(name, metric, plan, guardrails, _two_names(arms), _weights(shares))
    made = _desk(repo).create(wanted, salt or secrets.token_hex(_SALT_BYTES))
    _tell(experiments.created_document(made), experiments.created_lines(made), as_json=as_json)


@experiment.command()
@click.argument("name")
@click.argument("units", nargs=-1, metavar="[UNIT]...")
@click.option("--from", "file", type=_file, metavar="FILE", help="Names of units, one a line.")
@_common
def assign(*, name: str, units: tuple[str, ...], file: Path | None, as_json: bool, repo: Path) -> None:
    """Say which arm each UNIT belongs to; a unit keeps its arm for good, even when shares change."""
    from agent_agency.report import experiments
    from agent_agency.workflows.experiment_files import read_units

    named = [*units, *(read_units(file) if file is not None else ())]
    if not named:
        raise click.UsageError("Name at least one unit, or a file with --from.")
    assigned = _desk(repo).assign(name, named)
    lines = [f"{one.unit}\t{one.arm}" for one in assigned]
    _tell(experiments.assigned_document(name, assigned), lines, as_json=as_json)


@experiment.command()
@click.argument("name")
@click.option("--unit", metavar="UNIT", help="Whose value it is.")
@click.option("--metric", metavar="METRIC", help="What was measured. Default: the metric that decides.")
@click.option("--value", type=float, metavar="X", help="The value; leave it out where it is missing.")
@click.option("--arm", metavar="ARM", help="Needed where every unit gets both arms; elsewhere it is checked.")
@click.option("--from", "file", type=_file, metavar="FILE", help="JSON objects, one a line: unit, metric, value, arm.")
@click.option("--replace", "replace_values", is_flag=True, help="Let another value take the place of a recorded one.")
@_common
def record(*, name: str, file: Path | None, replace_values: bool, as_json: bool, repo: Path, **one: Any) -> None:
    """Record what units show, all or nothing; the experiment stops by itself where its rules say so.

    The same value again changes nothing. Whether it stopped is told with the answer; status gives the exit code for it.
    """
    from agent_agency.learning.experiments.desk import Given
    from agent_agency.report import experiments
    from agent_agency.workflows.experiment_files import read_observations

    desk = _desk(repo)
    if file is not None:
        if any(value is not None for value in one.values()):
            raise click.UsageError("Give either --from, or one observation by --unit and --value.")
        given = read_observations(file)
    elif one["unit"] is None or one["value"] is None:
        raise click.UsageError("Give --unit and --value, or a file with --from.")
    else:
        metric = one["metric"] or desk.status(name).experiment.metric.name
        given = [Given(one["unit"], metric, one["value"], one["arm"])]
    done = desk.record(name, given, replace_values=replace_values)
    _tell(experiments.recorded_document(done), experiments.recorded_lines(done), as_json=as_json)


@experiment.command()
@click.argument("name")
@_common
def status(*, name: str, as_json: bool, repo: Path) -> int:
    """Say where NAME stands, what it shows, and what to do next.

    Exit code: 0 it runs, or the treatment is to be adopted; 1 the control is to be kept; 4 a person must decide.
    """
    return _tell_standing(_desk(repo).status(name), as_json=as_json)


@experiment.command()
@click.argument("name")
@_common
def stop(*, name: str, as_json: bool, repo: Path) -> None:
    """Stop NAME by hand, for good; what nothing has shown, a person must decide then."""
    _tell_standing(_desk(repo).stop(name), as_json=as_json)


@experiment.command()
@click.argument("name")
@click.argument("shares", metavar="A:B")
@_common
def shares(*, name: str, shares: str, as_json: bool, repo: Path) -> None:
    """Change the shares of units that are still to come; those assigned already stay where they are."""
    from agent_agency.report import experiments

    changed = _desk(repo).set_weights(name, _weights(shares))
    lines = [
        f"{name}: new units go {changed.weights[0]}:{changed.weights[1]} to {changed.control}, {changed.treatment}"
    ]
    _tell(experiments.created_document(changed), lines, as_json=as_json)


@experiment.command("list")
@_common
def list_(*, as_json: bool, repo: Path) -> None:
    """List experiments, the newest first."""
    from agent_agency.report import experiments

    every = _desk(repo).every()
    _tell(experiments.list_document(every), experiments.list_lines(every), as_json=as_json)


def _desk(repo: Path) -> Desk:
    import os

    from agent_agency.clock import SystemClock
    from agent_agency.workflows.experiments import Desk
    from agent_agency.workflows.learning_store import open_learning_store

    return Desk(open_learning_store(repo, os.environ), SystemClock())


def _guardrail(text: str) -> Metric:
    from agent_agency.learning.experiments.model import Kind, Metric

    parts = text.rsplit(":", 3)
    try:
        name, kind, better, margin = parts
        return Metric(name, Kind(kind), _DIRECTIONS.index(better) == 1, float(margin))
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no METRIC:TYPE:BETTER:MARGIN, as latency_s:mean:lower:0.5", param_hint="--guardrail"
        ) from None


def _two_names(text: str) -> tuple[str, str]:
    names = [name.strip() for name in text.split(",")]
    if len(names) != _ARMS:
        raise click.BadParameter("give two names with a comma between them", param_hint="--arms")
    return names[0], names[1]


def _weights(text: str) -> tuple[int, int]:
    control, colon, treatment = text.partition(":")
    if not (colon and control.isascii() and control.isdigit() and treatment.isascii() and treatment.isdigit()):
        raise click.BadParameter(f"{text!r} is no pair of whole numbers, as 1:1", param_hint="shares")
    return int(control[:9]), int(treatment[:9])


def _tell_standing(standing: Standing, *, as_json: bool) -> int:
    from agent_agency.report import experiments

    _tell(experiments.standing_document(standing), experiments.standing_lines(standing), as_json=as_json)
    return _CODES[standing.decision]


def _tell(document: dict[str, Any], lines: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return
    from agent_agency.report.text import clean

    for line in lines:
        click.echo(clean(line) if "\t" not in line else line)
