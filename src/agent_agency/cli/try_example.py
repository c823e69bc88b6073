"""``agency try``: see it work on a bundled example."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from agent_agency.workflows.example import ReviewedBranch

_TRIES = 50
_PAUSE_S = 0.02


@click.command("try")
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Make the example there, in a new or empty folder. Default: a temporary folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Write one JSON document instead of the table.")
def try_example(*, keep: Path | None, as_json: bool) -> int:
    """Make a small git repository with four branches, review each, and show what the arbiter says.

    Needs no network, and touches nothing outside its folder. Exit code: 0 when every review ran.
    """
    from agent_agency.cli.services import machine_services, throw_away_arbiter
    from agent_agency.report.html import render_index
    from agent_agency.report.json_document import to_document
    from agent_agency.workflows.example import review_example
    from agent_agency.workflows.whole_file import write_whole

    around = keep or Path(tempfile.mkdtemp(prefix="agency-try-"))
    with _emptied_on_failure(around):
        folder = (keep or around / "tally").absolute()
        key = throw_away_arbiter()
        reviewed = list(review_example(folder, machine_services(arbiter=lambda: key)))
        page = folder / ".git" / "agency" / "try.html" if keep else around / f"{folder.name}-rulings.html"
        write_whole(page, render_index([(row.branch.name, row.ruling) for row in reviewed]).encode())
    if as_json:
        import json

        rulings = [{"branch": row.branch.name, "ruling": to_document(row.ruling)} for row in reviewed]
        document = {"schema_version": 1, "repository": str(folder), "report": str(page), "reviews": rulings}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return 0
    _show(reviewed, folder, page)
    return 0


@contextlib.contextmanager
def _emptied_on_failure(folder: Path) -> Iterator[None]:
    """Take away what was made in a folder that was absent or empty, when it could not be finished."""
    try:
        empty = not folder.is_symlink() and (not folder.exists() or not any(folder.iterdir()))
    except OSError:
        empty = False
    try:
        yield
    except BaseException:
        if empty:
            _remove(folder)
        raise


def _remove(folder: Path) -> None:
    """Take a folder away; a git that was just started, and not yet known to us, may be writing to it for a moment."""
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not folder.exists():
            time.sleep(_PAUSE_S)
            if not folder.exists():
                return


def _show(reviewed: Sequence[ReviewedBranch], folder: Path, page: Path) -> None:
    from agent_agency.cli.console import make_console
    from agent_agency.report.try_table import TryRow, render

    decisions = [(row.branch, row.ruling.decision) for row in reviewed]
    rows = [TryRow(branch.name, branch.does, made.verdict, made.reasons[0]) for branch, made in decisions]
    render(rows, make_console())
    click.echo(f"\nThe example repository:  {folder}")
    click.echo(f"The rulings as a page:   {page}")
    click.echo(f"\nLook closer:  agency review --repo {shlex.quote(str(folder))} --base main --head leaves-scope")
