"""``agency judge run``, ``list`` and ``show``: judge the records of a file, and look at the judges."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from agent_agency.cli.judge_options import labels_option, mode_option, no_cache_option, order_option

if TYPE_CHECKING:
    from agent_agency.store.database import Database
    from agent_agency.workflows.judge_run import BatchResult, BatchServices

EXIT_ERRORS = 1
EXIT_ENGINE = 2
EXIT_TIME = 3
_FILE = click.Path(path_type=Path)
_repo_option = click.option(
    "--repo", type=_FILE, default=Path(), metavar="DIR", help="Where to look for the repository. Default: here."
)
_json_option = click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")


@click.command()
@click.argument("judge")
@click.option("--input", "source", type=_FILE, required=True, metavar="FILE", help="Records, a JSON object per line.")
@click.option("--engine", metavar="ENGINE", help="What answers. Default: the engine with the role 'primary'.")
@click.option("--out", type=_FILE, metavar="FILE", help="Where outcomes go, a line per record; makes it resumable.")
@mode_option
@labels_option
@order_option
@click.option(
    "--workers", type=click.IntRange(1, 256), metavar="N", help="Calls at once. Default: the engine's own width."
)
@click.option("--limit-s", type=click.FloatRange(0), metavar="S", help="Begin no record after so many seconds.")
@click.option("--call-s", type=click.FloatRange(0.1), default=120.0, show_default=True, help="Seconds per call.")
@no_cache_option
@click.option("--blind", "names", multiple=True, metavar="NAME", help="An author's or agent's name to leave out.")
@_repo_option
@_json_option
def run(
    *,
    judge: str,
    source: Path,
    engine: str | None,
    out: Path | None,
    mode: Any,
    labels: Any,
    order: Any,
    workers: int | None,
    limit_s: float | None,
    call_s: float,
    no_cache: bool,
    names: tuple[str, ...],
    repo: Path,
    as_json: bool,
) -> int:
    """Ask the judge JUDGE about every record of a file.

    A record has 'output', and may have 'id', 'surface' (code or text), 'task', 'reference', 'claims' and 'facts'. Each
    record has exactly one outcome. The same command again asks only what was not settled. Answers are recorded as
    evaluations, see agency evaluations; what they are of is named by digest, not kept.

    Exit code: 0 each record was answered; 1 some could not be; 2 the engine failed again and again; 3 time
    was up, or what remote calls may cost is used up.
    """
    from agent_agency.cli.measured_hint import many_records, measure_before_long_work
    from agent_agency.judging.batch import Bounds
    from agent_agency.report.judge_run import batch_document, batch_lines
    from agent_agency.workflows.judge_run import BatchRequest, run_batch
    from agent_agency.workflows.judge_shelf import judge_at_hand
    from agent_agency.workflows.judge_ways import Way

    if many_records(source):
        judge_at_hand(_database(repo), judge)  # one that is not known is told before anything is measured
        measure_before_long_work(engine)
    way = Way(mode, order, labels)
    request = BatchRequest(judge, source, out, Bounds(workers, limit_s), names, call_s, way)
    result = run_batch(request, _services(engine, repo, reuse=not no_cache))
    if as_json:
        click.echo(json.dumps(batch_document(result, with_outcomes=out is None), indent=2))
    else:
        for line in batch_lines(result):
            click.echo(line)
    return _exit_code(result)


@click.command("list")
@_repo_option
@_json_option
def list_judges(*, repo: Path, as_json: bool) -> int:
    """List the judges, and which prompt each has."""
    from agent_agency.report.judge_run import judges_document, judges_rows
    from agent_agency.workflows.judge_shelf import judges_at_hand

    judges = judges_at_hand(_database(repo))
    if as_json:
        click.echo(json.dumps(judges_document(judges), indent=2))
        return 0
    from agent_agency.cli.gate_output import print_columns

    print_columns(judges_rows(judges))
    return 0


@click.command()
@click.argument("judge")
@_repo_option
@_json_option
def show(*, judge: str, repo: Path, as_json: bool) -> int:
    """Show the judge JUDGE: its rubric, and the prompt in use."""
    from agent_agency.report.judge_run import judge_document, judge_lines
    from agent_agency.workflows.judge_shelf import judge_at_hand

    found = judge_at_hand(_database(repo), judge)
    if as_json:
        click.echo(json.dumps(judge_document(found), indent=2))
        return 0
    for line in judge_lines(found):
        click.echo(line)
    return 0


def _database(repo: Path) -> Database:
    from agent_agency.workflows.learning_store import open_learning_store

    return open_learning_store(repo, os.environ)


def _services(engine: str | None, repo: Path, *, reuse: bool) -> BatchServices:
    from agent_agency.cli.chosen_engine import chosen_engine
    from agent_agency.clock import SystemClock
    from agent_agency.workflows.judge_run import BatchServices
    from agent_agency.workflows.kept_answers import fence_secret, kept_answers
    from agent_agency.workflows.mode_shelf import open_shelf

    asked, parameters = chosen_engine(engine)
    return BatchServices(
        engine=asked,
        parameters=parameters,
        database=_database(repo),
        clock=time.monotonic,
        now=SystemClock(),
        secret=fence_secret(os.environ),
        told=_tell,
        shelf=open_shelf(os.environ),
        cache=kept_answers(os.environ, _note) if reuse else None,
    )


def _tell(done: int, of: int) -> None:
    if done == of or done % 100 == 0:
        click.echo(f"{done} of {of} subjects", err=True)


def _note(sentence: str) -> None:
    click.echo(f"agency: {sentence}", err=True)


def _exit_code(result: BatchResult) -> int:
    reasons = result.by_reason
    if reasons.get("circuit"):
        return EXIT_ENGINE
    if reasons.get("deadline") or reasons.get("allowance"):
        return EXIT_TIME
    unanswered = result.by_status.get("error", 0) + result.by_status.get("not_run", 0)
    return EXIT_ERRORS if unanswered else 0
