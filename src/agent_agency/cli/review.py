"""``agency review``: is this change inside its working spec?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent_agency.arbitration.ruling import Ruling

FORMATS = ("text", "json", "sarif", "junit", "markdown", "html", "github")


def _forms_and_files(_: click.Context, __: click.Parameter, values: tuple[str, ...]) -> list[tuple[str, Path]]:
    """Take each ``FORMAT=FILE`` apart."""
    pairs = [value.partition("=") for value in values]
    for form, _sign, file in pairs:
        if form not in FORMATS or not file:
            raise click.BadParameter(f"give FORMAT=FILE, with FORMAT one of {', '.join(FORMATS)}")
    return [(form, Path(file)) for form, _sign, file in pairs]


@click.command()
@click.option("--base", metavar="REF", help="The law is read from its tip. Default: the upstream or default branch.")
@click.option("--head", metavar="REF", help="What is reviewed. Default: the working tree, untracked files included.")
@click.option("--staged", is_flag=True, help="Review what is staged instead of the working tree.")
@click.option("--spec", "spec_id", metavar="ID", help="The working spec that governs.")
@click.option(
    "--branch",
    metavar="NAME",
    help="The name of the change's branch, where a CI job stands on none; may hold a spec's id.",
)
@click.option("--format", "form", type=click.Choice(FORMATS), default="text", help="How the ruling is written.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--out", type=click.Path(path_type=Path), metavar="FILE", help="Write there, not to standard output.")
@click.option(
    "--also",
    callback=_forms_and_files,
    multiple=True,
    metavar="FORMAT=FILE",
    help="Write the same ruling there as well; may be given several times.",
)
@click.option("--no-cache", is_flag=True, help="Measure every gate anew; reuse no earlier result.")
@click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Where to look for the repository."
)
def review(
    *,
    base: str | None,
    head: str | None,
    staged: bool,
    spec_id: str | None,
    branch: str | None,
    form: str,
    as_json: bool,
    out: Path | None,
    also: list[tuple[str, Path]],
    no_cache: bool,
    repo: Path,
) -> int:
    """Is this change inside its working spec? Says why, and what would mend it.

    Exit code: 0 approved or waived; 1 rejected, or conditional and the author can mend it; 2 could not run;
    4 a person must decide.
    """
    from agent_agency.cli.services import machine_services

    services = machine_services(repo, reuse=not no_cache)
    from agent_agency.workflows.record import UnrecordedRulingError
    from agent_agency.workflows.review import review as run_review
    from agent_agency.workflows.subject import ReviewRequest

    request = ReviewRequest(repo, base, head, staged, spec_id, branch)
    form = "json" if as_json else form
    outputs = ((form, out), *also)
    try:
        ruling = run_review(request, services)
    except UnrecordedRulingError as error:
        for output in outputs:
            show(error.ruling, *output)
        raise
    for output in outputs:
        show(ruling, *output)
    return ruling.decision.exit_code


def show(ruling: Ruling, form: str, out: Path | None) -> None:
    """Write a ruling in one form, to a file or to standard output."""
    if form == "text" and out is None:
        from agent_agency.cli.console import make_console
        from agent_agency.report.terminal import render

        render(ruling, make_console())
        return
    text = _plain_text(ruling) if form == "text" else _renderer(form)(ruling)
    if out is None:
        click.echo(text.encode("utf-8"), nl=not text.endswith("\n"))
        return
    from agent_agency.workflows.whole_file import write_whole

    write_whole(out, text.encode())


def _plain_text(ruling: Ruling) -> str:
    import io

    from agent_agency.cli.console import plain_console
    from agent_agency.report.terminal import render

    stream = io.StringIO()
    render(ruling, plain_console(stream))
    return stream.getvalue()


def _renderer(form: str) -> Callable[[Ruling], str]:
    from importlib import import_module

    module = {"json": "json_document"}.get(form, form)
    render: Callable[[Ruling], str] = import_module(f"agent_agency.report.{module}").render
    return render
