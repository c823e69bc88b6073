"""``agency gates run``: run gates over a change, without a ruling."""

from __future__ import annotations

from pathlib import Path

import click

from agent_agency.cli.gate_output import common_options


@click.command()
@click.argument("names", nargs=-1, metavar="[NAME]...")
@common_options
@click.option("--head", metavar="REF", help="What to run over. Default: the working tree, untracked files included.")
@click.option("--staged", is_flag=True, help="Run over what is staged instead of the working tree.")
@click.option("--tier", type=click.IntRange(1, 3), metavar="N", help="The risk tier. Default: the governing spec's.")
@click.option("--no-cache", is_flag=True, help="Measure anew what an earlier run measured of all the same.")
def run(
    *,
    names: tuple[str, ...],
    base: str | None,
    head: str | None,
    staged: bool,
    tier: int | None,
    no_cache: bool,
    repo: Path,
    as_json: bool,
) -> int:
    """Run gates over a change as a review would, and record no ruling.

    Without NAME: every gate that applies. A named gate runs whatever its 'when' says, after the gates that it needs.
    Exit code: 0 when every gate that blocks passed, 1 when one failed, 2 when one could not be measured.
    """
    from agent_agency.cli.services import machine_services
    from agent_agency.report.gates_run import render, to_document
    from agent_agency.workflows.run_named_gates import GatesRequest, run_named_gates

    services = machine_services(reuse=not no_cache)
    request = GatesRequest(repo, names, base, head, staged, tier)
    done = run_named_gates(request, services.tools, services.clock.now())
    if as_json:
        import json

        click.echo(json.dumps(to_document(done), indent=2))
        return done.exit_code
    from agent_agency.cli.console import make_console

    render(done, make_console())
    return done.exit_code
