"""``agency judge best``: which of several pieces of work is the best one?"""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

EXIT_NONE = 1
_FILE = click.Path(path_type=Path)


@click.command()
@click.argument("judge")
@click.option("--input", "source", type=_FILE, required=True, metavar="FILE", help="Records, a JSON object per line.")
@click.option("--engine", metavar="ENGINE", help="What answers. Default: the engine with the role 'primary'.")
@click.option("--call-s", type=click.FloatRange(0.1), default=120.0, show_default=True, help="Seconds per call.")
@click.option("--blind", "names", multiple=True, metavar="NAME", help="An author's or agent's name to leave out.")
@click.option("--repo", type=_FILE, default=Path(), metavar="DIR", help="Where to look for the repository.")
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document.")
def best(
    *,
    judge: str,
    source: Path,
    engine: str | None,
    call_s: float,
    names: tuple[str, ...],
    repo: Path,
    as_json: bool,
) -> int:
    """Compare every two records of a file, and name the one that beats every other.

    Each pair is asked about in both orders, and only a choice that both orders make counts. Records are as for agency
    judge run. A tie, a disagreement or a circle leaves no best one; none is made up by counting wins.

    Exit code: 0 there is a best one; 1 there is none.
    """
    from agent_agency.cli.chosen_engine import chosen_engine
    from agent_agency.clock import SystemClock
    from agent_agency.report.judge_best import best_document, best_lines
    from agent_agency.workflows.judge_best import BestRequest, BestServices, run_best
    from agent_agency.workflows.kept_answers import fence_secret, kept_answers
    from agent_agency.workflows.learning_store import open_learning_store

    asked, parameters = chosen_engine(engine)
    services = BestServices(
        engine=asked,
        parameters=parameters,
        database=open_learning_store(repo, os.environ),
        clock=SystemClock(),
        secret=fence_secret(os.environ),
        told=lambda done, of: click.echo(f"{done} of {of} pairs", err=True),
        cache=kept_answers(os.environ),
    )
    result = run_best(BestRequest(judge, source, names, call_s), services)
    if as_json:
        click.echo(json.dumps(best_document(result), indent=2))
    else:
        for line in best_lines(result):
            click.echo(line)
    return EXIT_NONE if result.best.winner is None else 0
