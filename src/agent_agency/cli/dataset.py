"""``agency dataset``: the labelled examples that judges are improved and measured by."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click

from agent_agency.cli.whole_help import WholeHelpGroup

_JUDGES = ("relevance", "faithfulness", "minimality", "safety", "rubric")
_SPLITS = ("train", "dev", "test")
_DIFFERS = 1
_json_option = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_sample_option = click.option("--sample", type=click.IntRange(min=1), metavar="K", help="Only K of the programs.")


@click.group(cls=WholeHelpGroup)
def dataset() -> None:
    """Show, make and prove the labelled examples that judges are improved and measured by.

    Small programs were changed by seeded generators: right and wrong fixes, weakened tests, left scopes, over-long
    changes, false claims, unsafe calls. Each label is computed from what running the tests and measuring the diff gave.
    No program is in two splits; the labels of the test are sealed, and every use of them is counted.
    """


@dataset.command()
@click.option("--judge", type=click.Choice(_JUDGES), help="Only this judge.")
@click.option("--split", type=click.Choice(_SPLITS), help="Only this split.")
@_json_option
def show(*, judge: str | None, split: str | None, as_json: bool) -> None:
    """Show what the shipped set holds: counts, balance, digests, uses of the sealed test.

    "constant judge" is the accuracy of a judge that always gives the most frequent verdict.
    """
    from agent_agency.report.dataset import shown_document, shown_lines
    from agent_agency.workflows.dataset import shown
    from agent_agency.workflows.learning_store import open_learning_store

    found = shown(open_learning_store(Path.cwd(), os.environ))
    judges, splits = (judge,) if judge else _JUDGES, (split,) if split else _SPLITS
    _say(as_json, shown_document(found, judges, splits), shown_lines(found, judges, splits))


@dataset.command()
@click.option("--out", type=click.Path(path_type=Path), required=True, metavar="DIR", help="A new or empty folder.")
@click.option("--seed", type=int, metavar="N", help="Of all that is left to chance. Default: the shipped set's.")
@_sample_option
@_json_option
def make(*, out: Path, seed: int | None, sample: int | None, as_json: bool) -> None:
    """Make a training set in DIR; the same seed gives the same examples on any machine.

    All programs take a few minutes of one core.
    """
    from agent_agency.report.dataset import made_document, made_lines
    from agent_agency.workflows.dataset import SHIPPED_SEED, make_dataset, sandboxed

    used = SHIPPED_SEED if seed is None else seed
    made = make_dataset(out, seed=used, sample=sample, runner=sandboxed(), told=_progress)
    _say(as_json, made_document(made), made_lines(made))


@dataset.command()
@_sample_option
@_json_option
def verify(*, sample: int | None, as_json: bool) -> int:
    """Prove the shipped labels again: make the examples anew, run their tests, compare.

    The sealed labels are compared by their digests and not opened. Exit code: 0 when all are the same, 1 otherwise.
    """
    from agent_agency.report.dataset import verified_document, verified_lines
    from agent_agency.workflows.dataset import sandboxed, verify_dataset

    found = verify_dataset(sample=sample, runner=sandboxed(), told=_progress)
    _say(as_json, verified_document(found), verified_lines(found))
    return _DIFFERS if found.different else 0


def _say(as_json: bool, document: dict[str, Any], lines: Iterable[str]) -> None:  # noqa: FBT001 - as it was asked
    click.echo(json.dumps(document, ensure_ascii=False, indent=2) if as_json else "\n".join(lines))


def _progress(program: str, done: int, of: int) -> None:
    if sys.stderr.isatty():
        click.echo(f"{done}/{of} {program}", err=True)
