"""``agency validate``: are the specs, the policy, the waivers and the settings right?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from agent_agency.workflows.validate import ValidationRun

FORMATS = ("text", "json", "sarif", "github")
PROFILES = ("caws-vnext", "caws-2025.10", "caws-10")
COMPATIBILITIES = ("cli-4.0.0",)


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--profile", type=click.Choice(PROFILES), help="Judge the named files as specs of this profile; detects none."
)
@click.option(
    "--compat", type=click.Choice(COMPATIBILITIES), help="Give the verdict of that command line (caws-2025.10 only)."
)
@click.option("--parity", is_flag=True, help="Judge exactly as the reference does, without the stricter layer.")
@click.option("--format", "form", type=click.Choice(FORMATS), help="How the answer is written. Default: text.")
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option(
    "--repo", type=click.Path(path_type=Path), default=Path(), metavar="DIR", help="Where to look without a PATH."
)
def validate(
    *,
    paths: tuple[str, ...],
    profile: str | None,
    compat: str | None,
    parity: bool,
    form: str | None,
    as_json: bool,
    repo: Path,
) -> int:
    """Check specs, policy, waivers and settings.

    PATH is a file, a folder that holds .caws, or - for standard input. Without one, the documents of the repository
    are found. Exit code: 0 all valid; 1 something is not; 2 something could not be read.
    """
    from agent_agency.clock import SystemClock
    from agent_agency.spec.model import Profile
    from agent_agency.spec.validate import ValidationOptions
    from agent_agency.workflows.validate import ValidationRequest, validate_documents

    if as_json and form not in {None, "json"}:
        raise click.UsageError(f"--json and --format {form} ask for different things.")
    if compat and profile not in {None, Profile.SEED}:
        raise click.UsageError(f"--compat {compat} judges {Profile.SEED} specs, not {profile}.")
    options = ValidationOptions(Profile(profile) if profile else None, parity, compat)
    request = ValidationRequest(paths, repo, options, SystemClock().now(), sys.stdin.buffer.read)
    run = validate_documents(request)
    _show(run, "json" if as_json else form or "text")
    return run.exit_code


def _show(run: ValidationRun, form: str) -> None:
    from agent_agency.report import validation

    if form == "json":
        click.echo(json.dumps(validation.to_document(run.results, run.errors), indent=2))
    elif form == "sarif":
        click.echo(json.dumps(validation.to_sarif(run.results, run.errors), indent=2))
    elif form == "github":
        click.echo(validation.to_github(run.results, run.errors).encode("utf-8"), nl=False)
    else:
        _show_text(run)


def _show_text(run: ValidationRun) -> None:
    """The answers go to standard output, coloured on a terminal; what could not be read goes to standard error."""
    from agent_agency.report import validation

    if run.results and sys.stdout.isatty():
        from agent_agency.cli.console import make_console

        validation.render_text(run.results, run.sources, make_console())
    elif run.results:
        text = validation.plain_text(run.results, run.sources)
        click.echo(text.encode(sys.stdout.encoding or "utf-8", "backslashreplace"), nl=False)
    if run.errors:
        from agent_agency.facts import display_path

        for error in run.errors:
            where = f"{display_path(error.path)}: " if error.path else ""
            click.echo(f"agency: {where}{error.message}. {error.fix}", err=True)
